//! One entry being changed: what was changed, and what of that the journal doesn't have yet. No windows, no IO.

use ingle_api::{Failure, FailureKind};
use ingle_model::{CheckInDraft, EntryId, EntryView, check_in::FeelingDraft};

use crate::feeling_lines::{self, LineRefused};

/// The texts of the editor's fields.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields {
    pub words: String,
    pub cause: String,
    pub thought: String,
    pub urge: String,
}

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fields(..)")
    }
}

/// What the fields say, as far as it can be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    feelings: Vec<FeelingDraft>,
    cause: String,
    thought: String,
    urge: String,
}

#[derive(Debug)]
pub struct Editor {
    before: EntryView,
    wanted: Content,
    stored: Content,
    asked: Option<(u64, Content)>,
    refused: Option<LineRefused>,
    /// The entry is gone, or its fields can't be kept: asking again would change nothing until they change.
    is_stuck: bool,
}

impl Editor {
    pub fn new(before: EntryView) -> Self {
        let draft = before.to_draft();
        let content = Content {
            feelings: draft.feelings.unwrap_or_default(),
            cause: draft.cause.unwrap_or_default(),
            thought: draft.thought.unwrap_or_default(),
            urge: draft.urge.unwrap_or_default(),
        };
        Self { before, wanted: content.clone(), stored: content, asked: None, refused: None, is_stuck: false }
    }

    /// The entry as it was when it was opened.
    pub fn before(&self) -> &EntryView {
        &self.before
    }

    pub fn fields(&self) -> Fields {
        Fields {
            words: feeling_lines::lines_of(&self.before.feelings),
            cause: self.wanted.cause.clone(),
            thought: self.wanted.thought.clone(),
            urge: self.wanted.urge.clone(),
        }
    }

    pub fn fields_are(&mut self, fields: Fields) {
        let Fields { words, cause, thought, urge } = fields;
        let before = self.wanted.clone();
        match feeling_lines::read(&words, &self.before.feelings) {
            Ok(feelings) => {
                self.wanted.feelings = feelings;
                self.refused = None;
            }
            Err(refused) => self.refused = Some(refused),
        }
        let blank_is_none = |text: String| if text.trim().is_empty() { String::new() } else { text };
        self.wanted.cause = blank_is_none(cause);
        self.wanted.thought = blank_is_none(thought);
        self.wanted.urge = blank_is_none(urge);
        if self.wanted != before {
            self.is_stuck = false;
        }
    }

    /// The line of the feelings that can't be kept yet.
    pub fn refused(&self) -> Option<LineRefused> {
        self.refused
    }

    pub fn has_changed(&self) -> bool {
        let first = Self::new(self.before.clone());
        self.wanted != first.wanted || self.stored != first.stored
    }

    /// Whether nothing is left that could be sent.
    pub fn is_safe(&self) -> bool {
        self.asked.is_none() && (self.is_stuck || self.wanted == self.stored)
    }

    /// The next change, with only the fields that differ, so that what is written elsewhere at the same time stays.
    pub fn next(&self) -> Option<(EntryId, CheckInDraft)> {
        if self.asked.is_some() || self.is_stuck || self.wanted == self.stored {
            return None;
        }
        let changed = |new: &String, old: &String| (new != old).then(|| new.clone());
        let draft = CheckInDraft {
            feelings: (self.wanted.feelings != self.stored.feelings).then(|| self.wanted.feelings.clone()),
            cause: changed(&self.wanted.cause, &self.stored.cause),
            thought: changed(&self.wanted.thought, &self.stored.thought),
            urge: changed(&self.wanted.urge, &self.stored.urge),
            ..CheckInDraft::default()
        };
        Some((self.before.id, draft))
    }

    /// What [`Self::next`] gave is under way.
    pub fn sent_as(&mut self, number: u64) {
        self.asked = Some((number, self.wanted.clone()));
    }

    pub fn answered(&mut self, number: u64, failure: Option<&Failure>) {
        if self.asked.as_ref().is_none_or(|(asked, _)| *asked != number) {
            return;
        }
        if let Some((_, content)) = self.asked.take() {
            match failure {
                None => self.stored = content,
                Some(failure) => self.is_stuck = matches!(failure.kind, FailureKind::NotFound | FailureKind::Usage),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingle_model::{DeviceId, EntryKind, view::FeelingView};

    fn entry() -> EntryView {
        EntryView {
            id: EntryId::from_bytes([7; 16]),
            kind: EntryKind::CheckIn,
            at: "2026-11-25T19:40:00+01:00".into(),
            at_ms: 0,
            feelings: vec![FeelingView {
                id: "~left out".into(),
                label: "left out".into(),
                family: None,
                intensity: None,
            }],
            body: Vec::new(),
            cause: Some("rain".into()),
            thought: None,
            urge: None,
            distress_before: None,
            distress_after: None,
            tags: Vec::new(),
            letter: None,
            device: "laptop".into(),
            device_id: DeviceId::from_bytes([1; 16]),
            versions: Vec::new(),
            deleted_then_changed: false,
        }
    }

    #[test]
    fn only_what_was_changed_is_sent() {
        let mut editor = Editor::new(entry());
        assert!(editor.is_safe() && !editor.has_changed() && editor.next().is_none());
        let fields = Fields { thought: "why".into(), ..editor.fields() };
        editor.fields_are(fields);
        let (_, draft) = editor.next().expect("a change");
        assert_eq!(draft, CheckInDraft { thought: Some("why".into()), ..CheckInDraft::default() });
        editor.sent_as(3);
        assert!(editor.next().is_none() && !editor.is_safe());
        editor.answered(3, None);
        assert!(editor.is_safe() && editor.has_changed());
    }

    #[test]
    fn a_change_that_did_not_come_about_is_offered_again() {
        let mut editor = Editor::new(entry());
        editor.fields_are(Fields { cause: String::new(), ..editor.fields() });
        editor.next().expect("a change");
        editor.sent_as(1);
        editor.answered(1, Some(&Failure::new(FailureKind::Unavailable, "away", "")));
        assert!(!editor.is_safe());
        assert_eq!(editor.next().expect("again").1.cause.as_deref(), Some(""));
    }

    #[test]
    fn a_line_that_cannot_be_kept_holds_back_only_itself() {
        let mut editor = Editor::new(entry());
        editor.fields_are(Fields { words: "left out 101".into(), urge: "hide".into(), ..editor.fields() });
        assert_eq!(editor.refused(), Some(LineRefused::Strength { line: 1 }));
        let (_, draft) = editor.next().expect("the urge");
        assert_eq!((draft.feelings, draft.urge.as_deref()), (None, Some("hide")));
    }
}
