//! What a search reads: for each month one row with the folded words of all its entries, so that ten years are a hundred rows.

use std::collections::BTreeMap;

use ingle_model::{EntryId, EntryKind, EntryView};
use zeroize::Zeroizing;

use super::{Keyring, Records, RowName};
use crate::{
    entry::{self, Standing},
    fold::folded,
    random::Random,
    rows::{put_packed, read_packed},
    staged::Staged,
    store::{Store, StoreError, Table},
    wire::{Reader, put_bytes, put_list},
};

const TEXTS: u8 = 3;
/// Separates terms; no folded text holds it.
const BREAK: &str = "\n";

/// What a search asks for: all of it has to be there.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    words: Vec<String>,
    /// Feelings and tags, as they stand between [`BREAK`]s.
    terms: Vec<String>,
}

/// An entry that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    pub at_ms: i64,
    pub id: EntryId,
    pub kind: EntryKind,
    pub row: RowName,
}

/// The entries of a document, in the bytes of the row.
pub type Entries = Vec<u8>;

/// The texts of a month, by document.
#[derive(Default)]
pub struct Texts(BTreeMap<RowName, Zeroizing<Entries>>);

impl Wanted {
    /// Words are found anywhere in an entry, feelings by the code of their word, tags whole.
    pub fn new(words: &[String], feelings: &[String], tags: &[String]) -> Self {
        let words = words.iter().map(|word| folded(word)).filter(|word| !word.is_empty()).collect();
        let feelings = feelings.iter().map(|feeling| term("f", feeling));
        Self { words, terms: feelings.chain(tags.iter().map(|tag| term("t", tag))).collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.terms.is_empty()
    }
}

impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wanted(..)")
    }
}

impl Texts {
    /// Nothing when there is no row, or none that opens.
    pub fn read(store: &impl Store, keys: Keyring<'_>, page: &str) -> Result<Option<Self>, StoreError> {
        let key = texts_key(keys, page);
        let row = store.get(Table::Digests, &key)?.and_then(|row| read_packed(keys.local, Table::Digests, &key, &row));
        Ok(row.and_then(|(_, plain)| {
            let mut reader = Reader(&plain);
            let mut texts = BTreeMap::new();
            for (row, entries) in
                reader.list(plain.len(), |reader| Some((reader.chunk()?, reader.bytes()?.to_vec())))?
            {
                texts.insert(row, Zeroizing::new(entries));
            }
            reader.end()?;
            Some(Self(texts))
        }))
    }

    pub fn put(&self, keys: Keyring<'_>, page: &str, staged: &mut Staged, random: &mut dyn Random) {
        let mut plain = Zeroizing::new(Vec::new());
        put_list(&mut plain, self.0.iter(), |out, (row, entries)| {
            out.extend_from_slice(row);
            put_bytes(out, entries);
        });
        put_packed(keys.local, Table::Digests, &texts_key(keys, page), 0, &plain, staged, random);
    }

    pub fn holds(&self, row: &RowName) -> bool {
        self.0.contains_key(row)
    }

    pub fn set(&mut self, row: RowName, entries: Entries) {
        self.0.insert(row, Zeroizing::new(entries));
    }

    pub fn search(&self, row: &RowName, wanted: &Wanted, hits: &mut Vec<Hit>) {
        if let Some(entries) = self.0.get(row) {
            search(*row, entries, wanted, hits);
        }
    }
}

/// The entries of a document that show, in the bytes of the row: 16 id, 1 kind, 8 time, terms and words, each behind its length.
pub fn entries(records: &Records) -> Entries {
    let mut out = Vec::new();
    for (key, record) in records {
        let Some((kind, id)) = entry::of(key).filter(|_| entry::standing(record) != Standing::Trashed) else {
            continue;
        };
        let Some(view) = entry::view(kind, id, record, |_| String::new()) else { continue };
        out.extend_from_slice(id.as_bytes());
        out.push(match kind {
            EntryKind::CheckIn => 0,
            EntryKind::Letter => 1,
        });
        out.extend_from_slice(&view.at_ms.to_be_bytes());
        put_bytes(&mut out, terms_of(&view).as_bytes());
        put_bytes(&mut out, words_of(&view).as_bytes());
    }
    out
}

pub fn search(row: RowName, entries: &[u8], wanted: &Wanted, hits: &mut Vec<Hit>) {
    let mut reader = Reader(entries);
    // Bytes that are none of ours end the walk: the row was sealed here.
    while let Some((hit, terms, words)) = read(row, &mut reader) {
        let has_terms = wanted.terms.iter().all(|term| terms.contains(term.as_str()));
        if has_terms && wanted.words.iter().all(|word| words.contains(word.as_str())) {
            hits.push(hit);
        }
    }
}

fn read<'a>(row: RowName, reader: &mut Reader<'a>) -> Option<(Hit, &'a str, &'a str)> {
    let id = EntryId::from_bytes(reader.chunk()?);
    let kind = match reader.u8()? {
        0 => EntryKind::CheckIn,
        _ => EntryKind::Letter,
    };
    let at_ms = reader.chunk().map(i64::from_be_bytes)?;
    let mut text = || std::str::from_utf8(reader.bytes()?).ok();
    Some((Hit { at_ms, id, kind, row }, text()?, text()?))
}

fn term(kind: &str, text: &str) -> String {
    format!("{BREAK}{kind}{}{BREAK}", folded(text))
}

fn terms_of(view: &EntryView) -> String {
    let feelings = view.feelings.iter().map(|feeling| term("f", &feeling.id));
    feelings.chain(view.tags.iter().map(|tag| term("t", tag))).collect()
}

/// All words that the view shows.
fn words_of(view: &EntryView) -> String {
    let letter = view.letter.iter();
    let texts = [&view.cause, &view.thought, &view.urge].into_iter().flatten();
    let notes = view.body.iter().flat_map(|note| std::iter::once(&note.place).chain(&note.quality));
    let labels = view.feelings.iter().map(|feeling| &feeling.label).chain(&view.tags).chain(notes);
    let voices = letter.clone().filter_map(|letter| letter.voice.as_ref().map(|voice| &voice.label));
    let versions = view.versions.iter().map(|version| &version.value);
    let all = texts.chain(labels).chain(letter.map(|letter| &letter.text)).chain(voices).chain(versions);
    all.map(|text| folded(text)).collect::<Vec<_>>().join(BREAK)
}

fn texts_key(keys: Keyring<'_>, page: &str) -> Vec<u8> {
    [&[TEXTS][..], &keys.local.name(b"texts", page.as_bytes())].concat()
}
