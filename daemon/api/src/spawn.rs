//! Getting at the daemon: connecting to it, starting it when nobody is there, and its one-shots (`ingled init`, `ingled status`).
//!
//! A daemon that was started says one line on its standard output, `ready`, when it takes callers, or the two lines of an error,
//! and closes it; nothing here polls. The program is looked for beside the running one, then on the PATH. Its environment has no
//! `INGLE_PASSPHRASE`: a passphrase goes over the socket or, to a one-shot, as a line on the standard input.

use std::{
    env::consts::EXE_SUFFIX,
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
    time::timeout,
};
use zeroize::Zeroizing;

use crate::{Client, Failure, FailureKind, Places, Snapshot, client::ConnectError};

/// From the start of the daemon to its `ready`. It waits itself for up to 6 s for another one that is ending.
const READY_LIMIT: Duration = Duration::from_secs(20);
/// From connecting to the answer to hello. A daemon that is opening its journal takes up to 10 s.
const HELLO_LIMIT: Duration = Duration::from_secs(30);
/// No announcement is longer.
const MAX_ANNOUNCEMENT: u64 = 16 * 1024;

/// Connects to the daemon that runs; a failure when none does.
pub async fn connect_only(places: &Places, client: &str) -> Result<(Client, Snapshot), Failure> {
    connect(places, client).await.map_err(|error| match error {
        ConnectError::NobodyThere => nobody_there(),
        ConnectError::Failed(failure) => failure,
    })
}

/// Connects to the daemon, starting one if nobody is there. When two callers start one at once, both get the one that came first.
/// A daemon of an older version makes room, and is gone when it says so; one that doesn't stays, and its failure is told.
pub async fn connect_or_start(places: &Places, client: &str) -> Result<(Client, Snapshot), Failure> {
    match connect(places, client).await {
        Ok(connected) => return Ok(connected),
        Err(ConnectError::Failed(older)) if older.kind == FailureKind::Version => {
            return match start(places).await {
                Ok(()) => connect_only(places, client).await,
                Err(_) => Err(older),
            };
        }
        Err(ConnectError::Failed(failure)) => return Err(failure),
        Err(ConnectError::NobodyThere) => {}
    }
    let started = start(places).await;
    // A start that was refused may mean that another one has come up meanwhile.
    match (connect(places, client).await, started) {
        (Ok(connected), _) => Ok(connected),
        (Err(_), Err(why)) | (Err(ConnectError::Failed(why)), Ok(())) => Err(why),
        (Err(ConnectError::NobodyThere), Ok(())) => Err(ended_early(places)),
    }
}

/// Runs `ingled` with `arguments` for this home, `line` on its standard input. What it printed, or its two lines as a failure. Has
/// no time limit of its own: the keychain may be asking the person.
pub async fn one_shot(places: &Places, arguments: &[&OsStr], line: Option<&str>) -> Result<String, Failure> {
    let mut command = ingled(places, arguments)?;
    let input = if line.is_some() { Stdio::piped() } else { Stdio::null() };
    command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| not_started(&error))?;
    if let (Some(line), Some(mut input)) = (line, child.stdin.take()) {
        let line = Zeroizing::new(format!("{line}\n"));
        // A child that has ended without reading says why by itself.
        drop(input.write_all(line.as_bytes()).await);
    }
    let output = child.wait_with_output().await.map_err(|error| not_started(&error))?;
    if output.status.success() {
        return String::from_utf8(output.stdout).map_err(|_| unreadable());
    }
    Err(read_failure(&String::from_utf8_lossy(&output.stderr), output.status).unwrap_or_else(unreadable))
}

async fn connect(places: &Places, client: &str) -> Result<(Client, Snapshot), ConnectError> {
    timeout(HELLO_LIMIT, Client::connect(places, client)).await.unwrap_or_else(|_| Err(silent().into()))
}

/// Starts the daemon and returns when it takes callers. It outlives this process.
async fn start(places: &Places) -> Result<(), Failure> {
    let mut command = ingled(places, &[OsStr::new("--announce")])?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    detach(&mut command);
    let mut child = command.spawn().map_err(|error| not_started(&error))?;
    match timeout(READY_LIMIT, announcement(&mut child)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Some(failure))) => Err(failure),
        Ok(Err(None)) => Err(ended_early(places)),
        Err(_) => Err(silent()),
    }
}

/// Reads what the daemon says of its start; `Err(None)` when it ended without a word.
async fn announcement(child: &mut Child) -> Result<(), Option<Failure>> {
    let output = child.stdout.take().ok_or(None)?;
    let mut lines = BufReader::new(output.take(MAX_ANNOUNCEMENT)).lines();
    let mut told = String::new();
    while let Ok(Some(line)) = lines.next_line().await {
        if line == "ready" {
            return Ok(());
        }
        told.push_str(&line);
        told.push('\n');
    }
    let status = child.wait().await.map_err(|_| None)?;
    Err(read_failure(&told, status))
}

/// Two lines, `error: ..` and `hint: ..`, with the exit code that says whose matter it is.
fn read_failure(text: &str, status: ExitStatus) -> Option<Failure> {
    let line = |start: &str| text.lines().find_map(|line| line.strip_prefix(start));
    let kind = status.code().and_then(FailureKind::from_exit_code).unwrap_or(FailureKind::Internal);
    Some(Failure::new(kind, line("error: ")?, line("hint: ")?))
}

fn ingled(places: &Places, arguments: &[&OsStr]) -> Result<Command, Failure> {
    let mut command = Command::new(program());
    command.args(arguments).env_remove("INGLE_PASSPHRASE").env_remove("NOTIFY_SOCKET");
    if let Some(home) = places.home_override() {
        let home = std::path::absolute(home).map_err(|_| no_folder(home))?;
        command.arg("--home").arg(home);
    }
    Ok(command)
}

/// Beside the running program, else whatever the PATH says.
fn program() -> PathBuf {
    let name = format!("ingled{EXE_SUFFIX}");
    let own = std::env::current_exe().ok();
    let beside = own.as_deref().and_then(Path::parent).map(|dir| dir.join(&name)).filter(|path| path.is_file());
    beside.unwrap_or_else(|| name.into())
}

/// The terminal's Ctrl-C and its closing are not the daemon's, and the folder that this was called in stays free to go.
#[cfg(unix)]
fn detach(command: &mut Command) {
    command.process_group(0).current_dir("/");
}

#[cfg(windows)]
fn detach(command: &mut Command) {
    const DETACHED_PROCESS: u32 = 0x8;
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
    command.creation_flags(DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP);
}

fn nobody_there() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "Ingle's daemon is not running",
        "start it with \"ingled\", or leave out --no-start",
    )
}

fn not_started(error: &io::Error) -> Failure {
    let message = match error.kind() {
        io::ErrorKind::NotFound => "Ingle's daemon can't be started: there is no program \"ingled\"".to_owned(),
        other => format!("Ingle's daemon can't be started: {other}"),
    };
    Failure::new(FailureKind::Unavailable, message, "install \"ingled\" beside \"ingle\", or in a folder of the PATH")
}

fn ended_early(places: &Places) -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "Ingle's daemon ended before it took callers",
        format!("try again; if it happens again, look into {}", places.log_path().display()),
    )
}

fn silent() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "Ingle's daemon doesn't answer",
        "what it had confirmed is safe; wait a moment and try again, or end the process \"ingled\"",
    )
}

fn unreadable() -> Failure {
    Failure::new(
        FailureKind::Internal,
        "Ingle's daemon ended without saying why",
        "try again; if it happens again, please report this",
    )
}

fn no_folder(home: &Path) -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        format!("the folder {} can't be found from here", home.display()),
        "name it with its whole path",
    )
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn ended(code: i32) -> ExitStatus {
        ExitStatus::from_raw(code << 8)
    }

    #[test]
    fn two_lines_and_an_exit_code_are_a_failure() {
        let check =
            |text: &str, code: i32, told: Option<Failure>| assert_eq!(read_failure(text, ended(code)), told, "{text}");
        let two = "error: there is a journal here already\nhint: use it\n";
        check(two, 6, Some(Failure::new(FailureKind::Journal, "there is a journal here already", "use it")));
        check(two, 77, Some(Failure::new(FailureKind::Internal, "there is a journal here already", "use it")));
        check("thread 'main' panicked\n", 101, None);
        check("", 0, None);
    }

    async fn announced(script: &str) -> Result<(), Option<Failure>> {
        let mut child = Command::new("sh")
            .args(["-c", script])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        announcement(&mut child).await
    }

    #[tokio::test]
    async fn ready_is_heard_while_the_daemon_goes_on_and_an_end_without_it_is_told() {
        assert_eq!(announced("echo ready; exec sleep 5").await, Ok(()));
        let taken =
            Failure::new(FailureKind::Unavailable, "the journal is in use by another ingled (pid 7)", "stop it");
        let script = "echo 'error: the journal is in use by another ingled (pid 7)'; echo 'hint: stop it'; exit 5";
        assert_eq!(announced(script).await, Err(Some(taken)));
        assert_eq!(announced("exit 1").await, Err(None));
    }
}
