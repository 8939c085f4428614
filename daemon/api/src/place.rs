//! Where one device keeps its things.

use std::path::{Path, PathBuf};

use crate::{Failure, FailureKind};

/// The folders of one device. `INGLE_HOME` or `--home` puts all of them under one; otherwise the places of the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    data: PathBuf,
    runtime: PathBuf,
}

impl Places {
    /// Everything under one folder.
    pub fn under(home: &Path) -> Self {
        Self { data: home.to_owned(), runtime: home.join("run") }
    }

    /// By `--home`, else `INGLE_HOME`, else the platform: `$XDG_DATA_HOME/ingle` and `$XDG_RUNTIME_DIR/ingle` on Linux,
    /// `~/Library/Application Support/Ingle` on macOS, `%LOCALAPPDATA%\Ingle` on Windows.
    pub fn find(home: Option<&Path>) -> Result<Self, Failure> {
        if let Some(home) = home {
            return Ok(Self::under(home));
        }
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(home) = var("INGLE_HOME") {
            return Ok(Self::under(&home));
        }
        let user = var(if cfg!(windows) { "USERPROFILE" } else { "HOME" });
        let under_user = |tail: &str| user.as_ref().map(|user| user.join(tail));
        let data = if cfg!(target_os = "macos") {
            under_user("Library/Application Support/Ingle")
        } else if cfg!(windows) {
            var("LOCALAPPDATA").map(|local| local.join("Ingle"))
        } else {
            var("XDG_DATA_HOME")
                .filter(|path| path.is_absolute())
                .or_else(|| under_user(".local/share"))
                .map(|data| data.join("ingle"))
        };
        let data = data.ok_or_else(|| {
            Failure::new(
                FailureKind::Unavailable,
                "there is no home folder to keep the journal in",
                "set HOME, or name a folder with --home",
            )
        })?;
        let runtime = match var("XDG_RUNTIME_DIR") {
            Some(runtime) if cfg!(target_os = "linux") => runtime.join("ingle"),
            _ => data.join("run"),
        };
        Ok(Self { data, runtime })
    }

    /// The folder of the journal database and the key file.
    pub fn journal_dir(&self) -> PathBuf {
        self.data.join("journal")
    }

    /// Where a journal grows that is being joined, until it takes the other's place.
    pub fn joining_dir(&self) -> PathBuf {
        self.data.join("journal.joining")
    }

    pub fn data_dir(&self) -> &Path {
        &self.data
    }

    pub fn log_path(&self) -> PathBuf {
        self.data.join("log").join("ingled.log")
    }

    /// Held by the one daemon that has this journal.
    pub fn lock_path(&self) -> PathBuf {
        self.data.join("ingled.lock")
    }

    pub fn runtime_dir(&self) -> &Path {
        &self.runtime
    }

    pub fn socket_path(&self) -> PathBuf {
        self.runtime.join("ingled.sock")
    }

    /// The environment that makes a child use the same places.
    pub fn home_override(&self) -> Option<&Path> {
        (self.runtime == self.data.join("run")).then_some(self.data.as_path())
    }
}
