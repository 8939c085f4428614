//! When to remind: rules that were accepted, what was handled, what was shown here, and the time, put together into what is due.
//!
//! A value that is asked, with no disk, clock or words of the person's in it: it can be kept while the journal is locked. What it
//! is read from lies in `engine::reminding`.
//!
//! **Invariant:** on one device a slot is due and not shown at most once, and once more for each time that the person said "later";
//! never in quiet hours, never in a pause, never after it was handled, whatever the clock does.

use std::collections::{BTreeMap, BTreeSet};

use ingle_model::{
    Handling, Moment, Pause, Paused, QuietHours, ReminderRefused, Rule, RuleDraft, RuleId, RuleKind, Slot,
};
use jiff::{SignedDuration, Timestamp, ToSpan as _, ZonedDateTime, civil};

mod ledger;
mod window;

pub use ledger::{Shown, Standing};
use window::{Window, is_quiet, window};

/// Days of a week of letters.
pub const LETTERS: u32 = 7;
/// How long nothing reminds after somebody came back.
const SETTLING_IN: SignedDuration = SignedDuration::from_secs(30);
/// How far ahead the next reminder is looked for. Clocks that skip a day, and rules of a future that the clock was set back from,
/// are looked at again after that.
const DAYS_AHEAD: i64 = 3;
/// When a pause "until tomorrow" ends where no quiet hours say when the morning begins.
const MORNING: i8 = 8;
/// Before this hour it is still the evening before.
const NIGHT_ENDS: i64 = 4;

/// Whether somebody is there to be reminded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Since they came back, or since this was first known.
    Here { since: Timestamp },
    /// The screen is locked, the computer asleep, or nobody there.
    Away,
}

/// What is due, and when to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    pub due: Option<Due>,
    pub paused: Option<Paused>,
    /// When the answer may be another one, if nothing else happens. None: not before a rule is accepted, or a pause is over.
    pub next: Option<Timestamp>,
}

/// The reminder that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    pub slot: Slot,
    pub kind: RuleKind,
    /// Of a week of letters: which letter this would be, from 1.
    pub letter: Option<u32>,
    /// It was put before the person's eyes on this device already: it isn't again.
    pub is_shown: bool,
}

/// A rule and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    pub rule: Rule,
    /// When it reminds next; none when it is over, or while a pause has no end. Not after now: it is due.
    pub next: Option<Moment>,
    /// Of a week of letters: days that had one, 0 to 7.
    pub letters: Option<u32>,
}

/// What became of a wish to handle a reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handled {
    pub slot: Slot,
    /// It was handled already, by this or by more: then nothing is to be written.
    pub before: Option<Handling>,
}

/// There is no such reminder, or none is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such reminder")]
pub struct NoReminder;

/// Rules, quiet hours, pause, ledger, and what was shown on this device. Off while it holds no rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reminders {
    pub(crate) rules: BTreeMap<RuleId, Rule>,
    /// More than one where devices said different things: all of them are quiet.
    pub(crate) quiet: Vec<QuietHours>,
    pub(crate) pause: Option<Paused>,
    pub(crate) ledger: BTreeMap<Slot, Standing>,
    pub(crate) shown: Shown,
}

/// A slot of today that has begun, isn't over, and isn't handled.
#[derive(Debug, Clone, Copy)]
struct Open {
    slot: Slot,
    kind: RuleKind,
    begin: Timestamp,
    is_shown: bool,
}

impl Reminders {
    /// What is due at a moment, on the clock of its zone. Of several that wait there is one: what wasn't shown yet before what was,
    /// then what is before the person's eyes, letters before check-ins, and then the newest.
    pub fn decide(&self, now: &Moment, presence: Presence) -> Decision {
        let told = now.zoned();
        if let Some(paused) = self.paused(told.timestamp()) {
            let next = match paused {
                Paused::Until(at) => Some(at),
                Paused::UntilResumed => None,
            };
            return Decision { due: None, paused: Some(paused), next };
        }
        let is_held = presence.holds(told.timestamp());
        let open = self.open(&told).into_iter().filter(|open| open.is_shown || !is_held);
        let first = open.max_by_key(|open| {
            let shown = self.shown.place(open.slot, self.round(open.slot));
            (!open.is_shown, shown, open.kind == RuleKind::LettersWeek, open.begin, open.slot)
        });
        let due = first.map(|Open { slot, kind, is_shown, .. }| Due {
            slot,
            kind,
            letter: self.letters(slot.rule).map(|letters| letters + 1),
            is_shown,
        });
        Decision { due, paused: None, next: self.next_change(&told, presence) }
    }

    /// The rules in the order in which they were accepted.
    pub fn views(&self, now: &Moment) -> Vec<View> {
        let told = now.zoned();
        let mut rules: Vec<&Rule> = self.rules.values().collect();
        rules.sort_by_key(|rule| (rule.since_ms, rule.id));
        let view = |rule: &&Rule| View {
            rule: **rule,
            next: self.next_of(rule, &told).and_then(|at| Moment::new(at, told.time_zone().clone()).ok()),
            letters: self.letters(rule.id),
        };
        rules.iter().map(view).collect()
    }

    /// The quiet hours; where devices said different things, one of them.
    pub fn quiet(&self) -> Option<QuietHours> {
        self.quiet.first().copied()
    }

    /// The pause that is under way.
    pub fn paused(&self, now: Timestamp) -> Option<Paused> {
        self.pause.filter(|pause| match pause {
            Paused::Until(at) => now < *at,
            Paused::UntilResumed => true,
        })
    }

    /// Whether there is a rule that can still remind.
    pub fn is_on(&self) -> bool {
        self.active().next().is_some()
    }

    /// Of a week of letters: days that had one, 0 to 7. A day that is said to be done counts.
    pub fn letters(&self, rule: RuleId) -> Option<u32> {
        let is_week = self.rules.get(&rule)?.kind == RuleKind::LettersWeek;
        is_week.then(|| {
            let first = Slot { rule, date: civil::Date::MIN };
            let last = Slot { rule, date: civil::Date::MAX };
            let done = self.ledger.range(first..=last).filter(|(_, standing)| **standing == Standing::Done).count();
            u32::try_from(done).unwrap_or(LETTERS).min(LETTERS)
        })
    }

    pub fn has(&self, rule: RuleId) -> bool {
        self.rules.contains_key(&rule)
    }

    /// The rule that reminds of the same at the same time.
    pub fn same(&self, draft: &RuleDraft) -> Option<RuleId> {
        self.active().find(|rule| (rule.kind, rule.time) == (draft.kind, draft.time)).map(|rule| rule.id)
    }

    /// What was done about a slot.
    pub fn standing(&self, slot: Slot) -> Option<Standing> {
        self.ledger.get(&slot).copied()
    }

    /// Whether a rule may be accepted.
    pub fn check(&self, draft: &RuleDraft) -> Result<(), ReminderRefused> {
        if is_quiet(&self.quiet, draft.time.minutes()) {
            return Err(ReminderRefused::InsideQuiet);
        }
        if self.active().count() >= RuleDraft::MAX_RULES { Err(ReminderRefused::TooMany) } else { Ok(()) }
    }

    /// Whether these may be the quiet hours: no rule's time lies inside of them.
    pub fn check_quiet(&self, hours: QuietHours) -> Result<(), ReminderRefused> {
        let is_inside = self.active().any(|rule| hours.holds(rule.time.minutes()));
        if is_inside { Err(ReminderRefused::InsideQuiet) } else { Ok(()) }
    }

    /// Notes what a person does about a slot. Where it was handled by as much already, nothing changes; else whatever else waits
    /// counts as shown.
    pub fn handle(&mut self, slot: Slot, how: Handling, now: &Moment) -> Result<Handled, NoReminder> {
        let told = now.zoned();
        // Another device's zone can be a day ahead.
        let is_known = self.rules.contains_key(&slot.rule) && told.date().tomorrow().is_ok_and(|day| slot.date <= day);
        if !is_known {
            return Err(NoReminder);
        }
        let before = self.ledger.get(&slot).filter(|before| before.is_as_much_as(how, told.timestamp()));
        if let Some(before) = before {
            return Ok(Handled { slot, before: Some(before.handling()) });
        }
        self.show_open(&told);
        self.ledger.insert(slot, Standing::new(how, told.timestamp()));
        Ok(Handled { slot, before: None })
    }

    /// Notes that a reminder was put before the person's eyes on this device. Whatever waits beside it counts as shown as well.
    pub fn show(&mut self, slot: Slot, now: &Moment) {
        let round = self.round(slot);
        let told = now.zoned();
        for open in self.open(&told).into_iter().filter(|open| open.slot != slot) {
            self.shown.mark(open.slot, self.round(open.slot));
        }
        // Last: it is what the person sees.
        self.shown.mark(slot, round);
    }

    /// Begins or ends a pause.
    pub fn set_pause(&mut self, pause: Pause, now: &Moment) {
        self.pause = self.pause_of(pause, now);
    }

    /// The pause that a wish at that moment is.
    pub fn pause_of(&self, pause: Pause, now: &Moment) -> Option<Paused> {
        let told = now.zoned();
        match pause {
            Pause::Hour => Some(Paused::Until(later(told.timestamp()))),
            Pause::Tomorrow => Some(Paused::Until(self.next_morning(&told).unwrap_or_else(|| later(told.timestamp())))),
            Pause::UntilResumed => Some(Paused::UntilResumed),
            Pause::Over => None,
        }
    }

    /// The slots of check-ins that one which is saved now answers.
    pub fn answered_by_check_in(&self, now: &Moment) -> Vec<Slot> {
        let told = now.zoned();
        let answered = self.active().filter(|rule| rule.kind == RuleKind::Daily).filter_map(|rule| {
            let slot = Slot { rule: rule.id, date: told.date() };
            // One that was put off is answered all the same, before its hour is over.
            let window = self.first_window(rule, slot.date, &told)?;
            let is_open = window.begin <= told.timestamp() && self.ledger.get(&slot) != Some(&Standing::Done);
            is_open.then_some(slot)
        });
        answered.collect()
    }

    /// The slots of weeks of letters that a letter of that day answers.
    pub fn answered_by_letter(&self, date: civil::Date, now: &Moment) -> Vec<Slot> {
        let zone = now.zoned().time_zone().clone();
        let weeks = self.active().filter(|rule| rule.kind == RuleKind::LettersWeek);
        let slots = weeks.filter(|rule| since(rule).is_none_or(|since| zone.to_datetime(since).date() <= date));
        let slots = slots.map(|rule| Slot { rule: rule.id, date });
        slots.filter(|slot| self.ledger.get(slot) != Some(&Standing::Done)).collect()
    }

    /// Rules that aren't over.
    fn active(&self) -> impl Iterator<Item = &Rule> {
        self.rules.values().filter(|rule| self.letters(rule.id) != Some(LETTERS))
    }

    fn open(&self, told: &ZonedDateTime) -> Vec<Open> {
        let (now, date) = (told.timestamp(), told.date());
        if is_quiet(&self.quiet, minutes(told.datetime())) {
            return Vec::new();
        }
        let open = self.active().filter_map(|rule| {
            let Window { begin, .. } = self.window(rule, date, told).filter(|window| window.holds(now))?;
            let slot = Slot { rule: rule.id, date };
            Some(Open { slot, kind: rule.kind, begin, is_shown: self.shown.holds(slot, self.round(slot)) })
        });
        open.collect()
    }

    /// When a slot reminds that still has to; none when it was handled for that day, or has no time on it.
    fn window(&self, rule: &Rule, date: civil::Date, told: &ZonedDateTime) -> Option<Window> {
        let first = self.first_window(rule, date, told)?;
        match self.ledger.get(&Slot { rule: rule.id, date }) {
            None => Some(first),
            Some(Standing::Later { until }) => first.from(*until),
            Some(Standing::NotToday | Standing::Done) => None,
        }
    }

    /// As if nobody had done anything about it.
    fn first_window(&self, rule: &Rule, date: civil::Date, told: &ZonedDateTime) -> Option<Window> {
        let window = window(date, rule.time, &self.quiet, told.time_zone())?;
        since(rule).is_some_and(|since| window.begin >= since).then_some(window)
    }

    /// Which time of showing a slot this is: each "later" begins another one.
    fn round(&self, slot: Slot) -> i64 {
        match self.ledger.get(&slot) {
            Some(Standing::Later { until }) => until.as_millisecond(),
            _ => 0,
        }
    }

    fn show_open(&mut self, told: &ZonedDateTime) {
        for open in self.open(told) {
            let round = self.round(open.slot);
            self.shown.mark(open.slot, round);
        }
    }

    fn next_change(&self, told: &ZonedDateTime, presence: Presence) -> Option<Timestamp> {
        let now = told.timestamp();
        let mut all: BTreeSet<Timestamp> = BTreeSet::new();
        for rule in self.active() {
            let windows = days(told.date(), DAYS_AHEAD).filter_map(|date| self.window(rule, date, told));
            windows.for_each(|window| all.extend([window.begin, window.end]));
        }
        if self.is_on() {
            // The clock may have been set back from where a rule was accepted, or skip what was looked at.
            all.extend(now.checked_add(SignedDuration::from_hours(24 * DAYS_AHEAD)));
            // What is quiet may come twice, or not at all.
            all.extend(told.time_zone().following(now).next().map(|change| change.timestamp()));
            all.extend(is_quiet(&self.quiet, minutes(told.datetime())).then(|| self.quiet_ends(told)).flatten());
        }
        if let Presence::Here { since } = presence
            && presence.holds(now)
        {
            all.extend(since.checked_add(SETTLING_IN));
        }
        all.into_iter().find(|at| *at > now)
    }

    /// The first whole minute that is not quiet any more.
    fn quiet_ends(&self, told: &ZonedDateTime) -> Option<Timestamp> {
        let begin = told.timestamp().as_second().div_euclid(60);
        let minutes_ahead = (1..=2 * 24 * 60).filter_map(|minute| Timestamp::from_second((begin + minute) * 60).ok());
        let mut ends = minutes_ahead.filter(|at| !is_quiet(&self.quiet, minutes(told.time_zone().to_datetime(*at))));
        ends.next()
    }

    fn next_of(&self, rule: &Rule, told: &ZonedDateTime) -> Option<Timestamp> {
        let now = told.timestamp();
        let earliest = match self.paused(now) {
            None => now,
            Some(Paused::Until(at)) => at,
            Some(Paused::UntilResumed) => return None,
        };
        if self.letters(rule.id) == Some(LETTERS) {
            return None;
        }
        let earliest = earliest.max(since(rule)?);
        let first = told.time_zone().to_datetime(earliest).date();
        days(first, DAYS_AHEAD).find_map(|date| {
            let slot = Slot { rule: rule.id, date };
            let is_shown = self.shown.holds(slot, self.round(slot));
            let window = self.window(rule, date, told)?;
            let at = window.begin.max(earliest);
            (at < window.end && !is_shown).then_some(at)
        })
    }

    fn next_morning(&self, told: &ZonedDateTime) -> Option<Timestamp> {
        let is_night = |hours: &&QuietHours| hours.from > hours.until;
        let quiet = self.quiet.iter().find(is_night).map(|hours| hours.until.time());
        let time = quiet.unwrap_or_else(|| civil::time(MORNING, 0, 0, 0));
        let day = told.checked_sub(NIGHT_ENDS.hours()).ok()?.date().tomorrow().ok()?;
        let morning = |day: civil::Date| told.time_zone().to_timestamp(day.to_datetime(time)).ok();
        morning(day).filter(|at| *at > told.timestamp()).or_else(|| morning(day.tomorrow().ok()?))
    }
}

impl Presence {
    /// Whether what wasn't shown yet is held back. A return that lies in the future is one from before the clock was set back.
    fn holds(self, now: Timestamp) -> bool {
        match self {
            Self::Away => true,
            Self::Here { since } => since <= now && now.duration_since(since) < SETTLING_IN,
        }
    }
}

fn since(rule: &Rule) -> Option<Timestamp> {
    Timestamp::from_millisecond(rule.since_ms).ok()
}

/// An hour later.
fn later(now: Timestamp) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MAX)
}

/// Since midnight on the clock.
fn minutes(told: civil::DateTime) -> u16 {
    let part = |number: i8| u16::try_from(number).unwrap_or_default();
    60 * part(told.hour()) + part(told.minute())
}

/// Counted from the first, so that a day that is missing in a calendar moves no other.
fn days(first: civil::Date, count: i64) -> impl Iterator<Item = civil::Date> {
    (0..=count).filter_map(move |day| first.checked_add(day.days()).ok())
}

#[cfg(test)]
mod tests;
