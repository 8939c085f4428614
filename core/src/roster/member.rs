//! A member of the roster: the public halves of one device's keys, and the name that follows from them.

use ingle_model::id::DeviceId;

use super::record_v1;
use crate::{seal::Hash, wrap::SealRecipient};

/// The public keys of a device. Its id commits to all of them, so that nobody can claim a device's id with other keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    device: DeviceId,
    sign: [u8; 32],
    link: [u8; 32],
    seal: SealRecipient,
}

impl Member {
    /// Takes any bytes: a key that isn't one signs and opens nothing.
    pub fn new(sign: [u8; 32], link: [u8; 32], seal: SealRecipient) -> Self {
        let hash = Hash::of("ingle device id v1", &[&sign, &link, seal.as_str().as_bytes()]);
        let (id, _) = hash.as_bytes().split_first_chunk().expect("a hash is longer than an id");
        Self { device: DeviceId::from_bytes(*id), sign, link, seal }
    }

    /// The first 128 bits of the hash of the public keys.
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// Ed25519: verifies what the device signs.
    pub fn sign(&self) -> &[u8; 32] {
        &self.sign
    }

    /// Ed25519: names the device's end of a link (an iroh endpoint id).
    pub fn link(&self) -> &[u8; 32] {
        &self.link
    }

    pub fn seal(&self) -> &SealRecipient {
        &self.seal
    }

    /// The bytes that a record and a pairing message hold: sign key, link key, length and text of the seal recipient.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        record_v1::write_member(&mut out, self);
        out
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (member, rest) = record_v1::read_member(bytes)?;
        rest.is_empty().then_some(member)
    }

    pub(super) fn shares_a_key_with(&self, other: &Self) -> bool {
        self.sign == other.sign || self.link == other.link || self.seal == other.seal
    }
}
