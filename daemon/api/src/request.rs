//! What can be asked of the daemon. Each variant names its reply's type.

use ingle_model::{CheckInDraft, EntryId, EntryKind};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// How the key file of a new journal is locked.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "passphrase")]
pub enum Lock {
    /// By a key in the system's keychain; an error when there is none.
    Keychain,
    /// By a passphrase of the person's.
    Passphrase(Zeroizing<String>),
    /// By a file beside it that only this user can read. Only on explicit wish.
    KeyFile,
}

impl std::fmt::Debug for Lock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Keychain => "Keychain",
            Self::Passphrase(_) => "Passphrase(..)",
            Self::KeyFile => "KeyFile",
        })
    }
}

/// Which entries: all conditions hold together; newest first by the time they are about.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListQuery {
    /// Entries about this instant or later, milliseconds since 1970 UTC.
    pub since_ms: Option<i64>,
    /// Entries about an instant before this one.
    pub until_ms: Option<i64>,
    pub kind: Option<EntryKind>,
    /// Every one of these words is somewhere in the entry, whatever its case.
    pub words: Vec<String>,
    pub limit: Option<usize>,
}

impl std::fmt::Debug for ListQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ListQuery(..)")
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "method", content = "params", rename_all = "kebab-case")]
pub enum Request {
    /// First on every connection. -> [`crate::Snapshot`]
    Hello { api: u32, client: String },
    /// -> `{"id", "at"}` ([`Saved`]), sent after the entry is on disk.
    CheckIn { draft: CheckInDraft },
    /// -> `[EntryView]`, newest first.
    List { query: ListQuery },
    /// -> `EntryView`
    Show { id: EntryId },
    /// Lays the draft over the entry. -> [`Saved`]
    Edit { id: EntryId, draft: CheckInDraft },
    /// Puts the entry in the trash. -> [`Saved`]
    Delete { id: EntryId },
    /// Takes the newest save, edit or delete made on this device since the daemon started back. -> [`Undone`]
    Undo {},
    /// From now on events follow as notifications. -> `null`
    Watch {},
    /// -> `[DeviceView]`
    Devices {},
    /// -> [`crate::Status`]
    Status {},
    /// Makes a ticket. -> [`Ticket`], at once. Then, on this connection, [`crate::Event::Asks`] when the other device has proved
    /// that it has the ticket, to be answered by [`Request::Answer`], and [`crate::Event::Paired`] or
    /// [`crate::Event::PairingEnded`]. The ticket dies with the connection.
    Pair { readdress: bool },
    /// Uses a ticket; makes the journal if the home is empty, else joins with the entries. -> `null` at once, then as `Pair`.
    Join { ticket: String, name: Option<String>, lock: Lock },
    /// The person's yes or no to [`crate::Event::Asks`]. -> `null`
    Answer { accept: bool },
    /// Opens a journal that a passphrase locks, or one whose keychain has come back (no passphrase). -> `null`
    Unlock { passphrase: Option<Zeroizing<String>> },
    /// Ends the daemon after what is under way is on disk. -> `null`
    Stop {},
}

/// Reply to a write: it is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    pub id: EntryId,
    /// The time that the entry is about, RFC 9557.
    pub at: String,
}

/// Reply to [`Request::Undo`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    pub id: EntryId,
    pub what: crate::Change,
}

/// Reply to [`Request::Pair`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    pub ticket: String,
    /// Seconds until it expires.
    pub expires_in_s: u64,
}
