//! One caller's pairing: what it started, and the person's yes or no on its way there.

use ingle_api::{Event, Failure, FailureKind, Lock, request::Ticket};
use tokio::sync::mpsc;

use crate::journal::Journal;

/// What a connection remembers of its pairing. Dropping it takes the ticket back.
#[derive(Debug)]
pub struct PairingDesk {
    told: mpsc::Sender<Event>,
    answers: Option<mpsc::Sender<bool>>,
}

impl PairingDesk {
    /// Events of the pairing go to `told`.
    pub fn new(told: mpsc::Sender<Event>) -> Self {
        Self { told, answers: None }
    }

    /// Starts a pairing; a former one of this caller ends.
    pub fn pair(
        &mut self,
        journal: Journal,
        readdress: bool,
    ) -> impl Future<Output = Result<Ticket, Failure>> + Send + use<> {
        let (told, answers) = self.begin();
        async move { journal.pair(readdress, told, answers).await }
    }

    pub fn join(
        &mut self,
        journal: Journal,
        ticket: String,
        name: Option<String>,
        lock: Lock,
    ) -> impl Future<Output = Result<(), Failure>> + Send + use<> {
        let (told, answers) = self.begin();
        async move { crate::join::join(&journal, &ticket, name.as_deref(), lock, told, answers).await }
    }

    /// The person's answer to [`Event::Asks`].
    pub fn answer(&self, accept: bool) -> Result<(), Failure> {
        let is_taken = self.answers.as_ref().is_some_and(|answers| answers.try_send(accept).is_ok());
        if is_taken { Ok(()) } else { Err(nothing_asked()) }
    }

    fn begin(&mut self) -> (mpsc::Sender<Event>, mpsc::Receiver<bool>) {
        let (sender, answers) = mpsc::channel(1);
        self.answers = Some(sender);
        (self.told.clone(), answers)
    }
}

fn nothing_asked() -> Failure {
    Failure::new(FailureKind::Usage, "nothing was asked", "wait until the other device has called")
}
