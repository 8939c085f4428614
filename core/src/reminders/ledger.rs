//! What became of slots: the ledger that all devices share, and the marks of what this one has shown.

use ingle_model::{Handling, Slot};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a person did about a slot. Where devices say different things the greater one holds: done before not today, before the
/// latest later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    Later { until: Timestamp },
    NotToday,
    Done,
}

impl Standing {
    pub fn new(how: Handling, now: Timestamp) -> Self {
        match how {
            Handling::Done => Self::Done,
            Handling::Later => Self::Later { until: super::later(now) },
            Handling::NotToday => Self::NotToday,
        }
    }

    pub const fn handling(self) -> Handling {
        match self {
            Self::Later { .. } => Handling::Later,
            Self::NotToday => Handling::NotToday,
            Self::Done => Handling::Done,
        }
    }

    /// Whether nothing is left to do about it for whoever handles it like that. Who puts off what has come again begins another
    /// hour.
    pub fn is_as_much_as(self, how: Handling, now: Timestamp) -> bool {
        match (self, how) {
            (Self::Later { until }, Handling::Later) => now < until,
            _ => self >= Self::new(how, now),
        }
    }

    /// As it lies in a journal.
    pub fn to_text(self) -> String {
        match self {
            Self::Later { until } => format!("later:{}", until.as_millisecond()),
            Self::NotToday => "not-today".to_owned(),
            Self::Done => "done".to_owned(),
        }
    }

    /// None for what a newer version has written.
    pub fn from_text(text: &str) -> Option<Self> {
        match text {
            "not-today" => Some(Self::NotToday),
            "done" => Some(Self::Done),
            _ => {
                let until = Timestamp::from_millisecond(text.strip_prefix("later:")?.parse().ok()?).ok()?;
                Some(Self::Later { until })
            }
        }
    }
}

/// What was put before the person's eyes on this device: slots, and which time it was. The newest marks are kept, in the order in
/// which they were made, so that a clock that was wrong for a while costs none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shown(Vec<(Slot, i64)>);

impl Shown {
    /// More than half a year with two rules.
    const MAX: usize = 512;

    /// Marks are about rules that there are.
    pub fn retain(&mut self, is_kept: impl Fn(Slot) -> bool) {
        self.0.retain(|(slot, _)| is_kept(*slot));
    }

    pub fn mark(&mut self, slot: Slot, round: i64) {
        if self.holds(slot, round) {
            return;
        }
        self.0.push((slot, round));
        let over = self.0.len().saturating_sub(Self::MAX);
        self.0.drain(..over);
    }

    pub fn holds(&self, slot: Slot, round: i64) -> bool {
        self.0.contains(&(slot, round))
    }

    /// The higher, the later it was shown; none when it wasn't.
    pub fn place(&self, slot: Slot, round: i64) -> Option<usize> {
        self.0.iter().rposition(|mark| *mark == (slot, round))
    }
}
