//! Opens and closes the port, and gives every other member of the roster its task.
//!
//! What may not live here: what is said on a connection.

use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use ingle_api::{Failure, FailureKind};
use ingle_core::roster::Member;
use ingle_model::DeviceId;
use iroh::{Endpoint, EndpointId, Watcher as _};
use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    carry::Linked,
    door::Door,
    endpoint::{NoPort, Station, addresses},
    peer::Peer,
    seam::Engine,
    threshold::{Arrival, Expected, guard},
    ticket::TicketNumber,
};

/// How long it takes to look again for a port when there was none.
const PORT_AGAIN: Duration = Duration::from_secs(10);
/// How long the other sides have to hear that this one goes.
const GOODBYE: Duration = Duration::from_secs(2);
const WAITING_COMMANDS: usize = 16;
/// Connections of one device that may wait for its task.
const WAITING_ARRIVALS: usize = 2;

enum Command {
    OpenDoor { number: TicketNumber, reply: oneshot::Sender<Result<Door, Failure>> },
    WhereAreWe { reply: oneshot::Sender<Result<(EndpointId, Vec<SocketAddr>), Failure>> },
    Call { device: DeviceId },
    NetworkChanged,
    PortLost,
}

/// The running link, for the server and pairing.
#[derive(Clone)]
pub struct Links {
    commands: mpsc::Sender<Command>,
    linked: watch::Receiver<BTreeSet<DeviceId>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Links")
    }
}

impl Links {
    /// Opens the port if need be, and the door for bearers of the ticket of that number. One door at a time.
    pub async fn open_door(&self, number: TicketNumber) -> Result<Door, Failure> {
        self.ask(|reply| Command::OpenDoor { number, reply }).await?
    }

    /// This device's link key and addresses. Fails while there is no other device, since then the port is closed.
    pub async fn whereabouts(&self) -> Result<(EndpointId, Vec<SocketAddr>), Failure> {
        self.ask(|reply| Command::WhereAreWe { reply }).await?
    }

    /// Calls that device now, without the rest of its pause.
    pub async fn call(&self, device: DeviceId) {
        // When the link has ended there is nobody to call.
        drop(self.commands.send(Command::Call { device }).await);
    }

    /// Who is linked.
    pub fn linked(&self) -> watch::Receiver<BTreeSet<DeviceId>> {
        self.linked.clone()
    }

    /// Runs something beside the link, until the link is stopped.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move { stop.run_until_cancelled(work).await });
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, Failure> {
        let closing =
            || Failure::new(FailureKind::Unavailable, "Ingle is closing its journal", "try again in a moment");
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| closing())?;
        answer.await.map_err(|_| closing())
    }
}

/// Runs the link on `tasks` until `stop`, or until the engine ends.
pub fn start<E: Engine>(engine: E, station: Station, stop: CancellationToken, tasks: &TaskTracker) -> Links {
    let (commands, waiting) = mpsc::channel(WAITING_COMMANDS);
    let linked = Arc::new(watch::Sender::new(BTreeSet::new()));
    let links =
        Links { commands: commands.clone(), linked: linked.subscribe(), tasks: tasks.clone(), stop: stop.clone() };
    let hub = Hub {
        engine,
        station,
        commands: commands.downgrade(),
        expected: Arc::new(watch::Sender::new(Expected::default())),
        linked,
        others: Vec::new(),
        port: None,
        port_again: None,
        stop,
    };
    tasks.spawn(hub.run(commands, waiting));
    links
}

struct Hub<E> {
    engine: E,
    station: Station,
    commands: mpsc::WeakSender<Command>,
    expected: Arc<watch::Sender<Expected>>,
    linked: Linked,
    others: Vec<Member>,
    port: Option<Port>,
    port_again: Option<Instant>,
    stop: CancellationToken,
}

/// The open port and everything that runs on it.
struct Port {
    endpoint: Endpoint,
    peers: HashMap<DeviceId, Seat>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

struct Seat {
    link_key: [u8; 32],
    nudge: Arc<Notify>,
    stop: CancellationToken,
}

impl<E: Engine> Hub<E> {
    /// `_held` keeps the channel open while nobody else holds [`Links`].
    async fn run(mut self, _held: mpsc::Sender<Command>, mut commands: mpsc::Receiver<Command>) {
        let mut roster = self.engine.roster_changes();
        let mut expected = self.expected.subscribe();
        let mut is_known = self.read_roster().await;
        while is_known {
            self.settle().await;
            let again = self.port_again;
            tokio::select! {
                () = self.stop.cancelled() => break,
                changed = roster.changed() => is_known = changed.is_ok() && self.read_roster().await,
                Some(command) = commands.recv() => self.obey(command).await,
                // A door was opened or closed; `settle` sees to it. The other end is our own field.
                _ = expected.changed() => {}
                () = sleep_until(again.unwrap_or_else(Instant::now)), if again.is_some() => self.port_again = None,
            }
        }
        self.close_port().await;
    }

    /// False when the engine has ended.
    async fn read_roster(&mut self) -> bool {
        let Ok(members) = self.engine.members().await else { return false };
        let own = self.engine.own().device();
        self.others = members.into_iter().filter(|member| member.device() != own).collect();
        true
    }

    /// Makes port and tasks fit the roster and the door.
    async fn settle(&mut self) {
        let has_door = self.expected.borrow().door.is_some();
        if self.others.is_empty() && !has_door {
            self.close_port().await;
            return;
        }
        if self.port.is_none() && self.port_again.is_none() && self.open_port().await.is_err() {
            tracing::warn!("no UDP port could be opened; trying again in a while");
            self.port_again = Some(Instant::now() + PORT_AGAIN);
        }
        self.seat_others();
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::OpenDoor { number, reply } => {
                let door = self.open_door(number).await;
                // Who asked may have gone; then the door is dropped here and so closed.
                drop(reply.send(door));
            }
            Command::WhereAreWe { reply } => {
                let here = self.port.as_ref().map(|port| (port.endpoint.id(), addresses(&port.endpoint)));
                drop(reply.send(here.ok_or_else(nobody_paired)));
            }
            Command::Call { device } => {
                if let Some(seat) = self.port.as_ref().and_then(|port| port.peers.get(&device)) {
                    seat.nudge.notify_one();
                }
            }
            Command::NetworkChanged => {
                for seat in self.port.iter().flat_map(|port| port.peers.values()) {
                    seat.nudge.notify_one();
                }
            }
            Command::PortLost => {
                self.close_port().await;
                self.port_again = Some(Instant::now() + PORT_AGAIN);
            }
        }
    }

    async fn open_door(&mut self, number: TicketNumber) -> Result<Door, Failure> {
        let endpoint = match &self.port {
            Some(port) => port.endpoint.clone(),
            None => self.open_port().await.map_err(|NoPort| no_port())?,
        };
        Door::open(number, &self.expected, endpoint.id(), addresses(&endpoint)).ok_or_else(door_taken)
    }

    async fn open_port(&mut self) -> Result<Endpoint, NoPort> {
        let endpoint = self.station.open().await?;
        let port = Port { endpoint, peers: HashMap::new(), tasks: TaskTracker::new(), stop: self.stop.child_token() };
        let guard = guard(port.endpoint.clone(), self.expected.subscribe(), port.stop.clone(), port.tasks.clone());
        let (lost, changed) = (self.commands.clone(), self.commands.clone());
        let stop = port.stop.clone();
        port.tasks.spawn(async move {
            guard.await;
            if !stop.is_cancelled() {
                tell(&lost, Command::PortLost).await;
            }
        });
        let (endpoint, stop) = (port.endpoint.clone(), port.stop.clone());
        port.tasks.spawn(async move {
            let mut here = endpoint.watch_addr();
            while let Some(Ok(_)) = stop.run_until_cancelled(here.updated()).await {
                tell(&changed, Command::NetworkChanged).await;
            }
        });
        self.port_again = None;
        let endpoint = port.endpoint.clone();
        self.port = Some(port);
        Ok(endpoint)
    }

    async fn close_port(&mut self) {
        let Some(port) = self.port.take() else { return };
        self.expected.send_if_modified(|expected| {
            expected.members.clear();
            false
        });
        port.stop.cancel();
        port.tasks.close();
        port.tasks.wait().await;
        // Whoever doesn't hear it will find out.
        if timeout(GOODBYE, port.endpoint.close()).await.is_err() {
            tracing::debug!("not every device heard the goodbye");
        }
    }

    /// A task for each other member, none for anyone else.
    fn seat_others(&mut self) {
        let Some(port) = &mut self.port else { return };
        let mut gone = Vec::new();
        port.peers.retain(|device, seat| {
            let stays = self.others.iter().any(|member| member.device() == *device && *member.link() == seat.link_key);
            if !stays {
                seat.stop.cancel();
                gone.push(seat.link_key);
            }
            stays
        });
        let mut arrived = Vec::new();
        for member in &self.others {
            if port.peers.contains_key(&member.device()) {
                continue;
            }
            let Ok(link_key) = EndpointId::from_bytes(member.link()) else { continue };
            let (sender, arrivals) = mpsc::channel::<Arrival>(WAITING_ARRIVALS);
            let seat = Seat { link_key: *member.link(), nudge: Arc::new(Notify::new()), stop: port.stop.child_token() };
            let peer = Peer {
                engine: self.engine.clone(),
                endpoint: port.endpoint.clone(),
                device: member.device(),
                link_key,
                arrivals,
                nudge: Arc::clone(&seat.nudge),
                linked: Arc::clone(&self.linked),
                tasks: port.tasks.clone(),
                stop: seat.stop.clone(),
            };
            port.tasks.spawn(peer.run());
            port.peers.insert(member.device(), seat);
            arrived.push((*member.link(), sender));
        }
        self.expected.send_if_modified(|expected| {
            for link_key in gone {
                expected.members.remove(&link_key);
            }
            expected.members.extend(arrived);
            false
        });
    }
}

/// When the hub has ended nobody needs to know.
async fn tell(commands: &mpsc::WeakSender<Command>, command: Command) {
    if let Some(commands) = commands.upgrade() {
        drop(commands.send(command).await);
    }
}

fn nobody_paired() -> Failure {
    Failure::new(FailureKind::Pairing, "no other device is paired yet", "pair one with \"ingle pair\"")
}

fn door_taken() -> Failure {
    Failure::new(
        FailureKind::Pairing,
        "a ticket is open already",
        "use that one, or stop the other \"ingle pair\" first",
    )
}

fn no_port() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "no network port could be opened",
        "look whether a firewall or another program keeps Ingle from the network",
    )
}
