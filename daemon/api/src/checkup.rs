//! What `ingled doctor --json` prints: what Ingle finds of the things around it.

use serde::{Deserialize, Serialize};

/// All that was looked at, in the order of [`Part`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkup {
    /// Of the program that looked.
    pub version: String,
    pub items: Vec<Finding>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The programs beside each other.
    Programs,
    JournalFolder,
    Keychain,
    /// Who shows notifications.
    Notifications,
    /// Who shows icons in a panel.
    Tray,
    /// Start at login.
    Login,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    Ok,
    /// Something isn't there; Ingle goes on without.
    Missing,
    /// Something is to be done.
    Attention,
}

/// One thing, as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub item: Part,
    pub state: Condition,
    /// A sentence, ready to show.
    pub what: String,
    /// What to do, a sentence.
    pub hint: Option<String>,
}

impl Finding {
    pub fn ok(item: Part, what: impl Into<String>) -> Self {
        Self { item, state: Condition::Ok, what: what.into(), hint: None }
    }

    pub fn missing(item: Part, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { item, state: Condition::Missing, what: what.into(), hint: Some(hint.into()) }
    }

    pub fn attention(item: Part, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { item, state: Condition::Attention, what: what.into(), hint: Some(hint.into()) }
    }
}
