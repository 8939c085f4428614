//! Reminders as data: rules that a person accepted, quiet hours, a pause, and what became of a reminder.
//!
//! Times are civil: they follow the clock on the wall, wherever the person is. When a rule is due is decided in ingle-core.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, civil};
use serde::{Deserialize, Serialize};

use crate::id::RuleId;

/// What a rule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleKind {
    /// A check-in, every day.
    Daily,
    /// A letter a day until seven days had one. A missed day slides; nothing is counted down or reset.
    LettersWeek,
}

impl RuleKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::LettersWeek => "letters-week",
        }
    }
}

/// A time of day to the minute, `20:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    minutes: u16,
}

/// Why a text is no time of day, quiet hours or pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReminderRefused {
    #[error("that isn't a time of day")]
    Time,
    #[error("those aren't quiet hours")]
    Quiet,
    /// Rules that could never remind.
    #[error("that time lies inside of the quiet hours")]
    InsideQuiet,
    #[error("there are more than {} reminders", RuleDraft::MAX_RULES)]
    TooMany,
}

impl ReminderRefused {
    /// What the person can do about it.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Time => "write it like 20:30",
            Self::Quiet => "write them like 22:00-08:00, or \"none\"",
            Self::InsideQuiet => "choose another time, or other quiet hours with \"ingle remind --quiet\"",
            Self::TooMany => "take one away first with \"ingle remind remove\"",
        }
    }
}

impl TimeOfDay {
    /// `None` outside of 00:00 to 23:59.
    pub fn new(hour: u8, minute: u8) -> Option<Self> {
        (hour < 24 && minute < 60).then(|| Self { minutes: u16::from(hour) * 60 + u16::from(minute) })
    }

    /// Since midnight on the clock, 0 to 1439.
    pub const fn minutes(self) -> u16 {
        self.minutes
    }

    pub fn time(self) -> civil::Time {
        let part = |number: u16| i8::try_from(number).expect("hours and minutes are small");
        civil::Time::constant(part(self.minutes / 60), part(self.minutes % 60), 0, 0)
    }
}

impl FromStr for TimeOfDay {
    type Err = ReminderRefused;

    fn from_str(text: &str) -> Result<Self, ReminderRefused> {
        let (hour, minute) = text.trim().split_once(':').ok_or(ReminderRefused::Time)?;
        let is_plain = |part: &str| matches!(part.len(), 1..=2) && part.bytes().all(|byte| byte.is_ascii_digit());
        let read = |part: &str| part.parse().ok().filter(|_| is_plain(part)).ok_or(ReminderRefused::Time);
        Self::new(read(hour)?, read(minute)?).ok_or(ReminderRefused::Time)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = ReminderRefused;

    fn try_from(text: String) -> Result<Self, ReminderRefused> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

/// From a time of day until another, over midnight if that is earlier: `22:00-08:00`. The end is outside. Both alike would be a
/// whole day, and is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QuietHours {
    pub from: TimeOfDay,
    pub until: TimeOfDay,
}

impl QuietHours {
    /// Whether that time of day is quiet.
    pub fn holds(self, minutes: u16) -> bool {
        let (from, until) = (self.from.minutes(), self.until.minutes());
        if from < until { (from..until).contains(&minutes) } else { minutes >= from || minutes < until }
    }
}

impl FromStr for QuietHours {
    type Err = ReminderRefused;

    fn from_str(text: &str) -> Result<Self, ReminderRefused> {
        let (from, until) = text.split_once('-').ok_or(ReminderRefused::Quiet)?;
        let read = |text: &str| text.parse().map_err(|_| ReminderRefused::Quiet);
        let (from, until) = (read(from)?, read(until)?);
        if from == until { Err(ReminderRefused::Quiet) } else { Ok(Self { from, until }) }
    }
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from, self.until)
    }
}

impl TryFrom<String> for QuietHours {
    type Error = ReminderRefused;

    fn try_from(text: String) -> Result<Self, ReminderRefused> {
        text.parse()
    }
}

impl From<QuietHours> for String {
    fn from(hours: QuietHours) -> Self {
        hours.to_string()
    }
}

/// A rule as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleDraft {
    pub kind: RuleKind,
    pub time: TimeOfDay,
}

impl RuleDraft {
    /// The most rules of a journal.
    pub const MAX_RULES: usize = 32;
}

/// A rule that a person accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub id: RuleId,
    pub kind: RuleKind,
    pub time: TimeOfDay,
    /// When it was accepted: it reminds of nothing before. Milliseconds since 1970 UTC.
    pub since_ms: i64,
}

/// One reminder: a rule on a day of the calendar, the same on every device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot {
    pub rule: RuleId,
    pub date: civil::Date,
}

/// What a person does about a reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Handling {
    Done,
    /// In an hour; where that is quiet, tomorrow.
    Later,
    NotToday,
}

/// A wish for fewer reminders, or for reminders again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pause {
    /// None for an hour.
    Hour,
    /// None until the next morning: the end of the quiet hours, or 08:00 where there are none.
    Tomorrow,
    /// None until [`Pause::Over`].
    UntilResumed,
    /// The pause is over.
    Over,
}

/// A pause that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "at")]
pub enum Paused {
    Until(Timestamp),
    UntilResumed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_quiet_hours_are_read_back_from_their_own_text() {
        for text in ["00:00", "08:05", "20:30", "23:59"] {
            assert_eq!(text.parse::<TimeOfDay>().map(|time| time.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("8:05".parse::<TimeOfDay>(), "08:05".parse());
        for wrong in ["", "24:00", "12:60", "12", "12:5:1", "+1:00", "abc", "123:00", "-1:00"] {
            assert_eq!(wrong.parse::<TimeOfDay>(), Err(ReminderRefused::Time), "{wrong}");
        }
        assert_eq!("22:00-08:00".parse::<QuietHours>().map(|hours| hours.to_string()), Ok("22:00-08:00".into()));
        for wrong in ["", "22:00", "22:00-22:00", "22:00-25:00", "a-b"] {
            assert_eq!(wrong.parse::<QuietHours>(), Err(ReminderRefused::Quiet), "{wrong}");
        }
    }

    #[test]
    fn quiet_hours_go_over_midnight_and_end_on_the_minute() {
        let check = |hours: &str, time: &str, is_quiet: bool| {
            let (hours, time): (QuietHours, TimeOfDay) = (hours.parse().expect("hours"), time.parse().expect("a time"));
            assert_eq!(hours.holds(time.minutes()), is_quiet, "{hours} {time}");
        };
        check("22:00-08:00", "21:59", false);
        check("22:00-08:00", "22:00", true);
        check("22:00-08:00", "00:00", true);
        check("22:00-08:00", "07:59", true);
        check("22:00-08:00", "08:00", false);
        check("12:00-14:00", "13:00", true);
        check("12:00-14:00", "14:00", false);
    }
}
