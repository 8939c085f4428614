//! The fields of a letter as flags and as JSON, made into a draft. The text comes from elsewhere.

use std::path::PathBuf;

use clap::Args;
use ingle_api::Failure;
use ingle_model::{Letter, LetterDraft};
use jiff::ZonedDateTime;

use crate::{
    check_in::entry_id,
    fields::{self, Purpose},
    input::Source,
};

/// What a letter looks like as JSON.
pub const EXAMPLE: &str = r#"{"text": "...", "voice": "kind"}"#;

// Flags of `letter` and `letter edit`. (A doc comment here would become the command's own help.)
#[derive(Args, Default, Clone, PartialEq, Eq)]
pub struct LetterFields {
    /// The text, from this file; "-" is the standard input
    #[arg(long, value_name = "F")]
    text_file: Option<PathBuf>,
    /// In whose voice: loved-one, real-person, figure, kind, or a word of your own
    #[arg(long, value_name = "T")]
    voice: Option<String>,
    /// The check-in that it answers, as "list" tells it
    #[arg(long, value_name = "ID")]
    check_in: Option<String>,
    /// How heavy it was before writing, 0 to 100
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    before: Option<String>,
    /// How heavy it is afterwards, 0 to 100
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    after: Option<String>,
    /// A word to find it by
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// The time that it is about, with its offset: 2026-11-25T19:40:00+01:00; otherwise now
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// It is enough for today: a week of letters counts the day
    #[arg(long)]
    enough: bool,
    /// Read text and fields as JSON from the standard input; flags go before
    #[arg(long, conflicts_with = "text_file")]
    stdin_json: bool,
}

impl LetterFields {
    pub const fn is_json(&self) -> bool {
        self.stdin_json
    }

    /// Where the text lies, if that was said.
    pub fn source(&self) -> Option<Source> {
        self.text_file.clone().map(Source::named)
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What the standard input says, if it was to be read as JSON, with the flags laid over it.
    pub async fn read(&self, purpose: Purpose) -> Result<LetterDraft, Failure> {
        let base = if self.stdin_json { fields::piped_json(EXAMPLE).await? } else { LetterDraft::default() };
        let draft = self.over(base, purpose)?;
        // What can be seen to be wrong here starts no daemon and asks for no passphrase.
        draft.applied_to(&Letter::default())?;
        Ok(draft)
    }

    /// The flags laid over `base`.
    pub fn over(&self, base: LetterDraft, purpose: Purpose) -> Result<LetterDraft, Failure> {
        Ok(LetterDraft {
            text: base.text,
            voice: self.voice.clone().or(base.voice),
            check_in: self.check_in.as_deref().map(entry_id).transpose()?.or(base.check_in),
            distress_before: fields::distress("distress before", &self.before)?.or(base.distress_before),
            distress_after: fields::distress("distress after", &self.after)?.or(base.distress_after),
            tags: fields::list(&self.tag, purpose, |tag| Ok(tag.to_owned()))?.or(base.tags),
            enough: self.enough.then(|| ZonedDateTime::now().to_string()).or(base.enough),
            at: self.at.clone().or(base.at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_go_before_what_was_there_and_leave_the_text_alone() {
        let base = LetterDraft {
            text: Some("Dear me".into()),
            voice: Some("kind".into()),
            distress_before: Some(60),
            ..LetterDraft::default()
        };
        let fields = LetterFields { voice: Some("grandmother".into()), after: Some("40".into()), ..Default::default() };
        let draft = fields.over(base, Purpose::New).expect("well formed");
        assert_eq!((draft.text.as_deref(), draft.voice.as_deref()), (Some("Dear me"), Some("grandmother")));
        assert_eq!((draft.distress_before, draft.distress_after, draft.enough), (Some(60), Some(40), None));
    }

    #[test]
    fn enough_is_said_now() {
        let fields = LetterFields { enough: true, ..LetterFields::default() };
        let draft = fields.over(LetterDraft::default(), Purpose::Edit).expect("well formed");
        let (letter, _) = draft.applied_to(&Letter::default()).expect("a moment");
        let said = letter.enough.expect("it was said").instant();
        assert!(said <= jiff::Timestamp::now() && said > jiff::Timestamp::now() - jiff::SignedDuration::from_mins(5));
    }

    #[tokio::test]
    async fn what_is_out_of_range_is_refused_before_anything_is_started() {
        let check = async |fields: LetterFields, told: &str| {
            assert_eq!(fields.read(Purpose::New).await.expect_err("refused").message, told);
        };
        let fields = LetterFields::default;
        let before = LetterFields { before: Some("101".into()), ..fields() };
        check(before, "the distress before of 101 is not between 0 and 100").await;
        let after = LetterFields { after: Some("abc".into()), ..fields() };
        check(after, "the distress after is not a number from 0 to 100").await;
        let voice = LetterFields { voice: Some("v".repeat(65)), ..fields() };
        check(voice, "the voice can't be kept: it is longer than 64 characters").await;
        let check_in = LetterFields { check_in: Some("canary".into()), ..fields() };
        check(check_in, "there is no such entry here").await;
        let at = LetterFields { at: Some("canary".into()), ..fields() };
        check(at, "that time can't be kept: that isn't a date and time with an offset").await;
    }
}
