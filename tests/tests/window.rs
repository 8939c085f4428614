//! The windows in this process, with no display, over real connections to a real daemon. What comes of it is asked of the
//! command line.

use std::time::Duration;

use i_slint_backend_testing::{ElementHandle, TestingBackend, TestingBackendOptions, mock_elapsed_time};
use ingle_api::Places;
use ingle_tests::programs::{Home, until};
use ingle_window::{Latest, RightNow, Unlock, fonts, ui::Phase};
use serde_json::Value;
use slint::{ComponentHandle, Model as _};

/// A backend for this test's thread, with real pixels and a clock that goes only when it is told to.
fn no_display() {
    let options = TestingBackendOptions { mock_time: true, threading: false, renderer_name: Some("software".into()) };
    slint::platform::set_platform(Box::new(TestingBackend::new(options))).expect("the first on this thread");
    fonts::bring_emoji();
}

fn places(home: &Home) -> Places {
    Places::under(home.path())
}

/// Presses the first button with this name.
fn press(window: &impl ComponentHandle, name: &str) {
    let button = ElementHandle::find_by_accessible_label(window, name).next();
    button.unwrap_or_else(|| panic!("there is no button {name}")).invoke_accessible_default_action();
}

/// Words with their strength, of every entry, newest first.
fn feelings(home: &Home) -> Vec<Vec<(String, Option<u64>)>> {
    let feeling =
        |feeling: &Value| (feeling["label"].as_str().expect("a label").to_owned(), feeling["intensity"].as_u64());
    let entry = |entry: &Value| entry["feelings"].as_array().expect("a list").iter().map(feeling).collect();
    home.list().iter().map(entry).collect()
}

fn lonely(strength: u64) -> Vec<(String, Option<u64>)> {
    vec![("lonely".to_owned(), Some(strength))]
}

#[test]
fn l_o_n_enter_6_enter_is_an_entry_in_the_journal() {
    let home = Home::with_journal("laptop");
    let _daemon = home.start_daemon();
    no_display();
    let window = RightNow::open(&places(&home)).expect("it opens");
    window.ui().show().expect("it shows");
    window.type_keys("l o n Enter 6 Enter");
    until("it is kept", || {
        window.pump();
        window.ui().get_phase() == Phase::Kept
    });
    assert!(window.is_safe());
    assert_eq!(feelings(&home), [lonely(60)]);
    assert_eq!(home.list()[0]["device"], "laptop");
    window.type_keys("Enter");
    assert!(window.is_finished(), "Done has the focus");
    assert_eq!(feelings(&home), [lonely(60)]);
}

#[test]
fn words_that_were_chosen_are_in_the_journal_before_they_are_kept() {
    let home = Home::with_journal("laptop");
    let _daemon = home.start_daemon();
    no_display();
    let window = RightNow::open(&places(&home)).expect("it opens");
    window.ui().show().expect("it shows");
    window.type_keys("l o n Enter h u");
    mock_elapsed_time(Duration::from_millis(450));
    until("the word is in the journal", || {
        window.pump();
        window.is_safe()
    });
    // As when the machine goes: nothing is closed, nothing is asked.
    std::mem::forget(window);
    assert_eq!(feelings(&home), [vec![("lonely".to_owned(), None)]]);
}

#[test]
fn a_window_that_is_only_looked_at_leaves_nothing() {
    let home = Home::with_journal("laptop");
    let _daemon = home.start_daemon();
    no_display();
    let window = RightNow::open(&places(&home)).expect("it opens");
    window.ui().show().expect("it shows");
    window.type_keys("l o Esc Esc");
    until("it is closed", || {
        window.pump();
        window.is_finished()
    });
    assert!(home.list().is_empty());
}

#[test]
fn latest_shows_changes_deletes_and_takes_back() {
    let home = Home::with_journal("laptop");
    let _daemon = home.start_daemon();
    no_display();
    let window = Latest::open(&places(&home)).expect("it opens");
    window.ui().show().expect("it shows");
    let titles = || -> Vec<String> {
        window.pump();
        window.ui().get_entries().iter().map(|entry| entry.title.text.to_string()).collect()
    };
    until("it is loaded", || {
        window.pump();
        window.ui().get_loaded()
    });
    assert!(titles().is_empty());

    // Written elsewhere, shown here.
    home.ingle(&["check-in", "--feel", "lonely=40", "--json"]).ok();
    until("the new entry shows", || titles() == ["lonely 40"]);
    home.ingle(&["check-in", "--feel", "hurt=70", "--json"]).ok();
    until("the newest is first", || titles() == ["hurt 70", "lonely 40"]);

    press(window.ui(), "Change");
    window.type_keys("Tab r a i n Ctrl+Enter");
    until("the change is in the journal", || {
        window.pump();
        home.list()[0]["cause"] == "rain"
    });
    until("it can be taken back", || {
        window.pump();
        window.ui().get_can_undo()
    });
    window.type_keys("Ctrl+Z");
    until("the change is taken back", || {
        window.pump();
        home.list()[0]["cause"].is_null()
    });

    press(window.ui(), "Delete");
    until("the entry is gone here", || titles() == ["lonely 40"]);
    assert_eq!(feelings(&home), [lonely(40)]);
    until("it can be taken back", || {
        window.pump();
        window.ui().get_can_undo()
    });
    press(window.ui(), "Undo");
    until("the entry is back", || titles() == ["hurt 70", "lonely 40"]);
    assert_eq!(feelings(&home), [vec![("hurt".to_owned(), Some(70))], lonely(40)]);
}

#[test]
fn a_passphrase_opens_a_locked_journal() {
    let home = Home::new();
    let made =
        home.command(&["init", "--name", "laptop", "--passphrase"]).env("INGLE_PASSPHRASE", "ember glow").output();
    assert!(made.expect("it starts").status.success());
    let _daemon = home.start_daemon();
    assert_eq!(home.status()["journal"], "locked");
    no_display();
    let check_in = RightNow::open(&places(&home)).expect("it opens");
    check_in.ui().show().expect("it shows");
    check_in.type_keys("l o n Enter 6 Enter");
    until("it says that they will be seen after the unlocking", || {
        check_in.pump();
        check_in.ui().get_can_unlock() && check_in.ui().get_waiting() && check_in.is_safe()
    });

    let window = Unlock::open(&places(&home)).expect("it opens");
    window.ui().show().expect("it shows");
    window.type_keys("e m b e r Enter");
    until("it says that it isn't the one", || {
        window.pump();
        window.ui().get_note().starts_with("That isn't the one.")
    });
    assert_eq!(home.status()["journal"], "locked");
    window.type_keys("e m b e r Space g l o w Enter");
    until("the journal is open", || {
        window.pump();
        window.is_open()
    });
    assert_eq!(home.status()["journal"], "open");
    // What waited went in with the unlocking.
    assert_eq!(feelings(&home), [lonely(60)]);
}
