//! Rows that wait for the next commit, and reading through them. Nothing here is durable.

use std::collections::BTreeMap;

use crate::store::{Batch, Store, StoreError, Table};

/// What the next commit will write. A row that is written twice is written once, as it was last.
#[derive(Debug, Default)]
pub struct Staged {
    rows: BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>,
}

impl Staged {
    /// The row as it will be.
    pub fn get(&self, store: &impl Store, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.rows.get(&(table, key.to_vec())) {
            Some(row) => Ok(row.clone()),
            None => store.get(table, key),
        }
    }

    pub fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.rows.insert((table, key.into()), Some(value.into()));
    }

    pub fn delete(&mut self, table: Table, key: impl Into<Vec<u8>>) {
        self.rows.insert((table, key.into()), None);
    }

    pub fn into_batch(self) -> Batch {
        let mut batch = Batch::default();
        for ((table, key), value) in self.rows {
            match value {
                Some(value) => batch.put(table, key, value),
                None => batch.delete(table, key),
            }
        }
        batch
    }
}
