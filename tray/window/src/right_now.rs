//! "Right now": binds the check-in's state machine and its saver to the window.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::{Arc, mpsc::Receiver},
    time::Duration,
};

use ingle_api::{Event, Failure, Places, status::JournalState};
use ingle_model::Moment;
use slint::{CloseRequestResponse, ComponentHandle, SharedString, Timer, TimerMode};

use crate::{
    journal::{Ask, Journal, News, Numbers},
    keys,
    kind::{Kind, Opener},
    link::Link,
    quick::{Key, Outcome, Quick},
    saver::Saver,
    ui::{Phase, RightNowWindow},
    wording,
};

mod view;

/// From the first change to the request, so that a word and its strength mostly go as one write.
const PAUSE: Duration = Duration::from_millis(400);
/// How long "Kept." stays when nobody looks at it.
const STAYS: Duration = Duration::from_secs(4);
/// Between attempts after the disk or the journal refused.
const TRY_AGAIN: Duration = Duration::from_secs(2);
/// From opening until a missing daemon is worth a word.
const GRACE: Duration = Duration::from_secs(3);

/// One open window.
pub struct RightNow {
    inner: Rc<Inner>,
}

struct Inner {
    ui: RightNowWindow,
    journal: Box<dyn Journal>,
    news: Receiver<News>,
    opener: Opener,
    numbers: Numbers,
    awaited: Cell<u64>,
    quick: RefCell<Quick>,
    saver: RefCell<Saver>,
    phase: Cell<Phase>,
    standing: Cell<Option<JournalState>>,
    down: RefCell<Option<Failure>>,
    is_patient: Cell<bool>,
    is_active: Cell<bool>,
    is_hovered: Cell<bool>,
    is_closing: Cell<bool>,
    is_finished: Cell<bool>,
    finished: RefCell<Box<dyn Fn()>>,
    pause: Timer,
    again: Timer,
    stay: Timer,
    grace: Timer,
}

impl std::fmt::Debug for RightNow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RightNow(..)")
    }
}

impl RightNow {
    /// The window of the journal at these places, over a connection of its own; not shown yet.
    pub fn open(places: &Places) -> anyhow::Result<Self> {
        let ui = RightNowWindow::new()?;
        let weak = ui.as_weak();
        // Fails only where no event loop runs, as in tests that empty the news themselves.
        let wake = Arc::new(move || drop(weak.upgrade_in_event_loop(|ui| ui.invoke_news())));
        let (link, news) = Link::start(places.clone(), "ingle-window", wake)?;
        Ok(Self::over(ui, Box::new(link), news, crate::kind::opener(places)))
    }

    /// The window over any journal.
    pub fn with(journal: Box<dyn Journal>, news: Receiver<News>, opener: Opener) -> Result<Self, slint::PlatformError> {
        Ok(Self::over(RightNowWindow::new()?, journal, news, opener))
    }

    fn over(ui: RightNowWindow, journal: Box<dyn Journal>, news: Receiver<News>, opener: Opener) -> Self {
        let inner = Rc::new(Inner {
            ui,
            journal,
            news,
            opener,
            numbers: Numbers::default(),
            awaited: Cell::new(0),
            quick: RefCell::default(),
            saver: RefCell::default(),
            phase: Cell::new(Phase::Choosing),
            standing: Cell::new(None),
            down: RefCell::default(),
            is_patient: Cell::new(true),
            is_active: Cell::new(true),
            is_hovered: Cell::new(false),
            is_closing: Cell::new(false),
            is_finished: Cell::new(false),
            finished: RefCell::new(Box::new(|| ())),
            pause: Timer::default(),
            again: Timer::default(),
            stay: Timer::default(),
            grace: Timer::default(),
        });
        inner.bind();
        view::show_choice(&inner.ui, &inner.quick.borrow());
        Self { inner }
    }

    pub fn ui(&self) -> &RightNowWindow {
        &self.inner.ui
    }

    /// Types keys named as in `l o n Enter 6 Enter`.
    pub fn type_keys(&self, keys: &str) {
        keys::type_into(self.inner.ui.window(), keys);
    }

    /// Takes in what the journal has told. The running event loop does this by itself.
    pub fn pump(&self) {
        self.inner.pump();
    }

    /// Whether the journal holds exactly what is chosen.
    pub fn is_safe(&self) -> bool {
        self.inner.saver.borrow().is_safe()
    }

    /// Whether the window is closed and nothing is left to be kept.
    pub fn is_finished(&self) -> bool {
        self.inner.is_finished.get()
    }

    /// Called once when the window is closed and everything is kept.
    pub fn on_finished(&self, finished: impl Fn() + 'static) {
        *self.inner.finished.borrow_mut() = Box::new(finished);
    }

    /// Closes it as its close button does.
    pub fn close(&self) {
        self.inner.close();
    }

    pub fn set_active(&self, is_active: bool) {
        self.inner.is_active.set(is_active);
    }

    pub fn set_hovered(&self, is_hovered: bool) {
        self.inner.is_hovered.set(is_hovered);
    }
}

impl Inner {
    fn bind(self: &Rc<Self>) {
        /// A callback that does nothing once the window is gone.
        macro_rules! on {
            ($set:ident, |$inner:ident $(, $arg:ident: $ty:ty)*| $body:expr) => {{
                let weak = Rc::downgrade(self);
                self.ui.$set(move |$($arg: $ty),*| if let Some($inner) = weak.upgrade() { $body } else { Default::default() });
            }};
        }
        on!(on_key, |inner, text: SharedString, control: bool, _shift: bool| inner.key(&text, control));
        on!(on_filter_edited, |inner, text: SharedString| {
            inner.quick.borrow_mut().filter_is(&text);
            view::show_rows(&inner.ui, &inner.quick.borrow());
        });
        on!(on_row_chosen, |inner, row: i32| inner.change(|quick| quick.choose(index(row))));
        on!(on_strength_set, |inner, chosen: i32, strength: i32| {
            inner.change(|quick| quick.set_strength(index(chosen), u8::try_from(strength).ok()));
        });
        on!(on_word_removed, |inner, chosen: i32| {
            inner.change(|quick| quick.leave_out(index(chosen)));
            inner.ui.invoke_focus_field();
        });
        on!(on_save, |inner| inner.keep());
        on!(on_undo, |inner| inner.take_back());
        on!(on_bring_back, |inner| {
            inner.change(|quick| {
                quick.press(Key::Undo);
            });
            inner.keep();
        });
        on!(on_more, |inner| {
            inner.stay.stop();
            inner.set_phase(Phase::Choosing);
            inner.ui.invoke_focus_field();
        });
        on!(on_done, |inner| inner.close());
        on!(on_help_now, |inner| (inner.opener)(Kind::HelpNow.into()));
        on!(on_unlock, |inner| (inner.opener)(Kind::Unlock.into()));
        on!(on_news, |inner| inner.pump());
        // On the screen again after a second start, with its text as it was.
        on!(on_reopened, |inner| {
            inner.is_closing.set(false);
            inner.refresh_note();
        });
        let weak = Rc::downgrade(self);
        self.ui.window().on_close_requested(move || {
            if let Some(inner) = weak.upgrade() {
                inner.close();
            }
            CloseRequestResponse::HideWindow
        });
        self.after(&self.grace, GRACE, |inner| {
            inner.is_patient.set(false);
            inner.refresh_note();
        });
    }

    fn after(self: &Rc<Self>, timer: &Timer, wait: Duration, then: impl Fn(&Rc<Self>) + 'static) {
        let weak = Rc::downgrade(self);
        timer.start(TimerMode::SingleShot, wait, move || {
            if let Some(inner) = weak.upgrade() {
                then(&inner);
            }
        });
    }

    fn key(self: &Rc<Self>, text: &str, control: bool) -> bool {
        let Some(key) = keys::of_check_in(text, control) else { return false };
        if self.phase.get() != Phase::Choosing && !matches!(key, Key::Escape | Key::Undo | Key::Help | Key::Curtain) {
            return false;
        }
        if self.phase.get() != Phase::Choosing && key == Key::Undo {
            self.take_back();
            return true;
        }
        let outcome = self.quick.borrow_mut().press(key);
        match outcome {
            Outcome::ForField => return false,
            Outcome::Taken => self.changed(),
            Outcome::Save => self.keep(),
            Outcome::Close => self.close(),
            Outcome::HelpNow => (self.opener)(Kind::HelpNow.into()),
        }
        true
    }

    fn change(self: &Rc<Self>, change: impl FnOnce(&mut Quick)) {
        change(&mut self.quick.borrow_mut());
        self.changed();
    }

    /// The state machine moved: show it, and let the saver know.
    fn changed(self: &Rc<Self>) {
        view::show_choice(&self.ui, &self.quick.borrow());
        let feelings = self.quick.borrow().feelings();
        self.saver.borrow_mut().want(feelings, now);
        // What a locked journal takes in can't be changed afterwards: it gets the words when they are whole.
        let is_locked = self.standing.get() == Some(JournalState::Locked);
        if !is_locked && !self.saver.borrow().is_safe() && !self.pause.running() {
            self.after(&self.pause, PAUSE, |inner| inner.send());
        }
    }

    fn keep(self: &Rc<Self>) {
        self.changed();
        if self.quick.borrow().chosen().is_empty() {
            return;
        }
        self.set_phase(Phase::Keeping);
        self.ui.invoke_focus_done();
        self.send();
        self.settle();
    }

    fn take_back(self: &Rc<Self>) {
        if self.phase.get() == Phase::TakenBack || self.saver.borrow().is_waiting() {
            return;
        }
        self.stay.stop();
        self.change(Quick::take_back);
        self.set_phase(Phase::TakenBack);
        self.send();
    }

    fn close(self: &Rc<Self>) {
        // Hiding a window that is hidden already is no matter.
        self.ui.hide().ok();
        self.is_closing.set(true);
        self.send();
        self.settle();
    }

    fn send(self: &Rc<Self>) {
        self.pause.stop();
        let Some(request) = self.saver.borrow_mut().next_request() else { return };
        let number = self.numbers.next();
        self.awaited.set(number);
        self.journal.ask(Ask { number, request });
    }

    fn pump(self: &Rc<Self>) {
        while let Ok(news) = self.news.try_recv() {
            match news {
                News::Up(snapshot) => {
                    self.standing.set(Some(snapshot.journal));
                    self.down.take();
                    self.send();
                }
                News::Down(failure) => drop(self.down.replace(Some(failure))),
                News::Happened(Event::Journal { state }) => {
                    self.standing.set(Some(state));
                    if state == JournalState::Open {
                        self.send();
                    }
                }
                News::Happened(_) => {}
                News::Answer { number, result } if number == self.awaited.get() => {
                    self.saver.borrow_mut().answered(result);
                    let refused = self.saver.borrow().trouble().is_some();
                    if refused {
                        self.after(&self.again, TRY_AGAIN, |inner| inner.send());
                    } else if !self.pause.running() {
                        self.send();
                    }
                }
                News::Answer { .. } => {}
            }
        }
        self.settle();
    }

    /// Looks whether what was waited for has come about.
    fn settle(self: &Rc<Self>) {
        self.refresh_note();
        if !self.saver.borrow().is_safe() {
            return;
        }
        if self.is_closing.get() && !self.is_finished.replace(true) {
            (self.finished.borrow())();
        }
        if self.phase.get() == Phase::Keeping {
            self.ui.set_waiting(self.saver.borrow().is_waiting());
            self.set_phase(Phase::Kept);
            self.stay_a_while();
        }
    }

    fn stay_a_while(self: &Rc<Self>) {
        self.after(&self.stay, STAYS, |inner| {
            if inner.is_active.get() || inner.is_hovered.get() { inner.stay_a_while() } else { inner.close() }
        });
    }

    fn set_phase(&self, phase: Phase) {
        self.phase.set(phase);
        self.ui.set_phase(phase);
    }

    fn refresh_note(&self) {
        let saver = self.saver.borrow();
        let holds_words = !saver.is_safe();
        let standing = self.standing.get().and_then(wording::standing_of_check_in);
        let note = match (saver.trouble(), self.down.borrow().as_ref()) {
            (Some(failure), _) => wording::words_in_window(failure),
            (None, Some(failure)) if holds_words => wording::words_in_window(failure),
            (None, Some(failure)) if !self.is_patient.get() => wording::nothing_at_risk(failure),
            _ => standing.unwrap_or_default().to_owned(),
        };
        self.ui.set_note(note.into());
        self.ui.set_can_unlock(matches!(self.standing.get(), Some(JournalState::Locked | JournalState::Unavailable)));
    }
}

/// Slint counts in `i32`; what is below zero means no row.
fn index(number: i32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn now() -> Option<Moment> {
    Moment::new(jiff::Timestamp::now(), jiff::tz::TimeZone::system()).ok()
}
