//! What can be asked. Nothing here writes.

use ingle_model::{DeviceId, EntryId, EntryKind, EntryView};
use jiff::Timestamp;

use super::{
    Engine, exchange,
    journal::{self, Journal},
    writing::Exported,
};
use crate::{
    bundle::DocumentName,
    document::Record,
    documents::Keyring,
    entry::{self, Standing},
    keys::DeviceKeys,
    log::{self, State},
    roster::Member,
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
    /// Every one of them is somewhere in the entry, whatever its case.
    pub words: Vec<String>,
    pub limit: Option<usize>,
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
        let (since, until) = (query.since_ms.unwrap_or(i64::MIN), query.until_ms.unwrap_or(i64::MAX));
        let limit = query.limit.unwrap_or(usize::MAX);
        let words: Vec<String> = query.words.iter().map(|word| word.to_lowercase()).collect();
        let mut found: Vec<EntryView> = Vec::new();
        for (newest, month) in journal.documents.months_between(since, until) {
            // Months come by the newest that each tells of: what is older than all that was found can't get in any more.
            if found.len() >= limit && found.get(limit.saturating_sub(1)).is_some_and(|last| last.at_ms > newest) {
                break;
            }
            let name_of = |device| journal::name_of(&journal.names, device);
            let keyring = Keyring { local: keys.local(), secrets: &journal.secrets };
            let records = journal.documents.records(store, keyring, &month)?;
            let views = records.iter().filter_map(|(key, record)| shown(key, record, name_of));
            let wanted = |view: &EntryView| {
                (since..until).contains(&view.at_ms)
                    && query.kind.is_none_or(|kind| kind == view.kind)
                    && entry::holds(view, &words)
            };
            found.extend(views.filter(wanted));
            found.sort_by_key(|view| std::cmp::Reverse((view.at_ms, view.id)));
            found.truncate(limit);
        }
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
        Ok(found.and_then(|(_, record)| entry::view(id, &record, |device| journal.name_of(device))))
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
        for month in documents.months() {
            for (key, record) in documents.records(store, keyring, &month)?.iter() {
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

/// An entry that shows, and the month it lies in.
pub(super) fn find(
    journal: &mut Journal,
    store: &impl Store,
    keys: &DeviceKeys,
    id: EntryId,
) -> Result<Option<(DocumentName, Record)>, StoreError> {
    let key = entry::key(id);
    let (documents, keyring) = journal.documents(keys);
    for month in documents.months() {
        if let Some(record) = documents.record(store, keyring, &month, &key)? {
            let shows = entry::standing(&record) != Standing::Trashed && entry::origin(&record).is_some();
            return Ok(shows.then_some((month, record)));
        }
    }
    Ok(None)
}

fn shown(key: &str, record: &Record, name_of: impl Fn(DeviceId) -> String) -> Option<EntryView> {
    let id = entry::id(key)?;
    (entry::standing(record) != Standing::Trashed).then(|| entry::view(id, record, name_of))?
}

fn exported(key: &str, record: &Record) -> Vec<Exported> {
    let (Some(id), Some(origin), Some(at)) = (entry::id(key), entry::origin(record), entry::moment(record)) else {
        return Vec::new();
    };
    if entry::standing(record) == Standing::Trashed {
        return Vec::new();
    }
    let made_ms = origin.made_ms;
    let mut all = vec![Exported { id, made_ms, at: at.clone(), entry: entry::check_in(record) }];
    for (field, values) in record {
        for (index, value) in values.iter().enumerate().skip(1) {
            let other = Record::from([(field.clone(), vec![value.clone()])]);
            let entry = entry::check_in(&other);
            if !entry.is_empty() {
                let id = entry::version_id(id, field, index);
                all.push(Exported { id, made_ms, at: at.clone(), entry });
            }
        }
    }
    all
}

fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}
