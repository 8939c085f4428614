//! Sentences about trouble. In this order: are the words safe, what is the matter, what comes next.

use ingle_api::{Failure, FailureKind, status::JournalState};

/// For a window that holds words which are not on disk yet.
pub fn words_in_window(failure: &Failure) -> String {
    match failure.kind {
        FailureKind::Unavailable => "Your words are still in this window. Ingle isn't answering; it is being started again, and they go in as soon as it's back.".into(),
        FailureKind::Locked => "Your words are still in this window. The journal is locked; they go in once it's unlocked.".into(),
        FailureKind::Storage => format!("Your words are still in this window. The disk took nothing: {}. {}.", failure.message, capital(&failure.hint)),
        FailureKind::Journal => format!("Your words are still in this window. They have no journal yet: {}. {}.", failure.message, capital(&failure.hint)),
        _ => format!("Your words are still in this window. {}. {}.", capital(&failure.message), capital(&failure.hint)),
    }
}

/// For a window that holds none.
pub fn nothing_at_risk(failure: &Failure) -> String {
    match failure.kind {
        FailureKind::Unavailable => {
            "What was kept is safe. Ingle isn't answering yet; it is being started again.".into()
        }
        _ => format!("What was kept is safe. {}. {}.", capital(&failure.message), capital(&failure.hint)),
    }
}

/// How a journal stands that takes nothing at the moment; `None` for one that does.
pub fn standing(journal: JournalState) -> Option<&'static str> {
    match journal {
        JournalState::Open => None,
        JournalState::Locked => {
            Some("What was kept is safe; the journal is locked. Unlock it, and words chosen here go in.")
        }
        JournalState::Unavailable => {
            Some("What was kept is safe; the keychain that opens the journal doesn't answer. Unlock tries it again.")
        }
        JournalState::Absent => Some(
            "There is no journal here yet. Run \"ingle init\" to make one; words chosen here wait for it in this window.",
        ),
        JournalState::Joining => {
            Some("What was kept is safe. This computer is joining your other one; words chosen here go in right after.")
        }
    }
}

/// The same where a locked journal takes in what is new.
pub fn standing_of_check_in(journal: JournalState) -> Option<&'static str> {
    match journal {
        JournalState::Locked => Some(
            "What was kept is safe; the journal is locked. A check-in is sealed beside it, and goes in when you unlock it.",
        ),
        other => standing(other),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.trim_end_matches('.').chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
