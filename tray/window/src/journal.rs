//! The seam between a window and the journal: a window asks, and news come back on its own thread.

use ingle_api::{
    Event, Failure, Request, Snapshot,
    request::{LetterPage, Reminders, Saved, Undone},
};
use ingle_model::EntryView;

/// A request with the number under which its answer comes.
#[derive(Debug)]
pub struct Ask {
    pub number: u64,
    pub request: Request,
}

#[derive(Debug)]
pub enum Answer {
    Saved(Saved),
    Entries(Vec<EntryView>),
    Undone(Undone),
    Page(LetterPage),
    Reminders(Reminders),
    Done,
}

/// What a window learns.
#[derive(Debug)]
pub enum News {
    /// There is a connection, and so things stand. Comes anew after every interruption.
    Up(Snapshot),
    /// There is none for now; it is tried again without end.
    Down(Failure),
    /// Every [`Ask`] gets exactly one.
    Answer {
        number: u64,
        result: Result<Answer, Failure>,
    },
    Happened(Event),
}

/// Takes what a window asks. Never blocks; the answers come as [`News`].
pub trait Journal {
    fn ask(&self, ask: Ask);
}

/// Counts a window's requests.
#[derive(Debug, Default)]
pub struct Numbers(std::cell::Cell<u64>);

impl Numbers {
    pub fn next(&self) -> u64 {
        self.0.set(self.0.get() + 1);
        self.0.get()
    }
}
