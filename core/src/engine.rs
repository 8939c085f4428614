//! The journal's engine: what a person writes goes in, what other devices wrote goes in, and out comes what to tell whom.
//!
//! One [`Engine::handle`] is one commit. Everything that it was given is built in memory, written in one batch, and only when
//! that is durable acknowledged, sent and announced.
//!
//! **Invariant:** after an error of the store nothing in memory counts any more. All of it is read again, under a new actor, and
//! whoever waited for an answer hears that nothing was saved.

use std::collections::{BTreeMap, BTreeSet};

use ingle_model::{
    CheckInDraft, DeviceId, EntryId, EntryKind, Label, LetterDraft, Moment, Refused, ReminderRefused, RuleId,
};
use jiff::Timestamp;

use crate::{
    keys::DeviceKeys,
    random::Random,
    reminders::Handled,
    roster::{AddRefused, Member, Roster},
    seal::{EpochKey, SpaceKey},
    session::Session,
    staged::Staged,
    store::{Store, StoreError},
    wrap::Wrap,
};

mod captured;
mod exchange;
mod journal;
mod letters;
mod queries;
mod receiving;
mod reminding;
mod turn;
mod writing;

use journal::Journal;
pub use journal::OpenError;
pub use letters::Page;
pub use queries::{Device, Query};
pub use reminding::Remind;
use turn::Turn;
pub use writing::Exported;

/// Names a connection to another device, for as long as it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// What happened outside.
#[derive(Debug)]
pub enum Input {
    /// Answered by [`Output::Done`] with the same ticket, as the next two are.
    Write {
        ticket: u64,
        write: Write,
    },
    /// Put this device on the roster.
    Invite {
        ticket: u64,
        member: Member,
    },
    /// Write these entries of another journal anew, under the same ids.
    Import {
        ticket: u64,
        entries: Vec<Exported>,
    },
    /// A connection to a member stands.
    LinkUp {
        link: LinkId,
        device: DeviceId,
    },
    LinkDown {
        link: LinkId,
    },
    /// Something came in on a link.
    Frame {
        link: LinkId,
        frame: Vec<u8>,
    },
    /// A frame has left: said once for each [`Output::Send`].
    Sent {
        link: LinkId,
    },
    /// [`Engine::next_deadline`] has come.
    Tick,
    /// The journal is about to be closed: what editors show goes into it.
    Closing,
}

/// What a person changes.
#[derive(Debug)]
pub enum Write {
    CheckIn(CheckInDraft),
    /// Lays the draft over the entry.
    Edit {
        id: EntryId,
        draft: CheckInDraft,
    },
    Delete {
        id: EntryId,
    },
    /// Takes back the newest write of this run that wasn't taken back yet.
    Undo,
    Remind(Remind),
    /// A new letter, whole.
    Letter(LetterDraft),
    /// Lays the draft over the letter.
    EditLetter {
        id: EntryId,
        draft: LetterDraft,
    },
    /// Answered by [`Done::Page`]: the letter, or with no id a new one.
    OpenLetter {
        id: Option<EntryId>,
    },
    /// What an editor shows that began from the page of that base. Answered by [`Done::Kept`].
    KeepLetter {
        id: EntryId,
        base: String,
        draft: LetterDraft,
    },
    /// The same, and it goes into the letter. Answered by [`Done::Page`].
    FinishLetter {
        id: EntryId,
        base: String,
        draft: LetterDraft,
    },
    /// The editor is gone. Answered by [`Done::Kept`].
    CloseLetter {
        id: EntryId,
    },
}

/// What to do outside, in this order.
#[derive(Debug)]
pub enum Output {
    Done {
        ticket: u64,
        result: Result<Done, WriteError>,
    },
    /// At most 64 on a link before [`Input::Sent`].
    Send {
        link: LinkId,
        frame: Vec<u8>,
    },
    /// The peer said what it must not say, or the store has erred: meet again later.
    Close {
        link: LinkId,
    },
    RosterChanged,
    Event(Event),
}

/// What was written, and is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    Saved {
        id: EntryId,
        at: Moment,
    },
    Undone {
        id: EntryId,
        what: Change,
    },
    /// All records of the roster, for the new device.
    Invited {
        chain: Vec<Vec<u8>>,
    },
    Imported,
    /// The rule is one of the journal's.
    Rule {
        rule: RuleId,
    },
    Handled(Handled),
    Page(Page),
    /// What an editor shows, on this device.
    Kept,
    /// What was asked about reminders.
    Reminded,
}

/// Why nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    #[error(transparent)]
    Refused(Refused),
    #[error("there is no such entry")]
    NoEntry,
    #[error("there is nothing to undo")]
    NothingToUndo,
    #[error(transparent)]
    Reminder(ReminderRefused),
    #[error("there is no such reminder")]
    NoReminder,
    #[error(transparent)]
    NotAdded(AddRefused),
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for WriteError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Something to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An entry was changed by `from`, here or elsewhere.
    Entry { id: EntryId, kind: EntryKind, change: Change, from: DeviceId },
    /// Rules, quiet hours, pause, ledger, or what was shown here: [`Engine::reminders`] are others now.
    RemindersChanged,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Added,
    Edited,
    Deleted,
    Restored,
}

pub struct Engine<S> {
    store: S,
    keys: DeviceKeys,
    wrap: Box<dyn Wrap>,
    /// As it is in the store; or why it can't be read now.
    journal: Result<Journal, StoreError>,
    sessions: BTreeMap<LinkId, Session>,
    undo: Vec<writing::UndoStep>,
}

impl<S: Store> Engine<S> {
    /// Makes a journal in an empty store.
    pub fn create(
        store: S,
        keys: DeviceKeys,
        name: &Label,
        wrap: Box<dyn Wrap>,
        at: &Moment,
        random: &mut dyn Random,
    ) -> Result<Self, OpenError> {
        let (epoch, space) = (EpochKey::random(random), SpaceKey::random(random));
        let (roster, _) =
            Roster::first(&keys, &epoch, &space, wrap.as_ref(), random).map_err(|_| OpenError::WrongKey)?;
        Self::join(store, keys, name, roster, wrap, at, random)
    }

    /// Begins this device's part of the journal whose roster it is on, in an empty store.
    pub fn join(
        mut store: S,
        keys: DeviceKeys,
        name: &Label,
        roster: Roster,
        wrap: Box<dyn Wrap>,
        at: &Moment,
        random: &mut dyn Random,
    ) -> Result<Self, OpenError> {
        let mut staged = Staged::default();
        let journal = Journal::begin(&store, &keys, roster, wrap.as_ref(), &mut staged, random)?;
        store.commit(&staged.into_batch())?;
        let mut engine = Self { store, keys, wrap, journal: Ok(journal), sessions: BTreeMap::new(), undo: Vec::new() };
        engine.turn(at, random, |turn| turn.name_device(name))?;
        Ok(engine)
    }

    /// Opens the journal in the store.
    pub fn open(store: S, keys: DeviceKeys, wrap: Box<dyn Wrap>, random: &mut dyn Random) -> Result<Self, OpenError> {
        let journal = Journal::open(&store, &keys, wrap.as_ref(), random)?;
        Ok(Self { store, keys, wrap, journal: Ok(journal), sessions: BTreeMap::new(), undo: Vec::new() })
    }

    /// Takes in what happened, as one commit, and says what to do. Costs one sync of the disk if anything is to be kept.
    pub fn handle(&mut self, inputs: Vec<Input>, at: &Moment, random: &mut dyn Random) -> Vec<Output> {
        let tickets: Vec<u64> = inputs.iter().filter_map(Input::ticket).collect();
        let new_links: Vec<LinkId> = inputs.iter().filter_map(Input::new_link).collect();
        let done = self.turn(at, random, |turn| inputs.into_iter().try_for_each(|input| turn.take(input)));
        done.unwrap_or_else(|error| self.apologise(tickets, new_links, error))
    }

    /// When [`Input::Tick`] is due.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let journal = self.journal.as_ref().ok()?;
        let pending = journal.editing.values().filter_map(letters::Editing::due_ms).min();
        let pending =
            pending.map(|due| Timestamp::from_millisecond(due).unwrap_or(Timestamp::MAX).max(journal.not_before));
        journal.settle_at.into_iter().chain(pending).min()
    }

    /// Writes what makes the next opening quick. For the end of a run; nothing is lost without it.
    pub fn settle(&mut self, random: &mut dyn Random) -> Result<(), StoreError> {
        let journal = self.journal.as_mut().map_err(|error| *error)?;
        let mut staged = Staged::default();
        journal.settle(&self.store, &self.keys, true, &mut staged, random)?;
        let batch = staged.into_batch();
        let settled = if batch.is_empty() { Ok(()) } else { self.store.commit(&batch) };
        if let Err(error) = settled {
            self.forget(error, random);
        }
        settled
    }

    /// Keeps a note of the shell's about a peer, sealed.
    pub fn set_peer_note(&mut self, device: DeviceId, note: &[u8], random: &mut dyn Random) -> Result<(), StoreError> {
        let mut staged = Staged::default();
        let journal = self.journal.as_mut().map_err(|error| *error)?;
        journal.note_peer(&self.keys, device, note, &mut staged, random);
        let kept = self.store.commit(&staged.into_batch());
        if let Err(error) = kept {
            // No link is closed for this, so that what peers have said of themselves still counts.
            let peers = std::mem::take(&mut journal.peers);
            self.forget(error, random);
            if let Ok(journal) = &mut self.journal {
                for (device, peer) in peers {
                    journal.peers.entry(device).or_default().held = peer.held;
                }
            }
        }
        kept
    }

    fn turn(
        &mut self,
        at: &Moment,
        random: &mut dyn Random,
        body: impl FnOnce(&mut Turn<'_, S>) -> Result<(), StoreError>,
    ) -> Result<Vec<Output>, StoreError> {
        self.recall(random)?;
        let outcome = self.run(at, random, body);
        if let Err(error) = outcome {
            self.forget(error, random);
            // A disk that is full is not asked again at once.
            if let Ok(journal) = &mut self.journal {
                let later = at.instant().checked_add(jiff::SignedDuration::from_mins(1)).unwrap_or(Timestamp::MAX);
                journal.settle_at = journal.settle_at.map(|due| due.max(later));
                journal.not_before = later;
            }
        }
        outcome
    }

    fn run(
        &mut self,
        at: &Moment,
        random: &mut dyn Random,
        body: impl FnOnce(&mut Turn<'_, S>) -> Result<(), StoreError>,
    ) -> Result<Vec<Output>, StoreError> {
        let journal = self.journal.as_mut().map_err(|error| *error)?;
        let mut turn = Turn::new(
            &self.store,
            &self.keys,
            self.wrap.as_ref(),
            journal,
            &mut self.sessions,
            &mut self.undo,
            at,
            random,
        );
        turn.look_again()?;
        body(&mut turn)?;
        let (staged, work) = turn.seal()?;
        let batch = staged.into_batch();
        if !batch.is_empty() {
            self.store.commit(&batch)?;
        }
        journal.documents.committed();
        if work.is_settled {
            journal.unload(&self.keys);
        }
        Ok(exchange::outputs(work, &self.store, journal, &mut self.sessions))
    }

    /// Drops all that is in memory and reads the store again, as far as it can be read.
    fn forget(&mut self, error: StoreError, random: &mut dyn Random) {
        self.journal = Err(error);
        self.undo.clear();
        // Where it can't be read now, the next turn tries again.
        if let Err(error) = self.recall(random) {
            self.journal = Err(error);
        }
    }

    fn recall(&mut self, random: &mut dyn Random) -> Result<(), StoreError> {
        if self.journal.is_err() {
            self.store.reopen()?;
            let journal = Journal::open(&self.store, &self.keys, self.wrap.as_ref(), random);
            self.journal = journal.map_err(|error| match error {
                OpenError::Store(error) => error,
                _ => StoreError::Damaged,
            });
        }
        self.journal.as_ref().map(|_| ()).map_err(|error| *error)
    }

    fn apologise(&mut self, tickets: Vec<u64>, new_links: Vec<LinkId>, error: StoreError) -> Vec<Output> {
        let done = tickets.into_iter().map(|ticket| Output::Done { ticket, result: Err(error.into()) });
        let links: BTreeSet<LinkId> = std::mem::take(&mut self.sessions).into_keys().chain(new_links).collect();
        done.chain(links.into_iter().map(|link| Output::Close { link })).collect()
    }
}

impl Input {
    fn ticket(&self) -> Option<u64> {
        match self {
            Self::Write { ticket, .. } | Self::Invite { ticket, .. } | Self::Import { ticket, .. } => Some(*ticket),
            _ => None,
        }
    }

    fn new_link(&self) -> Option<LinkId> {
        match self {
            Self::LinkUp { link, .. } => Some(*link),
            _ => None,
        }
    }
}

impl<S> std::fmt::Debug for Engine<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Engine({})", self.keys.device())
    }
}

#[cfg(test)]
mod tests;
