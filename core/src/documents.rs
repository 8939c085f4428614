//! All documents of the journal: a card for each, and those that are loaded.
//!
//! A document in the store is a snapshot, and behind it the bundles that touched it since. Beside it lies a digest, the records
//! without their history, for lists; and a card with its name, the span of time it tells of and its counts. Snapshot, digest and
//! card are sealed for this device and can be made anew from the bundles. Where any of them doesn't open, that is what happens.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use ingle_model::DeviceId;

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
mod loading;

use card::{CARD, Card, Summary, put_card, put_digest, read_digest, summary};
use loading::{Loaded, last_position, load, name_from_bundle, replay};

/// A document's name in this store: keyed, so that it says nothing.
type RowName = [u8; 16];
type Records = BTreeMap<String, Record>;

/// A snapshot is made anew when this many bundles lie behind it.
const MAX_TAIL: u64 = 64;
/// Documents that stay loaded when nothing happens, the household not counted.
const STAY_LOADED: usize = 2;

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
    loaded: BTreeMap<RowName, Loaded>,
    /// Documents of which neither the card nor a bundle says the name.
    lost: BTreeSet<RowName>,
    uses: u64,
}

impl Documents {
    pub fn new(actor: Actor) -> Self {
        Self { actor, cards: BTreeMap::new(), loaded: BTreeMap::new(), lost: BTreeSet::new(), uses: 0 }
    }

    /// Reads the cards, and loads the documents that were changed after theirs was written.
    pub fn open(store: &impl Store, keys: Keyring<'_>, actor: Actor) -> Result<Self, StoreError> {
        let mut documents = Self::new(actor);
        let mut stale = Vec::new();
        for (row, sealed) in store.scan(Table::Digests, &[CARD], &[CARD], usize::MAX)? {
            let name: RowName = row.get(1..).and_then(|name| name.try_into().ok()).ok_or(StoreError::Damaged)?;
            let last = last_position(store, &name)?;
            match Card::open(keys, &row, &sealed) {
                Some(card) if keys.row_name(&card.name) == name => {
                    if card.position != last {
                        stale.push(card.name.clone());
                    }
                    documents.cards.insert(name, card);
                }
                _ => match name_from_bundle(store, keys, &name)? {
                    Some(name) => stale.push(name),
                    None => drop(documents.lost.insert(name)),
                },
            }
        }
        for name in stale {
            documents.load(store, keys, &name)?;
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
        self.cards.entry(row).or_insert_with(|| {
            let card = Card::new(name);
            put_card(keys, &row, &card, staged, random);
            card
        });
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

    /// The months that may tell of this span, the newest first, with the greatest time that each tells of.
    pub fn months_between(&mut self, since_ms: i64, until_ms: i64) -> Vec<(i64, DocumentName)> {
        let spans = self.summaries().into_iter().filter_map(|(name, summary)| {
            let (least, greatest) = summary.span_ms?;
            (name.kind == DocumentKind::Month && greatest >= since_ms && least < until_ms).then_some((greatest, name))
        });
        let mut months: Vec<_> = spans.collect();
        months.sort_by(|a, b| b.cmp(a));
        months
    }

    /// The month documents, those that are loaded first and then the newest.
    pub fn months(&self) -> Vec<DocumentName> {
        let months = self.cards.iter().filter(|(_, card)| card.name.kind == DocumentKind::Month);
        let mut months: Vec<_> =
            months.map(|(row, card)| (!self.loaded.contains_key(row), card.name.clone())).collect();
        months.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(&a.1)));
        months.into_iter().map(|(_, name)| name).collect()
    }

    /// Entries that show, by the device that wrote them.
    pub fn entries(&mut self) -> BTreeMap<DeviceId, u64> {
        let mut all = BTreeMap::new();
        for (_, summary) in self.summaries() {
            summary.entries.into_iter().for_each(|(device, count)| *all.entry(device).or_default() += count);
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

    /// Writes what is stale of cards, digests and snapshots. At the end every tail is taken in. Where there are holes everything stays as it is on the disk: what is written now would stand for the whole.
    pub fn settle(&mut self, keys: Keyring<'_>, is_end: bool, staged: &mut Staged, random: &mut dyn Random) {
        self.summaries();
        for (row, loaded) in self.loaded.iter().filter(|(_, loaded)| loaded.holes == 0) {
            let Some(card) = self.cards.get_mut(row) else { continue };
            let tail = loaded.position - card.snapshot;
            if tail > MAX_TAIL || (is_end && tail > 0) {
                card.snapshot = loaded.position;
                card.position = 0;
                put_packed(keys.local, Table::Documents, row, loaded.position, &loaded.document.save(), staged, random);
            }
            if loaded.position != card.position {
                card.position = loaded.position;
                card.summary = loaded.summary.clone().unwrap_or_default();
                card.heads = loaded.document.heads();
                put_digest(keys, row, loaded.position, loaded.document.records(), staged, random);
                put_card(keys, row, card, staged, random);
            }
        }
    }

    /// Whether [`Self::settle`] would write something.
    pub fn is_unsettled(&self) -> bool {
        let is_stale = |(row, loaded): (&RowName, &Loaded)| {
            loaded.holes == 0 && self.cards.get(row).is_some_and(|card| card.position != loaded.position)
        };
        self.loaded.iter().any(is_stale)
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
        let cards = &self.cards;
        self.loaded.retain(|row, loaded| {
            let is_settled = cards.get(row).is_some_and(|card| card.position == loaded.position);
            *row == household || loaded.last_use >= keep_from || !is_settled || loaded.holes > 0
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

    fn summaries(&mut self) -> Vec<(DocumentName, Summary)> {
        let mut all = Vec::with_capacity(self.cards.len());
        for (row, card) in &self.cards {
            let summary = match self.loaded.get_mut(row) {
                Some(loaded) => loaded.summary.get_or_insert_with(|| summary(loaded.document.records())),
                None => &card.summary,
            };
            all.push((card.name.clone(), summary.clone()));
        }
        all
    }
}

impl Keyring<'_> {
    fn row_name(&self, name: &DocumentName) -> RowName {
        self.local.name(b"document", &name.to_bytes())
    }
}
