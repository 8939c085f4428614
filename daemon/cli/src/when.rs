//! `--since` and `--until`: a day, `today`, `yesterday`, `7d`, or a time with its offset.

use ingle_api::{Failure, FailureKind};
use ingle_model::Moment;
use jiff::{ToSpan, ZonedDateTime, civil::Date};

/// Which end of the span. A day begins it with its first moment, and ends it with its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Since,
    Until,
}

/// Milliseconds since 1970 UTC, days in the zone of `now`.
pub fn bound(text: &str, end: End, now: &ZonedDateTime) -> Result<i64, Failure> {
    let text = text.trim();
    let today = now.date();
    let day = match text {
        "today" => Some(today),
        "yesterday" => today.yesterday().ok(),
        _ => match text.strip_suffix('d') {
            Some(days) => days.parse::<u32>().ok().and_then(|days| today.checked_sub(i64::from(days).days()).ok()),
            None => is_plain_date(text).then(|| text.parse::<Date>().ok()).flatten(),
        },
    };
    let moment = match day {
        Some(day) => edge(day, end, now),
        None => text.parse::<Moment>().ok().map(|moment| moment.millis()),
    };
    moment.ok_or_else(|| {
        Failure::new(
            FailureKind::Usage,
            match end {
                End::Since => "what --since says is not a time",
                End::Until => "what --until says is not a time",
            },
            "write 2026-11-25, today, yesterday, 7d, or 2026-11-25T19:40:00+01:00",
        )
    })
}

fn edge(day: Date, end: End, now: &ZonedDateTime) -> Option<i64> {
    let day = if end == End::Until { day.tomorrow().ok()? } else { day };
    Some(day.to_zoned_datetime(now.time_zone().clone()).ok()?.timestamp().as_millisecond())
}

/// A date reads the front of a longer text too; a time of day is not to be dropped in silence.
fn is_plain_date(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_become_bounds() {
        let now: ZonedDateTime = "2026-11-25T19:40:00+01:00[Europe/Berlin]".parse().expect("a time");
        let check = |text: &str, end: End, told: &str| {
            let told: Moment = told.parse().expect("a time");
            assert_eq!(bound(text, end, &now), Ok(told.millis()), "{text}");
        };
        check("2026-11-20", End::Since, "2026-11-20T00:00:00+01:00");
        check("2026-11-20", End::Until, "2026-11-21T00:00:00+01:00");
        check("today", End::Since, "2026-11-25T00:00:00+01:00");
        check(" yesterday ", End::Until, "2026-11-25T00:00:00+01:00");
        check("7d", End::Since, "2026-11-18T00:00:00+01:00");
        check("0d", End::Until, "2026-11-26T00:00:00+01:00");
        check("2026-11-25T12:00:00Z", End::Until, "2026-11-25T12:00:00Z");
        check("2026-11-25T12:00:00+01:00[Europe/Berlin]", End::Since, "2026-11-25T11:00:00Z");
        // The day on which the clocks go back is 25 hours long.
        check("2026-10-25", End::Until, "2026-10-26T00:00:00+01:00");
    }

    #[test]
    fn anything_else_is_refused_and_not_repeated() {
        let now: ZonedDateTime = "2026-11-25T19:40:00+01:00[Europe/Berlin]".parse().expect("a time");
        for text in ["", "canary", "2026-13-01", "2026-11-25T12:00:00", "-3d", "99999999999d", "d", "+99999-01-01"] {
            let failure = bound(text, End::Since, &now).expect_err(text);
            assert_eq!(failure.message, "what --since says is not a time");
        }
    }
}
