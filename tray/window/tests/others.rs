//! Unlock, Help now and About, with no display.

#![expect(clippy::unwrap_used, reason = "tests")]

mod fake;

use fake::{Fake, no_display, picture};
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use ingle_api::status::JournalState;
use ingle_window::{Unlock, about, help_now};
use slint::{ComponentHandle, Model};

fn open_unlock() -> (Unlock, Fake) {
    no_display();
    let (fake, news) = Fake::new();
    let window = Unlock::with(Box::new(fake.clone()), news, fake.opener()).unwrap();
    window.ui().show().unwrap();
    fake.is_up(JournalState::Locked);
    window.pump();
    (window, fake)
}

#[test]
fn a_wrong_passphrase_is_told_kindly_and_the_right_one_closes_the_window() {
    let (window, fake) = open_unlock();
    window.type_keys("x Enter");
    window.pump();
    assert!(window.ui().get_note().starts_with("That isn't the one."));
    assert_eq!(window.ui().get_passphrase(), "");
    picture(window.ui().window(), "unlock-wrong");
    window.type_keys("e m b e r Enter");
    window.pump();
    assert!(window.is_open());
    assert_eq!(fake.told(), ["unlock", "unlock"]);
}

#[test]
fn a_passphrase_is_never_shown() {
    let (window, _fake) = open_unlock();
    window.type_keys("e m b e r");
    let fields = ElementQuery::from_root(window.ui()).match_accessible_role(AccessibleRole::TextInput).find_all();
    assert_eq!(fields.len(), 1);
    assert!(!fields[0].accessible_value().unwrap_or_default().contains("ember"));
}

#[test]
fn help_now_puts_the_own_country_first_and_says_that_nothing_is_checked() {
    no_display();
    let ui = help_now::open("de_DE.UTF-8").unwrap();
    ui.show().unwrap();
    picture(ui.window(), "help-now");
    assert!(ui.get_here().row_count() > 0 && ui.get_all().row_count() > 5);
    for country in ui.get_here().iter().chain(ui.get_all().iter()) {
        for line in country.lines.iter() {
            assert!(line.note.contains("not yet checked"), "{}", line.name);
        }
    }
}

#[test]
fn about_shows_slint_and_says_what_ingle_is_not() {
    no_display();
    let ui = about::open().unwrap();
    ui.show().unwrap();
    picture(ui.window(), "about");
    assert!(ui.get_lines().iter().any(|line| line.contains("not a treatment")));
    assert!(ElementQuery::from_root(&ui).match_inherits("AboutSlint").find_first().is_some());
    assert_eq!(ElementHandle::find_by_accessible_label(&ui, "Close").count(), 1);
}
