//! A passphrase on its way in: one line on the standard input, or `INGLE_PASSPHRASE`, which is taken out of the environment.

use std::io::{self, BufRead};

use ingle_api::{Failure, FailureKind};
use zeroize::Zeroizing;

const VARIABLE: &str = "INGLE_PASSPHRASE";
/// Tells the daemon that the first line of the standard input is the passphrase.
pub const FLAG: &str = "--passphrase-stdin";
/// A pipe takes this much with nobody reading; no passphrase is longer.
const MAX_BYTES: u64 = 4096;

/// For the daemon, when `INGLE_PASSPHRASE` is set: replaces this process by itself without the variable, the passphrase in a pipe as its standard
/// input. What a process was started with stays readable in `/proc` for as long as it runs, whatever it does to its own copy.
/// Returns only when there is nothing to do, or with the reason why it can't be done.
#[cfg(unix)]
pub fn leave_environment() -> Result<(), Failure> {
    use std::{io::Write, os::unix::process::CommandExt, process::Command};

    let Some(value) = std::env::var_os(VARIABLE) else { return Ok(()) };
    let value = Zeroizing::new(value.into_encoded_bytes());
    let refused = |_: io::Error| {
        Failure::new(
            FailureKind::Internal,
            "INGLE_PASSPHRASE could not be taken out of the environment; nothing was changed",
            "give the passphrase on the standard input instead",
        )
    };
    if u64::try_from(value.len()).map_or(true, |bytes| bytes >= MAX_BYTES) {
        return Err(too_long());
    }
    let program = std::env::current_exe().map_err(refused)?;
    let mut again = Command::new(program);
    again.args(std::env::args_os().skip(1)).env_remove(VARIABLE);
    let has_line = std::env::args_os().any(|arg| arg == FLAG);
    if !value.is_empty() && !has_line {
        let (reader, mut writer) = io::pipe().map_err(refused)?;
        writer.write_all(&value).and_then(|()| writer.write_all(b"\n")).map_err(refused)?;
        again.stdin(reader).arg(FLAG);
    }
    Err(refused(again.exec()))
}

#[cfg(not(unix))]
pub fn leave_environment() -> Result<(), Failure> {
    Ok(())
}

/// The first line of the standard input, without its end; none when there is no line.
pub fn from_stdin() -> Result<Option<Zeroizing<String>>, Failure> {
    read_line(io::stdin().lock())
}

/// The first line of the standard input, else `INGLE_PASSPHRASE`: for a one-shot, whose environment goes with it.
pub fn from_stdin_or_environment() -> Result<Zeroizing<String>, Failure> {
    match from_stdin()? {
        Some(line) => Ok(line),
        None => Ok(Zeroizing::new(std::env::var(VARIABLE).unwrap_or_default())),
    }
}

fn read_line(input: impl BufRead) -> Result<Option<Zeroizing<String>>, Failure> {
    let mut line = Zeroizing::new(String::with_capacity(256));
    let bytes = input.take(MAX_BYTES).read_line(&mut line).map_err(|_| {
        Failure::new(
            FailureKind::Usage,
            "the passphrase on the standard input is not a line of UTF-8",
            "type it again, or try another one",
        )
    })?;
    if !line.ends_with('\n') && u64::try_from(bytes).is_ok_and(|bytes| bytes == MAX_BYTES) {
        return Err(too_long());
    }
    let end = line.trim_end_matches(['\n', '\r']).len();
    line.truncate(end);
    Ok((bytes > 0).then_some(line))
}

fn too_long() -> Failure {
    Failure::new(
        FailureKind::Usage,
        format!("the passphrase is longer than {} bytes", MAX_BYTES - 1),
        "choose a shorter one",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_is_one_line_without_its_end() {
        let check = |input: &[u8], told: Option<&str>| {
            let line = read_line(input).expect("readable");
            assert_eq!(line.as_ref().map(|line| line.as_str()), told);
        };
        check(b"", None);
        check(b"\n", Some(""));
        check(b"a warm cabin\r\nmore", Some("a warm cabin"));
        check("Käse é ".as_bytes(), Some("Käse é "));
        assert!(read_line(&[0xff, b'\n'][..]).is_err());
        assert!(read_line(&[b'a'; 5000][..]).is_err());
    }
}
