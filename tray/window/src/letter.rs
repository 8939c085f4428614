//! The letter: binds its keeper to the window.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::{Arc, mpsc::Receiver},
    time::Duration,
};

use ingle_api::{Event, Failure, Places, Request, request::ListQuery, status::JournalState};
use ingle_model::{EntryId, EntryKind, LetterDraft, Moment, RuleDraft, RuleKind, letter::VOICES};
use slint::{CloseRequestResponse, ComponentHandle, SharedString, Timer, TimerMode, platform::Key};

use crate::{
    journal::{Answer, Ask, Journal, News, Numbers},
    keys,
    kind::{Kind, Opener},
    letter::keeper::{Keeper, Taken},
    link::Link,
    ui::{LetterStep, LetterWindow},
    wording,
};

mod cards;
pub mod keeper;
mod view;

/// From a change to the request.
const PAUSE: Duration = Duration::from_millis(500);
/// Between attempts after the disk or the journal refused.
const TRY_AGAIN: Duration = Duration::from_secs(2);
/// From opening until a missing daemon is worth a word.
const GRACE: Duration = Duration::from_secs(3);
/// After so long there is a word about time.
const A_WHILE: Duration = Duration::from_secs(15 * 60);
/// Words of a check-in can be brought in for so long, in milliseconds.
const BRING_IN_MS: i64 = 24 * 60 * 60 * 1000;

/// One open window.
pub struct Letter {
    inner: Rc<Inner>,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Letter(..)")
    }
}

/// Requests beside the keeper's.
enum Awaited {
    Keeper,
    CheckIns,
    Letters,
    Reminders,
    Weeks,
    Week,
}

struct Inner {
    ui: LetterWindow,
    journal: Box<dyn Journal>,
    news: Receiver<News>,
    opener: Opener,
    numbers: Numbers,
    awaited: RefCell<HashMap<u64, Awaited>>,
    keeper: RefCell<Keeper>,
    /// By a reminder.
    is_asked_for: Cell<bool>,
    /// An existing letter is read first.
    is_read_first: Cell<bool>,
    /// Whether this would be the first letter that is finished; known once somebody has counted.
    is_first: Cell<bool>,
    check_in: RefCell<Option<ingle_model::EntryView>>,
    standing: Cell<Option<JournalState>>,
    down: RefCell<Option<Failure>>,
    is_patient: Cell<bool>,
    is_closing: Cell<bool>,
    is_finished: Cell<bool>,
    finished: RefCell<Box<dyn Fn()>>,
    pause: Timer,
    again: Timer,
    grace: Timer,
    a_while: Timer,
}

impl Letter {
    /// The window of the journal at these places, over a connection of its own; not shown yet. Of that letter, or of a new one;
    /// of one that a reminder asked for, the first, second or later of its week.
    pub fn open(places: &Places, id: Option<EntryId>, is_asked_for: bool) -> anyhow::Result<Self> {
        let ui = LetterWindow::new()?;
        let weak = ui.as_weak();
        // Fails only where no event loop runs, as in tests that empty the news themselves.
        let wake = Arc::new(move || drop(weak.upgrade_in_event_loop(|ui| ui.invoke_news())));
        let (link, news) = Link::start(places.clone(), "ingle-window", wake)?;
        let letter = Self::over(ui, id, Box::new(link), news, crate::kind::opener(places));
        letter.inner.is_asked_for.set(is_asked_for);
        Ok(letter)
    }

    /// The window over any journal.
    pub fn with(
        id: Option<EntryId>,
        journal: Box<dyn Journal>,
        news: Receiver<News>,
        opener: Opener,
    ) -> Result<Self, slint::PlatformError> {
        Ok(Self::over(LetterWindow::new()?, id, journal, news, opener))
    }

    fn over(
        ui: LetterWindow,
        id: Option<EntryId>,
        journal: Box<dyn Journal>,
        news: Receiver<News>,
        opener: Opener,
    ) -> Self {
        let inner = Rc::new(Inner {
            ui,
            journal,
            news,
            opener,
            numbers: Numbers::default(),
            awaited: RefCell::default(),
            keeper: RefCell::new(Keeper::new(id)),
            is_asked_for: Cell::new(false),
            is_read_first: Cell::new(id.is_some()),
            is_first: Cell::new(false),
            check_in: RefCell::default(),
            standing: Cell::new(None),
            down: RefCell::default(),
            is_patient: Cell::new(true),
            is_closing: Cell::new(false),
            is_finished: Cell::new(false),
            finished: RefCell::new(Box::new(|| ())),
            pause: Timer::default(),
            again: Timer::default(),
            grace: Timer::default(),
            a_while: Timer::default(),
        });
        inner.bind();
        view::show_cards(&inner.ui);
        view::show_voice(&inner.ui, inner.keeper.borrow().draft());
        Self { inner }
    }

    pub fn ui(&self) -> &LetterWindow {
        &self.inner.ui
    }

    pub fn type_keys(&self, keys: &str) {
        keys::type_into(self.inner.ui.window(), keys);
    }

    /// Takes in what the journal has told. The running event loop does this by itself.
    pub fn pump(&self) {
        self.inner.pump();
    }

    /// Whether the journal has all that is shown.
    pub fn is_safe(&self) -> bool {
        self.inner.keeper.borrow().is_safe()
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
        on!(on_voice_chosen, |inner, row: i32| {
            let chosen = usize::try_from(row).ok().and_then(|row| VOICES.get(row)).map(|voice| voice.id.to_owned());
            inner.ui.set_own_voice(SharedString::new());
            inner.change(|draft| draft.voice = if draft.voice == chosen { None } else { chosen });
        });
        on!(on_own_voice_edited, |inner, text: SharedString| {
            let own = Some(text.trim().to_owned()).filter(|own| !own.is_empty());
            inner.change(|draft| draft.voice = own.map(|own| format!("~{own}")));
        });
        on!(on_heavy_before_set, |inner, value: i32| {
            inner.change(|draft| draft.distress_before = Some(i64::from(value)).filter(|value| *value >= 0));
        });
        on!(on_heavy_after_set, |inner, value: i32| {
            inner.change(|draft| draft.distress_after = Some(i64::from(value)).filter(|value| *value >= 0));
        });
        on!(on_go_on, |inner| inner.go(LetterStep::Page));
        on!(on_edited, |inner, text: SharedString| inner.change(|draft| draft.text = Some(text.to_string())));
        on!(on_bring_in, |inner| inner.bring_in());
        on!(on_enough, |inner| inner.enough());
        on!(on_write_on, |inner| {
            if inner.ui.get_step() == LetterStep::Page {
                inner.go(LetterStep::Voice);
            } else {
                inner.go(LetterStep::Page);
                // Whoever has read it goes on where it ends.
                inner.ui.invoke_put_cursor(i32::try_from(inner.ui.get_text().len()).unwrap_or(0));
            }
        });
        on!(on_done, |inner| inner.done());
        on!(on_week, |inner| inner.accept_week());
        on!(on_check_in, |inner| (inner.opener)(Kind::RightNow.into()));
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
        match (control, text) {
            (true, ".") => self.ui.set_curtain(!self.ui.get_curtain()),
            (false, _) if keys::is(text, Key::Escape) => self.close(),
            (false, _) if keys::is(text, Key::F1) => (self.opener)(Kind::HelpNow.into()),
            _ => return false,
        }
        true
    }

    fn go(self: &Rc<Self>, step: LetterStep) {
        self.ui.set_step(step);
        if step == LetterStep::Page {
            self.ui.invoke_focus_page();
            if !self.a_while.running() {
                self.after(&self.a_while, A_WHILE, |inner| {
                    inner.ui.set_time_note("You've been at it for a while. It can be enough whenever you like.".into());
                });
            }
        } else {
            self.ui.invoke_focus_keys();
        }
    }

    fn change(self: &Rc<Self>, change: impl FnOnce(&mut LetterDraft)) {
        self.keeper.borrow_mut().want(change);
        view::show_voice(&self.ui, self.keeper.borrow().draft());
        view::show_directions(&self.ui);
        if !self.keeper.borrow().is_safe() && !self.pause.running() {
            self.after(&self.pause, PAUSE, |inner| inner.send());
        }
    }

    fn bring_in(self: &Rc<Self>) {
        let Some(check_in) = self.check_in.borrow().clone() else { return };
        view::show_brought(&self.ui, &check_in);
        self.change(|draft| draft.check_in = Some(check_in.id));
    }

    fn enough(self: &Rc<Self>) {
        let now = now().map(|now| now.to_string());
        self.change(|draft| draft.enough = now);
        self.keeper.borrow_mut().finish();
        if self.is_first.get() {
            self.ask(Awaited::Weeks, Request::Reminders {});
        }
        view::show_reading(&self.ui, self.keeper.borrow().draft());
        self.go(LetterStep::Reading);
        self.send();
    }

    fn done(self: &Rc<Self>) {
        let asks_for_more = self.ui.get_step() == LetterStep::Reading && self.is_first.replace(false);
        if asks_for_more {
            self.go(LetterStep::Next);
        } else {
            self.close();
        }
    }

    fn accept_week(self: &Rc<Self>) {
        match self.ui.get_week_time().parse() {
            Ok(time) => {
                let draft = RuleDraft { kind: RuleKind::LettersWeek, time };
                self.ask(Awaited::Week, Request::AddReminder { draft });
            }
            Err(_) => self.ui.set_week_note("That isn't a time yet; write it like 20:30.".into()),
        }
    }

    fn close(self: &Rc<Self>) {
        // Hiding a window that is hidden already is no matter.
        self.ui.hide().ok();
        self.is_closing.set(true);
        if !self.keeper.borrow().is_safe() || self.ui.get_step() == LetterStep::Page {
            self.keeper.borrow_mut().finish();
        }
        self.send();
        self.settle();
    }

    fn ask(&self, awaited: Awaited, request: Request) {
        let number = self.numbers.next();
        self.awaited.borrow_mut().insert(number, awaited);
        self.journal.ask(Ask { number, request });
    }

    fn send(self: &Rc<Self>) {
        self.pause.stop();
        let request = self.keeper.borrow_mut().next_request();
        if let Some(request) = request {
            self.ask(Awaited::Keeper, request);
        }
    }

    /// What there is beside the letter: a check-in to bring in, and whether there are letters already.
    fn look_around(&self) {
        if !self.is_read_first.get() {
            let since_ms = now().map(|now| now.millis().saturating_sub(BRING_IN_MS));
            let query = ListQuery { since_ms, kind: Some(EntryKind::CheckIn), limit: Some(1), ..ListQuery::default() };
            self.ask(Awaited::CheckIns, Request::List { query });
        }
        if self.is_asked_for.get() {
            self.ask(Awaited::Reminders, Request::Reminders {});
        }
        let query = ListQuery { kind: Some(EntryKind::Letter), limit: Some(2), ..ListQuery::default() };
        self.ask(Awaited::Letters, Request::List { query });
    }

    fn pump(self: &Rc<Self>) {
        while let Ok(news) = self.news.try_recv() {
            match news {
                News::Up(snapshot) => {
                    self.standing.set(Some(snapshot.journal));
                    self.down.take();
                    // Of what was asked over the last connection no answer comes any more.
                    self.awaited.borrow_mut().clear();
                    self.keeper.borrow_mut().is_up();
                    if snapshot.journal == JournalState::Open {
                        self.is_open();
                    }
                }
                News::Down(failure) => drop(self.down.replace(Some(failure))),
                News::Happened(Event::Journal { state }) => {
                    self.standing.set(Some(state));
                    if state == JournalState::Open {
                        self.is_open();
                    }
                }
                News::Happened(Event::Entry { id, .. }) => {
                    if self.keeper.borrow().id() == Some(id) && self.keeper.borrow().is_safe() {
                        self.keeper.borrow_mut().is_changed_elsewhere();
                        self.send();
                    }
                }
                News::Happened(_) => {}
                News::Answer { number, result } => {
                    let awaited = self.awaited.borrow_mut().remove(&number);
                    if let Some(awaited) = awaited {
                        self.take(&awaited, result);
                    }
                }
            }
        }
        self.settle();
    }

    fn is_open(self: &Rc<Self>) {
        self.send();
        self.look_around();
    }

    fn take(self: &Rc<Self>, awaited: &Awaited, result: Result<Answer, Failure>) {
        match (awaited, result) {
            (Awaited::Keeper, result) => {
                let taken = self.keeper.borrow_mut().answered(result);
                if let Taken::Show(draft) = taken {
                    view::show_draft(&self.ui, &draft);
                    if self.is_read_first.replace(false) && self.ui.get_step() == LetterStep::Voice {
                        self.go(LetterStep::Reading);
                    }
                }
                let refused = self.keeper.borrow().trouble().is_some();
                if refused {
                    self.after(&self.again, TRY_AGAIN, |inner| inner.send());
                } else if !self.pause.running() {
                    self.send();
                }
            }
            (Awaited::CheckIns, Ok(Answer::Entries(entries))) => {
                view::show_bring_in(&self.ui, entries.first());
                *self.check_in.borrow_mut() = entries.into_iter().next();
            }
            (Awaited::Letters, Ok(Answer::Entries(letters))) => {
                let own = self.keeper.borrow().id();
                self.is_first.set(letters.iter().all(|letter| Some(letter.id) == own));
            }
            (Awaited::Reminders, Ok(Answer::Reminders(reminders))) => {
                let number = reminders.due.and_then(|due| due.letter);
                self.ui.set_number(number.map(|number| format!("Letter {number}")).unwrap_or_default().into());
            }
            // Whoever is in a week of letters already needs no offer of one.
            (Awaited::Weeks, Ok(Answer::Reminders(reminders))) => {
                let is_in_one = reminders.rules.iter().any(|rule| rule.kind == RuleKind::LettersWeek);
                self.is_first.set(self.is_first.get() && !is_in_one);
            }
            (Awaited::Week, Ok(_)) => self.close(),
            (Awaited::Week, Err(failure)) => self.ui.set_week_note(wording::nothing_at_risk(&failure).into()),
            // What can't be looked at now is left out.
            (Awaited::CheckIns | Awaited::Letters | Awaited::Reminders | Awaited::Weeks, _) => {}
        }
    }

    /// Looks whether what was waited for has come about.
    fn settle(self: &Rc<Self>) {
        self.refresh_note();
        if self.is_closing.get() && self.keeper.borrow().is_safe() && !self.is_finished.replace(true) {
            (self.finished.borrow())();
        }
    }

    fn refresh_note(&self) {
        let keeper = self.keeper.borrow();
        let holds_words = !keeper.is_safe();
        let standing = self.standing.get().and_then(wording::standing);
        let note = match (keeper.trouble(), self.down.borrow().as_ref()) {
            (Some(failure), _) if holds_words => wording::words_in_window(failure),
            (_, Some(failure)) if holds_words => wording::words_in_window(failure),
            (_, Some(failure)) if !self.is_patient.get() => wording::nothing_at_risk(failure),
            _ => standing.unwrap_or_default().to_owned(),
        };
        self.ui.set_note(note.into());
        self.ui.set_can_unlock(matches!(self.standing.get(), Some(JournalState::Locked | JournalState::Unavailable)));
    }
}

fn now() -> Option<Moment> {
    Moment::new(jiff::Timestamp::now(), jiff::tz::TimeZone::system()).ok()
}
