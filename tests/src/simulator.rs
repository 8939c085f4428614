//! A seeded simulator of a few devices: one clock, one network, disks with crashes, and a reference model that knows what must
//! come of it. Everything is drawn from the seed, so that a failure is told by it and happens again.
//!
//! The engines are the real ones. What is simulated is what lies behind their seams: time, randomness, key wrapping, disk and
//! links. Nothing here touches the system.

use std::fmt;

use ingle_core::seal::Hash;

mod disk;
mod driver;
mod laws;
mod model;
mod network;
pub(crate) mod randomness;
pub mod reminding;
mod retelling;
mod story;
mod world;
mod wrap;

pub use disk::Fault;
pub use laws::{Broken, Law};
pub use model::{Wish, Words};
pub use retelling::same_by_any_way;
pub use story::Story;
pub use world::{Order, Place, World};

/// What a world is made of, beside its seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    pub devices: usize,
    /// Steps of chance, each a turn or a fault.
    pub steps: usize,
    /// Whether disks may be put back to what they once were.
    pub has_restores: bool,
    /// Whether devices may be copied, and both go on.
    pub has_clones: bool,
    /// Whether disks say that they have synced, and have not.
    pub is_lying: bool,
    /// Whether every step is printed.
    pub is_loud: bool,
}

impl Plan {
    /// What the world of a seed is made of: its last two bits say whether there is a third device, and whether disks go back.
    pub const fn of(seed: u64) -> Self {
        let goes_back = seed & 2 != 0;
        let devices = if seed & 1 == 0 { 2 } else { 3 };
        Self { devices, steps: 150, has_restores: goes_back, has_clones: goes_back, is_lying: false, is_loud: false }
    }
}

/// A world in which a law was broken: all that is needed to see it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub seed: u64,
    pub plan: Plan,
    pub broken: Broken,
    /// What happened last.
    pub story: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, plan, broken, story } = self;
        writeln!(f, "the world of seed {seed} with {} devices broke a law. {broken}", plan.devices)?;
        writeln!(
            f,
            "to see it again: INGLE_SIM_SEED={seed} cargo test -p ingle-tests --test simulator asked_for -- --nocapture"
        )?;
        story.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// Runs the world of a seed to its end. Gives the fingerprint of all its disks.
pub fn run(seed: u64, plan: Plan) -> Result<Hash, Failure> {
    let failure = |broken, story| Failure { seed, plan, broken, story };
    let story = if plan.is_loud { Story::loud() } else { Story::default() };
    let world = World::new(seed, story, plan.is_lying).map_err(|broken| failure(broken, Vec::new()))?;
    let mut told = Telling { seed, world };
    let outcome = driver::drive(&mut told.world, plan);
    outcome.map(|()| told.world.fingerprint()).map_err(|broken| failure(broken, told.world.story.last()))
}

/// Tells what happened when an engine panics, where nobody else can.
struct Telling {
    seed: u64,
    world: World,
}

impl Drop for Telling {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the world of seed {} panicked, after", self.seed);
            self.world.story.last().iter().for_each(|line| eprintln!("  {line}"));
        }
    }
}
