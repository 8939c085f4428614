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
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    bundle::{BundleKey, DocumentKind, DocumentName, Item},
    document::{Actor, Before, Document, Fields, NotTaken, Record},
    entry::{self, Standing},
    log,
    random::Random,
    roster::Secrets,
    seal::{Hash, LocalKey},
    staged::Staged,
    store::{Store, StoreError, Table},
};

/// A document's name in this store: keyed, so that it says nothing.
type RowName = [u8; 16];
type Records = BTreeMap<String, Record>;

/// A snapshot is made anew when this many bundles lie behind it.
const MAX_TAIL: u64 = 64;
/// Documents that stay loaded when nothing happens, the household not counted.
const STAY_LOADED: usize = 2;
const CARD: u8 = 0;
const DIGEST: u8 = 1;
/// The most bytes of a snapshot or digest before it is compressed: far more than a month ever has.
const MAX_ROW_BYTES: usize = 256 << 20;
/// On digests and snapshots higher levels cost more than they gain.
const LEVEL: i32 = 3;
const PAGE: usize = 256;

/// What opens the rows of this store.
#[derive(Clone, Copy)]
pub struct Keyring<'a> {
    pub local: &'a LocalKey,
    pub secrets: &'a Secrets,
}

/// What is known of a document without loading it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Entries that show, by the device that wrote them.
    pub entries: BTreeMap<DeviceId, u64>,
    /// The least and the greatest time that they tell of.
    pub span_ms: Option<(i64, i64)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Card {
    #[serde(with = "name_bytes")]
    name: DocumentName,
    /// Of the last bundle that touched the document when card and digest were written.
    position: u64,
    snapshot: u64,
    summary: Summary,
    #[serde(with = "hex_hashes")]
    heads: Vec<Hash>,
}

#[derive(Debug)]
struct Loaded {
    document: Document,
    /// Of the last bundle that touched it.
    position: u64,
    /// Bundles in it that could not be read from the store.
    holes: u64,
    last_use: u64,
    /// Of `document` as it is; made anew when asked for.
    summary: Option<Summary>,
    /// Changes in it that are not in the store yet.
    uncommitted: Vec<Vec<u8>>,
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
            match open_row(keys.local, Table::Digests, &row, &sealed)
                .and_then(|card| serde_json::from_slice::<Card>(&card).ok())
            {
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
                put_packed(keys, Table::Documents, row, loaded.position, &loaded.document.save(), staged, random);
            }
            if loaded.position != card.position {
                card.position = loaded.position;
                card.summary = loaded.summary.clone().unwrap_or_default();
                card.heads = loaded.document.heads();
                let digest = serde_json::to_vec(loaded.document.records()).expect("texts and numbers are JSON");
                let key = digest_key(DIGEST, row);
                put_packed(keys, Table::Digests, &key, loaded.position, &Zeroizing::new(digest), staged, random);
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

impl Card {
    /// Of a document whose digest was not written yet.
    fn new(name: &DocumentName) -> Self {
        let (summary, heads) = (Summary::default(), Vec::new());
        Self { name: name.clone(), position: 0, snapshot: 0, summary, heads }
    }
}

impl Keyring<'_> {
    fn row_name(&self, name: &DocumentName) -> RowName {
        self.local.name(b"document", &name.to_bytes())
    }
}

fn summary(records: &Records) -> Summary {
    let mut summary = Summary::default();
    for (key, record) in records {
        if entry::id(key).is_none() || entry::standing(record) == Standing::Trashed {
            continue;
        }
        let (Some(origin), Some(at)) = (entry::origin(record), entry::moment(record)) else { continue };
        *summary.entries.entry(origin.device).or_default() += 1;
        let (least, greatest) = summary.span_ms.unwrap_or((at.millis(), at.millis()));
        summary.span_ms = Some((least.min(at.millis()), greatest.max(at.millis())));
    }
    summary
}

fn load(
    store: &impl Store,
    keys: Keyring<'_>,
    name: &DocumentName,
    row: &RowName,
    actor: &Actor,
) -> Result<Loaded, StoreError> {
    let snapshot = store.get(Table::Documents, row)?.and_then(|sealed| {
        let (position, saved) = read_packed(keys, Table::Documents, row, &sealed)?;
        Some((position, Document::load(&saved, actor).ok()?))
    });
    // Without a snapshot that opens, from the first change on.
    let (position, document) = snapshot.unwrap_or_else(|| (0, Document::new(actor)));
    let tail = read_tail(store, keys, name, row, position)?;
    let document = replay(document, &tail.changes, actor);
    Ok(Loaded {
        document,
        position: tail.position,
        holes: tail.holes,
        last_use: 0,
        summary: None,
        uncommitted: Vec::new(),
    })
}

struct Tail {
    changes: Vec<Vec<u8>>,
    position: u64,
    holes: u64,
}

fn read_tail(
    store: &impl Store,
    keys: Keyring<'_>,
    name: &DocumentName,
    row: &RowName,
    position: u64,
) -> Result<Tail, StoreError> {
    let mut tail = Tail { changes: Vec::new(), position, holes: 0 };
    loop {
        let from = [&row[..], &(tail.position + 1).to_be_bytes()].concat();
        let page = store.scan(Table::Touches, row, &from, PAGE)?;
        for (key, bundle) in &page {
            tail.position = position_of(key).ok_or(StoreError::Damaged)?;
            let bundle = BundleKey::from_bytes(bundle).ok_or(StoreError::Damaged)?;
            let bundle = log::bundle(store, &Staged::default(), &bundle)?;
            let Some(opened) = bundle.and_then(|bundle| bundle.open(keys.secrets).ok()) else {
                tail.holes += 1;
                continue;
            };
            let changes = opened.items.into_iter().filter_map(|item| match item {
                Item::Change { document, change } if document == *name => Some(change),
                Item::Change { .. } | Item::Unknown { .. } => None,
            });
            tail.changes.extend(changes);
        }
        if page.len() < PAGE {
            return Ok(tail);
        }
    }
}

/// What can't be taken was shelved when it came, or hangs on a hole: it is passed over.
fn replay(document: Document, changes: &[Vec<u8>], actor: &Actor) -> Document {
    if changes.is_empty() {
        return document;
    }
    let saved = document.save();
    let mut document = document;
    let mut passed_over = BTreeSet::new();
    'again: loop {
        for (index, change) in changes.iter().enumerate().filter(|(index, _)| !passed_over.contains(index)) {
            if document.apply(change).is_err() {
                passed_over.insert(index);
                // It may have been left half changed.
                document = Document::load(&saved, actor).unwrap_or_else(|_| Document::new(actor));
                continue 'again;
            }
        }
        return document;
    }
}

fn read_digest(
    store: &impl Store,
    keys: Keyring<'_>,
    row: &RowName,
    card: &Card,
) -> Result<Option<Records>, StoreError> {
    let key = digest_key(DIGEST, row);
    let digest = store.get(Table::Digests, &key)?.and_then(|sealed| read_packed(keys, Table::Digests, &key, &sealed));
    let fresh = digest.filter(|(position, _)| *position == card.position);
    Ok(fresh.and_then(|(_, records)| serde_json::from_slice(&records).ok()))
}

fn last_position(store: &impl Store, row: &RowName) -> Result<u64, StoreError> {
    let last = store.last(Table::Touches, row)?;
    last.map_or(Ok(0), |(key, _)| position_of(&key).ok_or(StoreError::Damaged))
}

fn position_of(touch: &[u8]) -> Option<u64> {
    touch.get(16..).and_then(|position| position.try_into().ok()).map(u64::from_be_bytes)
}

/// The name of a document whose card is lost, from what a bundle says that touched it.
fn name_from_bundle(store: &impl Store, keys: Keyring<'_>, row: &RowName) -> Result<Option<DocumentName>, StoreError> {
    for (_, bundle) in store.scan(Table::Touches, row, row, PAGE)? {
        let Some(key) = BundleKey::from_bytes(&bundle) else { continue };
        let Some(bundle) = log::bundle(store, &Staged::default(), &key)? else { continue };
        let Ok(opened) = bundle.open(keys.secrets) else { continue };
        let names = opened.items.into_iter().filter_map(|item| match item {
            Item::Change { document, .. } => Some(document),
            Item::Unknown { .. } => None,
        });
        if let Some(name) = names.into_iter().find(|name| keys.row_name(name) == *row) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn digest_key(kind: u8, row: &RowName) -> Vec<u8> {
    [&[kind][..], row].concat()
}

fn put_card(keys: Keyring<'_>, row: &RowName, card: &Card, staged: &mut Staged, random: &mut dyn Random) {
    let key = digest_key(CARD, row);
    let plain = Zeroizing::new(serde_json::to_vec(card).expect("texts and numbers are JSON"));
    seal_row(keys.local, Table::Digests, &key, &plain, staged, random);
}

/// A position and compressed bytes.
fn put_packed(
    keys: Keyring<'_>,
    table: Table,
    key: &[u8],
    position: u64,
    bytes: &[u8],
    staged: &mut Staged,
    random: &mut dyn Random,
) {
    let packed = Zeroizing::new(zstd::bulk::compress(bytes, LEVEL).expect("memory can be compressed"));
    let length = u64::try_from(bytes.len()).expect("no platform has more than 64 bits");
    let mut plain = Zeroizing::new(Vec::with_capacity(16 + packed.len()));
    plain.extend_from_slice(&position.to_be_bytes());
    plain.extend_from_slice(&length.to_be_bytes());
    plain.extend_from_slice(&packed);
    seal_row(keys.local, table, key, &plain, staged, random);
}

fn read_packed(keys: Keyring<'_>, table: Table, key: &[u8], sealed: &[u8]) -> Option<(u64, Zeroizing<Vec<u8>>)> {
    let plain = open_row(keys.local, table, key, sealed)?;
    let mut reader = crate::wire::Reader(&plain);
    let position = reader.u64()?;
    let length = usize::try_from(reader.u64()?).ok().filter(|length| *length <= MAX_ROW_BYTES)?;
    Some((position, Zeroizing::new(zstd::bulk::decompress(reader.0, length).ok()?)))
}

/// A row opens at its own place only.
fn place(table: Table, key: &[u8]) -> Vec<u8> {
    [&[table.number()], key].concat()
}

pub fn seal_row(
    local: &LocalKey,
    table: Table,
    key: &[u8],
    plain: &[u8],
    staged: &mut Staged,
    random: &mut dyn Random,
) {
    staged.put(table, key, local.seal(&place(table, key), plain, random));
}

pub fn open_row(local: &LocalKey, table: Table, key: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    local.open(&place(table, key), sealed).ok()
}

mod hex_hashes {
    use data_encoding::HEXLOWER;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::seal::Hash;

    pub fn serialize<S: Serializer>(hashes: &[Hash], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(hashes.iter().map(Hash::to_string))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Hash>, D::Error> {
        let read = |text: String| {
            let bytes = HEXLOWER.decode(text.as_bytes()).ok()?;
            Some(Hash::from_bytes(bytes.try_into().ok()?))
        };
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.into_iter().map(|text| read(text).ok_or_else(|| D::Error::custom("no hash"))).collect()
    }
}

mod name_bytes {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use crate::bundle::DocumentName;

    pub fn serialize<S: Serializer>(name: &DocumentName, serializer: S) -> Result<S::Ok, S::Error> {
        name.to_bytes().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DocumentName, D::Error> {
        let bytes = Vec::<u8>::deserialize(deserializer)?;
        DocumentName::from_bytes(&bytes).ok_or_else(|| serde::de::Error::custom("no document's name"))
    }
}
