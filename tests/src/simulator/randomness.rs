//! Where chance comes from: a seed, and nothing else. What is drawn for is decided elsewhere.

use ingle_core::{random::Random, seal::Hash};

/// Decides what happens next in a world.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice of the same seed and purpose always fall the same.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let hash = Hash::of("ingle simulator dice", &[&seed.to_be_bytes(), purpose.as_bytes()]);
        let (start, _) = hash.as_bytes().split_first_chunk().expect("a hash is longer than a number");
        Self(u64::from_be_bytes(*start))
    }

    /// splitmix64.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to and without `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("no platform has more than 64 bits");
        usize::try_from(self.roll() % end).expect("it is less than a usize")
    }

    pub fn is_one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// Milliseconds, from 0 up to and without `end`.
    pub fn millis(&mut self, end: u32) -> i64 {
        i64::try_from(self.roll() % u64::from(end)).expect("it is less than 32 bits")
    }

    /// One of them; none of nothing.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        if of.is_empty() { None } else { of.get(self.below(of.len())) }
    }
}

/// What a device has for the operating system's randomness. It never goes back: neither a crash nor a restored disk repeats it.
#[derive(Debug, Clone)]
pub struct Stream {
    name: Hash,
    drawn: u64,
}

impl Stream {
    pub fn new(seed: u64, name: &str) -> Self {
        Self { name: Hash::of("ingle simulator stream", &[&seed.to_be_bytes(), name.as_bytes()]), drawn: 0 }
    }
}

impl Random for Stream {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            self.drawn += 1;
            let hash = Hash::of("ingle simulator bytes", &[self.name.as_bytes(), &self.drawn.to_be_bytes()]);
            chunk.copy_from_slice(&hash.as_bytes()[..chunk.len()]);
        }
    }
}
