//! The bytes of a bundle, version 1. Frozen: a change is a new module.
//!
//! ```text
//! 1      version, 1
//! 16     device id of the author
//! 16     name of the log
//! 8      seq, from 1
//! 32     hash of the bundle before it in the log; zeroes at seq 1
//! 32     epoch id
//! 24     nonce
//! n      sealed bytes
//! 64     Ed25519 signature of the author
//! ```
//!
//! The first 129 bytes are the header. Numbers and lengths are big-endian. The bundle's hash covers the header and the sealed
//! bytes, and the signature (purpose "bundle") covers the hash. The seal is XChaCha20-Poly1305 under HKDF(epoch key, header)
//! with the header as associated data. Opened, it is
//!
//! ```text
//! 4      length of what follows once it is decompressed, at most 1 MiB
//! n      one zstd frame of:
//! 4        number of keys in the delta
//! 72 n     keys: device id 16, log name 16, seq 8, hash 32
//! 4        number of items
//!          items:
//! 1          type
//! 4+n        bytes
//! ```
//!
//! Item type 1 is a change of a document: 1 kind (1 household, 2 month, 3 letter), 4 generation, 1+n name, and the rest is an automerge
//! change chunk (type 1, not compressed). Types that aren't known are kept and skipped.

use super::{BundleKey, DocumentKind, DocumentName, Item, LogId, MAX_BYTES, MAX_PLAIN_BYTES};
use crate::{
    seal::{EpochId, Hash, NONCE_BYTES, TAG_BYTES},
    wire::{Reader, put_bytes, put_list},
};
use ingle_model::id::DeviceId;
use zeroize::Zeroizing;

pub(super) const VERSION: u8 = 1;
const BEFORE_NONCE: usize = 1 + LogId::BYTES + 8 + 32 + 32;
const HEADER: usize = BEFORE_NONCE + NONCE_BYTES;
const SIGNATURE: usize = 64;
const CHANGE: u8 = 1;
const HOUSEHOLD: u8 = 1;
const MONTH: u8 = 2;
const LETTER: u8 = 3;
/// zstd's own default: on check-ins higher levels gain nothing.
#[cfg(not(feature = "unsealed"))]
const LEVEL: i32 = 3;
/// At negative levels words stay as they are.
#[cfg(feature = "unsealed")]
const LEVEL: i32 = -1;

#[derive(Debug, Clone)]
pub(super) struct Header {
    pub log: LogId,
    pub seq: u64,
    pub previous: Hash,
    pub epoch: EpochId,
    pub nonce: [u8; NONCE_BYTES],
}

impl Header {
    pub fn to_bytes_without_nonce(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER);
        out.push(VERSION);
        out.extend_from_slice(&self.log.to_bytes());
        out.extend_from_slice(&self.seq.to_be_bytes());
        out.extend_from_slice(self.previous.as_bytes());
        out.extend_from_slice(self.epoch.hash().as_bytes());
        out
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.to_bytes_without_nonce();
        out.extend_from_slice(&self.nonce);
        out
    }
}

pub(super) fn hash(header: &[u8], sealed: &[u8]) -> Hash {
    Hash::of("ingle bundle v1", &[header, sealed])
}

/// Header and sealed bytes of what [`read`] has taken.
pub(super) fn parts(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes[..bytes.len() - SIGNATURE].split_at(HEADER)
}

pub(super) fn signature(bytes: &[u8]) -> &[u8; SIGNATURE] {
    bytes.last_chunk().expect("what was read is longer than a signature")
}

pub(super) fn read(bytes: &[u8]) -> Option<(Header, Hash)> {
    if !(HEADER + TAG_BYTES + SIGNATURE..=MAX_BYTES).contains(&bytes.len()) {
        return None;
    }
    let mut reader = Reader(bytes);
    reader.u8().filter(|version| *version == VERSION)?;
    let header = Header {
        log: LogId { device: DeviceId::from_bytes(reader.chunk()?), name: reader.chunk()? },
        seq: reader.u64()?,
        previous: Hash::from_bytes(reader.chunk()?),
        epoch: EpochId::from_hash(Hash::from_bytes(reader.chunk()?)),
        nonce: reader.chunk()?,
    };
    let is_placed = match header.seq {
        0 => false,
        1 => header.previous == Hash::NONE,
        _ => header.previous != Hash::NONE,
    };
    let (head, sealed) = parts(bytes);
    is_placed.then(|| (header, hash(head, sealed)))
}

pub(super) fn write_plain(delta: &[BundleKey], items: &[Item]) -> Option<Zeroizing<Vec<u8>>> {
    let mut plain = Zeroizing::new(Vec::new());
    put_list(&mut plain, delta.iter(), |out, key| out.extend_from_slice(&key.to_bytes()));
    put_list(&mut plain, items.iter(), |out, item| match item {
        Item::Change { document, change } => {
            let mut body = Zeroizing::new(Vec::new());
            write_name(&mut body, document);
            body.extend_from_slice(change);
            out.push(CHANGE);
            put_bytes(out, &body);
        }
        Item::Unknown { kind } => {
            out.push(*kind);
            put_bytes(out, &[]);
        }
    });
    let length = u32::try_from(plain.len()).ok().filter(|_| plain.len() <= MAX_PLAIN_BYTES)?;
    let frame = Zeroizing::new(zstd::bulk::compress(&plain, LEVEL).ok()?);
    let mut out = Zeroizing::new(Vec::with_capacity(4 + frame.len()));
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&frame);
    Some(out)
}

pub(super) fn read_plain(bytes: &[u8]) -> Option<(Vec<BundleKey>, Vec<Item>)> {
    let (length, frame) = bytes.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok().filter(|length| *length <= MAX_PLAIN_BYTES)?;
    let plain = Zeroizing::new(zstd::bulk::decompress(frame, length).ok()?);
    if plain.len() != length {
        return None;
    }
    let mut reader = Reader(&plain);
    let delta = reader.list(MAX_PLAIN_BYTES / BundleKey::BYTES, BundleKey::read)?;
    let items = reader.list(MAX_PLAIN_BYTES / 5, read_item)?;
    reader.end()?;
    Some((delta, items))
}

fn read_item(reader: &mut Reader<'_>) -> Option<Item> {
    let kind = reader.u8()?;
    let mut body = Reader(reader.bytes()?);
    if kind != CHANGE {
        return Some(Item::Unknown { kind });
    }
    let newer = Item::Unknown { kind };
    // A document of a kind that isn't known: of a newer version as well.
    Some(read_name(&mut body).map_or(newer, |document| Item::Change { document, change: body.0.to_vec() }))
}

pub(super) fn write_name(out: &mut Vec<u8>, document: &DocumentName) {
    out.push(match document.kind {
        DocumentKind::Household => HOUSEHOLD,
        DocumentKind::Month => MONTH,
        DocumentKind::Letter => LETTER,
    });
    out.extend_from_slice(&document.generation.to_be_bytes());
    out.push(u8::try_from(document.name.len()).expect("names of documents are short"));
    out.extend_from_slice(document.name.as_bytes());
}

pub(super) fn read_name(reader: &mut Reader<'_>) -> Option<DocumentName> {
    let kind = match reader.u8()? {
        HOUSEHOLD => DocumentKind::Household,
        MONTH => DocumentKind::Month,
        LETTER => DocumentKind::Letter,
        _ => return None,
    };
    let generation = reader.u32()?;
    let length = reader.u8()?.into();
    let name = std::str::from_utf8(reader.take(length)?).ok()?.to_owned();
    Some(DocumentName { kind, generation, name })
}
