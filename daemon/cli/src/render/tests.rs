use ingle_api::{
    checkup::{Condition, Finding, Part},
    request::Due,
};
use ingle_model::{
    DeviceId, EntryId, EntryKind, Paused, RuleId, RuleKind, Slot,
    view::{BodyView, FeelingView, LetterView, VoiceView},
};

use super::*;

fn entry() -> EntryView {
    EntryView {
        id: EntryId::from_bytes([0; 16]),
        kind: EntryKind::CheckIn,
        at: "2026-11-25T19:40:12+01:00[Europe/Berlin]".into(),
        at_ms: 0,
        feelings: vec![
            FeelingView { id: "hurt".into(), label: "hurt".into(), family: None, intensity: Some(70) },
            FeelingView { id: "~left out".into(), label: "left out".into(), family: None, intensity: None },
        ],
        body: vec![BodyView {
            place: "chest".into(),
            quality: Some("tight".into()),
            motion: Some(Motion::Still),
            strongest: true,
        }],
        cause: Some("first\r\nsecond \u{1b}[31mred".into()),
        thought: None,
        urge: None,
        distress_before: Some(60),
        distress_after: None,
        tags: vec!["work".into()],
        letter: None,
        device: "laptop".into(),
        device_id: DeviceId::from_bytes([0; 16]),
        versions: Vec::new(),
        deleted_then_changed: false,
    }
}

#[test]
fn an_entry_is_one_line_in_a_list() {
    assert_eq!(line(&entry()), "2026-11-25 19:40  hurt 70, left out  aaaaaaaaaaaaaaaaaaaaaaaaaa");
}

#[test]
fn an_entry_is_shown_whole_and_can_not_command_the_terminal() {
    let told = "\
When             2026-11-25 19:40 (Europe/Berlin)
Feeling          hurt 70
Feeling          left out
Body             chest, tight, still, strongest
Cause            first
                 second  [31mred
Distress before  60
Tags             work
Written on       laptop
Id               aaaaaaaaaaaaaaaaaaaaaaaaaa";
    assert_eq!(whole(&entry()), told);
}

fn letter(text: &str, voice: Option<&str>) -> EntryView {
    let voice = voice.map(|label| VoiceView { id: format!("~{label}"), label: label.into() });
    EntryView {
        kind: EntryKind::Letter,
        feelings: Vec::new(),
        body: Vec::new(),
        cause: None,
        letter: Some(LetterView {
            text: text.into(),
            is_excerpt: false,
            chars: 0,
            voice,
            check_in: Some(EntryId::from_bytes([0; 16])),
            enough: Some("2026-11-25T20:10:00+01:00[Europe/Berlin]".into()),
        }),
        ..entry()
    }
}

#[test]
fn a_letter_is_one_line_in_a_list() {
    let check = |entry: EntryView, told: &str| {
        assert_eq!(line(&entry), format!("2026-11-25 19:40  {told}  aaaaaaaaaaaaaaaaaaaaaaaaaa"));
    };
    check(letter("\n Dear me, \u{1b}[31m\nyou", Some("grandmother")), "letter, grandmother: Dear me,  [31m");
    check(letter("Dear me", None), "letter: Dear me");
    check(letter("\n", Some("simply kind")), "letter, simply kind");
}

#[test]
fn a_letter_is_shown_whole_with_its_text_last() {
    let told = "\
When             2026-11-25 19:40 (Europe/Berlin)
Voice            simply kind
Answers          aaaaaaaaaaaaaaaaaaaaaaaaaa
Distress before  60
Tags             work
Enough on        2026-11-25 20:10
Written on       laptop
Id               aaaaaaaaaaaaaaaaaaaaaaaaaa

Dear me,

\tyou did [31m  what you could.";
    assert_eq!(whole(&letter("Dear me,\r\n\n\tyou did\u{1b}[31m  what you could.\n", Some("simply kind"))), told);
}

#[test]
fn a_device_is_told_with_how_it_stands() {
    let check = |view: DeviceView, told: &str| assert_eq!(devices(&[view]), told);
    let laptop = DeviceView {
        name: "laptop".into(),
        this: true,
        linked: false,
        last_exchange: None,
        entries: 1,
        up_to_date: true,
    };
    check(laptop.clone(), "laptop, this device, 1 entry");
    let desktop = DeviceView { name: "desktop".into(), this: false, up_to_date: false, entries: 0, ..laptop };
    check(desktop.clone(), "desktop, away, not heard yet, not up to date, 0 entries");
    check(
        DeviceView { linked: true, last_exchange: Some("2026-11-25T19:40:00Z".into()), up_to_date: true, ..desktop },
        "desktop, here, last heard 2026-11-25 19:40, up to date, 0 entries",
    );
}

#[test]
fn how_things_stand_is_told_with_what_is_good_to_know() {
    let none = Status {
        version: "0.1.0".into(),
        journal: JournalState::Absent,
        device: None,
        entries: None,
        locked: false,
        waiting: 0,
        key_slots: Vec::new(),
        notices: Vec::new(),
        sync: Vec::new(),
        heads: Vec::new(),
        pid: None,
    };
    assert_eq!(status(&none, None, &TimeZone::UTC), "Ingle    0.1.0\nJournal  none here yet\nDaemon   not running");
    let open = Status {
        journal: JournalState::Open,
        device: Some("laptop".into()),
        entries: Some(3),
        key_slots: vec![KeySlot::Passphrase],
        notices: vec!["There is one lock only.".into()],
        pid: Some(7),
        ..none
    };
    let told = "\
Ingle         0.1.0
Journal       open
Device        laptop
Entries       3
Locked by     passphrase
Daemon        running (pid 7)
Good to know  There is one lock only.";
    assert_eq!(status(&open, None, &TimeZone::UTC), told);
    let locked = Status { journal: JournalState::Locked, waiting: 2, notices: Vec::new(), ..open };
    let slot = Slot { rule: RuleId::from_bytes([0; 16]), date: "2026-11-25".parse().expect("a date") };
    let snapshot = Snapshot {
        api: 2,
        version: "0.1.0".into(),
        journal: JournalState::Locked,
        device: String::new(),
        entries: 0,
        due: Some(Due { slot, kind: RuleKind::Daily, letter: None, is_shown: false }),
        paused: Some(Paused::UntilResumed),
    };
    let told = "\
Ingle      0.1.0
Journal    locked
Device     laptop
Entries    3
Waiting    2 entries, to be seen after unlocking
Locked by  passphrase
Daemon     running (pid 7)
Reminder   a quiet minute, if it suits
Reminders  paused until \"ingle remind resume\"";
    assert_eq!(status(&locked, Some(&snapshot), &TimeZone::UTC), told);
}

#[test]
fn what_is_missing_is_told_with_what_to_do() {
    let finding = |state, what: &str, hint: Option<&str>| Finding {
        item: Part::Tray,
        state,
        what: what.into(),
        hint: hint.map(Into::into),
    };
    let there = finding(Condition::Ok, "The panel shows icons.", None);
    let all = Checkup { version: "0.1.0".into(), items: vec![there.clone()] };
    assert_eq!(checkup(&all), "there    The panel shows icons.\n\nEverything is there.");
    let lacking = finding(Condition::Missing, "No program shows notifications here.", Some("Install one."));
    let told = "\
there    The panel shows icons.
missing  No program shows notifications here.
         Install one.

What was saved is safe, and Ingle goes on without what is missing.";
    assert_eq!(checkup(&Checkup { items: vec![there, lacking], ..all }), told);
}
