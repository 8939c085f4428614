//! The way from a locked folder to a running engine.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use ingle_api::{
    Event, Failure, FailureKind,
    status::{JournalState, KeySlot},
};
use ingle_core::{engine::Engine, keys::DeviceKeys, wrap::Age};
use tokio::sync::broadcast;
use zeroize::Zeroizing;

use crate::{
    clock::Clock,
    engine_loop::EngineTask,
    failures, home,
    key_file::KeyFile,
    keychain::Keychain,
    random::OsRandom,
    store::{Pragmas, SqliteStore},
};

/// Why the journal is not open. Nothing was changed.
#[derive(Debug, Clone)]
pub struct Shut {
    pub state: JournalState,
    pub key_slots: Vec<KeySlot>,
    pub why: Failure,
}

/// The keys of the journal, and how its key file is locked.
#[derive(Debug)]
pub struct Unlocked {
    pub keys: DeviceKeys,
    pub key_slots: Vec<KeySlot>,
}

/// An engine that runs, and what the link needs of the keys.
#[derive(Debug)]
pub struct Opened {
    pub task: EngineTask,
    pub link_secret: Zeroizing<[u8; 32]>,
    pub key_slots: Vec<KeySlot>,
}

/// Reads the key file in `dir` and finds the lock key. Takes a second with a passphrase, and as long as the keychain's dialog when
/// there is one.
pub async fn unlock(
    dir: PathBuf,
    passphrase: Option<Zeroizing<String>>,
    keychain: Arc<dyn Keychain>,
) -> Result<Unlocked, Shut> {
    let unlocked = tokio::task::spawn_blocking(move || unlock_now(&dir, passphrase.as_ref(), &*keychain));
    unlocked.await.map_err(|_| Shut::unavailable(Vec::new(), failures::fault()))?
}

/// Opens the journal in `dir` with its keys.
pub async fn start(
    dir: PathBuf,
    unlocked: Unlocked,
    pragmas: Pragmas,
    events: broadcast::Sender<Event>,
) -> Result<Opened, Shut> {
    let Unlocked { keys, key_slots } = unlocked;
    let link_secret = Zeroizing::new(*keys.link_secret());
    let open = move |_: &mut Clock| {
        let store = SqliteStore::open(&dir, pragmas)?;
        let tidier = store.tidier();
        let engine = Engine::open(store, keys, Box::new(Age), &mut OsRandom).map_err(failures::engine)?;
        Ok((engine, tidier))
    };
    match EngineTask::start(open, events).await {
        Ok(task) => Ok(Opened { task, link_secret, key_slots }),
        Err(why) => Err(Shut::unavailable(key_slots, why)),
    }
}

fn unlock_now(dir: &Path, passphrase: Option<&Zeroizing<String>>, keychain: &dyn Keychain) -> Result<Unlocked, Shut> {
    let file = match home::look(dir) {
        Ok(Some(file)) => file,
        Ok(None) => return Err(Shut { state: JournalState::Absent, key_slots: Vec::new(), why: absent() }),
        Err(why) => return Err(Shut::unavailable(Vec::new(), why)),
    };
    let key_slots = file.kinds();
    match keys(&file, dir, passphrase, keychain, &key_slots) {
        Ok(keys) => Ok(Unlocked { keys, key_slots }),
        Err(why) => {
            let needs_passphrase = key_slots.contains(&KeySlot::Passphrase) && why.kind == FailureKind::Locked;
            let state = if needs_passphrase { JournalState::Locked } else { JournalState::Unavailable };
            Err(Shut { state, key_slots, why })
        }
    }
}

fn keys(
    file: &KeyFile,
    dir: &Path,
    passphrase: Option<&Zeroizing<String>>,
    keychain: &dyn Keychain,
    slots: &[KeySlot],
) -> Result<DeviceKeys, Failure> {
    let lock_key = match passphrase {
        Some(passphrase) if slots.contains(&KeySlot::Passphrase) => file.lock_key_by_passphrase(passphrase)?,
        _ if slots.contains(&KeySlot::KeyFile) => file.lock_key_by_file(dir)?,
        _ if slots.contains(&KeySlot::Keychain) => keychain.key(file.device())?,
        _ => return Err(locked()),
    };
    Ok(file.open(&lock_key)?)
}

impl Shut {
    pub fn unavailable(key_slots: Vec<KeySlot>, why: Failure) -> Self {
        Self { state: JournalState::Unavailable, key_slots, why }
    }
}

pub fn absent() -> Failure {
    Failure::new(
        FailureKind::Journal,
        "there is no journal here yet",
        "make one with \"ingle init\", or join another device's with \"ingle join\"",
    )
}

pub fn locked() -> Failure {
    Failure::new(FailureKind::Locked, "the journal is locked; what is in it is safe", "open it with \"ingle unlock\"")
}

pub fn joining() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "another device's journal is being joined; your words are safe",
        "wait until it is done, and look with \"ingle status\"",
    )
}
