//! Pairing between two devices of this machine: real connections, the core's protocol, a double of the engine.

mod double;

use std::net::SocketAddr;

use double::{Device, LIMIT, Raw, device, keys};
use ingle_api::{Event, Failure, FailureKind};
use ingle_core::roster::Roster;
use ingle_model::Label;
use ingled::{
    link::{PAIR, Purpose, Station, Ticket, write_frame},
    pairing::{self, Joined},
};
use iroh::{EndpointAddr, TransportAddr};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};
use zeroize::Zeroizing;

#[tokio::test]
async fn two_yes_make_a_pair_and_the_ticket_is_used() {
    let inviter = Device::start(1, &[], &[]).await;
    let mut here = Client::pair(&inviter, false).await;
    let mut there = Client::join(&here.ticket, 2, Ok(()));
    assert_eq!(here.next().await, asks("joiner"));
    assert_eq!(there.next().await, asks("double"));
    assert!(
        inviter.engine.members_now().iter().all(|member| member.device() == device(1)),
        "a key moved before the yes"
    );
    there.answer(true).await;
    here.answer(true).await;
    let joined = there.joined().await.expect("it joins");
    assert_eq!(joined.name, "double");
    assert_eq!(here.next().await, Event::Paired { paired: "joiner".to_owned() });
    inviter.engine.until(|seen| seen.addresses.len() == 1).await;
    // The new member keeps the port open, so a second bearer gets an answer.
    let mut second = Client::join(&here.ticket, 3, Ok(()));
    assert_failure(
        second.joined().await,
        FailureKind::Pairing,
        "that ticket was used already",
        "make a fresh one with \"ingle pair\"",
    );
    inviter.stop().await;
}

#[tokio::test]
async fn a_no_on_either_side_ends_it_on_both_and_nothing_was_shared() {
    for no_here in [true, false] {
        let inviter = Device::start(4, &[], &[]).await;
        let mut here = Client::pair(&inviter, false).await;
        let mut there = Client::join(&here.ticket, 5, Ok(()));
        assert_eq!((here.next().await, there.next().await), (asks("joiner"), asks("double")));
        let asked = if no_here { &here } else { &there };
        asked.answer(false).await;
        let mine = "you declined; nothing was shared";
        let theirs = "the other device declined; nothing was shared";
        let (at_here, at_there) = if no_here { (mine, theirs) } else { (theirs, mine) };
        assert_eq!(ended(here.next().await), (FailureKind::Declined, at_here.to_owned()));
        let failure = there.joined().await.expect_err("it is declined");
        assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Declined, at_there));
        assert_eq!(inviter.engine.members_now().len(), 1);
        inviter.stop().await;
    }
}

#[tokio::test]
async fn three_runs_without_the_secret_burn_the_ticket() {
    let inviter = Device::start(6, &[7], &[]).await;
    let mut here = Client::pair(&inviter, false).await;
    let Ticket { purpose: Purpose::Pair { number, .. }, .. } = here.ticket else { panic!("a ticket to pair") };
    let forged = Ticket { purpose: Purpose::Pair { number, secret: Zeroizing::new([0; 16]) }, ..here.ticket.clone() };
    for _ in 0..3 {
        let failure = Client::join(&forged, 8, Ok(())).joined().await.expect_err("it has no secret");
        assert_eq!(failure.message, "the other device could not prove that the ticket is the same; nothing was shared");
    }
    let burnt = "the ticket was tried three times without success and is closed now; nothing was shared";
    assert_eq!(ended(here.next().await), (FailureKind::Pairing, burnt.to_owned()));
    let failure = Client::join(&here.ticket, 9, Ok(())).joined().await.expect_err("it is burnt");
    assert_eq!(failure.message, "that ticket was used already");
    inviter.stop().await;
}

#[tokio::test]
async fn garbage_at_the_door_does_not_keep_the_right_one_out() {
    let inviter = Device::start(10, &[], &[]).await;
    let mut here = Client::pair(&inviter, false).await;
    let Ticket { purpose: Purpose::Pair { number, .. }, .. } = here.ticket else { panic!("a ticket to pair") };
    let raw = Raw::open(11).await;
    let address =
        EndpointAddr::new(here.ticket.maker).with_addrs(here.ticket.addresses.iter().copied().map(TransportAddr::Ip));
    for garbage in [&[255; 600][..], &[0, 0, 0, 3, 1, 2, 3]] {
        let connection = raw.endpoint.connect(address.clone(), PAIR).await.expect("a connection");
        let (mut send, _receive) = connection.open_bi().await.expect("a stream");
        write_frame(&mut send, &number, LIMIT).await.expect("it is sent");
        send.write_all(garbage).await.expect("it is sent");
        timeout(LIMIT, connection.closed()).await.expect("it is hung up on");
    }
    let mut there = Client::join(&here.ticket, 12, Ok(()));
    assert_eq!((here.next().await, there.next().await), (asks("joiner"), asks("double")));
    here.answer(true).await;
    there.answer(true).await;
    there.joined().await.expect("it joins");
    raw.endpoint.close().await;
    inviter.stop().await;
}

#[tokio::test]
async fn a_ticket_dies_with_the_client_that_asked_for_it() {
    let inviter = Device::start(13, &[14], &[]).await;
    let here = Client::pair(&inviter, false).await;
    let ticket = here.ticket.clone();
    drop(here);
    // The door closes when the task has noticed; then another one can be opened.
    while inviter.links.open_door([9; 8]).await.is_err() {
        tokio::task::yield_now().await;
    }
    let failure = Client::join(&ticket, 15, Ok(())).joined().await.expect_err("it is closed");
    assert_eq!(failure.message, "that ticket is no longer open");
    inviter.stop().await;
}

#[tokio::test]
async fn a_joiner_that_can_not_keep_the_journal_says_so_and_the_inviter_hears_that_it_broke_off() {
    let full = Failure::new(FailureKind::Storage, "the disk is full", "make room");
    let inviter = Device::start(16, &[], &[]).await;
    let mut here = Client::pair(&inviter, false).await;
    let mut there = Client::join(&here.ticket, 17, Err(full.clone()));
    assert_eq!((here.next().await, there.next().await), (asks("joiner"), asks("double")));
    there.answer(true).await;
    here.answer(true).await;
    assert_eq!(there.joined().await.expect_err("no disk"), full);
    let gone = "the other device went away before pairing was done";
    assert_eq!(ended(here.next().await), (FailureKind::Pairing, gone.to_owned()));
    inviter.stop().await;
}

#[tokio::test]
async fn another_version_or_nobody_at_all_is_told_apart() {
    let other = Raw::open_for(18, b"ingle/pair/99").await;
    let here = SocketAddr::from(([127, 0, 0, 1], other.port()));
    let ticket = |addresses: Vec<SocketAddr>| Ticket {
        maker: other.endpoint.id(),
        expires: u64::MAX,
        purpose: Purpose::Pair { number: [1; 8], secret: Zeroizing::new([1; 16]) },
        addresses,
    };
    let answering = other.endpoint.clone();
    let server = tokio::spawn(async move {
        while let Some(incoming) = answering.accept().await {
            drop(incoming.await);
        }
    });
    let failure = Client::join(&ticket(vec![here]), 19, Ok(())).joined().await.expect_err("another version");
    assert_eq!(
        (failure.kind, failure.message.as_str()),
        (FailureKind::Version, "the other device has another version of Ingle")
    );
    other.endpoint.close().await;
    server.await.expect("it ends");
    let failure = Client::join(&ticket(vec![here]), 20, Ok(())).joined().await.expect_err("nobody");
    assert_eq!(
        (failure.kind, failure.message.as_str()),
        (FailureKind::Pairing, "the other device could not be reached")
    );
    let readdress = Ticket { purpose: Purpose::Readdress, ..ticket(vec![here]) };
    let failure = Client::join(&readdress, 21, Ok(())).joined().await.expect_err("not a ticket to pair");
    assert_eq!(failure.message, "that ticket is for a device that is paired already");
}

#[tokio::test]
async fn a_readdress_ticket_brings_two_paired_devices_together_again() {
    let a = Device::start(22, &[23], &[]).await;
    let b = Device::start(23, &[22], &[]).await;
    let mut here = Client::pair(&a, true).await;
    assert_eq!(here.ticket.purpose, Purpose::Readdress);
    let known = pairing::known_maker(&b.engine, &here.ticket).await.expect("the engine answers");
    assert_eq!(known, Some(device(22)));
    pairing::readdress(&b.engine, &b.links, device(22), &here.ticket).await.expect("they meet");
    a.engine.until(|seen| seen.up == 1).await;
    // The engine tells of the link; the client hears that as the end of its wait.
    a.engine.tell(Event::Link { device: "desktop".to_owned(), state: ingle_api::status::LinkState::Up });
    assert_eq!(here.next().await, Event::Paired { paired: "desktop".to_owned() });
    let alone = Device::start(24, &[], &[]).await;
    let (told, answers) = (mpsc::channel(1).0, mpsc::channel(1).1);
    let failure = pairing::pair(alone.engine.clone(), alone.links.clone(), true, told, answers)
        .await
        .expect_err("nobody is paired");
    assert_eq!(failure.message, "no other device is paired yet");
    for device in [a, b, alone] {
        device.stop().await;
    }
}

/// The client that started a pairing, on either side.
struct Client {
    ticket: Ticket,
    told: mpsc::Receiver<Event>,
    answers: mpsc::Sender<bool>,
    joining: Option<JoinHandle<Result<Joined, Failure>>>,
}

impl Client {
    async fn pair(device: &Device, readdress: bool) -> Self {
        let (tell, told) = mpsc::channel(4);
        let (answers, answered) = mpsc::channel(1);
        let made = pairing::pair(device.engine.clone(), device.links.clone(), readdress, tell, answered)
            .await
            .expect("a ticket");
        assert_eq!(made.expires_in_s, 600);
        let ticket = pairing::read(&made.ticket, None).expect("it reads");
        Self { ticket, told, answers, joining: None }
    }

    fn join(ticket: &Ticket, seed: u8, adopted: Result<(), Failure>) -> Self {
        let (tell, told) = mpsc::channel(4);
        let (answers, answered) = mpsc::channel(1);
        let joining = tokio::spawn({
            let ticket = ticket.clone();
            async move {
                let dir = tempfile::tempdir().expect("a folder");
                let keys = keys(seed);
                let station = Station::new(&[seed; 32], dir.path());
                let name = Label::new("joiner").expect("a name");
                let adopt = |_: Roster| std::future::ready(adopted);
                pairing::join(&ticket, &keys, &name, &station, tell, answered, adopt).await
            }
        });
        Self { ticket: ticket.clone(), told, answers, joining: Some(joining) }
    }

    async fn next(&mut self) -> Event {
        timeout(LIMIT, self.told.recv()).await.expect("an event in time").expect("the pairing goes on")
    }

    async fn answer(&self, accept: bool) {
        self.answers.send(accept).await.expect("it was asked");
    }

    async fn joined(&mut self) -> Result<Joined, Failure> {
        let joining = self.joining.take().expect("it joins once");
        timeout(LIMIT, joining).await.expect("it ends in time").expect("it runs")
    }
}

fn asks(name: &str) -> Event {
    Event::Asks { name: name.to_owned() }
}

fn ended(event: Event) -> (FailureKind, String) {
    match event {
        Event::PairingEnded { kind, message, hint } => {
            assert!(!hint.is_empty());
            (kind, message)
        }
        other => panic!("{other:?}"),
    }
}

fn assert_failure(result: Result<Joined, Failure>, kind: FailureKind, message: &str, hint: &str) {
    assert_eq!(result.expect_err("it does not join"), Failure::new(kind, message, hint));
}
