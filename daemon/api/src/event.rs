//! What the daemon tells without being asked, and the state that a watcher starts from.

use ingle_model::{EntryId, EntryKind, Paused};
use serde::{Deserialize, Serialize};

use crate::{
    Failure, FailureKind,
    request::Due,
    status::{JournalState, LinkState},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    Added,
    Edited,
    Deleted,
    Restored,
}

/// One line of `ingle watch --json`, and the `params` of a notification with the method `event`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// An entry changed here or arrived. Sent after it is on disk. `from` is the name of the device that made the change.
    Entry { id: EntryId, kind: EntryKind, change: Change, from: String },
    /// The connection with another device came or went.
    Link { device: String, state: LinkState },
    /// The journal was locked, opened, made or lost.
    Journal { state: JournalState },
    /// Which reminder is due now, and until when there are none: sent whenever either changes. A reminder that is not the one
    /// told here any more is to be withdrawn.
    Reminders { due: Option<Due>, paused: Option<Paused> },
    /// The other device has proved that it has the ticket. Show `name` and ask.
    Asks { name: String },
    /// Both said yes, and the new device is on the roster on disk.
    Paired { paired: String },
    /// Pairing came to an end without a pair. Programs decide by `kind`; `message` and `hint` are for the person.
    PairingEnded { kind: FailureKind, message: String, hint: String },
    /// This watcher was too slow and missed events: ask again for what is shown.
    Missed {},
}

impl Event {
    /// Why no pair came of a pairing.
    pub fn pairing_ended(Failure { kind, message, hint }: Failure) -> Self {
        Self::PairingEnded { kind, message, hint }
    }
}

/// What a client needs to show something at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    pub api: u32,
    pub version: String,
    pub journal: JournalState,
    /// This device's name; empty while the journal is locked or absent.
    pub device: String,
    pub entries: u64,
    #[serde(default)]
    pub due: Option<Due>,
    #[serde(default)]
    pub paused: Option<Paused>,
}
