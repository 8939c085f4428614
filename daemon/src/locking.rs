//! Locking an open journal while the daemon runs: by hand, with the screen, before sleep.
//!
//! What was asked before is still done and on the disk; then engine and link end, and the keys leave the memory with them. What may
//! not live here: when it is locked ([`crate::presence`]), what is written meanwhile ([`crate::inbox`]).

use std::sync::Arc;

use ingle_api::{Event, Failure, status::JournalState};

use crate::{
    journal::{Change, Journal, Stage, closing},
    opening::{self, LockedBy, Shut},
};

impl Journal {
    /// Locks the journal at a person's wish. When this returns no key is left in memory.
    pub async fn lock(&self) -> Result<(), Failure> {
        let change = self.change_soon().await?;
        self.lock_with(&change, LockedBy::Person).await
    }

    /// Locks it with the screen. Waits for a journal that is being opened or joined, and then looks whether it is `still` to be.
    pub async fn lock_with_screen(&self, still: impl Fn() -> bool) {
        let change = self.change().await;
        if still()
            && let Err(why) = self.lock_with(&change, LockedBy::Screen).await
        {
            tracing::debug!(kind = ?why.kind, "there is nothing to lock");
        }
    }

    /// Opens what was locked with the screen, where no passphrase is needed.
    pub async fn open_with_screen(&self) {
        let Stage::Shut(shut) = self.stage() else { return };
        if shut.locked_by == Some(LockedBy::Screen)
            && !shut.needs_passphrase()
            && let Err(why) = self.open(None).await
        {
            tracing::info!(kind = ?why.kind, "the journal stays locked");
        }
    }

    async fn lock_with(&self, change: &Change, by: LockedBy) -> Result<(), Failure> {
        match self.stage() {
            Stage::Open(open) => {
                let disk = self.disk().await;
                // From now on nobody gets at the engine any more; that it is locked is told when it is.
                let shut = Shut::locked(open.key_slots().to_vec(), by, open.engine().own());
                self.enter_unheard(change, Stage::Shut(Arc::new(shut)));
                open.close().await;
                drop(disk);
                tracing::info!(?by, "the journal is locked");
                self.announce(Event::Journal { state: JournalState::Locked });
                Ok(())
            }
            // By hand counts for more: the screen doesn't open it then.
            Stage::Shut(shut) if shut.locked_by == Some(LockedBy::Screen) && by == LockedBy::Person => {
                let shut = Shut { locked_by: Some(by), ..Shut::clone(&shut) };
                self.enter_unheard(change, Stage::Shut(Arc::new(shut)));
                Ok(())
            }
            Stage::Shut(shut) if shut.state == JournalState::Absent => Err(shut.why.clone()),
            Stage::Shut(_) => Ok(()),
            Stage::Opening => Err(crate::journal::still_opening()),
            Stage::Joining => Err(opening::joining()),
            Stage::Closed => Err(closing()),
        }
    }
}
