//! The daemon's log: what happened, never what was written.
//!
//! `INGLE_LOG` names a level (`off`, `error`, `warn`, `info`, `debug`, `trace`; `info` unless set) for Ingle's own code. Of the
//! libraries only the link's warnings are let in at any level, because others log what passes through them. Two files of at most
//! 1 MiB are kept.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{filter::Targets, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::files;

const MAX_BYTES: u64 = 1 << 20;

/// Starts the log. Without a file that can be written there is none, and the daemon runs all the same.
pub fn start(path: &Path) {
    let level = std::env::var("INGLE_LOG").ok().and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let Ok(file) = Rotating::open(path) else { return };
    let own = ["ingled", "ingle_core", "ingle_api", "ingle_model"].map(|target| (target, level));
    let link = ["iroh", "noq"].map(|target| (target, level.min(LevelFilter::WARN)));
    let targets = Targets::new().with_targets(own).with_targets(link).with_default(LevelFilter::OFF);
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(file);
    // A second log in one process (tests) leaves the first one standing.
    drop(tracing_subscriber::registry().with(targets).with(layer).try_init());
    std::panic::set_hook(Box::new(|panic| {
        // What a panic says can hold a person's words; where it came from can't.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a fault in Ingle");
    }));
}

/// A file that moves aside when it is full.
struct Rotating {
    path: PathBuf,
    current: Mutex<(File, u64)>,
}

impl Rotating {
    fn open(path: &Path) -> io::Result<Self> {
        if let Some(dir) = path.parent() {
            files::create_private_dir(dir)?;
        }
        Ok(Self { path: path.to_owned(), current: Mutex::new(append_to(path)?) })
    }

    fn write(&self, line: &[u8]) -> io::Result<usize> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.1 >= MAX_BYTES {
            let mut older = self.path.clone().into_os_string();
            older.push(".1");
            fs::rename(&self.path, older)?;
            *current = append_to(&self.path)?;
        }
        let written = current.0.write(line)?;
        current.1 += u64::try_from(written).unwrap_or(0);
        Ok(written)
    }
}

fn append_to(path: &Path) -> io::Result<(File, u64)> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    let file = files::private(&mut options).open(path)?;
    let bytes = file.metadata()?.len();
    Ok((file, bytes))
}

struct Line<'a>(&'a Rotating);

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Rotating {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_log_moves_aside_and_two_are_kept() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("log").join("ingled.log");
        let log = Rotating::open(&path).expect("writable");
        let block = vec![b'.'; 600 << 10];
        for _ in 0..5 {
            assert_eq!(log.write(&block).expect("room"), block.len());
        }
        let sizes: Vec<u64> =
            [&path, &path.with_extension("log.1")].iter().map(|path| fs::metadata(path).expect("kept").len()).collect();
        assert_eq!(sizes, [600 << 10, 1200 << 10]);
        assert_eq!(fs::read_dir(path.parent().expect("a folder")).expect("there").count(), 2);
    }
}
