//! A row of the table, and what it is held against.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use ingle_api::FailureKind;
use ingle_tests::programs::{Home, Ran};
use serde_json::Value;

/// A bus that nobody is on. Without an address a program would find the person's own, and their keychain.
pub const NO_BUS: &str = "unix:path=/nonexistent/bus";

/// What is done, and what the person is told.
#[derive(Debug)]
pub struct Row<H = Home> {
    pub name: &'static str,
    pub does: fn(&H) -> Ran,
    pub told: Told,
}

pub const fn row<H>(
    name: &'static str,
    does: fn(&H) -> Ran,
    kind: FailureKind,
    error: &'static str,
    hint: &'static str,
) -> Row<H> {
    Row { name, does, told: Told { kind, error, hint } }
}

/// The two lines and the exit code. `HOME` stands for the home's folder, `PID` for a process.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    pub kind: FailureKind,
    pub error: &'static str,
    pub hint: &'static str,
}

impl Told {
    /// Nothing else was said, and nothing on the standard output.
    fn whole(self) -> String {
        format!("exit {}\nerror: {}\nhint: {}\n", self.kind.exit_code(), self.error, self.hint)
    }

    /// The same to someone who wanted to save something.
    fn whole_unsaved(self) -> String {
        self.whole().replace("error: ", "error: that was not saved: ")
    }
}

/// Rows that came out otherwise. All of them are shown at the end.
#[derive(Debug, Default)]
pub struct Table {
    otherwise: Vec<String>,
}

impl Table {
    pub fn told(&mut self, name: &str, home: &Home, ran: &Ran, told: Told) {
        self.same(name, &said(home, ran), &told.whole());
    }

    pub fn told_unsaved(&mut self, name: &str, home: &Home, ran: &Ran, told: Told) {
        self.same(&format!("{name}, saving"), &said(home, ran), &told.whole_unsaved());
    }

    pub fn same<T: PartialEq + std::fmt::Debug + ?Sized>(&mut self, name: &str, found: &T, expected: &T) {
        if found != expected {
            self.otherwise.push(format!("{name}\n  found    {found:?}\n  expected {expected:?}"));
        }
    }

    /// Fails if a row came out otherwise.
    pub fn end(self) {
        assert!(self.otherwise.is_empty(), "{} otherwise:\n{}", self.otherwise.len(), self.otherwise.join("\n"));
    }
}

/// Everything that was said, with what is another one every time replaced.
fn said(home: &Home, ran: &Ran) -> String {
    let err = ran.err.replace(&home.path().display().to_string(), "HOME");
    let err = match err.split_once("(pid ") {
        Some((before, rest)) => {
            let after = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
            format!("{before}(pid PID{after}")
        }
        None => err,
    };
    format!("exit {}\n{err}{}", ran.code, ran.out)
}

/// Walks rows over one journal. After each, every entry is as it was, and can be shown.
pub fn walk(home: &Home, rows: &[Row]) {
    let mut table = Table::default();
    let before = entries(home);
    assert!(!before.is_empty(), "an empty journal shows nothing");
    for row in rows {
        let ran = (row.does)(home);
        table.told(row.name, home, &ran, row.told);
        table.same(row.name, &entries(home), &before);
    }
    table.end();
}

/// All entries, once from the list and once each by itself.
pub fn entries(home: &Home) -> Vec<[Value; 2]> {
    let entries = home.list().into_iter();
    let shown = entries.map(|entry| {
        let id = entry["id"].as_str().expect("an entry has an id").to_owned();
        [entry, home.ingle(&["show", &id, "--json"]).json()]
    });
    shown.collect()
}

/// A journal with two entries.
pub fn home_with_entries() -> Home {
    let mut home = Home::new();
    home.set("DBUS_SESSION_BUS_ADDRESS", NO_BUS);
    home.init("laptop");
    home.check_in("canary");
    home.check_in("canary, later");
    home
}

/// Every file in the folder, whole.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("an entry").path());
    entries.map(|path| (path.clone(), fs::read(&path).expect("a file"))).collect()
}

/// Runs a command to its end.
pub fn ran(mut command: Command) -> Ran {
    heard(command.output().expect("it starts"))
}

fn heard(output: Output) -> Ran {
    let text = |bytes| String::from_utf8(bytes).expect("programs write UTF-8");
    Ran { code: output.status.code().expect("no signal ended it"), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs `ingle` with a passphrase in its environment.
pub fn with_passphrase(home: &Home, passphrase: &str, arguments: &[&str]) -> Ran {
    let mut command = home.command(arguments);
    command.env("INGLE_PASSPHRASE", passphrase);
    ran(command)
}

/// `ingle pair`, waiting for the other device.
#[derive(Debug)]
pub struct Inviting {
    child: Child,
    out: BufReader<ChildStdout>,
    pub ticket: String,
}

impl Inviting {
    pub fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut command = home.command(&[&["pair", "--json"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut out = BufReader::new(child.stdout.take().expect("it is a pipe"));
        let mut line = String::new();
        out.read_line(&mut line).expect("it can be read");
        let told: Value = serde_json::from_str(&line).expect("a line of JSON");
        let ticket = told["ticket"].as_str().expect("a ticket").to_owned();
        Self { child, out, ticket }
    }

    /// Ctrl-C; the ticket is taken back.
    pub fn interrupt(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Waits until it has ended by itself.
    pub fn end(mut self) -> Ran {
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.out, &mut rest).expect("programs write UTF-8");
        let ended = self.child.wait_with_output().expect("it ends");
        Ran { out: rest, ..heard(ended) }
    }
}
