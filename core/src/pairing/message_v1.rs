//! The bytes of pairing messages, version 1. Frozen: a change is a new module and a new protocol name.
//!
//! ```text
//! 1  hello     33 bytes of SPAKE2
//! 2  proof     32 bytes
//! 3  name      UTF-8, as a label: at most 64 characters
//! 4  yes
//! 5  keys      64 signature over (exporter, member); the member as in a roster record
//! 6  chain     2 number of records; each: 4 length, bytes
//! 7  done
//! 8  farewell  1 reason
//! ```
//!
//! The first byte is the kind; lengths are big-endian; nothing may follow.

use ingle_model::text::Label;

use super::{
    PairingError,
    proof::{HELLO_BYTES, PROOF_BYTES},
};
use crate::roster::Member;

/// The most bytes of every message but the chain.
pub const MAX_MESSAGE_BYTES: usize = 1024;
/// The most bytes of the message with the chain: a journal with as many members as it may have comes to about 270 KiB.
pub const MAX_CHAIN_BYTES: usize = 512 * 1024;

pub(super) enum Message {
    Hello([u8; HELLO_BYTES]),
    Proof([u8; PROOF_BYTES]),
    Name(Label),
    Yes,
    Member { member: Member, signature: [u8; 64] },
    Chain(Vec<Vec<u8>>),
    Done,
    Farewell(Reason),
}

/// Why the other device says that it ended the pairing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    WrongSecret,
    Declined,
    Garbage,
    OutOfOrder,
    Roster,
    NotInviting,
    NotSaved,
}

const REASONS: [(u8, Reason); 7] = [
    (1, Reason::WrongSecret),
    (2, Reason::Declined),
    (3, Reason::Garbage),
    (4, Reason::OutOfOrder),
    (5, Reason::Roster),
    (6, Reason::NotInviting),
    (7, Reason::NotSaved),
];

/// A message that came in, unless it is too long, can't be read or is the other's farewell.
pub(super) fn incoming(bytes: &[u8], limit: usize) -> Result<Message, PairingError> {
    match Message::decode(bytes).filter(|_| bytes.len() <= limit) {
        Some(Message::Farewell(reason)) => Err(PairingError::told(reason)),
        Some(message) => Ok(message),
        None => Err(PairingError::Garbage),
    }
}

impl Message {
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Hello(hello) => [&[1], &hello[..]].concat(),
            Self::Proof(proof) => [&[2], &proof[..]].concat(),
            Self::Name(name) => [&[3], name.as_str().as_bytes()].concat(),
            Self::Yes => vec![4],
            Self::Member { member, signature } => [&[5], &signature[..], &member.to_bytes()].concat(),
            Self::Chain(records) => encode_chain(records),
            Self::Done => vec![7],
            Self::Farewell(reason) => {
                let (code, _) = REASONS.iter().find(|(_, known)| known == reason).expect("every reason has a code");
                vec![8, *code]
            }
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (kind, body) = bytes.split_first()?;
        match (kind, body) {
            (1, hello) => hello.try_into().ok().map(Self::Hello),
            (2, proof) => proof.try_into().ok().map(Self::Proof),
            (3, name) => {
                let text = std::str::from_utf8(name).ok()?;
                Label::new(text).ok().filter(|label| label.as_str() == text).map(Self::Name)
            }
            (4, []) => Some(Self::Yes),
            (5, keys) => {
                let (signature, member) = keys.split_first_chunk()?;
                Some(Self::Member { member: Member::from_bytes(member)?, signature: *signature })
            }
            (6, chain) => decode_chain(chain).map(Self::Chain),
            (7, []) => Some(Self::Done),
            (8, [code]) => REASONS.iter().find(|(known, _)| known == code).map(|(_, reason)| Self::Farewell(*reason)),
            _ => None,
        }
    }
}

fn encode_chain(records: &[Vec<u8>]) -> Vec<u8> {
    let count = u16::try_from(records.len()).expect("a roster has at most 256 records");
    let mut out = [&[6][..], &count.to_be_bytes()].concat();
    for record in records {
        let length = u32::try_from(record.len()).expect("a record has at most 64 KiB");
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(record);
    }
    out
}

fn decode_chain(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (count, mut rest) = bytes.split_first_chunk()?;
    let mut records = Vec::new();
    for _ in 0..u16::from_be_bytes(*count) {
        let (length, after) = rest.split_first_chunk()?;
        let (record, after) = after.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        records.push(record.to_vec());
        rest = after;
    }
    rest.is_empty().then_some(records)
}
