//! The icon itself, on a thread of its own: the calls into the panel wait for the panel, which may hang.

use std::{io, thread, time::Duration};

use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
};
use tray_icon::{
    Icon, MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent,
    menu::{Menu, MenuEvent, MenuItem, PredefinedMenuItem},
};

use crate::{
    desktop::Window,
    icon,
    menu::{Action, CHECK_IN, Face, ITEMS},
    tray::Input,
};

/// The line of the menu that says how things stand.
const HEAD: &str = "head";
/// Panels scale one picture: from 44 pixels down to the usual 22 by a half, and nearly as it is where they are dense.
const PIXELS: u16 = 44;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Shows the newest face until its sender is gone, and sends clicks. `runtime` is the one that serves the channels.
///
/// # Errors
/// When the system has no thread to give.
pub fn start(faces: watch::Receiver<Face>, inputs: mpsc::Sender<Input>, runtime: Handle) -> io::Result<()> {
    // A click that finds the queue full is dropped: there are windows enough under way.
    let clicks = move |action: Action| drop(inputs.try_send(Input::Clicked { action, token: activation_token() }));
    let menu_clicks = clicks.clone();
    TrayIconEvent::set_event_handler(Some(move |event| {
        if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event {
            clicks(CHECK_IN);
        }
    }));
    MenuEvent::set_event_handler(Some(move |event: MenuEvent| {
        if let Some(action) = action(event.id.as_ref()) {
            menu_clicks(action);
        }
    }));
    thread::Builder::new().name("panel".into()).spawn(move || show(faces, &runtime))?;
    Ok(())
}

fn show(mut faces: watch::Receiver<Face>, runtime: &Handle) {
    let mut pause = FIRST_PAUSE;
    let mut panel = loop {
        let face = faces.borrow_and_update().clone();
        match Panel::new(face) {
            Ok(panel) => break panel,
            Err(error) => {
                // A panel that was just going, or one that refuses.
                if pause == FIRST_PAUSE {
                    eprintln!(
                        "error: the panel didn't take the icon: {error}\nhint: it is tried again; \"ingle\" in a terminal does the same"
                    );
                }
                thread::sleep(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    };
    while runtime.block_on(faces.changed()).is_ok() {
        let face = faces.borrow_and_update().clone();
        if let Err(error) = panel.show(face) {
            eprintln!(
                "error: the panel didn't take the change: {error}\nhint: if the icon is missing, start \"ingle-tray\" again"
            );
        }
    }
}

struct Panel {
    icon: TrayIcon,
    head: MenuItem,
    shown: Face,
}

impl Panel {
    fn new(face: Face) -> Result<Self, Box<dyn std::error::Error>> {
        let head = MenuItem::with_id(HEAD, face.head.text, face.head.unlocks, None);
        let menu = Menu::with_items(&[&head, &PredefinedMenuItem::separator()])?;
        for (action, label) in ITEMS {
            menu.append(&MenuItem::with_id(name(action), label, true, None))?;
        }
        let icon = TrayIconBuilder::new()
            .with_id("ingle")
            .with_title("Ingle")
            .with_tooltip(&face.tooltip)
            .with_icon(picture(&face)?)
            .with_menu(Box::new(menu))
            .with_menu_on_left_click(false)
            .build()?;
        Ok(Self { icon, head, shown: face })
    }

    /// Touches only what differs: every change wakes the panel.
    fn show(&mut self, face: Face) -> Result<(), Box<dyn std::error::Error>> {
        if face.shape != self.shown.shape {
            self.icon.set_icon(Some(picture(&face)?))?;
        }
        if face.tooltip != self.shown.tooltip {
            self.icon.set_tooltip(Some(&face.tooltip))?;
        }
        if face.head.text != self.shown.head.text {
            self.head.set_text(face.head.text);
        }
        if face.head.unlocks != self.shown.head.unlocks {
            self.head.set_enabled(face.head.unlocks);
        }
        self.shown = face;
        Ok(())
    }
}

fn picture(face: &Face) -> Result<Icon, tray_icon::BadIcon> {
    Icon::from_rgba(icon::draw(face.shape, PIXELS), PIXELS.into(), PIXELS.into())
}

fn name(action: Action) -> &'static str {
    match action {
        Action::Open(window) => window.name(),
        Action::Quit => "quit",
    }
}

fn action(id: &str) -> Option<Action> {
    if id == HEAD {
        return Some(Action::Open(Window::Unlock));
    }
    ITEMS.into_iter().map(|(action, _)| action).find(|action| name(*action) == id)
}

/// What lets the next window come to the front on Wayland. There is one only while a click is being handled, and if the panel
/// sent it before the click.
#[cfg(target_os = "linux")]
fn activation_token() -> Option<String> {
    ksni::current_xdg_activation_token().filter(|token| !token.is_empty())
}

#[cfg(not(target_os = "linux"))]
fn activation_token() -> Option<String> {
    None
}
