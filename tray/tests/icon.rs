//! The shipped program on a real bus, with no display: what a panel sees of it, and which windows it starts.
#![cfg(target_os = "linux")]

#[path = "icon/reminders.rs"]
mod reminders;
mod support;

use std::fs;

use ingle_api::status::JournalState;
use ingle_model::Paused;
use rustix::process::{Pid, Signal, kill_process};
use support::{Desk, Panel, daemon::Daemon, environment, within};
use tokio::io::AsyncReadExt;

#[tokio::test]
async fn a_click_opens_the_check_in_and_the_menu_the_rest() {
    let mut desk = Desk::new().await;
    let mut panel = Panel::start(&desk).await;
    let _daemon = Daemon::start(&desk, JournalState::Open);
    let tray = desk.start_tray();
    let icon = panel.icon().await;
    icon.says("Ready for a check-in.").await;
    assert_eq!(icon.tooltip().await.0, "Ingle");
    assert_eq!(
        icon.labels().await,
        [
            "Ready",
            "",
            "Check in",
            "Letter",
            "Latest",
            "Pause reminders",
            "Undo last save",
            "Lock",
            "Help now",
            "About",
            "Quit"
        ]
    );

    icon.click().await;
    assert_eq!(desk.started().await, "ingle-window right-now token=none passphrase=none");
    // A token is good for a tenth of a second: no waiting in between.
    tokio::join!(icon.give_token("token-7"), icon.click());
    assert_eq!(desk.started().await, "ingle-window right-now token=token-7 passphrase=none");
    for (label, window) in [
        ("Help now", "help-now"),
        ("Check in", "right-now"),
        ("Letter", "letter"),
        ("Latest", "latest"),
        ("About", "about"),
    ] {
        icon.choose(label).await;
        assert_eq!(desk.started().await, format!("ingle-window {window} token=none passphrase=none"));
    }
    assert!(!environment(&tray).contains("INGLE_PASSPHRASE"));
}

#[tokio::test]
async fn a_daemon_that_is_away_is_told_and_found_again_and_started_only_on_a_click() {
    let mut desk = Desk::new().await;
    desk.install("ingled", "echo 'error: no'; echo 'hint: no'; exit 5").await;
    let mut panel = Panel::start(&desk).await;
    let _tray = desk.start_tray();
    let icon = panel.icon().await;
    assert_eq!(desk.started().await, "ingled --announce token=none passphrase=none");
    icon.says("check-ins wait in their window").await;
    // The check-in opens all the same, and the click looks for the daemon. The two come in any order.
    icon.click().await;
    let mut both = [desk.started().await, desk.started().await];
    both.sort();
    assert!(both[0].starts_with("ingle-window right-now ") && both[1].starts_with("ingled --announce "), "{both:?}");

    let daemon = Daemon::start(&desk, JournalState::Open);
    icon.says("Ready for a check-in.").await;
    drop(daemon);
    icon.says("check-ins wait in their window").await;
    let _daemon = Daemon::start(&desk, JournalState::Open);
    icon.says("Ready for a check-in.").await;
    icon.click().await;
    // Nothing was started in between.
    assert_eq!(desk.started().await, "ingle-window right-now token=none passphrase=none");
}

#[tokio::test]
async fn help_now_opens_with_no_daemon_at_all() {
    let mut desk = Desk::new().await;
    let mut panel = Panel::start(&desk).await;
    let _tray = desk.start_tray();
    panel.icon().await.choose("Help now").await;
    assert_eq!(desk.started().await, "ingle-window help-now token=none passphrase=none");
}

#[tokio::test]
async fn a_locked_journal_asks_by_itself_at_the_start_and_after_a_restart() {
    let mut desk = Desk::new().await;
    let unlock = "ingle-window unlock token=none passphrase=none";
    let mut panel = Panel::start(&desk).await;
    let daemon = Daemon::start(&desk, JournalState::Locked);
    let _tray = desk.start_tray();
    let icon = panel.icon().await;
    assert_eq!(desk.started().await, unlock);
    icon.says("Your journal is locked.").await;
    for line in ["Unlock the journal", "Unlock"] {
        icon.choose(line).await;
        assert_eq!(desk.started().await, unlock);
    }

    daemon.tell(JournalState::Open);
    icon.says("Ready for a check-in.").await;
    // Locked on purpose, with nothing restarted: nobody is asked.
    daemon.tell(JournalState::Locked);
    icon.says("Your journal is locked.").await;
    icon.choose("Latest").await;
    assert_eq!(desk.started().await, "ingle-window latest token=none passphrase=none");
    drop(daemon);
    icon.says("check-ins wait in their window").await;
    let _daemon = Daemon::start(&desk, JournalState::Locked);
    assert_eq!(desk.started().await, unlock);
}

#[tokio::test]
async fn a_window_that_breaks_is_told_until_one_opens() {
    let mut desk = Desk::new().await;
    let mut panel = Panel::start(&desk).await;
    let _daemon = Daemon::start(&desk, JournalState::Open);
    let _tray = desk.start_tray();
    let icon = panel.icon().await;
    icon.says("Ready for a check-in.").await;
    fs::write(desk.path("broken"), "").expect("a file");
    icon.choose("Help now").await;
    icon.says("“ingle help-now” in a terminal").await;
    desk.started().await;
    // Not there at all is told like broken.
    fs::remove_file(desk.path("bin/ingle-window")).expect("it was there");
    icon.click().await;
    icon.says("“ingle” in a terminal").await;
    fs::remove_file(desk.path("broken")).expect("it was there");
    desk.install("ingle-window", "").await;
    icon.click().await;
    desk.started().await;
    icon.says("Ready for a check-in.").await;
}

#[tokio::test]
async fn the_icon_waits_for_a_panel_and_comes_back_to_a_new_one() {
    let desk = Desk::new().await;
    let _daemon = Daemon::start(&desk, JournalState::Open);
    let mut tray = desk.start_tray();
    let mut said = tray.stderr.take().expect("piped");
    let mut note = [0; 80];
    within("the note", said.read_exact(&mut note)).await.expect("a note");
    assert!(String::from_utf8_lossy(&note).starts_with("note: nothing on this desktop shows icons yet"));
    for _ in 0..3 {
        let mut panel = Panel::start(&desk).await;
        panel.icon().await.says("Ready for a check-in.").await;
        panel.stop().await;
    }
    // Said once, whatever comes and goes.
    kill_process(pid(&tray), Signal::TERM).expect("it runs");
    let mut rest = String::new();
    within("the end", said.read_to_string(&mut rest)).await.expect("text");
    assert_eq!(rest.matches("note:").count(), 0, "{rest}");
}

#[tokio::test]
async fn a_second_start_leaves_the_first_alone_and_quit_ends_only_the_icon() {
    let desk = Desk::new().await;
    let mut panel = Panel::start(&desk).await;
    let daemon = Daemon::start(&desk, JournalState::Open);
    let mut tray = desk.start_tray();
    let icon = panel.icon().await;
    icon.says("Ready for a check-in.").await;
    let second = desk.run_tray().await;
    assert!(second.status.success() && second.stderr.is_empty(), "{second:?}");
    assert!(!panel.has_another());
    icon.quit().await;
    assert!(within("the end", tray.wait()).await.expect("its status").success());
    // The daemon takes callers as before, and the next icon takes the seat.
    daemon.tell(JournalState::Locked);
    let _tray = desk.start_tray();
    panel.icon().await.says("Your journal is locked.").await;
}

#[tokio::test]
async fn signals_and_the_end_of_the_session_end_it_quietly() {
    for signal in [Some(Signal::TERM), Some(Signal::INT), None] {
        let mut desk = Desk::new().await;
        let mut panel = Panel::start(&desk).await;
        let _daemon = Daemon::start(&desk, JournalState::Open);
        let mut tray = desk.start_tray();
        panel.icon().await.says("Ready for a check-in.").await;
        match signal {
            Some(signal) => kill_process(pid(&tray), signal).expect("it runs"),
            None => desk.end_session().await,
        }
        assert!(within("the end", tray.wait()).await.expect("its status").success(), "{signal:?}");
    }
}

#[tokio::test]
async fn without_a_session_it_says_what_to_do_and_leaves_nothing_running() {
    let mut desk = Desk::new().await;
    desk.end_session().await;
    let output = desk.run_tray().await;
    assert_eq!(output.status.code(), Some(5));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: there is no desktop session here that could show an icon\nhint: start it from your desktop; in a terminal, \"ingle\" is a check-in\n"
    );
}

#[tokio::test]
async fn reminders_are_paused_and_resumed_from_the_menu_and_the_end_is_shown() {
    let desk = Desk::new().await;
    let mut panel = Panel::start(&desk).await;
    let mut daemon = Daemon::start(&desk, JournalState::Open);
    let _tray = desk.start_tray();
    let icon = panel.icon().await;
    icon.comes_to_offer("For an hour").await;
    assert!(!icon.offers("Resume").await);
    for (line, pause) in [("For an hour", "hour"), ("Until tomorrow", "tomorrow"), ("Until I resume", "until-resumed")]
    {
        icon.choose(line).await;
        assert_eq!(daemon.asked().await, format!(r#"{{"method":"pause-reminders","params":{{"pause":"{pause}"}}}}"#));
    }
    // The tray has no zone in its environment, so that its clock shows UTC or the machine's; the minutes are safe enough.
    daemon.tell_paused(Some(Paused::UntilResumed));
    icon.comes_to_have("Reminders paused").await;
    icon.says("Reminders paused.").await;
    icon.choose("Resume").await;
    assert_eq!(daemon.asked().await, r#"{"method":"pause-reminders","params":{"pause":"over"}}"#);
    daemon.tell_paused(None);
    icon.comes_to_have("Pause reminders").await;
}

#[tokio::test]
async fn the_last_save_is_taken_back_and_the_journal_locked_from_the_menu() {
    let mut desk = Desk::new().await;
    let mut panel = Panel::start(&desk).await;
    let mut daemon = Daemon::start(&desk, JournalState::Open);
    let _tray = desk.start_tray();
    let icon = panel.icon().await;
    icon.comes_to_offer("Lock").await;
    assert!(!icon.offers("Undo last save").await);
    daemon.tell_saved();
    icon.comes_to_offer("Undo last save").await;
    icon.choose("Undo last save").await;
    assert_eq!(daemon.asked().await, r#"{"method":"undo","params":{}}"#);
    icon.comes_to_have("Last save taken back").await;

    daemon.refuse(true);
    icon.choose("Lock").await;
    icon.says("What you kept is safe, and still open.").await;
    assert_eq!(daemon.asked().await, r#"{"method":"lock","params":{}}"#);
    daemon.refuse(false);
    icon.choose("Lock").await;
    icon.comes_to_offer("Unlock").await;
    // It was the person's wish, so that nobody is asked for a passphrase; a click is a check-in all the same.
    icon.click().await;
    assert_eq!(desk.started().await, "ingle-window right-now token=none passphrase=none");
}

fn pid(tray: &tokio::process::Child) -> Pid {
    Pid::from_raw(i32::try_from(tray.id().expect("it runs")).expect("small")).expect("not zero")
}
