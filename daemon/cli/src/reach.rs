//! Reaching the daemon, and through it an open journal.

use ingle_api::{
    Client, Failure, FailureKind, KeySlot, Places, Request, Snapshot, Status, spawn, status::JournalState,
};

use crate::{ask::has_terminal, outcome::Outcome, passphrase, print::aside};

/// This program's name in the daemon's log.
pub const CLIENT: &str = "ingle";

/// Whose daemon, and whether it may be started.
#[derive(Debug)]
pub struct Reach {
    pub places: Places,
    may_start: bool,
}

impl Reach {
    pub const fn new(places: Places, may_start: bool) -> Self {
        Self { places, may_start }
    }

    pub const fn may_start(&self) -> bool {
        self.may_start
    }

    /// Whatever state the journal is in.
    pub async fn connect(&self) -> Result<(Client, Snapshot), Failure> {
        if self.may_start {
            spawn::connect_or_start(&self.places, CLIENT).await
        } else {
            spawn::connect_only(&self.places, CLIENT).await
        }
    }

    /// For a command that needs the journal: unlocks it if that takes a passphrase which can be had. An empty home starts no daemon.
    pub async fn journal(&self) -> Outcome<Client> {
        if self.is_empty() {
            return Err(absent().into());
        }
        let (mut client, snapshot) = self.connect().await?;
        match snapshot.journal {
            JournalState::Absent => return Err(absent().into()),
            JournalState::Locked => unlock(&mut client).await?,
            // The daemon says by itself what is in the way.
            JournalState::Open | JournalState::Joining | JournalState::Unavailable => {}
        }
        Ok(client)
    }

    /// For a new entry, which a locked journal may take too; whether it is locked. Nothing is asked.
    pub async fn for_words(&self) -> Outcome<(Client, bool)> {
        if self.is_empty() {
            return Err(absent().into());
        }
        let (mut client, snapshot) = self.connect().await?;
        let is_locked = match snapshot.journal {
            JournalState::Absent => return Err(absent().into()),
            JournalState::Locked => match passphrase::from_environment()? {
                Some(passphrase) if has_passphrase(&mut client).await? => {
                    client.tell(Request::Unlock { passphrase: Some(passphrase) }).await?;
                    false
                }
                _ => true,
            },
            JournalState::Open | JournalState::Joining | JournalState::Unavailable => false,
        };
        Ok((client, is_locked))
    }

    /// Whether nothing lies here that could become a journal. What can't be looked at counts as something.
    pub fn is_empty(&self) -> bool {
        [self.places.journal_dir(), self.places.joining_dir()].iter().all(|dir| matches!(dir.try_exists(), Ok(false)))
    }
}

/// Whether a passphrase opens the journal. One that has none was locked by hand, and is opened so.
pub async fn has_passphrase(client: &mut Client) -> Result<bool, Failure> {
    let status: Status = client.call(Request::Status {}).await?;
    Ok(status.key_slots.contains(&KeySlot::Passphrase))
}

/// Opens the journal because the person said so, whatever shut it.
pub async fn open(client: &mut Client, journal: JournalState) -> Outcome {
    match journal {
        JournalState::Absent => Err(absent().into()),
        JournalState::Locked if has_passphrase(client).await? => unlock(client).await,
        // It was locked by hand, or the keychain may have come back.
        JournalState::Locked | JournalState::Unavailable => {
            Ok(client.tell(Request::Unlock { passphrase: None }).await?)
        }
        JournalState::Open | JournalState::Joining => Ok(()),
    }
}

/// Opens a locked journal with `INGLE_PASSPHRASE`, else by asking.
pub async fn unlock(client: &mut Client) -> Outcome {
    if !has_passphrase(client).await? {
        return Err(Failure { hint: "open it with \"ingle unlock\"".into(), ..locked() }.into());
    }
    if let Some(passphrase) = passphrase::from_environment()? {
        return Ok(client.tell(Request::Unlock { passphrase: Some(passphrase) }).await?);
    }
    if !has_terminal() {
        return Err(locked().into());
    }
    let mut tries = 1;
    loop {
        let passphrase = passphrase::ask("Passphrase: ")?;
        match client.tell(Request::Unlock { passphrase: Some(passphrase) }).await {
            Err(failure) if failure.kind == FailureKind::Locked && tries < passphrase::TRIES => {
                aside(format_args!("{}. Once more, please.\n", capitalised(&failure.message)));
                tries += 1;
            }
            other => return Ok(other?),
        }
    }
}

pub fn absent() -> Failure {
    Failure::new(
        FailureKind::Journal,
        "there is no journal here yet",
        "make one with \"ingle init\", or join another device's with \"ingle join\"",
    )
}

pub fn locked() -> Failure {
    Failure::new(
        FailureKind::Locked,
        "the journal is locked; what is in it is safe",
        "run \"ingle unlock\" in a terminal, or set INGLE_PASSPHRASE",
    )
}

pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}
