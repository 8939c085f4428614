//! A real daemon whose journal is locked while it runs: what can be done then, and what becomes of it afterwards.

use std::{thread, time::Duration};

use ingle_api::{Failure, FailureKind, Request, request::Saved, status::JournalState};
use ingle_model::{CheckInDraft, EntryId, LetterDraft};
use ingle_tests::{
    programs::Home,
    writers::{Caller, Heard},
};
use serde_json::Value;
use zeroize::Zeroizing;

fn ask(home: &Home, request: Request) -> Result<Value, Failure> {
    let mut caller = Caller::of(home).expect("its daemon is there").0;
    caller.send(request).expect("it listens");
    match caller.hear() {
        Heard::Answer(value) => Ok(value),
        Heard::Refused(why) => Err(why),
        other => panic!("{other:?}"),
    }
}

fn draft(cause: &str) -> CheckInDraft {
    CheckInDraft { cause: Some(cause.into()), ..CheckInDraft::default() }
}

fn check_in(home: &Home, cause: &str) -> Saved {
    let saved = ask(home, Request::CheckIn { draft: draft(cause) }).expect("it is kept");
    serde_json::from_value(saved).expect("it says what it kept")
}

fn state(home: &Home) -> JournalState {
    Caller::of(home).expect("its daemon is there").1.journal
}

fn waiting(home: &Home) -> u64 {
    home.status()["waiting"].as_u64().expect("a number")
}

/// Each entry's id and cause.
fn entries(home: &Home) -> Vec<(String, String)> {
    let text = |entry: &Value, field: &str| entry[field].as_str().expect("a text").to_owned();
    let list = home.list();
    let check_ins = list.iter().filter(|entry| entry["kind"] == "check-in");
    check_ins.map(|entry| (text(entry, "id"), text(entry, "cause"))).collect()
}

fn unlock(home: &Home, passphrase: Option<&str>) -> Result<Value, Failure> {
    ask(home, Request::Unlock { passphrase: passphrase.map(|text| Zeroizing::new(text.to_owned())) })
}

#[test]
fn a_locked_journal_shows_nothing_takes_in_what_is_new_and_opens_with_it() {
    let home = Home::with_journal("laptop");
    let _daemon = home.start_daemon();
    let before = check_in(&home, "before");
    assert!(!before.waiting);
    let mut events = home.watch();
    ask(&home, Request::Lock {}).expect("it locks");
    assert_eq!(events.next()["state"], "locked");
    ask(&home, Request::Lock {}).expect("it stays locked");
    assert_eq!(state(&home), JournalState::Locked);

    let why = ask(&home, Request::Show { id: before.id }).expect_err("it is locked");
    let told = (why.kind, why.message.as_str(), why.hint.as_str());
    assert_eq!(
        told,
        (FailureKind::Locked, "the journal is locked; what is in it is safe", r#"open it with "ingle unlock""#)
    );
    let why = ask(&home, Request::Edit { id: before.id, draft: draft("after") }).expect_err("it is locked");
    assert_eq!(why.message, "that was not saved: the journal is locked; what is in it is safe");
    let why = ask(&home, Request::CheckIn { draft: draft("") }).expect_err("it is checked as always");
    assert_eq!(why.kind, FailureKind::Usage);

    let letter = LetterDraft { text: Some("Dear me,".into()), ..LetterDraft::default() };
    let letter = ask(&home, Request::Letter { draft: letter }).expect("it is kept");
    assert_eq!(letter["waiting"], true);
    let meanwhile = check_in(&home, "meanwhile");
    assert!(meanwhile.waiting);
    assert_eq!((waiting(&home), home.status()["locked"].clone()), (2, true.into()));
    unlock(&home, None).expect("nothing but its file locks it");
    assert_eq!(events.next()["state"], "open");
    assert_eq!(waiting(&home), 0);
    let told = [(meanwhile.id.to_string(), "meanwhile".to_owned()), (before.id.to_string(), "before".to_owned())];
    assert_eq!(entries(&home), told);
    assert_eq!(
        home.ingle(&["show", letter["id"].as_str().expect("an id"), "--json"]).json()["letter"]["text"],
        "Dear me,"
    );
    assert_eq!(home.list()[0]["at"], meanwhile.at);
}

#[test]
fn a_daemon_that_starts_locked_takes_in_what_is_new_and_only_the_passphrase_opens_it() {
    let home = Home::new();
    let mut init = home.command(&["init", "--name", "laptop", "--passphrase"]);
    assert!(init.env("INGLE_PASSPHRASE", "a warm cabin").status().expect("it starts").success());
    let daemon = home.start_daemon();
    let first = check_in(&home, "first");
    assert!(first.waiting);
    daemon.kill();
    let _daemon = home.start_daemon();
    let second = check_in(&home, "second");
    assert_eq!(waiting(&home), 2);
    for wrong in [None, Some("a warm canary")] {
        assert_eq!(unlock(&home, wrong).expect_err("it stays shut").kind, FailureKind::Locked);
        assert_eq!((state(&home), waiting(&home)), (JournalState::Locked, 2));
    }
    unlock(&home, Some("a warm cabin")).expect("it opens");
    let told = [(second.id.to_string(), "second".to_owned()), (first.id.to_string(), "first".to_owned())];
    assert_eq!((entries(&home), waiting(&home)), (told.to_vec(), 0));
    ask(&home, Request::Lock {}).expect("it locks");
    assert_eq!(unlock(&home, None).expect_err("it needs the passphrase").kind, FailureKind::Locked);
    assert_eq!(state(&home), JournalState::Locked);
}

/// Kills come while a locked journal takes something in, and while it is opened again.
#[test]
fn through_kills_while_locked_and_while_opening_nothing_is_lost_or_doubled() {
    const ROUNDS: u32 = 24;
    let home = Home::with_journal("laptop");
    let (mut acknowledged, mut sent): (Vec<EntryId>, Vec<String>) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let daemon = home.start_daemon();
        ask(&home, Request::Lock {}).expect("it locks");
        let kept = format!("kept {round}");
        acknowledged.push(check_in(&home, &kept).id);
        sent.push(kept);
        // One that nobody waits for.
        let cause = format!("in flight {round}");
        let mut caller = Caller::of(&home).expect("its daemon is there").0;
        caller.send(Request::CheckIn { draft: draft(&cause) }).expect("it listens");
        sent.push(cause);
        thread::sleep(Duration::from_micros(400) * round);
        daemon.kill();
        if let Heard::Answer(saved) = caller.hear() {
            acknowledged.push(serde_json::from_value::<Saved>(saved).expect("it says what it kept").id);
        }
        // And one that is killed while it opens.
        let daemon = home.start_daemon();
        thread::sleep(Duration::from_micros(500) * (ROUNDS - round));
        daemon.kill();
    }
    let _daemon = home.start_daemon();
    let entries = entries(&home);
    assert_eq!(waiting(&home), 0);
    for id in &acknowledged {
        let copies = entries.iter().filter(|(found, _)| *found == id.to_string()).count();
        assert_eq!(copies, 1, "{id} is there {copies} times");
    }
    for (_, cause) in &entries {
        assert_eq!(entries.iter().filter(|(_, other)| other == cause).count(), 1, "{cause}");
        assert!(sent.contains(cause));
    }
    assert!(acknowledged.len() >= usize::try_from(ROUNDS).expect("it is small"));
}
