//! The only seam to the desktop: opening a window. The real one starts `ingle-window` and waits for its end.

use std::{
    env::consts::EXE_SUFFIX,
    io,
    path::{Path, PathBuf},
    process::Stdio,
};

use ingle_api::Places;
use ingle_model::Slot;
use tokio::{process::Command, sync::mpsc};

use crate::tray::Input;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    RightNow,
    Letter,
    Latest,
    HelpNow,
    About,
    Unlock,
}

impl Window {
    /// Every kind, for tests.
    pub const ALL: [Self; 6] = [Self::RightNow, Self::Letter, Self::Latest, Self::HelpNow, Self::About, Self::Unlock];

    /// The argument of `ingle-window`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RightNow => "right-now",
            Self::Letter => "letter",
            Self::Latest => "latest",
            Self::HelpNow => "help-now",
            Self::About => "about",
            Self::Unlock => "unlock",
        }
    }
}

/// A window that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    pub window: Window,
    /// The reminder that it answers.
    pub reminder: Option<Slot>,
    /// The activation token of the click, where there was one.
    pub token: Option<String>,
}

impl Opening {
    pub const fn new(window: Window, token: Option<String>) -> Self {
        Self { window, reminder: None, token }
    }
}

pub trait Desktop {
    /// Opens a window, or raises the one of its kind that is open. What becomes of it is told later, as [`Input::Closed`].
    fn open(&self, opening: Opening);
}

/// Starts `ingle-window`: one process per window.
#[derive(Debug)]
pub struct Programs {
    home: Option<PathBuf>,
    inputs: mpsc::Sender<Input>,
}

impl Programs {
    /// # Errors
    /// When the home is named by a relative path and there is no current folder.
    pub fn new(places: &Places, inputs: mpsc::Sender<Input>) -> io::Result<Self> {
        let home = places.home_override().map(std::path::absolute).transpose()?;
        Ok(Self { home, inputs })
    }

    fn command(&self, Opening { window, reminder, token }: Opening) -> Command {
        let mut command = Command::new(program());
        if let Some(home) = &self.home {
            command.arg("--home").arg(home);
        }
        command.arg(window.name()).stdin(Stdio::null()).stdout(Stdio::null());
        if let Some(Slot { rule, date }) = reminder {
            command.arg("--reminder").arg(format!("{rule}:{date}"));
        }
        // A token counts for one window; the one that this program was started with has been used.
        command.env_remove("INGLE_PASSPHRASE").env_remove("DESKTOP_STARTUP_ID").env_remove("XDG_ACTIVATION_TOKEN");
        if let Some(token) = token {
            command.env("XDG_ACTIVATION_TOKEN", token);
        }
        // What ends this program in a terminal is not meant for its windows.
        #[cfg(unix)]
        command.process_group(0);
        command
    }
}

impl Desktop for Programs {
    /// Needs a tokio runtime around it.
    fn open(&self, opening: Opening) {
        let window = opening.window;
        let child = self.command(opening).spawn();
        let inputs = self.inputs.clone();
        tokio::spawn(async move {
            // Waited for, so that it leaves nothing in the process table.
            let is_well = match child {
                Ok(mut child) => child.wait().await.is_ok_and(|status| status.success()),
                Err(_) => false,
            };
            // Nobody listens any more when this program is ending.
            inputs.send(Input::Closed { window, is_well }).await.ok();
        });
    }
}

/// Beside the running program, else whatever the PATH says.
fn program() -> PathBuf {
    let name = format!("ingle-window{EXE_SUFFIX}");
    let own = std::env::current_exe().ok();
    let beside = own.as_deref().and_then(Path::parent).map(|dir| dir.join(&name)).filter(|path| path.is_file());
    beside.unwrap_or_else(|| name.into())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use ingle_model::RuleId;

    use super::*;

    #[test]
    fn a_window_gets_the_home_and_the_token_and_no_passphrase() {
        let (inputs, _receiver) = mpsc::channel(1);
        let desktop = Programs::new(&Places::under(Path::new("/home/j/ingle")), inputs).expect("an absolute path");
        let command = desktop.command(Opening::new(Window::HelpNow, Some("token-7".to_owned())));
        let command = command.as_std();
        assert_eq!(command.get_args().collect::<Vec<_>>(), ["--home", "/home/j/ingle", "help-now"]);
        let mut environment: Vec<_> = command.get_envs().collect();
        environment.sort();
        assert_eq!(
            environment,
            [
                (OsStr::new("DESKTOP_STARTUP_ID"), None),
                (OsStr::new("INGLE_PASSPHRASE"), None),
                (OsStr::new("XDG_ACTIVATION_TOKEN"), Some(OsStr::new("token-7"))),
            ]
        );
    }

    #[test]
    fn a_letter_is_told_which_reminder_it_answers() {
        let (inputs, _receiver) = mpsc::channel(1);
        let desktop = Programs::new(&Places::under(Path::new("/home/j/ingle")), inputs).expect("an absolute path");
        let slot = Slot { rule: RuleId::from_bytes([0; 16]), date: jiff::civil::date(2026, 3, 9) };
        let command = desktop.command(Opening { reminder: Some(slot), ..Opening::new(Window::Letter, None) });
        let reminder = format!("{}:2026-03-09", slot.rule);
        assert_eq!(
            command.as_std().get_args().collect::<Vec<_>>(),
            ["--home", "/home/j/ingle", "letter", "--reminder", &reminder]
        );
    }
}
