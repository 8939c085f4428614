//! A check-in: what is felt, where in the body, what brought it, what it urges to.
//!
//! [`CheckInDraft`] is what a person or a program hands in, unchecked; [`CheckIn`] is the checked value. Every field is
//! optional and at least one is set. Nothing here looks at what the words mean.

use serde::{Deserialize, Serialize};

use crate::{
    body, letter,
    moment::{Moment, MomentRefused},
    text::{Label, Prose, TextRefused},
    vocabulary,
};

/// 0 to 100: how strong a feeling is, or how much distress there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Rating(u8);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not between 0 and 100")]
pub struct NotARating(i64);

impl Rating {
    pub const fn value(self) -> u8 {
        self.0
    }
}

impl TryFrom<i64> for Rating {
    type Error = NotARating;

    fn try_from(number: i64) -> Result<Self, NotARating> {
        match u8::try_from(number) {
            Ok(small) if small <= 100 => Ok(Self(small)),
            _ => Err(NotARating(number)),
        }
    }
}

impl From<Rating> for i64 {
    fn from(rating: Rating) -> Self {
        rating.0.into()
    }
}

/// A word for a feeling, a place or a quality: one that Ingle offers, by its lasting id, or the person's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Term {
    Known(&'static str),
    Own(Label),
}

impl Term {
    /// How it is stored and handed in again: a known id as it is, an own word behind `~`.
    pub fn to_code(&self) -> String {
        match self {
            Self::Known(id) => (*id).to_owned(),
            Self::Own(label) => format!("~{}", label.as_str()),
        }
    }

    fn read(code: &str, known: impl Fn(&str) -> Option<&'static str>) -> Result<Self, TextRefused> {
        if let Some(own) = code.strip_prefix('~') {
            return Label::new(own).map(Self::Own);
        }
        match known(code) {
            Some(id) => Ok(Self::Known(id)),
            None => Label::new(code).map(Self::Own),
        }
    }

    pub fn feeling(code: &str) -> Result<Self, TextRefused> {
        Self::read(code, |text| vocabulary::find(text).map(|word| word.id))
    }

    pub fn place(code: &str) -> Result<Self, TextRefused> {
        Self::read(code, |text| body::place(text).map(|place| place.id))
    }

    /// In whose voice a letter is written.
    pub fn voice(code: &str) -> Result<Self, TextRefused> {
        Self::read(code, |text| letter::voice(text).map(|voice| voice.id))
    }

    pub fn quality(code: &str) -> Result<Self, TextRefused> {
        Self::read(code, |text| body::quality(text).map(|quality| quality.id))
    }
}

/// One named feeling; how strong it is may stay unsaid.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Feeling {
    pub word: Term,
    pub intensity: Option<Rating>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Motion {
    Still,
    Moving,
}

/// One thing noticed in the body.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BodyNote {
    pub place: Term,
    pub quality: Option<Term>,
    pub motion: Option<Motion>,
    /// The one that pulls most. At most one note of an entry says so.
    pub strongest: bool,
}

/// What can be said in one check-in. At least one field besides the moment is set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckIn {
    pub feelings: Vec<Feeling>,
    pub body: Vec<BodyNote>,
    pub cause: Option<Prose>,
    pub thought: Option<Prose>,
    pub urge: Option<Prose>,
    pub distress_before: Option<Rating>,
    pub distress_after: Option<Rating>,
    pub tags: Vec<Label>,
}

impl CheckIn {
    /// The most feelings, body notes or tags in one entry.
    pub const MAX_LIST: usize = 64;

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A feeling as handed in: `word` is an id or label of the vocabulary, or an own word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeelingDraft {
    pub word: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intensity: Option<i64>,
}

/// A body note as handed in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyDraft {
    pub place: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motion: Option<Motion>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strongest: bool,
}

/// A check-in or a change to one, as handed in and not yet looked at. For a new entry an absent field is an unset one; for an
/// edit an absent field stays as it is, and an empty text or list clears it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckInDraft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feelings: Option<Vec<FeelingDraft>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Vec<BodyDraft>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thought: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urge: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distress_before: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distress_after: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// RFC 9557 or RFC 3339; absent means now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

impl std::fmt::Debug for CheckInDraft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CheckInDraft(..)")
    }
}

/// Which field was not taken, and why. The text never repeats what the person wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("there is nothing in this check-in yet")]
    Nothing,
    #[error("there is nothing in this letter yet")]
    NoText,
    /// An edit would empty the entry.
    #[error("that would leave nothing in this entry; it was not changed")]
    NothingLeft,
    #[error("the {field} can't be kept: {why}")]
    Text { field: &'static str, why: TextRefused },
    #[error("the {field} of {value} is not between 0 and 100")]
    Rating { field: &'static str, value: i64 },
    #[error("that time can't be kept: {0}")]
    Moment(MomentRefused),
    #[error("there are more than {} {field} in one entry", CheckIn::MAX_LIST)]
    TooMany { field: &'static str },
    #[error("more than one place is marked as the strongest")]
    TwoStrongest,
}

impl Refused {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Nothing => "one word is enough, for example --feel sad".into(),
            Self::NoText => "write a line; any length is enough".into(),
            Self::NothingLeft => "leave one word in it, or put it in the trash with \"ingle delete\"".into(),
            Self::Text { why: TextRefused::Empty, .. } => "write a word or leave it out".into(),
            Self::Text { why: TextRefused::LabelTooLong { .. }, .. } => {
                "use a few words here, and the rest as text".into()
            }
            Self::Text { why: TextRefused::ProseTooLong { .. }, .. } => {
                "keep a part of it here and the rest in another entry".into()
            }
            Self::Text { why: TextRefused::Control, .. } => "take out the odd character and try again".into(),
            Self::Rating { .. } => "give a whole number from 0 to 100, or leave it out".into(),
            Self::Moment(_) => "write it like 2026-11-25T19:40:00+01:00".into(),
            Self::TooMany { .. } => "leave some for another entry".into(),
            Self::TwoStrongest => "mark one of them".into(),
        }
    }
}

impl CheckInDraft {
    /// Checks a draft of a new entry. `Ok` holds the moment if one was given.
    pub fn check(&self) -> Result<(CheckIn, Option<Moment>), Refused> {
        self.applied_to(&CheckIn::default())
    }

    /// The entry that `old` becomes when this draft is laid over it.
    pub fn applied_to(&self, old: &CheckIn) -> Result<(CheckIn, Option<Moment>), Refused> {
        let new = CheckIn {
            feelings: match &self.feelings {
                Some(drafts) => feelings(drafts)?,
                None => old.feelings.clone(),
            },
            body: match &self.body {
                Some(drafts) => body_notes(drafts)?,
                None => old.body.clone(),
            },
            cause: prose("cause", self.cause.as_deref(), old.cause.as_ref())?,
            thought: prose("thought", self.thought.as_deref(), old.thought.as_ref())?,
            urge: prose("urge", self.urge.as_deref(), old.urge.as_ref())?,
            distress_before: rating("distress before", self.distress_before)?.or(old.distress_before),
            distress_after: rating("distress after", self.distress_after)?.or(old.distress_after),
            tags: match &self.tags {
                Some(tags) => labels("tags", "tag", tags)?,
                None => old.tags.clone(),
            },
        };
        if new.is_empty() {
            return Err(if old.is_empty() { Refused::Nothing } else { Refused::NothingLeft });
        }
        let at = self.at.as_deref().map(str::parse).transpose().map_err(Refused::Moment)?;
        Ok((new, at))
    }
}

pub(crate) fn rating(field: &'static str, value: Option<i64>) -> Result<Option<Rating>, Refused> {
    value
        .map(|number| Rating::try_from(number).map_err(|NotARating(value)| Refused::Rating { field, value }))
        .transpose()
}

fn prose(field: &'static str, new: Option<&str>, old: Option<&Prose>) -> Result<Option<Prose>, Refused> {
    match new {
        None => Ok(old.cloned()),
        Some("") => Ok(None),
        Some(text) => Prose::new(text).map(Some).map_err(|why| Refused::Text { field, why }),
    }
}

fn bounded<T>(field: &'static str, list: Vec<T>) -> Result<Vec<T>, Refused> {
    if list.len() > CheckIn::MAX_LIST { Err(Refused::TooMany { field }) } else { Ok(list) }
}

pub(crate) fn labels(plural: &'static str, field: &'static str, texts: &[String]) -> Result<Vec<Label>, Refused> {
    let mut labels = Vec::new();
    for text in texts {
        let label = Label::new(text).map_err(|why| Refused::Text { field, why })?;
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    bounded(plural, labels)
}

/// The same word twice counts once; the later intensity holds.
fn feelings(drafts: &[FeelingDraft]) -> Result<Vec<Feeling>, Refused> {
    let mut feelings: Vec<Feeling> = Vec::new();
    for draft in drafts {
        let word = Term::feeling(&draft.word).map_err(|why| Refused::Text { field: "feeling", why })?;
        let intensity = rating("intensity", draft.intensity)?;
        match feelings.iter_mut().find(|known| known.word == word) {
            Some(known) => known.intensity = intensity.or(known.intensity),
            None => feelings.push(Feeling { word, intensity }),
        }
    }
    bounded("feelings", feelings)
}

fn body_notes(drafts: &[BodyDraft]) -> Result<Vec<BodyNote>, Refused> {
    let mut notes = Vec::new();
    for draft in drafts {
        let place = Term::place(&draft.place).map_err(|why| Refused::Text { field: "place in the body", why })?;
        let quality = draft.quality.as_deref().map(Term::quality).transpose();
        let quality = quality.map_err(|why| Refused::Text { field: "quality", why })?;
        notes.push(BodyNote { place, quality, motion: draft.motion, strongest: draft.strongest });
    }
    if notes.iter().filter(|note| note.strongest).count() > 1 {
        return Err(Refused::TwoStrongest);
    }
    bounded("body notes", notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feel(word: &str, intensity: Option<i64>) -> FeelingDraft {
        FeelingDraft { word: word.into(), intensity }
    }

    #[test]
    fn one_word_is_enough_and_intensity_may_stay_unsaid() {
        let draft = CheckInDraft {
            feelings: Some(vec![feel("Lonely", None), feel("left out", Some(60))]),
            ..Default::default()
        };
        let (entry, at) = draft.check().expect("two words");
        assert_eq!(entry.feelings[0], Feeling { word: Term::Known("lonely"), intensity: None });
        assert_eq!(entry.feelings[1].word.to_code(), "~left out");
        assert_eq!(at, None);
    }

    #[test]
    fn a_field_out_of_its_range_is_named_and_nothing_is_taken() {
        let check = |draft: CheckInDraft, told: &str| {
            assert_eq!(draft.check().map_err(|refused| refused.to_string()), Err(told.to_owned()));
        };
        check(CheckInDraft::default(), "there is nothing in this check-in yet");
        check(
            CheckInDraft { feelings: Some(vec![feel("hurt", Some(101))]), ..Default::default() },
            "the intensity of 101 is not between 0 and 100",
        );
        check(
            CheckInDraft { feelings: Some(vec![feel("hurt", Some(-1))]), ..Default::default() },
            "the intensity of -1 is not between 0 and 100",
        );
        check(
            CheckInDraft { feelings: Some(vec![feel(" ", None)]), ..Default::default() },
            "the feeling can't be kept: it is empty",
        );
        check(
            CheckInDraft { cause: Some("x".repeat(10 << 20)), ..Default::default() },
            "the cause can't be kept: it is 10240 KiB long; up to 64 KiB fit",
        );
        check(
            CheckInDraft { cause: Some("x".into()), at: Some("+99999-01-01T00:00:00Z".into()), ..Default::default() },
            "that time can't be kept: the year is outside 1900 to 2199",
        );
    }

    #[test]
    fn an_edit_keeps_what_it_does_not_name_and_clears_what_it_empties() {
        let draft = CheckInDraft { cause: Some("a".into()), thought: Some("b".into()), ..Default::default() };
        let (old, _) = draft.check().expect("two texts");
        let edit = CheckInDraft { cause: Some(String::new()), urge: Some("c".into()), ..Default::default() };
        let (new, _) = edit.applied_to(&old).expect("still something");
        assert_eq!((&new.cause, &new.thought, new.urge.is_some()), (&None, &old.thought, true));
        let empty = || Some(String::new());
        let all = CheckInDraft { thought: empty(), urge: empty(), ..Default::default() };
        assert_eq!(all.applied_to(&new), Err(Refused::NothingLeft));
    }
}
