//! Randomness from the operating system.

use ingle_core::random::Random;

/// The operating system's random source, as the core asks for it.
#[derive(Debug, Clone, Copy)]
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("without randomness from the system nothing may be written");
    }
}

pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRandom.fill(&mut bytes);
    bytes
}
