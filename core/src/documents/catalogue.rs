//! The cards of all documents, as they lie in the store: a page for each month, so that an opening reads a few rows, and a mark on
//! every document that was changed since its card was written.
//!
//! A page that doesn't open, or is missing, costs a walk over the touches, which name every document there is.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::{Keyring, RowName, card::Card, loading::name_from_bundle};
use crate::{
    bundle::DocumentName,
    random::Random,
    rows::{open_row, put_packed, read_packed, seal_row},
    staged::Staged,
    store::{Store, StoreError, Table},
};

/// The first byte of keys in [`Table::Digests`]. 0 was a row for each card, 1 are digests, 3 texts for a search.
const PAGE: u8 = 2;
const CHANGED: u8 = 4;
/// How many pages there are.
const COUNT: &[u8] = &[5];

/// Which page a document is on: the month of its name, or nothing.
pub fn page_of(name: &DocumentName) -> &str {
    name.name.get(..7).unwrap_or_default()
}

/// What an opening finds.
#[derive(Debug, Default)]
pub struct Catalogue {
    pub cards: BTreeMap<RowName, Card>,
    /// Changed since the card was written, or without one.
    pub changed: BTreeMap<RowName, DocumentName>,
    /// Documents of which neither a card nor a bundle says the name.
    pub lost: BTreeSet<RowName>,
}

impl Catalogue {
    pub fn open(store: &impl Store, keys: Keyring<'_>) -> Result<Self, StoreError> {
        let mut catalogue = Self::default();
        let (mut pages, mut is_whole) = (0u64, true);
        for (key, sealed) in store.scan(Table::Digests, &[PAGE], &[PAGE], usize::MAX)? {
            let cards = read_packed(keys.local, Table::Digests, &key, &sealed)
                .and_then(|(_, cards)| serde_json::from_slice::<Vec<Card>>(&cards).ok());
            match cards {
                Some(cards) => catalogue.cards.extend(cards.into_iter().map(|card| (keys.row_name(&card.name), card))),
                None => is_whole = false,
            }
            pages += 1;
        }
        let count = store.get(Table::Digests, COUNT)?;
        let count = count.and_then(|sealed| open_row(keys.local, Table::Digests, COUNT, &sealed));
        is_whole &= count.is_some_and(|count| count.as_slice() == pages.to_be_bytes());
        for (key, sealed) in store.scan(Table::Digests, &[CHANGED], &[CHANGED], usize::MAX)? {
            let row: RowName = key.get(1..).and_then(|row| row.try_into().ok()).ok_or(StoreError::Damaged)?;
            let told = open_row(keys.local, Table::Digests, &key, &sealed);
            let name = told.and_then(|name| DocumentName::from_bytes(&name)).filter(|name| keys.row_name(name) == row);
            match name.or_else(|| catalogue.cards.get(&row).map(|card| card.name.clone())) {
                Some(name) => drop(catalogue.changed.insert(row, name)),
                None => catalogue.look_for(store, keys, row)?,
            }
        }
        if !is_whole {
            catalogue.walk(store, keys)?;
        }
        Ok(catalogue)
    }

    /// Looks at all documents that were ever touched.
    fn walk(&mut self, store: &impl Store, keys: Keyring<'_>) -> Result<(), StoreError> {
        let mut from = Vec::new();
        while let Some((key, _)) = store.scan(Table::Touches, &[], &from, 1)?.pop() {
            let row: RowName = key.get(..16).and_then(|row| row.try_into().ok()).ok_or(StoreError::Damaged)?;
            if !self.cards.contains_key(&row) && !self.changed.contains_key(&row) {
                self.look_for(store, keys, row)?;
            }
            // A position has eight bytes: behind the last one of this document.
            from = [&row[..], &[0xff; 9]].concat();
        }
        Ok(())
    }

    fn look_for(&mut self, store: &impl Store, keys: Keyring<'_>, row: RowName) -> Result<(), StoreError> {
        match name_from_bundle(store, keys, &row)? {
            Some(name) => drop(self.changed.insert(row, name)),
            None => drop(self.lost.insert(row)),
        }
        Ok(())
    }
}

/// Marks a document as changed since its card was written.
pub fn put_changed(
    keys: Keyring<'_>,
    row: &RowName,
    name: &DocumentName,
    staged: &mut Staged,
    random: &mut dyn Random,
) {
    seal_row(keys.local, Table::Digests, &changed_key(row), &name.to_bytes(), staged, random);
}

pub fn delete_changed(row: &RowName, staged: &mut Staged) {
    staged.delete(Table::Digests, changed_key(row));
}

/// Writes these pages anew, and how many there are.
pub fn put_pages(
    keys: Keyring<'_>,
    cards: &BTreeMap<RowName, Card>,
    pages: &BTreeSet<String>,
    staged: &mut Staged,
    random: &mut dyn Random,
) {
    // A document whose card was never written is found by its mark.
    let written = || cards.values().filter(|card| card.position > 0);
    for page in pages {
        let on_page: Vec<&Card> = written().filter(|card| page_of(&card.name) == page).collect();
        let plain = Zeroizing::new(serde_json::to_vec(&on_page).expect("texts and numbers are JSON"));
        put_packed(keys.local, Table::Digests, &page_key(keys, page), 0, &plain, staged, random);
    }
    let all: BTreeSet<&str> = written().map(|card| page_of(&card.name)).collect();
    let count = u64::try_from(all.len()).expect("no platform has more than 64 bits");
    seal_row(keys.local, Table::Digests, COUNT, &count.to_be_bytes(), staged, random);
}

fn page_key(keys: Keyring<'_>, page: &str) -> Vec<u8> {
    [&[PAGE][..], &keys.local.name(b"page", page.as_bytes())].concat()
}

fn changed_key(row: &RowName) -> Vec<u8> {
    [&[CHANGED][..], row].concat()
}
