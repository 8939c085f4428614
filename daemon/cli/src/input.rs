//! What is handed in whole: a file or the standard input, as text within a limit.
//!
//! Read on a thread of its own, so that Ctrl-C is heard meanwhile. No error repeats what was read, nor the file's name.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::PathBuf,
};

use ingle_api::{Failure, FailureKind};

/// Where a text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Stdin,
    File(PathBuf),
}

impl Source {
    /// `-` is the standard input.
    pub fn named(path: PathBuf) -> Self {
        if path.as_os_str() == "-" { Self::Stdin } else { Self::File(path) }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Stdin => "the standard input",
            Self::File(_) => "that file",
        }
    }
}

/// The text of a letter: at most `limit` bytes of UTF-8, not blank. A mark of the byte order is no part of it.
pub async fn text(source: Source, limit: usize) -> Result<String, Failure> {
    let (name, nothing, hint) = match source {
        Source::Stdin => {
            ("the standard input", "there is nothing on the standard input", "pipe the text in, or use --text-file")
        }
        Source::File(_) => ("that file", "there is nothing in that file", "write a line in it; any length is enough"),
    };
    let bytes = read(source, limit).await?;
    if bytes.contains(&0) {
        return Err(refused(format!("{name} is not text"), "save it as plain text (UTF-8), and hand that in"));
    }
    let mut text = checked(bytes, name, limit)?;
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    if text.trim().is_empty() { Err(refused(nothing, hint)) } else { Ok(text) }
}

/// All of it, and one byte more than `limit` if there are more.
pub async fn read(source: Source, limit: usize) -> Result<Vec<u8>, Failure> {
    let name = source.name();
    let read = tokio::task::spawn_blocking(move || read_now(&source, limit)).await;
    match read.unwrap_or_else(|_| Err(io::ErrorKind::Other.into())) {
        Ok(bytes) => Ok(bytes),
        Err(error) => Err(match error.kind() {
            io::ErrorKind::NotFound => refused("there is no such file", "look at its path"),
            io::ErrorKind::IsADirectory => refused("that is a folder, not a file", "name a file in it"),
            other => refused(format!("{name} can't be read: {other}"), "look at what it is, and who may read it"),
        }),
    }
}

fn read_now(source: &Source, limit: usize) -> io::Result<Vec<u8>> {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    match source {
        Source::Stdin => io::stdin().lock().take(limit).read_to_end(&mut bytes)?,
        // Not every system says so when it is opened.
        Source::File(path) if fs::metadata(path)?.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Source::File(path) => File::open(path)?.take(limit).read_to_end(&mut bytes)?,
    };
    Ok(bytes)
}

/// Bytes as text, if they are, and not too many.
pub fn checked(bytes: Vec<u8>, name: &str, limit: usize) -> Result<String, Failure> {
    if bytes.len() > limit {
        return Err(refused(
            format!("{name} holds more than {} KiB", limit / 1024),
            "keep a part of it here and the rest in another entry",
        ));
    }
    String::from_utf8(bytes).map_err(|_| refused(format!("{name} is not UTF-8"), "hand it in as UTF-8"))
}

fn refused(what: impl std::fmt::Display, hint: &str) -> Failure {
    Failure::new(FailureKind::Usage, format!("{what}; nothing was saved"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(path: PathBuf) -> String {
        text(Source::File(path), 16).await.expect_err("refused").message
    }

    #[tokio::test]
    async fn a_file_is_read_to_the_letter_and_what_is_none_is_told() {
        let folder = std::env::temp_dir().join(format!("ingle-input-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let file = |bytes: &[u8]| {
            let path = folder.join("letter");
            fs::write(&path, bytes).expect("it can be written");
            path
        };
        assert_eq!(text(Source::File(file(b" Dear\r\n\tme \n")), 16).await.as_deref(), Ok(" Dear\r\n\tme \n"));
        assert_eq!(text(Source::File(file("\u{feff}Dear".as_bytes())), 16).await.as_deref(), Ok("Dear"));
        assert_eq!(told(folder.join("canary")).await, "there is no such file; nothing was saved");
        assert_eq!(told(folder.clone()).await, "that is a folder, not a file; nothing was saved");
        assert_eq!(told(file(b"\x7fELF\0canary")).await, "that file is not text; nothing was saved");
        assert_eq!(told(file(b"canary\xff")).await, "that file is not UTF-8; nothing was saved");
        assert_eq!(told(file(b" \n\n")).await, "there is nothing in that file; nothing was saved");
        assert_eq!(told(file(b"canary canary canary")).await, "that file holds more than 0 KiB; nothing was saved");
        fs::remove_dir_all(folder).expect("it is ours");
    }

    #[test]
    fn a_dash_is_the_standard_input() {
        assert_eq!(Source::named("-".into()), Source::Stdin);
        assert_eq!(Source::named("./-".into()), Source::File("./-".into()));
    }
}
