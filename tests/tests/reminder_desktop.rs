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
