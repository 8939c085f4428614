//! How the check-in's state looks in the window.

use slint::{ModelRc, SharedString, VecModel};

use crate::{
    direction::is_right_to_left,
    models::renewed,
    quick::{Quick, Row},
    ui::{ChosenWord, RightNowWindow, WordRow},
};

/// Shows the chosen words, the rows and the curtain.
pub fn show_choice(ui: &RightNowWindow, quick: &Quick) {
    let chosen: Vec<ChosenWord> = quick
        .chosen()
        .iter()
        .map(|chosen| ChosenWord {
            label: chosen.label.as_str().into(),
            strength: chosen.strength.map_or(-1, i32::from),
            rtl: is_right_to_left(&chosen.label),
        })
        .collect();
    let words: Vec<String> = quick
        .chosen()
        .iter()
        .map(|chosen| {
            chosen.strength.map_or_else(|| chosen.label.clone(), |strength| format!("{} {strength}", chosen.label))
        })
        .collect();
    ui.set_kept_words(words.join(", ").into());
    ui.set_chosen(renewed(ui.get_chosen(), chosen));
    if ui.get_filter() != quick.filter() {
        ui.set_filter(quick.filter().into());
    }
    ui.set_curtain(quick.is_curtained());
    show_rows(ui, quick);
}

/// Shows the rows that what is typed leaves.
pub fn show_rows(ui: &RightNowWindow, quick: &Quick) {
    let rows: Vec<WordRow> = quick.rows().into_iter().map(row).collect();
    ui.set_filter_rtl(is_right_to_left(quick.filter()));
    // Anew, so that the list begins at its top.
    ui.set_rows(ModelRc::new(VecModel::from(rows)));
    ui.set_marked(quick.marked().and_then(|marked| i32::try_from(marked).ok()).unwrap_or(-1));
}

fn row(row: Row) -> WordRow {
    let (label, gloss, own) = match row {
        Row::Word(word) => (word.label.into(), word.gloss.into(), false),
        Row::Own(label) => (label.into(), "".into(), true),
        Row::SomethingElse => ("something else".into(), "all the words there are, or type your own".into(), false),
        Row::CannotTell => (SharedString::from("can't tell"), "that's a fair answer too".into(), false),
    };
    WordRow { rtl: is_right_to_left(&label), label, gloss, own }
}
