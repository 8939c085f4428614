//! The thread that owns the engine. It takes what is queued, hands it over as one batch, so that saves that come together share
//! one commit, and passes on what the engine answers.
//!
//! **Invariant:** a panic in here ends the thread; no half state is served, and what was confirmed is on the disk.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use ingle_api::{Event, Failure, status::LinkState};
use ingle_core::{
    engine::{self, Done, Engine, Exported, Input, LinkId, Output, Write, WriteError},
    roster::Member,
};
use ingle_model::DeviceId;
use jiff::Timestamp;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc, oneshot, watch},
    time::timeout,
};

use crate::{
    clock::Clock,
    engine_task::{EngineHandle, Link, WAITING_COMMANDS, WAITING_FRAME_BYTES},
    failures, peer_notes, questions,
    random::OsRandom,
    store::{SqliteStore, Tidier},
};

pub type JournalEngine = Engine<SqliteStore>;

/// The most commands that are taken from the queue at once.
const MAX_BATCH: usize = 128;
/// The most bytes of frames that go to the engine at once, but for a single longer frame: what a device that catches up sends is
/// taken in small turns, and no save and no question waits longer than one of them.
const MAX_FRAME_BYTES: usize = 64 * 1024;
/// As many frames as the engine may send ahead of [`Input::Sent`].
const WAITING_OUTGOING: usize = 64;
/// The write-ahead log is tidied at the first pause of this length after it has grown past [`TIDY_PAGES`].
const PAUSE: Duration = Duration::from_secs(2);
/// 1 MiB.
const TIDY_PAGES: u32 = 256;
/// 16 MiB: tidied between two batches without waiting for a pause.
const FULL_PAGES: u32 = 4096;

type Reply<T> = oneshot::Sender<T>;
/// The records of the roster that lead to the newest one.
type Chain = Vec<Vec<u8>>;

pub(crate) enum Command {
    LinkUp {
        device: DeviceId,
        reply: Reply<Link>,
    },
    LinkDown {
        link: LinkId,
    },
    Frame {
        link: LinkId,
        frame: Vec<u8>,
        room: OwnedSemaphorePermit,
    },
    Sent {
        link: LinkId,
    },
    Write {
        write: Write,
        reply: Reply<Result<Done, Failure>>,
    },
    Invite {
        member: Member,
        reply: Reply<Result<Chain, Failure>>,
    },
    Import {
        entries: Vec<Exported>,
        reply: Reply<Result<(), Failure>>,
    },
    LearnAddresses {
        device: DeviceId,
        addresses: Vec<SocketAddr>,
    },
    Query(Box<dyn FnOnce(&mut JournalEngine) + Send>),
    /// What was sent before is still done; then the journal is closed.
    End,
}

impl Command {
    fn is_of_a_link(&self) -> bool {
        matches!(self, Self::LinkUp { .. } | Self::LinkDown { .. } | Self::Frame { .. } | Self::Sent { .. })
    }
}

/// How the thread ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to.
    Closed,
    /// A fault in Ingle.
    Fault,
}

/// The running engine, for the one who ends it.
#[derive(Debug)]
pub struct EngineTask {
    pub handle: EngineHandle,
    ended: watch::Receiver<Option<Ended>>,
}

impl EngineTask {
    /// Opens the engine with `open` on a thread of its own and runs it there. Events go to `events`.
    pub async fn start<F>(open: F, events: broadcast::Sender<Event>) -> Result<Self, Failure>
    where
        F: FnOnce(&mut Clock) -> Result<(JournalEngine, Tidier), Failure> + Send + 'static,
    {
        let (commands, waiting) = mpsc::channel(WAITING_COMMANDS);
        let (opened, answer) = oneshot::channel();
        let (roster_sender, roster) = watch::channel(0);
        let (reminders_sender, reminders) = watch::channel(0);
        let (ended_sender, ended) = watch::channel(None);
        let runtime = Handle::current();
        let loop_events = events.clone();
        let run = move || {
            let body = AssertUnwindSafe(|| {
                let mut clock = match Clock::start() {
                    Ok(clock) => clock,
                    Err(failure) => return drop(opened.send(Err(failure))),
                };
                match open(&mut clock) {
                    Err(failure) => drop(opened.send(Err(failure))),
                    Ok((engine, tidier)) => {
                        drop(opened.send(Ok(engine.own())));
                        EngineLoop::new(engine, tidier, clock, loop_events, roster_sender, reminders_sender)
                            .run(&runtime, waiting);
                    }
                }
            });
            let how = if catch_unwind(body).is_ok() { Ended::Closed } else { Ended::Fault };
            // The daemon that would hear it may be gone.
            ended_sender.send_replace(Some(how));
        };
        thread::Builder::new().name("engine".into()).spawn(run).map_err(|_| failures::fault())?;
        let own = answer.await.map_err(|_| failures::fault())??;
        let frames = Arc::new(Semaphore::new(WAITING_FRAME_BYTES));
        Ok(Self { handle: EngineHandle { commands, frames, events, roster, reminders, own }, ended })
    }

    /// Resolves when the thread has ended, whatever the reason.
    pub fn ended(&self) -> impl Future<Output = Ended> + Send + use<> {
        let mut ended = self.ended.clone();
        async move {
            match ended.wait_for(Option::is_some).await {
                Ok(how) => how.unwrap_or(Ended::Fault),
                Err(_) => Ended::Fault,
            }
        }
    }

    /// Lets the engine finish what was asked, closes the journal, and waits for it.
    pub async fn close(&self) -> Ended {
        // When it has ended by itself it can't be told, nor need it be.
        drop(self.handle.commands.send(Command::End).await);
        self.ended().await
    }
}

/// The way to a link's task.
struct Outgoing {
    device: DeviceId,
    frames: mpsc::Sender<Vec<u8>>,
}

struct EngineLoop {
    engine: JournalEngine,
    tidier: Tidier,
    clock: Clock,
    events: broadcast::Sender<Event>,
    roster: watch::Sender<u64>,
    reminders: watch::Sender<u64>,
    links: HashMap<LinkId, Outgoing>,
    next_link: u64,
    next_ticket: u64,
    writes: HashMap<u64, Reply<Result<Done, Failure>>>,
    invites: HashMap<u64, Reply<Result<Chain, Failure>>>,
    imports: HashMap<u64, Reply<Result<(), Failure>>>,
    last_write: Option<Instant>,
    /// What came in on links and waits for its turn, in order.
    backlog: VecDeque<Command>,
    /// Room for frames, given back when the batch that holds them is done.
    rooms: Vec<OwnedSemaphorePermit>,
}

impl EngineLoop {
    fn new(
        engine: JournalEngine,
        tidier: Tidier,
        clock: Clock,
        events: broadcast::Sender<Event>,
        roster: watch::Sender<u64>,
        reminders: watch::Sender<u64>,
    ) -> Self {
        Self {
            engine,
            tidier,
            clock,
            events,
            roster,
            reminders,
            links: HashMap::new(),
            next_link: 1,
            next_ticket: 1,
            writes: HashMap::new(),
            invites: HashMap::new(),
            imports: HashMap::new(),
            last_write: None,
            backlog: VecDeque::new(),
            rooms: Vec::new(),
        }
    }

    /// Until the end was asked for, or nobody is left who could ask for anything.
    fn run(mut self, runtime: &Handle, mut waiting: mpsc::Receiver<Command>) {
        let mut commands = Vec::with_capacity(MAX_BATCH);
        loop {
            let pause = if self.backlog.is_empty() { self.pause() } else { Some(Duration::ZERO) };
            let received = runtime.block_on(async {
                let receive = waiting.recv_many(&mut commands, MAX_BATCH);
                match pause {
                    Some(pause) => timeout(pause, receive).await.ok(),
                    None => Some(receive.await),
                }
            });
            if received == Some(0) {
                break;
            }
            let is_end = self.take(&mut commands);
            if is_end {
                waiting.close();
            }
            self.tidy(received.is_none() && self.backlog.is_empty());
        }
        self.links.clear();
        let outputs = self.engine.handle(vec![Input::Closing], &self.clock.now(), &mut OsRandom);
        self.pass_on(outputs);
        if let Err(error) = self.engine.settle(&mut OsRandom) {
            tracing::warn!(%error, "the journal was closed without its digests; the next opening takes longer");
        }
    }

    /// How long nothing needs to happen by itself.
    fn pause(&self) -> Option<Duration> {
        let deadline = self.engine.next_deadline().map(|at| {
            let left = at.duration_since(Timestamp::now());
            Duration::try_from(left).unwrap_or(Duration::ZERO)
        });
        let tidy = self
            .last_write
            .filter(|_| self.tidier.waiting_pages() >= TIDY_PAGES)
            .map(|last| PAUSE.saturating_sub(last.elapsed()));
        deadline.into_iter().chain(tidy).min()
    }

    /// Does what was asked. True when the end was asked for.
    fn take(&mut self, commands: &mut Vec<Command>) -> bool {
        let mut is_end = false;
        let mut inputs = Vec::with_capacity(commands.len() + 1);
        let mut queries = Vec::new();
        // What comes from links keeps its order, and lets the person's own go first.
        let (linked, mut turn): (Vec<_>, Vec<_>) = commands.drain(..).partition(Command::is_of_a_link);
        self.backlog.extend(linked);
        let mut frame_bytes = 0;
        while frame_bytes < MAX_FRAME_BYTES
            && let Some(command) = self.backlog.pop_front()
        {
            if let Command::Frame { frame, .. } = &command {
                frame_bytes += frame.len();
            }
            turn.push(command);
        }
        for command in turn {
            match command {
                Command::LinkUp { device, reply } => {
                    let link = LinkId(self.next_link);
                    self.next_link += 1;
                    let (sender, outgoing) = mpsc::channel(WAITING_OUTGOING);
                    // When the caller has gone already it can't take the link down: then there is none.
                    if reply.send(Link { id: link, outgoing }).is_ok() {
                        self.links.insert(link, Outgoing { device, frames: sender });
                        inputs.push(Input::LinkUp { link, device });
                        self.announce(questions::link(&self.engine, device, LinkState::Up));
                    }
                }
                Command::LinkDown { link } => {
                    self.hang_up(link);
                    inputs.push(Input::LinkDown { link });
                }
                Command::Frame { link, frame, room } => {
                    self.rooms.push(room);
                    inputs.push(Input::Frame { link, frame });
                }
                Command::Sent { link } => inputs.push(Input::Sent { link }),
                Command::Write { write, reply } => {
                    let ticket = self.ticket();
                    self.writes.insert(ticket, reply);
                    inputs.push(Input::Write { ticket, write });
                }
                Command::Invite { member, reply } => {
                    let ticket = self.ticket();
                    self.invites.insert(ticket, reply);
                    inputs.push(Input::Invite { ticket, member });
                }
                Command::Import { entries, reply } => {
                    let ticket = self.ticket();
                    self.imports.insert(ticket, reply);
                    inputs.push(Input::Import { ticket, entries });
                }
                Command::LearnAddresses { device, addresses } => peer_notes::learn(&mut self.engine, device, addresses),
                Command::Query(ask) => queries.push(ask),
                Command::End => is_end = true,
            }
        }
        if self.engine.next_deadline().is_some_and(|at| at <= Timestamp::now()) {
            inputs.push(Input::Tick);
        }
        if !inputs.is_empty() {
            let waiting = self.tidier.waiting_pages();
            let outputs = self.engine.handle(inputs, &self.clock.now(), &mut OsRandom);
            if self.tidier.waiting_pages() != waiting {
                self.last_write = Some(Instant::now());
            }
            self.pass_on(outputs);
        }
        self.rooms.clear();
        for ask in queries {
            ask(&mut self.engine);
        }
        is_end
    }

    fn ticket(&mut self) -> u64 {
        self.next_ticket += 1;
        self.next_ticket
    }
}

impl EngineLoop {
    fn pass_on(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Done { ticket, result } => self.reply(ticket, result),
                Output::Send { link, frame } => self.send(link, frame),
                Output::Close { link } => self.hang_up(link),
                Output::RosterChanged => self.roster.send_modify(|changes| *changes += 1),
                Output::Event(engine::Event::RemindersChanged) => self.reminders.send_modify(|changes| *changes += 1),
                Output::Event(event) => {
                    if let Some(event) = questions::event(&self.engine, event) {
                        self.announce(event);
                    }
                }
            }
        }
    }

    /// Tells every watcher; there may be none.
    fn announce(&self, event: Event) {
        drop(self.events.send(event));
    }

    fn hang_up(&mut self, link: LinkId) {
        if let Some(Outgoing { device, .. }) = self.links.remove(&link)
            && self.links.values().all(|other| other.device != device)
        {
            self.announce(questions::link(&self.engine, device, LinkState::Down));
        }
    }

    fn reply(&mut self, ticket: u64, result: Result<Done, WriteError>) {
        let result = result.map_err(failures::write);
        // Whoever asked may have gone; what was asked is done all the same.
        if let Some(reply) = self.writes.remove(&ticket) {
            drop(reply.send(result));
        } else if let Some(reply) = self.invites.remove(&ticket) {
            drop(reply.send(result.and_then(|done| match done {
                Done::Invited { chain } => Ok(chain),
                _ => Err(failures::fault()),
            })));
        } else if let Some(reply) = self.imports.remove(&ticket) {
            drop(reply.send(result.map(|_| ())));
        }
    }

    /// Hands a frame to its link. The engine keeps to the link's room; a link that is full all the same is broken, and closed.
    fn send(&mut self, link: LinkId, frame: Vec<u8>) {
        if self.links.get(&link).is_some_and(|outgoing| outgoing.frames.try_send(frame).is_err()) {
            self.hang_up(link);
        }
    }

    fn tidy(&mut self, is_quiet: bool) {
        let waiting = self.tidier.waiting_pages();
        let paused = self.last_write.is_some_and(|last| last.elapsed() >= PAUSE);
        let is_due = waiting >= FULL_PAGES || (is_quiet && paused && waiting >= TIDY_PAGES);
        if is_due && let Err(error) = self.tidier.tidy() {
            // The rows are safe in the log; it is tidied after the next save, or when the journal is closed.
            tracing::warn!(%error, "the write-ahead log could not be tidied");
            self.last_write = None;
        }
    }
}
