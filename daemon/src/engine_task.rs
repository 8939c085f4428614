//! The way to the engine: what the server, the link and pairing ask of it, from any task.
//!
//! One thread owns the engine ([`crate::engine_loop`]); everything else holds an [`EngineHandle`]. Requests queue in one bounded
//! channel, so whoever asks too fast waits. What may not live here: decisions about entries, keys or sync.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use ingle_api::{Event, Failure};
use ingle_core::{
    engine::{Done, Exported, LinkId, Write},
    roster::Member,
};
use ingle_model::DeviceId;
use tokio::{
    sync::{Semaphore, broadcast, mpsc, oneshot, watch},
    time::timeout,
};

use crate::{
    engine_loop::{Command, JournalEngine},
    failures,
};

/// Bytes of received frames that may wait for the engine at once, over all links.
pub const WAITING_FRAME_BYTES: usize = 8 << 20;
/// Requests that may wait for the engine at once.
pub(crate) const WAITING_COMMANDS: usize = 256;
/// Events that a watcher may be behind before it misses some.
pub(crate) const WAITING_EVENTS: usize = 1024;

/// While catching up.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The engine has ended: the daemon is stopping, or the journal was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the journal is closed")]
pub struct Gone;

/// One link as the engine sees it. When `outgoing` ends, the engine has closed the link; hang up.
#[derive(Debug)]
pub struct Link {
    pub id: LinkId,
    pub outgoing: mpsc::Receiver<Vec<u8>>,
}

#[derive(Clone)]
pub struct EngineHandle {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) frames: Arc<Semaphore>,
    pub(crate) events: broadcast::Sender<Event>,
    pub(crate) roster: watch::Receiver<u64>,
    pub(crate) reminders: watch::Receiver<u64>,
    pub(crate) own: Member,
}

impl std::fmt::Debug for EngineHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EngineHandle")
    }
}

impl EngineHandle {
    /// This device as the roster names it.
    pub fn own(&self) -> &Member {
        &self.own
    }

    /// This device's name, as the household knows it.
    pub async fn name(&self) -> Result<String, Gone> {
        self.query(|engine| engine.name()).await
    }

    /// A connection with that device stands and is authenticated. Whatever link it had before is closed first.
    pub async fn link_up(&self, device: DeviceId) -> Result<Link, Gone> {
        self.ask(|reply| Command::LinkUp { device, reply }).await
    }

    /// The connection has ended. Asking twice, or for a link that the engine has closed, does nothing.
    pub async fn link_down(&self, link: LinkId) {
        self.tell(Command::LinkDown { link }).await;
    }

    /// A whole frame came in. Waits while more than [`WAITING_FRAME_BYTES`] are not yet handled.
    pub async fn frame(&self, link: LinkId, frame: Vec<u8>) -> Result<(), Gone> {
        let bytes = frame.len().min(WAITING_FRAME_BYTES);
        let bytes = u32::try_from(bytes).map_err(|_| Gone)?;
        let room = Arc::clone(&self.frames).acquire_many_owned(bytes).await.map_err(|_| Gone)?;
        self.commands.send(Command::Frame { link, frame, room }).await.map_err(|_| Gone)
    }

    /// One frame from [`Link::outgoing`] is on the wire.
    pub async fn sent(&self, link: LinkId) {
        self.tell(Command::Sent { link }).await;
    }

    /// Every active device, this one among them.
    pub async fn members(&self) -> Result<Vec<Member>, Gone> {
        self.query(|engine| engine.members()).await
    }

    /// Puts a new device on the roster, durably, and returns the chain of records that it checks.
    pub async fn invite(&self, member: Member) -> Result<Vec<Vec<u8>>, Failure> {
        match self.ask(|reply| Command::Invite { member, reply }).await {
            Ok(result) => result,
            Err(gone) => Err(gone.into()),
        }
    }

    /// Where the other devices were met last.
    pub async fn peer_addresses(&self) -> Result<Vec<(DeviceId, Vec<SocketAddr>)>, Gone> {
        self.query(|engine| crate::peer_notes::addresses(engine)).await
    }

    /// Keeps, sealed, where that device was met. Nothing is written when that is known already.
    pub async fn learn_addresses(&self, device: DeviceId, addresses: Vec<SocketAddr>) {
        self.tell(Command::LearnAddresses { device, addresses }).await;
    }

    /// Changes its number whenever the roster does.
    pub fn roster_changes(&self) -> watch::Receiver<u64> {
        self.roster.clone()
    }

    /// Changes its number whenever the engine's reminders do.
    pub fn reminder_changes(&self) -> watch::Receiver<u64> {
        self.reminders.clone()
    }

    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Answers when the write is on the disk.
    pub async fn write(&self, write: Write) -> Result<Done, Failure> {
        match self.ask(|reply| Command::Write { write, reply }).await {
            Ok(result) => result,
            Err(gone) => Err(gone.into()),
        }
    }

    /// Another device's name; empty while the household does not know it.
    pub async fn name_of(&self, device: DeviceId) -> String {
        self.query(move |engine| engine.name_of(device)).await.ok().flatten().unwrap_or_default()
    }

    /// Every entry of this journal, to be written anew in another.
    pub(crate) async fn export(&self) -> Result<Vec<Exported>, Failure> {
        self.query(|engine| engine.export()).await?.map_err(failures::reading)
    }

    /// Writes entries of another journal anew, under the same ids, durably. What is there already stays as it is.
    pub(crate) async fn import(&self, entries: Vec<Exported>) -> Result<(), Failure> {
        self.ask(|reply| Command::Import { entries, reply }).await?
    }

    /// Returns when everything that some other device holds is here.
    pub(crate) async fn caught_up(&self) -> Result<(), Gone> {
        let mut events = self.events();
        while !self.query(|engine| engine.is_caught_up()).await? {
            // An event says that something arrived; what brings none is seen at the next look.
            drop(timeout(LOOK_AGAIN, events.recv()).await);
        }
        Ok(())
    }

    /// Runs on the engine's thread between two batches.
    pub(crate) async fn query<T, F>(&self, question: F) -> Result<T, Gone>
    where
        T: Send + 'static,
        F: FnOnce(&mut JournalEngine) -> T + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let ask = move |engine: &mut JournalEngine| {
            // Whoever asked may have gone; then nobody misses the answer.
            drop(reply.send(question(engine)));
        };
        self.commands.send(Command::Query(Box::new(ask))).await.map_err(|_| Gone)?;
        answer.await.map_err(|_| Gone)
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, Gone> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| Gone)?;
        answer.await.map_err(|_| Gone)
    }

    /// For news that nobody waits for: when the engine has ended it doesn't matter any more.
    async fn tell(&self, command: Command) {
        drop(self.commands.send(command).await);
    }
}

impl From<Gone> for Failure {
    fn from(_: Gone) -> Self {
        Self::new(
            ingle_api::FailureKind::Unavailable,
            "Ingle is closing its journal; that was not saved",
            "what it had confirmed is safe; try again in a moment",
        )
    }
}
