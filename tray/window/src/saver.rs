//! What of the chosen words still has to be told to the journal: effects out, answers in, no clock and no IO.
//!
//! One write is under way at a time. A write whose answer got lost is looked for before it is made again, by the instant
//! that only this window gave it, so that nothing is stored twice.

use ingle_api::{Failure, FailureKind, Request, request::ListQuery};
use ingle_model::{CheckInDraft, EntryId, Moment, check_in::FeelingDraft};

use crate::journal::Answer;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Stored {
    id: EntryId,
    feelings: Vec<FeelingDraft>,
}

#[derive(Debug)]
enum Asked {
    Add(Vec<FeelingDraft>),
    Look(Vec<FeelingDraft>),
    Change(Vec<FeelingDraft>),
    Remove,
}

#[derive(Debug, Default)]
pub struct Saver {
    wanted: Vec<FeelingDraft>,
    /// What the entry is about: the moment of the first word.
    at: Option<Moment>,
    stored: Option<Stored>,
    asked: Option<Asked>,
    /// An addition of which nobody knows whether it arrived.
    unsure: Option<Vec<FeelingDraft>>,
    trouble: Option<Failure>,
    /// The journal was locked: the entry lies beside it, and can't be changed before it goes in.
    is_waiting: bool,
}

impl Saver {
    /// These words are chosen now. `moment` counts if they are the first ones of an entry.
    pub fn want(&mut self, feelings: Vec<FeelingDraft>, moment: impl FnOnce() -> Option<Moment>) {
        if self.at.is_none() && !feelings.is_empty() {
            self.at = moment();
        }
        self.wanted = feelings;
    }

    /// Whether the journal holds exactly what is chosen.
    pub fn is_safe(&self) -> bool {
        let stored = self.stored.as_ref().map_or(&[][..], |stored| &stored.feelings);
        self.asked.is_none() && self.unsure.is_none() && stored == self.wanted
    }

    /// Whether what was kept goes in at the next unlocking.
    pub fn is_waiting(&self) -> bool {
        self.is_waiting
    }

    /// Why the last write didn't come about.
    pub fn trouble(&self) -> Option<&Failure> {
        self.trouble.as_ref()
    }

    /// The next request, if one is due and none is under way.
    pub fn next_request(&mut self) -> Option<Request> {
        if self.asked.is_some() {
            return None;
        }
        if let Some(feelings) = self.unsure.clone() {
            let at_ms = self.at.as_ref().map(Moment::millis);
            self.asked = Some(Asked::Look(feelings));
            let query =
                ListQuery { since_ms: at_ms, until_ms: at_ms.map(|ms| ms.saturating_add(1)), ..ListQuery::default() };
            return Some(Request::List { query });
        }
        let feelings = self.wanted.clone();
        match &self.stored {
            None if feelings.is_empty() => None,
            None => {
                self.asked = Some(Asked::Add(feelings.clone()));
                let at = self.at.as_ref().map(Moment::to_string);
                Some(Request::CheckIn {
                    draft: CheckInDraft { feelings: Some(feelings), at, ..CheckInDraft::default() },
                })
            }
            Some(stored) if stored.feelings == feelings => None,
            Some(stored) => {
                let id = stored.id;
                if feelings.is_empty() {
                    self.asked = Some(Asked::Remove);
                    return Some(Request::Delete { id });
                }
                self.asked = Some(Asked::Change(feelings.clone()));
                Some(Request::Edit { id, draft: CheckInDraft { feelings: Some(feelings), ..CheckInDraft::default() } })
            }
        }
    }

    /// The answer to the request that [`Self::next_request`] gave last.
    pub fn answered(&mut self, result: Result<Answer, Failure>) {
        let Some(asked) = self.asked.take() else { return };
        self.trouble = None;
        match (asked, result) {
            (Asked::Add(feelings), Ok(Answer::Saved(saved))) => {
                self.is_waiting = saved.waiting;
                self.stored = Some(Stored { id: saved.id, feelings });
            }
            (Asked::Look(feelings), Ok(Answer::Entries(entries))) => {
                self.unsure = None;
                let sent: Vec<(&str, Option<i64>)> =
                    feelings.iter().map(|feeling| (feeling.word.as_str(), feeling.intensity)).collect();
                let at_ms = self.at.as_ref().map(Moment::millis);
                let found = entries.iter().find(|entry| {
                    let there: Vec<(&str, Option<i64>)> = entry
                        .feelings
                        .iter()
                        .map(|feeling| (feeling.id.as_str(), feeling.intensity.map(i64::from)))
                        .collect();
                    Some(entry.at_ms) == at_ms && there == sent
                });
                self.stored = found.map(|entry| Stored { id: entry.id, feelings: feelings.clone() });
            }
            (Asked::Change(feelings), Ok(_)) => {
                if let Some(stored) = &mut self.stored {
                    stored.feelings = feelings;
                }
            }
            (Asked::Remove, Ok(_)) => self.forget(),
            // Somebody deleted it meanwhile, in another window or on another device.
            (Asked::Change(_) | Asked::Remove, Err(failure)) if failure.kind == FailureKind::NotFound => self.forget(),
            (Asked::Add(feelings), Err(failure)) => {
                if failure.kind == FailureKind::Unavailable {
                    self.unsure = Some(feelings);
                }
                self.trouble = Some(failure);
            }
            (_, Err(failure)) => self.trouble = Some(failure),
            (_, Ok(_)) => {}
        }
    }

    fn forget(&mut self) {
        self.stored = None;
        // The words that are still chosen make a new entry, about the same moment; with none left the moment goes too.
        if self.wanted.is_empty() {
            self.at = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingle_api::request::Saved;

    fn words(words: &[&str]) -> Vec<FeelingDraft> {
        words.iter().map(|word| FeelingDraft { word: (*word).into(), intensity: None }).collect()
    }

    fn moment() -> Option<Moment> {
        "2026-11-25T19:40:00+01:00".parse().ok()
    }

    fn saved(byte: u8) -> Result<Answer, Failure> {
        Ok(Answer::Saved(Saved { id: EntryId::from_bytes([byte; 16]), at: String::new(), waiting: false }))
    }

    fn gone() -> Result<Answer, Failure> {
        Err(Failure::new(FailureKind::Unavailable, "away", "wait"))
    }

    fn method(request: Option<Request>) -> &'static str {
        match request {
            None => "nothing",
            Some(Request::CheckIn { .. }) => "add",
            Some(Request::Edit { .. }) => "change",
            Some(Request::Delete { .. }) => "remove",
            Some(Request::List { .. }) => "look",
            Some(_) => "other",
        }
    }

    #[test]
    fn an_untouched_window_asks_for_nothing() {
        let mut saver = Saver::default();
        assert_eq!(method(saver.next_request()), "nothing");
        assert!(saver.is_safe());
    }

    #[test]
    fn a_word_is_added_once_then_changed_then_removed() {
        let mut saver = Saver::default();
        saver.want(words(&["lonely"]), moment);
        assert_eq!(method(saver.next_request()), "add");
        assert_eq!(method(saver.next_request()), "nothing");
        saver.want(words(&["lonely", "hurt"]), moment);
        assert_eq!(method(saver.next_request()), "nothing");
        saver.answered(saved(1));
        assert!(!saver.is_safe());
        assert_eq!(method(saver.next_request()), "change");
        saver.answered(saved(1));
        assert!(saver.is_safe());
        saver.want(words(&[]), moment);
        assert_eq!(method(saver.next_request()), "remove");
        saver.answered(saved(1));
        assert!(saver.is_safe());
        saver.want(words(&["hurt"]), moment);
        assert_eq!(method(saver.next_request()), "add");
    }

    #[test]
    fn an_addition_whose_answer_got_lost_is_looked_for_first() {
        let mut saver = Saver::default();
        saver.want(words(&["lonely"]), moment);
        assert_eq!(method(saver.next_request()), "add");
        saver.answered(gone());
        assert!(!saver.is_safe() && saver.trouble().is_some());
        assert_eq!(method(saver.next_request()), "look");
        saver.answered(Ok(Answer::Entries(Vec::new())));
        assert_eq!(method(saver.next_request()), "add");
        saver.answered(saved(1));
        assert!(saver.is_safe() && saver.trouble().is_none());
    }

    #[test]
    fn what_a_locked_journal_refused_is_tried_again() {
        let mut saver = Saver::default();
        saver.want(words(&["lonely"]), moment);
        assert_eq!(method(saver.next_request()), "add");
        saver.answered(Err(Failure::new(FailureKind::Locked, "locked", "unlock")));
        assert!(!saver.is_safe());
        assert_eq!(method(saver.next_request()), "add");
    }

    #[test]
    fn words_of_an_entry_deleted_elsewhere_become_a_new_one() {
        let mut saver = Saver::default();
        saver.want(words(&["lonely"]), moment);
        saver.next_request();
        saver.answered(saved(1));
        saver.want(words(&["lonely", "hurt"]), moment);
        assert_eq!(method(saver.next_request()), "change");
        saver.answered(Err(Failure::new(FailureKind::NotFound, "gone", "")));
        assert_eq!(method(saver.next_request()), "add");
    }
}
