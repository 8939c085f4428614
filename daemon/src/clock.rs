//! The system's clock and zone, as the core is told them.

use ingle_api::{Failure, FailureKind};
use ingle_model::Moment;
use jiff::{Timestamp, tz::TimeZone};

/// Tells the time. Remembers the last time that made sense, for a clock that stops making any.
#[derive(Debug)]
pub struct Clock {
    last: Moment,
}

impl Clock {
    /// Fails when the clock shows a year that no journal can hold.
    pub fn start() -> Result<Self, Failure> {
        let last = moment().ok_or_else(|| {
            Failure::new(
                FailureKind::Unavailable,
                "this computer's clock is outside the years 1900 to 2199; nothing was changed",
                "set the clock and try again",
            )
        })?;
        Ok(Self { last })
    }

    pub fn now(&mut self) -> Moment {
        if let Some(now) = moment() {
            self.last = now;
        }
        self.last.clone()
    }
}

fn moment() -> Option<Moment> {
    Moment::new(Timestamp::now(), TimeZone::system()).ok()
}
