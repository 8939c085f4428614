//! How things stand, in values.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JournalState {
    /// There is no journal in this home.
    Absent,
    /// There is one, and it was locked, or needs the passphrase. What is new is taken in all the same.
    Locked,
    /// There is one, and its keychain does not answer or does not have the key. Nothing is replaced.
    Unavailable,
    Open,
    /// Another device's journal is being joined.
    Joining,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkState {
    Up,
    Down,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeySlot {
    Keychain,
    Passphrase,
    /// A file beside the journal that only this user can read: whoever copies the folder can read the journal.
    KeyFile,
}

/// What the key file of a home says without being opened. Also told by `ingle status` with no daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LockState {
    pub journal: JournalState,
    pub key_slots: Vec<KeySlot>,
}

/// Another device, or this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    pub name: String,
    pub this: bool,
    pub linked: bool,
    /// RFC 3339, the last time that something verified was exchanged with it; null for this device, or never.
    pub last_exchange: Option<String>,
    /// Entries first written on it that are held here.
    pub entries: u64,
    /// Whether it has said that it holds everything that is held here. True for this device.
    pub up_to_date: bool,
}

/// Reply to [`crate::Request::Status`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub version: String,
    pub journal: JournalState,
    /// This device's name; null while the journal is locked or absent.
    pub device: Option<String>,
    pub entries: Option<u64>,
    pub locked: bool,
    /// Entries that were written while the journal was locked and go in when it is unlocked.
    #[serde(default)]
    pub waiting: u64,
    pub key_slots: Vec<KeySlot>,
    /// Things that the person should know: "one lock only", a key in the clear, a bundle set aside. Sentences, ready to show.
    pub notices: Vec<String>,
    pub sync: Vec<DeviceView>,
    /// Hashes of the documents' heads in hexadecimal, in order of their keyed names: equal on devices that hold the same.
    pub heads: Vec<String>,
    /// Process id of the daemon; null when none runs.
    pub pid: Option<u32>,
}
