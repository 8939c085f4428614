//! One other device: calls it, lets it in, and keeps one connection with it.
//!
//! What may not live here: whether it belongs to the journal, frames.

use std::{pin::Pin, sync::Arc, time::Duration};

use ingle_model::DeviceId;
use iroh::{Endpoint, EndpointAddr, EndpointId, TransportAddr};
use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    carry::{Linked, Made, carry},
    endpoint::SYNC,
    frames::{read_frame, write_frame},
    rules::{AT_ONCE, Backoff, Dialler, preferred, supersedes},
    seam::{Engine, known_addresses},
    threshold::{Arrival, CloseCode},
};

/// How long a call may take until the other side has said hello.
const CALL: Duration = Duration::from_secs(10);
/// How long four bytes may take to be written.
const HELLO: Duration = Duration::from_secs(2);

pub(super) struct Peer<E> {
    pub engine: E,
    pub endpoint: Endpoint,
    pub device: DeviceId,
    pub link_key: EndpointId,
    pub arrivals: mpsc::Receiver<Arrival>,
    /// The network or the device's addresses have changed: call now.
    pub nudge: Arc<Notify>,
    pub linked: Linked,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

/// The connection in use.
struct Standing {
    dialler: Dialler,
    since: Instant,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

enum Calling {
    /// Linked, or nobody knows where to call.
    Resting,
    Pausing(Instant),
    Trying(Pin<Box<dyn Future<Output = Result<Made, NotMade>> + Send>>),
}

#[derive(Debug, thiserror::Error)]
enum NotMade {
    #[error("no address is known")]
    NoAddress,
    #[error("nobody answered")]
    NoAnswer,
    #[error("the call was refused")]
    Refused,
}

impl<E: Engine> Peer<E> {
    pub async fn run(mut self) {
        let preferred = preferred(&self.endpoint.id(), &self.link_key);
        let mut standing: Option<Standing> = None;
        let mut backoff = Backoff::default();
        let mut calling = self.try_now();
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                () = ended(&mut standing) => {
                    if standing.take().is_some_and(|ended| ended.since.elapsed() >= AT_ONCE) {
                        backoff.reset();
                    }
                    if !matches!(calling, Calling::Trying(_)) {
                        calling = pause(&mut backoff);
                    }
                }
                arrival = self.arrivals.recv() => {
                    let Some(Arrival { connection, send, receive }) = arrival else { break };
                    let made = Made { connection, send, receive, dialler: Dialler::Them };
                    let stays = self.stand(made, &mut standing, preferred).await;
                    // Our own call under way may be the one that the other side keeps.
                    let is_ours_preferred = preferred == Dialler::Us && matches!(calling, Calling::Trying(_));
                    if stays && !is_ours_preferred {
                        calling = Calling::Resting;
                    }
                }
                result = next_call(&mut calling) => match result {
                    Step::Due => calling = self.try_now(),
                    Step::Done(Ok(made)) => {
                        calling = Calling::Resting;
                        self.stand(made, &mut standing, preferred).await;
                    }
                    Step::Done(Err(reason)) => {
                        tracing::debug!(device = %self.device, %reason, "a call came to nothing");
                        let rests = standing.is_some() || matches!(reason, NotMade::NoAddress);
                        calling = if rests { Calling::Resting } else { pause(&mut backoff) };
                    }
                },
                () = self.nudge.notified() => {
                    backoff.reset();
                    if standing.is_none() {
                        calling = self.try_now();
                    }
                }
            }
        }
        if let Some(standing) = standing {
            end(standing).await;
        }
    }

    fn try_now(&self) -> Calling {
        Calling::Trying(Box::pin(call(self.engine.clone(), self.endpoint.clone(), self.device, self.link_key)))
    }

    /// Puts the new connection in place of the one in use, if the rule says so, and says hello to a caller.
    async fn stand(&self, mut made: Made, standing: &mut Option<Standing>, preferred: Dialler) -> bool {
        if let Some(old) = standing.as_ref()
            && !supersedes(old.dialler, old.since.elapsed(), made.dialler, preferred)
        {
            CloseCode::Duplicate.close(&made.connection);
            return false;
        }
        if made.dialler == Dialler::Them && write_frame(&mut made.send, &[], HELLO).await.is_err() {
            return false;
        }
        if let Some(old) = standing.take() {
            end(old).await;
        }
        let stop = self.stop.child_token();
        let dialler = made.dialler;
        let task =
            self.tasks.spawn(carry(self.engine.clone(), self.device, made, Arc::clone(&self.linked), stop.clone()));
        *standing = Some(Standing { dialler, since: Instant::now(), stop, task });
        true
    }
}

async fn call<E: Engine>(
    engine: E,
    endpoint: Endpoint,
    device: DeviceId,
    link_key: EndpointId,
) -> Result<Made, NotMade> {
    let addresses = known_addresses(&engine, device).await.map_err(|_| NotMade::NoAddress)?;
    if addresses.is_empty() {
        return Err(NotMade::NoAddress);
    }
    let address = EndpointAddr::new(link_key).with_addrs(addresses.into_iter().map(TransportAddr::Ip));
    let made = async {
        let connection = endpoint.connect(address, SYNC).await.map_err(|_| NotMade::NoAnswer)?;
        let (mut send, mut receive) = connection.open_bi().await.map_err(|_| NotMade::Refused)?;
        write_frame(&mut send, &[], HELLO).await.map_err(|_| NotMade::Refused)?;
        match read_frame(&mut receive, 0, CALL).await {
            Ok(Some(_)) => Ok(Made { connection, send, receive, dialler: Dialler::Us }),
            _ => Err(NotMade::Refused),
        }
    };
    timeout(CALL, made).await.map_err(|_| NotMade::NoAnswer)?
}

enum Step {
    Due,
    Done(Result<Made, NotMade>),
}

async fn next_call(calling: &mut Calling) -> Step {
    match calling {
        Calling::Resting => std::future::pending().await,
        Calling::Pausing(until) => {
            sleep_until(*until).await;
            Step::Due
        }
        Calling::Trying(call) => Step::Done(call.await),
    }
}

fn pause(backoff: &mut Backoff) -> Calling {
    // Without randomness calls are only less well spread.
    let random = getrandom::u32().unwrap_or(u32::MAX);
    Calling::Pausing(Instant::now() + backoff.next(random))
}

/// Waits for the connection in use to end; for ever when there is none.
async fn ended(standing: &mut Option<Standing>) {
    match standing {
        Some(standing) => joined((&mut standing.task).await),
        None => std::future::pending().await,
    }
}

async fn end(standing: Standing) {
    standing.stop.cancel();
    joined(standing.task.await);
}

fn joined(result: Result<(), tokio::task::JoinError>) {
    if let Err(error) = result {
        tracing::error!(is_panic = error.is_panic(), "the task of a link did not end by itself");
    }
}
