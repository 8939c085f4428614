//! The laws of reminders, in months that are drawn from seeds. `INGLE_SIM_SEED=7 cargo test -p ingle-tests --test reminders asked_for`
//! lives through one of them again.

use ingle_model::{Handling, RuleKind};
use ingle_tests::simulator::reminding::{Months, pass, run};
use jiff::SignedDuration;

const WORLDS: u64 = 40;

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

fn check_worlds(part: u64) {
    let mut shows = 0;
    for seed in (part..WORLDS).step_by(4) {
        shows += run(seed).unwrap_or_else(|broken| panic!("{broken}"));
    }
    // It can't hold by never reminding: of ten worlds with 36 days each.
    assert!(shows > 100, "{shows} in the months from seed {part} on");
}

#[test]
fn the_laws_of_reminders_hold_in_a_quarter_of_the_months() {
    check_worlds(0);
}

#[test]
fn the_laws_of_reminders_hold_in_the_second_quarter() {
    check_worlds(1);
}

#[test]
fn the_laws_of_reminders_hold_in_the_third_quarter() {
    check_worlds(2);
}

#[test]
fn the_laws_of_reminders_hold_in_the_last_quarter() {
    check_worlds(3);
}

#[test]
fn months_that_are_asked_for_are_lived_through_again() {
    let Ok(seed) = std::env::var("INGLE_SIM_SEED") else { return };
    run(seed.parse().expect("a number")).unwrap_or_else(|broken| panic!("{broken}"));
}

#[test]
fn a_daily_reminder_comes_once_on_each_day_of_a_year_with_a_leap_day_and_both_changes() {
    for time in ["02:30", "23:59"] {
        let mut months = Months::new(1, 1, "2027-12-31 12:00", "Europe/Berlin", true);
        months.add(0, RuleKind::Daily, time).expect("a rule");
        for _ in 0..366 {
            pass(&mut months, days(1)).unwrap_or_else(|broken| panic!("{broken}"));
        }
        assert_eq!(months.shows(), 366, "{time}");
    }
}

#[test]
fn ten_days_of_sleep_bring_one_reminder() {
    let mut months = Months::new(2, 1, "2026-05-01 12:00", "Europe/Berlin", true);
    for time in ["09:00", "13:30", "20:30"] {
        months.add(0, RuleKind::Daily, time).expect("a rule");
    }
    months.add(0, RuleKind::LettersWeek, "18:00").expect("a rule");
    months.set_away(0, true);
    pass(&mut months, days(10) + SignedDuration::from_hours(9)).unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!(months.shows(), 0);
    months.set_away(0, false);
    pass(&mut months, SignedDuration::from_secs(29)).unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!(months.shows(), 0);
    pass(&mut months, SignedDuration::from_hours(2)).unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!(months.shows(), 1);
}

#[test]
fn what_was_handled_on_one_device_comes_on_no_other_that_knows() {
    for how in [Handling::Done, Handling::NotToday, Handling::Later] {
        let mut months = Months::new(3, 2, "2026-05-01 20:00", "Europe/Berlin", true);
        months.set_quiet(0, "22:00-08:00");
        let rule = months.add(0, RuleKind::Daily, "20:30").expect("a rule");
        months.meet();
        months.set_away(1, true);
        pass(&mut months, SignedDuration::from_mins(40)).unwrap_or_else(|broken| panic!("{broken}"));
        let date = months.now(0).zoned().date();
        months.handle(0, ingle_model::Slot { rule, date }, how);
        months.meet();
        months.set_away(1, false);
        pass(&mut months, SignedDuration::from_mins(50)).unwrap_or_else(|broken| panic!("{broken}"));
        assert_eq!(months.shows(), 1, "{how:?}");
        pass(&mut months, SignedDuration::from_mins(20)).unwrap_or_else(|broken| panic!("{broken}"));
        // An hour later both remind again.
        assert_eq!(months.shows(), if how == Handling::Later { 3 } else { 1 }, "{how:?}");
    }
}

#[test]
fn devices_apart_may_both_remind_and_each_does_once() {
    let mut months = Months::new(4, 2, "2026-05-01 20:00", "Europe/Berlin", true);
    months.add(0, RuleKind::LettersWeek, "20:30").expect("a rule");
    months.meet();
    pass(&mut months, days(3)).unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!(months.shows(), 6);
}
