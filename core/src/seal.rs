//! Hashes and seals: the few cryptographic operations that bundles and rows are made of.
//!
//! SHA-256 (FIPS 180-4), HMAC (RFC 2104), HKDF (RFC 5869), XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03). Every use names
//! its purpose, so that no output of one use can stand in for another's. Nothing here decides who may read what.

use std::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::random::Random;

#[cfg(not(feature = "unsealed"))]
mod cipher;
#[cfg(feature = "unsealed")]
#[path = "seal/unsealed.rs"]
mod cipher;

use cipher::{decrypt, encrypt};

/// Bytes of authentication that a seal adds.
pub const TAG_BYTES: usize = 16;
/// Bytes of an XChaCha20 nonce.
pub const NONCE_BYTES: usize = 24;

/// SHA-256 of something, under a purpose.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash([u8; 32]);

impl Hash {
    /// The hash that nothing has: stands for "no predecessor".
    pub const NONE: Self = Self([0; 32]);

    /// SHA-256 over the purpose, and every part behind its length.
    pub fn of(purpose: &str, parts: &[&[u8]]) -> Self {
        let mut sha = Sha256::new();
        for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
            sha.update(length(part).to_be_bytes());
            sha.update(part);
        }
        Self(sha.finalize().into())
    }

    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

fn length(part: &[u8]) -> u64 {
    u64::try_from(part.len()).expect("no platform has slices longer than 64 bits count")
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({}..)", data_encoding::HEXLOWER.encode(&self.0[..4]))
    }
}

macro_rules! secret_key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
        pub struct $name([u8; 32]);

        impl $name {
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            pub fn random(random: &mut dyn Random) -> Self {
                Self(random.bytes())
            }

            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

secret_key! {
    /// Seals the bundles of one epoch: the time between two removals of a device.
    EpochKey
}
secret_key! {
    /// Seals the rows of one device's own store. Never leaves the device.
    LocalKey
}
secret_key! {
    /// Shared by all members for as long as the journal lives; seals what lies in a mailbox outside epochs.
    SpaceKey
}

/// The name of an epoch: the hash of its key, which also commits to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochId(Hash);

impl EpochId {
    pub const fn from_hash(hash: Hash) -> Self {
        Self(hash)
    }

    pub const fn hash(&self) -> &Hash {
        &self.0
    }
}

impl fmt::Debug for EpochId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EpochId({:?})", self.0)
    }
}

/// The seal did not open: wrong key, or changed bytes. One error on purpose; which of the two can't be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the seal doesn't open")]
pub struct SealBroken;

impl EpochKey {
    pub fn id(&self) -> EpochId {
        EpochId(Hash::of("ingle epoch id v1", &[&self.0]))
    }

    /// The 24 bytes that make a bundle's header its own: an HMAC over fresh randomness, the rest of the header and the plain
    /// bytes, so that a copied random state repeats nothing unless the content is the same too.
    pub fn nonce(&self, header: &[u8], plain: &[u8], random: &mut dyn Random) -> [u8; NONCE_BYTES] {
        let key = derive(&self.0, &[b"ingle bundle nonce v1"]);
        let fresh: [u8; 32] = random.bytes();
        let mut mac = mac(&key);
        for part in [&fresh[..], header, plain] {
            mac.update(&length(part).to_be_bytes());
            mac.update(part);
        }
        let tag = mac.finalize().into_bytes();
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(&tag[..NONCE_BYTES]);
        nonce
    }

    /// Seals under a key derived from the whole header, with the header as associated data.
    pub fn seal(&self, header: &[u8], nonce: &[u8; NONCE_BYTES], plain: &[u8]) -> Vec<u8> {
        let key = derive(&self.0, &[b"ingle bundle v1", header]);
        encrypt(&key, nonce, header, plain)
    }

    pub fn open(
        &self,
        header: &[u8],
        nonce: &[u8; NONCE_BYTES],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealBroken> {
        let key = derive(&self.0, &[b"ingle bundle v1", header]);
        decrypt(&key, nonce, header, sealed)
    }
}

impl LocalKey {
    /// Seals a row for the place it is kept at: it opens nowhere else.
    pub fn seal(&self, place: &[u8], plain: &[u8], random: &mut dyn Random) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = random.bytes();
        let key = derive(&self.0, &[b"ingle row v1"]);
        let mut row = nonce.to_vec();
        row.extend_from_slice(&encrypt(&key, &nonce, place, plain));
        row
    }

    pub fn open(&self, place: &[u8], row: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealBroken> {
        let (nonce, sealed) = row.split_first_chunk::<NONCE_BYTES>().ok_or(SealBroken)?;
        let key = derive(&self.0, &[b"ingle row v1"]);
        decrypt(&key, nonce, place, sealed)
    }

    /// A name for a row that says nothing to someone without the key. 128 bits.
    pub fn name(&self, purpose: &[u8], what: &[u8]) -> [u8; 16] {
        let mut mac = mac(&derive(&self.0, &[b"ingle row name v1", purpose]));
        mac.update(what);
        let tag = mac.finalize().into_bytes();
        let mut name = [0; 16];
        name.copy_from_slice(&tag[..16]);
        name
    }
}

fn derive(key: &[u8; 32], info: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut derived = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, key).expand_multi_info(info, &mut *derived).expect("32 bytes are within HKDF's 8,160");
    derived
}

fn mac(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length")
}

#[cfg(all(test, not(feature = "unsealed")))]
mod tests {
    use super::*;
    use crate::random::Counting;

    #[test]
    fn a_row_opens_only_at_its_own_place_and_unchanged() {
        let key = LocalKey::from_bytes([7; 32]);
        let row = key.seal(b"here", b"nobody came", &mut Counting::default());
        assert_eq!(key.open(b"here", &row).as_deref().map(Vec::as_slice), Ok(&b"nobody came"[..]));
        assert_eq!(key.open(b"there", &row), Err(SealBroken));
        for bit in 0..row.len() * 8 {
            let mut flipped = row.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key.open(b"here", &flipped), Err(SealBroken), "bit {bit}");
        }
    }

    #[test]
    fn parts_can_not_be_shifted_against_each_other_under_one_hash() {
        assert_ne!(Hash::of("a", &[b"bc", b"d"]), Hash::of("a", &[b"b", b"cd"]));
        assert_ne!(Hash::of("a", &[b"bc"]), Hash::of("ab", &[b"c"]));
    }

    #[test]
    fn an_epoch_s_name_commits_to_its_key() {
        let a = EpochKey::from_bytes([1; 32]);
        assert_eq!(a.id().hash().to_string(), "0c3236c346e1d62c91b741a074b50eac8f0759b0f9f8f457c43f1049ff8f2c59");
        assert_ne!(a.id(), EpochKey::from_bytes([2; 32]).id());
    }

    #[test]
    fn keys_do_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", EpochKey::from_bytes([0xab; 32])), "EpochKey(..)");
    }
}
