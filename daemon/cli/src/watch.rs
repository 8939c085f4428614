//! `ingle watch`: events as they come, across restarts of the daemon, until Ctrl-C or until nobody reads them.

use std::time::Duration;

use ingle_api::{Client, Event, Failure, FailureKind, Request, client::ConnectError, spawn, status::JournalState};

use crate::{Context, outcome::Outcome, passphrase, print::aside, reach::CLIENT, render};

/// How long to wait before looking again whether a daemon is there: the first time, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

pub async fn watch(context: &Context) -> Outcome {
    tokio::select! {
        outcome = follow(context) => outcome,
        () = nobody_reads() => Ok(()),
    }
}

async fn follow(context: &Context) -> Outcome {
    let mut client = context.reach.journal().await?;
    client.tell(Request::Watch {}).await?;
    if context.print.is_json() {
        // From this line on nothing is missed. The journal is open, or there would be no client.
        context.print.answer(&Event::Journal { state: JournalState::Open }, String::new)?;
    } else {
        aside("Watching. Ctrl-C ends it.\n");
    }
    loop {
        let event = match client.next_event().await {
            Ok(event) => event,
            Err(failure) if failure.kind == FailureKind::Unavailable => {
                client = back_again(context).await?;
                // What happened meanwhile was not heard.
                Event::Missed {}
            }
            Err(failure) => return Err(failure.into()),
        };
        context.print.answer(&event, || render::event(&event))?;
    }
}

/// Waits until a daemon takes callers again. One that was ended on purpose stays so; one that died, which shows by the socket that
/// it left behind, is started anew.
async fn back_again(context: &Context) -> Outcome<Client> {
    if !context.print.is_json() {
        aside("Ingle's daemon is away. Waiting for it.\n");
    }
    let places = &context.reach.places;
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        let connected = match Client::connect(places, CLIENT).await {
            Err(ConnectError::NobodyThere) if context.reach.may_start() && places.socket_path().exists() => {
                spawn::connect_or_start(places, CLIENT).await.map_err(ConnectError::Failed)
            }
            other => other,
        };
        match connected {
            Ok((mut client, snapshot)) => {
                if snapshot.journal == JournalState::Locked
                    && let Some(passphrase) = passphrase::from_environment()?
                {
                    // If it doesn't open it any more, the journal's next state is still worth waiting for.
                    drop(client.tell(Request::Unlock { passphrase: Some(passphrase) }).await);
                }
                match client.tell(Request::Watch {}).await {
                    Ok(()) => return Ok(client),
                    Err(failure) => temporary(failure)?,
                }
            }
            Err(ConnectError::NobodyThere) => {}
            Err(ConnectError::Failed(failure)) => temporary(failure)?,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// A daemon that can't be reached now may be later; one of another version won't.
fn temporary(failure: Failure) -> Result<(), Failure> {
    if failure.kind == FailureKind::Unavailable { Ok(()) } else { Err(failure) }
}

/// Ends when the pipe on the standard output has lost its reader; a file or a terminal never does.
#[cfg(unix)]
async fn nobody_reads() {
    use std::os::fd::AsFd;

    use tokio::{io::Interest, net::unix::pipe};

    // Only listened to, never written to, so that it may stay a blocking pipe for everybody who shares it.
    let output = std::io::stdout().as_fd().try_clone_to_owned();
    let output = output.and_then(|output| pipe::Sender::from_file_unchecked(output.into()));
    if let Ok(output) = output
        && output.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

#[cfg(not(unix))]
async fn nobody_reads() {
    std::future::pending().await
}
