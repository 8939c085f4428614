//! The shipped programs, as a person has them: found, started in a home of their own, asked, ended.
//!
//! Nothing here knows what the programs answer. Where the programs lie says `INGLE_BIN_DIR`; otherwise they are looked for
//! beside the test program, where cargo puts them.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

/// Longer than anything here takes; what waits this long has failed.
pub const LIMIT: Duration = Duration::from_secs(30);

/// The path of a program of this workspace.
pub fn program(name: &str) -> PathBuf {
    let beside = || {
        let own = std::env::current_exe().expect("a running program has a path");
        own.ancestors().nth(2).expect("tests lie two folders below the programs").to_owned()
    };
    let path = std::env::var_os("INGLE_BIN_DIR").map_or_else(beside, PathBuf::from).join(name);
    assert!(path.exists(), "{} is missing: build the workspace, or set INGLE_BIN_DIR", path.display());
    path
}

/// A device of its own folder. Its daemon ends with it.
#[derive(Debug)]
pub struct Home {
    dir: tempfile::TempDir,
    /// Put before each program: what leads into a namespace, for example.
    within: Vec<String>,
    daemon: Option<PathBuf>,
    programs: Option<PathBuf>,
    variables: Vec<(String, String)>,
    working_dir: Option<PathBuf>,
}

/// How a program ended, and what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    fn from(output: Output) -> Self {
        // As a shell tells a signal.
        let code = output.status.code().or_else(|| output.status.signal().map(|signal| 128 + signal));
        Self {
            code: code.expect("it was ended by a code or a signal"),
            out: String::from_utf8(output.stdout).expect("programs write UTF-8"),
            err: String::from_utf8(output.stderr).expect("programs write UTF-8"),
        }
    }

    /// What it said, if it ended well.
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// The JSON that it said, if it ended well.
    pub fn json(self) -> Value {
        let out = self.ok();
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    }
}

impl Home {
    /// An empty folder.
    #[expect(clippy::new_without_default, reason = "it makes a folder")]
    pub fn new() -> Self {
        Self::within(&[])
    }

    /// An empty folder, whose programs are all started behind `within`.
    pub fn within(within: &[String]) -> Self {
        let dir = tempfile::Builder::new().prefix("ingle").tempdir().expect("a temporary folder");
        let within = within.to_vec();
        Self { dir, within, daemon: None, programs: None, variables: Vec::new(), working_dir: None }
    }

    /// With a journal that a file beside it opens: the quickest to make.
    pub fn with_journal(name: &str) -> Self {
        let home = Self::new();
        home.init(name);
        home
    }

    pub fn init(&self, name: &str) {
        self.ingle(&["init", "--name", name, "--key-file"]).ok();
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn journal_dir(&self) -> PathBuf {
        self.path().join("journal")
    }

    /// Another program takes the daemon's place in [`Self::start_daemon`].
    pub fn use_daemon(&mut self, program: PathBuf) {
        self.daemon = Some(program);
    }

    /// The programs lie in this folder.
    pub fn use_programs(&mut self, folder: &Path) {
        self.programs = Some(folder.to_owned());
    }

    /// A variable in the environment of every program.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// The folder that every program is started in.
    pub fn run_in(&mut self, folder: &Path) {
        self.working_dir = Some(folder.to_owned());
    }

    fn program(&self, name: &str) -> PathBuf {
        self.programs.as_ref().map_or_else(|| program(name), |folder| folder.join(name))
    }

    /// A command of `ingle` for this home, with nothing of this process's environment but a search path.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.any(&self.program("ingle"));
        command.args(arguments);
        command
    }

    /// Any program, in this home's environment.
    pub fn any(&self, program: &Path) -> Command {
        let mut words = self.within.iter().map(std::ffi::OsString::from).chain([program.into()]);
        let mut command = Command::new(words.next().expect("there is a program"));
        command.args(words).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", self.path());
        command.env("INGLE_HOME", self.path()).env("LANG", "C.UTF-8").env("TMPDIR", std::env::temp_dir());
        // Without an address a program would find the system's own bus, and lock its journal with this computer's screen.
        command.env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus");
        command.envs(self.variables.iter().cloned()).stdin(Stdio::null());
        if let Some(folder) = &self.working_dir {
            command.current_dir(folder);
        }
        command
    }

    /// Runs `ingle` to its end.
    pub fn ingle(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().expect("it starts"))
    }

    /// Runs `ingle` to its end, with these bytes on its standard input.
    pub fn ingle_with(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut stdin = child.stdin.take().expect("it is a pipe");
        let input = input.to_vec();
        // It may end without reading all of it.
        let writer = thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().expect("it ends");
        writer.join().expect("it writes");
        Ran::from(output)
    }

    /// Keeps a check-in; its id.
    pub fn check_in(&self, cause: &str) -> String {
        let saved = self.ingle(&["check-in", "--feel", "hurt=70", "--cause", cause, "--json"]).json();
        saved["id"].as_str().expect("a saved entry has an id").to_owned()
    }

    pub fn list(&self) -> Vec<Value> {
        match self.ingle(&["list", "--json"]).json() {
            Value::Array(list) => list,
            other => panic!("{other}"),
        }
    }

    pub fn status(&self) -> Value {
        self.ingle(&["status", "--json"]).json()
    }

    /// What `ingled doctor` says of one part: how it stands, and in words.
    pub fn doctor(&self, part: &str) -> (String, String) {
        let output = self.any(&self.program("ingled")).arg("doctor").output().expect("it starts");
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let items = told["items"].as_array().expect("a list");
        let item = items.iter().find(|item| item["item"] == part).expect("it is looked at");
        let text = |field: &str| item[field].as_str().expect("a text").to_owned();
        (text("state"), text("what"))
    }

    /// Starts the daemon as a child of the test, and waits until it takes callers.
    pub fn start_daemon(&self) -> Daemon {
        let path = self.daemon.clone().unwrap_or_else(|| self.program("ingled"));
        let mut command = self.any(&path);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        self.started(command)
    }

    /// The same for a command that runs the daemon inside.
    pub fn started(&self, mut command: Command) -> Daemon {
        let child = command.spawn().expect("the daemon starts");
        let mut daemon = Daemon { child };
        until("the daemon takes callers", || {
            assert!(daemon.child.try_wait().expect("it can be asked").is_none(), "the daemon has ended");
            std::os::unix::net::UnixStream::connect(self.path().join("run/ingled.sock")).is_ok()
        });
        daemon
    }

    /// Starts `ingle` with these arguments and reads its lines as they come.
    pub fn lines(&self, arguments: &[&str]) -> Lines {
        Lines::of(self.command(arguments))
    }

    /// Events as they come; the watch has begun.
    pub fn watch(&self) -> Lines {
        let mut lines = self.lines(&["watch", "--json"]);
        assert_eq!(lines.next()["event"], "journal");
        lines
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // A daemon that `ingle` has started by itself is no child of ours.
        if self.path().join("run/ingled.sock").exists() {
            drop(self.command(&["stop", "--no-start"]).output());
        }
    }
}

/// A running daemon; killed when dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
}

impl Daemon {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(mut self) {
        self.end();
    }

    /// Waits until it has ended by itself.
    pub fn wait(mut self) -> std::process::ExitStatus {
        let mut status = None;
        until("the daemon ends", || {
            status = self.child.try_wait().expect("it can be asked");
            status.is_some()
        });
        status.expect("it has ended")
    }

    fn end(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.end();
    }
}

/// The JSON lines of a program that goes on; it ends with this.
#[derive(Debug)]
pub struct Lines {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Lines {
    pub fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let out = child.stdout.take().expect("it is a pipe");
        let (send, lines) = mpsc::channel();
        thread::spawn(move || read_lines(out, &send));
        Self { child, lines }
    }

    /// The next line.
    #[expect(clippy::should_implement_trait, reason = "a line that doesn't come is a failure, never an end")]
    pub fn next(&mut self) -> Value {
        let line = match self.lines.recv_timeout(LIMIT) {
            Ok(line) => line,
            Err(error) => {
                drop(self.child.kill());
                let mut said = String::new();
                let err = self.child.stderr.take().map(|mut err| err.read_to_string(&mut said));
                panic!("no line came: {error}; {err:?} {said}")
            }
        };
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// The next line that is so.
    pub fn next_where(&mut self, is_so: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.next();
            if is_so(&line) {
                return line;
            }
        }
    }

    /// Waits until the program has ended.
    pub fn end(mut self) -> i32 {
        let mut code = None;
        until("the program ends", || {
            code = self.child.try_wait().expect("it can be asked");
            code.is_some()
        });
        code.and_then(|status| status.code()).expect("it was ended by a code")
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn read_lines(out: ChildStdout, send: &mpsc::Sender<String>) {
    for line in BufReader::new(out).lines() {
        let Ok(line) = line else { return };
        if send.send(line).is_err() {
            return;
        }
    }
}

/// Asks again and again until it is so.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LIMIT, "it didn't come to be in {} s: {what}", LIMIT.as_secs());
        thread::sleep(Duration::from_millis(5));
    }
}

/// Pairs two homes: `new` joins the journal of `old`, both say yes.
pub fn pair(old: &Home, new: &Home, new_name: &str) {
    let mut inviting = old.lines(&["pair", "--yes", "--json"]);
    let ticket = inviting.next()["ticket"].as_str().expect("a ticket").to_owned();
    new.ingle(&["join", &ticket, "--name", new_name, "--yes", "--key-file", "--json"]).ok();
    assert_eq!(inviting.next()["paired"], new_name);
    assert_eq!(inviting.end(), 0);
}

/// Waits until both hold the same and know it, and says what it is: the list and the heads.
pub fn meet(homes: [&Home; 2]) -> (Vec<Value>, Value) {
    let mut same = None;
    until("both devices hold the same", || {
        let [a, b] = homes.map(|home| (home.list(), home.status()["heads"].clone()));
        same = (a == b).then_some(a);
        same.is_some()
    });
    same.expect("they are the same")
}
