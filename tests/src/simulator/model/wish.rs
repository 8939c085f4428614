//! What a person wants to write, and what the engine has to answer.

use std::collections::BTreeMap;

use ingle_core::engine::{Change, Write};
use ingle_model::{CheckInDraft, check_in::FeelingDraft};

use super::{
    Model,
    content::{Field, Value},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// The tag tells the entry from all others, for good.
    CheckIn {
        tag: String,
        words: Words,
    },
    Edit {
        entry: usize,
        words: Words,
    },
    Delete {
        entry: usize,
    },
    Undo,
}

/// Words for some fields. An empty text empties its field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// A moment as it is shown.
    pub at: Option<String>,
    pub cause: Option<String>,
    pub thought: Option<String>,
    pub before: Option<u8>,
}

/// What the engine has to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Saved(usize),
    Undone(usize, Change),
    NoEntry,
    NothingToUndo,
}

impl Wish {
    /// For the engine. None when the entry's id is not known.
    pub fn to_write(&self, model: &Model) -> Option<Write> {
        let id = |entry: &usize| model.entries()[*entry].id;
        Some(match self {
            Self::CheckIn { tag, words } => {
                let feelings = Some(vec![FeelingDraft { word: "hurt".to_owned(), intensity: Some(70) }]);
                Write::CheckIn(CheckInDraft { feelings, tags: Some(vec![tag.clone()]), ..words.draft() })
            }
            Self::Edit { entry, words } => Write::Edit { id: id(entry)?, draft: words.draft() },
            Self::Delete { entry } => Write::Delete { id: id(entry)? },
            Self::Undo => Write::Undo,
        })
    }

    /// The entry that it changes, if there is one already.
    pub fn entry(&self) -> Option<usize> {
        match self {
            Self::Edit { entry, .. } | Self::Delete { entry } => Some(*entry),
            Self::CheckIn { .. } | Self::Undo => None,
        }
    }
}

impl Words {
    pub fn fields(&self) -> BTreeMap<Field, Value> {
        let text = |text: &String| if text.is_empty() { Value::Nothing } else { Value::Text(text.clone()) };
        let at = self.at.iter().map(|at| (Field::At, text(at)));
        let cause = self.cause.iter().map(|cause| (Field::Cause, text(cause)));
        let thought = self.thought.iter().map(|thought| (Field::Thought, text(thought)));
        let before = self.before.iter().map(|before| (Field::Before, Value::Text(before.to_string())));
        at.chain(cause).chain(thought).chain(before).collect()
    }

    fn draft(&self) -> CheckInDraft {
        CheckInDraft {
            at: self.at.clone(),
            cause: self.cause.clone(),
            thought: self.thought.clone(),
            distress_before: self.before.map(i64::from),
            ..CheckInDraft::default()
        }
    }
}
