//! Wrapping of keys: everything that is sealed *to* a device, a paper or a passphrase is an age file.
//!
//! Format: <https://c2sp.org/age>. Every file made here opens with the stock `age` program. age takes the operating system's
//! randomness by itself, so that it stands behind the seam [`Wrap`], which the simulator fills with something repeatable.
//! No other way of wrapping may live here, and who may open what is not decided here.

use std::{
    fmt,
    io::{Read as _, Write as _},
};

use zeroize::Zeroizing;

#[cfg(test)]
pub(crate) mod deterministic;
mod passphrase;

pub use passphrase::{PassphraseError, WorkFactor, passphrase_unwrap, passphrase_wrap};

/// Where keys are made for, sealed to and opened by somebody.
pub trait Wrap {
    /// A new secret, and the recipient that belongs to it.
    fn new_identity(&self) -> SealIdentity;

    /// Seals `plain` so that each of `to` can open it alone. Costs about 0.1 ms a recipient.
    fn wrap(&self, to: &[SealRecipient], plain: &[u8]) -> Result<Vec<u8>, WrapError>;

    /// Opens what was sealed to `with`. Costs up to about 0.1 ms for each recipient that the file names.
    fn unwrap(&self, with: &SealIdentity, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, WrapError>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrapError {
    #[error("there is no key to seal to, or one of them isn't an age key")]
    NotAKey,
    #[error("the file isn't sealed to this key")]
    NotForUs,
    #[error("the age file is damaged")]
    Damaged,
}

/// The real thing: age with X25519 keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct Age;

impl Wrap for Age {
    #[expect(clippy::disallowed_methods, reason = "this is the seam that age's own randomness stands behind")]
    fn new_identity(&self) -> SealIdentity {
        use age::secrecy::ExposeSecret as _;

        let identity = age::x25519::Identity::generate();
        let recipient = SealRecipient(identity.to_public().to_string());
        let secret = Zeroizing::new(identity.to_string().expose_secret().to_owned());
        SealIdentity::from_parts(secret, recipient)
    }

    fn wrap(&self, to: &[SealRecipient], plain: &[u8]) -> Result<Vec<u8>, WrapError> {
        let to: Vec<age::x25519::Recipient> =
            to.iter().map(|to| to.0.parse().map_err(|_| WrapError::NotAKey)).collect::<Result<_, _>>()?;
        let to = to.iter().map(|to| -> &dyn age::Recipient { to });
        seal(age::Encryptor::with_recipients(to).map_err(|_| WrapError::NotAKey)?, plain)
            .map_err(|_| WrapError::NotAKey)
    }

    fn unwrap(&self, with: &SealIdentity, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, WrapError> {
        let identity: age::x25519::Identity = with.secret.parse().map_err(|_| WrapError::NotAKey)?;
        open(&identity, file).map_err(|error| match error {
            age::DecryptError::NoMatchingKeys => WrapError::NotForUs,
            _ => WrapError::Damaged,
        })
    }
}

fn seal(to: age::Encryptor, plain: &[u8]) -> Result<Vec<u8>, std::io::Error> {
    let mut file = Vec::new();
    let mut writer = to.wrap_output(&mut file)?;
    writer.write_all(plain)?;
    writer.finish()?;
    Ok(file)
}

fn open(with: &dyn age::Identity, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, age::DecryptError> {
    let mut reader = age::Decryptor::new_buffered(file)?.decrypt(std::iter::once(with))?;
    // The plain bytes are fewer than the file's, so that the buffer never grows and leaves no copy behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(file.len()));
    reader.read_to_end(&mut plain)?;
    Ok(plain)
}

/// Whom something can be sealed to: an age recipient, `age1...`. That age can use it shows only when something is sealed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SealRecipient(String);

impl SealRecipient {
    /// An X25519 recipient has 62, those of hardware keys a little more.
    pub const MAX_BYTES: usize = 256;

    /// Takes `age1` and then lower-case letters and digits, at most [`Self::MAX_BYTES`] in all.
    pub fn new(text: &str) -> Result<Self, WrapError> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if text.len() <= Self::MAX_BYTES && text.starts_with("age1") && text.bytes().all(is_plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(WrapError::NotAKey)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SealRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealRecipient({})", self.0)
    }
}

/// A secret that opens what was sealed to its recipient. Erased from memory when dropped.
#[derive(Clone)]
pub struct SealIdentity {
    secret: Zeroizing<String>,
    recipient: SealRecipient,
}

impl SealIdentity {
    /// The caller knows that the two belong together: it made them, or kept them together under a seal.
    pub fn from_parts(secret: Zeroizing<String>, recipient: SealRecipient) -> Self {
        Self { secret, recipient }
    }

    pub fn recipient(&self) -> &SealRecipient {
        &self.recipient
    }

    /// `AGE-SECRET-KEY-1...`: for the key file and the paper, for nothing else.
    pub fn secret(&self) -> &str {
        &self.secret
    }
}

impl fmt::Debug for SealIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealIdentity({}, ..)", self.recipient.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_recipient_opens_it_alone_and_nobody_else_does() {
        let [laptop, desktop, stranger] = [(); 3].map(|()| Age.new_identity());
        let file = Age.wrap(&[laptop.recipient().clone(), desktop.recipient().clone()], b"epoch").unwrap();
        assert!(file.starts_with(b"age-encryption.org/v1\n"));
        assert_eq!(Age.unwrap(&laptop, &file).unwrap().as_slice(), b"epoch");
        assert_eq!(Age.unwrap(&desktop, &file).unwrap().as_slice(), b"epoch");
        assert_eq!(Age.unwrap(&stranger, &file), Err(WrapError::NotForUs));
    }

    #[test]
    fn a_flipped_byte_never_opens() {
        let identity = Age.new_identity();
        let file = Age.wrap(&[identity.recipient().clone()], b"epoch").unwrap();
        for at in 0..file.len() {
            let mut flipped = file.clone();
            flipped[at] ^= 1;
            assert!(Age.unwrap(&identity, &flipped).is_err(), "byte {at}");
            assert!(Age.unwrap(&identity, &file[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn what_age_can_not_seal_to_is_refused() {
        let sealed = |text: &str| SealRecipient::new(text).and_then(|to| Age.wrap(&[to], b"x"));
        for wrong in ["", "age1", "age1qqqq", "ssh-ed25519 AAAA", "AGE1QQQQ", "age1 x"] {
            assert_eq!(sealed(wrong), Err(WrapError::NotAKey), "{wrong}");
        }
        assert_eq!(SealRecipient::new(&format!("age1{}", "q".repeat(300))), Err(WrapError::NotAKey));
        assert_eq!(Age.wrap(&[], b"x"), Err(WrapError::NotAKey));
    }

    #[test]
    fn a_secret_does_not_show_in_debug_output() {
        let identity = Age.new_identity();
        assert!(!format!("{identity:?}").contains("SECRET"));
    }
}
