//! All documents of the journal: a card for each, and those that are loaded.
//!
//! A document in the store is a snapshot, and behind it the bundles that touched it since. Beside it lies a digest, the records
//! without their history, for lists; for each month a page with the cards (names, spans of time, counts) of its documents, and the
//! folded words of their entries, for searches. All of that is sealed for this device and can be made anew from the bundles. Where
//! any of it doesn't open, that is what happens.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use ingle_model::{DeviceId, EntryId, EntryKind};

use crate::{
    bundle::{BundleKey, DocumentKind, DocumentName, Item},
    document::{Actor, Before, Fields, NotTaken, Record},
    random::Random,
    roster::Secrets,
    rows::put_packed,
    seal::{Hash, LocalKey},
    staged::Staged,
    store::{Store, StoreError, Table},
};

mod card;
mod catalogue;
mod loading;
mod texts;

use card::{Card, put_digest, read_digest, summary};
use catalogue::{Catalogue, delete_changed, page_of, put_changed, put_pages};
use loading::{Loaded, load, replay};
use texts::Texts;
pub use texts::{Hit, Wanted};

/// A document's name in this store: keyed, so that it says nothing.
pub type RowName = [u8; 16];
type Records = BTreeMap<String, Record>;

/// A snapshot is made anew when this many bundles lie behind it.
const MAX_TAIL: u64 = 64;
/// Documents that stay loaded when nothing happens, the household not counted.
const STAY_LOADED: usize = 2;
/// While much comes in, as many may be loaded before cards are written and the others go.
const MAX_LOADED: usize = 32;

/// What opens the rows of this store.
#[derive(Clone, Copy)]
pub struct Keyring<'a> {
    pub local: &'a LocalKey,
    pub secrets: &'a Secrets,
}

#[derive(Debug)]
pub struct Documents {
    actor: Actor,
    cards: BTreeMap<RowName, Card>,
    /// Whose card on the disk is older than they are; the store says the same.
    changed: BTreeSet<RowName>,
    loaded: BTreeMap<RowName, Loaded>,
    /// Documents of which neither the card nor a bundle says the name.
    lost: BTreeSet<RowName>,
    uses: u64,
}

impl Documents {
    pub fn new(actor: Actor) -> Self {
        let (cards, changed, loaded, lost) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new(), BTreeSet::new());
        Self { actor, cards, changed, loaded, lost, uses: 0 }
    }

    /// Reads the cards, and loads the documents that were changed after theirs was written. Costs a row for each month.
    pub fn open(store: &impl Store, keys: Keyring<'_>, actor: Actor) -> Result<Self, StoreError> {
        let Catalogue { cards, changed, lost } = Catalogue::open(store, keys)?;
        let mut documents = Self { cards, changed: changed.keys().copied().collect(), lost, ..Self::new(actor) };
        for name in changed.values() {
            documents.load(store, keys, name)?;
        }
        Ok(documents)
    }

    /// What could not be read from the store: bundles in the documents that are loaded, and documents whose names are lost.
    pub fn holes(&self) -> u64 {
        let lost = self.lost.iter().filter(|row| !self.loaded.contains_key(*row)).count();
        self.loaded.values().map(|loaded| loaded.holes).sum::<u64>() + u64::try_from(lost).unwrap_or(u64::MAX)
    }

    /// Changes a record; gives the item for the bundle. None when there is nothing to change.
    pub fn write(
        &mut self,
        store: &impl Store,
        keys: Keyring<'_>,
        name: &DocumentName,
        key: &str,
        fields: &Fields,
    ) -> Result<Option<Item>, StoreError> {
        let loaded = self.load(store, keys, name)?;
        let change = loaded.document.write(key, fields);
        if let Some(change) = &change {
            loaded.uncommitted.push(change.clone());
            loaded.summary = None;
            // What is looked up later in this turn finds it.
            self.cards.entry(keys.row_name(name)).or_insert_with(|| Card::new(name));
        }
        Ok(change.map(|change| Item::Change { document: name.clone(), change }))
    }

    /// Takes in a change from elsewhere; gives the records that it may have changed, as they were before. The document is as it
    /// was when the change can't be taken.
    pub fn apply(
        &mut self,
        store: &impl Store,
        keys: Keyring<'_>,
        name: &DocumentName,
        change: &[u8],
    ) -> Result<Result<Before, NotTaken>, StoreError> {
        let actor = self.actor;
        let loaded = self.load(store, keys, name)?;
        let touched = loaded.document.apply(change);
        match touched {
            Ok(_) => {
                loaded.uncommitted.push(change.to_vec());
                loaded.summary = None;
            }
            Err(NotTaken::Refused) => {}
            // From the store again, and what this turn has put on top of that.
            Err(NotTaken::Spoilt) => {
                let stored = load(store, keys, name, &keys.row_name(name), &actor)?.document;
                loaded.document = replay(stored, &loaded.uncommitted, &actor);
            }
        }
        Ok(touched)
    }

    /// What was changed is in the store now.
    pub fn committed(&mut self) {
        self.loaded.values_mut().for_each(|loaded| loaded.uncommitted.clear());
    }

    /// Notes that this bundle holds changes of the document.
    pub fn touch(
        &mut self,
        keys: Keyring<'_>,
        name: &DocumentName,
        bundle: BundleKey,
        staged: &mut Staged,
        random: &mut dyn Random,
    ) {
        let row = keys.row_name(name);
        let Some(loaded) = self.loaded.get_mut(&row) else { return };
        loaded.position += 1;
        staged.put(Table::Touches, [&row[..], &loaded.position.to_be_bytes()].concat(), bundle.to_bytes());
        self.cards.entry(row).or_insert_with(|| Card::new(name));
        if self.changed.insert(row) {
            put_changed(keys, &row, name, staged, random);
        }
    }

    /// The records of a document as they are now.
    pub fn records(
        &mut self,
        store: &impl Store,
        keys: Keyring<'_>,
        name: &DocumentName,
    ) -> Result<Cow<'_, Records>, StoreError> {
        let row = keys.row_name(name);
        if !self.loaded.contains_key(&row)
            && let Some(records) =
                self.cards.get(&row).map(|card| read_digest(store, keys, &row, card)).transpose()?.flatten()
        {
            return Ok(Cow::Owned(records));
        }
        Ok(Cow::Borrowed(self.load(store, keys, name)?.document.records()))
    }

    /// One record.
    pub fn record(
        &mut self,
        store: &impl Store,
        keys: Keyring<'_>,
        name: &DocumentName,
        key: &str,
    ) -> Result<Option<Record>, StoreError> {
        Ok(self.records(store, keys, name)?.get(key).cloned())
    }

    /// Makes a letter's text anew, as one that was changed from what it was `at` some heads; gives the items for the bundle, and the
    /// heads of what was written.
    pub fn write_text(
        &mut self,
        store: &impl Store,
        keys: Keyring<'_>,
        name: &DocumentName,
        (key, field): (&str, &str),
        at: &[Hash],
        text: &str,
    ) -> Result<(Vec<Item>, Vec<Hash>), StoreError> {
        let loaded = self.load(store, keys, name)?;
        let (changes, heads) = loaded.document.write_text(key, field, at, text);
        if !changes.is_empty() {
            loaded.uncommitted.extend(changes.iter().cloned());
            loaded.summary = None;
        }
        Ok((changes.into_iter().map(|change| Item::Change { document: name.clone(), change }).collect(), heads))
    }

    /// The heads of one document; none of one that isn't there.
    pub fn heads_of(&self, keys: Keyring<'_>, name: &DocumentName) -> Vec<Hash> {
        let row = keys.row_name(name);
        let loaded = self.loaded.get(&row).map(|loaded| loaded.document.heads());
        loaded.or_else(|| self.cards.get(&row).map(|card| card.heads.clone())).unwrap_or_default()
    }

    /// The documents with entries of this kind that may tell of this span, the newest first, with the greatest time that each tells
    /// of.
    pub fn between(&mut self, kind: Option<EntryKind>, since_ms: i64, until_ms: i64) -> Vec<(i64, DocumentName)> {
        self.refresh();
        let is_wanted = |name: &DocumentName| match name.kind {
            DocumentKind::Month => kind.is_none_or(|kind| kind == EntryKind::CheckIn),
            DocumentKind::Letter => kind.is_none_or(|kind| kind == EntryKind::Letter),
            DocumentKind::Household => false,
        };
        let spans = self.cards.iter().filter(|(_, card)| is_wanted(&card.name)).filter_map(|(row, card)| {
            let loaded = self.loaded.get(row).and_then(|loaded| loaded.summary.as_ref());
            let (least, greatest) = loaded.unwrap_or(&card.summary).span_ms?;
            (greatest >= since_ms && least < until_ms).then(|| (greatest, card.name.clone()))
        });
        let mut documents: Vec<_> = spans.collect();
        documents.sort_by(|a, b| b.cmp(a));
        documents
    }

    /// The months that there is a document of.
    pub fn months(&self) -> impl Iterator<Item = &DocumentName> {
        self.cards.values().map(|card| &card.name).filter(|name| name.kind == DocumentKind::Month)
    }

    /// All documents with entries, the oldest first.
    pub fn with_entries(&self) -> Vec<DocumentName> {
        let names = self.cards.values().map(|card| &card.name);
        let mut names: Vec<_> = names.filter(|name| name.kind != DocumentKind::Household).cloned().collect();
        names.sort_by(|a, b| a.name.cmp(&b.name));
        names
    }

    /// The document that an entry lies in.
    pub fn home_of(&mut self, id: EntryId) -> Option<DocumentName> {
        self.refresh();
        let holds = |(row, card): &(&RowName, &Card)| {
            let loaded = self.loaded.get(*row).and_then(|loaded| loaded.summary.as_ref());
            loaded.unwrap_or(&card.summary).ids.contains(&id)
        };
        self.cards.iter().find(holds).map(|(_, card)| card.name.clone())
    }

    pub fn name_of(&self, row: &RowName) -> Option<&DocumentName> {
        self.cards.get(row).map(|card| &card.name)
    }

    /// Entries in which all of that is, the newest first. Costs a row for each month, about 0.1 ms.
    pub fn search(
        &mut self,
        store: &impl Store,
        keys: Keyring<'_>,
        kind: Option<EntryKind>,
        (since_ms, until_ms): (i64, i64),
        wanted: &Wanted,
    ) -> Result<Vec<Hit>, StoreError> {
        let mut pages: BTreeMap<String, Vec<(RowName, DocumentName)>> = BTreeMap::new();
        for (_, name) in self.between(kind, since_ms, until_ms) {
            pages.entry(page_of(&name).to_owned()).or_default().push((keys.row_name(&name), name));
        }
        let mut hits = Vec::new();
        for (page, documents) in pages {
            let texts = Texts::read(store, keys, &page)?.unwrap_or_default();
            for (row, name) in documents {
                // What is loaded may be newer, and of a row that is gone the records are read.
                if texts.holds(&row) && !self.changed.contains(&row) {
                    texts.search(&row, wanted, &mut hits);
                } else {
                    let entries = texts::entries(&*self.records(store, keys, &name)?);
                    texts::search(row, &entries, wanted, &mut hits);
                }
            }
        }
        hits.retain(|hit| (since_ms..until_ms).contains(&hit.at_ms));
        hits.sort_by(|a, b| b.cmp(a));
        Ok(hits)
    }

    /// Entries that show, by the device that wrote them.
    pub fn entries(&mut self) -> BTreeMap<DeviceId, u64> {
        self.refresh();
        let mut all = BTreeMap::new();
        for (row, card) in &self.cards {
            let loaded = self.loaded.get(row).and_then(|loaded| loaded.summary.as_ref());
            let entries = &loaded.unwrap_or(&card.summary).entries;
            entries.iter().for_each(|(device, count)| *all.entry(*device).or_default() += count);
        }
        all
    }

    /// The heads of every document, in the order of their names.
    pub fn heads(&self) -> Vec<Hash> {
        let mut all: Vec<(&DocumentName, Vec<Hash>)> = Vec::new();
        for (row, card) in &self.cards {
            let loaded = self.loaded.get(row).map(|loaded| loaded.document.heads());
            all.push((&card.name, loaded.unwrap_or_else(|| card.heads.clone())));
        }
        all.sort();
        all.into_iter().flat_map(|(_, heads)| heads).collect()
    }

    /// Writes what is stale of cards, digests, words and snapshots. At the end every tail is taken in. Where there are holes
    /// everything stays as it is on the disk: what is written now would stand for the whole.
    pub fn settle(
        &mut self,
        store: &impl Store,
        keys: Keyring<'_>,
        is_end: bool,
        staged: &mut Staged,
        random: &mut dyn Random,
    ) -> Result<(), StoreError> {
        self.refresh();
        let mut pages: BTreeMap<String, Vec<RowName>> = BTreeMap::new();
        for (row, loaded) in self.loaded.iter().filter(|(_, loaded)| loaded.holes == 0) {
            let Some(card) = self.cards.get_mut(row) else { continue };
            let tail = loaded.position - card.snapshot;
            let is_snapshot_due = tail > MAX_TAIL || (is_end && tail > 0);
            if is_snapshot_due {
                card.snapshot = loaded.position;
                put_packed(keys.local, Table::Documents, row, loaded.position, &loaded.document.save(), staged, random);
            }
            if is_snapshot_due || loaded.position != card.position || self.changed.contains(row) {
                card.position = loaded.position;
                card.summary = loaded.summary.clone().unwrap_or_default();
                card.heads = loaded.document.heads();
                put_digest(keys, row, loaded.position, loaded.document.records(), staged, random);
                delete_changed(row, staged);
                self.changed.remove(row);
                pages.entry(page_of(&card.name).to_owned()).or_default().push(*row);
            }
        }
        if pages.is_empty() {
            return Ok(());
        }
        put_pages(keys, &self.cards, &pages.keys().cloned().collect(), staged, random);
        for (page, rows) in pages.into_iter().filter(|(page, _)| !page.is_empty()) {
            let mut texts = Texts::read(store, keys, &page)?.unwrap_or_default();
            for row in rows {
                if let Some(loaded) = self.loaded.get(&row) {
                    texts.set(row, texts::entries(loaded.document.records()));
                }
            }
            texts.put(keys, &page, staged, random);
        }
        Ok(())
    }

    /// Whether [`Self::settle`] would write something.
    pub fn is_unsettled(&self) -> bool {
        self.changed.iter().any(|row| self.loaded.get(row).is_some_and(|loaded| loaded.holes == 0))
    }

    /// Whether more is loaded than should stay while much comes in.
    pub fn is_crowded(&self) -> bool {
        self.loaded.len() > MAX_LOADED
    }

    /// Whether so much lies behind a snapshot that one should be made soon.
    pub fn has_long_tail(&self) -> bool {
        let is_long = |(row, loaded): (&RowName, &Loaded)| {
            let is_long = |card: &Card| loaded.position - card.snapshot > 4 * MAX_TAIL;
            loaded.holes == 0 && self.cards.get(row).is_some_and(is_long)
        };
        self.loaded.iter().any(is_long)
    }

    /// Drops what need not stay in memory. Only while nothing is staged.
    pub fn unload(&mut self, keys: Keyring<'_>) {
        let household = keys.row_name(&DocumentName::household());
        let mut uses: Vec<u64> =
            self.loaded.iter().filter(|(row, _)| **row != household).map(|(_, loaded)| loaded.last_use).collect();
        uses.sort_unstable();
        let keep_from = uses.len().checked_sub(STAY_LOADED).and_then(|at| uses.get(at)).copied().unwrap_or(0);
        let changed = &self.changed;
        self.loaded.retain(|row, loaded| {
            *row == household || loaded.last_use >= keep_from || changed.contains(row) || loaded.holes > 0
        });
    }

    fn load(&mut self, store: &impl Store, keys: Keyring<'_>, name: &DocumentName) -> Result<&mut Loaded, StoreError> {
        let row = keys.row_name(name);
        self.uses += 1;
        if !self.loaded.contains_key(&row) {
            let loaded = load(store, keys, name, &row, &self.actor)?;
            // Its card was lost, or never written.
            if loaded.position > 0 {
                self.cards.entry(row).or_insert_with(|| Card::new(name));
            }
            self.loaded.insert(row, loaded);
        }
        let loaded = self.loaded.get_mut(&row).expect("it is there, or was put there just now");
        loaded.last_use = self.uses;
        Ok(loaded)
    }

    /// Makes the summaries of loaded documents that were changed.
    fn refresh(&mut self) {
        for loaded in self.loaded.values_mut() {
            loaded.summary.get_or_insert_with(|| summary(loaded.document.records()));
        }
    }
}

impl Keyring<'_> {
    fn row_name(&self, name: &DocumentName) -> RowName {
        self.local.name(b"document", &name.to_bytes())
    }
}
