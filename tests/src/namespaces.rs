//! Two computers on one cable: two network namespaces joined by a veth pair, in a user namespace of their own, so that no
//! administrator is needed and nothing of the machine's own network is touched.

use std::process::{Child, Command, Stdio};

use crate::programs::until;

const ENDS: [&str; 2] = ["end0", "end1"];

/// They are gone when this is dropped.
#[derive(Debug)]
pub struct Namespaces {
    holders: [Child; 2],
}

impl Namespaces {
    /// 10.77.0.1 and 10.77.0.2, both up.
    #[expect(clippy::new_without_default, reason = "it starts processes")]
    pub fn new() -> Self {
        // A process that does nothing holds each namespace.
        let first = holder(&["unshare", "--user", "--map-root-user", "--net"]);
        until("the first namespace stands", || is_apart(first.id(), std::process::id()));
        let enter = enter(first.id());
        let enter: Vec<&str> = enter.iter().map(String::as_str).collect();
        let second = holder(&[&enter[..], &["unshare", "--net"]].concat());
        until("the second namespace stands", || {
            is_apart(second.id(), std::process::id()) && is_apart(second.id(), first.id())
        });
        let namespaces = Self { holders: [first, second] };
        let other = namespaces.holders[1].id().to_string();
        namespaces.ip(0, &["link", "add", ENDS[0], "type", "veth", "peer", "name", ENDS[1], "netns", &other]);
        for (end, address) in [(0, "10.77.0.1/24"), (1, "10.77.0.2/24")] {
            namespaces.ip(end, &["link", "set", "lo", "up"]);
            namespaces.ip(end, &["address", "add", address, "dev", ENDS[end]]);
            namespaces.ip(end, &["link", "set", ENDS[end], "up"]);
        }
        namespaces
    }

    /// What leads into one of the two.
    pub fn within(&self, end: usize) -> Vec<String> {
        enter(self.holders[end].id())
    }

    pub fn cut(&self) {
        self.ip(0, &["link", "set", ENDS[0], "down"]);
    }

    pub fn mend(&self) {
        self.ip(0, &["link", "set", ENDS[0], "up"]);
    }

    /// Runs `ip` in one of the two.
    pub fn ip(&self, end: usize, arguments: &[&str]) {
        let within = self.within(end);
        let out = Command::new(&within[0]).args(&within[1..]).arg("ip").args(arguments).output().expect("ip starts");
        assert!(out.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for holder in &mut self.holders {
            drop(holder.kill());
            drop(holder.wait());
        }
    }
}

fn holder(words: &[&str]) -> Child {
    Command::new(words[0])
        .args(&words[1..])
        .args(["sleep", "infinity"])
        .stdin(Stdio::null())
        .spawn()
        .expect("util-linux is installed")
}

fn enter(pid: u32) -> Vec<String> {
    let pid = pid.to_string();
    ["nsenter", "--target", &pid, "--user", "--net", "--preserve-credentials"].map(str::to_owned).into()
}

/// Whether the process has another network than the other one, and `sleep` runs in it already.
fn is_apart(process: u32, other: u32) -> bool {
    let network = |pid: u32| std::fs::read_link(format!("/proc/{pid}/ns/net")).ok();
    let runs = std::fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|name| name.trim() == "sleep");
    runs && network(process) != network(other)
}
