//! The seam to the disk: ordered rows in a few tables, read at once, written in one durable step.
//!
//! The engine decides what a row means; a store only keeps rows. Keys and values are either sealed, or hashes and numbers.
//! `ingled` keeps them in SQLite, the simulator in memory with crashes. Writing is one [`Batch`] at a time:
//!
//! **Invariant:** when [`Store::commit`] returns `Ok`, the whole batch is on the disk and survives a power cut; when it returns
//! an error, either all of it is there or nothing, and the caller must open the store anew before it writes again.

/// Which rows. The numbers are part of the store's format and are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// Format version and counters, by name.
    Meta = 1,
    /// log ‖ seq ‖ hash -> state and bytes of a bundle.
    Bundles = 2,
    /// document ‖ position -> the bundle that changed the document there.
    Touches = 3,
    /// document -> sealed snapshot.
    Documents = 4,
    /// document -> sealed digest.
    Digests = 5,
    /// log ‖ hash -> a tip of what is held or applied.
    Tips = 6,
    /// hash -> roster record.
    Roster = 7,
    /// device -> sealed notes about a peer: addresses, last exchange.
    Peers = 8,
    /// What could not be taken, sealed or as it came, with the reason.
    Shelf = 9,
    /// id -> what was written while the journal was locked, sealed to this device's public key.
    Inbox = 10,
    /// id -> what an editor shows of a letter, sealed.
    Drafts = 11,
}

impl Table {
    pub const ALL: [Self; 11] = [
        Self::Meta,
        Self::Bundles,
        Self::Touches,
        Self::Documents,
        Self::Digests,
        Self::Tips,
        Self::Roster,
        Self::Peers,
        Self::Shelf,
        Self::Inbox,
        Self::Drafts,
    ];

    /// Part of the place that a row's seal is bound to.
    #[expect(clippy::as_conversions, reason = "the discriminants are the numbers")]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// One change of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    Put { table: Table, key: Vec<u8>, value: Vec<u8> },
    Delete { table: Table, key: Vec<u8> },
}

/// Changes that become durable together or not at all, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    pub ops: Vec<Op>,
}

impl Batch {
    pub fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.ops.push(Op::Put { table, key: key.into(), value: value.into() });
    }

    pub fn delete(&mut self, table: Table, key: impl Into<Vec<u8>>) {
        self.ops.push(Op::Delete { table, key: key.into() });
    }

    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }
}

/// Why the disk did not do it, by what the person can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("the disk is full")]
    Full,
    #[error("the disk or the folder can't be written to")]
    ReadOnly,
    #[error("the journal's database is damaged")]
    Damaged,
    #[error("the disk reported an error")]
    Io,
}

/// A row: key and value.
pub type Row = (Vec<u8>, Vec<u8>);

pub trait Store {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Rows whose key starts with `prefix` and is not less than `from`, in order of their keys, at most `limit`.
    fn scan(&self, table: Table, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Row>, StoreError>;

    /// The last row whose key starts with `prefix`.
    fn last(&self, table: Table, prefix: &[u8]) -> Result<Option<Row>, StoreError>;

    /// Makes the batch durable, whole.
    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError>;

    /// Makes the store usable again after an error of [`Self::commit`].
    fn reopen(&mut self) -> Result<(), StoreError>;
}

impl<T: Store + ?Sized> Store for Box<T> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        (**self).get(table, key)
    }

    fn scan(&self, table: Table, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
        (**self).scan(table, prefix, from, limit)
    }

    fn last(&self, table: Table, prefix: &[u8]) -> Result<Option<Row>, StoreError> {
        (**self).last(table, prefix)
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        (**self).commit(batch)
    }

    fn reopen(&mut self) -> Result<(), StoreError> {
        (**self).reopen()
    }
}

/// Rows in memory, for this crate's tests. Fails as many commits as it is told to.
#[cfg(test)]
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    pub rows: std::collections::BTreeMap<(Table, Vec<u8>), Vec<u8>>,
    pub failing: std::rc::Rc<std::cell::Cell<u32>>,
}

#[cfg(test)]
impl Store for Memory {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.rows.get(&(table, key.to_vec())).cloned())
    }

    fn scan(&self, table: Table, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
        let start = (table, from.max(prefix).to_vec());
        let rows = self.rows.range(start..).take_while(|((at, key), _)| *at == table && key.starts_with(prefix));
        Ok(rows.take(limit).map(|((_, key), value)| (key.clone(), value.clone())).collect())
    }

    fn last(&self, table: Table, prefix: &[u8]) -> Result<Option<Row>, StoreError> {
        Ok(self.scan(table, prefix, prefix, usize::MAX)?.pop())
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if let Some(left) = self.failing.get().checked_sub(1) {
            self.failing.set(left);
            return Err(StoreError::Full);
        }
        for op in &batch.ops {
            match op.clone() {
                Op::Put { table, key, value } => drop(self.rows.insert((table, key), value)),
                Op::Delete { table, key } => drop(self.rows.remove(&(table, key))),
            }
        }
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}
