//! The command line's form, and the two lines for one that has another.
//!
//! **Invariant:** no error repeats an argument's value: it may be a person's words, or a ticket.

use std::{ffi::OsString, path::PathBuf};

use clap::{
    Args, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};
use ingle_api::{Failure, FailureKind};

use crate::{
    around::AutostartCommand,
    fields::Fields,
    letter::LetterArguments,
    outcome::{Outcome, Stop},
    print,
    remind::RemindArguments,
};

/// A kind, encrypted journal for coping with rejection. Alone, "ingle" is a check-in by question and answer.
#[derive(Parser)]
#[command(name = "ingle", version, disable_help_subcommand = true)]
pub struct Arguments {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub command: Option<Command>,
}

const EVERYWHERE: &str = "With every command";

#[derive(Args)]
pub struct Globals {
    /// Keep everything of this device under one folder; otherwise INGLE_HOME, or the places of the system
    #[arg(long, global = true, value_name = "DIR", help_heading = EVERYWHERE)]
    pub home: Option<PathBuf>,
    /// Don't start the daemon when none is running
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub no_start: bool,
    /// Answer in JSON, one value a line
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub json: bool,
}

#[derive(Subcommand)]
pub enum Command {
    /// Make a journal on this device
    Init {
        /// What this device is called on the others; otherwise the computer's name
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        lock: LockFlags,
    },
    /// Keep what you feel; any one field is enough
    CheckIn {
        #[command(flatten)]
        fields: Fields,
    },
    /// Entries, newest first
    List {
        #[command(flatten)]
        filter: Filter,
    },
    /// One entry, whole
    Show {
        /// As "list" tells it
        id: String,
    },
    /// Change an entry: fields that are given replace what was there, "" clears one, the rest stays
    Edit {
        /// As "list" tells it
        id: String,
        #[command(flatten)]
        fields: Fields,
    },
    /// Put an entry in the trash
    Delete {
        /// As "list" tells it
        id: String,
    },
    /// Take back the newest save, change or deletion made here since the daemon started
    Undo,
    /// Entries that hold all of the words, newest first
    Search {
        /// Whatever their case and accents; several in quotes count as one
        words: Vec<String>,
        #[command(flatten)]
        filter: Filter,
    },
    /// Keep a letter to yourself; in a terminal alone it is written there, line by line
    Letter(LetterArguments),
    /// Reminders: those that there are, or what is to become of them
    Remind(RemindArguments),
    /// Show a ticket and wait for the other device
    Pair {
        /// Let the device that has the ticket in without asking
        #[arg(long)]
        yes: bool,
        /// Only tell a device that is paired already where this one is now
        #[arg(long)]
        readdress: bool,
    },
    /// Use the other device's ticket
    Join {
        /// The line that "ingle pair" shows there
        ticket: String,
        /// Join without asking
        #[arg(long)]
        yes: bool,
        /// What this device is called on the others; otherwise the computer's name
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        lock: LockFlags,
    },
    /// A line for everything that happens here or arrives
    Watch,
    /// This device and those it is paired with
    Devices,
    /// How things stand, whether or not the daemon runs
    Status,
    /// Open a locked journal
    Unlock,
    /// Lock the journal: its keys and words leave the memory
    Lock,
    /// Look at what Ingle needs around it: what is missing, and what to do
    Doctor,
    /// Start Ingle when you log in, or not
    Autostart {
        #[command(subcommand)]
        command: Option<AutostartCommand>,
    },
    /// End the daemon, after what is under way is on disk
    Stop,
    /// Whom to call when it is too much; needs no journal, and leaves no trace
    HelpNow {
        /// Two letters, such as DE; otherwise the country of LC_ALL or LANG
        #[arg(long, value_name = "XX")]
        country: Option<String>,
    },
}

// Of `list` and `search`; all that is given holds together.
#[derive(Args, Default)]
pub struct Filter {
    /// From when on: 2026-11-25, today, yesterday, 7d (seven days back), or a time like 2026-11-25T19:40:00+01:00
    #[arg(long, value_name = "D")]
    pub since: Option<String>,
    /// Until when; a day counts whole
    #[arg(long, value_name = "D")]
    pub until: Option<String>,
    /// Only this kind: check-in, letter
    #[arg(long)]
    pub kind: Option<String>,
    /// Only where this was felt: a word of Ingle's, or your own
    #[arg(long, value_name = "WORD")]
    pub feeling: Vec<String>,
    /// Only what has this tag
    #[arg(long)]
    pub tag: Vec<String>,
    /// At most so many; people are shown 20, programs all
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub limit: Option<usize>,
}

// Otherwise the system's keychain locks the journal. (A doc comment here would become the command's own help.)
#[derive(Args, Clone, Copy)]
pub struct LockFlags {
    /// Lock the journal by a passphrase: INGLE_PASSPHRASE, else asked for
    #[arg(long, conflicts_with = "key_file")]
    pub passphrase: bool,
    /// Keep the key in the clear beside the journal; whoever copies the folder can read it
    #[arg(long)]
    pub key_file: bool,
}

/// Reads the arguments. Prints the help or the version if that was asked for.
pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Outcome<Arguments> {
    Arguments::try_parse_from(arguments).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match print::line(error.to_string().trim_end()) {
            Ok(()) => Stop::Unheard,
            Err(stop) => stop,
        },
        _ => misused(&error).into(),
    })
}

fn misused(error: &clap::Error) -> Failure {
    let known = |kind| context(error, kind);
    let argument = || known(ContextKind::InvalidArg).unwrap_or_else(|| "an argument".into());
    let see = "see \"ingle --help\", or \"ingle check-in --help\" for one command".to_owned();
    let suggested = |form: &dyn Fn(String) -> String, kind| known(kind).map_or_else(|| see.clone(), form);
    let (message, hint) = match error.kind() {
        ErrorKind::InvalidUtf8 => {
            ("an argument is not UTF-8".to_owned(), "give it as UTF-8, or use --stdin-json".to_owned())
        }
        ErrorKind::UnknownArgument => (
            "there is an argument here that this command doesn't have".to_owned(),
            suggested(
                &|other| format!("perhaps {other} was meant; a text of several words goes in quotes"),
                ContextKind::SuggestedArg,
            ),
        ),
        ErrorKind::InvalidSubcommand => (
            "there is no such command".to_owned(),
            suggested(&|other| format!("perhaps \"ingle {other}\" was meant"), ContextKind::SuggestedSubcommand),
        ),
        ErrorKind::MissingRequiredArgument => (format!("{} is missing", argument()), see),
        ErrorKind::ArgumentConflict => {
            let other = known(ContextKind::PriorArg).unwrap_or_else(|| "another one".into());
            (format!("{} can't go together with {other}", argument()), "choose one of them".to_owned())
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation
            if known(ContextKind::InvalidValue).is_none_or(|value| value.is_empty()) =>
        {
            (format!("there is nothing behind {}", argument()), see)
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            (format!("what was given for {} can't be used", argument()), see)
        }
        _ => ("this command line can't be understood".to_owned(), see),
    };
    Failure::new(FailureKind::Usage, message, hint)
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        // Suggestions come with the likeliest last.
        ContextValue::Strings(texts) if kind != ContextKind::InvalidArg => texts.last().cloned(),
        ContextValue::Strings(texts) => Some(texts.join(", ")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &[&str]) -> Option<(String, String)> {
        let arguments = std::iter::once("ingle").chain(line.iter().copied()).map(OsString::from);
        match read(arguments) {
            Err(Stop::Failed(failure)) => {
                assert_eq!(failure.kind, FailureKind::Usage);
                Some((failure.message, failure.hint))
            }
            _ => None,
        }
    }

    #[test]
    fn a_misused_command_line_is_told_in_two_parts() {
        let check = |line: &[&str], message: &str, hint: &str| {
            assert_eq!(told(line), Some((message.to_owned(), hint.to_owned())), "{line:?}");
        };
        let see = "see \"ingle --help\", or \"ingle check-in --help\" for one command";
        check(&["show"], "<ID> is missing", see);
        check(&["lst"], "there is no such command", "perhaps \"ingle list\" was meant");
        check(&["list", "--limit", "many"], "what was given for --limit <N> can't be used", see);
        check(&["list", "--limit", "-1"], "what was given for --limit <N> can't be used", see);
        check(&["list", "--limit"], "there is nothing behind --limit <N>", see);
        check(
            &["init", "--passphrase", "--key-file"],
            "--passphrase can't go together with --key-file",
            "choose one of them",
        );
        check(
            &["check-in", "--thougt", "x"],
            "there is an argument here that this command doesn't have",
            "perhaps --thought was meant; a text of several words goes in quotes",
        );
    }

    #[test]
    fn no_error_repeats_what_was_typed() {
        for line in [
            &["canary"][..],
            &["check-in", "canary"],
            &["check-in", "--canary"],
            &["check-in", "--canary=canary"],
            &["check-in", "--feel", "hurt", "canary"],
            &["check-in", "--stdin-json=canary"],
            &["list", "--limit", "canary"],
            &["--json=canary"],
            &["show", "a", "canary"],
        ] {
            let (message, hint) = told(line).expect("misused");
            assert!(!message.contains("canary") && !hint.contains("canary"), "{line:?}: {message} / {hint}");
        }
    }

    #[test]
    fn global_flags_are_taken_before_and_behind_the_command() {
        for line in [&["ingle", "--json", "--home", "/h", "list"][..], &["ingle", "list", "--json", "--home", "/h"]] {
            let arguments = read(line.iter().map(OsString::from));
            let globals = arguments.expect("well formed").globals;
            assert!(globals.json && !globals.no_start);
            assert_eq!(globals.home, Some(PathBuf::from("/h")));
        }
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_told_so() {
        use std::os::unix::ffi::OsStringExt;
        let line = [OsString::from("ingle"), "check-in".into(), "--cause".into(), OsString::from_vec(vec![b'a', 0xff])];
        let expected =
            Failure::new(FailureKind::Usage, "an argument is not UTF-8", "give it as UTF-8, or use --stdin-json");
        assert_eq!(read(line).err(), Some(Stop::Failed(expected)));
    }
}
