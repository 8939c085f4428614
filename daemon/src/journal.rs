//! The journal as the daemon has it: absent, locked, unavailable, being opened or joined, open. Everything that a request needs of
//! it goes through here.
//!
//! What may not live here: what a request means ([`crate::requests`]), how a journal is opened ([`crate::opening`]) or joined
//! ([`crate::join`]).

use std::{sync::Arc, time::Duration};

use ingle_api::{
    API_VERSION, Event, Failure, FailureKind, Places, Snapshot,
    request::Ticket,
    status::{JournalState, KeySlot},
};
use tokio::{
    sync::{Mutex, OwnedMutexGuard, broadcast, mpsc, watch},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use zeroize::Zeroizing;

use crate::{
    engine_loop::Ended,
    engine_task::{EngineHandle, WAITING_EVENTS},
    keychain::Keychain,
    link::{self, Links, Station},
    opening::{self, Opened, Shut},
    reminding::{Reminding, Seat},
    store::Pragmas,
    upgrade::{Callers, Program},
};

/// How long a request waits for a journal that is being opened or joined. A dialog of the keychain can take longer.
const OPENING_LIMIT: Duration = Duration::from_secs(5);

/// Shared by the server's connections.
#[derive(Clone, Debug)]
pub struct Journal(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    places: Places,
    pragmas: Pragmas,
    keychain: Arc<dyn Keychain>,
    events: broadcast::Sender<Event>,
    stage: watch::Sender<Stage>,
    reminding: Reminding,
    /// For the task that reminds, until it takes it.
    seat: std::sync::Mutex<Option<Seat>>,
    /// Held while the journal is opened, joined or closed, so that only one of them happens.
    change: Arc<Mutex<()>>,
    /// Held by whoever has the journal's database: the engine while it is opened and closed, or who adds to the inbox of a locked one.
    disk: Arc<Mutex<()>>,
    /// Joinings that are under way.
    tasks: TaskTracker,
    /// Cancelled when the daemon is to end.
    stop: CancellationToken,
    /// Cancelled when the engine has ended by itself; then `stop` is too.
    fault: CancellationToken,
    /// Cancelled when the journal is closed and the lock given back.
    gone: CancellationToken,
    callers: Callers,
    program: Program,
}

/// How the journal stands.
#[derive(Debug, Clone)]
pub enum Stage {
    Opening,
    Shut(Arc<Shut>),
    Open(Arc<OpenJournal>),
    Joining,
    /// The daemon ends.
    Closed,
}

/// An open journal with its link.
#[derive(Debug)]
pub struct OpenJournal {
    opened: Opened,
    pub links: Links,
    link_tasks: TaskTracker,
    link_stop: CancellationToken,
}

/// The right to change the stage; one at a time has it.
#[derive(Debug)]
pub struct Change(#[expect(dead_code, reason = "held, not used")] OwnedMutexGuard<()>);

impl Journal {
    /// Nothing is opened yet. `stop` is cancelled when a caller asks the daemon to end, or the engine can't go on.
    pub fn new(places: Places, pragmas: Pragmas, keychain: Arc<dyn Keychain>, stop: CancellationToken) -> Self {
        let (events, _) = broadcast::channel(WAITING_EVENTS);
        let stage = watch::Sender::new(Stage::Opening);
        let (reminding, seat) = Reminding::new();
        let seat = std::sync::Mutex::new(Some(seat));
        let (change, disk, tasks) = (Arc::default(), Arc::default(), TaskTracker::new());
        let (fault, gone) = (CancellationToken::new(), CancellationToken::new());
        let (callers, program) = (Callers::default(), Program::of_this_process());
        Self(Arc::new(Inner {
            callers,
            program,
            places,
            pragmas,
            keychain,
            events,
            stage,
            reminding,
            seat,
            change,
            disk,
            tasks,
            stop,
            fault,
            gone,
        }))
    }

    /// Opens the journal if there is one, with the passphrase if it needs one. Does nothing when it is open.
    pub async fn open(&self, passphrase: Option<Zeroizing<String>>) -> Result<(), Failure> {
        let change = self.change().await;
        let before = match self.stage() {
            Stage::Open(_) => return Ok(()),
            Stage::Closed => return Err(closing()),
            Stage::Shut(shut) => Some(shut),
            Stage::Opening | Stage::Joining => None,
        };
        if passphrase.is_none() && before.as_ref().is_some_and(|shut| shut.needs_passphrase()) {
            return Err(opening::locked());
        }
        // One caller's slip of the keyboard, or a keychain that is away for a moment, is not what the next one has to hear.
        let stays_locked = before.is_some_and(|shut| shut.locked_by.is_some() || passphrase.is_some());
        let dir = self.0.places.journal_dir();
        let unlocked = opening::unlock(dir.clone(), passphrase.clone(), self.keychain()).await;
        let disk = self.disk().await;
        let opened = match unlocked {
            Ok(unlocked) => opening::start(dir, unlocked, self.0.pragmas, self.0.events.clone()).await,
            Err(shut) => Err(shut),
        };
        match opened {
            Ok(opened) => {
                let open = Arc::new(self.link(opened));
                self.enter(&change, Stage::Open(open));
                drop(disk);
                crate::join::go_on(self, change, passphrase).await;
                Ok(())
            }
            Err(shut) => {
                tracing::info!(state = ?shut.state, kind = ?shut.why.kind, "the journal is not open");
                let why = shut.why.clone();
                if !stays_locked || why.kind != FailureKind::Locked {
                    self.enter(&change, Stage::Shut(Arc::new(shut)));
                }
                Err(why)
            }
        }
    }

    /// Opens a journal that is shut. A wrong passphrase leaves everything as it was.
    pub async fn unlock(&self, passphrase: Option<Zeroizing<String>>) -> Result<(), Failure> {
        self.settled().await;
        self.open(passphrase).await
    }

    /// Starts the link of an engine, and watches over the engine.
    pub(crate) fn link(&self, opened: Opened) -> OpenJournal {
        let (link_tasks, link_stop) = (TaskTracker::new(), CancellationToken::new());
        let station = Station::new(&opened.link_secret, self.0.places.data_dir());
        let links = link::start(opened.task.handle.clone(), station, link_stop.clone(), &link_tasks);
        let (ended, stop, fault) = (opened.task.ended(), self.0.stop.clone(), self.0.fault.clone());
        link_tasks.spawn(async move {
            if ended.await == Ended::Fault {
                tracing::error!("the engine has ended by a fault; the daemon ends");
                fault.cancel();
                stop.cancel();
            }
        });
        OpenJournal { opened, links, link_tasks, link_stop }
    }

    pub(crate) fn enter(&self, change: &Change, stage: Stage) {
        let state = stage.state();
        if self.enter_unheard(change, stage).state() != state {
            self.announce(Event::Journal { state });
        }
    }

    /// Says what the stage was.
    pub(crate) fn enter_unheard(&self, _change: &Change, stage: Stage) -> Stage {
        self.0.stage.send_replace(stage)
    }

    /// As it is now.
    pub(crate) fn stage(&self) -> Stage {
        self.0.stage.borrow().clone()
    }

    /// Tells every watcher.
    pub(crate) fn announce(&self, event: Event) {
        // Without watchers nobody needs to be told.
        drop(self.0.events.send(event));
    }

    /// The right to change the stage, unless the one who has it takes longer than a caller waits.
    pub(crate) async fn change_soon(&self) -> Result<Change, Failure> {
        timeout(OPENING_LIMIT, self.change()).await.map_err(|_| match self.stage() {
            Stage::Open(_) | Stage::Joining => opening::joining(),
            Stage::Shut(shut) if shut.state == JournalState::Absent => opening::joining(),
            Stage::Shut(_) | Stage::Opening | Stage::Closed => still_opening(),
        })
    }

    /// The right to change the stage, when the one who has it is done.
    pub(crate) async fn change(&self) -> Change {
        Change(Arc::clone(&self.0.change).lock_owned().await)
    }

    /// The right to the database of a journal that is not open.
    pub(crate) async fn disk(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.0.disk).lock_owned().await
    }

    /// The open journal, or why it isn't. Waits a little for one that is being opened.
    pub async fn opened(&self) -> Result<Arc<OpenJournal>, Failure> {
        match self.settled().await {
            Stage::Open(open) => Ok(open),
            Stage::Shut(shut) => Err(shut.why.clone()),
            Stage::Joining => Err(opening::joining()),
            Stage::Opening => Err(still_opening()),
            Stage::Closed => Err(closing()),
        }
    }

    pub async fn engine(&self) -> Result<EngineHandle, Failure> {
        Ok(self.opened().await?.engine().clone())
    }

    pub(crate) async fn settled(&self) -> Stage {
        let mut stage = self.0.stage.subscribe();
        let settled = timeout(OPENING_LIMIT, stage.wait_for(|stage| !matches!(stage, Stage::Opening))).await;
        match settled {
            Ok(Ok(stage)) => stage.clone(),
            // Still opening; or the sender is gone, which `self` holds.
            Ok(Err(_)) | Err(_) => Stage::Opening,
        }
    }

    /// State, locks, and why it is shut if it is.
    pub async fn state(&self) -> (JournalState, Vec<KeySlot>, Option<Failure>) {
        let stage = self.settled().await;
        let (slots, why) = match &stage {
            Stage::Open(open) => (open.opened.key_slots.clone(), None),
            Stage::Shut(shut) if shut.state != JournalState::Absent => (shut.key_slots.clone(), Some(shut.why.clone())),
            Stage::Shut(_) | Stage::Opening | Stage::Joining | Stage::Closed => (Vec::new(), None),
        };
        (stage.state(), slots, why)
    }

    /// What a new caller starts from.
    pub async fn snapshot(&self) -> Snapshot {
        let told = self.0.reminding.told();
        let mut snapshot = Snapshot {
            api: API_VERSION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            journal: self.state().await.0,
            device: String::new(),
            entries: 0,
            due: told.due,
            paused: told.paused,
        };
        if let Ok(engine) = self.engine().await
            && let Ok((device, entries)) = engine.query(|engine| (engine.name(), engine.entries())).await
        {
            snapshot.device = device;
            snapshot.entries = entries;
        }
        snapshot
    }

    pub async fn pair(
        &self,
        readdress: bool,
        told: mpsc::Sender<Event>,
        answers: mpsc::Receiver<bool>,
    ) -> Result<Ticket, Failure> {
        let open = self.opened().await?;
        crate::pairing::pair(open.engine().clone(), open.links.clone(), readdress, told, answers).await
    }

    /// Ends the daemon. Returns when the journal is closed.
    pub async fn end(&self) {
        self.0.stop.cancel();
        self.0.gone.cancelled().await;
    }

    /// Ends the link and the engine, after what was asked is on the disk.
    pub async fn close(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
        let change = self.change().await;
        let disk = self.disk().await;
        let stage = self.0.stage.send_replace(Stage::Closed);
        if let Stage::Open(open) = stage {
            open.close().await;
        }
        drop((disk, change));
    }

    /// Whether the engine has ended by itself.
    pub fn has_fault(&self) -> bool {
        self.0.fault.is_cancelled()
    }

    /// The lock is given back: callers that wait for the end may hear it.
    pub fn is_gone(&self) {
        self.0.gone.cancel();
    }

    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    pub(crate) fn event_sender(&self) -> broadcast::Sender<Event> {
        self.0.events.clone()
    }

    pub(crate) fn callers(&self) -> &Callers {
        &self.0.callers
    }

    pub(crate) fn program(&self) -> &Program {
        &self.0.program
    }

    pub fn places(&self) -> &Places {
        &self.0.places
    }

    pub fn pragmas(&self) -> Pragmas {
        self.0.pragmas
    }

    pub(crate) fn reminding(&self) -> &Reminding {
        &self.0.reminding
    }

    /// For the one task that reminds; none for a second one.
    pub(crate) fn take_seat(&self) -> Option<Seat> {
        self.0.seat.lock().ok()?.take()
    }

    pub(crate) fn stages(&self) -> watch::Receiver<Stage> {
        self.0.stage.subscribe()
    }

    pub(crate) fn keychain(&self) -> Arc<dyn Keychain> {
        Arc::clone(&self.0.keychain)
    }

    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.0.stop
    }
}

impl OpenJournal {
    pub fn engine(&self) -> &EngineHandle {
        &self.opened.task.handle
    }

    pub(crate) fn key_slots(&self) -> &[KeySlot] {
        &self.opened.key_slots
    }

    /// Ends link and engine. What was asked before is on the disk.
    pub(crate) async fn close(&self) {
        self.link_stop.cancel();
        let ended = self.opened.task.close().await;
        tracing::info!(?ended, "the journal is closed");
        self.link_tasks.close();
        self.link_tasks.wait().await;
    }
}

impl Stage {
    fn state(&self) -> JournalState {
        match self {
            Self::Open(_) => JournalState::Open,
            Self::Shut(shut) => shut.state,
            Self::Joining => JournalState::Joining,
            Self::Opening | Self::Closed => JournalState::Unavailable,
        }
    }
}

pub(crate) fn still_opening() -> Failure {
    Failure::new(
        FailureKind::Locked,
        "the keychain hasn't answered yet; your words are untouched, and sealed",
        "answer the window in which it may be asking, and try again",
    )
}

pub(crate) fn closing() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "Ingle is closing its journal",
        "what it had confirmed is safe; try again in a moment",
    )
}
