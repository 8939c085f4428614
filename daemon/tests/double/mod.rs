//! A device with the real link and a double of its engine, and another program that speaks QUIC.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use ingle_api::{Event, Failure};
use ingle_core::{
    engine::LinkId,
    keys::DeviceKeys,
    random::Random,
    roster::{Member, Roster},
    seal::{EpochKey, SpaceKey},
    wrap::Age,
};
use ingle_model::DeviceId;
use ingled::{
    engine_task::{Gone, Link},
    link::{CloseCode, Engine, Links, PAIR, SYNC, Station, read_frame, start, write_frame},
};
use iroh::{
    Endpoint, EndpointAddr, EndpointId, SecretKey, TransportAddr,
    endpoint::{Connection, ConnectionError, PortmapperConfig, RecvStream, SendStream, presets},
};
use tokio::{
    sync::{broadcast, mpsc, watch},
    time::{Instant, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Longer than anything here takes; a test that waits this long has failed.
pub const LIMIT: Duration = Duration::from_secs(30);

/// What the double of the engine has seen.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub up: usize,
    pub down: usize,
    pub sent: usize,
    pub addresses: HashMap<DeviceId, Vec<SocketAddr>>,
}

#[derive(Clone)]
pub struct Double {
    seed: u8,
    pub own: Member,
    members: Arc<Mutex<Vec<Member>>>,
    roster: Arc<watch::Sender<u64>>,
    seen: Arc<watch::Sender<Seen>>,
    links: Arc<Mutex<HashMap<DeviceId, mpsc::Sender<Vec<u8>>>>>,
    frames: mpsc::Sender<Vec<u8>>,
    events: broadcast::Sender<Event>,
}

impl Double {
    pub fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    pub async fn until(&self, is_so: impl Fn(&Seen) -> bool) {
        let mut seen = self.seen.subscribe();
        let waited = timeout(LIMIT, seen.wait_for(|seen| is_so(seen))).await.map(|found| found.is_ok());
        assert_eq!(waited, Ok(true), "it stayed at {:?}", self.seen());
    }

    pub fn set_members(&self, seeds: &[u8]) {
        *self.members.lock().expect("unpoisoned") = seeds.iter().copied().map(member).collect();
        self.roster.send_modify(|number| *number += 1);
    }

    pub fn members_now(&self) -> Vec<Member> {
        self.members.lock().expect("unpoisoned").clone()
    }

    pub fn tell(&self, event: Event) {
        self.events.send(event).expect("somebody listens");
    }

    pub fn outgoing(&self, device: DeviceId) -> mpsc::Sender<Vec<u8>> {
        self.links.lock().expect("unpoisoned").get(&device).expect("there is a link").clone()
    }
}

impl Engine for Double {
    fn own(&self) -> &Member {
        &self.own
    }

    async fn name(&self) -> Result<String, Gone> {
        Ok("double".to_owned())
    }

    async fn link_up(&self, device: DeviceId) -> Result<Link, Gone> {
        let (sender, outgoing) = mpsc::channel(64);
        self.links.lock().expect("unpoisoned").insert(device, sender);
        let mut number = 0;
        self.seen.send_modify(|seen| {
            seen.up += 1;
            number = seen.up;
        });
        Ok(Link { id: link_id(number), outgoing })
    }

    async fn link_down(&self, _link: LinkId) {
        self.seen.send_modify(|seen| seen.down += 1);
    }

    async fn frame(&self, _link: LinkId, frame: Vec<u8>) -> Result<(), Gone> {
        self.frames.send(frame).await.map_err(|_| Gone)
    }

    async fn sent(&self, _link: LinkId) {
        self.seen.send_modify(|seen| seen.sent += 1);
    }

    async fn members(&self) -> Result<Vec<Member>, Gone> {
        Ok(self.members.lock().expect("unpoisoned").clone())
    }

    async fn invite(&self, member: Member) -> Result<Vec<Vec<u8>>, Failure> {
        self.members.lock().expect("unpoisoned").push(member.clone());
        self.roster.send_modify(|number| *number += 1);
        let (epoch, space) = (EpochKey::from_bytes([1; 32]), SpaceKey::from_bytes([2; 32]));
        let keys = keys(self.seed);
        let (mut roster, first) = Roster::first(&keys, &epoch, &space, &Age, &mut Repeating(3)).expect("a roster");
        Ok(vec![first, roster.add(&keys, member, &Age).expect("a new member")])
    }

    async fn peer_addresses(&self) -> Result<Vec<(DeviceId, Vec<SocketAddr>)>, Gone> {
        Ok(self.seen().addresses.into_iter().collect())
    }

    async fn learn_addresses(&self, device: DeviceId, addresses: Vec<SocketAddr>) {
        self.seen.send_modify(|seen| {
            seen.addresses.insert(device, addresses);
        });
    }

    fn roster_changes(&self) -> watch::Receiver<u64> {
        self.roster.subscribe()
    }

    fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }
}

/// A device with the real link and the double of the engine.
pub struct Device {
    pub engine: Double,
    frames: mpsc::Receiver<Vec<u8>>,
    pub links: Links,
    stop: CancellationToken,
    tasks: TaskTracker,
    dir: tempfile::TempDir,
}

impl Device {
    pub async fn start(seed: u8, others: &[u8], known: &[(u8, SocketAddr)]) -> Self {
        let (frames_in, frames) = mpsc::channel(4);
        let addresses = known.iter().map(|(seed, address)| (device(*seed), vec![*address])).collect();
        let engine = Double {
            seed,
            own: member(seed),
            members: Arc::new(Mutex::new(Vec::new())),
            roster: Arc::new(watch::Sender::new(0)),
            seen: Arc::new(watch::Sender::new(Seen { addresses, ..Seen::default() })),
            links: Arc::default(),
            frames: frames_in,
            events: broadcast::channel(4).0,
        };
        engine.set_members(&[&[seed], others].concat());
        let dir = tempfile::tempdir().expect("a folder");
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let links = start(engine.clone(), Station::new(&[seed; 32], dir.path()), stop.clone(), &tasks);
        while !others.is_empty() && links.whereabouts().await.is_err() {
            tokio::task::yield_now().await;
        }
        Self { engine, frames, links, stop, tasks, dir }
    }

    pub fn device(&self) -> DeviceId {
        self.engine.own.device()
    }

    pub async fn frame(&mut self) -> Vec<u8> {
        timeout(LIMIT, self.frames.recv()).await.expect("a frame in time").expect("the double holds the sender")
    }

    pub fn port(&self) -> Option<u16> {
        port_in(self.dir.path())
    }

    pub async fn address(&self) -> SocketAddr {
        let (_, addresses) = self.links.whereabouts().await.expect("the port is open");
        *addresses.last().expect("loopback is always there")
    }

    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        timeout(LIMIT, self.tasks.wait()).await.expect("every task ends");
    }
}

/// Two linked devices that know each other's addresses from the start.
pub async fn pair(one: u8, two: u8) -> [Device; 2] {
    let a = Device::start(one, &[two], &[]).await;
    let b = Device::start(two, &[one], &[(one, a.address().await)]).await;
    tokio::join!(linked(&a, &b), linked(&b, &a));
    [a, b]
}

pub async fn linked(device: &Device, other: &Device) {
    let mut linked = device.links.linked();
    let is_linked = linked.wait_for(|linked| linked.contains(&other.device()));
    timeout(LIMIT, is_linked).await.expect("a link in time").expect("the link runs");
}

/// Another program that speaks QUIC.
pub struct Raw {
    pub endpoint: Endpoint,
}

impl Raw {
    pub async fn open(seed: u8) -> Self {
        Self::open_at(seed, 0).await
    }

    /// One that speaks only another protocol.
    pub async fn open_for(seed: u8, protocol: &[u8]) -> Self {
        let raw = Self::open(seed).await;
        raw.endpoint.set_alpns(vec![protocol.to_vec()]);
        raw
    }

    pub async fn open_at(seed: u8, port: u16) -> Self {
        let until = Instant::now() + LIMIT;
        loop {
            let endpoint = Endpoint::builder(presets::Minimal)
                .secret_key(SecretKey::from_bytes(&[seed; 32]))
                .alpns(vec![SYNC.to_vec(), PAIR.to_vec()])
                .portmapper_config(PortmapperConfig::Disabled)
                .clear_ip_transports()
                .bind_addr(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
                .expect("an address")
                .bind()
                .await;
            match endpoint {
                Ok(endpoint) => return Self { endpoint },
                Err(error) => assert!(Instant::now() < until, "{error}"),
            }
            tokio::task::yield_now().await;
        }
    }

    pub fn port(&self) -> u16 {
        self.endpoint.bound_sockets()[0].port()
    }

    pub async fn connect(&self, to: &Device, alpn: &[u8]) -> Connection {
        let connection = self.endpoint.connect(address(to).await, alpn);
        timeout(LIMIT, connection).await.expect("an answer").expect("a connection")
    }

    pub async fn link(&self, to: &Device) -> (Connection, SendStream, RecvStream) {
        let (id, there) = (endpoint_id_of(&to.engine.own), to.address().await);
        self.link_at(EndpointAddr::new(id).with_ip_addr(there)).await
    }

    pub async fn link_to(&self, there: SocketAddr) -> (Connection, SendStream, RecvStream) {
        self.link_at(EndpointAddr::new(endpoint_id(40)).with_ip_addr(there)).await
    }

    pub async fn link_at(&self, there: EndpointAddr) -> (Connection, SendStream, RecvStream) {
        let connection =
            timeout(LIMIT, self.endpoint.connect(there, SYNC)).await.expect("an answer").expect("a connection");
        let (mut send, mut receive) = connection.open_bi().await.expect("a stream");
        write_frame(&mut send, &[], LIMIT).await.expect("hello");
        let hello = read_frame(&mut receive, 0, LIMIT).await.expect("a frame");
        assert_eq!(hello.as_deref(), Some(&[][..]));
        (connection, send, receive)
    }

    pub async fn accept(&self) -> Connection {
        let incoming = timeout(LIMIT, self.endpoint.accept()).await.expect("a call in time").expect("an open endpoint");
        incoming.await.expect("a connection")
    }
}

pub async fn address(of: &Device) -> EndpointAddr {
    EndpointAddr::new(endpoint_id_of(&of.engine.own)).with_addrs([TransportAddr::Ip(of.address().await)])
}

/// With what code the other side closes the connection.
pub async fn closed(connection: &Connection) -> Option<CloseCode> {
    let error: ConnectionError = timeout(LIMIT, connection.closed()).await.expect("it is closed in time");
    CloseCode::told(&error)
}

pub fn port_in(dir: &Path) -> Option<u16> {
    std::fs::read_to_string(dir.join("port")).ok()?.trim().parse().ok()
}

pub fn device(seed: u8) -> DeviceId {
    member(seed).device()
}

pub fn endpoint_id(seed: u8) -> EndpointId {
    SecretKey::from_bytes(&[seed; 32]).public()
}

pub fn endpoint_id_of(member: &Member) -> EndpointId {
    EndpointId::from_bytes(member.link()).expect("a key")
}

pub fn member(seed: u8) -> Member {
    keys(seed).member().clone()
}

/// The same ones for a seed within a test program. The link's secret is the seed, 32 times.
pub fn keys(seed: u8) -> DeviceKeys {
    static ALL: LazyLock<Mutex<HashMap<u8, DeviceKeys>>> = LazyLock::new(Mutex::default);
    let mut all = ALL.lock().expect("unpoisoned");
    all.entry(seed).or_insert_with(|| DeviceKeys::generate_first(&mut Repeating(seed), &Age)).clone()
}

struct Repeating(u8);

impl Random for Repeating {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

pub fn link_id(number: usize) -> LinkId {
    LinkId(u64::try_from(number).expect("it fits"))
}
