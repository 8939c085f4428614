//! Reminders as a person reads them. Nothing is counted down, and nothing says what was missed.

use ingle_api::request::{Due, Handled, Reminders, RuleView};
use ingle_model::{Handling, Paused, RuleKind};
use jiff::{Timestamp, tz::TimeZone};

use super::{minute, plain};

/// All of them, with what is due, paused and quiet.
pub fn all(reminders: &Reminders, zone: &TimeZone) -> String {
    let mut lines: Vec<String> = reminders.due.iter().map(|due| format!("Now: {}", self::due(due))).collect();
    lines.extend(reminders.rules.iter().map(rule));
    if reminders.rules.is_empty() {
        lines.push("No reminders. \"ingle remind add --daily 20:30\" makes one.".to_owned());
    }
    lines.extend(reminders.paused.map(|until| capital(&paused(until, zone))));
    lines.extend(reminders.quiet.map(|hours| format!("Quiet from {} to {}", hours.from, hours.until)));
    lines.join("\n")
}

/// A rule on one line, its id last.
pub fn rule(rule: &RuleView) -> String {
    let next = rule.next.as_deref().map(minute);
    let told = match (rule.kind, next) {
        (RuleKind::Daily, Some(next)) => format!("Every day at {}, next {next}", rule.time),
        (RuleKind::Daily, None) => format!("Every day at {}", rule.time),
        (RuleKind::LettersWeek, Some(next)) => {
            let letter = rule.letters.unwrap_or(0).saturating_add(1);
            format!("A week of letters at {}, letter {letter} on {next}", rule.time)
        }
        (RuleKind::LettersWeek, None) => format!("A week of letters at {}, done", rule.time),
    };
    format!("{told}  {}", rule.id)
}

pub fn due(due: &Due) -> String {
    match (due.kind, due.letter) {
        (RuleKind::Daily, _) => "a quiet minute, if it suits".to_owned(),
        (RuleKind::LettersWeek, Some(number)) => format!("letter {number}, if it suits"),
        (RuleKind::LettersWeek, None) => "a letter, if it suits".to_owned(),
    }
}

pub fn paused(paused: Paused, zone: &TimeZone) -> String {
    match paused {
        Paused::Until(at) => format!("paused until {}", local(at, zone)),
        Paused::UntilResumed => "paused until \"ingle remind resume\"".to_owned(),
    }
}

/// What became of what a person said about a reminder.
pub fn handled(how: Handling, handled: Handled) -> String {
    let told = match (handled.before, how) {
        (Some(Handling::Done), _) => "Already done, here or on your other device.",
        (Some(Handling::Later), _) => "Already put off, here or on your other device.",
        (Some(Handling::NotToday), _) => "Already left for today, here or on your other device.",
        (None, Handling::Done) => "Done. Your other devices leave you in peace with it too.",
        (None, Handling::Later) => "Later, then: in an hour, or tomorrow where that would be quiet.",
        (None, Handling::NotToday) => "Not today. That's fine.",
    };
    told.to_owned()
}

fn local(at: Timestamp, zone: &TimeZone) -> String {
    plain(&at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string())
}

fn capital(text: &str) -> String {
    crate::reach::capitalised(text)
}

#[cfg(test)]
mod tests {
    use ingle_model::{RuleId, Slot};

    use super::*;

    fn view(kind: RuleKind, next: Option<&str>, letters: Option<u32>) -> RuleView {
        let time = "20:30".parse().expect("a time");
        RuleView { id: RuleId::from_bytes([0; 16]), kind, time, next: next.map(Into::into), letters }
    }

    #[test]
    fn a_rule_is_one_line_and_counts_nothing_down() {
        let check = |view: RuleView, told: &str| assert_eq!(rule(&view), format!("{told}  aaaaaaaaaaaaaaaaaaaaaaaaaa"));
        let next = Some("2026-11-26T20:30:00+01:00[Europe/Berlin]");
        check(view(RuleKind::Daily, next, None), "Every day at 20:30, next 2026-11-26 20:30");
        check(view(RuleKind::LettersWeek, next, Some(2)), "A week of letters at 20:30, letter 3 on 2026-11-26 20:30");
        check(view(RuleKind::LettersWeek, None, Some(7)), "A week of letters at 20:30, done");
    }

    #[test]
    fn reminders_are_told_with_pause_and_quiet_hours_and_none_with_what_to_do() {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let none = "No reminders. \"ingle remind add --daily 20:30\" makes one.";
        assert_eq!(all(&Reminders::default(), &zone), none);
        let slot = Slot { rule: RuleId::from_bytes([0; 16]), date: "2026-11-25".parse().expect("a date") };
        let reminders = Reminders {
            rules: vec![view(RuleKind::LettersWeek, Some("2026-11-25T20:30:00+01:00[Europe/Berlin]"), Some(2))],
            quiet: Some("22:00-08:00".parse().expect("quiet hours")),
            paused: Some(Paused::Until("2026-11-25T20:00:00Z".parse().expect("a time"))),
            due: Some(Due { slot, kind: RuleKind::LettersWeek, letter: Some(3), is_shown: true }),
        };
        let told = "\
Now: letter 3, if it suits
A week of letters at 20:30, letter 3 on 2026-11-25 20:30  aaaaaaaaaaaaaaaaaaaaaaaaaa
Paused until 2026-11-25 21:00
Quiet from 22:00 to 08:00";
        assert_eq!(all(&reminders, &zone), told);
    }

    #[test]
    fn what_was_handled_elsewhere_is_told() {
        let slot = Slot { rule: RuleId::from_bytes([0; 16]), date: "2026-11-25".parse().expect("a date") };
        let check = |how, before, told: &str| assert_eq!(handled(how, Handled { slot, before }), told);
        check(Handling::NotToday, None, "Not today. That's fine.");
        check(Handling::Later, Some(Handling::Done), "Already done, here or on your other device.");
    }
}
