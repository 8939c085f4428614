//! Letters, reminders and searches that can't be. Each row meets a journal with two entries, and leaves it so.

use std::fs;

use ingle_api::FailureKind::{NotFound, Usage};
use ingle_tests::programs::{Home, Ran};

use crate::table::{Row, home_with_entries, row, walk};

const SHORTER: &str = "keep a part of it here and the rest in another entry";
const LINE: &str = "write a line in it; any length is enough";
const OBJECT: &str = r#"hand in an object such as {"text": "...", "voice": "kind"}"#;
const LOOK: &str = r#"look for its id with "ingle list""#;
const TIME: &str = "write it like 20:30";
/// Well formed, and of nothing.
const NOBODYS_ID: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";

fn piped(home: &Home, arguments: &[&str], input: impl AsRef<[u8]>) -> Ran {
    home.ingle_with(&[&["letter"], arguments].concat(), input.as_ref())
}

fn from_file(home: &Home, bytes: &[u8]) -> Ran {
    let path = home.path().join("canary.txt");
    fs::write(&path, bytes).expect("there is room");
    let ran = home.ingle(&["letter", "--text-file", path.to_str().expect("UTF-8")]);
    fs::remove_file(path).expect("it is ours");
    ran
}

#[test]
fn a_letter_that_can_not_be_read_is_told_and_nothing_is_saved() {
    const ROWS: &[Row] = &[
        row(
            "a file that isn't there",
            |home| home.ingle(&["letter", "--text-file", "/nonexistent/canary"]),
            Usage,
            "there is no such file; nothing was saved",
            "look at its path",
        ),
        row(
            "a folder",
            |home| home.ingle(&["letter", "--text-file", home.path().to_str().expect("UTF-8")]),
            Usage,
            "that is a folder, not a file; nothing was saved",
            "name a file in it",
        ),
        row(
            "a program",
            |home| from_file(home, b"\x7fELF\x02\0canary"),
            Usage,
            "that file is not text; nothing was saved",
            "save it as plain text (UTF-8), and hand that in",
        ),
        row(
            "a text in another encoding",
            |home| from_file(home, b"canary \xe4\xf6\xfc"),
            Usage,
            "that file is not UTF-8; nothing was saved",
            "hand it in as UTF-8",
        ),
        row(
            "an empty file",
            |home| from_file(home, b""),
            Usage,
            "there is nothing in that file; nothing was saved",
            LINE,
        ),
        row(
            "a file of empty lines",
            |home| from_file(home, b"\n \n\t\n"),
            Usage,
            "there is nothing in that file; nothing was saved",
            LINE,
        ),
        row(
            "a byte more than a letter takes",
            |home| from_file(home, &vec![b'c'; (1 << 20) + 1]),
            Usage,
            "that file holds more than 1024 KiB; nothing was saved",
            SHORTER,
        ),
        row(
            "a file without end",
            |home| home.ingle(&["letter", "--text-file", "/dev/urandom"]),
            Usage,
            "that file is not text; nothing was saved",
            "save it as plain text (UTF-8), and hand that in",
        ),
        row(
            "a character that can't be shown",
            |home| from_file(home, b"canary \x1b[31m"),
            Usage,
            "the letter can't be kept: it holds a character that can't be shown",
            "take out the odd character and try again",
        ),
        row(
            "an empty pipe",
            |home| piped(home, &[], ""),
            Usage,
            "there is nothing on the standard input; nothing was saved",
            "pipe the text in, or use --text-file",
        ),
        row(
            "bytes that are no UTF-8, piped in",
            |home| piped(home, &["--text-file", "-"], b"canary\xff"),
            Usage,
            "the standard input is not UTF-8; nothing was saved",
            "hand it in as UTF-8",
        ),
        row(
            "JSON without a text",
            |home| piped(home, &["--stdin-json"], r#"{"voice":"canary"}"#),
            Usage,
            "there is nothing in this letter yet",
            "write a line; any length is enough",
        ),
        row(
            "a field of a check-in",
            |home| piped(home, &["--stdin-json"], r#"{"cause":"canary"}"#),
            Usage,
            "a field on the standard input is unknown, or of another type (line 1, column 8); nothing was saved",
            OBJECT,
        ),
        row(
            "a text from two places",
            |home| piped(home, &["--stdin-json", "--text-file", "-"], "{}"),
            Usage,
            "--stdin-json can't go together with --text-file <F>",
            "choose one of them",
        ),
    ];
    walk(&home_with_entries(), ROWS);
}

#[test]
fn a_field_of_a_letter_out_of_its_range_is_named() {
    const ROWS: &[Row] = &[
        row(
            "heavier than there is",
            |home| piped(home, &["--before", "101"], "canary"),
            Usage,
            "the distress before of 101 is not between 0 and 100",
            "give a whole number from 0 to 100, or leave it out",
        ),
        row(
            "a voice of 65 letters",
            |home| piped(home, &["--voice", &"v".repeat(65)], "canary"),
            Usage,
            "the voice can't be kept: it is longer than 64 characters",
            "use a few words here, and the rest as text",
        ),
        row(
            "an answer to an id that is none",
            |home| piped(home, &["--check-in", "canary"], "canary"),
            NotFound,
            "there is no such entry here",
            LOOK,
        ),
        row(
            "a time that is none",
            |home| piped(home, &["--at", "canary"], "canary"),
            Usage,
            "that time can't be kept: that isn't a date and time with an offset",
            "write it like 2026-11-25T19:40:00+01:00",
        ),
        row(
            "a change of an id that is none",
            |home| piped(home, &["edit", "canary"], "canary"),
            NotFound,
            "there is no such entry here",
            LOOK,
        ),
        row(
            "a change to nothing",
            |home| piped(home, &["edit", NOBODYS_ID], " \n"),
            Usage,
            "there is nothing on the standard input; nothing was saved",
            "pipe the text in, or use --text-file",
        ),
        row(
            "flags before the change",
            |home| piped(home, &["--voice", "canary", "edit", NOBODYS_ID], "canary"),
            Usage,
            "there is something between \"letter\" and \"edit\"; nothing was changed",
            "write it behind the id: ingle letter edit ID --voice kind",
        ),
    ];
    walk(&home_with_entries(), ROWS);
}

#[test]
fn a_reminder_or_a_search_that_makes_no_sense_is_told() {
    const ROWS: &[Row] = &[
        row(
            "a time of day that is none",
            |home| home.ingle(&["remind", "add", "--daily", "25:00"]),
            Usage,
            "that isn't a time of day; nothing was changed",
            TIME,
        ),
        row(
            "no time at all",
            |home| home.ingle(&["remind", "add"]),
            Usage,
            "it isn't said when to remind, and of what",
            "write --daily 20:30, or --letters-week 20:30",
        ),
        row(
            "quiet hours that are none",
            |home| home.ingle(&["remind", "--quiet", "canary"]),
            Usage,
            "those aren't quiet hours; nothing was changed",
            "write them like 22:00-08:00, or \"none\"",
        ),
        row(
            "a reminder inside of the quiet hours",
            |home| home.ingle(&["remind", "add", "--letters-week", "23:00", "--quiet", "22:00-08:00"]),
            Usage,
            "that time lies inside of the quiet hours; nothing was changed",
            "choose another time, or other quiet hours with \"ingle remind --quiet\"",
        ),
        row(
            "a reminder that is none",
            |home| home.ingle(&["remind", "remove", "canary"]),
            NotFound,
            "there is no such reminder here",
            "look for its id with \"ingle remind\"",
        ),
        row(
            "two pauses at once",
            |home| home.ingle(&["remind", "pause", "--hour", "--tomorrow"]),
            Usage,
            "--hour can't go together with --tomorrow",
            "choose one of them",
        ),
        row(
            "a search for no feeling",
            |home| home.ingle(&["search", "--feeling", " "]),
            Usage,
            "the feeling to look for is empty",
            "write a word or leave it out",
        ),
        row(
            "a search for nothing at all",
            |home| home.ingle(&["search"]),
            Usage,
            "there is no word to look for",
            "give one or more",
        ),
    ];
    walk(&home_with_entries(), ROWS);
}
