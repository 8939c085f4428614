//! What a member can open: the epoch keys and the space key. Only keys that the signed records commit to come out of here.

use std::collections::{BTreeMap, BTreeSet};

use super::record_v1;
use crate::{
    keys::DeviceKeys,
    seal::{EpochId, EpochKey, Hash, SpaceKey},
    wrap::Wrap,
};

/// No record opens for this device, or none holds the keys that the journal is written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("none of the records holds the journal's keys for this device")]
pub struct SecretsClosed;

/// The journal's shared keys.
#[derive(Debug, Clone)]
pub struct Secrets {
    space: SpaceKey,
    epochs: BTreeMap<EpochId, EpochKey>,
    writing: EpochKey,
}

impl Secrets {
    pub fn space(&self) -> &SpaceKey {
        &self.space
    }

    pub fn epoch(&self, id: &EpochId) -> Option<&EpochKey> {
        self.epochs.get(id)
    }

    /// Ascending by id.
    pub fn epochs(&self) -> impl ExactSizeIterator<Item = &EpochKey> {
        self.epochs.values()
    }

    /// The key that new bundles are sealed with: the lowest id among those that writers may use.
    pub fn writing(&self) -> &EpochKey {
        &self.writing
    }
}

/// A member can seal rubbish into a record that it signs. So all files are read, and the keys that `epochs` and `space` don't
/// name are dropped.
pub(super) fn open<'a>(
    files: impl Iterator<Item = &'a [u8]>,
    space_commitment: Hash,
    named: &BTreeSet<EpochId>,
    keys: &DeviceKeys,
    wrap: &dyn Wrap,
) -> Result<Secrets, SecretsClosed> {
    let mut space = None;
    let mut epochs = BTreeMap::new();
    for file in files {
        let Ok(plain) = wrap.unwrap(keys.seal(), file) else { continue };
        let Some((space_key, epoch_keys)) = record_v1::read_secrets(&plain) else { continue };
        if record_v1::space_commitment(&space_key) == space_commitment {
            space = Some(space_key);
        }
        epochs.extend(epoch_keys.into_iter().map(|key| (key.id(), key)).filter(|(id, _)| named.contains(id)));
    }
    let writing = named.first().and_then(|lowest| epochs.get(lowest)).cloned().ok_or(SecretsClosed)?;
    Ok(Secrets { space: space.ok_or(SecretsClosed)?, epochs, writing })
}
