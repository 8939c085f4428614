//! Plans written into a home, each step as a turn of its own of the real engine over the real store, as it would have been over
//! the years. Only the disk isn't waited for.

use ingle_api::Places;
use ingle_core::{
    engine::{Done, Engine, Input, Output, Write},
    wrap::Age,
};
use ingle_model::{EntryId, Moment};
use ingled::{
    home,
    store::{Durability, Pragmas, SqliteStore},
};

use super::{Planned, Step};
use crate::{programs::Home, simulator::randomness::Stream};

/// Pages in the write-ahead log before it is tidied: 16 MiB.
const FULL_PAGES: u32 = 4_096;
/// Steps between two moments of quiet, in which caches are written.
const STEPS_TO_QUIET: usize = 50;

/// Writes it all into the journal of `home`, which a file beside it opens, and whose daemon doesn't run. The ids of the entries
/// in the order in which they were begun.
pub fn write(home: &Home, plan: &[Planned], seed: u64) -> Vec<EntryId> {
    let dir = Places::under(home.path()).journal_dir();
    let file = home::look(&dir).expect("it can be looked at").expect("there is a journal");
    let keys = file.lock_key_by_file(&dir).and_then(|lock| file.open(&lock)).expect("a file opens it");
    let pragmas = Pragmas { durability: Durability::None, ..Pragmas::default() };
    let store = SqliteStore::open(&dir, pragmas).expect("it can be opened");
    let tidier = store.tidier();
    let mut random = Stream::new(seed, "decade");
    let mut engine = Engine::open(store, keys, Box::new(Age), &mut random).expect("it can be opened");
    let mut ids = Vec::new();
    for (index, Planned { at, step }) in plan.iter().enumerate() {
        let is_quiet = index % STEPS_TO_QUIET == 0 && engine.next_deadline().is_some_and(|due| due <= at.instant());
        if is_quiet {
            engine.handle(vec![Input::Tick], at, &mut random);
        }
        let is_new = matches!(step, Step::CheckIn(_) | Step::Letter(_));
        let id = saved(&mut engine, wanted(step, &ids), at, &mut random);
        if is_new {
            ids.push(id);
        }
        if tidier.waiting_pages() >= FULL_PAGES {
            tidier.tidy().expect("there is room");
        }
    }
    engine.settle(&mut random).expect("there is room");
    tidier.tidy().expect("there is room");
    ids
}

fn wanted(step: &Step, ids: &[EntryId]) -> Write {
    match step {
        Step::CheckIn(draft) => Write::CheckIn(draft.clone()),
        Step::Letter(draft) => Write::Letter(draft.clone()),
        Step::Edit { entry, draft } => Write::Edit { id: ids[*entry], draft: draft.clone() },
        Step::EditLetter { entry, draft } => Write::EditLetter { id: ids[*entry], draft: draft.clone() },
        Step::Delete { entry } => Write::Delete { id: ids[*entry] },
    }
}

fn saved(engine: &mut Engine<SqliteStore>, write: Write, at: &Moment, random: &mut Stream) -> EntryId {
    let outputs = engine.handle(vec![Input::Write { ticket: 1, write }], at, random);
    let done = outputs.into_iter().find_map(|output| match output {
        Output::Done { result, .. } => Some(result),
        _ => None,
    });
    match done {
        Some(Ok(Done::Saved { id, .. })) => id,
        other => panic!("{other:?}"),
    }
}
