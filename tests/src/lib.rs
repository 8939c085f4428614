//! What the tests of the whole share: the programs in homes of their own, a desktop, two computers on one cable, the simulator,
//! years of entries.

pub mod decade;
pub mod desktop;
pub mod editor;
pub mod namespaces;
pub mod programs;
pub mod simulator;
pub mod trace;
pub mod writers;
