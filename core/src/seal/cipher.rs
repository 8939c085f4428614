//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) under a key that was derived for one purpose.

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305,
    aead::{Aead as _, Payload},
};
use zeroize::Zeroizing;

use super::{NONCE_BYTES, SealBroken};

pub fn encrypt(key: &[u8; 32], nonce: &[u8; NONCE_BYTES], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    XChaCha20Poly1305::new(key.into())
        .encrypt(nonce.into(), Payload { msg: plain, aad })
        .expect("XChaCha20-Poly1305 takes up to 256 GiB, and callers keep to far less")
}

pub fn decrypt(
    key: &[u8; 32],
    nonce: &[u8; NONCE_BYTES],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealBroken> {
    let plain = XChaCha20Poly1305::new(key.into()).decrypt(nonce.into(), Payload { msg: sealed, aad });
    plain.map(Zeroizing::new).map_err(|_| SealBroken)
}
