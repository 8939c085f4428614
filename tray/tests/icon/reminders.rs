//! Reminders: what a server for notifications gets to show, and what becomes of what a person chooses there.

use ingle_api::status::JournalState;
use ingle_model::{Handling, RuleKind};

use crate::support::{
    Desk, Item, Panel,
    daemon::{Daemon, due},
    server::{Manners, Server},
};
use tokio::process::Child;

const MOMENT: &str = "A moment, if now is good";
const SLOT: &str = r#"{"rule":"a4dqobyha4dqobyha4dqobyha4","date":"2026-03-09"}"#;

fn shown() -> String {
    format!(r#"{{"method":"reminder-shown","params":{{"slot":{SLOT}}}}}"#)
}

fn handled(how: &str) -> String {
    format!(r#"{{"method":"handle-reminder","params":{{"slot":{SLOT},"how":"{how}"}}}}"#)
}

struct Evening {
    desk: Desk,
    daemon: Daemon,
    icon: Item,
    tray: Child,
    _panel: Panel,
}

/// An open journal and nothing due.
async fn evening() -> Evening {
    let desk = Desk::new().await;
    let mut panel = Panel::start(&desk).await;
    let daemon = Daemon::start(&desk, JournalState::Open);
    let tray = desk.start_tray();
    let icon = panel.icon().await;
    icon.says("Ready for a check-in.").await;
    Evening { desk, daemon, icon, tray, _panel: panel }
}

#[tokio::test]
async fn a_reminder_is_shown_once_says_nothing_of_its_kind_and_waits_in_the_menu_when_swiped() {
    let mut evening = evening().await;
    let mut server = Server::start(&evening.desk, Manners::default()).await;
    for kind in [RuleKind::Daily, RuleKind::LettersWeek] {
        evening.daemon.tell_due(Some(due(9, kind)));
        let notification = server.shown().await;
        assert_eq!((notification.title.as_str(), notification.body.as_str()), ("Ingle", "A moment, if now is good."));
        assert_eq!(notification.actions, ["default", "Open", "later", "Later", "nottoday", "Not today"]);
        assert!(notification.is_silent);
        assert_eq!(notification.urgency, 1, "normal");
        assert_eq!(evening.daemon.asked().await, shown());
        server.swipe(&notification).await;
        evening.icon.comes_to_offer(MOMENT).await;
        // What is told again isn't shown again.
        evening.daemon.tell_due(Some(due(9, kind)));
        evening.icon.choose(MOMENT).await;
        let window = match kind {
            RuleKind::Daily => "right-now",
            RuleKind::LettersWeek => "letter --reminder a4dqobyha4dqobyha4dqobyha4:2026-03-09",
        };
        assert_eq!(evening.desk.started().await, format!("ingle-window {window} token=none passphrase=none"));
        assert!(!server.has_another() && !evening.daemon.was_asked_more());
        evening.daemon.tell_due(None);
        evening.icon.comes_to_have("Ready").await;
    }
}

#[tokio::test]
async fn open_opens_and_later_and_not_today_are_told() {
    let mut evening = evening().await;
    let mut server = Server::start(&evening.desk, Manners::default()).await;
    for (action, how) in [("later", "later"), ("nottoday", "not-today")] {
        evening.daemon.tell_due(Some(due(9, RuleKind::LettersWeek)));
        let notification = server.shown().await;
        assert_eq!(evening.daemon.asked().await, shown());
        server.choose(&notification, action).await;
        assert_eq!(evening.daemon.asked().await, handled(how));
        evening.icon.comes_to_have("Ready").await;
    }
    evening.daemon.tell_due(Some(due(9, RuleKind::LettersWeek)));
    let notification = server.shown().await;
    assert_eq!(evening.daemon.asked().await, shown());
    server.choose(&notification, "default").await;
    let opened = "ingle-window letter --reminder a4dqobyha4dqobyha4dqobyha4:2026-03-09";
    assert_eq!(evening.desk.started().await, format!("{opened} token=token-9 passphrase=none"));
    assert!(!evening.daemon.was_asked_more(), "the window says what becomes of it");
}

#[tokio::test]
async fn an_answer_that_is_said_to_nobody_else_is_heard_once() {
    let mut evening = evening().await;
    let manners = Manners { is_discreet: true, ..Manners::default() };
    let mut server = Server::start(&evening.desk, manners).await;
    for (action, how) in [("later", "later"), ("nottoday", "not-today")] {
        evening.daemon.tell_due(Some(due(9, RuleKind::LettersWeek)));
        let notification = server.shown().await;
        assert_eq!(evening.daemon.asked().await, shown());
        server.choose_until_heard(&notification, action).await;
        assert_eq!(evening.daemon.asked().await, handled(how));
        evening.icon.comes_to_have("Ready").await;
        assert!(!evening.daemon.was_asked_more());
    }
}

#[tokio::test]
async fn an_action_that_is_chosen_before_the_number_is_known_counts() {
    let mut evening = evening().await;
    let manners = Manners { acts_at_once: Some("later"), ..Manners::default() };
    let mut server = Server::start(&evening.desk, manners).await;
    evening.daemon.tell_due(Some(due(9, RuleKind::Daily)));
    server.shown().await;
    assert_eq!(evening.daemon.asked().await, shown());
    assert_eq!(evening.daemon.asked().await, handled("later"));
    evening.icon.comes_to_have("Ready").await;
}

#[tokio::test]
async fn what_is_handled_elsewhere_is_withdrawn_and_the_next_one_is_shown() {
    let evening = evening().await;
    let mut server = Server::start(&evening.desk, Manners::default()).await;
    evening.daemon.tell_due(Some(due(9, RuleKind::LettersWeek)));
    let first = server.shown().await;
    evening.daemon.tell_due(None);
    assert_eq!(server.closed().await, first.id);
    evening.icon.comes_to_have("Ready").await;
    evening.daemon.tell_due(Some(due(10, RuleKind::LettersWeek)));
    let second = server.shown().await;
    evening.daemon.tell_due(Some(due(11, RuleKind::LettersWeek)));
    assert_eq!(server.closed().await, second.id);
    server.shown().await;
    assert!(!server.has_another());
}

#[tokio::test]
async fn a_choice_that_comes_too_late_is_told_and_offers_another() {
    let mut evening = evening().await;
    let mut server = Server::start(&evening.desk, Manners::default()).await;
    evening.daemon.tell_due(Some(due(9, RuleKind::LettersWeek)));
    let notification = server.shown().await;
    evening.daemon.settle(Handling::Done);
    server.choose(&notification, "later").await;
    let settled = server.shown().await;
    assert_eq!(settled.title, "Ingle");
    assert_eq!(settled.body, "That one is settled already, here or on your other device. Another one?");
    assert_eq!(settled.actions, ["default", "Open"]);
    server.choose(&settled, "default").await;
    assert_eq!(evening.desk.started().await, "ingle-window letter token=token-9 passphrase=none");
}

#[tokio::test]
async fn a_daemon_that_comes_back_is_told_what_was_shown_and_nothing_is_shown_twice() {
    let mut evening = evening().await;
    let mut server = Server::start(&evening.desk, Manners::default()).await;
    evening.daemon.tell_due(Some(due(9, RuleKind::LettersWeek)));
    let notification = server.shown().await;
    assert_eq!(evening.daemon.asked().await, shown());
    drop(evening.daemon);
    evening.icon.says("check-ins wait in their window").await;
    // It has forgotten, as if it had ended before it was told.
    let mut daemon = Daemon::start_with(&evening.desk, JournalState::Open, Some(due(9, RuleKind::LettersWeek)));
    assert_eq!(daemon.asked().await, shown());
    assert!(!server.has_another());
    // The one on the screen is still good.
    server.choose(&notification, "nottoday").await;
    assert_eq!(daemon.asked().await, handled("not-today"));
    evening.icon.comes_to_have("Ready").await;
    assert!(!server.has_another());
}

#[tokio::test]
async fn with_nothing_that_shows_it_the_menu_has_it_until_something_comes() {
    let mut evening = evening().await;
    evening.daemon.tell_due(Some(due(9, RuleKind::LettersWeek)));
    evening.icon.says("Nothing on this desktop shows notifications yet.").await;
    evening.icon.choose(MOMENT).await;
    evening.desk.started().await;
    assert!(!evening.daemon.was_asked_more(), "nobody has seen it");
    let mut server = Server::start(&evening.desk, Manners::default()).await;
    server.shown().await;
    assert_eq!(evening.daemon.asked().await, shown());
    evening.icon.says("Ready for a check-in.").await;
    evening.icon.comes_to_offer(MOMENT).await;
    evening.icon.quit().await;
    let output = evening.tray.wait_with_output().await.expect("its end");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.matches("note: nothing on this desktop shows notifications").count(), 1, "{said}");
}

#[tokio::test]
async fn what_went_with_its_server_is_not_shown_again_and_the_next_one_is() {
    let mut evening = evening().await;
    for day in [9, 10, 11] {
        let mut server = Server::start(&evening.desk, Manners::default()).await;
        evening.daemon.tell_due(Some(due(day, RuleKind::LettersWeek)));
        // Nothing of the day before: its number is 1 again, and it's another one.
        let notification = server.shown().await;
        assert_eq!(notification.id, 1);
        evening.daemon.asked().await;
        evening.icon.comes_to_offer(MOMENT).await;
        server.stop().await;
    }
    let mut server = Server::start(&evening.desk, Manners::default()).await;
    evening.daemon.tell_due(Some(due(12, RuleKind::LettersWeek)));
    let notification = server.shown().await;
    evening.daemon.asked().await;
    server.choose(&notification, "default").await;
    let opened = "ingle-window letter --reminder a4dqobyha4dqobyha4dqobyha4:2026-03-12";
    assert_eq!(evening.desk.started().await, format!("{opened} token=token-9 passphrase=none"));
}
