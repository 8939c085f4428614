//! A device's home: making a journal, how it stands, unlocking, ending the daemon.

use std::ffi::OsStr;

use ingle_api::{
    Client, DeviceView, Failure, FailureKind, Lock, Places, Request, Snapshot, Status, client::ConnectError, spawn,
    status::JournalState,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Context,
    args::LockFlags,
    outcome::Outcome,
    passphrase,
    reach::{self, CLIENT},
    render,
};

/// What `ingled init` says it has made, and `ingle init --json` after it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    pub device: String,
    pub name: String,
    pub lock: String,
}

pub async fn init(context: &Context, name: Option<&str>, lock: LockFlags) -> Outcome {
    let made = make(context, name, lock).await?;
    context.print.answer(&made, || describe(&made))
}

/// Makes a journal. A daemon that waits in the empty home steps aside for it, and comes back.
pub async fn make(context: &Context, name: Option<&str>, lock: LockFlags) -> Outcome<Made> {
    let places = &context.reach.places;
    let has_waiting_daemon = match Client::connect(places, CLIENT).await {
        Ok((mut client, snapshot)) if snapshot.journal == JournalState::Absent => {
            end(&mut client).await?;
            true
        }
        Ok(_) => return Err(has_journal().into()),
        // Whatever else is in the way of the socket is not in the way of making a journal.
        Err(ConnectError::NobodyThere | ConnectError::Failed(_)) => false,
    };
    let made = with_lock(lock, true, async |lock| ingled_init(places, name, &lock).await).await;
    if has_waiting_daemon {
        spawn::connect_or_start(places, CLIENT).await?;
    }
    made
}

pub fn describe(made: &Made) -> String {
    match made.lock.as_str() {
        "keychain" => format!("Made a journal for \"{}\", locked by the keychain.", made.name),
        "passphrase" => format!("Made a journal for \"{}\", locked by your passphrase.", made.name),
        _ => format!(
            "Made a journal for \"{}\". Its key lies beside it: whoever copies the folder can read it.",
            made.name
        ),
    }
}

/// Carries out `attempt` with the lock that was asked for. Without a wish the keychain is tried first, and a passphrase if
/// there is none and `falls_back`.
pub async fn with_lock<T>(
    flags: LockFlags,
    falls_back: bool,
    mut attempt: impl AsyncFnMut(Lock) -> Result<T, Failure>,
) -> Outcome<T> {
    if flags.key_file {
        return Ok(attempt(Lock::KeyFile).await?);
    }
    if flags.passphrase {
        return Ok(attempt(Lock::Passphrase(passphrase::new()?)).await?);
    }
    match attempt(Lock::Keychain).await {
        Err(why) if why.kind == FailureKind::Locked && falls_back => {
            Ok(attempt(Lock::Passphrase(passphrase::instead_of_keychain(why)?)).await?)
        }
        other => Ok(other?),
    }
}

async fn ingled_init(places: &Places, name: Option<&str>, lock: &Lock) -> Result<Made, Failure> {
    let (kind, line) = match lock {
        Lock::Keychain => ("keychain", None),
        Lock::Passphrase(passphrase) => ("passphrase", Some(passphrase.as_str())),
        Lock::KeyFile => ("key-file", None),
    };
    let mut arguments = vec!["init".to_owned(), format!("--lock={kind}")];
    arguments.extend(name.map(|name| format!("--name={name}")));
    let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    read(&spawn::one_shot(places, &arguments, line).await?)
}

pub async fn devices(context: &Context) -> Outcome {
    let mut client = context.reach.journal().await?;
    let devices: Vec<DeviceView> = client.call(Request::Devices {}).await?;
    context.print.answer(&devices, || render::devices(&devices))
}

/// With no daemon, what can be seen from outside.
pub async fn status(context: &Context) -> Outcome {
    let zone = jiff::tz::TimeZone::system();
    let places = &context.reach.places;
    let told = match daemon_status(places).await {
        // It may have ended while it was asked. Then nobody is there the second time.
        Err(failure) if failure.kind == FailureKind::Unavailable => daemon_status(places).await?,
        told => told?,
    };
    let (status, snapshot) = if let Some((status, snapshot)) = told {
        (status, Some(snapshot))
    } else {
        let arguments = [OsStr::new("status"), OsStr::new("--json")];
        (read(&spawn::one_shot(places, &arguments, None).await?)?, None)
    };
    context.print.answer(&status, || render::status(&status, snapshot.as_ref(), &zone))
}

/// What the daemon says of how things stand; none when there is no daemon.
async fn daemon_status(places: &Places) -> Result<Option<(Status, Snapshot)>, Failure> {
    match Client::connect(places, CLIENT).await {
        Ok((mut client, snapshot)) => client.call(Request::Status {}).await.map(|status| Some((status, snapshot))),
        Err(ConnectError::Failed(failure)) => Err(failure),
        Err(ConnectError::NobodyThere) => Ok(None),
    }
}

pub async fn unlock(context: &Context) -> Outcome {
    if context.reach.is_empty() {
        return Err(reach::absent().into());
    }
    let (mut client, snapshot) = context.reach.connect().await?;
    reach::open(&mut client, snapshot.journal).await?;
    context.print.answer(&json!({"unlocked": true}), || "The journal is open.".to_owned())
}

/// With no daemon one is started, so that nothing opens the journal before the person does.
pub async fn lock(context: &Context) -> Outcome {
    if context.reach.is_empty() {
        return Err(reach::absent().into());
    }
    let (mut client, snapshot) = context.reach.connect().await?;
    match snapshot.journal {
        JournalState::Absent => return Err(reach::absent().into()),
        JournalState::Locked => {}
        JournalState::Open | JournalState::Joining | JournalState::Unavailable => client.tell(Request::Lock {}).await?,
    }
    context.print.answer(&json!({"locked": true}), || {
        "The journal is locked. You can still check in; \"ingle unlock\" opens it.".to_owned()
    })
}

pub async fn stop(context: &Context) -> Outcome {
    let is_stopped = match Client::connect(&context.reach.places, CLIENT).await {
        Ok((mut client, _)) => {
            end(&mut client).await?;
            true
        }
        Err(ConnectError::NobodyThere) => false,
        Err(ConnectError::Failed(failure)) => return Err(failure.into()),
    };
    context.print.answer(&json!({"stopped": is_stopped}), || {
        let told = if is_stopped { "The daemon has ended; everything is on disk." } else { "No daemon is running." };
        told.to_owned()
    })
}

/// A daemon that is gone before it answers has ended too.
async fn end(client: &mut Client) -> Result<(), Failure> {
    match client.tell(Request::Stop {}).await {
        Err(failure) if failure.kind == FailureKind::Unavailable => Ok(()),
        other => other,
    }
}

/// What a one-shot printed.
pub fn read<T: for<'de> Deserialize<'de>>(line: &str) -> Result<T, Failure> {
    serde_json::from_str(line).map_err(|_| {
        Failure::new(
            FailureKind::Version,
            "the answer of \"ingled\" can't be read",
            "bring \"ingle\" and \"ingled\" to the same version",
        )
    })
}

fn has_journal() -> Failure {
    Failure::new(
        FailureKind::Journal,
        "there is a journal here already; nothing was changed",
        "use it, or name another folder with --home",
    )
}
