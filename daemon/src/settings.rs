//! What a person has set for this device alone: one small file beside the journal, which can be read while it is locked.
//!
//! **Invariant:** a file that can't be read is never replaced; until it can, everything is as if nothing was set.

use std::{fs, io, path::PathBuf};

use ingle_api::{Failure, FailureKind, Places, request::LockSettings};
use serde::{Deserialize, Serialize};

use crate::{failures, files};

const FILE_NAME: &str = "settings.json";
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "ingle-settings")]
    version: u32,
    lock_with_screen: bool,
}

/// Whether the journal is locked with the screen and before sleep. It is, unless the person has said otherwise.
pub fn locks_with_screen(places: &Places) -> bool {
    read(places).ok().flatten().is_none_or(|written| written.lock_with_screen)
}

pub fn lock_settings(places: &Places) -> Result<LockSettings, Failure> {
    let written = read(places).map_err(|()| unreadable(places))?;
    Ok(LockSettings { with_screen: written.is_none_or(|written| written.lock_with_screen) })
}

/// Durable when it returns.
pub fn set_lock_settings(places: &Places, settings: LockSettings) -> Result<(), Failure> {
    read(places).map_err(|()| unreadable(places))?;
    let written = Written { version: VERSION, lock_with_screen: settings.with_screen };
    let bytes = serde_json::to_vec_pretty(&written).map_err(|_| failures::fault())?;
    files::write_whole(&path(places), &bytes).map_err(|error| failures::folder(places.data_dir(), &error))
}

fn path(places: &Places) -> PathBuf {
    places.data_dir().join(FILE_NAME)
}

fn read(places: &Places) -> Result<Option<Written>, ()> {
    match fs::read(path(places)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(_) => Err(()),
        Ok(bytes) => match serde_json::from_slice::<Written>(&bytes) {
            Ok(written) if written.version == VERSION => Ok(Some(written)),
            _ => Err(()),
        },
    }
}

fn unreadable(places: &Places) -> Failure {
    Failure::new(
        FailureKind::Storage,
        format!("the settings in {} can't be read; nothing was changed", path(places).display()),
        "move that file away to begin with the usual ones",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_locked_with_the_screen_until_the_person_says_otherwise_and_no_file_is_lost() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let places = Places::under(dir.path());
        assert!(locks_with_screen(&places));
        for with_screen in [false, true] {
            set_lock_settings(&places, LockSettings { with_screen }).expect("writable");
            assert_eq!(lock_settings(&places), Ok(LockSettings { with_screen }));
            assert_eq!(locks_with_screen(&places), with_screen);
        }
        fs::write(path(&places), "{\"ingle-settings\":2}").expect("writable");
        assert!(locks_with_screen(&places));
        set_lock_settings(&places, LockSettings { with_screen: false }).expect_err("it is a newer one");
        assert_eq!(fs::read(path(&places)).expect("there"), b"{\"ingle-settings\":2}");
    }
}
