//! Rules and ledger on two devices.

use ingle_model::{Handling, QuietHours, ReminderRefused, RuleDraft, RuleId, RuleKind, Slot};

use super::*;
use crate::reminders::{Handled, Standing};

impl World {
    fn remind(&mut self, device: usize, remind: Remind) -> Result<Done, WriteError> {
        self.write(device, Write::Remind(remind))
    }

    fn add(&mut self, device: usize, kind: RuleKind, time: &str) -> RuleId {
        let draft = RuleDraft { kind, time: time.parse().unwrap() };
        let Ok(Done::Rule { rule }) = self.remind(device, Remind::Add(draft)) else { panic!("not accepted") };
        rule
    }

    fn at(&self, device: usize) -> Moment {
        moment(self.devices[device].now.get())
    }

    fn handle_slot(&mut self, device: usize, slot: Slot, how: Handling) -> Option<Handling> {
        let at = self.at(device);
        match self.remind(device, Remind::Handle { slot, how, at }) {
            Ok(Done::Handled(Handled { before, .. })) => before,
            _ => panic!("not handled"),
        }
    }

    fn standing(&mut self, device: usize, slot: Slot) -> Option<Standing> {
        let at = self.at(device);
        self.devices[device].engine.reminders(&at).unwrap().standing(slot)
    }

    fn today(&self, rule: RuleId) -> Slot {
        Slot { rule, date: self.at(0).zoned().date() }
    }
}

#[test]
fn of_what_two_devices_did_apart_done_holds_then_not_today_then_the_latest_later() {
    use Handling::{Done, Later, NotToday};
    for (first, second, holds) in
        [(Done, NotToday, Done), (Later, Done, Done), (NotToday, Later, NotToday), (Later, Later, Later)]
    {
        let mut world = World::paired();
        let rule = world.add(0, RuleKind::Daily, "20:30");
        world.link();
        world.cut();
        let slot = world.today(rule);
        world.handle_slot(0, slot, first);
        world.handle_slot(1, slot, second);
        let latest = world.standing(1, slot);
        world.link();
        let (here, there) = (world.standing(0, slot), world.standing(1, slot));
        assert_eq!(here, there, "{first:?} {second:?}");
        assert_eq!(here.map(Standing::handling), Some(holds), "{first:?} {second:?}");
        if (first, second) == (Later, Later) {
            assert_eq!(here, latest, "the second came later");
        }
        assert_eq!(world.handle_slot(0, slot, Later), Some(holds), "known by both");
        world.assert_same();
    }
}

#[test]
fn rules_go_to_the_other_device_and_are_removed_there() {
    let mut world = World::paired();
    world.link();
    let rule = world.add(0, RuleKind::Daily, "20:30");
    assert_eq!(world.add(0, RuleKind::Daily, "20:30"), rule, "the same again");
    world.run();
    assert!(world.devices[1].events.contains(&Event::RemindersChanged));
    let at = world.at(1);
    assert!(world.devices[1].engine.reminders(&at).unwrap().has(rule));
    let quiet: QuietHours = "20:00-21:00".parse().unwrap();
    let refused = world.remind(1, Remind::Quiet(Some(quiet)));
    assert_eq!(refused.unwrap_err(), WriteError::Reminder(ReminderRefused::InsideQuiet));
    world.remind(1, Remind::Remove(rule)).unwrap();
    world.run();
    assert!(!world.devices[0].engine.reminders(&at).unwrap().is_on());
    assert_eq!(world.remind(0, Remind::Remove(rule)).unwrap_err(), WriteError::NoReminder);
    world.remind(0, Remind::Quiet(Some(quiet))).unwrap();
    world.run();
    world.assert_same();
}

#[test]
fn an_entry_answers_its_slot_and_an_undo_leaves_reminders_alone() {
    let mut world = World::paired();
    let (daily, week) = (world.add(0, RuleKind::Daily, "23:00"), world.add(0, RuleKind::LettersWeek, "23:00"));
    world.check_in(0, "rain");
    assert_eq!(world.standing(0, world.today(daily)), None, "before its time");
    // To 23:30 in Berlin.
    let day_ms = 24 * 3600 * 1000;
    let local = world.at(0).zoned();
    let midnight = world.at(0).millis() - i64::from(local.hour()) * 3_600_000 - i64::from(local.minute()) * 60_000;
    let evening = midnight + day_ms - 1_800_000 - midnight.rem_euclid(60_000);
    world.devices[0].now.set(evening);
    world.check_in(0, "hail");
    assert_eq!(world.standing(0, world.today(daily)), Some(Standing::Done));
    assert_eq!(world.standing(0, world.today(week)), None);
    let slot = world.today(week);
    world.handle_slot(0, slot, Handling::NotToday);
    assert!(matches!(world.write(0, Write::Undo), Ok(Done::Undone { what: Change::Deleted, .. })));
    assert_eq!(world.standing(0, world.today(daily)), Some(Standing::Done));
    assert_eq!(world.standing(0, slot), Some(Standing::NotToday));
}

#[test]
fn what_was_shown_is_known_after_a_restart_and_on_this_device_alone() {
    let mut world = World::paired();
    let rule = world.add(0, RuleKind::Daily, "00:00");
    world.link();
    // The next day at noon.
    world.devices[0].now.set(world.at(0).millis() + 24 * 3600 * 1000);
    let here = crate::reminders::Presence::Here { since: jiff::Timestamp::UNIX_EPOCH };
    let (slot, at) = (world.today(rule), world.at(0));
    world.remind(0, Remind::Shown { slot, at: at.clone() }).unwrap();
    world.run();
    let wrap = world.wrap.clone();
    world.devices[0].restart(&wrap);
    let is_shown = |device: &mut Device| device.engine.reminders(&at).unwrap().decide(&at, here).due.unwrap().is_shown;
    let [laptop, desktop] = &mut world.devices;
    assert!(is_shown(laptop));
    assert!(!is_shown(desktop));
    let readable = laptop.engine.store.rows.values().any(|row| row.windows(5).any(|part| part == b"\"rule"));
    assert!(!readable, "marks are sealed");
}
