//! What lies in a home, and the making of a journal in it.
//!
//! **Invariant:** a journal appears whole, by the renaming of a finished folder, or not at all.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use ingle_api::{
    Failure, FailureKind, Lock, Places,
    status::{JournalState, KeySlot, LockState},
};
use ingle_core::{engine::Engine, keys::DeviceKeys, store::StoreError, wrap::Age};
use ingle_model::{DeviceId, Label};

use crate::{
    clock::Clock,
    failures, files,
    key_file::{self, KeyFile, KeyFileFault, LockKey, NewSlot},
    keychain::Keychain,
    random::OsRandom,
    store::{self, OpenFault, Pragmas, SqliteStore},
};

/// The key file of the journal in `dir`; none when there is no journal. A journal without its key file is a failure.
pub fn look(dir: &Path) -> Result<Option<KeyFile>, Failure> {
    let has_key = fs::symlink_metadata(dir.join(key_file::FILE_NAME)).is_ok();
    if has_key || store::is_there(dir) { Ok(Some(KeyFile::read(dir)?)) } else { Ok(None) }
}

/// How the journal is locked, without opening it.
pub fn lock_state(places: &Places) -> (LockState, Option<Failure>) {
    let (journal, key_slots, failure) = match look(&places.journal_dir()) {
        Ok(None) => (JournalState::Absent, Vec::new(), None),
        Ok(Some(file)) if !store::is_there(&places.journal_dir()) => {
            (JournalState::Unavailable, file.kinds(), Some(OpenFault::Missing.into()))
        }
        Ok(Some(file)) => (JournalState::Locked, file.kinds(), None),
        Err(failure) => (JournalState::Unavailable, Vec::new(), Some(failure)),
    };
    (LockState { journal, key_slots }, failure)
}

/// What a person should know about how the journal is locked. Sentences, ready to show.
pub fn notices(slots: &[KeySlot]) -> Vec<String> {
    let mut told = Vec::new();
    if slots.contains(&KeySlot::KeyFile) {
        told.push("The key lies in the clear beside the journal: whoever copies the folder can read it.".to_owned());
    }
    if slots.len() == 1 {
        told.push("There is one lock only: if its key is lost, so is what is written here.".to_owned());
    }
    told
}

/// Makes a journal of this device alone. Says which device that is.
pub fn make(
    places: &Places,
    pragmas: Pragmas,
    name: &Label,
    lock: &Lock,
    keychain: Arc<dyn Keychain>,
) -> Result<DeviceId, Failure> {
    let target = places.journal_dir();
    if fs::symlink_metadata(&target).is_ok() && !is_empty(&target) {
        return Err(Failure::new(
            FailureKind::Journal,
            "there is a journal here already; nothing was changed",
            "use it, or name another folder with --home",
        ));
    }
    let growing = places.data_dir().join("journal.new");
    let keys = DeviceKeys::generate_first(&mut OsRandom, &Age);
    let unfinished = lock_away(&keys, growing.clone(), lock, keychain)?;
    let device = keys.device();
    let store = SqliteStore::create(&growing, pragmas).map_err(|fault| match fault {
        OpenFault::Store(error) => unmade(error),
        other => other.into(),
    })?;
    let engine = Engine::create(store, keys, name, Box::new(Age), &Clock::start()?.now(), &mut OsRandom);
    drop(engine.map_err(failures::engine)?);
    put_in_place(&growing, &target).map_err(|error| failures::folder(places.data_dir(), &error))?;
    unfinished.finish();
    Ok(device)
}

/// Puts the keys of a new device, locked as asked, into `dir`, which is made anew.
pub fn lock_away(
    keys: &DeviceKeys,
    dir: PathBuf,
    lock: &Lock,
    keychain: Arc<dyn Keychain>,
) -> Result<Unfinished, Failure> {
    if matches!(lock, Lock::Passphrase(passphrase) if passphrase.is_empty()) {
        return Err(Failure::new(
            FailureKind::Usage,
            "the passphrase is empty; no journal was made",
            "choose a few words",
        ));
    }
    let refused = |error: io::Error| failures::folder(&dir, &error);
    remove(&dir).map_err(refused)?;
    files::create_private_dir(&dir).map_err(refused)?;
    let lock_key = LockKey::generate();
    let mut unfinished = Unfinished { dir: Some(dir.clone()), item: None };
    let slot = match lock {
        Lock::Keychain => {
            keychain.keep(keys.device(), &lock_key).map_err(failures::no_keychain_for_a_new_journal)?;
            unfinished.item = Some((keychain, keys.device()));
            NewSlot::Keychain
        }
        Lock::Passphrase(passphrase) => NewSlot::Passphrase(passphrase),
        Lock::KeyFile => NewSlot::KeyFile,
    };
    KeyFile::create(&dir, keys, &lock_key, &slot).map_err(|fault| match fault {
        KeyFileFault::Disk(error) => unmade(error),
        other => other.into(),
    })?;
    Ok(unfinished)
}

/// Takes a folder that is not a journal yet back when it is dropped, with its item in the keychain.
#[derive(Debug)]
#[must_use]
pub struct Unfinished {
    dir: Option<PathBuf>,
    item: Option<(Arc<dyn Keychain>, DeviceId)>,
}

impl Unfinished {
    /// It is a journal now, or will be one at the next start.
    pub fn finish(mut self) {
        self.dir = None;
        self.item = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(dir) = self.dir.take()
            && remove(&dir).is_err()
        {
            tracing::warn!("an unfinished journal folder could not be removed");
        }
        if let Some((keychain, device)) = self.item.take()
            && keychain.forget(device).is_err()
        {
            tracing::warn!("the keychain keeps a key that belongs to no journal");
        }
    }
}

/// Makes a finished folder the journal: everything in it synced, renamed, the parent synced.
pub fn put_in_place(finished: &Path, target: &Path) -> io::Result<()> {
    files::sync_dir(finished)?;
    fs::rename(finished, target)?;
    target.parent().map_or(Ok(()), files::sync_dir)
}

/// Removes a folder with what is in it, if it is there.
pub fn remove(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none())
}

/// What the disk said while a journal was being made.
fn unmade(error: StoreError) -> Failure {
    let (message, hint) = match error {
        StoreError::Full => ("the disk is full; no journal was made", "make room and try again"),
        StoreError::ReadOnly => (
            "the folder can't be written to; no journal was made",
            "make it writable for you, or name another one with --home",
        ),
        StoreError::Damaged | StoreError::Io => {
            ("the disk reported an error; no journal was made", "name a folder on another disk with --home")
        }
    };
    Failure::new(FailureKind::Storage, message, hint)
}
