//! Two real daemons, each in a network namespace of its own, on one cable that can be cut.

use std::collections::BTreeSet;

use ingle_tests::{
    namespaces::Namespaces,
    programs::{Home, meet, pair, until},
};

/// Entries that each device writes while the cable is cut.
const APART: usize = 250;

fn is_linked(home: &Home) -> bool {
    let devices = home.ingle(&["devices", "--json"]).json();
    devices.as_array().expect("a list").iter().any(|device| device["linked"] == true)
}

/// A laptop and a desktop on one cable, paired and linked.
fn linked() -> (Namespaces, Home, Home) {
    let net = Namespaces::new();
    let [laptop, desktop] = [0, 1].map(|end| Home::within(&net.within(end)));
    laptop.init("laptop");
    pair(&laptop, &desktop, "desktop");
    until("the devices are linked", || is_linked(&laptop) && is_linked(&desktop));
    (net, laptop, desktop)
}

/// Both daemons end, and an end of the cable gets another address.
fn move_away(net: &Namespaces, homes: [&Home; 2], ends: &[(usize, &str, &str)]) {
    for home in homes {
        home.ingle(&["stop"]).ok();
    }
    for (end, name, address) in ends {
        net.ip(*end, &["address", "flush", "dev", name]);
        net.ip(*end, &["address", "add", address, "dev", name]);
    }
}

#[test]
fn what_both_wrote_while_the_cable_was_cut_is_on_both_when_it_is_back() {
    let (net, laptop, desktop) = linked();
    let mut acknowledged = BTreeSet::from([laptop.check_in("before the cut")]);
    meet([&laptop, &desktop]);

    net.cut();
    until("the cut is noticed", || !is_linked(&laptop) && !is_linked(&desktop));
    let apart = std::thread::scope(|scope| {
        let write = |home: &Home, name: &str| -> Vec<String> {
            (0..APART).map(|n| home.check_in(&format!("{name} {n}"))).collect()
        };
        let (laptop, desktop) = (&laptop, &desktop);
        let writers = [scope.spawn(move || write(laptop, "laptop")), scope.spawn(move || write(desktop, "desktop"))];
        writers.map(|writer| writer.join().expect("it writes"))
    });
    assert_eq!((laptop.list().len(), desktop.list().len()), (APART + 1, APART + 1));
    acknowledged.extend(apart.into_iter().flatten());

    net.mend();
    let (list, heads) = meet([&laptop, &desktop]);
    let ids: BTreeSet<String> = list.iter().map(|entry| entry["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(ids, acknowledged);
    assert!(!heads.as_array().expect("a list").is_empty());
    for home in [&laptop, &desktop] {
        let devices = home.ingle(&["devices", "--json"]).json();
        for device in devices.as_array().expect("a list") {
            assert_eq!(device["up_to_date"], true, "{device}");
        }
        assert_eq!(home.status()["entries"], 2 * APART + 1);
    }
}

#[test]
fn a_device_that_got_another_address_is_found_again_when_it_calls() {
    let (net, laptop, desktop) = linked();
    move_away(&net, [&laptop, &desktop], &[(1, "end1", "10.77.0.9/24")]);
    // The desktop knows where the laptop is; the laptop doesn't know where the desktop is now.
    let id = desktop.check_in("from another address");
    let (list, _) = meet([&laptop, &desktop]);
    assert_eq!(list[0]["id"], id.as_str());
    let known = laptop.ingle(&["devices", "--json"]).json();
    assert_eq!(known[1]["linked"], true, "{known}");
}

#[test]
fn after_both_have_moved_a_fresh_ticket_brings_them_together() {
    let (net, laptop, desktop) = linked();
    move_away(&net, [&laptop, &desktop], &[(0, "end0", "10.77.0.8/24"), (1, "end1", "10.77.0.9/24")]);
    let id = laptop.check_in("both have moved");
    let mut inviting = laptop.lines(&["pair", "--readdress", "--json"]);
    let ticket = inviting.next()["ticket"].as_str().expect("a ticket").to_owned();
    let paired = desktop.ingle(&["join", &ticket, "--json"]).json();
    assert_eq!(paired["paired"], "laptop");
    assert_eq!(inviting.next()["paired"], "desktop");
    let (list, _) = meet([&laptop, &desktop]);
    assert_eq!(list[0]["id"], id.as_str());
}
