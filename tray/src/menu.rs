//! Words and shape of the icon, as a pure function of how Ingle stands.
//!
//! **Invariant:** nothing here comes from an entry, a name or a person's words; every text is one of those below, with at most a
//! time of day in it. The menu always has the same lines in the same places, so that a hand finds them without reading.

use std::borrow::Cow;

use ingle_model::Pause;

use crate::{
    desktop::Window,
    icon::Shape,
    state::{Pausing, State, Trouble, Undo},
};

/// What a line of the menu does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Open(Window),
    /// Opens what the reminder that is due asks for.
    Moment,
    Pause(Pause),
    Undo,
    Lock,
    /// Ends the icon. The daemon goes on.
    Quit,
}

/// Also what a left click does.
pub const CHECK_IN: Action = Action::Open(Window::RightNow);

/// What a reminder says, wherever it is said. All of them say the same, so that whoever passes by learns nothing.
pub const MOMENT: &str = "A moment, if now is good";
/// What is said to who chose too late.
pub const SETTLED: &str = "That one is settled already, here or on your other device. Another one?";

/// The places of the menu, from the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spot {
    /// How things stand.
    Head,
    CheckIn,
    Letter,
    Latest,
    /// Leads on to the four below it.
    Pausing,
    PauseHour,
    PauseTomorrow,
    PauseUntilResumed,
    Resume,
    Undo,
    Lock,
    HelpNow,
    About,
    Quit,
}

impl Spot {
    /// Every place.
    pub const ALL: [Self; 14] = [
        Self::Head,
        Self::CheckIn,
        Self::Letter,
        Self::Latest,
        Self::Pausing,
        Self::PauseHour,
        Self::PauseTomorrow,
        Self::PauseUntilResumed,
        Self::Resume,
        Self::Undo,
        Self::Lock,
        Self::HelpNow,
        Self::About,
        Self::Quit,
    ];
    /// Those of the menu itself, below the head.
    pub const LINES: [Self; 9] = [
        Self::CheckIn,
        Self::Letter,
        Self::Latest,
        Self::Pausing,
        Self::Undo,
        Self::Lock,
        Self::HelpNow,
        Self::About,
        Self::Quit,
    ];
    /// Those that [`Self::Pausing`] leads to.
    pub const PAUSES: [Self; 4] = [Self::PauseHour, Self::PauseTomorrow, Self::PauseUntilResumed, Self::Resume];
}

/// What stands in a place of the menu. Without an action it can't be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub text: Cow<'static, str>,
    pub action: Option<Action>,
}

/// Everything that the panel shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    pub shape: Shape,
    pub tooltip: String,
    head: Line,
    pausing: Option<Pausing>,
    is_open: bool,
    is_locked: bool,
    undo: Undo,
}

/// All that words and shape depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    pub state: State,
    /// What didn't work, until the next click.
    pub trouble: Option<Trouble>,
    /// A reminder is due.
    pub is_due: bool,
    /// .. and nothing on this desktop shows notifications.
    pub is_unseen: bool,
    pub pausing: Option<Pausing>,
    pub undo: Undo,
}

pub fn face(view: &View) -> Face {
    let View { state, trouble, is_due, is_unseen, pausing, undo } = *view;
    let (mut shape, head, tooltip) = standing(state);
    let (mut head, mut tooltip) = (Cow::Borrowed(head), tooltip.to_owned());
    let unlocks = matches!(state, State::Locked | State::KeychainAway).then_some(Action::Open(Window::Unlock));
    let mut action = unlocks;
    let is_ready = state == State::Ready;
    if is_ready && let Some(pausing) = pausing {
        shape = Shape::Paused;
        tooltip = format!("{tooltip} {}.", paused(pausing));
    }
    // A locked journal has another line that unlocks.
    if is_due && matches!(state, State::Ready | State::Locked) {
        (head, action) = (MOMENT.into(), Some(Action::Moment));
        if is_unseen {
            shape = Shape::Attention;
            tooltip = format!("{MOMENT}: the menu has it. Nothing on this desktop shows notifications yet.");
        }
    }
    if let Some(trouble) = trouble {
        let (what, way) = in_spite_of(trouble);
        (shape, head, tooltip) = (Shape::Attention, what.into(), format!("{what}. {way}"));
        action = unlocks;
    }
    let head = Line { text: head, action };
    let is_locked = state == State::Locked;
    Face { shape, tooltip, head, pausing, is_open: is_ready, is_locked, undo }
}

impl Face {
    pub fn line(&self, spot: Spot) -> Line {
        let pause = |text: &'static str, pause: Pause, may: bool| {
            let action = (self.is_open && may).then_some(Action::Pause(pause));
            Line { text: text.into(), action }
        };
        let always = |text: &'static str, action| Line { text: text.into(), action: Some(action) };
        match spot {
            Spot::Head => self.head.clone(),
            Spot::CheckIn => always("Check in", CHECK_IN),
            Spot::Letter => always("Letter", Action::Open(Window::Letter)),
            Spot::Latest => always("Latest", Action::Open(Window::Latest)),
            Spot::Pausing => Line { text: self.pausing.map_or_else(|| "Pause reminders".into(), paused), action: None },
            Spot::PauseHour => pause("For an hour", Pause::Hour, true),
            Spot::PauseTomorrow => pause("Until tomorrow", Pause::Tomorrow, true),
            Spot::PauseUntilResumed => pause("Until I resume", Pause::UntilResumed, true),
            Spot::Resume => pause("Resume", Pause::Over, self.pausing.is_some()),
            Spot::Undo => match self.undo {
                Undo::Nothing | Undo::UnderWay => Line { text: "Undo last save".into(), action: None },
                Undo::Saved => always("Undo last save", Action::Undo),
                Undo::TakenBack(_) => Line { text: "Last save taken back".into(), action: None },
            },
            Spot::Lock if self.is_locked => always("Unlock", Action::Open(Window::Unlock)),
            Spot::Lock => Line { text: "Lock".into(), action: self.is_open.then_some(Action::Lock) },
            Spot::HelpNow => always("Help now", Action::Open(Window::HelpNow)),
            Spot::About => always("About", Action::Open(Window::About)),
            Spot::Quit => always("Quit", Action::Quit),
        }
    }
}

fn paused(pausing: Pausing) -> Cow<'static, str> {
    match pausing {
        Pausing::Until(time) => format!("Reminders paused until {}", time.strftime("%H:%M")).into(),
        Pausing::UntilResumed => "Reminders paused".into(),
    }
}

/// Shape, first line and tooltip. Tooltips say first whether the words are safe, where that could be in doubt.
const fn standing(state: State) -> (Shape, &'static str, &'static str) {
    match state {
        State::Starting => (Shape::Ready, "Ingle is starting", "Ingle is starting."),
        State::Ready => (Shape::Ready, "Ready", "Ready for a check-in."),
        State::Locked => (
            Shape::Locked,
            "Unlock the journal",
            "Your journal is locked. You can check in all the same; it goes in once you unlock.",
        ),
        State::KeychainAway => (
            Shape::Locked,
            "Try the keychain again",
            "What you kept is safe. The keychain that opens your journal isn't answering; the menu tries it again.",
        ),
        State::Joining => (
            Shape::Ready,
            "Joining your other computer",
            "What you kept is safe. This computer is joining your other one; check-ins go in right after.",
        ),
        State::Absent => (
            Shape::Attention,
            "No journal yet: run “ingle init” in a terminal",
            "There's no journal here yet. Run “ingle init” in a terminal to make one.",
        ),
        State::Away => (
            Shape::Attention,
            "Ingle isn't answering; check-ins wait in their window",
            "What you kept is safe. Ingle isn't answering yet; check-ins wait in their window. A click starts it again.",
        ),
        State::OtherVersion => (
            Shape::Attention,
            "Ingle was updated: quit here, then start it again",
            "What you kept is safe. Ingle was updated; quit this icon and start it again.",
        ),
    }
}

/// What didn't work, and what does the same.
const fn in_spite_of(trouble: Trouble) -> (&'static str, &'static str) {
    let window = match trouble {
        Trouble::Window(window) => window,
        Trouble::Handling => {
            return (
                "Ingle didn't hear that: choose again, or use “ingle remind”",
                "Nothing is lost. The reminder is in the menu; “ingle remind” in a terminal does the same.",
            );
        }
        Trouble::Pausing => {
            return (
                "Nothing was paused or resumed: use “ingle remind pause”",
                "Nothing is lost. “ingle remind pause” in a terminal does the same.",
            );
        }
        Trouble::Undoing => {
            return (
                "Nothing was taken back: use “ingle undo” in a terminal",
                "What you kept is safe. “ingle undo” in a terminal does the same.",
            );
        }
        Trouble::Locking => {
            return (
                "The journal isn't locked: use “ingle lock” in a terminal",
                "What you kept is safe, and still open. “ingle lock” in a terminal does the same.",
            );
        }
    };
    match window {
        Window::RightNow => (
            "The check-in didn't stay open: use “ingle” in a terminal",
            "What you kept is safe. “ingle” in a terminal is a check-in too.",
        ),
        Window::Letter => (
            "The letter didn't stay open: use “ingle letter” in a terminal",
            "What you kept is safe. “ingle letter” in a terminal takes a letter too.",
        ),
        Window::Latest => (
            "The window didn't stay open: use “ingle list” in a terminal",
            "What you kept is safe. “ingle list” in a terminal shows the same.",
        ),
        Window::HelpNow => (
            "Help now didn't open: use “ingle help-now” in a terminal",
            "“ingle help-now” in a terminal shows numbers to call; the emergency number is often 112, 911 or 999.",
        ),
        Window::About => (
            "The window didn't stay open: use “ingle --version” in a terminal",
            "Nothing is lost. “ingle --version” in a terminal says which Ingle this is.",
        ),
        Window::Unlock => (
            "The window didn't stay open: use “ingle unlock” in a terminal",
            "What you kept is safe. “ingle unlock” in a terminal opens the journal too.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: View = View {
        state: State::Ready,
        trouble: None,
        is_due: false,
        is_unseen: false,
        pausing: None,
        undo: Undo::Nothing,
    };
    const TAKEN_BACK: Undo = Undo::TakenBack(ingle_model::EntryId::from_bytes([1; 16]));
    const HALF_PAST_TWO: Pausing = Pausing::Until(jiff::civil::time(14, 30, 0, 0));

    fn in_state(state: State) -> View {
        View { state, ..CALM }
    }

    fn every_trouble() -> impl Iterator<Item = Trouble> {
        Window::ALL.into_iter().map(Trouble::Window).chain([
            Trouble::Handling,
            Trouble::Pausing,
            Trouble::Undoing,
            Trouble::Locking,
        ])
    }

    fn every_face() -> Vec<Face> {
        let mut faces = Vec::new();
        for state in State::ALL {
            for trouble in std::iter::once(None).chain(every_trouble().map(Some)) {
                for pausing in [None, Some(HALF_PAST_TWO), Some(Pausing::UntilResumed)] {
                    for (is_due, is_unseen) in [(false, false), (true, false), (true, true)] {
                        for undo in [Undo::Nothing, Undo::Saved, TAKEN_BACK] {
                            faces.push(face(&View { state, trouble, is_due, is_unseen, pausing, undo }));
                        }
                    }
                }
            }
        }
        faces
    }

    fn labels<const N: usize>(view: &View, spots: [Spot; N]) -> [String; N] {
        let face = face(view);
        spots.map(|spot| face.line(spot).text.into_owned())
    }

    fn action(view: &View, spot: Spot) -> Option<Action> {
        face(view).line(spot).action
    }

    #[test]
    fn the_lines_are_in_the_agreed_order() {
        assert_eq!(
            labels(&CALM, Spot::LINES),
            ["Check in", "Letter", "Latest", "Pause reminders", "Undo last save", "Lock", "Help now", "About", "Quit"]
        );
        assert_eq!(labels(&CALM, Spot::PAUSES), ["For an hour", "Until tomorrow", "Until I resume", "Resume"]);
    }

    #[test]
    fn writing_and_help_can_be_chosen_in_every_state() {
        for face in every_face() {
            for spot in [Spot::CheckIn, Spot::Letter, Spot::Latest, Spot::HelpNow, Spot::About, Spot::Quit] {
                assert!(face.line(spot).action.is_some(), "{spot:?} in {face:?}");
            }
        }
    }

    #[test]
    fn each_state_has_its_shape_and_its_way_on() {
        let check = |state: State, shape: Shape, unlocks: bool| {
            let face = face(&in_state(state));
            let action = unlocks.then_some(Action::Open(Window::Unlock));
            assert_eq!((face.shape, face.line(Spot::Head).action), (shape, action), "{state:?}");
        };
        check(State::Starting, Shape::Ready, false);
        check(State::Ready, Shape::Ready, false);
        check(State::Locked, Shape::Locked, true);
        check(State::KeychainAway, Shape::Locked, true);
        check(State::Joining, Shape::Ready, false);
        check(State::Absent, Shape::Attention, false);
        check(State::Away, Shape::Attention, false);
        check(State::OtherVersion, Shape::Attention, false);
    }

    #[test]
    fn an_open_journal_can_be_locked_and_a_locked_one_unlocked() {
        assert_eq!(action(&CALM, Spot::Lock), Some(Action::Lock));
        let locked = in_state(State::Locked);
        assert_eq!(labels(&locked, [Spot::Lock]), ["Unlock"]);
        assert_eq!(action(&locked, Spot::Lock), Some(Action::Open(Window::Unlock)));
        assert_eq!(action(&in_state(State::Away), Spot::Lock), None);
    }

    #[test]
    fn a_pause_has_its_shape_shows_its_end_and_can_be_ended() {
        assert_eq!(action(&CALM, Spot::Resume), None);
        assert_eq!(action(&CALM, Spot::PauseHour), Some(Action::Pause(Pause::Hour)));
        for (pausing, says) in
            [(HALF_PAST_TWO, "Reminders paused until 14:30"), (Pausing::UntilResumed, "Reminders paused")]
        {
            let view = View { pausing: Some(pausing), ..CALM };
            assert_eq!(labels(&view, [Spot::Pausing]), [says]);
            assert_eq!(action(&view, Spot::Resume), Some(Action::Pause(Pause::Over)));
            assert_eq!(face(&view).shape, Shape::Paused);
            assert_eq!(face(&View { state: State::Locked, ..view }).shape, Shape::Locked);
            assert_eq!(action(&View { state: State::Away, ..view }, Spot::Resume), None);
        }
    }

    #[test]
    fn a_reminder_that_is_due_is_the_first_line_and_has_no_shape_of_its_own() {
        let due = View { is_due: true, ..CALM };
        assert_eq!(labels(&due, [Spot::Head]), [MOMENT]);
        assert_eq!(action(&due, Spot::Head), Some(Action::Moment));
        assert_eq!(face(&due).tooltip, face(&CALM).tooltip);
        assert_eq!(face(&due).shape, Shape::Ready);
        let unseen = View { is_unseen: true, ..due };
        assert_eq!(face(&unseen).shape, Shape::Attention);
        assert_eq!(action(&unseen, Spot::Head), Some(Action::Moment));
        assert_eq!(action(&View { state: State::Locked, ..due }, Spot::Head), Some(Action::Moment));
        assert_eq!(action(&View { state: State::Away, ..due }, Spot::Head), None);
    }

    #[test]
    fn only_a_save_of_the_last_minutes_can_be_undone_and_once() {
        assert_eq!(action(&CALM, Spot::Undo), None);
        assert_eq!(action(&View { undo: Undo::Saved, ..CALM }, Spot::Undo), Some(Action::Undo));
        for undo in [Undo::UnderWay, TAKEN_BACK] {
            assert_eq!(action(&View { undo, ..CALM }, Spot::Undo), None);
        }
    }

    #[test]
    fn a_daemon_that_is_away_is_told_with_the_words_safe_first() {
        let face = face(&in_state(State::Away));
        assert!(face.tooltip.starts_with("What you kept is safe."), "{}", face.tooltip);
        let head = face.line(Spot::Head).text;
        assert!(head.contains("check-ins wait in their window"), "{head}");
    }

    #[test]
    fn trouble_is_shown_in_every_state_and_takes_no_way_on_away() {
        for state in State::ALL {
            let calm = face(&in_state(state));
            for trouble in every_trouble() {
                let troubled = face(&View { trouble: Some(trouble), ..in_state(state) });
                assert_eq!(troubled.shape, Shape::Attention);
                assert_ne!(troubled.tooltip, calm.tooltip);
                assert_eq!(troubled.line(Spot::Head).action, calm.line(Spot::Head).action);
            }
        }
    }

    #[test]
    fn every_text_is_short_and_in_the_voice_of_the_house() {
        for face in every_face() {
            assert!(face.tooltip.chars().count() <= 200, "{}", face.tooltip);
            let mut texts: Vec<String> = Spot::ALL.map(|spot| face.line(spot).text.into_owned()).into();
            for text in &texts {
                assert!(text.chars().count() <= 64, "{text}");
            }
            texts.extend([face.tooltip, SETTLED.to_owned()]);
            for text in texts {
                // An ampersand and an underscore would be read as the mark of an access key.
                assert!(!text.contains(['!', '&', '_']), "{text}");
                for cold in ["fail", "invalid", "abort", "error"] {
                    assert!(!text.to_lowercase().contains(cold), "{text}");
                }
            }
        }
    }

    #[test]
    fn no_text_says_what_a_reminder_is_for() {
        for text in [MOMENT, SETTLED] {
            for word in ["letter", "check", "feel", "journal", "write", "remind"] {
                assert!(!text.to_lowercase().contains(word), "{text}");
            }
        }
    }
}
