//! A set of bundles by their numbers, quick to compare.

/// Numbers count from 0 without gaps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Set(Vec<u64>);

const BITS: usize = 64;

impl Set {
    pub fn insert(&mut self, number: usize) {
        let word = number / BITS;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (number % BITS);
    }

    pub fn holds(&self, number: usize) -> bool {
        self.0.get(number / BITS).is_some_and(|word| word & (1 << (number % BITS)) != 0)
    }

    /// Whether everything in the other is in this one.
    pub fn covers(&self, other: &Self) -> bool {
        let word = |at: usize| self.0.get(at).copied().unwrap_or_default();
        other.0.iter().enumerate().all(|(at, other)| other & !word(at) == 0)
    }

    pub fn extend(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
    }

    pub fn iter(&self) -> impl Iterator<Item = usize> {
        (0..self.0.len() * BITS).filter(|number| self.holds(*number))
    }
}
