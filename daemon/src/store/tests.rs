use std::fs;

use tempfile::{TempDir, tempdir};

use super::*;

const KEY: &[u8] = b"key";

fn made(rows: u8) -> (TempDir, SqliteStore) {
    let dir = tempdir().expect("a temporary folder");
    let mut store = SqliteStore::create(dir.path(), Pragmas::default()).expect("created");
    for row in 0..rows {
        store.commit(&put(Table::Bundles, &[b'r', row], &[row; 300])).expect("room");
    }
    (dir, store)
}

fn put(table: Table, key: &[u8], value: &[u8]) -> Batch {
    let mut batch = Batch::default();
    batch.put(table, key, value);
    batch
}

fn file(dir: &TempDir) -> std::path::PathBuf {
    dir.path().join(FILE_NAME)
}

#[test]
fn rows_come_back_in_order_of_their_keys_after_opening_again() {
    let (dir, mut store) = made(5);
    let mut batch = put(Table::Meta, KEY, b"one");
    batch.put(Table::Meta, KEY, b"two".as_slice());
    batch.put(Table::Meta, [0xff, 0xff], b"end".as_slice());
    batch.delete(Table::Bundles, [b'r', 3]);
    store.commit(&batch).expect("room");
    drop(store);

    let store = SqliteStore::open(dir.path(), Pragmas::default()).expect("whole");
    assert_eq!(store.get(Table::Meta, KEY), Ok(Some(b"two".to_vec())));
    assert_eq!(store.get(Table::Tips, KEY), Ok(None));
    let keys = |rows: Vec<Row>| rows.into_iter().map(|(key, _)| key[1]).collect::<Vec<_>>();
    assert_eq!(keys(store.scan(Table::Bundles, b"r", b"", 100).expect("rows")), [0, 1, 2, 4]);
    assert_eq!(keys(store.scan(Table::Bundles, b"r", &[b'r', 1], 2).expect("rows")), [1, 2]);
    assert_eq!(store.scan(Table::Bundles, b"q", b"", 100), Ok(vec![]));
    assert_eq!(store.last(Table::Bundles, b"r"), Ok(Some((vec![b'r', 4], vec![4; 300]))));
    assert_eq!(store.last(Table::Meta, &[0xff]), Ok(Some((vec![0xff, 0xff], b"end".to_vec()))));
    assert_eq!(store.scan(Table::Meta, &[0xff], b"", 9).map(|rows| rows.len()), Ok(1));
    assert_eq!(store.last(Table::Bundles, b"s"), Ok(None));
}

#[test]
fn only_this_user_can_read_the_file_and_its_log() {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let (dir, _store) = made(1);
        for name in [FILE_NAME.to_owned(), format!("{FILE_NAME}-wal")] {
            let mode = fs::metadata(dir.path().join(&name)).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
}

#[test]
fn what_was_committed_is_there_after_a_kill_and_a_torn_log_tail_is_dropped() {
    let (dir, store) = made(3);
    let copy = tempdir().expect("a temporary folder");
    let wal = format!("{FILE_NAME}-wal");
    for name in [FILE_NAME, &wal] {
        fs::copy(dir.path().join(name), copy.path().join(name)).expect("copied as a kill would leave it");
    }
    drop(store);
    let rows = |dir: &std::path::Path| {
        SqliteStore::open(dir, Pragmas::default())
            .expect("whole")
            .scan(Table::Bundles, b"", b"", 9)
            .expect("rows")
            .len()
    };
    let torn = tempdir().expect("a temporary folder");
    fs::copy(copy.path().join(FILE_NAME), torn.path().join(FILE_NAME)).expect("copied");
    let bytes = fs::read(copy.path().join(&wal)).expect("the log");
    fs::write(torn.path().join(&wal), &bytes[..bytes.len() - 100]).expect("written");
    assert_eq!(rows(copy.path()), 3);
    assert_eq!(rows(torn.path()), 2);
}

#[test]
fn what_is_not_a_whole_journal_is_refused_and_left_as_it_is() {
    let check = |told: OpenFault, spoil: &dyn Fn(&mut Vec<u8>)| {
        let (dir, store) = made(40);
        drop(store);
        let mut bytes = fs::read(file(&dir)).expect("the database");
        spoil(&mut bytes);
        fs::write(file(&dir), &bytes).expect("written");
        assert_eq!(SqliteStore::open(dir.path(), Pragmas::default()).map(|_| ()), Err(told));
        assert_eq!(fs::read(file(&dir)).expect("still there"), bytes, "{told}");
    };
    let damaged = OpenFault::Store(StoreError::Damaged);
    check(damaged, &|bytes| bytes.clear());
    check(damaged, &|bytes| bytes.truncate(50));
    check(damaged, &|bytes| bytes.truncate(bytes.len() / 2));
    check(damaged, &|bytes| bytes.truncate(bytes.len() - 1));
    check(damaged, &|bytes| bytes[3] ^= 1);
    check(damaged, &|bytes| bytes[71] ^= 1);
    check(damaged, &|bytes| bytes[100] ^= 0xff);
    check(damaged, &|bytes| bytes.fill(0));
    check(OpenFault::Newer, &|bytes| bytes[63] = 9);
}

#[test]
fn a_missing_database_is_said_to_be_missing_and_none_is_made() {
    let dir = tempdir().expect("a temporary folder");
    assert_eq!(SqliteStore::open(dir.path(), Pragmas::default()).map(|_| ()), Err(OpenFault::Missing));
    assert_eq!(fs::read_dir(dir.path()).expect("there").count(), 0);
}

#[test]
fn an_existing_database_is_never_made_anew() {
    let (dir, store) = made(2);
    drop(store);
    let before = fs::read(file(&dir)).expect("the database");
    assert!(SqliteStore::create(dir.path(), Pragmas::default()).is_err());
    assert_eq!(fs::read(file(&dir)).expect("the database"), before);
}

#[test]
fn a_second_opener_is_told_that_it_is_in_use() {
    let (dir, _store) = made(2);
    assert_eq!(SqliteStore::open(dir.path(), Pragmas::default()).map(|_| ()), Err(OpenFault::InUse));
}

#[test]
fn a_full_disk_takes_none_of_a_batch_and_the_store_works_again_after_reopening() {
    let (dir, store) = made(1);
    drop(store);
    let pages = u32::try_from(fs::metadata(file(&dir)).expect("there").len() / 4096).expect("few");
    let small = Pragmas { max_pages: Some(pages + 2), ..Pragmas::default() };
    let mut store = SqliteStore::open(dir.path(), small).expect("whole");
    let mut batch = put(Table::Meta, b"first", b"1");
    batch.put(Table::Documents, KEY, vec![7; 64 << 10]);
    assert_eq!(store.commit(&batch), Err(StoreError::Full));
    assert_eq!(store.commit(&put(Table::Meta, KEY, b"1")), Err(StoreError::Io), "not before it was reopened");
    assert_eq!(store.tidier().tidy(), Err(StoreError::Io));

    store.reopen().expect("whole");
    assert_eq!(store.get(Table::Meta, b"first"), Ok(None));
    store.commit(&put(Table::Meta, KEY, b"1")).expect("little fits");
    assert_eq!(store.get(Table::Meta, KEY), Ok(Some(b"1".to_vec())));
    assert_eq!(store.scan(Table::Bundles, b"", b"", 9).map(|rows| rows.len()), Ok(1));
}

#[test]
fn tidying_moves_the_log_into_the_main_file_and_leaves_nothing_waiting() {
    let (dir, mut store) = made(20);
    let tidier = store.tidier();
    assert!(tidier.waiting_pages() > 20);
    let before = fs::metadata(file(&dir)).expect("there").len();
    tidier.tidy().expect("room");
    assert_eq!(tidier.waiting_pages(), 0);
    assert!(fs::metadata(file(&dir)).expect("there").len() > before);
    store.commit(&put(Table::Meta, KEY, b"1")).expect("room");
    assert!((1..20).contains(&tidier.waiting_pages()), "the log starts over");
}

#[test]
fn a_row_that_was_replaced_or_deleted_leaves_no_bytes_in_the_main_file() {
    let (dir, mut store) = made(1);
    store.commit(&put(Table::Documents, KEY, b"the first version of it")).expect("room");
    store.commit(&put(Table::Documents, KEY, b"the second version")).expect("room");
    let mut batch = Batch::default();
    batch.delete(Table::Documents, KEY);
    store.commit(&batch).expect("room");
    drop(store);
    let bytes = fs::read(file(&dir)).expect("the database");
    assert!(!bytes.windows(10).any(|window| window == b"version of" || window == b"second ver"));
}
