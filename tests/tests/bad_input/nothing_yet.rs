//! A home without a journal. After each row there still is none, and nothing else that would be in the way of one.

use ingle_api::FailureKind::{Journal, Locked, Unavailable, Usage};
use ingle_tests::programs::{Home, Ran};

use crate::table::{NO_BUS, Row, Table, row, with_passphrase};

const MAKE_ONE: &str = r#"make one with "ingle init", or join another device's with "ingle join""#;
const A_FEW_WORDS: &str = "choose a longer one; a few words are good";
/// Bytes of a path that the system takes for a folder and not for a socket.
const LONG: usize = 240;

fn init_with(home: &Home, passphrase: &str) -> Ran {
    with_passphrase(home, passphrase, &["init", "--name", "laptop", "--passphrase"])
}

/// A folder in the home, for a socket whose path is [`LONG`].
fn long(home: &Home) -> String {
    let folder = home.path().display().to_string();
    let around = format!("{folder}//run/ingled.sock").len();
    format!("{folder}/{}", "d".repeat(LONG - around))
}

const ROWS: &[Row] = &[
    row("a list of nothing", |home| home.ingle(&["list"]), Journal, "there is no journal here yet", MAKE_ONE),
    row(
        "a check-in into nothing",
        |home| home.ingle(&["check-in", "--cause", "canary"]),
        Journal,
        "that was not saved: there is no journal here yet",
        MAKE_ONE,
    ),
    row("an unlocking of nothing", |home| home.ingle(&["unlock"]), Journal, "there is no journal here yet", MAKE_ONE),
    row(
        "no keychain",
        |home| home.ingle(&["init", "--name", "laptop"]),
        Locked,
        "there is no keychain on this computer that Ingle can use",
        "set INGLE_PASSPHRASE, or run this in a terminal; --key-file keeps the key in the clear",
    ),
    row(
        "no passphrase, and nobody to ask",
        |home| home.ingle(&["init", "--name", "laptop", "--passphrase"]),
        Usage,
        "there is no passphrase, and no terminal to ask for one; no journal was made",
        "set INGLE_PASSPHRASE for this one command",
    ),
    row(
        "an empty passphrase",
        |home| init_with(home, ""),
        Usage,
        "there is no passphrase, and no terminal to ask for one; no journal was made",
        "set INGLE_PASSPHRASE for this one command",
    ),
    row(
        "a short passphrase",
        |home| init_with(home, "canary"),
        Usage,
        "the passphrase in INGLE_PASSPHRASE is shorter than 8 characters; no journal was made",
        A_FEW_WORDS,
    ),
    row(
        "a short passphrase in place of the keychain",
        |home| with_passphrase(home, "canary", &["init", "--name", "laptop"]),
        Usage,
        "the passphrase in INGLE_PASSPHRASE is shorter than 8 characters; no journal was made",
        A_FEW_WORDS,
    ),
    row(
        "a passphrase of two lines",
        |home| init_with(home, "a canary\nin a cage"),
        Usage,
        "the passphrase in INGLE_PASSPHRASE has more than one line; no journal was made",
        "choose one of a single line; a few words are good",
    ),
    row(
        "an endless passphrase",
        |home| init_with(home, &"canary".repeat(1000)),
        Usage,
        "the passphrase is longer than 4095 bytes",
        "choose a shorter one",
    ),
    row(
        "a device without a name",
        |home| home.ingle(&["init", "--name", " ", "--key-file"]),
        Usage,
        "that name can't be used for this device: it is empty",
        r#"a short one such as "laptop" is enough"#,
    ),
    row(
        "a folder whose socket would have too long a path",
        |home| home.ingle(&["init", "--key-file", "--home", &long(home)]),
        Unavailable,
        "the path of the socket is 240 bytes long; the system allows 103",
        "choose a folder with a shorter path",
    ),
    row(
        "... and its daemon",
        |home| home.ingle(&["join", "canary", "--home", &long(home)]),
        Unavailable,
        "the path of the socket is 240 bytes long; the system allows 103",
        "choose a folder with a shorter path",
    ),
];

#[test]
fn nothing_comes_to_be_by_what_can_not_be() {
    let mut table = Table::default();
    for row in ROWS {
        let mut home = Home::new();
        home.set("DBUS_SESSION_BUS_ADDRESS", NO_BUS);
        let ran = (row.does)(&home);
        table.told(row.name, &home, &ran, row.told);
        let left = std::fs::read_dir(home.path()).expect("the home is there");
        let left: Vec<_> = left.map(|entry| entry.expect("an entry").file_name()).collect();
        let known = left.iter().all(|name| ["ingled.lock", "log", "run"].iter().any(|known| name == known));
        table.same(&format!("{}: {left:?}", row.name), &known, &true);
        home.init("laptop");
        table.same(row.name, &home.status()["journal"], &"locked".into());
    }
    table.end();
}
