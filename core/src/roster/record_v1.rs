//! The bytes of a roster record, version 1. Frozen: a change is a new module. What a record means, and whether it counts,
//! is not decided here.
//!
//! ```text
//! 1      version, 1
//! 1      kind: 1 first, 2 add
//! 1      number of parents (first: 0, add: 1 to 64)
//! 32 n   hashes of the parents, ascending, none twice
//! 16     device id of the author
//!        the member:
//! 32       signing key (Ed25519)
//! 32       link key (Ed25519)
//! 2+n      seal recipient, "age1...", at most 256 bytes
//! 2+n    secrets: age file to all members, this one included
//! 2+n    recovery signing key: age file to the paper
//!        in a first record only:
//! 32       epoch id
//! 32       commitment to the space key
//! 32       recovery public key (Ed25519)
//! 2+n      recipient of the paper
//! 2+n      space key: age file to the paper
//! 64     Ed25519 signature of the author
//! ```
//!
//! Lengths are big-endian. There is one encoding of a record and nothing may follow it; in all it has at most 64 KiB. Its
//! hash covers everything before the signature, and the signature (purpose "roster") covers the hash.
//!
//! Inside `secrets`: 1 version, 1; 32 space key; 1 number of epoch keys; 32 n epoch keys, ascending by epoch id.
//! Inside the age files to the paper: the 32 bytes of the key.

use ingle_model::id::DeviceId;
use zeroize::Zeroizing;

use super::Member;
use crate::{
    seal::{EpochId, EpochKey, Hash, SpaceKey},
    wrap::SealRecipient,
};

pub(super) const VERSION: u8 = 1;
const FIRST: u8 = 1;
/// The highest kind that this version of Ingle knows.
pub(super) const ADD: u8 = 2;
/// In bytes, signature included.
pub(super) const MAX_BYTES: usize = 64 * 1024;
pub(super) const MAX_PARENTS: usize = 64;
const SIGNATURE_BYTES: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub parents: Vec<Hash>,
    pub author: DeviceId,
    pub member: Member,
    pub secrets: Vec<u8>,
    pub recovery_key: Vec<u8>,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    First(Founding),
    Add,
}

/// What only the first record carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Founding {
    pub epoch: EpochId,
    pub space: Hash,
    pub recovery_sign: [u8; 32],
    pub paper: SealRecipient,
    pub space_for_paper: Vec<u8>,
}

/// The hash that names a record and that its author signs.
pub(super) fn hash(unsigned: &[u8]) -> Hash {
    Hash::of("ingle roster record v1", &[unsigned])
}

pub(super) fn space_commitment(space: &SpaceKey) -> Hash {
    Hash::of("ingle space id v1", &[space.as_bytes()])
}

/// Everything before the signature, or nothing where a part has more than its place takes.
pub(super) fn write(record: &Record) -> Option<Vec<u8>> {
    let mut out = vec![VERSION, if matches!(record.kind, Kind::Add) { ADD } else { FIRST }];
    out.push(u8::try_from(record.parents.len()).ok()?);
    record.parents.iter().for_each(|parent| out.extend_from_slice(parent.as_bytes()));
    out.extend_from_slice(record.author.as_bytes());
    write_member(&mut out, &record.member);
    write_bytes(&mut out, &record.secrets)?;
    write_bytes(&mut out, &record.recovery_key)?;
    if let Kind::First(founding) = &record.kind {
        out.extend_from_slice(founding.epoch.hash().as_bytes());
        out.extend_from_slice(founding.space.as_bytes());
        out.extend_from_slice(&founding.recovery_sign);
        write_bytes(&mut out, founding.paper.as_str().as_bytes())?;
        write_bytes(&mut out, &founding.space_for_paper)?;
    }
    (out.len() + SIGNATURE_BYTES <= MAX_BYTES).then_some(out)
}

pub(super) fn write_member(out: &mut Vec<u8>, member: &Member) {
    out.extend_from_slice(member.sign());
    out.extend_from_slice(member.link());
    write_bytes(out, member.seal().as_str().as_bytes()).expect("a seal recipient has at most 256 bytes");
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) -> Option<()> {
    out.extend_from_slice(&u16::try_from(bytes.len()).ok()?.to_be_bytes());
    out.extend_from_slice(bytes);
    Some(())
}

/// The record and its signature.
pub(super) fn read(bytes: &[u8]) -> Option<(Record, Hash, &[u8; SIGNATURE_BYTES])> {
    if bytes.len() > MAX_BYTES {
        return None;
    }
    let (unsigned, signature) = bytes.split_last_chunk()?;
    let (&[VERSION, kind, parent_count], rest) = unsigned.split_first_chunk()? else { return None };
    let (parents, rest) = read_parents(parent_count.into(), rest)?;
    let (author, rest) = rest.split_first_chunk()?;
    let (member, rest) = read_member(rest)?;
    let (secrets, rest) = read_bytes(rest)?;
    let (recovery_key, rest) = read_bytes(rest)?;
    let (kind, rest) = match kind {
        FIRST => read_founding(rest)?,
        ADD => (Kind::Add, rest),
        _ => return None,
    };
    let record = Record {
        parents,
        author: DeviceId::from_bytes(*author),
        member,
        secrets: secrets.to_vec(),
        recovery_key: recovery_key.to_vec(),
        kind,
    };
    let has_its_parents = matches!(record.kind, Kind::Add) != record.parents.is_empty();
    (rest.is_empty() && has_its_parents).then(|| (record, hash(unsigned), signature))
}

fn read_parents(count: usize, bytes: &[u8]) -> Option<(Vec<Hash>, &[u8])> {
    let (parents, rest) = bytes.split_at_checked(count * 32)?;
    let parents: Vec<Hash> = parents.as_chunks().0.iter().map(|parent| Hash::from_bytes(*parent)).collect();
    (count <= MAX_PARENTS && parents.is_sorted_by(|a, b| a < b)).then_some((parents, rest))
}

fn read_founding(rest: &[u8]) -> Option<(Kind, &[u8])> {
    let (epoch, rest) = rest.split_first_chunk()?;
    let (space, rest) = rest.split_first_chunk()?;
    let (recovery_sign, rest) = rest.split_first_chunk()?;
    let (paper, rest) = read_recipient(rest)?;
    let (space_for_paper, rest) = read_bytes(rest)?;
    let founding = Founding {
        epoch: EpochId::from_hash(Hash::from_bytes(*epoch)),
        space: Hash::from_bytes(*space),
        recovery_sign: *recovery_sign,
        paper,
        space_for_paper: space_for_paper.to_vec(),
    };
    Some((Kind::First(founding), rest))
}

pub(super) fn read_member(bytes: &[u8]) -> Option<(Member, &[u8])> {
    let (sign, rest) = bytes.split_first_chunk()?;
    let (link, rest) = rest.split_first_chunk()?;
    let (seal, rest) = read_recipient(rest)?;
    Some((Member::new(*sign, *link, seal), rest))
}

fn read_recipient(bytes: &[u8]) -> Option<(SealRecipient, &[u8])> {
    let (text, rest) = read_bytes(bytes)?;
    let recipient = SealRecipient::new(std::str::from_utf8(text).ok()?).ok()?;
    Some((recipient, rest))
}

fn read_bytes(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

/// `epochs` ascending by their ids, at most 255.
pub(super) fn write_secrets<'a>(
    space: &SpaceKey,
    epochs: impl ExactSizeIterator<Item = &'a EpochKey>,
) -> Option<Zeroizing<Vec<u8>>> {
    // The whole size at once, so that the buffer never grows and leaves no copy behind.
    let mut out = Zeroizing::new(Vec::with_capacity(2 + 32 + 32 * epochs.len()));
    out.push(VERSION);
    out.extend_from_slice(space.as_bytes());
    out.push(u8::try_from(epochs.len()).ok()?);
    epochs.for_each(|epoch| out.extend_from_slice(epoch.as_bytes()));
    Some(out)
}

pub(super) fn read_secrets(bytes: &[u8]) -> Option<(SpaceKey, Vec<EpochKey>)> {
    let (&[VERSION], rest) = bytes.split_first_chunk()? else { return None };
    let (space, rest) = rest.split_first_chunk()?;
    let (count, rest) = rest.split_first()?;
    let (keys, after) = rest.as_chunks();
    let epochs: Vec<EpochKey> = keys.iter().map(|key| EpochKey::from_bytes(*key)).collect();
    let is_whole = after.is_empty() && keys.len() == usize::from(*count) && epochs.is_sorted_by(|a, b| a.id() < b.id());
    is_whole.then(|| (SpaceKey::from_bytes(*space), epochs))
}
