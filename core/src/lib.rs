//! The engine of Ingle: documents, the sealed log, keys and roster, the sync session.
//!
//! It decides, and its shell acts: time and randomness are arguments, the disk is the trait [`store::Store`], the network is
//! frames in and frames out. What may not live here: tokio, files, sockets, environment, clock, the system's randomness.

#[cfg(all(feature = "unsealed", not(debug_assertions)))]
compile_error!("the feature \"unsealed\" is for a test's control run, never for a program that people use");

pub mod bundle;
pub mod captured;
mod document;
mod documents;
pub mod engine;
mod entry;
mod fold;
pub mod keys;
mod log;
pub mod pairing;
pub mod random;
pub mod reminders;
pub mod roster;
mod rows;
pub mod seal;
mod session;
mod staged;
pub mod store;
mod text_diff;
mod wire;
pub mod wrap;
