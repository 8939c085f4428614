//! What Slint makes of ui/*.slint.

#![expect(
    missing_debug_implementations,
    unused_qualifications,
    clippy::as_conversions,
    clippy::todo,
    clippy::unwrap_used,
    clippy::let_underscore_must_use,
    reason = "generated code"
)]

slint::include_modules!();
