//! The watch on the daemon. Started once, then only looked for; started again only when the person asks.

use std::{sync::Arc, time::Duration};

use ingle_api::{Client, Event, Failure, Places, Request, Snapshot, spawn, status::JournalState};
use tokio::sync::{Notify, mpsc};

use crate::tray::Input;

const CLIENT: &str = "ingle-tray";
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Tells how the journal stands until the receiver is gone. `reach` asks for a try right now that may start a daemon.
pub async fn keep_up(places: Places, inputs: mpsc::Sender<Input>, reach: Arc<Notify>) {
    let mut may_start = true;
    let mut pause = FIRST_PAUSE;
    let mut is_told = false;
    while !inputs.is_closed() {
        let connected = if may_start {
            spawn::connect_or_start(&places, CLIENT).await
        } else {
            spawn::connect_only(&places, CLIENT).await
        };
        let failure = match connected {
            Ok((client, _)) => {
                (pause, is_told) = (FIRST_PAUSE, false);
                match listen(client, &places, &inputs).await {
                    Ok(()) => return,
                    Err(failure) => failure,
                }
            }
            Err(failure) => failure,
        };
        // Once per absence: a daemon that stays away doesn't fill the session's log.
        if !is_told {
            eprintln!("error: {}\nhint: {}", failure.message, failure.hint);
            is_told = true;
        }
        if inputs.send(Input::Lost((&failure).into())).await.is_err() {
            return;
        }
        may_start = tokio::select! {
            () = tokio::time::sleep(pause) => false,
            () = reach.notified() => true,
        };
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Serves one connection; `Ok` when nobody listens any more.
async fn listen(mut client: Client, places: &Places, inputs: &mpsc::Sender<Input>) -> Result<(), Failure> {
    client.tell(Request::Watch {}).await?;
    let mut input = Input::Connected(standing(places).await?);
    loop {
        if inputs.send(input).await.is_err() {
            return Ok(());
        }
        input = loop {
            match client.next_event().await? {
                Event::Journal { state } => break Input::Changed(state),
                Event::Missed {} => break Input::Changed(standing(places).await?),
                // Entries and links change nothing in the panel.
                _ => {}
            }
        };
    }
}

/// Asked on a connection of its own, since a snapshot comes only with hello: one from before the watch began may be out of date.
async fn standing(places: &Places) -> Result<JournalState, Failure> {
    let (_, Snapshot { journal, .. }) = spawn::connect_only(places, CLIENT).await?;
    Ok(journal)
}
