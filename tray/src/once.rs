//! One icon per home.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
};

use ingle_api::Places;

#[derive(Debug)]
pub enum Start {
    /// This process is the one that shows the icon, for as long as it keeps the seat.
    First(Seat),
    /// Another one shows it.
    Second,
}

/// The right to show the icon.
#[derive(Debug)]
pub struct Seat {
    /// Held until the process ends.
    _lock: File,
}

/// Claims the icon of this home.
///
/// # Errors
/// When the folder can't be made or written.
pub fn start(places: &Places) -> io::Result<Start> {
    let dir = places.runtime_dir();
    make_dir(dir)?;
    let lock = File::options().create(true).append(true).open(dir.join("tray.lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(Start::First(Seat { _lock: lock })),
        Err(TryLockError::WouldBlock) => Ok(Start::Second),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn make_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}
