//! Other programs on the network: some that call while a ticket is open, some that a ticket leads to. They speak QUIC and know the
//! protocol's names; what they say is garbage, nothing, or a frame that never ends.

use std::{net::Ipv4Addr, thread};

use ingle_api::FailureKind::{Pairing, Version};
use ingle_tests::programs::{Home, LIMIT};
use ingled::link::{CloseCode, PAIR, Purpose, SYNC, Ticket, write_frame};
use iroh::{
    Endpoint, EndpointAddr, SecretKey, TransportAddr,
    endpoint::{Connection, PortmapperConfig, RecvStream, SendStream, presets},
};
use tokio::{runtime::Runtime, time::timeout};

use crate::{
    table::{Inviting, Table, Told, entries, home_with_entries},
    tickets::{empty_home, forged, has_none, join},
};

/// What a peer says where a frame belongs. The first four bytes of a frame are its length.
const GARBAGE: &[u8] = &[0xff; 600];
const WRONG: &[u8] = &[0, 0, 0, 6, b'c', b'a', b'n', b'a', b'r', b'y'];
const NOTHING: &[u8] = &[];
const ENDLESS: &[u8] = &[0, 0, 0, 8, b'c'];

const NO_PAIRING: Told = Told {
    kind: Pairing,
    error: "what the other device said doesn't belong to a pairing; nothing was taken from it",
    hint: r#"see that it is your own device, and make a fresh ticket with "ingle pair""#,
};
const STOPPED: Told = Told {
    kind: Pairing,
    error: "the other device stopped answering before pairing was done",
    hint: r#"see that it is on, and in the same network; to try again, run "ingle pair""#,
};
const WENT_AWAY: Told = Told {
    kind: Pairing,
    error: "the other device went away before pairing was done",
    hint: r#"to try again, run "ingle pair""#,
};

/// Another program that speaks QUIC.
struct Peer {
    runtime: Runtime,
    key: SecretKey,
    endpoint: Endpoint,
}

impl Peer {
    fn new(seed: u8, protocols: &[&[u8]]) -> Self {
        let runtime = Runtime::new().expect("the system has threads");
        let key = SecretKey::from_bytes(&[seed; 32]);
        let endpoint = runtime.block_on(async {
            let builder = Endpoint::builder(presets::Minimal)
                .secret_key(key.clone())
                .alpns(protocols.iter().map(|protocol| protocol.to_vec()).collect())
                .portmapper_config(PortmapperConfig::Disabled)
                .clear_ip_transports()
                .bind_addr((Ipv4Addr::LOCALHOST, 0))
                .expect("an address");
            builder.bind().await.expect("there is a port")
        });
        Self { runtime, key, endpoint }
    }

    /// A ticket that leads here.
    fn ticket(&self) -> String {
        forged(&self.key, self.endpoint.bound_sockets()[0]).to_string()
    }

    /// Calls the device that made the ticket, says this, and stays on the line.
    fn call(&self, ticket: &Ticket, protocol: &[u8], first: &[u8], then: &[u8]) -> Call {
        let addresses = ticket.addresses.iter().copied().map(TransportAddr::Ip);
        let there = EndpointAddr::new(ticket.maker).with_addrs(addresses);
        self.runtime.block_on(async {
            let connection = self.endpoint.connect(there, protocol);
            let connection = timeout(LIMIT, connection).await.expect("an answer").expect("a connection");
            // It may be hung up on at any moment.
            let mut streams = connection.open_bi().await.ok();
            if let Some((send, _)) = &mut streams {
                if !first.is_empty() {
                    drop(write_frame(send, first, LIMIT).await);
                }
                drop(send.write_all(then).await);
            }
            Call { connection, _streams: streams }
        })
    }

    /// What the other side says when it hangs up.
    fn closed(&self, call: &Call) -> Option<CloseCode> {
        let closed = self.runtime.block_on(async { timeout(2 * LIMIT, call.connection.closed()).await });
        CloseCode::told(&closed.expect("it is hung up in time"))
    }

    /// Takes whoever calls, and says this.
    fn answer(&self, with: &'static [u8]) {
        let endpoint = self.endpoint.clone();
        self.runtime.spawn(async move {
            while let Some(incoming) = endpoint.accept().await {
                let Ok(connection) = incoming.await else { continue };
                let Ok((mut send, _receive)) = connection.accept_bi().await else { continue };
                drop(send.write_all(with).await);
                connection.closed().await;
            }
        });
    }

    /// Takes whoever calls, and goes.
    fn hang_up(&self) {
        let endpoint = self.endpoint.clone();
        self.runtime.spawn(async move {
            while let Some(incoming) = endpoint.accept().await {
                let Ok(connection) = incoming.await else { continue };
                drop(connection.accept_bi().await);
            }
        });
    }
}

/// Held open until it is dropped.
struct Call {
    connection: Connection,
    _streams: Option<(SendStream, RecvStream)>,
}

/// What a ticket says, to whoever holds it.
fn read(text: &str) -> (Ticket, [u8; 8]) {
    let ticket = Ticket::read(text, 0, None).expect("a whole ticket");
    let Purpose::Pair { number, .. } = ticket.purpose else { panic!("a ticket to pair") };
    (ticket, number)
}

fn is_usable(table: &mut Table, home: &Home, before: &[[serde_json::Value; 2]]) {
    table.same("the entries", &entries(home)[..], before);
    let id = home.check_in("canary, afterwards");
    table.same("a check-in afterwards", &home.list()[0]["id"], &id.into());
}

/// Name of the case, protocol, what it says first and then, and how it is turned away.
type Stranger<'a> = (&'a str, &'a [u8], &'a [u8], &'a [u8], CloseCode);

#[test]
fn strangers_are_turned_away_and_keep_no_device_out() {
    let (laptop, desktop, mut table) = (home_with_entries(), empty_home(), Table::default());
    let before = entries(&laptop);
    let open = Inviting::start(&laptop, &["--yes"]);
    let (ticket, number) = read(&open.ticket);
    let peer = Peer::new(11, &[]);
    let rows: [Stranger<'_>; 6] = [
        ("one that is no device of the journal", SYNC, NOTHING, GARBAGE, CloseCode::Stranger),
        ("... and says nothing", SYNC, NOTHING, NOTHING, CloseCode::Stranger),
        ("garbage at the door", PAIR, NOTHING, GARBAGE, CloseCode::Broken),
        ("a number of eight letters that is no open ticket's", PAIR, b"canaries", NOTHING, CloseCode::TicketUnknown),
        ("garbage behind the number", PAIR, &number, GARBAGE, CloseCode::Broken),
        ("a message that is none behind the number", PAIR, &number, WRONG, CloseCode::Bye),
    ];
    // They are hung up on after ten seconds.
    let quiet = [NOTHING, ENDLESS].map(|says| peer.call(&ticket, PAIR, NOTHING, says));
    for (name, protocol, first, then, code) in rows {
        let call = peer.call(&ticket, protocol, first, then);
        table.same(name, &peer.closed(&call), &Some(code));
    }
    join(&desktop, &open.ticket).ok();
    table.same("the inviter", &open.end().code, &0);
    for call in quiet {
        table.same("a quiet one", &peer.closed(&call), &Some(CloseCode::Bye));
    }
    is_usable(&mut table, &laptop, &before);
    table.end();
}

#[test]
fn a_ticket_that_is_tried_three_times_is_closed() {
    let (laptop, mut table) = (home_with_entries(), Table::default());
    let before = entries(&laptop);
    let open = Inviting::start(&laptop, &["--yes"]);
    let (ticket, number) = read(&open.ticket);
    let peer = Peer::new(12, &[]);
    for then in [GARBAGE, WRONG, GARBAGE] {
        let call = peer.call(&ticket, PAIR, &number, then);
        peer.closed(&call);
    }
    let told = Told {
        kind: Pairing,
        error: "the ticket was tried three times without success and is closed now; nothing was shared",
        hint: r#"make a fresh one with "ingle pair", and give it only to your own device"#,
    };
    table.told("three runs of garbage", &laptop, &open.end(), told);
    is_usable(&mut table, &laptop, &before);
    table.end();
}

/// A step of the protocol may take half a minute. All that wait for it do so together.
#[test]
fn whoever_says_nothing_or_never_ends_is_not_waited_for() {
    let mut table = Table::default();
    let joined: Vec<_> = [(NOTHING, 21), (ENDLESS, 22)]
        .into_iter()
        .map(|(says, seed)| {
            thread::spawn(move || {
                let (home, peer) = (empty_home(), Peer::new(seed, &[PAIR]));
                peer.answer(says);
                let ran = join(&home, &peer.ticket());
                (home, ran)
            })
        })
        .collect();
    let (laptop, desktop) = (home_with_entries(), empty_home());
    let before = entries(&laptop);
    let open = Inviting::start(&laptop, &["--yes"]);
    let (ticket, number) = read(&open.ticket);
    let peer = Peer::new(13, &[]);
    let quiet = peer.call(&ticket, PAIR, &number, ENDLESS);
    table.same("the quiet one", &peer.closed(&quiet), &Some(CloseCode::Broken));
    join(&desktop, &open.ticket).ok();
    table.same("the inviter", &open.end().code, &0);
    is_usable(&mut table, &laptop, &before);
    for (joined, name) in joined.into_iter().zip(["nothing", "a frame that never ends"]) {
        let (home, ran) = joined.join().expect("it joins");
        table.told(name, &home, &ran, STOPPED);
        table.same(name, &has_none(&home), &true);
    }
    table.end();
}

#[test]
fn a_ticket_that_leads_to_another_program_makes_no_journal() {
    let mut table = Table::default();
    for (name, says, seed, told) in
        [("garbage", GARBAGE, 31, NO_PAIRING), ("a message that is none", WRONG, 32, NO_PAIRING)]
    {
        let (home, peer) = (empty_home(), Peer::new(seed, &[PAIR]));
        peer.answer(says);
        table.told(name, &home, &join(&home, &peer.ticket()), told);
        table.same(name, &has_none(&home), &true);
    }
    let (home, leaving) = (empty_home(), Peer::new(34, &[PAIR]));
    leaving.hang_up();
    table.told("one that hangs up", &home, &join(&home, &leaving.ticket()), WENT_AWAY);
    table.same("one that hangs up", &has_none(&home), &true);
    let (home, other) = (empty_home(), Peer::new(33, &[b"ingle/pair/99"]));
    other.answer(NOTHING);
    let told = Told {
        kind: Version,
        error: "the other device has another version of Ingle",
        hint: r#"bring both devices to the same version, then run "ingle pair" again"#,
    };
    table.told("another version", &home, &join(&home, &other.ticket()), told);
    table.same("another version", &has_none(&home), &true);
    table.end();
}
