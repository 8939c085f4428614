//! Which of two connections with the same device stays, and when to call again. Pure.

use std::time::Duration;

use iroh::EndpointId;

/// Who called whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialler {
    Us,
    Them,
}

/// Of two devices that call each other at once, the one whose call stays: the one with the smaller link key.
pub fn preferred(us: &EndpointId, them: &EndpointId) -> Dialler {
    if us.as_bytes() < them.as_bytes() { Dialler::Us } else { Dialler::Them }
}

/// Younger than this, a connection counts as made at the same time as the next one.
pub const AT_ONCE: Duration = Duration::from_secs(5);

/// Whether a new connection takes the place of the one that stands.
///
/// The newest does, since the other side would hardly call again over a connection that works. Only of two made at once, one in
/// each direction, both sides must keep the same one.
pub fn supersedes(standing: Dialler, age: Duration, new: Dialler, preferred: Dialler) -> bool {
    standing == new || age >= AT_ONCE || new == preferred
}

/// The pauses between calls that don't get through: a quarter of a second, doubled each time up to a minute, and of that a random
/// part between a half and the whole, so that devices which lost each other at once don't call in step.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(250);
    const LONGEST: Duration = Duration::from_secs(60);

    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// The next pause; `random` is any number drawn at random.
    pub fn next(&mut self, random: u32) -> Duration {
        let whole = Self::FIRST.saturating_mul(1 << self.failures.min(10)).min(Self::LONGEST);
        self.failures = self.failures.saturating_add(1);
        let half = whole / 2;
        half + half.mul_f64(f64::from(random) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use Dialler::{Them, Us};

    use super::*;

    #[test]
    fn of_two_connections_one_stays() {
        let young = Duration::from_millis(4999);
        let old = Duration::from_secs(5);
        let cases = [
            // standing, age, new, preferred, does the new one stay?
            (Us, young, Us, Us, true),
            (Us, young, Us, Them, true),
            (Them, young, Them, Us, true),
            (Them, young, Them, Them, true),
            (Us, young, Them, Us, false),
            (Us, young, Them, Them, true),
            (Them, young, Us, Us, true),
            (Them, young, Us, Them, false),
            (Us, old, Them, Us, true),
            (Us, old, Us, Them, true),
            (Them, old, Us, Them, true),
            (Them, old, Them, Us, true),
        ];
        for (standing, age, new, preferred, expected) in cases {
            assert_eq!(
                supersedes(standing, age, new, preferred),
                expected,
                "{standing:?} {age:?} {new:?} {preferred:?}"
            );
        }
    }

    #[test]
    fn two_calls_at_once_leave_both_sides_with_the_same_one() {
        // One side meets the calls in one order, the other in either; `Us` is the first side.
        for preferred_here in [Us, Them] {
            let preferred_there = if preferred_here == Us { Them } else { Us };
            for (first, second) in [(Us, Them), (Them, Us)] {
                let here = if supersedes(first, Duration::ZERO, second, preferred_here) { second } else { first };
                assert_eq!(here, preferred_here);
                let there = if supersedes(first, Duration::ZERO, second, preferred_there) { second } else { first };
                assert_eq!(there, preferred_there);
            }
        }
    }

    #[test]
    fn pauses_double_to_a_minute_and_start_anew_after_a_success() {
        let mut backoff = Backoff::default();
        let pauses: Vec<u128> = (0..11).map(|_| backoff.next(u32::MAX).as_millis()).collect();
        assert_eq!(pauses, [250, 500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000]);
        assert_eq!(backoff.next(0), Duration::from_secs(30));
        backoff.reset();
        assert_eq!(backoff.next(0), Duration::from_millis(125));
    }
}
