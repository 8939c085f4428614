//! The way out: JSON lines for programs, text for people, asides on the standard error.

use std::{
    fmt::Display,
    io::{self, Write},
};

use ingle_api::{Failure, FailureKind};
use serde::Serialize;

use crate::outcome::{Outcome, Stop};

/// Where answers go, and in which form.
#[derive(Debug, Clone, Copy)]
pub struct Print {
    is_json: bool,
}

impl Print {
    pub const fn new(is_json: bool) -> Self {
        Self { is_json }
    }

    pub const fn is_json(self) -> bool {
        self.is_json
    }

    /// One JSON line or one text, whichever was asked for; at once, not when a buffer is full.
    pub fn answer<T: Serialize>(self, value: &T, text: impl FnOnce() -> String) -> Outcome {
        if self.is_json { json(value) } else { line(&text()) }
    }
}

/// One line, or several, on the standard output.
pub fn line(text: &str) -> Outcome {
    written(writeln!(io::stdout().lock(), "{text}").and_then(|()| io::stdout().flush()))
}

pub fn json<T: Serialize>(value: &T) -> Outcome {
    let text = serde_json::to_string(value).map_err(|_| {
        Failure::new(FailureKind::Internal, "the answer could not be written as JSON", "please report this")
    })?;
    line(&text)
}

/// A remark or a question to the person at the terminal; never part of an answer.
pub fn aside(text: impl Display) {
    // Who can't see it can't answer it either.
    drop(write!(io::stderr().lock(), "{text}").and_then(|()| io::stderr().flush()));
}

fn written(result: io::Result<()>) -> Outcome {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Stop::Unheard,
        other => Failure::new(
            FailureKind::Internal,
            format!("it was done, but the answer could not be written: {other}"),
            "look where the output goes",
        )
        .into(),
    })
}
