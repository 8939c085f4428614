//! The roster: who is a member of this journal. Signed records that stand alone, each naming the ones it builds on.
//!
//! A record counts when all that it builds on counts and its author is a member by that. So whether one counts never depends
//! on the order in which records come. There is exactly one first record; its hash is the journal's identity. Every record
//! carries the epoch keys and the space key, sealed to all members. No names, no addresses, no times live here.

use std::collections::{BTreeMap, BTreeSet};

use ingle_model::id::DeviceId;
use zeroize::Zeroizing;

use crate::{
    keys::{DeviceKeys, Purpose, verify},
    random::Random,
    seal::{EpochId, EpochKey, Hash, SpaceKey},
    wrap::{Wrap, WrapError},
};

mod member;
mod record_v1;
mod secrets;
#[cfg(test)]
mod tests;

pub use member::Member;
use record_v1::{Founding, Kind, Record};
pub use secrets::{Secrets, SecretsClosed};

/// The most devices that one journal takes.
pub const MAX_MEMBERS: usize = 64;
/// The most records: a limit on what a hostile member can make the others keep.
const MAX_RECORDS: usize = 256;

/// Verified records only.
#[derive(Debug, Clone)]
pub struct Roster {
    first: Hash,
    founding: Founding,
    /// Sealed to the paper at `init`, carried along unchanged by every record.
    recovery_key: Vec<u8>,
    records: BTreeMap<Hash, Kept>,
    members: BTreeMap<DeviceId, Member>,
}

#[derive(Debug, Clone)]
struct Kept {
    bytes: Vec<u8>,
    record: Record,
    /// One more than that of the highest parent: sorts records causally, and alike on every device.
    depth: usize,
}

/// What became of a record that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    New,
    Known,
}

/// Why a record was not taken. The roster is unchanged then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordRefused {
    #[error("the record is damaged")]
    Damaged,
    #[error("the record was written by a newer version of Ingle")]
    Newer,
    /// Not a fault: ask for these and come again.
    #[error("the record builds on {} that aren't here yet", .0.len())]
    Missing(Vec<Hash>),
    #[error("the record belongs to another journal")]
    OtherJournal,
    #[error("the record's author isn't a member")]
    NotByAMember,
    #[error("the record's signature isn't its author's")]
    Signature,
    #[error("the record adds a device that is a member already, or keys of one")]
    AlreadyMember,
    #[error("the record changes the paper's key")]
    OtherPaper,
    #[error("the journal takes no more devices")]
    Full,
}

/// Why a chain of records makes no roster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainRefused {
    #[error("there is no first record")]
    NoFirst,
    #[error("one of the records doesn't count: {0}")]
    Record(#[from] RecordRefused),
    #[error("the records don't add this device")]
    NotAdded,
    #[error("another device than the one on this connection added this one")]
    OtherInviter,
}

/// Why no new record was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddRefused {
    #[error("this device isn't a member itself")]
    NotAMember,
    #[error("these keys don't hold the paper's secret any more")]
    NoPaper,
    #[error("the device is a member already")]
    AlreadyMember,
    #[error("the journal takes no more devices")]
    Full,
    #[error("the journal's keys can't be opened: {0}")]
    Closed(#[from] SecretsClosed),
    #[error("the journal's keys can't be sealed to all members: {0}")]
    Wrap(#[from] WrapError),
}

impl Roster {
    /// A new journal's roster: its first record, by and for this device. `keys` come from [`DeviceKeys::generate_first`].
    ///
    /// The recovery signing key is made here and leaves only sealed to the paper.
    pub fn first(
        keys: &DeviceKeys,
        epoch: &EpochKey,
        space: &SpaceKey,
        wrap: &dyn Wrap,
        random: &mut dyn Random,
    ) -> Result<(Self, Vec<u8>), AddRefused> {
        let paper = keys.paper().ok_or(AddRefused::NoPaper)?.recipient();
        let recovery = Zeroizing::new(random.bytes());
        let recovery_sign = ed25519_dalek::SigningKey::from_bytes(&recovery).verifying_key().to_bytes();
        let secrets = record_v1::write_secrets(space, std::iter::once(epoch)).expect("one epoch key fits");
        let record = Record {
            parents: Vec::new(),
            author: keys.device(),
            member: keys.member().clone(),
            secrets: wrap.wrap(std::slice::from_ref(keys.member().seal()), &secrets)?,
            recovery_key: wrap.wrap(std::slice::from_ref(paper), &*recovery)?,
            kind: Kind::First(Founding {
                epoch: epoch.id(),
                space: record_v1::space_commitment(space),
                recovery_sign,
                paper: paper.clone(),
                space_for_paper: wrap.wrap(std::slice::from_ref(paper), space.as_bytes())?,
            }),
        };
        let bytes = sign(keys, &record).ok_or(AddRefused::Full)?;
        let roster = Self::load([bytes.clone()]).expect("a first record just made by its own member counts");
        Ok((roster, bytes))
    }

    /// From the own store: the records in any order, none missing, each once or more.
    pub fn load(records: impl IntoIterator<Item = Vec<u8>>) -> Result<Self, ChainRefused> {
        let mut waiting: Vec<Vec<u8>> = records.into_iter().take(MAX_RECORDS + 1).collect();
        let Some(first) = waiting.iter().position(|bytes| is_first(bytes)) else {
            // One that can't be read may be the one.
            let unreadable = waiting.iter().find_map(|bytes| read(bytes).err());
            return Err(unreadable.map_or(ChainRefused::NoFirst, ChainRefused::Record));
        };
        let mut roster = Self::found(waiting.swap_remove(first))?;
        // Every round takes at least one record in, or finds which one can't be.
        while !waiting.is_empty() {
            let before = waiting.len();
            let mut missing = None;
            let mut still = Vec::new();
            for bytes in waiting {
                match roster.insert(&bytes) {
                    Ok(_) => {}
                    Err(RecordRefused::Missing(parents)) => {
                        missing = Some(RecordRefused::Missing(parents));
                        still.push(bytes);
                    }
                    Err(refused) => return Err(refused.into()),
                }
            }
            waiting = still;
            if let Some(missing) = missing.filter(|_| waiting.len() == before) {
                return Err(missing.into());
            }
        }
        Ok(roster)
    }

    /// The roster that a joining device takes over: the records, in any order, must add exactly `own`, and the author of
    /// that record must be the member at the other end of this connection.
    pub fn adopt(records: &[Vec<u8>], own: &Member, inviter_link: &[u8; 32]) -> Result<Self, ChainRefused> {
        let roster = Self::load(records.iter().cloned())?;
        let is_own_add = |record: &&Record| matches!(record.kind, Kind::Add) && record.member == *own;
        let adds = roster.records.values().map(|kept| &kept.record).filter(is_own_add);
        let mut inviters = adds.filter_map(|add| roster.member(&add.author)).map(Member::link).peekable();
        inviters.peek().ok_or(ChainRefused::NotAdded)?;
        if !inviters.any(|link| link == inviter_link) {
            return Err(ChainRefused::OtherInviter);
        }
        Ok(roster)
    }

    /// Makes the record that adds `member`, takes it in, and gives its bytes to store and to send. Where the store may refuse
    /// it, do this on a clone.
    pub fn add(&mut self, keys: &DeviceKeys, member: Member, wrap: &dyn Wrap) -> Result<Vec<u8>, AddRefused> {
        if !self.members.contains_key(&keys.device()) {
            return Err(AddRefused::NotAMember);
        }
        if self.members.values().any(|known| known.shares_a_key_with(&member)) {
            return Err(AddRefused::AlreadyMember);
        }
        let parents = self.heads();
        let has_room = self.members.len() < MAX_MEMBERS && self.records.len() < MAX_RECORDS;
        if !has_room || parents.len() > record_v1::MAX_PARENTS {
            return Err(AddRefused::Full);
        }
        let secrets = self.secrets(keys, wrap)?;
        let plain = record_v1::write_secrets(secrets.space(), secrets.epochs()).ok_or(AddRefused::Full)?;
        let to: Vec<_> = self.members().chain([&member]).map(|member| member.seal().clone()).collect();
        let record = Record {
            parents,
            author: keys.device(),
            secrets: wrap.wrap(&to, &plain)?,
            member,
            recovery_key: self.recovery_key.clone(),
            kind: Kind::Add,
        };
        let bytes = sign(keys, &record).ok_or(AddRefused::Full)?;
        self.insert(&bytes).expect("a record just made on top of all heads by a member counts");
        Ok(bytes)
    }

    /// Takes a record from a peer. The same one twice changes nothing.
    pub fn insert(&mut self, bytes: &[u8]) -> Result<Inserted, RecordRefused> {
        let (record, hash, signature) = read(bytes)?;
        if let Kind::First(_) = record.kind {
            let is_ours = self.records.get(&self.first).is_some_and(|kept| kept.bytes == bytes);
            return if is_ours { Ok(Inserted::Known) } else { Err(RecordRefused::OtherJournal) };
        }
        let missing: Vec<Hash> =
            record.parents.iter().filter(|parent| !self.records.contains_key(parent)).copied().collect();
        if !missing.is_empty() {
            return Err(RecordRefused::Missing(missing));
        }
        let below = self.closure(&record.parents);
        let mut members = below.iter().filter_map(|hash| self.records.get(hash)).map(|kept| &kept.record.member);
        let author = members.clone().find(|member| member.device() == record.author);
        let author = author.ok_or(RecordRefused::NotByAMember)?;
        if !verify(Purpose::Roster, author.sign(), &hash, signature) {
            return Err(RecordRefused::Signature);
        }
        if self.records.contains_key(&hash) {
            return Ok(Inserted::Known);
        }
        if members.any(|member| member.shares_a_key_with(&record.member)) {
            return Err(RecordRefused::AlreadyMember);
        }
        if record.recovery_key != self.recovery_key {
            return Err(RecordRefused::OtherPaper);
        }
        let is_new_member = !self.members.contains_key(&record.member.device());
        if self.records.len() >= MAX_RECORDS || (is_new_member && self.members.len() >= MAX_MEMBERS) {
            return Err(RecordRefused::Full);
        }
        self.keep(hash, bytes.to_vec(), record);
        Ok(Inserted::New)
    }

    /// The journal's identity.
    pub fn first_hash(&self) -> Hash {
        self.first
    }

    /// The records that no other builds on, ascending. Never empty.
    pub fn heads(&self) -> Vec<Hash> {
        let parents: BTreeSet<&Hash> = self.records.values().flat_map(|kept| &kept.record.parents).collect();
        self.records.keys().filter(|hash| !parents.contains(hash)).copied().collect()
    }

    /// Parents before children, in the same order on every device that holds the same.
    pub fn records(&self) -> impl Iterator<Item = (Hash, &[u8])> {
        let mut sorted: Vec<_> = self.records.iter().collect();
        sorted.sort_by_key(|(hash, kept)| (kept.depth, **hash));
        sorted.into_iter().map(|(hash, kept)| (*hash, kept.bytes.as_slice()))
    }

    /// What a peer with these heads lacks, parents first. Heads that aren't known here count for nothing.
    pub fn records_missing_from(&self, peer_heads: &[Hash]) -> Vec<Vec<u8>> {
        let held = self.closure(peer_heads);
        self.records().filter(|(hash, _)| !held.contains(hash)).map(|(_, bytes)| bytes.to_vec()).collect()
    }

    pub fn member(&self, device: &DeviceId) -> Option<&Member> {
        self.members.get(device)
    }

    /// Ascending by device id.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// The member at the other end of a link. Should a hostile member have added another device with the same link key (which
    /// it can't dial with), the one that was added lower in the chain is it.
    pub fn member_by_link(&self, link: &[u8; 32]) -> Option<&Member> {
        let with_link = self.records.iter().filter(|(_, kept)| kept.record.member.link() == link);
        with_link.min_by_key(|(hash, kept)| (kept.depth, **hash)).map(|(_, kept)| &kept.record.member)
    }

    /// The keys that the records carry for this device. Costs up to 0.1 ms for each member of each record.
    pub fn secrets(&self, keys: &DeviceKeys, wrap: &dyn Wrap) -> Result<Secrets, SecretsClosed> {
        let files = self.records.values().map(|kept| kept.record.secrets.as_slice());
        secrets::open(files, self.founding.space, &self.epochs(), keys, wrap)
    }

    /// The epochs that records have begun.
    fn epochs(&self) -> BTreeSet<EpochId> {
        BTreeSet::from([self.founding.epoch])
    }

    fn found(bytes: Vec<u8>) -> Result<Self, RecordRefused> {
        let (record, hash, signature) = read(&bytes)?;
        let Kind::First(founding) = record.kind.clone() else { return Err(RecordRefused::Damaged) };
        if record.author != record.member.device() {
            return Err(RecordRefused::NotByAMember);
        }
        if !verify(Purpose::Roster, record.member.sign(), &hash, signature) {
            return Err(RecordRefused::Signature);
        }
        let recovery_key = record.recovery_key.clone();
        let mut roster =
            Self { first: hash, founding, recovery_key, records: BTreeMap::new(), members: BTreeMap::new() };
        roster.keep(hash, bytes, record);
        Ok(roster)
    }

    fn keep(&mut self, hash: Hash, bytes: Vec<u8>, record: Record) {
        let parents = record.parents.iter().filter_map(|parent| self.records.get(parent));
        let depth = parents.map(|parent| parent.depth + 1).max().unwrap_or(0);
        self.members.insert(record.member.device(), record.member.clone());
        self.records.insert(hash, Kept { bytes, record, depth });
    }

    /// The known ones of these records, and all that they build on.
    fn closure(&self, heads: &[Hash]) -> BTreeSet<Hash> {
        let mut seen = BTreeSet::new();
        let mut ahead: Vec<Hash> = heads.to_vec();
        while let Some(hash) = ahead.pop() {
            if let Some(kept) = self.records.get(&hash).filter(|_| seen.insert(hash)) {
                ahead.extend(&kept.record.parents);
            }
        }
        seen
    }
}

fn is_first(bytes: &[u8]) -> bool {
    record_v1::read(bytes).is_some_and(|(record, _, _)| matches!(record.kind, Kind::First(_)))
}

fn read(bytes: &[u8]) -> Result<(Record, Hash, &[u8; 64]), RecordRefused> {
    match bytes {
        [version, ..] if *version > record_v1::VERSION => Err(RecordRefused::Newer),
        [record_v1::VERSION, kind, ..] if *kind > record_v1::ADD => Err(RecordRefused::Newer),
        _ => record_v1::read(bytes).ok_or(RecordRefused::Damaged),
    }
}

fn sign(keys: &DeviceKeys, record: &Record) -> Option<Vec<u8>> {
    let mut bytes = record_v1::write(record)?;
    let signature = keys.sign(Purpose::Roster, &record_v1::hash(&bytes));
    bytes.extend_from_slice(&signature);
    Some(bytes)
}
