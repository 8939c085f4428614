//! The sealed bundle: what a device writes, as it lies in the store and travels to the others.
//!
//! A bundle goes through three states, each a type: [`SealedBundle`] is well formed, [`Verified`] was signed by the member that
//! it names, [`Opened`] was read. What came before it and whether it may be applied is the log's and the engine's to decide.

use std::fmt;

use ingle_model::id::{DeviceId, EntryId};

use crate::{
    keys::{DeviceKeys, Purpose, verify},
    random::Random,
    roster::{Member, Secrets},
    seal::{EpochId, Hash},
};

mod v1;

/// The most bytes that a bundle has.
pub const MAX_BYTES: usize = 1 << 20;
/// The most bytes that the items of a bundle have before they are compressed.
pub const MAX_PLAIN_BYTES: usize = 1 << 20;

/// A log: append-only, of one device, under a random name of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId {
    pub device: DeviceId,
    pub name: [u8; 16],
}

/// A place in a log, and what lies there. Two bundles at one place are a fork; both count.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleKey {
    pub log: LogId,
    /// From 1.
    pub seq: u64,
    pub hash: Hash,
}

/// What lies in a bundle.
#[derive(Clone, PartialEq, Eq)]
pub enum Item {
    /// An automerge change of a document.
    Change { document: DocumentName, change: Vec<u8> },
    /// Of a newer version: kept, not read.
    Unknown { kind: u8 },
}

/// Names a document on every device.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentName {
    pub kind: DocumentKind,
    /// From 0; a document that was rewritten to erase something is the next one.
    pub generation: u32,
    /// Within the kind, at most 255 bytes.
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentKind {
    Household,
    Month,
    Letter,
}

/// Well formed; nothing is known about who made it.
#[derive(Clone)]
pub struct SealedBundle {
    header: v1::Header,
    hash: Hash,
    bytes: Vec<u8>,
}

/// Signed by the member that it names.
#[derive(Debug, Clone)]
pub struct Verified(SealedBundle);

/// Read: what it holds, and all that it was written on top of.
#[derive(Clone)]
pub struct Opened {
    pub key: BundleKey,
    /// The tips of other logs that its author had applied by then, since its bundle before.
    pub delta: Vec<BundleKey>,
    pub items: Vec<Item>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleRefused {
    #[error("the bytes are no bundle")]
    Damaged,
    #[error("the bundle was written by a newer version of Ingle")]
    Newer,
    #[error("the bundle isn't signed by the device that it names")]
    NotSigned,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOpened {
    /// Not a fault: the roster may bring the key.
    #[error("the bundle's epoch isn't known here")]
    UnknownEpoch(EpochId),
    #[error("the bundle's seal doesn't open")]
    Seal,
    #[error("what the bundle holds can't be read")]
    Unreadable,
}

/// What a new bundle is made of.
#[derive(Debug)]
pub struct Content<'a> {
    pub log: [u8; 16],
    /// The bundle before it in its log.
    pub after: Option<BundleKey>,
    pub delta: &'a [BundleKey],
    pub items: &'a [Item],
}

impl SealedBundle {
    /// Seals and signs. `None` when it would be longer than [`MAX_BYTES`], or its items than [`MAX_PLAIN_BYTES`].
    pub fn make(
        content: &Content<'_>,
        keys: &DeviceKeys,
        secrets: &Secrets,
        random: &mut dyn Random,
    ) -> Option<Verified> {
        let plain = v1::write_plain(content.delta, content.items)?;
        let epoch = secrets.writing();
        let mut header = v1::Header {
            log: LogId { device: keys.device(), name: content.log },
            seq: content.after.map_or(1, |after| after.seq + 1),
            previous: content.after.map_or(Hash::NONE, |after| after.hash),
            epoch: epoch.id(),
            nonce: [0; 24],
        };
        header.nonce = epoch.nonce(&header.to_bytes_without_nonce(), &plain, random);
        let head = header.to_bytes();
        let sealed = epoch.seal(&head, &header.nonce, &plain);
        let hash = v1::hash(&head, &sealed);
        let bytes = [&head[..], &sealed, &keys.sign(Purpose::Bundle, &hash)].concat();
        (bytes.len() <= MAX_BYTES).then_some(Verified(Self { header, hash, bytes }))
    }

    pub fn parse(bytes: Vec<u8>) -> Result<Self, BundleRefused> {
        match bytes.first() {
            Some(&v1::VERSION) => {
                let (header, hash) = v1::read(&bytes).ok_or(BundleRefused::Damaged)?;
                Ok(Self { header, hash, bytes })
            }
            Some(version) if *version > v1::VERSION => Err(BundleRefused::Newer),
            _ => Err(BundleRefused::Damaged),
        }
    }

    pub fn key(&self) -> BundleKey {
        BundleKey { log: self.header.log, seq: self.header.seq, hash: self.hash }
    }

    /// The bundle before it in its log.
    pub fn previous(&self) -> Option<BundleKey> {
        let v1::Header { log, seq, previous, .. } = self.header;
        (seq > 1).then(|| BundleKey { log, seq: seq - 1, hash: previous })
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Costs about 0.05 ms.
    pub fn verify(self, author: &Member) -> Result<Verified, BundleRefused> {
        let is_signed = author.device() == self.header.log.device
            && verify(Purpose::Bundle, author.sign(), &self.hash, v1::signature(&self.bytes));
        if is_signed { Ok(Verified(self)) } else { Err(BundleRefused::NotSigned) }
    }
}

impl Verified {
    /// From the own store, where only verified bundles are kept. The caller compares [`Self::key`] with the place it was at.
    pub fn from_store(bytes: Vec<u8>) -> Result<Self, BundleRefused> {
        SealedBundle::parse(bytes).map(Self)
    }

    pub fn open(&self, secrets: &Secrets) -> Result<Opened, NotOpened> {
        let SealedBundle { header, bytes, .. } = &self.0;
        let epoch = secrets.epoch(&header.epoch).ok_or(NotOpened::UnknownEpoch(header.epoch))?;
        let (head, sealed) = v1::parts(bytes);
        let plain = epoch.open(head, &header.nonce, sealed).map_err(|_| NotOpened::Seal)?;
        let (delta, items) = v1::read_plain(&plain).ok_or(NotOpened::Unreadable)?;
        Ok(Opened { key: self.key(), delta, items })
    }

    pub fn key(&self) -> BundleKey {
        self.0.key()
    }

    pub fn previous(&self) -> Option<BundleKey> {
        self.0.previous()
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }
}

impl LogId {
    pub const BYTES: usize = 32;

    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..16].copy_from_slice(self.device.as_bytes());
        bytes[16..].copy_from_slice(&self.name);
        bytes
    }
}

impl BundleKey {
    pub const BYTES: usize = LogId::BYTES + 8 + 32;

    /// Sorts like the key itself.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..32].copy_from_slice(&self.log.to_bytes());
        bytes[32..40].copy_from_slice(&self.seq.to_be_bytes());
        bytes[40..].copy_from_slice(self.hash.as_bytes());
        bytes
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = crate::wire::Reader(bytes);
        let key = Self::read(&mut reader)?;
        reader.end()?;
        Some(key)
    }

    pub(crate) fn read(reader: &mut crate::wire::Reader<'_>) -> Option<Self> {
        let log = LogId { device: DeviceId::from_bytes(reader.chunk()?), name: reader.chunk()? };
        let seq = reader.u64().filter(|seq| *seq > 0)?;
        Some(Self { log, seq, hash: Hash::from_bytes(reader.chunk()?) })
    }
}

impl DocumentName {
    pub fn household() -> Self {
        Self { kind: DocumentKind::Household, generation: 0, name: String::new() }
    }

    /// Of small records that were written in a month, told in UTC.
    pub fn month(year: i16, month: i8) -> Self {
        Self { kind: DocumentKind::Month, generation: 0, name: format!("{year:04}-{month:02}") }
    }

    /// Of one letter, whose month is kept in its name: `2026-11:` and the id.
    pub fn letter(year: i16, month: i8, id: EntryId) -> Self {
        Self { kind: DocumentKind::Letter, generation: 0, name: format!("{year:04}-{month:02}:{id}") }
    }

    /// Of a letter's document.
    pub fn letter_id(&self) -> Option<EntryId> {
        let (_, id) = self.name.split_once(':').filter(|_| self.kind == DocumentKind::Letter)?;
        id.parse().ok()
    }

    /// As it stands in a bundle.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        v1::write_name(&mut out, self);
        out
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = crate::wire::Reader(bytes);
        let name = v1::read_name(&mut reader)?;
        reader.end()?;
        Some(name)
    }
}

impl fmt::Debug for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.device, data_encoding::HEXLOWER.encode(&self.name[..4]))
    }
}

impl fmt::Debug for BundleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}#{} {:?}", self.log, self.seq, self.hash)
    }
}

impl fmt::Debug for SealedBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedBundle({:?}, {} bytes)", self.key(), self.bytes.len())
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({:?}, {} items)", self.key, self.items.len())
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Change { change, .. } => write!(f, "Change({} bytes)", change.len()),
            Self::Unknown { kind } => write!(f, "Unknown({kind})"),
        }
    }
}

impl fmt::Debug for DocumentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DocumentName({:?})", self.kind)
    }
}

#[cfg(test)]
mod tests;
