//! One pairing connection and the person beside it, with their limits.
//!
//! What may not live here: what the frames say.

use std::time::Duration;

use ingle_api::{Event, Failure, FailureKind};
use ingle_core::pairing::{self, MAX_CHAIN_BYTES, PairingError, PairingStep};
use iroh::endpoint::{Connection, RecvStream, SendStream};
use tokio::{sync::mpsc, time::timeout};

use super::failures;
use crate::link::{CloseCode, FrameError, read_frame, write_frame};

/// How long one step of the protocol may take.
pub const STEP: Duration = Duration::from_secs(30);
/// How long a person may take to answer.
pub const PERSON: Duration = Duration::from_secs(300);
/// How long the last frames may take to arrive.
pub const GOODBYE: Duration = Duration::from_secs(5);

pub struct Talk {
    pub connection: Connection,
    send: SendStream,
    receive: RecvStream,
}

impl Talk {
    pub fn new(connection: Connection, send: SendStream, receive: RecvStream) -> Self {
        Self { connection, send, receive }
    }

    /// What ties a proof to this connection and no other.
    pub fn tie(&self, own_link: &[u8; 32]) -> Result<pairing::Connection, Failure> {
        let mut exporter = [0; 32];
        let exported = self.connection.export_keying_material(&mut exporter, b"ingle pairing", b"");
        exported.map_err(|_| failures::broken_off())?;
        let peer_link = *self.connection.remote_id().as_bytes();
        Ok(pairing::Connection { own_link: *own_link, peer_link, exporter })
    }

    /// What the protocol says to do next. Its error is told to the other side.
    pub async fn judge(&mut self, steps: Result<Vec<PairingStep>, PairingError>) -> Result<Vec<PairingStep>, Failure> {
        match steps {
            Ok(steps) => Ok(steps),
            Err(why) => {
                self.part(&why).await;
                Err(failures::protocol(&why))
            }
        }
    }

    /// What became of a commit. Its failure is told to the other side.
    pub async fn saved<T>(&mut self, saved: Result<T, Failure>) -> Result<T, Failure> {
        if saved.is_err() {
            self.part(&PairingError::NotSaved).await;
        }
        saved
    }

    /// The connection is closed next, with a code that says about the same; whichever comes first is heard.
    async fn part(&mut self, why: &PairingError) {
        if let Some(farewell) = why.farewell() {
            drop(self.say(&farewell).await);
        }
    }

    pub async fn say(&mut self, frame: &[u8]) -> Result<(), Failure> {
        write_frame(&mut self.send, frame, STEP).await.map_err(|_| failures::hung_up(&self.connection))
    }

    /// The other side's next frame, within `limit`.
    pub async fn hear(&mut self, limit: Duration) -> Result<Vec<u8>, Failure> {
        match timeout(limit, read_frame(&mut self.receive, MAX_CHAIN_BYTES, STEP)).await {
            Ok(Ok(Some(frame))) => Ok(frame),
            Ok(Err(FrameError::TooLong(_))) => {
                CloseCode::Broken.close(&self.connection);
                Err(failures::protocol(&PairingError::Garbage))
            }
            Ok(Err(FrameError::Stalled)) | Err(_) => {
                CloseCode::Broken.close(&self.connection);
                Err(failures::stalled())
            }
            // The reason for the stream's end comes with the connection's.
            Ok(Ok(None) | Err(FrameError::Cut | FrameError::Lost(_))) => {
                drop(timeout(GOODBYE, self.connection.closed()).await);
                Err(failures::hung_up(&self.connection))
            }
        }
    }

    /// All is said on the side that was called: waits until the caller hangs up.
    pub async fn end_called(mut self) {
        if self.send.finish().is_ok() && timeout(GOODBYE, self.connection.closed()).await.is_err() {
            CloseCode::Bye.close(&self.connection);
        }
    }

    /// All is said on the side that called: waits until the other side has heard it, and hangs up.
    pub async fn end_calling(mut self) {
        if self.send.finish().is_ok() {
            // Its end of stream, or the end of the connection.
            drop(timeout(GOODBYE, read_frame(&mut self.receive, 0, GOODBYE)).await);
        }
        CloseCode::Bye.close(&self.connection);
    }
}

/// The person at this device, by way of the client that started the pairing.
pub struct Person {
    told: mpsc::Sender<Event>,
    answers: mpsc::Receiver<bool>,
}

/// The client has gone.
#[derive(Debug)]
pub struct Away;

impl From<Away> for Failure {
    /// Nobody is there to read it; it is only told to the log.
    fn from(_: Away) -> Self {
        Self::new(FailureKind::Pairing, "the program that started the pairing has gone", "start it again")
    }
}

impl Person {
    pub fn new(told: mpsc::Sender<Event>, answers: mpsc::Receiver<bool>) -> Self {
        Self { told, answers }
    }

    pub async fn tell(&self, event: Event) -> Result<(), Away> {
        self.told.send(event).await.map_err(|_| Away)
    }

    /// Does something for as long as the client is there.
    pub async fn beside<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Away> {
        tokio::select! {
            done = work => Ok(done),
            () = gone(&self.told, &mut self.answers) => Err(Away),
        }
    }

    /// Shows the other device's name and waits for a yes or a no.
    pub async fn ask(&mut self, name: String, talk: &Talk) -> Result<bool, Failure> {
        // An answer from before the question is none.
        while self.answers.try_recv().is_ok() {}
        self.tell(Event::Asks { name }).await?;
        tokio::select! {
            answer = self.answers.recv() => answer.ok_or(Away).map_err(Failure::from),
            _ = talk.connection.closed() => Err(failures::hung_up(&talk.connection)),
            () = tokio::time::sleep(PERSON) => Err(failures::no_answer_here()),
            () = self.told.closed() => Err(Away.into()),
        }
    }
}

async fn gone(told: &mpsc::Sender<Event>, answers: &mut mpsc::Receiver<bool>) {
    tokio::select! {
        () = told.closed() => {}
        // Answers to no question.
        () = async { while answers.recv().await.is_some() {} } => {}
    }
}
