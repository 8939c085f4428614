//! What this device's person writes.

use ingle_model::{CheckIn, CheckInDraft, EntryId, EntryKind, Letter, Moment};
use jiff::tz::TimeZone;

use super::{Change, Done, Write, WriteError, letters::letter_home, turn::Turn};
use crate::{
    bundle::{DocumentKind, DocumentName},
    document::{Fields, Record},
    entry::{self, Origin, Standing, letter},
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
pub(super) enum Back {
    /// It was new: into the trash.
    Trash,
    /// These fields were like this.
    Fields(Fields),
    /// These fields and the letter's text were like this.
    Letter(Fields, String),
    Restore,
}

/// An entry of one journal, to be written anew in another.
#[derive(Clone)]
pub struct Exported {
    pub(super) id: EntryId,
    pub(super) made_ms: i64,
    pub(super) at: Moment,
    pub(super) content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    CheckIn(CheckIn),
    Letter(Letter),
}

impl Content {
    /// What a record says, in what is shown first of every field.
    pub fn read(kind: EntryKind, record: &Record) -> Self {
        match kind {
            EntryKind::CheckIn => Self::CheckIn(entry::check_in(record)),
            EntryKind::Letter => Self::Letter(letter::letter(record)),
        }
    }

    pub const fn kind(&self) -> EntryKind {
        match self {
            Self::CheckIn(_) => EntryKind::CheckIn,
            Self::Letter(_) => EntryKind::Letter,
        }
    }

    pub fn is_empty(&self) -> bool {
        match self {
            Self::CheckIn(entry) => entry.is_empty(),
            Self::Letter(letter) => *letter == Letter::default(),
        }
    }
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
            Write::Letter(draft) => {
                let (id, made) = (EntryId::from_bytes(self.random.bytes()), self.at.clone());
                self.new_letter(id, &draft, &made)
            }
            Write::EditLetter { id, draft } => self.edit_letter(id, &draft),
            Write::OpenLetter { id } => self.open_letter(id),
            Write::KeepLetter { id, base, draft } => self.keep_letter(id, base, draft),
            Write::FinishLetter { id, base, draft } => self.finish_letter(id, base, draft),
            Write::CloseLetter { id } => {
                self.close_letter(id)?;
                Ok(Done::Kept)
            }
            Write::Remind(remind) => self.remind(remind),
        }
    }

    /// Where there is an entry of that id already, it is the same one.
    pub fn new_check_in(&mut self, id: EntryId, draft: &CheckInDraft, made: &Moment) -> Result<Done, WriteError> {
        let (entry, about) = draft.check().map_err(WriteError::Refused)?;
        let at = about.unwrap_or_else(|| made.clone());
        let origin = Origin { made_ms: made.millis(), device: self.keys.device() };
        let document = home(origin.made_ms);
        if self.record(&document, &entry::key(EntryKind::CheckIn, id))?.is_some() {
            return Ok(Done::Saved { id, at });
        }
        self.change(&document, &entry::key(EntryKind::CheckIn, id), &entry::new_fields(&entry, &at, origin))?;
        self.done(document, id, Back::Trash, Change::Added);
        self.checked_in()?;
        Ok(Done::Saved { id, at })
    }

    fn edit(&mut self, id: EntryId, draft: &CheckInDraft) -> Result<Done, WriteError> {
        let (document, kind, record) = self.find(id)?.ok_or(WriteError::NoEntry)?;
        if kind != EntryKind::CheckIn {
            return Err(WriteError::NoEntry);
        }
        let (entry, about) = draft.applied_to(&entry::check_in(&record)).map_err(WriteError::Refused)?;
        let at = about.or_else(|| entry::moment(&record)).ok_or(WriteError::NoEntry)?;
        let mut fields = entry::changed(entry::fields(&entry, &at), &record, draft);
        // Whoever edits it has seen that it was deleted elsewhere.
        if entry::standing(&record) == Standing::DeletedThenChanged {
            fields.extend(entry::restore());
        }
        let before = entry::shown(&fields, &record);
        if self.change(&document, &entry::key(EntryKind::CheckIn, id), &fields)? {
            self.done(document, id, Back::Fields(before), Change::Edited);
        }
        Ok(Done::Saved { id, at })
    }

    fn delete(&mut self, id: EntryId) -> Result<Done, WriteError> {
        let (document, kind, record) = self.find(id)?.ok_or(WriteError::NoEntry)?;
        let at = entry::moment(&record).ok_or(WriteError::NoEntry)?;
        self.change(&document, &entry::key(kind, id), &entry::trash(&record, self.at))?;
        self.done(document, id, Back::Restore, Change::Deleted);
        Ok(Done::Saved { id, at })
    }

    fn undo(&mut self) -> Result<Done, WriteError> {
        let UndoStep { document, id, back } = self.undo.pop().ok_or(WriteError::NothingToUndo)?;
        let key = entry::key(kind_in(&document), id);
        let (fields, what) = match back {
            Back::Letter(fields, text) => {
                self.take_letter_back(&document, id, &fields, &text)?;
                (Fields::new(), Change::Edited)
            }
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
        for Exported { id, made_ms, at, content } in entries {
            let (kind, origin) = (content.kind(), Origin { made_ms, device: self.keys.device() });
            let fields = match &content {
                Content::CheckIn(entry) => entry::new_fields(entry, &at, origin),
                Content::Letter(letter) => letter::new_fields(letter, &at, origin),
            };
            let text = match &content {
                Content::CheckIn(_) => None,
                Content::Letter(letter) => Some(letter.text.as_str()),
            };
            let home_of = |id| match kind {
                EntryKind::CheckIn => home(made_ms),
                EntryKind::Letter => letter_home(made_ms, id),
            };
            let is_same =
                |record: &Record| Content::read(kind, record) == content && entry::moment(record).as_ref() == Some(&at);
            let id = match self.record(&home_of(id), &entry::key(kind, id))? {
                Some(record) if is_same(&record) => continue,
                // The same one again after a joining that was cut short.
                Some(_) => other_id(id, &fields, text),
                None => id,
            };
            let document = home_of(id);
            let mut is_new = self.change(&document, &entry::key(kind, id), &fields)?;
            if let Some(text) = text {
                is_new |= self.write_text(&document, id, &[], text)?.0;
            }
            if is_new {
                self.announce(&entry::key(kind, id), Change::Added, self.keys.device());
            }
        }
        Ok(Done::Imported)
    }

    pub fn done(&mut self, document: DocumentName, id: EntryId, back: Back, change: Change) {
        let key = entry::key(kind_in(&document), id);
        if self.undo.len() == MAX_UNDO {
            self.undo.remove(0);
        }
        self.undo.push(UndoStep { document, id, back });
        self.announce(&key, change, self.keys.device());
    }

    pub fn record(&mut self, document: &DocumentName, key: &str) -> Result<Option<Record>, StoreError> {
        let (documents, keyring) = self.journal.documents(self.keys);
        documents.record(self.store, keyring, document, key)
    }

    pub fn find(&mut self, id: EntryId) -> Result<Option<(DocumentName, EntryKind, Record)>, StoreError> {
        super::queries::find(self.journal, self.store, self.keys, id)
    }
}

/// The month of the first writing, told in UTC.
pub(super) fn home(made_ms: i64) -> DocumentName {
    let made = jiff::Timestamp::from_millisecond(made_ms).unwrap_or_default();
    let date = TimeZone::UTC.to_datetime(made).date();
    DocumentName::month(date.year(), date.month())
}

/// The same one for the same content.
fn other_id(id: EntryId, fields: &Fields, text: Option<&str>) -> EntryId {
    let content = serde_json::to_vec(&(fields, text)).expect("texts and numbers are JSON");
    let hash = Hash::of("ingle entry beside another v1", &[id.as_bytes(), &content]);
    let (id, _) = hash.as_bytes().split_first_chunk().expect("a hash is longer than an id");
    EntryId::from_bytes(*id)
}

/// Of the entries in a document.
const fn kind_in(document: &DocumentName) -> EntryKind {
    match document.kind {
        DocumentKind::Letter => EntryKind::Letter,
        DocumentKind::Month | DocumentKind::Household => EntryKind::CheckIn,
    }
}
