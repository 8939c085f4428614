//! Letters through real daemons: long ones, in every script, in editors that come and go.

use ingle_api::FailureKind;
use ingle_model::{EntryId, LetterDraft};
use ingle_tests::{
    editor::Editor,
    programs::{Home, meet, pair, until},
};

fn text(text: &str) -> LetterDraft {
    LetterDraft { text: Some(text.into()), ..LetterDraft::default() }
}

fn shown(home: &Home, id: EntryId) -> Option<String> {
    let ran = home.ingle(&["show", &id.to_string(), "--json"]);
    (ran.code == 0).then(|| ran.json()["letter"]["text"].as_str().expect("a text").to_owned())
}

fn two_devices() -> (Home, Home) {
    let (laptop, desktop) = (Home::with_journal("laptop"), Home::new());
    pair(&laptop, &desktop, "desktop");
    (laptop, desktop)
}

#[test]
fn a_letter_of_any_length_and_script_is_kept_changed_and_shown_on_the_other_device() {
    let (laptop, desktop) = two_devices();
    let long = "Es war spät, und niemand rief an.\n".repeat(6_000);
    assert!(long.chars().count() > 200_000);
    let novel = "梨 und 🍐, oh, ".repeat(55_000);
    assert!(novel.len() > 900_000);
    let letters = [
        long.as_str(),
        novel.as_str(),
        "😀👩‍👩‍👧🏳️‍🌈👍🏽❤️🇫🇷",
        "اليوم كان صعبًا، لكنني بخير (OK 12).\nשלום עולם",
        "आज मन भारी था, क्षमा और प्रेम — श्री\nநன்றி สวัสดี é",
    ];
    let ids = letters.map(|letter| {
        let mut editor = Editor::open(&laptop, None);
        editor.keep(text(letter)).expect("it is kept");
        editor.finish(text(letter));
        assert_eq!(editor.page.draft.text.as_deref(), Some(letter));
        editor.page.id
    });
    meet([&laptop, &desktop]);
    for (id, letter) in ids.into_iter().zip(letters) {
        assert!(shown(&desktop, id).as_deref() == Some(letter), "{} bytes came otherwise", letter.len());
    }
    let mut editor = Editor::open(&desktop, Some(ids[0]));
    let changed = format!("Liebe, {}", long.replacen("spät", "sehr spät", 3_000));
    editor.finish(text(&changed));
    meet([&laptop, &desktop]);
    assert!(shown(&laptop, ids[0]) == Some(changed), "the change came otherwise");
    let found = laptop.ingle(&["search", "sehr SPAT", "--json"]).json();
    assert_eq!(found.as_array().map(Vec::len), Some(1));
}

#[test]
fn a_letter_that_is_too_long_is_refused_with_what_to_do_and_what_was_kept_before_stays() {
    let home = Home::with_journal("laptop");
    let mut editor = Editor::open(&home, None);
    editor.keep(text("kept words")).expect("it is kept");
    let failure = editor.keep(text(&"x".repeat((1 << 20) + 1))).expect_err("too long");
    assert_eq!(
        (failure.kind, failure.message.as_str()),
        (FailureKind::Usage, "the letter can't be kept: it is 1025 KiB long; up to 1024 KiB fit")
    );
    let id = editor.page.id;
    drop(editor);
    until("what was kept is in the letter", || shown(&home, id).as_deref() == Some("kept words"));
}

#[test]
fn fifty_voices_are_told_apart_and_found() {
    let home = Home::with_journal("laptop");
    for number in 0..50 {
        let voice = format!("voice number {number:02}");
        home.ingle_with(&["letter", "--text-file", "-", "--voice", &voice], b"Dear me").ok();
    }
    let list = home.ingle(&["list", "--kind", "letter", "--json"]).json();
    let mut voices: Vec<&str> = list
        .as_array()
        .expect("a list")
        .iter()
        .map(|letter| letter["letter"]["voice"]["label"].as_str().expect("a voice"))
        .collect();
    voices.sort_unstable();
    voices.dedup();
    assert_eq!(voices.len(), 50);
    let found = home.ingle(&["search", "voice number 07", "--json"]).json();
    assert_eq!(found.as_array().map(Vec::len), Some(1));
}

#[test]
fn what_an_editor_showed_outlives_the_daemon_s_death_and_is_in_the_letter_when_the_editor_is_gone() {
    let (laptop, desktop) = two_devices();
    laptop.ingle(&["stop"]).ok();
    let daemon = laptop.start_daemon();
    let mut editor = Editor::open(&laptop, None);
    let id = editor.page.id;
    editor.keep(text("Dear me, it hurts")).expect("it is kept");
    daemon.kill();
    let daemon = laptop.start_daemon();
    let mut again = Editor::open(&laptop, Some(id));
    assert_eq!(again.page.draft.text.as_deref(), Some("Dear me, it hurts"));
    again.keep(text("Dear me, it hurts less")).expect("it is kept");
    drop(again);
    until("the other device has the letter", || shown(&desktop, id).as_deref() == Some("Dear me, it hurts less"));
    drop(daemon);
}

#[test]
fn the_same_letter_in_editors_on_both_devices_has_the_words_of_both() {
    let (laptop, desktop) = two_devices();
    let mut here = Editor::open(&laptop, None);
    here.finish(text("Dear me, it hurts today."));
    let id = here.page.id;
    meet([&laptop, &desktop]);
    let mut there = Editor::open(&desktop, Some(id));
    here.keep(text("Dear one, it hurts today.")).expect("it is kept");
    there.keep(text("Dear me, it hurts a lot today.")).expect("it is kept");
    drop((here, there));
    until("both have both", || {
        [&laptop, &desktop].iter().all(|home| shown(home, id).as_deref() == Some("Dear one, it hurts a lot today."))
    });
}

#[test]
fn locking_and_stopping_put_what_an_editor_showed_into_the_letter() {
    let home = Home::with_journal("laptop");
    let mut editor = Editor::open(&home, None);
    let id = editor.page.id;
    editor.keep(text("one")).expect("it is kept");
    home.ingle(&["lock"]).ok();
    assert_eq!(editor.keep(text("one two")).map_err(|failure| failure.kind), Err(FailureKind::Locked));
    home.ingle(&["unlock"]).ok();
    assert_eq!(shown(&home, id).as_deref(), Some("one"));
    editor.keep(text("one two")).expect("the same editor goes on");
    home.ingle(&["stop"]).ok();
    assert_eq!(shown(&home, id).as_deref(), Some("one two"));
}
