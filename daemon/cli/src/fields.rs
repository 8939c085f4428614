//! The fields of a check-in as flags and as JSON, made into a draft.
//!
//! What is in range and what is too long is the model's to say; here it is only read. No error repeats what was written.

use clap::Args;
use ingle_api::{Failure, FailureKind, framing::MAX_REQUEST_BYTES};
use ingle_model::{
    CheckInDraft, Motion,
    check_in::{BodyDraft, FeelingDraft, Term},
};
use serde::de::DeserializeOwned;

use crate::input::{self, Source};

/// What a check-in looks like as JSON.
const EXAMPLE: &str = r#"{"feelings": [{"word": "hurt", "intensity": 70}], "cause": "..."}"#;

// Flags of `check-in` and `edit`. (A doc comment here would become the command's own help.)
#[derive(Args, Default)]
pub struct Fields {
    /// A feeling, by a word of Ingle's or your own, if you like with how strong it is (0 to 100)
    #[arg(long, value_name = "WORD[=N]")]
    feel: Vec<String>,
    /// Something in the body: the place, then what it is like, then "still" or "moving"
    #[arg(long, value_name = "PLACE[:QUALITY[:still|moving]]")]
    body: Vec<String>,
    /// The place that pulls most
    #[arg(long, value_name = "PLACE")]
    strongest: Option<String>,
    /// What brought it
    #[arg(long, value_name = "TEXT")]
    cause: Option<String>,
    /// What it seems to say
    #[arg(long, value_name = "TEXT")]
    thought: Option<String>,
    /// What it urges to
    #[arg(long, value_name = "TEXT")]
    urge: Option<String>,
    /// 0 to 100
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    distress_before: Option<String>,
    /// 0 to 100
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    distress_after: Option<String>,
    /// The time that it is about, with its offset: 2026-11-25T19:40:00+01:00; otherwise now
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// A word to find it by
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// Read the fields as JSON from the standard input, where no list of processes shows them; flags go before
    #[arg(long)]
    stdin_json: bool,
}

/// For a new entry an empty field is an error; for an edit it clears the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    New,
    Edit,
}

impl Fields {
    /// The draft, the standard input included if that was asked for.
    pub async fn read(&self, purpose: Purpose) -> Result<CheckInDraft, Failure> {
        let base = if self.stdin_json { piped_json(EXAMPLE).await? } else { CheckInDraft::default() };
        self.over(base, purpose)
    }

    /// The place to be marked in the body notes that an edited entry has already, if the draft has none of its own.
    pub fn strongest_of_old<'a>(&'a self, draft: &CheckInDraft) -> Option<&'a str> {
        self.strongest.as_deref().filter(|_| draft.body.is_none())
    }

    /// The flags laid over `base`.
    fn over(&self, base: CheckInDraft, purpose: Purpose) -> Result<CheckInDraft, Failure> {
        let mut draft = CheckInDraft {
            feelings: list(&self.feel, purpose, feeling)?.or(base.feelings),
            body: list(&self.body, purpose, body_note)?.or(base.body),
            cause: text("cause", &self.cause, purpose)?.or(base.cause),
            thought: text("thought", &self.thought, purpose)?.or(base.thought),
            urge: text("urge", &self.urge, purpose)?.or(base.urge),
            distress_before: distress("distress before", &self.distress_before)?.or(base.distress_before),
            distress_after: distress("distress after", &self.distress_after)?.or(base.distress_after),
            tags: list(&self.tag, purpose, |tag| Ok(tag.to_owned()))?.or(base.tags),
            at: self.at.clone().or(base.at),
        };
        if let Some(place) = &self.strongest {
            match (&mut draft.body, purpose) {
                (Some(notes), _) => mark_strongest(notes, place),
                (None, Purpose::New) => mark_strongest(draft.body.insert(Vec::new()), place),
                (None, Purpose::Edit) => {}
            }
        }
        Ok(draft)
    }
}

/// Marks the note at `place`, and no other; adds one if there is none.
pub fn mark_strongest(notes: &mut Vec<BodyDraft>, place: &str) {
    let wanted = Term::place(place).ok();
    let is_there =
        |note: &BodyDraft| note.place == place || (wanted.is_some() && Term::place(&note.place).ok() == wanted);
    let found = notes.iter().position(is_there);
    for note in notes.iter_mut() {
        note.strongest = false;
    }
    match found.and_then(|index| notes.get_mut(index)) {
        Some(note) => note.strongest = true,
        None => notes.push(BodyDraft { place: place.to_owned(), strongest: true, ..BodyDraft::default() }),
    }
}

pub fn list<T>(
    given: &[String],
    purpose: Purpose,
    read: impl Fn(&str) -> Result<T, Failure>,
) -> Result<Option<Vec<T>>, Failure> {
    match (given, purpose) {
        ([], _) => Ok(None),
        ([only], Purpose::Edit) if only.is_empty() => Ok(Some(Vec::new())),
        (given, _) => given.iter().map(|text| read(text)).collect::<Result<_, _>>().map(Some),
    }
}

fn text(field: &'static str, given: &Option<String>, purpose: Purpose) -> Result<Option<String>, Failure> {
    match given {
        Some(text) if text.is_empty() && purpose == Purpose::New => {
            let why = ingle_model::text::TextRefused::Empty;
            Err(ingle_model::Refused::Text { field, why }.into())
        }
        given => Ok(given.clone()),
    }
}

fn feeling(given: &str) -> Result<FeelingDraft, Failure> {
    let Some((word, intensity)) = given.rsplit_once('=') else {
        return Ok(FeelingDraft { word: given.to_owned(), intensity: None });
    };
    let intensity = whole_number(intensity).ok_or_else(|| not_a_number("intensity"))?;
    Ok(FeelingDraft { word: word.to_owned(), intensity: Some(intensity) })
}

fn body_note(given: &str) -> Result<BodyDraft, Failure> {
    let mut parts = given.split(':').map(str::trim);
    let place = parts.next().unwrap_or_default().to_owned();
    let quality = parts.next().filter(|quality| !quality.is_empty()).map(str::to_owned);
    let motion = match parts.next() {
        None | Some("") => None,
        Some("still") => Some(Motion::Still),
        Some("moving") => Some(Motion::Moving),
        Some(_) => return Err(not_a_note("the third part of a body note is neither \"still\" nor \"moving\"")),
    };
    match parts.next() {
        None => Ok(BodyDraft { place, quality, motion, strongest: false }),
        Some(_) => Err(not_a_note("a body note has more than three parts")),
    }
}

pub fn distress(field: &str, given: &Option<String>) -> Result<Option<i64>, Failure> {
    given.as_deref().map(|text| whole_number(text).ok_or_else(|| not_a_number(field))).transpose()
}

fn whole_number(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

fn not_a_number(field: &str) -> Failure {
    Failure::new(
        FailureKind::Usage,
        format!("the {field} is not a number from 0 to 100"),
        "give a whole number from 0 to 100, or leave it out",
    )
}

fn not_a_note(message: &str) -> Failure {
    Failure::new(FailureKind::Usage, message, "write it like chest:tight:still, chest:tight, or chest")
}

/// A draft as JSON from the standard input; `example` is what one looks like.
pub async fn piped_json<T: DeserializeOwned>(example: &str) -> Result<T, Failure> {
    read_json(input::read(Source::Stdin, MAX_REQUEST_BYTES).await?, example)
}

/// A message of serde's could quote the text, so only the place of the fault is told.
fn read_json<T: DeserializeOwned>(bytes: Vec<u8>, example: &str) -> Result<T, Failure> {
    let text = input::checked(bytes, "the standard input", MAX_REQUEST_BYTES)?;
    let hint = format!("hand in an object such as {example}");
    let refused = |message: String| Failure::new(FailureKind::Usage, format!("{message}; nothing was saved"), &hint);
    if text.trim().is_empty() {
        return Err(refused("there is nothing on the standard input".into()));
    }
    serde_json::from_str(&text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        refused(match error.classify() {
            serde_json::error::Category::Data => {
                format!("a field on the standard input is unknown, or of another type ({place})")
            }
            _ => format!("the standard input is not JSON ({place})"),
        })
    })
}

#[cfg(test)]
mod tests;
