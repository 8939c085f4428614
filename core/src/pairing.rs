//! Pairing by a one-use ticket: how a new device becomes a member. State machines without IO.
//!
//! ```text
//! joiner                                inviter
//! hello (SPAKE2)            ->
//!                           <-          hello (SPAKE2)
//! proof                     ->          who typed the secret proves it first
//!                           <-          proof, name
//! name                      ->
//!          each person sees the other's name, and says yes
//! yes                       <->         yes
//! keys, signed over this connection ->  commits the record "add"
//!                           <-          chain of records
//! commits the roster; done  ->
//! ```
//!
//! The connection is TLS between two link keys; SPAKE2 ties the secret to both of them and to the connection's exporter, so
//! that whoever sits between two connections has another exporter on each and learns nothing. The messages' version is the
//! connection's protocol name (ALPN). Expiry of tickets, counting of runs, time limits and framing are the shell's. Any error
//! ends a run for good: the shell sends [`PairingError::farewell`], closes, and burns the ticket.

use std::{fmt, mem};

use ingle_model::text::Label;
use zeroize::Zeroizing;

use crate::{
    keys::{DeviceKeys, Purpose, verify},
    random::Random,
    roster::{ChainRefused, Member, Roster},
    seal::Hash,
};

mod consent;
mod message_v1;
mod proof;
#[cfg(test)]
mod tests;

use consent::Consent;
use message_v1::Message;
pub use message_v1::{MAX_CHAIN_BYTES, MAX_MESSAGE_BYTES, Reason};
use proof::{Exchange, Proofs, Role};

/// What a ticket holds beside the address: opens one pairing, once.
#[derive(Clone)]
pub struct TicketSecret(Zeroizing<[u8; 16]>);

impl TicketSecret {
    pub fn random(random: &mut dyn Random) -> Self {
        Self(Zeroizing::new(random.bytes()))
    }

    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for TicketSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketSecret(..)")
    }
}

/// What makes a connection this one and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    pub own_link: [u8; 32],
    pub peer_link: [u8; 32],
    /// Keying material that TLS exports (RFC 8446, section 7.5): the same on both ends, another on every connection.
    pub exporter: [u8; 32],
}

/// What the shell is to do, in this order.
#[derive(Clone)]
pub enum PairingStep {
    Send(Vec<u8>),
    /// Show the other device's name, ask the person, and give their `answer`.
    Ask {
        name: Label,
    },
    /// Inviter: commit the record that adds this member, then call [`Inviter::invited`].
    Invite(Member),
    /// Joiner: commit the roster, then call [`Joiner::adopted`].
    Adopt(Box<Roster>),
    Done {
        name: Label,
    },
}

/// Shows no message: some hold names.
impl fmt::Debug for PairingStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(message) => write!(f, "Send({} bytes)", message.len()),
            Self::Ask { .. } => f.write_str("Ask"),
            Self::Invite(member) => write!(f, "Invite({})", member.device()),
            Self::Adopt(roster) => write!(f, "Adopt({})", roster.first_hash()),
            Self::Done { .. } => f.write_str("Done"),
        }
    }
}

/// Why a run ended. It stays ended: every later call gives the same error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PairingError {
    /// Or someone sits between the two devices: the two look the same.
    #[error("the secret isn't the one of this invitation")]
    WrongSecret,
    #[error("it was declined on this device")]
    DeclinedHere,
    #[error("it was declined on the other device")]
    DeclinedThere,
    #[error("the other device sent something that can't be read")]
    Garbage,
    #[error("a pairing message or step came out of its turn")]
    OutOfOrder,
    #[error("the other device's list of devices doesn't hold: {0}")]
    Roster(#[from] ChainRefused),
    /// For the shell: a connection came while no invitation was open.
    #[error("no invitation is open")]
    NotInviting,
    /// For the shell: a commit did not succeed.
    #[error("this device couldn't save the pairing")]
    NotSaved,
    #[error("the other device ended the pairing")]
    StoppedThere(Reason),
}

impl PairingError {
    /// What to tell the other device before closing. Nothing, where it was the one to end it.
    pub fn farewell(&self) -> Option<Vec<u8>> {
        let reason = match self {
            Self::WrongSecret => Reason::WrongSecret,
            Self::DeclinedHere => Reason::Declined,
            Self::Garbage => Reason::Garbage,
            Self::OutOfOrder => Reason::OutOfOrder,
            Self::Roster(_) => Reason::Roster,
            Self::NotInviting => Reason::NotInviting,
            Self::NotSaved => Reason::NotSaved,
            Self::DeclinedThere | Self::StoppedThere(_) => return None,
        };
        Some(Message::Farewell(reason).encode())
    }

    fn told(reason: Reason) -> Self {
        match reason {
            Reason::WrongSecret => Self::WrongSecret,
            Reason::Declined => Self::DeclinedThere,
            reason => Self::StoppedThere(reason),
        }
    }
}

type Steps = Result<Vec<PairingStep>, PairingError>;

/// The device that is a member already and showed the ticket.
#[derive(Debug)]
pub struct Inviter {
    connection: Connection,
    own_name: Label,
    stage: InviterStage,
}

#[derive(Debug)]
enum InviterStage {
    Hello(Exchange),
    Proof(Proofs),
    Consent(Consent),
    Member(Label),
    Inviting(Label),
    Adopting(Label),
    Over(PairingError),
}

impl Inviter {
    pub fn start(secret: &TicketSecret, connection: Connection, own_name: Label, random: &mut dyn Random) -> Self {
        let exchange = Exchange::start(Role::Inviter, secret, &connection, random);
        Self { connection, own_name, stage: InviterStage::Hello(exchange) }
    }

    /// Takes a message of the joiner.
    pub fn handle(&mut self, message: &[u8]) -> Steps {
        self.advance(|stage, own| own.take(stage, message_v1::incoming(message, MAX_MESSAGE_BYTES)?))
    }

    /// What the person said when asked. An answer that nobody asked for, or a second one, counts for nothing.
    pub fn answer(&mut self, accept: bool) -> Steps {
        self.advance(|stage, _| match stage {
            InviterStage::Consent(mut consent) => {
                let steps = consent.answer(accept)?;
                Ok((Self::after(consent), steps))
            }
            InviterStage::Over(error) => Err(error),
            stage => Ok((stage, Vec::new())),
        })
    }

    /// The record that adds the joiner is on disk; `chain` is all records of the roster.
    pub fn invited(&mut self, chain: &[Vec<u8>]) -> Steps {
        self.advance(|stage, _| match stage {
            InviterStage::Inviting(name) => {
                Ok((InviterStage::Adopting(name), vec![PairingStep::Send(Message::Chain(chain.to_vec()).encode())]))
            }
            InviterStage::Over(error) => Err(error),
            _ => Err(PairingError::OutOfOrder),
        })
    }

    fn take(&self, stage: InviterStage, message: Message) -> Result<(InviterStage, Vec<PairingStep>), PairingError> {
        match (stage, message) {
            (InviterStage::Over(error), _) => Err(error),
            (InviterStage::Hello(exchange), Message::Hello(theirs)) => {
                let hello = Message::Hello(exchange.hello()).encode();
                let proofs = exchange.finish(&theirs).ok_or(PairingError::Garbage)?;
                Ok((InviterStage::Proof(proofs), vec![PairingStep::Send(hello)]))
            }
            (InviterStage::Proof(proofs), Message::Proof(theirs)) => {
                if !proofs.is_proof_of(Role::Joiner, &theirs) {
                    return Err(PairingError::WrongSecret);
                }
                let proof = Message::Proof(proofs.proof_of(Role::Inviter)).encode();
                let name = Message::Name(self.own_name.clone()).encode();
                let steps = vec![PairingStep::Send(proof), PairingStep::Send(name)];
                Ok((InviterStage::Consent(Consent::default()), steps))
            }
            (InviterStage::Consent(mut consent), message) => {
                let steps = consent.take(message)?;
                Ok((Self::after(consent), steps))
            }
            (InviterStage::Member(name), Message::Member { member, signature }) => {
                let is_its_own = member.link() == &self.connection.peer_link
                    && verify(Purpose::Pairing, member.sign(), &claim(&self.connection, &member), &signature);
                if !is_its_own {
                    return Err(PairingError::Garbage);
                }
                Ok((InviterStage::Inviting(name), vec![PairingStep::Invite(member)]))
            }
            (InviterStage::Adopting(name), Message::Done) => {
                Ok((InviterStage::Over(PairingError::OutOfOrder), vec![PairingStep::Done { name }]))
            }
            _ => Err(PairingError::OutOfOrder),
        }
    }

    fn after(consent: Consent) -> InviterStage {
        match consent.both() {
            Some(name) => InviterStage::Member(name.clone()),
            None => InviterStage::Consent(consent),
        }
    }

    fn advance(
        &mut self,
        step: impl FnOnce(InviterStage, &Self) -> Result<(InviterStage, Vec<PairingStep>), PairingError>,
    ) -> Steps {
        let stage = mem::replace(&mut self.stage, InviterStage::Over(PairingError::OutOfOrder));
        let (stage, steps) = match step(stage, self) {
            Ok((stage, steps)) => (stage, Ok(steps)),
            Err(error) => (InviterStage::Over(error.clone()), Err(error)),
        };
        self.stage = stage;
        steps
    }
}

/// The new device, into which the ticket was typed.
#[derive(Debug)]
pub struct Joiner {
    connection: Connection,
    own_name: Label,
    member: Member,
    signature: [u8; 64],
    stage: JoinerStage,
}

#[derive(Debug)]
enum JoinerStage {
    Hello(Exchange),
    Proof(Proofs),
    Consent(Consent),
    Chain(Label),
    Adopting(Label),
    Over(PairingError),
}

impl Joiner {
    /// Also gives the first message to send. `keys` are this device's, made before dialling.
    pub fn start(
        secret: &TicketSecret,
        connection: Connection,
        own_name: Label,
        keys: &DeviceKeys,
        random: &mut dyn Random,
    ) -> (Self, Vec<PairingStep>) {
        let exchange = Exchange::start(Role::Joiner, secret, &connection, random);
        let hello = PairingStep::Send(Message::Hello(exchange.hello()).encode());
        let member = keys.member().clone();
        let signature = keys.sign(Purpose::Pairing, &claim(&connection, &member));
        (Self { connection, own_name, member, signature, stage: JoinerStage::Hello(exchange) }, vec![hello])
    }

    /// Takes a message of the inviter. Messages may have [`Self::message_limit`] bytes.
    pub fn handle(&mut self, message: &[u8]) -> Steps {
        let limit = self.message_limit();
        self.advance(|stage, own| own.take(stage, message_v1::incoming(message, limit)?))
    }

    /// How long the next message may be.
    pub fn message_limit(&self) -> usize {
        if matches!(self.stage, JoinerStage::Chain(_)) { MAX_CHAIN_BYTES } else { MAX_MESSAGE_BYTES }
    }

    /// What the person said when asked. An answer that nobody asked for, or a second one, counts for nothing.
    pub fn answer(&mut self, accept: bool) -> Steps {
        self.advance(|stage, own| match stage {
            JoinerStage::Consent(mut consent) => {
                let steps = consent.answer(accept)?;
                Ok(own.after(consent, steps))
            }
            JoinerStage::Over(error) => Err(error),
            stage => Ok((stage, Vec::new())),
        })
    }

    /// The roster is on disk.
    pub fn adopted(&mut self) -> Steps {
        self.advance(|stage, _| match stage {
            JoinerStage::Adopting(name) => {
                let steps = vec![PairingStep::Send(Message::Done.encode()), PairingStep::Done { name }];
                Ok((JoinerStage::Over(PairingError::OutOfOrder), steps))
            }
            JoinerStage::Over(error) => Err(error),
            _ => Err(PairingError::OutOfOrder),
        })
    }

    fn take(&self, stage: JoinerStage, message: Message) -> Result<(JoinerStage, Vec<PairingStep>), PairingError> {
        match (stage, message) {
            (JoinerStage::Over(error), _) => Err(error),
            (JoinerStage::Hello(exchange), Message::Hello(theirs)) => {
                let proofs = exchange.finish(&theirs).ok_or(PairingError::Garbage)?;
                let proof = Message::Proof(proofs.proof_of(Role::Joiner)).encode();
                Ok((JoinerStage::Proof(proofs), vec![PairingStep::Send(proof)]))
            }
            (JoinerStage::Proof(proofs), Message::Proof(theirs)) => {
                if !proofs.is_proof_of(Role::Inviter, &theirs) {
                    return Err(PairingError::WrongSecret);
                }
                let name = Message::Name(self.own_name.clone()).encode();
                Ok((JoinerStage::Consent(Consent::default()), vec![PairingStep::Send(name)]))
            }
            (JoinerStage::Consent(mut consent), message) => {
                let steps = consent.take(message)?;
                Ok(self.after(consent, steps))
            }
            (JoinerStage::Chain(name), Message::Chain(records)) => {
                let roster = Roster::adopt(&records, &self.member, &self.connection.peer_link)?;
                Ok((JoinerStage::Adopting(name), vec![PairingStep::Adopt(Box::new(roster))]))
            }
            _ => Err(PairingError::OutOfOrder),
        }
    }

    /// Once both people said yes, and not before, this device's keys go out.
    fn after(&self, consent: Consent, mut steps: Vec<PairingStep>) -> (JoinerStage, Vec<PairingStep>) {
        let Some(name) = consent.both().cloned() else { return (JoinerStage::Consent(consent), steps) };
        let keys = Message::Member { member: self.member.clone(), signature: self.signature };
        steps.push(PairingStep::Send(keys.encode()));
        (JoinerStage::Chain(name), steps)
    }

    fn advance(
        &mut self,
        step: impl FnOnce(JoinerStage, &Self) -> Result<(JoinerStage, Vec<PairingStep>), PairingError>,
    ) -> Steps {
        let stage = mem::replace(&mut self.stage, JoinerStage::Over(PairingError::OutOfOrder));
        let (stage, steps) = match step(stage, self) {
            Ok((stage, steps)) => (stage, Ok(steps)),
            Err(error) => (JoinerStage::Over(error.clone()), Err(error)),
        };
        self.stage = stage;
        steps
    }
}

/// What a joiner signs: these keys, on this connection.
fn claim(connection: &Connection, member: &Member) -> Hash {
    Hash::of("ingle pairing keys v1", &[&connection.exporter, &member.to_bytes()])
}
