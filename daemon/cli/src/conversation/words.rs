//! What a line of the conversation means. Pure; the words go nowhere from here.

use ingle_model::{
    Rating,
    check_in::{FeelingDraft, Term},
    vocabulary::{self, Match},
};

/// One line, understood.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// Enter alone: that was all.
    Nothing,
    Words(Vec<FeelingDraft>),
    /// `-`: the last word is taken away.
    TakeBack,
    /// `?`, or `? word`.
    Explain(String),
    Help,
    Leave,
    /// With what to tell the person.
    Unclear(String),
}

pub fn greeting() -> String {
    let mut text = "Right now: which word comes closest? A rough one is fine.\n\n".to_owned();
    for (number, word) in fixed().enumerate() {
        text.push_str(&format!("  {} {}\n", number + 1, word.label));
    }
    text.push_str(
        "\nType words or their numbers, your own words too, if you like with how strong it is: lonely 60, sad\n\
         Enter when that's all; ? shows more words, - takes the last one away, help and quit work any time.",
    );
    text
}

pub fn read(line: &str) -> Said {
    let line = line.trim();
    match line.to_lowercase().as_str() {
        "" => return Said::Nothing,
        "-" => return Said::TakeBack,
        "help" => return Said::Help,
        "q" | "quit" | "exit" => return Said::Leave,
        _ => {}
    }
    if let Some(word) = line.strip_prefix('?') {
        return Said::Explain(word.trim().to_owned());
    }
    let mut drafts = Vec::new();
    for piece in line.split([',', ';']).map(str::trim).filter(|piece| !piece.is_empty()) {
        match read_piece(piece) {
            Ok(found) => drafts.extend(found),
            Err(told) => return Said::Unclear(told),
        }
    }
    if drafts.is_empty() { Said::Unclear("A word or a number, please.".to_owned()) } else { Said::Words(drafts) }
}

/// Between two commas: one word, own or known, or several known ones; each with or without a number behind it.
fn read_piece(piece: &str) -> Result<Vec<FeelingDraft>, String> {
    let piece = piece.replace('=', " ");
    let tokens: Vec<&str> = piece.split_whitespace().collect();
    if let Some(words) = numbered_words(&tokens) {
        return Ok(words);
    }
    let drafts = match known_words(&tokens) {
        Some(words) => words,
        None if tokens.iter().all(|token| token.parse::<i64>().is_ok()) => {
            return Err("The numbers of the words go from 1 to 9.".to_owned());
        }
        None => vec![own_word(&tokens)],
    };
    for draft in &drafts {
        if draft.intensity.is_some_and(|number| Rating::try_from(number).is_err()) {
            return Err("How strong it is goes from 0 to 100.".to_owned());
        }
        if let Err(why) = Term::feeling(&draft.word) {
            return Err(format!("That word can't be kept: {why}."));
        }
    }
    Ok(drafts)
}

/// Single digits alone are words of the list: `3`, or `1 4 9`.
fn numbered_words(tokens: &[&str]) -> Option<Vec<FeelingDraft>> {
    tokens.iter().map(|token| Some(draft(numbered(token)?.id, None))).collect()
}

fn known_words(mut tokens: &[&str]) -> Option<Vec<FeelingDraft>> {
    let mut drafts = Vec::new();
    while !tokens.is_empty() {
        let (word, length) = (1..=tokens.len())
            .rev()
            .find_map(|length| Some((vocabulary::find(&tokens.get(..length)?.join(" "))?, length)))
            .or_else(|| Some((numbered(tokens.first()?)?, 1)))?;
        tokens = tokens.get(length..)?;
        let intensity = tokens.first().and_then(|token| token.parse().ok());
        if intensity.is_some() {
            tokens = tokens.get(1..)?;
        }
        drafts.push(draft(word.id, intensity));
    }
    Some(drafts)
}

fn own_word(tokens: &[&str]) -> FeelingDraft {
    if let [words @ .., last] = tokens
        && !words.is_empty()
        && let Ok(intensity) = last.parse()
    {
        return draft(&words.join(" "), Some(intensity));
    }
    draft(&tokens.join(" "), None)
}

fn draft(word: &str, intensity: Option<i64>) -> FeelingDraft {
    FeelingDraft { word: word.to_owned(), intensity }
}

fn fixed() -> impl Iterator<Item = &'static vocabulary::Word> {
    vocabulary::FIXED.iter().filter_map(|id| vocabulary::find(id))
}

fn numbered(token: &str) -> Option<&'static vocabulary::Word> {
    let number: usize = token.parse().ok()?;
    fixed().nth(number.checked_sub(1)?)
}

/// The words chosen so far.
#[derive(Debug, Default)]
pub struct Chosen(Vec<FeelingDraft>);

impl Chosen {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn into_drafts(self) -> Vec<FeelingDraft> {
        self.0
    }

    /// A word that is there already only gets its new number. Returns a remark about own words that are close to known ones.
    pub fn add(&mut self, drafts: Vec<FeelingDraft>) -> String {
        let mut remark = String::new();
        for draft in drafts {
            remark.push_str(&close_words(&draft.word));
            let term = Term::feeling(&draft.word).ok();
            match self.0.iter_mut().find(|known| Term::feeling(&known.word).ok() == term) {
                Some(known) => known.intensity = draft.intensity.or(known.intensity),
                None => self.0.push(draft),
            }
        }
        remark
    }

    pub fn take_back(&mut self) {
        self.0.pop();
    }

    pub fn summary(&self) -> String {
        let words: Vec<String> = self
            .0
            .iter()
            .map(|draft| {
                let label = vocabulary::find(&draft.word).map_or(draft.word.as_str(), |word| word.label);
                draft.intensity.map_or_else(|| label.to_owned(), |number| format!("{label} {number}"))
            })
            .collect();
        if words.is_empty() { "Nothing chosen.".to_owned() } else { format!("So far: {}.", words.join(", ")) }
    }
}

/// Known words that an own one may have been the beginning of. It is kept as it was typed.
fn close_words(word: &str) -> String {
    if vocabulary::find(word).is_some() {
        return String::new();
    }
    let close = known(word, 3);
    if close.is_empty() {
        return String::new();
    }
    format!(
        "Kept as your own word. Close to it: {}.\n",
        close.iter().map(|word| word.label).collect::<Vec<_>>().join(", ")
    )
}

fn known(text: &str, limit: usize) -> Vec<&'static vocabulary::Word> {
    let known = vocabulary::matching(text).into_iter().filter_map(|found| match found {
        Match::Known(word) => Some(word),
        Match::Own(_) => None,
    });
    known.take(limit).collect()
}

/// The words of each family; or what one word means, or those that begin like it.
pub fn explain(word: &str) -> String {
    if word.is_empty() {
        return families();
    }
    let meant = match vocabulary::find(word) {
        Some(word) => vec![word],
        None => known(word, 8),
    };
    if meant.is_empty() {
        return "Ingle doesn't have that word; it can be your own. ? alone shows all that it has.".to_owned();
    }
    let lines: Vec<String> = meant.iter().map(|word| format!("  {}: {}", word.label, word.gloss)).collect();
    lines.join("\n")
}

fn families() -> String {
    let mut lines = Vec::new();
    for family in vocabulary::Family::ALL {
        let words: Vec<&str> =
            vocabulary::WORDS.iter().filter(|word| word.families.contains(&family)).map(|word| word.label).collect();
        lines.push(format!("{}: {}", family.label(), words.join(", ")));
    }
    lines.push("? and a word says what it means.".to_owned());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, told: &[(&str, Option<i64>)]) {
        let words = told.iter().map(|(word, intensity)| draft(word, *intensity)).collect();
        assert_eq!(read(line), Said::Words(words), "{line}");
    }

    #[test]
    fn words_come_by_name_by_number_and_in_ones_own_way() {
        let first = fixed().next().expect("nine words").id;
        let third = fixed().nth(2).expect("nine words").id;
        check("lonely", &[("lonely", None)]);
        check(" Lonely 60 ", &[("lonely", Some(60))]);
        check("lonely=60", &[("lonely", Some(60))]);
        check("lonely 60, sad", &[("lonely", Some(60)), ("sad", None)]);
        check("lonely sad 5; angry", &[("lonely", None), ("sad", Some(5)), ("angry", None)]);
        check("3", &[(third, None)]);
        check("3 60", &[(third, Some(60))]);
        check("1 3", &[(first, None), (third, None)]);
        check("like glass", &[("like glass", None)]);
        check("like glass 40", &[("like glass", Some(40))]);
        check("sad and grey 40", &[("sad and grey", Some(40))]);
    }

    #[test]
    fn a_line_that_is_no_word_is_a_wish_or_is_asked_about() {
        let check = |line: &str, told: Said| assert_eq!(read(line), told, "{line}");
        check("  ", Said::Nothing);
        check("-", Said::TakeBack);
        check("?", Said::Explain(String::new()));
        check("? Sad", Said::Explain("Sad".into()));
        check("HELP", Said::Help);
        check("quit", Said::Leave);
        check(",", Said::Unclear("A word or a number, please.".into()));
        check("0", Said::Unclear("The numbers of the words go from 1 to 9.".into()));
        check("12 60", Said::Unclear("The numbers of the words go from 1 to 9.".into()));
        check("sad 101", Said::Unclear("How strong it is goes from 0 to 100.".into()));
        check("sad -1", Said::Unclear("How strong it is goes from 0 to 100.".into()));
        check(&"x".repeat(65), Said::Unclear("That word can't be kept: it is longer than 64 characters.".into()));
    }

    #[test]
    fn a_word_chosen_twice_is_there_once_with_its_newer_number() {
        let mut chosen = Chosen::default();
        chosen.add(vec![draft("sad", Some(10)), draft("like glass", None)]);
        chosen.add(vec![draft("Sad", Some(20)), draft("sad", None)]);
        assert_eq!(chosen.summary(), "So far: sad 20, like glass.");
        chosen.take_back();
        assert_eq!(chosen.summary(), "So far: sad 20.");
        chosen.take_back();
        assert_eq!((chosen.summary().as_str(), chosen.is_empty()), ("Nothing chosen.", true));
    }

    #[test]
    fn the_greeting_and_the_families_name_known_words() {
        assert!(greeting().contains("1 ") && greeting().contains("9 "));
        assert!(families().contains("lonely"));
        assert!(explain("lonely").contains("lonely: "));
    }
}
