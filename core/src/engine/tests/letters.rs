//! Letters, whole and in an editor.

use ingle_model::LetterDraft;

use super::*;

fn text(text: &str) -> LetterDraft {
    LetterDraft { text: Some(text.into()), ..LetterDraft::default() }
}

fn search(device: &mut Device, words: &str) -> usize {
    let words = words.split(' ').map(str::to_owned).collect();
    device.engine.list(&Query { words, ..Query::default() }).unwrap().len()
}

impl World {
    fn page(&mut self, device: usize, write: Write) -> Page {
        match self.write(device, write) {
            Ok(Done::Page(page)) => page,
            other => panic!("{other:?}"),
        }
    }

    fn open(&mut self, device: usize, id: Option<EntryId>) -> Page {
        self.page(device, Write::OpenLetter { id })
    }

    fn keep(&mut self, device: usize, page: &Page, draft: LetterDraft) {
        let write = Write::KeepLetter { id: page.id, base: page.base.clone(), draft };
        assert_eq!(self.write(device, write), Ok(Done::Kept));
    }

    fn finish(&mut self, device: usize, page: &Page, draft: LetterDraft) -> Page {
        self.page(device, Write::FinishLetter { id: page.id, base: page.base.clone(), draft })
    }

    fn letter(&mut self, draft: LetterDraft) -> EntryId {
        match self.write(0, Write::Letter(draft)) {
            Ok(Done::Saved { id, .. }) => id,
            other => panic!("{other:?}"),
        }
    }

    /// The pause of an editor goes by.
    fn pause(&mut self, device: usize) {
        let due = self.devices[device].engine.next_deadline().unwrap().as_millisecond();
        self.devices[device].now.set(due.max(self.devices[device].now.get() + 31_000));
        self.give(device, vec![Input::Tick]);
    }

    fn shown(&mut self, device: usize, id: EntryId) -> Option<String> {
        Some(self.devices[device].engine.show(id).unwrap()?.letter.unwrap().text)
    }

    fn restart(&mut self, device: usize) {
        let World { devices, wrap, .. } = self;
        devices[device].restart(wrap);
    }

    fn bundles(&self, device: usize) -> usize {
        self.devices[device].engine.store.rows.keys().filter(|(table, _)| *table == Table::Bundles).count()
    }
}

#[test]
fn a_letter_is_listed_shortly_shown_whole_and_found_by_its_words_on_both_devices() {
    let mut world = World::paired();
    world.link();
    let long = format!("Liebe Größe, {} اليومَ", "weiter ".repeat(60));
    let tags = Some(vec!["Arbeit".to_owned()]);
    let id = world.letter(LetterDraft { voice: Some("grandmother".into()), tags, ..text(&long) });
    world.check_in(0, "rain");
    world.run();
    for device in [0, 1] {
        assert_eq!(world.shown(device, id).as_deref(), Some(long.as_str()));
        let device = &mut world.devices[device];
        let list = device.list();
        let letter = list.iter().find(|view| view.id == id).unwrap().letter.clone().unwrap();
        assert!(
            letter.is_excerpt && letter.text.chars().count() == 200 && letter.voice.unwrap().label == "grandmother"
        );
        for settled in [false, true] {
            for (words, found) in
                [("GROSSE weiter", 1), ("اليوم", 1), ("Grandmother", 1), ("arbeit", 1), ("rain", 1), ("rain weiter", 0)]
            {
                assert_eq!(search(device, words), found, "{words}, settled: {settled}");
            }
            device.engine.settle(&mut device.random).unwrap();
        }
        let only = |kind, tags: &[&str]| Query {
            kind: Some(kind),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            ..Query::default()
        };
        assert_eq!(device.engine.list(&only(EntryKind::Letter, &["ARBEIT"])).unwrap().len(), 1);
        assert_eq!(device.engine.list(&only(EntryKind::Letter, &["arb"])).unwrap().len(), 0, "a tag is found whole");
        assert_eq!(device.engine.list(&only(EntryKind::CheckIn, &[])).unwrap().len(), 1);
    }
    let World { devices: [a, b], .. } = &world;
    assert_eq!(a.engine.heads(), b.engine.heads());
}

#[test]
fn what_an_editor_shows_is_on_this_disk_at_once_and_in_the_letter_after_a_pause() {
    let mut world = World::paired();
    world.link();
    world.run();
    let (bundles, page) = (world.bundles(0), world.open(0, None));
    assert!(page.is_new && page.draft == LetterDraft::default());
    for words in ["Dear", "Dear me", "Dear me, it hurts"] {
        world.keep(0, &page, text(words));
    }
    assert_eq!((world.bundles(0), world.shown(0, page.id)), (bundles, None));
    world.restart(0);
    world.pause(0);
    assert_eq!((world.bundles(0), world.shown(0, page.id).as_deref()), (bundles + 1, Some("Dear me, it hurts")));
    // The same editor goes on from the page that it has.
    world.keep(0, &page, text("Dear me, it hurts less"));
    world.restart(0);
    world.keep(0, &page, text("Dear me, it hurts less now"));
    world.pause(0);
    assert_eq!(world.shown(0, page.id).as_deref(), Some("Dear me, it hurts less now"));
    assert_eq!(world.bundles(0), bundles + 2);
    let enough = Some("2026-11-25T19:40:00+01:00[Europe/Berlin]".to_owned());
    let page = world.finish(0, &page, LetterDraft { enough, ..text("Dear me, it hurts less now.") });
    assert_eq!(page.draft.text.as_deref(), Some("Dear me, it hurts less now."));
    // What is left over tells an editor that comes back where its words are in; a month later nobody comes back.
    let left =
        |world: &World| world.devices[0].engine.store.rows.keys().filter(|(table, _)| *table == Table::Drafts).count();
    assert_eq!(left(&world), 1);
    world.devices[0].now.set(world.devices[0].now.get() + 31 * 24 * 60 * 60 * 1000);
    world.give(0, vec![Input::Tick]);
    assert_eq!(left(&world), 0);
    world.link();
    world.run();
    assert_eq!(world.shown(1, page.id).as_deref(), Some("Dear me, it hurts less now."));
}

#[test]
fn a_letter_that_is_finished_before_any_pause_is_there_at_once_and_after_a_restart() {
    let mut world = World::paired();
    let page = world.open(0, None);
    world.keep(0, &page, text("short"));
    let finished = world.finish(0, &page, text("short"));
    assert_eq!((finished.draft.text.as_deref(), finished.is_new), (Some("short"), false));
    let page = world.open(0, None);
    world.keep(0, &page, text("kept"));
    world.restart(0);
    assert_eq!(world.open(0, Some(page.id)).draft.text.as_deref(), Some("kept"));
}

#[test]
fn an_editor_in_which_nothing_was_written_leaves_nothing() {
    let mut world = World::paired();
    let rows = world.devices[0].engine.store.rows.clone();
    let page = world.open(0, None);
    assert_eq!(world.devices[0].engine.store.rows, rows);
    world.keep(0, &page, LetterDraft { voice: Some("kind".into()), ..text(" \n") });
    let page = world.finish(0, &page, text(" "));
    assert!(page.is_new && world.devices[0].list().is_empty());
    assert_eq!(world.devices[0].engine.store.rows, rows);
}

#[test]
fn the_same_letter_in_two_editors_at_once_has_the_words_of_both() {
    let mut world = World::paired();
    world.link();
    let id = world.letter(text("Dear me, it hurts today."));
    world.run();
    let (here, there) = (world.open(0, Some(id)), world.open(1, Some(id)));
    world.keep(0, &here, text("Dear one, it hurts today."));
    world.keep(1, &there, text("Dear me, it hurts a lot today."));
    world.pause(0);
    world.pause(1);
    world.run();
    let both = "Dear one, it hurts a lot today.";
    assert_eq!((world.shown(0, id).as_deref(), world.shown(1, id).as_deref()), (Some(both), Some(both)));
    // Neither editor has seen the other's words, and both go on.
    world.keep(0, &here, text("Dear one, it hurts today. So it goes."));
    let merged = world.finish(0, &here, text("Dear one, it hurts today. So it goes."));
    assert_eq!(merged.draft.text.as_deref(), Some("Dear one, it hurts a lot today. So it goes."));
    let merged = world.finish(0, &merged, text("Dear one, it hurts a lot today. So it went."));
    assert_eq!(merged.draft.text.as_deref(), Some("Dear one, it hurts a lot today. So it went."));
    world.finish(1, &there, text("Dear me, it hurts a lot today."));
    world.run();
    assert_eq!(world.shown(1, id), world.shown(0, id));
    assert_eq!(world.shown(1, id).as_deref(), Some("Dear one, it hurts a lot today. So it went."));
}

#[test]
fn closing_the_journal_and_opening_the_letter_again_put_in_what_an_editor_had() {
    let mut world = World::paired();
    let page = world.open(0, None);
    world.keep(0, &page, text("first words"));
    world.give(0, vec![Input::Closing]);
    assert_eq!(world.shown(0, page.id).as_deref(), Some("first words"));
    world.keep(0, &page, text("first words, and more"));
    world.restart(0);
    let again = world.open(0, Some(page.id));
    assert_eq!(again.draft.text.as_deref(), Some("first words, and more"));
    world.keep(0, &again, text("first words, and more, and more"));
    assert_eq!(world.write(0, Write::CloseLetter { id: page.id }), Ok(Done::Kept));
    assert_eq!(world.shown(0, page.id).as_deref(), Some("first words, and more, and more"));
}

#[test]
fn an_editor_whose_connection_or_answer_was_lost_goes_on_from_its_page_and_no_word_is_doubled() {
    let mut world = World::paired();
    let id = world.letter(text("one"));
    // The connection ends, what was kept goes in, and the same editor comes back with the base that it has.
    let page = world.open(0, Some(id));
    world.keep(0, &page, text("one two"));
    assert_eq!(world.write(0, Write::CloseLetter { id }), Ok(Done::Kept));
    assert_eq!(world.shown(0, id).as_deref(), Some("one two"));
    world.keep(0, &page, text("one two three"));
    let page = world.finish(0, &page, text("one two three"));
    assert_eq!(page.draft.text.as_deref(), Some("one two three"));
    // The answer to a finish never arrives, and it is asked for again.
    world.finish(0, &page, text("one two three four"));
    world.restart(0);
    let again = world.finish(0, &page, text("one two three four"));
    assert_eq!(again.draft.text.as_deref(), Some("one two three four"));
    // Somebody typed on while it was finished.
    let later = world.finish(0, &page, text("one two three four five"));
    assert_eq!(later.draft.text.as_deref(), Some("one two three four five"));
}

#[test]
fn a_full_disk_costs_nothing_that_was_kept_and_is_not_asked_again_at_once() {
    let mut world = World::paired();
    let page = world.open(0, None);
    world.keep(0, &page, text("kept words"));
    world.devices[0].failing.set(1);
    world.pause(0);
    assert_eq!(world.shown(0, page.id), None);
    let later = world.devices[0].engine.next_deadline().unwrap().as_millisecond();
    assert!(later >= world.devices[0].now.get() + 60_000 - 1);
    world.keep(0, &page, text("kept words, more"));
    world.pause(0);
    world.pause(0);
    assert_eq!(world.shown(0, page.id).as_deref(), Some("kept words, more"));
    world.devices[0].failing.set(1);
    let write = Write::KeepLetter { id: page.id, base: page.base.clone(), draft: text("not kept") };
    assert_eq!(world.write(0, write), Err(WriteError::Store(StoreError::Full)));
}

#[test]
fn a_letter_is_changed_deleted_and_taken_back_like_any_entry() {
    let mut world = World::paired();
    let id = world.letter(LetterDraft { voice: Some("kind".into()), ..text("one two three") });
    let edit = LetterDraft { voice: Some("figure".into()), ..text("one 2 three") };
    world.write(0, Write::EditLetter { id, draft: edit }).unwrap();
    assert_eq!(world.shown(0, id).as_deref(), Some("one 2 three"));
    world.write(0, Write::Undo).unwrap();
    let view = world.devices[0].engine.show(id).unwrap().unwrap().letter.unwrap();
    assert_eq!((view.text.as_str(), view.voice.unwrap().id.as_str()), ("one two three", "kind"));
    world.write(0, Write::Delete { id }).unwrap();
    assert_eq!((world.shown(0, id), world.devices[0].engine.entries()), (None, 0));
    world.write(0, Write::Undo).unwrap();
    assert_eq!(world.shown(0, id).as_deref(), Some("one two three"));
    world.write(0, Write::Undo).unwrap();
    assert_eq!(world.write(0, Write::EditLetter { id, draft: text("x") }), Err(WriteError::NoEntry));
    let check_in = world.check_in(0, "rain");
    assert_eq!(world.write(0, Write::EditLetter { id: check_in, draft: text("x") }), Err(WriteError::NoEntry));
}

#[test]
fn a_letter_that_was_deleted_elsewhere_while_it_was_written_shows_again_with_what_was_written() {
    let mut world = World::paired();
    world.link();
    let id = world.letter(text("one"));
    world.run();
    let page = world.open(0, Some(id));
    world.keep(0, &page, text("one two"));
    world.write(1, Write::Delete { id }).unwrap();
    world.run();
    assert_eq!(world.shown(0, id), None);
    world.pause(0);
    world.run();
    for device in [0, 1] {
        let view = world.devices[device].engine.show(id).unwrap().unwrap();
        assert!(view.deleted_then_changed && view.letter.unwrap().text == "one two");
    }
}

#[test]
fn letters_of_one_journal_are_written_anew_in_another_under_their_ids_once() {
    let (mut from, mut to) = (World::paired(), World::paired());
    let id = from.letter(LetterDraft { voice: Some("kind".into()), ..text("Dear me") });
    let entries = from.devices[0].engine.export().unwrap();
    for _ in 0..2 {
        let done = to.give(1, vec![Input::Import { ticket: 3, entries: entries.clone() }]);
        assert_eq!(done[0].1, Ok(Done::Imported));
        assert_eq!((to.shown(1, id).as_deref(), to.devices[1].list().len()), (Some("Dear me"), 1));
    }
}

/// An editor over one letter: what it shows, and the page that it began from.
struct Editor {
    page: Page,
    words: Vec<String>,
    /// Shown, and not taken by the daemon yet.
    is_unsent: bool,
}

impl Editor {
    fn new(page: Page) -> Self {
        let text = page.draft.text.clone().unwrap_or_default();
        Self { words: text.split_whitespace().map(str::to_owned).collect(), page, is_unsent: false }
    }

    fn write(&self, is_end: bool) -> Write {
        let (id, base) = (self.page.id, self.page.base.clone());
        let draft = text(&self.words.join(" "));
        if is_end { Write::FinishLetter { id, base, draft } } else { Write::KeepLetter { id, base, draft } }
    }
}

/// Words that nobody else writes are put in and taken out on two devices at once, with pauses, restarts, full disks and a cable
/// that comes and goes. In the end every word that was put in and not taken out is there, and none is there twice.
#[test]
fn no_word_of_two_editors_is_lost_or_doubled_whatever_comes_between() {
    for seed in 0..60 {
        let mut random = Seeded::new(seed);
        let mut draw = |below: u8| {
            let mut byte = [0];
            crate::random::Random::fill(&mut random, &mut byte);
            usize::from(byte[0] % below)
        };
        // A sign each, so that a word is there or not and never in pieces.
        let mut signs = '\u{4e00}'..='\u{9fff}';
        let mut world = World::paired();
        world.link();
        let id = world.letter(text("始 終"));
        world.run();
        let mut editors = [0, 1].map(|device| Editor::new(world.open(device, Some(id))));
        let (mut there, mut gone): (Vec<String>, Vec<String>) = (vec!["始".to_owned(), "終".to_owned()], Vec::new());
        for _ in 0..80 {
            let device = draw(2);
            let editor = &mut editors[device];
            match draw(13) {
                0..=4 => {
                    let word = signs.next().unwrap().to_string();
                    let at = draw(200).min(editor.words.len());
                    editor.words.insert(at, word.clone());
                    there.push(word);
                    editor.is_unsent = true;
                }
                5 if !editor.words.is_empty() => {
                    let at = draw(200) % editor.words.len();
                    gone.push(editor.words.remove(at));
                    editor.is_unsent = true;
                }
                6 => world.restart(device),
                7 => world.devices[device].failing.set(1),
                8 if world.is_up => world.cut(),
                8 => world.link(),
                9 => {
                    // The editor takes up what both have written.
                    let write = editor.write(true);
                    if let Ok(Done::Page(page)) = world.write(device, write) {
                        editors[device] = Editor::new(page);
                    }
                }
                10 => {
                    // Its connection ends, and it goes on over another.
                    world.write(device, Write::CloseLetter { id }).ok();
                }
                _ => {
                    world.devices[device].now.set(world.devices[device].now.get() + 31_000);
                    world.give(device, vec![Input::Tick]);
                }
            }
            let editor = &mut editors[device];
            if editor.is_unsent && draw(3) > 0 {
                let write = editor.write(false);
                editor.is_unsent = world.write(device, write).is_err();
            }
            if world.is_up {
                world.run();
            }
        }
        for (device, editor) in editors.iter().enumerate() {
            world.devices[device].failing.set(0);
            world.write(device, editor.write(true)).unwrap();
        }
        world.cut();
        world.link();
        world.run();
        let shown = world.shown(0, id).unwrap();
        assert_eq!(world.shown(1, id).as_ref(), Some(&shown), "seed {seed}");
        for word in &there {
            let times = shown.matches(word.as_str()).count();
            // One that was taken out here can have been passed by what was put in there, and then stays.
            let is_gone = gone.iter().any(|gone| gone.contains(word));
            let is_right = if is_gone { times <= 1 } else { times == 1 };
            assert!(is_right, "seed {seed}: {word} is {times} times in: {shown}");
        }
    }
}
