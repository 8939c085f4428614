//! The door that a ticket opens: while it stands open, callers that show the ticket's number come through, one at a time.
//!
//! What may not live here: what is said with them ([`crate::pairing`]).

use std::{net::SocketAddr, sync::Arc};

use iroh::{
    EndpointId,
    endpoint::{Connection, RecvStream, SendStream},
};
use tokio::sync::{mpsc, watch};

use super::{threshold::Expected, ticket::TicketNumber};

/// Spent numbers that are remembered, the newest ones.
const SPENT: usize = 32;

/// A caller that has shown the number of the open ticket. Whether it has the secret is not known yet.
#[derive(Debug)]
pub struct Call {
    pub connection: Connection,
    pub send: SendStream,
    pub receive: RecvStream,
}

pub(super) struct OpenDoor {
    pub number: TicketNumber,
    pub calls: mpsc::Sender<Call>,
}

/// Closed by dropping it; with no other device to talk with, the port closes too.
pub struct Door {
    number: TicketNumber,
    calls: mpsc::Receiver<Call>,
    expected: Arc<watch::Sender<Expected>>,
    /// This device's link key.
    pub maker: EndpointId,
    /// Where it can be called.
    pub addresses: Vec<SocketAddr>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Door(..)")
    }
}

impl Door {
    /// `None` when one stands open already.
    pub(super) fn open(
        number: TicketNumber,
        expected: &Arc<watch::Sender<Expected>>,
        maker: EndpointId,
        addresses: Vec<SocketAddr>,
    ) -> Option<Self> {
        let (sender, calls) = mpsc::channel(1);
        let is_first = expected.send_if_modified(|expected| {
            let is_first = expected.door.is_none();
            if is_first {
                expected.door = Some(OpenDoor { number, calls: sender });
            }
            is_first
        });
        is_first.then(|| Self { number, calls, expected: Arc::clone(expected), maker, addresses })
    }

    pub fn number(&self) -> TicketNumber {
        self.number
    }

    /// The next caller; `None` when the link has ended.
    pub async fn call(&mut self) -> Option<Call> {
        self.calls.recv().await
    }

    /// From now on bearers of this ticket are told that it was used.
    pub fn spend(&self) {
        self.expected.send_modify(|expected| {
            expected.spent.push_front(self.number);
            expected.spent.truncate(SPENT);
        });
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.expected.send_modify(|expected| expected.door = None);
    }
}
