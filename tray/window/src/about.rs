//! "About".

use slint::{ComponentHandle, ModelRc, PlatformError, SharedString, VecModel};

use crate::ui::AboutWindow;

const LINES: [&str; 5] = [
    "Ingle is an encrypted journal for the time after a no. It is not a treatment, and it doesn't take the place of a person who can help.",
    "What you write stays on your computers, sealed. Nothing is sent to anyone else.",
    "Ingle is free software under the MIT licence or the Apache licence 2.0, as you choose.",
    "Emoji are drawn with Noto Emoji, copyright 2013 Google LLC, under the SIL Open Font License 1.1.",
    "The windows are made with Slint, under its royalty-free licence.",
];

pub fn open() -> Result<AboutWindow, PlatformError> {
    let ui = AboutWindow::new()?;
    ui.set_version(env!("CARGO_PKG_VERSION").into());
    ui.set_lines(ModelRc::new(VecModel::from(LINES.map(SharedString::from).to_vec())));
    let weak = ui.as_weak();
    ui.on_leave(move || {
        if let Some(ui) = weak.upgrade() {
            // Hiding a window that is hidden already is no matter.
            ui.hide().ok();
        }
    });
    Ok(ui)
}
