//! Keys that are missing or wrong. Not a byte of the journal changes, and the right key opens it afterwards.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Stdio},
};

use ingle_api::FailureKind::{Locked, Usage};
use ingle_tests::programs::{Home, Ran};

use crate::table::{NO_BUS, Row, Table, Told, entries, files, row, with_passphrase};

const PASSPHRASE: &str = "a warm cabin";
const IN_A_TERMINAL: &str = r#"run "ingle unlock" in a terminal, or set INGLE_PASSPHRASE"#;
const LOOK_AT_THE_KEYS: &str = "look at the keyboard's layout and the Caps Lock key, and try again";

fn guess(home: &Home, passphrase: &str) -> Ran {
    with_passphrase(home, passphrase, &["unlock"])
}

const PASSPHRASES: &[Row] = &[
    row(
        "no passphrase, and nobody to ask",
        |home| home.ingle(&["list"]),
        Locked,
        "the journal is locked; what is in it is safe",
        IN_A_TERMINAL,
    ),
    row(
        "... and something is to be changed",
        |home| home.ingle(&["edit", "aaaaaaaaaaaaaaaaaaaaaaaaaa", "--cause", "canary"]),
        Locked,
        "that was not saved: the journal is locked; what is in it is safe",
        IN_A_TERMINAL,
    ),
    row(
        "... and another device is to be paired",
        |home| home.ingle(&["pair"]),
        Locked,
        "the journal is locked; what is in it is safe",
        IN_A_TERMINAL,
    ),
    row(
        "an empty passphrase",
        |home| guess(home, ""),
        Locked,
        "the journal is locked; what is in it is safe",
        IN_A_TERMINAL,
    ),
    row(
        "a wrong passphrase",
        |home| guess(home, "a warm canary"),
        Locked,
        "that passphrase doesn't open this journal; your words are untouched",
        LOOK_AT_THE_KEYS,
    ),
    row(
        "a wrong passphrase, with something to be saved",
        |home| with_passphrase(home, "a warm canary", &["check-in", "--cause", "canary"]),
        Locked,
        "that was not saved: that passphrase doesn't open this journal; your words are untouched",
        LOOK_AT_THE_KEYS,
    ),
    row(
        "a passphrase that is no UTF-8",
        |home| {
            use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};
            let mut command = home.command(&["unlock"]);
            command.env("INGLE_PASSPHRASE", OsStr::from_bytes(b"a warm canary\xff"));
            crate::table::ran(command)
        },
        Usage,
        "the passphrase in INGLE_PASSPHRASE is not UTF-8",
        "set it again as UTF-8",
    ),
];

#[test]
fn a_wrong_passphrase_opens_nothing_and_the_right_one_still_does() {
    let home = Home::new();
    with_passphrase(&home, PASSPHRASE, &["init", "--name", "laptop", "--passphrase"]).ok();
    with_passphrase(&home, PASSPHRASE, &["check-in", "--cause", "canary"]).ok();
    let before = entries(&home);
    home.ingle(&["stop"]).ok();
    let sealed = files(&home.journal_dir());
    let mut table = Table::default();
    for row in PASSPHRASES {
        let ran = (row.does)(&home);
        table.told(row.name, &home, &ran, row.told);
        table.same(row.name, &files(&home.journal_dir()), &sealed);
        table.same(row.name, &home.status()["journal"], &"locked".into());
    }
    guess(&home, PASSPHRASE).ok();
    table.same("the right passphrase", &entries(&home), &before);
    table.end();
}

#[test]
fn without_the_passphrase_a_check_in_is_kept_and_shows_with_it() {
    let home = Home::new();
    with_passphrase(&home, PASSPHRASE, &["init", "--name", "laptop", "--passphrase"]).ok();
    home.ingle(&["stop"]).ok();
    let kept = home.ingle(&["check-in", "--cause", "canary", "--json"]).json();
    assert_eq!(kept["waiting"], true);
    assert_eq!(home.status()["waiting"], 1);
    guess(&home, PASSPHRASE).ok();
    let shown = home.ingle(&["show", kept["id"].as_str().expect("an id"), "--json"]).json();
    assert_eq!(shown["cause"], "canary");
    assert_eq!(home.status()["waiting"], 0);
}

#[test]
fn what_was_locked_by_hand_is_opened_by_hand_only_and_takes_a_check_in_meanwhile() {
    let home = Home::with_journal("laptop");
    home.check_in("canary");
    home.ingle(&["lock"]).ok();
    let mut table = Table::default();
    let by_hand = Told {
        kind: Locked,
        error: "the journal is locked; what is in it is safe",
        hint: "open it with \"ingle unlock\"",
    };
    table.told("a list", &home, &home.ingle(&["list"]), by_hand);
    table.told("a list, with a passphrase at hand", &home, &with_passphrase(&home, PASSPHRASE, &["list"]), by_hand);
    let kept = home.ingle(&["check-in", "--feel", "sad"]).ok();
    assert!(kept.starts_with("Kept. You'll see it after unlocking."), "{kept}");
    table.same("what waits", &home.status()["waiting"], &1.into());
    table.told("still", &home, &home.ingle(&["list"]), by_hand);
    home.ingle(&["unlock"]).ok();
    table.same("both are there", &home.list().len(), &2);
    table.end();
}

/// A bus with a keychain on it, whose items lie in a folder. Both end when this is dropped.
struct Keychain {
    child: Child,
    address: String,
}

impl Keychain {
    fn open(folder: &Path) -> Self {
        // It lives for as long as its standard input is open.
        let within = "printf canary | gnome-keyring-daemon --unlock --components=secrets >&2; \
                      echo \"$DBUS_SESSION_BUS_ADDRESS\"; exec cat";
        let mut command = std::process::Command::new("dbus-run-session");
        command.args(["--", "sh", "-c", within]).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_RUNTIME_DIR", folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("dbus is installed");
        let mut address = String::new();
        let out = child.stdout.take().expect("it is a pipe");
        BufReader::new(out).read_line(&mut address).expect("it says where it is");
        Self { child, address: address.trim().to_owned() }
    }
}

impl Drop for Keychain {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}

const KEYCHAIN_AWAY: Row = row(
    "the keychain is away",
    |home| home.ingle(&["list"]),
    Locked,
    "this journal's key is in a keychain, and there is none here now; your words are untouched, and sealed",
    r#"log in to the desktop whose keychain has the key, then run "ingle unlock""#,
);
const KEY_AWAY: Row = row(
    "the keychain is another one, without the key",
    |home| home.ingle(&["list"]),
    Locked,
    "the keychain doesn't have this journal's key now; your words are untouched, and sealed",
    r#"unlock or restore the keychain that had it, then run "ingle unlock"; Ingle never makes a new key for it"#,
);

#[test]
fn a_keychain_that_is_away_or_has_no_key_opens_nothing_and_gets_no_new_key() {
    let [own, other] = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let mut table = Table::default();
    let mut home = Home::new();
    let keychain = Keychain::open(own.path());
    home.set("DBUS_SESSION_BUS_ADDRESS", &keychain.address);
    home.ingle(&["init", "--name", "laptop"]).ok();
    home.check_in("canary");
    let before = entries(&home);
    table.same("the lock", &home.status()["key_slots"], &serde_json::json!(["keychain"]));
    home.ingle(&["stop"]).ok();
    drop(keychain);
    let sealed = files(&home.journal_dir());

    let strange = Keychain::open(other.path());
    for (row, address) in [(KEYCHAIN_AWAY, NO_BUS), (KEY_AWAY, &strange.address)] {
        home.set("DBUS_SESSION_BUS_ADDRESS", address);
        table.told(row.name, &home, &(row.does)(&home), row.told);
        let unlocked = home.ingle(&["unlock"]);
        table.told(row.name, &home, &unlocked, row.told);
        let saved = home.ingle(&["check-in", "--cause", "canary"]);
        table.told_unsaved(row.name, &home, &saved, row.told);
        table.same(row.name, &home.status()["journal"], &"unavailable".into());
        home.ingle(&["stop"]).ok();
        table.same(row.name, &files(&home.journal_dir()), &sealed);
    }
    drop(strange);

    let keychain = Keychain::open(own.path());
    home.set("DBUS_SESSION_BUS_ADDRESS", &keychain.address);
    table.same("the keychain is back", &entries(&home), &before);
    home.ingle(&["stop"]).ok();
    table.end();
}
