//! Asks for the passphrase of a locked journal.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::{Arc, mpsc::Receiver},
};

use ingle_api::{Event, FailureKind, Places, Request, status::JournalState};
use slint::{CloseRequestResponse, ComponentHandle};
use zeroize::Zeroizing;

use crate::{
    journal::{Ask, Journal, News, Numbers},
    kind::{Kind, Opener},
    link::Link,
    ui::UnlockWindow,
};

/// One open window.
pub struct Unlock {
    inner: Rc<Inner>,
}

impl std::fmt::Debug for Unlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unlock(..)")
    }
}

struct Inner {
    ui: UnlockWindow,
    journal: Box<dyn Journal>,
    news: Receiver<News>,
    opener: Opener,
    numbers: Numbers,
    standing: Cell<Option<JournalState>>,
    is_open: Cell<bool>,
    finished: RefCell<Box<dyn Fn()>>,
}

impl Unlock {
    /// The window of the journal at these places, over a connection of its own; not shown yet.
    pub fn open(places: &Places) -> anyhow::Result<Self> {
        let ui = UnlockWindow::new()?;
        let weak = ui.as_weak();
        // Fails only where no event loop runs, as in tests that empty the news themselves.
        let wake = Arc::new(move || drop(weak.upgrade_in_event_loop(|ui| ui.invoke_news())));
        let (link, news) = Link::start(places.clone(), "ingle-window", wake)?;
        Ok(Self::over(ui, Box::new(link), news, crate::kind::opener(places)))
    }

    /// The window over any journal.
    pub fn with(journal: Box<dyn Journal>, news: Receiver<News>, opener: Opener) -> Result<Self, slint::PlatformError> {
        Ok(Self::over(UnlockWindow::new()?, journal, news, opener))
    }

    fn over(ui: UnlockWindow, journal: Box<dyn Journal>, news: Receiver<News>, opener: Opener) -> Self {
        let inner = Rc::new(Inner {
            ui,
            journal,
            news,
            opener,
            numbers: Numbers::default(),
            standing: Cell::new(None),
            is_open: Cell::new(false),
            finished: RefCell::new(Box::new(|| ())),
        });
        inner.bind();
        inner.show();
        Self { inner }
    }

    pub fn ui(&self) -> &UnlockWindow {
        &self.inner.ui
    }

    pub fn type_keys(&self, keys: &str) {
        crate::keys::type_into(self.inner.ui.window(), keys);
    }

    /// Takes in what the daemon has told. The running event loop does this by itself.
    pub fn pump(&self) {
        self.inner.pump();
    }

    /// Whether the journal is open, and the window gone with its purpose.
    pub fn is_open(&self) -> bool {
        self.inner.is_open.get()
    }

    /// Called when the window closes.
    pub fn on_finished(&self, finished: impl Fn() + 'static) {
        *self.inner.finished.borrow_mut() = Box::new(finished);
    }
}

impl Inner {
    fn bind(self: &Rc<Self>) {
        macro_rules! on {
            ($set:ident, |$inner:ident| $body:expr) => {{
                let weak = Rc::downgrade(self);
                self.ui.$set(move || {
                    if let Some($inner) = weak.upgrade() {
                        $body
                    }
                });
            }};
        }
        on!(on_unlock, |inner| inner.unlock());
        on!(on_leave, |inner| inner.close());
        on!(on_help_now, |inner| (inner.opener)(Kind::HelpNow.into()));
        on!(on_news, |inner| inner.pump());
        let weak = Rc::downgrade(self);
        self.ui.window().on_close_requested(move || {
            if let Some(inner) = weak.upgrade() {
                inner.close();
            }
            CloseRequestResponse::HideWindow
        });
    }

    fn unlock(&self) {
        if self.ui.get_busy() {
            return;
        }
        let typed = Zeroizing::new(String::from(self.ui.get_passphrase()));
        let passphrase = self.ui.get_asks_passphrase().then_some(typed);
        if passphrase.as_ref().is_some_and(|passphrase| passphrase.is_empty()) {
            return;
        }
        self.ui.set_busy(true);
        self.ui.set_note("".into());
        self.journal.ask(Ask { number: self.numbers.next(), request: Request::Unlock { passphrase } });
    }

    fn close(&self) {
        self.ui.set_passphrase("".into());
        // Hiding a window that is hidden already is no matter.
        self.ui.hide().ok();
        (self.finished.borrow())();
    }

    fn pump(&self) {
        while let Ok(news) = self.news.try_recv() {
            match news {
                News::Up(snapshot) => {
                    self.standing.set(Some(snapshot.journal));
                    self.ui.set_note("".into());
                }
                News::Down(_) => self
                    .ui
                    .set_note("What was kept is safe. Ingle isn't answering yet; it is being started again.".into()),
                News::Happened(Event::Journal { state }) => self.standing.set(Some(state)),
                News::Happened(_) => {}
                News::Answer { result: Ok(_), .. } => self.standing.set(Some(JournalState::Open)),
                News::Answer { result: Err(failure), .. } => {
                    self.ui.set_busy(false);
                    self.ui.set_note(match failure.kind {
                        FailureKind::Locked if self.ui.get_asks_passphrase() => {
                            "That isn't the one. Nothing is lost; try it again, in peace.".into()
                        }
                        _ => crate::wording::nothing_at_risk(&failure).into(),
                    });
                    self.ui.set_passphrase("".into());
                    self.ui.invoke_focus_field();
                }
            }
        }
        self.show();
        if self.standing.get() == Some(JournalState::Open) && !self.is_open.replace(true) {
            self.close();
        }
    }

    fn show(&self) {
        let (says, asks_passphrase, go) = match self.standing.get() {
            Some(JournalState::Unavailable) => {
                ("The keychain that opens your journal doesn't answer. The journal is unharmed.", false, "Try again")
            }
            Some(JournalState::Absent) => {
                ("There is no journal here yet. Run \"ingle init\" to make one.", false, "Look again")
            }
            Some(JournalState::Joining) => {
                ("This computer is joining your other one. That opens the journal by itself.", false, "Look again")
            }
            _ => ("Your journal is sealed with your passphrase.", true, "Unlock"),
        };
        self.ui.set_says(says.into());
        self.ui.set_asks_passphrase(asks_passphrase);
        self.ui.set_go(go.into());
    }
}
