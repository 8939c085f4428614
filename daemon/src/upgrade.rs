//! Making room for a newer Ingle: when the daemon's program was replaced, or a caller speaks a newer contract, the daemon ends as
//! soon as nobody is in the middle of something, and the next caller starts the new one.
//!
//! **Invariant:** it never ends by itself where the next start would open what a person has locked by hand.

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    time::SystemTime,
};

use ingle_api::status::KeySlot;

use crate::journal::{Journal, Stage};

/// The file that this process was started from, as it was then.
#[derive(Debug)]
pub struct Program(Option<(PathBuf, Look)>);

type Look = (u64, Option<SystemTime>);

impl Program {
    pub fn of_this_process() -> Self {
        let path = std::env::current_exe().ok();
        Self(path.and_then(|path| look(&path).map(|now| (path, now))))
    }

    /// Another file is in its place. One that is gone only may come back.
    pub fn is_replaced(&self) -> bool {
        self.0.as_ref().is_some_and(|(path, then)| look(path).is_some_and(|now| now != *then))
    }
}

fn look(path: &std::path::Path) -> Option<Look> {
    let file = fs::metadata(path).ok()?;
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&file);
    #[cfg(not(unix))]
    let number = file.len();
    Some((number, file.modified().ok()))
}

/// Callers that may be in the middle of something: all but those that only watch.
#[derive(Debug, Default)]
pub struct Callers(AtomicUsize);

/// One of them.
#[derive(Debug)]
pub struct Busy(Journal);

impl Busy {
    pub fn with(journal: &Journal) -> Self {
        journal.callers().0.fetch_add(1, Ordering::AcqRel);
        Self(journal.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let is_last = self.0.callers().0.fetch_sub(1, Ordering::AcqRel) == 1;
        if is_last && self.0.program().is_replaced() && self.0.may_end(false) {
            tracing::info!("the program was replaced; the daemon makes room for the new one");
            self.0.stop().cancel();
        }
    }
}

impl Journal {
    /// Whether the next start finds everything as it is now. `at_any_price` a person has to type their passphrase again.
    pub fn may_end(&self, at_any_price: bool) -> bool {
        let is_as_before = match self.stage() {
            Stage::Open(open) => at_any_price || !open.key_slots().contains(&KeySlot::Passphrase),
            Stage::Shut(shut) => shut.locked_by.is_none() || shut.needs_passphrase(),
            Stage::Opening | Stage::Joining | Stage::Closed => false,
        };
        is_as_before && self.tasks().is_empty()
    }
}
