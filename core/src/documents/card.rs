//! A document's card and digest: what lists and counts need of it, without its history.

use std::collections::BTreeMap;

use ingle_model::DeviceId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Keyring, Records, RowName};
use crate::{
    bundle::DocumentName,
    entry::{self, Standing},
    random::Random,
    rows::{open_row, put_packed, read_packed, seal_row},
    seal::Hash,
    staged::Staged,
    store::{Store, StoreError, Table},
};

/// The key of a card is this and the document's row name.
pub const CARD: u8 = 0;
const DIGEST: u8 = 1;

/// What is known of a document without loading it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Entries that show, by the device that wrote them.
    pub entries: BTreeMap<DeviceId, u64>,
    /// The least and the greatest time that they tell of.
    pub span_ms: Option<(i64, i64)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    #[serde(with = "name_bytes")]
    pub name: DocumentName,
    /// Of the last bundle that touched the document when card and digest were written.
    pub position: u64,
    pub snapshot: u64,
    pub summary: Summary,
    #[serde(with = "hex_hashes")]
    pub heads: Vec<Hash>,
}

impl Card {
    /// Of a document whose digest was not written yet.
    pub fn new(name: &DocumentName) -> Self {
        let (summary, heads) = (Summary::default(), Vec::new());
        Self { name: name.clone(), position: 0, snapshot: 0, summary, heads }
    }

    pub fn open(keys: Keyring<'_>, key: &[u8], sealed: &[u8]) -> Option<Self> {
        let card = open_row(keys.local, Table::Digests, key, sealed)?;
        serde_json::from_slice(&card).ok()
    }
}

pub fn read_digest(
    store: &impl Store,
    keys: Keyring<'_>,
    row: &RowName,
    card: &Card,
) -> Result<Option<Records>, StoreError> {
    let key = digest_key(DIGEST, row);
    let digest =
        store.get(Table::Digests, &key)?.and_then(|sealed| read_packed(keys.local, Table::Digests, &key, &sealed));
    let fresh = digest.filter(|(position, _)| *position == card.position);
    Ok(fresh.and_then(|(_, records)| serde_json::from_slice(&records).ok()))
}

pub fn put_digest(
    keys: Keyring<'_>,
    row: &RowName,
    position: u64,
    records: &Records,
    staged: &mut Staged,
    random: &mut dyn Random,
) {
    let digest = Zeroizing::new(serde_json::to_vec(records).expect("texts and numbers are JSON"));
    put_packed(keys.local, Table::Digests, &digest_key(DIGEST, row), position, &digest, staged, random);
}

pub fn put_card(keys: Keyring<'_>, row: &RowName, card: &Card, staged: &mut Staged, random: &mut dyn Random) {
    let key = digest_key(CARD, row);
    let plain = Zeroizing::new(serde_json::to_vec(card).expect("texts and numbers are JSON"));
    seal_row(keys.local, Table::Digests, &key, &plain, staged, random);
}

pub fn summary(records: &Records) -> Summary {
    let mut summary = Summary::default();
    for (key, record) in records {
        if entry::id(key).is_none() || entry::standing(record) == Standing::Trashed {
            continue;
        }
        let (Some(origin), Some(at)) = (entry::origin(record), entry::moment(record)) else { continue };
        *summary.entries.entry(origin.device).or_default() += 1;
        let (least, greatest) = summary.span_ms.unwrap_or((at.millis(), at.millis()));
        summary.span_ms = Some((least.min(at.millis()), greatest.max(at.millis())));
    }
    summary
}

fn digest_key(kind: u8, row: &RowName) -> Vec<u8> {
    [&[kind][..], row].concat()
}

mod hex_hashes {
    use data_encoding::HEXLOWER;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::seal::Hash;

    pub fn serialize<S: Serializer>(hashes: &[Hash], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(hashes.iter().map(Hash::to_string))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Hash>, D::Error> {
        let read = |text: String| {
            let bytes = HEXLOWER.decode(text.as_bytes()).ok()?;
            Some(Hash::from_bytes(bytes.try_into().ok()?))
        };
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.into_iter().map(|text| read(text).ok_or_else(|| D::Error::custom("no hash"))).collect()
    }
}

mod name_bytes {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use crate::bundle::DocumentName;

    pub fn serialize<S: Serializer>(name: &DocumentName, serializer: S) -> Result<S::Ok, S::Error> {
        name.to_bytes().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DocumentName, D::Error> {
        let bytes = Vec::<u8>::deserialize(deserializer)?;
        DocumentName::from_bytes(&bytes).ok_or_else(|| serde::de::Error::custom("no document's name"))
    }
}
