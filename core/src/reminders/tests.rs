use ingle_model::TimeOfDay;
use jiff::SignedDuration;

use super::*;

const BERLIN: &str = "Europe/Berlin";
const HERE: Presence = Presence::Here { since: Timestamp::UNIX_EPOCH };

/// `2026-05-01 20:30` or with seconds, on the clock of a zone; of a time that comes twice the first.
fn at(told: &str, zone: &str) -> Moment {
    let told: civil::DateTime = told.parse().expect("a date and time");
    let zone = jiff::tz::TimeZone::get(zone).expect("a zone");
    Moment::new(zone.to_timestamp(told).expect("in range"), zone).expect("in range")
}

fn later_by(moment: &Moment, seconds: i64) -> Moment {
    let instant = moment.instant() + SignedDuration::from_secs(seconds);
    Moment::new(instant, moment.zoned().time_zone().clone()).expect("in range")
}

fn time(text: &str) -> TimeOfDay {
    text.parse().expect("a time of day")
}

fn id(number: u8) -> RuleId {
    RuleId::from_bytes([number; 16])
}

/// With rules of ids 1, 2, .. that were accepted at the beginning of 2026.
fn reminders(rules: &[(RuleKind, &str)], quiet: &str) -> Reminders {
    let since_ms = at("2026-01-01 00:00", "UTC").millis();
    let rule = |(index, (kind, at)): (usize, &(RuleKind, &str))| {
        let id = id(u8::try_from(index + 1).expect("few rules"));
        (id, Rule { id, kind: *kind, time: time(at), since_ms })
    };
    let quiet = if quiet.is_empty() { Vec::new() } else { vec![quiet.parse().expect("quiet hours")] };
    Reminders { rules: rules.iter().enumerate().map(rule).collect(), quiet, ..Reminders::default() }
}

fn daily(at: &str) -> Reminders {
    reminders(&[(RuleKind::Daily, at)], "22:00-08:00")
}

fn slot(rule: u8, date: &str) -> Slot {
    Slot { rule: id(rule), date: date.parse().expect("a date") }
}

/// What is due, and whether it was shown.
fn due(reminders: &Reminders, told: &str, zone: &str) -> Option<(Slot, bool)> {
    let due = reminders.decide(&at(told, zone), HERE).due?;
    Some((due.slot, due.is_shown))
}

fn is_due(reminders: &Reminders, told: &str) -> bool {
    due(reminders, told, BERLIN).is_some()
}

fn handle(reminders: &mut Reminders, slot: Slot, how: Handling, told: &str) -> Option<Handling> {
    reminders.handle(slot, how, &at(told, BERLIN)).expect("a slot of a rule").before
}

#[test]
fn nothing_reminds_until_a_rule_is_accepted() {
    let none = Reminders::default();
    for told in ["2026-05-01 00:00", "2026-05-01 20:30"] {
        assert_eq!(none.decide(&at(told, BERLIN), HERE), Decision { due: None, paused: None, next: None });
    }
    let mut rule = daily("20:30");
    rule.rules.values_mut().for_each(|rule| rule.since_ms = at("2026-05-01 20:30:01", BERLIN).millis());
    assert!(!is_due(&rule, "2026-05-01 20:45"), "its time had passed when it was accepted");
    assert!(is_due(&rule, "2026-05-02 20:30"));
}

#[test]
fn a_daily_one_is_due_from_its_time_until_quiet_hours_or_midnight() {
    let quiet = daily("20:30");
    for (told, expected) in [
        ("2026-05-01 20:29:59", false),
        ("2026-05-01 20:30", true),
        ("2026-05-01 21:59:59", true),
        ("2026-05-01 22:00", false),
        ("2026-05-02 00:00", false),
        ("2026-05-02 08:00", false),
        ("2026-05-02 20:30", true),
    ] {
        assert_eq!(is_due(&quiet, told), expected, "{told}");
    }
    let awake = reminders(&[(RuleKind::Daily, "20:30")], "");
    assert!(is_due(&awake, "2026-05-01 23:59:59"));
    assert!(!is_due(&awake, "2026-05-02 00:00"));
    let midday = reminders(&[(RuleKind::Daily, "11:30")], "12:00-14:00");
    assert!(is_due(&midday, "2026-05-01 11:59:59"));
    assert!(!is_due(&midday, "2026-05-01 14:00"), "once it was quiet the slot is over");
}

#[test]
fn a_time_inside_of_quiet_hours_is_refused_from_both_sides_and_never_reminds() {
    let rules = daily("20:30");
    let draft = |time_of_day: &str| RuleDraft { kind: RuleKind::Daily, time: time(time_of_day) };
    assert_eq!(rules.check(&draft("22:00")), Err(ReminderRefused::InsideQuiet));
    assert_eq!(rules.check(&draft("08:00")), Ok(()));
    assert_eq!(rules.check_quiet("20:00-21:00".parse().unwrap()), Err(ReminderRefused::InsideQuiet));
    assert_eq!(rules.check_quiet("20:31-08:00".parse().unwrap()), Ok(()));
    // Said on two devices apart.
    let both = reminders(&[(RuleKind::Daily, "23:00")], "22:00-08:00");
    for told in ["2026-05-01 23:00", "2026-05-01 23:30", "2026-05-02 08:00"] {
        assert!(!is_due(&both, told), "{told}");
    }
    let many = vec![(RuleKind::Daily, "20:30"); RuleDraft::MAX_RULES];
    assert_eq!(reminders(&many, "").check(&draft("9:00")), Err(ReminderRefused::TooMany));
}

#[test]
fn a_pause_silences_and_what_it_held_comes_after_it_once() {
    let mut rules = reminders(&[(RuleKind::Daily, "20:00"), (RuleKind::Daily, "20:30")], "22:00-08:00");
    rules.set_pause(Pause::Hour, &at("2026-05-01 19:50", BERLIN));
    let now = at("2026-05-01 20:35", BERLIN);
    let end = at("2026-05-01 20:50", BERLIN).instant();
    let decision = rules.decide(&now, HERE);
    assert_eq!(decision, Decision { due: None, paused: Some(Paused::Until(end)), next: Some(end) });
    assert_eq!(due(&rules, "2026-05-01 20:50", BERLIN), Some((slot(2, "2026-05-01"), false)), "the newest");
    rules.show(slot(2, "2026-05-01"), &at("2026-05-01 20:50", BERLIN));
    let all_shown = |told: &str| due(&rules, told, BERLIN).is_some_and(|(_, is_shown)| is_shown);
    assert!(all_shown("2026-05-01 20:51"));
    rules.set_pause(Pause::UntilResumed, &at("2026-05-01 21:00", BERLIN));
    assert_eq!(rules.decide(&at("2026-05-09 20:40", BERLIN), HERE).next, None);
    assert_eq!(rules.views(&now)[0].next, None);
    rules.set_pause(Pause::Over, &at("2026-05-09 20:40", BERLIN));
    assert!(is_due(&rules, "2026-05-09 20:40"));
}

#[test]
fn a_pause_until_tomorrow_ends_in_the_next_morning() {
    let check = |quiet: &str, told: &str, until: &str| {
        let rules = reminders(&[], quiet);
        let until = Some(Paused::Until(at(until, BERLIN).instant()));
        assert_eq!(rules.pause_of(Pause::Tomorrow, &at(told, BERLIN)), until, "{quiet} {told}");
    };
    check("22:00-07:30", "2026-05-01 21:00", "2026-05-02 07:30");
    check("22:00-07:30", "2026-05-02 02:00", "2026-05-02 07:30");
    check("22:00-07:30", "2026-05-01 07:00", "2026-05-02 07:30");
    check("", "2026-05-01 21:00", "2026-05-02 08:00");
    check("12:00-14:00", "2026-05-01 09:00", "2026-05-02 08:00");
    check("22:00-01:00", "2026-05-02 02:00", "2026-05-03 01:00");
    check("22:00-02:30", "2026-03-28 21:00", "2026-03-29 03:30");
}

#[test]
fn later_is_an_hour_and_then_shown_anew() {
    let mut rules = daily("20:30");
    let today = slot(1, "2026-05-01");
    rules.show(today, &at("2026-05-01 20:30", BERLIN));
    assert_eq!(due(&rules, "2026-05-01 20:40", BERLIN), Some((today, true)));
    assert_eq!(handle(&mut rules, today, Handling::Later, "2026-05-01 20:40"), None);
    assert!(!is_due(&rules, "2026-05-01 21:39:59"));
    assert_eq!(due(&rules, "2026-05-01 21:40", BERLIN), Some((today, false)));
    assert_eq!(handle(&mut rules, today, Handling::Later, "2026-05-01 21:10"), Some(Handling::Later), "put off");
    rules.show(today, &at("2026-05-01 21:40", BERLIN));
    assert_eq!(due(&rules, "2026-05-01 21:41", BERLIN), Some((today, true)));
}

#[test]
fn later_into_quiet_hours_or_over_midnight_is_tomorrow() {
    for (quiet, told) in [("22:00-08:00", "2026-05-01 21:00"), ("", "2026-05-01 23:00")] {
        let mut rules = reminders(&[(RuleKind::Daily, "20:30")], quiet);
        handle(&mut rules, slot(1, "2026-05-01"), Handling::Later, told);
        for still in
            ["2026-05-01 22:00", "2026-05-01 23:59", "2026-05-02 00:00", "2026-05-02 00:30", "2026-05-02 08:00"]
        {
            assert!(!is_due(&rules, still), "{told} {still}");
        }
        assert_eq!(due(&rules, "2026-05-02 20:30", BERLIN), Some((slot(1, "2026-05-02"), false)));
    }
}

#[test]
fn what_was_handled_is_over_for_that_day_and_more_holds_over_less() {
    use Handling::{Done, Later, NotToday};
    for how in [Done, NotToday] {
        let mut rules = daily("20:30");
        handle(&mut rules, slot(1, "2026-05-01"), how, "2026-05-01 20:31");
        assert!(!is_due(&rules, "2026-05-01 21:50"), "{how:?}");
        assert!(is_due(&rules, "2026-05-02 20:30"), "{how:?}");
    }
    let check = |first: Handling, second: Handling, before: Option<Handling>, stands: Handling| {
        let mut rules = daily("20:30");
        let today = slot(1, "2026-05-01");
        handle(&mut rules, today, first, "2026-05-01 20:31");
        assert_eq!(handle(&mut rules, today, second, "2026-05-01 20:32"), before, "{first:?} {second:?}");
        assert_eq!(rules.standing(today).map(Standing::handling), Some(stands), "{first:?} {second:?}");
    };
    check(Done, Done, Some(Done), Done);
    check(Done, NotToday, Some(Done), Done);
    check(Done, Later, Some(Done), Done);
    check(NotToday, Later, Some(NotToday), NotToday);
    check(NotToday, Done, None, Done);
    check(Later, NotToday, None, NotToday);
    check(Later, Done, None, Done);
    let hour = |minute: i64| Standing::Later { until: Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute) };
    assert!(hour(1) < hour(2) && hour(2) < Standing::NotToday && Standing::NotToday < Standing::Done);
    for standing in [hour(3), Standing::NotToday, Standing::Done] {
        assert_eq!(Standing::from_text(&standing.to_text()), Some(standing));
    }
}

#[test]
fn a_slot_of_no_rule_or_of_a_day_that_is_nowhere_yet_is_none() {
    let mut rules = daily("20:30");
    let now = at("2026-05-01 20:31", BERLIN);
    assert_eq!(rules.handle(slot(9, "2026-05-01"), Handling::Done, &now), Err(NoReminder));
    assert_eq!(rules.handle(slot(1, "2026-05-03"), Handling::Done, &now), Err(NoReminder));
    assert!(rules.handle(slot(1, "2026-05-02"), Handling::Done, &now).is_ok());
}

#[test]
fn of_several_that_wait_one_is_due_and_the_others_count_as_shown() {
    let mut rules = reminders(
        &[(RuleKind::Daily, "09:00"), (RuleKind::LettersWeek, "10:00"), (RuleKind::Daily, "11:00")],
        "22:00-08:00",
    );
    let day = "2026-05-01";
    let due_now = |rules: &Reminders, told: &str| due(rules, told, BERLIN).expect("something waits");
    assert_eq!(due_now(&rules, "2026-05-01 12:00"), (slot(2, day), false), "letters first");
    rules.show(slot(2, day), &at("2026-05-01 12:00", BERLIN));
    assert_eq!(due_now(&rules, "2026-05-01 12:01"), (slot(2, day), true));
    handle(&mut rules, slot(2, day), Handling::Done, "2026-05-01 12:02");
    assert_eq!(due_now(&rules, "2026-05-01 12:03"), (slot(3, day), true), "then the newest");

    // Handled before it was shown: the others don't come in its place.
    let mut rules = reminders(&[(RuleKind::Daily, "09:00"), (RuleKind::Daily, "09:00")], "");
    let (first, _) = due_now(&rules, "2026-05-01 09:00");
    handle(&mut rules, first, Handling::NotToday, "2026-05-01 09:01");
    assert!(due_now(&rules, "2026-05-01 09:02").1);
}

#[test]
fn what_comes_due_after_another_was_shown_takes_its_place() {
    let mut rules = reminders(&[(RuleKind::LettersWeek, "10:00"), (RuleKind::Daily, "11:00")], "");
    rules.show(slot(1, "2026-05-01"), &at("2026-05-01 10:00", BERLIN));
    assert_eq!(due(&rules, "2026-05-01 10:59", BERLIN), Some((slot(1, "2026-05-01"), true)));
    assert_eq!(due(&rules, "2026-05-01 11:00", BERLIN), Some((slot(2, "2026-05-01"), false)));
    // And keeps it, or it would be withdrawn as soon as it is there.
    rules.show(slot(2, "2026-05-01"), &at("2026-05-01 11:00", BERLIN));
    assert_eq!(due(&rules, "2026-05-01 11:01", BERLIN), Some((slot(2, "2026-05-01"), true)));
}

#[test]
fn nothing_new_is_shown_to_nobody_nor_in_the_first_half_minute_after_a_return() {
    let mut rules = daily("20:30");
    let now = at("2026-05-01 20:45", BERLIN);
    assert_eq!(rules.decide(&now, Presence::Away).due, None);
    let back = Presence::Here { since: now.instant() };
    assert_eq!(rules.decide(&now, back).due, None);
    assert_eq!(rules.decide(&now, back).next, Some(later_by(&now, 30).instant()));
    assert_eq!(rules.decide(&later_by(&now, 29), back).due, None);
    assert!(rules.decide(&later_by(&now, 30), back).due.is_some());
    let ahead = Presence::Here { since: later_by(&now, 3600).instant() };
    assert!(rules.decide(&now, ahead).due.is_some(), "the clock was set back since");
    // What is before their eyes stays there.
    rules.show(slot(1, "2026-05-01"), &now);
    for presence in [Presence::Away, back] {
        assert!(rules.decide(&now, presence).due.is_some_and(|due| due.is_shown));
    }
}

#[test]
fn ten_days_away_bring_one_reminder_of_today() {
    let mut rules = reminders(&[(RuleKind::Daily, "09:00"), (RuleKind::LettersWeek, "20:30")], "22:00-08:00");
    let back = at("2026-05-11 21:00", BERLIN);
    let here = Presence::Here { since: back.instant() };
    let now = later_by(&back, 30);
    let due = rules.decide(&now, here).due.expect("one");
    assert_eq!((due.slot, due.letter), (slot(2, "2026-05-11"), Some(1)));
    rules.show(due.slot, &now);
    let mut shown = 1;
    for second in (30..3600).step_by(30) {
        let decision = rules.decide(&later_by(&back, second), here);
        shown += usize::from(decision.due.is_some_and(|due| !due.is_shown));
    }
    assert_eq!(shown, 1);
}

#[test]
fn a_week_of_letters_slides_over_missed_days_and_ends_by_itself() {
    let mut rules = reminders(&[(RuleKind::LettersWeek, "20:30")], "22:00-08:00");
    let mut letters = 0;
    for day in 1..=20 {
        let told = format!("2026-05-{day:02} 20:30");
        let due = rules.decide(&at(&told, BERLIN), HERE).due;
        if letters == 7 {
            assert_eq!(due, None, "{told}");
            continue;
        }
        let due = due.expect("until there are seven");
        assert_eq!(due.letter, Some(letters + 1), "{told}");
        // Every second day is missed, the fourth declined.
        match day % 4 {
            0 => drop(handle(&mut rules, due.slot, Handling::NotToday, &told)),
            2 => {}
            _ => {
                handle(&mut rules, due.slot, Handling::Done, &told);
                letters += 1;
            }
        }
    }
    assert_eq!(letters, 7);
    let view = &rules.views(&at("2026-05-20 12:00", BERLIN))[0];
    assert_eq!((view.letters, &view.next), (Some(7), &None));
    assert!(!rules.is_on());
    assert_eq!(rules.decide(&at("2026-05-20 12:00", BERLIN), HERE).next, None, "nothing to wake up for");
}

#[test]
fn entries_answer_the_slots_that_they_are_about() {
    let mut rules = reminders(&[(RuleKind::Daily, "20:30"), (RuleKind::LettersWeek, "20:30")], "");
    let (early, now) = (at("2026-05-01 20:29", BERLIN), at("2026-05-01 20:40", BERLIN));
    assert_eq!(rules.answered_by_check_in(&early), [], "it was not its time yet");
    assert_eq!(rules.answered_by_check_in(&now), [slot(1, "2026-05-01")]);
    let date: civil::Date = "2026-05-01".parse().unwrap();
    assert_eq!(rules.answered_by_letter(date, &early), [slot(2, "2026-05-01")], "whatever the time");
    handle(&mut rules, slot(1, "2026-05-01"), Handling::Later, "2026-05-01 20:40");
    assert_eq!(rules.answered_by_check_in(&now), [slot(1, "2026-05-01")], "put off and done all the same");
    handle(&mut rules, slot(1, "2026-05-01"), Handling::Done, "2026-05-01 20:40");
    handle(&mut rules, slot(2, "2026-05-01"), Handling::Done, "2026-05-01 20:40");
    assert!(rules.answered_by_check_in(&now).is_empty() && rules.answered_by_letter(date, &now).is_empty());
    assert_eq!(rules.answered_by_letter("2025-12-30".parse().unwrap(), &now), [], "before it was accepted");
}

#[test]
fn a_skipped_time_comes_as_much_later_and_one_that_comes_twice_is_its_first() {
    // 2026-03-29 02:00 becomes 03:00; 2026-10-25 03:00 becomes 02:00.
    let rules = reminders(&[(RuleKind::Daily, "02:30")], "");
    assert!(!is_due(&rules, "2026-03-29 01:59:59"));
    assert!(!is_due(&rules, "2026-03-29 03:29:59"));
    assert!(is_due(&rules, "2026-03-29 03:30"));
    assert_eq!(due(&rules, "2026-03-30 02:30", BERLIN), Some((slot(1, "2026-03-30"), false)), "no drift");
    let mut rules = reminders(&[(RuleKind::Daily, "02:30")], "");
    let first = at("2026-10-25 02:30", BERLIN);
    let second = later_by(&first, 3600);
    assert_eq!(rules.decide(&later_by(&first, -1), HERE).due, None);
    rules.show(slot(1, "2026-10-25"), &first);
    let again = rules.decide(&second, HERE).due.expect("it waits");
    assert_eq!((again.slot, again.is_shown), (slot(1, "2026-10-25"), true));
    // The time after the gap can be quiet.
    let rules = reminders(&[(RuleKind::Daily, "02:30")], "03:00-05:00");
    for minute in 0..=59 {
        assert!(!is_due(&rules, &format!("2026-03-29 03:{minute:02}")), "{minute}");
    }
    assert!(is_due(&rules, "2026-03-30 02:30"));
}

#[test]
fn quiet_hours_that_come_twice_are_quiet_twice() {
    let rules = reminders(&[(RuleKind::Daily, "02:30")], "22:00-02:30");
    let first = at("2026-10-25 02:30", BERLIN);
    assert!(rules.decide(&first, HERE).due.is_some());
    let twice = at("2026-10-25 02:59:59", BERLIN);
    assert_eq!(rules.decide(&twice, HERE).next, Some(later_by(&twice, 1).instant()), "the change of the clock");
    let again = later_by(&twice, 1);
    let decision = rules.decide(&again, HERE);
    assert_eq!((decision.due, decision.next), (None, Some(later_by(&again, 1800).instant())));
    assert!(rules.decide(&later_by(&again, 1800), HERE).due.is_some());
}

#[test]
fn a_clock_set_back_and_another_zone_bring_no_slot_twice() {
    let mut rules = daily("20:30");
    rules.show(slot(1, "2026-05-01"), &at("2026-05-01 20:30", BERLIN));
    assert_eq!(due(&rules, "2026-05-01 20:30", BERLIN), Some((slot(1, "2026-05-01"), true)));
    rules.show(slot(1, "2026-05-02"), &at("2026-05-02 20:30", BERLIN));
    assert_eq!(due(&rules, "2026-05-01 20:30", BERLIN), Some((slot(1, "2026-05-01"), true)), "a day back");
    assert_eq!(due(&rules, "2026-05-01 20:30", "America/New_York"), Some((slot(1, "2026-05-01"), true)));
    assert_eq!(due(&rules, "2026-05-02 20:30", "Pacific/Kiritimati"), Some((slot(1, "2026-05-02"), true)));
    handle(&mut rules, slot(1, "2026-05-01"), Handling::Done, "2026-05-01 20:31");
    assert_eq!(due(&rules, "2026-05-01 20:35", "Pacific/Honolulu"), None);
    // A clock that was wrong for a while doesn't cost the marks.
    rules.show(slot(1, "2028-02-29"), &at("2028-02-29 20:30", BERLIN));
    assert_eq!(due(&rules, "2026-05-02 20:30", BERLIN), Some((slot(1, "2026-05-02"), true)));
}

#[test]
fn a_leap_day_has_its_slot_and_a_day_that_a_zone_skips_has_none() {
    let rules = daily("20:30");
    assert_eq!(due(&rules, "2028-02-29 20:30", BERLIN), Some((slot(1, "2028-02-29"), false)));
    assert_eq!(due(&rules, "2028-03-01 20:30", BERLIN), Some((slot(1, "2028-03-01"), false)));
    // Samoa went from the 29th to the 31st.
    let mut old = daily("20:30");
    old.rules.values_mut().for_each(|rule| rule.since_ms = at("2011-12-01 00:00", "UTC").millis());
    let end = at("2011-12-29 22:00", "Pacific/Apia");
    let next = old.decide(&end, HERE).next.expect("there is a rule");
    assert!(next <= at("2011-12-31 20:30", "Pacific/Apia").instant());
    assert_eq!(due(&old, "2011-12-31 20:30", "Pacific/Apia"), Some((slot(1, "2011-12-31"), false)));
}

#[test]
fn to_ask_again_when_told_misses_nothing() {
    let rules = reminders(&[(RuleKind::Daily, "09:00"), (RuleKind::LettersWeek, "20:30")], "22:00-08:00");
    let asked = |now: &Moment| rules.decide(now, HERE);
    for first in ["2026-03-28 00:00", "2026-10-24 00:00", "2028-02-28 00:00", "2026-12-31 00:00"] {
        let (mut now, mut known) = (at(first, BERLIN), asked(&at(first, BERLIN)));
        for _ in 0..3 * 24 * 60 {
            now = later_by(&now, 60);
            let is_told = known.next.is_some_and(|next| next <= now.instant());
            let fresh = asked(&now);
            assert!(is_told || fresh.due == known.due, "{now}");
            known = if is_told { fresh } else { known };
        }
    }
    let mut ahead = daily("20:30");
    ahead.rules.values_mut().for_each(|rule| rule.since_ms = at("2030-01-01 00:00", "UTC").millis());
    assert!(ahead.decide(&at("2026-05-01 20:30", BERLIN), HERE).next.is_some(), "a clock that was set back by years");
}

#[test]
fn a_view_tells_when_a_rule_reminds_next() {
    let mut rules = daily("20:30");
    let next = |rules: &Reminders, told: &str| rules.views(&at(told, BERLIN))[0].next.clone();
    assert_eq!(next(&rules, "2026-05-01 12:00"), Some(at("2026-05-01 20:30", BERLIN)));
    assert_eq!(next(&rules, "2026-05-01 20:40"), Some(at("2026-05-01 20:40", BERLIN)), "it is due");
    rules.show(slot(1, "2026-05-01"), &at("2026-05-01 20:40", BERLIN));
    assert_eq!(next(&rules, "2026-05-01 20:41"), Some(at("2026-05-02 20:30", BERLIN)));
    rules.set_pause(Pause::Tomorrow, &at("2026-05-02 12:00", BERLIN));
    assert_eq!(next(&rules, "2026-05-02 12:00"), Some(at("2026-05-03 20:30", BERLIN)));
    assert_eq!(rules.views(&at("2026-05-02 12:00", BERLIN))[0].letters, None);
}

#[test]
fn marks_keep_the_newest() {
    let mut shown = Shown::default();
    let day = |number: i32| {
        let first: civil::Date = "2026-01-01".parse().unwrap();
        Slot { rule: id(1), date: first.checked_add(number.days()).unwrap() }
    };
    for number in 0..600 {
        shown.mark(day(number), 0);
        shown.mark(day(number), 0);
    }
    assert!(shown.holds(day(599), 0) && shown.holds(day(600 - 512), 0) && !shown.holds(day(0), 0));
    assert!(!shown.holds(day(599), 1), "another time of showing");
    let kept: Shown = serde_json::from_str(&serde_json::to_string(&shown).unwrap()).unwrap();
    assert_eq!(kept, shown);
}
