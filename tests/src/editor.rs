//! A letter in an editor, as a window has it: opened, kept while it is being written, finished.

use ingle_api::{Failure, Request, request::LetterPage};
use ingle_model::{EntryId, LetterDraft};

use crate::{
    programs::Home,
    writers::{Caller, Heard},
};

/// A letter in an editor, over a connection of its own.
#[derive(Debug)]
pub struct Editor {
    caller: Caller,
    pub page: LetterPage,
}

impl Editor {
    pub fn open(home: &Home, id: Option<EntryId>) -> Self {
        // Starts a daemon where there is none.
        home.list();
        let (mut caller, _) = Caller::of(home).expect("a daemon is there");
        let page = page(&mut caller, Request::OpenLetter { id });
        Self { caller, page }
    }

    pub fn keep(&mut self, draft: LetterDraft) -> Result<(), Failure> {
        let (id, base) = (self.page.id, self.page.base.clone());
        self.caller.send(Request::KeepLetter { id, base, draft }).expect("it is heard");
        match self.caller.hear() {
            Heard::Answer(_) => Ok(()),
            Heard::Refused(failure) => Err(failure),
            other => panic!("{other:?}"),
        }
    }

    pub fn finish(&mut self, draft: LetterDraft) {
        let (id, base) = (self.page.id, self.page.base.clone());
        self.page = page(&mut self.caller, Request::FinishLetter { id, base, draft });
    }
}

fn page(caller: &mut Caller, request: Request) -> LetterPage {
    caller.send(request).expect("it is heard");
    match caller.hear() {
        Heard::Answer(page) => serde_json::from_value(page).expect("a page"),
        other => panic!("{other:?}"),
    }
}
