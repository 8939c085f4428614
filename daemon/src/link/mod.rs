//! The direct link with the person's other devices: QUIC by iroh, device to device, no server.
//!
//! [`start`] keeps one connection with every other member of the roster: it calls with growing pauses, lets in who is on the
//! roster, and carries whole frames between the connection and the engine. Frames are opaque here.
//!
//! **Invariant:** with no other member and no pairing under way no port is open and no packet is sent.
//! **Invariant:** nobody who is not on the roster gets as far as the engine; all they can do is hold one of eight places for ten
//! seconds.
//!
//! What may not live here: what frames mean, who belongs to the journal, keys other than the link's.

mod carry;
mod door;
mod endpoint;
mod frames;
mod hub;
mod peer;
mod rules;
mod seam;
mod threshold;
pub mod ticket;

pub use door::{Call, Door};
pub use endpoint::{NoPort, PAIR, SYNC, Station, addresses};
pub use frames::{FrameError, MAX_FRAME, read_frame, write_frame};
pub use hub::{Links, start};
pub use seam::Engine;
pub use threshold::CloseCode;
pub use ticket::{Purpose, Ticket, TicketRefused};

pub(crate) use carry::remote_address;
