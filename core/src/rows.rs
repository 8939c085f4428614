//! Rows that are sealed for this device, each for the place it is kept at. What lies in them is not decided here.

use zeroize::Zeroizing;

use crate::{random::Random, seal::LocalKey, staged::Staged, store::Table, wire::Reader};

/// The most bytes of a packed row before it is compressed: far more than a month ever has.
const MAX_PACKED_BYTES: usize = 256 << 20;
/// On digests and snapshots higher levels cost more than they gain.
const LEVEL: i32 = 3;

/// A position and compressed bytes.
pub fn put_packed(
    local: &LocalKey,
    table: Table,
    key: &[u8],
    position: u64,
    bytes: &[u8],
    staged: &mut Staged,
    random: &mut dyn Random,
) {
    let packed = Zeroizing::new(zstd::bulk::compress(bytes, LEVEL).expect("memory can be compressed"));
    let length = u64::try_from(bytes.len()).expect("no platform has more than 64 bits");
    let mut plain = Zeroizing::new(Vec::with_capacity(16 + packed.len()));
    plain.extend_from_slice(&position.to_be_bytes());
    plain.extend_from_slice(&length.to_be_bytes());
    plain.extend_from_slice(&packed);
    seal_row(local, table, key, &plain, staged, random);
}

pub fn read_packed(local: &LocalKey, table: Table, key: &[u8], sealed: &[u8]) -> Option<(u64, Zeroizing<Vec<u8>>)> {
    let plain = open_row(local, table, key, sealed)?;
    let mut reader = Reader(&plain);
    let position = reader.u64()?;
    let length = usize::try_from(reader.u64()?).ok().filter(|length| *length <= MAX_PACKED_BYTES)?;
    Some((position, Zeroizing::new(zstd::bulk::decompress(reader.0, length).ok()?)))
}

/// A row opens at its own place only.
fn place(table: Table, key: &[u8]) -> Vec<u8> {
    [&[table.number()], key].concat()
}

pub fn seal_row(
    local: &LocalKey,
    table: Table,
    key: &[u8],
    plain: &[u8],
    staged: &mut Staged,
    random: &mut dyn Random,
) {
    staged.put(table, key, local.seal(&place(table, key), plain, random));
}

pub fn open_row(local: &LocalKey, table: Table, key: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    local.open(&place(table, key), sealed).ok()
}
