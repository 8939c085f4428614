//! What went wrong, told in two parts: what happened, and what to do.

use serde::{Deserialize, Serialize};

/// Whose matter it is. Programs decide by this, people read the two lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// What was asked makes no sense, or a field is out of its range.
    Usage,
    /// There is no such entry, or nothing to undo.
    NotFound,
    /// The journal is locked, the passphrase is wrong, or the keychain is away.
    Locked,
    /// There is no daemon, it can't be reached or started, or another one has the journal.
    Unavailable,
    /// There is no journal here, or there is one already.
    Journal,
    /// The disk took nothing: full, read-only, damaged.
    Storage,
    /// Pairing or joining came to nothing.
    Pairing,
    /// The other side speaks another version.
    Version,
    /// The person said no.
    Declined,
    /// A fault in Ingle itself.
    Internal,
}

impl FailureKind {
    /// The command line's exit code; stable.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Locked => 4,
            Self::Unavailable => 5,
            Self::Journal => 6,
            Self::Storage => 7,
            Self::Pairing => 8,
            Self::Version => 9,
            Self::Declined => 10,
        }
    }

    /// The kind behind an exit code of `ingle` or `ingled`.
    pub fn from_exit_code(code: i32) -> Option<Self> {
        const ALL: [FailureKind; 10] = [
            FailureKind::Internal,
            FailureKind::Usage,
            FailureKind::NotFound,
            FailureKind::Locked,
            FailureKind::Unavailable,
            FailureKind::Journal,
            FailureKind::Storage,
            FailureKind::Pairing,
            FailureKind::Version,
            FailureKind::Declined,
        ];
        ALL.into_iter().find(|kind| i32::from(kind.exit_code()) == code)
    }

    /// The JSON-RPC error code: -32000 minus the exit code, in the range that the specification leaves to servers.
    pub const fn rpc_code(self) -> i32 {
        match self {
            Self::Internal => -32001,
            Self::Usage => -32002,
            Self::NotFound => -32003,
            Self::Locked => -32004,
            Self::Unavailable => -32005,
            Self::Journal => -32006,
            Self::Storage => -32007,
            Self::Pairing => -32008,
            Self::Version => -32009,
            Self::Declined => -32010,
        }
    }
}

/// A failure as a person reads it: `error: {message}` and `hint: {hint}`. Neither line repeats what the person wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    pub kind: FailureKind,
    pub message: String,
    pub hint: String,
}

impl Failure {
    pub fn new(kind: FailureKind, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: hint.into() }
    }

    /// The same, to someone who wanted to save something: "your words are safe" would mean theirs.
    pub fn unsaved(self) -> Self {
        Self { message: format!("that was not saved: {}", self.message), ..self }
    }
}

impl From<ingle_model::Refused> for Failure {
    fn from(refused: ingle_model::Refused) -> Self {
        Self::new(FailureKind::Usage, refused.to_string(), refused.hint())
    }
}
