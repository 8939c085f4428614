//! What a record means: an entry, whether it is in the trash, and how it is shown. Letters have a room of their own.

use std::collections::{BTreeMap, BTreeSet};

use ingle_model::{
    BodyNote, CheckIn, CheckInDraft, DeviceId, EntryId, EntryKind, EntryView, Feeling, Label, Moment, Motion, Prose,
    Rating, body,
    check_in::Term,
    view::{BodyView, FeelingView, OtherVersion},
    vocabulary,
};
use serde::{Deserialize, Serialize};

use crate::{
    document::{Fields, Record, Value},
    seal::Hash,
};

pub mod letter;

const CHECK_IN: &str = "check-in:";
const LETTER: &str = "letter:";

/// Names of fields in a record. Frozen: they lie in every journal.
mod field {
    pub const MADE: &str = "made";
    pub const DEVICE: &str = "device";
    pub const AT: &str = "at";
    pub const FEELINGS: &str = "feelings";
    pub const BODY: &str = "body";
    pub const CAUSE: &str = "cause";
    pub const THOUGHT: &str = "thought";
    pub const URGE: &str = "urge";
    pub const BEFORE: &str = "before";
    pub const AFTER: &str = "after";
    pub const TAGS: &str = "tags";
    pub const TRASH: &str = "trash";
    pub const TEXT: &str = "text";
    pub const VOICE: &str = "voice";
    pub const ANSWERS: &str = "answers";
    pub const ENOUGH: &str = "enough";
}

/// When and where an entry was first written. Fixed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    pub made_ms: i64,
    pub device: DeviceId,
}

/// Whether an entry shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Shown,
    /// Deleted on one device while it was changed on another.
    DeletedThenChanged,
    Trashed,
}

/// What every entry has.
#[derive(Debug, Clone)]
pub struct Base {
    pub at: Moment,
    pub origin: Origin,
    pub is_deleted_then_changed: bool,
}

/// The key of an entry's record.
pub fn key(kind: EntryKind, id: EntryId) -> String {
    match kind {
        EntryKind::CheckIn => format!("{CHECK_IN}{id}"),
        EntryKind::Letter => format!("{LETTER}{id}"),
    }
}

/// The entry that a record belongs to; none for a record of another kind.
pub fn of(key: &str) -> Option<(EntryKind, EntryId)> {
    let read = |prefix: &str, kind| Some((kind, key.strip_prefix(prefix)?.parse().ok()?));
    read(CHECK_IN, EntryKind::CheckIn).or_else(|| read(LETTER, EntryKind::Letter))
}

/// The id under which another version of a field is written as an entry of its own.
pub fn version_id(id: EntryId, field: &str, index: usize) -> EntryId {
    let index = u64::try_from(index).expect("no platform has more than 64 bits").to_be_bytes();
    let hash = Hash::of("ingle entry of a version v1", &[id.as_bytes(), field.as_bytes(), &index]);
    let (id, _) = hash.as_bytes().split_first_chunk().expect("a hash is longer than an id");
    EntryId::from_bytes(*id)
}

/// All fields of an entry; those that are empty hold [`Value::None`].
pub fn fields(entry: &CheckIn, at: &Moment) -> Fields {
    let text = |text: &Option<Prose>| text.as_ref().map_or(Value::None, |text| Value::Text(text.as_str().to_owned()));
    let rating = |rating: Option<Rating>| rating.map_or(Value::None, |rating| Value::Int(rating.into()));
    Fields::from([
        (field::AT, moment_value(at)),
        (field::FEELINGS, list_value(&entry.feelings, |feeling| (feeling.word.to_code(), feeling.intensity))),
        (field::BODY, list_value(&entry.body, |note| CodedNote::from(note))),
        (field::CAUSE, text(&entry.cause)),
        (field::THOUGHT, text(&entry.thought)),
        (field::URGE, text(&entry.urge)),
        (field::BEFORE, rating(entry.distress_before)),
        (field::AFTER, rating(entry.distress_after)),
        (field::TAGS, list_value(&entry.tags, |tag| tag.as_str().to_owned())),
    ])
}

/// What a new record holds: no empty fields.
pub fn new_fields(entry: &CheckIn, at: &Moment, origin: Origin) -> Fields {
    let mut fields = fields(entry, at);
    fields.retain(|_, value| *value != Value::None);
    fields.insert(field::MADE, Value::Int(origin.made_ms));
    fields.insert(field::DEVICE, Value::Text(origin.device.to_string()));
    fields
}

/// What an edit has to write: of the entry that came out of it the fields that the record doesn't show yet. One that has
/// several versions is settled when the edit names it.
pub fn changed(mut fields: Fields, record: &Record, edit: &CheckInDraft) -> Fields {
    fields.retain(|name, value| is_changed(name, value, record, is_named(edit, name)));
    fields
}

fn is_changed(name: &str, value: &Value, record: &Record, is_named: bool) -> bool {
    match record.get(name).map(Vec::as_slice) {
        None => *value != Value::None,
        Some([one]) => one != value,
        Some(_) => is_named,
    }
}

fn is_named(edit: &CheckInDraft, name: &str) -> bool {
    match name {
        field::AT => edit.at.is_some(),
        field::FEELINGS => edit.feelings.is_some(),
        field::BODY => edit.body.is_some(),
        field::CAUSE => edit.cause.is_some(),
        field::THOUGHT => edit.thought.is_some(),
        field::URGE => edit.urge.is_some(),
        field::BEFORE => edit.distress_before.is_some(),
        field::AFTER => edit.distress_after.is_some(),
        field::TAGS => edit.tags.is_some(),
        _ => false,
    }
}

/// The same fields as the record shows them now: what an undo writes back.
pub fn shown(fields: &Fields, record: &Record) -> Fields {
    let now = |name: &str| record.get(name).and_then(|values| values.first()).cloned().unwrap_or(Value::None);
    fields.keys().map(|name| (*name, now(name))).collect()
}

/// Puts the entry in the trash for as long as its content stays what the one who deletes it sees.
pub fn trash(record: &Record, at: &Moment) -> Fields {
    Fields::from([(field::TRASH, Value::Text(format!("{}:{}", at.millis(), content_hash(record))))])
}

/// Takes the entry out of the trash.
pub fn restore() -> Fields {
    Fields::from([(field::TRASH, Value::None)])
}

pub fn standing(record: &Record) -> Standing {
    let marks = record.get(field::TRASH).map(Vec::as_slice).unwrap_or_default();
    // Of an undo and a deletion made apart the undo wins.
    if marks.is_empty() || marks.contains(&Value::None) {
        return Standing::Shown;
    }
    let content = content_hash(record).to_string();
    let holds = |mark: &Value| matches!(mark, Value::Text(mark) if mark.split_once(':').is_some_and(|(_, hash)| hash == content));
    if marks.iter().any(holds) { Standing::Trashed } else { Standing::DeletedThenChanged }
}

/// Over all fields but the trash, with all their versions; the same on every device that has the same.
fn content_hash(record: &Record) -> Hash {
    let content: BTreeMap<&String, BTreeSet<&Value>> = record
        .iter()
        .filter(|(name, _)| *name != field::TRASH)
        .map(|(name, values)| (name, values.iter().collect()))
        .collect();
    Hash::of("ingle entry content v1", &[&serde_json::to_vec(&content).expect("texts and numbers are JSON")])
}

pub fn origin(record: &Record) -> Option<Origin> {
    let Some(Value::Int(made_ms)) = record.get(field::MADE)?.first() else { return None };
    let device = first_text(record, field::DEVICE)?.parse().ok()?;
    Some(Origin { made_ms: *made_ms, device })
}

/// What the entry says, in what is shown first of every field. What can't be read is left out.
pub fn check_in(record: &Record) -> CheckIn {
    let text = |name| first_text(record, name).and_then(|text| Prose::new(text).ok());
    CheckIn {
        feelings: first_text(record, field::FEELINGS).map(read_feelings).unwrap_or_default(),
        body: first_text(record, field::BODY).map(read_body).unwrap_or_default(),
        cause: text(field::CAUSE),
        thought: text(field::THOUGHT),
        urge: text(field::URGE),
        distress_before: read_rating(record, field::BEFORE),
        distress_after: read_rating(record, field::AFTER),
        tags: first_text(record, field::TAGS).map(read_tags).unwrap_or_default(),
    }
}

/// The time that the entry is about.
pub fn moment(record: &Record) -> Option<Moment> {
    first_text(record, field::AT).and_then(read_moment)
}

/// None when it has no origin or no time: then it is no entry yet.
pub fn base(record: &Record) -> Option<Base> {
    let is_deleted_then_changed = standing(record) == Standing::DeletedThenChanged;
    Some(Base { at: moment(record)?, origin: origin(record)?, is_deleted_then_changed })
}

/// As a person is shown it. None when it is no entry yet.
pub fn view(kind: EntryKind, id: EntryId, record: &Record, name_of: impl Fn(DeviceId) -> String) -> Option<EntryView> {
    match kind {
        EntryKind::CheckIn => check_in_view(id, record, name_of),
        EntryKind::Letter => letter::view(id, record, name_of),
    }
}

fn check_in_view(id: EntryId, record: &Record, name_of: impl Fn(DeviceId) -> String) -> Option<EntryView> {
    let entry = check_in(record);
    let Base { at, origin, is_deleted_then_changed } = base(record)?;
    Some(EntryView {
        id,
        kind: EntryKind::CheckIn,
        at_ms: at.millis(),
        at: at.to_string(),
        feelings: entry.feelings.iter().map(feeling_view).collect(),
        body: entry.body.iter().map(body_view).collect(),
        cause: entry.cause.map(String::from),
        thought: entry.thought.map(String::from),
        urge: entry.urge.map(String::from),
        distress_before: entry.distress_before.map(Rating::value),
        distress_after: entry.distress_after.map(Rating::value),
        tags: entry.tags.into_iter().map(String::from).collect(),
        letter: None,
        device: name_of(origin.device),
        device_id: origin.device,
        versions: other_versions(record),
        deleted_then_changed: is_deleted_then_changed,
    })
}

fn other_versions(record: &Record) -> Vec<OtherVersion> {
    let fields = [
        (field::AT, "at"),
        (field::FEELINGS, "feelings"),
        (field::BODY, "body"),
        (field::CAUSE, "cause"),
        (field::THOUGHT, "thought"),
        (field::URGE, "urge"),
        (field::BEFORE, "distress_before"),
        (field::AFTER, "distress_after"),
        (field::TAGS, "tags"),
    ];
    let others = |(name, shown): (&str, &'static str)| {
        let values = record.get(name).map(Vec::as_slice).unwrap_or_default();
        let told =
            values.iter().skip(1).map(move |value| OtherVersion { field: shown.to_owned(), value: told(shown, value) });
        told.collect::<Vec<_>>()
    };
    fields.into_iter().flat_map(others).collect()
}

/// A value in words.
fn told(field: &str, value: &Value) -> String {
    match (field, value) {
        (_, Value::None) => "(nothing)".to_owned(),
        (_, Value::Int(number)) => number.to_string(),
        ("at" | "enough", Value::Text(text)) => read_moment(text).map_or_else(|| text.clone(), |at| at.to_string()),
        ("feelings", Value::Text(text)) => {
            let words = read_feelings(text).into_iter().map(|feeling| {
                let FeelingView { label, intensity, .. } = feeling_view(&feeling);
                intensity.map_or(label.clone(), |intensity| format!("{label} {intensity}"))
            });
            words.collect::<Vec<_>>().join(", ")
        }
        ("body", Value::Text(text)) => {
            let notes = read_body(text).into_iter().map(|note| {
                let BodyView { place, quality, .. } = body_view(&note);
                quality.map_or(place.clone(), |quality| format!("{place}: {quality}"))
            });
            notes.collect::<Vec<_>>().join(", ")
        }
        ("tags", Value::Text(text)) => read_tags(text).into_iter().map(String::from).collect::<Vec<_>>().join(", "),
        (_, Value::Text(text)) => text.clone(),
    }
}

fn feeling_view(feeling: &Feeling) -> FeelingView {
    let known = match &feeling.word {
        Term::Known(id) => vocabulary::word(id),
        Term::Own(_) => None,
    };
    let own = || match &feeling.word {
        Term::Known(id) => (*id).to_owned(),
        Term::Own(label) => label.as_str().to_owned(),
    };
    FeelingView {
        id: feeling.word.to_code(),
        label: known.map_or_else(own, |word| word.label.to_owned()),
        family: known.map(vocabulary::Word::family),
        intensity: feeling.intensity.map(Rating::value),
    }
}

fn body_view(note: &BodyNote) -> BodyView {
    let label = |term: &Term, known: fn(&str) -> Option<&'static str>| match term {
        Term::Known(id) => known(id).unwrap_or(id).to_owned(),
        Term::Own(label) => label.as_str().to_owned(),
    };
    BodyView {
        place: label(&note.place, |id| body::place(id).map(|place| place.label)),
        quality: note
            .quality
            .as_ref()
            .map(|quality| label(quality, |id| body::quality(id).map(|quality| quality.label))),
        motion: note.motion,
        strongest: note.strongest,
    }
}

fn first_text<'a>(record: &'a Record, name: &str) -> Option<&'a str> {
    match record.get(name)?.first()? {
        Value::Text(text) => Some(text),
        Value::None | Value::Int(_) => None,
    }
}

fn read_rating(record: &Record, name: &str) -> Option<Rating> {
    match record.get(name)?.first()? {
        Value::Int(number) => Rating::try_from(*number).ok(),
        Value::None | Value::Text(_) => None,
    }
}

/// Instant and zone are one value, so that two edits never mix them.
fn moment_value(at: &Moment) -> Value {
    Value::Text(format!("{} {}", at.millis(), at.zone()))
}

fn read_moment(text: &str) -> Option<Moment> {
    let (millis, zone) = text.split_once(' ')?;
    Moment::from_parts(millis.parse().ok()?, zone).ok()
}

/// place, quality, motion, strongest
#[derive(Serialize, Deserialize)]
struct CodedNote(String, Option<String>, Option<Motion>, bool);

impl From<&BodyNote> for CodedNote {
    fn from(note: &BodyNote) -> Self {
        Self(note.place.to_code(), note.quality.as_ref().map(Term::to_code), note.motion, note.strongest)
    }
}

fn list_value<T, C: Serialize>(list: &[T], coded: impl Fn(&T) -> C) -> Value {
    if list.is_empty() {
        return Value::None;
    }
    let list: Vec<C> = list.iter().map(coded).collect();
    Value::Text(serde_json::to_string(&list).expect("texts and numbers are JSON"))
}

fn read_list<'a, C: Deserialize<'a>, T>(text: &'a str, read: impl Fn(C) -> Option<T>) -> Vec<T> {
    let coded: Vec<C> = serde_json::from_str(text).unwrap_or_default();
    coded.into_iter().take(CheckIn::MAX_LIST).filter_map(read).collect()
}

fn read_feelings(text: &str) -> Vec<Feeling> {
    read_list(text, |(code, intensity): (String, Option<Rating>)| {
        Some(Feeling { word: Term::feeling(&code).ok()?, intensity })
    })
}

fn read_body(text: &str) -> Vec<BodyNote> {
    read_list(text, |CodedNote(place, quality, motion, strongest)| {
        let quality = quality.and_then(|quality| Term::quality(&quality).ok());
        Some(BodyNote { place: Term::place(&place).ok()?, quality, motion, strongest })
    })
}

fn read_tags(text: &str) -> Vec<Label> {
    read_list(text, |tag: String| Label::new(&tag).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingle_model::check_in::{BodyDraft, FeelingDraft};

    fn at(text: &str) -> Moment {
        text.parse().unwrap()
    }

    fn whole() -> CheckIn {
        let draft = CheckInDraft {
            feelings: Some(vec![
                FeelingDraft { word: "hurt".into(), intensity: Some(70) },
                FeelingDraft { word: "~left out".into(), intensity: None },
            ]),
            body: Some(vec![BodyDraft {
                place: "chest".into(),
                quality: Some("tight".into()),
                motion: Some(Motion::Still),
                strongest: true,
            }]),
            cause: Some("no answer\n😀".into()),
            thought: Some("why".into()),
            urge: Some("hide".into()),
            distress_before: Some(80),
            distress_after: Some(0),
            tags: Some(vec!["work".into(), "größe".into()]),
            at: None,
        };
        draft.check().unwrap().0
    }

    fn record(fields: Fields) -> Record {
        fields.into_iter().map(|(name, value)| (name.to_owned(), vec![value])).collect()
    }

    fn origin_of(device: u8) -> Origin {
        Origin { made_ms: 5, device: DeviceId::from_bytes([device; 16]) }
    }

    #[test]
    fn an_entry_comes_back_whole_from_its_record() {
        let moment_of = at("2026-11-25T19:40:00+01:00[Europe/Berlin]");
        let record = record(new_fields(&whole(), &moment_of, origin_of(1)));
        assert_eq!(check_in(&record), whole());
        assert_eq!((moment(&record), origin(&record)), (Some(moment_of), Some(origin_of(1))));
        let view = view(EntryKind::CheckIn, EntryId::from_bytes([9; 16]), &record, |_| "laptop".into()).unwrap();
        assert_eq!(view.to_draft().check().unwrap().0, whole());
    }

    #[test]
    fn a_deletion_holds_only_while_the_content_is_what_the_deleter_saw() {
        let now = at("2026-11-25T19:40:00Z");
        let mut record = record(new_fields(&whole(), &now, origin_of(1)));
        assert_eq!(standing(&record), Standing::Shown);
        let mark = trash(&record, &now).remove(field::TRASH).unwrap();
        record.insert(field::TRASH.into(), vec![mark.clone()]);
        assert_eq!(standing(&record), Standing::Trashed);
        let cause = record.insert(field::CAUSE.into(), vec![Value::Text("another".into())]).unwrap();
        assert_eq!(standing(&record), Standing::DeletedThenChanged);
        record.insert(field::CAUSE.into(), cause);
        record.insert(field::TRASH.into(), vec![mark, Value::None]);
        assert_eq!(standing(&record), Standing::Shown, "of an undo and a deletion the undo wins");
    }

    #[test]
    fn values_that_no_version_of_ours_wrote_are_left_out_and_hide_nothing_else() {
        let mut record = record(new_fields(&whole(), &at("2026-11-25T19:40:00Z"), origin_of(1)));
        record.insert(field::BEFORE.into(), vec![Value::Int(101)]);
        record.insert(field::FEELINGS.into(), vec![Value::Text("{]".into())]);
        record.insert(field::TAGS.into(), vec![Value::Int(3)]);
        let read = check_in(&record);
        assert_eq!((read.distress_before, read.feelings.len(), read.tags.len()), (None, 0, 0));
        assert_eq!(read.cause, whole().cause);
    }

    #[test]
    fn an_edit_writes_what_differs_and_settles_only_the_conflicts_that_it_names() {
        let now = at("2026-11-25T19:40:00Z");
        let mut record = record(new_fields(&whole(), &now, origin_of(1)));
        let edit = CheckInDraft { thought: Some(String::new()), urge: Some("hide".into()), ..Default::default() };
        assert_eq!(changed(fields(&whole(), &now), &record, &edit), Fields::new());
        for name in [field::URGE, field::CAUSE] {
            record.get_mut(name).unwrap().push(Value::Text("sleep".into()));
        }
        let (edited, _) = edit.applied_to(&whole()).unwrap();
        let names: Vec<_> = changed(fields(&edited, &now), &record, &edit).into_keys().collect();
        assert_eq!(names, [field::THOUGHT, field::URGE]);
    }
}
