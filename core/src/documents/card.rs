//! A document's card and digest: what lists and counts need of it, without its history.

use std::collections::BTreeMap;

use ingle_model::{DeviceId, EntryId};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Keyring, Records, RowName};
use crate::{
    bundle::DocumentName,
    entry::{self, Standing},
    random::Random,
    rows::{put_packed, read_packed},
    seal::Hash,
    staged::Staged,
    store::{Store, StoreError, Table},
};

const DIGEST: u8 = 1;

/// What is known of a document without loading it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Entries that show, by the device that wrote them.
    pub entries: BTreeMap<DeviceId, u64>,
    /// The least and the greatest time that they tell of.
    pub span_ms: Option<(i64, i64)>,
    /// Entries in it, those in the trash as well.
    #[serde(with = "packed_ids")]
    pub ids: Vec<EntryId>,
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
}

pub fn read_digest(
    store: &impl Store,
    keys: Keyring<'_>,
    row: &RowName,
    card: &Card,
) -> Result<Option<Records>, StoreError> {
    let key = digest_key(row);
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
    put_packed(keys.local, Table::Digests, &digest_key(row), position, &digest, staged, random);
}

pub fn summary(records: &Records) -> Summary {
    let mut summary = Summary::default();
    for (key, record) in records {
        let Some((_, id)) = entry::of(key) else { continue };
        summary.ids.push(id);
        let Some(base) = entry::base(record).filter(|_| entry::standing(record) != Standing::Trashed) else { continue };
        *summary.entries.entry(base.origin.device).or_default() += 1;
        let at = base.at.millis();
        let (least, greatest) = summary.span_ms.unwrap_or((at, at));
        summary.span_ms = Some((least.min(at), greatest.max(at)));
    }
    summary
}

fn digest_key(row: &RowName) -> Vec<u8> {
    [&[DIGEST][..], row].concat()
}

mod packed_ids {
    use data_encoding::BASE64_NOPAD;
    use ingle_model::EntryId;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub fn serialize<S: Serializer>(ids: &[EntryId], serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = ids.iter().flat_map(|id| *id.as_bytes()).collect();
        serializer.serialize_str(&BASE64_NOPAD.encode(&bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<EntryId>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64_NOPAD.decode(text.as_bytes()).map_err(D::Error::custom)?;
        let (ids, rest) = bytes.as_chunks();
        if rest.is_empty() {
            Ok(ids.iter().copied().map(EntryId::from_bytes).collect())
        } else {
            Err(D::Error::custom("no ids"))
        }
    }
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
    use data_encoding::BASE64_NOPAD;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::bundle::DocumentName;

    pub fn serialize<S: Serializer>(name: &DocumentName, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_NOPAD.encode(&name.to_bytes()))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DocumentName, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64_NOPAD.decode(text.as_bytes()).ok();
        bytes.and_then(|bytes| DocumentName::from_bytes(&bytes)).ok_or_else(|| D::Error::custom("no document's name"))
    }
}
