//! Reminders in the journal: rules, quiet hours and pause in the household, the ledger in the months of its days, and in a sealed
//! row what this device has shown. When something is due is decided in [`crate::reminders`].

use std::collections::{BTreeMap, BTreeSet};

use ingle_model::{
    Handling, Moment, Pause, Paused, QuietHours, ReminderRefused, Rule, RuleDraft, RuleId, RuleKind, Slot,
};
use jiff::{Timestamp, ToSpan as _, civil};

use super::{Done, Engine, Event, WriteError, journal::Journal, turn::Turn};
use crate::{
    bundle::DocumentName,
    document::{Fields, Record, Value},
    keys::DeviceKeys,
    reminders::{Handled, NoReminder, Reminders, Shown, Standing},
    rows::{open_row, seal_row},
    staged::Staged,
    store::{Store, StoreError, Table},
};

/// Keys of records. Frozen, as are the fields' names: they lie in every journal.
const RULE: &str = "rule:";
const SLOT: &str = "slot:";
const SETTINGS: &str = "reminders";

mod field {
    pub const KIND: &str = "kind";
    pub const TIME: &str = "time";
    pub const SINCE: &str = "since";
    pub const REMOVED: &str = "removed";
    pub const QUIET: &str = "quiet";
    pub const PAUSE: &str = "pause";
    pub const HOW: &str = "how";
}

/// In [`Table::Meta`], sealed: JSON of [`Shown`].
const SHOWN_ROW: &[u8] = b"shown";
const UNTIL_RESUMED: &str = "until-resumed";
const UNTIL: &str = "until:";
/// Of the ledger as many days on both sides of today count, whatever the zones of the devices.
const DAYS_AROUND: i64 = 2;

/// What a person changes about reminders. None of it is taken back by an undo.
#[derive(Debug, Clone)]
pub enum Remind {
    /// Answered by [`Done::Rule`]; the same rule again is the one that there is.
    Add(RuleDraft),
    Remove(RuleId),
    /// None for none.
    Quiet(Option<QuietHours>),
    /// At that moment, which may have been while the journal was locked; as the next two.
    Pause {
        pause: Pause,
        at: Moment,
    },
    /// Answered by [`Done::Handled`].
    Handle {
        slot: Slot,
        how: Handling,
        at: Moment,
    },
    /// A reminder was put before the person's eyes on this device.
    Shown {
        slot: Slot,
        at: Moment,
    },
}

impl<S: Store> Engine<S> {
    /// All that decides about reminders around that moment. Costs a digest for each month of an unfinished week of letters.
    pub fn reminders(&mut self, at: &Moment) -> Result<Reminders, StoreError> {
        let Self { journal, store, keys, .. } = self;
        let journal = journal.as_mut().map_err(|error| *error)?;
        read(journal, store, keys, &Staged::default(), at, None)
    }
}

impl<S: Store> Turn<'_, S> {
    pub fn remind(&mut self, remind: Remind) -> Result<Done, WriteError> {
        match remind {
            Remind::Add(draft) => return self.add_rule(&draft),
            Remind::Remove(rule) => self.remove_rule(rule)?,
            Remind::Quiet(hours) => self.set_quiet(hours)?,
            Remind::Pause { pause, at } => {
                let pause = self.reminders(&at, None)?.pause_of(pause, &at);
                self.settings(field::PAUSE, pause.map_or(Value::None, |pause| Value::Text(pause_text(pause))))?;
            }
            Remind::Handle { slot, how, at } => return self.handle_slot(slot, how, &at),
            Remind::Shown { slot, at } => {
                let mut reminders = self.reminders(&at, Some(slot.date))?;
                reminders.show(slot, &at);
                self.keep_shown(&reminders);
            }
        }
        Ok(Done::Reminded)
    }

    /// A letter was finished that day: it counts for the weeks of letters.
    pub fn letter_finished(&mut self, date: civil::Date) -> Result<(), StoreError> {
        let at = self.at.clone();
        let reminders = self.reminders(&at, Some(date))?;
        reminders.answered_by_letter(date, &at).into_iter().try_for_each(|slot| self.write_slot(slot, Standing::Done))
    }

    /// A check-in was saved: it counts for the daily reminders whose time has come.
    pub fn checked_in(&mut self) -> Result<(), StoreError> {
        let at = self.at.clone();
        let reminders = self.reminders(&at, None)?;
        reminders.answered_by_check_in(&at).into_iter().try_for_each(|slot| self.write_slot(slot, Standing::Done))
    }

    /// Rules, ledger or pause are others now.
    pub fn reminders_changed(&mut self) {
        if !self.work.events.contains(&Event::RemindersChanged) {
            self.work.events.push(Event::RemindersChanged);
        }
    }

    fn add_rule(&mut self, draft: &RuleDraft) -> Result<Done, WriteError> {
        let at = self.at.clone();
        let reminders = self.reminders(&at, None)?;
        if let Some(rule) = reminders.same(draft) {
            return Ok(Done::Rule { rule });
        }
        reminders.check(draft)?;
        let rule = RuleId::from_bytes(self.random.bytes());
        let fields = Fields::from([
            (field::KIND, Value::Text(draft.kind.name().to_owned())),
            (field::TIME, Value::Text(draft.time.to_string())),
            (field::SINCE, Value::Int(at.millis())),
        ]);
        self.change(&DocumentName::household(), &format!("{RULE}{rule}"), &fields)?;
        self.reminders_changed();
        Ok(Done::Rule { rule })
    }

    fn remove_rule(&mut self, rule: RuleId) -> Result<(), WriteError> {
        let at = self.at.clone();
        if !self.reminders(&at, None)?.has(rule) {
            return Err(WriteError::NoReminder);
        }
        let fields = Fields::from([(field::REMOVED, Value::Int(at.millis()))]);
        self.change(&DocumentName::household(), &format!("{RULE}{rule}"), &fields)?;
        self.reminders_changed();
        Ok(())
    }

    fn set_quiet(&mut self, hours: Option<QuietHours>) -> Result<(), WriteError> {
        if let Some(hours) = hours {
            let at = self.at.clone();
            self.reminders(&at, None)?.check_quiet(hours)?;
        }
        self.settings(field::QUIET, hours.map_or(Value::None, |hours| Value::Text(hours.to_string())))?;
        Ok(())
    }

    fn handle_slot(&mut self, slot: Slot, how: Handling, at: &Moment) -> Result<Done, WriteError> {
        let mut reminders = self.reminders(at, Some(slot.date))?;
        let handled = reminders.handle(slot, how, at).map_err(|_| WriteError::NoReminder)?;
        if let Some(standing) = reminders.standing(slot).filter(|_| handled.before.is_none()) {
            self.write_slot(slot, standing)?;
            self.keep_shown(&reminders);
        }
        Ok(Done::Handled(handled))
    }

    fn settings(&mut self, field: &'static str, value: Value) -> Result<(), StoreError> {
        if self.change(&DocumentName::household(), SETTINGS, &Fields::from([(field, value)]))? {
            self.reminders_changed();
        }
        Ok(())
    }

    fn write_slot(&mut self, slot: Slot, standing: Standing) -> Result<(), StoreError> {
        let fields = Fields::from([(field::HOW, Value::Text(standing.to_text()))]);
        if self.change(&month(slot.date), &slot_key(slot), &fields)? {
            self.reminders_changed();
        }
        Ok(())
    }

    fn keep_shown(&mut self, reminders: &Reminders) {
        let plain = serde_json::to_vec(&reminders.shown).expect("texts and numbers are JSON");
        seal_row(self.keys.local(), Table::Meta, SHOWN_ROW, &plain, &mut self.staged, self.random);
        self.reminders_changed();
    }

    fn reminders(&mut self, at: &Moment, also: Option<civil::Date>) -> Result<Reminders, StoreError> {
        read(self.journal, self.store, self.keys, &self.staged, at, also)
    }
}

impl Reminders {
    /// What becomes of them: for a journal that is locked, and will be told later. A rule needs an open journal.
    pub fn apply(&mut self, remind: &Remind) -> Result<Option<Handled>, NoReminder> {
        match remind {
            Remind::Handle { slot, how, at } => return self.handle(*slot, *how, at).map(Some),
            Remind::Shown { slot, at } => self.show(*slot, at),
            Remind::Pause { pause, at } => self.set_pause(*pause, at),
            Remind::Add(_) | Remind::Remove(_) | Remind::Quiet(_) => return Err(NoReminder),
        }
        Ok(None)
    }
}

/// Whether a record says something about reminders.
pub(super) fn is_about(key: &str) -> bool {
    key == SETTINGS || key.starts_with(RULE) || key.starts_with(SLOT)
}

/// All that decides about reminders around that moment, and the ledger of one day more.
fn read(
    journal: &mut Journal,
    store: &impl Store,
    keys: &DeviceKeys,
    staged: &Staged,
    at: &Moment,
    also: Option<civil::Date>,
) -> Result<Reminders, StoreError> {
    let (documents, keyring) = journal.documents(keys);
    let household = documents.records(store, keyring, &DocumentName::household())?;
    let settings = household.get(SETTINGS);
    let mut reminders = Reminders {
        rules: with_prefix(&household, RULE).filter_map(|(key, record)| read_rule(key, record)).collect(),
        quiet: settings
            .map(|record| texts(record, field::QUIET).filter_map(|text| text.parse().ok()).collect())
            .unwrap_or_default(),
        pause: settings.and_then(|record| texts(record, field::PAUSE).filter_map(read_pause).max_by_key(rank)),
        ..Reminders::default()
    };
    if reminders.rules.is_empty() {
        return Ok(reminders);
    }
    let day = at.zoned().date();
    let around = [-DAYS_AROUND, DAYS_AROUND].into_iter().filter_map(|days| day.checked_add(days.days()).ok());
    let mut months: BTreeSet<DocumentName> = around.chain(also).map(month).collect();
    // A week of letters goes on over as many months as it takes.
    let weeks = reminders.rules.values().filter(|rule| rule.kind == RuleKind::LettersWeek);
    if let Some(first) = weeks.filter_map(first_month).min() {
        months.extend(documents.months().filter(|month| **month >= first).cloned());
    }
    for month in months {
        let records = documents.records(store, keyring, &month)?;
        let slots = with_prefix(&records, SLOT).filter_map(|(key, record)| read_slot(key, record));
        reminders.ledger.extend(slots.filter(|(slot, _)| reminders.rules.contains_key(&slot.rule)));
    }
    // Marks that don't open are passed over, as everything that is only this device's.
    let shown = staged.get(store, Table::Meta, SHOWN_ROW)?;
    let shown = shown.and_then(|sealed| open_row(keys.local(), Table::Meta, SHOWN_ROW, &sealed));
    let mut shown: Shown = shown.and_then(|plain| serde_json::from_slice(&plain).ok()).unwrap_or_default();
    shown.retain(|slot| reminders.rules.contains_key(&slot.rule));
    reminders.shown = shown;
    Ok(reminders)
}

fn with_prefix<'a>(
    records: &'a BTreeMap<String, Record>,
    prefix: &'a str,
) -> impl Iterator<Item = (&'a str, &'a Record)> {
    let all = records.range(prefix.to_owned()..).take_while(move |(key, _)| key.starts_with(prefix));
    all.map(move |(key, record)| (&key[prefix.len()..], record))
}

/// Of each field the values that are texts.
fn texts<'a>(record: &'a Record, field: &str) -> impl Iterator<Item = &'a str> {
    let values = record.get(field).into_iter().flatten();
    values.filter_map(|value| match value {
        Value::Text(text) => Some(text.as_str()),
        Value::None | Value::Int(_) => None,
    })
}

fn number(record: &Record, field: &str) -> Option<i64> {
    record.get(field)?.iter().find_map(|value| match value {
        Value::Int(number) => Some(*number),
        Value::None | Value::Text(_) => None,
    })
}

/// None for one that was removed, or that a newer version made.
fn read_rule(id: &str, record: &Record) -> Option<(RuleId, Rule)> {
    let id = id.parse().ok()?;
    let kind = texts(record, field::KIND).next()?;
    let kind = [RuleKind::Daily, RuleKind::LettersWeek].into_iter().find(|known| known.name() == kind)?;
    let time = texts(record, field::TIME).next()?.parse().ok()?;
    let since_ms = number(record, field::SINCE)?;
    let is_removed = number(record, field::REMOVED).is_some();
    (!is_removed).then_some((id, Rule { id, kind, time, since_ms }))
}

fn read_slot(key: &str, record: &Record) -> Option<(Slot, Standing)> {
    let (rule, date) = key.split_once(':')?;
    let slot = Slot { rule: rule.parse().ok()?, date: date.parse().ok()? };
    Some((slot, texts(record, field::HOW).filter_map(Standing::from_text).max()?))
}

fn slot_key(slot: Slot) -> String {
    format!("{SLOT}{}:{}", slot.rule, slot.date)
}

fn month(date: civil::Date) -> DocumentName {
    DocumentName::month(date.year(), date.month())
}

/// Of a rule's days, with a day's room for zones.
fn first_month(rule: &Rule) -> Option<DocumentName> {
    let since = Timestamp::from_millisecond(rule.since_ms).ok()?;
    Some(month(jiff::tz::TimeZone::UTC.to_datetime(since).date().yesterday().ok()?))
}

fn pause_text(pause: Paused) -> String {
    match pause {
        Paused::Until(at) => format!("{UNTIL}{}", at.as_millisecond()),
        Paused::UntilResumed => UNTIL_RESUMED.to_owned(),
    }
}

fn read_pause(text: &str) -> Option<Paused> {
    if text == UNTIL_RESUMED {
        return Some(Paused::UntilResumed);
    }
    let until = text.strip_prefix(UNTIL)?.parse().ok()?;
    Timestamp::from_millisecond(until).ok().map(Paused::Until)
}

/// Where devices said different things the longer pause holds.
fn rank(pause: &Paused) -> Timestamp {
    match pause {
        Paused::Until(at) => *at,
        Paused::UntilResumed => Timestamp::MAX,
    }
}

impl From<ReminderRefused> for WriteError {
    fn from(refused: ReminderRefused) -> Self {
        Self::Reminder(refused)
    }
}
