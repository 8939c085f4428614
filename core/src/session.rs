//! One link to another device: what was said, what waits to be sent. Bundles are named here by their keys; the engine reads them.
//!
//! Both sides say hello with the heads of their rosters, then send the records that the other lacks, then their vector. Each
//! answers a vector with the bundles that the other lacks, and from then on with every new one as it comes. What was taken in is
//! confirmed by *held*. A link that says anything else is closed; meeting again begins anew.

use std::collections::VecDeque;

use ingle_model::DeviceId;

use crate::{bundle::BundleKey, log::Tips, seal::Hash};

mod frame_v1;

pub use frame_v1::{Frame, read};

/// The version of this conversation.
pub const VERSION: u32 = 1;
/// Frames that may be on their way to the shell's wire.
const MAX_IN_FLIGHT: usize = 64;
/// A frame with bundles is closed when it has this many bytes.
const FRAME_BYTES: usize = 32 * 1024;

/// What waits to be sent.
#[derive(Debug)]
enum Waiting {
    Frame(Vec<u8>),
    Bundle(BundleKey),
}

/// What the peer said where it is.
#[derive(Debug)]
pub struct Vector {
    pub tips: Tips,
    pub below: Vec<BundleKey>,
}

#[derive(Debug)]
pub struct Session {
    pub device: DeviceId,
    waiting: VecDeque<Waiting>,
    in_flight: usize,
    is_greeted: bool,
    /// The peer's vector, not answered yet.
    pub asked: Option<Vector>,
    /// Whether the vector was answered: from then on new bundles are sent as they come.
    is_live: bool,
    /// What the peer held when it said so.
    pub wanted: Option<Tips>,
    /// Whether something came that has to be confirmed.
    pub owes_held: bool,
}

impl Session {
    pub fn new(device: DeviceId, roster_heads: Vec<Hash>) -> Self {
        let mut session = Self {
            device,
            waiting: VecDeque::new(),
            in_flight: 0,
            is_greeted: false,
            asked: None,
            is_live: false,
            wanted: None,
            owes_held: false,
        };
        session.say(&Frame::Hello { version: VERSION, roster_heads });
        session
    }

    pub fn say(&mut self, frame: &Frame) {
        self.waiting.push_back(Waiting::Frame(frame.to_bytes()));
    }

    /// True the first time.
    pub fn greet(&mut self) -> bool {
        !std::mem::replace(&mut self.is_greeted, true)
    }

    pub fn is_greeted(&self) -> bool {
        self.is_greeted
    }

    /// Answers the vector: sends these, and from now on what is new.
    pub fn answer(&mut self, missing: Vec<BundleKey>) {
        self.waiting.retain(|waiting| matches!(waiting, Waiting::Frame(_)));
        self.waiting.extend(missing.into_iter().map(Waiting::Bundle));
        self.is_live = true;
    }

    /// A bundle came into the own store, by whatever way.
    pub fn push(&mut self, bundle: BundleKey) {
        if self.is_live {
            self.waiting.push_back(Waiting::Bundle(bundle));
        }
    }

    pub fn sent(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// The next frame, if the wire has room. `read` gives a bundle's bytes; one that isn't there any more is passed over.
    pub fn next<E>(
        &mut self,
        mut read: impl FnMut(&BundleKey) -> Result<Option<Vec<u8>>, E>,
    ) -> Result<Option<Vec<u8>>, E> {
        if self.in_flight >= MAX_IN_FLIGHT {
            return Ok(None);
        }
        let mut bundles = Vec::new();
        let mut bytes = 0;
        while let Some(waiting) = self.waiting.pop_front() {
            match waiting {
                Waiting::Frame(frame) if bundles.is_empty() => {
                    self.in_flight += 1;
                    return Ok(Some(frame));
                }
                Waiting::Frame(frame) => {
                    self.waiting.push_front(Waiting::Frame(frame));
                    break;
                }
                Waiting::Bundle(key) => {
                    let Some(bundle) = read(&key)? else { continue };
                    bytes += bundle.len();
                    bundles.push(bundle);
                    if bytes >= FRAME_BYTES {
                        break;
                    }
                }
            }
        }
        if bundles.is_empty() {
            return Ok(None);
        }
        self.in_flight += 1;
        Ok(Some(Frame::Bundles(bundles).to_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::LogId;

    fn key(seq: u64) -> BundleKey {
        let log = LogId { device: DeviceId::from_bytes([1; 16]), name: [2; 16] };
        BundleKey { log, seq, hash: Hash::of("test", &[&seq.to_be_bytes()]) }
    }

    fn next(session: &mut Session, size: usize) -> Option<Frame> {
        let read = |_: &BundleKey| Ok::<_, ()>(Some(vec![7; size]));
        session.next(read).unwrap().map(|frame| read_back(&frame))
    }

    fn read_back(frame: &[u8]) -> Frame {
        read(frame).unwrap().unwrap()
    }

    #[test]
    fn new_bundles_wait_for_the_peer_s_vector_and_go_out_behind_the_answer() {
        let mut session = Session::new(DeviceId::from_bytes([1; 16]), vec![]);
        session.push(key(1));
        assert!(matches!(next(&mut session, 10), Some(Frame::Hello { .. })));
        assert_eq!(next(&mut session, 10), None);
        session.answer(vec![key(1)]);
        session.push(key(2));
        assert_eq!(next(&mut session, 10), Some(Frame::Bundles(vec![vec![7; 10]; 2])));
    }

    #[test]
    fn frames_are_bounded_and_wait_for_the_wire() {
        let mut session = Session::new(DeviceId::from_bytes([1; 16]), vec![]);
        session.answer((1..=200).map(key).collect());
        let mut frames = 0;
        while let Some(frame) = next(&mut session, 200 * 1024) {
            frames += 1;
            assert!(frame.to_bytes().len() < 2 * 1024 * 1024);
        }
        assert_eq!(frames, MAX_IN_FLIGHT);
        session.sent();
        assert!(next(&mut session, 10).is_some());
    }
}
