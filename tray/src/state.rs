//! How Ingle stands, as far as an icon can say it.

use ingle_api::{Failure, FailureKind, status::JournalState};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing is known yet.
    Starting,
    Ready,
    /// The journal needs its passphrase.
    Locked,
    /// The keychain that opens the journal doesn't answer.
    KeychainAway,
    /// This computer is joining another one's journal.
    Joining,
    /// There is no journal here.
    Absent,
    /// No daemon answers.
    Away,
    /// A daemon answers, in another version of the contract.
    OtherVersion,
}

impl State {
    /// Every state, for tests and pictures.
    pub const ALL: [Self; 8] = [
        Self::Starting,
        Self::Ready,
        Self::Locked,
        Self::KeychainAway,
        Self::Joining,
        Self::Absent,
        Self::Away,
        Self::OtherVersion,
    ];
}

impl From<JournalState> for State {
    fn from(journal: JournalState) -> Self {
        match journal {
            JournalState::Open => Self::Ready,
            JournalState::Locked => Self::Locked,
            JournalState::Unavailable => Self::KeychainAway,
            JournalState::Joining => Self::Joining,
            JournalState::Absent => Self::Absent,
        }
    }
}

impl From<&Failure> for State {
    fn from(failure: &Failure) -> Self {
        match failure.kind {
            FailureKind::Version => Self::OtherVersion,
            _ => Self::Away,
        }
    }
}
