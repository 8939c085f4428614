//! The five-second check-in as a state machine: keys in, state out. What may not live here: windows, IO, clocks.

use ingle_model::{
    CheckIn, Label,
    check_in::FeelingDraft,
    vocabulary::{self, Match, Word},
};

/// A word that the person chose. How strong it is stays unsaid until they say it.
#[derive(Clone, PartialEq, Eq)]
pub struct Chosen {
    /// As the journal takes it: a vocabulary id, or an own word behind `~`.
    pub code: String,
    pub label: String,
    /// 0 to 100.
    pub strength: Option<u8>,
}

impl std::fmt::Debug for Chosen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chosen(..)")
    }
}

/// One line of the list under the field.
#[derive(Clone)]
pub enum Row {
    Word(&'static Word),
    /// What was typed, as a word of the person's own.
    Own(String),
    /// Shows the whole vocabulary.
    SomethingElse,
    CannotTell,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Row(..)")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A character that types text.
    Char(char),
    Up,
    Down,
    Enter,
    /// Ctrl and Enter.
    Save,
    Backspace,
    Escape,
    /// Ctrl and Z.
    Undo,
    /// F1.
    Help,
    /// Ctrl and full stop.
    Curtain,
}

/// What the window does about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The field gets the key; it tells what then stands in it by [`Quick::filter_is`].
    ForField,
    Taken,
    /// The chosen words are finished: keep them and say so.
    Save,
    Close,
    HelpNow,
}

#[derive(Debug, Default)]
pub struct Quick {
    filter: String,
    marked: Option<usize>,
    chosen: Vec<Chosen>,
    browsing: bool,
    curtain: bool,
    past: Vec<Vec<Chosen>>,
}

/// In the words of the person who can't find one.
const CANNOT_TELL: &str = "can't tell";

impl Quick {
    pub fn chosen(&self) -> &[Chosen] {
        &self.chosen
    }

    pub fn filter(&self) -> &str {
        &self.filter
    }

    pub fn marked(&self) -> Option<usize> {
        self.marked
    }

    pub fn is_curtained(&self) -> bool {
        self.curtain
    }

    /// The chosen words as the journal takes them.
    pub fn feelings(&self) -> Vec<FeelingDraft> {
        self.chosen
            .iter()
            .map(|chosen| FeelingDraft { word: chosen.code.clone(), intensity: chosen.strength.map(i64::from) })
            .collect()
    }

    pub fn rows(&self) -> Vec<Row> {
        if !self.filter.trim().is_empty() {
            return vocabulary::matching(&self.filter).into_iter().filter_map(row_of).collect();
        }
        if self.browsing {
            return vocabulary::WORDS.iter().map(Row::Word).chain([Row::CannotTell]).collect();
        }
        let fixed = vocabulary::FIXED.iter().filter_map(|id| vocabulary::word(id)).map(Row::Word);
        fixed.chain([Row::SomethingElse, Row::CannotTell]).collect()
    }

    pub fn press(&mut self, key: Key) -> Outcome {
        match key {
            Key::Char(c) => self.character(c),
            Key::Up | Key::Down => self.move_mark(key == Key::Down),
            Key::Enter => self.enter(),
            Key::Save => self.save(),
            Key::Backspace => {
                if !self.filter.is_empty() {
                    return Outcome::ForField;
                }
                if !self.chosen.is_empty() {
                    self.remember();
                    self.chosen.pop();
                }
                Outcome::Taken
            }
            Key::Escape => self.escape(),
            Key::Undo => {
                if !self.filter.is_empty() {
                    return Outcome::ForField;
                }
                if let Some(before) = self.past.pop() {
                    self.chosen = before;
                }
                Outcome::Taken
            }
            Key::Help => Outcome::HelpNow,
            Key::Curtain => {
                self.curtain = !self.curtain;
                Outcome::Taken
            }
        }
    }

    /// What stands in the field now.
    pub fn filter_is(&mut self, text: &str) {
        self.filter = text.to_owned();
        self.marked = if self.filter.trim().is_empty() || self.rows().is_empty() { None } else { Some(0) };
    }

    /// Adds the row, as a click on it does.
    pub fn choose(&mut self, row: usize) {
        match self.rows().into_iter().nth(row) {
            Some(Row::Word(word)) => self.add(word.id.to_owned(), word.label.to_owned()),
            Some(Row::Own(label)) => self.add(format!("~{label}"), label),
            Some(Row::CannotTell) => match vocabulary::find(CANNOT_TELL) {
                Some(word) => self.add(word.id.to_owned(), word.label.to_owned()),
                None => self.add(format!("~{CANNOT_TELL}"), CANNOT_TELL.to_owned()),
            },
            Some(Row::SomethingElse) => {
                self.browsing = true;
                self.marked = None;
            }
            None => {}
        }
    }

    /// `None` makes it unsaid again.
    pub fn set_strength(&mut self, chosen: usize, strength: Option<u8>) {
        if self.chosen.get(chosen).is_some_and(|chosen| chosen.strength != strength) {
            self.remember();
            self.chosen[chosen].strength = strength.map(|strength| strength.min(100));
        }
    }

    pub fn leave_out(&mut self, chosen: usize) {
        if chosen < self.chosen.len() {
            self.remember();
            self.chosen.remove(chosen);
        }
    }

    /// Takes all words back, as Undo after keeping does; they return with [`Key::Undo`].
    pub fn take_back(&mut self) {
        self.remember();
        self.chosen.clear();
    }

    fn remember(&mut self) {
        self.past.push(self.chosen.clone());
    }

    fn character(&mut self, c: char) -> Outcome {
        let Some(digit) = c.to_digit(10).and_then(|digit| u8::try_from(digit).ok()) else { return Outcome::ForField };
        if !self.filter.is_empty() || self.chosen.is_empty() {
            return Outcome::ForField;
        }
        let last = self.chosen.len() - 1;
        self.set_strength(last, Some(if digit == 0 { 100 } else { digit * 10 }));
        Outcome::Taken
    }

    fn move_mark(&mut self, down: bool) -> Outcome {
        let count = self.rows().len();
        self.marked = match (self.marked, down) {
            (_, _) if count == 0 => None,
            (None, true) => Some(0),
            (None, false) => Some(count - 1),
            (Some(marked), true) => Some((marked + 1).min(count - 1)),
            // Above the first row is the field itself, unless something was typed.
            (Some(0), false) => {
                if self.filter.trim().is_empty() {
                    None
                } else {
                    Some(0)
                }
            }
            (Some(marked), false) => Some(marked - 1),
        };
        Outcome::Taken
    }

    fn enter(&mut self) -> Outcome {
        if let Some(marked) = self.marked {
            self.choose(marked);
            return Outcome::Taken;
        }
        if self.filter.trim().is_empty() && !self.chosen.is_empty() { Outcome::Save } else { Outcome::Taken }
    }

    fn save(&mut self) -> Outcome {
        // A half-typed word is not guessed at; one that stands there whole is meant.
        if let Some(word) = vocabulary::find(self.filter.trim()) {
            self.add(word.id.to_owned(), word.label.to_owned());
        }
        if self.chosen.is_empty() { Outcome::Taken } else { Outcome::Save }
    }

    fn escape(&mut self) -> Outcome {
        if self.filter.is_empty() && !self.browsing && self.marked.is_none() {
            return Outcome::Close;
        }
        self.filter.clear();
        self.browsing = false;
        self.marked = None;
        Outcome::Taken
    }

    fn add(&mut self, code: String, label: String) {
        self.filter.clear();
        self.browsing = false;
        self.marked = None;
        self.remember();
        // Chosen again it is the last one, so that a digit means it.
        let known = self.chosen.iter().position(|chosen| chosen.code == code);
        let chosen = match known {
            Some(index) => self.chosen.remove(index),
            None => Chosen { code, label, strength: None },
        };
        if self.chosen.len() < CheckIn::MAX_LIST {
            self.chosen.push(chosen);
        }
    }
}

fn row_of(found: Match) -> Option<Row> {
    match found {
        Match::Known(word) => Some(Row::Word(word)),
        Match::Own(text) => Label::new(&text).ok().map(|label| Row::Own(label.as_str().to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types keys by name, as the window's field would see them, and tells chosen words, filter and the last outcome.
    fn typed(keys: &str) -> (String, String, Outcome) {
        let mut quick = Quick::default();
        let mut outcome = Outcome::Taken;
        for name in keys.split(' ').filter(|name| !name.is_empty()) {
            let key = match name {
                "Enter" => Key::Enter,
                "Up" => Key::Up,
                "Down" => Key::Down,
                "Esc" => Key::Escape,
                "Backspace" => Key::Backspace,
                "Ctrl+Enter" => Key::Save,
                "Ctrl+Z" => Key::Undo,
                "Ctrl+." => Key::Curtain,
                "F1" => Key::Help,
                "Space" => Key::Char(' '),
                other => Key::Char(other.chars().next().expect("a character")),
            };
            outcome = quick.press(key);
            if outcome == Outcome::ForField {
                let mut text = quick.filter().to_owned();
                match key {
                    Key::Char(c) => text.push(c),
                    Key::Backspace => drop(text.pop()),
                    _ => {}
                }
                quick.filter_is(&text);
            }
        }
        let words: Vec<String> = quick
            .feelings()
            .iter()
            .map(|feeling| {
                feeling
                    .intensity
                    .map_or_else(|| feeling.word.clone(), |strength| format!("{}={strength}", feeling.word))
            })
            .collect();
        (words.join(" "), quick.filter().to_owned(), outcome)
    }

    #[test]
    fn keys_do_what_the_list_of_keys_says() {
        let check = |keys: &str, words: &str, filter: &str, outcome: Outcome| {
            assert_eq!(typed(keys), (words.to_owned(), filter.to_owned(), outcome), "{keys}");
        };
        check("", "", "", Outcome::Taken);
        check("l o n Enter 6 Enter", "lonely=60", "", Outcome::Save);
        check("l o n Enter Enter", "lonely", "", Outcome::Save);
        check("l o n Enter 0", "lonely=100", "", Outcome::Taken);
        check("l o n Enter 6 3", "lonely=30", "", Outcome::Taken);
        check("l o n Enter h u r Enter 2", "lonely hurt=20", "", Outcome::Taken);
        check("l o n Enter 5 h u r Enter", "lonely=50 hurt", "", Outcome::Taken);
        check("Enter", "", "", Outcome::Taken);
        check("6", "", "6", Outcome::ForField);
        check("l o n Enter x 6", "lonely", "x6", Outcome::ForField);
        check("l o n Enter Backspace", "", "", Outcome::Taken);
        check("l o n Enter Backspace Ctrl+Z", "lonely", "", Outcome::Taken);
        check("l o n Enter 6 Ctrl+Z", "lonely", "", Outcome::Taken);
        check("l o n Enter 6 Ctrl+Z Ctrl+Z", "", "", Outcome::Taken);
        check("l o Backspace", "", "l", Outcome::ForField);
        check("l o Esc", "", "", Outcome::Taken);
        check("l o Esc Esc", "", "", Outcome::Close);
        check("Esc", "", "", Outcome::Close);
        check("l o n Enter l o Ctrl+Enter", "lonely", "lo", Outcome::Save);
        check("l o n e l y Ctrl+Enter", "lonely", "", Outcome::Save);
        check("l o Ctrl+Enter", "", "lo", Outcome::Taken);
        check("F1", "", "", Outcome::HelpNow);
        check("l o n Enter h u r Enter l o n Enter 7", "hurt lonely=70", "", Outcome::Taken);
        check("Ctrl+. l o n Enter", "lonely", "", Outcome::Taken);
    }

    #[test]
    fn a_word_of_ones_own_is_the_last_row() {
        assert_eq!(typed("z z q Enter Enter").0, "~zzq");
        assert_eq!(typed("z Space z Enter 4").0, "~z z=40");
    }

    #[test]
    fn arrows_walk_the_nine_words_and_the_two_rows_below() {
        let first = vocabulary::FIXED[0];
        assert_eq!(typed("Down Enter").0, first);
        assert_eq!(typed("Down Down Up Enter").0, first);
        assert_eq!(typed("Down Up Enter").0, "");
        let mut quick = Quick::default();
        assert_eq!(quick.rows().len(), 11);
        quick.choose(9);
        assert!(quick.rows().len() > 60, "something else opens the vocabulary");
        assert!(quick.chosen().is_empty());
        assert_eq!(quick.press(Key::Escape), Outcome::Taken);
        quick.choose(10);
        assert_eq!(quick.chosen().len(), 1);
        assert_eq!(quick.chosen()[0].strength, None);
    }

    #[test]
    fn the_curtain_stays_while_typing() {
        let mut quick = Quick::default();
        quick.press(Key::Curtain);
        quick.filter_is("lon");
        quick.press(Key::Enter);
        assert!(quick.is_curtained());
        quick.press(Key::Curtain);
        assert!(!quick.is_curtained());
    }

    #[test]
    fn a_text_too_long_for_a_word_offers_no_own_row() {
        let mut quick = Quick::default();
        quick.filter_is(&"x".repeat(65));
        assert!(quick.rows().is_empty());
        assert_eq!(quick.press(Key::Enter), Outcome::Taken);
        assert!(quick.chosen().is_empty());
    }
}
