//! What ARCHITECTURE.md says about the shape of the sources, read from the sources.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Package, folder, and the packages of this workspace that it may depend on.
const PACKAGES: [(&str, &str, &[&str]); 8] = [
    ("ingle-model", "core/model", &[]),
    ("ingle-core", "core", &["ingle-model"]),
    ("ingle-api", "daemon/api", &["ingle-model"]),
    ("ingled", "daemon", &["ingle-api", "ingle-core", "ingle-model"]),
    ("ingle", "daemon/cli", &["ingle-api", "ingle-model"]),
    ("ingle-tray", "tray", &["ingle-api", "ingle-model"]),
    ("ingle-window", "tray/window", &["ingle-api", "ingle-model"]),
    (
        "ingle-tests",
        "tests",
        &["ingle", "ingle-api", "ingle-core", "ingle-model", "ingle-tray", "ingle-window", "ingled"],
    ),
];

fn root() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo and nextest say where the package lies");
    Path::new(&own).parent().expect("the package lies in the workspace").to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names on the left of every table of dependencies, those of other systems and of tests included.
fn dependencies(folder: &str) -> BTreeSet<String> {
    let (manifest, mut all, mut is_table) = (read(&format!("{folder}/Cargo.toml")), BTreeSet::new(), false);
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_table = line.trim_end_matches(']').ends_with("dependencies");
        } else if is_table && line.starts_with(|first: char| first.is_ascii_lowercase()) {
            let name = line.split(['.', '=', ' ']).next().expect("a line has a beginning");
            all.insert(name.to_owned());
        }
    }
    all
}

/// All Rust sources below a folder, as paths from the root.
fn sources(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}")) {
        let entry = entry.expect("an entry");
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            found.extend(sources(&path));
        } else if path.ends_with(".rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn dependencies_point_one_way() {
    for (package, folder, allowed) in PACKAGES {
        let manifest = read(&format!("{folder}/Cargo.toml"));
        assert!(manifest.contains(&format!("name = \"{package}\"")), "{folder} is another package");
        let own: BTreeSet<String> = PACKAGES.iter().map(|(name, ..)| (*name).to_owned()).collect();
        let used: BTreeSet<String> = dependencies(folder).intersection(&own).cloned().collect();
        let allowed = allowed.iter().map(|name| (*name).to_owned()).collect();
        let more: Vec<_> = used.difference(&allowed).collect();
        assert!(more.is_empty(), "{package} depends on {more:?}");
    }
    let workspace = read("Cargo.toml");
    let members = workspace.lines().find(|line| line.starts_with("members")).expect("there are members");
    assert_eq!(members.matches('"').count(), 2 * PACKAGES.len(), "a package is missing in this test");
}

#[test]
fn each_package_keeps_out_what_belongs_elsewhere() {
    let outside = ["tokio", "rusqlite", "iroh", "interprocess", "getrandom", "keyring-core", "rustix", "tracing"];
    let journal = ["automerge", "chacha20poly1305", "age", "ed25519-dalek", "rusqlite", "iroh", "zstd"];
    let check = |folder: &str, forbidden: &[&str]| {
        let used = dependencies(folder);
        let found: Vec<_> = forbidden.iter().filter(|name| used.contains(**name)).collect();
        assert!(found.is_empty(), "{folder} uses {found:?}");
    };
    check("core/model", &[&outside[..], &journal[..]].concat());
    check("core", &outside);
    check("daemon/api", &journal);
    check("daemon", &["automerge"]);
    check("daemon/cli", &journal);
    check("tray", &[&journal[..], &["slint", "i-slint-backend-testing"]].concat());
    check("tray/window", &journal);
}

#[test]
fn automerge_stays_behind_one_module() {
    let users: Vec<String> = sources("core/src")
        .into_iter()
        .filter(|path| {
            let code = read(path);
            let mut lines = code.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
            lines.any(|line| line.contains("automerge::"))
        })
        .collect();
    assert_eq!(users, ["core/src/document.rs"]);
}

#[test]
fn every_file_says_first_what_lives_in_it_and_none_is_a_hub() {
    for (_, folder, _) in PACKAGES {
        for path in sources(&format!("{folder}/src")) {
            let code = read(&path);
            let first = code.lines().next().unwrap_or_default();
            let says = first.starts_with("//!") || path.ends_with("/main.rs") || path.ends_with("tests.rs");
            assert!(says, "{path} doesn't begin with //!");
            let lines = code.split("#[cfg(test)]").next().unwrap_or_default().lines().count();
            assert!(lines <= 700, "{path} has {lines} lines: there is a second room in it");
        }
    }
}
