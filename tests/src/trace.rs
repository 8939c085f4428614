//! System calls as strace tells them, and what they say about when something was on the disk.
//!
//! The checks are pure functions of the calls. Which program is traced, and what it is asked, is the tests' matter.

use std::{path::Path, process::Command};

use crate::programs::Home;

const WRITES: [&str; 6] = ["write", "writev", "pwrite64", "pwritev", "sendto", "sendmsg"];
const READS: [&str; 4] = ["read", "readv", "recvfrom", "recvmsg"];
const SYNCS: [&str; 2] = ["fsync", "fdatasync"];
const NAMES: [&str; 5] = ["rename", "renameat", "renameat2", "mkdir", "mkdirat"];

/// A program of this home under strace, which writes what it sees into `trace`.
///
/// The daemon closes itself to other programs of its user. Whoever has all rights in the user namespace that it was started in
/// may look all the same.
pub fn traced(home: &Home, program: &Path, trace: &Path) -> Command {
    let mut command = home.any(Path::new("unshare"));
    let calls = [&WRITES[..], &READS, &SYNCS, &NAMES].concat().join(",");
    command.args(["--user", "--map-root-user", "strace", "-f", "-qq", "-y", "-s", "1024", "-e"]);
    command.arg(format!("trace={calls}")).arg("-o").arg(trace).arg(program);
    command
}

/// One system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    name: String,
    /// As strace shows them: behind a descriptor is what it leads to, in angle brackets.
    arguments: String,
    /// The line of the trace in which it began.
    begun: usize,
    /// The line in which it ended, and with what; none when the trace ends before.
    ended: Option<(usize, i64)>,
}

impl Call {
    fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str())
    }

    /// What its first descriptor leads to.
    fn target(&self) -> Option<&str> {
        let (_, path) = self.arguments.split(',').next()?.split_once('<')?;
        path.split_once('>').map(|(path, _)| path)
    }

    fn is_on_socket(&self) -> bool {
        self.target().is_some_and(|target| target.starts_with("socket:") || target.starts_with("UNIX"))
    }

    fn ended_at(&self) -> usize {
        self.ended.map_or(usize::MAX, |(line, _)| line)
    }

    /// It put all of the file or folder on the disk, and all of it happened between these lines.
    fn synced_between(&self, path: &str, after: usize, before: usize) -> bool {
        let is_done = self.ended.is_some_and(|(line, result)| result == 0 && line < before);
        self.is(&SYNCS) && self.target() == Some(path) && self.begun > after && is_done
    }

    /// The texts among its arguments.
    fn texts(&self) -> impl Iterator<Item = &str> {
        self.arguments.split('"').skip(1).step_by(2)
    }
}

/// Reads a trace. Its lines are in the order in which strace saw them; a call that was interrupted by another thread's has two.
pub fn calls(trace: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    for (line, text) in trace.lines().enumerate() {
        let (thread, told) = text.trim_start().split_once(' ').unwrap_or_else(|| panic!("no trace: {text}"));
        let told = told.trim_start();
        // Signals and ends.
        if told.starts_with("---") || told.starts_with("+++") {
            continue;
        }
        if let Some(resumed) = told.strip_prefix("<... ") {
            let (name, rest) = resumed.split_once(" resumed>").unwrap_or_else(|| panic!("no trace: {text}"));
            let own =
                calls.iter_mut().rev().find(|call| call.ended.is_none() && call.name == format!("{thread} {name}"));
            let call = own.unwrap_or_else(|| panic!("it never began: {text}"));
            name.clone_into(&mut call.name);
            finish(call, line, rest);
            continue;
        }
        let (name, rest) = told.split_once('(').unwrap_or_else(|| panic!("no trace: {text}"));
        let mut call = Call { name: name.to_owned(), arguments: String::new(), begun: line, ended: None };
        match rest.strip_suffix("<unfinished ...>") {
            // The thread is in the name until the rest comes.
            Some(begun) => (call.name, call.arguments) = (format!("{thread} {name}"), begun.trim_end().to_owned()),
            None => finish(&mut call, line, rest),
        }
        calls.push(call);
    }
    calls
}

/// The rest of the arguments and the result. Of a thread that ends within a call there is a question mark or less.
fn finish(call: &mut Call, line: usize, rest: &str) {
    if rest.ends_with("<detached ...>") {
        return;
    }
    let (arguments, result) = rest.rsplit_once(" = ").unwrap_or_else(|| panic!("no result: {rest}"));
    call.arguments.push_str(arguments.trim_end().strip_suffix(')').unwrap_or(arguments));
    let number = result.split(' ').next().and_then(|number| number.parse().ok());
    call.ended = number.map(|number| (line, number));
}

/// What speaks against a save that was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    NotAsked,
    NotAnswered,
    NothingWritten,
    /// When the answer left, something that was written for it was not yet on the disk.
    NotSynced,
}

/// Whether all that was written into `file` for one save was on the disk before the answer left. The request is known by
/// `asked`, the answer by `answered`.
pub fn check_save(calls: &[Call], file: &str, asked: &str, answered: &str) -> Result<(), Fault> {
    let on_socket = |names: &[&str], text: &str| {
        calls.iter().find(|call| call.is(names) && call.is_on_socket() && call.arguments.contains(text))
    };
    let asked = on_socket(&READS, asked).ok_or(Fault::NotAsked)?.ended_at();
    let answered = on_socket(&WRITES, answered).ok_or(Fault::NotAnswered)?.begun;
    let writes = calls.iter().filter(|call| call.is(&WRITES) && call.target() == Some(file));
    let written = writes.filter(|call| (asked..answered).contains(&call.begun)).map(Call::ended_at).max();
    let written = written.ok_or(Fault::NothingWritten)?;
    let is_synced = calls.iter().any(|call| call.synced_between(file, written, answered));
    if is_synced { Ok(()) } else { Err(Fault::NotSynced) }
}

/// What speaks against a folder that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmade {
    NotNamed,
    NotTold,
    /// Of this file something was not on the disk when the folder got its name.
    File(String),
    /// The names in this folder were not on the disk when they had to be.
    Names(String),
}

/// Whether the folder `growing` was on the disk, with every file in it, before it got its name `named`, and the name, with those of
/// all folders above it that were made, before `told` was printed.
pub fn check_made(calls: &[Call], growing: &str, named: &str, told: &str) -> Result<(), Unmade> {
    let is_naming = |call: &&Call| call.is(&["rename", "renameat", "renameat2"]) && call.texts().eq([growing, named]);
    let naming = calls.iter().find(is_naming).ok_or(Unmade::NotNamed)?;
    let print = calls.iter().find(|call| call.is(&WRITES) && call.arguments.contains(told)).ok_or(Unmade::NotTold)?;
    let synced = |path: &str, after, before| calls.iter().any(|call| call.synced_between(path, after, before));
    let inside = |path: &str| path.strip_prefix(growing).is_some_and(|rest| rest.starts_with('/'));

    let mut last_name = 0;
    for call in calls {
        let target = call.target().filter(|path| inside(path));
        match target {
            Some(file) if call.is(&WRITES) && !synced(file, call.ended_at(), naming.begun) => {
                return Err(Unmade::File(file.to_owned()));
            }
            _ => {}
        }
        if target.is_some() || (call.is(&NAMES) && call.texts().any(inside)) {
            last_name = call.ended_at();
        }
    }
    if !synced(growing, last_name, naming.begun) {
        return Err(Unmade::Names(growing.to_owned()));
    }
    let made =
        calls.iter().filter(|call| call.is(&["mkdir", "mkdirat"]) && call.ended.is_some_and(|(_, result)| result == 0));
    let made = made.filter_map(|call| Some((call.texts().next()?, call.ended_at()))).filter(|(dir, _)| *dir != growing);
    for (dir, at) in made.chain([(named, naming.ended_at())]) {
        let parent = dir.rsplit_once('/').map_or("", |(parent, _)| parent);
        if !synced(parent, at, print.begun) {
            return Err(Unmade::Names(parent.to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: &str = r#"7 recvfrom(15<socket:[9]>, "{\"cause\":\"rain\"}\n", 8192, 0, NULL, NULL) = 17"#;
    const FRAME: &str = r#"8 pwrite64(14</h/j.db-wal>, "\0\0"..., 4096, 56) = 4096"#;
    const SYNC: &str = "8 fsync(14</h/j.db-wal>) = 0";
    const ANSWER: &str = r#"7 sendto(15<socket:[9]>, "{\"id\":\"abc\"}\n", 13, MSG_NOSIGNAL, NULL, 0) = 13"#;

    #[test]
    fn a_save_is_good_when_a_finished_sync_lies_between_its_last_write_and_its_answer() {
        let check = |lines: &[&str], expected: Result<(), Fault>| {
            let calls = calls(&lines.join("\n"));
            assert_eq!(check_save(&calls, "/h/j.db-wal", "rain", "abc"), expected, "{lines:#?}");
        };
        check(&[ASKED, FRAME, FRAME, SYNC, ANSWER], Ok(()));
        check(&[ASKED, FRAME, "8 fdatasync(14</h/j.db-wal>) = 0", ANSWER], Ok(()));
        let (begun, done) = ("8 fsync(14</h/j.db-wal> <unfinished ...>", "8 <... fsync resumed>) = 0");
        check(&[ASKED, FRAME, begun, "9 +++ exited with 0 +++", done, ANSWER], Ok(()));
        // Each of these is a daemon that lies.
        check(&[ASKED, FRAME, ANSWER], Err(Fault::NotSynced));
        check(&[ASKED, FRAME, ANSWER, SYNC], Err(Fault::NotSynced));
        check(&[ASKED, FRAME, begun, ANSWER, done], Err(Fault::NotSynced));
        check(&[ASKED, FRAME, SYNC, FRAME, ANSWER], Err(Fault::NotSynced));
        check(&[ASKED, SYNC, FRAME, ANSWER], Err(Fault::NotSynced));
        check(&[ASKED, FRAME, "8 fsync(14</h/j.db-wal>) = -1 EIO (Input/output error)", ANSWER], Err(Fault::NotSynced));
        check(&[ASKED, FRAME, "8 fsync(13</h/j.db>) = 0", ANSWER], Err(Fault::NotSynced));
        check(&[ASKED, FRAME, begun, "7 <... write resumed>) = 1", ANSWER][..3], Err(Fault::NotAnswered));
        check(&[FRAME, SYNC, ASKED, ANSWER], Err(Fault::NothingWritten));
        check(&[FRAME, SYNC, ANSWER], Err(Fault::NotAsked));
        check(&[ASKED, FRAME, SYNC], Err(Fault::NotAnswered));
    }

    #[test]
    fn a_folder_is_made_when_its_files_its_names_and_its_own_name_are_synced_in_this_order() {
        let good = [
            r#"7 mkdir("/u/h", 0700) = 0"#,
            "7 fsync(3</u>) = 0",
            r#"7 mkdir("/u/h/new", 0700) = 0"#,
            r#"7 write(4</u/h/new/key.new>, "k", 1) = 1"#,
            "7 fsync(4</u/h/new/key.new>) = 0",
            r#"7 rename("/u/h/new/key.new", "/u/h/new/key") = 0"#,
            "7 fsync(5</u/h/new>) = 0",
            r#"7 rename("/u/h/new", "/u/h/journal") = 0"#,
            "7 fsync(5</u/h>) = 0",
            r#"7 write(1<pipe:[9]>, "done", 4) = 4"#,
        ];
        let check = |without: &[usize], expected: Result<(), Unmade>| {
            let lines = good.iter().enumerate().filter(|(line, _)| !without.contains(line)).map(|(_, line)| *line);
            let calls = calls(&lines.collect::<Vec<_>>().join("\n"));
            let made = check_made(&calls, "/u/h/new", "/u/h/journal", "done");
            assert_eq!(made, expected, "{without:?}");
        };
        check(&[], Ok(()));
        // It may have been there before.
        check(&[0, 1], Ok(()));
        check(&[4], Err(Unmade::File("/u/h/new/key.new".into())));
        check(&[6], Err(Unmade::Names("/u/h/new".into())));
        check(&[7], Err(Unmade::NotNamed));
        check(&[8], Err(Unmade::Names("/u/h".into())));
        check(&[9], Err(Unmade::NotTold));
        check(&[1], Err(Unmade::Names("/u".into())));
    }
}
