//! One caller: hello first, then one request after the other, events in between.
//!
//! What may not live here: what a request does ([`crate::requests`]).

use std::{pin::Pin, time::Duration};

use futures_util::{FutureExt, SinkExt, StreamExt};
use ingle_api::{
    API_VERSION, Event, Failure, FailureKind, Request,
    framing::{Call, MAX_REQUEST_BYTES, Message},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{broadcast, mpsc},
    time::timeout,
};
use tokio_util::{
    codec::{Framed, LinesCodec, LinesCodecError},
    sync::CancellationToken,
};

use crate::{journal::Journal, letters::Editors, pairing_desk::PairingDesk, requests, upgrade::Busy};

/// How long a caller may be silent before its hello.
const HELLO_LIMIT: Duration = Duration::from_secs(10);
/// How long an answer may take once the daemon ends.
const GRACE: Duration = Duration::from_secs(4);
/// Pairing events that may wait for this caller.
const WAITING_PAIRING_EVENTS: usize = 16;

type Lines<S> = Framed<S, LinesCodec>;
type Answer = Pin<Box<dyn Future<Output = Message> + Send>>;

/// Serves the caller until it goes, breaks the contract, or `stop`.
pub async fn run<S: AsyncRead + AsyncWrite + Unpin>(stream: S, journal: Journal, stop: CancellationToken) {
    let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(MAX_REQUEST_BYTES));
    let is_welcome = stop.run_until_cancelled(hello(&mut lines, &journal)).await;
    if let Some(Ok(Welcome::MakeRoom(answer))) = is_welcome {
        tracing::info!("a caller speaks a newer contract; the daemon makes room for the one that goes with it");
        // Answered when the new one can start. The caller may not wait for it.
        journal.end().await;
        drop(send(&mut lines, &answer).await);
    } else if let Some(Ok(Welcome::In)) = is_welcome {
        let busy = Some(Busy::with(&journal));
        let (told, pairing_events) = mpsc::channel(WAITING_PAIRING_EVENTS);
        let mut caller = Caller {
            lines,
            journal,
            desk: PairingDesk::new(told),
            pairing_events,
            watching: None,
            editors: Editors::default(),
            busy,
        };
        let overdue = async {
            stop.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            // A caller that went away has nothing more to hear.
            result = caller.serve(&stop) => drop(result),
            // One that does not listen to its answer is not waited for.
            () = overdue => {}
        }
        caller.editors.close(&caller.journal).await;
    }
}

/// What becomes of a caller after hello.
enum Welcome {
    In,
    /// The daemon ends, and then this is said.
    MakeRoom(Message),
}

/// The caller can't be talked to any more.
#[derive(Debug)]
struct HungUp;

async fn hello<S: AsyncRead + AsyncWrite + Unpin>(lines: &mut Lines<S>, journal: &Journal) -> Result<Welcome, HungUp> {
    let call = timeout(HELLO_LIMIT, next_call(lines)).await.map_err(|_| HungUp)??;
    let reply = match &call.request {
        Request::Hello { api: API_VERSION, client } => {
            tracing::debug!(client = known_name(client), "hello");
            Message::reply(call.id, &journal.snapshot().await)
        }
        Request::Hello { api, .. } => {
            let answer = Message::failure(Some(call.id), other_version(*api));
            journal.settled().await;
            if *api > API_VERSION && journal.may_end(true) {
                return Ok(Welcome::MakeRoom(answer));
            }
            answer
        }
        _ => Message::failure(
            Some(call.id),
            Failure::new(FailureKind::Usage, "the first request must be hello", "see docs/api.md"),
        ),
    };
    let is_welcome = matches!(reply, Message::Reply { .. });
    send(lines, &reply).await?;
    if is_welcome { Ok(Welcome::In) } else { Err(HungUp) }
}

struct Caller<S> {
    lines: Lines<S>,
    journal: Journal,
    desk: PairingDesk,
    pairing_events: mpsc::Receiver<Event>,
    watching: Option<broadcast::Receiver<Event>>,
    editors: Editors,
    /// Until it does nothing but watch.
    busy: Option<Busy>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Caller<S> {
    async fn serve(&mut self, stop: &CancellationToken) -> Result<(), HungUp> {
        let mut answer: Option<Answer> = None;
        loop {
            let is_free = answer.is_none();
            tokio::select! {
                biased;
                message = async { answer.as_mut().expect("guarded").await }, if !is_free => {
                    answer = None;
                    send(&mut self.lines, &message).await?;
                }
                Some(event) = self.pairing_events.recv() => send(&mut self.lines, &Message::event(event)).await?,
                event = next_event(&mut self.watching) => send(&mut self.lines, &Message::event(event)).await?,
                // What was asked before the end is still answered.
                () = stop.cancelled(), if is_free => return Ok(()),
                call = next_call(&mut self.lines), if is_free => answer = Some(self.take(call?)),
            }
        }
    }

    fn take(&mut self, call: Call) -> Answer {
        let Call { id, request, .. } = call;
        self.editors.note(&request);
        let only_looks = matches!(
            request,
            Request::Watch {}
                | Request::Status {}
                | Request::List { .. }
                | Request::Show { .. }
                | Request::Reminders {}
        );
        if !only_looks && self.busy.is_none() {
            self.busy = Some(Busy::with(&self.journal));
        }
        let ready = |result: Result<(), Failure>| -> Answer {
            let message = match result {
                Ok(()) => Message::reply(id, &serde_json::Value::Null),
                Err(failure) => Message::failure(Some(id), failure),
            };
            std::future::ready(message).boxed()
        };
        match request {
            Request::Watch {} => {
                self.watching = Some(self.journal.events());
                self.busy = None;
                ready(Ok(()))
            }
            Request::Answer { accept } => ready(self.desk.answer(accept)),
            Request::Pair { readdress } => {
                let pairing = self.desk.pair(self.journal.clone(), readdress);
                async move {
                    match pairing.await {
                        Ok(ticket) => Message::reply(id, &ticket),
                        Err(failure) => Message::failure(Some(id), failure),
                    }
                }
                .boxed()
            }
            Request::Join { ticket, name, lock } => {
                let joining = self.desk.join(self.journal.clone(), ticket, name, lock);
                async move {
                    match joining.await {
                        Ok(()) => Message::reply(id, &serde_json::Value::Null),
                        Err(failure) => Message::failure(Some(id), failure),
                    }
                }
                .boxed()
            }
            other => {
                let journal = self.journal.clone();
                async move {
                    match requests::answer(&journal, other).await {
                        Ok(value) => Message::reply(id, &value),
                        Err(failure) => Message::failure(Some(id), failure),
                    }
                }
                .boxed()
            }
        }
    }
}

/// The next event of a watcher; never for a caller that does not watch.
async fn next_event(watching: &mut Option<broadcast::Receiver<Event>>) -> Event {
    let Some(events) = watching else { return std::future::pending().await };
    match events.recv().await {
        Ok(event) => event,
        Err(broadcast::error::RecvError::Lagged(_)) => Event::Missed {},
        Err(broadcast::error::RecvError::Closed) => {
            *watching = None;
            std::future::pending().await
        }
    }
}

/// Reads on until a line is a call; what is none is answered. Safe to cancel.
async fn next_call<S: AsyncRead + AsyncWrite + Unpin>(lines: &mut Lines<S>) -> Result<Call, HungUp> {
    loop {
        match lines.next().await {
            Some(Ok(line)) => match Call::parse(&line) {
                Ok(call) => return Ok(call),
                Err((id, failure)) => send(lines, &Message::failure(id, failure)).await?,
            },
            Some(Err(LinesCodecError::MaxLineLengthExceeded)) => {
                send(lines, &Message::failure(None, too_long())).await?;
                return Err(HungUp);
            }
            Some(Err(LinesCodecError::Io(_))) => {
                let no_text = Failure::new(
                    FailureKind::Usage,
                    "that line is not UTF-8",
                    "see docs/api.md for the requests and their fields",
                );
                send(lines, &Message::failure(None, no_text)).await?;
                return Err(HungUp);
            }
            None => return Err(HungUp),
        }
    }
}

async fn send<S: AsyncRead + AsyncWrite + Unpin>(lines: &mut Lines<S>, message: &Message) -> Result<(), HungUp> {
    lines.send(message.to_line()).await.map_err(|_| HungUp)
}

/// A caller's name of itself may hold anything; the log gets only those that Ingle uses.
fn known_name(client: &str) -> &'static str {
    ["ingle", "ingle-tray", "ingle-window", "ingle-tests"]
        .into_iter()
        .find(|known| *known == client)
        .unwrap_or("another program")
}

fn too_long() -> Failure {
    Failure::new(
        FailureKind::Usage,
        format!("that is more than {} KiB at once; nothing was saved", MAX_REQUEST_BYTES / 1024),
        "keep a part of it here and the rest in another entry",
    )
}

fn other_version(api: u32) -> Failure {
    let hint = if api > API_VERSION {
        "restart the daemon with \"ingle stop\""
    } else {
        "restart this program; a newer one is installed"
    };
    Failure::new(
        FailureKind::Version,
        format!("the daemon speaks version {API_VERSION} of the local contract, not {api}"),
        hint,
    )
}

#[cfg(test)]
mod tests;
