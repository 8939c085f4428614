//! A newer Ingle is installed while a daemon runs: the daemon makes room, and the next caller starts the new one.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    thread,
};

use ingle_api::API_VERSION;
use ingle_tests::programs::{Home, program, until};
use serde_json::{Value, json};

/// Puts a copy of the program into a folder, in one step over what is there.
fn install(name: &str, folder: &Path) -> PathBuf {
    let (beside, path) = (folder.join("new"), folder.join(name));
    fs::copy(program(name), &beside).expect("writable");
    fs::rename(&beside, &path).expect("writable");
    path
}

/// A home whose programs lie in a folder of their own.
fn installed() -> (Home, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    install("ingled", folder.path());
    install("ingle", folder.path());
    let mut home = Home::new();
    home.use_programs(folder.path());
    (home, folder)
}

fn pid(home: &Home) -> Value {
    home.status()["pid"].clone()
}

fn hello(stream: &mut UnixStream, api: u32) -> Value {
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {"api": api, "client": "ingle"}});
    writeln!(stream, "{call}").expect("it listens");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("it answers");
    serde_json::from_str(&line).expect("JSON")
}

fn socket(home: &Home) -> PathBuf {
    home.path().join("run/ingled.sock")
}

#[test]
fn a_daemon_whose_program_was_replaced_ends_when_nobody_needs_it_and_the_new_one_goes_on() {
    let (home, folder) = installed();
    home.init("laptop");
    let daemon = home.start_daemon();
    let id = home.check_in("before");
    // Somebody who only watches is not in the middle of something; who is connected otherwise may be.
    let mut watcher = home.watch();
    let mut writer = UnixStream::connect(socket(&home)).expect("it listens");
    assert_eq!(hello(&mut writer, API_VERSION)["result"]["journal"], "open");
    install("ingled", folder.path());
    assert_eq!(home.list().len(), 1);
    assert_eq!(pid(&home), daemon.pid());
    drop(writer);
    let old = daemon.pid();
    assert!(daemon.wait().success());
    assert_eq!(home.list()[0]["id"], id.as_str());
    assert_ne!(pid(&home), old);
    until("the watcher is back", || watcher.next()["event"] == "missed");
}

#[test]
fn a_passphrase_is_not_asked_for_again_and_a_lock_by_hand_is_not_undone_by_a_new_program() {
    let (home, folder) = installed();
    home.init("laptop");
    let daemon = home.start_daemon();
    home.ingle(&["lock"]).ok();
    install("ingled", folder.path());
    assert_eq!(home.status()["journal"], "locked");
    let mut newer = UnixStream::connect(socket(&home)).expect("it listens");
    assert_eq!(hello(&mut newer, API_VERSION + 1)["error"]["data"]["kind"], "version");
    assert_eq!(home.status()["journal"], "locked");
    assert_eq!(pid(&home), daemon.pid());
    home.ingle(&["stop"]).ok();
}

#[test]
fn a_caller_with_a_newer_contract_hears_of_it_when_the_old_daemon_is_gone() {
    let home = Home::with_journal("laptop");
    let daemon = home.start_daemon();
    let mut newer = UnixStream::connect(socket(&home)).expect("it listens");
    let told = hello(&mut newer, API_VERSION + 1);
    assert_eq!(told["error"]["data"]["kind"], "version");
    assert!(UnixStream::connect(socket(&home)).is_err());
    assert!(daemon.wait().success());
}

/// A daemon of another version, which is gone before it says so; or stays.
fn stand_in(home: &Home, stays: bool) -> thread::JoinHandle<Option<UnixListener>> {
    fs::create_dir_all(home.path().join("run")).expect("writable");
    let listener = UnixListener::bind(socket(home)).expect("nobody is there");
    thread::spawn(move || {
        let (stream, _) = listener.accept().expect("somebody calls");
        let mut stream = BufReader::new(stream);
        stream.read_line(&mut String::new()).expect("it says hello");
        let left = stays.then_some(listener);
        let data = json!({"kind": "version", "hint": "restart the daemon with \"ingle stop\""});
        let error = json!({"code": -32009, "message": "the daemon speaks version 1", "data": data});
        let answer = json!({"jsonrpc": "2.0", "id": 1, "error": error});
        writeln!(stream.get_mut(), "{answer}").expect("it listens");
        left
    })
}

#[test]
fn a_newer_program_starts_its_own_daemon_after_an_older_one_that_has_made_room() {
    let home = Home::with_journal("laptop");
    home.ingle(&["stop"]).ok();
    drop(fs::remove_file(socket(&home)));
    let older = stand_in(&home, false);
    assert_eq!(home.list().len(), 0);
    assert!(older.join().expect("it has answered").is_none());
}

#[test]
fn where_the_older_daemon_stays_the_person_hears_what_to_do() {
    let home = Home::with_journal("laptop");
    home.ingle(&["stop"]).ok();
    drop(fs::remove_file(socket(&home)));
    // What an older daemon holds as long as it runs.
    let lock = fs::File::create(home.path().join("ingled.lock")).expect("writable");
    lock.lock().expect("nobody has it");
    let older = stand_in(&home, true);
    let ran = home.ingle(&["list"]);
    assert_eq!((ran.code, ran.err.contains("ingle stop")), (9, true), "{ran:?}");
    drop(older.join().expect("it has answered"));
    drop(fs::remove_file(socket(&home)));
    drop(lock);
}
