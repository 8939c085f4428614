//! What a screen reader is told: AT-SPI, on the bus that is there for it.

use zbus::{
    blocking::{Connection, connection, fdo::DBusProxy},
    names::BusName,
    zvariant::{OwnedObjectPath, OwnedValue, Value},
};

use super::Place;

const ROOT: (&str, &str) = ("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root");
const ACCESSIBLE: &str = "org.a11y.atspi.Accessible";
const COMPONENT: &str = "org.a11y.atspi.Component";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
/// Of no window of ours is the tree as deep.
const DEEPEST: usize = 24;

#[derive(Debug)]
pub(super) struct Reader(Connection);

/// Something that a window shows: who tells of it, and where.
type Element = (String, OwnedObjectPath);

impl Reader {
    /// Says on the desktop that somebody listens, and listens.
    pub(super) fn start(desktop: &Connection) -> Self {
        let bus = Some("org.a11y.Bus");
        let is_enabled = ("org.a11y.Status", "IsEnabled", Value::from(true));
        desktop.call_method(bus, "/org/a11y/bus", Some(PROPERTIES), "Set", &is_enabled).expect("at-spi2-core");
        let reply = desktop.call_method(bus, "/org/a11y/bus", bus, "GetAddress", &()).expect("an address");
        let address: String = reply.body().deserialize().expect("a text");
        let connection = connection::Builder::address(address.as_str()).and_then(connection::Builder::build);
        Self(connection.expect("the screen readers' bus"))
    }

    /// What everything in the windows of this process is called, in reading order.
    pub(super) fn names(&self, pid: u32) -> Vec<String> {
        self.elements(pid).iter().map(|element| self.name(element)).collect()
    }

    /// Where the first thing with this name is on the screen.
    pub(super) fn place(&self, pid: u32, name: &str) -> Option<Place> {
        let element = self.elements(pid).into_iter().find(|element| self.name(element) == name)?;
        // The first kind of coordinates: those of the screen.
        let reply = self.call(&element, COMPONENT, "GetExtents", &0_u32)?;
        let (x, y, width, height): (i32, i32, i32, i32) = reply.body().deserialize().ok()?;
        let [x, y, width, height] = [x, y, width, height].map(|number| u32::try_from(number).ok());
        Some(Place { x: x?, y: y?, width: width?, height: height? })
    }

    fn elements(&self, pid: u32) -> Vec<Element> {
        let root = (ROOT.0.to_owned(), OwnedObjectPath::try_from(ROOT.1).expect("a path"));
        let mut found = Vec::new();
        for program in self.children(&root).into_iter().filter(|(name, _)| self.owner(name) == Some(pid)) {
            self.collect(program, 0, &mut found);
        }
        found
    }

    fn collect(&self, element: Element, depth: usize, found: &mut Vec<Element>) {
        let children = if depth < DEEPEST { self.children(&element) } else { Vec::new() };
        found.push(element);
        for child in children {
            self.collect(child, depth + 1, found);
        }
    }

    /// None where the element is gone by now.
    fn children(&self, element: &Element) -> Vec<Element> {
        let reply = self.call(element, ACCESSIBLE, "GetChildren", &());
        reply.and_then(|reply| reply.body().deserialize().ok()).unwrap_or_default()
    }

    fn name(&self, element: &Element) -> String {
        let reply = self.call(element, PROPERTIES, "Get", &(ACCESSIBLE, "Name"));
        let value: Option<OwnedValue> = reply.and_then(|reply| reply.body().deserialize().ok());
        value.and_then(|value| value.try_into().ok()).unwrap_or_default()
    }

    fn owner(&self, name: &str) -> Option<u32> {
        let name = BusName::try_from(name).ok()?;
        DBusProxy::new(&self.0).ok()?.get_connection_unix_process_id(name).ok()
    }

    fn call<B: serde::Serialize + zbus::zvariant::DynamicType>(
        &self,
        (name, path): &Element,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Option<zbus::Message> {
        self.0.call_method(Some(name.as_str()), path, Some(interface), method, body).ok()
    }
}
