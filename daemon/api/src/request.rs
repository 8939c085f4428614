//! What can be asked of the daemon. Each variant names its reply's type.

use ingle_model::{
    CheckInDraft, EntryId, EntryKind, Handling, LetterDraft, Pause, Paused, QuietHours, RuleDraft, RuleId, RuleKind,
    Slot, TimeOfDay,
};
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
    /// Every one of these words is somewhere in the entry, whatever its case and accents.
    pub words: Vec<String>,
    /// Every one of these feelings was named: an id or a label of the vocabulary, or an own word.
    pub feelings: Vec<String>,
    /// It has every one of these tags, whatever their case.
    pub tags: Vec<String>,
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
    /// A new letter, whole. -> [`Saved`]
    Letter { draft: LetterDraft },
    /// Lays the draft over the letter. -> [`Saved`]
    EditLetter { id: EntryId, draft: LetterDraft },
    /// For an editor: the letter as it stands, with what was being written last. Without an id a new one, of which nothing is kept
    /// until something is written. -> [`LetterPage`]
    OpenLetter { id: Option<EntryId> },
    /// Keeps what the editor shows, sealed on this disk only. `base` is the page's that the editor began from. -> `null`, sent after
    /// it is on disk. It goes into the letter after half a minute without another, when the connection ends, before the journal
    /// is locked, and with the next one.
    KeepLetter { id: EntryId, base: String, draft: LetterDraft },
    /// Puts what the editor shows into the letter, merged with what was written elsewhere meanwhile. -> [`LetterPage`]
    FinishLetter { id: EntryId, base: String, draft: LetterDraft },
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
    /// Locks the journal: what is being written is kept, then keys and words leave the daemon's memory. -> `null`
    Lock {},
    /// -> [`LockSettings`]
    LockSettings {},
    /// Of this device alone. -> `null`
    SetLockSettings { settings: LockSettings },
    /// -> [`Reminders`]
    Reminders {},
    /// A rule that the person has accepted. -> [`RuleView`]
    AddReminder { draft: RuleDraft },
    /// -> `null`
    RemoveReminder { id: RuleId },
    /// When nothing reminds; `null` for never. -> `null`
    SetQuietHours { hours: Option<QuietHours> },
    /// -> [`Reminders`]
    PauseReminders { pause: Pause },
    /// What the person does about a reminder; without a slot, about the one that is due. Counts on every device. -> [`Handled`]
    HandleReminder { slot: Option<Slot>, how: Handling },
    /// A reminder was put before the person's eyes on this device, so that it isn't again. -> `null`
    ReminderShown { slot: Slot },
    /// Ends the daemon after what is under way is on disk. -> `null`
    Stop {},
}

/// Reply to a write: it is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    pub id: EntryId,
    /// The time that the entry is about, RFC 9557.
    pub at: String,
    /// The journal is locked: it was sealed beside it, and goes in when it is unlocked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waiting: bool,
}

/// When a journal is locked by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockSettings {
    /// With the screen, and before the computer sleeps.
    pub with_screen: bool,
}

/// A letter for an editor.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterPage {
    pub id: EntryId,
    /// Names the state that the text is of; handed back with what is written on top of it.
    pub base: String,
    /// All fields, as a draft that gives the letter again.
    pub draft: LetterDraft,
    /// Whether the letter is in the journal, or is still to be written.
    pub is_new: bool,
}

impl std::fmt::Debug for LetterPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LetterPage({})", self.id)
    }
}

/// A rule of reminding, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleView {
    pub id: RuleId,
    pub kind: RuleKind,
    pub time: TimeOfDay,
    /// When it reminds next, RFC 9557 in the person's zone; null when it is over, and while a pause has no end.
    pub next: Option<String>,
    /// Of a week of letters: days that had one, 0 to 7.
    pub letters: Option<u32>,
}

/// Reply to [`Request::Reminders`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminders {
    pub rules: Vec<RuleView>,
    pub quiet: Option<QuietHours>,
    pub paused: Option<Paused>,
    pub due: Option<Due>,
}

/// A reminder that is due now and that nobody has handled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    pub slot: Slot,
    pub kind: RuleKind,
    /// Of a week of letters: which letter this one would be, from 1.
    pub letter: Option<u32>,
    /// It was put before the person's eyes on this device already.
    pub is_shown: bool,
}

/// Reply to [`Request::HandleReminder`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handled {
    pub slot: Slot,
    /// It had been handled before, here or elsewhere; then nothing was changed.
    pub before: Option<Handling>,
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
