//! How an entry looks in the list.

use ingle_model::{EntryView, Moment};
use slint::{ModelRc, VecModel};

use crate::{
    direction::{paragraph, paragraphs},
    ui::{EntryCard, Paragraph},
};

pub fn card(entry: &EntryView) -> EntryCard {
    let mut texts: Vec<Paragraph> = Vec::new();
    for text in [&entry.cause, &entry.thought, &entry.urge].into_iter().flatten() {
        texts.extend(paragraphs(text));
    }
    if let Some(letter) = &entry.letter {
        let more = if letter.is_excerpt { "…" } else { "" };
        texts.extend(paragraphs(&format!("{}{more}", letter.text)));
    }
    for note in &entry.body {
        let quality = note.quality.as_ref().map(|quality| format!(": {quality}")).unwrap_or_default();
        texts.push(paragraph(&format!("{}{quality}", note.place)));
    }
    if !entry.tags.is_empty() {
        texts.push(paragraph(&entry.tags.join(", ")));
    }
    for other in &entry.versions {
        texts.push(paragraph(&format!("Written elsewhere at the same time: {}", other.value)));
    }
    if entry.deleted_then_changed {
        texts.push(paragraph("Deleted on one device, changed on another; it stays until you decide."));
    }
    EntryCard {
        when: when(entry).into(),
        title: paragraph(&title(entry)),
        texts: ModelRc::new(VecModel::from(texts)),
        r#where: entry.device.as_str().into(),
    }
}

fn title(entry: &EntryView) -> String {
    match entry.letter.as_ref().map(|letter| &letter.voice) {
        Some(Some(voice)) => format!("Letter, {}", voice.label),
        Some(None) => "Letter".to_owned(),
        None => entry.title(),
    }
}

/// The time that the entry is about, by the clock that the person lived by.
pub fn when(entry: &EntryView) -> String {
    match entry.at.parse::<Moment>() {
        Ok(moment) => moment.zoned().strftime("%a %-d %b %Y, %H:%M").to_string(),
        Err(_) => entry.at.clone(),
    }
}
