//! When something was felt: an instant, and the zone whose clock the person lived by.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, ZonedDateTime, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// Why a time was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MomentRefused {
    #[error("that isn't a date and time with an offset")]
    Unreadable,
    #[error("the year is outside 1900 to 2199")]
    OutOfRange,
}

/// An instant to the millisecond, with the zone it is told in (an IANA name or a fixed offset), between the years 1900 and
/// 2199. Reads and writes RFC 9557 (`2026-11-25T19:40:00+01:00[Europe/Berlin]`) and reads RFC 3339.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment {
    millis: i64,
    zone: String,
}

impl Moment {
    /// Parts as they are stored. Fails when the year is outside 1900 to 2199 or the zone is not known.
    pub fn from_parts(millis: i64, zone: &str) -> Result<Self, MomentRefused> {
        let instant = Timestamp::from_millisecond(millis).map_err(|_| MomentRefused::OutOfRange)?;
        Self::new(instant, zone_named(zone)?)
    }

    pub fn new(instant: Timestamp, zone: TimeZone) -> Result<Self, MomentRefused> {
        let told = ZonedDateTime::new(instant, zone);
        if !(1900..=2199).contains(&told.year()) {
            return Err(MomentRefused::OutOfRange);
        }
        let zone = match told.time_zone().iana_name() {
            Some(name) => name.to_owned(),
            None => told.offset().to_string(),
        };
        Ok(Self { millis: instant.as_millisecond(), zone })
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn millis(&self) -> i64 {
        self.millis
    }

    /// An IANA name or a fixed offset such as `+02`.
    pub fn zone(&self) -> &str {
        &self.zone
    }

    pub fn instant(&self) -> Timestamp {
        Timestamp::from_millisecond(self.millis).expect("checked when made")
    }

    pub fn zoned(&self) -> ZonedDateTime {
        ZonedDateTime::new(self.instant(), zone_named(&self.zone).unwrap_or(TimeZone::UTC))
    }
}

fn zone_named(zone: &str) -> Result<TimeZone, MomentRefused> {
    if let Ok(known) = TimeZone::get(zone) {
        return Ok(known);
    }
    // A fixed offset is read by way of a whole time stamp, so that jiff alone decides what an offset looks like.
    let probe = format!("2000-01-01T00:00:00{zone}[{zone}]");
    probe.parse::<ZonedDateTime>().map(|z| z.time_zone().clone()).map_err(|_| MomentRefused::Unreadable)
}

impl FromStr for Moment {
    type Err = MomentRefused;

    fn from_str(text: &str) -> Result<Self, MomentRefused> {
        if let Ok(told) = text.parse::<ZonedDateTime>() {
            return Self::new(told.timestamp(), told.time_zone().clone());
        }
        let pieces: jiff::fmt::temporal::Pieces<'_> = jiff::fmt::temporal::Pieces::parse(text)
            .map_err(|_| if has_long_year(text) { MomentRefused::OutOfRange } else { MomentRefused::Unreadable })?;
        let offset = pieces.to_numeric_offset().ok_or(MomentRefused::Unreadable)?;
        let instant: Timestamp = text.parse().map_err(|_| MomentRefused::OutOfRange)?;
        Self::new(instant, TimeZone::fixed(offset))
    }
}

/// Whether it begins as a date of a year with more than four digits, which no parser reads.
fn has_long_year(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    digits > 4 && unsigned.as_bytes().get(digits) == Some(&b'-')
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.zoned())
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Moment(..)")
    }
}

impl TryFrom<String> for Moment {
    type Error = MomentRefused;

    fn try_from(text: String) -> Result<Self, MomentRefused> {
        text.parse()
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_9557_and_rfc_3339_are_read_and_the_zone_is_kept() {
        let check = |text: &str, told: &str| {
            assert_eq!(text.parse::<Moment>().map(|m| m.to_string()), Ok(told.to_owned()), "{text}");
        };
        check("2026-11-25T19:40:00+01:00[Europe/Berlin]", "2026-11-25T19:40:00+01:00[Europe/Berlin]");
        check("2026-11-25T19:40:00+02:00", "2026-11-25T19:40:00+02:00[+02:00]");
        check("1931-04-01T09:00:00Z", "1931-04-01T09:00:00+00:00[UTC]");
        check("2026-11-25T19:40:00.123456-03:30", "2026-11-25T19:40:00.123-03:30[-03:30]");
    }

    #[test]
    fn parts_give_the_same_moment_back() {
        for text in ["2026-11-25T19:40:00+01:00[Europe/Berlin]", "2026-11-25T19:40:00+05:30", "2026-01-01T00:00:00Z"] {
            let moment: Moment = text.parse().expect("readable");
            assert_eq!(Moment::from_parts(moment.millis(), moment.zone()), Ok(moment));
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-11-25", "2026-11-25T19:40:00"] {
            assert_eq!(text.parse::<Moment>(), Err(MomentRefused::Unreadable), "{text}");
        }
        for text in [
            "1850-01-01T00:00:00Z",
            "3000-01-01T00:00:00Z",
            "99999-01-01T00:00:00Z",
            "+99999-01-01T00:00:00Z",
            "+099999-01-01T00:00:00Z",
        ] {
            assert_eq!(text.parse::<Moment>(), Err(MomentRefused::OutOfRange), "{text}");
        }
    }
}
