//! A reminder on a desktop with a real panel and a real server for notifications: it comes by itself, and its buttons do what they
//! say.

use std::time::{Duration, Instant};

use ingle_tests::{
    desktop::{Desktop, Notifier, Place},
    programs::{Home, until},
};
use jiff::{Span, ZonedDateTime};

/// A rule of the next minute reminds within it; some more for a machine that has much to do.
const LIMIT: Duration = Duration::from_secs(150);

/// The beginning of the next minute that leaves time to accept a rule, as a time of day.
fn next_minute() -> String {
    let soon = ZonedDateTime::now().saturating_add(Span::new().seconds(70));
    soon.strftime("%H:%M").to_string()
}

/// Waits until a notification with this button is there.
fn comes(desktop: &Desktop, notifier: &Notifier, label: &str) -> Place {
    let begun = Instant::now();
    loop {
        if let Some(place) = desktop.button(notifier, label) {
            return place;
        }
        assert!(begun.elapsed() < LIMIT, "no reminder came");
    }
}

fn letters(home: &Home) -> Vec<String> {
    let list = home.ingle(&["list", "--kind", "letter", "--json"]).json();
    list.as_array().expect("a list").iter().map(|letter| letter["id"].as_str().expect("an id").to_owned()).collect()
}

fn text_of(home: &Home, letter: &str) -> String {
    let shown = home.ingle(&["show", letter, "--json"]);
    if shown.code == 0 { shown.json()["letter"]["text"].as_str().expect("a text").to_owned() } else { String::new() }
}

#[test]
fn the_first_evening() {
    let desktop = Desktop::new();
    let _keychain = desktop.start_keychain();
    let notifier = desktop.start_notifier();
    // Both find the keychain of this login; their windows and icons are apart.
    let [laptop, other] = [desktop.home(), desktop.home()];
    laptop.ingle(&["init", "--name", "laptop"]).ok();
    let mut inviting = laptop.lines(&["pair", "--yes", "--json"]);
    let ticket = inviting.next()["ticket"].as_str().expect("a ticket").to_owned();
    other.ingle(&["join", &ticket, "--name", "desktop", "--yes", "--json"]).ok();
    assert_eq!(inviting.end(), 0);
    let (_tray, icon) = desktop.start_tray(&laptop);
    icon.stands("Ready");
    for part in ["keychain", "notifications", "tray"] {
        let (state, what) = laptop.doctor(part);
        assert_eq!(state, "ok", "{what}");
    }
    laptop.ingle(&["remind", "--quiet", "none"]).ok();
    laptop.ingle(&["remind", "add", "--letters-week", &next_minute(), "--json"]).ok();

    desktop.click(comes(&desktop, &notifier, "Open"));
    let window = desktop.opened(&laptop, "letter");
    desktop.shot("evening-1-letter-opened");
    desktop.click(desktop.place_of(&window, "Skip"));
    desktop.says(&window, "Enough for today");
    desktop.type_text("Dear me, tonight was hard");
    desktop.shot("evening-2-typed");
    // Half a second after the last key the daemon has it: nothing but a wait tells from outside that it does.
    std::thread::sleep(Duration::from_secs(1));
    desktop.kill(&window);
    until("the killed window's words are in the letter", || {
        letters(&laptop).first().is_some_and(|letter| text_of(&laptop, letter) == "Dear me, tonight was hard")
    });
    let letter = letters(&laptop).remove(0);
    let _again = desktop.open_with(&laptop, &["letter", "--id", &letter]);
    let window = desktop.opened(&laptop, "letter");
    desktop.says(&window, "Dear me, tonight was hard");
    desktop.shot("evening-3-still-there");
    desktop.click(desktop.place_of(&window, "Write on"));
    desktop.type_keys("ctrl+End");
    desktop.type_text(", and it passed.");
    desktop.click(desktop.place_of(&window, "Enough for today"));
    desktop.says(&window, "and it passed.");
    desktop.shot("evening-4-enough-for-today");
    until("it is read on the other device", || text_of(&other, &letter) == "Dear me, tonight was hard, and it passed.");
    let handled = laptop.ingle(&["remind", "--json"]).json();
    assert!(handled["due"].is_null() && handled["rules"][0]["letters"] == 1, "{handled}");
    desktop.type_keys("Escape");
    desktop.closed(&window);

    // What is put off there is gone here.
    laptop.ingle(&["remind", "add", "--daily", &next_minute(), "--json"]).ok();
    comes(&desktop, &notifier, "Later");
    desktop.shot("evening-5-another-reminder");
    until("the other device knows of it", || !other.ingle(&["remind", "--json"]).json()["due"].is_null());
    other.ingle(&["remind", "later"]).ok();
    until("it is gone here", || desktop.button(&notifier, "Later").is_none());
    // The menu may still say that a window was killed; of the reminder it says nothing any more.
    until("the menu asks no more", || icon.menu()[0] != "A moment, if now is good");
}

#[test]
fn a_reminder_comes_by_itself_and_later_and_open_do_what_they_say() {
    let home = Home::with_journal("laptop");
    let _daemon = home.start_daemon();
    let desktop = Desktop::new();
    let notifier = desktop.start_notifier();
    let (_tray, icon) = desktop.start_tray(&home);
    icon.stands("Ready");
    home.ingle(&["remind", "--quiet", "none"]).ok();
    home.ingle(&["remind", "add", "--daily", &next_minute(), "--json"]).ok();
    let later = comes(&desktop, &notifier, "Later");
    desktop.shot("reminder");
    let said = desktop.notifications(&notifier).join("\n");
    assert!(said.contains("A moment, if now is good."), "{said}");
    assert_eq!(icon.menu()[0], "A moment, if now is good");
    desktop.click(later);
    until("the reminder is gone", || desktop.button(&notifier, "Later").is_none());
    icon.stands("Ready");
    let reminders = home.ingle(&["remind", "--json"]).json();
    assert!(reminders["due"].is_null(), "{reminders}");

    // Another one, on which something is done.
    home.ingle(&["remind", "add", "--daily", &next_minute(), "--json"]).ok();
    desktop.click(comes(&desktop, &notifier, "Open"));
    let window = desktop.opened(&home, "right-now");
    desktop.says(&window, "Right now");
    desktop.shot("reminder-opened");
    assert!(desktop.button(&notifier, "Open").is_none());
    desktop.type_keys("Escape");
    desktop.closed(&window);
}
