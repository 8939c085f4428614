//! The program around the daemon: its arguments, its one-shots, and how it says that something went wrong.
//!
//! `ingled` runs the daemon, `ingled init` makes a journal, `ingled status` tells how a home stands without opening it. Errors are
//! two lines, `error: ..` and `hint: ..`, with [`FailureKind`]'s exit codes.

use std::{io::Write, path::PathBuf, process::ExitCode, sync::Arc};

use clap::{Args, Parser, Subcommand, ValueEnum};
use ingle_api::{Failure, FailureKind, Lock, Places, Status, status::JournalState};
use ingle_model::Label;
use serde_json::json;

use crate::{
    Options, autostart, doctor, failures, home, instance,
    instance::Instance,
    keychain::{SystemKeychain, WITH_DIALOG},
    passphrase, platform, socket,
    store::Pragmas,
};

#[derive(Debug, Parser)]
#[command(
    name = "ingled",
    version,
    about = "Keeps the journal of Ingle; started by \"ingle\" when it is needed",
    args_conflicts_with_subcommands = true
)]
struct Arguments {
    #[command(flatten)]
    daemon: Daemon,
    #[command(subcommand)]
    one_shot: Option<OneShot>,
}

#[derive(Debug, Args)]
struct Daemon {
    #[command(flatten)]
    home: Home,
    /// Print "ready" when requests are taken, or the two lines of an error, on the standard output, and close it
    #[arg(long)]
    announce: bool,
    /// The first line of the standard input opens the journal
    #[arg(long)]
    passphrase_stdin: bool,
}

#[derive(Debug, Args)]
struct Home {
    /// Keep everything of this device under one folder; otherwise INGLE_HOME, or the places of the system
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum OneShot {
    /// Make a journal; a passphrase is one line on the standard input
    Init {
        #[command(flatten)]
        home: Home,
        /// What this device is called on the others; otherwise the computer's name
        #[arg(long)]
        name: Option<String>,
        #[arg(long, value_enum, default_value = "keychain")]
        lock: LockKind,
    },
    /// Tell how the home stands, without opening the journal
    Status {
        #[command(flatten)]
        home: Home,
        /// The same as without; there is only JSON
        #[arg(long)]
        json: bool,
    },
    /// Look at what Ingle needs around it: programs, keychain, notifications, panel, start at login
    Doctor {
        #[command(flatten)]
        home: Home,
        /// The same as without; there is only JSON
        #[arg(long)]
        json: bool,
    },
    /// Start Ingle at login, or not; tells what does as JSON
    Autostart {
        #[command(flatten)]
        home: Home,
        #[arg(value_enum, default_value = "status")]
        wish: AutostartWish,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AutostartWish {
    On,
    Off,
    Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LockKind {
    Keychain,
    Passphrase,
    /// A file that only this user can read; whoever copies the folder can read the journal
    KeyFile,
}

/// The whole program. Programs made for tests call it with weaker pragmas.
pub fn main(pragmas: Pragmas) -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if !error.use_stderr() => {
            // Help or version; whoever has closed the output doesn't want it.
            drop(error.print());
            return ExitCode::SUCCESS;
        }
        Err(_) => return complain(&misused(), false),
    };
    let announces = arguments.one_shot.is_none() && arguments.daemon.announce;
    match perform(arguments, pragmas) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => complain(&failure, announces),
    }
}

fn perform(arguments: Arguments, pragmas: Pragmas) -> Result<(), Failure> {
    if arguments.one_shot.is_none() {
        passphrase::leave_environment()?;
    }
    platform::harden();
    match arguments.one_shot {
        None => daemon(&arguments.daemon, pragmas),
        Some(OneShot::Init { home, name, lock }) => init(&home, name.as_deref(), lock, pragmas),
        Some(OneShot::Doctor { home, .. }) => print(&json!(doctor::checkup(&Places::find(home.home.as_deref())?))),
        Some(OneShot::Autostart { home, wish }) => print(&json!(match wish {
            AutostartWish::On => autostart::on(&Places::find(home.home.as_deref())?)?,
            AutostartWish::Off => autostart::off()?,
            AutostartWish::Status => autostart::status()?,
        })),
        Some(OneShot::Status { home, .. }) => print(&json!(status(&Places::find(home.home.as_deref())?))),
    }
}

fn daemon(arguments: &Daemon, pragmas: Pragmas) -> Result<(), Failure> {
    let places = Places::find(arguments.home.home.as_deref())?;
    let passphrase = if arguments.passphrase_stdin { passphrase::from_stdin()? } else { None };
    let options = Options { places, pragmas, keychain: Arc::new(SystemKeychain::new(WITH_DIALOG)), passphrase };
    let announces = arguments.announce;
    crate::run(options, || {
        if announces {
            announce();
        }
    })
}

/// Says that callers are taken, and lets go of the three standard streams, so that nobody waits for their end.
fn announce() {
    let mut output = std::io::stdout().lock();
    // Whoever started the daemon may have gone; it serves all the same.
    drop(writeln!(output, "ready").and_then(|()| output.flush()));
    drop(output);
    platform::let_go_of_streams();
}

fn init(home: &Home, name: Option<&str>, lock: LockKind, pragmas: Pragmas) -> Result<(), Failure> {
    let places = Places::find(home.home.as_deref())?;
    let name = match name {
        Some(name) => device_name(name)?,
        None => platform::computer_name(),
    };
    let (lock, kind) = match lock {
        LockKind::Keychain => (Lock::Keychain, "keychain"),
        LockKind::KeyFile => (Lock::KeyFile, "key-file"),
        LockKind::Passphrase => (Lock::Passphrase(passphrase::from_stdin_or_environment()?), "passphrase"),
    };
    socket::check_path(&places)?;
    let _instance = Instance::take(&places)?;
    let device = home::make(&places, pragmas, &name, &lock, Arc::new(SystemKeychain::new(WITH_DIALOG)))?;
    print(&json!({ "device": device, "name": name.as_str(), "lock": kind }))
}

/// A name that a person gave their device.
pub fn device_name(name: &str) -> Result<Label, Failure> {
    Label::new(name).map_err(|why| {
        Failure::new(
            FailureKind::Usage,
            format!("that name can't be used for this device: {why}"),
            "a short one such as \"laptop\" is enough",
        )
    })
}

fn status(places: &Places) -> Status {
    let (lock, failure) = home::lock_state(places);
    let mut notices = home::notices(&lock.key_slots);
    notices.extend(failure.map(|failure| failures::sentence(&failure)));
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        journal: lock.journal,
        device: None,
        entries: None,
        locked: lock.journal == JournalState::Locked,
        waiting: 0,
        key_slots: lock.key_slots,
        notices,
        sync: Vec::new(),
        heads: Vec::new(),
        pid: platform::is_listening(&places.socket_path()).then(|| instance::pid(&places.lock_path())).flatten(),
    }
}

fn print(value: &serde_json::Value) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{value}").map_err(|error| {
        Failure::new(
            FailureKind::Internal,
            format!("the answer could not be written: {}", error.kind()),
            "look where the output goes",
        )
    })
}

/// The two lines: on the standard output when the starter waits there for "ready".
fn complain(failure: &Failure, announces: bool) -> ExitCode {
    let lines = format!("error: {}\nhint: {}\n", failure.message, failure.hint);
    let written = if announces {
        std::io::stdout().write_all(lines.as_bytes())
    } else {
        std::io::stderr().write_all(lines.as_bytes())
    };
    // With nobody to read them the exit code says it.
    drop(written);
    ExitCode::from(failure.kind.exit_code())
}

/// Doesn't repeat what was typed: it may be a ticket, or words that were meant for `ingle`.
fn misused() -> Failure {
    Failure::new(FailureKind::Usage, "this command line can't be understood", "see \"ingled --help\"")
}
