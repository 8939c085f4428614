//! The link with a double of the engine: real endpoints on this machine, real connections.

mod double;

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::Duration,
};

use double::{Device, LIMIT, Raw, address, closed, device, endpoint_id, linked, pair};
use ingled::link::{CloseCode, Engine as _, MAX_FRAME, PAIR, SYNC, write_frame};
use iroh::endpoint::Connection;
use tokio::time::{Instant, timeout};

#[tokio::test]
async fn frames_arrive_whole_and_in_order_both_ways() {
    let [mut a, mut b] = pair(1, 2).await;
    let frames: Vec<Vec<u8>> = [1, 2, 300, 65_536, MAX_FRAME, 7, 1_000_000, 730].map(|length| vec![4; length]).into();
    let many = frames.iter().cloned().chain((0..500_u32).map(|n| n.to_be_bytes().into())).collect::<Vec<_>>();
    let (out_a, out_b) = (a.engine.outgoing(b.device()), b.engine.outgoing(a.device()));
    let send = async {
        for frame in &many {
            out_a.send(frame.clone()).await.expect("the link stands");
            out_b.send(frame.clone()).await.expect("the link stands");
        }
    };
    let receive = async {
        for frame in &many {
            assert!(a.frame().await == *frame && b.frame().await == *frame, "frames differ");
        }
    };
    tokio::join!(send, receive);
    a.engine.until(|seen| seen.sent == many.len()).await;
    b.engine.until(|seen| seen.sent == many.len()).await;
    a.stop().await;
    b.engine.until(|seen| seen.down == 1).await;
    b.stop().await;
}

#[tokio::test]
async fn with_nobody_to_talk_to_no_port_is_open() {
    let a = Device::start(3, &[], &[]).await;
    assert!(a.links.whereabouts().await.is_err());
    assert_eq!(a.port(), None);
    let other = Raw::open(4).await;
    a.engine.set_members(&[3, 4]);
    while a.links.whereabouts().await.is_err() {
        tokio::task::yield_now().await;
    }
    let port = a.port().expect("it is open");
    assert!(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).is_err());
    a.engine.set_members(&[3]);
    while a.links.whereabouts().await.is_ok() {
        tokio::task::yield_now().await;
    }
    other.endpoint.close().await;
    a.stop().await;
}

#[tokio::test]
async fn who_is_not_on_the_roster_is_refused_and_the_engine_never_hears_of_it() {
    let a = Device::start(5, &[6], &[]).await;
    let stranger = Raw::open(7).await;
    let connection = stranger.connect(&a, SYNC).await;
    assert_eq!(closed(&connection).await, Some(CloseCode::Stranger));
    assert_eq!(a.engine.seen().up, 0);
    stranger.endpoint.close().await;
    a.stop().await;
}

#[tokio::test]
async fn what_is_no_frame_closes_the_link_and_the_next_call_is_served() {
    let mut a = Device::start(8, &[9], &[]).await;
    let peer = Raw::open(9).await;
    let too_long = u32::try_from(MAX_FRAME + 1).expect("it fits").to_be_bytes();
    for (round, wrong) in [&too_long[..], &[255; 64], &[0; 4]].into_iter().enumerate() {
        let (connection, mut send, _receive) = peer.link(&a).await;
        write_frame(&mut send, b"well", LIMIT).await.expect("it is sent");
        assert_eq!(a.frame().await, b"well");
        send.write_all(wrong).await.expect("it is sent");
        assert_eq!(closed(&connection).await, Some(CloseCode::Broken));
        a.engine.until(|seen| seen.down == round + 1).await;
    }
    // Cut within a frame.
    let (connection, mut send, _receive) = peer.link(&a).await;
    send.write_all(&[0, 0, 1, 0, 5, 5]).await.expect("it is sent");
    send.finish().expect("it ends");
    assert_eq!(closed(&connection).await, Some(CloseCode::Broken));
    peer.endpoint.close().await;
    a.stop().await;
}

#[tokio::test]
async fn the_newest_connection_of_a_device_takes_the_place_of_the_older() {
    let mut a = Device::start(10, &[11], &[]).await;
    let peer = Raw::open(11).await;
    let (first, _send, _receive) = peer.link(&a).await;
    a.engine.until(|seen| seen.up == 1).await;
    let (second, mut send, _receive) = peer.link(&a).await;
    assert_eq!(closed(&first).await, Some(CloseCode::Bye));
    write_frame(&mut send, b"again", LIMIT).await.expect("it is sent");
    assert_eq!(a.frame().await, b"again");
    assert!(second.close_reason().is_none());
    let seen = a.engine.seen();
    assert_eq!((seen.up, seen.down), (2, 1));
    peer.endpoint.close().await;
    a.stop().await;
}

#[tokio::test]
async fn two_that_call_each_other_at_once_keep_one_link() {
    for seed in (20..30).step_by(2) {
        let mut a = Device::start(seed, &[seed + 1], &[]).await;
        let mut b = Device::start(seed + 1, &[seed], &[]).await;
        let (at_a, at_b) = (a.address().await, b.address().await);
        a.engine.learn_addresses(b.device(), vec![at_b]).await;
        b.engine.learn_addresses(a.device(), vec![at_a]).await;
        tokio::join!(a.links.call(b.device()), b.links.call(a.device()));
        // Links may come and go at first; the one that is left carries frames both ways.
        let until = Instant::now() + LIMIT;
        loop {
            assert!(Instant::now() < until, "no link stayed");
            tokio::join!(linked(&a, &b), linked(&b, &a));
            let (out_a, out_b) = (a.engine.outgoing(b.device()), b.engine.outgoing(a.device()));
            if out_a.send(b"to b".into()).await.is_err() || out_b.send(b"to a".into()).await.is_err() {
                continue;
            }
            let both = async { (a.frame().await, b.frame().await) };
            if let Ok((at_a, at_b)) = timeout(Duration::from_millis(200), both).await {
                assert_eq!((&at_a[..], &at_b[..]), (&b"to a"[..], &b"to b"[..]));
                break;
            }
        }
        let (seen_a, seen_b) = (a.engine.seen(), b.engine.seen());
        assert_eq!((seen_a.up - seen_a.down, seen_b.up - seen_b.down), (1, 1));
        assert!(seen_a.up <= 2 && seen_b.up <= 2, "{seen_a:?} {seen_b:?}");
        a.stop().await;
        b.stop().await;
    }
}

#[tokio::test]
async fn a_device_that_calls_from_a_new_address_is_called_there_afterwards() {
    let a = Device::start(30, &[31], &[]).await;
    let device = device(31);
    let mut called_from = Vec::new();
    for _ in 0..2 {
        let peer = Raw::open(31).await;
        let (_connection, _send, _receive) = peer.link(&a).await;
        called_from.insert(0, SocketAddr::from((Ipv4Addr::LOCALHOST, peer.port())));
        a.engine.until(|seen| seen.addresses.get(&device).is_some_and(|known| known[0] == called_from[0])).await;
        peer.endpoint.close().await;
    }
    assert_eq!(a.engine.seen().addresses[&device], called_from);
    // The device is back at its last address and waits: it is called there.
    let peer = Raw::open_at(31, called_from[0].port()).await;
    a.links.call(device).await;
    let connection = peer.accept().await;
    assert_eq!(connection.remote_id(), endpoint_id(30));
    peer.endpoint.close().await;
    a.stop().await;
}

/// Waits until neither side has sent anything for a while: what was under way when a device dies is no answer.
async fn all_is_said(connection: &Connection) {
    let sent_and_heard = || {
        let stats = connection.stats();
        (stats.udp_tx.datagrams, stats.udp_rx.datagrams)
    };
    let mut before = None;
    while before != Some(sent_and_heard()) {
        before = Some(sent_and_heard());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test]
async fn a_device_that_dies_without_a_word_is_noticed_by_the_next_frame() {
    let a = Device::start(40, &[41], &[]).await;
    let there = a.address().await;
    let (linked, wait) = tokio::sync::oneshot::channel();
    let (die, death) = std::sync::mpsc::channel::<()>();
    let peer = std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let raw = runtime.block_on(async {
            let peer = Raw::open(41).await;
            let link = peer.link_to(there).await;
            (peer, link)
        });
        linked.send(()).expect("the test waits");
        death.recv().expect("the test says when");
        runtime.block_on(all_is_said(&raw.1.0));
        // Every task stops where it is: nothing more is sent. Waited for, or a last one still answers the frame.
        runtime.shutdown_timeout(LIMIT);
        std::mem::forget(raw);
    });
    wait.await.expect("it links");
    a.engine.until(|seen| seen.up == 1).await;
    die.send(()).expect("the peer waits");
    tokio::task::spawn_blocking(|| peer.join()).await.expect("it runs").expect("it dies in peace");
    let since = Instant::now();
    a.engine.outgoing(device(41)).send(b"are you there?".into()).await.expect("the link stands");
    a.engine.until(|seen| seen.down == 1).await;
    assert!(since.elapsed() < Duration::from_secs(9), "{:?}", since.elapsed());
    a.stop().await;
}

#[tokio::test]
async fn callers_that_say_nothing_hold_eight_places_for_ten_seconds_and_then_the_rest_goes_on() {
    let mut a = Device::start(50, &[51], &[]).await;
    let peer = Raw::open(51).await;
    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(peer.connect(&a, SYNC).await);
    }
    // Garbage on the port disturbs nobody.
    let noise = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    for n in 0..200_u8 {
        noise.send_to(&vec![n; 1200], a.address().await).expect("it is sent");
    }
    let ninth = timeout(LIMIT, peer.endpoint.connect(address(&a).await, SYNC)).await.expect("an answer");
    assert!(ninth.is_err(), "there was a ninth place");
    for connection in &silent {
        timeout(Duration::from_secs(15), connection.closed()).await.expect("it is hung up on");
    }
    let (_connection, mut send, _receive) = peer.link(&a).await;
    write_frame(&mut send, b"hello", LIMIT).await.expect("it is sent");
    assert_eq!(a.frame().await, b"hello");
    peer.endpoint.close().await;
    a.stop().await;
}

#[tokio::test]
async fn only_the_number_of_the_open_ticket_opens_the_door() {
    let a = Device::start(60, &[61], &[]).await;
    let bearer = Raw::open(62).await;
    let knock = async |number: &[u8]| {
        let connection = bearer.connect(&a, PAIR).await;
        let (mut send, receive) = connection.open_bi().await.expect("a stream");
        // Closed already when no ticket was ever open.
        drop(write_frame(&mut send, number, LIMIT).await);
        (connection, send, receive)
    };
    assert_eq!(closed(&knock(&[1; 8]).await.0).await, Some(CloseCode::TicketUnknown));
    let mut door = a.links.open_door([1; 8]).await.expect("it opens");
    assert!(a.links.open_door([2; 8]).await.is_err(), "two doors");
    assert_eq!(closed(&knock(&[2; 8]).await.0).await, Some(CloseCode::TicketUnknown));
    assert_eq!(closed(&knock(&[1; 9]).await.0).await, Some(CloseCode::Broken));
    let (_at_the_door, _send, _receive) = knock(&[1; 8]).await;
    let call = door.call().await.expect("a caller");
    assert_eq!(call.connection.remote_id(), endpoint_id(62));
    door.spend();
    drop(door);
    assert_eq!(closed(&knock(&[1; 8]).await.0).await, Some(CloseCode::TicketUsed));
    bearer.endpoint.close().await;
    a.stop().await;
}
