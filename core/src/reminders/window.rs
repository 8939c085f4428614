//! When a slot reminds, on the clock of a zone. Nothing here knows what was handled or shown.

use ingle_model::{QuietHours, TimeOfDay};
use jiff::{Timestamp, civil, tz::TimeZone};

/// From `begin` until just before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub begin: Timestamp,
    pub end: Timestamp,
}

impl Window {
    pub fn holds(self, now: Timestamp) -> bool {
        self.begin <= now && now < self.end
    }

    /// What is left of it from an instant on.
    pub fn from(self, begin: Timestamp) -> Option<Self> {
        let begin = self.begin.max(begin);
        (begin < self.end).then_some(Self { begin, ..self })
    }
}

/// From the time of day on until the day ends or a quiet time begins. None when the time is quiet, or the clock skips it out of
/// the day. A time that the clock skips comes as much later as it skips; of one that comes twice it is the first.
pub fn window(date: civil::Date, time: TimeOfDay, quiet: &[QuietHours], zone: &TimeZone) -> Option<Window> {
    if is_quiet(quiet, time.minutes()) {
        return None;
    }
    let instant = |date: civil::Date, time: civil::Time| zone.to_timestamp(date.to_datetime(time)).ok();
    let begin = instant(date, time.time())?;
    let day_ends = instant(date.tomorrow().ok()?, civil::Time::midnight())?;
    let quiet = quiet.iter().map(|hours| hours.from).filter(|from| *from > time);
    let end = quiet.filter_map(|from| instant(date, from.time())).chain([day_ends]).min()?;
    (begin < end && zone.to_datetime(begin).date() == date).then_some(Window { begin, end })
}

pub fn is_quiet(quiet: &[QuietHours], minutes: u16) -> bool {
    quiet.iter().any(|hours| hours.holds(minutes))
}
