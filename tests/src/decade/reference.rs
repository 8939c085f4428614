//! What shows of a plan that was carried out, worked out the plain way: everything is in memory and looked through.

use ingle_api::request::ListQuery;
use ingle_model::{
    CheckIn, EntryId, EntryKind, EntryView, Letter, LetterDraft, Moment, check_in::Term, letter::voice,
    view::LetterView, vocabulary,
};

use super::{Planned, Step, words::plain};

/// An entry as it is by now.
#[derive(Debug, Clone)]
struct Entry {
    id: EntryId,
    at: Moment,
    is_deleted: bool,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    CheckIn(CheckIn),
    Letter(Letter),
}

/// What of an entry is compared. The text of a letter is held against the whole or against its beginning.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    id: EntryId,
    kind: EntryKind,
    at: String,
    feelings: Vec<(String, Option<u8>)>,
    texts: [Option<String>; 3],
    distress: [Option<u8>; 2],
    tags: Vec<String>,
    /// Voice and length.
    letter: Option<(Option<String>, u64)>,
}

/// The journal as it has to be.
#[derive(Debug)]
pub struct Reference(Vec<Entry>);

impl Reference {
    /// `ids` are those of the entries in the order in which they were begun.
    pub fn of(plan: &[Planned], ids: &[EntryId]) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        let begin = |entries: &Vec<Entry>, at: Option<Moment>, made: &Moment, content| Entry {
            id: ids[entries.len()],
            at: at.unwrap_or_else(|| made.clone()),
            is_deleted: false,
            content,
        };
        for Planned { at: made, step } in plan {
            match step {
                Step::CheckIn(draft) => {
                    let (check_in, at) = draft.check().expect("it was kept");
                    let entry = begin(&entries, at, made, Content::CheckIn(check_in));
                    entries.push(entry);
                }
                Step::Letter(draft) => {
                    let (letter, at) = draft.check().expect("it was kept");
                    let entry = begin(&entries, at, made, Content::Letter(letter));
                    entries.push(entry);
                }
                Step::Edit { entry, draft } => {
                    let Content::CheckIn(old) = &mut entries[*entry].content else { panic!("it is no check-in") };
                    *old = draft.applied_to(old).expect("it was kept").0;
                }
                Step::EditLetter { entry, draft } => {
                    let Content::Letter(old) = &mut entries[*entry].content else { panic!("it is no letter") };
                    *old = LetterDraft::applied_to(draft, old).expect("it was kept").0;
                }
                Step::Delete { entry } => entries[*entry].is_deleted = true,
            }
        }
        Self(entries)
    }

    /// How many show.
    pub fn shown(&self) -> usize {
        self.0.iter().filter(|entry| !entry.is_deleted).count()
    }

    /// How many answer a query, its limit left aside.
    pub fn found(&self, query: &ListQuery) -> usize {
        self.0.iter().filter(|entry| entry.answers(query)).count()
    }

    /// Why `views` are not the answer to `query`; nothing if they are.
    pub fn differs(&self, query: &ListQuery, views: &[EntryView]) -> Option<String> {
        let mut expected: Vec<&Entry> = self.0.iter().filter(|entry| entry.answers(query)).collect();
        expected.sort_by_key(|entry| std::cmp::Reverse((entry.at.millis(), entry.id)));
        expected.truncate(query.limit.unwrap_or(usize::MAX));
        if expected.len() != views.len() {
            return Some(format!("{} entries instead of {}", views.len(), expected.len()));
        }
        expected.iter().zip(views).find_map(|(entry, view)| entry.differs(view, false))
    }

    /// The same for one entry, shown whole.
    pub fn differs_whole(&self, view: &EntryView) -> Option<String> {
        match self.0.iter().find(|entry| entry.id == view.id && !entry.is_deleted) {
            Some(entry) => entry.differs(view, true),
            None => Some("there is no such entry".to_owned()),
        }
    }
}

impl Entry {
    const fn kind(&self) -> EntryKind {
        match self.content {
            Content::CheckIn(_) => EntryKind::CheckIn,
            Content::Letter(_) => EntryKind::Letter,
        }
    }

    fn answers(&self, query: &ListQuery) -> bool {
        let at = self.at.millis();
        let texts = self.texts();
        let feelings: Vec<String> = match &self.content {
            Content::CheckIn(check_in) => check_in.feelings.iter().map(|feeling| feeling.word.to_code()).collect(),
            Content::Letter(_) => Vec::new(),
        };
        let tags: Vec<String> = self.tags().iter().map(|tag| plain(tag)).collect();
        !self.is_deleted
            && query.since_ms.is_none_or(|since| at >= since)
            && query.until_ms.is_none_or(|until| at < until)
            && query.kind.is_none_or(|kind| kind == self.kind())
            && query.words.iter().all(|word| texts.iter().any(|text| text.contains(&plain(word))))
            && query
                .feelings
                .iter()
                .all(|word| Term::feeling(word).is_ok_and(|term| feelings.contains(&term.to_code())))
            && query.tags.iter().all(|tag| tags.contains(&plain(tag)))
    }

    fn tags(&self) -> Vec<String> {
        let tags = match &self.content {
            Content::CheckIn(check_in) => &check_in.tags,
            Content::Letter(letter) => &letter.tags,
        };
        tags.iter().map(|tag| tag.as_str().to_owned()).collect()
    }

    /// All that can be looked for, as a search compares it.
    fn texts(&self) -> Vec<String> {
        let label = |term: &Term, known: &dyn Fn(&str) -> Option<String>| match term {
            Term::Known(id) => known(id).unwrap_or_default(),
            Term::Own(own) => own.as_str().to_owned(),
        };
        let mut texts = self.tags();
        match &self.content {
            Content::CheckIn(check_in) => {
                let word = |id: &str| vocabulary::word(id).map(|word| word.label.to_owned());
                texts.extend(check_in.feelings.iter().map(|feeling| label(&feeling.word, &word)));
                let prose = [&check_in.cause, &check_in.thought, &check_in.urge];
                texts.extend(prose.into_iter().flatten().map(|text| text.as_str().to_owned()));
            }
            Content::Letter(letter) => {
                let offered = |id: &str| voice(id).map(|voice| voice.label.to_owned());
                texts.extend(letter.voice.iter().map(|voice| label(voice, &offered)));
                texts.push(letter.text.as_str().to_owned());
            }
        }
        texts.iter().map(|text| plain(text)).collect()
    }

    fn told(&self) -> Told {
        let mut told = Told {
            id: self.id,
            kind: self.kind(),
            at: self.at.to_string(),
            feelings: Vec::new(),
            texts: [None, None, None],
            distress: [None, None],
            tags: self.tags(),
            letter: None,
        };
        match &self.content {
            Content::CheckIn(check_in) => {
                let feelings = check_in.feelings.iter();
                told.feelings = feelings
                    .map(|feeling| (feeling.word.to_code(), feeling.intensity.map(ingle_model::Rating::value)))
                    .collect();
                told.texts = [&check_in.cause, &check_in.thought, &check_in.urge]
                    .map(|text| text.as_ref().map(|text| text.as_str().to_owned()));
                told.distress = [check_in.distress_before, check_in.distress_after]
                    .map(|rating| rating.map(ingle_model::Rating::value));
            }
            Content::Letter(letter) => {
                told.distress = [letter.distress_before, letter.distress_after]
                    .map(|rating| rating.map(ingle_model::Rating::value));
                let chars = u64::try_from(letter.text.as_str().chars().count()).expect("it fits");
                told.letter = Some((letter.voice.as_ref().map(Term::to_code), chars));
            }
        }
        told
    }

    fn differs(&self, view: &EntryView, is_whole: bool) -> Option<String> {
        let (expected, found) = (self.told(), told(view));
        if expected != found {
            return Some(format!("found    {found:?}\nexpected {expected:?}"));
        }
        match (&self.content, &view.letter) {
            (Content::Letter(letter), Some(shown)) if !shows(shown, letter.text.as_str(), is_whole) => {
                Some(format!("the text of {} is another", self.id))
            }
            _ => None,
        }
    }
}

fn shows(shown: &LetterView, text: &str, is_whole: bool) -> bool {
    if is_whole {
        return shown.text == text && !shown.is_excerpt;
    }
    text.starts_with(&shown.text)
        && shown.text.chars().count() <= LetterView::EXCERPT_CHARS
        && shown.is_excerpt == (shown.text != text)
        && !shown.text.is_empty()
}

fn told(view: &EntryView) -> Told {
    Told {
        id: view.id,
        kind: view.kind,
        at: view.at.clone(),
        feelings: view.feelings.iter().map(|feeling| (feeling.id.clone(), feeling.intensity)).collect(),
        texts: [&view.cause, &view.thought, &view.urge].map(Clone::clone),
        distress: [view.distress_before, view.distress_after],
        tags: view.tags.clone(),
        letter: view.letter.as_ref().map(|letter| (letter.voice.as_ref().map(|voice| voice.id.clone()), letter.chars)),
    }
}
