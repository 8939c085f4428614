//! A real keychain on a bus of its own, and everything that can become of it. Each time the person hears what is wrong and what to
//! do, and neither the key file nor an item changes.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use ingle_tests::programs::{Home, until};
use zbus::{
    blocking::{Connection, Proxy, connection::Builder, fdo::DBusProxy},
    zvariant::OwnedObjectPath,
};

const SECRETS: &str = "org.freedesktop.secrets";
const SERVICE: (&str, &str) = ("/org/freedesktop/secrets", "org.freedesktop.Secret.Service");

/// A session with a keychain in it.
struct Desk {
    folder: tempfile::TempDir,
    bus: Child,
    address: String,
    connection: Connection,
    keyring: Option<Child>,
}

impl Desk {
    /// A bus, and nobody on it.
    fn bare() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new("dbus-daemon");
        // With no services that it could start by itself: what is away stays away.
        let config = folder.path().join("bus.conf");
        fs::write(
            &config,
            "<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><policy context=\"default\">\
             <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
        )
        .expect("writable");
        command.arg("--config-file").arg(config).args(["--nofork", "--print-address=1"]);
        let mut bus = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("dbus is installed");
        let mut address = String::new();
        BufReader::new(bus.stdout.take().expect("a pipe")).read_line(&mut address).expect("it says where it is");
        let address = address.trim().to_owned();
        let connection = Builder::address(address.as_str()).and_then(Builder::build).expect("the bus answers");
        Self { folder, bus, address, connection, keyring: None }
    }

    fn unlocked() -> Self {
        let mut desk = Self::bare();
        desk.start_keyring(Some("a login"));
        desk
    }

    /// Starts the keychain, unlocked with this password or locked.
    fn start_keyring(&mut self, password: Option<&str>) {
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]).args(password.map(|_| "--unlock"));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        for variable in ["HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"] {
            command.env(variable, self.folder.path());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("gnome-keyring is installed");
        let mut input = child.stdin.take().expect("a pipe");
        input.write_all(password.unwrap_or_default().as_bytes()).expect("it reads");
        drop(input);
        self.keyring = Some(child);
        self.wait_for_keyring(true);
        if password.is_some() {
            until("the keychain has a collection", || self.default_collection().is_some());
        }
    }

    fn stop_keyring(&mut self) {
        let mut child = self.keyring.take().expect("it runs");
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        self.wait_for_keyring(false);
    }

    fn wait_for_keyring(&self, is_there: bool) {
        let names = DBusProxy::new(&self.connection).expect("the bus answers");
        let has_owner = || names.name_has_owner(SECRETS.try_into().expect("a name")).expect("the bus answers");
        until("the keychain comes or goes", || has_owner() == is_there);
    }

    fn service(&self) -> Proxy<'_> {
        Proxy::new(&self.connection, SECRETS, SERVICE.0, SERVICE.1).expect("a proxy")
    }

    fn default_collection(&self) -> Option<OwnedObjectPath> {
        let path: OwnedObjectPath = self.service().call("ReadAlias", &"default").ok()?;
        (path.as_str() != "/").then_some(path)
    }

    fn lock(&self) {
        let collection = self.default_collection().expect("there is one");
        let _: (Vec<OwnedObjectPath>, OwnedObjectPath) =
            self.service().call("Lock", &vec![collection]).expect("it locks");
    }

    /// Ingle's items, by what stands on them.
    fn items(&self) -> Vec<String> {
        let attributes = HashMap::from([("service", "Ingle")]);
        let (open, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
            self.service().call("SearchItems", &attributes).expect("it searches");
        let mut items: Vec<String> = open.iter().chain(&locked).map(|path| path.to_string()).collect();
        items.sort();
        items
    }

    fn delete(&self, item: &str) {
        let path = OwnedObjectPath::try_from(item).expect("a path");
        let item = Proxy::new(&self.connection, SECRETS, path, "org.freedesktop.Secret.Item").expect("a proxy");
        let _: OwnedObjectPath = item.call("Delete", &()).expect("it goes");
    }

    /// What the keychain has on the disk.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        files(&self.folder.path().join("keyrings"))
    }

    fn home(&self, name: &str) -> Home {
        let mut home = Home::new();
        home.set("DBUS_SESSION_BUS_ADDRESS", &self.address);
        home.ingle(&["init", "--name", name]).ok();
        home.check_in("canary");
        home
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(mut keyring) = self.keyring.take() {
            drop(keyring.kill());
            drop(keyring.wait());
        }
        drop(self.bus.kill());
        drop(self.bus.wait());
    }
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> =
        paths.filter(|path| path.is_file()).map(|path| (path.clone(), fs::read(path).expect("readable"))).collect();
    files.sort();
    files
}

fn key_file(home: &Home) -> Vec<u8> {
    fs::read(home.journal_dir().join("key")).expect("there")
}

/// A journal that doesn't open says so, and changes nothing; nor does asking again.
fn check_shut(home: &Home, message: &str, hint: &str) {
    let key = key_file(home);
    let told = format!("error: {message}\nhint: {hint}\n");
    for arguments in [["list"], ["unlock"], ["list"]] {
        let ran = home.ingle(&arguments);
        assert_eq!((ran.code, ran.err.as_str()), (4, told.as_str()), "{arguments:?}");
    }
    assert_eq!(home.status()["journal"], "unavailable");
    assert_eq!(key_file(home), key);
}

const LOCKED: (&str, &str) = (
    "the keychain with this journal's key is locked; your words are untouched, and sealed",
    "unlock the keychain, then run \"ingle unlock\"",
);
const GONE: (&str, &str) = (
    "the keychain doesn't have this journal's key now; your words are untouched, and sealed",
    "unlock or restore the keychain that had it, then run \"ingle unlock\"; Ingle never makes a new key for it",
);
const ABSENT: (&str, &str) = (
    "this journal's key is in a keychain, and there is none here now; your words are untouched, and sealed",
    "log in to the desktop whose keychain has the key, then run \"ingle unlock\"",
);

#[test]
fn a_key_is_made_once_and_kept_over_every_restart() {
    let mut desk = Desk::unlocked();
    let home = desk.home("laptop");
    let (items, key) = (desk.items(), key_file(&home));
    assert_eq!(items.len(), 1);
    assert_eq!(home.doctor("keychain").0, "ok");
    // On this bus nobody shows notifications or icons.
    for part in ["notifications", "tray"] {
        assert_eq!(home.doctor(part).0, "missing", "{part}");
    }
    home.ingle(&["stop"]).ok();
    assert_eq!(home.list().len(), 1);
    home.ingle(&["stop"]).ok();
    desk.stop_keyring();
    desk.start_keyring(Some("a login"));
    assert_eq!(home.list().len(), 1);
    // While the journal is open the keychain isn't needed.
    desk.stop_keyring();
    assert_eq!(home.list().len(), 1);
    desk.start_keyring(Some("a login"));
    assert_eq!((desk.items().len(), key_file(&home)), (1, key));
}

#[test]
fn a_keychain_that_is_locked_or_away_opens_the_journal_when_it_is_back() {
    let mut desk = Desk::unlocked();
    let home = desk.home("laptop");
    home.ingle(&["stop"]).ok();
    let kept = desk.files();

    desk.stop_keyring();
    check_shut(&home, ABSENT.0, ABSENT.1);
    assert_eq!(home.doctor("keychain").0, "attention");
    desk.start_keyring(None);
    assert_eq!(home.ingle(&["unlock"]).code, 4);
    check_shut(&home, LOCKED.0, LOCKED.1);
    let told = ("attention".into(), "The keychain is locked. Your words are untouched, and sealed.".into());
    assert_eq!(home.doctor("keychain"), told);
    home.ingle(&["stop"]).ok();
    check_shut(&home, LOCKED.0, LOCKED.1);
    assert_eq!(desk.files(), kept);

    desk.stop_keyring();
    desk.start_keyring(Some("a login"));
    home.ingle(&["unlock"]).ok();
    assert_eq!(home.list().len(), 1);

    home.ingle(&["stop"]).ok();
    desk.lock();
    check_shut(&home, LOCKED.0, LOCKED.1);
    assert_eq!(desk.files(), kept);
}

#[test]
fn a_key_that_is_gone_is_named_and_no_new_one_is_made() {
    let mut desk = Desk::unlocked();
    let home = desk.home("laptop");
    home.ingle(&["stop"]).ok();
    let saved = desk.files();
    for item in desk.items() {
        desk.delete(&item);
    }
    check_shut(&home, GONE.0, GONE.1);
    assert_eq!(home.doctor("keychain").0, "attention");
    assert_eq!(desk.items(), Vec::<String>::new());
    home.ingle(&["stop"]).ok();

    // The whole keychain is emptied, and a new one begun.
    desk.stop_keyring();
    fs::remove_dir_all(desk.folder.path().join("keyrings")).expect("there");
    desk.start_keyring(Some("another login"));
    check_shut(&home, GONE.0, GONE.1);
    assert_eq!(desk.items(), Vec::<String>::new());

    // Restored from a copy it opens.
    desk.stop_keyring();
    fs::remove_dir_all(desk.folder.path().join("keyrings")).expect("there");
    fs::create_dir(desk.folder.path().join("keyrings")).expect("writable");
    for (path, bytes) in saved {
        fs::write(path, bytes).expect("writable");
    }
    desk.start_keyring(Some("a login"));
    home.ingle(&["unlock"]).ok();
    assert_eq!(home.list().len(), 1);
}

#[test]
fn two_homes_beside_each_other_have_a_key_each() {
    let desk = Desk::unlocked();
    let laptop = desk.home("laptop");
    let first = desk.items();
    let other = desk.home("other");
    let second: Vec<String> = desk.items().into_iter().filter(|item| !first.contains(item)).collect();
    assert_eq!((first.len(), second.len()), (1, 1));
    for home in [&laptop, &other] {
        home.ingle(&["stop"]).ok();
        assert_eq!(home.list().len(), 1);
        home.ingle(&["stop"]).ok();
    }
    desk.delete(&second[0]);
    check_shut(&other, GONE.0, GONE.1);
    assert_eq!(laptop.list().len(), 1);
    assert_eq!(desk.items(), first);
}

/// A keychain that never answers, as behind a dialog that nobody sees.
struct Silent;

#[zbus::interface(name = "org.freedesktop.Secret.Service")]
impl Silent {
    async fn open_session(
        &self,
        _algorithm: String,
        _input: zbus::zvariant::OwnedValue,
    ) -> (zbus::zvariant::OwnedValue, OwnedObjectPath) {
        std::future::pending().await
    }
}

#[test]
fn a_keychain_that_does_not_answer_holds_up_nobody() {
    let mut desk = Desk::unlocked();
    let home = desk.home("laptop");
    home.ingle(&["stop"]).ok();
    desk.stop_keyring();
    let silent = Builder::address(desk.address.as_str())
        .and_then(|builder| builder.serve_at(SERVICE.0, Silent))
        .and_then(|builder| builder.name(SECRETS))
        .and_then(Builder::build)
        .expect("the bus takes it");
    let ran = home.ingle(&["list"]);
    let told = "error: the keychain hasn't answered yet; your words are untouched, and sealed\n\
                hint: answer the window in which it may be asking, and try again\n";
    assert_eq!((ran.code, ran.err.as_str()), (4, told));
    home.ingle(&["stop"]).ok();
    // What was asked of it is still waiting, and keeps the connection open.
    silent.release_name(SECRETS).expect("the bus answers");
    desk.wait_for_keyring(false);
    desk.start_keyring(Some("a login"));
    assert_eq!(home.list().len(), 1);
}
