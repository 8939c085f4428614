//! The five-second check-in, typed into the real window with no display.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod fake;

use std::time::Duration;

use fake::{Fake, no_display, wait};
use i_slint_backend_testing::{AccessibleRole, ElementQuery};
use ingle_api::{Failure, FailureKind, status::JournalState};
use ingle_window::{Kind, RightNow, ui::Phase};
use slint::ComponentHandle;

fn open() -> (RightNow, Fake) {
    no_display();
    let (fake, news) = Fake::new();
    let window = RightNow::with(Box::new(fake.clone()), news, fake.opener()).unwrap();
    window.ui().show().unwrap();
    fake.is_up(JournalState::Open);
    window.pump();
    (window, fake)
}

#[test]
fn l_o_n_enter_6_enter_stores_one_check_in() {
    let (window, fake) = open();
    window.type_keys("l o n Enter 6 Enter");
    window.pump();
    assert_eq!(fake.told(), ["check-in lonely=60"]);
    assert!(window.is_safe());
    assert_eq!(window.ui().get_phase(), Phase::Kept);
    window.type_keys("Enter");
    window.pump();
    assert!(window.is_finished(), "Done has the focus");
    assert_eq!(fake.told(), ["check-in lonely=60"]);
}

#[test]
fn an_untouched_window_leaves_nothing() {
    let (window, fake) = open();
    wait(Duration::from_secs(5));
    window.pump();
    window.type_keys("Esc");
    window.pump();
    assert!(window.is_finished());
    assert_eq!(fake.told(), Vec::<String>::new());
}

#[test]
fn a_half_typed_word_is_dropped_and_chosen_ones_are_kept_on_closing() {
    let (window, fake) = open();
    window.type_keys("h u r Enter l o");
    window.close();
    window.pump();
    assert!(window.is_finished());
    assert_eq!(fake.told(), ["check-in hurt"]);
}

#[test]
fn what_is_chosen_is_on_its_way_within_half_a_second_and_stays_one_entry() {
    let (window, fake) = open();
    window.type_keys("l o n Enter");
    wait(Duration::from_millis(450));
    window.pump();
    assert_eq!(fake.told(), ["check-in lonely"]);
    window.type_keys("4 h u r Enter");
    wait(Duration::from_millis(450));
    window.pump();
    assert_eq!(fake.told(), ["check-in lonely", "edit lonely=40 hurt"]);
    window.type_keys("Backspace Backspace");
    wait(Duration::from_millis(450));
    window.pump();
    assert_eq!(fake.told(), ["check-in lonely", "edit lonely=40 hurt", "delete"]);
    window.type_keys("Esc");
    window.pump();
    assert!(window.is_finished());
}

#[test]
fn words_outlive_a_daemon_that_is_away() {
    let (window, fake) = open();
    *fake.fails.borrow_mut() = Some(Failure::new(FailureKind::Unavailable, "away", "wait"));
    window.type_keys("l o n Enter Enter");
    window.pump();
    assert!(!window.is_safe());
    assert_eq!(window.ui().get_phase(), Phase::Keeping);
    assert!(window.ui().get_note().starts_with("Your words are still in this window."));
    window.close();
    assert!(!window.is_finished());
    *fake.fails.borrow_mut() = None;
    fake.is_up(JournalState::Open);
    window.pump();
    assert!(window.is_finished());
    assert_eq!(fake.told(), ["check-in lonely", "list", "list", "check-in lonely"]);
}

#[test]
fn undo_takes_the_entry_back_and_can_be_taken_back_itself() {
    let (window, fake) = open();
    window.type_keys("l o n Enter Enter");
    window.pump();
    window.type_keys("Ctrl+Z");
    window.pump();
    assert_eq!(window.ui().get_phase(), Phase::TakenBack);
    window.ui().invoke_bring_back();
    window.pump();
    assert_eq!(fake.told(), ["check-in lonely", "delete", "check-in lonely"]);
    assert_eq!(window.ui().get_phase(), Phase::Kept);
}

#[test]
fn kept_stays_while_somebody_looks_and_goes_after_four_seconds_else() {
    let (window, _fake) = open();
    window.type_keys("l o n Enter Enter");
    window.pump();
    wait(Duration::from_secs(9));
    assert!(!window.is_finished());
    window.set_active(false);
    wait(Duration::from_secs(5));
    assert!(window.is_finished());
}

#[test]
fn a_locked_journal_says_so_and_offers_to_unlock() {
    let (window, fake) = open();
    fake.is_up(JournalState::Locked);
    window.pump();
    assert!(window.ui().get_can_unlock());
    assert!(window.ui().get_note().contains("locked"));
    window.ui().invoke_unlock();
    window.type_keys("F1");
    assert_eq!(*fake.opened.borrow(), [Kind::Unlock, Kind::HelpNow]);
}

#[test]
fn a_locked_journal_gets_the_words_when_they_are_whole_and_says_when_they_will_be_seen() {
    let (window, fake) = open();
    fake.is_locked.set(true);
    fake.is_up(JournalState::Locked);
    window.pump();
    window.type_keys("l o n Enter 6");
    wait(Duration::from_secs(2));
    window.pump();
    assert_eq!(fake.told(), Vec::<String>::new(), "it could not be changed any more");
    window.type_keys("Enter");
    window.pump();
    assert_eq!(fake.told(), ["check-in lonely=60"]);
    assert!(window.ui().get_phase() == Phase::Kept && window.ui().get_waiting());
    window.type_keys("Ctrl+Z");
    window.pump();
    assert_eq!(fake.told().len(), 1, "there is nothing to change yet");
}

#[test]
fn no_strength_shows_before_it_is_said() {
    let (window, _fake) = open();
    window.type_keys("l o n Enter");
    let sliders = ElementQuery::from_root(window.ui()).match_accessible_role(AccessibleRole::Slider).find_all();
    assert_eq!(sliders.len(), 1);
    assert_eq!(sliders[0].accessible_value().as_deref(), Some("not set"));
    window.type_keys("7");
    let sliders = ElementQuery::from_root(window.ui()).match_accessible_role(AccessibleRole::Slider).find_all();
    assert_eq!(sliders[0].accessible_value().as_deref(), Some("70"));
}

#[test]
fn strength_is_set_from_the_keyboard_and_the_focus_stays() {
    let (window, fake) = open();
    window.type_keys("l o n Enter h u r Enter Backtab Right Right Left Right");
    window.type_keys("Backtab Backtab 7 Enter");
    window.pump();
    assert_eq!(fake.told(), ["check-in lonely=70 hurt=20"]);
}

#[test]
fn every_control_has_a_name_and_no_title_tells_anything() {
    let (window, _fake) = open();
    window.type_keys("l o n Enter");
    let mut count = 0;
    for role in [
        AccessibleRole::Button,
        AccessibleRole::TextInput,
        AccessibleRole::Slider,
        AccessibleRole::ListItem,
        AccessibleRole::List,
    ] {
        for element in ElementQuery::from_root(window.ui()).match_accessible_role(role).find_all() {
            count += 1;
            assert!(element.accessible_label().is_some_and(|label| !label.is_empty()), "{role:?} {:?}", element.id());
        }
    }
    assert!(count >= 14, "{count} controls");
    let labels = ["Help now", "Feels worse?", "Keep", "A word for it"];
    for label in labels {
        assert_eq!(
            i_slint_backend_testing::ElementHandle::find_by_accessible_label(window.ui(), label).count(),
            1,
            "{label}"
        );
    }
}

#[test]
fn pictures_to_look_at() {
    let (window, _fake) = open();
    fake::picture(window.ui().window(), "right-now-empty");
    window.type_keys("l o n Enter 6 a s h Enter");
    fake::picture(window.ui().window(), "right-now-two-words");
    window.type_keys("l o");
    fake::picture(window.ui().window(), "right-now-typing");
    window.type_keys("Esc Enter");
    window.pump();
    fake::picture(window.ui().window(), "right-now-kept");
    let palette = window.ui().global::<ingle_window::ui::Palette<'_>>();
    palette.set_color_scheme(slint::language::ColorScheme::Dark);
    fake::picture(window.ui().window(), "right-now-dark-kept");
    window.ui().invoke_more();
    fake::picture(window.ui().window(), "right-now-dark");
    window.type_keys("Ctrl+.");
    fake::picture(window.ui().window(), "right-now-curtain");
}

/// A small screen at twice the size, 1024 by 768 pixels, has room for 512 by 384 of the window's own.
#[test]
fn at_twice_the_size_nothing_is_out_of_reach() {
    let (window, fake) = open();
    fake.is_up(JournalState::Locked);
    window.pump();
    window.type_keys("l o n Enter h u r Enter");
    let view = window.ui().window();
    view.set_size(slint::LogicalSize::new(512.0, 384.0));
    fake::picture(view, "right-now-200-top");
    let help = |window: &RightNow| {
        let found = i_slint_backend_testing::ElementHandle::find_by_accessible_label(window.ui(), "Help now").next();
        found.map(|button| button.absolute_position().y + button.size().height)
    };
    assert!(help(&window).is_none_or(|bottom| bottom > 384.0), "the page is longer than the screen");
    // Whoever types sees what it finds, with the whole explanation.
    window.type_keys("j e a l");
    fake::picture(view, "right-now-200-marked");
    let rows = ElementQuery::from_root(window.ui()).match_accessible_role(AccessibleRole::ListItem).find_all();
    let marked = rows.iter().find(|row| row.accessible_item_selected() == Some(true)).unwrap();
    assert!(marked.absolute_position().y + marked.size().height <= 384.0, "the marked row is on the screen");
    assert!(marked.size().height > 40.0, "it has two lines");
    window.type_keys("Backspace Backspace Backspace Backspace");
    // The focus goes on from the field, and the page follows it.
    window.type_keys("Tab Tab");
    fake::picture(view, "right-now-200-bottom");
    assert!(help(&window).is_some_and(|bottom| bottom <= 384.0), "the last row of buttons is on the screen");
}
