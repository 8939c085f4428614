//! Age files that a passphrase opens (scrypt, RFC 7914). What the passphrase must be like is not decided here.

use age::secrecy::SecretString;
use zeroize::Zeroizing;

use super::{open, seal};

/// How much work a guess costs: scrypt with N = 2^factor, r = 8, p = 1. Each step doubles time and memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkFactor(u8);

impl WorkFactor {
    /// About 0.2 s and 64 MiB on one core.
    pub const DEFAULT: Self = Self(16);
    /// The most that is taken on for a file that came from elsewhere: 1 GiB for a few seconds.
    pub const MAX: Self = Self(20);

    /// From 1 to [`Self::MAX`]; small ones are for tests only.
    pub fn new(factor: u8) -> Option<Self> {
        (1..=Self::MAX.0).contains(&factor).then_some(Self(factor))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseError {
    /// One flipped bit inside the wrapped key looks the same: the format can't tell it from a wrong passphrase.
    #[error("the passphrase isn't the right one")]
    Wrong,
    #[error("the file isn't an age file with a passphrase, or it is damaged")]
    Damaged,
    #[error("the file asks for more work than is taken on here")]
    TooMuchWork,
}

/// Seals `plain` so that the passphrase opens it. Takes as long as the work factor says.
pub fn passphrase_wrap(passphrase: &str, work: WorkFactor, plain: &[u8]) -> Vec<u8> {
    let mut to = age::scrypt::Recipient::new(SecretString::from(passphrase));
    to.set_work_factor(work.0);
    let to = age::Encryptor::with_recipients(std::iter::once(&to).map(|to| -> &dyn age::Recipient { to }))
        .expect("one passphrase alone is a set of recipients that age takes");
    seal(to, plain).expect("writing to memory can't fail")
}

/// Takes as long as the file says, up to [`WorkFactor::MAX`].
pub fn passphrase_unwrap(passphrase: &str, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, PassphraseError> {
    let mut identity = age::scrypt::Identity::new(SecretString::from(passphrase));
    identity.set_max_work_factor(WorkFactor::MAX.0);
    open(&identity, file).map_err(|error| match error {
        age::DecryptError::DecryptionFailed => PassphraseError::Wrong,
        age::DecryptError::ExcessiveWork { .. } => PassphraseError::TooMuchWork,
        _ => PassphraseError::Damaged,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wrap::{Age, Wrap as _};

    fn quick() -> WorkFactor {
        WorkFactor::new(2).unwrap()
    }

    #[test]
    fn the_passphrase_opens_it_and_another_one_is_named_as_wrong() {
        let file = passphrase_wrap("täglich ein Satz", quick(), b"keys");
        assert_eq!(passphrase_unwrap("täglich ein Satz", &file).unwrap().as_slice(), b"keys");
        for wrong in ["", "taglich ein Satz", "täglich ein Satz "] {
            assert_eq!(passphrase_unwrap(wrong, &file), Err(PassphraseError::Wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_file_that_can_not_be_read_is_not_called_a_wrong_passphrase() {
        let file = passphrase_wrap("word", quick(), b"keys");
        let to_a_key = Age.wrap(&[Age.new_identity().recipient().clone()], b"keys").unwrap();
        for damaged in [&b""[..], b"garbage", &file[..file.len() - 1], &file[..40], &to_a_key] {
            assert_eq!(passphrase_unwrap("word", damaged), Err(PassphraseError::Damaged), "{} bytes", damaged.len());
        }
    }

    #[test]
    fn a_flipped_byte_never_opens() {
        let file = passphrase_wrap("word", quick(), b"keys");
        for at in 0..file.len() {
            let mut flipped = file.clone();
            flipped[at] ^= 1;
            assert!(passphrase_unwrap("word", &flipped).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_file_that_asks_for_hours_of_work_is_refused_at_once() {
        let file = String::from_utf8_lossy(&passphrase_wrap("word", quick(), b"")).into_owned();
        let (before, after) = file.split_once(" 2\n").unwrap();
        for factor in ["21", "40", "63"] {
            let hostile = format!("{before} {factor}\n{after}");
            assert_eq!(passphrase_unwrap("word", hostile.as_bytes()), Err(PassphraseError::TooMuchWork), "{factor}");
        }
    }

    #[test]
    fn a_work_factor_is_bounded() {
        assert_eq!(WorkFactor::new(0), None);
        assert_eq!(WorkFactor::new(20), Some(WorkFactor::MAX));
        assert_eq!(WorkFactor::new(21), None);
    }
}
