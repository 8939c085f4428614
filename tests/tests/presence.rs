//! Locking with the screen and before sleep: a real daemon on a bus of its own, with a stand-in for logind.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, PipeReader, Read as _},
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use ingle_api::{
    Request,
    request::{LockSettings, Saved},
    status::JournalState,
};
use ingle_model::CheckInDraft;
use ingle_tests::{
    programs::{Home, until},
    writers::{Caller, Heard},
};
use serde_json::Value;
use zbus::{
    blocking::{Connection, connection::Builder},
    zvariant,
};

const MANAGER: (&str, &str) = ("/org/freedesktop/login1", "org.freedesktop.login1.Manager");
const USER_PATH: &str = "/org/freedesktop/login1/user/_1000";
const SESSION: (&str, &str) = ("/org/freedesktop/login1/session/_31", "org.freedesktop.login1.Session");

/// The other ends of what holds up sleep.
type Held = Arc<Mutex<Vec<PipeReader>>>;

struct Manager(Held);

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    fn get_user(&self, _uid: u32) -> zvariant::OwnedObjectPath {
        zvariant::OwnedObjectPath::try_from(USER_PATH).expect("a path")
    }

    fn inhibit(&self, what: &str, who: &str, _why: &str, mode: &str) -> zvariant::OwnedFd {
        assert_eq!((what, who, mode), ("sleep", "Ingle", "delay"));
        let (reader, writer) = std::io::pipe().expect("a pipe");
        self.0.lock().expect("whole").push(reader);
        OwnedFd::from(writer).into()
    }
}

struct User;

#[zbus::interface(name = "org.freedesktop.login1.User")]
impl User {
    #[zbus(property)]
    fn display(&self) -> (String, zvariant::OwnedObjectPath) {
        ("1".into(), zvariant::OwnedObjectPath::try_from(SESSION.0).expect("a path"))
    }
}

struct Session(Arc<AtomicBool>);

#[zbus::interface(name = "org.freedesktop.login1.Session")]
impl Session {
    #[zbus(property)]
    fn locked_hint(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    #[zbus(property)]
    fn idle_hint(&self) -> bool {
        false
    }
}

/// A bus with a logind on it.
struct Computer {
    bus: Child,
    address: String,
    connection: Connection,
    is_locked: Arc<AtomicBool>,
    held: Held,
}

impl Computer {
    fn start() -> Self {
        let mut command = Command::new("dbus-daemon");
        command.args(["--session", "--nofork", "--print-address=1"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut bus = command.spawn().expect("dbus is installed");
        let mut address = String::new();
        BufReader::new(bus.stdout.take().expect("a pipe")).read_line(&mut address).expect("it says where it is");
        let address = address.trim().to_owned();
        let (is_locked, held) = (Arc::new(AtomicBool::new(false)), Held::default());
        let connection = Builder::address(address.as_str())
            .and_then(|builder| builder.serve_at(MANAGER.0, Manager(Arc::clone(&held))))
            .and_then(|builder| builder.serve_at(USER_PATH, User))
            .and_then(|builder| builder.serve_at(SESSION.0, Session(Arc::clone(&is_locked))))
            .and_then(|builder| builder.name("org.freedesktop.login1"))
            .and_then(Builder::build)
            .expect("the bus takes it");
        Self { bus, address, connection, is_locked, held }
    }

    fn tell(
        &self,
        (path, interface): (&str, &str),
        name: &str,
        body: &(impl serde::Serialize + zvariant::DynamicType),
    ) {
        self.connection.emit_signal(None::<&str>, path, interface, name, body).expect("the bus takes it");
    }

    fn lock_screen(&self, is_locked: bool) {
        self.is_locked.store(is_locked, Ordering::SeqCst);
        let changed = HashMap::from([("LockedHint", zvariant::Value::from(is_locked))]);
        let body = (SESSION.1, changed, Vec::<&str>::new());
        self.tell((SESSION.0, "org.freedesktop.DBus.Properties"), "PropertiesChanged", &body);
    }

    /// Waits until the daemon holds up sleep for the time of that number, from 1.
    fn wait_until_held(&self, times: usize) {
        until("sleep is held up", || self.held.lock().expect("whole").len() == times);
    }

    /// Says that sleep comes, and waits until the daemon lets it.
    fn sleep(&self) {
        self.tell(MANAGER, "PrepareForSleep", &(true,));
        let mut held = self.held.lock().expect("whole").pop().expect("it is held up");
        let mut end = Vec::new();
        held.read_to_end(&mut end).expect("the other end is closed");
        self.held.lock().expect("whole").push(held);
    }

    fn wake(&self) {
        self.tell(MANAGER, "PrepareForSleep", &(false,));
    }
}

impl Drop for Computer {
    fn drop(&mut self) {
        drop(self.bus.kill());
        drop(self.bus.wait());
    }
}

fn ask(home: &Home, request: Request) -> Value {
    let mut caller = Caller::of(home).expect("its daemon is there").0;
    caller.send(request).expect("it listens");
    match caller.hear() {
        Heard::Answer(value) => value,
        other => panic!("{other:?}"),
    }
}

fn check_in(home: &Home, cause: &str) -> Saved {
    let draft = CheckInDraft { cause: Some(cause.into()), ..CheckInDraft::default() };
    serde_json::from_value(ask(home, Request::CheckIn { draft })).expect("it says what it kept")
}

fn state(home: &Home) -> JournalState {
    Caller::of(home).expect("its daemon is there").1.journal
}

#[test]
fn the_journal_is_locked_with_the_screen_and_before_sleep_and_opens_with_the_screen() {
    let computer = Computer::start();
    let mut home = Home::with_journal("laptop");
    home.set("DBUS_SYSTEM_BUS_ADDRESS", &computer.address);
    let _daemon = home.start_daemon();
    computer.wait_until_held(1);
    let mut events = home.watch();
    let mut next = |told: &str| {
        let event = events.next_where(|event| event["event"] == "journal");
        assert_eq!(event["state"], told);
    };

    assert!(!check_in(&home, "before").waiting);
    computer.lock_screen(true);
    next("locked");
    assert!(check_in(&home, "behind the screen").waiting);
    computer.lock_screen(false);
    next("open");
    assert_eq!(home.list().len(), 2);

    // As `loginctl lock-session` asks for it.
    computer.tell(SESSION, "Lock", &());
    next("locked");
    computer.tell(SESSION, "Unlock", &());
    next("open");

    computer.sleep();
    assert_eq!(state(&home), JournalState::Locked);
    next("locked");
    computer.wake();
    next("open");
    computer.wait_until_held(2);

    // The screen doesn't open what was locked by hand.
    ask(&home, Request::Lock {});
    next("locked");
    computer.lock_screen(true);
    computer.lock_screen(false);
    computer.sleep();
    computer.wake();
    computer.wait_until_held(3);
    assert_eq!(state(&home), JournalState::Locked);
    ask(&home, Request::Unlock { passphrase: None });
    next("open");

    ask(&home, Request::SetLockSettings { settings: LockSettings { with_screen: false } });
    computer.lock_screen(true);
    computer.sleep();
    assert_eq!(state(&home), JournalState::Open);
    ask(&home, Request::Lock {});
    next("locked");
}

#[test]
fn a_daemon_that_starts_behind_a_locked_screen_locks_its_journal() {
    let computer = Computer::start();
    computer.lock_screen(true);
    let mut home = Home::with_journal("laptop");
    home.set("DBUS_SYSTEM_BUS_ADDRESS", &computer.address);
    let _daemon = home.start_daemon();
    until("the journal is locked", || state(&home) == JournalState::Locked);
    computer.lock_screen(false);
    until("the journal is open", || state(&home) == JournalState::Open);
}
