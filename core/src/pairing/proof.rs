//! That both ends know the secret, shown without giving it away: SPAKE2 over Ed25519 and a proof each.
//!
//! SPAKE2 as in <https://docs.rs/spake2> (Abdalla and Pointcheval 2005; the transcript of python-spake2). It has no key
//! confirmation of its own, so that comes here: HMAC-SHA-256 of the role's words under the shared key.

use std::{convert::Infallible, fmt};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use spake2::{Ed25519Group, Identity, Password, Spake2};
use zeroize::Zeroizing;

use super::{Connection, TicketSecret};
use crate::random::Random;

pub(super) const HELLO_BYTES: usize = 33;
pub(super) const PROOF_BYTES: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Joiner,
    Inviter,
}

impl Role {
    fn proof_words(self) -> &'static [u8] {
        match self {
            Self::Joiner => b"ingle pairing proof of the joiner v1",
            Self::Inviter => b"ingle pairing proof of the inviter v1",
        }
    }
}

/// One end of the exchange, before the other's hello.
pub(super) struct Exchange {
    spake: Spake2<Ed25519Group>,
    hello: [u8; HELLO_BYTES],
}

impl Exchange {
    pub(super) fn start(role: Role, secret: &TicketSecret, connection: &Connection, random: &mut dyn Random) -> Self {
        let (joiner, inviter) = match role {
            Role::Joiner => (connection.own_link, connection.peer_link),
            Role::Inviter => (connection.peer_link, connection.own_link),
        };
        // Each identity holds all that makes the connection, so that neither end can be moved to another one.
        let identity = |role: &[u8]| Identity::new(&[role, &joiner, &inviter, &connection.exporter].concat());
        let (id_a, id_b) = (identity(b"ingle joiner v1"), identity(b"ingle inviter v1"));
        let password = Password::new(secret.as_bytes());
        let (spake, hello) = match role {
            Role::Joiner => Spake2::start_a_with_rng(&password, &id_a, &id_b, Rng(random)),
            Role::Inviter => Spake2::start_b_with_rng(&password, &id_a, &id_b, Rng(random)),
        };
        let hello = hello.try_into().expect("a SPAKE2 message over Ed25519 is a side byte and a point of 32 bytes");
        Self { spake, hello }
    }

    pub(super) fn hello(&self) -> [u8; HELLO_BYTES] {
        self.hello
    }

    /// Nothing, where the other's hello is no point on the curve or is of the same side.
    pub(super) fn finish(self, theirs: &[u8; HELLO_BYTES]) -> Option<Proofs> {
        self.spake.finish(theirs).ok().map(|key| Proofs { key: Zeroizing::new(key) })
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exchange(..)")
    }
}

/// Makes and checks both ends' proofs. That the keys are the same shows only in the other's proof.
pub(super) struct Proofs {
    key: Zeroizing<Vec<u8>>,
}

impl Proofs {
    pub(super) fn proof_of(&self, role: Role) -> [u8; PROOF_BYTES] {
        self.mac(role).finalize().into_bytes().into()
    }

    pub(super) fn is_proof_of(&self, role: Role, proof: &[u8; PROOF_BYTES]) -> bool {
        self.mac(role).verify_slice(proof).is_ok()
    }

    fn mac(&self, role: Role) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        mac.update(role.proof_words());
        mac
    }
}

impl fmt::Debug for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proofs(..)")
    }
}

/// Our source of randomness in the shape that spake2 takes.
struct Rng<'a>(&'a mut dyn Random);

impl rand_core::TryRng for Rng<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.0.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.0.bytes()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Rng<'_> {}
