//! Whether somebody is there, and the locking that goes with it: with the screen, and before sleep.
//!
//! Told by logind on the system's bus ([`logind`]). Where there is none somebody is always there, and nothing locks by itself. What
//! may not live here: how the journal is locked ([`crate::locking`]), what reminders make of it.

use std::{sync::Arc, time::Duration};

use ingle_core::reminders::Presence;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{journal::Journal, settings};

#[cfg(target_os = "linux")]
mod logind;

/// Sleep is held up for so long at most; the system itself waits for 5 s.
const LOCKING_LIMIT: Duration = Duration::from_secs(4);

/// What is known of the computer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Room {
    has_locked_screen: bool,
    is_asleep: bool,
    is_idle: bool,
}

impl Room {
    fn is_away(self) -> bool {
        self.is_shut() || self.is_idle
    }

    /// As the journal is to be.
    fn is_shut(self) -> bool {
        self.has_locked_screen || self.is_asleep
    }
}

/// Keeps the room, acts on it, and tells who wants to know.
#[derive(Debug)]
struct Keeper {
    journal: Journal,
    room: Arc<watch::Sender<Room>>,
    presence: watch::Sender<Presence>,
}

/// Begins to watch, until `stop`. Starts no timer.
pub fn start(journal: Journal, stop: CancellationToken) -> watch::Receiver<Presence> {
    let (presence, told) = watch::channel(Presence::Here { since: Timestamp::now() });
    let keeper = Keeper { journal, room: Arc::new(watch::Sender::new(Room::default())), presence };
    tokio::spawn(async move {
        #[cfg(target_os = "linux")]
        if let Some(Err(error)) = stop.run_until_cancelled(logind::follow(&keeper)).await {
            tracing::info!(%error, "nothing here tells when the screen is locked");
        }
        // Whoever asks goes on hearing what was known last.
        stop.cancelled().await;
        drop(keeper);
    });
    told
}

impl Keeper {
    /// Takes in what has changed. Returns when the journal is locked if it is to be, or after a while.
    async fn enter(&self, change: impl FnOnce(&mut Room)) {
        let before = *self.room.borrow();
        let mut room = before;
        change(&mut room);
        if room == before {
            return;
        }
        self.room.send_replace(room);
        match (before.is_away(), room.is_away()) {
            (false, true) => drop(self.presence.send_replace(Presence::Away)),
            (true, false) => drop(self.presence.send_replace(Presence::Here { since: Timestamp::now() })),
            _ => {}
        }
        match (before.is_shut(), room.is_shut()) {
            (false, true) if settings::locks_with_screen(self.journal.places()) => {
                let (journal, room) = (self.journal.clone(), Arc::clone(&self.room));
                // In a task of its own, since what has begun must not be left half-way.
                let locking = tokio::spawn(async move { journal.lock_with_screen(|| room.borrow().is_shut()).await });
                if tokio::time::timeout(LOCKING_LIMIT, locking).await.is_err() {
                    tracing::warn!("the journal is not locked yet");
                }
            }
            (true, false) => {
                let journal = self.journal.clone();
                tokio::spawn(async move { journal.open_with_screen().await });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_sees_what_shows_behind_a_locked_screen_asleep_or_away() {
        let check = |room: Room, is_away: bool, is_shut: bool| {
            assert_eq!((room.is_away(), room.is_shut()), (is_away, is_shut), "{room:?}");
        };
        check(Room::default(), false, false);
        check(Room { has_locked_screen: true, ..Room::default() }, true, true);
        check(Room { is_asleep: true, ..Room::default() }, true, true);
        check(Room { is_idle: true, ..Room::default() }, true, false);
    }
}
