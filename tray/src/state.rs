//! How Ingle stands, as far as an icon can say it.

use ingle_api::{Failure, FailureKind, status::JournalState};
use ingle_model::{EntryId, Paused};
use jiff::{civil, tz::TimeZone};

use crate::desktop::Window;

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

/// No reminders come, until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pausing {
    /// On the person's clock. A pause with an end is over within a day or so.
    Until(civil::Time),
    UntilResumed,
}

impl Pausing {
    pub fn new(paused: Paused, zone: &TimeZone) -> Self {
        match paused {
            Paused::Until(end) => Self::Until(zone.to_datetime(end).time()),
            Paused::UntilResumed => Self::UntilResumed,
        }
    }
}

/// What didn't work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// A window that did not open, or broke.
    Window(Window),
    /// A reminder's answer that the daemon didn't hear.
    Handling,
    Pausing,
    Undoing,
    Locking,
}

/// What can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Undo {
    #[default]
    Nothing,
    /// The newest save, which is a few minutes old.
    Saved,
    /// It is being taken back.
    UnderWay,
    /// It was taken back; this entry's.
    TakenBack(EntryId),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_ends_on_the_clock_of_the_wall() {
        let end = Paused::Until("2026-03-09T13:30:00Z".parse().expect("a time"));
        let zone = TimeZone::get("Asia/Kolkata").expect("it is there");
        assert_eq!(Pausing::new(end, &zone), Pausing::Until(civil::time(19, 0, 0, 0)));
    }
}
