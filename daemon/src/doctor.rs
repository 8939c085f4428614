//! `ingled doctor`: looks at what Ingle needs around it, and says what is missing and what to do. Changes nothing, asks the person
//! nothing, and needs neither a daemon nor a key.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use ingle_api::{
    Places,
    checkup::{Checkup, Finding, Part},
    status::KeySlot,
};

use crate::{autostart, home, platform};

#[cfg(target_os = "linux")]
pub(crate) mod desktop;

/// Below this the journal is in danger of not fitting some day soon: 200 MiB.
const LITTLE_ROOM: u64 = 200 << 20;
/// How long a program may take to tell its version.
const VERSION_LIMIT: Duration = Duration::from_secs(5);

/// Looks at everything. Takes a few seconds at most.
pub fn checkup(places: &Places) -> Checkup {
    let mut items = vec![programs(), folder(places)];
    items.extend(around(places));
    items.push(login());
    Checkup { version: env!("CARGO_PKG_VERSION").to_owned(), items }
}

#[cfg(target_os = "linux")]
fn around(places: &Places) -> Vec<Finding> {
    let file = home::look(&places.journal_dir()).ok().flatten();
    let device = file.as_ref().filter(|file| file.kinds().contains(&KeySlot::Keychain)).map(|file| file.device());
    desktop::look(device, file.is_some())
}

/// What the other systems have is there for every program.
#[cfg(not(target_os = "linux"))]
fn around(places: &Places) -> Vec<Finding> {
    let uses_keychain = home::lock_state(places).0.key_slots.contains(&KeySlot::Keychain);
    let keychain =
        if uses_keychain { "The journal's key is in the system's keychain." } else { "No keychain is needed." };
    vec![
        Finding::ok(Part::Keychain, keychain),
        Finding::ok(Part::Notifications, "The system shows notifications."),
        Finding::ok(Part::Tray, "The system shows icons."),
    ]
}

/// The programs beside this one, each of this version.
fn programs() -> Finding {
    let dir = autostart::program_dir();
    let (mut absent, mut other) = (Vec::new(), Vec::new());
    for name in ["ingle", "ingle-tray", "ingle-window"] {
        let path = dir.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        match version_of(&path) {
            None if !path.exists() => absent.push(name),
            Some(version) if version == env!("CARGO_PKG_VERSION") => {}
            _ => other.push(name),
        }
    }
    if !other.is_empty() {
        let what = format!("Of another version than the daemon, or not to be started: {}.", other.join(", "));
        return Finding::attention(Part::Programs, what, "Install all of Ingle's programs again, into one folder.");
    }
    if !absent.is_empty() {
        let what = format!("Not beside the daemon in {}: {}.", dir.display(), absent.join(", "));
        return Finding::missing(Part::Programs, what, "Install all of Ingle's programs into one folder.");
    }
    Finding::ok(Part::Programs, format!("All programs are of version {}.", env!("CARGO_PKG_VERSION")))
}

fn version_of(program: &Path) -> Option<String> {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let begun = Instant::now();
    while child.try_wait().ok()?.is_none() {
        if begun.elapsed() > VERSION_LIMIT {
            // One that doesn't end is as good as one that doesn't start.
            drop(child.kill());
            drop(child.wait());
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().ok()?;
    let told = String::from_utf8(output.stdout).ok()?;
    told.split_whitespace().nth(1).map(str::to_owned)
}

fn folder(places: &Places) -> Finding {
    let part = Part::JournalFolder;
    let journal = places.journal_dir();
    let dir: PathBuf = journal.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("/")).to_owned();
    if !platform::is_writable(&dir) {
        let what = format!("The folder {} can't be written to.", dir.display());
        return Finding::attention(part, what, "Make it writable for you, or name another one with --home.");
    }
    match platform::free_bytes(&dir) {
        Some(free) if free < LITTLE_ROOM => {
            let what = format!("There are {} MiB left on the disk of {}.", free >> 20, dir.display());
            Finding::attention(part, what, "Make room.")
        }
        _ if dir == journal => Finding::ok(part, format!("The journal is in {}.", journal.display())),
        _ => Finding::ok(part, format!("There is no journal yet; {} can be written to.", dir.display())),
    }
}

fn login() -> Finding {
    let part = Part::Login;
    match autostart::status() {
        Err(why) => Finding::attention(part, format!("{}.", why.message), format!("{}.", why.hint)),
        Ok(status) if !status.broken.is_empty() => {
            let what =
                format!("What starts Ingle at login names programs that aren't there: {}.", status.broken.join(", "));
            Finding::attention(part, what, "Set it up again with \"ingle autostart on\".")
        }
        Ok(status) if status.daemon || status.tray => Finding::ok(part, "Ingle starts when you log in."),
        Ok(_) => Finding::missing(
            part,
            "Ingle doesn't start by itself when you log in.",
            "If it should, run \"ingle autostart on\".",
        ),
    }
}
