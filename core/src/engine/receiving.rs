//! What other devices wrote: bundles are verified, kept, and applied when all that they were written on top of is applied.

use super::{
    Change, LinkId, reminding,
    turn::{Turn, names},
};
use crate::{
    bundle::{BundleKey, Item, NotOpened, Opened, SealedBundle, Verified},
    document::{Before, Record},
    entry::{self, Standing},
    log::{self, Missing, State},
    store::{Store, StoreError, Table},
};

/// Why something lies on the shelf. Part of the store's format.
#[derive(Debug, Clone, Copy)]
enum Why {
    Seal,
    Unreadable,
    Newer,
}

impl<S: Store> Turn<'_, S> {
    /// Bundles from a link. One that isn't a member's, or doesn't follow what is here, closes the link.
    pub fn receive(&mut self, link: LinkId, bundles: Vec<Vec<u8>>) -> Result<(), StoreError> {
        for bundle in bundles {
            if !self.is_taken(link, bundle)? {
                self.close(link);
                break;
            }
        }
        Ok(())
    }

    /// True as well for one that is here already.
    fn is_taken(&mut self, link: LinkId, bytes: Vec<u8>) -> Result<bool, StoreError> {
        let Ok(sealed) = SealedBundle::parse(bytes) else { return Ok(false) };
        let key = sealed.key();
        if log::state(self.store, &self.staged, &key)?.is_some() {
            self.note_holder(link, key, sealed.previous(), false);
            return Ok(true);
        }
        let author = self.journal.roster.member(&key.log.device);
        let Some(bundle) = author.and_then(|author| sealed.verify(author).ok()) else { return Ok(false) };
        if let Some(previous) = bundle.previous()
            && log::state(self.store, &self.staged, &previous)?.is_none()
        {
            return Ok(false);
        }
        self.note_holder(link, key, bundle.previous(), true);
        if key.log == self.journal.logs.own() {
            self.journal.fork(self.at.instant(), &mut self.staged, self.random);
        }
        self.journal.logs.hold(&bundle, &mut self.staged);
        self.work.bundles.push((key, Some(link)));
        self.apply(key)?;
        Ok(true)
    }

    /// Applies a bundle that is held, and then what has waited for it.
    pub fn apply(&mut self, first: BundleKey) -> Result<(), StoreError> {
        let mut ready = vec![first];
        while let Some(key) = ready.pop() {
            let Some(bundle) = log::bundle(self.store, &self.staged, &key)? else { continue };
            let opened = bundle.open(&self.journal.secrets);
            if let Some(missing) = self.missing(&bundle, &opened)? {
                self.journal.logs.wait(key, missing);
                continue;
            }
            match opened {
                Ok(opened) => self.take_in(&opened)?,
                Err(NotOpened::Seal) => self.shelve(&key, None, Why::Seal),
                Err(NotOpened::Unreadable | NotOpened::UnknownEpoch(_)) => self.shelve(&key, None, Why::Unreadable),
            }
            self.journal.logs.apply(&bundle, &mut self.staged);
            ready.extend(self.journal.logs.wake(Missing::Bundle(key)));
        }
        Ok(())
    }

    /// The first thing that the bundle was written on top of and that isn't applied here.
    fn missing(&self, bundle: &Verified, opened: &Result<Opened, NotOpened>) -> Result<Option<Missing>, StoreError> {
        let below = match opened {
            Err(NotOpened::UnknownEpoch(epoch)) => return Ok(Some(Missing::Epoch(*epoch))),
            Err(_) => &[][..],
            Ok(opened) => &opened.delta,
        };
        for key in bundle.previous().iter().chain(below) {
            if log::state(self.store, &self.staged, key)? != Some(State::Applied) {
                return Ok(Some(Missing::Bundle(*key)));
            }
        }
        Ok(None)
    }

    fn take_in(&mut self, opened: &Opened) -> Result<(), StoreError> {
        for (index, item) in opened.items.iter().enumerate() {
            let Item::Change { document, change } = item else {
                self.shelve(&opened.key, Some(index), Why::Newer);
                continue;
            };
            let (documents, keyring) = self.journal.documents(self.keys);
            match documents.apply(self.store, keyring, document, change)? {
                Err(_) => self.shelve(&opened.key, Some(index), Why::Unreadable),
                Ok(before) => {
                    let now = documents.records(self.store, keyring, document)?;
                    let changes = changes(&before, |key| now.get(key));
                    if before.keys().any(|key| reminding::is_about(key)) {
                        self.reminders_changed();
                    }
                    for (key, change) in changes {
                        self.announce(&key, change, opened.key.log.device);
                    }
                }
            }
        }
        let (documents, keyring) = self.journal.documents(self.keys);
        for name in names(&opened.items) {
            documents.touch(keyring, name, opened.key, &mut self.staged, self.random);
        }
        if names(&opened.items).iter().any(|name| name.kind == crate::bundle::DocumentKind::Household) {
            self.journal.read_names(self.store, self.keys)?;
        }
        Ok(())
    }

    /// Sets aside what can't be taken: the bundle, or one of its items. Its bytes stay in the log.
    fn shelve(&mut self, bundle: &BundleKey, item: Option<usize>, why: Why) {
        let item = item.map_or(u32::MAX, |item| u32::try_from(item).expect("a bundle has fewer items"));
        let key = [&bundle.to_bytes()[..], &item.to_be_bytes()].concat();
        let why = match why {
            Why::Seal => 1,
            Why::Unreadable => 2,
            Why::Newer => 3,
        };
        self.staged.put(Table::Shelf, key, [why]);
        self.journal.shelved += 1;
    }
}

/// What became of entries. One that came into the trash unseen is no news.
fn changes<'a>(before: &Before, now: impl Fn(&str) -> Option<&'a Record>) -> Vec<(String, Change)> {
    let shows = |record: &Record| entry::standing(record) != Standing::Trashed;
    let change = |(key, before): (&String, &Option<Record>)| {
        let change = match (before, now(key)?) {
            (None, now) if shows(now) => Change::Added,
            (Some(before), now) if shows(before) && shows(now) => Change::Edited,
            (Some(before), _) if shows(before) => Change::Deleted,
            (Some(_), now) if shows(now) => Change::Restored,
            _ => return None,
        };
        Some((key.clone(), change))
    };
    before.iter().filter_map(change).collect()
}
