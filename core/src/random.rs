//! The seam to randomness: the core never asks the system for it.

/// Fills bytes so that nobody can guess them. `ingled` asks the operating system, the simulator a seed.
pub trait Random {
    fn fill(&mut self, bytes: &mut [u8]);
}

impl dyn Random + '_ {
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

/// Counts upwards: for golden vectors and tests of this crate.
#[cfg(test)]
#[derive(Debug, Default)]
pub struct Counting(u8);

#[cfg(test)]
impl Random for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
    }
}

/// Never the same twice, and the same in every run of a test.
#[cfg(test)]
#[derive(Debug)]
pub struct Seeded {
    pub seed: u64,
    drawn: u64,
}

#[cfg(test)]
impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }
}

#[cfg(test)]
impl Random for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            self.drawn += 1;
            let hash = crate::seal::Hash::of("test random", &[&self.seed.to_be_bytes(), &self.drawn.to_be_bytes()]);
            chunk.copy_from_slice(&hash.as_bytes()[..chunk.len()]);
        }
    }
}
