//! What the icon does about what happens: a state machine with no IO.

use ingle_api::status::JournalState;

use crate::{
    desktop::Window,
    menu::{Action, Face, face},
    state::State,
};

/// What happens to the icon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A daemon answers: at the start, or again after it was away.
    Connected(JournalState),
    /// The daemon says that the journal stands otherwise now.
    Changed(JournalState),
    /// No daemon answers, or none that is understood.
    Lost(State),
    Clicked {
        action: Action,
        token: Option<String>,
    },
    /// A window is gone; `is_well` is false for one that could not be shown or broke.
    Closed {
        window: Window,
        is_well: bool,
    },
    /// The desktop's session is over, or a signal asks this program to end.
    Over,
}

/// What is to be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Open(Window, Option<String>),
    /// Look for the daemon now, and start one if there is none.
    Reach,
    End,
}

#[derive(Debug)]
pub struct Tray {
    state: State,
    /// The kind of window that did not open or broke, until another one is asked for.
    trouble: Option<Window>,
    /// Unlock windows started from here that are still there.
    unlocks: usize,
}

impl Default for Tray {
    fn default() -> Self {
        Self { state: State::Starting, trouble: None, unlocks: 0 }
    }
}

impl Tray {
    pub fn face(&self) -> Face {
        face(self.state, self.trouble)
    }

    pub fn handle(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::Connected(journal) => {
                self.state = journal.into();
                // Asked for by nobody, so only where none is open: raising one would take the focus from other work.
                let asks = journal == JournalState::Locked && self.unlocks == 0;
                if asks { vec![self.open(Window::Unlock, None)] } else { Vec::new() }
            }
            Input::Changed(journal) => {
                self.state = journal.into();
                Vec::new()
            }
            Input::Lost(state) => {
                self.state = state;
                Vec::new()
            }
            Input::Clicked { action, token } => self.clicked(action, token),
            Input::Closed { window, is_well } => {
                if window == Window::Unlock {
                    self.unlocks = self.unlocks.saturating_sub(1);
                }
                if !is_well {
                    self.trouble = Some(window);
                } else if self.trouble == Some(window) {
                    self.trouble = None;
                }
                Vec::new()
            }
            Input::Over => vec![Effect::End],
        }
    }

    fn clicked(&mut self, action: Action, token: Option<String>) -> Vec<Effect> {
        let Action::Open(window) = action else { return vec![Effect::End] };
        self.trouble = None;
        let mut effects = vec![self.open(window, token)];
        if self.state == State::Away {
            effects.push(Effect::Reach);
        }
        effects
    }

    fn open(&mut self, window: Window, token: Option<String>) -> Effect {
        if window == Window::Unlock {
            self.unlocks += 1;
        }
        Effect::Open(window, token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(inputs: impl IntoIterator<Item = Input>, effects: &[Effect]) -> Tray {
        let mut tray = Tray::default();
        let done: Vec<Effect> = inputs.into_iter().flat_map(|input| tray.handle(input)).collect();
        assert_eq!(done, effects);
        tray
    }

    fn clicked(window: Window) -> Input {
        Input::Clicked { action: Action::Open(window), token: None }
    }

    fn closed(window: Window, is_well: bool) -> Input {
        Input::Closed { window, is_well }
    }

    const UNLOCK: Effect = Effect::Open(Window::Unlock, None);
    const RIGHT_NOW: Effect = Effect::Open(Window::RightNow, None);

    #[test]
    fn a_journal_that_is_locked_at_the_start_or_after_a_restart_asks_by_itself_once() {
        use JournalState::{Locked, Open};
        check([Input::Connected(Locked), Input::Changed(Open), Input::Changed(Locked)], &[UNLOCK]);
        check([Input::Connected(Open), Input::Changed(Locked)], &[]);
        // Unlocked, and locked again by a restart.
        check(
            [
                Input::Connected(Locked),
                closed(Window::Unlock, true),
                Input::Changed(Open),
                Input::Lost(State::Away),
                Input::Connected(Locked),
            ],
            &[UNLOCK, UNLOCK],
        );
        // The window is still open: it isn't raised over other work.
        check([Input::Connected(Locked), Input::Lost(State::Away), Input::Connected(Locked)], &[UNLOCK]);
        // A second start only raised the first and is gone; the first is still there.
        check(
            [
                Input::Connected(Locked),
                clicked(Window::Unlock),
                closed(Window::Unlock, true),
                Input::Lost(State::Away),
                Input::Connected(Locked),
            ],
            &[UNLOCK, UNLOCK],
        );
        for other in [JournalState::Absent, JournalState::Unavailable, JournalState::Joining] {
            check([Input::Connected(other)], &[]);
        }
    }

    #[test]
    fn a_click_opens_its_window_in_every_state_and_looks_for_a_daemon_that_is_away() {
        check([clicked(Window::RightNow)], &[RIGHT_NOW]);
        check([Input::Connected(JournalState::Absent), clicked(Window::RightNow)], &[RIGHT_NOW]);
        check([Input::Lost(State::Away), clicked(Window::RightNow)], &[RIGHT_NOW, Effect::Reach]);
        check(
            [Input::Clicked { action: Action::Open(Window::Latest), token: Some("t".to_owned()) }],
            &[Effect::Open(Window::Latest, Some("t".to_owned()))],
        );
    }

    #[test]
    fn a_window_that_broke_is_told_until_one_is_opened_again() {
        let words = |tray: &Tray| tray.face().head;
        let mut tray = check([Input::Connected(JournalState::Open)], &[]);
        let calm = words(&tray);
        tray.handle(clicked(Window::Latest));
        tray.handle(closed(Window::Latest, false));
        assert_ne!(words(&tray), calm);
        tray.handle(closed(Window::About, true));
        assert_ne!(words(&tray), calm, "another window that closes well changes nothing");
        tray.handle(clicked(Window::RightNow));
        assert_eq!(words(&tray), calm);
    }

    #[test]
    fn quit_and_the_end_of_the_session_end_the_icon_and_nothing_else() {
        check([Input::Clicked { action: Action::Quit, token: None }], &[Effect::End]);
        check([Input::Over], &[Effect::End]);
    }
}
