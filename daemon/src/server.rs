//! The server of the local contract: lets callers in, a task for each, and sees every one of them out.

use std::{sync::Arc, time::Duration};

use ingle_api::{Failure, FailureKind, framing::Message};
use interprocess::local_socket::tokio::Stream;
use tokio::{io::AsyncWriteExt, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{connection, journal::Journal, socket::Socket};

/// Callers at once. Every window, tray and command line is one.
const MAX_CONNECTIONS: usize = 64;

/// Serves until `stop`. Then no one is let in any more; those inside get the answer that they wait for.
pub async fn serve(socket: Socket, journal: Journal, stop: CancellationToken) {
    let connections = TaskTracker::new();
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    while let Some(accepted) = stop.run_until_cancelled(socket.accept()).await {
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                // Out of file handles, mostly. Whoever waits is let in when some are free again.
                tracing::warn!(kind = %error.kind(), "a caller could not be let in");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        match Arc::clone(&room).try_acquire_owned() {
            Ok(place) => {
                let (journal, stop) = (journal.clone(), stop.clone());
                connections.spawn(async move {
                    connection::run(stream, journal, stop).await;
                    drop(place);
                });
            }
            Err(_) => turn_away(stream).await,
        }
    }
    drop(socket);
    connections.close();
    connections.wait().await;
}

async fn turn_away(mut stream: Stream) {
    let full = Failure::new(
        FailureKind::Unavailable,
        format!("{MAX_CONNECTIONS} programs are connected to Ingle already"),
        "close some of its windows, or restart it with \"ingle stop\"",
    );
    let line = Message::failure(None, full).to_line() + "\n";
    // Whoever has gone away meanwhile doesn't need to hear it; the line fits into the socket's buffer.
    drop(stream.write_all(line.as_bytes()).await);
}
