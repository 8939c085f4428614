//! What the icon asks of the daemon for the person: one thing after the other, each on a connection of its own, beside the watch.

use std::time::Duration;

use ingle_api::{
    Client, Failure, Places, Request,
    request::{Handled, Reminders, Undone},
    spawn,
};
use ingle_model::{EntryId, Handling, Pause, RuleKind, Slot};
use tokio::{sync::mpsc, time::timeout};

use crate::{link::CLIENT, tray::Input};

/// From asking to the answer. Locking may have to wait until what is being written is on disk.
const LIMIT: Duration = Duration::from_secs(30);

/// Something to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// This reminder is before the person's eyes.
    Shown(Slot),
    Handle {
        slot: Slot,
        kind: RuleKind,
        how: Handling,
    },
    Pause(Pause),
    Undo,
    Lock,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// This reminder had been handled before, here or elsewhere.
    SettledBefore,
    /// The newest save is taken back; this entry's.
    TakenBack(EntryId),
    /// It didn't get through, or was refused.
    Not,
}

/// Asks what comes in until nobody sends any more.
pub async fn serve(places: Places, mut asks: mpsc::Receiver<Ask>, inputs: mpsc::Sender<Input>) {
    while let Some(ask) = asks.recv().await {
        let outcome = match timeout(LIMIT, answer(&places, ask)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(failure)) => {
                eprintln!("error: {}\nhint: {}", failure.message, failure.hint);
                Outcome::Not
            }
            Err(_) => Outcome::Not,
        };
        if inputs.send(Input::Asked(ask, outcome)).await.is_err() {
            return;
        }
    }
}

async fn answer(places: &Places, ask: Ask) -> Result<Outcome, Failure> {
    let mut daemon = connect(places, ask).await?;
    match ask {
        Ask::Shown(slot) => daemon.tell(Request::ReminderShown { slot }).await?,
        Ask::Handle { slot, how, .. } => {
            let handled: Handled = daemon.call(Request::HandleReminder { slot: Some(slot), how }).await?;
            if handled.before.is_some() {
                return Ok(Outcome::SettledBefore);
            }
        }
        Ask::Pause(pause) => {
            daemon.call::<Reminders>(Request::PauseReminders { pause }).await?;
        }
        Ask::Undo => {
            let undone: Undone = daemon.call(Request::Undo {}).await?;
            return Ok(Outcome::TakenBack(undone.id));
        }
        Ask::Lock => daemon.tell(Request::Lock {}).await?,
    }
    Ok(Outcome::Done)
}

/// A daemon is started only for what the person chose.
async fn connect(places: &Places, ask: Ask) -> Result<Client, Failure> {
    let connected = match ask {
        Ask::Shown(_) => spawn::connect_only(places, CLIENT).await,
        _ => spawn::connect_or_start(places, CLIENT).await,
    };
    connected.map(|(client, _)| client)
}
