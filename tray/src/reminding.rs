//! When a reminder is shown, withdrawn and answered: a state machine with no IO. What is due the daemon decides.
//!
//! **Invariant:** no reminder is shown twice for one time that it came due, whatever comes and goes in between.

use ingle_api::request::Due;
use ingle_model::{Handling, RuleKind, Slot};

use crate::{
    desktop::{Opening, Window},
    requests::Ask,
    tray::Effect,
};

/// A notification of ours. All of one kind read alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notice {
    /// A reminder.
    Moment { slot: Slot, kind: RuleKind },
    /// What was chosen came too late: somebody had settled it before.
    Settled { kind: RuleKind },
}

/// What became of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is before the person's eyes.
    Shown,
    /// Nothing on this desktop shows it.
    NotShown,
    /// "Open" was chosen. With it may have come what brings the window to the front.
    Opened(Option<String>),
    Later,
    NotToday,
    /// Swiped away, run out, or gone with its server.
    Gone,
}

#[derive(Debug, Default)]
pub struct Reminding {
    due: Option<Due>,
    /// On its way to the screen, or there.
    notice: Option<Notice>,
    /// What was shown, for as long as it is due.
    shown: Option<Slot>,
    is_unseen: bool,
}

impl Reminding {
    /// What a line of the menu offers, if anything is due.
    pub const fn is_due(&self) -> bool {
        self.due.is_some()
    }

    /// A reminder is due, and nothing on this desktop shows notifications.
    pub const fn is_unseen(&self) -> bool {
        self.is_unseen
    }

    /// The daemon says what is due now.
    pub fn told(&mut self, due: Option<Due>) -> Vec<Effect> {
        let slot = due.as_ref().map(|due| due.slot);
        let mut effects = Vec::new();
        if let Some(notice) = self.notice.take_if(|notice| slot_of(*notice) != slot) {
            effects.push(Effect::Withdraw(notice));
        }
        if self.shown != slot {
            self.shown = None;
        }
        if self.due.as_ref().map(|due| due.slot) != slot {
            self.is_unseen = false;
        }
        self.due = due;
        effects.extend(self.show());
        effects
    }

    /// As [`Self::told`], by a daemon that may not have heard what was said last.
    pub fn told_anew(&mut self, due: Option<Due>) -> Vec<Effect> {
        let mut effects = self.told(due);
        if let (Some(due), Some(shown)) = (&self.due, self.shown)
            && !due.is_shown
        {
            effects.push(Effect::Ask(Ask::Shown(shown)));
        }
        effects
    }

    /// Something on this desktop shows notifications from now on.
    pub fn server_came(&mut self) -> Vec<Effect> {
        self.is_unseen = false;
        self.show().into_iter().collect()
    }

    pub fn fate(&mut self, notice: Notice, fate: Fate) -> Vec<Effect> {
        let (slot, kind) = match notice {
            Notice::Moment { slot, kind } => (slot, kind),
            Notice::Settled { kind } => {
                let Fate::Opened(token) = fate else { return Vec::new() };
                return vec![Effect::Open(Opening { reminder: None, ..opening(kind, None, token) })];
            }
        };
        let is_current = self.due.as_ref().is_some_and(|due| due.slot == slot);
        if fate != Fate::Shown {
            self.notice.take_if(|current| *current == notice);
        }
        match fate {
            Fate::Shown if is_current => {
                self.shown = Some(slot);
                vec![Effect::Ask(Ask::Shown(slot))]
            }
            Fate::NotShown => {
                self.is_unseen |= is_current;
                Vec::new()
            }
            Fate::Opened(token) if is_current => vec![Effect::Open(opening(kind, Some(slot), token))],
            // Chosen while the word came that it is settled.
            Fate::Opened(_) => vec![Effect::Notify(Notice::Settled { kind })],
            Fate::Later => vec![Effect::Ask(Ask::Handle { slot, kind, how: Handling::Later })],
            Fate::NotToday => vec![Effect::Ask(Ask::Handle { slot, kind, how: Handling::NotToday })],
            Fate::Shown | Fate::Gone => Vec::new(),
        }
    }

    /// The line of the menu was chosen.
    pub fn open(&self, token: Option<String>) -> Option<Opening> {
        self.due.as_ref().map(|due| opening(due.kind, Some(due.slot), token))
    }

    fn show(&mut self) -> Option<Effect> {
        let due = self.due.as_ref()?;
        if due.is_shown || self.shown.is_some() || self.notice.is_some() || self.is_unseen {
            return None;
        }
        let notice = Notice::Moment { slot: due.slot, kind: due.kind };
        self.notice = Some(notice);
        Some(Effect::Notify(notice))
    }
}

const fn slot_of(notice: Notice) -> Option<Slot> {
    match notice {
        Notice::Moment { slot, .. } => Some(slot),
        Notice::Settled { .. } => None,
    }
}

fn opening(kind: RuleKind, slot: Option<Slot>, token: Option<String>) -> Opening {
    match kind {
        RuleKind::Daily => Opening { window: Window::RightNow, reminder: None, token },
        RuleKind::LettersWeek => Opening { window: Window::Letter, reminder: slot, token },
    }
}

#[cfg(test)]
mod tests {
    use ingle_model::RuleId;

    use super::*;

    fn slot(day: i8) -> Slot {
        Slot { rule: RuleId::from_bytes([7; 16]), date: jiff::civil::date(2026, 3, day) }
    }

    fn due(day: i8, is_shown: bool) -> Option<Due> {
        Some(Due { slot: slot(day), kind: RuleKind::LettersWeek, letter: Some(3), is_shown })
    }

    fn notice(day: i8) -> Notice {
        Notice::Moment { slot: slot(day), kind: RuleKind::LettersWeek }
    }

    const SETTLED: Notice = Notice::Settled { kind: RuleKind::LettersWeek };

    fn handle(day: i8, how: Handling) -> Effect {
        Effect::Ask(Ask::Handle { slot: slot(day), kind: RuleKind::LettersWeek, how })
    }

    fn letter(day: Option<i8>, token: Option<&str>) -> Effect {
        Effect::Open(Opening { window: Window::Letter, reminder: day.map(slot), token: token.map(str::to_owned) })
    }

    /// With the reminder of the third of March on the screen.
    fn showing() -> Reminding {
        let mut reminding = Reminding::default();
        assert_eq!(reminding.told(due(3, false)), [Effect::Notify(notice(3))]);
        assert_eq!(reminding.fate(notice(3), Fate::Shown), [Effect::Ask(Ask::Shown(slot(3)))]);
        reminding
    }

    #[test]
    fn a_reminder_is_shown_once_however_often_it_is_told() {
        let mut reminding = Reminding::default();
        assert_eq!(reminding.told(due(3, true)), [], "it was shown before this program began");
        assert!(reminding.is_due());

        let mut reminding = Reminding::default();
        assert_eq!(reminding.told(due(3, false)), [Effect::Notify(notice(3))]);
        assert_eq!(reminding.told(due(3, false)), [], "it is on its way");
        let mut reminding = showing();
        for is_shown in [false, true] {
            assert_eq!(reminding.told(due(3, is_shown)), []);
        }
        assert_eq!(reminding.fate(notice(3), Fate::Gone), []);
        assert_eq!(reminding.told(due(3, false)), [], "swiped, and the daemon hasn't heard that it was shown");
        assert_eq!(reminding.told_anew(due(3, false)), [Effect::Ask(Ask::Shown(slot(3)))]);
        assert_eq!(reminding.told_anew(due(3, true)), []);
        assert_eq!(reminding.server_came(), []);
        assert!(reminding.is_due(), "the menu goes on to offer it");
    }

    #[test]
    fn what_is_settled_elsewhere_or_over_is_withdrawn() {
        let mut reminding = showing();
        assert_eq!(reminding.told(None), [Effect::Withdraw(notice(3))]);
        assert!(!reminding.is_due());
        let mut reminding = showing();
        assert_eq!(reminding.told(due(4, false)), [Effect::Withdraw(notice(3)), Effect::Notify(notice(4))]);
        // Gone from the screen: there is nothing to withdraw.
        let mut reminding = showing();
        reminding.fate(notice(3), Fate::Gone);
        assert_eq!(reminding.told(None), []);
    }

    #[test]
    fn what_was_put_off_is_shown_again_when_it_is_due_again() {
        let mut reminding = showing();
        assert_eq!(reminding.fate(notice(3), Fate::Later), [handle(3, Handling::Later)]);
        assert_eq!(reminding.told(None), []);
        assert_eq!(reminding.told(due(3, false)), [Effect::Notify(notice(3))]);
    }

    #[test]
    fn each_answer_does_what_it_says() {
        assert_eq!(showing().fate(notice(3), Fate::Opened(Some("t".to_owned()))), [letter(Some(3), Some("t"))]);
        assert_eq!(showing().fate(notice(3), Fate::NotToday), [handle(3, Handling::NotToday)]);
        assert_eq!(showing().fate(notice(3), Fate::Gone), [], "swiped: nothing is recorded");
        let mut reminding = Reminding::default();
        let daily = Due { kind: RuleKind::Daily, ..due(3, true).expect("one is due") };
        reminding.told(Some(daily));
        assert_eq!(reminding.open(None), Some(Opening { window: Window::RightNow, reminder: None, token: None }));
    }

    #[test]
    fn an_answer_that_comes_too_late_is_told_and_offers_another() {
        let mut reminding = showing();
        reminding.told(None);
        assert_eq!(reminding.fate(notice(3), Fate::Opened(None)), [Effect::Notify(SETTLED)]);
        assert_eq!(reminding.fate(SETTLED, Fate::Shown), []);
        assert_eq!(reminding.fate(SETTLED, Fate::Opened(None)), [letter(None, None)]);
        // The daemon knows better than this program what was settled.
        assert_eq!(reminding.fate(notice(3), Fate::Later), [handle(3, Handling::Later)]);
    }

    #[test]
    fn where_nothing_shows_it_the_menu_has_it_until_something_does() {
        let mut reminding = Reminding::default();
        reminding.told(due(3, false));
        assert_eq!(reminding.fate(notice(3), Fate::NotShown), []);
        assert!(reminding.is_unseen() && reminding.is_due());
        assert_eq!(reminding.told(due(3, false)), [], "it isn't tried again and again");
        assert_eq!(reminding.server_came(), [Effect::Notify(notice(3))]);
        assert!(!reminding.is_unseen());

        reminding.fate(notice(3), Fate::NotShown);
        assert_eq!(reminding.told(None), []);
        assert!(!reminding.is_unseen(), "there is nothing left to see");
        assert_eq!(reminding.told(due(4, false)), [Effect::Notify(notice(4))], "the next one is tried once");
    }
}
