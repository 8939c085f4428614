//! Who is let in: the few steps between an unknown caller and the task that may talk with it.
//!
//! A caller has ten seconds and one of eight places to show that it is a device of the roster, or has a ticket that is open.
//! What may not live here: calling others, frames beyond the first.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use iroh::{
    Endpoint,
    endpoint::{Connection, ConnectionError, Incoming, RecvStream, SendStream, VarInt},
};
use tokio::{
    sync::{Semaphore, mpsc, watch},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    door::{Call, OpenDoor},
    endpoint::{PAIR, SYNC},
    frames::read_frame,
    ticket::TicketNumber,
};

/// Callers that may stand on the threshold at once.
pub(super) const PLACES: usize = 8;
/// How long each may.
pub(super) const ADMISSION: Duration = Duration::from_secs(10);

/// Why a connection is closed, as the other side is told. The numbers are part of the protocol and are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCode {
    /// Nothing is wrong: the daemon stops, or the work is done.
    Bye,
    /// Another connection with the same device stays.
    Duplicate,
    /// The caller is not on the roster.
    Stranger,
    /// A frame too long, never ending, or where none belongs.
    Broken,
    /// The engine wants no more of this link.
    Closed,
    /// Nothing came back for too long.
    Silent,
    /// The ticket has done its work.
    TicketUsed,
    /// No ticket of that number is open here.
    TicketUnknown,
    /// Somebody else is being paired by that ticket.
    Busy,
    /// The person there said no, or went away.
    Declined,
    /// What was said did not prove that the ticket is known.
    NotProven,
}

impl CloseCode {
    const ALL: [Self; 11] = [
        Self::Bye,
        Self::Duplicate,
        Self::Stranger,
        Self::Broken,
        Self::Closed,
        Self::Silent,
        Self::TicketUsed,
        Self::TicketUnknown,
        Self::Busy,
        Self::Declined,
        Self::NotProven,
    ];

    const fn number(self) -> u32 {
        match self {
            Self::Bye => 0,
            Self::Duplicate => 1,
            Self::Stranger => 2,
            Self::Broken => 3,
            Self::Closed => 4,
            Self::Silent => 5,
            Self::TicketUsed => 6,
            Self::TicketUnknown => 7,
            Self::Busy => 8,
            Self::Declined => 9,
            Self::NotProven => 10,
        }
    }

    pub fn close(self, connection: &Connection) {
        connection.close(VarInt::from_u32(self.number()), b"");
    }

    /// What the other side said when it closed the connection.
    pub fn told(error: &ConnectionError) -> Option<Self> {
        let ConnectionError::ApplicationClosed(close) = error else { return None };
        Self::ALL.into_iter().find(|code| VarInt::from_u32(code.number()) == close.error_code)
    }
}

/// A member that has called and said hello; it waits for ours.
pub(super) struct Arrival {
    pub connection: Connection,
    pub send: SendStream,
    pub receive: RecvStream,
}

/// Who is expected.
#[derive(Default)]
pub(super) struct Expected {
    /// By link key.
    pub members: HashMap<[u8; 32], mpsc::Sender<Arrival>>,
    pub door: Option<OpenDoor>,
    /// Tickets that have done their work, so that a second bearer can be told.
    pub spent: VecDeque<TicketNumber>,
}

/// Lets callers in until the endpoint closes or `stop`.
pub(super) async fn guard(
    endpoint: Endpoint,
    expected: watch::Receiver<Expected>,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    let places = Arc::new(Semaphore::new(PLACES));
    while let Some(Some(incoming)) = stop.run_until_cancelled(endpoint.accept()).await {
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            incoming.refuse();
            continue;
        };
        let expected = expected.clone();
        let admission = async move {
            if timeout(ADMISSION, admit(incoming, expected)).await.is_err() {
                tracing::debug!("a caller took too long to say who it is");
            }
            drop(place);
        };
        let stop = stop.clone();
        tasks.spawn(async move { stop.run_until_cancelled(admission).await });
    }
}

/// Takes one caller as far as it gets. Whoever is dropped on the way is hung up on.
async fn admit(incoming: Incoming, expected: watch::Receiver<Expected>) {
    let Ok(connection) = incoming.await else { return };
    let refusal = match connection.alpn() {
        SYNC => admit_member(&connection, &expected).await,
        PAIR => admit_bearer(&connection, &expected).await,
        _ => Err(CloseCode::Broken),
    };
    if let Err(code) = refusal {
        tracing::debug!(?code, "a caller was refused");
        code.close(&connection);
    }
}

async fn admit_member(connection: &Connection, expected: &watch::Receiver<Expected>) -> Result<(), CloseCode> {
    let caller = *connection.remote_id().as_bytes();
    let peer = expected.borrow().members.get(&caller).cloned().ok_or(CloseCode::Stranger)?;
    let (send, mut receive) = connection.accept_bi().await.map_err(|_| CloseCode::Broken)?;
    match read_frame(&mut receive, 0, ADMISSION).await {
        Ok(Some(_)) => {}
        _ => return Err(CloseCode::Broken),
    }
    let arrival = Arrival { connection: connection.clone(), send, receive };
    peer.try_send(arrival).map_err(|_| CloseCode::Busy)
}

async fn admit_bearer(connection: &Connection, expected: &watch::Receiver<Expected>) -> Result<(), CloseCode> {
    if expected.borrow().door.is_none() && expected.borrow().spent.is_empty() {
        return Err(CloseCode::TicketUnknown);
    }
    let (send, mut receive) = connection.accept_bi().await.map_err(|_| CloseCode::Broken)?;
    let shown = match read_frame(&mut receive, size_of::<TicketNumber>(), ADMISSION).await {
        Ok(Some(shown)) => TicketNumber::try_from(shown).map_err(|_| CloseCode::Broken)?,
        _ => return Err(CloseCode::Broken),
    };
    let calls = {
        let expected = expected.borrow();
        match &expected.door {
            Some(door) if door.number == shown => door.calls.clone(),
            _ if expected.spent.contains(&shown) => return Err(CloseCode::TicketUsed),
            _ => return Err(CloseCode::TicketUnknown),
        }
    };
    let call = Call { connection: connection.clone(), send, receive };
    calls.try_send(call).map_err(|_| CloseCode::Busy)
}
