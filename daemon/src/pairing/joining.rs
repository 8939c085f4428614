//! The side that uses the ticket.

use std::{collections::VecDeque, net::SocketAddr};

use ingle_api::{Event, Failure};
use ingle_core::{
    keys::DeviceKeys,
    pairing::{Joiner, PairingStep, TicketSecret},
    roster::Roster,
};
use ingle_model::Label;
use iroh::{Endpoint, EndpointAddr, TransportAddr};
use tokio::{sync::mpsc, time::timeout};

use super::{
    REACH, failures,
    talk::{GOODBYE, PERSON, Person, STEP, Talk},
};
use crate::{
    link::{PAIR, Purpose, Station, Ticket, write_frame},
    random::OsRandom,
};

/// What a device that was let in knows of the one that did it.
#[derive(Debug)]
pub struct Joined {
    /// The other device's name, as it was shown.
    pub name: String,
    /// Where it was reached; to be learnt, so that the link calls it there.
    pub addresses: Vec<SocketAddr>,
}

/// Uses a ticket to become a device of the journal whose device made it. `keys` are new and have never been used.
///
/// [`Event::Asks`] goes to `told`, the person's answer comes from `answers`; nothing else is told here. `adopt` is called once,
/// with the verified roster that this device is on; when it returns `Ok` the new journal is on the disk, and only then the other
/// device is told so. After an error of it the other device's roster names a device that does not exist.
pub async fn join<F, A>(
    ticket: &Ticket,
    keys: &DeviceKeys,
    name: &Label,
    station: &Station,
    told: mpsc::Sender<Event>,
    answers: mpsc::Receiver<bool>,
    adopt: F,
) -> Result<Joined, Failure>
where
    F: FnOnce(Roster) -> A,
    A: Future<Output = Result<(), Failure>>,
{
    let Purpose::Pair { number, secret } = &ticket.purpose else { return Err(failures::only_readdress()) };
    let mut person = Person::new(told, answers);
    let endpoint = station.open().await.map_err(|_| failures::no_port())?;
    let joined = async {
        let mut talk = person.beside(reach(&endpoint, ticket, number)).await??;
        let tie = talk.tie(keys.member().link())?;
        let secret = TicketSecret::from_bytes(**secret);
        let (mut joiner, first) = Joiner::start(&secret, tie, name.clone(), keys, &mut OsRandom);
        match converse(&mut joiner, first, &mut talk, &mut person, adopt).await {
            Ok(name) => {
                talk.end_calling().await;
                Ok(Joined { name, addresses: ticket.addresses.clone() })
            }
            Err(why) => {
                failures::code(&why).close(&talk.connection);
                Err(why)
            }
        }
    }
    .await;
    // Gives the port to the link that comes next; whether the goodbye is heard doesn't matter any more.
    drop(timeout(GOODBYE, endpoint.close()).await);
    joined
}

async fn reach(endpoint: &Endpoint, ticket: &Ticket, number: &[u8]) -> Result<Talk, Failure> {
    let address = EndpointAddr::new(ticket.maker).with_addrs(ticket.addresses.iter().copied().map(TransportAddr::Ip));
    let call = async {
        let connection = endpoint.connect(address, PAIR).await.map_err(|error| failures::not_connected(&error))?;
        let (mut send, receive) = connection.open_bi().await.map_err(|_| failures::hung_up(&connection))?;
        write_frame(&mut send, number, STEP).await.map_err(|_| failures::hung_up(&connection))?;
        Ok(Talk::new(connection, send, receive))
    };
    timeout(REACH, call).await.map_err(|_| failures::unreachable())?
}

async fn converse<F, A>(
    joiner: &mut Joiner,
    first: Vec<PairingStep>,
    talk: &mut Talk,
    person: &mut Person,
    adopt: F,
) -> Result<String, Failure>
where
    F: FnOnce(Roster) -> A,
    A: Future<Output = Result<(), Failure>>,
{
    let mut adopt = Some(adopt);
    let mut steps = VecDeque::from(first);
    let mut limit = STEP;
    loop {
        let Some(step) = steps.pop_front() else {
            let frame = person.beside(talk.hear(limit)).await??;
            steps.extend(talk.judge(joiner.handle(&frame)).await?);
            continue;
        };
        match step {
            PairingStep::Send(frame) => talk.say(&frame).await?,
            PairingStep::Ask { name } => {
                // From here on the other side may wait for its person.
                limit = PERSON + STEP;
                let accept = person.ask(name.into(), talk).await?;
                steps.extend(talk.judge(joiner.answer(accept)).await?);
            }
            PairingStep::Adopt(roster) => {
                let adopt = adopt.take().ok_or_else(failures::broken_off)?;
                talk.saved(adopt(*roster).await).await?;
                steps.extend(talk.judge(joiner.adopted()).await?);
            }
            PairingStep::Done { name } => return Ok(name.into()),
            PairingStep::Invite(_) => return Err(failures::broken_off()),
        }
    }
}
