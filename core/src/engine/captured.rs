//! Taking in what was written while the journal was locked.

use ingle_model::Moment;

use super::{Engine, Remind, WriteError, turn::Turn};
use crate::{
    captured::{self, Captured, Waiting},
    random::Random,
    store::{Store, StoreError, Table},
};

impl<S: Store> Engine<S> {
    /// Empties the inbox into the journal, as one commit. What can't be read stays where it is. Says how much was taken.
    pub fn take_inbox(&mut self, at: &Moment, random: &mut dyn Random) -> Result<usize, StoreError> {
        let mut taken = 0;
        self.turn(at, random, |turn| {
            taken = turn.take_inbox()?;
            Ok(())
        })?;
        Ok(taken)
    }

    /// How much lies in the inbox.
    pub fn waiting(&self) -> u64 {
        captured::waiting(&self.store).unwrap_or(0)
    }
}

impl<S: Store> Turn<'_, S> {
    fn take_inbox(&mut self) -> Result<usize, StoreError> {
        let rows = self.store.scan(Table::Inbox, &[], &[], usize::MAX)?;
        let opened = rows.iter().filter_map(|(key, row)| captured::open(key, row, self.keys.seal(), self.wrap));
        let mut waiting: Vec<Waiting> = opened.collect();
        waiting.sort_by_key(|waiting| waiting.made.millis());
        let mut taken = 0;
        for Waiting { id, made, what } in waiting {
            let key = captured::key(id, &what);
            let result = match what {
                Captured::CheckIn(draft) => self.new_check_in(id, &draft, &made),
                Captured::Letter(draft) => self.new_letter(id, &draft, &made),
                Captured::Handle(slot, how) => self.remind(Remind::Handle { slot, how, at: made }),
                Captured::Pause(pause) => self.remind(Remind::Pause { pause, at: made }),
                Captured::Shown(slot) => self.remind(Remind::Shown { slot, at: made }),
            };
            match result {
                Err(WriteError::Store(error)) => return Err(error),
                // The rule was taken away elsewhere.
                Err(WriteError::NoReminder) => self.staged.delete(Table::Inbox, key),
                // It was checked before it was put there: someone else has put it there, or it is of another version.
                Err(_) => {}
                Ok(_) => {
                    self.staged.delete(Table::Inbox, key);
                    taken += 1;
                }
            }
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use ingle_model::{CheckInDraft, EntryId, Handling, Label, Pause, Paused, RuleDraft, RuleKind, Slot, TimeOfDay};

    use super::*;
    use crate::{
        captured::Inbox,
        engine::{Done, Input, Output, Query, Write},
        keys::DeviceKeys,
        random::Seeded,
        reminders::Standing,
        store::Memory,
        wrap::{Age, Wrap},
    };

    const MADE: i64 = 1_777_629_600_000;
    const ID: EntryId = EntryId::from_bytes([7; 16]);

    fn moment(millis: i64) -> Moment {
        Moment::from_parts(millis, "Europe/Berlin").unwrap()
    }

    /// A journal that is locked: its store, and what opens it.
    fn locked() -> (Memory, DeviceKeys) {
        let mut random = Seeded::new(1);
        let keys = DeviceKeys::generate_first(&mut random, &Age);
        let name = Label::new("laptop").unwrap();
        let store = Memory::default();
        let engine = Engine::create(store, keys.clone(), &name, Box::new(Age), &moment(MADE - 1), &mut random).unwrap();
        (engine.store, keys)
    }

    fn capture(store: &mut Memory, keys: &DeviceKeys, id: EntryId, cause: &str, made: i64) {
        let draft = CheckInDraft { cause: Some(cause.into()), ..Default::default() };
        let inbox = Inbox::find(store, keys.device()).unwrap();
        assert_eq!(inbox, Inbox::of(keys.member()));
        let about = inbox.put(store, id, &moment(made), Captured::CheckIn(draft), &Age).unwrap();
        assert_eq!(about, moment(made));
    }

    fn open(store: &Memory, keys: &DeviceKeys) -> Engine<Memory> {
        Engine::open(store.clone(), keys.clone(), Box::new(Age), &mut Seeded::new(2)).unwrap()
    }

    fn take(engine: &mut Engine<Memory>) -> Result<usize, StoreError> {
        engine.take_inbox(&moment(MADE + 86_400_000), &mut Seeded::new(3))
    }

    fn causes(engine: &mut Engine<Memory>) -> Vec<(EntryId, String, String)> {
        let list = engine.list(&Query::default()).unwrap();
        let told = |view: ingle_model::EntryView| (view.id, view.at, view.cause.unwrap_or_default());
        list.into_iter().map(told).collect()
    }

    #[test]
    fn what_was_written_while_locked_is_an_entry_under_its_id_and_of_its_time_once_it_is_open() {
        let (mut store, keys) = locked();
        capture(&mut store, &keys, ID, "nobody came", MADE);
        capture(&mut store, &keys, EntryId::from_bytes([1; 16]), "nobody called", MADE + 1000);
        assert!(!store.rows.values().any(|row| row.windows(6).any(|part| part == b"nobody")));
        assert_eq!(captured::waiting(&store), Ok(2));

        let mut engine = open(&store, &keys);
        assert_eq!((take(&mut engine), engine.waiting()), (Ok(2), 0));
        let told = causes(&mut engine);
        assert_eq!(told[0].2, "nobody called");
        assert_eq!(told[1], (ID, moment(MADE).to_string(), "nobody came".to_owned()));
        let mut again = open(&engine.store, &keys);
        assert_eq!((take(&mut again), causes(&mut again)), (Ok(0), told));
    }

    #[test]
    fn an_entry_and_its_row_go_together_and_a_row_that_comes_back_makes_no_second_one() {
        let (mut store, keys) = locked();
        capture(&mut store, &keys, ID, "nobody came", MADE);
        let mut engine = open(&store, &keys);
        engine.store.failing.set(1);
        assert_eq!(take(&mut engine), Err(StoreError::Full));
        assert_eq!((engine.waiting(), causes(&mut engine)), (1, vec![]));
        assert_eq!((take(&mut engine), engine.waiting()), (Ok(1), 0));

        let row = store.rows.remove(&(Table::Inbox, ID.as_bytes().to_vec())).unwrap();
        engine.store.rows.insert((Table::Inbox, ID.as_bytes().to_vec()), row);
        let mut again = open(&engine.store, &keys);
        assert_eq!((take(&mut again), again.waiting(), causes(&mut again).len()), (Ok(1), 0, 1));
    }

    #[test]
    fn what_can_not_be_read_stays_where_it_is_and_holds_up_nothing() {
        let (mut store, keys) = locked();
        capture(&mut store, &keys, ID, "nobody came", MADE);
        let row = store.rows[&(Table::Inbox, ID.as_bytes().to_vec())].clone();
        let newer = Age.wrap(&[keys.member().seal().clone()], b"\x02{}").unwrap();
        for (key, value) in [(vec![1; 16], b"rubbish".to_vec()), (vec![2; 16], row), (vec![3; 16], newer)] {
            store.rows.insert((Table::Inbox, key), value);
        }
        let mut engine = open(&store, &keys);
        assert_eq!((take(&mut engine), engine.waiting(), causes(&mut engine).len()), (Ok(1), 3, 1));
    }

    #[test]
    fn what_was_done_about_a_reminder_while_locked_counts_from_then_and_is_no_entry() {
        let (store, keys) = locked();
        let mut engine = open(&store, &keys);
        let draft = RuleDraft { kind: RuleKind::Daily, time: TimeOfDay::new(8, 0).unwrap() };
        let write = Input::Write { ticket: 1, write: Write::Remind(Remind::Add(draft)) };
        let outputs = engine.handle(vec![write], &moment(MADE), &mut Seeded::new(4));
        let Some(Output::Done { result: Ok(Done::Rule { rule }), .. }) = outputs.into_iter().next() else { panic!() };
        let slot = Slot { rule, date: moment(MADE).zoned().date() };
        let mut store = engine.store;
        let inbox = Inbox::find(&store, keys.device()).unwrap();
        let whats =
            [Captured::Shown(slot), Captured::Handle(slot, Handling::NotToday), Captured::Pause(Pause::UntilResumed)];
        for (number, what) in (1..).zip(whats) {
            let (id, at) = (EntryId::from_bytes([number; 16]), moment(MADE + i64::from(number)));
            inbox.put(&mut store, id, &at, what, &Age).unwrap();
        }
        assert_eq!(captured::waiting(&store), Ok(0), "none of it is an entry");
        let mut engine = open(&store, &keys);
        assert_eq!(take(&mut engine), Ok(3));
        let reminders = engine.reminders(&moment(MADE + 10)).unwrap();
        assert_eq!(reminders.standing(slot), Some(Standing::NotToday));
        assert_eq!(reminders.paused(moment(MADE + 10).instant()), Some(Paused::UntilResumed));
        assert!(!engine.store.rows.keys().any(|(table, _)| *table == Table::Inbox));
    }
}
