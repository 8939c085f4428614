//! Every failure of the daemon's own edges, as a person reads it: what happened, with whether the words are safe, and what to do.

use std::{io, path::Path};

use ingle_api::{Failure, FailureKind};
use ingle_core::{roster::AddRefused, store::StoreError};

use crate::{files, key_file::KeyFileFault, keychain::KeychainFault, store::OpenFault};

/// A folder that can't be made or written to.
pub fn folder(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    match files::store_error(error) {
        StoreError::Full => Failure::new(
            FailureKind::Storage,
            format!("the disk of {path} is full; nothing was changed"),
            "make room and try again",
        ),
        StoreError::ReadOnly => Failure::new(
            FailureKind::Storage,
            format!("the folder {path} can't be written to; nothing was changed"),
            "make it writable for you, or name another one with --home",
        ),
        StoreError::Damaged | StoreError::Io => Failure::new(
            FailureKind::Storage,
            format!("the folder {path} can't be used: {}", error.kind()),
            "check that it is a folder of yours, or name another one with --home",
        ),
    }
}

/// A failure as one of the sentences that a status shows.
pub fn sentence(failure: &Failure) -> String {
    let mut letters = failure.message.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}. To do: {}.", letters.as_str(), failure.hint)
}

impl From<OpenFault> for Failure {
    fn from(fault: OpenFault) -> Self {
        let (kind, message, hint) = match fault {
            OpenFault::Missing => (
                FailureKind::Storage,
                "the journal's database is missing, its key is still there; nothing was changed",
                "put journal.db back from a copy, or move the journal folder away to begin anew",
            ),
            OpenFault::Newer => newer(),
            OpenFault::InUse => (
                FailureKind::Unavailable,
                "another program has the journal's database open; nothing was changed",
                "close that program, or wait until it is done",
            ),
            OpenFault::Store(error) => return at_opening(error),
        };
        Self::new(kind, message, hint)
    }
}

/// What the disk said while the journal was being opened: no words were on their way.
pub fn at_opening(error: StoreError) -> Failure {
    let (message, hint) = match error {
        StoreError::Damaged => (
            "the journal's database is damaged; it was left as it is",
            "copy the journal folder to a safe place first; then join again from another device, or put a copy back",
        ),
        StoreError::Full => {
            ("the disk is full, so the journal can't be opened; what is in it is safe", "make room and try again")
        }
        StoreError::ReadOnly => (
            "the journal can't be written to, so it wasn't opened; what is in it is safe",
            "make the journal folder and its files writable for you",
        ),
        StoreError::Io => (
            "the disk reported an error, so the journal wasn't opened; nothing was changed",
            "copy the journal folder to another disk and check this one",
        ),
    };
    Failure::new(FailureKind::Storage, message, hint)
}

impl From<KeyFileFault> for Failure {
    fn from(fault: KeyFileFault) -> Self {
        let (kind, message, hint) = match fault {
            KeyFileFault::Missing => (
                FailureKind::Storage,
                "the journal's key file is missing; your words are untouched, and sealed",
                "put the file \"key\" (and \"key.open\", if there was one) back into the journal folder from a copy",
            ),
            KeyFileFault::Newer => newer(),
            KeyFileFault::Damaged => (
                FailureKind::Storage,
                "the journal's key file is damaged; your words are untouched, and sealed",
                "put the file \"key\" back into the journal folder from a copy; Ingle never replaces it",
            ),
            KeyFileFault::WrongPassphrase => (
                FailureKind::Locked,
                "that passphrase doesn't open this journal; your words are untouched",
                "look at the keyboard's layout and the Caps Lock key, and try again",
            ),
            KeyFileFault::WrongKey => (
                FailureKind::Locked,
                "the key that was found is not this journal's; your words are untouched, and sealed",
                "bring back the keychain or the file \"key.open\" that belongs to this journal",
            ),
            KeyFileFault::NoSuchSlot => (
                FailureKind::Locked,
                "this journal is not locked by a passphrase",
                "unlock the keychain of this computer, then run \"ingle unlock\" without a passphrase",
            ),
            KeyFileFault::Disk(error) => return at_opening(error),
        };
        Self::new(kind, message, hint)
    }
}

fn newer() -> (FailureKind, &'static str, &'static str) {
    (
        FailureKind::Version,
        "this journal was written by a newer version of Ingle; nothing was changed",
        "install that version again, or a newer one",
    )
}

/// The keychain's answer about a journal that exists.
impl From<KeychainFault> for Failure {
    fn from(fault: KeychainFault) -> Self {
        let (message, hint) = match fault {
            KeychainFault::NoKeychain => (
                "this journal's key is in a keychain, and there is none here now; your words are untouched, and sealed",
                "log in to the desktop whose keychain has the key, then run \"ingle unlock\"",
            ),
            KeychainFault::Locked => (
                "the keychain with this journal's key is locked; your words are untouched, and sealed",
                "unlock the keychain, then run \"ingle unlock\"",
            ),
            KeychainFault::NoKey => (
                "the keychain doesn't have this journal's key now; your words are untouched, and sealed",
                "unlock or restore the keychain that had it, then run \"ingle unlock\"; Ingle never makes a new key for it",
            ),
            KeychainFault::Ambiguous => (
                "the keychain has more than one item for this journal; your words are untouched, and sealed",
                "remove the copies of the item from the keychain, then run \"ingle unlock\"",
            ),
            KeychainFault::NotAKey | KeychainFault::Exists | KeychainFault::NotKept => (
                "the keychain's item for this journal is not its key; your words are untouched, and sealed",
                "restore the keychain that had the key, then run \"ingle unlock\"",
            ),
            KeychainFault::Silent => (
                "the keychain doesn't answer; your words are untouched, and sealed",
                "answer the window in which it may be asking, then run \"ingle unlock\"",
            ),
        };
        Self::new(FailureKind::Locked, message, hint)
    }
}

/// The keychain's answer while a journal was being made: there is none yet, and none was left behind.
pub fn no_keychain_for_a_new_journal(fault: KeychainFault) -> Failure {
    let (message, hint) = match fault {
        KeychainFault::Silent => (
            "the keychain doesn't answer; no journal was made",
            "answer the window in which it may be asking, or use --passphrase",
        ),
        KeychainFault::NotKept => ("the keychain didn't keep the key; no journal was made", "use --passphrase"),
        _ => ("there is no keychain on this computer that Ingle can use", "use --passphrase"),
    };
    Failure::new(FailureKind::Locked, message, hint)
}

/// Why the engine did not open a journal.
pub fn engine(error: ingle_core::engine::OpenError) -> Failure {
    use ingle_core::engine::OpenError;
    match error {
        OpenError::NoJournal | OpenError::Damaged => at_opening(StoreError::Damaged),
        OpenError::Newer => {
            let (kind, message, hint) = newer();
            Failure::new(kind, message, hint)
        }
        OpenError::AlreadyThere => Failure::new(
            FailureKind::Journal,
            "there is a journal here already; nothing was changed",
            "open it as it is, or name another folder with --home",
        ),
        OpenError::WrongKey => KeyFileFault::WrongKey.into(),
        OpenError::Store(error) => at_opening(error),
    }
}

/// A fault in Ingle.
pub fn fault() -> Failure {
    Failure::new(
        FailureKind::Internal,
        "something in Ingle went wrong; what was saved before is safe",
        "try again, and look into the log if it happens again",
    )
}

/// Why something could not be read.
pub fn reading(error: StoreError) -> Failure {
    match error {
        StoreError::Damaged => at_opening(StoreError::Damaged),
        StoreError::Full | StoreError::ReadOnly | StoreError::Io => Failure::new(
            FailureKind::Storage,
            "the disk reported an error, so that could not be shown; nothing was changed",
            "try again; if it happens again, copy the journal folder to another disk",
        ),
    }
}

pub fn no_such_entry() -> Failure {
    Failure::new(FailureKind::NotFound, "there is no such entry here", "look for its id with \"ingle list\"")
}

pub fn no_such_reminder() -> Failure {
    Failure::new(
        FailureKind::NotFound,
        "there is no such reminder here, or none is due",
        "look at them with \"ingle remind list\"",
    )
}

/// What became of a write.
pub fn write(error: ingle_core::engine::WriteError) -> Failure {
    use ingle_core::engine::WriteError;
    match error {
        WriteError::Refused(refused) => refused.into(),
        WriteError::NoEntry => no_such_entry(),
        WriteError::NothingToUndo => Failure::new(
            FailureKind::NotFound,
            "there is nothing to undo",
            "only what was saved since Ingle started can be undone",
        ),
        WriteError::Reminder(refused) => {
            Failure::new(FailureKind::Usage, format!("{refused}; nothing was changed"), refused.hint())
        }
        WriteError::NoReminder => no_such_reminder(),
        WriteError::NotAdded(refused) => not_added(&refused),
        WriteError::Store(error) => not_saved(error),
    }
}

/// Why a device was not put on the roster.
fn not_added(refused: &AddRefused) -> Failure {
    let (message, hint) = match refused {
        AddRefused::Full => {
            ("this journal takes no more devices; nothing was shared", "use one of the devices that it has")
        }
        AddRefused::AlreadyMember => (
            "another device of this journal has one of the new device's keys; nothing was shared",
            "start the joining on the new device again",
        ),
        AddRefused::NotAMember | AddRefused::NoPaper | AddRefused::Closed(_) | AddRefused::Wrap(_) => {
            return fault();
        }
    };
    Failure::new(FailureKind::Pairing, message, hint)
}

/// What the disk said while something was being saved.
fn not_saved(error: StoreError) -> Failure {
    let (message, hint) = match error {
        StoreError::Full => {
            ("the disk is full; that was not saved, and what was saved before is safe", "make room and save it again")
        }
        StoreError::ReadOnly => (
            "the journal can't be written to; that was not saved, and what was saved before is safe",
            "make the journal folder and its files writable for you, and save it again",
        ),
        StoreError::Damaged => (
            "the journal's database is damaged; that was not saved",
            "copy the journal folder to a safe place first; then join again from another device, or put a copy back",
        ),
        StoreError::Io => (
            "the disk reported an error; that was not saved, and what was saved before is safe",
            "save it again; if it happens again, copy the journal folder to another disk",
        ),
    };
    Failure::new(FailureKind::Storage, message, hint)
}
