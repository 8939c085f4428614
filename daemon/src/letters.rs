//! Letters for callers: written whole, or in an editor that a connection has open.
//!
//! What may not live here: how letters are kept and merged (ingle-core's `engine::letters`).

use std::collections::BTreeSet;

use ingle_api::{
    Failure, Request,
    request::{LetterPage, Saved},
};
use ingle_core::engine::{Done, Page, Write};
use ingle_model::EntryId;
use serde_json::Value;

use crate::{failures, journal::Journal, requests};

/// The letters that a connection has in editors.
#[derive(Debug, Default)]
pub struct Editors(BTreeSet<EntryId>);

impl Editors {
    /// A request of this connection is about to be answered.
    pub fn note(&mut self, request: &Request) {
        match request {
            Request::KeepLetter { id, .. } => drop(self.0.insert(*id)),
            Request::FinishLetter { id, .. } => drop(self.0.remove(id)),
            _ => {}
        }
    }

    /// The connection has ended: what its editors showed last goes into the letters. Where the journal is shut by now that has
    /// happened already, or happens at its next opening.
    pub async fn close(self, journal: &Journal) {
        for id in self.0 {
            if let Ok(engine) = journal.engine().await
                && let Err(failure) = engine.write(Write::CloseLetter { id }).await
            {
                tracing::warn!(kind = ?failure.kind, "what an editor showed stays in its row for now");
            }
        }
    }
}

pub async fn answer(journal: &Journal, request: Request) -> Result<Value, Failure> {
    let write = match request {
        Request::EditLetter { id, draft } => {
            requests::check_time(draft.at.as_deref())?;
            Write::EditLetter { id, draft }
        }
        Request::OpenLetter { id } => Write::OpenLetter { id },
        Request::KeepLetter { id, base, draft } => Write::KeepLetter { id, base, draft },
        Request::FinishLetter { id, base, draft } => Write::FinishLetter { id, base, draft },
        _ => return Err(failures::fault()),
    };
    let has_words = !matches!(write, Write::OpenLetter { .. });
    let engine = journal.engine().await.map_err(|why| if has_words { why.unsaved() } else { why })?;
    match engine.write(write).await? {
        Done::Page(page) => requests::value(shown(page)),
        Done::Saved { id, at } => requests::value(Saved { id, at: at.to_string(), waiting: false }),
        Done::Kept => Ok(Value::Null),
        _ => Err(failures::fault()),
    }
}

fn shown(Page { id, base, draft, is_new }: Page) -> LetterPage {
    LetterPage { id, base, draft, is_new }
}
