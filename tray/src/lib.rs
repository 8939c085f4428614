//! The icon in the panel: shows how Ingle stands, and starts a window when asked.
//!
//! [`tray`] and [`reminding`] decide and [`menu`] words it, all as pure functions; [`link`] listens to the daemon and [`requests`]
//! asks it, [`panel`], [`notify`] and [`bus`] speak to the desktop, [`desktop`] is the only seam through which a window is opened.
//! What may not live here: core, automerge, crypto, a window toolkit, and any word that a person wrote.

pub mod app;
pub mod bus;
pub mod desktop;
pub mod icon;
pub mod link;
pub mod menu;
pub mod notify;
pub mod once;
pub mod panel;
pub mod reminding;
pub mod requests;
pub mod state;
pub mod tray;

pub use app::run;
pub use desktop::{Desktop, Opening, Window};
pub use state::State;
