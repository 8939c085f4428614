//! The icon itself, on a thread of its own: the calls into the panel wait for the panel, which may hang.

use std::{collections::HashMap, io, thread, time::Duration};

use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
};
use tray_icon::{
    Icon, MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent,
    menu::{Menu, MenuEvent, MenuItem, PredefinedMenuItem, Submenu},
};

use crate::{
    icon,
    menu::{Action, CHECK_IN, Face, Spot},
    tray::Input,
};

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
    let shown = faces.clone();
    MenuEvent::set_event_handler(Some(move |event: MenuEvent| {
        let spot = Spot::ALL.into_iter().find(|spot| id(*spot) == event.id.as_ref());
        let action = spot.and_then(|spot| shown.borrow().line(spot).action);
        if let Some(action) = action {
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
    items: HashMap<Spot, MenuItem>,
    pausing: Submenu,
    shown: Face,
}

impl Panel {
    fn new(face: Face) -> Result<Self, Box<dyn std::error::Error>> {
        let mut items = HashMap::new();
        let mut item = |spot| {
            let line = face.line(spot);
            let item = MenuItem::with_id(id(spot), line.text, line.action.is_some(), None);
            items.insert(spot, item.clone());
            item
        };
        let pausing = Submenu::with_id(id(Spot::Pausing), face.line(Spot::Pausing).text, true);
        for spot in Spot::PAUSES {
            pausing.append(&item(spot))?;
        }
        let menu = Menu::with_items(&[&item(Spot::Head), &PredefinedMenuItem::separator()])?;
        for spot in Spot::LINES {
            match spot {
                Spot::Pausing => menu.append(&pausing)?,
                _ => menu.append(&item(spot))?,
            }
        }
        let icon = TrayIconBuilder::new()
            .with_id("ingle")
            .with_title("Ingle")
            .with_tooltip(&face.tooltip)
            .with_icon(picture(&face)?)
            .with_menu(Box::new(menu))
            .with_menu_on_left_click(false)
            .build()?;
        Ok(Self { icon, items, pausing, shown: face })
    }

    /// Touches only what differs: every change wakes the panel.
    fn show(&mut self, face: Face) -> Result<(), Box<dyn std::error::Error>> {
        if face.shape != self.shown.shape {
            self.icon.set_icon(Some(picture(&face)?))?;
        }
        if face.tooltip != self.shown.tooltip {
            self.icon.set_tooltip(Some(&face.tooltip))?;
        }
        for (spot, item) in &self.items {
            let (line, before) = (face.line(*spot), self.shown.line(*spot));
            if line.text != before.text {
                item.set_text(&line.text);
            }
            if line.action.is_some() != before.action.is_some() {
                item.set_enabled(line.action.is_some());
            }
        }
        let (title, before) = (face.line(Spot::Pausing).text, self.shown.line(Spot::Pausing).text);
        if title != before {
            self.pausing.set_text(title);
        }
        self.shown = face;
        Ok(())
    }
}

fn picture(face: &Face) -> Result<Icon, tray_icon::BadIcon> {
    Icon::from_rgba(icon::draw(face.shape, PIXELS), PIXELS.into(), PIXELS.into())
}

const fn id(spot: Spot) -> &'static str {
    match spot {
        Spot::Head => "head",
        Spot::CheckIn => "check-in",
        Spot::Letter => "letter",
        Spot::Latest => "latest",
        Spot::Pausing => "pausing",
        Spot::PauseHour => "pause-hour",
        Spot::PauseTomorrow => "pause-tomorrow",
        Spot::PauseUntilResumed => "pause-until-resumed",
        Spot::Resume => "resume",
        Spot::Undo => "undo",
        Spot::Lock => "lock",
        Spot::HelpNow => "help-now",
        Spot::About => "about",
        Spot::Quit => "quit",
    }
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
