//! Text with a limit: a label of a few words, prose, and the text of a letter.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextRefused {
    #[error("it is empty")]
    Empty,
    #[error("it is longer than {limit} characters")]
    LabelTooLong { limit: usize },
    #[error("it is {} KiB long; up to {} KiB fit", .bytes.div_ceil(1024), .limit / 1024)]
    ProseTooLong { bytes: usize, limit: usize },
    #[error("it holds a character that can't be shown")]
    Control,
}

/// A few words on one line: a feeling in the person's own word, a tag, a device's name. Trimmed, never empty, at most
/// [`Label::MAX_CHARS`] characters, no control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(String);

impl Label {
    pub const MAX_CHARS: usize = 64;

    pub fn new(text: &str) -> Result<Self, TextRefused> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TextRefused::Empty);
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(TextRefused::LabelTooLong { limit: Self::MAX_CHARS });
        }
        if text.chars().any(char::is_control) {
            return Err(TextRefused::Control);
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a person writes in one field of an entry. Kept to the letter, line breaks included; never blank, at most
/// [`Prose::MAX_BYTES`] bytes of UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prose(String);

impl Prose {
    pub const MAX_BYTES: usize = 64 * 1024;

    pub fn new(text: &str) -> Result<Self, TextRefused> {
        if text.trim().is_empty() {
            return Err(TextRefused::Empty);
        }
        if text.len() > Self::MAX_BYTES {
            return Err(TextRefused::ProseTooLong { bytes: text.len(), limit: Self::MAX_BYTES });
        }
        if text.chars().any(is_unshowable) {
            return Err(TextRefused::Control);
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text of a letter, kept to the letter: at most [`LetterText::MAX_BYTES`] bytes of UTF-8. May be empty while it is being
/// written.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LetterText(String);

impl LetterText {
    /// A long novel.
    pub const MAX_BYTES: usize = 1 << 20;

    pub fn new(text: &str) -> Result<Self, TextRefused> {
        if text.len() > Self::MAX_BYTES {
            return Err(TextRefused::ProseTooLong { bytes: text.len(), limit: Self::MAX_BYTES });
        }
        if text.chars().any(is_unshowable) {
            return Err(TextRefused::Control);
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }
}

/// In a text of several lines.
fn is_unshowable(sign: char) -> bool {
    sign.is_control() && !matches!(sign, '\n' | '\t' | '\r')
}

macro_rules! text_traits {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = TextRefused;

            fn try_from(text: String) -> Result<Self, TextRefused> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        /// A person's words stay out of debug output, and so out of logs and panics.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({} bytes)"), self.0.len())
            }
        }
    };
}

text_traits!(Label);
text_traits!(Prose);
text_traits!(LetterText);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_trimmed_and_bounded() {
        assert_eq!(Label::new("  left out ").map(|l| l.as_str().to_owned()), Ok("left out".to_owned()));
        assert_eq!(Label::new(" \t "), Err(TextRefused::Empty));
        assert_eq!(Label::new(&"é".repeat(65)), Err(TextRefused::LabelTooLong { limit: 64 }));
        assert_eq!(Label::new("a\u{7}b"), Err(TextRefused::Control));
    }

    #[test]
    fn prose_keeps_every_character_and_line() {
        let text = " first\n\n\tsecond 👩‍👩‍👧 ";
        assert_eq!(Prose::new(text).map(|p| p.as_str().to_owned()), Ok(text.to_owned()));
        assert!(matches!(Prose::new(&"x".repeat(64 * 1024 + 1)), Err(TextRefused::ProseTooLong { .. })));
    }

    #[test]
    fn debug_output_never_shows_the_words() {
        assert!(!format!("{:?}", Prose::new("nobody came")).contains("nobody"));
        assert!(!format!("{:?}", Label::new("nobody")).contains("nobody"));
    }
}
