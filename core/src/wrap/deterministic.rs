//! A `Wrap` for this crate's tests that is the same in every run. It seals nothing: the plain bytes lie in the file.

use std::cell::Cell;

use zeroize::Zeroizing;

use super::{SealIdentity, SealRecipient, Wrap, WrapError};

/// Counts its identities upwards; a file is the line of its recipients, and then the plain bytes.
#[derive(Debug, Default)]
pub(crate) struct Plain(Cell<u32>);

impl Wrap for Plain {
    fn new_identity(&self) -> SealIdentity {
        let number = self.0.replace(self.0.get() + 1);
        let recipient = SealRecipient::new(&format!("age1test{number}")).unwrap();
        SealIdentity::from_parts(Zeroizing::new(format!("AGE-SECRET-KEY-TEST-{number}")), recipient)
    }

    fn wrap(&self, to: &[SealRecipient], plain: &[u8]) -> Result<Vec<u8>, WrapError> {
        let names: Vec<&str> = to.iter().map(SealRecipient::as_str).collect();
        let mut file = format!("{}\n", names.join(" ")).into_bytes();
        file.extend_from_slice(plain);
        if to.is_empty() { Err(WrapError::NotAKey) } else { Ok(file) }
    }

    fn unwrap(&self, with: &SealIdentity, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, WrapError> {
        let line = file.iter().position(|byte| *byte == b'\n').ok_or(WrapError::Damaged)?;
        let mut names = file[..line].split(|byte| *byte == b' ');
        if names.any(|name| name == with.recipient().as_str().as_bytes()) {
            Ok(Zeroizing::new(file[line + 1..].to_vec()))
        } else {
            Err(WrapError::NotForUs)
        }
    }
}
