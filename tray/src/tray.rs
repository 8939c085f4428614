//! What the icon does about what happens: a state machine with no IO.

use ingle_api::{request::Due, status::JournalState};
use ingle_model::EntryId;

use crate::{
    desktop::{Opening, Window},
    menu::{Action, Face, View, face},
    reminding::{Fate, Notice, Reminding},
    requests::{Ask, Outcome},
    state::{Pausing, State, Trouble, Undo},
};

/// How things stand at the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub journal: JournalState,
    pub due: Option<Due>,
    pub pausing: Option<Pausing>,
}

/// What happens to the icon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A daemon answers: at the start, or again after it was away.
    Connected(Standing),
    /// The daemon told more than could be followed; so it stands now.
    Stands(Standing),
    /// The daemon says that the journal stands otherwise now.
    Changed(JournalState),
    /// Another reminder is due now, or another pause is under way.
    Reminders {
        due: Option<Due>,
        pausing: Option<Pausing>,
    },
    /// An entry was kept on this device.
    Saved(EntryId),
    /// The newest save on this device is no longer a thing of the last minutes.
    Settled,
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
    Asked(Ask, Outcome),
    Noticed(Notice, Fate),
    /// A program that shows notifications is there from now on.
    ServerCame,
    /// The desktop's session is over, or a signal asks this program to end.
    Over,
}

/// What is to be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Open(Opening),
    /// Look for the daemon now, and start one if there is none.
    Reach,
    Ask(Ask),
    Notify(Notice),
    Withdraw(Notice),
    End,
}

#[derive(Debug)]
pub struct Tray {
    state: State,
    /// What didn't work, until the next click.
    trouble: Option<Trouble>,
    /// Unlock windows started from here that are still there.
    unlocks: usize,
    pausing: Option<Pausing>,
    undo: Undo,
    reminding: Reminding,
}

impl Default for Tray {
    fn default() -> Self {
        Self {
            state: State::Starting,
            trouble: None,
            unlocks: 0,
            pausing: None,
            undo: Undo::Nothing,
            reminding: Reminding::default(),
        }
    }
}

impl Tray {
    pub fn face(&self) -> Face {
        face(&View {
            state: self.state,
            trouble: self.trouble,
            is_due: self.reminding.is_due(),
            is_unseen: self.reminding.is_unseen(),
            pausing: self.pausing,
            undo: self.undo,
        })
    }

    pub fn handle(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::Connected(standing) => {
                let journal = standing.journal;
                let mut effects = self.stands(standing);
                // Asked for by nobody, so only where none is open: raising one would take the focus from other work.
                if journal == JournalState::Locked && self.unlocks == 0 {
                    effects.push(self.open(Opening::new(Window::Unlock, None)));
                }
                effects
            }
            Input::Stands(standing) => self.stands(standing),
            Input::Changed(journal) => {
                self.changed(journal);
                Vec::new()
            }
            Input::Reminders { due, pausing } => {
                self.pausing = pausing;
                self.reminding.told(due)
            }
            Input::Saved(id) => {
                // What is taken back is told like what is kept.
                if self.undo != Undo::UnderWay && self.undo != Undo::TakenBack(id) {
                    self.undo = Undo::Saved;
                }
                Vec::new()
            }
            Input::Settled => {
                self.undo = Undo::Nothing;
                Vec::new()
            }
            Input::Lost(state) => {
                self.state = state;
                // A daemon takes back only what it has kept itself.
                self.undo = Undo::Nothing;
                Vec::new()
            }
            Input::Clicked { action, token } => self.clicked(action, token),
            Input::Closed { window, is_well } => {
                if window == Window::Unlock {
                    self.unlocks = self.unlocks.saturating_sub(1);
                }
                if !is_well {
                    self.trouble = Some(Trouble::Window(window));
                } else if self.trouble == Some(Trouble::Window(window)) {
                    self.trouble = None;
                }
                Vec::new()
            }
            Input::Asked(ask, outcome) => self.asked(ask, outcome),
            Input::Noticed(notice, fate) => {
                let effects = self.reminding.fate(notice, fate);
                self.opened(effects)
            }
            Input::ServerCame => self.reminding.server_came(),
            Input::Over => vec![Effect::End],
        }
    }

    fn stands(&mut self, standing: Standing) -> Vec<Effect> {
        self.changed(standing.journal);
        self.pausing = standing.pausing;
        self.reminding.told_anew(standing.due)
    }

    fn changed(&mut self, journal: JournalState) {
        self.state = journal.into();
        if journal != JournalState::Open {
            self.undo = Undo::Nothing;
        }
    }

    fn clicked(&mut self, action: Action, token: Option<String>) -> Vec<Effect> {
        self.trouble = None;
        match action {
            Action::Open(window) => self.opened(vec![Effect::Open(Opening::new(window, token))]),
            Action::Moment => {
                // It may have been settled while the menu was open; then a click is a check-in, as everywhere.
                let opening = self.reminding.open(token.clone());
                let opening = opening.unwrap_or_else(|| Opening::new(Window::RightNow, token));
                self.opened(vec![Effect::Open(opening)])
            }
            Action::Pause(pause) => vec![Effect::Ask(Ask::Pause(pause))],
            Action::Undo => {
                self.undo = Undo::UnderWay;
                vec![Effect::Ask(Ask::Undo)]
            }
            Action::Lock => vec![Effect::Ask(Ask::Lock)],
            Action::Quit => vec![Effect::End],
        }
    }

    fn asked(&mut self, ask: Ask, outcome: Outcome) -> Vec<Effect> {
        match (ask, outcome) {
            (Ask::Handle { kind, .. }, Outcome::SettledBefore) => {
                return vec![Effect::Notify(Notice::Settled { kind })];
            }
            (Ask::Undo, Outcome::TakenBack(id)) => self.undo = Undo::TakenBack(id),
            (Ask::Undo, Outcome::Not) => (self.undo, self.trouble) = (Undo::Nothing, Some(Trouble::Undoing)),
            (Ask::Handle { .. }, Outcome::Not) => self.trouble = Some(Trouble::Handling),
            (Ask::Pause(_), Outcome::Not) => self.trouble = Some(Trouble::Pausing),
            (Ask::Lock, Outcome::Not) => self.trouble = Some(Trouble::Locking),
            // Said again when the daemon is back.
            (Ask::Shown(_), Outcome::Not) => {}
            // What has changed by it is told as an event.
            (_, Outcome::Done | Outcome::SettledBefore | Outcome::TakenBack(_)) => {}
        }
        Vec::new()
    }

    /// Windows that a person asked for; a daemon that is away is looked for.
    fn opened(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        let mut all = Vec::new();
        for effect in effects {
            let Effect::Open(opening) = effect else {
                all.push(effect);
                continue;
            };
            all.push(self.open(opening));
            if self.state == State::Away {
                all.push(Effect::Reach);
            }
        }
        all
    }

    fn open(&mut self, opening: Opening) -> Effect {
        if opening.window == Window::Unlock {
            self.unlocks += 1;
        }
        Effect::Open(opening)
    }
}

#[cfg(test)]
mod tests {
    use ingle_model::{Handling, Pause, RuleId, RuleKind, Slot};

    use super::*;
    use crate::menu::Spot;

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

    fn connected(journal: JournalState) -> Input {
        Input::Connected(Standing { journal, due: None, pausing: None })
    }

    const UNLOCK: Effect = Effect::Open(Opening::new(Window::Unlock, None));
    const RIGHT_NOW: Effect = Effect::Open(Opening::new(Window::RightNow, None));

    #[test]
    fn a_journal_that_is_locked_at_the_start_or_after_a_restart_asks_by_itself_once() {
        use JournalState::{Locked, Open};
        check([connected(Locked), Input::Changed(Open), Input::Changed(Locked)], &[UNLOCK]);
        check([connected(Open), Input::Changed(Locked)], &[]);
        // Unlocked, and locked again by a restart.
        check(
            [
                connected(Locked),
                closed(Window::Unlock, true),
                Input::Changed(Open),
                Input::Lost(State::Away),
                connected(Locked),
            ],
            &[UNLOCK, UNLOCK],
        );
        // The window is still open: it isn't raised over other work.
        check([connected(Locked), Input::Lost(State::Away), connected(Locked)], &[UNLOCK]);
        // A second start only raised the first and is gone; the first is still there.
        check(
            [
                connected(Locked),
                clicked(Window::Unlock),
                closed(Window::Unlock, true),
                Input::Lost(State::Away),
                connected(Locked),
            ],
            &[UNLOCK, UNLOCK],
        );
        for other in [JournalState::Absent, JournalState::Unavailable, JournalState::Joining] {
            check([connected(other)], &[]);
        }
    }

    #[test]
    fn a_click_opens_its_window_in_every_state_and_looks_for_a_daemon_that_is_away() {
        check([clicked(Window::RightNow)], &[RIGHT_NOW]);
        check([connected(JournalState::Absent), clicked(Window::RightNow)], &[RIGHT_NOW]);
        check([Input::Lost(State::Away), clicked(Window::RightNow)], &[RIGHT_NOW, Effect::Reach]);
        check(
            [Input::Clicked { action: Action::Open(Window::Latest), token: Some("t".to_owned()) }],
            &[Effect::Open(Opening::new(Window::Latest, Some("t".to_owned())))],
        );
    }

    #[test]
    fn a_window_that_broke_is_told_until_one_is_opened_again() {
        let words = |tray: &Tray| tray.face().line(Spot::Head);
        let mut tray = check([connected(JournalState::Open)], &[]);
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

    fn chosen(action: Action) -> Input {
        Input::Clicked { action, token: None }
    }

    fn line(tray: &Tray, spot: Spot) -> (String, bool) {
        let line = tray.face().line(spot);
        (line.text.into_owned(), line.action.is_some())
    }

    #[test]
    fn what_is_asked_for_and_refused_is_told_until_the_next_click() {
        let slot = Slot { rule: RuleId::from_bytes([7; 16]), date: jiff::civil::date(2026, 3, 9) };
        let handle = Ask::Handle { slot, kind: RuleKind::Daily, how: Handling::Later };
        for ask in [Ask::Pause(Pause::Hour), Ask::Undo, Ask::Lock, handle] {
            let mut tray = check([connected(JournalState::Open)], &[]);
            let calm = tray.face();
            assert_eq!(tray.handle(Input::Asked(ask, Outcome::Not)), []);
            assert_ne!(tray.face(), calm, "{ask:?}");
            tray.handle(clicked(Window::RightNow));
            assert_eq!(tray.face(), calm, "{ask:?}");
        }
        let mut tray = check([connected(JournalState::Open)], &[]);
        let calm = tray.face();
        tray.handle(Input::Asked(Ask::Shown(slot), Outcome::Not));
        assert_eq!(tray.face(), calm, "that is no matter of the person's");
    }

    #[test]
    fn each_wish_is_asked_of_the_daemon() {
        let open = || connected(JournalState::Open);
        check([open(), chosen(Action::Pause(Pause::Hour))], &[Effect::Ask(Ask::Pause(Pause::Hour))]);
        check([open(), chosen(Action::Lock)], &[Effect::Ask(Ask::Lock)]);
        check([open(), chosen(Action::Undo)], &[Effect::Ask(Ask::Undo)]);
    }

    #[test]
    fn the_last_save_can_be_undone_for_a_while_and_once() {
        let [first, second] = [1, 2].map(|byte| EntryId::from_bytes([byte; 16]));
        let can_undo = |tray: &Tray| line(tray, Spot::Undo).1;
        let mut tray = check([connected(JournalState::Open), Input::Saved(first)], &[]);
        assert!(can_undo(&tray));
        tray.handle(Input::Settled);
        assert!(!can_undo(&tray), "it is too long ago for a line that is so easily hit");
        for lost in [Input::Lost(State::Away), Input::Changed(JournalState::Locked)] {
            tray.handle(Input::Saved(first));
            tray.handle(lost);
            tray.handle(connected(JournalState::Open));
            assert!(!can_undo(&tray));
        }
        // The undoing is told as a change before its answer comes, or after.
        tray.handle(Input::Saved(first));
        tray.handle(chosen(Action::Undo));
        tray.handle(Input::Saved(first));
        assert!(!can_undo(&tray));
        tray.handle(Input::Asked(Ask::Undo, Outcome::TakenBack(first)));
        tray.handle(Input::Saved(first));
        assert_eq!(line(&tray, Spot::Undo), ("Last save taken back".to_owned(), false));
        tray.handle(Input::Saved(second));
        assert_eq!(line(&tray, Spot::Undo), ("Undo last save".to_owned(), true));
    }

    #[test]
    fn a_reminder_leads_to_its_window_from_the_screen_and_from_the_menu() {
        let slot = Slot { rule: RuleId::from_bytes([7; 16]), date: jiff::civil::date(2026, 3, 9) };
        let kind = RuleKind::LettersWeek;
        let due = Due { slot, kind, letter: Some(1), is_shown: false };
        let notice = Notice::Moment { slot, kind };
        let letter = Effect::Open(Opening { window: Window::Letter, reminder: Some(slot), token: None });
        let mut tray = check(
            [
                connected(JournalState::Open),
                Input::Reminders { due: Some(due.clone()), pausing: None },
                Input::Noticed(notice, Fate::Shown),
                // No daemon: it opens all the same, and one is looked for.
                Input::Lost(State::Away),
                Input::Noticed(notice, Fate::Opened(None)),
            ],
            &[Effect::Notify(notice), Effect::Ask(Ask::Shown(slot)), letter.clone(), Effect::Reach],
        );
        let due = Some(Due { is_shown: true, ..due });
        let standing = Standing { journal: JournalState::Open, due, pausing: None };
        assert_eq!(tray.handle(Input::Connected(standing)), []);
        assert_eq!(tray.handle(chosen(Action::Moment)), [letter]);
        tray.handle(Input::Reminders { due: None, pausing: None });
        assert_eq!(tray.handle(chosen(Action::Moment)), [RIGHT_NOW], "settled while the menu was open");
    }
}
