//! The bytes of a device's keys, version 1. Frozen: a change is a new module.
//!
//! ```text
//! 1    version, 1
//! 32   seed of the signing key
//! 32   seed of the link key
//! 32   local key
//! 2+n  seal secret, 2+n seal recipient    lengths are big-endian, texts are UTF-8
//! 1    1 if the paper's secret follows, else 0
//! 2+n  paper's secret, 2+n its recipient
//! ```

use zeroize::Zeroizing;

use super::DeviceKeys;
use crate::{
    seal::LocalKey,
    wrap::{SealIdentity, SealRecipient},
};

pub(super) const VERSION: u8 = 1;

pub(super) fn write(keys: &DeviceKeys) -> Zeroizing<Vec<u8>> {
    // Enough for two age identities, so that the buffer never grows and leaves no copy behind.
    let mut out = Zeroizing::new(Vec::with_capacity(2048));
    out.push(VERSION);
    out.extend_from_slice(keys.sign.as_bytes());
    out.extend_from_slice(&*keys.link);
    out.extend_from_slice(keys.local.as_bytes());
    write_identity(&mut out, &keys.seal);
    out.push(u8::from(keys.paper.is_some()));
    if let Some(paper) = &keys.paper {
        write_identity(&mut out, paper);
    }
    out
}

fn write_identity(out: &mut Vec<u8>, identity: &SealIdentity) {
    for text in [identity.secret(), identity.recipient().as_str()] {
        let length = u16::try_from(text.len()).expect("age keys are far shorter than 64 KiB");
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(text.as_bytes());
    }
}

pub(super) fn read(bytes: &[u8]) -> Option<DeviceKeys> {
    let (&[VERSION], rest) = bytes.split_first_chunk()? else { return None };
    let (sign, rest) = rest.split_first_chunk::<32>()?;
    let (link, rest) = rest.split_first_chunk::<32>()?;
    let (local, rest) = rest.split_first_chunk::<32>()?;
    let (seal, rest) = read_identity(rest)?;
    let (has_paper, rest) = rest.split_first()?;
    let (paper, rest) = match has_paper {
        0 => (None, rest),
        1 => read_identity(rest).map(|(paper, rest)| (Some(paper), rest))?,
        _ => return None,
    };
    let local = LocalKey::from_bytes(*local);
    rest.is_empty().then(|| DeviceKeys::from_parts(sign, Zeroizing::new(*link), local, seal, paper))
}

fn read_identity(bytes: &[u8]) -> Option<(SealIdentity, &[u8])> {
    let (secret, rest) = read_text(bytes)?;
    let (recipient, rest) = read_text(rest)?;
    let identity = SealIdentity::from_parts(Zeroizing::new(secret.to_owned()), SealRecipient::new(recipient).ok()?);
    Some((identity, rest))
}

fn read_text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{random::Counting, wrap::deterministic::Plain};

    #[test]
    fn the_bytes_are_the_ones_of_the_golden_vector() {
        let keys = DeviceKeys::generate_first(&mut Counting::default(), &Plain::default());
        assert_eq!(data_encoding::HEXLOWER.encode(&keys.to_bytes()), GOLDEN);
        assert_eq!(keys.device().to_string(), "apfpna3j344i6cgu4bav2sixbq");
    }

    const GOLDEN: &str = "\
    01000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f30313233343536\
    3738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f00154147452d5345435245542d4b45\
    592d544553542d3100096167653174657374310100154147452d5345435245542d4b45592d544553542d300009616765317465737430\
";
}
