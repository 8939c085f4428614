//! What can come of pairing other than a pair, as the person reads it.

use ingle_api::{Failure, FailureKind};
use ingle_core::pairing::{PairingError, Reason};
use iroh::endpoint::{ConnectError, ConnectingError, Connection, ConnectionError, TransportErrorCode};

use crate::link::CloseCode;

/// The TLS alert that says: no protocol in common (RFC 7301).
const NO_APPLICATION_PROTOCOL: u8 = 120;

pub fn unreachable() -> Failure {
    Failure::new(
        FailureKind::Pairing,
        "the other device could not be reached",
        "see that both are on and in the same network, then run \"ingle pair\" there again",
    )
}

pub fn no_port() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "no network port could be opened",
        "see whether a firewall or another program keeps Ingle from the network",
    )
}

pub fn used() -> Failure {
    Failure::new(FailureKind::Pairing, "that ticket was used already", "make a fresh one with \"ingle pair\"")
}

pub fn not_open() -> Failure {
    Failure::new(
        FailureKind::Pairing,
        "that ticket is no longer open",
        "make a fresh one with \"ingle pair\", and leave it waiting",
    )
}

pub fn busy() -> Failure {
    Failure::new(
        FailureKind::Pairing,
        "another device is using that ticket right now",
        "answer there, or make a fresh one with \"ingle pair\"",
    )
}

pub fn only_readdress() -> Failure {
    Failure::new(
        FailureKind::Pairing,
        "that ticket is for a device that is paired already",
        "to pair this one, run \"ingle pair\" there, without --readdress",
    )
}

pub fn declined_there() -> Failure {
    Failure::new(
        FailureKind::Declined,
        "the other device declined; nothing was shared",
        "to try again, run \"ingle pair\" there",
    )
}

pub fn declined_here() -> Failure {
    Failure::new(FailureKind::Declined, "you declined; nothing was shared", "to try again, run \"ingle pair\"")
}

pub fn no_answer_here() -> Failure {
    Failure::new(
        FailureKind::Pairing,
        "nobody answered here for five minutes; nothing was shared",
        "to try again, run \"ingle pair\"",
    )
}

pub fn nobody_came() -> Failure {
    Failure::new(FailureKind::Pairing, "the ticket has expired, and nobody used it", "to try again, run \"ingle pair\"")
}

pub fn broken_off() -> Failure {
    Failure::new(
        FailureKind::Pairing,
        "the other device went away before pairing was done",
        "to try again, run \"ingle pair\"",
    )
}

pub fn stalled() -> Failure {
    Failure::new(
        FailureKind::Pairing,
        "the other device stopped answering before pairing was done",
        "see that it is on, and in the same network; to try again, run \"ingle pair\"",
    )
}

pub fn not_proven() -> Failure {
    Failure::new(
        FailureKind::Pairing,
        "the other device could not prove that the ticket is the same; nothing was shared",
        "make a fresh ticket with \"ingle pair\"",
    )
}

/// How the protocol ended.
pub fn protocol(why: &PairingError) -> Failure {
    match why {
        PairingError::WrongSecret => not_proven(),
        PairingError::DeclinedHere => declined_here(),
        PairingError::DeclinedThere => declined_there(),
        PairingError::NotInviting | PairingError::StoppedThere(Reason::NotInviting) => not_open(),
        PairingError::Garbage | PairingError::OutOfOrder | PairingError::Roster(_) => Failure::new(
            FailureKind::Pairing,
            "what the other device said doesn't belong to a pairing; nothing was taken from it",
            "see that it is your own device, and make a fresh ticket with \"ingle pair\"",
        ),
        PairingError::NotSaved | PairingError::StoppedThere(_) => Failure::new(
            FailureKind::Pairing,
            "the other device could not go on with the pairing",
            "look at what it says there, then run \"ingle pair\" again",
        ),
    }
}

pub fn burnt() -> Failure {
    Failure::new(
        FailureKind::Pairing,
        "the ticket was tried three times without success and is closed now; nothing was shared",
        "make a fresh one with \"ingle pair\", and give it only to your own device",
    )
}

pub fn other_version() -> Failure {
    Failure::new(
        FailureKind::Version,
        "the other device has another version of Ingle",
        "bring both devices to the same version, then run \"ingle pair\" again",
    )
}

pub fn closing() -> Failure {
    Failure::new(FailureKind::Unavailable, "Ingle is closing its journal", "try again in a moment")
}

/// What the other side is told of the way in which pairing ended here.
pub fn code(failure: &Failure) -> CloseCode {
    if failure.kind == FailureKind::Declined {
        CloseCode::Declined
    } else if *failure == not_proven() {
        CloseCode::NotProven
    } else {
        CloseCode::Bye
    }
}

/// Why no connection came about.
pub fn not_connected(error: &ConnectError) -> Failure {
    let cause = match error {
        ConnectError::Connection { source, .. } => Some(source),
        ConnectError::Connecting { source: ConnectingError::ConnectionError { source, .. }, .. } => Some(source),
        _ => None,
    };
    cause.and_then(told).unwrap_or_else(unreachable)
}

/// Why the other side closed the connection, or that it is gone.
pub fn hung_up(connection: &Connection) -> Failure {
    connection.close_reason().as_ref().and_then(told).unwrap_or_else(broken_off)
}

fn told(error: &ConnectionError) -> Option<Failure> {
    if let ConnectionError::ConnectionClosed(close) = error
        && close.error_code == TransportErrorCode::crypto(NO_APPLICATION_PROTOCOL)
    {
        return Some(other_version());
    }
    match CloseCode::told(error)? {
        CloseCode::TicketUsed => Some(used()),
        CloseCode::TicketUnknown => Some(not_open()),
        CloseCode::Busy => Some(busy()),
        CloseCode::Declined => Some(declined_there()),
        CloseCode::NotProven => Some(not_proven()),
        CloseCode::Bye
        | CloseCode::Duplicate
        | CloseCode::Stranger
        | CloseCode::Broken
        | CloseCode::Closed
        | CloseCode::Silent => None,
    }
}
