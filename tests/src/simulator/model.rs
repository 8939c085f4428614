//! The reference model: what people wrote, what each of their devices had seen by then, and what must show of it.
//!
//! A field is a register of many values: of all that was written into it count those that no later writer had seen. It is known
//! here which bundle holds which writes, and nothing of how an engine brings bundles about.

use std::collections::{BTreeMap, BTreeSet};

use ingle_core::{bundle::BundleKey, engine::Change};
use ingle_model::{DeviceId, EntryId, EntryView, Moment};

mod content;
mod set;
mod wish;

pub use content::{Content, Field, Standing, Value, to_tell, told};
pub use set::Set;
pub use wish::{Expected, Wish, Words};

type Fields = BTreeMap<Field, Value>;
/// The writes to one entry in the order in which they were made, each with its bundle. Those of the turn in the making have
/// none.
type History<'a> = Vec<(Option<usize>, &'a Written)>;

/// How a write of this run is taken back.
#[derive(Debug, Clone)]
pub struct UndoStep {
    entry: usize,
    what: Change,
    /// None when it depends on which of several values was shown first, and nobody looked.
    back: Option<Fields>,
}

/// As many writes as an engine takes back.
const MAX_UNDO: usize = 256;

#[derive(Debug, Clone)]
pub struct Entry {
    pub tag: String,
    pub device: DeviceId,
    /// None until it was acknowledged or seen.
    pub id: Option<EntryId>,
}

#[derive(Debug, Clone)]
struct Written {
    entry: usize,
    fields: Fields,
    is_first: bool,
}

#[derive(Debug)]
struct Bundle {
    key: BundleKey,
    /// What its writer had seen when it wrote.
    seen: Set,
    /// What was applied when the bundle was made: what it was written on top of.
    below: Set,
    writes: Vec<Written>,
}

/// A bundle in the making: the writes of one turn.
#[derive(Debug, Clone)]
pub struct Turn {
    device: DeviceId,
    at: Moment,
    seen: Set,
    undo: Vec<UndoStep>,
    writes: Vec<Written>,
    begun: Vec<Entry>,
}

#[derive(Debug, Default)]
pub struct Model {
    bundles: Vec<Bundle>,
    numbers: BTreeMap<BundleKey, usize>,
    entries: Vec<Entry>,
    tags: BTreeMap<String, usize>,
}

impl Model {
    pub fn number(&self, key: &BundleKey) -> Option<usize> {
        self.numbers.get(key).copied()
    }

    pub fn key(&self, number: usize) -> BundleKey {
        self.bundles[number].key
    }

    /// Whether another bundle lies at the same place of the same log.
    pub fn has_rival(&self, key: &BundleKey) -> bool {
        self.numbers.keys().any(|other| (other.log, other.seq) == (key.log, key.seq) && other.hash != key.hash)
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn entry_by_tag(&self, tag: &str) -> Option<usize> {
        self.tags.get(tag).copied()
    }

    /// The entry's id is known now. False when it was another.
    pub fn learn(&mut self, entry: usize, id: EntryId) -> bool {
        *self.entries[entry].id.get_or_insert(id) == id
    }

    /// Of what a disk holds: that below which nothing is missing.
    pub fn applied(&self, held: &Set) -> Set {
        let mut applied = Set::default();
        held.iter()
            .filter(|number| held.covers(&self.bundles[*number].below))
            .for_each(|number| applied.insert(number));
        applied
    }

    /// The entries that show to someone who has seen this, with what they say.
    pub fn shown(&self, seen: &Set) -> BTreeMap<usize, (Content, Standing)> {
        let mut histories: BTreeMap<usize, History<'_>> = BTreeMap::new();
        for (number, write) in self.writes(seen) {
            histories.entry(write.entry).or_default().push((Some(number), write));
        }
        let shown = histories.into_iter().filter_map(|(entry, history)| {
            let (content, standing) = self.state(&history)?;
            (standing != Standing::Trashed).then_some((entry, (content, standing)))
        });
        shown.collect()
    }

    /// Begins a turn of a device that has seen this.
    pub fn begin(&self, device: DeviceId, at: Moment, seen: Set, undo: Vec<UndoStep>) -> Turn {
        Turn { device, at, seen, undo, writes: Vec::new(), begun: Vec::new() }
    }

    /// Writes. `view` is the entry as it was shown before, where somebody looked.
    pub fn write(&self, turn: &mut Turn, wish: &Wish, view: Option<&EntryView>) -> Expected {
        match wish {
            Wish::CheckIn { tag, words } => self.check_in(turn, tag, words),
            Wish::Edit { entry, words } => self.edit(turn, *entry, words, view),
            Wish::Delete { entry } => self.delete(turn, *entry),
            Wish::Undo => self.undo(turn),
        }
    }

    fn check_in(&self, turn: &mut Turn, tag: &str, words: &Words) -> Expected {
        let entry = self.entries.len() + turn.begun.len();
        turn.begun.push(Entry { tag: tag.to_owned(), device: turn.device, id: None });
        let mut fields = words.fields();
        fields.retain(|_, value| *value != Value::Nothing);
        fields.entry(Field::At).or_insert_with(|| Value::Text(turn.at.to_string()));
        turn.writes.push(Written { entry, fields, is_first: true });
        turn.can_undo(UndoStep { entry, what: Change::Deleted, back: None });
        Expected::Saved(entry)
    }

    fn edit(&self, turn: &mut Turn, entry: usize, words: &Words, view: Option<&EntryView>) -> Expected {
        let history = self.history(turn, entry);
        let Some((_, standing)) = self.state(&history).filter(|(_, standing)| *standing != Standing::Trashed) else {
            return Expected::NoEntry;
        };
        let mut fields = words.fields();
        // What is shown already is not written again.
        fields.retain(|field, value| {
            let now = self.values(&history, *field);
            if now.is_empty() { *value != Value::Nothing } else { now.len() > 1 || !now.contains(value) }
        });
        if standing == Standing::DeletedThenChanged {
            fields.insert(Field::Trash, Value::Nothing);
        }
        let before = fields.keys().map(|field| {
            let now = self.values(&history, *field);
            let first = match now.len() {
                0 => Some(Value::Nothing),
                1 => now.into_iter().next(),
                _ => view.and_then(|view| content::shown_first(view, *field)),
            };
            Some((*field, first?))
        });
        let back = before.collect();
        if self.put(turn, entry, fields) {
            turn.can_undo(UndoStep { entry, what: Change::Edited, back });
        }
        Expected::Saved(entry)
    }

    fn delete(&self, turn: &mut Turn, entry: usize) -> Expected {
        let state = self.state(&self.history(turn, entry));
        let Some((content, _)) = state.filter(|(_, standing)| *standing != Standing::Trashed) else {
            return Expected::NoEntry;
        };
        self.put(turn, entry, Fields::from([(Field::Trash, Value::Trashed(turn.at.millis(), content))]));
        let back = Some(Fields::from([(Field::Trash, Value::Nothing)]));
        turn.can_undo(UndoStep { entry, what: Change::Restored, back });
        Expected::Saved(entry)
    }

    fn undo(&self, turn: &mut Turn) -> Expected {
        let Some(UndoStep { entry, what, back }) = turn.undo.pop() else { return Expected::NothingToUndo };
        let content = || self.state(&self.history(turn, entry)).map(|(content, _)| content).unwrap_or_default();
        let fields = match what {
            Change::Deleted => Fields::from([(Field::Trash, Value::Trashed(turn.at.millis(), content()))]),
            _ => back.unwrap_or_default(),
        };
        self.put(turn, entry, fields);
        Expected::Undone(entry, what)
    }

    /// Writes what is not the one value of its field already. False when that is nothing.
    fn put(&self, turn: &mut Turn, entry: usize, mut fields: Fields) -> bool {
        let history = self.history(turn, entry);
        fields.retain(|field, value| !matches!(self.live(&history, *field)[..], [one] if one == value));
        let is_change = !fields.is_empty();
        if is_change {
            turn.writes.push(Written { entry, fields, is_first: false });
        }
        is_change
    }

    /// The turn's writes are in this bundle, which is on a disk now.
    pub fn land(&mut self, turn: Turn, key: BundleKey, below: Set) -> usize {
        let number = self.bundles.len();
        for entry in turn.begun {
            self.tags.insert(entry.tag.clone(), self.entries.len());
            self.entries.push(entry);
        }
        self.bundles.push(Bundle { key, seen: turn.seen, below, writes: turn.writes });
        self.numbers.insert(key, number);
        number
    }

    fn writes(&self, seen: &Set) -> impl Iterator<Item = (usize, &Written)> {
        seen.iter().flat_map(|number| self.bundles[number].writes.iter().map(move |write| (number, write)))
    }

    fn history<'a>(&'a self, turn: &'a Turn, entry: usize) -> History<'a> {
        let before = self.writes(&turn.seen).map(|(number, write)| (Some(number), write));
        let all = before.chain(turn.writes.iter().map(|write| (None, write)));
        all.filter(|(_, write)| write.entry == entry).collect()
    }

    /// None when the entry was not begun yet.
    fn state(&self, history: &History<'_>) -> Option<(Content, Standing)> {
        history.iter().find(|(_, write)| write.is_first)?;
        let values = Field::CONTENT.into_iter().map(|field| (field, self.values(history, field)));
        let content: Content = values.filter(|(_, values)| !values.is_empty()).collect();
        let standing = content::standing(&self.live(history, Field::Trash), &content);
        Some((content, standing))
    }

    fn values(&self, history: &History<'_>, field: Field) -> BTreeSet<Value> {
        self.live(history, field).into_iter().cloned().collect()
    }

    /// The values of a field that nobody has overwritten who had seen them, one for each that wrote it.
    fn live<'a>(&self, history: &History<'a>, field: Field) -> Vec<&'a Value> {
        let mut live: Vec<(Option<usize>, &Value)> = Vec::new();
        for (bundle, write) in history {
            let Some(value) = write.fields.get(&field) else { continue };
            live.retain(|(other, _)| !self.has_seen(*bundle, *other));
            live.push((*bundle, value));
        }
        live.into_iter().map(|(_, value)| value).collect()
    }

    /// A turn in the making has seen all of its history; one that is made has seen itself, and what its writer had.
    fn has_seen(&self, bundle: Option<usize>, other: Option<usize>) -> bool {
        match (bundle, other) {
            (None, _) => true,
            (Some(bundle), Some(other)) => bundle == other || self.bundles[bundle].seen.holds(other),
            (Some(_), None) => false,
        }
    }
}

impl Turn {
    /// Whether something was written, so that there must be a bundle.
    pub fn is_change(&self) -> bool {
        !self.writes.is_empty()
    }

    /// What can be undone after it.
    pub fn undo_steps(&self) -> &[UndoStep] {
        &self.undo
    }

    fn can_undo(&mut self, step: UndoStep) {
        if self.undo.len() == MAX_UNDO {
            self.undo.remove(0);
        }
        self.undo.push(step);
    }
}

impl UndoStep {
    /// Whether it is known what taking it back will write.
    pub fn is_known(&self) -> bool {
        self.what == Change::Deleted || self.back.is_some()
    }
}
