//! What is typed or piped in. Each row meets a journal with two entries, and leaves it so.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

use ingle_api::FailureKind::{Journal, NotFound, Unavailable, Usage};
use ingle_tests::programs::{Home, Ran, program};

use crate::table::{Row, home_with_entries, ran, row, walk};

const NUMBER: &str = "give a whole number from 0 to 100, or leave it out";
const SHORTER: &str = "keep a part of it here and the rest in another entry";
const LEAVE_OUT: &str = "write a word or leave it out";
const TIME: &str = "write it like 2026-11-25T19:40:00+01:00";
const OBJECT: &str = r#"hand in an object such as {"feelings": [{"word": "hurt", "intensity": 70}], "cause": "..."}"#;
const SEE: &str = r#"see "ingle --help", or "ingle check-in --help" for one command"#;
const LOOK: &str = r#"look for its id with "ingle list""#;
/// Well formed, and of nothing.
const NOBODYS_ID: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";

fn check_in(home: &Home, arguments: &[&str]) -> Ran {
    home.ingle(&[&["check-in"], arguments].concat())
}

fn piped(home: &Home, input: impl AsRef<[u8]>) -> Ran {
    home.ingle_with(&["check-in", "--stdin-json"], input.as_ref())
}

fn cause_of(bytes: usize) -> String {
    format!(r#"{{"cause":"{}"}}"#, "canary".repeat(bytes / 6 + 1))
}

fn edit(home: &Home, arguments: &[&str]) -> Ran {
    let newest = home.list()[0]["id"].as_str().expect("an id").to_owned();
    home.ingle(&[&["edit", &newest], arguments].concat())
}

#[test]
fn a_value_out_of_its_range_is_named_and_nothing_is_saved() {
    const ROWS: &[Row] = &[
        row(
            "an intensity of 101",
            |home| check_in(home, &["--feel", "canary=101"]),
            Usage,
            "the intensity of 101 is not between 0 and 100",
            NUMBER,
        ),
        row(
            "an intensity of -1",
            |home| check_in(home, &["--feel", "canary=-1"]),
            Usage,
            "the intensity of -1 is not between 0 and 100",
            NUMBER,
        ),
        row(
            "an intensity of abc",
            |home| check_in(home, &["--feel", "canary=abc"]),
            Usage,
            "the intensity is not a number from 0 to 100",
            NUMBER,
        ),
        row(
            "an intensity with a fraction, as JSON",
            |home| piped(home, r#"{"feelings":[{"word":"canary","intensity":1.5}]}"#),
            Usage,
            "a field on the standard input is unknown, or of another type (line 1, column 45); nothing was saved",
            OBJECT,
        ),
        row(
            "an intensity of 101 in an edit",
            |home| edit(home, &["--feel", "canary=101"]),
            Usage,
            "the intensity of 101 is not between 0 and 100",
            NUMBER,
        ),
        row(
            "distress below nothing",
            |home| check_in(home, &["--feel", "hurt", "--distress-before", "-1"]),
            Usage,
            "the distress before of -1 is not between 0 and 100",
            NUMBER,
        ),
        row(
            "distress beyond every number",
            |home| check_in(home, &["--feel", "hurt", "--distress-after", "99999999999999999999"]),
            Usage,
            "the distress after is not a number from 0 to 100",
            NUMBER,
        ),
        row(
            "an empty word",
            |home| check_in(home, &["--feel", ""]),
            Usage,
            "the feeling can't be kept: it is empty",
            LEAVE_OUT,
        ),
        row(
            "an empty word with an intensity",
            |home| check_in(home, &["--feel", " =70"]),
            Usage,
            "the feeling can't be kept: it is empty",
            LEAVE_OUT,
        ),
        row(
            "an empty text",
            |home| check_in(home, &["--cause", ""]),
            Usage,
            "the cause can't be kept: it is empty",
            LEAVE_OUT,
        ),
        row(
            "a word of 65 letters",
            |home| check_in(home, &["--feel", &"c".repeat(65)]),
            Usage,
            "the feeling can't be kept: it is longer than 64 characters",
            "use a few words here, and the rest as text",
        ),
        row(
            "a character that can't be shown",
            |home| piped(home, r#"{"cause":"canary\u0000"}"#),
            Usage,
            "the cause can't be kept: it holds a character that can't be shown",
            "take out the odd character and try again",
        ),
        row(
            "the year 99999",
            |home| check_in(home, &["--feel", "hurt", "--at", "99999-01-01T00:00:00Z"]),
            Usage,
            "that time can't be kept: the year is outside 1900 to 2199",
            TIME,
        ),
        row(
            "the year 99999 in an edit",
            |home| edit(home, &["--at", "99999-01-01T00:00:00Z"]),
            Usage,
            "that time can't be kept: the year is outside 1900 to 2199",
            TIME,
        ),
        row(
            "a time more than a day ahead",
            |home| check_in(home, &["--feel", "hurt", "--at", "2198-01-01T00:00:00Z"]),
            Usage,
            "that time lies more than a day ahead; nothing was saved",
            "give the time that it is about, or leave it out for now",
        ),
        row(
            "a time that is none",
            |home| check_in(home, &["--feel", "hurt", "--at", "canary"]),
            Usage,
            "that time can't be kept: that isn't a date and time with an offset",
            TIME,
        ),
        row(
            "a body note of four parts",
            |home| check_in(home, &["--body", "chest:canary:still:more"]),
            Usage,
            "a body note has more than three parts",
            "write it like chest:tight:still, chest:tight, or chest",
        ),
        row(
            "nothing at all",
            |home| check_in(home, &[]),
            Usage,
            "there is nothing in this check-in yet",
            "one word is enough, for example --feel sad",
        ),
    ];
    walk(&home_with_entries(), ROWS);
}

#[test]
fn a_text_that_is_too_long_or_no_text_is_refused_whole() {
    const ROWS: &[Row] = &[
        row(
            "10 MB as JSON",
            |home| piped(home, cause_of(10 << 20)),
            Usage,
            "the standard input holds more than 8192 KiB; nothing was saved",
            SHORTER,
        ),
        row(
            "10 MB of spaces",
            |home| piped(home, vec![b' '; 10 << 20]),
            Usage,
            "the standard input holds more than 8192 KiB; nothing was saved",
            SHORTER,
        ),
        row(
            "half a megabyte in one field",
            |home| piped(home, cause_of(512 << 10)),
            Usage,
            "the cause can't be kept: it is 513 KiB long; up to 64 KiB fit",
            SHORTER,
        ),
        // No system hands a program an argument of 10 MB; this is about the longest that Linux does.
        row(
            "the longest argument",
            |home| check_in(home, &["--cause", &"c".repeat(131_000)]),
            Usage,
            "the cause can't be kept: it is 128 KiB long; up to 64 KiB fit",
            SHORTER,
        ),
        row(
            "a long text in an edit",
            |home| edit(home, &["--thought", &"c".repeat(131_000)]),
            Usage,
            "the thought can't be kept: it is 128 KiB long; up to 64 KiB fit",
            SHORTER,
        ),
        row(
            "bytes that are no UTF-8, as an argument",
            |home| {
                let mut command = home.command(&["check-in", "--cause"]);
                command.arg(OsStr::from_bytes(b"canary\xff"));
                ran(command)
            },
            Usage,
            "an argument is not UTF-8",
            "give it as UTF-8, or use --stdin-json",
        ),
        row(
            "bytes that are no UTF-8, piped in",
            |home| piped(home, b"{\"cause\":\"canary\xff\"}"),
            Usage,
            "the standard input is not UTF-8; nothing was saved",
            "hand it in as UTF-8",
        ),
        row(
            "words instead of JSON",
            |home| piped(home, "canary"),
            Usage,
            "the standard input is not JSON (line 1, column 1); nothing was saved",
            OBJECT,
        ),
        row(
            "JSON that is cut",
            |home| piped(home, "{\"cause\":\n\"canary"),
            Usage,
            "the standard input is not JSON (line 2, column 7); nothing was saved",
            OBJECT,
        ),
        row(
            "brackets without end",
            |home| piped(home, "[".repeat(100_000)),
            Usage,
            "a field on the standard input is unknown, or of another type (line 1, column 3); nothing was saved",
            OBJECT,
        ),
        row(
            "a field that there is not",
            |home| piped(home, r#"{"canary":1}"#),
            Usage,
            "a field on the standard input is unknown, or of another type (line 1, column 9); nothing was saved",
            OBJECT,
        ),
        row(
            "an empty pipe",
            |home| piped(home, ""),
            Usage,
            "there is nothing on the standard input; nothing was saved",
            OBJECT,
        ),
        row(
            "an empty object",
            |home| piped(home, "{}"),
            Usage,
            "there is nothing in this check-in yet",
            "one word is enough, for example --feel sad",
        ),
    ];
    walk(&home_with_entries(), ROWS);
}

#[test]
fn a_command_that_is_none_or_is_about_nothing_says_what_to_do_instead() {
    const ROWS: &[Row] = &[
        row("no such command", |home| home.ingle(&["canary"]), Usage, "there is no such command", SEE),
        row(
            "nearly a command",
            |home| home.ingle(&["lst"]),
            Usage,
            "there is no such command",
            r#"perhaps "ingle list" was meant"#,
        ),
        row("a missing argument", |home| home.ingle(&["show"]), Usage, "<ID> is missing", SEE),
        row(
            "a missing value",
            |home| check_in(home, &["--feel"]),
            Usage,
            "there is nothing behind --feel <WORD[=N]>",
            SEE,
        ),
        row(
            "words without quotes",
            |home| check_in(home, &["--cause", "a", "canary", "sang"]),
            Usage,
            "there is an argument here that this command doesn't have",
            SEE,
        ),
        row(
            "contradictory flags",
            |home| home.ingle(&["init", "--passphrase", "--key-file"]),
            Usage,
            "--passphrase can't go together with --key-file",
            "choose one of them",
        ),
        row(
            "fewer than no entries",
            |home| home.ingle(&["list", "--limit", "-1"]),
            Usage,
            "what was given for --limit <N> can't be used",
            SEE,
        ),
        row(
            "a day that is none",
            |home| home.ingle(&["list", "--since", "canary"]),
            Usage,
            "what --since says is not a time",
            "write 2026-11-25, today, yesterday, 7d, or 2026-11-25T19:40:00+01:00",
        ),
        row(
            "a kind that there is not",
            |home| home.ingle(&["list", "--kind", "canary"]),
            Usage,
            "there is no such kind of entry",
            "the kinds are: check-in, letter",
        ),
        row(
            "a search for nothing",
            |home| home.ingle(&["search", " "]),
            Usage,
            "there is no word to look for",
            "give one or more",
        ),
        row(
            "an id that is none",
            |home| home.ingle(&["show", "canary"]),
            NotFound,
            "there is no such entry here",
            LOOK,
        ),
        row(
            "an id of nothing",
            |home| home.ingle(&["show", NOBODYS_ID]),
            NotFound,
            "there is no such entry here",
            LOOK,
        ),
        row(
            "an edit of nothing",
            |home| home.ingle(&["edit", NOBODYS_ID, "--cause", "canary"]),
            NotFound,
            "there is no such entry here",
            LOOK,
        ),
        row(
            "a deletion of nothing",
            |home| home.ingle(&["delete", NOBODYS_ID]),
            NotFound,
            "there is no such entry here",
            LOOK,
        ),
        row(
            "an edit that changes nothing",
            |home| edit(home, &[]),
            Usage,
            "there is nothing to change",
            r#"name a field, for example --cause "...""#,
        ),
        row(
            "an edit that would leave nothing",
            |home| edit(home, &["--feel", "", "--cause", ""]),
            Usage,
            "that would leave nothing in this entry; it was not changed",
            r#"leave one word in it, or put it in the trash with "ingle delete""#,
        ),
        row(
            "nothing to undo since the daemon started",
            |home| {
                home.ingle(&["stop"]).ok();
                home.ingle(&["undo"])
            },
            NotFound,
            "there is nothing to undo",
            "only what was saved since Ingle started can be undone",
        ),
        row(
            "a second journal in the same place",
            |home| home.ingle(&["init", "--key-file"]),
            Journal,
            "there is a journal here already; nothing was changed",
            "use it, or name another folder with --home",
        ),
    ];
    walk(&home_with_entries(), ROWS);
}

#[test]
fn a_daemon_that_is_away_or_one_too_many_is_told() {
    const ROWS: &[Row] = &[
        row(
            "the daemon is away and may not be started",
            |home| {
                home.ingle(&["stop"]).ok();
                home.ingle(&["list", "--no-start"])
            },
            Unavailable,
            "Ingle's daemon is not running",
            r#"start it with "ingled", or leave out --no-start"#,
        ),
        row(
            "... and something is to be saved",
            |home| {
                home.ingle(&["stop"]).ok();
                home.ingle(&["check-in", "--cause", "canary", "--no-start"])
            },
            Unavailable,
            "that was not saved: Ingle's daemon is not running",
            r#"start it with "ingled", or leave out --no-start"#,
        ),
        row(
            "a second daemon",
            |home| ran(home.any(&program("ingled"))),
            Unavailable,
            "the journal is in use by another ingled (pid PID)",
            r#"stop it with "ingle stop""#,
        ),
        row(
            "a daemon's command line that is none",
            |home| {
                let mut command = home.any(&program("ingled"));
                command.args(["join", "canary"]);
                ran(command)
            },
            Usage,
            "this command line can't be understood",
            r#"see "ingled --help""#,
        ),
    ];
    walk(&home_with_entries(), ROWS);
}
