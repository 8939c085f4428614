//! Disks that take nothing. The home lies on a small one of its own, in a namespace where the test may mount.

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use ingle_api::FailureKind::Storage;
use ingle_tests::programs::{Home, Ran, program, until};

use crate::table::{NO_BUS, Row, Table, entries, files, ran, row};

const SIZE: &str = "size=2m,mode=700";

/// A home on a disk of 2 MiB. Its daemon and the disk end with it.
struct Disk {
    home: Home,
    holder: Child,
}

impl Disk {
    fn new() -> Self {
        let holder = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sleep", "infinity"])
            .stdin(Stdio::null())
            .spawn()
            .expect("util-linux is installed");
        let of = |process: &str, what: &str| fs::read_link(format!("/proc/{process}/{what}")).ok();
        let pid = holder.id().to_string();
        until("the namespace stands", || {
            let runs = fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "sleep");
            runs && of(&pid, "ns/mnt") != of("self", "ns/mnt")
        });
        let enter = ["nsenter", "--target", &pid, "--user", "--mount", "--preserve-credentials"];
        let mut home = Home::within(&enter.map(str::to_owned));
        home.set("DBUS_SESSION_BUS_ADDRESS", NO_BUS);
        let disk = Self { home, holder };
        disk.mount(&["-t", "tmpfs", "-o", SIZE, "none"], disk.home.path().into());
        disk
    }

    fn with_entries() -> Self {
        let disk = Self::new();
        disk.home.init("laptop");
        disk.home.check_in("canary");
        disk.home.check_in("canary, later");
        disk
    }

    fn mount(&self, arguments: &[&str], place: PathBuf) {
        let mut command = self.home.any("mount".as_ref());
        command.args(arguments).arg(place);
        // It is busy while a daemon that has closed its journal is still writing the last line of its log.
        until("it is mounted", || command.output().expect("it starts").status.success());
    }

    /// A file of the home, as it is seen from here.
    fn seen(&self, name: &str) -> PathBuf {
        let root = format!("/proc/{}/root{}", self.holder.id(), self.home.path().display());
        PathBuf::from(root).join(name)
    }

    /// Takes all room that is left.
    fn fill(&self) {
        let mut file = fs::File::create(self.seen("fill")).expect("it is made");
        while file.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
    }

    fn make_room(&self) {
        fs::remove_file(self.seen("fill")).expect("it was there");
    }

    /// The folder, or the whole home, can't be written to any more.
    fn freeze(&self, folder: &str) {
        let place = self.home.path().join(folder);
        if !folder.is_empty() {
            self.mount(&["--bind", &place.display().to_string()], place.clone());
        }
        self.mount(&["-o", "remount,bind,ro"], place);
    }

    /// It can be written to again.
    fn thaw(&self, folder: &str) {
        self.mount(&["-o", "remount,bind,rw"], self.home.path().join(folder));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The socket is not seen from outside.
        drop(self.home.command(&["stop", "--no-start"]).output());
        drop(self.holder.kill());
        drop(self.holder.wait());
    }
}

fn long_words(home: &Home, arguments: &[&str]) -> Ran {
    let json = format!(r#"{{"cause":"{}"}}"#, random_letters(60_000));
    home.ingle_with(&[arguments, &["--stdin-json"]].concat(), json.as_bytes())
}

/// They don't get shorter when they are packed.
fn random_letters(count: usize) -> String {
    let mut random = vec![0; count];
    getrandom::fill(&mut random).expect("the system has randomness");
    data_encoding::BASE64.encode(&random)[..count].to_owned()
}

const FULL: &[Row] = &[
    row(
        "a check-in on a full disk",
        |home| long_words(home, &["check-in"]),
        Storage,
        "the disk is full; that was not saved, and what was saved before is safe",
        "make room and save it again",
    ),
    row(
        "an edit on a full disk",
        |home| {
            let newest = home.list()[0]["id"].as_str().expect("an id").to_owned();
            long_words(home, &["edit", &newest])
        },
        Storage,
        "the disk is full; that was not saved, and what was saved before is safe",
        "make room and save it again",
    ),
    row(
        "a new journal on a full disk",
        |home| {
            let other = home.path().join("other").display().to_string();
            home.ingle(&["init", "--key-file", "--home", &other])
        },
        Storage,
        "the disk of HOME/other is full; nothing was changed",
        "make room and try again",
    ),
];

#[test]
fn a_full_disk_takes_nothing_and_loses_nothing() {
    let (disk, mut table) = (Disk::with_entries(), Table::default());
    let home = &disk.home;
    let before = entries(home);
    for row in FULL {
        disk.fill();
        let ran = (row.does)(home);
        table.told(row.name, home, &ran, row.told);
        table.same(row.name, &entries(home), &before);
        // A daemon that starts on a full disk shows what is there.
        home.ingle(&["stop"]).ok();
        table.same(row.name, &entries(home), &before);
        table.same(row.name, &disk.seen("other/journal").exists(), &false);
        disk.make_room();
    }
    let id = home.check_in("canary, once there is room");
    table.same("after there was room", &home.list()[0]["id"], &id.into());
    table.same("after there was room", &entries(home)[1..], &before[..]);
    table.end();
}

const HOME_IS_READ_ONLY: (&str, &str) = (
    "the folder HOME can't be written to; nothing was changed",
    "make it writable for you, or name another one with --home",
);
const FROZEN_HOME: &[Row] = &[
    row("a list", |home| home.ingle(&["list"]), Storage, HOME_IS_READ_ONLY.0, HOME_IS_READ_ONLY.1),
    row(
        "a check-in",
        |home| home.ingle(&["check-in", "--cause", "canary"]),
        Storage,
        "that was not saved: the folder HOME can't be written to; nothing was changed",
        HOME_IS_READ_ONLY.1,
    ),
    row("a daemon", |home| ran(home.any(&program("ingled"))), Storage, HOME_IS_READ_ONLY.0, HOME_IS_READ_ONLY.1),
    row(
        "another journal",
        |home| {
            let other = home.path().join("other").display().to_string();
            home.ingle(&["init", "--key-file", "--home", &other])
        },
        Storage,
        "the folder HOME/other can't be written to; nothing was changed",
        HOME_IS_READ_ONLY.1,
    ),
];

const FROZEN_JOURNAL: &[Row] = &[
    row(
        "a list",
        |home| home.ingle(&["list"]),
        Storage,
        "the journal can't be written to, so it wasn't opened; what is in it is safe",
        "make the journal folder and its files writable for you",
    ),
    row(
        "a check-in",
        |home| home.ingle(&["check-in", "--cause", "canary"]),
        Storage,
        "that was not saved: the journal can't be written to, so it wasn't opened; what is in it is safe",
        "make the journal folder and its files writable for you",
    ),
];

#[test]
fn a_home_that_can_not_be_written_to_is_told_and_stays_as_it_is() {
    let (disk, mut table) = (Disk::with_entries(), Table::default());
    let home = &disk.home;
    let before = entries(home);
    for (folder, rows) in [("", FROZEN_HOME), ("journal", FROZEN_JOURNAL)] {
        home.ingle(&["stop"]).ok();
        let closed = files(&disk.seen("journal"));
        disk.freeze(folder);
        for row in rows {
            let ran = (row.does)(home);
            table.told(&format!("{} while {folder:?} can't be written to", row.name), home, &ran, row.told);
            table.same(row.name, &home.ingle(&["status"]).code, &0);
        }
        home.ingle(&["stop"]).ok();
        table.same(folder, &files(&disk.seen("journal")), &closed);
        disk.thaw(folder);
        table.same(folder, &entries(home), &before);
    }
    table.end();
}
