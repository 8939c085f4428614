//! `ingle-tray`: the icon in the panel.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use ingle_api::Places;

/// The icon in the panel of Ingle, an encrypted journal for the time after a no.
#[derive(Debug, Parser)]
#[command(name = "ingle-tray", version)]
struct Arguments {
    /// The folder of the journal, instead of the usual place.
    #[arg(long)]
    home: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    shed_passphrase();
    match Places::find(arguments.home.as_deref()).and_then(ingle_tray::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {}\nhint: {}", failure.message, failure.hint);
            ExitCode::from(failure.kind.exit_code())
        }
    }
}

/// The icon needs no passphrase, and it lives for days: its environment, which the system shows, is to hold none. Only a start
/// of the program anew takes a variable out of it.
#[cfg(unix)]
fn shed_passphrase() {
    use std::{env, os::unix::process::CommandExt, process::Command};
    if env::var_os("INGLE_PASSPHRASE").is_some()
        && let Ok(own) = env::current_exe()
    {
        // Returns only if it can't be done; then the icon is worth more than the tidiness.
        drop(Command::new(own).args(env::args_os().skip(1)).env_remove("INGLE_PASSPHRASE").exec());
    }
}

#[cfg(not(unix))]
fn shed_passphrase() {}
