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
