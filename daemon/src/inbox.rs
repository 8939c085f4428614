//! The inbox of a locked journal: what is written while no key is there is sealed to the device's public key and kept on the disk,
//! to go in when the journal is opened.
//!
//! What may not live here: how it is sealed and taken in (ingle-core's `captured`), when the journal is locked
//! ([`crate::locking`]).

use std::{path::Path, sync::Arc};

use ingle_api::{Failure, FailureKind, request::Saved, status::JournalState};
use ingle_core::{
    captured::{self, Captured, Inbox},
    engine::OpenError,
    wrap::Age,
};
use ingle_model::{DeviceId, EntryId};

use crate::{
    clock::Clock,
    failures,
    journal::{Journal, Stage},
    opening::Shut,
    random,
    store::{Pragmas, SqliteStore},
};

/// Where the public key of a locked journal comes from.
#[derive(Debug, Clone)]
pub enum Slit {
    /// The journal was open in this run.
    Known(Inbox),
    /// It is looked for in the journal's roster.
    Of(DeviceId),
}

impl Journal {
    /// Keeps it for later if the journal is locked; nothing if it isn't. Answers when it is on the disk.
    pub async fn capture(&self, what: Captured) -> Result<Option<Saved>, Failure> {
        let Some((disk, shut)) = self.locked().await else { return Ok(None) };
        let (dir, pragmas) = (self.places().journal_dir(), self.pragmas());
        let kept = tokio::task::spawn_blocking(move || {
            let saved = capture_now(&dir, pragmas, &shut, what);
            // The database is closed again, even when nobody waits for the answer any more.
            drop(disk);
            saved
        });
        kept.await.map_err(|_| failures::fault())?.map(Some)
    }

    /// How much waits for a locked journal to be opened.
    pub async fn waiting(&self) -> u64 {
        let Some((disk, _)) = self.locked().await else { return 0 };
        let (dir, pragmas) = (self.places().journal_dir(), self.pragmas());
        let counted = tokio::task::spawn_blocking(move || {
            let counted = SqliteStore::open(&dir, pragmas).ok().and_then(|store| captured::waiting(&store).ok());
            drop(disk);
            counted
        });
        counted.await.ok().flatten().unwrap_or(0)
    }

    /// The right to the database of a journal that is locked, and stays so meanwhile.
    async fn locked(&self) -> Option<(tokio::sync::OwnedMutexGuard<()>, Arc<Shut>)> {
        let is_locked = |stage: Stage| match stage {
            Stage::Shut(shut) if shut.state == JournalState::Locked => Some(shut),
            _ => None,
        };
        is_locked(self.settled().await)?;
        let disk = self.disk().await;
        // It may have been opened before the right was given.
        is_locked(self.stage()).map(|shut| (disk, shut))
    }
}

fn capture_now(dir: &Path, pragmas: Pragmas, shut: &Shut, what: Captured) -> Result<Saved, Failure> {
    let mut store = SqliteStore::open(dir, pragmas).map_err(|fault| Failure::from(fault).unsaved())?;
    let inbox = match shut.slit.as_ref().ok_or_else(failures::fault)? {
        Slit::Known(inbox) => inbox.clone(),
        Slit::Of(device) => Inbox::find(&store, *device).map_err(|error| unfound(error).unsaved())?,
    };
    let (id, now) = (EntryId::from_bytes(random::bytes()), Clock::start()?.now());
    let at = inbox.put(&mut store, id, &now, what, &Age).map_err(failures::write)?;
    Ok(Saved { id, at: at.to_string(), waiting: true })
}

/// Without the public key nothing can be sealed, and nothing is kept in the clear.
fn unfound(error: OpenError) -> Failure {
    match error {
        OpenError::Store(_) => failures::engine(error),
        _ => Failure::new(
            FailureKind::Locked,
            "the journal is locked, and its public key can't be read",
            "open it with \"ingle unlock\" and save it again",
        ),
    }
}
