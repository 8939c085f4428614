//! What a person writes while the journal is locked: sealed to the device's own public key, and kept in the inbox until the journal
//! is opened. Nothing here needs a secret.
//!
//! Age files tell whom they are for, and nothing of who made them: who can write into the journal folder while the journal is
//! locked can put something into the inbox. What is taken out of it, and how, is the engine's.

use ingle_model::{CheckInDraft, DeviceId, EntryId, Handling, LetterDraft, Moment, Pause, Refused, Slot};

use crate::{
    engine::{OpenError, WriteError},
    roster::{Member, Roster},
    store::{Batch, Store, StoreError, Table},
    wrap::{SealIdentity, SealRecipient, Wrap},
};

mod v1;

const ENTRY_KEY: usize = 16;

/// Something that is written whole, without a look into the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Captured {
    CheckIn(CheckInDraft),
    Letter(LetterDraft),
    /// What was done about a reminder.
    Handle(Slot, Handling),
    Pause(Pause),
    /// A reminder was put before the person's eyes on this device.
    Shown(Slot),
}

/// What lies in the inbox, opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// The entry that it becomes.
    pub id: EntryId,
    /// When it was written.
    pub made: Moment,
    pub what: Captured,
}

/// The slit in a locked journal's door: the public key of its device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbox {
    recipient: SealRecipient,
}

impl Inbox {
    /// Of an open journal, to be kept when it is locked.
    pub fn of(own: &Member) -> Self {
        Self { recipient: own.seal().clone() }
    }

    /// Of a journal that is locked from the start. The roster is not secret, and `device`, which is the hash of its public keys,
    /// says which of them counts.
    pub fn find(store: &impl Store, device: DeviceId) -> Result<Self, OpenError> {
        let records = store.scan(Table::Roster, &[], &[], usize::MAX)?.into_iter().map(|(_, record)| record);
        let roster = Roster::load(records).map_err(|_| OpenError::Damaged)?;
        roster.member(&device).map(Self::of).ok_or(OpenError::Damaged)
    }

    /// Checks it as an open journal would, seals it and makes it durable. The moment is the one that the entry will be about.
    pub fn put(
        &self,
        store: &mut impl Store,
        id: EntryId,
        made: &Moment,
        what: Captured,
        wrap: &dyn Wrap,
    ) -> Result<Moment, WriteError> {
        let about = what.check().map_err(WriteError::Refused)?.unwrap_or_else(|| made.clone());
        let key = key(id, &what);
        let plain = v1::write(&Waiting { id, made: made.clone(), what });
        let sealed = wrap.wrap(std::slice::from_ref(&self.recipient), &plain);
        let mut batch = Batch::default();
        batch.put(Table::Inbox, key, sealed.map_err(|_| StoreError::Damaged)?);
        store.commit(&batch)?;
        Ok(about)
    }
}

/// How many entries lie in the inbox.
pub fn waiting(store: &impl Store) -> Result<u64, StoreError> {
    let rows = store.scan(Table::Inbox, &[], &[], usize::MAX)?;
    let entries = rows.iter().filter(|(key, _)| key.len() == ENTRY_KEY).count();
    Ok(u64::try_from(entries).unwrap_or(u64::MAX))
}

/// Of an entry its id; of anything else a byte more, so that entries can be counted.
pub(crate) fn key(id: EntryId, what: &Captured) -> Vec<u8> {
    match what {
        Captured::CheckIn(_) | Captured::Letter(_) => id.as_bytes().to_vec(),
        Captured::Handle(..) | Captured::Pause(_) | Captured::Shown(_) => [&id.as_bytes()[..], &[1]].concat(),
    }
}

/// What a row of the inbox holds; nothing when it isn't whole, is of a newer version, or was not put where it lies.
pub(crate) fn open(key: &[u8], sealed: &[u8], with: &SealIdentity, wrap: &dyn Wrap) -> Option<Waiting> {
    let plain = wrap.unwrap(with, sealed).ok()?;
    let waiting = v1::read(&plain)?;
    (self::key(waiting.id, &waiting.what) == key).then_some(waiting)
}

impl Captured {
    fn check(&self) -> Result<Option<Moment>, Refused> {
        match self {
            Self::CheckIn(draft) => draft.check().map(|(_, about)| about),
            Self::Letter(draft) => draft.check().map(|(_, about)| about),
            Self::Handle(..) | Self::Pause(_) | Self::Shown(_) => Ok(None),
        }
    }
}
