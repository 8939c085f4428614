//! A journal in memory that answers at once, and Slint with no display.

#![allow(dead_code, clippy::allow_attributes, reason = "every test file uses a part of this")]

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    time::Duration,
};

use i_slint_backend_testing::{TestingBackend, TestingBackendOptions, mock_elapsed_time};
use ingle_api::{
    Change, Failure, FailureKind, Request, Snapshot,
    request::{LetterPage, Reminders, RuleView, Saved, Undone},
    status::JournalState,
};
use ingle_model::{EntryId, EntryView, LetterDraft};
use ingle_window::{
    fonts,
    journal::{Answer, Ask, Journal, News},
    kind::{Kind, Opener},
};

/// A backend for this test's thread, with real pixels.
pub fn no_display() {
    let options = TestingBackendOptions { mock_time: true, threading: false, renderer_name: Some("software".into()) };
    slint::platform::set_platform(Box::new(TestingBackend::new(options))).expect("the first on this thread");
    fonts::bring_emoji();
}

pub fn wait(time: Duration) {
    // In steps, so that timers started by timers run too.
    for _ in 0..time.as_millis() / 50 {
        mock_elapsed_time(Duration::from_millis(50));
    }
}

/// The id of a new letter.
pub const LETTER: EntryId = EntryId::from_bytes([77; 16]);

#[derive(Clone)]
pub struct Fake {
    pub asked: Rc<RefCell<Vec<Request>>>,
    pub opened: Rc<RefCell<Vec<Kind>>>,
    pub entries: Rc<RefCell<Vec<EntryView>>>,
    /// Every answer while it is set.
    pub fails: Rc<RefCell<Option<Failure>>>,
    /// The one letter that there is, with what its editor showed.
    pub letter: Rc<RefCell<Option<LetterDraft>>>,
    /// What is new waits for the unlocking.
    pub is_locked: Rc<Cell<bool>>,
    pub rules: Rc<RefCell<Vec<RuleView>>>,
    ids: Rc<Cell<u8>>,
    news: SyncSender<News>,
}

impl Fake {
    pub fn new() -> (Self, Receiver<News>) {
        let (news, receiver) = sync_channel(64);
        let fake = Self {
            asked: Rc::default(),
            opened: Rc::default(),
            entries: Rc::default(),
            fails: Rc::default(),
            letter: Rc::default(),
            is_locked: Rc::default(),
            rules: Rc::default(),
            ids: Rc::default(),
            news,
        };
        (fake, receiver)
    }

    pub fn opener(&self) -> Opener {
        let opened = self.opened.clone();
        Rc::new(move |opening| opened.borrow_mut().push(opening.kind))
    }

    pub fn tell(&self, news: News) {
        self.news.send(news).expect("a window listens");
    }

    pub fn is_up(&self, journal: JournalState) {
        self.tell(News::Up(Snapshot {
            api: 1,
            version: "0".into(),
            journal,
            device: "laptop".into(),
            entries: 0,
            due: None,
            paused: None,
        }));
    }

    fn page(&self, id: EntryId) -> LetterPage {
        let letter = self.letter.borrow().clone();
        let base = letter.as_ref().map(|_| "base".to_owned()).unwrap_or_default();
        LetterPage { id, base, is_new: letter.is_none(), draft: letter.unwrap_or_default() }
    }

    /// The requests as `method words`, in order.
    pub fn told(&self) -> Vec<String> {
        self.asked.borrow().iter().map(line).collect()
    }
}

fn line(request: &Request) -> String {
    match request {
        Request::CheckIn { draft } => format!("check-in {}", words(draft)),
        Request::Edit { draft, .. } => format!("edit {}", words(draft)),
        Request::Delete { .. } => "delete".into(),
        Request::Undo {} => "undo".into(),
        Request::List { .. } => "list".into(),
        Request::Unlock { .. } => "unlock".into(),
        Request::OpenLetter { .. } => "open-letter".into(),
        Request::KeepLetter { draft, .. } => format!("keep-letter {}", draft.text.as_deref().unwrap_or_default()),
        Request::FinishLetter { draft, .. } => format!("finish-letter {}", draft.text.as_deref().unwrap_or_default()),
        Request::AddReminder { draft } => format!("remind {} {}", draft.kind.name(), draft.time),
        _ => "other".into(),
    }
}

fn words(draft: &ingle_model::CheckInDraft) -> String {
    let feelings = draft.feelings.iter().flatten();
    let mut told: Vec<String> = feelings
        .map(|feeling| {
            feeling.intensity.map_or_else(|| feeling.word.clone(), |number| format!("{}={number}", feeling.word))
        })
        .collect();
    for (name, text) in [("cause", &draft.cause), ("thought", &draft.thought), ("urge", &draft.urge)] {
        told.extend(text.as_ref().map(|text| format!("{name}:{text}")));
    }
    told.join(" ")
}

impl Journal for Fake {
    fn ask(&self, Ask { number, request }: Ask) {
        let id = || EntryId::from_bytes([self.ids.get(); 16]);
        let saved = || Saved { id: id(), at: String::new(), waiting: self.is_locked.get() };
        let result = match (&*self.fails.borrow(), &request) {
            (Some(failure), _) => Err(failure.clone()),
            (None, Request::CheckIn { .. }) => {
                self.ids.set(self.ids.get() + 1);
                Ok(Answer::Saved(saved()))
            }
            (None, Request::Edit { .. } | Request::Delete { .. }) => Ok(Answer::Saved(saved())),
            (None, Request::List { query }) => {
                let is_asked = |entry: &&EntryView| query.kind.is_none_or(|kind| kind == entry.kind);
                Ok(Answer::Entries(self.entries.borrow().iter().filter(is_asked).cloned().collect()))
            }
            (None, Request::OpenLetter { id }) => Ok(Answer::Page(self.page(id.unwrap_or(LETTER)))),
            (None, Request::KeepLetter { draft, .. }) => {
                *self.letter.borrow_mut() = Some(draft.clone());
                Ok(Answer::Done)
            }
            (None, Request::FinishLetter { id, draft, .. }) => {
                *self.letter.borrow_mut() = Some(draft.clone());
                Ok(Answer::Page(self.page(*id)))
            }
            (None, Request::Reminders {}) => {
                let rules = self.rules.borrow().clone();
                Ok(Answer::Reminders(Reminders { rules, ..Reminders::default() }))
            }
            (None, Request::Undo {}) => Ok(Answer::Undone(Undone { id: saved().id, what: Change::Restored })),
            (None, Request::Unlock { passphrase: Some(passphrase) }) if passphrase.as_str() == "ember" => {
                Ok(Answer::Done)
            }
            (None, Request::Unlock { .. }) => Err(Failure::new(FailureKind::Locked, "wrong", "again")),
            (None, _) => Ok(Answer::Done),
        };
        self.asked.borrow_mut().push(request);
        self.news.send(News::Answer { number, result }).expect("a window listens");
    }
}

/// The window's pixels, also written to a file that a person can look at.
pub fn picture(window: &slint::Window, name: &str) -> slint::SharedPixelBuffer<slint::Rgba8Pixel> {
    let pixels = window.take_snapshot().expect("the software renderer draws");
    let mut file = format!("P6 {} {} 255\n", pixels.width(), pixels.height()).into_bytes();
    file.extend(pixels.as_slice().iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]));
    let path = std::env::temp_dir().join(format!("{name}.ppm"));
    std::fs::write(path, file).expect("the target folder can be written");
    pixels
}

/// An entry with these texts.
pub fn entry(number: u8, words: &[(&str, Option<u8>)], cause: Option<&str>, thought: Option<&str>) -> EntryView {
    EntryView {
        id: EntryId::from_bytes([number; 16]),
        kind: ingle_model::EntryKind::CheckIn,
        at: format!("2026-11-25T19:{number:02}:00+01:00"),
        at_ms: i64::from(number),
        feelings: words
            .iter()
            .map(|(word, intensity)| ingle_model::view::FeelingView {
                id: format!("~{word}"),
                label: (*word).into(),
                family: None,
                intensity: *intensity,
            })
            .collect(),
        body: Vec::new(),
        cause: cause.map(Into::into),
        thought: thought.map(Into::into),
        urge: None,
        distress_before: None,
        distress_after: None,
        tags: Vec::new(),
        letter: None,
        device: "laptop".into(),
        device_id: ingle_model::DeviceId::from_bytes([1; 16]),
        versions: Vec::new(),
        deleted_then_changed: false,
    }
}
