//! Joining another device's journal, step by step: new keys, pairing, a new log; then, when there was a journal here, catching up
//! and writing its entries anew in the new one, before the new one takes its place.
//!
//! What may not live here: which folder is which after a crash ([`crate::joining`]), pairing itself ([`crate::pairing`]).

use std::sync::Arc;

use ingle_api::{
    Event, Failure, Lock,
    status::{JournalState, KeySlot},
};
use ingle_core::{engine::Engine, keys::DeviceKeys, roster::Roster, wrap::Age};
use ingle_model::{DeviceId, Label};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::{
    cli::device_name,
    clock::Clock,
    engine_loop::EngineTask,
    failures, home,
    home::Unfinished,
    joining,
    journal::{Change, Journal, OpenJournal, Stage, closing},
    link::{Station, Ticket},
    opening::{self, Opened, Unlocked},
    pairing, platform,
    random::OsRandom,
    store::SqliteStore,
};

/// Entries that are written anew in one step.
const IMPORT_AT_ONCE: usize = 64;

/// Uses another device's ticket. What is wrong with the ticket, the name or the lock is said at once; the rest goes on by itself
/// and is told to `told`.
pub async fn join(
    journal: &Journal,
    ticket: &str,
    name: Option<&str>,
    lock: Lock,
    told: mpsc::Sender<Event>,
    answers: mpsc::Receiver<bool>,
) -> Result<(), Failure> {
    let old = standing(journal).await?;
    let own = old.as_ref().map(|open| *open.engine().own().link());
    let ticket = pairing::read(ticket, own.as_ref())?;
    if let Some(open) = &old
        && let Some(device) = pairing::known_maker(open.engine(), &ticket).await?
    {
        readdress(journal, Arc::clone(open), device, ticket, told);
        return Ok(());
    }
    let name = match (name, &old) {
        (Some(name), _) => device_name(name)?,
        (None, Some(open)) => device_name(&open.engine().name().await?)?,
        (None, None) => platform::computer_name(),
    };
    let change = journal.change_soon().await?;
    // Whoever had it may have made a journal here, locked it, or joined another one.
    if standing(journal).await?.as_ref().map(Arc::as_ptr) != old.as_ref().map(Arc::as_ptr) {
        return Err(opening::joining());
    }
    let (dir, keychain) = (journal.places().joining_dir(), journal.keychain());
    let key_slot = match &lock {
        Lock::Keychain => KeySlot::Keychain,
        Lock::Passphrase(_) => KeySlot::Passphrase,
        Lock::KeyFile => KeySlot::KeyFile,
    };
    let made = tokio::task::spawn_blocking(move || {
        let keys = DeviceKeys::generate(&mut OsRandom, &Age);
        home::lock_away(&keys, dir, &lock, keychain).map(|unfinished| (keys, unfinished))
    });
    let (keys, unfinished) = made.await.map_err(|_| closing())??;
    let joiner = Joiner { journal: journal.clone(), change, old, keys, key_slot, name };
    journal.tasks().spawn(joiner.run(ticket, unfinished, told, answers));
    Ok(())
}

/// The journal that is here; none where there is none yet.
async fn standing(journal: &Journal) -> Result<Option<Arc<OpenJournal>>, Failure> {
    match journal.settled().await {
        Stage::Open(open) => Ok(Some(open)),
        Stage::Shut(shut) if shut.state == JournalState::Absent => Ok(None),
        _ => Err(journal.opened().await.err().unwrap_or_else(opening::joining)),
    }
}

/// Goes on with a joining that an end of the daemon has cut short. Without its lock's key it waits for the next time.
pub async fn go_on(journal: &Journal, change: Change, passphrase: Option<Zeroizing<String>>) {
    if !joining::is_under_way(journal.places()) {
        return;
    }
    let Stage::Open(old) = journal.settled().await else { return };
    let unlocked = opening::unlock(journal.places().joining_dir(), passphrase, journal.keychain()).await;
    let Ok(Unlocked { keys, key_slots }) = unlocked else {
        tracing::warn!("a joining waits for its own passphrase or keychain");
        return;
    };
    let Some(key_slot) = key_slots.first().copied() else { return };
    let Ok(name) = old.engine().name().await.map_err(Failure::from).and_then(|name| device_name(&name)) else { return };
    let joiner = Joiner { journal: journal.clone(), change, old: Some(old), keys, key_slot, name };
    journal.tasks().spawn(async move {
        if let Err(why) = joiner.go_on().await {
            tracing::warn!(kind = ?why.kind, "a joining could not be gone on with");
        }
    });
}

struct Joiner {
    journal: Journal,
    change: Change,
    old: Option<Arc<OpenJournal>>,
    keys: DeviceKeys,
    key_slot: KeySlot,
    name: Label,
}

impl Joiner {
    async fn run(
        self,
        ticket: Ticket,
        unfinished: Unfinished,
        told: mpsc::Sender<Event>,
        answers: mpsc::Receiver<bool>,
    ) {
        let stop = self.journal.stop().clone();
        let mut adopted: Option<EngineTask> = None;
        let station = Station::new(self.keys.link_secret(), self.journal.places().data_dir());
        let paired = {
            let (adopted, joiner) = (&mut adopted, &self);
            let adopt = async move |roster| {
                *adopted = Some(joiner.adopt(roster).await?);
                Ok(())
            };
            let pairing = pairing::join(&ticket, &self.keys, &self.name, &station, told.clone(), answers, adopt);
            stop.run_until_cancelled(pairing).await.unwrap_or_else(|| Err(closing()))
        };
        let last = match (paired, adopted) {
            (Err(why), None) => {
                drop(unfinished);
                Event::pairing_ended(why)
            }
            // Once this device is on the roster it stays, even when the other one's last word was lost.
            (paired, Some(task)) => {
                unfinished.finish();
                let other = paired.map(|joined| joined.name).unwrap_or_default();
                match self.settle_in(task, &ticket).await {
                    Ok(()) => Event::Paired { paired: other },
                    Err(why) => Event::pairing_ended(why),
                }
            }
            (Ok(_), None) => Event::pairing_ended(failures::fault()),
        };
        // The caller may have gone; status tells the same.
        drop(told.send(last).await);
    }
}

impl Joiner {
    /// The new journal, in its folder beside the old one, with the roster that names this device. When this returns the other
    /// device may be told.
    async fn adopt(&self, roster: Roster) -> Result<EngineTask, Failure> {
        let (places, pragmas) = (self.journal.places().clone(), self.journal.pragmas());
        let (keys, name) = (copy(&self.keys)?, self.name.clone());
        let open = move |clock: &mut Clock| {
            let store = SqliteStore::create(&places.joining_dir(), pragmas)?;
            let tidier = store.tidier();
            let engine = Engine::join(store, keys, &name, roster, Box::new(Age), &clock.now(), &mut OsRandom);
            let engine = engine.map_err(failures::engine)?;
            joining::mark_adopted(&places).map_err(|error| failures::folder(&places.joining_dir(), &error))?;
            Ok((engine, tidier))
        };
        EngineTask::start(open, self.journal.event_sender()).await
    }

    /// Makes the adopted journal the one of this home.
    async fn settle_in(self, task: EngineTask, ticket: &Ticket) -> Result<(), Failure> {
        let engine = task.handle.clone();
        let maker = engine.members().await?.into_iter().find(|member| member.link() == ticket.maker.as_bytes());
        if let Some(maker) = maker {
            engine.learn_addresses(maker.device(), ticket.addresses.clone()).await;
        }
        if self.old.is_some() {
            let opened =
                Opened { task, link_secret: Zeroizing::new(*self.keys.link_secret()), key_slots: vec![self.key_slot] };
            let new = self.journal.link(opened);
            self.merge(new).await
        } else {
            task.close().await;
            self.take_place().await
        }
    }

    /// Opens the half-joined journal again and goes on.
    async fn go_on(self) -> Result<(), Failure> {
        let unlocked = Unlocked { keys: copy(&self.keys)?, key_slots: vec![self.key_slot] };
        let (dir, pragmas) = (self.journal.places().joining_dir(), self.journal.pragmas());
        let opened =
            opening::start(dir, unlocked, pragmas, self.journal.event_sender()).await.map_err(|shut| shut.why)?;
        let new = self.journal.link(opened);
        self.merge(new).await
    }

    /// Catches up, writes the old journal's entries anew, and lets the new journal take its place. Until then the old one serves.
    async fn merge(self, new: OpenJournal) -> Result<(), Failure> {
        let Some(old) = self.old.clone() else { return Err(closing()) };
        let stop = self.journal.stop().clone();
        let merged = stop.run_until_cancelled(self.bring_over(&old, &new)).await.unwrap_or_else(|| Err(closing()));
        new.close().await;
        if let Err(why) = merged {
            // What is in the new journal stays there, and is gone on with at the next start.
            self.journal.enter(&self.change, Stage::Open(old));
            return Err(why);
        }
        old.close().await;
        let places = self.journal.places();
        joining::mark_merged(places).map_err(|error| failures::folder(&places.joining_dir(), &error))?;
        self.take_place().await
    }

    async fn bring_over(&self, old: &OpenJournal, new: &OpenJournal) -> Result<(), Failure> {
        new.engine().caught_up().await?;
        // From here on nothing is added to the old journal.
        self.journal.enter(&self.change, Stage::Joining);
        for entries in old.engine().export().await?.chunks(IMPORT_AT_ONCE) {
            new.engine().import(entries.to_vec()).await?;
        }
        Ok(())
    }

    /// The folder in `journal.joining` becomes the journal, and is opened.
    async fn take_place(self) -> Result<(), Failure> {
        let places = self.journal.places();
        joining::settle(places).map_err(|error| failures::folder(places.data_dir(), &error))?;
        let unlocked = Unlocked { keys: self.keys, key_slots: vec![self.key_slot] };
        let opened =
            opening::start(places.journal_dir(), unlocked, self.journal.pragmas(), self.journal.event_sender()).await;
        match opened {
            Ok(opened) => {
                let open = Arc::new(self.journal.link(opened));
                self.journal.enter(&self.change, Stage::Open(open));
                Ok(())
            }
            Err(shut) => {
                let why = shut.why.clone();
                self.journal.enter(&self.change, Stage::Shut(Arc::new(shut)));
                Err(why)
            }
        }
    }
}

/// A device that is paired already and gave a fresh address.
fn readdress(journal: &Journal, open: Arc<OpenJournal>, device: DeviceId, ticket: Ticket, told: mpsc::Sender<Event>) {
    let stop = journal.stop().clone();
    let work = async move {
        let last = match pairing::readdress(open.engine(), &open.links, device, &ticket).await {
            Ok(()) => Event::Paired { paired: open.engine().name_of(device).await },
            Err(why) => Event::pairing_ended(why),
        };
        // The caller may have gone.
        drop(told.send(last).await);
    };
    journal.tasks().spawn(async move { stop.run_until_cancelled(work).await });
}

fn copy(keys: &DeviceKeys) -> Result<DeviceKeys, Failure> {
    DeviceKeys::from_bytes(&keys.to_bytes()).map_err(|_| closing())
}

#[cfg(test)]
mod tests;
