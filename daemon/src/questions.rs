//! Questions to the engine, and its answers and events in the words of the local contract.

use std::collections::BTreeSet;

use ingle_api::{DeviceView, Event, Failure, request::ListQuery, status::LinkState};
use ingle_core::engine;
use ingle_model::{DeviceId, EntryId, EntryView};

use crate::{engine_loop::JournalEngine, failures};

/// What of the status only the engine knows.
#[derive(Debug)]
pub struct EngineStatus {
    pub device: String,
    pub entries: u64,
    pub sync: Vec<DeviceView>,
    pub heads: Vec<String>,
    pub notices: Vec<String>,
    pub waiting: u64,
}

pub fn list(engine: &mut JournalEngine, query: ListQuery) -> Result<Vec<EntryView>, Failure> {
    let ListQuery { since_ms, until_ms, kind, words, feelings, tags, limit } = query;
    engine.list(&engine::Query { since_ms, until_ms, kind, words, feelings, tags, limit }).map_err(failures::reading)
}

pub fn show(engine: &mut JournalEngine, id: EntryId) -> Result<EntryView, Failure> {
    engine.show(id).map_err(failures::reading)?.ok_or_else(failures::no_such_entry)
}

/// This device and the others. `linked` are those that are connected now.
pub fn devices(engine: &mut JournalEngine, linked: &BTreeSet<DeviceId>) -> Vec<DeviceView> {
    let view = |device: engine::Device| DeviceView {
        linked: linked.contains(&device.id),
        name: device.name,
        this: device.this,
        last_exchange: device.last_exchange.map(|at| at.to_string()),
        entries: device.entries,
        up_to_date: device.up_to_date,
    };
    engine.devices().into_iter().map(view).collect()
}

pub fn status(engine: &mut JournalEngine, linked: &BTreeSet<DeviceId>) -> EngineStatus {
    EngineStatus {
        device: engine.name(),
        entries: engine.entries(),
        sync: devices(engine, linked).into_iter().filter(|device| !device.this).collect(),
        heads: engine.heads().iter().map(|head| data_encoding::HEXLOWER.encode(head.as_bytes())).collect(),
        notices: engine.notices(),
        waiting: engine.waiting(),
    }
}

/// An event of the engine as a watcher is told it.
pub fn event(engine: &JournalEngine, event: engine::Event) -> Option<Event> {
    match event {
        engine::Event::Entry { id, kind, change, from } => {
            let change = match change {
                engine::Change::Added => ingle_api::Change::Added,
                engine::Change::Edited => ingle_api::Change::Edited,
                engine::Change::Deleted => ingle_api::Change::Deleted,
                engine::Change::Restored => ingle_api::Change::Restored,
            };
            Some(Event::Entry { id, kind, change, from: engine.name_of(from).unwrap_or_default() })
        }
        engine::Event::RemindersChanged => None,
    }
}

/// That a connection came or went.
pub fn link(engine: &JournalEngine, device: DeviceId, state: LinkState) -> Event {
    Event::Link { device: engine.name_of(device).unwrap_or_default(), state }
}
