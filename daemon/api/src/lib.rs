//! The local contract: what the command line, the tray and the windows say to the daemon, and what it answers.
//!
//! JSON-RPC 2.0, one message a line, over a local socket of the person's own (docs/api.md). The first request is
//! [`Request::Hello`]; its reply carries a [`Snapshot`], and after [`Request::Watch`] every change follows as an [`Event`].
//! What may not live here: journal logic.

pub mod checkup;
pub mod client;
pub mod event;
pub mod failure;
pub mod framing;
pub mod place;
pub mod request;
pub mod spawn;
pub mod status;

pub use client::Client;
pub use event::{Change, Event, Snapshot};
pub use failure::{Failure, FailureKind};
pub use place::Places;
pub use request::{Lock, Request};
pub use status::{DeviceView, KeySlot, LockState, Status};

/// The contract's version. A daemon refuses a client of another one with [`FailureKind::Version`].
pub const API_VERSION: u32 = 2;
