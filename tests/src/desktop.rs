//! A desktop on no screen, as tests/desktop/panel.sh makes it: the shipped programs on it, and a person's hands and eyes.
//!
//! [`icon`] is what the panel is told, [`reader`] what a screen reader is told. Nothing here knows what the windows say.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use zbus::{
    blocking::{Connection, connection, fdo::DBusProxy},
    names::BusName,
};

use crate::programs::{Home, program, until};

pub mod icon;
pub mod notifier;
pub mod reader;

use icon::Icon;
pub use notifier::Notifier;
use reader::Reader;

/// What every program on the desktop has in its environment.
const NAMES: [&str; 3] = ["DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"];

/// Everything on it ends with it. It has to go before the homes of the programs that run on it.
#[derive(Debug)]
pub struct Desktop {
    variables: Vec<(&'static str, String)>,
    bus: Connection,
    reader: Reader,
    /// The desktop is there for as long as this is open.
    held: Option<ChildStdin>,
    script: Child,
}

/// A window of Ingle that is on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// X's number.
    id: String,
    pub pid: u32,
    pub title: String,
    home: PathBuf,
    /// As `ingle-window` is asked for it.
    pub kind: String,
}

/// A place on the screen, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

/// A program that was started on the desktop; killed when dropped.
#[derive(Debug)]
pub struct Running(Child);

impl Desktop {
    #[expect(clippy::new_without_default, reason = "it starts processes")]
    pub fn new() -> Self {
        let tell = NAMES.map(|name| format!("\"${name}\"")).join(" ");
        let mut script = Command::new(panel())
            .args(["sh", "-c", &format!("printf '%s\\n' {tell}; exec cat")])
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash is installed");
        let held = script.stdin.take();
        let mut told = BufReader::new(script.stdout.take().expect("it is a pipe")).lines();
        let variables = NAMES.map(|name| match told.next() {
            Some(Ok(value)) => (name, value),
            _ => panic!("the desktop doesn't start; what it said is above"),
        });
        let address = variables[1].1.as_str();
        let bus = connection::Builder::address(address).and_then(connection::Builder::build).expect("a session bus");
        let reader = Reader::start(&bus);
        Self { variables: variables.into(), bus, reader, held, script }
    }

    /// A program in the environment of a home on this desktop.
    fn command(&self, home: &Home, name: &str) -> Command {
        let mut command = home.any(&program(name));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Opens a window as the menu of programs does.
    pub fn open(&self, home: &Home, kind: &str) -> Running {
        Running(self.command(home, "ingle-window").arg(kind).spawn().expect("the window starts"))
    }

    /// Opens a window as another program of Ingle does.
    pub fn open_with(&self, home: &Home, arguments: &[&str]) -> Running {
        Running(self.command(home, "ingle-window").args(arguments).spawn().expect("the window starts"))
    }

    /// Starts the icon of this home, and waits until the panel has it.
    pub fn start_tray(&self, home: &Home) -> (Running, Icon) {
        let tray = Running(self.command(home, "ingle-tray").stderr(Stdio::null()).spawn().expect("the tray starts"));
        let icon = Icon::of(&self.bus, tray.0.id());
        (tray, icon)
    }

    /// Starts a keychain, unlocked as at a login, and waits until it is there. A home of this desktop finds it.
    pub fn start_keychain(&self) -> Running {
        let run = self.variables.iter().find(|(name, _)| *name == "XDG_RUNTIME_DIR").map(|(_, dir)| dir);
        let run = run.expect("a desktop has such a folder");
        let mut command = self.on_it(Command::new("gnome-keyring-daemon"));
        command.args(["--foreground", "--components=secrets", "--unlock"]).env("HOME", run).env("XDG_DATA_HOME", run);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("gnome-keyring is installed");
        child.stdin.take().expect("a pipe").write_all(b"a login").expect("it reads");
        let names = DBusProxy::new(&self.bus).expect("a bus");
        let name = BusName::try_from("org.freedesktop.secrets").expect("a name");
        until("the keychain is there", || names.name_has_owner(name.clone()).unwrap_or_default());
        Running(child)
    }

    /// A home whose programs are on this desktop.
    pub fn home(&self) -> Home {
        let mut home = Home::new();
        self.variables
            .iter()
            .filter(|(name, _)| *name != "XDG_RUNTIME_DIR")
            .for_each(|(name, value)| home.set(name, value));
        home
    }

    /// Clicks on the icon, as soon as it can be seen.
    pub fn click_icon(&self, button: u8) {
        let [x, y] = self.icon_place();
        self.hand(&["mousemove", &x, &y, "click", &button.to_string()]);
    }

    /// Waits until the icon can be seen; its middle.
    pub fn icon_place(&self) -> [String; 2] {
        let place = self.script(&["--icon"]);
        let (x, y) = place.trim().split_once(' ').expect("two numbers");
        [x, y].map(str::to_owned)
    }

    /// Clicks in the middle of this place.
    pub fn click(&self, place: Place) {
        let [x, y] = [place.x + place.width / 2, place.y + place.height / 2].map(|middle| middle.to_string());
        self.hand(&["mousemove", &x, &y, "click", "1"]);
    }

    /// Types keys, named as X does, into the window that has the keyboard.
    pub fn type_keys(&self, keys: &str) {
        let keys: Vec<&str> = keys.split(' ').collect();
        self.hand(&[&["key", "--clearmodifiers"], &keys[..]].concat());
    }

    /// All windows of Ingle that are on the screen.
    pub fn windows(&self) -> Vec<Window> {
        let found = self.xdotool(&["search", "--onlyvisible", "--class", "^ingle$"]);
        found.lines().filter_map(|id| self.window(id)).collect()
    }

    /// Kills the program that shows the window.
    pub fn kill(&self, window: &Window) {
        kill(window.pid);
        self.closed(window);
    }

    /// Types a text into the window that has the keyboard.
    pub fn type_text(&self, text: &str) {
        self.hand(&["type", "--delay", "5", text]);
    }

    /// Waits until this home's window of this kind is on the screen and has the keyboard.
    pub fn opened(&self, home: &Home, kind: &str) -> Window {
        let mut opened = None;
        until(&format!("the window {kind} is open and has the keyboard"), || {
            opened = self.windows().into_iter().find(|window| window.home == home.path() && window.kind == kind);
            opened.as_ref().is_some_and(|window| self.xdotool(&["getwindowfocus"]).trim() == window.id)
        });
        opened.expect("it is open")
    }

    /// Waits until the window is gone, and its process too.
    pub fn closed(&self, window: &Window) {
        // Of a process that has ended and waits for its parent there are no words left.
        let words = || fs::read(format!("/proc/{}/cmdline", window.pid)).unwrap_or_default();
        until(&format!("the window {} is gone", window.kind), || words().is_empty());
    }

    /// Waits until the window says this somewhere.
    pub fn says(&self, window: &Window, words: &str) {
        until(&format!("the window {} says: {words}", window.kind), || {
            self.reader.names(window.pid).iter().any(|name| name.contains(words))
        });
    }

    /// Waits until something that is called so is in the window; where it is.
    pub fn place_of(&self, window: &Window, name: &str) -> Place {
        let mut place = None;
        until(&format!("{name} is in the window {}", window.kind), || {
            place = self.reader.place(window.pid, name);
            place.is_some()
        });
        place.expect("it is there")
    }

    /// How many pixels of this place are darker than any ground of a light window.
    pub fn ink(&self, place: Place) -> usize {
        let Place { x, y, width, height } = place;
        let crop = format!("{width}x{height}+{x}+{y}");
        let picture = self
            .on_it(Command::new("import"))
            .args(["-silent", "-window", "root", "-crop", &crop, "+repage", "-depth", "8", "gray:-"])
            .output()
            .expect("imagemagick is installed");
        picture.stdout.iter().filter(|shade| **shade < 160).count()
    }

    /// Keeps a picture of the screen, for people to look at: in a folder under TMPDIR, and in INGLE_SHOTS if that is set.
    pub fn shot(&self, name: &str) {
        let own = std::env::temp_dir().join(format!("ingle-shots-{}", user()));
        fs::create_dir_all(&own).expect("a folder");
        let file = own.join(format!("{name}.png"));
        self.script(&["--shot", file.to_str().expect("UTF-8")]);
        if let Some(wanted) = std::env::var_os("INGLE_SHOTS").map(PathBuf::from) {
            fs::create_dir_all(&wanted).expect("a folder");
            fs::copy(&file, wanted.join(format!("{name}.png"))).expect("a file");
        }
    }

    fn window(&self, id: &str) -> Option<Window> {
        let pid = self.xdotool(&["getwindowpid", id]).trim().parse().ok()?;
        let words = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
        let words: Vec<&str> = words.trim_end_matches('\0').split('\0').collect();
        let home = words.iter().position(|word| *word == "--home").and_then(|at| words.get(at + 1));
        let home = home.map_or_else(|| home_of(pid), |home| Some(home.into()))?;
        let title = self.xdotool(&["getwindowname", id]).trim().to_owned();
        let mut kinds =
            words.iter().skip(1).enumerate().filter(|(at, _)| words.get(*at).is_none_or(|word| *word != "--home"));
        let kind = kinds.find(|(_, word)| !word.starts_with("--"))?.1;
        Some(Window { id: id.to_owned(), pid, title, home, kind: (*kind).to_owned() })
    }

    /// What the hand does has to come about.
    fn hand(&self, arguments: &[&str]) {
        let status = self.on_it(Command::new("xdotool")).args(arguments).stdout(Stdio::null()).status();
        assert!(status.expect("xdotool is installed").success(), "{arguments:?}");
    }

    /// What xdotool says, nothing where it finds nothing.
    fn xdotool(&self, arguments: &[&str]) -> String {
        let said = self.on_it(Command::new("xdotool")).args(arguments).stderr(Stdio::null()).output();
        String::from_utf8(said.expect("xdotool is installed").stdout).expect("it writes UTF-8")
    }

    fn script(&self, arguments: &[&str]) -> String {
        let said = self.on_it(Command::new(panel())).args(arguments).stderr(Stdio::inherit()).output();
        let said = said.expect("bash is installed");
        assert!(said.status.success(), "{arguments:?}");
        String::from_utf8(said.stdout).expect("it writes UTF-8")
    }

    fn on_it(&self, mut command: Command) -> Command {
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.shot("when-it-went-wrong");
        }
        // Before the screen: a window that loses it says so at length.
        for window in self.windows() {
            kill(window.pid);
        }
        drop(self.held.take());
        drop(self.script.wait());
    }
}

impl Running {
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Waits until it has ended by itself.
    pub fn wait(mut self) -> std::process::ExitStatus {
        let mut status = None;
        until("the program ends", || {
            status = self.0.try_wait().expect("it can be asked");
            status.is_some()
        });
        status.expect("it has ended")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Found at run time: an ordinary user runs the tests from a copy.
fn panel() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo and nextest say where the package lies");
    Path::new(&own).join("desktop/panel.sh")
}

fn home_of(pid: u32) -> Option<PathBuf> {
    let environment = fs::read_to_string(format!("/proc/{pid}/environ")).ok()?;
    environment.split('\0').find_map(|variable| variable.strip_prefix("INGLE_HOME=")).map(PathBuf::from)
}

fn user() -> u32 {
    fs::metadata("/proc/self").expect("there is /proc").uid()
}

fn kill(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // It may have ended already.
        kill_process(pid, Signal::KILL).ok();
    }
}
