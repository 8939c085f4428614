//! An entry as it is shown: to a window, to the terminal, to another program as JSON.

use serde::{Deserialize, Serialize};

use crate::{
    DeviceId, EntryId,
    check_in::{BodyDraft, CheckInDraft, FeelingDraft, Motion},
    vocabulary::Family,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    CheckIn,
    Letter,
}

impl EntryKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::CheckIn => "check-in",
            Self::Letter => "letter",
        }
    }
}

/// A feeling with what the vocabulary says of it. For an own word `id` is the word behind `~`, and `family` is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeelingView {
    pub id: String,
    pub label: String,
    pub family: Option<Family>,
    pub intensity: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyView {
    pub place: String,
    pub quality: Option<String>,
    pub motion: Option<Motion>,
    pub strongest: bool,
}

/// A value that was written elsewhere at the same time as the one shown, and did not win. It is kept and shown, never dropped.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OtherVersion {
    /// The field's name as in [`EntryView`].
    pub field: String,
    pub value: String,
}

/// In whose voice a letter is written. For an own word `id` is the word behind `~`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceView {
    pub id: String,
    pub label: String,
}

/// What only a letter has.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterView {
    /// The whole text; in a list its beginning, at most [`LetterView::EXCERPT_CHARS`] characters.
    pub text: String,
    /// Whether `text` is only the beginning.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_excerpt: bool,
    /// Characters (Unicode scalar values) of the whole text.
    pub chars: u64,
    pub voice: Option<VoiceView>,
    /// The check-in that it answers.
    pub check_in: Option<EntryId>,
    /// When the person last said that it is enough for today, RFC 9557.
    pub enough: Option<String>,
}

impl LetterView {
    pub const EXCERPT_CHARS: usize = 200;
}

impl std::fmt::Debug for LetterView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LetterView({} characters)", self.chars)
    }
}

/// One entry, whole; of a letter in a list the beginning.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryView {
    pub id: EntryId,
    pub kind: EntryKind,
    /// The time it is about, RFC 9557.
    pub at: String,
    /// The same in milliseconds since 1970 UTC, for sorting.
    pub at_ms: i64,
    pub feelings: Vec<FeelingView>,
    pub body: Vec<BodyView>,
    pub cause: Option<String>,
    pub thought: Option<String>,
    pub urge: Option<String>,
    pub distress_before: Option<u8>,
    pub distress_after: Option<u8>,
    pub tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<LetterView>,
    /// The name of the device that it was first written on.
    pub device: String,
    pub device_id: DeviceId,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<OtherVersion>,
    /// Set on an entry that was deleted on one device while it was changed on another: it is shown, and says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted_then_changed: bool,
}

impl std::fmt::Debug for EntryView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EntryView({})", self.id)
    }
}

impl std::fmt::Debug for OtherVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OtherVersion({})", self.field)
    }
}

impl EntryView {
    /// One short line: the feelings, else the place in the body, else the start of the first text.
    pub fn title(&self) -> String {
        if let Some(letter) = &self.letter {
            return start(&letter.text);
        }
        if !self.feelings.is_empty() {
            let words: Vec<String> = self
                .feelings
                .iter()
                .map(|feeling| match feeling.intensity {
                    Some(intensity) => format!("{} {intensity}", feeling.label),
                    None => feeling.label.clone(),
                })
                .collect();
            return words.join(", ");
        }
        if let Some(note) = self.body.first() {
            return note
                .quality
                .as_ref()
                .map_or_else(|| note.place.clone(), |quality| format!("{}: {quality}", note.place));
        }
        let text = [&self.cause, &self.thought, &self.urge].into_iter().flatten().next();
        match text {
            Some(text) => start(text),
            None => match self.tags.first() {
                Some(tag) => tag.clone(),
                None => "distress".to_owned(),
            },
        }
    }

    /// The draft that, laid over nothing, gives this entry's content again: what an edit starts from.
    pub fn to_draft(&self) -> CheckInDraft {
        let text = |text: &Option<String>| Some(text.clone().unwrap_or_default());
        CheckInDraft {
            feelings: Some(
                self.feelings
                    .iter()
                    .map(|feeling| FeelingDraft {
                        word: feeling.id.clone(),
                        intensity: feeling.intensity.map(i64::from),
                    })
                    .collect(),
            ),
            body: Some(
                self.body
                    .iter()
                    .map(|note| BodyDraft {
                        place: note.place.clone(),
                        quality: note.quality.clone(),
                        motion: note.motion,
                        strongest: note.strongest,
                    })
                    .collect(),
            ),
            cause: text(&self.cause),
            thought: text(&self.thought),
            urge: text(&self.urge),
            distress_before: self.distress_before.map(i64::from),
            distress_after: self.distress_after.map(i64::from),
            tags: Some(self.tags.clone()),
            at: Some(self.at.clone()),
        }
    }
}

/// The first line that has something in it, at most 80 characters.
fn start(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or_default().chars().take(80).collect()
}
