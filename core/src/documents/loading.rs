//! Loading of a document: its snapshot, and the bundles that touched it since.

use std::collections::BTreeSet;

use super::{Keyring, RowName, card::Summary};
use crate::{
    bundle::{BundleKey, DocumentName, Item},
    document::{Actor, Document},
    log,
    rows::read_packed,
    staged::Staged,
    store::{Store, StoreError, Table},
};

/// Touches that are read at once.
const PAGE: usize = 256;

#[derive(Debug)]
pub struct Loaded {
    pub document: Document,
    /// Of the last bundle that touched it.
    pub position: u64,
    /// Bundles in it that could not be read from the store.
    pub holes: u64,
    pub last_use: u64,
    /// Of `document` as it is; made anew when asked for.
    pub summary: Option<Summary>,
    /// Changes in it that are not in the store yet.
    pub uncommitted: Vec<Vec<u8>>,
}

pub fn load(
    store: &impl Store,
    keys: Keyring<'_>,
    name: &DocumentName,
    row: &RowName,
    actor: &Actor,
) -> Result<Loaded, StoreError> {
    let snapshot = store.get(Table::Documents, row)?.and_then(|sealed| {
        let (position, saved) = read_packed(keys.local, Table::Documents, row, &sealed)?;
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
pub fn replay(document: Document, changes: &[Vec<u8>], actor: &Actor) -> Document {
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

fn position_of(touch: &[u8]) -> Option<u64> {
    touch.get(16..).and_then(|position| position.try_into().ok()).map(u64::from_be_bytes)
}

/// The name of a document whose card is lost, from what a bundle says that touched it.
pub fn name_from_bundle(
    store: &impl Store,
    keys: Keyring<'_>,
    row: &RowName,
) -> Result<Option<DocumentName>, StoreError> {
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
