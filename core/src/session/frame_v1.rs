//! The bytes of the frames between two devices, version 1. The link keeps their lengths and seals them.
//!
//! ```text
//! 1      type: 1 hello, 2 roster, 3 vector, 4 bundles, 5 held
//! hello    4 version, 4 number of roster heads, 32 n heads
//! roster   4 number, records behind their lengths (4), parents first
//! vector   4 number, 72 n tips; 4 number, 72 n keys below them
//! bundles  4 number, bundles behind their lengths (4)
//! held     4 number, 72 n tips
//! ```
//!
//! A frame of another type is one of a newer version, and is passed over.

use super::super::{
    bundle::BundleKey,
    seal::Hash,
    wire::{Reader, put_bytes, put_list},
};

/// The most keys, heads or bundles in one frame.
const MAX_LIST: usize = 16 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    Hello { version: u32, roster_heads: Vec<Hash> },
    Roster(Vec<Vec<u8>>),
    Vector { tips: Vec<BundleKey>, below: Vec<BundleKey> },
    Bundles(Vec<Vec<u8>>),
    Held(Vec<BundleKey>),
}

impl Frame {
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Hello { version, roster_heads } => {
                out.push(1);
                out.extend_from_slice(&version.to_be_bytes());
                put_list(&mut out, roster_heads.iter(), |out, head| out.extend_from_slice(head.as_bytes()));
            }
            Self::Roster(records) => put_blobs(&mut out, 2, records),
            Self::Vector { tips, below } => {
                put_keys(&mut out, 3, tips);
                put_list(&mut out, below.iter(), |out, key| out.extend_from_slice(&key.to_bytes()));
            }
            Self::Bundles(bundles) => put_blobs(&mut out, 4, bundles),
            Self::Held(tips) => put_keys(&mut out, 5, tips),
        }
        out
    }
}

/// The bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Garbage;

/// None for a frame of a newer version.
pub fn read(bytes: &[u8]) -> Result<Option<Frame>, Garbage> {
    let (kind, rest) = bytes.split_first().ok_or(Garbage)?;
    let mut reader = Reader(rest);
    let keys = |reader: &mut Reader<'_>| reader.list(MAX_LIST, BundleKey::read);
    let blobs = |reader: &mut Reader<'_>| reader.list(MAX_LIST, |one| one.bytes().map(<[u8]>::to_vec));
    let mut frame = || {
        Some(match kind {
            1 => Frame::Hello {
                version: reader.u32()?,
                roster_heads: reader.list(MAX_LIST, |one| one.chunk().map(Hash::from_bytes))?,
            },
            2 => Frame::Roster(blobs(&mut reader)?),
            3 => Frame::Vector { tips: keys(&mut reader)?, below: keys(&mut reader)? },
            4 => Frame::Bundles(blobs(&mut reader)?),
            5 => Frame::Held(keys(&mut reader)?),
            _ => return None,
        })
    };
    if !(1..=5).contains(kind) {
        return Ok(None);
    }
    let frame = frame().ok_or(Garbage)?;
    reader.end().ok_or(Garbage)?;
    Ok(Some(frame))
}

fn put_blobs(out: &mut Vec<u8>, kind: u8, blobs: &[Vec<u8>]) {
    out.push(kind);
    put_list(out, blobs.iter(), |out, blob| put_bytes(out, blob));
}

fn put_keys(out: &mut Vec<u8>, kind: u8, keys: &[BundleKey]) {
    out.push(kind);
    put_list(out, keys.iter(), |out, key| out.extend_from_slice(&key.to_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::LogId;
    use ingle_model::DeviceId;

    #[test]
    fn frames_come_back_whole_and_garbage_is_told_from_newer() {
        let log = LogId { device: DeviceId::from_bytes([1; 16]), name: [2; 16] };
        let key = BundleKey { log, seq: 3, hash: Hash::of("test", &[]) };
        let frames = [
            Frame::Hello { version: 1, roster_heads: vec![Hash::of("a", &[]), Hash::of("b", &[])] },
            Frame::Roster(vec![vec![1, 2], vec![]]),
            Frame::Vector { tips: vec![key], below: vec![] },
            Frame::Bundles(vec![vec![9; 300]]),
            Frame::Held(vec![key, key]),
        ];
        for frame in frames {
            let bytes = frame.to_bytes();
            assert_eq!(read(&bytes), Ok(Some(frame)));
            for length in 0..bytes.len() {
                assert_eq!(read(&bytes[..length]), Err(Garbage));
            }
            assert_eq!(read(&[&bytes[..], &[0]].concat()), Err(Garbage));
        }
        assert_eq!(read(&[6, 1, 2]), Ok(None));
        assert_eq!(read(&[4, 255, 255, 255, 255]), Err(Garbage));
    }
}
