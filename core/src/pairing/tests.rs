use super::*;
use crate::{
    random::Counting,
    seal::{EpochKey, SpaceKey},
    wrap::deterministic::Plain,
};

const EXPORTER: [u8; 32] = [9; 32];

/// Two devices with a connection between them, and both ends of a pairing.
struct Run {
    wrap: Plain,
    laptop: DeviceKeys,
    desktop: DeviceKeys,
    roster: Roster,
    inviter: Inviter,
    joiner: Joiner,
    /// To the joiner, to the inviter.
    sent: [Vec<Vec<u8>>; 2],
    log: Vec<String>,
}

#[derive(Clone, Copy)]
struct Setup {
    secrets: [u8; 2],
    exporters: [[u8; 32]; 2],
}

const SAME: Setup = Setup { secrets: [5, 5], exporters: [EXPORTER, EXPORTER] };

impl Run {
    fn new(setup: Setup) -> Self {
        let wrap = Plain::default();
        let random = &mut Counting::default();
        let laptop = DeviceKeys::generate_first(random, &wrap);
        let desktop = DeviceKeys::generate(random, &wrap);
        let (epoch, space) = (EpochKey::random(random), SpaceKey::random(random));
        let (roster, _) = Roster::first(&laptop, &epoch, &space, &wrap, random).unwrap();
        let (laptop_link, desktop_link) = (*laptop.member().link(), *desktop.member().link());
        let inviter_end = Connection { own_link: laptop_link, peer_link: desktop_link, exporter: setup.exporters[0] };
        let joiner_end = Connection { own_link: desktop_link, peer_link: laptop_link, exporter: setup.exporters[1] };
        let secrets = setup.secrets.map(|byte| TicketSecret::from_bytes([byte; 16]));
        let inviter = Inviter::start(&secrets[0], inviter_end, label("laptop"), random);
        let (joiner, hello) = Joiner::start(&secrets[1], joiner_end, label("desktop"), &desktop, random);
        let mut run =
            Self { wrap, laptop, desktop, roster, inviter, joiner, sent: Default::default(), log: Vec::new() };
        run.perform(false, hello);
        run
    }

    /// Does what a shell would, each person saying yes, and notes it. Ends when nothing is left to do.
    fn finish(&mut self) -> Result<(), PairingError> {
        self.finish_changing(|_, message| message)
    }

    /// The same, with somebody on the wire who may change every message; it is told which number a message is.
    fn finish_changing(&mut self, mut change: impl FnMut(usize, Vec<u8>) -> Vec<u8>) -> Result<(), PairingError> {
        let mut number = 0;
        loop {
            let to_inviter = !self.sent[1].is_empty();
            let Some(queue) = self.sent.iter_mut().rev().find(|queue| !queue.is_empty()) else { return Ok(()) };
            let message = change(number, queue.remove(0));
            number += 1;
            let steps = if to_inviter { self.inviter.handle(&message) } else { self.joiner.handle(&message) }?;
            self.perform(to_inviter, steps);
        }
    }

    fn perform(&mut self, is_inviter: bool, steps: Vec<PairingStep>) {
        let who = if is_inviter { "inviter" } else { "joiner" };
        for step in steps {
            let more = match step {
                PairingStep::Send(message) => {
                    self.log.push(format!("{who} sends {}", message[0]));
                    self.sent[usize::from(!is_inviter)].push(message);
                    continue;
                }
                PairingStep::Ask { name } => {
                    self.log.push(format!("{who} asks about {}", name.as_str()));
                    if is_inviter { self.inviter.answer(true) } else { self.joiner.answer(true) }
                }
                PairingStep::Invite(member) => {
                    self.log.push(format!("{who} adds"));
                    self.roster.add(&self.laptop, member, &self.wrap).unwrap();
                    let chain: Vec<Vec<u8>> = self.roster.records().map(|(_, bytes)| bytes.to_vec()).collect();
                    self.inviter.invited(&chain)
                }
                PairingStep::Adopt(roster) => {
                    self.log.push(format!("{who} adopts"));
                    assert_eq!(roster.heads(), self.roster.heads());
                    self.joiner.adopted()
                }
                PairingStep::Done { name } => {
                    self.log.push(format!("{who} is done with {}", name.as_str()));
                    continue;
                }
            };
            self.perform(is_inviter, more.unwrap());
        }
    }

    fn has_named_anyone(&self) -> bool {
        self.log.iter().any(|line| line.ends_with("sends 3") || line.contains("asks"))
    }
}

fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

fn sent(steps: Steps) -> Vec<u8> {
    match steps.unwrap().as_slice() {
        [PairingStep::Send(message)] => message.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_typist_proves_first_then_both_are_asked_then_keys_then_the_chain() {
    let mut run = Run::new(SAME);
    run.finish().unwrap();
    let expected = [
        "joiner sends 1",
        "inviter sends 1",
        "joiner sends 2",
        "inviter sends 2",
        "inviter sends 3",
        "joiner sends 3",
        "inviter asks about desktop",
        "inviter sends 4",
        "joiner asks about laptop",
        "joiner sends 4",
        "joiner sends 5",
        "inviter adds",
        "inviter sends 6",
        "joiner adopts",
        "joiner sends 7",
        "joiner is done with laptop",
        "inviter is done with desktop",
    ];
    assert_eq!(run.log, expected);
}

#[test]
fn the_messages_are_the_ones_of_the_golden_vector() {
    let mut messages = Vec::new();
    let mut run = Run::new(SAME);
    run.finish_changing(|_, message| {
        messages.push(message.clone());
        message
    })
    .unwrap();
    let parts: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    assert_eq!(
        Hash::of("test", &parts).to_string(),
        "c4a52ed003062a592bcbe97a62d2aa51289e30019118c33039528138ed31fe1a"
    );
}

#[test]
fn a_wrong_secret_is_refused_on_both_sides_before_any_name_is_sent() {
    let mut run = Run::new(Setup { secrets: [5, 6], ..SAME });
    let error = run.finish().unwrap_err();
    assert_eq!(error, PairingError::WrongSecret);
    assert!(!run.has_named_anyone());
    assert_eq!(run.joiner.handle(&error.farewell().unwrap()).unwrap_err(), PairingError::WrongSecret);
    assert_eq!(run.inviter.answer(true).unwrap_err(), PairingError::WrongSecret);
}

#[test]
fn an_inviter_that_does_not_know_the_secret_gets_no_name_either() {
    let mut run = Run::new(SAME);
    let hello = run.sent[1].remove(0);
    let hello = sent(run.inviter.handle(&hello));
    let proof = sent(run.joiner.handle(&hello));
    // The best that it can do is to send the joiner's own proof back, or to guess.
    for guess in [proof, [&[2][..], &[0; 32]].concat()] {
        let mut run = Run::new(SAME);
        sent(run.joiner.handle(&hello));
        assert_eq!(run.joiner.handle(&guess).unwrap_err(), PairingError::WrongSecret);
    }
}

#[test]
fn someone_between_two_connections_is_refused() {
    let mut run = Run::new(Setup { exporters: [EXPORTER, [8; 32]], ..SAME });
    assert_eq!(run.finish().unwrap_err(), PairingError::WrongSecret);
    assert!(!run.has_named_anyone());
}

#[test]
fn a_no_on_either_side_ends_it_before_any_key_moves() {
    for is_inviter in [true, false] {
        let mut run = Run::new(SAME);
        let hello = run.sent[1].remove(0);
        let hello = sent(run.inviter.handle(&hello));
        let proof = sent(run.joiner.handle(&hello));
        let steps = run.inviter.handle(&proof).unwrap();
        let [PairingStep::Send(proof), PairingStep::Send(laptop)] = steps.as_slice() else { panic!("{steps:?}") };
        let desktop = sent(run.joiner.handle(proof));
        run.inviter.handle(&desktop).unwrap();
        run.joiner.handle(laptop).unwrap();

        // The other one's yes is there already.
        let no = if is_inviter {
            let yes = sent(run.joiner.answer(true));
            assert!(run.inviter.handle(&yes).unwrap().is_empty());
            run.inviter.answer(false).unwrap_err()
        } else {
            let yes = sent(run.inviter.answer(true));
            assert!(run.joiner.handle(&yes).unwrap().is_empty());
            run.joiner.answer(false).unwrap_err()
        };
        assert_eq!(no, PairingError::DeclinedHere);
        let farewell = no.farewell().unwrap();
        let there = if is_inviter { run.joiner.handle(&farewell) } else { run.inviter.handle(&farewell) };
        assert_eq!(there.unwrap_err(), PairingError::DeclinedThere);
        let late = if is_inviter { run.joiner.answer(true) } else { run.inviter.answer(true) };
        assert_eq!(late.unwrap_err(), PairingError::DeclinedThere);
        assert_eq!(run.roster.members().count(), 1);
    }
}

#[test]
fn an_answer_that_nobody_asked_for_counts_for_nothing() {
    let mut run = Run::new(SAME);
    assert!(run.inviter.answer(true).unwrap().is_empty());
    assert!(run.joiner.answer(true).unwrap().is_empty());
    run.finish().unwrap();
    assert_eq!(run.log.iter().filter(|line| line.contains("asks")).count(), 2);
}

#[test]
fn every_message_with_a_byte_changed_ends_in_an_error_or_changes_only_a_name() {
    let mut lengths = Vec::new();
    Run::new(SAME)
        .finish_changing(|_, message| {
            lengths.push(message.len());
            message
        })
        .unwrap();
    assert_eq!(lengths.len(), 11);
    let mut seed = 1_u32;
    for (number, length) in lengths.into_iter().enumerate() {
        for at in 0..length {
            // A linear congruential generator (Numerical Recipes) picks the bit.
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let bit = seed >> 29;
            let mut run = Run::new(SAME);
            let mut is_name = false;
            let end = run.finish_changing(|current, mut message| {
                if current == number {
                    is_name = message[0] == 3 && at > 0;
                    message[at] ^= 1 << bit;
                }
                message
            });
            // TLS guards names on the wire; here only that nothing breaks.
            assert!(end.is_err() || is_name, "message {number}, byte {at}, bit {bit}");
            let is_whole = run.log.iter().any(|line| line.contains("joiner is done"));
            assert!(is_name || !is_whole || number == 10, "message {number}, byte {at}, bit {bit}");
        }
    }
}

#[test]
fn garbage_at_every_step_is_refused_and_ends_the_run_for_good() {
    let garbage: [&[u8]; 14] = [
        b"",
        b"\0",
        b"\x01",
        b"\x02short",
        b"\x03",
        b"\x03 padded ",
        b"\x03\xff\xfe",
        b"\x04more",
        b"\x05",
        b"\x06",
        b"\x06\xff\xff",
        b"\x06\0\x01\xff\xff\xff\xff",
        b"\x08\0",
        &[3; 2000],
    ];
    for bad in garbage {
        for step in 0..11 {
            let mut run = Run::new(SAME);
            let end = run.finish_changing(|number, message| if number == step { bad.to_vec() } else { message });
            assert_eq!(end, Err(PairingError::Garbage), "step {step}, {bad:?}");
        }
    }
    let mut run = Run::new(SAME);
    let hello = run.sent[1][0].clone();
    assert_eq!(run.inviter.handle(b"").unwrap_err(), PairingError::Garbage);
    assert_eq!(run.inviter.handle(&hello).unwrap_err(), PairingError::Garbage);
    assert_eq!(run.inviter.invited(&[]).unwrap_err(), PairingError::Garbage);
}

#[test]
fn a_message_out_of_its_turn_ends_the_run() {
    let mut all = Vec::new();
    Run::new(SAME)
        .finish_changing(|_, message| {
            all.push(message.clone());
            message
        })
        .unwrap();
    for step in 0..all.len() {
        for (other, message) in all.iter().enumerate().filter(|(_, message)| message[0] != all[step][0]) {
            let mut run = Run::new(SAME);
            let end = run.finish_changing(|number, own| if number == step { message.clone() } else { own });
            let is_too_long = message.len() > MAX_MESSAGE_BYTES;
            let expected = if is_too_long { PairingError::Garbage } else { PairingError::OutOfOrder };
            assert_eq!(end, Err(expected), "message {other} at step {step}");
        }
    }
}

#[test]
fn keys_that_are_not_the_connection_s_or_not_signed_for_it_are_refused() {
    let run = Run::new(SAME);
    let (desktop, laptop) = (&run.desktop, &run.laptop);
    let (here, own) = (run.joiner.connection, desktop.member());
    let elsewhere = Connection { exporter: [1; 32], ..here };
    let other_link = Member::new(*own.sign(), *laptop.member().link(), own.seal().clone());
    let forge = |member: &Member, keys: &DeviceKeys, connection: &Connection| {
        let signature = keys.sign(Purpose::Pairing, &claim(connection, member));
        Message::Member { member: member.clone(), signature }.encode()
    };
    let end = |keys: Vec<u8>| {
        let mut run = Run::new(SAME);
        let end = run.finish_changing(|_, message| if message[0] == 5 { keys.clone() } else { message });
        (end, run.roster.members().count())
    };
    assert_eq!(end(forge(own, desktop, &here)), (Ok(()), 2));
    for forged in [forge(&other_link, desktop, &here), forge(own, laptop, &here), forge(own, desktop, &elsewhere)] {
        assert_eq!(end(forged), (Err(PairingError::Garbage), 1));
    }
}

#[test]
fn a_chain_that_does_not_add_the_joiner_is_refused_by_it() {
    let mut run = Run::new(SAME);
    let first: Vec<Vec<u8>> = run.roster.records().map(|(_, bytes)| bytes.to_vec()).collect();
    let short = Message::Chain(first).encode();
    let end = run.finish_changing(|_, message| if message[0] == 6 { short.clone() } else { message });
    let error = end.unwrap_err();
    assert_eq!(error, PairingError::Roster(ChainRefused::NotAdded));
    let told = run.inviter.handle(&error.farewell().unwrap()).unwrap_err();
    assert_eq!(told, PairingError::StoppedThere(Reason::Roster));
    assert_eq!(told.farewell(), None);
}

#[test]
fn before_the_chain_no_message_may_be_long() {
    let mut run = Run::new(SAME);
    assert_eq!(run.joiner.message_limit(), MAX_MESSAGE_BYTES);
    let long = vec![1; MAX_MESSAGE_BYTES + 1];
    assert_eq!(run.inviter.handle(&long).unwrap_err(), PairingError::Garbage);
    assert_eq!(run.joiner.handle(&long).unwrap_err(), PairingError::Garbage);
}

#[test]
fn neither_names_nor_the_secret_show_in_debug_output() {
    let mut run = Run::new(SAME);
    let hello = run.sent[1].remove(0);
    let hello = sent(run.inviter.handle(&hello));
    let proof = sent(run.joiner.handle(&hello));
    let steps = run.inviter.handle(&proof).unwrap();
    let shown = format!("{:?} {:?} {steps:?} {:?}", run.inviter, run.joiner, TicketSecret::from_bytes([5; 16]));
    for hidden in ["laptop", "desktop", "108, 97", "5, 5"] {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
}
