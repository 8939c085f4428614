//! What a person can say to Ingle, and the words Ingle offers for it.
//!
//! Entries, their fields with their limits, the vocabulary, help in a crisis as data. Everything here is plain values with
//! serde. What may not live here: automerge, crypto, files, clocks, randomness.

pub mod body;
pub mod check_in;
pub mod help;
pub mod id;
pub mod letter;
pub mod moment;
pub mod reminder;
pub mod text;
pub mod view;
pub mod vocabulary;

pub use check_in::{BodyNote, CheckIn, CheckInDraft, Feeling, Motion, Rating, Refused};
pub use id::{DeviceId, EntryId, RuleId};
pub use letter::{Letter, LetterDraft};
pub use moment::Moment;
pub use reminder::{Handling, Pause, Paused, QuietHours, ReminderRefused, Rule, RuleDraft, RuleKind, Slot, TimeOfDay};
pub use text::{Label, LetterText, Prose};
pub use view::{EntryKind, EntryView};
