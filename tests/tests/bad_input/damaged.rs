//! Journals that can't be opened. Whatever is asked, no byte of them is changed and no file comes or goes; the status still
//! answers and says why.

use std::{fs, path::Path};

use ingle_api::FailureKind::{Storage, Version};
use ingle_tests::programs::{Home, Ran};
use rusqlite::Connection;

use crate::table::{NO_BUS, Table, Told, entries, files, home_with_entries};

const DATABASE: &str = "journal.db";
const KEY: &str = "key";
const PAGE: u64 = 4096;

/// What is done to a closed journal, and what is told of it from then on, whatever is asked.
struct Damage {
    name: &'static str,
    does: fn(&Path),
    told: Told,
}

const DAMAGED: Told = Told {
    kind: Storage,
    error: "the journal's database is damaged; it was left as it is",
    hint: "copy the journal folder to a safe place first; then join again from another device, or put a copy back",
};
const NEWER: Told = Told {
    kind: Version,
    error: "this journal was written by a newer version of Ingle; nothing was changed",
    hint: "install that version again, or a newer one",
};
const NO_KEY_FILE: Told = Told {
    kind: Storage,
    error: "the journal's key file is missing; your words are untouched, and sealed",
    hint: r#"put the file "key" (and "key.open", if there was one) back into the journal folder from a copy"#,
};
const DAMAGED_KEY: Told = Told {
    kind: Storage,
    error: "the journal's key file is damaged; your words are untouched, and sealed",
    hint: r#"put the file "key" back into the journal folder from a copy; Ingle never replaces it"#,
};
const NO_DATABASE: Told = Told {
    kind: Storage,
    error: "the journal's database is missing, its key is still there; nothing was changed",
    hint: "put journal.db back from a copy, or move the journal folder away to begin anew",
};

const fn damage(name: &'static str, does: fn(&Path), told: Told) -> Damage {
    Damage { name, does, told }
}

const ROWS: &[Damage] = &[
    damage(
        "a newer version of the rows",
        |dir| set(dir, "UPDATE meta SET value = x'02' WHERE key = CAST('version' AS BLOB)"),
        NEWER,
    ),
    damage("a newer layout of the tables", |dir| set(dir, "PRAGMA user_version = 2"), NEWER),
    damage("a newer key file", |dir| edit(dir, KEY, r#""ingle-key": 1"#, r#""ingle-key": 2"#), NEWER),
    damage("an empty database", |dir| cut(dir, |_| 0), DAMAGED),
    damage("a database cut within its header", |dir| cut(dir, |_| 99), DAMAGED),
    damage("a database cut to its first page", |dir| cut(dir, |_| PAGE), DAMAGED),
    damage("a database cut in the middle of a page", |dir| cut(dir, |length| length / 2 / PAGE * PAGE + 7), DAMAGED),
    damage("a database without its last page", |dir| cut(dir, |length| length - PAGE), DAMAGED),
    damage("a database without its last byte", |dir| cut(dir, |length| length - 1), DAMAGED),
    damage("another file in the database's place", |dir| replace(dir, DATABASE, &b"canary ".repeat(4096)), DAMAGED),
    damage("a flipped bit in the name of the format", |dir| flip(dir, 0), DAMAGED),
    damage("a flipped bit in the size of a page", |dir| flip(dir, 16), DAMAGED),
    damage("a flipped bit in the mode of writing", |dir| flip(dir, 18), DAMAGED),
    damage("a flipped bit in the count of pages", |dir| flip(dir, 30), DAMAGED),
    damage("a flipped bit in whose file it is", |dir| flip(dir, 70), DAMAGED),
    damage("a flipped bit in the list of tables", |dir| flip(dir, 100), DAMAGED),
    damage("a flipped bit in the first table", |dir| flip(dir, PAGE), DAMAGED),
    damage("a damaged roster", |dir| spoil(dir, &["roster"]), DAMAGED),
    damage(
        "a version that is none",
        |dir| set(dir, "UPDATE meta SET value = x'00' WHERE key = CAST('version' AS BLOB)"),
        DAMAGED,
    ),
    damage("a table that is missing", |dir| set(dir, "DROP TABLE touches"), DAMAGED),
    damage("no database beside the key file", |dir| remove(dir, DATABASE), NO_DATABASE),
    damage("no key file", |dir| remove(dir, KEY), NO_KEY_FILE),
    damage("no open key", |dir| remove(dir, "key.open"), NO_KEY_FILE),
    damage("a flipped bit in the key file", |dir| edit(dir, KEY, r#""check": ""#, r#""check": "A"#), DAMAGED_KEY),
    damage("an empty key file", |dir| replace(dir, KEY, b""), DAMAGED_KEY),
    damage("an open key that is none", |dir| replace(dir, "key.open", b"canary\n"), DAMAGED_KEY),
    damage(
        "the open key of another journal",
        |dir| replace(dir, "key.open", b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"),
        Told {
            kind: ingle_api::FailureKind::Locked,
            error: "the key that was found is not this journal's; your words are untouched, and sealed",
            hint: r#"bring back the keychain or the file "key.open" that belongs to this journal"#,
        },
    ),
];

fn set(dir: &Path, statement: &str) {
    let database = Connection::open(dir.join(DATABASE)).expect("it opens");
    database.execute_batch(statement).expect("it is done");
}

/// Changes a bit in the middle of every value of these tables.
fn spoil(dir: &Path, tables: &[&str]) {
    for table in tables {
        let half = "length(value) / 2";
        let middle = format!("substr(value, {half} + 1, 1)");
        let other = format!("CASE {middle} WHEN x'00' THEN x'01' ELSE x'00' END");
        set(
            dir,
            &format!(
                "UPDATE {table} SET value = CAST(substr(value, 1, {half}) || {other} || substr(value, {half} + 2) AS BLOB)"
            ),
        );
    }
}

fn flip(dir: &Path, at: u64) {
    let path = dir.join(DATABASE);
    let mut bytes = fs::read(&path).expect("it is there");
    bytes[usize::try_from(at).expect("it is small")] ^= 0x40;
    fs::write(path, bytes).expect("it is written");
}

fn cut(dir: &Path, to: fn(u64) -> u64) {
    let file = fs::OpenOptions::new().write(true).open(dir.join(DATABASE)).expect("it is there");
    let length = file.metadata().expect("it has a length").len();
    file.set_len(to(length)).expect("it is cut");
}

fn replace(dir: &Path, name: &str, by: &[u8]) {
    fs::write(dir.join(name), by).expect("it is written");
}

fn remove(dir: &Path, name: &str) {
    fs::remove_file(dir.join(name)).expect("it was there");
}

fn edit(dir: &Path, name: &str, from: &str, to: &str) {
    let text = fs::read_to_string(dir.join(name)).expect("it is text");
    assert!(text.contains(from), "{name} has another form");
    fs::write(dir.join(name), text.replacen(from, to, 1)).expect("it is written");
}

/// A closed journal with two entries, and copies of it.
struct Original {
    home: Home,
}

impl Original {
    fn new() -> Self {
        let home = home_with_entries();
        home.ingle(&["stop"]).ok();
        Self { home }
    }

    fn copy(&self, does: impl Fn(&Path)) -> Home {
        let mut home = Home::new();
        home.set("DBUS_SESSION_BUS_ADDRESS", NO_BUS);
        fs::create_dir(home.journal_dir()).expect("it is made");
        for (path, bytes) in files(&self.home.journal_dir()) {
            fs::write(home.journal_dir().join(path.file_name().expect("a name")), bytes).expect("it is written");
        }
        does(&home.journal_dir());
        home
    }
}

/// The reminder of a status that says what these lines say.
fn reminder(told: Told) -> String {
    let (first, rest) = told.error.split_at(1);
    format!("{}{rest}. To do: {}.", first.to_uppercase(), told.hint)
}

fn notices(home: &Home) -> Vec<String> {
    let status = home.status();
    let notices = status["notices"].as_array().expect("a list").iter();
    notices.map(|notice| notice.as_str().expect("a sentence").to_owned()).collect()
}

/// Asks for everything that a journal is asked for.
fn check(table: &mut Table, home: &Home, Damage { name, told, .. }: &Damage) {
    let damaged = files(&home.journal_dir());
    let ask = |arguments: &[&str]| -> Ran { home.ingle(arguments) };
    table.told(name, home, &ask(&["list"]), *told);
    table.told_unsaved(name, home, &ask(&["check-in", "--cause", "canary"]), *told);
    table.told(name, home, &ask(&["undo"]), *told);
    table.told(name, home, &ask(&["unlock"]), *told);
    table.told(name, home, &ask(&["pair"]), *told);
    table.told(name, home, &ask(&["join", "canary", "--key-file"]), *told);
    let again = Told {
        kind: ingle_api::FailureKind::Journal,
        error: "there is a journal here already; nothing was changed",
        hint: "use it, or name another folder with --home",
    };
    table.told(name, home, &ask(&["init", "--key-file"]), again);
    table.same(name, &home.status()["journal"], &"unavailable".into());
    table.same(name, &notices(home).contains(&reminder(*told)), &true);
    home.ingle(&["stop"]).ok();
    table.told(name, home, &ask(&["init", "--key-file"]), again);
    // What can be seen from outside is told without a daemon too.
    let is_there = |file: &str| home.journal_dir().join(file).exists();
    if is_there(DATABASE) && is_there(KEY) {
        home.ingle(&["status"]).ok();
    } else {
        table.same(name, &home.status()["journal"], &"unavailable".into());
        table.same(name, &notices(home).contains(&reminder(*told)), &true);
    }
    table.same(name, &files(&home.journal_dir()), &damaged);
}

#[test]
fn a_journal_that_can_not_be_opened_is_left_as_it_is_and_the_status_says_why() {
    let (original, mut table) = (Original::new(), Table::default());
    for row in ROWS {
        check(&mut table, &original.copy(row.does), row);
    }
    table.end();
}

#[test]
fn what_is_kept_twice_is_made_anew_and_nothing_is_missing() {
    let (original, mut table) = (Original::new(), Table::default());
    let before = entries(&original.home);
    original.home.ingle(&["stop"]).ok();
    let spoilt: &[&[&str]] = &[&["documents"], &["digests"], &["documents", "digests"], &["bundles"]];
    for tables in spoilt {
        let home = original.copy(|dir| spoil(dir, tables));
        for _ in 0..2 {
            table.same(&format!("damaged {tables:?}"), &entries(&home), &before);
            home.ingle(&["stop"]).ok();
        }
    }
    table.end();
}

#[test]
fn words_that_are_damaged_wherever_they_are_kept_are_not_taken_for_none() {
    let (original, mut table) = (Original::new(), Table::default());
    let home = original.copy(|dir| spoil(dir, &["bundles", "documents", "digests"]));
    let rows = |home: &Home| -> Vec<(Vec<u8>, Vec<u8>)> {
        let database = Connection::open(home.journal_dir().join(DATABASE)).expect("it opens");
        let mut rows = database
            .prepare("SELECT key, value FROM bundles UNION SELECT key, value FROM documents ORDER BY 1")
            .expect("SQL");
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
        rows.map(|row| row.expect("a row")).collect()
    };
    let before = rows(&home);
    for words in [&["list"][..], &["search", "canary"]] {
        table.told("everything is damaged", &home, &home.ingle(words), DAMAGED);
    }
    let id = home.check_in("canary, all the same");
    let shown: Vec<_> = home.list().into_iter().map(|entry| entry["id"].clone()).collect();
    table.same("what is written now", &shown, &vec![id.into()]);
    home.ingle(&["stop"]).ok();
    home.list();
    let is_told = notices(&home).iter().any(|told| told.contains("can't be read from this disk"));
    table.same("the status of a journal with holes", &is_told, &true);
    home.ingle(&["stop"]).ok();
    let after = rows(&home);
    table.same("the damaged rows", &before.iter().all(|row| after.contains(row)), &true);
    table.end();
}

/// As many pages as a journal of two entries has, each with one flipped bit: at its head, where it is full, where it is empty.
#[test]
fn a_flipped_bit_anywhere_is_mended_or_told_and_never_takes_an_entry_away() {
    let (original, mut table) = (Original::new(), Table::default());
    let before = entries(&original.home);
    original.home.ingle(&["stop"]).ok();
    let length = fs::metadata(original.home.journal_dir().join(DATABASE)).expect("it is there").len();
    let mut told = 0;
    for (page, within) in (1..length / PAGE).zip([0, 3, 8, 2048, 4000].into_iter().cycle()) {
        let name = format!("bit {within} of page {page}");
        let home = original.copy(|dir| flip(dir, page * PAGE + within));
        let damaged = files(&home.journal_dir());
        let list = home.ingle(&["list"]);
        if list.code == 0 {
            table.same(&name, &entries(&home), &before);
        } else {
            told += 1;
            table.told(&name, &home, &list, DAMAGED);
            home.ingle(&["stop"]).ok();
            table.same(&name, &files(&home.journal_dir()), &damaged);
        }
    }
    table.same("whether some are told", &(told > 0), &true);
    table.end();
}
