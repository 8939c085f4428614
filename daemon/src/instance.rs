//! One daemon per journal: a lock that the system takes back when the process ends, whatever way.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read, Write},
    path::Path,
    time::{Duration, Instant},
};

use ingle_api::{Failure, FailureKind, Places};

use crate::{failures, files, platform};

/// A daemon that ends has this long for it, and a little more.
const GOING: Duration = Duration::from_secs(6);
const AGAIN: Duration = Duration::from_millis(20);

/// Held as long as this process may touch the journal.
#[derive(Debug)]
pub struct Instance {
    _lock: File,
}

impl Instance {
    /// Takes the lock and writes the process id into it. Makes the data folder, for this user alone, if it is missing. A holder
    /// that takes no callers is coming or going: it is waited for, for a while.
    pub fn take(places: &Places) -> Result<Self, Failure> {
        Self::take_within(places, GOING)
    }

    fn take_within(places: &Places, patience: Duration) -> Result<Self, Failure> {
        let until = Instant::now() + patience;
        let path = places.lock_path();
        let refused = |error: std::io::Error| failures::folder(places.data_dir(), &error);
        files::create_private_dir(places.data_dir()).map_err(refused)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut lock = files::private(&mut options).open(&path).map_err(refused)?;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock)
                    if Instant::now() < until && !platform::is_listening(&places.socket_path()) =>
                {
                    std::thread::sleep(AGAIN);
                }
                Err(TryLockError::WouldBlock) => return Err(in_use(pid(&path))),
                Err(TryLockError::Error(error)) => return Err(refused(error)),
            }
        }
        lock.set_len(0).map_err(refused)?;
        writeln!(lock, "{}", std::process::id()).map_err(refused)?;
        Ok(Self { _lock: lock })
    }
}

/// The process id that the daemon wrote. Says nothing about whether it still runs.
pub fn pid(lock_path: &Path) -> Option<u32> {
    let mut text = String::new();
    fs::File::open(lock_path).ok()?.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn in_use(pid: Option<u32>) -> Failure {
    let whose = pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default();
    Failure::new(
        FailureKind::Unavailable,
        format!("the journal is in use by another ingled{whose}"),
        "stop it with \"ingle stop\"",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_instance_is_told_whose_the_journal_is_and_a_later_one_gets_it() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let places = Places::under(&dir.path().join("home"));
        let first = Instance::take(&places).expect("free");
        let told = Instance::take_within(&places, Duration::ZERO).map(|_| ()).expect_err("taken");
        assert_eq!(told.message, format!("the journal is in use by another ingled (pid {})", std::process::id()));
        assert_eq!((told.hint.as_str(), told.kind.exit_code()), ("stop it with \"ingle stop\"", 5));
        let waiting = std::thread::spawn(move || Instance::take(&places).map(|_| ()));
        drop(first);
        waiting.join().expect("no panic").expect("free again");
    }
}
