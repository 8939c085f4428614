//! Tickets that are of no use. The device that was to join has no journal afterwards, and the other one's is as it was.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::{SystemTime, UNIX_EPOCH},
};

use ingle_api::FailureKind::{Declined, Pairing, Version};
use ingle_core::seal::Hash;
use ingle_tests::programs::{Home, Ran, pair};
use ingled::link::{Purpose, Ticket};
use iroh::SecretKey;
use iroh_tickets::Ticket as _;
use zeroize::Zeroizing;

use crate::table::{Inviting, NO_BUS, Table, Told, entries, home_with_entries};

/// How long a forged ticket can be used.
const LIFETIME_S: u64 = 3600;

const FRESH: &str = r#"make a fresh one with "ingle pair"; it lasts ten minutes"#;
const BROKEN: Told = Told {
    kind: Pairing,
    error: "that isn't a whole ticket",
    hint: r#"copy all of it, from "ingle" to the last letter"#,
};
const UNREACHABLE: Told = Told {
    kind: Pairing,
    error: "the other device could not be reached",
    hint: r#"see that both are on and in the same network, then run "ingle pair" there again"#,
};

/// A ticket that no device has made.
pub fn forged(maker: &SecretKey, address: SocketAddr) -> Ticket {
    Ticket {
        maker: maker.public(),
        expires: now() + LIFETIME_S,
        purpose: Purpose::Pair { number: [1; 8], secret: Zeroizing::new([2; 16]) },
        addresses: vec![address],
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs()
}

/// An address at which nobody is.
fn nobody() -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a port");
    socket.local_addr().expect("it has an address")
}

/// The ticket as a later version might write it: the first byte is the form's number, the last four are a check.
fn of_a_later_form(ticket: &Ticket) -> String {
    let mut bytes = ticket.encode_bytes();
    bytes[0] += 1;
    bytes.truncate(bytes.len() - 4);
    let check = Hash::of("ingle ticket check v1", &[&bytes]);
    bytes.extend(&check.as_bytes()[..4]);
    format!("ingle{}", data_encoding::BASE32_NOPAD.encode(&bytes).to_lowercase())
}

pub fn empty_home() -> Home {
    let mut home = Home::new();
    home.set("DBUS_SESSION_BUS_ADDRESS", NO_BUS);
    home
}

pub fn join(home: &Home, ticket: &str) -> Ran {
    home.ingle(&["join", ticket, "--name", "desktop", "--key-file", "--yes"])
}

/// Nothing of a journal lies in the home.
pub fn has_none(home: &Home) -> bool {
    let left = std::fs::read_dir(home.path()).expect("the home is there");
    left.map(|entry| entry.expect("an entry").file_name()).all(|name| !name.to_string_lossy().starts_with("journal"))
}

#[test]
fn a_ticket_that_is_none_any_more_is_told_by_what_is_wrong_with_it() {
    let key = SecretKey::from_bytes(&[7; 32]);
    let whole = forged(&key, nobody());
    let text = whole.to_string();
    let expired = Ticket { expires: now() - 1, ..whole.clone() };
    let readdress = Ticket { purpose: Purpose::Readdress, ..whole.clone() };
    let told = |kind, error, hint| Told { kind, error, hint };
    let rows = [
        ("an empty ticket", String::new(), BROKEN),
        ("words", "a canary sang".into(), BROKEN),
        ("a cut ticket", text[..text.len() - 1].into(), BROKEN),
        ("another letter", text.replacen("inglea", "ingleb", 1), BROKEN),
        ("letters behind it", format!("{text}canary"), BROKEN),
        ("a text without end", format!("ingle{}", "a".repeat(100_000)), BROKEN),
        ("an expired ticket", expired.to_string(), told(Pairing, "that ticket has expired", FRESH)),
        (
            "a ticket of a later form",
            of_a_later_form(&whole),
            told(
                Version,
                "that ticket was made by another version of Ingle",
                r#"bring both devices to the same version, then run "ingle pair" again"#,
            ),
        ),
        (
            "a ticket for a device that is paired already",
            readdress.to_string(),
            told(
                Pairing,
                "that ticket is for a device that is paired already",
                r#"to pair this one, run "ingle pair" there, without --readdress"#,
            ),
        ),
        ("a ticket of a device that is away", text.clone(), UNREACHABLE),
    ];
    let (home, mut table) = (empty_home(), Table::default());
    for (name, ticket, told) in rows {
        table.told(name, &home, &join(&home, &ticket), told);
        table.same(name, &has_none(&home), &true);
    }
    table.end();
}

#[test]
fn a_ticket_lets_in_one_other_device_once_while_it_is_open() {
    let told = |kind, error, hint| Told { kind, error, hint };
    let (laptop, desktop, third) = (home_with_entries(), empty_home(), empty_home());
    let before = entries(&laptop);
    let mut table = Table::default();

    let nobody_to_address = laptop.ingle(&["pair", "--readdress"]);
    let row = told(Pairing, "no other device is paired yet", r#"pair one with "ingle pair""#);
    table.told("new addresses for nobody", &laptop, &nobody_to_address, row);

    let open = Inviting::start(&laptop, &[]);
    let row = told(Pairing, "a ticket is open already", r#"use that one, or stop the other "ingle pair" first"#);
    table.told("a second ticket", &laptop, &laptop.ingle(&["pair"]), row);
    let own = told(
        Pairing,
        "that ticket was made on this device",
        r#"use it on the other device: there, run "ingle join" with it"#,
    );
    table.told("one's own ticket", &laptop, &join(&laptop, &open.ticket), own);
    let unlocked = third.ingle(&["join", &open.ticket]);
    let no_keychain = told(
        ingle_api::FailureKind::Locked,
        "there is no keychain on this computer that Ingle can use",
        "set INGLE_PASSPHRASE, or run this in a terminal; --key-file keeps the key in the clear",
    );
    table.told("no keychain for what is joined", &third, &unlocked, no_keychain);
    // The ticket is as good as before.
    let declining = third.ingle(&["join", &open.ticket, "--key-file"]);
    let alone = told(
        Declined,
        "there is no terminal to ask in, so it was declined; nothing was shared",
        "use --yes if you are sure that the other device is yours",
    );
    table.told("nobody to ask on the one that joins", &third, &declining, alone);
    table.told("... and on the one that was asked", &laptop, &open.end(), alone);

    let open = Inviting::start(&laptop, &["--yes"]);
    table.told("a no on the other side", &third, &third.ingle(&["join", &open.ticket, "--key-file"]), alone);
    let no = told(Declined, "the other device declined; nothing was shared", r#"to try again, run "ingle pair" there"#);
    table.told("... is told on this one", &laptop, &open.end(), no);
    let open = Inviting::start(&laptop, &[]);
    table.told("a no on the inviting side", &third, &join(&third, &open.ticket), no);
    table.told("... where nobody could be asked", &laptop, &open.end(), alone);
    table.same("after four noes", &entries(&laptop), &before);
    table.same("after four noes", &has_none(&third), &true);

    pair(&laptop, &desktop, "desktop");
    let open = Inviting::start(&laptop, &[]);
    let ticket = open.ticket.clone();
    open.interrupt();
    let row =
        told(Pairing, "that ticket is no longer open", r#"make a fresh one with "ingle pair", and leave it waiting"#);
    table.told("a ticket that was taken back", &third, &join(&third, &ticket), row);
    let open = Inviting::start(&laptop, &["--yes"]);
    let ticket = open.ticket.clone();
    let last = empty_home();
    join(&last, &ticket).ok();
    table.same("the one that it was for", &open.end().code, &0);
    let row = told(Pairing, "that ticket was used already", r#"make a fresh one with "ingle pair""#);
    table.told("a used ticket", &third, &join(&third, &ticket), row);
    table.same("after all", &has_none(&third), &true);
    table.same("after all", &entries(&laptop), &before);
    table.end();
}
