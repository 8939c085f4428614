//! A disk with a page cache, that can be full, fail, lose its power or lie. It holds the [`Store`]'s invariant unless it lies.
//!
//! What a row means is not known here, but for the keys of bundles: the model asks which of them a commit was to make durable.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use ingle_core::{
    bundle::BundleKey,
    seal::Hash,
    store::{Batch, Op, Row, Store, StoreError, Table},
};

pub type Rows = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

/// What happens at the next commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The power goes while the batch is written.
    Crash { is_landed: bool },
    /// The sync reports an error.
    FailedSync { is_landed: bool },
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The disk said that it is durable.
    Kept,
    /// The disk gave an error, or no answer any more, and the batch is there all the same.
    Landed,
    /// It gave an error, or no answer any more, and nothing is there.
    Lost,
    /// It never got so far: a read had failed.
    NotTried,
}

/// One call of [`Store::commit`].
#[derive(Debug)]
pub struct Commit {
    pub outcome: Outcome,
    /// The bundles that the batch put, in order.
    pub bundles: Vec<BundleKey>,
}

/// The disk of one device: a handle, so that the world can get at it while an engine has it.
#[derive(Debug, Clone, Default)]
pub struct SimDisk(Rc<RefCell<Platter>>);

#[derive(Debug, Default)]
struct Platter {
    durable: Rows,
    /// Written, and not synced: a row, or that it was deleted.
    cached: BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>,
    next: Option<Fault>,
    is_full: bool,
    is_lying: bool,
    /// An error was returned, and the store was not opened anew yet.
    is_stale: bool,
    is_off: bool,
    is_misused: bool,
    is_reopened: bool,
    /// Reads until one fails.
    reads_left: Cell<Option<usize>>,
    commits: Vec<Commit>,
}

impl SimDisk {
    /// Says of every commit that it is durable, and syncs only at a clean shutdown.
    pub fn lying() -> Self {
        let disk = Self::default();
        disk.0.borrow_mut().is_lying = true;
        disk
    }

    /// A new disk that holds the same, as a copied folder does.
    pub fn copied(&self) -> Self {
        let copy = Self::default();
        copy.put_back(self.rows());
        copy.0.borrow_mut().is_lying = self.0.borrow().is_lying;
        copy
    }

    /// What a power cut would leave.
    pub fn rows(&self) -> Rows {
        self.0.borrow().durable.clone()
    }

    /// Puts all rows back to what they once were.
    pub fn put_back(&self, rows: Rows) {
        let mut platter = self.0.borrow_mut();
        platter.durable = rows;
        platter.cached.clear();
    }

    /// The bundles that are durable.
    pub fn bundles(&self) -> Vec<BundleKey> {
        let platter = self.0.borrow();
        let rows = platter.durable.range((Table::Bundles, Vec::new())..(Table::Touches, Vec::new()));
        rows.filter_map(|((_, key), _)| BundleKey::from_bytes(key)).collect()
    }

    /// Over all that is durable.
    pub fn fingerprint(&self) -> Hash {
        let platter = self.0.borrow();
        let rows = platter.durable.iter().map(|((table, key), value)| {
            Hash::of("ingle simulator row", &[&[table.number()], key, value]).as_bytes().to_vec()
        });
        Hash::of("ingle simulator disk", &[&rows.collect::<Vec<_>>().concat()])
    }

    pub fn fail_next(&self, fault: Fault) {
        self.0.borrow_mut().next = Some(fault);
    }

    /// Lets a read fail after this many others.
    pub fn fail_read_after(&self, reads: usize) {
        self.0.borrow().reads_left.set(Some(reads));
    }

    /// Reads don't fail any more. Of use while somebody looks who is no engine.
    pub fn let_read(&self) {
        self.0.borrow().reads_left.set(None);
    }

    /// Whether the store was opened anew since this was asked.
    pub fn take_reopened(&self) -> bool {
        std::mem::take(&mut self.0.borrow_mut().is_reopened)
    }

    /// Nothing goes wrong from now on.
    pub fn calm(&self) {
        let mut platter = self.0.borrow_mut();
        (platter.next, platter.is_full) = (None, false);
    }

    pub fn set_full(&self, is_full: bool) {
        self.0.borrow_mut().is_full = is_full;
    }

    pub fn is_full(&self) -> bool {
        self.0.borrow().is_full
    }

    pub fn is_off(&self) -> bool {
        self.0.borrow().is_off
    }

    /// Whether it was used between an error and [`Store::reopen`].
    pub fn is_misused(&self) -> bool {
        self.0.borrow().is_misused
    }

    pub fn take_commits(&self) -> Vec<Commit> {
        std::mem::take(&mut self.0.borrow_mut().commits)
    }

    /// The power goes, and comes back: what was not synced is lost.
    pub fn lose_power(&self) {
        let mut platter = self.0.borrow_mut();
        platter.cached.clear();
        (platter.next, platter.is_stale, platter.is_off) = (None, false, false);
    }

    /// The system writes its cache back.
    pub fn sync(&self) {
        self.0.borrow_mut().flush();
    }
}

impl Platter {
    fn write(&mut self, batch: &Batch) {
        for op in batch.ops.iter().cloned() {
            match op {
                Op::Put { table, key, value } => drop(self.cached.insert((table, key), Some(value))),
                Op::Delete { table, key } => drop(self.cached.insert((table, key), None)),
            }
        }
    }

    fn flush(&mut self) {
        for (row, value) in std::mem::take(&mut self.cached) {
            match value {
                Some(value) => drop(self.durable.insert(row, value)),
                None => drop(self.durable.remove(&row)),
            }
        }
    }

    fn sync_or_drop(&mut self, is_landed: bool) -> Outcome {
        if is_landed {
            self.flush();
            return Outcome::Landed;
        }
        self.cached.clear();
        Outcome::Lost
    }

    fn commit(&mut self, batch: &Batch) -> (Outcome, Result<(), StoreError>) {
        if self.is_full {
            return (Outcome::Lost, Err(StoreError::Full));
        }
        self.write(batch);
        match self.next.take() {
            Some(Fault::Crash { is_landed }) => {
                self.is_off = true;
                (self.sync_or_drop(is_landed), Err(StoreError::Io))
            }
            Some(Fault::FailedSync { is_landed }) => (self.sync_or_drop(is_landed), Err(StoreError::Io)),
            None => {
                if !self.is_lying {
                    self.flush();
                }
                (Outcome::Kept, Ok(()))
            }
        }
    }

    fn readable(&self) -> Result<(), StoreError> {
        let left = self.reads_left.get();
        self.reads_left.set(left.and_then(|left| left.checked_sub(1)));
        if self.is_off || self.is_stale || left == Some(0) { Err(StoreError::Io) } else { Ok(()) }
    }

    /// The cached rows over the durable ones.
    fn scan(&self, table: Table, prefix: &[u8], from: &[u8], limit: usize) -> Vec<Row> {
        let start = (table, from.max(prefix).to_vec());
        let is_wanted = |(at, key): &(Table, Vec<u8>)| *at == table && key.starts_with(prefix);
        let durable = self.durable.range(start.clone()..).take_while(|(row, _)| is_wanted(row));
        let durable = durable.map(|((_, key), value)| (key.clone(), value.clone()));
        if self.cached.is_empty() {
            return durable.take(limit).collect();
        }
        let mut rows: BTreeMap<Vec<u8>, Vec<u8>> = durable.collect();
        for ((_, key), value) in self.cached.range(start..).take_while(|(row, _)| is_wanted(row)) {
            match value {
                Some(value) => drop(rows.insert(key.clone(), value.clone())),
                None => drop(rows.remove(key)),
            }
        }
        rows.into_iter().take(limit).collect()
    }
}

impl Store for SimDisk {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let platter = self.0.borrow();
        platter.readable()?;
        let row = (table, key.to_vec());
        Ok(platter.cached.get(&row).cloned().unwrap_or_else(|| platter.durable.get(&row).cloned()))
    }

    fn scan(&self, table: Table, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
        let platter = self.0.borrow();
        platter.readable()?;
        Ok(platter.scan(table, prefix, from, limit))
    }

    fn last(&self, table: Table, prefix: &[u8]) -> Result<Option<Row>, StoreError> {
        Ok(self.scan(table, prefix, prefix, usize::MAX)?.pop())
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let mut platter = self.0.borrow_mut();
        if platter.is_stale || platter.is_off {
            platter.is_misused = true;
            return Err(StoreError::Io);
        }
        let (outcome, result) = platter.commit(batch);
        platter.is_stale = result.is_err();
        if result.is_err() {
            // One fault at a time.
            platter.reads_left.set(None);
        }
        let bundles = batch.ops.iter().filter_map(|op| match op {
            Op::Put { table: Table::Bundles, key, .. } => BundleKey::from_bytes(key),
            Op::Put { .. } | Op::Delete { .. } => None,
        });
        let bundles = bundles.collect();
        platter.commits.push(Commit { outcome, bundles });
        result
    }

    fn reopen(&mut self) -> Result<(), StoreError> {
        let mut platter = self.0.borrow_mut();
        (platter.is_stale, platter.is_reopened) = (false, true);
        platter.readable()
    }
}
