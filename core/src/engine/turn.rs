//! One turn of the engine: everything that one commit will hold, while it is being put together.

use std::collections::{BTreeMap, BTreeSet};

use ingle_model::{DeviceId, Label, Moment};
use jiff::{SignedDuration, Timestamp};

use super::{
    Change, Done, Event, Input, LinkId, WriteError,
    journal::{self, Journal},
    writing::UndoStep,
};
use crate::{
    bundle::{BundleKey, Content, DocumentName, Item, SealedBundle},
    document::{Fields, Value},
    documents::Keyring,
    entry,
    keys::DeviceKeys,
    random::Random,
    roster::Member,
    session::Session,
    staged::Staged,
    store::{Store, StoreError},
    wrap::Wrap,
};

/// Cards and digests are written when nothing was written for this long.
const SETTLE_AFTER: SignedDuration = SignedDuration::from_secs(2);
/// The most bytes of changes in a bundle, but for a single longer one.
const BUNDLE_BYTES: usize = 256 * 1024;

/// What a turn has done, to be told when it is durable.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub done: Vec<(u64, Result<Done, WriteError>)>,
    pub events: Vec<Event>,
    /// Bundles that are new here, and the link that each came by.
    pub bundles: Vec<(BundleKey, Option<LinkId>)>,
    /// Links to close.
    pub closing: BTreeSet<LinkId>,
    /// Records of the roster that are new here.
    pub records: Vec<Vec<u8>>,
    /// Links whose peer has said hello in this turn.
    pub greeted: BTreeSet<LinkId>,
    /// Digests were written: what need not stay loaded can go.
    pub is_settled: bool,
}

pub(super) struct Turn<'a, S> {
    pub store: &'a S,
    pub keys: &'a DeviceKeys,
    pub wrap: &'a dyn Wrap,
    pub journal: &'a mut Journal,
    pub sessions: &'a mut BTreeMap<LinkId, Session>,
    pub undo: &'a mut Vec<UndoStep>,
    pub at: &'a Moment,
    pub random: &'a mut dyn Random,
    pub staged: Staged,
    pub work: Work,
    /// Own changes that go into the turn's bundle.
    pub items: Vec<Item>,
    is_settling: bool,
}

impl<'a, S: Store> Turn<'a, S> {
    #[expect(clippy::too_many_arguments, reason = "it takes the engine apart, once")]
    pub fn new(
        store: &'a S,
        keys: &'a DeviceKeys,
        wrap: &'a dyn Wrap,
        journal: &'a mut Journal,
        sessions: &'a mut BTreeMap<LinkId, Session>,
        undo: &'a mut Vec<UndoStep>,
        at: &'a Moment,
        random: &'a mut dyn Random,
    ) -> Self {
        let (staged, work, items) = (Staged::default(), Work::default(), Vec::new());
        Self { store, keys, wrap, journal, sessions, undo, at, random, staged, work, items, is_settling: false }
    }

    pub fn take(&mut self, input: Input) -> Result<(), StoreError> {
        match input {
            Input::Write { ticket, write } => {
                let result = self.write(write);
                self.finish(ticket, result)
            }
            Input::Import { ticket, entries } => {
                let result = self.import(entries);
                self.finish(ticket, result)
            }
            Input::Invite { ticket, member } => {
                let result = self.invite(member);
                self.finish(ticket, result)
            }
            Input::LinkUp { link, device } => {
                self.link_up(link, device);
                Ok(())
            }
            Input::LinkDown { link } => {
                self.sessions.remove(&link);
                Ok(())
            }
            Input::Frame { link, frame } => self.frame(link, &frame),
            Input::Sent { link } => {
                if let Some(session) = self.sessions.get_mut(&link) {
                    session.sent();
                }
                Ok(())
            }
            Input::Tick => {
                self.is_settling |= self.journal.settle_at.is_some_and(|due| due <= self.at.instant());
                if self.journal.not_before <= self.at.instant() {
                    self.put_all_pending(self.at.instant())
                } else {
                    Ok(())
                }
            }
            Input::Closing => self.put_all_pending(Timestamp::MAX),
        }
    }

    /// What was held back when the store was opened.
    pub fn look_again(&mut self) -> Result<(), StoreError> {
        std::mem::take(&mut self.journal.unapplied).into_iter().try_for_each(|bundle| self.apply(bundle))
    }

    /// An error of the store ends the turn; any other is the answer.
    fn finish(&mut self, ticket: u64, result: Result<Done, WriteError>) -> Result<(), StoreError> {
        match result {
            Err(WriteError::Store(error)) => Err(error),
            result => {
                self.work.done.push((ticket, result));
                Ok(())
            }
        }
    }

    /// Gives this device its name.
    pub fn name_device(&mut self, name: &Label) -> Result<(), StoreError> {
        let fields = Fields::from([(journal::NAME, Value::Text(name.as_str().to_owned()))]);
        self.change(&DocumentName::household(), &journal::device_key(self.keys.device()), &fields)?;
        self.journal.read_names(self.store, self.keys)
    }

    fn invite(&mut self, member: Member) -> Result<Done, WriteError> {
        // Asked for again by one who has lost the answer: it is in already.
        if self.journal.roster.member(&member.device()) != Some(&member) {
            let record = self.journal.roster.add(self.keys, member, self.wrap).map_err(WriteError::NotAdded)?;
            self.keep_records(vec![record]);
        }
        Ok(Done::Invited { chain: self.journal.roster.records().map(|(_, record)| record.to_vec()).collect() })
    }

    /// Records that the roster has taken in just now.
    pub fn keep_records(&mut self, records: Vec<Vec<u8>>) {
        for (hash, record) in self.journal.roster.records() {
            if records.iter().any(|new| new == record) {
                journal::put_record(&hash, record, &mut self.staged);
            }
        }
        self.work.records.extend(records);
    }

    /// Writes into a record of a document, as this device.
    pub fn change(&mut self, name: &DocumentName, key: &str, fields: &Fields) -> Result<bool, StoreError> {
        let (documents, keyring) = self.journal.documents(self.keys);
        let item = documents.write(self.store, keyring, name, key, fields)?;
        let changed = item.is_some();
        self.items.extend(item);
        Ok(changed)
    }

    pub fn announce(&mut self, key: &str, change: Change, from: DeviceId) {
        if let Some((kind, id)) = entry::of(key) {
            self.work.events.push(Event::Entry { id, kind, change, from });
        }
    }

    /// Puts own changes into bundles, and gives all that is to be committed.
    pub fn seal(mut self) -> Result<(Staged, Work), StoreError> {
        let items = std::mem::take(&mut self.items);
        for items in in_bundles(items) {
            self.append(&items);
        }
        self.plan_settling()?;
        Ok((self.staged, self.work))
    }

    /// Cards, digests and what is known of peers are written at a pause, or when much has come together.
    fn plan_settling(&mut self) -> Result<(), StoreError> {
        let wrote = !self.work.bundles.is_empty();
        let is_much = self.journal.documents.has_long_tail() || self.journal.documents.is_crowded();
        if self.is_settling && (is_much || !wrote) {
            self.journal.settle(self.store, self.keys, false, &mut self.staged, self.random)?;
            self.work.is_settled = true;
        } else if wrote {
            self.journal.save_peers(self.keys, &mut self.staged, self.random);
            self.journal.settle_at = Some(if is_much { self.at.instant() } else { self.pause_end() });
        } else if self.journal.settle_at.is_none() && self.journal.peers.values().any(|peer| peer.is_unsaved) {
            self.journal.settle_at = Some(self.pause_end());
        }
        Ok(())
    }

    fn pause_end(&self) -> Timestamp {
        self.at.instant().checked_add(SETTLE_AFTER).unwrap_or(Timestamp::MAX)
    }

    fn append(&mut self, items: &[Item]) {
        let Journal { logs, documents, secrets, .. } = &mut *self.journal;
        let content = Content { log: logs.own().name, after: logs.own_tip(), delta: &logs.delta(), items };
        let bundle = SealedBundle::make(&content, self.keys, secrets, self.random);
        let bundle = bundle.expect("an entry and a bundle of many keep to less than a bundle's limit");
        logs.append(&bundle, &mut self.staged);
        let keyring = Keyring { local: self.keys.local(), secrets };
        for name in names(items) {
            documents.touch(keyring, name, bundle.key(), &mut self.staged, self.random);
        }
        self.work.bundles.push((bundle.key(), None));
    }
}

/// The documents that items change, each once.
pub(super) fn names(items: &[Item]) -> BTreeSet<&DocumentName> {
    let changes = items.iter().filter_map(|item| match item {
        Item::Change { document, .. } => Some(document),
        Item::Unknown { .. } => None,
    });
    changes.collect()
}

fn in_bundles(items: Vec<Item>) -> Vec<Vec<Item>> {
    let mut bundles: Vec<Vec<Item>> = Vec::new();
    let mut bytes = 0;
    for item in items {
        let length = match &item {
            Item::Change { change, .. } => change.len(),
            Item::Unknown { .. } => 0,
        };
        bytes += length;
        match bundles.last_mut() {
            Some(bundle) if bytes <= BUNDLE_BYTES => bundle.push(item),
            _ => {
                bundles.push(vec![item]);
                bytes = length;
            }
        }
    }
    bundles
}
