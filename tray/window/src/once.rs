//! One window of each kind per home: a second start raises the open one and ends.

use std::{
    fs::{self, File, TryLockError},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use ingle_api::Places;
use interprocess::local_socket::{GenericFilePath, ListenerOptions, Stream, ToFsName, prelude::*};

use crate::kind::Kind;

/// Longer than any activation token; a line that goes on is cut there.
const LONGEST_LINE: u64 = 512;

#[derive(Debug)]
pub enum Start {
    /// This process is the one that shows the window, for as long as it keeps the seat.
    First(Seat),
    /// Another one shows it and was asked to raise it.
    Raised,
}

/// The right to show the window. What it is made of goes with it: no file tells later which window was open, and when.
#[derive(Debug)]
pub struct Seat {
    /// Held until the process ends.
    _lock: File,
    files: [PathBuf; 2],
}

/// Claims the window, or raises the one that is open. `token` is the activation token that this start came with.
///
/// # Errors
/// When the folder can't be made or written. A window that leaves no trace may open all the same.
pub fn start(places: &Places, kind: Kind, token: Option<&str>) -> io::Result<Start> {
    let dir = places.runtime_dir();
    make_dir(dir)?;
    let [socket, path] = ["sock", "lock"].map(|ending| dir.join(format!("window-{}.{ending}", kind.name())));
    loop {
        let lock = File::options().create(true).append(true).open(&path)?;
        match lock.try_lock() {
            Ok(()) if path.exists() => return Ok(Start::First(Seat { _lock: lock, files: [socket, path] })),
            // The one that had it was just going, and took the file along.
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                raise(&socket, token.unwrap_or_default())?;
                return Ok(Start::Raised);
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

impl Seat {
    /// Calls `raise` with the activation token, or an empty text, on a thread of its own for every later start.
    pub fn listen(&self, raise: impl Fn(String) + Send + 'static) -> io::Result<()> {
        let options =
            ListenerOptions::new().name(self.files[0].as_path().to_fs_name::<GenericFilePath>()?).try_overwrite(true);
        #[cfg(unix)]
        let options = {
            use interprocess::os::unix::local_socket::ListenerOptionsExt;
            options.mode(0o600)
        };
        let listener = options.create_sync()?;
        thread::Builder::new().name("raise".into()).stack_size(64 << 10).spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut line = String::new();
                let is_raise = io::Read::take(BufReader::new(&stream), LONGEST_LINE).read_line(&mut line).is_ok();
                if let Some(token) = line.trim().strip_prefix("raise").filter(|_| is_raise) {
                    raise(token.trim().to_owned());
                    // Whoever asked may be gone already.
                    (&stream).write_all(b"raised\n").ok();
                }
            }
        })?;
        Ok(())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        for file in &self.files {
            // A file that stays is no harm to the next start.
            fs::remove_file(file).ok();
        }
    }
}

fn raise(socket: &Path, token: &str) -> io::Result<()> {
    let name = socket.to_fs_name::<GenericFilePath>()?;
    // The first one may hold the lock and not listen yet: it is a few milliseconds into its start.
    let mut tries = 0;
    let stream = loop {
        match Stream::connect(name.clone()) {
            Ok(stream) => break stream,
            Err(error) if tries == 50 => return Err(error),
            Err(_) => {
                tries += 1;
                thread::sleep(Duration::from_millis(20));
            }
        }
    };
    (&stream).write_all(format!("raise {}\n", token.replace(['\n', '\r'], "")).as_bytes())?;
    let mut answer = String::new();
    BufReader::new(&stream).read_line(&mut answer)?;
    Ok(())
}

fn make_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn a_second_start_raises_the_first_and_hands_its_token_on() {
        let home = tempfile::tempdir().expect("a folder");
        let places = Places::under(home.path());
        let Ok(Start::First(seat)) = start(&places, Kind::RightNow, None) else { panic!("nobody else is there") };
        let (sender, raised) = channel();
        seat.listen(move |token| drop(sender.send(token))).expect("listens");
        assert!(matches!(start(&places, Kind::RightNow, Some("token-7")), Ok(Start::Raised)));
        assert_eq!(raised.recv().as_deref(), Ok("token-7"));
        assert!(matches!(start(&places, Kind::Latest, None), Ok(Start::First(_))));
    }

    #[test]
    fn a_seat_that_was_left_is_taken_again() {
        let home = tempfile::tempdir().expect("a folder");
        let places = Places::under(home.path());
        for _ in 0..2 {
            let Ok(Start::First(seat)) = start(&places, Kind::About, None) else { panic!("nobody else is there") };
            seat.listen(drop).expect("listens");
            drop(seat);
            assert_eq!(fs::read_dir(places.runtime_dir()).expect("a folder").count(), 0);
        }
    }
}
