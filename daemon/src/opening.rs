//! The way from a locked folder to a running engine.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use ingle_api::{
    Event, Failure, FailureKind,
    status::{JournalState, KeySlot},
};
use ingle_core::{captured::Inbox, engine::Engine, keys::DeviceKeys, roster::Member, wrap::Age};
use tokio::sync::broadcast;
use zeroize::Zeroizing;

use crate::{
    clock::Clock,
    engine_loop::EngineTask,
    failures, home,
    inbox::Slit,
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
    /// It was open, and was locked while the daemon ran.
    pub locked_by: Option<LockedBy>,
    /// Where what is written meanwhile can be put.
    pub slit: Option<Slit>,
}

/// What locked an open journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockedBy {
    /// By hand: it opens by hand only.
    Person,
    /// With the screen or before sleep: where no passphrase is needed it opens again with the screen.
    Screen,
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
    let open = move |clock: &mut Clock| {
        let store = SqliteStore::open(&dir, pragmas)?;
        let tidier = store.tidier();
        let mut engine = Engine::open(store, keys, Box::new(Age), &mut OsRandom).map_err(failures::engine)?;
        // What doesn't go in now waits for the next opening; the journal is there all the same.
        match engine.take_inbox(&clock.now(), &mut OsRandom) {
            Ok(0) => {}
            Ok(taken) => tracing::info!(taken, "what was written while the journal was locked is in it"),
            Err(error) => tracing::warn!(%error, "what was written while the journal was locked waits on"),
        }
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
        Ok(None) => return Err(Shut::new(JournalState::Absent, Vec::new(), absent())),
        Err(why) => return Err(Shut::unavailable(Vec::new(), why)),
    };
    let key_slots = file.kinds();
    match keys(&file, dir, passphrase, keychain, &key_slots) {
        Ok(keys) => Ok(Unlocked { keys, key_slots }),
        Err(why) => {
            let needs_passphrase = key_slots.contains(&KeySlot::Passphrase) && why.kind == FailureKind::Locked;
            let state = if needs_passphrase { JournalState::Locked } else { JournalState::Unavailable };
            Err(Shut { slit: Some(Slit::Of(file.device())), ..Shut::new(state, key_slots, why) })
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
        Self::new(JournalState::Unavailable, key_slots, why)
    }

    /// An open journal that is open no more.
    pub fn locked(key_slots: Vec<KeySlot>, by: LockedBy, own: &Member) -> Self {
        let slit = Some(Slit::Known(Inbox::of(own)));
        Self { locked_by: Some(by), slit, ..Self::new(JournalState::Locked, key_slots, locked()) }
    }

    /// Whether nothing but a passphrase opens it again, after it was locked.
    pub fn needs_passphrase(&self) -> bool {
        self.locked_by.is_some() && self.key_slots.contains(&KeySlot::Passphrase)
    }

    const fn new(state: JournalState, key_slots: Vec<KeySlot>, why: Failure) -> Self {
        Self { state, key_slots, why, locked_by: None, slit: None }
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
