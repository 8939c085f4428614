//! What the tests of the whole share: the programs in homes of their own, two computers on one cable, the simulator.

pub mod namespaces;
pub mod programs;
pub mod simulator;
