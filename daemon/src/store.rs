//! The journal's rows in SQLite: one file, one connection, one `fdatasync` for a save.
//!
//! Write-ahead log, full durability, an exclusive lock (so no shared memory file). What a row means is the core's matter.
//!
//! **Invariant:** opening never creates, and never replaces what it can't read. **Invariant:** after an error of a commit
//! nothing is written until [`Store::reopen`] has copied all that is visible into the main file and synced it, because after a
//! failed sync the system may show pages that never reached the disk.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use ingle_core::store::{Batch, Op, Row, Store, StoreError, Table};
use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior, config::DbConfig, ffi, hooks::Wal, params,
};

use self::rows::{came_later, end_of, has_big_rows, name, sql};
use crate::files;

mod rows;

/// "Ingl" in the file's header says whose file it is.
const APPLICATION_ID: i32 = 0x496e_676c;
/// The layout of the tables. What they hold has versions of its own.
const LAYOUT: i32 = 1;

/// Bytes in a page, as [`build`] leaves it.
const PAGE: u64 = 4096;

/// The database's name inside a journal folder.
pub const FILE_NAME: &str = "journal.db";

/// How hard a commit is. Anything but [`Durability::Full`] is for tests that show what full is good for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// A commit is on the disk when it returns.
    #[default]
    Full,
    /// A commit is in the system's memory when it returns; a power cut may take it.
    None,
}

/// How the database is opened. The default is what the shipped program uses; it has no flag for another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pragmas {
    pub durability: Durability,
    /// The most pages of 4 KiB that the file may have.
    pub max_pages: Option<u32>,
}

/// Whether there is a database in `dir`, in whatever state.
pub fn is_there(dir: &Path) -> bool {
    fs::symlink_metadata(dir.join(FILE_NAME)).is_ok()
}

/// Why there is no store to work with. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenFault {
    #[error("the journal's database is missing")]
    Missing,
    #[error("the journal was written by a newer version of Ingle")]
    Newer,
    #[error("another program has the journal's database open")]
    InUse,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The tables of a journal in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    shared: Arc<Shared>,
    path: PathBuf,
    pragmas: Pragmas,
}

/// Copies the write-ahead log into the main file, at moments when nobody waits for a save.
#[derive(Debug, Clone)]
pub struct Tidier(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    connection: Mutex<Slot>,
    /// Pages in the write-ahead log that are not in the main file.
    wal_pages: Arc<AtomicU32>,
}

/// The connection, or that there is none to write with.
#[derive(Debug)]
struct Slot {
    connection: Option<Connection>,
    is_broken: bool,
}

impl SqliteStore {
    /// Makes the database in `dir`, which exists. File and folder are synced. Fails when there is one already.
    pub fn create(dir: &Path, pragmas: Pragmas) -> Result<Self, OpenFault> {
        let path = dir.join(FILE_NAME);
        drop(files::create_private(&path).map_err(io_fault)?);
        let mut connection = connect(&path, pragmas).map_err(fault)?;
        build(&mut connection).map_err(fault)?;
        files::sync_dir(dir).map_err(io_fault)?;
        Ok(Self::with(connection, path, pragmas))
    }

    /// Opens the database in `dir`. Reads its header and the list of its tables; damage further in shows when it is read.
    pub fn open(dir: &Path, pragmas: Pragmas) -> Result<Self, OpenFault> {
        let path = dir.join(FILE_NAME);
        let connection = open_checked(&path, pragmas)?;
        Ok(Self::with(connection, path, pragmas))
    }

    fn with(mut connection: Connection, path: PathBuf, pragmas: Pragmas) -> Self {
        let wal_pages = Arc::new(AtomicU32::new(0));
        count_wal(&mut connection, &wal_pages);
        let slot = Slot { connection: Some(connection), is_broken: false };
        Self { shared: Arc::new(Shared { connection: Mutex::new(slot), wal_pages }), path, pragmas }
    }

    pub fn tidier(&self) -> Tidier {
        Tidier(Arc::clone(&self.shared))
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let slot = self.shared.slot();
        read(slot.connection.as_ref().ok_or(StoreError::Io)?).map_err(|error| store_error(&error))
    }
}

impl Shared {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        // A panic under the lock leaves SQLite's own state whole: a transaction rolls back when it is dropped.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tidier {
    /// Pages of 4 KiB that wait in the write-ahead log.
    pub fn waiting_pages(&self) -> u32 {
        self.0.wal_pages.load(Ordering::Relaxed)
    }

    /// Copies what waits into the main file and syncs it. Does nothing after an error of a commit.
    pub fn tidy(&self) -> Result<(), StoreError> {
        let slot = self.0.slot();
        match &slot.connection {
            Some(connection) if !slot.is_broken => {
                checkpoint(connection, "PASSIVE").map_err(|error| store_error(&error))?;
                self.0.wal_pages.store(0, Ordering::Relaxed);
                Ok(())
            }
            _ => Err(StoreError::Io),
        }
    }
}

impl Store for SqliteStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|connection| {
            connection.prepare_cached(&sql(table).get)?.query_row([key], |row| row.get(0)).optional()
        })
    }

    fn scan(&self, table: Table, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
        let from = from.max(prefix);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(|connection| match end_of(prefix) {
            Some(end) => connection
                .prepare_cached(&sql(table).scan)?
                .query_map(params![from, end, limit], pair)?
                .collect::<rusqlite::Result<_>>(),
            None => connection.prepare_cached(&sql(table).scan_on)?.query_map(params![from, limit], pair)?.collect(),
        })
    }

    fn last(&self, table: Table, prefix: &[u8]) -> Result<Option<Row>, StoreError> {
        self.read(|connection| match end_of(prefix) {
            Some(end) => connection.prepare_cached(&sql(table).last)?.query_row(params![prefix, end], pair).optional(),
            None => connection.prepare_cached(&sql(table).last_on)?.query_row(params![prefix], pair).optional(),
        })
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let mut slot = self.shared.slot();
        if slot.is_broken {
            return Err(StoreError::Io);
        }
        let connection = slot.connection.as_mut().ok_or(StoreError::Io)?;
        let result = write(connection, batch);
        slot.is_broken = result.is_err();
        result.map_err(|error| store_error(&error))
    }

    fn reopen(&mut self) -> Result<(), StoreError> {
        let mut slot = self.shared.slot();
        drop(slot.connection.take());
        let mut connection = open_checked(&self.path, self.pragmas).map_err(|fault| match fault {
            OpenFault::Store(error) => error,
            OpenFault::Missing | OpenFault::Newer => StoreError::Damaged,
            OpenFault::InUse => StoreError::Io,
        })?;
        checkpoint(&connection, "TRUNCATE").map_err(|error| store_error(&error))?;
        count_wal(&mut connection, &self.shared.wal_pages);
        self.shared.wal_pages.store(0, Ordering::Relaxed);
        *slot = Slot { connection: Some(connection), is_broken: false };
        Ok(())
    }
}

fn write(connection: &mut Connection, batch: &Batch) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for op in &batch.ops {
        match op {
            Op::Put { table, key, value } => {
                transaction.prepare_cached(&sql(*table).put)?.execute(params![key, value])?
            }
            Op::Delete { table, key } => transaction.prepare_cached(&sql(*table).delete)?.execute([key])?,
        };
    }
    transaction.commit()
}

fn pair(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok((row.get(0)?, row.get(1)?))
}

/// Opens what exists and sets what holds for a connection only.
fn connect(path: &Path, pragmas: Pragmas) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_millis(500))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(
        None,
        "synchronous",
        if pragmas.durability == Durability::Full { "FULL" } else { "OFF" },
    )?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    if let Some(pages) = pragmas.max_pages {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn build(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "page_size", 4096)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for table in Table::ALL {
        make_table(&transaction, table)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", LAYOUT)?;
    transaction.commit()?;
    checkpoint(connection, "TRUNCATE")
}

fn make_table(connection: &Connection, table: Table) -> rusqlite::Result<()> {
    let (name, tail) = (name(table), if has_big_rows(table) { "" } else { ", WITHOUT ROWID" });
    connection.execute_batch(&format!(
        "CREATE TABLE {name} (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL) STRICT{tail}"
    ))
}

fn open_checked(path: &Path, pragmas: Pragmas) -> Result<Connection, OpenFault> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(OpenFault::Missing),
        Err(error) => return Err(io_fault(error)),
        // SQLite would take a short file for a new database, and read the missing end of its last page as zeros.
        Ok(file) if !file.is_file() || file.len() < PAGE || (file.len() % PAGE != 0 && !has_log(path)) => {
            return Err(StoreError::Damaged.into());
        }
        Ok(_) => {}
    }
    // SQLite would be content with reading, and stumble later. No connection stands now whose locks this would take.
    drop(fs::OpenOptions::new().write(true).open(path).map_err(io_fault)?);
    let connection = connect(path, pragmas).map_err(fault)?;
    if connection.is_readonly(rusqlite::MAIN_DB).map_err(fault)? {
        // By the word of its header, which in Ingle's never says so.
        return Err(StoreError::Damaged.into());
    }
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0)).map_err(fault);
    if number("application_id")? != APPLICATION_ID {
        return Err(StoreError::Damaged.into());
    }
    match number("user_version")? {
        LAYOUT => {}
        newer if newer > LAYOUT => return Err(OpenFault::Newer),
        _ => return Err(StoreError::Damaged.into()),
    }
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).map_err(fault)?;
    if mode != "wal" {
        return Err(StoreError::Damaged.into());
    }
    for table in Table::ALL {
        let found = connection.query_row(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1",
            [name(table)],
            |row| row.get::<_, i64>(0),
        );
        match found.map_err(fault)? {
            1 => {}
            0 if came_later(table) => make_table(&connection, table).map_err(fault)?,
            _ => return Err(StoreError::Damaged.into()),
        }
    }
    Ok(connection)
}

/// Whether a write-ahead log lies beside the database. Then the last page may be torn, and the log mends it.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    fs::metadata(Path::new(&log)).is_ok_and(|log| log.len() > 0)
}

fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<()> {
    let is_busy: i64 = connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| row.get(0))?;
    if is_busy == 0 { Ok(()) } else { Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)) }
}

fn count_wal(connection: &mut Connection, pages: &Arc<AtomicU32>) {
    let pages = Arc::clone(pages);
    let hook = move |_: &mut Wal, waiting| {
        pages.store(u32::try_from(waiting).unwrap_or(0), Ordering::Relaxed);
        Ok(())
    };
    connection.wal_hook(Some(hook)).expect("registering a callback touches no file");
}

fn fault(error: rusqlite::Error) -> OpenFault {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenFault::InUse,
        _ => store_error(&error).into(),
    }
}

fn store_error(error: &rusqlite::Error) -> StoreError {
    tracing::warn!(code = error.sqlite_error().map(|e| e.extended_code), "the database reported an error");
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => StoreError::ReadOnly,
        Some(
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::SchemaChanged | ErrorCode::TypeMismatch,
        ) => StoreError::Damaged,
        _ => match error {
            // Values of another type than the tables hold.
            rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::FromSqlConversionFailure(..) => {
                StoreError::Damaged
            }
            _ => StoreError::Io,
        },
    }
}

fn io_fault(error: io::Error) -> OpenFault {
    files::store_error(&error).into()
}

#[cfg(test)]
mod tests;
