//! `ingle-window`: shows one window, and goes when it closes.

use std::{cell::RefCell, path::PathBuf, process::ExitCode, rc::Rc};

use anyhow::Context;
use clap::Parser;
use ingle_api::Places;
use ingle_model::EntryId;
use ingle_window::{
    Kind, Latest, Letter, RightNow, Unlock, about, fonts, help_now,
    once::{self, Seat, Start},
};
use slint::{
    CloseRequestResponse, ComponentHandle,
    winit_030::{
        EventResult, WinitWindowAccessor,
        winit::{event::WindowEvent, window::WindowAttributes},
    },
};

/// The windows of Ingle, an encrypted journal for the time after a no.
#[derive(Debug, Parser)]
#[command(name = "ingle-window", version)]
struct Arguments {
    /// The folder of the journal, instead of the usual place.
    #[arg(long)]
    home: Option<PathBuf>,
    #[arg(value_enum)]
    window: Kind,
    /// Of a letter: the one that is there already
    #[arg(long)]
    id: Option<EntryId>,
    /// Of a letter: the reminder that asked for it
    #[arg(long, value_name = "RULE:DATE")]
    reminder: Option<String>,
}

thread_local! {
    /// The activation token for the next window that is made on this thread, the only one that makes windows.
    static TOKEN: RefCell<Option<String>> = const { RefCell::new(None) };
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: the window can't be opened: {error:#}");
            eprintln!("hint: \"ingle\" in a terminal does the same");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let token = ["XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID"].iter().find_map(|name| std::env::var(name).ok());
    let places = Places::find(arguments.home.as_deref());
    let seat = match &places {
        Ok(places) => match once::start(places, arguments.window, token.as_deref()) {
            Ok(Start::Raised) => return Ok(()),
            Ok(Start::First(seat)) => Some(seat),
            // A folder that takes no files keeps no window from opening; there may be two then.
            Err(_) => None,
        },
        Err(_) => None,
    };
    TOKEN.set(token);
    slint::BackendSelector::new()
        .backend_name("winit".into())
        // Set outright: with GL broken the default shows no window and says nothing.
        .renderer_name("software".into())
        .with_winit_window_attributes_hook(|attributes| {
            // Kept out of screen sharing where the system can do that: Windows and macOS.
            with_token(attributes.with_content_protected(true), TOKEN.take())
        })
        .select()
        .context("there is no display")?;
    slint::set_xdg_app_id("ingle").context("there is no display")?;
    fonts::bring_emoji();
    match arguments.window {
        Kind::HelpNow => {
            let ui = help_now::open(&help_now::locale())?;
            ui.on_leave(quit);
            ui.window().on_close_requested(closed);
            stay(&ui, seat, |_| ())?;
        }
        Kind::About => {
            let ui = about::open()?;
            ui.on_leave(quit);
            ui.window().on_close_requested(closed);
            stay(&ui, seat, |_| ())?;
        }
        Kind::Unlock => {
            let unlock = Unlock::open(&places?)?;
            unlock.on_finished(quit);
            stay(unlock.ui(), seat, |_| ())?;
        }
        Kind::Latest => {
            let latest = Latest::open(&places?)?;
            latest.on_finished(quit);
            stay(latest.ui(), seat, |ui| ui.invoke_reopened())?;
        }
        Kind::Letter => {
            let letter = Letter::open(&places?, arguments.id, arguments.reminder.is_some())?;
            letter.on_finished(quit);
            stay(letter.ui(), seat, |ui| ui.invoke_reopened())?;
        }
        Kind::RightNow => {
            let right_now = Rc::new(RightNow::open(&places?)?);
            right_now.on_finished(quit);
            let weak = Rc::downgrade(&right_now);
            right_now.ui().window().on_winit_window_event(move |_, event| {
                if let Some(right_now) = weak.upgrade() {
                    match event {
                        WindowEvent::Focused(is_active) => right_now.set_active(*is_active),
                        WindowEvent::CursorEntered { .. } => right_now.set_hovered(true),
                        WindowEvent::CursorLeft { .. } => right_now.set_hovered(false),
                        _ => {}
                    }
                }
                EventResult::Propagate
            });
            stay(right_now.ui(), seat, |ui| ui.invoke_reopened())?;
        }
    }
    Ok(())
}

/// Shows the window and runs until [`quit`].
fn stay<C: ComponentHandle + 'static>(ui: &C, seat: Option<Seat>, raised: fn(&C)) -> anyhow::Result<()>
where
    slint::Weak<C>: Send,
{
    ui.show()?;
    if let Some(seat) = &seat {
        let weak = ui.as_weak();
        // A window that can't be raised from outside is a window all the same.
        seat.listen(move |token| {
            drop(weak.upgrade_in_event_loop(move |ui| {
                raise(&ui, &token);
                raised(&ui);
            }));
        })
        .ok();
    }
    slint::run_event_loop_until_quit()?;
    Ok(())
}

fn quit() {
    // Fails only when the loop has ended already.
    slint::quit_event_loop().ok();
}

/// What the close button of a window does that has nothing to keep.
fn closed() -> CloseRequestResponse {
    quit();
    CloseRequestResponse::HideWindow
}

fn raise<C: ComponentHandle>(ui: &C, token: &str) {
    if std::env::var_os("WAYLAND_DISPLAY").is_some() && !token.is_empty() {
        // A Wayland window can't raise itself; one made anew with the token comes up. Its content stays.
        TOKEN.set(Some(token.to_owned()));
        ui.hide().ok();
    }
    // Showing what is shown already does nothing.
    ui.show().ok();
    ui.window().with_winit_window(|window| {
        window.set_minimized(false);
        window.focus_window();
    });
}

#[cfg(all(unix, not(target_os = "macos")))]
fn with_token(attributes: WindowAttributes, token: Option<String>) -> WindowAttributes {
    use slint::winit_030::winit::{
        platform::startup_notify::WindowAttributesExtStartupNotify, window::ActivationToken,
    };
    match token.filter(|token| !token.is_empty()) {
        Some(token) => attributes.with_activation_token(ActivationToken::from_raw(token)),
        None => attributes,
    }
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn with_token(attributes: WindowAttributes, _: Option<String>) -> WindowAttributes {
    attributes
}
