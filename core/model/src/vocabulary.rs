//! The words for feelings that Ingle offers, and the search that finds them.
//!
//! The list is our own, with a line of our own for each word. A word's id is kept in journals for good: labels and glosses may
//! be reworded, ids may not change or go. What may not live here: anything that judges what a person feels.

use std::{collections::BTreeMap, fmt, sync::LazyLock};

use serde::{Deserialize, Serialize};

use crate::text::Label;

mod words;

pub use words::WORDS;

/// The five families that a step-by-step look goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    Anxiety,
    Anger,
    Sadness,
    GuiltAndShame,
    Happiness,
}

impl Family {
    pub const ALL: [Self; 5] = [Self::Anxiety, Self::Anger, Self::Sadness, Self::GuiltAndShame, Self::Happiness];

    /// As it is stored and sent; the same as serde's.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Anxiety => "anxiety",
            Self::Anger => "anger",
            Self::Sadness => "sadness",
            Self::GuiltAndShame => "guilt-and-shame",
            Self::Happiness => "happiness",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Anxiety => "Anxiety",
            Self::Anger => "Anger",
            Self::Sadness => "Sadness",
            Self::GuiltAndShame => "Guilt and shame",
            Self::Happiness => "Happiness",
        }
    }
}

/// How much a word tells by itself. A vague one opens the question of what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    Vague,
    Plain,
    Precise,
}

/// A word for a feeling.
#[derive(Debug, PartialEq, Eq)]
pub struct Word {
    /// Lower-case ASCII and hyphens; never changes.
    pub id: &'static str,
    pub label: &'static str,
    /// At least one. For a vague word: where to look for what is in it, the likeliest first.
    pub families: &'static [Family],
    pub precision: Precision,
    /// One line that says what the word means.
    pub gloss: &'static str,
}

impl Word {
    /// The family that it is listed under.
    pub const fn family(&self) -> Family {
        self.families[0]
    }
}

/// The ids of the nine words that are always in sight.
pub const FIXED: [&str; 9] =
    ["hurt", "sad", "lonely", "anxious", "angry", "envious", "ashamed", "guilty", "embarrassed"];

pub fn word(id: &str) -> Option<&'static Word> {
    NAMES.get(id).copied().filter(|word| word.id == id)
}

/// The word with this id or label. Case and spaces around it don't matter.
pub fn find(text: &str) -> Option<&'static Word> {
    NAMES.get(folded(text).as_str()).copied()
}

/// A row of the list under the word field.
#[derive(Clone, PartialEq, Eq)]
pub enum Match {
    Known(&'static Word),
    /// What was typed, to be taken as a word of the person's own. Always a good [`Label`].
    Own(String),
}

/// What a person typed stays out of debug output, and so out of logs and panics.
impl fmt::Debug for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known(_) => "Known(..)",
            Self::Own(_) => "Own(..)",
        })
    }
}

/// The rows for what was typed so far: fixed words that begin with it, then all others that do, then those that hold it
/// somewhere, each once. Last comes the text itself as an own word, unless it is a word of the list or too long to be a label.
/// The nine fixed words if nothing was typed.
pub fn matching(typed: &str) -> Vec<Match> {
    let text = folded(typed);
    if text.is_empty() {
        return fixed().map(Match::Known).collect();
    }
    let all = || NAMES.iter().map(|(name, word)| (*name, *word));
    let begins = fixed().map(|word| (word.id, word)).chain(all()).filter(|(name, _)| name.starts_with(&text));
    let holds = all().filter(|(name, _)| name.contains(&text));
    let mut rows = Vec::new();
    for (_, word) in begins.chain(holds) {
        let row = Match::Known(word);
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    if !NAMES.contains_key(text.as_str())
        && let Ok(own) = Label::new(typed)
    {
        rows.push(Match::Own(own.into()));
    }
    rows
}

/// For comparing: lower case, single spaces, none around it.
pub(crate) fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn fixed() -> impl Iterator<Item = &'static Word> {
    FIXED.iter().filter_map(|id| word(id))
}

/// Every word under its label and, where that differs, also under its id. Both are written folded in the list.
static NAMES: LazyLock<BTreeMap<&'static str, &'static Word>> =
    LazyLock::new(|| WORDS.iter().flat_map(|word| [(word.id, word), (word.label, word)]).collect());

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_list_is_wide_and_every_family_has_a_share() {
        assert!((100..=150).contains(&WORDS.len()), "{}", WORDS.len());
        for family in Family::ALL {
            let own = WORDS.iter().filter(|word| word.family() == family).count();
            assert!(own >= 15, "{family:?} has {own}");
        }
        for precision in [Precision::Vague, Precision::Plain, Precision::Precise] {
            assert!(WORDS.iter().filter(|word| word.precision == precision).count() >= 10, "{precision:?}");
        }
    }

    #[test]
    fn ids_labels_and_glosses_are_each_there_once() {
        let names: Vec<&str> = WORDS.iter().map(|word| word.id).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), WORDS.len());
        assert_eq!(WORDS.iter().map(|word| word.label).collect::<BTreeSet<_>>().len(), WORDS.len());
        assert_eq!(WORDS.iter().map(|word| word.gloss).collect::<BTreeSet<_>>().len(), WORDS.len());
        for word in WORDS {
            assert!(WORDS.iter().all(|other| other.id == word.id || other.id != word.label), "{}", word.label);
        }
    }

    #[test]
    fn ids_are_kebab_case_and_labels_are_folded_already() {
        for Word { id, label, .. } in WORDS {
            assert!(id.split('-').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase())), "{id}");
            assert_eq!(*label, folded(label));
            assert_eq!(*id, label.replace(' ', "-"));
            assert!(Label::new(label).is_ok(), "{label}");
        }
    }

    #[test]
    fn every_gloss_is_one_short_quiet_line() {
        for Word { id, gloss, .. } in WORDS {
            assert!((10..100).contains(&gloss.chars().count()), "{id}: {gloss}");
            assert!(gloss.ends_with('.') && gloss.starts_with(char::is_uppercase), "{id}: {gloss}");
            assert!(!gloss.contains(['!', '\n']), "{id}: {gloss}");
            assert!(
                !folded(gloss).split([' ', '.', ',', ';']).any(|part| part == *id),
                "{id} explains itself by itself"
            );
        }
    }

    #[test]
    fn families_are_named_once_and_there_is_always_one() {
        for word in WORDS {
            assert!(!word.families.is_empty(), "{}", word.id);
            assert_eq!(word.families.iter().collect::<BTreeSet<_>>().len(), word.families.len(), "{}", word.id);
        }
    }

    #[test]
    fn the_nine_are_in_the_list_and_none_of_them_is_vague() {
        for id in FIXED {
            assert!(word(id).is_some_and(|word| word.precision != Precision::Vague), "{id}");
        }
        assert_eq!(FIXED.iter().collect::<BTreeSet<_>>().len(), 9);
    }

    #[test]
    fn bad_and_upset_are_vague_and_lead_to_more_than_one_family() {
        for id in ["bad", "upset"] {
            assert!(word(id).is_some_and(|word| word.precision == Precision::Vague && word.families.len() > 1), "{id}");
        }
    }

    #[test]
    fn a_familys_id_is_what_serde_writes() {
        for family in Family::ALL {
            assert_eq!(serde_json::to_value(family).unwrap(), family.id());
            assert_eq!(serde_json::from_value::<Family>(family.id().into()).unwrap(), family);
        }
    }

    #[test]
    fn a_word_is_found_by_id_or_label_however_it_is_written() {
        let check = |text: &str, told: Option<&str>| assert_eq!(find(text).map(|word| word.id), told, "{text}");
        check("lonely", Some("lonely"));
        check("  LONELY\t", Some("lonely"));
        check("let-down", Some("let-down"));
        check("Let  down", Some("let-down"));
        check("lonel", None);
        check("~lonely", None);
        check("", None);
        assert_eq!(word("let-down").map(|word| word.label), Some("let down"));
        assert_eq!(word("let down"), None);
        assert_eq!(word("Lonely"), None);
        for one in WORDS {
            assert_eq!((word(one.id), find(one.label)), (Some(one), Some(one)));
        }
    }

    fn rows(typed: &str) -> Vec<String> {
        let shown = |row| match row {
            Match::Known(word) => word.label.to_owned(),
            Match::Own(text) => format!("+{text}"),
        };
        matching(typed).into_iter().map(shown).collect()
    }

    #[test]
    fn typing_narrows_the_list_and_the_nine_come_first() {
        let check = |typed: &str, told: &[&str]| assert_eq!(rows(typed), told, "{typed}");
        check("", &FIXED);
        check(" \t", &FIXED);
        check("lon", &["lonely", "longing", "+lon"]);
        check(" LON ", &["lonely", "longing", "+LON"]);
        check("lonely", &["lonely"]);
        check("Lonely", &["lonely"]);
        check("emb", &["embarrassed", "+emb"]);
        check("hur", &["hurt", "+hur"]);
        check("ang", &["angry", "+ang"]);
        check("let-d", &["let down", "+let-d"]);
        check("let down", &["let down"]);
        check("down", &["down", "let down"]);
        check("zzq", &["+zzq"]);
        check("  like  glass ", &["+like  glass"]);
        check("ÉTRANGE", &["+ÉTRANGE"]);
    }

    #[test]
    fn the_order_is_fixed_then_beginning_then_holding() {
        let rows = rows("an");
        let at = |label: &str| rows.iter().position(|row| row == label).unwrap();
        assert_eq!(rows[..2], ["anxious", "angry"]);
        assert!(at("angry") < at("annoyed") && at("annoyed") < at("abandoned"));
        assert_eq!(rows.last().unwrap(), "+an");
    }

    #[test]
    fn a_word_typed_whole_is_the_first_row_and_brings_no_own_one() {
        for word in WORDS {
            let rows = matching(word.label);
            assert_eq!(rows.first(), Some(&Match::Known(word)), "{}", word.label);
            assert!(!rows.iter().any(|row| matches!(row, Match::Own(_))), "{}", word.label);
        }
    }

    #[test]
    fn every_row_is_there_once_for_every_letter() {
        for letter in 'a'..='z' {
            let rows = rows(&letter.to_string());
            assert_eq!(rows.iter().collect::<BTreeSet<_>>().len(), rows.len(), "{letter}");
        }
    }

    #[test]
    fn a_text_that_can_be_no_label_is_not_offered_as_an_own_word() {
        assert_eq!(matching(&"x".repeat(65)), []);
        assert_eq!(matching("x\u{7}y"), []);
    }

    #[test]
    fn debug_output_never_shows_what_was_typed() {
        assert!(!format!("{:?}", matching("zzq")).contains("zzq"));
    }
}
