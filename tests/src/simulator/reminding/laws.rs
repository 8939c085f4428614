//! What must hold of reminders, told by a person with a calendar. Nothing of the engine's rules is used here.

use std::collections::{BTreeMap, BTreeSet};

use ingle_core::reminders::Presence;
use ingle_model::{Handling, Pause, QuietHours, RuleKind, Slot, TimeOfDay};
use jiff::{Timestamp, civil, tz::TimeZone};

use super::{Broken, Months, SETTLING_IN};

/// What was seen on a device, and what it would have to know.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    shown: BTreeMap<Slot, usize>,
    /// Done or not today, here or on a device that was met since.
    over: BTreeSet<Slot>,
    /// Perhaps over, or put off: nothing is sure about them.
    unsure: BTreeSet<Slot>,
    /// Until when it was put off, last.
    later: BTreeMap<Slot, Timestamp>,
    /// Of a pause that was begun here, while nobody else can have ended it.
    paused_until: Option<Timestamp>,
    /// When something was shown or handled last, on the device's clock.
    last: Option<Timestamp>,
    /// Since when somebody is there, and how much of what waited was shown since.
    back: Option<(Timestamp, usize)>,
}

impl Watched {
    pub fn handled(&mut self, slot: Slot, how: Handling, now: Timestamp) {
        self.last = Some(now);
        match how {
            Handling::Done | Handling::NotToday => drop(self.over.insert(slot)),
            Handling::Later => {
                self.unsure.insert(slot);
                self.later.insert(slot, now + jiff::SignedDuration::from_hours(1));
            }
        }
    }

    pub fn paused(&mut self, pause: Pause, now: Timestamp) {
        self.paused_until = match pause {
            Pause::Hour => Some(now + jiff::SignedDuration::from_hours(1)),
            Pause::UntilResumed => Some(Timestamp::MAX),
            Pause::Tomorrow | Pause::Over => None,
        };
    }

    pub fn perhaps_handled(&mut self, slot: Slot) {
        self.unsure.insert(slot);
    }

    pub fn comes_back(&mut self, since: Option<Timestamp>) {
        self.back = since.map(|since| (since, 0));
    }

    pub fn learn(&mut self, other: &Self) {
        self.over.extend(&other.over);
        self.unsure.extend(&other.unsure);
        self.paused_until = None;
    }
}

impl Months {
    /// Whether this slot may be shown now.
    pub(super) fn check_show(&mut self, place: usize, slot: Slot) -> Result<(), Broken> {
        let (now, zone) = (self.now(place).instant(), self.devices[place].zone.clone());
        let told = zone.to_datetime(now);
        let Some((_, time, since)) = self.rules.get(&slot.rule).copied() else {
            return Err(self.broken("a rule that nobody accepted reminds"));
        };
        if is_quiet(self.quiet, told.time()) {
            return Err(self.broken("it reminds in quiet hours"));
        }
        if self.quiet.is_some_and(|hours| hours.from > time && hours.from.time() <= told.time()) {
            return Err(self.broken("it reminds of a day that a quiet time has ended"));
        }
        if self.devices[place].watched.paused_until.is_some_and(|until| now < until) {
            return Err(self.broken("it reminds in a pause"));
        }
        let begin = begins(slot.date, time, &zone);
        if told.date() != slot.date || now < begin || begin < since {
            return Err(self.broken("it reminds of another day, before its time, or of what was before the rule"));
        }
        let device = &self.devices[place];
        match device.presence {
            Presence::Away => return Err(self.broken("it reminds nobody")),
            Presence::Here { since } if since <= now && now < since + SETTLING_IN => {
                return Err(self.broken("it reminds within half a minute of a return"));
            }
            Presence::Here { .. } => {}
        }
        if device.watched.over.contains(&slot) {
            return Err(self.broken("it reminds of what the device knows to be handled"));
        }
        if device.watched.later.get(&slot).is_some_and(|until| now < *until) {
            return Err(self.broken("it reminds of what was put off, within the hour"));
        }
        let allowed = 1 + self.laters.get(&slot).copied().unwrap_or_default();
        let is_of_an_absence = device.watched.back.is_some_and(|(since, _)| begin <= since) && allowed == 1;
        let watched = &mut self.devices[place].watched;
        let times = watched.shown.entry(slot).or_default();
        *times += 1;
        let times = *times;
        watched.last = Some(now);
        let mut of_an_absence = 0;
        if let Some((_, count)) = &mut watched.back {
            *count += usize::from(is_of_an_absence);
            of_an_absence = *count;
        }
        if times > allowed {
            return Err(self.broken(format!("it reminds {times} times of one slot")));
        }
        if of_an_absence > 1 {
            return Err(self.broken("it reminds more than once of what an absence held back"));
        }
        Ok(())
    }

    /// Whether nothing waits that should have been shown. Only where clocks go on as they are.
    pub(super) fn check_nothing_is_missed(&mut self, place: usize) -> Result<(), Broken> {
        let (now, zone) = (self.now(place), self.devices[place].zone.clone());
        let (paused, device) = (self.reminders(place).paused(now.instant()), &self.devices[place]);
        let is_there = matches!(device.presence, Presence::Here { since } if now.instant() >= since + SETTLING_IN);
        if !self.is_steady || paused.is_some() || !is_there {
            return Ok(());
        }
        let told = zone.to_datetime(now.instant());
        let date = told.date();
        for (rule, (kind, time, since)) in &self.rules {
            let (slot, begin) = (Slot { rule: *rule, date }, begins(date, *time, &zone));
            let is_over = *kind == RuleKind::LettersWeek && self.letters(place, slot) >= 7;
            // Once it was quiet the day is over.
            let was_quiet = self.quiet.is_some_and(|hours| hours.from > *time && hours.from.time() <= told.time());
            let is_known = device.watched.over.contains(&slot) || device.watched.unsure.contains(&slot);
            let is_told = device.watched.last.is_some_and(|last| last >= begin);
            let waits = now.instant() >= begin && begin >= *since && !was_quiet && !is_quiet(self.quiet, told.time());
            if waits && !is_over && !is_known && !is_told {
                return Err(self.broken(format!("nothing reminds of {kind:?} at {time}")));
            }
        }
        Ok(())
    }

    /// Days of that rule's that are over, one way or the other: at least as many as had a letter.
    fn letters(&self, place: usize, slot: Slot) -> usize {
        self.devices[place].watched.over.iter().filter(|over| over.rule == slot.rule).count()
    }
}

/// A skipped time comes as much later as the clock skips; of one that comes twice it is the first.
fn begins(date: civil::Date, time: TimeOfDay, zone: &TimeZone) -> Timestamp {
    zone.to_timestamp(date.to_datetime(time.time())).expect("in range")
}

fn is_quiet(quiet: Option<QuietHours>, told: civil::Time) -> bool {
    quiet.is_some_and(|hours| {
        let (from, until) = (hours.from.time(), hours.until.time());
        if from < until { from <= told && told < until } else { from <= told || told < until }
    })
}
