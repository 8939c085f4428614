//! What is acknowledged is on the disk, seen from outside: by the system calls of the shipped daemon, and by how it ends.

use std::{
    path::PathBuf,
    process::{Command, Output},
    thread,
    time::Instant,
};

use ingle_tests::{
    programs::{Daemon, Home, program},
    trace::{Fault, Unmade, calls, check_made, check_save, traced},
    writers::{self, Attempt, Writers},
};
use rustix::process::{Pid, Signal, kill_process};

const SAVES: usize = 20;

/// What a daemon of this program did for each of some saves.
fn judged(daemon: &str) -> Vec<Result<(), Fault>> {
    let home = Home::with_journal("laptop");
    let trace = home.path().join("trace");
    let running = home.started(traced(&home, &program(daemon), &trace));
    let saves: Vec<[String; 2]> = (0..SAVES)
        .map(|save| {
            let cause = format!("save {save:02}");
            let id = home.check_in(&cause);
            [cause, id]
        })
        .collect();
    home.ingle(&["stop"]).ok();
    // strace ends with what it traces, and as it did.
    assert!(running.wait().success());
    let calls = calls(&std::fs::read_to_string(trace).expect("a trace"));
    let log = home.journal_dir().join("journal.db-wal").display().to_string();
    saves.iter().map(|[cause, id]| check_save(&calls, &log, cause, id)).collect()
}

#[test]
fn every_save_is_synced_before_its_answer_leaves() {
    assert_eq!(judged("ingled"), [Ok(()); SAVES]);
}

#[test]
fn a_daemon_that_does_not_sync_is_found_out() {
    assert_eq!(judged("ingled-lazy"), [Err(Fault::NotSynced); SAVES]);
}

/// How the making of a journal in a folder that isn't there yet went, and the folder.
fn making(daemon: &str) -> (Result<(), Unmade>, PathBuf) {
    let outer = Home::new();
    let (trace, home) = (outer.path().join("trace"), outer.path().join("not/yet"));
    let mut command = traced(&outer, &program(daemon), &trace);
    command.args(["init", "--name", "laptop", "--lock", "key-file", "--home"]).arg(&home);
    let made = command.output().expect("it starts");
    assert!(made.status.success(), "{made:?}");
    let calls = calls(&std::fs::read_to_string(trace).expect("a trace"));
    let folder = |name: &str| home.join(name).display().to_string();
    // How the answer begins, as strace shows it.
    let told = r#"{\"device\":"#;
    (check_made(&calls, &folder("journal.new"), &folder("journal"), told), home)
}

#[test]
fn a_new_journal_is_synced_with_the_names_of_its_files_and_folders_before_it_is_announced() {
    assert_eq!(making("ingled").0, Ok(()));
}

#[test]
fn a_journal_that_is_made_without_syncing_is_found_out() {
    let (told, home) = making("ingled-lazy");
    let database = home.join("journal.new/journal.db").display().to_string();
    assert!(matches!(&told, Err(Unmade::File(file)) if file.starts_with(&database)), "{told:?}");
}

fn terminate(daemon: &Daemon) {
    let pid = i32::try_from(daemon.pid()).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, Signal::TERM).expect("it runs");
}

#[test]
fn a_save_under_way_at_sigterm_is_answered_or_hung_up_on_and_never_half() {
    const ROUNDS: usize = 20;
    let home = Home::with_journal("laptop");
    let writers = Writers::default();
    let (asked_to_end, attempts) = thread::scope(|scope| {
        let (writers, home) = (&writers, &home);
        let writing: Vec<_> = (0..4).map(|writer| scope.spawn(move || writers.write(home, writer))).collect();
        let mut asked_to_end = Vec::new();
        for round in 0..ROUNDS {
            let daemon = home.start_daemon();
            writers.wait_for(1 + round % 7);
            asked_to_end.push(Instant::now());
            terminate(&daemon);
            assert!(daemon.wait().success());
        }
        let last = home.start_daemon();
        writers.end();
        let attempts: Vec<Attempt> = writing.into_iter().flat_map(|writer| writer.join().expect("it writes")).collect();
        drop(last);
        (asked_to_end, attempts)
    });

    let under_way = |attempt: &&Attempt| asked_to_end.iter().any(|at| attempt.was_in_flight_at(*at));
    let answered = attempts.iter().filter(under_way).filter(|attempt| attempt.was_answered()).count();
    assert!(answered >= ROUNDS, "{answered} saves under way were answered");
    assert!(!attempts.iter().any(Attempt::ended_within_an_answer));
    writers::check(&attempts, &writers::entries(&home.list())).expect("the journal keeps its word");
}

#[test]
fn a_second_daemon_of_the_same_home_says_whose_it_is_and_ends() {
    let home = Home::with_journal("laptop");
    let first = home.start_daemon();
    let mut command: Command = home.any(&program("ingled"));
    let Output { status, stdout, stderr } = command.output().expect("it starts");
    let told = format!(
        "error: the journal is in use by another ingled (pid {})\nhint: stop it with \"ingle stop\"\n",
        first.pid()
    );
    assert_eq!((status.code(), String::from_utf8(stderr).expect("UTF-8")), (Some(5), told));
    assert!(stdout.is_empty());
    let id = home.check_in("the first one goes on");
    assert_eq!(home.list()[0]["id"], id.as_str());
}
