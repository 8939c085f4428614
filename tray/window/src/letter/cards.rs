//! The cards beside the page. They ask; they put nothing into the letter.

/// What a card says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Card {
    pub title: &'static str,
    pub question: &'static str,
}

/// C30 to C32, seen from the start.
pub const FIRST: [Card; 3] = [
    Card {
        title: "Begin with your name",
        question: "Say hello to yourself by name. What happened, and what does it feel like? The words you found earlier may help.",
    },
    Card {
        title: "Something kind",
        question: "What would you want them to hear, just because it hurts? It may sting at first; that is no sign that it's wrong.",
    },
    Card {
        title: "Not only you",
        question: "Who else has been through something like it? What would you tell them tonight?",
    },
];

/// C33 to C36, for whoever wants to go on.
pub const LATER: [Card; 4] = [
    Card {
        title: "Another way to see it",
        question: "Your worry has its reasons; give it a line. What else could be true beside it?",
    },
    Card {
        title: "If a part of it was yours",
        question: "If you think so, say it gently, beside what others did, what didn't fit, and plain luck. “None” is an answer too.",
    },
    Card {
        title: "What stays with you",
        question: "Is there anything here that you'd like to keep for later? It can be small.",
    },
    Card {
        title: "What is still there",
        question: "What matters to you, and why? What are you like on a good day? Which people, animals or groups are yours?",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_card_about_ones_own_part_begins_with_if_comes_late_and_takes_none_for_an_answer() {
        let own = LATER.iter().position(|card| card.title.contains("yours")).expect("there is one");
        assert!(own > 0 && LATER[own].title.starts_with("If") && LATER[own].question.starts_with("If"));
        assert!(LATER[own].question.contains("“None”"));
        assert!(FIRST.iter().all(|card| !card.question.contains("your part")));
    }

    #[test]
    fn cards_are_short_and_calm() {
        for card in FIRST.iter().chain(&LATER) {
            assert!(card.question.chars().count() <= 140, "{}", card.question);
            assert!(!card.title.contains('!') && !card.question.contains('!'));
        }
    }
}
