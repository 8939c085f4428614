//! The keys of one device, and what it signs with them.
//!
//! The bytes made here are secret: `ingled` seals them into the key file. Signatures are Ed25519 (RFC 8032), verified
//! strictly, and always over a purpose and a hash, so that no signature can stand in for one of another purpose. Who is a
//! member, and whose signature counts, is the roster's.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use ingle_model::id::DeviceId;
use zeroize::Zeroizing;

use crate::{
    random::Random,
    roster::Member,
    seal::{Hash, LocalKey},
    wrap::{SealIdentity, Wrap},
};

mod file_v1;

/// What a signature is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Bundle,
    Roster,
    Pairing,
}

impl Purpose {
    /// Frozen: these words are part of every signature ever made. None is the beginning of another.
    fn prefix(self) -> &'static [u8] {
        match self {
            Self::Bundle => b"ingle bundle signature v1\0",
            Self::Roster => b"ingle roster signature v1\0",
            Self::Pairing => b"ingle pairing signature v1\0",
        }
    }

    fn message(self, hash: &Hash) -> Vec<u8> {
        [self.prefix(), hash.as_bytes()].concat()
    }
}

/// Whether `public` signed this hash for this purpose. Weak keys and second forms of a signature are refused
/// (`verify_strict`: <https://eprint.iacr.org/2020/1244>). Costs about 0.05 ms.
pub fn verify(purpose: Purpose, public: &[u8; 32], hash: &Hash, signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(public)
        .and_then(|key| key.verify_strict(&purpose.message(hash), &Signature::from_bytes(signature)))
        .is_ok()
}

/// The bytes are no device's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeysUnreadable {
    #[error("the keys were written by a newer version of Ingle")]
    Newer,
    #[error("the keys are damaged")]
    Damaged,
}

/// Everything secret that a device has of its own; erased from memory when dropped.
#[derive(Clone)]
pub struct DeviceKeys {
    sign: SigningKey,
    link: Zeroizing<[u8; 32]>,
    local: LocalKey,
    seal: SealIdentity,
    paper: Option<SealIdentity>,
    member: Member,
}

impl DeviceKeys {
    /// New keys for a device that joins a journal. Every key is drawn by itself.
    pub fn generate(random: &mut dyn Random, wrap: &dyn Wrap) -> Self {
        let sign = Zeroizing::new(random.bytes());
        let link = Zeroizing::new(random.bytes());
        Self::from_parts(&sign, link, LocalKey::random(random), wrap.new_identity(), None)
    }

    /// New keys for the device that makes a journal: with the secret of the paper, which stays here until the paper was
    /// shown and drilled.
    pub fn generate_first(random: &mut dyn Random, wrap: &dyn Wrap) -> Self {
        Self { paper: Some(wrap.new_identity()), ..Self::generate(random, wrap) }
    }

    fn from_parts(
        sign: &[u8; 32],
        link: Zeroizing<[u8; 32]>,
        local: LocalKey,
        seal: SealIdentity,
        paper: Option<SealIdentity>,
    ) -> Self {
        let sign = SigningKey::from_bytes(sign);
        // A link key is an Ed25519 key as well: iroh's endpoints are named by its public half.
        let link_public = SigningKey::from_bytes(&link).verifying_key().to_bytes();
        let member = Member::new(sign.verifying_key().to_bytes(), link_public, seal.recipient().clone());
        Self { sign, link, local, seal, paper, member }
    }

    /// All of it, for the key file.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        file_v1::write(self)
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeysUnreadable> {
        match bytes.first() {
            Some(&file_v1::VERSION) => file_v1::read(bytes).ok_or(KeysUnreadable::Damaged),
            Some(version) if *version > file_v1::VERSION => Err(KeysUnreadable::Newer),
            _ => Err(KeysUnreadable::Damaged),
        }
    }

    pub fn device(&self) -> DeviceId {
        self.member.device()
    }

    /// The public halves.
    pub fn member(&self) -> &Member {
        &self.member
    }

    pub fn sign(&self, purpose: Purpose, hash: &Hash) -> [u8; 64] {
        self.sign.sign(&purpose.message(hash)).to_bytes()
    }

    /// Opens what other members sealed to this device.
    pub fn seal(&self) -> &SealIdentity {
        &self.seal
    }

    /// Names this device's end of a link.
    pub fn link_secret(&self) -> &[u8; 32] {
        &self.link
    }

    pub fn local(&self) -> &LocalKey {
        &self.local
    }

    /// The paper's secret, while it still is here.
    pub fn paper(&self) -> Option<&SealIdentity> {
        self.paper.as_ref()
    }
}

impl fmt::Debug for DeviceKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceKeys({}, ..)", self.device())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{random::Counting, wrap::deterministic::Plain};

    fn keys() -> DeviceKeys {
        DeviceKeys::generate_first(&mut Counting::default(), &Plain::default())
    }

    #[test]
    fn a_signature_counts_for_its_own_purpose_hash_and_key_only() {
        let keys = keys();
        let hash = Hash::of("test", &[b"a"]);
        let signature = keys.sign(Purpose::Bundle, &hash);
        let public = keys.member().sign();
        assert!(verify(Purpose::Bundle, public, &hash, &signature));
        assert!(!verify(Purpose::Roster, public, &hash, &signature));
        assert!(!verify(Purpose::Bundle, public, &Hash::of("test", &[b"b"]), &signature));
        assert!(!verify(Purpose::Bundle, keys.member().link(), &hash, &signature));
        for bit in 0..512 {
            let mut flipped = signature;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify(Purpose::Bundle, public, &hash, &flipped), "bit {bit}");
        }
    }

    #[test]
    fn a_weak_key_signs_nothing() {
        // The identity point, under which R = 0, s = 0 satisfies the lenient equation for every message.
        let mut weak = [0; 32];
        weak[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        assert!(!verify(Purpose::Roster, &weak, &Hash::NONE, &signature));
    }

    #[test]
    fn keys_come_back_from_their_bytes_with_and_without_the_paper() {
        for keys in [keys(), DeviceKeys::generate(&mut Counting::default(), &Plain::default())] {
            let back = DeviceKeys::from_bytes(&keys.to_bytes()).unwrap();
            assert_eq!(back.to_bytes(), keys.to_bytes());
            assert_eq!(back.member(), keys.member());
            assert_eq!(back.paper().is_some(), keys.paper().is_some());
        }
    }

    #[test]
    fn bytes_cut_short_or_with_more_behind_are_no_keys() {
        let bytes = keys().to_bytes();
        for length in 0..bytes.len() {
            assert!(matches!(DeviceKeys::from_bytes(&bytes[..length]), Err(KeysUnreadable::Damaged)), "{length}");
        }
        assert!(matches!(DeviceKeys::from_bytes(&[&bytes[..], &[0]].concat()), Err(KeysUnreadable::Damaged)));
    }

    #[test]
    fn keys_of_a_newer_version_are_named_as_such() {
        let mut bytes = keys().to_bytes();
        bytes[0] = 2;
        assert!(matches!(DeviceKeys::from_bytes(&bytes), Err(KeysUnreadable::Newer)));
    }

    #[test]
    fn no_key_shows_in_debug_output() {
        let keys = keys();
        assert_eq!(format!("{keys:?}"), format!("DeviceKeys({}, ..)", keys.device()));
    }
}
