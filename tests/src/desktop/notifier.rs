//! What shows notifications on the desktop: Xfce's, as a person sees it and clicks in it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use zbus::{blocking::fdo::DBusProxy, names::BusName};

use super::{Desktop, Place, Running};
use crate::programs::until;

const NAME: &str = "org.freedesktop.Notifications";

/// Gone when dropped, with all that it shows.
#[derive(Debug)]
pub struct Notifier(Running);

impl Desktop {
    /// Starts it, and waits until notifications can be sent to it.
    pub fn start_notifier(&self) -> Notifier {
        let mut command = self.on_it(std::process::Command::new(notifyd()));
        // It keeps a list of what it showed.
        let home = self.variables.iter().find(|(name, _)| *name == "XDG_RUNTIME_DIR").map(|(_, dir)| dir);
        command.env("HOME", home.expect("a desktop has such a folder")).stdout(Stdio::null()).stderr(Stdio::null());
        let notifier = Notifier(Running(command.spawn().expect("xfce4-notifyd is installed")));
        let bus = DBusProxy::new(&self.bus).expect("a bus");
        let name = BusName::try_from(NAME).expect("a name");
        until("somebody shows notifications", || bus.name_has_owner(name.clone()).unwrap_or_default());
        notifier
    }

    /// Where this button is, if a notification with it is on the screen.
    pub fn button(&self, notifier: &Notifier, label: &str) -> Option<Place> {
        self.reader.place(notifier.0.id(), label)
    }

    /// All that notifications say, in reading order.
    pub fn notifications(&self, notifier: &Notifier) -> Vec<String> {
        self.reader.names(notifier.0.id())
    }
}

fn notifyd() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").expect("a folder");
    let below = |folder: &Path| folder.join("xfce4/notifyd/xfce4-notifyd");
    let mut found = folders.filter_map(Result::ok).map(|folder| below(&folder.path())).filter(|path| path.is_file());
    found.next().expect("xfce4-notifyd is installed")
}
