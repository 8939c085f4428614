//! One automerge document, as plain records. No automerge type crosses this module, and what a record means is not decided here.
//!
//! A document is a map of records by key, each a flat map of scalars. A record is the union of all the maps that devices have
//! made under its key: a field holds the value that is shown first, and behind it those that conflict with it.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use automerge::{
    ActorId, Automerge, Change, ObjId, ObjType, ROOT, ReadDoc as _, ScalarValue,
    legacy::{Key, ObjectId, OpId},
    transaction::{CommitOptions, Transactable as _},
};
use serde::{Deserialize, Serialize};

use crate::seal::Hash;

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
    /// Which record a map belongs to.
    maps: BTreeMap<MapId, String>,
}

/// A map's name in changes: counter and actor of the operation that made it.
type MapId = (u64, Vec<u8>);

/// As many maps of a record are written to. Honest devices make one, or two when both bring in the same old journal; a change that
/// fills all of them with the longest texts still fits into a bundle.
const MAX_MAPS: usize = 3;

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
        let mut heads: Vec<Hash> = self.doc.get_heads().into_iter().map(|head| Hash::from_bytes(head.0)).collect();
        heads.sort();
        heads
    }

    pub fn records(&self) -> &BTreeMap<String, Record> {
        &self.records
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
                for (value, _) in self.doc.get_all(&map, name.as_str()).unwrap_or_default().iter().rev() {
                    let Some(value) = plain(value) else { continue };
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
}
