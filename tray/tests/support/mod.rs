//! A desktop with no display: a bus of the test's own, a panel and a daemon made of a few lines, and windows that only say that
//! they were started.

pub mod daemon;
pub mod server;

use std::{
    collections::HashMap,
    fs,
    future::Future,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use futures_util::StreamExt;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    net::unix::pipe,
    process::{Child, Command},
    sync::mpsc,
};
use zbus::{
    Connection, Message,
    zvariant::{DynamicType, OwnedValue, Structure, Value},
};

/// Every wait ends after this; none takes as long.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let limit = tokio::time::timeout(Duration::from_secs(20), future);
    limit.await.unwrap_or_else(|_| panic!("waited too long for {what}"))
}

/// One person's session: a bus, a home, a folder of programs.
pub struct Desk {
    dir: TempDir,
    bus: Child,
    pub address: String,
    record: Lines<BufReader<pipe::Receiver>>,
}

const BUS: &str = r#"<busconfig>
  <type>session</type><listen>unix:path=DIR/bus</listen><auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>"#;

impl Desk {
    pub async fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("ingle").tempdir().expect("a folder");
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("bin")).expect("a folder");
        fs::write(at("bus.conf"), BUS.replace("DIR", dir.path().to_str().expect("UTF-8"))).expect("a file");
        let mut bus = Command::new("dbus-daemon")
            .arg("--nofork")
            .arg("--print-address=1")
            .arg("--config-file")
            .arg(at("bus.conf"))
            .stdout(Stdio::piped())
            // Without privileges it says that it would like more of them.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("dbus-daemon of the package dbus");
        let mut said = BufReader::new(bus.stdout.take().expect("piped")).lines();
        let address = within("the bus", said.next_line()).await.expect("a line").expect("an address");
        let made = Command::new("mkfifo").arg(at("record")).status().await.expect("mkfifo");
        assert!(made.success());
        let record = pipe::OpenOptions::new().read_write(true).open_receiver(at("record")).expect("a pipe");
        let desk = Self { dir, bus, address, record: BufReader::new(record).lines() };
        desk.install_tray().await;
        // "broken" makes every window go wrong, as one does that finds no display.
        desk.install("ingle-window", "[ ! -e DIR/broken ]").await;
        desk
    }

    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The tray looks for its windows beside itself, so it gets a folder of its own.
    async fn install_tray(&self) {
        let built =
            std::env::var_os("NEXTEST_BIN_EXE_ingle-tray").unwrap_or_else(|| env!("CARGO_BIN_EXE_ingle-tray").into());
        let copied = Command::new("cp").arg(built).arg(self.path("bin/ingle-tray")).status().await.expect("cp");
        assert!(copied.success());
    }

    /// A program that says with which arguments it was started, and then does `rest`. Written by another process: a file that
    /// is open for writing in this one can't be started.
    pub async fn install(&self, name: &str, rest: &str) {
        let script = format!(
            "#!/bin/sh\necho \"{name} $* token=${{XDG_ACTIVATION_TOKEN-none}} passphrase=${{INGLE_PASSPHRASE-none}}\" >DIR/record\n{rest}\n"
        );
        let script = script.replace("DIR", self.dir.path().to_str().expect("UTF-8"));
        let writes = Command::new("sh")
            .args(["-c", "printf %s \"$1\" >\"$0\" && chmod +x \"$0\""])
            .arg(self.path("bin").join(name))
            .arg(script)
            .status();
        assert!(writes.await.expect("a shell").success());
    }

    pub fn tray_command(&self) -> Command {
        let mut command = Command::new(self.path("bin/ingle-tray"));
        command
            .arg("--home")
            .arg(self.home())
            .env_clear()
            .env("HOME", self.dir.path())
            .env("PATH", self.path("bin"))
            .env("XDG_RUNTIME_DIR", self.dir.path())
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env("INGLE_PASSPHRASE", "open sesame")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    pub fn start_tray(&self) -> Child {
        self.tray_command().stderr(Stdio::piped()).spawn().expect("the tray")
    }

    /// Runs the tray to its end.
    pub async fn run_tray(&self) -> Output {
        within("the tray's end", self.tray_command().output()).await.expect("the tray")
    }

    /// What the next program that was started says of itself, without the home.
    pub async fn started(&mut self) -> String {
        let line = within("a program", self.record.next_line()).await.expect("readable").expect("a line");
        line.replace(&format!("--home {} ", self.home().display()), "")
    }

    pub async fn end_session(&mut self) {
        self.bus.kill().await.expect("the bus was there");
    }
}

/// A panel that takes icons.
pub struct Panel {
    connection: Connection,
    registered: mpsc::UnboundedReceiver<String>,
}

struct Watcher {
    registers: mpsc::UnboundedSender<String>,
}

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: String) {
        self.registers.send(service).expect("the test listens");
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }
}

impl Panel {
    pub async fn start(desk: &Desk) -> Self {
        let (registers, registered) = mpsc::unbounded_channel();
        let connection = zbus::connection::Builder::address(desk.address.as_str())
            .and_then(|builder| builder.serve_at("/StatusNotifierWatcher", Watcher { registers }))
            .and_then(|builder| builder.name("org.kde.StatusNotifierWatcher"))
            .expect("the names are right")
            .build();
        Self { connection: within("the bus", connection).await.expect("a bus"), registered }
    }

    /// The icon that registers next.
    pub async fn icon(&mut self) -> Item {
        let name = within("an icon", self.registered.recv()).await.expect("a name");
        Item { connection: self.connection.clone(), name }
    }

    pub fn has_another(&mut self) -> bool {
        self.registered.try_recv().is_ok()
    }

    pub async fn stop(self) {
        self.connection.close().await.expect("closes");
    }
}

/// The icon as a panel sees it.
pub struct Item {
    connection: Connection,
    pub name: String,
}

const ITEM: (&str, &str) = ("/StatusNotifierItem", "org.kde.StatusNotifierItem");
const MENU: (&str, &str) = ("/MenuBar", "com.canonical.dbusmenu");

impl Item {
    async fn call<B: serde::Serialize + DynamicType>(
        &self,
        (path, interface): (&str, &str),
        method: &str,
        body: &B,
    ) -> Message {
        let call = self.connection.call_method(Some(self.name.as_str()), path, Some(interface), method, body);
        within(method, call).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    pub async fn click(&self) {
        self.call(ITEM, "Activate", &(0_i32, 0_i32)).await;
    }

    pub async fn give_token(&self, token: &str) {
        self.call(ITEM, "ProvideXdgActivationToken", &token).await;
    }

    /// Title and text of the tooltip.
    pub async fn tooltip(&self) -> (String, String) {
        let reply = self.call((ITEM.0, "org.freedesktop.DBus.Properties"), "Get", &(ITEM.1, "ToolTip")).await;
        let value: OwnedValue = reply.body().deserialize().expect("a value");
        let fields = Structure::try_from(value).expect("a tooltip").into_fields();
        let text = |field: &Value<'_>| field.downcast_ref::<String>().expect("a text");
        (text(&fields[2]), text(&fields[3]))
    }

    /// Waits until the tooltip has `part` in it.
    pub async fn says(&self, part: &str) {
        let rule = zbus::MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .path(ITEM.0)
            .and_then(|rule| rule.member("NewToolTip"))
            .expect("a rule")
            .build();
        let mut news = zbus::MessageStream::for_match_rule(rule, &self.connection, None).await.expect("a stream");
        while !self.tooltip().await.1.contains(part) {
            within(part, news.next()).await;
        }
    }

    /// Labels of the lines of the menu, without those of the menus in it.
    pub async fn labels(&self) -> Vec<String> {
        self.menu().await.into_iter().filter(|line| line.depth == 0).map(|line| line.label).collect()
    }

    /// Every line of the menu, each followed by those that it leads to.
    pub async fn menu(&self) -> Vec<Line> {
        let reply = self.call(MENU, "GetLayout", &(0_i32, -1_i32, Vec::<String>::new())).await;
        let body = reply.body();
        type Layout = (u32, (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>));
        let (_, (_, _, values)): Layout = body.deserialize().expect("a layout");
        let mut lines = Vec::new();
        for value in values {
            read_lines(&value, 0, &mut lines);
        }
        lines
    }

    /// Whether this line is there and can be chosen.
    pub async fn offers(&self, label: &str) -> bool {
        self.menu().await.iter().any(|line| line.label == label && line.is_enabled)
    }

    /// Waits until this line is there and can be chosen.
    pub async fn comes_to_offer(&self, label: &str) {
        self.comes(label, |line| line.label == label && line.is_enabled).await;
    }

    /// Waits until this line is there.
    pub async fn comes_to_have(&self, label: &str) {
        self.comes(label, |line| line.label == label).await;
    }

    async fn comes(&self, what: &str, is_so: impl Fn(&Line) -> bool) {
        let rule = zbus::MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .path(MENU.0)
            .and_then(|rule| rule.interface(MENU.1))
            .expect("a rule")
            .build();
        let mut news = zbus::MessageStream::for_match_rule(rule, &self.connection, None).await.expect("a stream");
        while !self.menu().await.iter().any(&is_so) {
            within(what, news.next()).await;
        }
    }

    pub async fn choose(&self, label: &str) {
        let id = self.id(label).await;
        self.call(MENU, "Event", &(id, "clicked", Value::from(0_i32), 0_u32)).await;
    }

    /// Asks for no answer: the icon may be gone before it gives one.
    pub async fn quit(&self) {
        let id = self.id("Quit").await;
        let event = Message::method_call(MENU.0, "Event")
            .and_then(|event| event.destination(self.name.as_str()))
            .and_then(|event| event.interface(MENU.1))
            .and_then(|event| event.with_flags(zbus::message::Flags::NoReplyExpected))
            .and_then(|event| event.build(&(id, "clicked", Value::from(0_i32), 0_u32)))
            .expect("a message");
        self.connection.send(&event).await.expect("a bus");
    }

    async fn id(&self, label: &str) -> i32 {
        let menu = self.menu().await;
        menu.iter().find(|line| line.label == label).unwrap_or_else(|| panic!("no {label} in {menu:?}")).id
    }
}

#[derive(Debug)]
pub struct Line {
    id: i32,
    pub label: String,
    pub is_enabled: bool,
    pub depth: usize,
}

fn read_lines(value: &Value<'_>, depth: usize, lines: &mut Vec<Line>) {
    let Value::Structure(line) = value else { panic!("a line is a structure") };
    let [id, Value::Dict(properties), Value::Array(children)] = line.fields() else { panic!("a line has three parts") };
    let id = id.downcast_ref::<i32>().expect("a number");
    let label = properties.get::<&str, String>(&"label").ok().flatten().unwrap_or_default();
    let is_enabled = properties.get::<&str, bool>(&"enabled").ok().flatten().unwrap_or(true);
    lines.push(Line { id, label, is_enabled, depth });
    for child in children.iter() {
        let Value::Value(child) = child else { panic!("a line in a line is a variant") };
        read_lines(child, depth + 1, lines);
    }
}

pub fn environment(tray: &Child) -> String {
    let pid = tray.id().expect("it runs");
    String::from_utf8_lossy(&fs::read(Path::new("/proc").join(pid.to_string()).join("environ")).expect("own process"))
        .into_owned()
}
