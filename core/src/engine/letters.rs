//! Letters: written whole, or bit by bit in an editor.
//!
//! What an editor shows is kept in a sealed row of this device, and goes into the letter after half a minute without another, when
//! the editor is done, and before the journal is closed. Changes are made on top of what the editor had before it, so that what was
//! written elsewhere meanwhile merges with it.

use ingle_model::{EntryId, EntryKind, Letter, LetterDraft, Moment};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    Change, Done, WriteError,
    turn::Turn,
    writing::{Back, home},
};
use crate::{
    bundle::{DocumentKind, DocumentName},
    document::Fields,
    entry::{self, Origin, Standing, letter},
    keys::DeviceKeys,
    rows::{open_row, seal_row},
    seal::Hash,
    store::{Store, StoreError, Table},
};

/// Without a change for so long, what is in the editor goes into the letter.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);
/// An editor can come back for so long with the base that it had: over a lost connection, or after an answer that never arrived.
const COMES_BACK: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A letter for an editor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub id: EntryId,
    /// The state that the text is of; empty for a letter that isn't there yet.
    pub base: String,
    pub draft: LetterDraft,
    pub is_new: bool,
}

/// What an editor shows, and on top of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Editing {
    /// Of the page that the editor began from.
    base: String,
    /// Where the letter holds exactly what came from this editor last.
    at: String,
    /// What isn't in the letter yet.
    pending: Option<LetterDraft>,
    /// When the editor was first heard of.
    made: Moment,
    /// When `pending` goes in.
    due_ms: i64,
}

impl Editing {
    /// When there is something to be done, milliseconds since 1970 UTC.
    pub fn due_ms(&self) -> Option<i64> {
        self.pending.as_ref().map(|_| self.due_ms)
    }
}

impl<S: Store> Turn<'_, S> {
    /// Where there is a letter of that id already, it is the same one.
    pub fn new_letter(&mut self, id: EntryId, draft: &LetterDraft, made: &Moment) -> Result<Done, WriteError> {
        let (letter, about) = draft.check().map_err(WriteError::Refused)?;
        let at = about.unwrap_or_else(|| made.clone());
        let document = letter_home(made.millis(), id);
        if self.record(&document, &entry::key(EntryKind::Letter, id))?.is_none() {
            self.add(&document, id, &letter, &at, made)?;
        }
        Ok(Done::Saved { id, at })
    }

    pub fn edit_letter(&mut self, id: EntryId, draft: &LetterDraft) -> Result<Done, WriteError> {
        let (document, kind, record) = self.find(id)?.ok_or(WriteError::NoEntry)?;
        if kind != EntryKind::Letter {
            return Err(WriteError::NoEntry);
        }
        let (letter, about) = draft.applied_to(&letter::letter(&record)).map_err(WriteError::Refused)?;
        let at = about.or_else(|| entry::moment(&record)).ok_or(WriteError::NoEntry)?;
        let mut fields = letter::changed(letter::fields(&letter, &at), &record, draft);
        // Whoever edits it has seen that it was deleted elsewhere.
        if entry::standing(&record) == Standing::DeletedThenChanged {
            fields.extend(entry::restore());
        }
        let back = Back::Letter(entry::shown(&fields, &record), letter::letter(&record).text.into());
        let mut changed = self.change(&document, &entry::key(kind, id), &fields)?;
        if draft.text.is_some() {
            changed |= self.write_text(&document, id, &[], letter.text.as_str())?.0;
        }
        if changed {
            self.done(document, id, back, Change::Edited);
        }
        self.if_finished(draft)?;
        Ok(Done::Saved { id, at })
    }

    /// For an editor: what it had before goes in first.
    pub fn open_letter(&mut self, id: Option<EntryId>) -> Result<Done, WriteError> {
        let id = id.unwrap_or_else(|| EntryId::from_bytes(self.random.bytes()));
        self.close_letter(id)?;
        self.page(id)
    }

    /// Keeps what an editor shows.
    pub fn keep_letter(&mut self, id: EntryId, base: String, draft: LetterDraft) -> Result<Done, WriteError> {
        draft.applied_to(&Letter::default()).map_err(WriteError::Refused)?;
        let mut editing = match self.journal.editing.get(&id) {
            Some(editing) if editing.base == base => editing.clone(),
            other => {
                let made = other.map_or_else(|| self.at.clone(), |editing| editing.made.clone());
                // Of another editor, or before this one took in what was written elsewhere.
                self.put_pending(id)?;
                Editing { at: base.clone(), base, pending: None, made, due_ms: 0 }
            }
        };
        if editing.pending.as_ref() != Some(&draft) {
            editing.pending = Some(draft);
            let due = self.at.instant().checked_add(PAUSE).unwrap_or(Timestamp::MAX);
            editing.due_ms = due.as_millisecond();
            self.put_editing(id, editing);
        }
        Ok(Done::Kept)
    }

    /// Keeps it, and puts it into the letter.
    pub fn finish_letter(&mut self, id: EntryId, base: String, draft: LetterDraft) -> Result<Done, WriteError> {
        let is_written = draft.text.as_ref().is_some_and(|text| !text.trim().is_empty());
        let finished = LetterDraft { enough: draft.enough.clone().filter(|_| is_written), ..LetterDraft::default() };
        self.keep_letter(id, base, draft)?;
        self.close_letter(id)?;
        self.if_finished(&finished)?;
        self.page(id)
    }

    /// An editor is gone: what it showed last goes in. Of one that comes back it is known where its words are in, without which
    /// they would be put in a second time.
    pub fn close_letter(&mut self, id: EntryId) -> Result<(), StoreError> {
        self.put_pending(id)?;
        if self.document_of(id).is_none() {
            self.forget_editing(id);
        }
        Ok(())
    }

    fn forget_editing(&mut self, id: EntryId) {
        if self.journal.editing.remove(&id).is_some() {
            self.staged.delete(Table::Drafts, *id.as_bytes());
        }
    }

    /// What has waited long enough, or all of it, goes in.
    pub fn put_all_pending(&mut self, until: Timestamp) -> Result<(), StoreError> {
        let is_due = |editing: &Editing| editing.due_ms().is_some_and(|due| due <= until.as_millisecond());
        let due: Vec<EntryId> =
            self.journal.editing.iter().filter(|(_, editing)| is_due(editing)).map(|(id, _)| *id).collect();
        due.into_iter().try_for_each(|id| self.put_pending(id))?;
        let before = self.at.instant().checked_sub(COMES_BACK).unwrap_or(Timestamp::MIN).as_millisecond();
        let is_old = |editing: &Editing| editing.pending.is_none() && editing.due_ms < before;
        let old: Vec<EntryId> =
            self.journal.editing.iter().filter(|(_, editing)| is_old(editing)).map(|(id, _)| *id).collect();
        old.into_iter().for_each(|id| self.forget_editing(id));
        Ok(())
    }

    fn put_pending(&mut self, id: EntryId) -> Result<(), StoreError> {
        let Some(mut editing) = self.journal.editing.get(&id).cloned() else { return Ok(()) };
        let Some(draft) = editing.pending.take() else { return Ok(()) };
        let document = self.document_of(id).unwrap_or_else(|| letter_home(editing.made.millis(), id));
        let key = entry::key(EntryKind::Letter, id);
        match self.record(&document, &key)? {
            None => {
                // It was checked when it was kept; one that is blank is no letter.
                if let Ok((letter, about)) = draft.check() {
                    let made = editing.made.clone();
                    let at = about.unwrap_or_else(|| made.clone());
                    editing.at = base_text(&self.add(&document, id, &letter, &at, &made)?);
                }
            }
            Some(record) => {
                if let Ok((letter, about)) = draft.applied_to(&letter::letter(&record)) {
                    let at = about.or_else(|| entry::moment(&record)).unwrap_or_else(|| editing.made.clone());
                    let fields = letter::changed(letter::fields(&letter, &at), &record, &draft);
                    let mut changed = self.change(&document, &key, &fields)?;
                    if let Some(text) = &draft.text {
                        let (is_other, heads) = self.write_text(&document, id, &base_heads(&editing.at), text)?;
                        changed |= is_other;
                        editing.at = base_text(&heads);
                    }
                    if changed {
                        self.announce(&key, Change::Edited, self.keys.device());
                    }
                }
            }
        }
        self.put_editing(id, editing);
        Ok(())
    }

    /// Gives the heads where the text is this one.
    fn add(
        &mut self,
        document: &DocumentName,
        id: EntryId,
        letter: &Letter,
        at: &Moment,
        made: &Moment,
    ) -> Result<Vec<Hash>, StoreError> {
        let origin = Origin { made_ms: made.millis(), device: self.keys.device() };
        self.change(document, &entry::key(EntryKind::Letter, id), &letter::new_fields(letter, at, origin))?;
        let (_, heads) = self.write_text(document, id, &[], letter.text.as_str())?;
        self.done(document.clone(), id, Back::Trash, Change::Added);
        if let Some(enough) = &letter.enough {
            self.letter_finished(enough.zoned().date())?;
        }
        Ok(heads)
    }

    pub fn write_text(
        &mut self,
        document: &DocumentName,
        id: EntryId,
        at: &[Hash],
        text: &str,
    ) -> Result<(bool, Vec<Hash>), StoreError> {
        let (documents, keyring) = self.journal.documents(self.keys);
        let place = (&*entry::key(EntryKind::Letter, id), letter::TEXT);
        let (items, heads) = documents.write_text(self.store, keyring, document, place, at, text)?;
        let is_changed = !items.is_empty();
        self.items.extend(items);
        Ok((is_changed, heads))
    }

    /// A day counts as soon as the person says that it is enough.
    fn if_finished(&mut self, draft: &LetterDraft) -> Result<(), StoreError> {
        let enough = draft.enough.as_deref().and_then(|enough| enough.parse::<Moment>().ok());
        enough.map_or(Ok(()), |enough| self.letter_finished(enough.zoned().date()))
    }

    fn page(&mut self, id: EntryId) -> Result<Done, WriteError> {
        let document = self.document_of(id);
        let record = match &document {
            Some(document) => self.record(document, &entry::key(EntryKind::Letter, id))?,
            None => None,
        };
        let Some((document, record)) = document.zip(record) else {
            let (base, draft) = (String::new(), LetterDraft::default());
            return Ok(Done::Page(Page { id, base, draft, is_new: true }));
        };
        let (documents, keyring) = self.journal.documents(self.keys);
        let base = base_text(&documents.heads_of(keyring, &document));
        let draft = letter::draft(&letter::letter(&record), entry::moment(&record).as_ref());
        Ok(Done::Page(Page { id, base, draft, is_new: false }))
    }

    fn document_of(&mut self, id: EntryId) -> Option<DocumentName> {
        self.journal.documents.home_of(id).filter(|document| document.kind == DocumentKind::Letter)
    }

    fn put_editing(&mut self, id: EntryId, editing: Editing) {
        let plain = Zeroizing::new(serde_json::to_vec(&editing).expect("texts and numbers are JSON"));
        seal_row(self.keys.local(), Table::Drafts, id.as_bytes(), &plain, &mut self.staged, self.random);
        self.journal.editing.insert(id, editing);
    }
}

/// What editors had when the last run ended; a row that doesn't open stays where it is.
pub(super) fn load(store: &impl Store, keys: &DeviceKeys) -> Result<Vec<(EntryId, Editing)>, StoreError> {
    let rows = store.scan(Table::Drafts, &[], &[], usize::MAX)?;
    let read = |(key, sealed): (Vec<u8>, Vec<u8>)| {
        let id = EntryId::from_bytes(key.as_slice().try_into().ok()?);
        let plain = open_row(keys.local(), Table::Drafts, &key, &sealed)?;
        Some((id, serde_json::from_slice(&plain).ok()?))
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

pub(super) fn letter_home(made_ms: i64, id: EntryId) -> DocumentName {
    let month = home(made_ms);
    DocumentName { kind: DocumentKind::Letter, name: format!("{}:{id}", month.name), ..month }
}

/// Text and fields as they were.
impl<S: Store> Turn<'_, S> {
    pub fn take_letter_back(
        &mut self,
        document: &DocumentName,
        id: EntryId,
        fields: &Fields,
        text: &str,
    ) -> Result<(), StoreError> {
        self.change(document, &entry::key(EntryKind::Letter, id), fields)?;
        self.write_text(document, id, &[], text).map(|_| ())
    }
}

fn base_text(heads: &[Hash]) -> String {
    heads.iter().map(Hash::to_string).collect::<Vec<_>>().join(".")
}

/// What is none of ours counts as no heads: then the present ones are taken.
fn base_heads(base: &str) -> Vec<Hash> {
    let read = |hash: &str| {
        let bytes = data_encoding::HEXLOWER.decode(hash.as_bytes()).ok()?;
        Some(Hash::from_bytes(bytes.try_into().ok()?))
    };
    base.split('.').map(read).collect::<Option<_>>().unwrap_or_default()
}
