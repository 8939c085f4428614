//! Draws what happens in a person's months.

use ingle_core::reminders::Presence;
use ingle_model::{Handling, Pause, RuleId, RuleKind};
use jiff::SignedDuration;

use super::{Broken, Dice, Months};

/// Zones with changes of the clock in both halves of the year, at midnight, by half an hour, and none.
const ZONES: [&str; 8] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Havana",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Pacific/Apia",
    "America/St_Johns",
];
/// Days around which clocks change, a year begins, and a leap year has one day more.
const BEGINS: [&str; 6] = [
    "2026-03-01 12:00",
    "2026-10-12 12:00",
    "2028-02-20 12:00",
    "2026-12-20 12:00",
    "2026-04-12 12:00",
    "2027-06-01 12:00",
];
const QUIET: [&str; 4] = ["22:00-08:00", "23:30-02:30", "00:00-07:00", "12:00-14:00"];
const TIMES: [&str; 10] = ["20:30", "20:30", "09:00", "02:30", "02:15", "00:00", "23:45", "13:30", "18:00", "00:30"];
const DAYS: i64 = 36;

/// Lives through the months of a seed. Gives how often something was shown.
pub fn run(seed: u64) -> Result<usize, Broken> {
    let mut dice = Dice::new(seed, "reminding");
    let devices = 1 + dice.below(2);
    let (is_steady, zone) = (dice.is_one_in(2), *dice.pick(&ZONES).expect("some"));
    let mut months = Months::new(seed, devices, dice.pick(&BEGINS).expect("some"), zone, is_steady);
    if !dice.is_one_in(4) {
        months.set_quiet(0, dice.pick(&QUIET).expect("some"));
    }
    let mut rules = Vec::new();
    for _ in 0..1 + dice.below(3) {
        let kind = if dice.is_one_in(2) { RuleKind::Daily } else { RuleKind::LettersWeek };
        rules.extend(months.add(0, kind, dice.pick(&TIMES).expect("some")));
    }
    months.meet();
    let end = months.true_time + SignedDuration::from_hours(24 * DAYS);
    while months.true_time < end {
        let minutes = 1 + i64::try_from(dice.below(400)).expect("few");
        let seconds = i64::try_from(dice.below(60)).expect("few");
        pass(&mut months, SignedDuration::from_secs(60 * minutes + seconds))?;
        for _ in 0..=dice.below(2) {
            happen(&mut months, &mut dice, &rules, is_steady)?;
        }
    }
    Ok(months.shows())
}

/// Time goes by, and the devices that are awake wake up when they have asked for it.
pub fn pass(months: &mut Months, time: SignedDuration) -> Result<(), Broken> {
    let until = months.true_time + time;
    for _ in 0..1000 {
        let mut next = until;
        for place in 0..months.devices.len() {
            // A device that sleeps wakes up with its person.
            if let Some(at) = months.wake(place)?
                && months.devices[place].presence != Presence::Away
            {
                next = next.min(at);
            }
        }
        if months.true_time >= until {
            return Ok(());
        }
        if next <= months.true_time {
            return Err(months.broken("it asks to be woken up in the past"));
        }
        months.true_time = next;
    }
    Err(months.broken("it wakes up again and again"))
}

fn happen(months: &mut Months, dice: &mut Dice, rules: &[RuleId], is_steady: bool) -> Result<(), Broken> {
    let place = dice.below(months.devices.len());
    let is_away = months.devices[place].presence == Presence::Away;
    match dice.below(24) {
        0..6 => months.meet(),
        6..9 => months.set_away(place, !is_away),
        9 if dice.is_one_in(12) => {
            months.set_away(place, true);
            pass(months, SignedDuration::from_hours(240))?;
            months.set_away(place, false);
        }
        10..16 => {
            let now = months.now(place);
            let here = Presence::Here { since: jiff::Timestamp::UNIX_EPOCH };
            let due = months.reminders(place).decide(&now, here).due;
            let how = [Handling::Done, Handling::Later, Handling::NotToday][dice.below(3)];
            // Else it is swiped, and nothing is recorded.
            if let Some(due) = due.filter(|_| !dice.is_one_in(4)) {
                months.handle(place, due.slot, how);
            }
        }
        16 => months.check_in(place),
        17 if dice.is_one_in(3) => {
            let pauses = [Pause::Hour, Pause::Tomorrow, Pause::UntilResumed];
            months.pause(place, pauses[dice.below(3)]);
        }
        18 => months.pause(place, Pause::Over),
        19 => months.restart(place, dice.is_one_in(2)),
        20 if !is_steady => {
            let by = [-60, -3600, -2 * 24 * 3600, 3600, -90_000, 5, 24 * 3600][dice.below(7)];
            months.set_clock(place, SignedDuration::from_secs(by));
        }
        21 if !is_steady && dice.is_one_in(3) => months.travel(dice.pick(&ZONES).expect("some")),
        // Declined before its time, by hand.
        22 if dice.is_one_in(4) => {
            let date = months.now(place).zoned().date();
            if let Some(rule) = dice.pick(rules).copied() {
                months.handle(place, ingle_model::Slot { rule, date }, Handling::NotToday);
            }
        }
        _ => {}
    }
    for place in 0..months.devices.len() {
        months.wake(place)?;
    }
    Ok(())
}
