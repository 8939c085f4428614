//! What this device's person writes.

use ingle_model::{CheckIn, CheckInDraft, EntryId, Moment};
use jiff::tz::TimeZone;

use super::{Change, Done, Write, WriteError, turn::Turn};
use crate::{
    bundle::DocumentName,
    document::{Fields, Record},
    entry::{self, Origin, Standing},
    seal::Hash,
    store::{Store, StoreError},
};

/// As many writes of this run as can be taken back.
const MAX_UNDO: usize = 256;

/// How a write is taken back.
#[derive(Debug, Clone)]
pub(super) struct UndoStep {
    document: DocumentName,
    id: EntryId,
    back: Back,
}

#[derive(Debug, Clone)]
enum Back {
    /// It was new: into the trash.
    Trash,
    /// These fields were like this.
    Fields(Fields),
    Restore,
}

/// An entry of one journal, to be written anew in another.
#[derive(Clone)]
pub struct Exported {
    pub(super) id: EntryId,
    pub(super) made_ms: i64,
    pub(super) at: Moment,
    pub(super) entry: CheckIn,
}

impl std::fmt::Debug for Exported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Exported({})", self.id)
    }
}

impl<S: Store> Turn<'_, S> {
    pub fn write(&mut self, write: Write) -> Result<Done, WriteError> {
        match write {
            Write::CheckIn(draft) => {
                let (id, made) = (EntryId::from_bytes(self.random.bytes()), self.at.clone());
                self.new_check_in(id, &draft, &made)
            }
            Write::Edit { id, draft } => self.edit(id, &draft),
            Write::Delete { id } => self.delete(id),
            Write::Undo => self.undo(),
            Write::Remind(remind) => self.remind(remind),
        }
    }

    /// Where there is an entry of that id already, it is the same one.
    pub fn new_check_in(&mut self, id: EntryId, draft: &CheckInDraft, made: &Moment) -> Result<Done, WriteError> {
        let (entry, about) = draft.check().map_err(WriteError::Refused)?;
        let at = about.unwrap_or_else(|| made.clone());
        let origin = Origin { made_ms: made.millis(), device: self.keys.device() };
        let document = home(origin.made_ms);
        if self.record(&document, &entry::key(id))?.is_some() {
            return Ok(Done::Saved { id, at });
        }
        self.change(&document, &entry::key(id), &entry::new_fields(&entry, &at, origin))?;
        self.done(document, id, Back::Trash, Change::Added);
        self.checked_in()?;
        Ok(Done::Saved { id, at })
    }

    fn edit(&mut self, id: EntryId, draft: &CheckInDraft) -> Result<Done, WriteError> {
        let (document, record) = self.find(id)?.ok_or(WriteError::NoEntry)?;
        let (entry, about) = draft.applied_to(&entry::check_in(&record)).map_err(WriteError::Refused)?;
        let at = about.or_else(|| entry::moment(&record)).ok_or(WriteError::NoEntry)?;
        let mut fields = entry::changed(entry::fields(&entry, &at), &record, draft);
        // Whoever edits it has seen that it was deleted elsewhere.
        if entry::standing(&record) == Standing::DeletedThenChanged {
            fields.extend(entry::restore());
        }
        let before = entry::shown(&fields, &record);
        if self.change(&document, &entry::key(id), &fields)? {
            self.done(document, id, Back::Fields(before), Change::Edited);
        }
        Ok(Done::Saved { id, at })
    }

    fn delete(&mut self, id: EntryId) -> Result<Done, WriteError> {
        let (document, record) = self.find(id)?.ok_or(WriteError::NoEntry)?;
        let at = entry::moment(&record).ok_or(WriteError::NoEntry)?;
        self.change(&document, &entry::key(id), &entry::trash(&record, self.at))?;
        self.done(document, id, Back::Restore, Change::Deleted);
        Ok(Done::Saved { id, at })
    }

    fn undo(&mut self) -> Result<Done, WriteError> {
        let UndoStep { document, id, back } = self.undo.pop().ok_or(WriteError::NothingToUndo)?;
        let key = entry::key(id);
        let (fields, what) = match back {
            Back::Restore => (entry::restore(), Change::Restored),
            Back::Fields(fields) => (fields, Change::Edited),
            Back::Trash => {
                let record = self.record(&document, &key)?.ok_or(WriteError::NoEntry)?;
                (entry::trash(&record, self.at), Change::Deleted)
            }
        };
        self.change(&document, &key, &fields)?;
        self.announce(&key, what, self.keys.device());
        Ok(Done::Undone { id, what })
    }

    /// Under the same ids, into the months in which they were first written. What is here already is left alone; where another
    /// entry has the id, both are kept.
    pub fn import(&mut self, entries: Vec<Exported>) -> Result<Done, WriteError> {
        for Exported { id, made_ms, at, entry } in entries {
            let document = home(made_ms);
            let fields = entry::new_fields(&entry, &at, Origin { made_ms, device: self.keys.device() });
            let is_same =
                |record: &Record| entry::check_in(record) == entry && entry::moment(record).as_ref() == Some(&at);
            let id = match self.record(&document, &entry::key(id))? {
                Some(record) if is_same(&record) => continue,
                // The same one again after a joining that was cut short.
                Some(_) => other_id(id, &fields),
                None => id,
            };
            if self.change(&document, &entry::key(id), &fields)? {
                self.announce(&entry::key(id), Change::Added, self.keys.device());
            }
        }
        Ok(Done::Imported)
    }

    fn done(&mut self, document: DocumentName, id: EntryId, back: Back, change: Change) {
        if self.undo.len() == MAX_UNDO {
            self.undo.remove(0);
        }
        self.undo.push(UndoStep { document, id, back });
        self.announce(&entry::key(id), change, self.keys.device());
    }

    fn record(&mut self, document: &DocumentName, key: &str) -> Result<Option<Record>, StoreError> {
        let (documents, keyring) = self.journal.documents(self.keys);
        documents.record(self.store, keyring, document, key)
    }

    fn find(&mut self, id: EntryId) -> Result<Option<(DocumentName, Record)>, StoreError> {
        super::queries::find(self.journal, self.store, self.keys, id)
    }
}

/// The month of the first writing, told in UTC.
fn home(made_ms: i64) -> DocumentName {
    let made = jiff::Timestamp::from_millisecond(made_ms).unwrap_or_default();
    let date = TimeZone::UTC.to_datetime(made).date();
    DocumentName::month(date.year(), date.month())
}

/// The same one for the same content.
fn other_id(id: EntryId, fields: &Fields) -> EntryId {
    let content = serde_json::to_vec(fields).expect("texts and numbers are JSON");
    let hash = Hash::of("ingle entry beside another v1", &[id.as_bytes(), &content]);
    let (id, _) = hash.as_bytes().split_first_chunk().expect("a hash is longer than an id");
    EntryId::from_bytes(*id)
}
