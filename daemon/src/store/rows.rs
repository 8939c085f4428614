//! The tables and their statements.

use std::sync::LazyLock;

use ingle_core::store::Table;

/// The statements of one table.
pub struct Sql {
    pub get: String,
    pub scan: String,
    pub scan_on: String,
    pub last: String,
    pub last_on: String,
    pub put: String,
    pub delete: String,
}

pub fn sql(table: Table) -> &'static Sql {
    static ALL: LazyLock<Vec<(Table, Sql)>> =
        LazyLock::new(|| Table::ALL.map(|table| (table, Sql::of(name(table)))).into());
    &ALL.iter().find(|(known, _)| *known == table).expect("Table::ALL names every table").1
}

impl Sql {
    fn of(name: &str) -> Self {
        let rows = format!("SELECT key, value FROM {name} WHERE key >= ?1");
        Self {
            get: format!("SELECT value FROM {name} WHERE key = ?1"),
            scan: format!("{rows} AND key < ?2 ORDER BY key LIMIT ?3"),
            scan_on: format!("{rows} ORDER BY key LIMIT ?2"),
            last: format!("{rows} AND key < ?2 ORDER BY key DESC LIMIT 1"),
            last_on: format!("{rows} ORDER BY key DESC LIMIT 1"),
            put: format!(
                "INSERT INTO {name} (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
            ),
            delete: format!("DELETE FROM {name} WHERE key = ?1"),
        }
    }
}

/// What the table is called in the database.
pub fn name(table: Table) -> &'static str {
    match table {
        Table::Meta => "meta",
        Table::Bundles => "bundles",
        Table::Touches => "touches",
        Table::Documents => "documents",
        Table::Digests => "digests",
        Table::Tips => "tips",
        Table::Roster => "roster",
        Table::Peers => "peers",
        Table::Shelf => "shelf",
        Table::Inbox => "inbox",
        Table::Drafts => "drafts",
    }
}

/// Small rows live in the index itself; big ones in a table beside it, which spares their reading on the way to another key.
pub fn has_big_rows(table: Table) -> bool {
    matches!(
        table,
        Table::Bundles
            | Table::Documents
            | Table::Digests
            | Table::Roster
            | Table::Shelf
            | Table::Inbox
            | Table::Drafts
    )
}

/// The least key after all that start with `prefix`; none when only 0xff bytes are in it.
pub fn end_of(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|&byte| byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

/// Whether a journal of an earlier version of Ingle may be without this table; it is made then.
pub fn came_later(table: Table) -> bool {
    table.number() > Table::Shelf.number()
}
