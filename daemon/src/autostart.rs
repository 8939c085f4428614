//! Start at login: `ingled autostart on|off|status`. Writes the files that start Ingle at login, and takes them away again.
//!
//! With a service manager of the person's own (systemd): a socket and a service for the daemon. On every desktop: an entry that
//! starts the icon, which starts the daemon where nothing else has. What may not live here: starting anything now.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use ingle_api::{Failure, FailureKind, Places};
use serde::Serialize;

use crate::{failures, files};

const SERVICE: &str = include_str!("../systemd/ingled.service");
const SOCKET: &str = include_str!("../systemd/ingled.socket");
const SERVICE_NAME: &str = "ingled.service";
const SOCKET_NAME: &str = "ingled.socket";
const ENTRY_NAME: &str = "ingle-tray.desktop";
/// Folder, and the unit that is linked into it.
const WANTS: [(&str, &str); 2] = [("default.target.wants", SERVICE_NAME), ("sockets.target.wants", SOCKET_NAME)];

/// What starts at login.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// By the service manager.
    pub daemon: bool,
    /// By the desktop.
    pub tray: bool,
    /// Programs that are named and aren't there.
    pub broken: Vec<String>,
}

/// Where the files go, and what they name.
#[derive(Debug, Clone)]
struct Setup {
    config: PathBuf,
    programs: PathBuf,
    /// Only when it is not the usual one.
    home: Option<PathBuf>,
    has_service_manager: bool,
}

/// The folder of Ingle's programs.
pub fn program_dir() -> PathBuf {
    std::env::current_exe().ok().and_then(|own| own.parent().map(Path::to_owned)).unwrap_or_default()
}

/// Sets it up for this home. Once more changes nothing.
pub fn on(places: &Places) -> Result<Status, Failure> {
    let setup = Setup::here(Some(places))?;
    setup.on()?;
    setup.reload();
    Ok(setup.status())
}

/// Takes away what [`on`] made.
pub fn off() -> Result<Status, Failure> {
    let setup = Setup::here(None)?;
    setup.off()?;
    setup.reload();
    Ok(setup.status())
}

pub fn status() -> Result<Status, Failure> {
    Ok(Setup::here(None)?.status())
}

impl Setup {
    fn here(places: Option<&Places>) -> Result<Self, Failure> {
        if !cfg!(target_os = "linux") {
            return Err(Failure::new(
                FailureKind::Usage,
                "Ingle can't set up its start at login on this system yet; nothing was changed",
                "add \"ingle-tray\" to the programs that the system starts at login",
            ));
        }
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let config = var("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
        let config = config.or_else(|| var("HOME").map(|home| home.join(".config"))).ok_or_else(|| {
            Failure::new(
                FailureKind::Unavailable,
                "there is no home folder to put the start at login in",
                "set HOME, and try again",
            )
        })?;
        let home = places.and_then(Places::home_override).filter(|home| Some(*home) != usual_home().as_deref());
        let home = home.map(std::path::absolute).transpose().map_err(|error| failures::folder(&config, &error))?;
        let has_service_manager = var("XDG_RUNTIME_DIR").is_some_and(|dir| dir.join("systemd").is_dir());
        Ok(Self { config, programs: program_dir(), home, has_service_manager })
    }

    fn units(&self) -> PathBuf {
        self.config.join("systemd/user")
    }

    fn entry(&self) -> PathBuf {
        self.config.join("autostart").join(ENTRY_NAME)
    }

    fn on(&self) -> Result<(), Failure> {
        let (daemon, tray) = (self.program("ingled")?, self.program("ingle-tray")?);
        let home = self.home.as_deref().map(text).transpose()?;
        if self.has_service_manager {
            let units = self.units();
            put(&units.join(SERVICE_NAME), &service(daemon, home))?;
            put(&units.join(SOCKET_NAME), &socket(home))?;
            for (folder, unit) in WANTS {
                link(&units.join(folder), unit)?;
            }
        }
        if self.programs.join("ingle-tray").exists() {
            put(&self.entry(), &entry(tray, home))?;
        }
        Ok(())
    }

    fn off(&self) -> Result<(), Failure> {
        let units = self.units();
        let links = WANTS.map(|(folder, unit)| units.join(folder).join(unit));
        for path in links.into_iter().chain([units.join(SERVICE_NAME), units.join(SOCKET_NAME), self.entry()]) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failures::folder(&path, &error)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Lets the service manager see the new files. At the next login it sees them by itself.
    fn reload(&self) {
        if self.has_service_manager {
            let mut command = Command::new("systemctl");
            command.args(["--user", "daemon-reload"]);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            drop(command.status());
        }
    }

    fn status(&self) -> Status {
        let units = self.units();
        let is_linked = WANTS.iter().any(|(folder, unit)| units.join(folder).join(unit).exists());
        let service = fs::read_to_string(units.join(SERVICE_NAME)).ok().filter(|_| is_linked);
        let entry = fs::read_to_string(self.entry()).ok();
        let daemon_path = service.as_deref().and_then(|text| named(text, "ExecStart=", unquote_unit));
        let tray_path = entry.as_deref().and_then(|text| named(text, "Exec=", unquote_entry));
        let broken = [&daemon_path, &tray_path].into_iter().flatten().filter(|path| path.starts_with('/'));
        Status {
            daemon: service.is_some(),
            tray: entry.is_some(),
            broken: broken.filter(|path| !Path::new(path).exists()).cloned().collect(),
        }
    }

    fn program(&self, name: &str) -> Result<String, Failure> {
        text(&self.programs.join(name)).map(str::to_owned)
    }
}

/// What `INGLE_HOME` and `--home` replace.
fn usual_home() -> Option<PathBuf> {
    let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = var("XDG_DATA_HOME").filter(|path| path.is_absolute());
    data.or_else(|| var("HOME").map(|home| home.join(".local/share"))).map(|data| data.join("ingle"))
}

/// Neither kind of file can hold a path with a line's end in it, or one that is no text.
fn text(path: &Path) -> Result<&str, Failure> {
    path.to_str().filter(|text| !text.contains(char::is_control)).ok_or_else(|| {
        Failure::new(
            FailureKind::Usage,
            "that folder's name can't stand in the files that start programs; nothing was changed",
            "move it to a folder whose name is plain text",
        )
    })
}

fn service(daemon: String, home: Option<&str>) -> String {
    let home = home.map(|home| format!(" --home {}", quote_unit(home).replace('$', "$$"))).unwrap_or_default();
    let start = format!("ExecStart={}{home}", quote_unit(&daemon));
    let lines = SERVICE.lines().map(|line| if line.starts_with("ExecStart=") { start.as_str() } else { line });
    lines.map(|line| format!("{line}\n")).collect()
}

fn socket(home: Option<&str>) -> String {
    let Some(home) = home else { return SOCKET.to_owned() };
    let listen = format!("ListenStream={}/run/ingled.sock", home.replace('%', "%%"));
    let lines = SOCKET.lines().map(|line| if line.starts_with("ListenStream=") { listen.as_str() } else { line });
    lines.map(|line| format!("{line}\n")).collect()
}

fn entry(tray: String, home: Option<&str>) -> String {
    let home = home.map(|home| format!(" --home {}", quote_entry(home))).unwrap_or_default();
    format!(
        "[Desktop Entry]\nType=Application\nName=Ingle\nComment=The icon in the panel\nExec={}{home}\nTerminal=false\n\
         StartupNotify=false\nNoDisplay=true\nX-GNOME-Autostart-enabled=true\n",
        quote_entry(&tray)
    )
}

/// One word of a command line, by systemd.service(5) and systemd.unit(5).
fn quote_unit(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%"))
}

fn unquote_unit(quoted: &str) -> String {
    quoted.replace("%%", "%").replace("\\\"", "\"").replace("\\\\", "\\")
}

/// One word of a command line, by the Desktop Entry Specification: quoted, then escaped once more as a text's value.
fn quote_entry(word: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in word.chars() {
        match letter {
            '\\' => quoted.push_str("\\\\\\\\"),
            '"' | '`' | '$' => {
                quoted.push_str("\\\\");
                quoted.push(letter);
            }
            '%' => quoted.push_str("%%"),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

fn unquote_entry(quoted: &str) -> String {
    let mut plain = quoted.replace("%%", "%");
    for letter in ["\"", "`", "$"] {
        plain = plain.replace(&format!("\\\\{letter}"), letter);
    }
    plain.replace("\\\\\\\\", "\\")
}

/// The program in a line of such a file, if it is named in quotes.
fn named(text: &str, key: &str, unquote: fn(&str) -> String) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?.strip_prefix('"')?;
    let mut is_escaped = false;
    let end = line.find(|letter| {
        let is_end = letter == '"' && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        is_end
    })?;
    Some(unquote(line.get(..end)?))
}

/// Leaves a file alone that is so already.
fn put(path: &Path, contents: &str) -> Result<(), Failure> {
    if fs::read_to_string(path).is_ok_and(|found| found == contents) {
        return Ok(());
    }
    let dir = path.parent().unwrap_or(Path::new("/"));
    let made = files::create_private_dir(dir).and_then(|()| files::write_whole(path, contents.as_bytes()));
    made.map_err(|error| failures::folder(dir, &error))
}

/// As `systemctl enable` does.
fn link(dir: &Path, unit: &str) -> Result<(), Failure> {
    #[cfg(unix)]
    {
        let path = dir.join(unit);
        if !path.exists() {
            let made = files::create_private_dir(dir).and_then(|()| match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => std::os::unix::fs::symlink(Path::new("..").join(unit), &path),
            });
            return made.map_err(|error| failures::folder(dir, &error));
        }
    }
    #[cfg(not(unix))]
    let _: (&Path, &str) = (dir, unit);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(dir: &Path, home: Option<&str>, has_service_manager: bool) -> Setup {
        let programs = dir.join("pro grams 100%");
        fs::create_dir_all(&programs).expect("a folder");
        for name in ["ingled", "ingle-tray"] {
            fs::write(programs.join(name), "").expect("a file");
        }
        Setup { config: dir.join("config"), programs, home: home.map(PathBuf::from), has_service_manager }
    }

    fn files(dir: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![dir.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.strip_prefix(dir).expect("below").display().to_string());
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn on_names_programs_that_are_there_once_more_changes_nothing_and_off_takes_all_of_it_away() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let setup = setup(dir.path(), None, true);
        let all = ["autostart/ingle-tray.desktop", "systemd/user/default.target.wants/ingled.service"];
        let more = ["systemd/user/ingled.service", "systemd/user/ingled.socket"];
        let link = ["systemd/user/sockets.target.wants/ingled.socket"];
        for _ in 0..2 {
            setup.on().expect("writable");
            assert_eq!(files(&setup.config), [&all[..], &more, &link].concat());
            assert_eq!(setup.status(), Status { daemon: true, tray: true, broken: vec![] });
        }
        fs::remove_file(setup.programs.join("ingle-tray")).expect("there");
        assert_eq!(setup.status().broken, [setup.programs.join("ingle-tray").display().to_string()]);
        for _ in 0..2 {
            setup.off().expect("writable");
            assert_eq!(files(&setup.config), Vec::<String>::new());
            assert_eq!(setup.status(), Status::default());
        }
    }

    #[test]
    fn without_a_service_manager_the_desktop_starts_the_icon() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let setup = setup(dir.path(), None, false);
        setup.on().expect("writable");
        assert_eq!(files(&setup.config), ["autostart/ingle-tray.desktop"]);
    }

    #[test]
    fn every_path_is_quoted_as_its_file_wants_it_and_another_home_is_named() {
        let odd = r#"/a b/50%/"c"/$d\e"#;
        assert_eq!(quote_unit(odd), r#""/a b/50%%/\"c\"/$d\\e""#);
        assert_eq!(quote_entry(odd), r#""/a b/50%%/\\"c\\"/\\$d\\\\e""#);
        let unit = service(odd.to_owned(), Some("/h $"));
        assert!(unit.contains("ExecStart=\"/a b/50%%/\\\"c\\\"/$d\\\\e\" --home \"/h $$\"\n"), "{unit}");
        assert_eq!(named(&unit, "ExecStart=", unquote_unit).as_deref(), Some(odd));
        assert!(socket(Some("/h 5%")).contains("ListenStream=/h 5%%/run/ingled.sock\n"));
        assert_eq!(socket(None), SOCKET);
        let desktop = entry("/a b/ingle-tray".into(), Some("/h"));
        assert!(desktop.contains("Exec=\"/a b/ingle-tray\" --home \"/h\"\n"), "{desktop}");
        assert_eq!(named(&desktop, "Exec=", unquote_entry).as_deref(), Some("/a b/ingle-tray"));
    }
}
