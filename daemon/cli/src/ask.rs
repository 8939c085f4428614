//! The person at the terminal: lines, yes or no, Ctrl-C.

use std::io::{self, IsTerminal};

use ingle_api::{Failure, FailureKind};
use tokio::sync::oneshot;

use crate::{
    outcome::{Outcome, Stop},
    print::aside,
};

/// Whether there is somebody to ask, and a screen to ask on.
pub fn has_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Ctrl-C, heard instead of ending the process. Has to listen before a passphrase is asked for: the prompt hides what is typed, and
/// a process that ended in it would leave the terminal so.
#[derive(Debug)]
pub struct Interrupts {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
    #[cfg(windows)]
    signal: tokio::signal::windows::CtrlC,
}

impl Interrupts {
    pub fn listen() -> Result<Self, Failure> {
        #[cfg(unix)]
        let signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
        #[cfg(windows)]
        let signal = tokio::signal::windows::ctrl_c();
        let signal = signal.map_err(|error| {
            Failure::new(
                FailureKind::Unavailable,
                format!("the system's signals can't be heard: {}", error.kind()),
                "try again",
            )
        })?;
        Ok(Self { signal })
    }

    /// Safe to cancel.
    pub async fn next(&mut self) {
        if self.signal.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// What came from the keyboard.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// Without its end.
    Line(String),
    /// Ctrl-D.
    End,
    /// Ctrl-C.
    Interrupted,
}

/// Lines from the terminal, one at a time.
#[derive(Debug)]
pub struct Keyboard {
    interrupts: Interrupts,
}

impl Keyboard {
    pub fn new() -> Result<Self, Failure> {
        Ok(Self { interrupts: Interrupts::listen()? })
    }

    /// Shows `prompt` and waits for a line.
    pub async fn line(&mut self, prompt: &str) -> Typed {
        aside(prompt);
        loop {
            let typed = tokio::select! {
                () = self.interrupts.next() => return Typed::Interrupted,
                typed = read_line() => typed,
            };
            match typed {
                Ok(Some(line)) => return Typed::Line(line),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    aside("That can't be read as text (UTF-8). Once more, please.\n> ");
                }
                Ok(None) | Err(_) => return Typed::End,
            }
        }
    }

    /// A question with yes or no; `usual` is what Enter means. The end of the input means no.
    pub async fn agrees(&mut self, question: &str, usual: bool) -> Outcome<bool> {
        let choices = if usual { "Y/n" } else { "y/N" };
        let mut prompt = format!("{question} ({choices}) ");
        loop {
            match self.line(&prompt).await {
                Typed::Interrupted => return Err(Stop::Interrupted),
                Typed::End => return Ok(false),
                Typed::Line(line) => match answer(&line, usual) {
                    Some(answer) => return Ok(answer),
                    None => prompt = format!("Please answer y or n ({choices}) "),
                },
            }
        }
    }
}

fn answer(line: &str, usual: bool) -> Option<bool> {
    match line.trim().to_lowercase().as_str() {
        "" => Some(usual),
        "y" | "yes" => Some(true),
        "n" | "no" => Some(false),
        _ => None,
    }
}

/// On a thread of its own, because a terminal can only be waited for by blocking. One that is left waiting ends with the process.
async fn read_line() -> io::Result<Option<String>> {
    let (sender, line) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line).map(|bytes| {
            line.truncate(line.trim_end_matches(['\n', '\r']).len());
            (bytes > 0).then_some(line)
        });
        // Nobody waits for it any more after Ctrl-C.
        drop(sender.send(read));
    });
    line.await.unwrap_or(Ok(None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_and_no_in_any_case_and_enter_for_the_usual() {
        let check = |line: &str, usual: bool, told: Option<bool>| assert_eq!(answer(line, usual), told, "{line}");
        check("", true, Some(true));
        check("  ", false, Some(false));
        check("Y", false, Some(true));
        check(" no ", true, Some(false));
        check("maybe", true, None);
    }
}
