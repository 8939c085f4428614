//! The two yeses: each person sees the other device's name, and nothing goes on before both agreed.

use ingle_model::text::Label;

use super::{PairingError, PairingStep, message_v1::Message};

#[derive(Debug, Default)]
pub(super) struct Consent {
    their_name: Option<Label>,
    is_agreed_here: bool,
    is_agreed_there: bool,
}

impl Consent {
    pub(super) fn take(&mut self, message: Message) -> Result<Vec<PairingStep>, PairingError> {
        match message {
            Message::Name(name) if self.their_name.is_none() => {
                self.their_name = Some(name.clone());
                Ok(vec![PairingStep::Ask { name }])
            }
            Message::Yes if self.their_name.is_some() && !self.is_agreed_there => {
                self.is_agreed_there = true;
                Ok(Vec::new())
            }
            _ => Err(PairingError::OutOfOrder),
        }
    }

    pub(super) fn answer(&mut self, accept: bool) -> Result<Vec<PairingStep>, PairingError> {
        match (accept, self.is_agreed_here || self.their_name.is_none()) {
            (_, true) => Ok(Vec::new()),
            (false, false) => Err(PairingError::DeclinedHere),
            (true, false) => {
                self.is_agreed_here = true;
                Ok(vec![PairingStep::Send(Message::Yes.encode())])
            }
        }
    }

    /// The other device's name, once both said yes.
    pub(super) fn both(&self) -> Option<&Label> {
        self.their_name.as_ref().filter(|_| self.is_agreed_here && self.is_agreed_there)
    }
}
