//! The only seam to the desktop: opening a window. The real one starts `ingle-window` and waits for its end.

use std::{
    env::consts::EXE_SUFFIX,
    io,
    path::{Path, PathBuf},
    process::Stdio,
};

use ingle_api::Places;
use tokio::{process::Command, sync::mpsc};

use crate::tray::Input;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    RightNow,
    Latest,
    HelpNow,
    About,
    Unlock,
}

impl Window {
    /// The argument of `ingle-window`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RightNow => "right-now",
            Self::Latest => "latest",
            Self::HelpNow => "help-now",
            Self::About => "about",
            Self::Unlock => "unlock",
        }
    }
}

pub trait Desktop {
    /// Opens a window, or raises the one of its kind that is open. `token` is the activation token of the click, where there
    /// was one. What becomes of it is told later, as [`Input::Closed`].
    fn open(&self, window: Window, token: Option<String>);
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

    fn command(&self, window: Window, token: Option<String>) -> Command {
        let mut command = Command::new(program());
        if let Some(home) = &self.home {
            command.arg("--home").arg(home);
        }
        command.arg(window.name()).stdin(Stdio::null()).stdout(Stdio::null());
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
    fn open(&self, window: Window, token: Option<String>) {
        let child = self.command(window, token).spawn();
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

    use super::*;

    #[test]
    fn a_window_gets_the_home_and_the_token_and_no_passphrase() {
        let (inputs, _receiver) = mpsc::channel(1);
        let desktop = Programs::new(&Places::under(Path::new("/home/j/ingle")), inputs).expect("an absolute path");
        let command = desktop.command(Window::HelpNow, Some("token-7".to_owned()));
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
}
