//! What of a letter still has to be told to the journal: requests out, answers in, no clock and no IO.
//!
//! One request is under way at a time. What the person typed always wins over what comes in: the daemon merges by the base that the
//! text was begun from, so that base stays until the text of another one is on the screen.

use ingle_api::{Failure, FailureKind, Request, request::LetterPage};
use ingle_model::{EntryId, LetterDraft};

use crate::journal::Answer;

/// What an answer means for the editor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    Nothing,
    /// Show this draft instead: it holds what was written elsewhere too.
    Show(LetterDraft),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    Open,
    Keep(LetterDraft),
    Finish(LetterDraft),
}

#[derive(Debug)]
pub struct Keeper {
    id: Option<EntryId>,
    base: String,
    /// What the editor shows.
    shown: LetterDraft,
    /// What the journal is known to have of it.
    kept: LetterDraft,
    /// The page was never on the screen yet.
    is_unopened: bool,
    /// Another one has to be looked at.
    is_stale: bool,
    wants_finish: bool,
    asked: Option<Asked>,
    trouble: Option<Failure>,
}

impl Keeper {
    /// Of that letter, or of a new one.
    pub fn new(id: Option<EntryId>) -> Self {
        Self {
            id,
            base: String::new(),
            shown: LetterDraft::default(),
            kept: LetterDraft::default(),
            is_unopened: true,
            is_stale: true,
            wants_finish: false,
            asked: None,
            trouble: None,
        }
    }

    pub fn id(&self) -> Option<EntryId> {
        self.id
    }

    pub fn draft(&self) -> &LetterDraft {
        &self.shown
    }

    /// The person has changed something.
    pub fn want(&mut self, change: impl FnOnce(&mut LetterDraft)) {
        change(&mut self.shown);
    }

    /// Put it into the letter, now or as soon as that can be.
    pub fn finish(&mut self) {
        self.wants_finish = !is_blank(&self.shown) || !is_blank(&self.kept);
    }

    /// There is a connection again: what was under way is not known to have arrived.
    pub fn is_up(&mut self) {
        if let Some(asked) = self.asked.take() {
            self.lost(asked);
        }
        self.is_stale = true;
        self.trouble = None;
    }

    /// The letter was changed on another device.
    pub fn is_changed_elsewhere(&mut self) {
        self.is_stale = true;
    }

    /// Whether the journal has all that is shown.
    pub fn is_safe(&self) -> bool {
        self.asked.as_ref().is_none_or(|asked| *asked == Asked::Open) && !self.wants_finish && !self.is_unsent()
    }

    pub fn trouble(&self) -> Option<&Failure> {
        self.trouble.as_ref()
    }

    /// The next request, if one is due and none is under way.
    pub fn next_request(&mut self) -> Option<Request> {
        if self.asked.is_some() {
            return None;
        }
        let Some(id) = self.id.filter(|_| !self.is_unopened) else {
            self.asked = Some(Asked::Open);
            return Some(Request::OpenLetter { id: self.id });
        };
        let (base, draft) = (self.base.clone(), self.shown.clone());
        if self.wants_finish {
            self.asked = Some(Asked::Finish(draft.clone()));
            return Some(Request::FinishLetter { id, base, draft });
        }
        if self.is_unsent() {
            self.asked = Some(Asked::Keep(draft.clone()));
            return Some(Request::KeepLetter { id, base, draft });
        }
        if self.is_stale && !is_blank(&self.shown) {
            self.asked = Some(Asked::Open);
            return Some(Request::OpenLetter { id: Some(id) });
        }
        None
    }

    /// The answer to the request that [`Self::next_request`] gave last.
    pub fn answered(&mut self, result: Result<Answer, Failure>) -> Taken {
        let Some(asked) = self.asked.take() else { return Taken::Nothing };
        match (asked, result) {
            (asked, Err(failure)) => {
                if failure.kind == FailureKind::Unavailable {
                    self.lost(asked);
                }
                self.trouble = Some(failure);
                Taken::Nothing
            }
            (Asked::Open, Ok(Answer::Page(page))) => self.opened(page),
            (Asked::Keep(draft), Ok(_)) => {
                self.trouble = None;
                self.kept = draft;
                Taken::Nothing
            }
            (Asked::Finish(sent), Ok(Answer::Page(page))) => {
                self.trouble = None;
                self.kept = sent.clone();
                // Whoever typed on meanwhile goes on from the base that they know.
                if self.shown != sent {
                    return Taken::Nothing;
                }
                self.wants_finish = false;
                self.show(page)
            }
            (_, Ok(_)) => Taken::Nothing,
        }
    }

    fn opened(&mut self, page: LetterPage) -> Taken {
        self.trouble = None;
        self.is_stale = false;
        self.id = Some(page.id);
        let was_unopened = std::mem::replace(&mut self.is_unopened, false);
        if was_unopened && !is_blank(&self.shown) {
            // Typed before there was an answer: on top of what there is.
            let typed = std::mem::take(&mut self.shown);
            self.show(page);
            lay_over(&mut self.shown, typed);
            return Taken::Show(self.shown.clone());
        }
        // Typed while it was asked for: that goes on from the base before.
        if !was_unopened && self.is_unsent() { Taken::Nothing } else { self.show(page) }
    }

    fn show(&mut self, page: LetterPage) -> Taken {
        self.base = page.base;
        let is_other = page.draft != self.shown && !(is_blank(&page.draft) && is_blank(&self.shown));
        self.kept = page.draft.clone();
        if is_other {
            self.shown = page.draft;
            Taken::Show(self.shown.clone())
        } else {
            self.kept = self.shown.clone();
            Taken::Nothing
        }
    }

    fn lost(&mut self, asked: Asked) {
        match asked {
            Asked::Open => self.is_stale = true,
            // Keeping it once more changes nothing if it had arrived.
            Asked::Keep(_) => {}
            Asked::Finish(_) => self.wants_finish = true,
        }
    }

    fn is_unsent(&self) -> bool {
        self.shown != self.kept && !(is_blank(&self.shown) && is_blank(&self.kept))
    }
}

/// A draft in which nothing is written: its voice alone is no letter.
fn is_blank(draft: &LetterDraft) -> bool {
    draft.text.as_ref().is_none_or(|text| text.trim().is_empty())
}

/// What was typed before the page was there.
fn lay_over(page: &mut LetterDraft, typed: LetterDraft) {
    let before = page.text.take().unwrap_or_default();
    let text = typed.text.unwrap_or_default();
    page.text = Some(if before.is_empty() { text } else { format!("{before}\n{text}") });
    page.voice = typed.voice.or_else(|| page.voice.take());
    page.check_in = typed.check_in.or(page.check_in);
    page.distress_before = typed.distress_before.or(page.distress_before);
    page.distress_after = typed.distress_after.or(page.distress_after);
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: EntryId = EntryId::from_bytes([7; 16]);

    fn text(text: &str) -> LetterDraft {
        LetterDraft { text: Some(text.into()), ..LetterDraft::default() }
    }

    fn page(base: &str, draft: LetterDraft) -> Result<Answer, Failure> {
        let is_new = base.is_empty();
        Ok(Answer::Page(LetterPage { id: ID, base: base.into(), draft, is_new }))
    }

    fn gone() -> Result<Answer, Failure> {
        Err(Failure::new(FailureKind::Unavailable, "away", "wait"))
    }

    fn method(request: Option<Request>) -> String {
        match request {
            None => "nothing".into(),
            Some(Request::OpenLetter { id }) => format!("open {}", id.is_some()),
            Some(Request::KeepLetter { base, draft, .. }) => format!("keep {base}: {}", draft.text.unwrap_or_default()),
            Some(Request::FinishLetter { base, draft, .. }) => {
                format!("finish {base}: {}", draft.text.unwrap_or_default())
            }
            Some(_) => "other".into(),
        }
    }

    fn typed(keeper: &mut Keeper, words: &str) {
        keeper.want(|draft| draft.text = Some(words.into()));
    }

    fn opened() -> Keeper {
        let mut keeper = Keeper::new(None);
        assert_eq!(method(keeper.next_request()), "open false");
        assert_eq!(keeper.answered(page("", LetterDraft::default())), Taken::Nothing);
        keeper
    }

    #[test]
    fn an_editor_in_which_nothing_is_written_only_opens() {
        let mut keeper = opened();
        keeper.want(|draft| draft.voice = Some("kind".into()));
        keeper.finish();
        assert_eq!(method(keeper.next_request()), "nothing");
        assert!(keeper.is_safe());
    }

    #[test]
    fn what_is_typed_is_kept_then_finished_and_a_merged_text_is_shown() {
        let mut keeper = opened();
        typed(&mut keeper, "one");
        assert_eq!(method(keeper.next_request()), "keep : one");
        typed(&mut keeper, "one two");
        assert_eq!(method(keeper.next_request()), "nothing", "one at a time");
        keeper.answered(Ok(Answer::Done));
        assert!(!keeper.is_safe());
        keeper.finish();
        assert_eq!(method(keeper.next_request()), "finish : one two");
        assert_eq!(keeper.answered(page("b1", text("one two three"))), Taken::Show(text("one two three")));
        assert!(keeper.is_safe());
        typed(&mut keeper, "one two three four");
        assert_eq!(method(keeper.next_request()), "keep b1: one two three four");
    }

    #[test]
    fn who_types_on_while_it_is_finished_goes_on_from_the_base_before() {
        let mut keeper = opened();
        typed(&mut keeper, "one");
        keeper.finish();
        assert_eq!(method(keeper.next_request()), "finish : one");
        typed(&mut keeper, "one more");
        assert_eq!(keeper.answered(page("b1", text("one, and there"))), Taken::Nothing);
        assert_eq!(method(keeper.next_request()), "finish : one more");
        assert_eq!(keeper.answered(page("b2", text("one more, and there"))), Taken::Show(text("one more, and there")));
    }

    #[test]
    fn after_an_interruption_unsent_words_go_on_from_their_base_and_else_the_page_is_looked_at_again() {
        let mut keeper = opened();
        typed(&mut keeper, "one");
        assert_eq!(method(keeper.next_request()), "keep : one");
        keeper.answered(gone());
        assert!(!keeper.is_safe() && keeper.trouble().is_some());
        keeper.is_up();
        assert_eq!(method(keeper.next_request()), "keep : one");
        keeper.answered(Ok(Answer::Done));
        assert_eq!(method(keeper.next_request()), "open true");
        assert_eq!(keeper.answered(page("b1", text("one"))), Taken::Nothing);
        assert!(keeper.is_safe());
        assert_eq!(method(keeper.next_request()), "nothing");
        keeper.is_changed_elsewhere();
        assert_eq!(method(keeper.next_request()), "open true");
        assert_eq!(keeper.answered(page("b2", text("one there"))), Taken::Show(text("one there")));
    }

    #[test]
    fn what_is_typed_before_the_first_answer_stays_and_is_kept() {
        let mut keeper = Keeper::new(Some(ID));
        assert_eq!(method(keeper.next_request()), "open true");
        typed(&mut keeper, "early");
        assert_eq!(keeper.answered(page("b0", text("there"))), Taken::Show(text("there\nearly")));
        assert_eq!(method(keeper.next_request()), "keep b0: there\nearly");
    }

    #[test]
    fn a_refusal_keeps_the_words_and_is_tried_again() {
        let mut keeper = opened();
        typed(&mut keeper, "one");
        assert_eq!(method(keeper.next_request()), "keep : one");
        keeper.answered(Err(Failure::new(FailureKind::Storage, "full", "make room")));
        assert!(!keeper.is_safe());
        assert_eq!(method(keeper.next_request()), "keep : one");
        keeper.answered(Ok(Answer::Done));
        assert!(keeper.is_safe() && keeper.trouble().is_none());
    }
}
