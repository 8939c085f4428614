//! Tray and window, on the desktop that this was started on.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use ingle_tests::programs::{LIMIT, program, until};
use serde_json::Value;
use x11rb::{
    connection::Connection as _,
    protocol::{
        Event,
        xproto::{ChangeWindowAttributesAux, ConnectionExt as _, EventMask, ImageFormat, Window},
    },
    rust_connection::RustConnection,
};

use crate::{Figures, journal::Pair, median, milliseconds, process, rounded, say};

const CLICKS: usize = 20;

pub fn measure(pair: &Pair, figures: &mut Figures) {
    for key in ["tray_rss_mib", "window_rss_mib", "click_to_paint_ms", "tray_wakeups_per_min"] {
        figures.insert(key, Value::Null);
    }
    if std::env::var_os("DISPLAY").is_none() {
        return say("there is no display, so nothing is said about tray and window");
    }
    say("the tray is clicked");
    let tray = Program::start(pair, "ingle-tray", &[]);
    let bus = zbus::blocking::Connection::session().expect("the desktop has a bus");
    let mut item = None;
    until("the icon is in the panel", || {
        item = item_of(&bus, tray.id());
        item.is_some()
    });
    let item = item.expect("it was found");
    let eye = Eye::open();
    let mut times = Vec::new();
    for _ in 0..CLICKS {
        let begun = Instant::now();
        let click = bus.call_method(
            Some(item.as_str()),
            "/StatusNotifierItem",
            Some("org.kde.StatusNotifierItem"),
            "Activate",
            &(0_i32, 0_i32),
        );
        click.expect("the icon can be clicked");
        let window = eye.first_frame();
        times.push(begun.elapsed());
        let pid = window_pid(pair);
        if times.len() == CLICKS {
            figures.insert("window_rss_mib", process::resident_mib(pid).map_or(Value::Null, rounded));
        }
        end(pid);
        eye.wait_until_gone(window);
    }
    figures.insert("click_to_paint_ms", milliseconds(median(times)));
    std::thread::sleep(Duration::from_secs(5));
    let before = process::wakeups(tray.id());
    std::thread::sleep(Duration::from_secs(30));
    let wakeups = before.zip(process::wakeups(tray.id())).map(|(before, after)| 2 * (after - before));
    figures.insert("tray_wakeups_per_min", wakeups.into());
    figures.insert("tray_rss_mib", process::resident_mib(tray.id()).map_or(Value::Null, rounded));
    // It goes on, connected, while the daemon is watched in a quiet minute.
    std::mem::forget(tray);
}

/// A program on this desktop.
struct Program(Child);

impl Program {
    fn start(pair: &Pair, name: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(program(name));
        command.args(arguments).env("INGLE_HOME", pair.laptop.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("it starts"))
    }

    fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn item_of(bus: &zbus::blocking::Connection, pid: u32) -> Option<String> {
    let prefix = format!("org.kde.StatusNotifierItem-{pid}-");
    let reply = bus
        .call_method(
            Some("org.freedesktop.DBus"),
            "/org/freedesktop/DBus",
            Some("org.freedesktop.DBus"),
            "ListNames",
            &(),
        )
        .ok()?;
    let names: Vec<String> = reply.body().deserialize().ok()?;
    names.into_iter().find(|name| name.starts_with(&prefix))
}

/// The process of the window that is open for this home.
fn window_pid(pair: &Pair) -> u32 {
    let home = pair.laptop.path().as_os_str().as_encoded_bytes();
    let is_ours = |pid: &u32| {
        let read = |file: &str| std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        read("comm").starts_with(b"ingle-window")
            && (memchr::memmem::find(&read("environ"), home).is_some()
                || memchr::memmem::find(&read("cmdline"), home).is_some())
    };
    let processes = std::fs::read_dir("/proc").expect("proc is mounted");
    let mut pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.find(is_ours).expect("a window is open")
}

fn end(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw).expect("a process");
    // It may have ended by itself.
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).ok();
}

/// Sees windows come and go.
struct Eye {
    x: RustConnection,
    root: Window,
}

impl Eye {
    fn open() -> Self {
        let (x, screen) = x11rb::connect(None).expect("the desktop has a screen");
        let root = x.setup().roots[screen].root;
        let listen = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
        x.change_window_attributes(root, &listen).expect("sent").check().expect("taken");
        Self { x, root }
    }

    /// Waits for a new window that has something in it: not one colour alone in the middle of it.
    fn first_frame(&self) -> Window {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < LIMIT, "no window comes");
            match self.x.wait_for_event().expect("the screen stays") {
                Event::MapNotify(map)
                    if map.event == self.root && !map.override_redirect && self.is_painted(map.window) =>
                {
                    return map.window;
                }
                _ => {}
            }
        }
    }

    fn is_painted(&self, window: Window) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < LIMIT {
            let Ok(Ok(size)) = self.x.get_geometry(window).map(|cookie| cookie.reply()) else { return false };
            if size.width < 100 || size.height < 100 {
                return false;
            }
            let width = size.width - 20;
            let (middle, height) = (i16::try_from(size.height / 4).unwrap_or(0), size.height / 2);
            let image = self.x.get_image(ImageFormat::Z_PIXMAP, window, 10, middle, width, height, !0);
            if let Ok(Ok(image)) = image.map(|cookie| cookie.reply()) {
                let first = image.data.get(..4);
                if image.data.chunks(4).any(|pixel| Some(pixel) != first) {
                    return true;
                }
            }
        }
        false
    }

    fn wait_until_gone(&self, window: Window) {
        until("the window is gone", || {
            while self.x.poll_for_event().expect("the screen stays").is_some() {}
            self.x.get_geometry(window).is_ok_and(|cookie| cookie.reply().is_err())
        });
    }
}
