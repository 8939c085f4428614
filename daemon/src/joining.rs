//! Joining another device's journal: a new folder grows beside the old one and takes its place when everything is in it.
//!
//! `journal.joining` holds the new device's keys and log. The file `adopted` in it says that the other device has taken this one
//! in; `merged` that every entry of the old journal has been written anew in the new one, and both are on the disk.
//! **Invariant:** the old journal is not touched before `merged` is there, and [`recover`] finishes what a crash has cut short.

use std::{fs, io, path::Path};

use ingle_api::{Failure, Places};

use crate::{failures, files, home};

/// The other device has this one on its roster.
const ADOPTED: &str = "adopted";
/// Nothing of the old journal is missing in the new one.
const MERGED: &str = "merged";

/// Brings the folders into order before anything is opened.
pub fn recover(places: &Places) -> Result<(), Failure> {
    settle(places).map_err(|error| failures::folder(places.data_dir(), &error))
}

/// Says for ever that the other device has taken this one in.
pub fn mark_adopted(places: &Places) -> io::Result<()> {
    mark(&places.joining_dir(), ADOPTED)
}

/// Says for ever that the new journal holds everything.
pub fn mark_merged(places: &Places) -> io::Result<()> {
    mark(&places.joining_dir(), MERGED)
}

/// Whether a joining waits to be gone on with: it was taken in, and the old journal is not in it yet.
pub fn is_under_way(places: &Places) -> bool {
    has(&places.joining_dir(), ADOPTED)
}

/// Puts the folders where their marks say. Any part of it may have been done already.
pub fn settle(places: &Places) -> io::Result<()> {
    let (journal, joining, old) = (places.journal_dir(), places.joining_dir(), places.data_dir().join("journal.old"));
    let has_journal = journal.join(crate::key_file::FILE_NAME).exists();
    if has(&joining, MERGED) {
        if has_journal {
            home::remove(&old)?;
            fs::rename(&journal, &old)?;
        }
        home::put_in_place(&joining, &journal)?;
    } else if has(&joining, ADOPTED) && !has_journal && !old.exists() {
        home::put_in_place(&joining, &journal)?;
    } else if joining.exists() && !has(&joining, ADOPTED) {
        tracing::info!("a joining that the other device had not answered is taken back");
        home::remove(&joining)?;
    }
    for mark in [ADOPTED, MERGED] {
        // A folder that can't be written to is a matter for whoever opens the journal.
        if has(&journal, mark) {
            fs::remove_file(journal.join(mark))?;
        }
    }
    // Only now: the new journal is in its place, whole.
    if journal.join(crate::key_file::FILE_NAME).exists() {
        home::remove(&old)?;
    }
    Ok(())
}

fn has(dir: &Path, mark: &str) -> bool {
    dir.join(mark).exists()
}

fn mark(dir: &Path, mark: &str) -> io::Result<()> {
    files::write_whole(&dir.join(mark), b"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{key_file, store};

    /// A home with the named folders, each with a key file that holds the folder's name, and marks.
    fn home_with(folders: &[(&str, &[&str])]) -> (tempfile::TempDir, Places) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let places = Places::under(dir.path());
        for (folder, marks) in folders {
            let folder_path = dir.path().join(folder);
            fs::create_dir(&folder_path).expect("made");
            fs::write(folder_path.join(key_file::FILE_NAME), folder).expect("written");
            fs::write(folder_path.join(store::FILE_NAME), folder).expect("written");
            for mark in *marks {
                fs::write(folder_path.join(mark), b"").expect("written");
            }
        }
        (dir, places)
    }

    #[test]
    fn whatever_a_crash_has_cut_short_is_finished_and_the_old_journal_stays_until_then() {
        let check = |folders: &[(&str, &[&str])], journal: Option<&str>, left: &[&str]| {
            let (dir, places) = home_with(folders);
            for _ in 0..2 {
                recover(&places).expect("writable");
                let key = fs::read_to_string(places.journal_dir().join(key_file::FILE_NAME)).ok();
                assert_eq!(key.as_deref(), journal, "{folders:?}");
                let mut names: Vec<String> = fs::read_dir(dir.path())
                    .expect("there")
                    .map(|entry| entry.expect("there").file_name().into_string().expect("text"))
                    .collect();
                names.sort();
                assert_eq!(names, left, "{folders:?}");
                assert!(!has(&places.journal_dir(), ADOPTED) && !has(&places.journal_dir(), MERGED));
            }
        };
        check(&[], None, &[]);
        check(&[("journal", &[])], Some("journal"), &["journal"]);
        // An empty home joins.
        check(&[("journal.joining", &[])], None, &[]);
        check(&[("journal.joining", &[ADOPTED])], Some("journal.joining"), &["journal"]);
        check(&[("journal", &[ADOPTED])], Some("journal"), &["journal"]);
        // A home with entries joins.
        check(&[("journal", &[]), ("journal.joining", &[])], Some("journal"), &["journal"]);
        check(&[("journal", &[]), ("journal.joining", &[ADOPTED])], Some("journal"), &["journal", "journal.joining"]);
        check(&[("journal", &[]), ("journal.joining", &[ADOPTED, MERGED])], Some("journal.joining"), &["journal"]);
        check(&[("journal.old", &[]), ("journal.joining", &[ADOPTED, MERGED])], Some("journal.joining"), &["journal"]);
        check(&[("journal.old", &[]), ("journal", &[ADOPTED, MERGED])], Some("journal"), &["journal"]);
        check(&[("journal.old", &[]), ("journal", &[])], Some("journal"), &["journal"]);
    }
}
