//! "Latest": the newest entries, live; one of them can be changed or deleted, and both can be undone.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::{Arc, mpsc::Receiver},
    time::Duration,
};

use ingle_api::{Event, Failure, FailureKind, Places, Request, request::ListQuery, status::JournalState};
use ingle_model::EntryView;
use slint::{CloseRequestResponse, ComponentHandle, SharedString, Timer, TimerMode, platform::Key};

use crate::{
    direction::is_right_to_left,
    journal::{Answer, Ask, Journal, News, Numbers},
    keys,
    kind::{Kind, Opener, Opening},
    latest::{
        card::{card, when},
        editor::{Editor, Fields},
    },
    link::Link,
    models::renewed,
    ui::LatestWindow,
    wording,
};

mod card;
pub mod editor;

const SHOWN: usize = 50;
/// From the last key to the request. Texts are not sent letter by letter.
const PAUSE: Duration = Duration::from_millis(500);
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// One open window.
pub struct Latest {
    inner: Rc<Inner>,
}

impl std::fmt::Debug for Latest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Latest(..)")
    }
}

enum Awaited {
    List,
    Edit,
    Delete,
    Undo,
}

/// What Undo takes back.
enum Last {
    /// The entry as it was before it was changed here.
    Change(Box<EntryView>),
    Deletion,
}

struct Inner {
    ui: LatestWindow,
    journal: Box<dyn Journal>,
    news: Receiver<News>,
    opener: Opener,
    numbers: Numbers,
    awaited: RefCell<HashMap<u64, Awaited>>,
    entries: RefCell<Vec<EntryView>>,
    editor: RefCell<Option<Editor>>,
    /// Editors that were left while a write of theirs was still to come.
    left: RefCell<Vec<Editor>>,
    last: RefCell<Option<Last>>,
    standing: Cell<Option<JournalState>>,
    is_stale: Cell<bool>,
    is_closing: Cell<bool>,
    finished: RefCell<Box<dyn Fn()>>,
    is_finished: Cell<bool>,
    pause: Timer,
    again: Timer,
}

impl Latest {
    /// The window of the journal at these places, over a connection of its own; not shown yet.
    pub fn open(places: &Places) -> anyhow::Result<Self> {
        let ui = LatestWindow::new()?;
        let weak = ui.as_weak();
        // Fails only where no event loop runs, as in tests that empty the news themselves.
        let wake = Arc::new(move || drop(weak.upgrade_in_event_loop(|ui| ui.invoke_news())));
        let (link, news) = Link::start(places.clone(), "ingle-window", wake)?;
        Ok(Self::over(ui, Box::new(link), news, crate::kind::opener(places)))
    }

    /// The window over any journal.
    pub fn with(journal: Box<dyn Journal>, news: Receiver<News>, opener: Opener) -> Result<Self, slint::PlatformError> {
        Ok(Self::over(LatestWindow::new()?, journal, news, opener))
    }

    fn over(ui: LatestWindow, journal: Box<dyn Journal>, news: Receiver<News>, opener: Opener) -> Self {
        let inner = Rc::new(Inner {
            ui,
            journal,
            news,
            opener,
            numbers: Numbers::default(),
            awaited: RefCell::default(),
            entries: RefCell::default(),
            editor: RefCell::default(),
            left: RefCell::default(),
            last: RefCell::default(),
            standing: Cell::new(None),
            is_stale: Cell::new(false),
            is_closing: Cell::new(false),
            finished: RefCell::new(Box::new(|| ())),
            is_finished: Cell::new(false),
            pause: Timer::default(),
            again: Timer::default(),
        });
        inner.bind();
        Self { inner }
    }

    pub fn ui(&self) -> &LatestWindow {
        &self.inner.ui
    }

    pub fn type_keys(&self, keys: &str) {
        keys::type_into(self.inner.ui.window(), keys);
    }

    /// Takes in what the journal has told. The running event loop does this by itself.
    pub fn pump(&self) {
        self.inner.pump();
    }

    pub fn close(&self) {
        self.inner.close();
    }

    pub fn is_finished(&self) -> bool {
        self.inner.is_finished.get()
    }

    /// Called once when the window is closed and everything is kept.
    pub fn on_finished(&self, finished: impl Fn() + 'static) {
        *self.inner.finished.borrow_mut() = Box::new(finished);
    }
}

impl Inner {
    fn bind(self: &Rc<Self>) {
        macro_rules! on {
            ($set:ident, |$inner:ident $(, $arg:ident: $ty:ty)*| $body:expr) => {{
                let weak = Rc::downgrade(self);
                self.ui.$set(move |$($arg: $ty),*| if let Some($inner) = weak.upgrade() { $body } else { Default::default() });
            }};
        }
        on!(on_key, |inner, text: SharedString, control: bool, _shift: bool| inner.key(&text, control));
        on!(on_edit, |inner, row: i32| inner.edit(row));
        on!(on_delete, |inner, row: i32| inner.delete(row));
        on!(on_undo, |inner| inner.undo());
        on!(on_edited, |inner| inner.edited());
        on!(on_finish, |inner| inner.leave_editor());
        on!(on_check_in, |inner| (inner.opener)(Kind::RightNow.into()));
        on!(on_help_now, |inner| (inner.opener)(Kind::HelpNow.into()));
        on!(on_unlock, |inner| (inner.opener)(Kind::Unlock.into()));
        on!(on_news, |inner| inner.pump());
        // On the screen again after a second start, with its text as it was.
        on!(on_reopened, |inner| {
            inner.is_closing.set(false);
            inner.refresh_note(None);
        });
        let weak = Rc::downgrade(self);
        self.ui.window().on_close_requested(move || {
            if let Some(inner) = weak.upgrade() {
                inner.close();
            }
            CloseRequestResponse::HideWindow
        });
    }

    fn key(self: &Rc<Self>, text: &str, control: bool) -> bool {
        let is_editing = self.editor.borrow().is_some();
        match (control, text) {
            // In the editor this is the field's own undo.
            (true, "z") if !is_editing => self.undo(),
            (true, ".") => self.ui.set_curtain(!self.ui.get_curtain()),
            (true, _) if is_editing && keys::is(text, Key::Return) => self.leave_editor(),
            (false, _) if keys::is(text, Key::Escape) && is_editing => self.leave_editor(),
            (false, _) if keys::is(text, Key::Escape) => self.close(),
            (false, _) if keys::is(text, Key::F1) => (self.opener)(Kind::HelpNow.into()),
            _ => return false,
        }
        true
    }

    fn ask(&self, awaited: Awaited, request: Request) -> u64 {
        let number = self.numbers.next();
        self.awaited.borrow_mut().insert(number, awaited);
        self.journal.ask(Ask { number, request });
        number
    }

    fn list(&self) {
        // One list at a time; whatever happens meanwhile asks for the next.
        if self.awaited.borrow().values().any(|awaited| matches!(awaited, Awaited::List)) {
            self.is_stale.set(true);
            return;
        }
        self.ask(Awaited::List, Request::List { query: ListQuery { limit: Some(SHOWN), ..ListQuery::default() } });
    }

    fn entry(&self, row: i32) -> Option<EntryView> {
        usize::try_from(row).ok().and_then(|row| self.entries.borrow().get(row).cloned())
    }

    fn edit(self: &Rc<Self>, row: i32) {
        let Some(entry) = self.entry(row) else { return };
        if entry.letter.is_some() {
            return (self.opener)(Opening { kind: Kind::Letter, letter: Some(entry.id) });
        }
        let editor = Editor::new(entry);
        let Fields { words, cause, thought, urge } = editor.fields();
        self.ui.set_editing_when(when(editor.before()).into());
        self.ui.set_words(words.into());
        self.ui.set_cause(cause.into());
        self.ui.set_thought(thought.into());
        self.ui.set_urge(urge.into());
        *self.editor.borrow_mut() = Some(editor);
        self.ui.set_editing(true);
        self.ui.invoke_focus_editor();
        self.show_directions();
        self.refresh_note(None);
    }

    fn edited(self: &Rc<Self>) {
        self.take_fields();
        self.show_directions();
        let weak = Rc::downgrade(self);
        self.pause.start(TimerMode::SingleShot, PAUSE, move || {
            if let Some(inner) = weak.upgrade() {
                inner.send();
            }
        });
    }

    fn take_fields(&self) {
        let fields = Fields {
            words: self.ui.get_words().into(),
            cause: self.ui.get_cause().into(),
            thought: self.ui.get_thought().into(),
            urge: self.ui.get_urge().into(),
        };
        if let Some(editor) = self.editor.borrow_mut().as_mut() {
            editor.fields_are(fields);
            self.ui.set_editing_note(editor.refused().map(|refused| refused.to_string()).unwrap_or_default().into());
        }
    }

    fn show_directions(&self) {
        self.ui.set_words_rtl(is_right_to_left(&self.ui.get_words()));
        self.ui.set_cause_rtl(is_right_to_left(&self.ui.get_cause()));
        self.ui.set_thought_rtl(is_right_to_left(&self.ui.get_thought()));
        self.ui.set_urge_rtl(is_right_to_left(&self.ui.get_urge()));
    }

    /// Sends what the editors still owe, one write at a time each.
    fn send(&self) {
        self.pause.stop();
        let mut editors = self.left.borrow_mut();
        let mut current = self.editor.borrow_mut();
        for editor in editors.iter_mut().chain(current.as_mut()) {
            if let Some((id, draft)) = editor.next() {
                let number = self.ask(Awaited::Edit, Request::Edit { id, draft });
                editor.sent_as(number);
            }
        }
    }

    fn leave_editor(self: &Rc<Self>) {
        self.take_fields();
        if self.editor.borrow().as_ref().is_some_and(|editor| editor.refused().is_some()) {
            // Said in the note beside the field; the other fields go in all the same.
            self.send();
            return;
        }
        self.send();
        if let Some(editor) = self.editor.take() {
            if editor.has_changed() {
                *self.last.borrow_mut() = Some(Last::Change(Box::new(editor.before().clone())));
            }
            if !editor.is_safe() {
                self.left.borrow_mut().push(editor);
            }
        }
        self.ui.set_editing(false);
        self.ui.invoke_focus_list();
        self.refresh_note(None);
        self.list();
    }

    fn delete(&self, row: i32) {
        if let Some(entry) = self.entry(row) {
            self.ask(Awaited::Delete, Request::Delete { id: entry.id });
        }
    }

    fn undo(&self) {
        match self.last.take() {
            Some(Last::Change(before)) => {
                self.ask(Awaited::Undo, Request::Edit { id: before.id, draft: before.to_draft() });
            }
            Some(Last::Deletion) | None => {
                self.ask(Awaited::Undo, Request::Undo {});
            }
        }
    }

    fn close(self: &Rc<Self>) {
        self.take_fields();
        self.send();
        // Hiding a window that is hidden already is no matter.
        self.ui.hide().ok();
        self.is_closing.set(true);
        self.settle();
    }

    fn pump(self: &Rc<Self>) {
        while let Ok(news) = self.news.try_recv() {
            match news {
                News::Up(snapshot) => {
                    self.standing.set(Some(snapshot.journal));
                    self.refresh_note(None);
                    self.send();
                    self.list();
                }
                News::Down(failure) => self.refresh_note(Some(&failure)),
                News::Happened(Event::Journal { state }) => {
                    self.standing.set(Some(state));
                    self.refresh_note(None);
                    self.send();
                    self.list();
                }
                News::Happened(Event::Entry { .. } | Event::Missed {}) => self.list(),
                News::Happened(_) => {}
                News::Answer { number, result } => {
                    let awaited = self.awaited.borrow_mut().remove(&number);
                    if let Some(awaited) = awaited {
                        self.answered(number, awaited, result);
                    }
                }
            }
        }
        self.settle();
    }

    fn answered(self: &Rc<Self>, number: u64, awaited: Awaited, result: Result<Answer, Failure>) {
        match (awaited, result) {
            (Awaited::List, Ok(Answer::Entries(entries))) => {
                self.ui.set_entries(renewed(self.ui.get_entries(), entries.iter().map(card).collect()));
                *self.entries.borrow_mut() = entries;
                self.ui.set_loaded(true);
            }
            (Awaited::Edit, result) => {
                let failure = result.err();
                for editor in self.left.borrow_mut().iter_mut().chain(self.editor.borrow_mut().as_mut()) {
                    editor.answered(number, failure.as_ref());
                }
                if let Some(failure) = failure {
                    self.refresh_note(Some(&failure));
                    let weak = Rc::downgrade(self);
                    self.again.start(TimerMode::SingleShot, TRY_AGAIN, move || {
                        if let Some(inner) = weak.upgrade() {
                            inner.send();
                        }
                    });
                } else if !self.pause.running() {
                    self.refresh_note(None);
                    self.send();
                }
            }
            (Awaited::Delete, Ok(_)) => {
                *self.last.borrow_mut() = Some(Last::Deletion);
                self.ui.set_note("Deleted. Undo brings it back.".into());
            }
            (Awaited::Undo, Ok(_)) => self.ui.set_note("Taken back.".into()),
            (Awaited::Undo, Err(failure)) if failure.kind == FailureKind::NotFound => {
                self.ui.set_note("There's nothing to take back.".into());
            }
            (Awaited::List, Err(failure))
                if self.standing.get().and_then(wording::standing).is_some()
                    || failure.kind == FailureKind::Unavailable => {}
            (_, Err(failure)) => self.refresh_note(Some(&failure)),
            (_, Ok(_)) => {}
        }
        self.left.borrow_mut().retain(|editor| !editor.is_safe());
        self.ui.set_can_undo(self.last.borrow().is_some());
        if self.is_stale.replace(false) {
            self.list();
        }
    }

    fn settle(&self) {
        let is_safe = self.left.borrow().is_empty() && self.editor.borrow().as_ref().is_none_or(Editor::is_safe);
        if self.is_closing.get() && is_safe && !self.is_finished.replace(true) {
            (self.finished.borrow())();
        }
    }

    fn refresh_note(&self, failure: Option<&Failure>) {
        let owes =
            !self.left.borrow().is_empty() || self.editor.borrow().as_ref().is_some_and(|editor| !editor.is_safe());
        let note = match failure {
            Some(failure) if owes => wording::words_in_window(failure),
            Some(failure) => wording::nothing_at_risk(failure),
            None => self.standing.get().and_then(wording::standing).unwrap_or_default().to_owned(),
        };
        self.ui.set_note(note.into());
        self.ui.set_can_unlock(matches!(self.standing.get(), Some(JournalState::Locked | JournalState::Unavailable)));
        self.ui.set_can_undo(self.last.borrow().is_some());
    }
}
