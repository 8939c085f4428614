//! Words and shape of the icon, as a pure function of how Ingle stands.
//!
//! **Invariant:** nothing here comes from an entry, a name or a person's words; every text is one of the constants below. The
//! menu always has the same lines in the same places, so that a hand finds them without reading.

use crate::{desktop::Window, icon::Shape, state::State};

/// What a line of the menu does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Open(Window),
    /// Ends the icon. The daemon goes on.
    Quit,
}

/// The lines below the first one. They never change, and all of them can always be chosen.
pub const ITEMS: [(Action, &str); 5] = [
    (CHECK_IN, "Check in"),
    (Action::Open(Window::Latest), "Latest"),
    (Action::Open(Window::HelpNow), "Help now"),
    (Action::Open(Window::About), "About"),
    (Action::Quit, "Quit"),
];

/// Also what a left click does.
pub const CHECK_IN: Action = Action::Open(Window::RightNow);

/// The menu's first line: how things stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub text: &'static str,
    /// Choosing it opens the window that unlocks; otherwise it can't be chosen.
    pub unlocks: bool,
}

/// Everything that the panel shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    pub shape: Shape,
    pub tooltip: String,
    pub head: Head,
}

/// `trouble` is the kind of window that did not open or broke.
pub fn face(state: State, trouble: Option<Window>) -> Face {
    let (shape, head, tooltip) = standing(state);
    let unlocks = matches!(state, State::Locked | State::KeychainAway);
    match trouble.map(in_spite_of) {
        None => Face { shape, tooltip: tooltip.to_owned(), head: Head { text: head, unlocks } },
        Some((head, way)) => {
            Face { shape: Shape::Attention, tooltip: format!("{head}. {way}"), head: Head { text: head, unlocks } }
        }
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
const fn in_spite_of(window: Window) -> (&'static str, &'static str) {
    match window {
        Window::RightNow => (
            "The check-in didn't stay open: use “ingle” in a terminal",
            "What you kept is safe. “ingle” in a terminal is a check-in too.",
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

    const WINDOWS: [Window; 5] = [Window::RightNow, Window::Latest, Window::HelpNow, Window::About, Window::Unlock];

    fn every_face() -> impl Iterator<Item = Face> {
        State::ALL
            .into_iter()
            .flat_map(|state| std::iter::once(None).chain(WINDOWS.map(Some)).map(move |trouble| face(state, trouble)))
    }

    #[test]
    fn the_lines_are_in_the_agreed_order() {
        assert_eq!(ITEMS.map(|(_, label)| label), ["Check in", "Latest", "Help now", "About", "Quit"]);
    }

    #[test]
    fn each_state_has_its_shape_and_its_way_on() {
        let check = |state: State, shape: Shape, unlocks: bool| {
            let face = face(state, None);
            assert_eq!((face.shape, face.head.unlocks), (shape, unlocks), "{state:?}");
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
    fn a_daemon_that_is_away_is_told_with_the_words_safe_first() {
        let face = face(State::Away, None);
        assert!(face.tooltip.starts_with("What you kept is safe."), "{}", face.tooltip);
        assert!(face.head.text.contains("check-ins wait in their window"), "{}", face.head.text);
    }

    #[test]
    fn trouble_is_shown_in_every_state_and_takes_no_way_on_away() {
        for state in State::ALL {
            let calm = face(state, None);
            for window in WINDOWS {
                let troubled = face(state, Some(window));
                assert_eq!(troubled.shape, Shape::Attention);
                assert_ne!(troubled.tooltip, calm.tooltip);
                assert_eq!(troubled.head.unlocks, calm.head.unlocks);
            }
        }
    }

    #[test]
    fn every_text_is_short_and_in_the_voice_of_the_house() {
        for face in every_face() {
            assert!(face.head.text.chars().count() <= 64, "{}", face.head.text);
            assert!(face.tooltip.chars().count() <= 200, "{}", face.tooltip);
            for text in [face.head.text, &face.tooltip] {
                // An ampersand and an underscore would be read as the mark of an access key.
                assert!(!text.contains(['!', '&', '_']), "{text}");
                for cold in ["fail", "invalid", "abort", "error"] {
                    assert!(!text.to_lowercase().contains(cold), "{text}");
                }
            }
        }
    }
}
