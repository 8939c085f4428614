//! What can be asked. Nothing here writes.

use std::collections::BTreeMap;

use ingle_model::{DeviceId, EntryId, EntryKind, EntryView, check_in::Term};
use jiff::Timestamp;

use super::{
    Engine, exchange,
    journal::{self, Journal},
    writing::{Content, Exported},
};
use crate::{
    bundle::DocumentName,
    document::Record,
    documents::{Hit, Keyring, Wanted},
    entry::{self, Standing, letter},
    keys::DeviceKeys,
    log::{self, State},
    roster::{Member, Secrets},
    seal::Hash,
    staged::Staged,
    store::{Store, StoreError},
};

/// Which entries: all conditions hold together.
#[derive(Clone, Default)]
pub struct Query {
    /// About this instant or later, milliseconds since 1970 UTC.
    pub since_ms: Option<i64>,
    /// About an instant before this one.
    pub until_ms: Option<i64>,
    pub kind: Option<EntryKind>,
    /// Every one of them is somewhere in the entry, whatever its case and accents.
    pub words: Vec<String>,
    /// Every one of these feelings was named: an id or a label of the vocabulary, or an own word.
    pub feelings: Vec<String>,
    /// It has every one of these tags, whatever their case and accents.
    pub tags: Vec<String>,
    pub limit: Option<usize>,
}

impl Query {
    fn wanted(&self) -> Wanted {
        let code = |feeling: &String| Term::feeling(feeling).map_or_else(|_| feeling.clone(), |word| word.to_code());
        Wanted::new(&self.words, &self.feelings.iter().map(code).collect::<Vec<_>>(), &self.tags)
    }
}

impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Query(..)")
    }
}

/// A member of the journal, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub id: DeviceId,
    pub name: String,
    pub this: bool,
    /// When it last told what it holds.
    pub last_exchange: Option<Timestamp>,
    /// Entries that were first written on it.
    pub entries: u64,
    /// Whether it was known, in this run, to hold all that is held here.
    pub up_to_date: bool,
}

impl<S: Store> Engine<S> {
    /// This device.
    pub fn own(&self) -> Member {
        self.keys.member().clone()
    }

    /// All members, this device among them.
    pub fn members(&self) -> Vec<Member> {
        self.journal.as_ref().map(|journal| journal.roster.members().cloned().collect()).unwrap_or_default()
    }

    /// This device's name.
    pub fn name(&self) -> String {
        self.name_of(self.keys.device()).unwrap_or_default()
    }

    /// A member's name; where none has come yet, the beginning of its id. None for other devices.
    pub fn name_of(&self, device: DeviceId) -> Option<String> {
        let journal = self.journal.as_ref().ok()?;
        journal.roster.member(&device).map(|_| journal.name_of(device))
    }

    /// How many entries show.
    pub fn entries(&mut self) -> u64 {
        self.journal.as_mut().map(|journal| journal.documents.entries().into_values().sum()).unwrap_or_default()
    }

    /// Newest first by the time that they are about. Costs a digest for each month that may hold one. Where something can't be read
    /// the rest is shown; that there is nothing is not said then.
    pub fn list(&mut self, query: &Query) -> Result<Vec<EntryView>, StoreError> {
        let Self { journal, store, keys, .. } = self;
        let journal = journal.as_mut().map_err(|error| *error)?;
        let span = (query.since_ms.unwrap_or(i64::MIN), query.until_ms.unwrap_or(i64::MAX));
        let limit = query.limit.unwrap_or(usize::MAX);
        let wanted = query.wanted();
        let mut list = List { journal, store, keys };
        let found = if wanted.is_empty() {
            list.newest(query.kind, span, limit)?
        } else {
            list.searched(query.kind, span, limit, &wanted)?
        };
        if found.is_empty() && limit > 0 && journal.documents.holes() > 0 {
            return Err(StoreError::Damaged);
        }
        Ok(found)
    }

    /// None when there is no such entry, or it is in the trash.
    pub fn show(&mut self, id: EntryId) -> Result<Option<EntryView>, StoreError> {
        let Self { journal, store, keys, .. } = self;
        let journal = journal.as_mut().map_err(|error| *error)?;
        let found = find(journal, store, keys, id)?;
        if found.is_none() && journal.documents.holes() > 0 {
            return Err(StoreError::Damaged);
        }
        Ok(found.and_then(|(_, kind, record)| entry::view(kind, id, &record, |device| journal.name_of(device))))
    }

    /// This device first, then the others by name.
    pub fn devices(&mut self) -> Vec<Device> {
        let own = self.keys.device();
        let Ok(journal) = self.journal.as_mut() else { return Vec::new() };
        let entries = journal.documents.entries();
        let device = |member: &Member| {
            let id = member.device();
            let peer = journal.peers.get(&id);
            Device {
                id,
                name: journal.name_of(id),
                this: id == own,
                last_exchange: peer.and_then(|peer| peer.last_exchange),
                entries: entries.get(&id).copied().unwrap_or_default(),
                up_to_date: id == own || peer.is_some_and(|peer| exchange::is_up_to_date(peer, journal)),
            }
        };
        let mut devices: Vec<Device> = journal.roster.members().map(device).collect();
        devices.sort_by(|a, b| (!a.this, &a.name, a.id).cmp(&(!b.this, &b.name, b.id)));
        devices
    }

    /// The state of all documents: equal on two devices that have taken in the same bundles.
    pub fn heads(&self) -> Vec<Hash> {
        self.journal.as_ref().map(|journal| journal.documents.heads()).unwrap_or_default()
    }

    /// What a person should know about the journal. Sentences, ready to show.
    pub fn notices(&self) -> Vec<String> {
        let journal = match &self.journal {
            Ok(journal) => journal,
            Err(error) => return vec![format!("The journal can't be read now: {error}. Nothing is lost by waiting.")],
        };
        let mut told = Vec::new();
        if journal.is_forked {
            told.push(
                "This journal was found to have gone on elsewhere, as after a restored backup or a copied folder. \
                 Everything was brought together; nothing is lost."
                    .to_owned(),
            );
        }
        if journal.shelved > 0 {
            told.push(format!(
                "{} that came from another device can't be read by this version. What can't be read is set aside and kept.",
                counted(journal.shelved, "piece", "pieces"),
            ));
        }
        let waiting = usize::try_from(self.waiting()).unwrap_or(usize::MAX);
        if waiting > 0 {
            told.push(format!(
                "{} that came in while the journal was locked can't be taken in now. What waits is kept, and tried again at the \
                 next unlocking.",
                counted(waiting, "piece", "pieces"),
            ));
        }
        let holes = usize::try_from(journal.documents.holes()).unwrap_or(usize::MAX);
        if holes > 0 {
            told.push(format!(
                "{} of the journal can't be read from this disk. The rest is shown. Copy the journal folder to another disk.",
                counted(holes, "piece", "pieces"),
            ));
        }
        told
    }

    /// All entries that show, to be written anew in another journal. Where a field has other versions, each becomes an entry of
    /// its own beside it.
    pub fn export(&mut self) -> Result<Vec<Exported>, StoreError> {
        let Self { journal, store, keys, .. } = self;
        let journal = journal.as_mut().map_err(|error| *error)?;
        let mut all = Vec::new();
        let (documents, keyring) = journal.documents(keys);
        for document in documents.with_entries() {
            for (key, record) in documents.records(store, keyring, &document)?.iter() {
                all.extend(exported(key, record));
            }
        }
        Ok(all)
    }

    /// Whether a peer was met since this run began, and all that it held then is here.
    pub fn is_caught_up(&self) -> bool {
        let applied =
            |key: &_| log::state(&self.store, &Staged::default(), key).is_ok_and(|state| state == Some(State::Applied));
        self.sessions.values().filter_map(|session| session.wanted.as_ref()).any(|wanted| wanted.iter().all(applied))
    }

    /// The shell's note about a peer.
    pub fn peer_note(&self, device: DeviceId) -> Option<Vec<u8>> {
        self.journal.as_ref().ok()?.peers.get(&device)?.note.clone()
    }
}

/// What a list is made from.
struct List<'a, S> {
    journal: &'a mut Journal,
    store: &'a S,
    keys: &'a DeviceKeys,
}

impl<S: Store> List<'_, S> {
    /// Costs a digest for each document that may hold one of them.
    fn newest(
        &mut self,
        kind: Option<EntryKind>,
        (since, until): (i64, i64),
        limit: usize,
    ) -> Result<Vec<EntryView>, StoreError> {
        let mut found: Vec<EntryView> = Vec::new();
        for (newest, document) in self.journal.documents.between(kind, since, until) {
            // Documents come by the newest that each tells of: what is older than all that was found can't get in any more.
            if found.len() >= limit && found.get(limit.saturating_sub(1)).is_some_and(|last| last.at_ms > newest) {
                break;
            }
            let (names, keyring) = (&self.journal.names, keyring(self.keys, &self.journal.secrets));
            let records = self.journal.documents.records(self.store, keyring, &document)?;
            let views = records.iter().filter_map(|(key, record)| shown(key, record, names));
            found.extend(views.filter(|view| (since..until).contains(&view.at_ms)));
            found.sort_by_key(|view| std::cmp::Reverse((view.at_ms, view.id)));
            found.truncate(limit);
        }
        Ok(found)
    }

    /// Costs a row of words for each month, and a digest for each document with one that is shown.
    fn searched(
        &mut self,
        kind: Option<EntryKind>,
        span: (i64, i64),
        limit: usize,
        wanted: &Wanted,
    ) -> Result<Vec<EntryView>, StoreError> {
        let keyring = keyring(self.keys, &self.journal.secrets);
        let mut hits = self.journal.documents.search(self.store, keyring, kind, span, wanted)?;
        hits.truncate(limit);
        let mut by_document: BTreeMap<_, Vec<&Hit>> = BTreeMap::new();
        hits.iter().for_each(|hit| by_document.entry(hit.row).or_default().push(hit));
        let mut found = Vec::new();
        for (row, hits) in by_document {
            let Some(document) = self.journal.documents.name_of(&row).cloned() else { continue };
            let records = self.journal.documents.records(self.store, keyring, &document)?;
            let views = hits.into_iter().filter_map(|hit| {
                let key = entry::key(hit.kind, hit.id);
                shown(&key, records.get(&key)?, &self.journal.names)
            });
            found.extend(views);
        }
        found.sort_by_key(|view| std::cmp::Reverse((view.at_ms, view.id)));
        Ok(found)
    }
}

fn keyring<'a>(keys: &'a DeviceKeys, secrets: &'a Secrets) -> Keyring<'a> {
    Keyring { local: keys.local(), secrets }
}

/// An entry that shows, and the document it lies in.
pub(super) fn find(
    journal: &mut Journal,
    store: &impl Store,
    keys: &DeviceKeys,
    id: EntryId,
) -> Result<Option<(DocumentName, EntryKind, Record)>, StoreError> {
    let (documents, keyring) = journal.documents(keys);
    let Some(document) = documents.home_of(id) else { return Ok(None) };
    for kind in [EntryKind::CheckIn, EntryKind::Letter] {
        if let Some(record) = documents.record(store, keyring, &document, &entry::key(kind, id))? {
            let shows = entry::standing(&record) != Standing::Trashed && entry::origin(&record).is_some();
            return Ok(shows.then_some((document, kind, record)));
        }
    }
    Ok(None)
}

/// As a list shows it.
fn shown(key: &str, record: &Record, names: &BTreeMap<DeviceId, String>) -> Option<EntryView> {
    let (kind, id) = entry::of(key).filter(|_| entry::standing(record) != Standing::Trashed)?;
    entry::view(kind, id, record, |device| journal::name_of(names, device)).map(letter::shortened)
}

fn exported(key: &str, record: &Record) -> Vec<Exported> {
    let (Some((kind, id)), Some(base)) = (entry::of(key), entry::base(record)) else { return Vec::new() };
    if entry::standing(record) == Standing::Trashed {
        return Vec::new();
    }
    let (made_ms, at) = (base.origin.made_ms, base.at);
    let mut all = vec![Exported { id, made_ms, at: at.clone(), content: Content::read(kind, record) }];
    for (field, values) in record {
        for (index, value) in values.iter().enumerate().skip(1) {
            let other = Record::from([(field.clone(), vec![value.clone()])]);
            let content = Content::read(kind, &other);
            if !content.is_empty() {
                let id = entry::version_id(id, field, index);
                all.push(Exported { id, made_ms, at: at.clone(), content });
            }
        }
    }
    all
}

fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}
