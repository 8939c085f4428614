//! What is on the session's bus: the keychain, who shows notifications, who shows icons. Only asks, and never makes a dialog open.

use std::{collections::HashMap, time::Duration};

use ingle_api::checkup::{Finding, Part};
use ingle_model::DeviceId;
use zbus::{
    blocking::{Connection, Proxy, connection::Builder, fdo::DBusProxy},
    zvariant::{OwnedObjectPath, OwnedValue},
};

use crate::keychain::SERVICE;

/// For each answer. A service that the bus has to start first takes a moment.
const LIMIT: Duration = Duration::from_secs(5);

const SECRETS: &str = "org.freedesktop.secrets";
const NOTIFICATIONS: &str = "org.freedesktop.Notifications";
const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// Keychain, notifications and tray, in that order. `device` is the journal's if its key is in the keychain.
pub fn look(device: Option<DeviceId>, has_journal: bool) -> Vec<Finding> {
    let bus = Builder::session().and_then(|builder| builder.method_timeout(LIMIT).build());
    match bus {
        Ok(bus) => vec![keychain(&bus, device, has_journal), notifications(&bus), tray(&bus)],
        Err(_) => {
            let none = "There is no desktop session here.";
            vec![
                match device {
                    Some(_) => Finding::attention(
                        Part::Keychain,
                        "This journal's key is in a keychain, and there is no desktop session here that has one.",
                        "Log in to the desktop whose keychain has the key, then run \"ingle unlock\".",
                    ),
                    None => Finding::missing(Part::Keychain, none, passphrase_hint(has_journal)),
                },
                Finding::missing(Part::Notifications, none, "Reminders show in the window and in \"ingle remind\"."),
                Finding::missing(Part::Tray, none, "\"ingle\" in a terminal does the same."),
            ]
        }
    }
}

/// Whether there is a keychain that shows nothing now: its collection is locked, or not there before somebody logs in.
pub fn is_keychain_locked() -> bool {
    let bus = Builder::session().and_then(|builder| builder.method_timeout(LIMIT).build());
    let found = bus.ok().and_then(|bus| ask_keychain(&bus, None));
    found.is_some_and(|found| found.is_locked == Some(true))
}

fn passphrase_hint(has_journal: bool) -> &'static str {
    if has_journal {
        "This journal doesn't need one."
    } else {
        "A journal can be made with a passphrase: \"ingle init --passphrase\"."
    }
}

fn keychain(bus: &Connection, device: Option<DeviceId>, has_journal: bool) -> Finding {
    let part = Part::Keychain;
    let Some(found) = ask_keychain(bus, device) else {
        return match device {
            Some(_) => Finding::attention(
                part,
                "This journal's key is in a keychain, and none answers here. Your words are untouched, and sealed.",
                "Start the keychain that has the key, such as gnome-keyring or KWallet, then run \"ingle unlock\".",
            ),
            None => Finding::missing(part, "No keychain answers here.", passphrase_hint(has_journal)),
        };
    };
    let needs = device.is_some();
    match found {
        Keychain { is_locked: Some(true), .. } if needs => Finding::attention(
            part,
            "The keychain is locked. Your words are untouched, and sealed.",
            "Unlock the keychain, then run \"ingle unlock\".",
        ),
        Keychain { items: 0, .. } if needs => Finding::attention(
            part,
            "The keychain doesn't have this journal's key now. Your words are untouched, and sealed.",
            "Unlock or restore the keychain that had it, then run \"ingle unlock\". Ingle never makes a new key for it.",
        ),
        Keychain { items: 2.., .. } => Finding::attention(
            part,
            "The keychain has more than one item for this journal.",
            "Remove the copies of the item from the keychain.",
        ),
        Keychain { is_locked: None, .. } if !needs => {
            Finding::missing(part, "The keychain has no place to keep a new key.", passphrase_hint(has_journal))
        }
        Keychain { is_locked: Some(true), .. } => {
            Finding::ok(part, "The keychain answers and is locked. This journal doesn't need it.")
        }
        _ if needs => Finding::ok(part, "The keychain answers, is unlocked, and has this journal's key."),
        _ => Finding::ok(part, "The keychain answers and is unlocked."),
    }
}

struct Keychain {
    /// Of the collection that new keys go into; none when there is no such collection.
    is_locked: Option<bool>,
    items: usize,
}

/// None when no keychain answers.
fn ask_keychain(bus: &Connection, device: Option<DeviceId>) -> Option<Keychain> {
    let service = Proxy::new(bus, SECRETS, "/org/freedesktop/secrets", "org.freedesktop.Secret.Service").ok()?;
    let default: OwnedObjectPath = service.call("ReadAlias", &"default").ok()?;
    let is_locked = if default.as_str() == "/" {
        None
    } else {
        let collection = Proxy::new(bus, SECRETS, default, "org.freedesktop.Secret.Collection").ok()?;
        Some(collection.get_property("Locked").ok()?)
    };
    let items = match device {
        None => 0,
        Some(device) => {
            let user = device.to_string();
            let attributes = HashMap::from([("service", SERVICE), ("username", user.as_str())]);
            let (open, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
                service.call("SearchItems", &attributes).ok()?;
            open.len() + locked.len()
        }
    };
    Some(Keychain { is_locked, items })
}

fn notifications(bus: &Connection) -> Finding {
    let part = Part::Notifications;
    let server = Proxy::new(bus, NOTIFICATIONS, "/org/freedesktop/Notifications", NOTIFICATIONS);
    let told = server.and_then(|server| {
        let (name, ..): (String, String, String, String) = server.call("GetServerInformation", &())?;
        let can: Vec<String> = server.call("GetCapabilities", &())?;
        Ok((name, can))
    });
    match told {
        Ok((name, can)) if can.iter().any(|can| can == "actions") => {
            Finding::ok(part, format!("{} shows notifications, with buttons.", plain(&name)))
        }
        Ok((name, _)) => Finding::missing(
            part,
            format!("{} shows notifications, without buttons.", plain(&name)),
            "Answer a reminder in the menu of Ingle's icon, or with \"ingle remind\".",
        ),
        Err(_) => Finding::missing(
            part,
            "No program shows notifications here.",
            "Install one, such as dunst or xfce4-notifyd. Until then reminders show in Ingle's menu.",
        ),
    }
}

fn tray(bus: &Connection) -> Finding {
    let part = Part::Tray;
    let has_owner =
        DBusProxy::new(bus).and_then(|names| Ok(names.name_has_owner(WATCHER.try_into()?)?)).unwrap_or(false);
    let has_host = || -> zbus::Result<bool> {
        let watcher = Proxy::new(bus, WATCHER, "/StatusNotifierWatcher", WATCHER)?;
        Ok(watcher.get_property::<OwnedValue>("IsStatusNotifierHostRegistered")?.try_into()?)
    };
    if has_owner && has_host().unwrap_or(false) {
        Finding::ok(part, "A panel here shows icons.")
    } else {
        Finding::missing(
            part,
            "No panel here shows icons.",
            "Open \"Ingle\" among the programs instead. On GNOME the extension AppIndicator shows icons.",
        )
    }
}

/// A name from outside, short and without control characters.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(40).collect()
}
