//! The desktop's bus: whether there is one, whether a panel on it takes icons, and when it goes.

use futures_util::StreamExt;
use ingle_api::{Failure, FailureKind};
use tokio::sync::mpsc;
use zbus::{Connection, connection, fdo::DBusProxy};

use crate::tray::Input;

/// The name that panels which show icons have on the bus.
const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// Connects to the session's bus. Needs a tokio runtime around it, and starts no thread.
///
/// # Errors
/// When there is none, as in a session over ssh.
pub async fn open() -> Result<Connection, Failure> {
    let connection = async { connection::Builder::session()?.internal_executor(false).build().await }
        .await
        .map_err(|_| no_desktop())?;
    let executor = connection.executor().clone();
    tokio::spawn(async move {
        while !executor.is_empty() {
            executor.tick().await;
        }
    });
    Ok(connection)
}

/// Says once if no panel takes icons, and tells when the bus is gone: then the session is over.
pub async fn watch(connection: Connection, inputs: mpsc::Sender<Input>) {
    if let Err(error) = follow(&connection).await {
        eprintln!(
            "error: the desktop's bus doesn't answer: {error}\nhint: log out and in again if the icon is missing"
        );
    }
    inputs.send(Input::Over).await.ok();
}

async fn follow(connection: &Connection) -> zbus::Result<()> {
    let bus = DBusProxy::new(connection).await?;
    let mut changes = bus.receive_name_owner_changed_with_args(&[(0, WATCHER)]).await?;
    if !bus.name_has_owner(WATCHER.try_into()?).await? {
        eprintln!(
            "note: nothing on this desktop shows icons yet; waiting for a panel that does\nhint: \"Ingle\" among the programs and \"ingle\" in a terminal do the same"
        );
    }
    // The icon comes back to a new panel by itself. What counts here is the end of the stream.
    while changes.next().await.is_some() {}
    Ok(())
}

fn no_desktop() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "there is no desktop session here that could show an icon",
        "start it from your desktop; in a terminal, \"ingle\" is a check-in",
    )
}
