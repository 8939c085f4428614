//! Ten years of entries on one device: how quickly the daemon starts on them, finds in them, opens a letter, hands them to a new
//! device, and what they take.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use ingle_api::{
    Client, Places, Request, Status,
    request::{ListQuery, Saved},
};
use ingle_model::{EntryId, EntryKind, EntryView};
use ingle_tests::{
    decade::{self, Share, words},
    programs::{Daemon, Home},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::{Figures, journal::draft, median, milliseconds, process, rounded, say};

const SEED: u64 = 10;
const STARTS: usize = 20;
const LISTS: usize = 100;
const SEARCHES: usize = 20;
const LETTERS: usize = 20;
const SAVES: usize = 300;
/// As many as a window shows at once.
const PAGE: usize = 50;
const JOIN_LIMIT: Duration = Duration::from_secs(600);
/// What a pause brings with it is done then.
const QUIET: Duration = Duration::from_secs(10);

/// A device with its daemon.
struct Device {
    home: Home,
    daemon: Daemon,
}

pub fn measure(figures: &mut Figures) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let home = Home::with_journal("laptop");
    home.ingle(&["stop"]).ok();
    say("ten years are written");
    let begun = Instant::now();
    let plan = decade::plan(SEED, Share::TEN_YEARS, Timestamp::now() - SignedDuration::from_mins(1));
    let ids = decade::writing::write(&home, &plan, SEED);
    say(&format!("{} entries in {} s", ids.len(), begun.elapsed().as_secs()));
    figures.insert("disk_mib", rounded(mib(&home.journal_dir())));

    let laptop = starts(&runtime, home, figures);
    reads(&runtime, &laptop, figures);
    saves(&runtime, &laptop, figures);
    let desktop = join(&runtime, &laptop, figures);
    say("quiet after ten years");
    std::thread::sleep(QUIET);
    let resident = |device: &Device| process::resident_mib(device.daemon.pid()).map_or(Value::Null, rounded);
    figures.insert("decade_rss_mib", resident(&laptop));
    figures.insert("joined_rss_mib", resident(&desktop));
}

/// From the start of the process to an answer that holds the newest entry.
fn starts(runtime: &Runtime, home: Home, figures: &mut Figures) -> Device {
    say("the daemon starts on ten years");
    let mut times = Vec::new();
    loop {
        let begun = Instant::now();
        let daemon = home.start_daemon();
        let newest = list(runtime, &mut client(runtime, &home), ListQuery { limit: Some(1), ..ListQuery::default() });
        times.push(begun.elapsed());
        assert_eq!(newest.len(), 1);
        if times.len() == STARTS {
            figures.insert("start_ms", milliseconds(median(times)));
            return Device { home, daemon };
        }
        home.ingle(&["stop"]).ok();
        daemon.wait();
    }
}

fn reads(runtime: &Runtime, laptop: &Device, figures: &mut Figures) {
    say("ten years are looked through");
    let mut client = client(runtime, &laptop.home);
    let mut timed = |query: &ListQuery| {
        let begun = Instant::now();
        let found = list(runtime, &mut client, query.clone());
        (begun.elapsed(), found)
    };
    let search = |word: &str| ListQuery { words: vec![word.into()], limit: Some(PAGE), ..ListQuery::default() };
    // Whoever searches, searches once: the first time counts for itself.
    let (first, found) = timed(&search(words::RARE));
    assert_eq!(found.len(), 2);
    figures.insert("search_first_ms", milliseconds(first));
    let page = ListQuery { limit: Some(PAGE), ..ListQuery::default() };
    let times = (0..LISTS).map(|_| timed(&page).0).collect();
    figures.insert("timeline_ms", milliseconds(median(times)));
    let mut worst = Duration::ZERO;
    for (word, key) in
        [(words::RARE, "search_rare_ms"), (words::COMMON, "search_common_ms"), (words::NONE, "search_none_ms")]
    {
        let took = median((0..SEARCHES).map(|_| timed(&search(word)).0).collect());
        figures.insert(key, milliseconds(took));
        worst = worst.max(took);
    }
    figures.insert("search_ms", milliseconds(worst));

    let three_years_ago = (Timestamp::now() - SignedDuration::from_hours(3 * 365 * 24)).as_millisecond();
    let old = ListQuery {
        until_ms: Some(three_years_ago),
        kind: Some(EntryKind::Letter),
        limit: Some(LETTERS),
        ..ListQuery::default()
    };
    let letters: Vec<EntryId> = timed(&old).1.iter().map(|view| view.id).collect();
    assert_eq!(letters.len(), LETTERS);
    let open = |id: &EntryId| {
        let begun = Instant::now();
        let view: EntryView = runtime.block_on(client.call(Request::Show { id: *id })).expect("it is there");
        let took = begun.elapsed();
        assert!(view.letter.is_some_and(|letter| letter.chars > 1_000));
        took
    };
    figures.insert("open_letter_ms", milliseconds(median(letters.iter().map(open).collect())));
}

/// In turns with a journal that has nothing in it, so that the disk is the same.
fn saves(runtime: &Runtime, laptop: &Device, figures: &mut Figures) {
    say("saves on top of ten years, and of nothing");
    let empty = Home::with_journal("empty");
    let daemon = empty.start_daemon();
    let mut clients = [&laptop.home, &empty].map(|home| client(runtime, home));
    let mut times = [Vec::new(), Vec::new()];
    for number in 0..SAVES {
        for (client, times) in clients.iter_mut().zip(&mut times) {
            let begun = Instant::now();
            runtime.block_on(client.call::<Saved>(Request::CheckIn { draft: draft(number) })).expect("it is saved");
            times.push(begun.elapsed());
        }
    }
    drop(clients);
    daemon.kill();
    let [full, empty] = times.map(median);
    figures.insert("decade_append_ack_ms", milliseconds(full));
    figures.insert("empty_append_ack_ms", milliseconds(empty));
    figures.insert("append_ratio", rounded(full.as_secs_f64() / empty.as_secs_f64()));
}

/// From the use of the ticket until all is there, over loopback.
fn join(runtime: &Runtime, laptop: &Device, figures: &mut Figures) -> Device {
    say("a new device joins");
    let home = Home::new();
    // It makes its journal in a home whose daemon runs already, as on a desktop.
    let daemon = home.start_daemon();
    let mut inviting = laptop.home.lines(&["pair", "--yes", "--json"]);
    let ticket = inviting.next()["ticket"].as_str().expect("a ticket").to_owned();
    let begun = Instant::now();
    home.ingle(&["join", &ticket, "--name", "desktop", "--yes", "--key-file", "--json"]).ok();
    let wanted = loop {
        // Asked anew each time: the new device's name comes here meanwhile.
        let (wanted, there) = (status(runtime, &laptop.home), status(runtime, &home));
        if there.entries == wanted.entries && there.heads == wanted.heads {
            break wanted;
        }
        assert!(begun.elapsed() < JOIN_LIMIT, "{:?} of {:?} entries came", there.entries, wanted.entries);
        std::thread::sleep(Duration::from_millis(50));
    };
    figures.insert("join_all_ms", milliseconds(begun.elapsed()));
    figures.insert("decade_entries", wanted.entries.into());
    Device { home, daemon }
}

fn client(runtime: &Runtime, home: &Home) -> Client {
    let connected = runtime.block_on(Client::connect(&Places::under(home.path()), "bench"));
    connected.unwrap_or_else(|_| panic!("the daemon takes callers")).0
}

fn list(runtime: &Runtime, client: &mut Client, query: ListQuery) -> Vec<EntryView> {
    runtime.block_on(client.call(Request::List { query })).expect("it answers")
}

fn status(runtime: &Runtime, home: &Home) -> Status {
    runtime.block_on(client(runtime, home).call(Request::Status {})).expect("it answers")
}

/// All files of a folder together.
fn mib(folder: &Path) -> f64 {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let bytes: u64 = entries.filter_map(|entry| Some(entry.metadata().ok()?.len())).sum();
    // Exact for every disk that there is.
    f64::from(u32::try_from(bytes / 1024).expect("less than 4 TiB")) / 1024.0
}
