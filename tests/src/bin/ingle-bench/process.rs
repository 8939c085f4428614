//! What the system tells of a process.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

/// Resident memory, MiB.
pub fn resident_mib(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// How often any of its threads was put to work, since it began.
pub fn wakeups(pid: u32) -> Option<u64> {
    let mut all = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let status = fs::read_to_string(thread.ok()?.path().join("status")).ok()?;
        let count = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
        all += count("voluntary_ctxt_switches:")?;
    }
    Some(all)
}

/// Looks at all files below the folder every quarter of a second; counts how often one was found changed.
pub fn writes(folder: &Path, long: Duration) -> u64 {
    let begun = Instant::now();
    let (mut before, mut changes) = (files(folder), 0);
    while begun.elapsed() < long {
        std::thread::sleep(Duration::from_millis(250));
        let now = files(folder);
        let changed = now.iter().filter(|(path, state)| before.get(*path) != Some(*state)).count();
        changes += u64::try_from(changed).expect("it fits");
        before = now;
    }
    changes
}

fn files(folder: &Path) -> BTreeMap<PathBuf, (u64, Option<SystemTime>)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if let Ok(file) = entry.metadata() {
            found.insert(path, (file.len(), file.modified().ok()));
        }
    }
    found
}
