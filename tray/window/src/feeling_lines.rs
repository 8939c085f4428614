//! Feelings as lines of text that can be changed: a word, and how strong it is behind it if that was said.

use ingle_model::{CheckIn, Label, check_in::FeelingDraft, view::FeelingView};

/// Which line can't be kept as it stands, counted from 1, and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineRefused {
    Strength { line: usize },
    Word { line: usize },
    TooMany,
}

impl std::fmt::Display for LineRefused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Strength { line } => write!(f, "Line {line} isn't kept yet: how strong goes from 0 to 100."),
            Self::Word { line } => {
                write!(f, "Line {line} isn't kept yet: a word can have up to {} characters.", Label::MAX_CHARS)
            }
            Self::TooMany => write!(f, "That isn't kept yet: one entry holds up to {} words.", CheckIn::MAX_LIST),
        }
    }
}

pub fn lines_of(feelings: &[FeelingView]) -> String {
    let lines: Vec<String> = feelings
        .iter()
        .map(|feeling| match feeling.intensity {
            Some(strength) => format!("{} {strength}", feeling.label),
            None => feeling.label.clone(),
        })
        .collect();
    lines.join("\n")
}

/// Reads the lines back. A label that `before` had keeps its id, so that an own word stays one.
pub fn read(text: &str, before: &[FeelingView]) -> Result<Vec<FeelingDraft>, LineRefused> {
    let mut feelings = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        feelings.push(read_line(line.trim(), before, index + 1)?);
    }
    if feelings.len() > CheckIn::MAX_LIST { Err(LineRefused::TooMany) } else { Ok(feelings) }
}

fn read_line(line: &str, before: &[FeelingView], number: usize) -> Result<FeelingDraft, LineRefused> {
    let id_of = |label: &str| before.iter().find(|feeling| feeling.label == label).map(|feeling| feeling.id.clone());
    if let Some(word) = id_of(line) {
        return Ok(FeelingDraft { word, intensity: None });
    }
    let (label, intensity) = match line.rsplit_once(char::is_whitespace) {
        Some((label, last)) if last.trim_start_matches('-').chars().all(|c| c.is_ascii_digit()) && last != "-" => {
            let strength: i64 = last.parse().map_err(|_| LineRefused::Strength { line: number })?;
            if !(0..=100).contains(&strength) {
                return Err(LineRefused::Strength { line: number });
            }
            (label.trim_end(), Some(strength))
        }
        _ => (line, None),
    };
    let label = Label::new(label).map_err(|_| LineRefused::Word { line: number })?;
    Ok(FeelingDraft { word: id_of(label.as_str()).unwrap_or_else(|| label.as_str().to_owned()), intensity })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(label: &str, intensity: Option<u8>) -> FeelingView {
        FeelingView { id: format!("~{label}"), label: label.into(), family: None, intensity }
    }

    #[test]
    fn lines_are_read_back_as_what_they_said() {
        let before = [own("room 101", None), own("left out", Some(60)), own("grau", Some(0))];
        let read = read(&lines_of(&before), &before).expect("own lines");
        let told: Vec<(&str, Option<i64>)> =
            read.iter().map(|feeling| (feeling.word.as_str(), feeling.intensity)).collect();
        assert_eq!(told, [("~room 101", None), ("~left out", Some(60)), ("~grau", Some(0))]);
    }

    #[test]
    fn what_cannot_be_kept_names_its_line() {
        let check = |text: &str, told: Result<usize, LineRefused>| {
            assert_eq!(read(text, &[]).map(|list| list.len()), told, "{text}")
        };
        check("", Ok(0));
        check("lonely\n\n  hurt   20 ", Ok(2));
        check("lonely 100", Ok(1));
        check("lonely 101", Err(LineRefused::Strength { line: 1 }));
        check("hurt\nlonely -1", Err(LineRefused::Strength { line: 2 }));
        check("lonely 99999999999999999999", Err(LineRefused::Strength { line: 1 }));
        check(&"x".repeat(65), Err(LineRefused::Word { line: 1 }));
        check(&"x\n".repeat(65), Err(LineRefused::TooMany));
    }
}
