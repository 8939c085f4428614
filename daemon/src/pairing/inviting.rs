//! The side that made the ticket.

use std::collections::VecDeque;

use ingle_api::{Event, Failure};
use ingle_core::pairing::{Inviter, PairingStep, TicketSecret};
use ingle_model::Label;
use tokio::{sync::mpsc, time::Sleep};

use super::{
    failures,
    talk::{PERSON, Person, STEP, Talk},
};
use crate::{
    link::{Call, Door, Engine, Links, remote_address},
    random::OsRandom,
};

/// Runs that may be started with one ticket.
const RUNS: u32 = 3;

/// How one run ended without a pair.
struct BrokenRun {
    why: Failure,
    /// The person here has seen the other's name, so the ticket ends with the run.
    was_asked: bool,
}

/// Waits at the door for the other device, and tells the person how it ends.
pub async fn serve<E: Engine>(
    engine: E,
    links: Links,
    mut door: Door,
    secret: TicketSecret,
    until: Sleep,
    told: mpsc::Sender<Event>,
    answers: mpsc::Receiver<bool>,
) {
    let mut person = Person::new(told, answers);
    tokio::pin!(until);
    let mut runs = 0;
    let last = loop {
        let call = tokio::select! {
            call = person.beside(door.call()) => match call {
                Ok(Some(call)) => call,
                Ok(None) => break Event::pairing_ended(failures::closing()),
                // The client has gone, and the ticket with it.
                Err(_) => return,
            },
            () = &mut until => break Event::pairing_ended(failures::nobody_came()),
        };
        runs += 1;
        match run(&engine, &links, call, &secret, &mut person).await {
            Ok(name) => {
                door.spend();
                break Event::Paired { paired: name };
            }
            Err(BrokenRun { why, was_asked }) => {
                tracing::info!(kind = ?why.kind, runs, was_asked, "a run of pairing ended without a pair");
                if was_asked {
                    door.spend();
                    break Event::pairing_ended(why);
                }
                if runs == RUNS {
                    door.spend();
                    break Event::pairing_ended(failures::burnt());
                }
            }
        }
    };
    drop(door);
    // The client may have gone in this moment.
    drop(person.tell(last).await);
}

async fn run<E: Engine>(
    engine: &E,
    links: &Links,
    call: Call,
    secret: &TicketSecret,
    person: &mut Person,
) -> Result<String, BrokenRun> {
    let Call { connection, send, receive } = call;
    let mut talk = Talk::new(connection.clone(), send, receive);
    let mut was_asked = false;
    match converse(engine, links, &mut talk, secret, person, &mut was_asked).await {
        Ok(name) => {
            talk.end_called().await;
            Ok(name)
        }
        Err(why) => {
            failures::code(&why).close(&connection);
            Err(BrokenRun { why, was_asked })
        }
    }
}

async fn converse<E: Engine>(
    engine: &E,
    links: &Links,
    talk: &mut Talk,
    secret: &TicketSecret,
    person: &mut Person,
    was_asked: &mut bool,
) -> Result<String, Failure> {
    let name = Label::new(&engine.name().await?).map_err(|_| failures::closing())?;
    let mut inviter = Inviter::start(secret, talk.tie(engine.own().link())?, name, &mut OsRandom);
    let mut steps = VecDeque::new();
    loop {
        let Some(step) = steps.pop_front() else {
            let limit = if *was_asked { PERSON } else { STEP };
            let frame = person.beside(talk.hear(limit)).await??;
            steps.extend(talk.judge(inviter.handle(&frame)).await?);
            continue;
        };
        match step {
            PairingStep::Send(frame) => talk.say(&frame).await?,
            PairingStep::Ask { name } => {
                *was_asked = true;
                let accept = person.ask(name.into(), talk).await?;
                steps.extend(talk.judge(inviter.answer(accept)).await?);
            }
            PairingStep::Invite(member) => {
                let device = member.device();
                let chain = talk.saved(engine.invite(member).await).await?;
                if let Some(address) = remote_address(&talk.connection) {
                    engine.learn_addresses(device, vec![address]).await;
                }
                links.call(device).await;
                steps.extend(talk.judge(inviter.invited(&chain)).await?);
            }
            PairingStep::Done { name } => return Ok(name.into()),
            PairingStep::Adopt(_) => return Err(failures::broken_off()),
        }
    }
}
