//! The system's keychain: one item per device, read when the journal opens, written when it is made.
//!
//! Calls can block on the system's own dialog, so they run on a thread of their own with a time limit. **Invariant:** an item
//! that exists is never replaced, and "no such key" never leads to a new one: that is for whoever makes a journal.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use ingle_model::DeviceId;
use keyring::{Entry, Error};
use keyring_core::CredentialStore;
use zeroize::Zeroizing;

use crate::key_file::LockKey;

/// How long a call may take when the person may have to answer the system's dialog.
pub const WITH_DIALOG: Duration = Duration::from_secs(120);

/// Each item is of this service, for the device as its user.
pub const SERVICE: &str = "Ingle";

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeychainFault {
    #[error("there is no keychain on this computer that Ingle can use")]
    NoKeychain,
    #[error("the keychain is locked")]
    Locked,
    #[error("the keychain does not have this journal's key")]
    NoKey,
    #[error("the keychain has more than one item for this journal")]
    Ambiguous,
    #[error("the keychain's item for this journal is not a key")]
    NotAKey,
    #[error("the keychain has a key for this journal already")]
    Exists,
    #[error("the keychain did not keep the key")]
    NotKept,
    #[error("the keychain does not answer")]
    Silent,
}

/// Where lock keys are kept. Calls block, up to the keychain's time limit.
pub trait Keychain: Send + Sync + std::fmt::Debug {
    fn key(&self, device: DeviceId) -> Result<LockKey, KeychainFault>;

    /// Keeps the key of a new journal, and has read it back when it returns.
    fn keep(&self, device: DeviceId, key: &LockKey) -> Result<(), KeychainFault>;

    /// Takes back what [`Self::keep`] kept for a journal that did not come to be.
    fn forget(&self, device: DeviceId) -> Result<(), KeychainFault>;
}

type OpenStore = fn() -> keyring::Result<Arc<CredentialStore>>;

/// The keychain of this system, reached anew for every call, so that one that was away is found again.
#[derive(Debug)]
pub struct SystemKeychain {
    open_store: OpenStore,
    /// Whether an item that isn't found may lie behind a lock. Asks for no dialog.
    is_locked: fn() -> bool,
    label: Option<&'static str>,
    limit: Duration,
    is_busy: Arc<AtomicBool>,
}

impl SystemKeychain {
    pub fn new(limit: Duration) -> Self {
        let label = cfg!(all(unix, not(target_os = "macos"))).then_some("Ingle: the key of a journal");
        Self { open_store: system_store, is_locked: system_is_locked, label, limit, is_busy: Arc::default() }
    }

    /// Runs `work` on its own thread. When it is still busy after the limit it is left to itself, and until it ends every further
    /// call is refused: the system's dialog is open, and a second one would not help.
    fn call<T, F>(&self, device: DeviceId, work: F) -> Result<T, KeychainFault>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Fn() -> Result<Entry, KeychainFault>) -> Result<T, KeychainFault> + Send + 'static,
    {
        if self.is_busy.swap(true, Ordering::AcqRel) {
            return Err(KeychainFault::Silent);
        }
        let (open_store, label, is_busy) = (self.open_store, self.label, Busy(Arc::clone(&self.is_busy)));
        let (reply, answer) = mpsc::sync_channel(1);
        let run = move || {
            let entry = || {
                let store = open_store().map_err(|error| {
                    tracing::info!(kind = kind(&error), "the keychain can't be reached");
                    KeychainFault::NoKeychain
                })?;
                let modifiers = label.map(|label| HashMap::from([("label", label)]));
                // Not by `Entry::new`, which remembers a failed start of the keychain for the whole process.
                let inner = store.build(SERVICE, &device.to_string(), modifiers.as_ref());
                inner.map(|inner| Entry { inner }).map_err(|error| fault(&error))
            };
            let result = work(&entry);
            drop(is_busy);
            // After the limit nobody waits any more.
            drop(reply.send(result));
        };
        thread::Builder::new().name("keychain".into()).spawn(run).map_err(|_| KeychainFault::Silent)?;
        answer.recv_timeout(self.limit).unwrap_or(Err(KeychainFault::Silent))
    }
}

struct Busy(Arc<AtomicBool>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Keychain for SystemKeychain {
    fn key(&self, device: DeviceId) -> Result<LockKey, KeychainFault> {
        let is_locked = self.is_locked;
        self.call(device, move |entry| match read(&entry()?) {
            // A locked keychain shows none of its items.
            Err(KeychainFault::NoKey) if is_locked() => Err(KeychainFault::Locked),
            read => read,
        })
    }

    fn keep(&self, device: DeviceId, key: &LockKey) -> Result<(), KeychainFault> {
        let key = key.clone();
        self.call(device, move |entry| {
            let item = entry()?;
            match read(&item) {
                Err(KeychainFault::NoKey) => {}
                Ok(_) | Err(KeychainFault::NotAKey | KeychainFault::Ambiguous) => return Err(KeychainFault::Exists),
                Err(other) => return Err(other),
            }
            item.set_secret(key.to_line().as_bytes()).map_err(|error| match fault(&error) {
                // A system with no collection to write to has none that Ingle can use.
                KeychainFault::Locked => KeychainFault::NoKeychain,
                other => other,
            })?;
            // Over a new connection: what this one believes to have written is no proof.
            match read(&entry()?) {
                Ok(kept) if kept == key => Ok(()),
                _ => Err(KeychainFault::NotKept),
            }
        })
    }

    fn forget(&self, device: DeviceId) -> Result<(), KeychainFault> {
        self.call(device, |entry| match entry()?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(fault(&error)),
        })
    }
}

fn read(item: &Entry) -> Result<LockKey, KeychainFault> {
    let secret = Zeroizing::new(item.get_secret().map_err(|error| fault(&error))?);
    LockKey::from_line(&secret).ok_or(KeychainFault::NotAKey)
}

fn fault(error: &Error) -> KeychainFault {
    tracing::info!(kind = kind(error), "the keychain reported an error");
    match error {
        Error::NoEntry => KeychainFault::NoKey,
        Error::NoStorageAccess(_) => KeychainFault::Locked,
        Error::Ambiguous(_) => KeychainFault::Ambiguous,
        Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::BadStoreFormat(_) => KeychainFault::NotAKey,
        _ => KeychainFault::NoKeychain,
    }
}

/// The error's name for the log. Its own text can hold the secret.
fn kind(error: &Error) -> &'static str {
    match error {
        Error::PlatformFailure(_) => "platform failure",
        Error::NoStorageAccess(_) => "no access",
        Error::NoEntry => "no entry",
        Error::Ambiguous(_) => "ambiguous",
        Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::BadStoreFormat(_) => "bad format",
        Error::NoDefaultStore => "no store",
        _ => "other",
    }
}

#[cfg(target_os = "linux")]
fn system_is_locked() -> bool {
    crate::doctor::desktop::is_keychain_locked()
}

#[cfg(not(target_os = "linux"))]
fn system_is_locked() -> bool {
    false
}

#[cfg(target_os = "macos")]
fn system_store() -> keyring::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn system_store() -> keyring::Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(all(unix, not(target_os = "macos")))]
fn system_store() -> keyring::Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(test)]
pub(crate) mod tests;
