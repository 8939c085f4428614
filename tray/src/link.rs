//! The watch on the daemon. Started once, then only looked for; started again only when the person asks.

use std::{sync::Arc, time::Duration};

use ingle_api::{Change, Client, Event, Failure, Places, Request, Snapshot, spawn};
use ingle_model::Paused;
use jiff::tz::TimeZone;
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep_until},
};

use crate::{
    state::Pausing,
    tray::{Input, Standing},
};

pub(crate) const CLIENT: &str = "ingle-tray";
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long the menu offers to take a save back.
const UNDO_LIMIT: Duration = Duration::from_secs(10 * 60);

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
    let (mut device, standing) = ask(places).await?;
    let mut input = Input::Connected(standing);
    let mut settles: Option<Instant> = None;
    loop {
        if inputs.send(input).await.is_err() {
            return Ok(());
        }
        input = loop {
            let event = tokio::select! {
                event = client.next_event() => event?,
                () = wait_until(settles) => {
                    settles = None;
                    break Input::Settled;
                }
            };
            match event {
                Event::Journal { state } => {
                    // Before it was open it told no name.
                    device = ask(places).await?.0;
                    break Input::Changed(state);
                }
                Event::Reminders { due, paused } => break Input::Reminders { due, pausing: pausing(paused) },
                Event::Entry { id, change: Change::Added | Change::Edited, from, .. } if from == device => {
                    settles = Some(Instant::now() + UNDO_LIMIT);
                    break Input::Saved(id);
                }
                Event::Missed {} => break Input::Stands(ask(places).await?.1),
                // Links and other devices' entries change nothing in the panel.
                _ => {}
            }
        };
    }
}

/// For ever, without an instant.
async fn wait_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// The device's name and how things stand. Asked on a connection of its own, since a snapshot comes only with hello: one from
/// before the watch began may be out of date.
async fn ask(places: &Places) -> Result<(String, Standing), Failure> {
    let (_, Snapshot { journal, device, due, paused, .. }) = spawn::connect_only(places, CLIENT).await?;
    Ok((device, Standing { journal, due, pausing: pausing(paused) }))
}

fn pausing(paused: Option<Paused>) -> Option<Pausing> {
    paused.map(|paused| Pausing::new(paused, &TimeZone::system()))
}
