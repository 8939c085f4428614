//! The windows of Ingle: one process per open window, gone when it closes.
//!
//! [`quick`], [`saver`] and [`letter::keeper`] decide; the rooms named after windows bind them to Slint; [`journal`] is the only seam to the
//! daemon and [`link`] its real side. What may not live here: core, automerge, crypto.

pub mod about;
pub mod direction;
pub mod feeling_lines;
pub mod fonts;
pub mod help_now;
pub mod journal;
pub mod keys;
pub mod kind;
pub mod latest;
pub mod letter;
pub mod link;
mod models;
pub mod once;
pub mod quick;
pub mod right_now;
pub mod saver;
pub mod ui;
pub mod unlock;
pub mod wording;

pub use kind::Kind;
pub use latest::Latest;
pub use letter::Letter;
pub use right_now::RightNow;
pub use unlock::Unlock;
