//! All that is durable, as it is in memory: roster, logs, documents, peers.

use std::collections::BTreeMap;

use ingle_model::{DeviceId, EntryId};
use jiff::Timestamp;

use super::letters::{self, Editing};
use crate::{
    bundle::{BundleKey, DocumentName, LogId},
    document::{Record, Value},
    documents::{Documents, Keyring},
    keys::DeviceKeys,
    log::{Logs, Tips},
    random::Random,
    roster::{ChainRefused, RecordRefused, Roster, Secrets},
    rows::{open_row, seal_row},
    seal::Hash,
    staged::Staged,
    store::{Store, StoreError, Table},
    wrap::Wrap,
};

/// The version of the rows in a store.
const VERSION: u8 = 1;
const VERSION_ROW: &[u8] = b"version";
const DEVICE_ROW: &[u8] = b"device";
/// When the own log was found to go on elsewhere.
const FORKED_ROW: &[u8] = b"forked";
/// Keys of the household's records about devices, and their field.
const DEVICE_PREFIX: &str = "device:";
pub const NAME: &str = "name";

/// Why there is no engine over a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("there is no journal in the store")]
    NoJournal,
    #[error("there is a journal in the store already")]
    AlreadyThere,
    #[error("the journal was written by a newer version of Ingle")]
    Newer,
    #[error("the journal is damaged")]
    Damaged,
    #[error("the keys are not those of the journal")]
    WrongKey,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is known of another device beside the journal.
#[derive(Debug, Default)]
pub struct Peer {
    /// What it was last known to hold, in this run.
    pub held: Option<Tips>,
    pub last_exchange: Option<Timestamp>,
    /// The shell's.
    pub note: Option<Vec<u8>>,
    pub is_unsaved: bool,
}

#[derive(Debug)]
pub struct Journal {
    pub roster: Roster,
    pub secrets: Secrets,
    pub logs: Logs,
    pub documents: Documents,
    pub peers: BTreeMap<DeviceId, Peer>,
    pub names: BTreeMap<DeviceId, String>,
    /// Whether the own log was found to go on elsewhere.
    pub is_forked: bool,
    /// What could not be taken and lies on the shelf.
    pub shelved: usize,
    pub settle_at: Option<Timestamp>,
    /// What editors show.
    pub editing: BTreeMap<EntryId, Editing>,
    /// After an error of the disk: nothing is written by itself before.
    pub not_before: Timestamp,
    /// Held and not applied when the store was opened; the first turn looks at them.
    pub unapplied: Vec<BundleKey>,
}

impl Journal {
    /// A new journal, or a new device's part of one.
    pub fn begin(
        store: &impl Store,
        keys: &DeviceKeys,
        roster: Roster,
        wrap: &dyn Wrap,
        staged: &mut Staged,
        random: &mut dyn Random,
    ) -> Result<Self, OpenError> {
        if store.get(Table::Meta, VERSION_ROW)?.is_some() {
            return Err(OpenError::AlreadyThere);
        }
        let secrets = roster.secrets(keys, wrap).map_err(|_| OpenError::WrongKey)?;
        staged.put(Table::Meta, VERSION_ROW, [VERSION]);
        staged.put(Table::Meta, DEVICE_ROW, *keys.device().as_bytes());
        roster.records().for_each(|(hash, record)| put_record(&hash, record, staged));
        let own = LogId { device: keys.device(), name: random.bytes() };
        Ok(Self {
            secrets,
            roster,
            logs: Logs::new(own, staged),
            documents: Documents::new(random.bytes()),
            peers: BTreeMap::new(),
            names: BTreeMap::new(),
            is_forked: false,
            shelved: 0,
            settle_at: None,
            editing: BTreeMap::new(),
            not_before: Timestamp::MIN,
            unapplied: Vec::new(),
        })
    }

    pub fn open(
        store: &impl Store,
        keys: &DeviceKeys,
        wrap: &dyn Wrap,
        random: &mut dyn Random,
    ) -> Result<Self, OpenError> {
        match store.get(Table::Meta, VERSION_ROW)?.as_deref() {
            None => return Err(OpenError::NoJournal),
            Some([VERSION]) => {}
            Some([version]) if *version > VERSION => return Err(OpenError::Newer),
            Some(_) => return Err(OpenError::Damaged),
        }
        if store.get(Table::Meta, DEVICE_ROW)?.as_deref() != Some(keys.device().as_bytes()) {
            return Err(OpenError::WrongKey);
        }
        let records = store.scan(Table::Roster, &[], &[], usize::MAX)?.into_iter().map(|(_, record)| record);
        let roster = Roster::load(records).map_err(|refused| match refused {
            ChainRefused::Record(RecordRefused::Newer) => OpenError::Newer,
            _ => OpenError::Damaged,
        })?;
        let secrets = roster.secrets(keys, wrap).map_err(|_| OpenError::WrongKey)?;
        let logs = Logs::load(store, keys.device())?.ok_or(OpenError::Damaged)?;
        let keyring = Keyring { local: keys.local(), secrets: &secrets };
        let documents = Documents::open(store, keyring, random.bytes())?;
        let mut journal = Self {
            documents,
            peers: load_peers(store, keys)?,
            names: BTreeMap::new(),
            is_forked: store.get(Table::Meta, FORKED_ROW)?.is_some(),
            shelved: store.scan(Table::Shelf, &[], &[], usize::MAX)?.len(),
            settle_at: None,
            editing: letters::load(store, keys)?.into_iter().collect(),
            not_before: Timestamp::MIN,
            unapplied: logs.unapplied(store)?,
            logs,
            roster,
            secrets,
        };
        journal.read_names(store, keys)?;
        // At once: the last run was cut short.
        let is_due = !journal.unapplied.is_empty() || journal.documents.is_unsettled();
        journal.settle_at = is_due.then_some(Timestamp::UNIX_EPOCH);
        Ok(journal)
    }

    /// The documents, and what opens them.
    pub fn documents<'a>(&'a mut self, keys: &'a DeviceKeys) -> (&'a mut Documents, Keyring<'a>) {
        (&mut self.documents, Keyring { local: keys.local(), secrets: &self.secrets })
    }

    /// The names of the devices, from the household.
    pub fn read_names(&mut self, store: &impl Store, keys: &DeviceKeys) -> Result<(), StoreError> {
        let (documents, keyring) = self.documents(keys);
        let records = documents.records(store, keyring, &DocumentName::household())?;
        self.names = records.iter().filter_map(|(key, record)| read_name(key, record)).collect();
        Ok(())
    }

    pub fn name_of(&self, device: DeviceId) -> String {
        name_of(&self.names, device)
    }

    /// Notes that this device must write another log from now on.
    pub fn fork(&mut self, at: Timestamp, staged: &mut Staged, random: &mut dyn Random) {
        self.logs.begin_another(random.bytes(), staged);
        self.is_forked = true;
        staged.put(Table::Meta, FORKED_ROW, at.as_millisecond().to_be_bytes());
    }

    pub fn note_peer(
        &mut self,
        keys: &DeviceKeys,
        device: DeviceId,
        note: &[u8],
        staged: &mut Staged,
        random: &mut dyn Random,
    ) {
        let peer = self.peers.entry(device).or_default();
        peer.note = Some(note.to_vec());
        save_peer(keys, device, peer, staged, random);
    }

    /// Writes what makes the next opening quick, and what is known of peers.
    pub fn settle(
        &mut self,
        store: &impl Store,
        keys: &DeviceKeys,
        is_end: bool,
        staged: &mut Staged,
        random: &mut dyn Random,
    ) -> Result<(), StoreError> {
        self.settle_at = None;
        let (documents, keyring) = self.documents(keys);
        documents.settle(store, keyring, is_end, staged, random)?;
        self.save_peers(keys, staged, random);
        Ok(())
    }

    /// Drops what need not stay in memory. Only when nothing is staged.
    pub fn unload(&mut self, keys: &DeviceKeys) {
        let (documents, keyring) = self.documents(keys);
        documents.unload(keyring);
    }

    pub fn save_peers(&mut self, keys: &DeviceKeys, staged: &mut Staged, random: &mut dyn Random) {
        for (device, peer) in self.peers.iter_mut().filter(|(_, peer)| peer.is_unsaved) {
            save_peer(keys, *device, peer, staged, random);
        }
    }
}

/// The device's name; where none has come yet, the beginning of its id.
pub fn name_of(names: &BTreeMap<DeviceId, String>, device: DeviceId) -> String {
    names.get(&device).cloned().unwrap_or_else(|| device.to_string().chars().take(6).collect())
}

/// The key of the household's record about a device.
pub fn device_key(device: DeviceId) -> String {
    format!("{DEVICE_PREFIX}{device}")
}

fn read_name(key: &str, record: &Record) -> Option<(DeviceId, String)> {
    let device = key.strip_prefix(DEVICE_PREFIX)?.parse().ok()?;
    let Value::Text(name) = record.get(NAME)?.first()? else { return None };
    // Another device wrote it: it has to be a name here as well.
    let name = ingle_model::Label::new(name).ok()?;
    Some((device, name.into()))
}

pub fn put_record(hash: &Hash, record: &[u8], staged: &mut Staged) {
    staged.put(Table::Roster, *hash.as_bytes(), record);
}

/// 8 last exchange in milliseconds, 0 for never; and the note.
fn save_peer(keys: &DeviceKeys, device: DeviceId, peer: &mut Peer, staged: &mut Staged, random: &mut dyn Random) {
    peer.is_unsaved = false;
    let last = peer.last_exchange.map_or(0, Timestamp::as_millisecond);
    let plain = [&last.to_be_bytes()[..], peer.note.as_deref().unwrap_or_default()].concat();
    seal_row(keys.local(), Table::Peers, device.as_bytes(), &plain, staged, random);
}

/// A row that doesn't open is passed over: it is learnt again.
fn load_peers(store: &impl Store, keys: &DeviceKeys) -> Result<BTreeMap<DeviceId, Peer>, StoreError> {
    let rows = store.scan(Table::Peers, &[], &[], usize::MAX)?;
    let read = |(key, sealed): (Vec<u8>, Vec<u8>)| {
        let device = DeviceId::from_bytes(key.as_slice().try_into().ok()?);
        let plain = open_row(keys.local(), Table::Peers, &key, &sealed)?;
        let (last, note) = plain.split_first_chunk()?;
        let last = Some(i64::from_be_bytes(*last)).filter(|last| *last != 0);
        let last_exchange = last.and_then(|last| Timestamp::from_millisecond(last).ok());
        let note = Some(note.to_vec()).filter(|note| !note.is_empty());
        Some((device, Peer { last_exchange, note, ..Peer::default() }))
    };
    Ok(rows.into_iter().filter_map(read).collect())
}
