//! One automerge document, as plain records. No automerge type crosses this module, and what a record means is not decided here.
//!
//! A document is a map of records by key, each a flat map of scalars and long texts, which merge by the sign. A record is the union
//! of all the maps that devices have made under its key: a field holds the value that is shown first, and behind it those that
//! conflict with it.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use automerge::{
    ActorId, Automerge, Change, ChangeHash, ObjId, ObjType, PatchLog, ROOT, ReadDoc as _, ScalarValue,
    legacy::{Key, ObjectId, OpId},
    transaction::{CommitOptions, Transactable as _},
};
use serde::{Deserialize, Serialize};

use crate::{
    seal::Hash,
    text_diff::{self, Step},
};

/// Who writes, for automerge: drawn anew for every run, so that a copy of a journal never writes as the same one.
pub type Actor = [u8; 16];

/// What a field holds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Emptied by somebody; a field that nobody ever filled isn't there at all.
    None,
    Int(i64),
    Text(String),
}

/// The values of each field: the one to show, then those that conflict with it. Never an empty list.
pub type Record = BTreeMap<String, Vec<Value>>;
/// What to write into some fields.
pub type Fields = BTreeMap<&'static str, Value>;

/// Records as they were before a change.
pub type Before = BTreeMap<String, Option<Record>>;

/// The bytes are no document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no document")]
pub struct Unreadable;

/// The bytes can't be taken into the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// The document is as it was.
    #[error("the bytes are no change, or one that builds on what isn't here")]
    Refused,
    /// automerge stopped half-way: this document must not be used any more.
    #[error("the change spoilt the document")]
    Spoilt,
}

#[derive(Clone)]
pub struct Document {
    doc: Automerge,
    records: BTreeMap<String, Record>,
    /// Which record a map or a long text belongs to.
    maps: BTreeMap<MapId, String>,
}

/// The name of a map or a text in changes: counter and actor of the operation that made it.
type MapId = (u64, Vec<u8>);

/// As many maps of a record are written to. Honest devices make one, or two when both bring in the same old journal; a change that
/// fills all of them with the longest texts still fits into a bundle.
const MAX_MAPS: usize = 3;

/// The most bytes of text that go into one change, which then fits into a bundle whatever the script.
const MAX_INSERT: usize = 64 * 1024;

/// A change chunk begins with four magic bytes, four of checksum, and its type: 1 is a change that isn't compressed.
const CHECKSUM_AT: std::ops::Range<usize> = 4..8;
const CHUNK_TYPE_AT: usize = 8;
const CHANGE: u8 = 1;

impl Document {
    pub fn new(actor: &Actor) -> Self {
        let doc = Automerge::new().with_actor(ActorId::from(actor));
        Self { doc, records: BTreeMap::new(), maps: BTreeMap::new() }
    }

    /// From the bytes of [`Self::save`]. Costs about 1 ms for a busy month.
    pub fn load(saved: &[u8], actor: &Actor) -> Result<Self, Unreadable> {
        let doc = guarded(|| Automerge::load(saved).ok())?.with_actor(ActorId::from(actor));
        let mut document = Self { doc, records: BTreeMap::new(), maps: BTreeMap::new() };
        let keys: Vec<String> = document.doc.keys(ROOT).collect();
        keys.iter().for_each(|key| document.read(key));
        Ok(document)
    }

    /// The whole document with its history, not compressed.
    pub fn save(&self) -> Vec<u8> {
        self.doc.save_nocompress()
    }

    /// Names the state: equal on all devices that have taken in the same changes. Ascending.
    pub fn heads(&self) -> Vec<Hash> {
        sorted(&self.doc.get_heads())
    }

    pub fn records(&self) -> &BTreeMap<String, Record> {
        &self.records
    }

    /// Whether all of these changes are in it.
    pub fn holds(&self, heads: &[Hash]) -> bool {
        heads.iter().all(|head| self.doc.get_change_by_hash(&ChangeHash(*head.as_bytes())).is_some())
    }

    /// What a long text was like at heads that it [holds](Self::holds).
    #[cfg(test)]
    pub fn text_at(&self, key: &str, name: &str, heads: &[Hash]) -> Option<String> {
        let heads = change_hashes(heads);
        let map =
            self.doc.get_all_at(ROOT, key, &heads).ok()?.into_iter().rev().find(|(value, _)| value.is_object())?.1;
        let text = self.doc.get_all_at(&map, name, &heads).ok()?.into_iter().rev().find(|(value, _)| is_text(value))?.1;
        self.doc.text_at(&text, &heads).ok()
    }

    /// Makes one change that gives the record these fields, on every map seen (the first [`MAX_MAPS`]), and gives the change's
    /// bytes. Nothing when all of them have these values already.
    pub fn write(&mut self, key: &str, fields: &Fields) -> Option<Vec<u8>> {
        let mut maps: Vec<ObjId> = self.objects(key).take(MAX_MAPS).collect();
        let mut transaction = self.doc.transaction();
        if maps.is_empty() {
            maps.push(transaction.put_object(ROOT, key, ObjType::Map).expect("the root is a map"));
        }
        for map in &maps {
            for (name, value) in fields {
                let held = transaction.get_all(map, *name).expect("the object is a map");
                let is_there = matches!(held.as_slice(), [(one, _)] if plain(one).as_ref() == Some(value));
                if !is_there {
                    // To put the value that wins already settles nothing.
                    if held.len() > 1 {
                        transaction.delete(map, *name).expect("the object is a map");
                    }
                    transaction.put(map, *name, scalar(value)).expect("the object is a map");
                }
            }
        }
        // Time stays out of the bytes: an entry says itself when it was made.
        let (made, _) = transaction.commit_with(CommitOptions::default().with_time(0));
        made?;
        self.read(key);
        let change = self.doc.get_last_local_change().expect("it was made just now");
        Some(change.raw_bytes().to_vec())
    }

    /// Gives a field of a record that is there this long text, by small steps from what it was at these heads, so that what was
    /// written elsewhere meanwhile stays. Heads that are not in the document count as the present ones.
    ///
    /// Gives the bytes of the changes, each on top of the one before, and the heads of what was written, where the text is exactly
    /// this one. No changes when it was that already.
    pub fn write_text(&mut self, key: &str, name: &str, at: &[Hash], text: &str) -> (Vec<Vec<u8>>, Vec<Hash>) {
        let mut heads = if !at.is_empty() && self.holds(at) { change_hashes(at) } else { self.doc.get_heads() };
        let mut changes = Vec::new();
        let all = self.doc.get_all_at(ROOT, key, &heads).unwrap_or_default();
        let maps: Vec<ObjId> =
            all.into_iter().rev().filter(|(value, _)| value.is_object()).map(|(_, map)| map).take(MAX_MAPS).collect();
        for map in maps {
            let texts = self.doc.get_all_at(&map, name, &heads).unwrap_or_default();
            let found = texts.into_iter().rev().find(|(value, _)| is_text(value)).map(|(_, found)| found);
            let old = found.as_ref().and_then(|found| self.doc.text_at(found, &heads).ok()).unwrap_or_default();
            let pieces = in_changes(text_diff::steps(&old, text));
            let mut place = found;
            for steps in if place.is_none() && pieces.is_empty() { vec![Vec::new()] } else { pieces } {
                // Much dearer where it isn't needed: a walk over the text.
                let mut transaction = if self.doc.get_heads() == heads {
                    self.doc.transaction()
                } else {
                    let transaction = self.doc.transaction_at(PatchLog::inactive(), &heads);
                    transaction.expect("an inactive log belongs to every document")
                };
                let place = place.get_or_insert_with(|| {
                    transaction.put_object(&map, name, ObjType::Text).expect("the object is a map")
                });
                for Step { at, delete, insert } in steps {
                    for (at, delete) in from_the_end(at, delete) {
                        transaction.splice_text(&*place, at, delete, "").expect("the step lies in the text");
                    }
                    transaction.splice_text(&*place, at, 0, insert).expect("the step lies in the text");
                }
                let (made, _) = transaction.commit_with(CommitOptions::default().with_time(0));
                let made = made.expect("each transaction holds a step, or makes the text");
                let change = self.doc.get_change_by_hash(&made).expect("it was made just now");
                changes.push(change.raw_bytes().to_vec());
                heads = vec![made];
            }
        }
        if !changes.is_empty() {
            self.read(key);
        }
        (changes, sorted(&heads))
    }

    /// Takes in a change from anywhere. Gives the records that it may have changed, as they were before; none for a change that
    /// is known.
    ///
    /// The bytes may be hostile. Costs about 0.2 ms in a busy month.
    pub fn apply(&mut self, bytes: &[u8]) -> Result<Before, NotTaken> {
        if bytes.get(CHUNK_TYPE_AT) != Some(&CHANGE) {
            return Err(NotTaken::Refused);
        }
        let read = guarded(|| {
            let change = Change::from_bytes(bytes.to_vec()).ok()?;
            // automerge reads on over a wrong checksum.
            bytes.get(CHECKSUM_AT).filter(|checksum| change.hash().0.starts_with(checksum))?;
            let has_all = change.deps().iter().all(|dep| self.doc.get_change_by_hash(dep).is_some());
            has_all.then(|| (change.decode(), change))
        });
        let (decoded, change) = read.map_err(|_| NotTaken::Refused)?;
        if self.doc.get_change_by_hash(&change.hash()).is_some() {
            return Ok(Before::new());
        }
        let taken = guarded(|| {
            self.doc.apply_changes([change]).ok()?;
            let mut touched = Before::new();
            // Maps are made by operations on the root, which come first: they get their keys before fields are looked up.
            for operation in &decoded.operations {
                let key = match (&operation.obj, &operation.key) {
                    (ObjectId::Root, Key::Map(key)) => Some(key.to_string()),
                    (ObjectId::Id(map), _) => self.maps.get(&map_id(map)).cloned(),
                    (ObjectId::Root, Key::Seq(_)) => None,
                };
                if let Some(key) = key.filter(|key| !touched.contains_key(key)) {
                    touched.insert(key.clone(), self.records.get(&key).cloned());
                    self.read(&key);
                }
            }
            Some(touched)
        });
        taken.map_err(|_| NotTaken::Spoilt)
    }

    /// The maps under a key, the one that automerge would show first.
    fn objects(&self, key: &str) -> impl Iterator<Item = ObjId> + use<> {
        let all = self.doc.get_all(ROOT, key).unwrap_or_default();
        let maps: Vec<ObjId> =
            all.into_iter().rev().filter(|(value, _)| value.is_object()).map(|(_, object)| object).collect();
        maps.into_iter()
    }

    fn read(&mut self, key: &str) {
        let mut record = Record::new();
        for map in self.objects(key) {
            if let ObjId::Id(counter, actor, _) = &map {
                self.maps.insert((*counter, actor.to_bytes().to_vec()), key.to_owned());
            }
            let names: Vec<String> = self.doc.keys(&map).collect();
            for name in names {
                // The winner is the last one.
                for (value, object) in self.doc.get_all(&map, name.as_str()).unwrap_or_default().iter().rev() {
                    let value = if is_text(value) {
                        if let ObjId::Id(counter, actor, _) = object {
                            self.maps.insert((*counter, actor.to_bytes().to_vec()), key.to_owned());
                        }
                        self.doc.text(object).ok().map(Value::Text)
                    } else {
                        plain(value)
                    };
                    let Some(value) = value else { continue };
                    let values = record.entry(name.clone()).or_default();
                    if !values.contains(&value) {
                        values.push(value);
                    }
                }
            }
        }
        if record.is_empty() {
            self.records.remove(key);
        } else {
            self.records.insert(key.to_owned(), record);
        }
    }
}

fn change_hashes(heads: &[Hash]) -> Vec<ChangeHash> {
    heads.iter().map(|head| ChangeHash(*head.as_bytes())).collect()
}

fn sorted(heads: &[ChangeHash]) -> Vec<Hash> {
    let mut heads: Vec<Hash> = heads.iter().map(|head| Hash::from_bytes(head.0)).collect();
    heads.sort();
    heads
}

fn is_text(value: &automerge::Value<'_>) -> bool {
    matches!(value, automerge::Value::Object(ObjType::Text))
}

/// A deletion in pieces, the last one first. What is deleted costs a step over all that was deleted right behind it before: for
/// a whole novel in one go, minutes.
fn from_the_end(at: usize, delete: usize) -> impl Iterator<Item = (usize, isize)> {
    const PIECE: usize = 128;
    let pieces = (0..delete.div_ceil(PIECE)).rev();
    pieces.map(move |piece| {
        let start = piece * PIECE;
        let length = PIECE.min(delete - start);
        (at + start, isize::try_from(length).expect("a piece is short"))
    })
}

/// Steps in groups that each insert at most [`MAX_INSERT`] bytes.
fn in_changes(steps: Vec<Step<'_>>) -> Vec<Vec<Step<'_>>> {
    let (mut groups, mut room): (Vec<Vec<Step<'_>>>, _) = (Vec::new(), 0);
    for Step { mut at, mut delete, insert } in steps {
        let mut rest = insert;
        loop {
            let cut = rest.floor_char_boundary(MAX_INSERT);
            let (insert, later) = rest.split_at(cut);
            match groups.last_mut() {
                Some(group) if insert.len() <= room => group.push(Step { at, delete, insert }),
                _ => {
                    groups.push(vec![Step { at, delete, insert }]);
                    room = MAX_INSERT;
                }
            }
            room -= insert.len();
            if later.is_empty() {
                break;
            }
            (at, delete, rest) = (at + insert.chars().count(), 0, later);
        }
    }
    groups
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Document({} records)", self.records.len())
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Value(..)")
    }
}

fn map_id(OpId(counter, actor): &OpId) -> MapId {
    (*counter, actor.to_bytes().to_vec())
}

/// automerge can panic on bytes that are well signed and wrong all the same.
fn guarded<T>(read: impl FnOnce() -> Option<T>) -> Result<T, Unreadable> {
    catch_unwind(AssertUnwindSafe(read)).ok().flatten().ok_or(Unreadable)
}

/// Values of other kinds are of a newer version: they stay in the document and are not shown.
fn plain(value: &automerge::Value<'_>) -> Option<Value> {
    match value.as_scalar()? {
        ScalarValue::Null => Some(Value::None),
        ScalarValue::Int(number) => Some(Value::Int(*number)),
        ScalarValue::Str(text) => Some(Value::Text(text.to_string())),
        _ => None,
    }
}

fn scalar(value: &Value) -> ScalarValue {
    match value {
        Value::None => ScalarValue::Null,
        Value::Int(number) => ScalarValue::Int(*number),
        Value::Text(text) => ScalarValue::Str(text.as_str().into()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn touched(document: &mut Document, change: &[u8]) -> Vec<String> {
        document.apply(change).unwrap().into_keys().collect()
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn fields(fields: &[(&'static str, Value)]) -> Fields {
        fields.iter().cloned().collect()
    }

    fn pair() -> (Document, Document) {
        (Document::new(&[1; 16]), Document::new(&[2; 16]))
    }

    #[test]
    fn a_change_gives_the_other_document_the_same_record_and_heads() {
        let (mut a, mut b) = pair();
        let change = a.write("k", &fields(&[("cause", text("rain")), ("before", Value::Int(70))])).unwrap();
        assert_eq!(touched(&mut b, &change), ["k"]);
        assert_eq!((a.records(), a.heads()), (b.records(), b.heads()));
        assert!(touched(&mut b, &change).is_empty(), "a known one changes nothing");
        assert_eq!(a.write("k", &fields(&[("cause", text("rain"))])), None, "nothing new");
    }

    #[test]
    fn edits_apart_are_both_kept_and_equal_ones_are_no_conflict() {
        let (mut a, mut b) = pair();
        b.apply(&a.write("k", &fields(&[("cause", text("rain")), ("urge", text("hide"))])).unwrap()).unwrap();
        let from_a = a.write("k", &fields(&[("cause", text("hail")), ("urge", text("sleep"))])).unwrap();
        let from_b = b.write("k", &fields(&[("cause", text("snow")), ("urge", text("sleep"))])).unwrap();
        a.apply(&from_b).unwrap();
        b.apply(&from_a).unwrap();
        assert_eq!(a.records(), b.records());
        let record = &a.records()["k"];
        assert_eq!(record["cause"].iter().collect::<BTreeSet<_>>(), BTreeSet::from([&text("hail"), &text("snow")]));
        assert_eq!(record["urge"], [text("sleep")]);
        let settled = b.write("k", &fields(&[("cause", text("hail"))])).unwrap();
        a.apply(&settled).unwrap();
        assert_eq!(a.records()["k"]["cause"], [text("hail")]);
    }

    #[test]
    fn maps_made_apart_under_one_key_are_one_record_and_later_edits_reach_both() {
        let (mut a, mut b) = pair();
        let from_a = a.write("k", &fields(&[("cause", text("rain"))])).unwrap();
        let from_b = b.write("k", &fields(&[("thought", text("why"))])).unwrap();
        assert_eq!(touched(&mut a, &from_b), ["k"]);
        b.apply(&from_a).unwrap();
        assert_eq!(a.records(), b.records());
        assert_eq!(a.records()["k"].len(), 2);
        let edit = b.write("k", &fields(&[("cause", text("hail"))])).unwrap();
        let before = a.apply(&edit).unwrap().remove("k").flatten().unwrap();
        assert_eq!(before["cause"], [text("rain")]);
        assert_eq!(a.records()["k"]["cause"], [text("hail")]);
        // The map that lost is one of the record's all the same.
        let loaded = Document::load(&a.save(), &[3; 16]).unwrap();
        assert_eq!((loaded.records(), loaded.heads()), (a.records(), a.heads()));
    }

    #[test]
    fn what_builds_on_a_missing_change_or_is_no_plain_change_is_refused() {
        let (mut a, mut b) = pair();
        let first = a.write("k", &fields(&[("cause", text("rain"))])).unwrap();
        let second = a.write("k", &fields(&[("cause", text("hail"))])).unwrap();
        assert_eq!(b.clone().apply(&second), Err(NotTaken::Refused));
        for at in 0..first.len() {
            let mut flipped = first.clone();
            flipped[at] ^= 1;
            assert_eq!(b.clone().apply(&flipped), Err(NotTaken::Refused), "byte {at}");
        }
        assert_eq!(b.clone().apply(&a.save()), Err(NotTaken::Refused), "a whole document");
        assert!(b.apply(&first).is_ok() && b.apply(&second).is_ok());
    }

    #[test]
    fn a_record_that_somebody_made_many_maps_of_is_changed_within_a_bundle_s_limit() {
        let mut a = Document::new(&[0; 16]);
        for actor in 1..=20 {
            let change = Document::new(&[actor; 16]).write("k", &fields(&[("cause", text("rain"))])).unwrap();
            a.apply(&change).unwrap();
        }
        // Told apart by their first letters, so that nothing is saved by likeness.
        let long = |first: &str| text(&format!("{first}{}", "x".repeat(64 * 1024 - 1)));
        let all = [("cause", long("c")), ("thought", long("t")), ("urge", long("u")), ("tags", long("g"))];
        let change = a.write("k", &fields(&all)).unwrap();
        assert!(change.len() < crate::bundle::MAX_PLAIN_BYTES - 64 * 1024, "{}", change.len());
        assert_eq!(a.records()["k"]["cause"], [long("c"), text("rain")]);
    }

    #[test]
    fn the_same_text_changed_on_two_devices_at_once_merges_by_the_sign() {
        let (mut a, mut b) = pair();
        let first = a.write("k", &fields(&[("voice", text("kind"))])).unwrap();
        let (changes, begun) = a.write_text("k", "text", &[], "Dear me, it hurts today.");
        for change in [first].iter().chain(&changes) {
            assert_eq!(touched(&mut b, change), ["k"]);
        }
        let (from_a, after_a) = a.write_text("k", "text", &begun, "Dear one, it hurts today.");
        let (from_b, _) = b.write_text("k", "text", &begun, "Dear me, it hurts a lot today. 😀");
        from_b.iter().for_each(|change| assert_eq!(touched(&mut a, change), ["k"]));
        from_a.iter().for_each(|change| assert_eq!(touched(&mut b, change), ["k"]));
        assert_eq!(a.records(), b.records());
        assert_eq!(a.records()["k"]["text"], [text("Dear one, it hurts a lot today. 😀")]);
        // An editor that hasn't seen the other's words goes on from its own state, twice.
        assert_eq!(a.text_at("k", "text", &after_a).as_deref(), Some("Dear one, it hurts today."));
        let (more, after) = a.write_text("k", "text", &after_a, "Dear one, it hurts today. So it goes.");
        assert_eq!(
            (more.len(), a.text_at("k", "text", &after).as_deref()),
            (1, Some("Dear one, it hurts today. So it goes."))
        );
        more.iter().for_each(|change| drop(b.apply(change).unwrap()));
        assert_eq!((a.records(), a.heads()), (b.records(), b.heads()));
        let Value::Text(merged) = &a.records()["k"]["text"][0] else { panic!("a text") };
        assert!(
            merged.contains("one, it hurts a lot today") && merged.contains("So it goes.") && merged.contains("😀")
        );
        let loaded = Document::load(&a.save(), &[3; 16]).unwrap();
        assert_eq!((loaded.records(), loaded.heads()), (a.records(), a.heads()));
        assert_eq!(a.write_text("k", "text", &[], merged.clone().as_str()).0, Vec::<Vec<u8>>::new(), "nothing new");
    }

    #[test]
    fn a_pasted_novel_travels_in_changes_that_each_fit_into_a_bundle() {
        let (mut a, mut b) = pair();
        let novel: String = "Äpfel und 梨 👩‍👩‍👧 مرحبا. ".repeat(6_000);
        b.apply(&a.write("k", &fields(&[("voice", text("kind"))])).unwrap()).unwrap();
        let (changes, heads) = a.write_text("k", "text", &[], &novel);
        assert!(changes.len() > 4 && changes.iter().all(|change| change.len() < 512 * 1024));
        changes.iter().for_each(|change| drop(b.apply(change).unwrap()));
        assert_eq!(b.records()["k"]["text"], [text(&novel)]);
        let (gone, _) = b.write_text("k", "text", &heads, "short");
        assert!(gone.len() == 1 && gone[0].len() < 512 * 1024, "{} bytes", gone[0].len());
        assert_eq!(b.records()["k"]["text"], [text("short")]);
    }

    #[test]
    fn texts_made_apart_under_one_key_are_versions_until_one_is_written() {
        let (mut a, mut b) = pair();
        let write = |document: &mut Document, words: &str| {
            let mut changes = vec![document.write("k", &fields(&[("voice", text("kind"))])).unwrap()];
            changes.extend(document.write_text("k", "text", &[], words).0);
            changes
        };
        let (from_a, from_b) = (write(&mut a, "one"), write(&mut b, "other"));
        from_b.iter().for_each(|change| drop(a.apply(change).unwrap()));
        from_a.iter().for_each(|change| drop(b.apply(change).unwrap()));
        assert_eq!(a.records(), b.records());
        assert_eq!(a.records()["k"]["text"].len(), 2);
        for change in a.write_text("k", "text", &[], "both").0 {
            b.apply(&change).unwrap();
        }
        assert_eq!(b.records()["k"]["text"], [text("both")]);
    }
}
