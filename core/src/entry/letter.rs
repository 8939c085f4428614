//! What the record of a letter holds. Its text is a long one, and isn't among the fields that are written.

use ingle_model::{
    EntryId, EntryKind, EntryView, Label, Letter, LetterDraft, LetterText, Moment, Rating,
    check_in::Term,
    letter,
    view::{LetterView, OtherVersion, VoiceView},
};

use super::{
    Base, DeviceId, Origin, base, field, first_text, is_changed, list_value, moment_value, read_moment, read_rating,
    read_tags, told,
};
use crate::document::{Fields, Record, Value};

/// The field of the long text.
pub const TEXT: &str = field::TEXT;

/// All fields but the text; those that are empty hold [`Value::None`].
pub fn fields(letter: &Letter, at: &Moment) -> Fields {
    let rating = |rating: Option<Rating>| rating.map_or(Value::None, |rating| Value::Int(rating.into()));
    let text = |text: Option<String>| text.map_or(Value::None, Value::Text);
    Fields::from([
        (field::AT, moment_value(at)),
        (field::VOICE, text(letter.voice.as_ref().map(Term::to_code))),
        (field::ANSWERS, text(letter.check_in.map(|id| id.to_string()))),
        (field::ENOUGH, letter.enough.as_ref().map_or(Value::None, moment_value)),
        (field::BEFORE, rating(letter.distress_before)),
        (field::AFTER, rating(letter.distress_after)),
        (field::TAGS, list_value(&letter.tags, |tag| tag.as_str().to_owned())),
    ])
}

/// What a new record holds: no empty fields, and no text yet.
pub fn new_fields(letter: &Letter, at: &Moment, origin: Origin) -> Fields {
    let mut fields = fields(letter, at);
    fields.retain(|_, value| *value != Value::None);
    fields.insert(field::MADE, Value::Int(origin.made_ms));
    fields.insert(field::DEVICE, Value::Text(origin.device.to_string()));
    fields
}

/// Of the letter that came out of a change the fields that the record doesn't show yet.
pub fn changed(mut fields: Fields, record: &Record, edit: &LetterDraft) -> Fields {
    fields.retain(|name, value| {
        let is_named = match *name {
            field::AT => edit.at.is_some(),
            field::VOICE => edit.voice.is_some(),
            field::ANSWERS => edit.check_in.is_some(),
            field::ENOUGH => edit.enough.is_some(),
            field::BEFORE => edit.distress_before.is_some(),
            field::AFTER => edit.distress_after.is_some(),
            field::TAGS => edit.tags.is_some(),
            _ => false,
        };
        is_changed(name, value, record, is_named)
    });
    fields
}

/// What the letter says, in what is shown first of every field. What can't be read is left out.
pub fn letter(record: &Record) -> Letter {
    Letter {
        text: first_text(record, TEXT).and_then(|text| LetterText::new(text).ok()).unwrap_or_default(),
        voice: first_text(record, field::VOICE).and_then(|code| Term::voice(code).ok()),
        check_in: first_text(record, field::ANSWERS).and_then(|id| id.parse::<EntryId>().ok()),
        distress_before: read_rating(record, field::BEFORE),
        distress_after: read_rating(record, field::AFTER),
        tags: first_text(record, field::TAGS).map(read_tags).unwrap_or_default(),
        enough: first_text(record, field::ENOUGH).and_then(read_moment),
    }
}

/// The draft that, laid over nothing, gives this letter again.
pub fn draft(letter: &Letter, at: Option<&Moment>) -> LetterDraft {
    LetterDraft {
        text: Some(letter.text.as_str().to_owned()),
        voice: letter.voice.as_ref().map(Term::to_code),
        check_in: letter.check_in,
        distress_before: letter.distress_before.map(i64::from),
        distress_after: letter.distress_after.map(i64::from),
        tags: Some(letter.tags.iter().map(|tag| tag.as_str().to_owned()).collect()),
        enough: letter.enough.as_ref().map(Moment::to_string),
        at: at.map(Moment::to_string),
    }
}

/// As a person is shown it, with the whole text. None when it has no origin or no time: then it is no entry yet.
pub fn view(id: EntryId, record: &Record, name_of: impl Fn(DeviceId) -> String) -> Option<EntryView> {
    let letter = letter(record);
    let Base { at, origin, is_deleted_then_changed } = base(record)?;
    Some(EntryView {
        id,
        kind: EntryKind::Letter,
        at_ms: at.millis(),
        at: at.to_string(),
        feelings: Vec::new(),
        body: Vec::new(),
        cause: None,
        thought: None,
        urge: None,
        distress_before: letter.distress_before.map(Rating::value),
        distress_after: letter.distress_after.map(Rating::value),
        tags: letter.tags.into_iter().map(Label::into).collect(),
        letter: Some(LetterView {
            chars: u64::try_from(letter.text.as_str().chars().count()).unwrap_or(u64::MAX),
            text: letter.text.into(),
            is_excerpt: false,
            voice: letter.voice.as_ref().map(voice_view),
            check_in: letter.check_in,
            enough: letter.enough.map(|at| at.to_string()),
        }),
        device: name_of(origin.device),
        device_id: origin.device,
        versions: other_versions(record),
        deleted_then_changed: is_deleted_then_changed,
    })
}

/// What a list shows of it.
pub fn shortened(mut view: EntryView) -> EntryView {
    if let Some(letter) = &mut view.letter
        && let Some((end, _)) = letter.text.char_indices().nth(LetterView::EXCERPT_CHARS)
    {
        letter.text.truncate(end);
        letter.is_excerpt = true;
    }
    view
}

fn voice_view(voice: &Term) -> VoiceView {
    let label = match voice {
        Term::Known(id) => letter::voice(id).map_or(*id, |voice| voice.label),
        Term::Own(label) => label.as_str(),
    };
    VoiceView { id: voice.to_code(), label: label.to_owned() }
}

fn other_versions(record: &Record) -> Vec<OtherVersion> {
    let fields = [
        (field::AT, "at"),
        (TEXT, "text"),
        (field::VOICE, "voice"),
        (field::ANSWERS, "check_in"),
        (field::ENOUGH, "enough"),
        (field::BEFORE, "distress_before"),
        (field::AFTER, "distress_after"),
        (field::TAGS, "tags"),
    ];
    let others = |(name, shown): (&str, &'static str)| {
        let values = record.get(name).map(Vec::as_slice).unwrap_or_default();
        let told = values.iter().skip(1).map(move |value| {
            let value = match (shown, value) {
                ("voice", Value::Text(code)) => {
                    Term::voice(code).map_or_else(|_| code.clone(), |voice| voice_view(&voice).label)
                }
                _ => told(shown, value),
            };
            OtherVersion { field: shown.to_owned(), value }
        });
        told.collect::<Vec<_>>()
    };
    fields.into_iter().flat_map(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_comes_back_whole_from_its_record() {
        let draft = LetterDraft {
            text: Some("Dear me,\n\nاليوم كان صعبًا 😀".into()),
            voice: Some("~grandmother".into()),
            check_in: Some(EntryId::from_bytes([4; 16])),
            distress_before: Some(80),
            distress_after: Some(0),
            tags: Some(vec!["work".into()]),
            enough: Some("2026-11-25T19:40:00+01:00[Europe/Berlin]".into()),
            at: None,
        };
        let whole = draft.check().unwrap().0;
        let at: Moment = "2026-11-25T19:20:00+01:00[Europe/Berlin]".parse().unwrap();
        let origin = Origin { made_ms: 5, device: DeviceId::from_bytes([1; 16]) };
        let mut record: Record =
            new_fields(&whole, &at, origin).into_iter().map(|(name, value)| (name.to_owned(), vec![value])).collect();
        record.insert(TEXT.to_owned(), vec![Value::Text(whole.text.as_str().to_owned())]);
        assert_eq!(letter(&record), whole);
        assert_eq!(super::draft(&whole, None), draft);
        let view = view(EntryId::from_bytes([9; 16]), &record, |_| "laptop".into()).unwrap();
        assert_eq!(view.title(), "Dear me,");
        assert_eq!(view.letter.unwrap().voice.unwrap().label, "grandmother");
    }

    #[test]
    fn a_list_shows_the_beginning_and_says_so() {
        let record = |text: &str| {
            Record::from([
                (field::AT.to_owned(), vec![Value::Text("5 UTC".into())]),
                (field::MADE.to_owned(), vec![Value::Int(5)]),
                (field::DEVICE.to_owned(), vec![Value::Text(DeviceId::from_bytes([1; 16]).to_string())]),
                (TEXT.to_owned(), vec![Value::Text(text.to_owned())]),
            ])
        };
        let seen = |text: &str| {
            let view = view(EntryId::from_bytes([9; 16]), &record(text), |_| String::new()).unwrap();
            shortened(view).letter.unwrap()
        };
        let long = seen(&"ä".repeat(201));
        assert_eq!((long.text.chars().count(), long.is_excerpt, long.chars), (200, true, 201));
        let short = seen(&"ä".repeat(200));
        assert_eq!((short.text.chars().count(), short.is_excerpt), (200, false));
    }
}
