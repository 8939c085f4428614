//! From which side a paragraph is read.

use crate::ui::Paragraph;

/// Whether the first letter that has a direction runs from right to left (Unicode bidi rule P2, by blocks).
pub fn is_right_to_left(text: &str) -> bool {
    text.chars().find(|c| c.is_alphabetic()).is_some_and(|c| {
        matches!(u32::from(c), 0x0590..=0x08FF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFF | 0x1_0800..=0x1_0FFF | 0x1_E800..=0x1_EFFF)
    })
}

pub fn paragraph(text: &str) -> Paragraph {
    Paragraph { text: text.into(), rtl: is_right_to_left(text) }
}

/// The lines of a text, each with its own direction.
pub fn paragraphs(text: &str) -> impl Iterator<Item = Paragraph> + '_ {
    text.lines().map(paragraph)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_letter_decides() {
        let check = |text: &str, told: bool| assert_eq!(is_right_to_left(text), told, "{text}");
        check("اليوم كان صعبًا، لكنني بخير (OK 12).", true);
        check("12. שלום עולם, hello", true);
        check("나는 괜찮아. שלום עולם", false);
        check("hello اليوم", false);
        check("😀 12 ...", false);
        check("", false);
    }
}
