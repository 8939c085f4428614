//! Nothing that a person writes, and no name of theirs, can be read outside of the processes that show it to them: canaries in
//! every field are looked for in the files, the write-ahead log, the packets on the cable, the log, the core file, the arguments
//! and the environment of every process, as UTF-8, UTF-16, Base64 and hex.
//!
//! The control: the same search over the same things, with a daemon that seals nothing, has to find every one of them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use data_encoding::{BASE32_NOPAD, BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use ingle_model::LetterDraft;
use ingle_tests::{
    editor::Editor,
    namespaces::Namespaces,
    programs::{Home, meet, program, until},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

/// Words that are nowhere by chance, each at the place that it is named after.
struct Canaries(Vec<(&'static str, String)>);

impl Canaries {
    fn new() -> Self {
        let places = [
            "own word",
            "own place",
            "own quality",
            "cause",
            "thought",
            "urge",
            "tag",
            "edited cause",
            "name of the laptop",
            "name of the desktop",
            "letter",
            "voice",
            "edited letter",
            "draft of a letter",
            "written while locked",
            "passphrase",
        ];
        let word = |place: &'static str| {
            let mut random = [0; 20];
            getrandom::fill(&mut random).expect("the system has randomness");
            (place, BASE32_NOPAD.encode(&random).to_lowercase())
        };
        Self(places.map(word).into())
    }

    fn of(&self, place: &str) -> &str {
        &self.0.iter().find(|(name, _)| *name == place).expect("there is one").1
    }

    /// Which of them are in the bytes, in whatever form.
    fn found_in(&self, bytes: &[u8]) -> BTreeSet<&'static str> {
        let is_in = |(_, word): &&(&str, String)| forms(word).iter().any(|form| contains(bytes, form));
        self.0.iter().filter(is_in).map(|(place, _)| *place).collect()
    }
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find(bytes, word).is_some()
}

fn forms(word: &str) -> Vec<Vec<u8>> {
    let plain = word.as_bytes();
    let mut forms = vec![
        plain.to_vec(),
        word.to_uppercase().into_bytes(),
        word.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        word.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        HEXLOWER.encode(plain).into_bytes(),
        HEXUPPER.encode(plain).into_bytes(),
    ];
    // Base64 depends on where in the encoded bytes the word begins; its edges depend on its neighbours.
    for shift in 0..3 {
        for encoding in [&BASE64, &BASE64URL] {
            let encoded = encoding.encode(&[&vec![0; shift][..], plain].concat());
            forms.push(encoded.as_bytes()[4..encoded.len() - 4].to_vec());
        }
    }
    forms
}

/// What was looked at, and which canaries were in it.
#[derive(Default)]
struct Search(Vec<(String, BTreeSet<&'static str>)>);

impl Search {
    fn look_at(&mut self, what: impl Into<String>, bytes: &[u8], canaries: &Canaries) {
        self.0.push((what.into(), canaries.found_in(bytes)));
    }

    /// Every file below the folder, by its name as well.
    fn look_below(&mut self, folder: &Path, canaries: &Canaries) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            self.look_at(format!("the name of {}", path.display()), path.as_os_str().as_encoded_bytes(), canaries);
            if path.is_dir() {
                self.look_below(&path, canaries);
            } else if path.is_file() {
                self.look_at(path.display().to_string(), &fs::read(&path).expect("readable"), canaries);
            }
        }
    }

    /// Arguments and environment of every process that may be looked at, but for those of this test and the commands it gives.
    fn look_at_processes(&mut self, canaries: &Canaries) {
        for entry in fs::read_dir("/proc").expect("proc is mounted") {
            let path = entry.expect("an entry").path();
            let command = fs::read_to_string(path.join("comm")).unwrap_or_default();
            if !command.starts_with("ingled") {
                continue;
            }
            for what in ["cmdline", "environ"] {
                // Those of a process that is closed to others can't be read, and that is as good.
                if let Ok(bytes) = fs::read(path.join(what)) {
                    self.look_at(format!("{what} of {}", command.trim()), &bytes, canaries);
                }
            }
        }
    }

    fn found(&self) -> BTreeSet<&'static str> {
        self.0.iter().flat_map(|(_, found)| found.iter().copied()).collect()
    }

    fn assert_nothing_was_found(&self) {
        assert!(self.0.len() > 20, "hardly anything was looked at");
        for (what, found) in &self.0 {
            assert!(found.is_empty(), "{found:?} can be read in {what}");
        }
    }
}

/// Somebody who listens on the cable.
struct Listener {
    tcpdump: Child,
    file: PathBuf,
}

impl Listener {
    fn start(net: &Namespaces, folder: &Path) -> Self {
        let file = folder.join("packets");
        let within = net.within(0);
        let tcpdump = Command::new(&within[0])
            .args(&within[1..])
            .args(["tcpdump", "--immediate-mode", "-U", "-Z", "root", "-i", "end0", "-w"])
            .arg(&file)
            .stderr(Stdio::null())
            .spawn()
            .expect("tcpdump is installed");
        // Its header is there as soon as it listens.
        until("tcpdump listens", || fs::metadata(&file).is_ok_and(|file| file.len() >= 24));
        Self { tcpdump, file }
    }

    fn end(mut self) -> Vec<u8> {
        let pid = Pid::from_child(&self.tcpdump);
        kill_process(pid, Signal::TERM).expect("it runs");
        self.tcpdump.wait().expect("it ends");
        fs::read(&self.file).expect("it has written")
    }
}

/// Two devices, every field filled, edited, deleted, synced, a letter in the journal and one in an editor; then everything is looked
/// at.
fn live_and_search(programs: Option<&Path>) -> Search {
    let (canaries, net, mut search) = (Canaries::new(), Namespaces::new(), Search::default());
    let outside = tempfile::tempdir().expect("a folder");
    let listener = Listener::start(&net, outside.path());
    let [mut laptop, mut desktop] = [0, 1].map(|end| Home::within(&net.within(end)));
    for home in [&mut laptop, &mut desktop] {
        if let Some(programs) = programs {
            home.use_programs(programs);
        }
        home.set("INGLE_PASSPHRASE", canaries.of("passphrase"));
        home.run_in(outside.path());
    }
    // Names of devices are given as arguments: they are part of the command, not of the journal, until it has them.
    laptop.ingle(&["init", "--name", canaries.of("name of the laptop"), "--passphrase"]).ok();
    let mut inviting = laptop.lines(&["pair", "--yes", "--json"]);
    let ticket = inviting.next()["ticket"].as_str().expect("a ticket").to_owned();
    let name = canaries.of("name of the desktop");
    desktop.ingle(&["join", &ticket, "--name", name, "--yes", "--passphrase", "--json"]).ok();
    inviting.next();

    let entry = json!({
        "feelings": [{"word": canaries.of("own word"), "intensity": 70}],
        "body": [{"place": canaries.of("own place"), "quality": canaries.of("own quality"), "strongest": true}],
        "cause": canaries.of("cause"), "thought": canaries.of("thought"), "urge": canaries.of("urge"),
        "tags": [canaries.of("tag")],
    });
    let keep = |home: &Home, arguments: &[&str], entry: &serde_json::Value| {
        home.ingle_with(arguments, entry.to_string().as_bytes()).json()["id"].as_str().expect("an id").to_owned()
    };
    let id = keep(&laptop, &["check-in", "--stdin-json", "--json"], &entry);
    keep(&laptop, &["edit", &id, "--stdin-json", "--json"], &json!({"cause": canaries.of("edited cause")}));
    let gone = keep(&desktop, &["check-in", "--stdin-json", "--json"], &entry);
    meet([&laptop, &desktop]);
    desktop.ingle(&["delete", &gone]).ok();
    let (list, _) = meet([&laptop, &desktop]);
    assert_eq!((list.len(), &list[0]["cause"]), (1, &json!(canaries.of("edited cause"))));
    let letter = json!({"text": canaries.of("letter"), "voice": canaries.of("voice")});
    let letter = keep(&laptop, &["letter", "--stdin-json", "--json"], &letter);
    let edited = json!({"text": canaries.of("edited letter")});
    keep(&laptop, &["letter", "edit", &letter, "--stdin-json", "--json"], &edited);
    meet([&laptop, &desktop]);
    // What can't be done is told without the words.
    let refused = laptop.ingle_with(
        &["check-in", "--stdin-json"],
        json!({"cause": canaries.of("cause"), "at": canaries.of("tag")}).to_string().as_bytes(),
    );
    assert_ne!(refused.code, 0);
    search.look_at("an error", refused.err.as_bytes(), &canaries);

    // Written while the journal is locked, and looked at while it waits. With the passphrase at hand it would be unlocked for it.
    laptop.ingle(&["lock"]).ok();
    laptop.set("INGLE_PASSPHRASE", "");
    let waiting = json!({"cause": canaries.of("written while locked")}).to_string();
    let kept = laptop.ingle_with(&["check-in", "--stdin-json", "--json"], waiting.as_bytes()).json();
    assert_eq!(kept["waiting"], true, "{kept}");
    search.look_below(laptop.path(), &canaries);
    laptop.set("INGLE_PASSPHRASE", canaries.of("passphrase"));
    laptop.ingle(&["unlock"]).ok();
    // In an editor, and in no letter yet.
    let mut editor = Editor::open(&laptop, None);
    let draft = LetterDraft { text: Some(canaries.of("draft of a letter").to_owned()), ..LetterDraft::default() };
    editor.keep(draft).expect("it is kept");

    search.look_at_processes(&canaries);
    search.look_below(laptop.path(), &canaries);
    search.look_below(desktop.path(), &canaries);
    // One is made to dump its memory, the other ends well.
    let daemon = laptop.status()["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    let daemon = daemon.expect("a daemon runs");
    if programs.is_none() {
        let limits = fs::read_to_string(format!("/proc/{}/limits", daemon.as_raw_nonzero())).expect("readable");
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("there is a limit");
        assert_eq!(core.split_whitespace().filter(|word| *word == "0").count(), 2, "{core}");
    }
    kill_process(daemon, Signal::ABORT).expect("it is ours");
    until("the daemon is gone", || laptop.status()["pid"].is_null());
    desktop.ingle(&["stop"]).ok();
    for home in [&laptop, &desktop] {
        search.look_below(home.path(), &canaries);
    }
    search.look_at("the packets", &listener.end(), &canaries);
    // Core files are written into the folder that a program was started in.
    search.look_below(outside.path(), &canaries);
    search
}

#[test]
fn no_word_and_no_name_can_be_read_outside() {
    live_and_search(None).assert_nothing_was_found();
}

#[test]
fn the_same_search_finds_every_word_where_nothing_is_sealed() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::copy(program("ingle"), folder.path().join("ingle")).expect("copied");
    fs::copy(program("ingled-unsealed"), folder.path().join("ingled")).expect("copied");
    let found = live_and_search(Some(folder.path())).found();
    let all: BTreeSet<&str> =
        Canaries::new().0.into_iter().map(|(place, _)| place).filter(|place| *place != "passphrase").collect();
    let missing: Vec<_> = all.difference(&found).collect();
    assert!(missing.is_empty(), "the search is blind for {missing:?}");
}
