//! Pairing over the network: a ticket is made here and used there, both people see the other device's name and say yes, and only
//! then keys move. The protocol itself is [`ingle_core::pairing`]; here are the connection, the limits and the people.
//!
//! [`pair`] is the side that makes the ticket, [`join`] the side that uses it, [`readdress`] a device that is paired already and
//! only learns where the other one is now.
//!
//! **Invariant:** a ticket lets one device in. It is dead after that, after three runs that were started and did not succeed,
//! after a no, after ten minutes, or when the client that asked for it goes.
//!
//! What may not live here: cryptography, how a journal is made or opened.

mod failures;
mod inviting;
mod joining;
mod talk;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ingle_api::{Event, Failure, request, status::LinkState};
use ingle_core::pairing::TicketSecret;
use ingle_model::DeviceId;
use iroh_tickets::Ticket as _;
use tokio::{
    sync::{broadcast, mpsc},
    time::{sleep, timeout},
};
use zeroize::Zeroizing;

pub use joining::{Joined, join};

use crate::{
    link::{
        Engine, Links,
        ticket::{LIFETIME_S, Purpose, Ticket},
    },
    random,
};

/// How long a device that a ticket leads to may take to answer.
const REACH: Duration = Duration::from_secs(15);

/// Makes a ticket. The rest happens on the link's tasks: [`Event::Asks`] goes to `told`, the person's answer comes from `answers`,
/// and [`Event::Paired`] or [`Event::PairingEnded`] is the last event. Dropping the receiver of `told` or the sender of `answers`
/// takes the ticket back.
pub async fn pair<E: Engine>(
    engine: E,
    links: Links,
    readdress: bool,
    told: mpsc::Sender<Event>,
    answers: mpsc::Receiver<bool>,
) -> Result<request::Ticket, Failure> {
    let expires = now() + LIFETIME_S;
    let ticket = if readdress {
        let events = engine.events();
        let (maker, addresses) = links.whereabouts().await?;
        links.spawn(async move { tell_when_linked(events, told).await });
        Ticket { maker, expires, purpose: Purpose::Readdress, addresses }
    } else {
        let secret = Zeroizing::new(random::bytes());
        let door = links.open_door(random::bytes()).await?;
        let ticket = Ticket {
            maker: door.maker,
            expires,
            purpose: Purpose::Pair { number: door.number(), secret: secret.clone() },
            addresses: door.addresses.clone(),
        };
        let until = sleep(Duration::from_secs(LIFETIME_S));
        links.clone().spawn(inviting::serve(
            engine,
            links,
            door,
            TicketSecret::from_bytes(*secret),
            until,
            told,
            answers,
        ));
        ticket
    };
    Ok(request::Ticket { ticket: ticket.encode_string(), expires_in_s: LIFETIME_S })
}

/// Reads a ticket that the person gave. `own` is this device's link key, if it has one.
pub fn read(text: &str, own: Option<&[u8; 32]>) -> Result<Ticket, Failure> {
    Ok(Ticket::read(text, now(), own)?)
}

/// If the ticket was made by a device of this journal, that device. Then [`readdress`] is all there is to do.
pub async fn known_maker<E: Engine>(engine: &E, ticket: &Ticket) -> Result<Option<DeviceId>, Failure> {
    let members = engine.members().await?;
    Ok(members.into_iter().find(|member| member.link() == ticket.maker.as_bytes()).map(|member| member.device()))
}

/// Learns a paired device's addresses from its ticket and calls it. Returns when it is linked.
pub async fn readdress<E: Engine>(engine: &E, links: &Links, device: DeviceId, ticket: &Ticket) -> Result<(), Failure> {
    engine.learn_addresses(device, ticket.addresses.clone()).await;
    let mut linked = links.linked();
    links.call(device).await;
    match timeout(REACH, linked.wait_for(|linked| linked.contains(&device))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(failures::unreachable()),
    }
}

/// After a readdress ticket was made: the device that calls next is the one that it was for.
async fn tell_when_linked(mut events: broadcast::Receiver<Event>, told: mpsc::Sender<Event>) {
    let linked = async {
        loop {
            match events.recv().await {
                Ok(Event::Link { device, state: LinkState::Up }) => return Event::Paired { paired: device },
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return Event::pairing_ended(failures::closing()),
            }
        }
    };
    let last = tokio::select! {
        event = linked => event,
        () = sleep(Duration::from_secs(LIFETIME_S)) => Event::pairing_ended(failures::nobody_came()),
        () = told.closed() => return,
    };
    // The client may have gone in this moment.
    drop(told.send(last).await);
}

/// Seconds since 1970 UTC. A clock before that makes tickets that expire at once elsewhere, and nothing worse.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
