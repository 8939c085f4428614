//! The icon as the panel sees it: over the bus, beside the panel.

use std::collections::HashMap;

use zbus::{
    Message,
    blocking::{Connection, fdo::DBusProxy},
    names::BusName,
    zvariant::{DynamicType, OwnedValue, Structure, Value},
};

use crate::programs::until;

const WATCHER: (&str, &str) = ("/StatusNotifierWatcher", "org.kde.StatusNotifierWatcher");
const ITEM: (&str, &str) = ("/StatusNotifierItem", "org.kde.StatusNotifierItem");
const MENU: (&str, &str) = ("/MenuBar", "com.canonical.dbusmenu");
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

#[derive(Debug)]
pub struct Icon {
    bus: Connection,
    name: String,
}

impl Icon {
    /// The one of this process, once the panel has taken it.
    pub(super) fn of(bus: &Connection, pid: u32) -> Self {
        let mut name = None;
        until("the panel takes the icon", || {
            let of_process = |item: &String| owner(bus, item.split('/').next().unwrap_or_default()) == Some(pid);
            name = items(bus).into_iter().find(of_process);
            name.is_some()
        });
        let name = name.expect("it was found").split('/').next().unwrap_or_default().to_owned();
        Self { bus: bus.clone(), name }
    }

    /// The lines of the menu, from the top.
    pub fn menu(&self) -> Vec<String> {
        self.lines().into_iter().map(|(_, label)| label).collect()
    }

    /// Waits until the menu's first line is this one.
    pub fn stands(&self, line: &str) {
        until(&format!("the menu begins with: {line}"), || self.menu().first().is_some_and(|first| first == line));
    }

    /// What is said where the pointer rests on it.
    pub fn tooltip(&self) -> String {
        let reply = self.call((ITEM.0, PROPERTIES), "Get", &(ITEM.1, "ToolTip")).expect("the icon answers");
        let value: OwnedValue = reply.body().deserialize().expect("a value");
        let fields = Structure::try_from(value).expect("a tooltip").into_fields();
        fields[3].downcast_ref::<String>().expect("a text")
    }

    /// Chooses a line of the menu.
    pub fn choose(&self, label: &str) {
        let lines = self.lines();
        let line = lines.iter().find(|(_, found)| found == label);
        let (id, _) = line.unwrap_or_else(|| panic!("{label} is not in {lines:?}"));
        // An icon that goes doesn't answer.
        drop(self.call(MENU, "Event", &(*id, "clicked", Value::from(0_i32), 0_u32)));
    }

    fn lines(&self) -> Vec<(i32, String)> {
        type Layout = (u32, (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>));
        let reply = self.call(MENU, "GetLayout", &(0_i32, -1_i32, Vec::<String>::new())).expect("the icon answers");
        let body = reply.body();
        let (_, (_, _, lines)): Layout = body.deserialize().expect("a layout");
        lines.into_iter().map(line).collect()
    }

    fn call<B: serde::Serialize + DynamicType>(
        &self,
        (path, interface): (&str, &str),
        method: &str,
        body: &B,
    ) -> zbus::Result<Message> {
        self.bus.call_method(Some(self.name.as_str()), path, Some(interface), method, body)
    }
}

fn line(value: OwnedValue) -> (i32, String) {
    let fields = Structure::try_from(value).expect("a line").into_fields();
    let id = fields[0].downcast_ref::<i32>().expect("a number");
    let Value::Dict(properties) = &fields[1] else { panic!("a line has properties") };
    (id, properties.get::<&str, String>(&"label").ok().flatten().unwrap_or_default())
}

/// What the panel has, as bus names with or without a path behind.
fn items(bus: &Connection) -> Vec<String> {
    let body = (WATCHER.1, "RegisteredStatusNotifierItems");
    let reply = bus.call_method(Some(WATCHER.1), WATCHER.0, Some(PROPERTIES), "Get", &body).expect("a panel");
    let value: OwnedValue = reply.body().deserialize().expect("a value");
    value.try_into().expect("a list of names")
}

fn owner(bus: &Connection, name: &str) -> Option<u32> {
    let name = BusName::try_from(name).ok()?;
    DBusProxy::new(bus).ok()?.get_connection_unix_process_id(name).ok()
}
