//! What is kept about another device beside the journal: where it was met. The engine keeps the notes sealed, as bytes.
//!
//! A note is JSON: `{"addresses": ["192.0.2.7:4242", ..]}`. Fields may be added; unknown ones are kept out of the way.

use std::net::SocketAddr;

use ingle_model::DeviceId;
use serde::{Deserialize, Serialize};

use crate::engine_loop::JournalEngine;

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Note {
    addresses: Vec<SocketAddr>,
}

/// Where each other device was met, for those that were.
pub(crate) fn addresses(engine: &JournalEngine) -> Vec<(DeviceId, Vec<SocketAddr>)> {
    let own = engine.own().device();
    let others = engine.members().into_iter().map(|member| member.device()).filter(|device| *device != own);
    others
        .map(|device| (device, read(engine, device).addresses))
        .filter(|(_, addresses)| !addresses.is_empty())
        .collect()
}

/// Keeps where a device was met. Losing it costs a new `ingle pair --readdress`, so an error of the disk is only logged.
pub(crate) fn learn(engine: &mut JournalEngine, device: DeviceId, addresses: Vec<SocketAddr>) {
    let note = Note { addresses };
    if read(engine, device) == note {
        return;
    }
    let bytes = serde_json::to_vec(&note).expect("addresses are JSON");
    if let Err(error) = engine.set_peer_note(device, &bytes, &mut crate::random::OsRandom) {
        tracing::warn!(%error, "a device's address was not kept");
    }
}

/// A note of another form is none: the device tells its address again when it calls.
fn read(engine: &JournalEngine, device: DeviceId) -> Note {
    engine.peer_note(device).and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}
