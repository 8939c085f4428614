//! Two paired devices on this machine: how long a save takes, when it shows on the other one, how quickly the daemon starts.

use std::{
    cell::RefCell,
    fs::OpenOptions,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::Stdio,
    sync::mpsc,
    time::{Duration, Instant},
};

use ingle_api::{
    Client, Places, Request,
    request::{ListQuery, Saved},
};
use ingle_model::{CheckInDraft, EntryView, check_in::FeelingDraft};
use ingle_tests::programs::{Daemon, Home, meet, pair, program, until};
use serde_json::{Value, json};

use crate::{Figures, median, milliseconds, percentile, process, rounded, say};

const SAVES: usize = 1_000;
const COMMANDS: usize = 50;
const STARTS: usize = 20;
const IDLE: Duration = Duration::from_secs(60);

/// What the disk alone takes: 200 times 4 KiB at the end of a file, synced.
pub fn fdatasync(folder: &Path) -> Duration {
    let path = folder.join("fdatasync");
    let mut file = OpenOptions::new().create(true).append(true).open(&path).expect("a file in the folder");
    let once = |_| {
        file.write_all(&[7; 4096]).expect("there is room");
        let begun = Instant::now();
        file.sync_data().expect("it can be synced");
        begun.elapsed()
    };
    let times = (0..200).map(once).collect();
    std::fs::remove_file(path).expect("it is ours");
    median(times)
}

/// A laptop and a desktop, both with their daemons.
pub struct Pair {
    pub laptop: Home,
    desktop: Home,
    daemons: RefCell<[Option<Daemon>; 2]>,
    runtime: tokio::runtime::Runtime,
}

impl Pair {
    pub fn new() -> Self {
        say("two devices are paired");
        let (laptop, desktop) = (Home::with_journal("laptop"), Home::new());
        let daemon = laptop.start_daemon();
        pair(&laptop, &desktop, "desktop");
        desktop.ingle(&["stop"]).ok();
        let daemons = RefCell::new([Some(daemon), Some(desktop.start_daemon())]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let pair = Self { laptop, desktop, daemons, runtime };
        pair.wait_for_link();
        pair
    }

    fn wait_for_link(&self) {
        until("the devices are linked", || {
            let devices = self.laptop.ingle(&["devices", "--json"]).json();
            devices.as_array().is_some_and(|devices| devices.iter().any(|device| device["linked"] == true))
        });
    }

    pub fn daemon_pid(&self) -> u32 {
        self.daemons.borrow()[0].as_ref().expect("it runs").pid()
    }

    fn client(&self) -> Client {
        let places = Places::under(self.laptop.path());
        let connected = self.runtime.block_on(Client::connect(&places, "bench"));
        connected.unwrap_or_else(|_| panic!("the daemon takes callers")).0
    }

    fn save(&self, client: &mut Client, number: usize) -> String {
        let request = Request::CheckIn { draft: draft(number) };
        self.runtime.block_on(client.call::<Saved>(request)).expect("it is saved").id.to_string()
    }

    /// The time until a save is acknowledged, and until a line about it was read from the other daemon.
    pub fn saves(&self, figures: &mut Figures) {
        say("saves are acknowledged and become visible");
        let mut client = self.client();
        let arrivals = self.watch_desktop();
        let (mut acknowledged, mut visible) = (Vec::new(), Vec::new());
        for number in 0..SAVES {
            let begun = Instant::now();
            let id = self.save(&mut client, number);
            acknowledged.push(begun.elapsed());
            let arrived = loop {
                let (at, line) = arrivals.recv().expect("the other daemon tells");
                if line.contains(&id) {
                    break at;
                }
            };
            visible.push(arrived.duration_since(begun));
        }
        figures.insert("append_ack_ms", milliseconds(median(acknowledged)));
        figures.insert("visible_ms_p50", milliseconds(percentile(visible.clone(), 50)));
        figures.insert("visible_ms_p99", milliseconds(percentile(visible, 99)));
        say("the command line saves");
        let command = |number| {
            let begun = Instant::now();
            self.laptop.check_in(&format!("by the command line, {number}"));
            begun.elapsed()
        };
        figures.insert("append_cli_ms", milliseconds(median((0..COMMANDS).map(command).collect())));
    }

    /// Lines of the desktop's watch, with the instant at which each was read.
    fn watch_desktop(&self) -> mpsc::Receiver<(Instant, String)> {
        let mut command = self.desktop.command(&["watch", "--json"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        // It has begun.
        lines.next().expect("a line").expect("readable");
        let (send, arrivals) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if send.send((Instant::now(), line)).is_err() {
                    break;
                }
            }
            drop(child.kill());
            drop(child.wait());
        });
        arrivals
    }

    /// From the start of the process to an answer that holds the newest entry.
    pub fn start(&self, figures: &mut Figures) {
        say("the daemon starts");
        let newest = self.laptop.list()[0]["id"].clone();
        let once = |_| {
            if let Some(daemon) = self.daemons.borrow_mut()[0].take() {
                self.laptop.ingle(&["stop"]).ok();
                daemon.wait();
            }
            let begun = Instant::now();
            let daemon = self.laptop.start_daemon();
            let list = self.runtime.block_on(async {
                let places = Places::under(self.laptop.path());
                let (mut client, _) =
                    Client::connect(&places, "bench").await.unwrap_or_else(|_| panic!("the daemon takes callers"));
                let query = ListQuery { limit: Some(1), ..ListQuery::default() };
                client.call::<Vec<EntryView>>(Request::List { query }).await.expect("it answers")
            });
            let took = begun.elapsed();
            assert_eq!(json!(list[0].id), newest);
            self.daemons.borrow_mut()[0] = Some(daemon);
            took
        };
        figures.insert("start_young_ms", milliseconds(median((0..STARTS).map(once).collect())));
        figures.insert("start_key", Value::from("a file beside the journal"));
        figures.insert("start_caches", Value::from("warm"));
        figures.insert("entries", Value::from(self.laptop.list().len()));
        self.wait_for_link();
        meet([&self.laptop, &self.desktop]);
    }

    /// A minute in which nobody does anything.
    pub fn idle(&self, figures: &mut Figures) {
        say("a minute of quiet");
        // What a pause brings with it is done.
        std::thread::sleep(Duration::from_secs(10));
        let pid = self.daemon_pid();
        let before = process::wakeups(pid);
        let writes = process::writes(self.laptop.path(), IDLE);
        let after = process::wakeups(pid);
        let wakeups = before.zip(after).map(|(before, after)| after - before);
        figures.insert("idle_wakeups_per_min", wakeups.into());
        figures.insert("idle_writes_per_min", writes.into());
        figures.insert("daemon_rss_mib", process::resident_mib(pid).map_or(Value::Null, rounded));
        let size = std::fs::metadata(program("ingled")).map(|file| file.len()).ok();
        figures.insert("daemon_program_bytes", size.into());
    }
}

pub fn draft(number: usize) -> CheckInDraft {
    let feelings = Some(vec![FeelingDraft { word: "hurt".into(), intensity: Some(70) }]);
    let cause = Some(format!("Nobody answered, for the {number}th time, and the evening is long."));
    CheckInDraft { feelings, cause, ..CheckInDraft::default() }
}
