//! The conversation with other devices: frames in, and what to tell whom when a turn is durable.

use std::collections::BTreeMap;

use ingle_model::DeviceId;

use super::{
    LinkId, Output,
    journal::{Journal, Peer},
    turn::{Turn, Work},
};
use crate::{
    bundle::BundleKey,
    log::{self, Tips},
    roster::{Inserted, RecordRefused},
    seal::Hash,
    session::{Frame, Session, VERSION, Vector, read},
    staged::Staged,
    store::{Store, StoreError},
};

/// Records of the roster in one frame: 64 KiB each at most.
const RECORDS_IN_FRAME: usize = 16;

impl<S: Store> Turn<'_, S> {
    pub fn link_up(&mut self, link: LinkId, device: DeviceId) {
        if self.journal.roster.member(&device).is_some() && device != self.keys.device() {
            self.sessions.insert(link, Session::new(device, self.journal.roster.heads()));
        } else {
            self.work.closing.insert(link);
        }
    }

    pub fn close(&mut self, link: LinkId) {
        self.sessions.remove(&link);
        self.work.closing.insert(link);
    }

    pub fn frame(&mut self, link: LinkId, bytes: &[u8]) -> Result<(), StoreError> {
        // What comes in on a link that was closed is passed over.
        let Some(session) = self.sessions.get(&link) else { return Ok(()) };
        match (read(bytes), session.is_greeted()) {
            (Ok(None), _) => {}
            (Ok(Some(Frame::Hello { version: VERSION, roster_heads })), false) => self.hello(link, &roster_heads),
            (Ok(Some(frame)), true) => return self.said(link, frame),
            _ => self.close(link),
        }
        Ok(())
    }

    fn hello(&mut self, link: LinkId, roster_heads: &[Hash]) {
        let records = self.journal.roster.records_missing_from(roster_heads);
        let Some(session) = self.sessions.get_mut(&link) else { return };
        session.greet();
        say_records(session, &records);
        self.work.greeted.insert(link);
    }

    fn said(&mut self, link: LinkId, frame: Frame) -> Result<(), StoreError> {
        match frame {
            Frame::Hello { .. } => self.close(link),
            Frame::Roster(records) => return self.records(link, records),
            Frame::Vector { tips, below } => {
                let tips: Tips = tips.into_iter().collect();
                self.meet(link, tips.clone());
                if let Some(session) = self.sessions.get_mut(&link) {
                    session.wanted = Some(tips.clone());
                    session.asked = Some(Vector { tips, below });
                }
            }
            Frame::Bundles(bundles) => {
                if let Some(session) = self.sessions.get_mut(&link) {
                    session.owes_held = true;
                }
                return self.receive(link, bundles);
            }
            Frame::Held(tips) => self.meet(link, tips.into_iter().collect()),
        }
        Ok(())
    }

    /// What the peer holds, said by itself.
    fn meet(&mut self, link: LinkId, tips: Tips) {
        let Some(session) = self.sessions.get(&link) else { return };
        let peer = self.journal.peers.entry(session.device).or_default();
        peer.held = Some(tips);
        peer.last_exchange = Some(self.at.instant());
        peer.is_unsaved = true;
    }

    /// Who sends a bundle holds it. One that is known here may lie below what the peer is known to hold.
    pub fn note_holder(&mut self, link: LinkId, bundle: BundleKey, previous: Option<BundleKey>, is_new: bool) {
        let Some(session) = self.sessions.get(&link) else { return };
        let held = self.journal.peers.get_mut(&session.device).and_then(|peer| peer.held.as_mut());
        if let Some(held) = held {
            let follows = previous.is_none_or(|previous| held.remove(&previous));
            if follows || is_new {
                held.insert(bundle);
            }
        }
    }

    fn records(&mut self, link: LinkId, records: Vec<Vec<u8>>) -> Result<(), StoreError> {
        let mut new = Vec::new();
        for record in records {
            match self.journal.roster.insert(&record) {
                Ok(Inserted::New) => new.push(record),
                // A newer version's record keeps its followers out; the rest goes on.
                Ok(Inserted::Known) | Err(RecordRefused::Newer | RecordRefused::Missing(_)) => {}
                Err(_) => self.close(link),
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        self.keep_records(new);
        // The keys that were known stay known, so that an error can only be of the new record's.
        if let Ok(secrets) = self.journal.roster.secrets(self.keys, self.wrap) {
            self.journal.secrets = secrets;
        }
        self.journal.logs.wake_for_epochs().into_iter().try_for_each(|bundle| self.apply(bundle))
    }
}

fn say_records(session: &mut Session, records: &[Vec<u8>]) {
    records.chunks(RECORDS_IN_FRAME).for_each(|chunk| session.say(&Frame::Roster(chunk.to_vec())));
}

/// What to do outside, now that the turn is durable. An error of the store closes the links that it concerns.
pub(super) fn outputs(
    work: Work,
    store: &impl Store,
    journal: &mut Journal,
    sessions: &mut BTreeMap<LinkId, Session>,
) -> Vec<Output> {
    let mut outputs: Vec<Output> =
        work.done.into_iter().map(|(ticket, result)| Output::Done { ticket, result }).collect();
    if !work.records.is_empty() {
        outputs.push(Output::RosterChanged);
    }
    let mut closing = work.closing;
    for (link, session) in sessions.iter_mut() {
        // Those who have just said hello were told with the answer.
        if session.is_greeted() && !work.greeted.contains(link) {
            say_records(session, &work.records);
        }
        for (bundle, from) in &work.bundles {
            if *from != Some(*link) {
                session.push(*bundle);
            }
        }
        let sent = speak(session, work.greeted.contains(link), store, journal);
        match sent {
            Ok(frames) => outputs.extend(frames.into_iter().map(|frame| Output::Send { link: *link, frame })),
            Err(_) => drop(closing.insert(*link)),
        }
    }
    sessions.retain(|link, _| !closing.contains(link));
    outputs.extend(work.events.into_iter().map(Output::Event));
    outputs.extend(closing.into_iter().map(|link| Output::Close { link }));
    outputs
}

fn speak(
    session: &mut Session,
    is_greeted_now: bool,
    store: &impl Store,
    journal: &Journal,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let tips = || journal.logs.held().iter().copied().collect();
    if is_greeted_now {
        session.say(&Frame::Vector { tips: tips(), below: journal.logs.ladder(store)? });
    }
    if let Some(Vector { mut tips, below }) = session.asked.take() {
        tips.extend(below);
        session.answer(journal.logs.missing_from(&tips, store)?);
    }
    if std::mem::take(&mut session.owes_held) {
        session.say(&Frame::Held(tips()));
    }
    let nothing = Staged::default();
    let mut frames = Vec::new();
    let bytes = |key: &_| Ok(log::bundle(store, &nothing, key)?.map(|bundle| bundle.bytes().to_vec()));
    while let Some(frame) = session.next(bytes)? {
        frames.push(frame);
    }
    Ok(frames)
}

/// Whether the peer holds exactly what is held here.
pub(super) fn is_up_to_date(peer: &Peer, journal: &Journal) -> bool {
    peer.held.as_ref() == Some(journal.logs.held())
}
