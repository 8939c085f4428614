//! What an entry says, and whether it shows. How it came to say that is not known here.

use std::collections::{BTreeMap, BTreeSet};

use ingle_model::EntryView;

/// What a person can change of an entry, and whether it is in the trash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    At,
    Cause,
    Thought,
    Before,
    Trash,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Emptied.
    Nothing,
    /// As it is shown.
    Text(String),
    /// In the trash since then, milliseconds since 1970, for as long as the entry says this.
    Trashed(i64, Content),
}

/// The values of each field but the trash.
pub type Content = BTreeMap<Field, BTreeSet<Value>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Shown,
    /// Deleted on one device while it was changed on another.
    DeletedThenChanged,
    Trashed,
}

/// A deletion holds while the entry says what the one who deleted it saw; of a deletion and an undo made apart the undo wins.
pub fn standing(marks: &[&Value], content: &Content) -> Standing {
    let holds = |mark: &&Value| matches!(mark, Value::Trashed(_, seen) if seen == content);
    if marks.is_empty() || marks.contains(&&Value::Nothing) {
        Standing::Shown
    } else if marks.iter().any(holds) {
        Standing::Trashed
    } else {
        Standing::DeletedThenChanged
    }
}

/// What a view says of each field: what is shown first, and what is shown beside it. A field that shows nothing is left out.
pub fn told(view: &EntryView) -> Content {
    let fields = Field::CONTENT.into_iter().filter_map(|field| {
        let others = view.versions.iter().filter(|version| version.field == field.name());
        let mut values: BTreeSet<Value> = others.map(|version| value_of(&version.value)).collect();
        values.extend(shown_first(view, field));
        shows(&values).then_some((field, values))
    });
    fields.collect()
}

/// The content as a view tells it: nobody sees whether a field was emptied or never filled.
pub fn to_tell(content: &Content) -> Content {
    let told = content.iter().filter(|(_, values)| shows(values));
    told.map(|(field, values)| (*field, values.clone())).collect()
}

fn shows(values: &BTreeSet<Value>) -> bool {
    values.iter().any(|value| *value != Value::Nothing)
}

/// What is shown first of a field; None for the trash, which nobody sees.
pub fn shown_first(view: &EntryView, field: Field) -> Option<Value> {
    let text = match field {
        Field::At => Some(view.at.clone()),
        Field::Cause => view.cause.clone(),
        Field::Thought => view.thought.clone(),
        Field::Before => view.distress_before.map(|before| before.to_string()),
        Field::Trash => return None,
    };
    Some(text.map_or(Value::Nothing, Value::Text))
}

fn value_of(text: &str) -> Value {
    if text == "(nothing)" { Value::Nothing } else { Value::Text(text.to_owned()) }
}

impl Field {
    /// All but the trash.
    pub const CONTENT: [Self; 4] = [Self::At, Self::Cause, Self::Thought, Self::Before];

    /// As views name it.
    fn name(self) -> &'static str {
        match self {
            Self::At => "at",
            Self::Cause => "cause",
            Self::Thought => "thought",
            Self::Before => "distress_before",
            Self::Trash => "trash",
        }
    }
}
