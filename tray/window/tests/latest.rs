//! The newest entries, with no display.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod fake;

use std::time::Duration;

use fake::{Fake, entry, no_display, picture, wait};
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use ingle_api::{Change, Event, Failure, FailureKind, status::JournalState};
use ingle_model::{EntryId, EntryKind};
use ingle_window::{Kind, Latest, journal::News};
use slint::{ComponentHandle, Model};

const SCRIPTS: [&str; 6] = [
    "اليوم كان صعبًا، لكنني بخير (OK 12).",
    "आज मन भारी था, क्षमा और प्रेम — श्री",
    "今日は疲れたけれど、大丈夫。",
    "나는 괜찮아. שלום עולם",
    "😀 👩‍👩‍👧 🏳️‍🌈 👍🏽 ❤️ 🇫🇷",
    "நன்றி สวัสดี é",
];

fn open() -> (Latest, Fake) {
    no_display();
    let (fake, news) = Fake::new();
    let window = Latest::with(Box::new(fake.clone()), news, fake.opener()).unwrap();
    *fake.entries.borrow_mut() = vec![
        entry(
            9,
            &[("lonely", Some(60)), ("left out", None)],
            Some("nobody wrote back"),
            Some("it will be like this again"),
        ),
        entry(8, &[("grau", None)], Some(&SCRIPTS.join("\n")), None),
    ];
    window.ui().show().unwrap();
    fake.is_up(JournalState::Open);
    window.pump();
    (window, fake)
}

#[test]
fn the_list_is_live() {
    let (window, fake) = open();
    assert_eq!(window.ui().get_entries().row_count(), 2);
    fake.entries.borrow_mut().insert(0, entry(10, &[("hurt", None)], None, None));
    fake.tell(News::Happened(Event::Entry {
        id: EntryId::from_bytes([10; 16]),
        kind: EntryKind::CheckIn,
        change: Change::Added,
        from: "desktop".into(),
    }));
    window.pump();
    assert_eq!(window.ui().get_entries().row_count(), 3);
}

#[test]
fn an_empty_list_offers_a_check_in() {
    let (window, fake) = open();
    assert_eq!(ElementHandle::find_by_accessible_label(window.ui(), "Check in").count(), 0);
    fake.entries.borrow_mut().clear();
    fake.tell(News::Happened(Event::Missed {}));
    window.pump();
    window.pump();
    let offer = ElementHandle::find_by_accessible_label(window.ui(), "Check in").next().unwrap();
    offer.invoke_accessible_default_action();
    assert_eq!(*fake.opened.borrow(), [Kind::RightNow]);
}

#[test]
fn a_change_goes_by_itself_with_only_what_changed() {
    let (window, fake) = open();
    window.ui().invoke_edit(0);
    assert_eq!(window.ui().get_words(), "lonely 60\nleft out");
    window.ui().set_thought("maybe not".into());
    window.ui().invoke_edited();
    wait(Duration::from_millis(600));
    window.pump();
    assert_eq!(fake.told(), ["list", "edit thought:maybe not"]);
    window.ui().set_words("lonely 40".into());
    window.type_keys("Ctrl+Enter");
    window.pump();
    assert!(!window.ui().get_editing());
    assert_eq!(fake.told()[2..], ["edit ~lonely=40", "list"]);
    window.type_keys("Ctrl+Z");
    window.pump();
    assert_eq!(
        fake.told()[4],
        "edit ~lonely=60 ~left out cause:nobody wrote back thought:it will be like this again urge:"
    );
}

#[test]
fn typing_into_the_editor_reaches_the_field() {
    let (window, _fake) = open();
    window.ui().invoke_edit(1);
    window.type_keys("x");
    assert!(window.ui().get_words().contains('x'));
    window.type_keys("Esc");
    assert!(!window.ui().get_editing());
}

#[test]
fn a_deleted_entry_can_be_brought_back() {
    let (window, fake) = open();
    window.ui().invoke_delete(0);
    window.pump();
    assert!(window.ui().get_can_undo());
    window.type_keys("Ctrl+Z");
    window.pump();
    assert_eq!(fake.told(), ["list", "delete", "undo"]);
}

#[test]
fn closing_in_the_middle_of_a_change_keeps_it() {
    let (window, fake) = open();
    window.ui().invoke_edit(0);
    window.ui().set_urge("hide".into());
    window.ui().invoke_edited();
    *fake.fails.borrow_mut() = Some(Failure::new(FailureKind::Unavailable, "away", "wait"));
    window.close();
    window.pump();
    assert!(!window.is_finished());
    *fake.fails.borrow_mut() = None;
    fake.is_up(JournalState::Open);
    window.pump();
    assert!(window.is_finished());
    assert_eq!(fake.told(), ["list", "edit urge:hide", "edit urge:hide", "list"]);
}

#[test]
fn every_control_has_a_name() {
    let (window, _fake) = open();
    window.ui().invoke_edit(0);
    for role in [AccessibleRole::Button, AccessibleRole::TextInput, AccessibleRole::ListItem, AccessibleRole::List] {
        for element in ElementQuery::from_root(window.ui()).match_accessible_role(role).find_all() {
            assert!(element.accessible_label().is_some_and(|label| !label.is_empty()), "{role:?} {:?}", element.id());
        }
    }
}

#[test]
fn pictures_to_look_at() {
    let (window, fake) = open();
    picture(window.ui().window(), "latest");
    window.ui().invoke_edit(1);
    picture(window.ui().window(), "latest-editing");
    window.type_keys("Esc");
    for number in 10..60 {
        fake.entries.borrow_mut().push(entry(number % 60, &[("hurt", Some(number))], None, None));
    }
    fake.tell(News::Happened(Event::Missed {}));
    window.pump();
    window.pump();
    window.type_keys("Tab Tab Tab Tab Tab Tab Tab Tab Tab Tab Tab Tab");
    picture(window.ui().window(), "latest-many");
}

/// How much ink each of these texts leaves, drawn alone as an entry's only text.
#[test]
fn no_emoji_is_blank() {
    no_display();
    let (fake, news) = Fake::new();
    let window = Latest::with(Box::new(fake.clone()), news, fake.opener()).unwrap();
    window.ui().show().unwrap();
    let mut pictures = Vec::new();
    for text in ["\u{200b}", "😀", "👩‍👩‍👧", "🏳️‍🌈", "👍🏽", "❤️", "🇫🇷"] {
        *fake.entries.borrow_mut() = vec![entry(1, &[], Some(text), None)];
        fake.tell(News::Happened(Event::Missed {}));
        window.pump();
        window.pump();
        let pixels = window.ui().window().take_snapshot().unwrap();
        let inked = pixels
            .as_slice()
            .iter()
            .filter(|pixel| u16::from(pixel.r) + u16::from(pixel.g) + u16::from(pixel.b) < 600)
            .count();
        pictures.push((text, inked));
    }
    let (_, blank) = pictures[0];
    for (text, inked) in &pictures[1..] {
        // Twice, as title and as text.
        assert!(*inked > blank + 2 * 30, "{text} leaves ink on {} pixels", inked.saturating_sub(blank));
    }
}
