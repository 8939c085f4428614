//! A letter to oneself: its text, in whose voice it is written, and which check-in it answers.
//!
//! [`LetterDraft`] is what a person or a program hands in, unchecked; [`Letter`] is the checked value. Nothing here looks at what
//! the words mean.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    check_in::{Rating, Refused, Term},
    id::EntryId,
    moment::Moment,
    text::{Label, LetterText},
};

/// A voice that Ingle offers: whose words the letter is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voice {
    /// Lasting; lies in journals.
    pub id: &'static str,
    pub label: &'static str,
}

/// In the order in which they are offered. Anybody else is the person's own word.
pub const VOICES: [Voice; 4] = [
    Voice { id: "loved-one", label: "as I'd write to someone I love" },
    Voice { id: "real-person", label: "someone real who is on my side" },
    Voice { id: "figure", label: "a figure I trust" },
    Voice { id: "kind", label: "simply kind" },
];

/// The offered voice with this id, or with this label in any case.
pub fn voice(text: &str) -> Option<&'static Voice> {
    let text = text.trim();
    VOICES.iter().find(|voice| voice.id == text || voice.label.eq_ignore_ascii_case(text))
}

/// What a letter holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Letter {
    pub text: LetterText,
    pub voice: Option<Term>,
    /// The check-in that it answers.
    pub check_in: Option<EntryId>,
    pub distress_before: Option<Rating>,
    pub distress_after: Option<Rating>,
    pub tags: Vec<Label>,
    /// When the person last said that it is enough for today.
    pub enough: Option<Moment>,
}

/// A letter or a change to one, as handed in and not yet looked at. For a new letter an absent field is an unset one; for an edit
/// an absent field stays as it is, and an empty text or list clears it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LetterDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The id of an offered voice, or the person's own word for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_in: Option<EntryId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distress_before: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distress_after: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// RFC 9557 or RFC 3339: when the person said that it is enough for today.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enough: Option<String>,
    /// RFC 9557 or RFC 3339: the time that the letter is about; absent means now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

impl fmt::Debug for LetterDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LetterDraft(..)")
    }
}

impl LetterDraft {
    /// Checks the draft of a new letter, which needs a text. `Ok` holds the moment if one was given.
    pub fn check(&self) -> Result<(Letter, Option<Moment>), Refused> {
        let (letter, at) = self.applied_to(&Letter::default())?;
        if letter.text.is_blank() { Err(Refused::NoText) } else { Ok((letter, at)) }
    }

    /// The letter that `old` becomes when this draft is laid over it.
    pub fn applied_to(&self, old: &Letter) -> Result<(Letter, Option<Moment>), Refused> {
        let text = self.text.as_deref().map(LetterText::new).transpose();
        let moment = |text: &Option<String>| text.as_deref().map(str::parse).transpose().map_err(Refused::Moment);
        let letter = Letter {
            text: text.map_err(|why| Refused::Text { field: "letter", why })?.unwrap_or_else(|| old.text.clone()),
            voice: match self.voice.as_deref().map(str::trim) {
                Some("") => None,
                Some(code) => Some(Term::voice(code).map_err(|why| Refused::Text { field: "voice", why })?),
                None => old.voice.clone(),
            },
            check_in: self.check_in.or(old.check_in),
            distress_before: crate::check_in::rating("distress before", self.distress_before)?.or(old.distress_before),
            distress_after: crate::check_in::rating("distress after", self.distress_after)?.or(old.distress_after),
            tags: match &self.tags {
                Some(tags) => crate::check_in::labels("tags", "tag", tags)?,
                None => old.tags.clone(),
            },
            enough: moment(&self.enough)?.or_else(|| old.enough.clone()),
        };
        Ok((letter, moment(&self.at)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_needs_a_text_and_nothing_else() {
        let draft = LetterDraft { text: Some("Dear me,\n".into()), ..Default::default() };
        let (letter, at) = draft.check().expect("a text");
        assert_eq!((letter.text.as_str(), at), ("Dear me,\n", None));
        let blank = LetterDraft { text: Some(" \n".into()), voice: Some("kind".into()), ..Default::default() };
        assert_eq!(blank.check(), Err(Refused::NoText));
    }

    #[test]
    fn a_voice_is_one_that_is_offered_or_an_own_word() {
        let voice = |code: &str| {
            let draft = LetterDraft { text: Some("x".into()), voice: Some(code.into()), ..Default::default() };
            draft.check().expect("a text").0.voice.map(|voice| voice.to_code())
        };
        assert_eq!(voice("kind").as_deref(), Some("kind"));
        assert_eq!(voice("Simply kind").as_deref(), Some("kind"));
        assert_eq!(voice("grandmother").as_deref(), Some("~grandmother"));
        assert_eq!(voice(""), None);
    }

    #[test]
    fn an_edit_keeps_what_it_does_not_name_and_a_novel_that_is_too_long_is_told() {
        let draft = LetterDraft { text: Some("a".into()), voice: Some("kind".into()), ..Default::default() };
        let old = draft.check().expect("a text").0;
        let edit = LetterDraft { text: Some("b".into()), ..Default::default() };
        let new = edit.applied_to(&old).expect("a text").0;
        assert_eq!((new.text.as_str(), &new.voice), ("b", &old.voice));
        let long = LetterDraft { text: Some("x".repeat(LetterText::MAX_BYTES + 1)), ..Default::default() };
        let told = long.applied_to(&old).expect_err("too long").to_string();
        assert_eq!(told, "the letter can't be kept: it is 1025 KiB long; up to 1024 KiB fit");
    }
}
