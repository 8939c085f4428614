//! What the letter's window shows of the keeper's draft.

use ingle_model::{EntryView, LetterDraft, letter::VOICES};
use slint::{ModelRc, VecModel};

use super::cards::{self, Card};
use crate::{
    direction::{is_right_to_left, paragraph, paragraphs},
    models::renewed,
    ui::{LetterWindow, SideCard, VoiceRow},
};

pub fn show_cards(ui: &LetterWindow) {
    let model = |cards: &[Card]| {
        let rows = cards.iter().map(|card| SideCard { title: card.title.into(), question: card.question.into() });
        ModelRc::new(VecModel::from(rows.collect::<Vec<_>>()))
    };
    ui.set_cards(model(&cards::FIRST));
    ui.set_later_cards(model(&cards::LATER));
}

/// Voice and heaviness as they are chosen, and whether there is anything to be enough of.
pub fn show_voice(ui: &LetterWindow, draft: &LetterDraft) {
    let rows = VOICES
        .iter()
        .map(|voice| VoiceRow { label: voice.label.into(), chosen: draft.voice.as_deref() == Some(voice.id) });
    ui.set_voices(renewed(ui.get_voices(), rows.collect()));
    let number = |value: Option<i64>| value.and_then(|value| i32::try_from(value).ok()).unwrap_or(-1);
    ui.set_heavy_before(number(draft.distress_before));
    ui.set_heavy_after(number(draft.distress_after));
    ui.set_is_written(draft.text.as_ref().is_some_and(|text| !text.trim().is_empty()));
}

/// A draft that came from the journal. The cursor stays where the words around it are.
pub fn show_draft(ui: &LetterWindow, draft: &LetterDraft) {
    let text = draft.text.clone().unwrap_or_default();
    let before = ui.get_text();
    if before.as_str() != text {
        let cursor = usize::try_from(ui.invoke_cursor()).unwrap_or(0);
        let at = moved(before.as_str(), &text, cursor);
        ui.set_text(text.as_str().into());
        ui.invoke_put_cursor(i32::try_from(at).unwrap_or(0));
    }
    let own = draft.voice.as_deref().and_then(|voice| voice.strip_prefix('~'));
    if ui.get_own_voice().as_str() != own.unwrap_or_default() {
        ui.set_own_voice(own.unwrap_or_default().into());
    }
    show_voice(ui, draft);
    show_reading(ui, draft);
    show_directions(ui);
}

pub fn show_reading(ui: &LetterWindow, draft: &LetterDraft) {
    let text = draft.text.as_deref().unwrap_or_default();
    ui.set_reading(renewed(ui.get_reading(), paragraphs(text).filter(|line| !line.text.is_empty()).collect()));
}

pub fn show_directions(ui: &LetterWindow) {
    ui.set_text_rtl(is_right_to_left(&ui.get_text()));
}

/// A button for the words of this check-in; which words is not told before it is pressed.
pub fn show_bring_in(ui: &LetterWindow, check_in: Option<&EntryView>) {
    let label = check_in.and_then(|check_in| {
        let at: ingle_model::Moment = check_in.at.parse().ok()?;
        Some(format!("Bring in words from {}", at.zoned().strftime("%H:%M")))
    });
    ui.set_bring_in_label(label.unwrap_or_default().into());
}

pub fn show_brought(ui: &LetterWindow, check_in: &EntryView) {
    let texts = [&check_in.cause, &check_in.thought, &check_in.urge].into_iter().flatten();
    let mut shown = vec![paragraph(&check_in.title())];
    shown.extend(texts.flat_map(|text| paragraphs(text)));
    ui.set_brought(ModelRc::new(VecModel::from(shown)));
    ui.set_bring_in_label(slint::SharedString::new());
}

/// Where a cursor goes, in bytes, when one text becomes another around it.
fn moved(before: &str, now: &str, cursor: usize) -> usize {
    let same = before.chars().zip(now.chars()).take_while(|(one, other)| one == other);
    let start: usize = same.map(|(one, _)| one.len_utf8()).sum();
    if cursor <= start {
        return now.floor_char_boundary(cursor);
    }
    let left = before.len().saturating_sub(cursor);
    now.floor_char_boundary(now.len().saturating_sub(left).max(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_with_the_words_around_it() {
        let check = |before: &str, now: &str, cursor: usize, told: usize| {
            assert_eq!(moved(before, now, cursor), told, "{before} -> {now} at {cursor}");
        };
        check("one two", "one new two", 3, 3);
        check("one two", "one new two", 7, 11);
        check("one two", "new one two", 7, 11);
        check("one two", "one", 7, 3);
        check("größe", "größer", 2, 2);
        check("", "all", 0, 0);
    }
}
