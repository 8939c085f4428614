use ingle_core::wrap::Age;
use tempfile::{TempDir, tempdir};

use super::*;
use crate::random::OsRandom;

fn phrase(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

fn made(slot: &NewSlot<'_>) -> (TempDir, DeviceKeys, LockKey) {
    let dir = tempdir().expect("a temporary folder");
    let keys = DeviceKeys::generate(&mut OsRandom, &Age);
    let lock = LockKey::generate();
    KeyFile::create(dir.path(), &keys, &lock, slot).expect("written");
    (dir, keys, lock)
}

#[test]
fn a_passphrase_opens_it_and_a_wrong_one_is_told_from_damage() {
    let (dir, keys, _) = made(&NewSlot::Passphrase(&phrase("a warm cabin")));
    let file = KeyFile::read(dir.path()).expect("whole");
    assert_eq!((file.device(), file.kinds()), (keys.device(), vec![KeySlot::Passphrase]));
    let lock = file.lock_key_by_passphrase(&phrase("a warm cabin")).expect("the right one");
    assert_eq!(*file.open(&lock).expect("its own key").to_bytes(), *keys.to_bytes());
    assert_eq!(file.lock_key_by_passphrase(&phrase("a warm cabin ")).map(|_| ()), Err(KeyFileFault::WrongPassphrase));
    assert_eq!(file.lock_key_by_file(dir.path()).map(|_| ()), Err(KeyFileFault::NoSuchSlot));
}

#[test]
fn a_key_file_journal_opens_with_the_file_beside_it_and_only_this_user_can_read_it() {
    let (dir, keys, _) = made(&NewSlot::KeyFile);
    let file = KeyFile::read(dir.path()).expect("whole");
    let lock = file.lock_key_by_file(dir.path()).expect("beside it");
    assert_eq!(file.open(&lock).expect("its own key").device(), keys.device());
    #[cfg(unix)]
    for name in [FILE_NAME, OPEN_KEY_NAME] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(dir.path().join(name)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    fs::remove_file(dir.path().join(OPEN_KEY_NAME)).expect("removed");
    assert_eq!(file.lock_key_by_file(dir.path()).map(|_| ()), Err(KeyFileFault::Missing));
}

#[test]
fn a_key_of_another_journal_does_not_open_it() {
    let (dir, ..) = made(&NewSlot::Keychain);
    let file = KeyFile::read(dir.path()).expect("whole");
    assert_eq!(file.open(&LockKey::generate()).map(|_| ()), Err(KeyFileFault::WrongKey));
}

#[test]
fn every_flipped_bit_is_noticed_before_a_passphrase_is_asked_for() {
    let (dir, _, lock) = made(&NewSlot::Keychain);
    let bytes = fs::read(dir.path().join(FILE_NAME)).expect("there");
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            let outcome = KeyFile::parse(&flipped);
            // White space between the fields, and a letter's case in the id, carry nothing.
            let is_refused = matches!(outcome, Err(KeyFileFault::Damaged | KeyFileFault::Newer));
            assert!(is_refused || outcome.is_ok_and(|file| file.open(&lock).is_ok()), "byte {at} bit {bit}");
        }
    }
}

#[test]
fn what_is_no_key_file_of_this_version_is_refused_and_left_as_it_is() {
    let check = |told: KeyFileFault, bytes: &[u8]| {
        let dir = tempdir().expect("a temporary folder");
        let path = dir.path().join(FILE_NAME);
        fs::write(&path, bytes).expect("written");
        assert_eq!(KeyFile::read(dir.path()).map(|_| ()), Err(told));
        assert_eq!(fs::read(&path).expect("there"), bytes);
    };
    check(KeyFileFault::Damaged, b"");
    check(KeyFileFault::Damaged, b"{}");
    check(KeyFileFault::Damaged, &vec![b' '; 300 << 10]);
    check(KeyFileFault::Newer, br#"{"ingle-key": 2, "what": "ever"}"#);
    let empty = tempdir().expect("a temporary folder");
    assert_eq!(KeyFile::read(empty.path()).map(|_| ()), Err(KeyFileFault::Missing));
}

#[test]
fn a_key_file_is_never_made_over_another() {
    let (dir, keys, lock) = made(&NewSlot::Keychain);
    let before = fs::read(dir.path().join(FILE_NAME)).expect("there");
    assert!(KeyFile::create(dir.path(), &keys, &lock, &NewSlot::Keychain).is_err());
    assert_eq!(fs::read(dir.path().join(FILE_NAME)).expect("there"), before);
}
