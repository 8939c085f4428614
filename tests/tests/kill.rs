//! Two real daemons of one journal, killed again and again while four people write.

use std::{
    thread,
    time::{Duration, Instant},
};

use ingle_tests::{
    namespaces::Namespaces,
    programs::{Daemon, Home, meet, pair, until},
    writers::{self, Attempt, Caller, Writers},
};

const KILLS: usize = 200;
/// As many of them at least come while somebody waits for an answer.
const IN_FLIGHT: usize = 150;
const WRITERS: usize = 4;
/// Every so many kills the other device is killed too, while it receives.
const OTHER_TOO: usize = 20;

/// Just before the signal was sent.
type Killed = Instant;

fn entries(home: &Home) -> u64 {
    Caller::of(home).expect("its daemon is there").1.entries
}

/// Kills the laptop's daemon again and again, at every stage of its life, and the desktop's now and then.
fn kill(laptop: &Home, desktop: &Home, writers: &Writers) -> (Vec<Killed>, [Daemon; 2]) {
    let mut daemons = [laptop.start_daemon(), desktop.start_daemon()];
    let mut killed = Vec::new();
    for kill in 0..KILLS {
        let [here, there] = daemons;
        // Now and then one that has hardly begun.
        writers.wait_for(if kill % 25 == 0 { 0 } else { 1 + kill % 4 });
        let is_both = kill % OTHER_TOO == OTHER_TOO - 1;
        if is_both {
            writers.rest();
            until("the desktop has caught up", || entries(desktop) == entries(laptop));
            let had = entries(desktop);
            writers.go_on();
            until("the desktop receives", || entries(desktop) > had);
        }
        // In steps through the time that a save takes.
        thread::sleep(Duration::from_micros(100) * u32::try_from(kill % 21).expect("it is small"));
        let spared = if is_both {
            there.kill();
            None
        } else {
            Some(there)
        };
        killed.push(Instant::now());
        here.kill();
        daemons = [laptop.start_daemon(), spared.unwrap_or_else(|| desktop.start_daemon())];
    }
    writers.end();
    (killed, daemons)
}

#[test]
fn through_two_hundred_kills_what_was_acknowledged_stays_and_the_rest_is_whole_or_absent() {
    let net = Namespaces::new();
    let [laptop, desktop] = [0, 1].map(|end| Home::within(&net.within(end)));
    laptop.init("laptop");
    pair(&laptop, &desktop, "desktop");
    for home in [&laptop, &desktop] {
        home.ingle(&["stop"]).ok();
    }
    let writers = Writers::default();
    let (killed, daemons, attempts) = thread::scope(|scope| {
        let (writers, laptop) = (&writers, &laptop);
        let writing: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || writers.write(laptop, writer))).collect();
        let (killed, daemons) = kill(laptop, &desktop, writers);
        let attempts: Vec<Attempt> = writing.into_iter().flat_map(|writer| writer.join().expect("it writes")).collect();
        (killed, daemons, attempts)
    });

    let in_flight = killed
        .iter()
        .filter(|killed| attempts.iter().any(|save| save.was_in_flight_at(**killed) && !save.was_answered()))
        .count();
    assert_eq!(killed.len(), KILLS);
    assert!(in_flight >= IN_FLIGHT, "{in_flight} of {KILLS} kills came while a save was in flight");
    let (list, heads) = meet([&laptop, &desktop]);
    assert!(!heads.as_array().expect("a list").is_empty());
    let unacknowledged = writers::check(&attempts, &writers::entries(&list)).expect("the journal keeps its word");
    println!(
        "{in_flight} of {KILLS} kills in flight; {} saves, {} acknowledged, {unacknowledged} kept without",
        attempts.len(),
        attempts.iter().filter(|attempt| attempt.was_answered()).count(),
    );
    drop(daemons);
}
