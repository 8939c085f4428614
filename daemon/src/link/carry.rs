//! One connection with one device, from the moment it stands to its end: frames in, frames out.
//!
//! What may not live here: making connections, choosing between them.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ingle_core::engine::LinkId;
use ingle_model::DeviceId;
use iroh::{
    TransportAddr,
    endpoint::{Connection, RecvStream, SendStream},
};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    frames::{FRAME_TIME, FrameError, MAX_FRAME, read_frame, write_frame},
    rules::Dialler,
    seam::{Engine, known_addresses, learnt},
    threshold::CloseCode,
};

/// After a frame was sent, something (an acknowledgement of QUIC's at least) is heard within this time, or the other side is gone.
const ANSWER: Duration = Duration::from_secs(5);

/// A connection that both sides have said hello on.
pub(super) struct Made {
    pub connection: Connection,
    pub send: SendStream,
    pub receive: RecvStream,
    pub dialler: Dialler,
}

/// Devices that are linked now.
pub(super) type Linked = Arc<watch::Sender<BTreeSet<DeviceId>>>;

/// Carries frames until the connection ends, the engine closes the link, a limit is passed or `stop`.
pub(super) async fn carry<E: Engine>(engine: E, device: DeviceId, made: Made, linked: Linked, stop: CancellationToken) {
    let Made { connection, mut send, mut receive, .. } = made;
    let Ok(mut link) = engine.link_up(device).await else {
        CloseCode::Bye.close(&connection);
        return;
    };
    linked.send_modify(|linked| {
        linked.insert(device);
    });
    remember_address(&engine, device, &connection).await;
    let code = tokio::select! {
        code = take_in(&engine, link.id, &mut receive) => code,
        code = send_out(&engine, link.id, &mut link.outgoing, &connection, &mut send) => code,
        error = connection.closed() => {
            tracing::debug!(%error, "a link was lost");
            CloseCode::Bye
        }
        () = stop.cancelled() => CloseCode::Bye,
    };
    code.close(&connection);
    linked.send_modify(|linked| {
        linked.remove(&device);
    });
    engine.link_down(link.id).await;
}

/// The engine takes each frame before the next is read, so a fast sender waits and no memory grows.
async fn take_in<E: Engine>(engine: &E, link: LinkId, receive: &mut RecvStream) -> CloseCode {
    loop {
        let frame = match read_frame(receive, MAX_FRAME, FRAME_TIME).await {
            // Only the hello is empty.
            Ok(Some(frame)) if frame.is_empty() => return CloseCode::Broken,
            Ok(Some(frame)) => frame,
            Ok(None) | Err(FrameError::Lost(_)) => return CloseCode::Bye,
            Err(error) => {
                tracing::warn!(%error, "a device sent what is no frame; its link is closed");
                return CloseCode::Broken;
            }
        };
        if engine.frame(link, frame).await.is_err() {
            return CloseCode::Bye;
        }
    }
}

async fn send_out<E: Engine>(
    engine: &E,
    link: LinkId,
    outgoing: &mut mpsc::Receiver<Vec<u8>>,
    connection: &Connection,
    send: &mut SendStream,
) -> CloseCode {
    let heard = || connection.stats().udp_rx.datagrams;
    // What was heard before the first frame that nothing was heard after, and until when something must be.
    let mut waiting: Option<(u64, Instant)> = None;
    loop {
        let deadline = waiting.map(|(_, deadline)| deadline);
        tokio::select! {
            frame = outgoing.recv() => {
                let Some(frame) = frame else { return CloseCode::Closed };
                let before = heard();
                if let Err(error) = write_frame(send, &frame, FRAME_TIME).await {
                    tracing::debug!(%error, "a link was lost");
                    return CloseCode::Silent;
                }
                waiting.get_or_insert_with(|| (before, Instant::now() + ANSWER));
                engine.sent(link).await;
            }
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                if waiting.is_some_and(|(before, _)| heard() == before) {
                    tracing::debug!("a device has fallen silent; its link is closed");
                    return CloseCode::Silent;
                }
                waiting = None;
            }
        }
    }
}

/// A device calls from the port that it listens on, so where a connection comes from is where it can be called.
async fn remember_address<E: Engine>(engine: &E, device: DeviceId, connection: &Connection) {
    let Some(met) = remote_address(connection) else { return };
    let Ok(known) = known_addresses(engine, device).await else { return };
    if let Some(addresses) = learnt(&known, met) {
        engine.learn_addresses(device, addresses).await;
    }
}

/// The other side's address on the path in use.
pub(crate) fn remote_address(connection: &Connection) -> Option<std::net::SocketAddr> {
    let paths = connection.paths();
    let path = paths.iter().find(|path| path.is_selected()).or_else(|| paths.iter().next())?;
    match path.remote_addr() {
        TransportAddr::Ip(address) => Some(*address),
        _ => None,
    }
}
