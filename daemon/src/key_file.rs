//! The file `key` of a journal: the device's keys, sealed by a lock key, and the ways to that lock key.
//!
//! JSON: `{"ingle-key": 1, "device", "slots": [..], "nonce", "sealed", "check"}`. `sealed` is XChaCha20-Poly1305 under the lock key
//! over [`DeviceKeys::to_bytes`], with the header (version, device, slots) as associated data. `check` is a hash of everything
//! else, so that a flipped byte is told from a wrong passphrase. Bytes are base64.
//!
//! **Invariant:** the file is made once per device and only ever replaced whole by one that the same keys are in; what can't be
//! read is refused, never replaced.

use std::{fs, io, path::Path};

use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce, aead::Aead, aead::Payload};
use data_encoding::BASE64;
use ingle_api::status::KeySlot;
use ingle_core::{keys::DeviceKeys, seal::Hash, store::StoreError, wrap};
use ingle_model::DeviceId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{files, random};

/// The name inside a journal folder.
pub const FILE_NAME: &str = "key";
/// Holds the lock key of a journal that was made with a key file, in the clear.
pub const OPEN_KEY_NAME: &str = "key.open";

const VERSION: u32 = 1;
/// A key file has some 2 KiB; whatever is longer is something else.
const MAX_BYTES: u64 = 256 << 10;

/// Opens one key file. Lives in the keychain, under a passphrase, or in `key.open`.
#[derive(Clone, PartialEq, Eq)]
pub struct LockKey(Zeroizing<[u8; 32]>);

/// The key file, still locked.
#[derive(Debug, Clone)]
pub struct KeyFile {
    device: DeviceId,
    slots: Vec<Slot>,
    nonce: [u8; 24],
    sealed: Vec<u8>,
}

/// One way to the lock key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Slot {
    /// In the system's keychain, under the device's id.
    Keychain,
    /// An age file under a passphrase (scrypt).
    Passphrase { age: String },
    /// In `key.open` beside this file.
    KeyFile,
}

/// How a new key file is locked.
#[derive(Debug)]
pub enum NewSlot<'a> {
    Keychain,
    Passphrase(&'a Zeroizing<String>),
    KeyFile,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileFault {
    #[error("the key file is missing")]
    Missing,
    #[error("the key file was written by a newer version of Ingle")]
    Newer,
    #[error("the key file is damaged")]
    Damaged,
    #[error("that passphrase doesn't open the key file")]
    WrongPassphrase,
    #[error("the key that was found is not this journal's")]
    WrongKey,
    #[error("the key file can't be opened in that way")]
    NoSuchSlot,
    #[error(transparent)]
    Disk(StoreError),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "ingle-key")]
    version: u32,
    device: DeviceId,
    slots: Vec<Slot>,
    nonce: String,
    sealed: String,
    check: String,
}

#[derive(Deserialize)]
struct JustVersion {
    #[serde(rename = "ingle-key")]
    version: u32,
}

impl LockKey {
    pub fn generate() -> Self {
        Self(Zeroizing::new(random::bytes()))
    }

    /// One line of base64, for the keychain and `key.open`.
    pub fn to_line(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64.encode(&*self.0))
    }

    pub fn from_line(line: &[u8]) -> Option<Self> {
        let bytes = Zeroizing::new(BASE64.decode(line.trim_ascii()).ok()?);
        Self::from_slice(&bytes)
    }

    fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; 32]);
        (bytes.len() == key.len()).then(|| key.copy_from_slice(bytes))?;
        Some(Self(key))
    }
}

impl std::fmt::Debug for LockKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LockKey(..)")
    }
}

impl KeyFile {
    /// Seals the keys of a new device and writes the file, and `key.open` if that is the way in, into `dir`. Takes a second with
    /// a passphrase. Fails when there is a file already.
    pub fn create(dir: &Path, keys: &DeviceKeys, lock: &LockKey, slot: &NewSlot<'_>) -> Result<Self, KeyFileFault> {
        let path = dir.join(FILE_NAME);
        if fs::exists(&path).map_err(disk)? {
            return Err(disk(io::ErrorKind::AlreadyExists.into()));
        }
        let slot = match slot {
            NewSlot::Keychain => Slot::Keychain,
            NewSlot::Passphrase(passphrase) => {
                let age = wrap::passphrase_wrap(passphrase, wrap::WorkFactor::DEFAULT, &*lock.0);
                Slot::Passphrase { age: BASE64.encode(&age) }
            }
            NewSlot::KeyFile => {
                files::write_whole(&dir.join(OPEN_KEY_NAME), format!("{}\n", *lock.to_line()).as_bytes())
                    .map_err(disk)?;
                Slot::KeyFile
            }
        };
        let file = Self::seal(keys, lock, vec![slot]);
        files::write_whole(&path, &file.to_bytes()).map_err(disk)?;
        Ok(file)
    }

    /// Reads the file in `dir` and checks that no byte of it has changed.
    pub fn read(dir: &Path) -> Result<Self, KeyFileFault> {
        let path = dir.join(FILE_NAME);
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(KeyFileFault::Missing),
            Err(error) => return Err(disk(error)),
            Ok(file) if file.len() > MAX_BYTES => return Err(KeyFileFault::Damaged),
            Ok(_) => {}
        }
        Self::parse(&fs::read(path).map_err(disk)?)
    }

    pub const fn device(&self) -> DeviceId {
        self.device
    }

    pub fn kinds(&self) -> Vec<KeySlot> {
        let kind = |slot: &Slot| match slot {
            Slot::Keychain => KeySlot::Keychain,
            Slot::Passphrase { .. } => KeySlot::Passphrase,
            Slot::KeyFile => KeySlot::KeyFile,
        };
        self.slots.iter().map(kind).collect()
    }

    /// The lock key under the passphrase. Takes a second, right or wrong.
    pub fn lock_key_by_passphrase(&self, passphrase: &Zeroizing<String>) -> Result<LockKey, KeyFileFault> {
        let age = self.slots.iter().find_map(|slot| match slot {
            Slot::Passphrase { age } => Some(age),
            Slot::Keychain | Slot::KeyFile => None,
        });
        let age = BASE64.decode(age.ok_or(KeyFileFault::NoSuchSlot)?.as_bytes()).map_err(|_| KeyFileFault::Damaged)?;
        // The hash over the file has been checked, so what age can't open is a wrong passphrase.
        let key = wrap::passphrase_unwrap(passphrase, &age).map_err(|_| KeyFileFault::WrongPassphrase)?;
        LockKey::from_slice(&key).ok_or(KeyFileFault::Damaged)
    }

    /// The lock key in `key.open` beside the file in `dir`.
    pub fn lock_key_by_file(&self, dir: &Path) -> Result<LockKey, KeyFileFault> {
        if !self.slots.contains(&Slot::KeyFile) {
            return Err(KeyFileFault::NoSuchSlot);
        }
        let line = match fs::read(dir.join(OPEN_KEY_NAME)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(KeyFileFault::Missing),
            line => Zeroizing::new(line.map_err(disk)?),
        };
        LockKey::from_line(&line).ok_or(KeyFileFault::Damaged)
    }

    /// The device's keys.
    pub fn open(&self, lock: &LockKey) -> Result<DeviceKeys, KeyFileFault> {
        let header = header(&self.device, &self.slots);
        let payload = Payload { msg: &self.sealed, aad: &header };
        let bytes = cipher(lock).decrypt(&XNonce::from(self.nonce), payload).map_err(|_| KeyFileFault::WrongKey)?;
        let keys = DeviceKeys::from_bytes(&Zeroizing::new(bytes)).map_err(|_| KeyFileFault::Newer)?;
        if keys.device() == self.device { Ok(keys) } else { Err(KeyFileFault::Damaged) }
    }

    fn seal(keys: &DeviceKeys, lock: &LockKey, slots: Vec<Slot>) -> Self {
        let device = keys.device();
        let nonce = random::bytes();
        let header = header(&device, &slots);
        let payload = Payload { msg: &keys.to_bytes(), aad: &header };
        let sealed = cipher(lock)
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a few hundred bytes are far below the cipher's limit");
        Self { device, slots, nonce, sealed }
    }

    fn check(&self) -> String {
        let header = header(&self.device, &self.slots);
        let hash = Hash::of("ingle key file", &[&header, &self.nonce, &self.sealed]);
        BASE64.encode(hash.as_bytes())
    }

    fn to_bytes(&self) -> Vec<u8> {
        let written = Written {
            version: VERSION,
            device: self.device,
            slots: self.slots.clone(),
            nonce: BASE64.encode(&self.nonce),
            sealed: BASE64.encode(&self.sealed),
            check: self.check(),
        };
        let mut bytes = serde_json::to_vec_pretty(&written).expect("strings and numbers are JSON");
        bytes.push(b'\n');
        bytes
    }

    fn parse(bytes: &[u8]) -> Result<Self, KeyFileFault> {
        let JustVersion { version } = serde_json::from_slice(bytes).map_err(|_| KeyFileFault::Damaged)?;
        if version > VERSION {
            return Err(KeyFileFault::Newer);
        }
        let written: Written = serde_json::from_slice(bytes).map_err(|_| KeyFileFault::Damaged)?;
        let decode = |text: &str| BASE64.decode(text.as_bytes()).map_err(|_| KeyFileFault::Damaged);
        let nonce = decode(&written.nonce)?.try_into().map_err(|_| KeyFileFault::Damaged)?;
        let file = Self { device: written.device, slots: written.slots, nonce, sealed: decode(&written.sealed)? };
        if version == VERSION && file.check() == written.check { Ok(file) } else { Err(KeyFileFault::Damaged) }
    }
}

fn cipher(lock: &LockKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*lock.0).into())
}

/// What stands in the clear: version, device, and each slot as its kind's number, its length (8 bytes, least first) and content.
fn header(device: &DeviceId, slots: &[Slot]) -> Vec<u8> {
    let mut header = VERSION.to_le_bytes().to_vec();
    header.extend(device.as_bytes());
    for slot in slots {
        let (kind, content): (u8, &[u8]) = match slot {
            Slot::Keychain => (1, &[]),
            Slot::Passphrase { age } => (2, age.as_bytes()),
            Slot::KeyFile => (3, &[]),
        };
        header.push(kind);
        header.extend(u64::try_from(content.len()).expect("a length in memory fits 64 bits").to_le_bytes());
        header.extend(content);
    }
    header
}

fn disk(error: io::Error) -> KeyFileFault {
    KeyFileFault::Disk(files::store_error(&error))
}

#[cfg(test)]
mod tests;
