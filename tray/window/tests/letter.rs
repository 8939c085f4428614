//! The letter's window over a journal in memory, on no screen.

use std::time::Duration;

use i_slint_backend_testing::ElementHandle;
use ingle_api::{Failure, FailureKind, request::RuleView, status::JournalState};
use ingle_model::{EntryKind, RuleKind, id::RuleId, view::LetterView};
use ingle_window::{Kind, Letter, ui::LetterStep};
use slint::ComponentHandle as _;

mod fake;
use fake::{Fake, LETTER, entry, no_display, picture, wait};

fn open(fake: &Fake, news: std::sync::mpsc::Receiver<ingle_window::journal::News>) -> Letter {
    let letter = Letter::with(None, Box::new(fake.clone()), news, fake.opener()).expect("Slint is there");
    letter.ui().show().expect("it opens");
    fake.is_up(JournalState::Open);
    letter.pump();
    letter.pump();
    letter
}

fn started() -> (Fake, Letter) {
    no_display();
    let (fake, news) = Fake::new();
    let letter = open(&fake, news);
    (fake, letter)
}

/// Types as a person does, by what the page then tells.
fn types(letter: &Letter, text: &str) {
    letter.ui().set_text(text.into());
    letter.ui().invoke_edited(text.into());
}

fn press(letter: &Letter, label: &str) {
    let found = ElementHandle::find_by_accessible_label(letter.ui(), label).next();
    found.unwrap_or_else(|| panic!("{label} is there")).invoke_accessible_default_action();
}

fn has(letter: &Letter, label: &str) -> bool {
    ElementHandle::find_by_accessible_label(letter.ui(), label).next().is_some()
}

fn settled(letter: &Letter) {
    for _ in 0..4 {
        wait(Duration::from_millis(600));
        letter.pump();
    }
}

fn letter_entry(number: u8) -> ingle_model::EntryView {
    let mut entry = entry(number, &[], None, None);
    entry.kind = EntryKind::Letter;
    let text = "Dear me".to_owned();
    entry.letter = Some(LetterView { text, is_excerpt: false, chars: 7, voice: None, check_in: None, enough: None });
    entry
}

#[test]
fn what_is_typed_is_kept_within_half_a_second_and_finished_at_enough_for_today() {
    let (fake, letter) = started();
    press(&letter, "Skip");
    assert_eq!(letter.ui().get_step(), LetterStep::Page);
    assert!(!letter.ui().get_is_written());
    types(&letter, "Dear me, it hurts");
    wait(Duration::from_millis(500));
    letter.pump();
    assert_eq!(fake.letter.borrow().as_ref().and_then(|draft| draft.text.as_deref()), Some("Dear me, it hurts"));
    assert!(letter.is_safe());
    press(&letter, "Enough for today");
    settled(&letter);
    assert_eq!(letter.ui().get_step(), LetterStep::Reading);
    assert!(has(&letter, "Dear me, it hurts"));
    assert!(fake.letter.borrow().as_ref().is_some_and(|draft| draft.enough.is_some()));
    picture(letter.ui().window(), "letter-reading");
    press(&letter, "Write on");
    assert_eq!(letter.ui().get_step(), LetterStep::Page);
    letter.type_keys("s o");
    assert_eq!(letter.ui().get_text(), "Dear me, it hurtsso");
    letter.close();
    letter.pump();
    assert!(letter.is_finished());
}

#[test]
fn a_window_in_which_nothing_is_written_leaves_nothing() {
    let (fake, letter) = started();
    press(&letter, "simply kind");
    press(&letter, "Skip");
    settled(&letter);
    letter.close();
    letter.pump();
    assert!(letter.is_finished());
    let told = fake.told();
    assert!(told.iter().all(|line| line == "open-letter" || line == "list"), "{told:?}");
}

#[test]
fn a_window_that_is_killed_has_its_words_when_it_is_opened_again() {
    let (fake, letter) = started();
    press(&letter, "Skip");
    types(&letter, "Dear me");
    wait(Duration::from_millis(500));
    drop(letter);
    let (again, news) = Fake::new();
    *again.letter.borrow_mut() = fake.letter.borrow().clone();
    let letter = Letter::with(Some(LETTER), Box::new(again.clone()), news, again.opener()).expect("Slint is there");
    again.is_up(JournalState::Open);
    letter.pump();
    letter.pump();
    assert_eq!((letter.ui().get_text().as_str(), letter.ui().get_step()), ("Dear me", LetterStep::Reading));
}

#[test]
fn a_week_is_offered_after_the_first_letter_only_and_is_off_until_it_is_accepted() {
    let finish = |letters: usize| {
        let (fake, news) = Fake::new();
        fake.entries.borrow_mut().extend((0..letters).map(|number| letter_entry(u8::try_from(number).expect("few"))));
        let letter = open(&fake, news);
        press(&letter, "Skip");
        types(&letter, "Dear me");
        settled(&letter);
        press(&letter, "Enough for today");
        settled(&letter);
        press(&letter, "Done");
        (fake, letter)
    };
    no_display();
    let (fake, letter) = finish(0);
    assert_eq!(letter.ui().get_step(), LetterStep::Next);
    picture(letter.ui().window(), "letter-next");
    assert!(!fake.told().iter().any(|line| line.starts_with("remind")));
    letter.ui().set_week_time("late".into());
    press(&letter, "A letter a day for a week");
    assert!(letter.ui().get_week_note().contains("20:30"));
    letter.ui().set_week_time("21:15".into());
    press(&letter, "A letter a day for a week");
    settled(&letter);
    assert!(fake.told().contains(&"remind letters-week 21:15".to_owned()));
    assert!(letter.is_finished());
    let (_, letter) = finish(2);
    assert!(letter.is_finished(), "it just closes");
}

#[test]
fn nobody_who_is_in_a_week_of_letters_is_offered_one() {
    no_display();
    let (fake, news) = Fake::new();
    fake.rules.borrow_mut().push(RuleView {
        id: RuleId::from_bytes([1; 16]),
        kind: RuleKind::LettersWeek,
        time: "20:30".parse().expect("a time"),
        next: None,
        letters: Some(1),
    });
    let letter = open(&fake, news);
    press(&letter, "Skip");
    types(&letter, "Dear me");
    press(&letter, "Enough for today");
    settled(&letter);
    press(&letter, "Done");
    assert!(letter.is_finished(), "it just closes");
}

#[test]
fn cards_ask_and_put_nothing_into_the_letter_and_words_are_brought_in_beside_it_only_when_asked_for() {
    no_display();
    let (fake, news) = Fake::new();
    fake.entries.borrow_mut().push(entry(10, &[("canary", Some(60))], Some("nobody came"), None));
    let letter = open(&fake, news);
    press(&letter, "Skip");
    assert!(!has(&letter, "nobody came") && !has(&letter, "canary 60"));
    press(&letter, "Bring in words from 19:10");
    assert!(has(&letter, "nobody came"));
    press(&letter, "If you want to go on");
    let own = ElementHandle::find_by_accessible_label(
        letter.ui(),
        "If a part of it was yours. If you think so, say it gently, beside what others did, what didn't fit, and plain luck. “None” is an answer too.",
    );
    assert_eq!(own.count(), 1);
    assert_eq!(letter.ui().get_text(), "");
    picture(letter.ui().window(), "letter-page");
    letter.ui().global::<ingle_window::ui::Palette<'_>>().set_color_scheme(slint::language::ColorScheme::Dark);
    picture(letter.ui().window(), "letter-page-dark");
    assert!(fake.told().iter().all(|line| line == "open-letter" || line == "list"));
    types(&letter, "Dear me");
    settled(&letter);
    assert!(fake.letter.borrow().as_ref().is_some_and(|draft| draft.check_in.is_some()));
}

#[test]
fn help_a_check_in_and_feels_worse_are_one_action_away_on_every_screen() {
    let (fake, letter) = started();
    for step in [LetterStep::Voice, LetterStep::Page, LetterStep::Reading, LetterStep::Next] {
        letter.ui().set_step(step);
        fake.opened.borrow_mut().clear();
        press(&letter, "Help now");
        press(&letter, "Check in");
        assert_eq!(*fake.opened.borrow(), [Kind::HelpNow, Kind::RightNow]);
        press(&letter, "Feels worse?");
        press(&letter, "All right");
        letter.type_keys("F1");
    }
}

#[test]
fn no_number_is_marked_before_it_is_touched_and_it_can_be_taken_back() {
    let (fake, letter) = started();
    assert_eq!((letter.ui().get_heavy_before(), letter.ui().get_heavy_after()), (-1, -1));
    letter.ui().invoke_heavy_before_set(80);
    press(&letter, "Skip");
    types(&letter, "x");
    settled(&letter);
    assert_eq!(fake.letter.borrow().as_ref().and_then(|draft| draft.distress_before), Some(80));
    letter.ui().invoke_heavy_before_set(-1);
    settled(&letter);
    assert_eq!(fake.letter.borrow().as_ref().and_then(|draft| draft.distress_before), None);
}

#[test]
fn words_stay_in_the_window_while_the_disk_or_the_lock_takes_nothing() {
    let (fake, letter) = started();
    press(&letter, "Skip");
    *fake.fails.borrow_mut() = Some(Failure::new(FailureKind::Storage, "the disk is full", "make room"));
    types(&letter, "Dear me");
    settled(&letter);
    assert!(letter.ui().get_note().starts_with("Your words are still in this window."));
    letter.close();
    assert!(!letter.is_finished(), "the process stays with its words");
    *fake.fails.borrow_mut() = None;
    for _ in 0..2 {
        wait(Duration::from_secs(3));
        settled(&letter);
    }
    assert!(letter.is_finished());
    assert_eq!(fake.letter.borrow().as_ref().and_then(|draft| draft.text.clone()).as_deref(), Some("Dear me"));
}

#[test]
fn long_letters_and_every_script_are_kept_and_shown() {
    let (fake, letter) = started();
    press(&letter, "Skip");
    for text in ["اليوم كان صعبًا، لكنني بخير (OK 12).", "😀 👩‍👩‍👧 🏳️‍🌈", &"Es war spät. ".repeat(16_000)]
    {
        types(&letter, text);
        settled(&letter);
        assert!(fake.letter.borrow().as_ref().is_some_and(|draft| draft.text.as_deref() == Some(text)));
        assert_eq!(letter.ui().get_text_rtl(), text.starts_with('ا'));
    }
}
