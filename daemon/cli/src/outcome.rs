//! How a command ends, and what the shell hears of it.

use std::{io::Write, process::ExitCode};

use ingle_api::Failure;

pub type Outcome<T = ()> = Result<T, Stop>;

/// What ends a command before its end.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop {
    Failed(Failure),
    /// Whoever read the output has closed it: a pager that was quit, `head`. Nothing is wrong.
    Unheard,
    /// Ctrl-C.
    Interrupted,
    /// Something around Ingle is missing, and was told already.
    Lacking,
}

/// What a shell reports for a program that SIGINT ended.
const INTERRUPTED: u8 = 130;
/// Beyond the codes of [`ingle_api::FailureKind`].
const LACKING: u8 = 11;

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Tells a failure in its two lines on the standard error.
pub fn exit(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) | Err(Stop::Unheard) => ExitCode::SUCCESS,
        Err(Stop::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(Stop::Lacking) => ExitCode::from(LACKING),
        Err(Stop::Failed(failure)) => {
            let lines = format!("error: {}\nhint: {}\n", one_line(&failure.message), one_line(&failure.hint));
            // With nobody to read them the exit code says it.
            drop(std::io::stderr().write_all(lines.as_bytes()));
            ExitCode::from(failure.kind.exit_code())
        }
    }
}

/// A folder's name may hold anything; two lines stay two lines, and the terminal's settings stay the person's.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}
