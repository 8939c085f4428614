//! A [`Wrap`] that is the same in every run. It seals nothing: the plain bytes lie in the file, behind a line of recipients.

use std::{cell::Cell, rc::Rc};

use ingle_core::wrap::{SealIdentity, SealRecipient, Wrap, WrapError};
use zeroize::Zeroizing;

/// Counts identities upwards, over all devices that share it.
#[derive(Debug, Clone, Default)]
pub struct Counted(Rc<Cell<u64>>);

impl Wrap for Counted {
    fn new_identity(&self) -> SealIdentity {
        let number = self.0.replace(self.0.get() + 1);
        let recipient = SealRecipient::new(&format!("age1simulated{number}")).expect("lower-case letters and digits");
        SealIdentity::from_parts(Zeroizing::new(format!("AGE-SECRET-KEY-SIMULATED-{number}")), recipient)
    }

    fn wrap(&self, to: &[SealRecipient], plain: &[u8]) -> Result<Vec<u8>, WrapError> {
        if to.is_empty() {
            return Err(WrapError::NotAKey);
        }
        let names: Vec<&str> = to.iter().map(SealRecipient::as_str).collect();
        Ok([names.join(" ").as_bytes(), b"\n", plain].concat())
    }

    fn unwrap(&self, with: &SealIdentity, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, WrapError> {
        let line = file.iter().position(|byte| *byte == b'\n').ok_or(WrapError::Damaged)?;
        let (names, plain) = (&file[..line], &file[line + 1..]);
        let own = with.recipient().as_str().as_bytes();
        if names.split(|byte| *byte == b' ').any(|name| name == own) {
            Ok(Zeroizing::new(plain.to_vec()))
        } else {
            Err(WrapError::NotForUs)
        }
    }
}
