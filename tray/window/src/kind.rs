//! Which windows there are, and how one window opens another.

use std::{ffi::OsString, path::PathBuf, process::Command, rc::Rc};

use ingle_api::Places;
use ingle_model::EntryId;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// The five-second check-in.
    RightNow,
    /// A letter to oneself.
    Letter,
    /// The newest entries.
    Latest,
    /// Numbers to call.
    HelpNow,
    About,
    /// Asks for the passphrase.
    Unlock,
}

impl Kind {
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

/// What is to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    pub kind: Kind,
    /// Which letter; none for a new one, and for every other kind.
    pub letter: Option<EntryId>,
}

impl From<Kind> for Opening {
    fn from(kind: Kind) -> Self {
        Self { kind, letter: None }
    }
}

/// Opens another window.
pub type Opener = Rc<dyn Fn(Opening)>;

/// Opens windows as processes of this same program.
pub fn opener(places: &Places) -> Opener {
    let home = places.home_override().map(std::path::Path::to_owned);
    Rc::new(move |opening| {
        // A window that can't be opened leaves this one as it is; there is nothing better to show.
        start(opening, home.clone()).ok();
    })
}

fn start(Opening { kind, letter }: Opening, home: Option<PathBuf>) -> std::io::Result<()> {
    let mut arguments: Vec<OsString> = Vec::new();
    if let Some(home) = home {
        arguments.extend(["--home".into(), home.into()]);
    }
    arguments.push(kind.name().into());
    if let Some(letter) = letter {
        arguments.extend(["--id".into(), letter.to_string().into()]);
    }
    // A token opens one window only, and this one had it.
    let mut child = Command::new(std::env::current_exe()?)
        .args(arguments)
        .env_remove("XDG_ACTIVATION_TOKEN")
        .env_remove("DESKTOP_STARTUP_ID")
        .spawn()?;
    // Waited for, so that it leaves nothing in the process table.
    std::thread::Builder::new().name("child".into()).stack_size(64 << 10).spawn(move || child.wait())?;
    Ok(())
}
