//! The shipped programs on a desktop with a real panel: what a person sees and does there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ingle_tests::{
    desktop::{Desktop, Place},
    programs::{Home, meet, pair, until},
};

/// Texts that every window has to show right.
const SCRIPTS: [&str; 6] = [
    "اليوم كان صعبًا، لكنني بخير (OK 12).",
    "आज मन भारी था, क्षमा और प्रेम — श्री",
    "今日は疲れたけれど、大丈夫。",
    "나는 괜찮아. שלום עולם",
    "😀 👩‍👩‍👧 🏳️‍🌈 👍🏽 ❤️ 🇫🇷",
    "நன்றி สวัสดี é",
];

fn has_lonely_60(home: &Home) -> bool {
    let list = home.list();
    list.len() == 1 && list[0]["feelings"][0]["id"] == "lonely" && list[0]["feelings"][0]["intensity"] == 60
}

#[test]
fn a_click_on_the_icon_and_six_keys_are_an_entry_on_both_devices() {
    let laptop = Home::with_journal("laptop");
    let other = Home::new();
    let _daemon = laptop.start_daemon();
    pair(&laptop, &other, "desktop");
    let desktop = Desktop::new();
    let latest = desktop.open(&other, "latest");
    let shown = desktop.opened(&other, "latest");
    desktop.says(&shown, "Nothing is here yet");
    desktop.shot("latest-empty");

    let (_tray, icon) = desktop.start_tray(&laptop);
    icon.stands("Ready");
    desktop.icon_place();
    desktop.shot("panel");
    desktop.click_icon(1);
    let window = desktop.opened(&laptop, "right-now");
    desktop.says(&window, "Right now");
    desktop.shot("right-now");
    desktop.type_keys("l o n Return 6");
    // Every change goes to the journal by itself.
    until("the word is in the journal", || has_lonely_60(&laptop));
    desktop.shot("right-now-typed");
    desktop.type_keys("Return");
    desktop.says(&window, "Kept.");
    desktop.shot("right-now-kept");
    assert!(has_lonely_60(&laptop), "{:?}", laptop.list());
    desktop.says(&shown, "lonely 60");
    meet([&laptop, &other]);
    assert!(has_lonely_60(&other));
    // Done has the keyboard.
    desktop.type_keys("Return");
    desktop.closed(&window);
    let shown = desktop.opened(&other, "latest");
    desktop.shot("latest-on-the-other-device");
    desktop.type_keys("Escape");
    desktop.closed(&shown);
    assert!(latest.wait().success());
}

#[test]
fn every_script_and_every_emoji_leaves_ink_in_the_list_and_in_the_editor() {
    let home = Home::with_journal("laptop");
    let _daemon = home.start_daemon();
    let draft = serde_json::json!({"feelings": [{"word": "~grau"}], "cause": SCRIPTS.join("\n")});
    home.ingle_with(&["check-in", "--stdin-json"], draft.to_string().as_bytes()).ok();
    let desktop = Desktop::new();
    let _latest = desktop.open(&home, "latest");
    let window = desktop.opened(&home, "latest");
    desktop.says(&window, "grau");
    desktop.shot("latest-scripts");
    for line in SCRIPTS {
        let place = desktop.place_of(&window, line);
        until(&format!("{line} leaves ink"), || desktop.ink(place) > 25 * line.split(' ').count());
    }
    desktop.click(desktop.place_of(&window, "Change"));
    desktop.place_of(&window, "What brought it");
    desktop.shot("latest-changing-scripts");
}

#[test]
fn each_line_of_the_menu_does_what_it_says() {
    let home = Home::with_journal("laptop");
    let daemon = home.start_daemon();
    let desktop = Desktop::new();
    let (tray, icon) = desktop.start_tray(&home);
    icon.stands("Ready");
    assert_eq!(
        icon.menu(),
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
    desktop.click_icon(3);
    // On a black ground.
    let above_the_icon = Place { x: 960, y: 600, width: 60, height: 100 };
    until("the menu is drawn", || desktop.ink(above_the_icon) < 3_000);
    desktop.shot("menu");
    desktop.type_keys("Escape");
    until("the menu is gone", || desktop.ink(above_the_icon) == 6_000);
    for (label, kind, says) in [
        ("Check in", "right-now", "Right now"),
        ("Latest", "latest", "Latest"),
        ("Help now", "help-now", "Help now"),
        ("About", "about", "About Ingle"),
    ] {
        for close in ["Escape", "alt+F4"] {
            icon.choose(label);
            let window = desktop.opened(&home, kind);
            desktop.says(&window, says);
            assert_eq!(window.title, "Ingle");
            desktop.shot(&format!("from-the-menu-{kind}"));
            desktop.type_keys(close);
            desktop.closed(&window);
        }
    }
    assert_eq!(home.list(), Vec::<serde_json::Value>::new(), "windows that were only looked at leave nothing");
    icon.choose("Quit");
    assert!(tray.wait().success());
    // Sync goes on.
    assert_eq!(home.status()["pid"], daemon.pid());
}

#[test]
fn a_second_click_raises_the_open_check_in_with_its_text() {
    let home = Home::with_journal("laptop");
    let _daemon = home.start_daemon();
    let desktop = Desktop::new();
    let (_tray, icon) = desktop.start_tray(&home);
    desktop.click_icon(1);
    let first = desktop.opened(&home, "right-now");
    desktop.type_keys("l o n Return h u");
    icon.choose("Latest");
    let latest = desktop.opened(&home, "latest");
    desktop.click_icon(1);
    // The same one has the keyboard again.
    assert_eq!(desktop.opened(&home, "right-now"), first);
    desktop.type_keys("r Return Return");
    desktop.says(&first, "lonely, hurt");
    let mut windows: Vec<String> = desktop.windows().into_iter().map(|window| window.kind).collect();
    windows.sort();
    assert_eq!(windows, ["latest", "right-now"]);
    desktop.says(&latest, "lonely, hurt");
}

#[test]
fn the_icon_outlives_the_daemon_and_a_check_in_brings_it_back() {
    let home = Home::with_journal("laptop");
    let daemon = home.start_daemon();
    let desktop = Desktop::new();
    let (_tray, icon) = desktop.start_tray(&home);
    icon.stands("Ready");
    desktop.icon_place();
    desktop.shot("icon-ready");
    daemon.kill();
    icon.stands("Ingle isn't answering; check-ins wait in their window");
    assert!(icon.tooltip().starts_with("What you kept is safe."), "{}", icon.tooltip());
    desktop.shot("icon-away");
    // Somebody starts it again.
    let daemon = home.start_daemon();
    icon.stands("Ready");
    daemon.kill();
    icon.stands("Ingle isn't answering; check-ins wait in their window");
    // Nobody does: a click is enough.
    desktop.click_icon(1);
    let window = desktop.opened(&home, "right-now");
    desktop.type_keys("l o n Return 6 Return");
    desktop.says(&window, "Kept.");
    icon.stands("Ready");
    assert!(has_lonely_60(&home), "{:?}", home.list());
}

#[test]
fn a_locked_journal_asks_for_its_passphrase_on_the_desktop() {
    let home = Home::new();
    let made =
        home.command(&["init", "--name", "laptop", "--passphrase"]).env("INGLE_PASSPHRASE", "ember glow").output();
    assert!(made.expect("it starts").status.success());
    let _daemon = home.start_daemon();
    let desktop = Desktop::new();
    let (_tray, icon) = desktop.start_tray(&home);
    let window = desktop.opened(&home, "unlock");
    assert_eq!(icon.menu()[0], "Unlock the journal");
    desktop.type_keys("e m b e r Return");
    desktop.says(&window, "That isn't the one.");
    desktop.shot("unlock-wrong");
    // What is chosen meanwhile is sealed beside the journal, and goes in with the unlocking.
    desktop.click_icon(1);
    let check_in = desktop.opened(&home, "right-now");
    desktop.type_keys("l o n Return 6 Return");
    desktop.says(&check_in, "Kept. You'll see it after unlocking.");
    desktop.shot("right-now-locked");
    icon.choose("Unlock the journal");
    assert_eq!(desktop.opened(&home, "unlock"), window);
    desktop.type_keys("e m b e r space g l o w Return");
    desktop.closed(&window);
    icon.stands("Ready");
    assert!(has_lonely_60(&home), "{:?}", home.list());
}

#[test]
fn a_check_in_that_is_killed_loses_only_a_half_typed_word() {
    let home = Home::with_journal("laptop");
    let _daemon = home.start_daemon();
    let desktop = Desktop::new();
    let running = desktop.open(&home, "right-now");
    let window = desktop.opened(&home, "right-now");
    desktop.type_keys("l o n Return 6 h u");
    until("the word is in the journal", || has_lonely_60(&home));
    drop(running);
    desktop.closed(&window);
    assert!(has_lonely_60(&home), "{:?}", home.list());
}

#[test]
fn help_now_needs_no_journal_and_leaves_no_trace() {
    let home = Home::new();
    let desktop = Desktop::new();
    let running = desktop.open(&home, "help-now");
    let window = desktop.opened(&home, "help-now");
    desktop.says(&window, "call now");
    let again = desktop.open(&home, "help-now");
    assert!(again.wait().success());
    assert_eq!(desktop.windows(), [window]);
    desktop.type_keys("Escape");
    assert!(running.wait().success());
    assert_eq!(files(home.path()), Vec::<PathBuf>::new());
}

/// Everything but folders, at any depth.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
