//! The laws that a world is held to. Nothing here changes anything but what the model has learnt of ids.

use std::{collections::BTreeSet, fmt};

use ingle_core::engine::Query;
use ingle_model::EntryView;

use super::model::{self, Model, Set, Standing};

/// Numbered as in the design, where it has a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// 1: what was acknowledged is on the disk and never disappears; the rest is there whole or not at all.
    Durable,
    /// 1: what is on the disk shows, as it was written.
    Shown,
    /// 2: devices that hold the same show the same, and know that they do.
    Same,
    /// 3: duplicates, reordering, loss and path change nothing but time.
    Path,
    /// 4: quiet means no bundles and no writes.
    Quiet,
    /// 6: the devices that went back say so, and no others.
    Told,
    /// 7: a clone or a restored disk costs no entry.
    Kept,
    /// The engine uses disk and links as it promises to.
    Seam,
}

/// A law that was broken, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub law: Law,
    pub what: String,
}

impl Broken {
    pub fn new(law: Law, what: impl Into<String>) -> Self {
        Self { law, what: what.into() }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.law, self.what)
    }
}

/// Fails with this when the claim doesn't hold.
pub fn claim(law: Law, holds: bool, what: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken::new(law, what())) }
}

/// What is shown is what was written by those whose bundles are here: every entry, every field, every version.
pub fn shows_what_was_written(model: &mut Model, seen: &Set, views: &[EntryView]) -> Result<(), Broken> {
    let mut expected = model.shown(seen);
    for view in views {
        let [tag] = &view.tags[..] else {
            return Err(Broken::new(Law::Shown, format!("an entry with the tags {:?}", view.tags)));
        };
        let there = model.entry_by_tag(tag).and_then(|entry| Some((entry, expected.remove(&entry)?)));
        let Some((entry, (content, standing))) = there else {
            return Err(Broken::new(Law::Shown, format!("{tag} shows, and should not, or not twice")));
        };
        claim(Law::Shown, model.learn(entry, view.id), || format!("{tag} has another id than before"))?;
        let (told, to_tell) = (model::told(view), model::to_tell(&content));
        claim(Law::Shown, told == to_tell, || format!("{tag} says {told:?} and should say {to_tell:?}"))?;
        let is_changed = standing == Standing::DeletedThenChanged;
        claim(Law::Shown, view.deleted_then_changed == is_changed, || {
            format!("{tag} says that it was changed after a deletion: {}", view.deleted_then_changed)
        })?;
        let is_hurt = matches!(&view.feelings[..], [one] if one.id == "hurt" && one.intensity == Some(70));
        let is_own = model.entries()[entry].device == view.device_id;
        claim(Law::Shown, is_hurt && is_own, || format!("{tag} has other feelings, or another device"))?;
    }
    let missing: Vec<&str> = expected.keys().map(|entry| model.entries()[*entry].tag.as_str()).collect();
    claim(Law::Shown, missing.is_empty(), || format!("{missing:?} should show"))?;
    let is_newest_first = views.is_sorted_by_key(|view| std::cmp::Reverse((view.at_ms, view.id)));
    claim(Law::Shown, is_newest_first, || "the list is not newest first".to_owned())
}

/// What a query gives is what is left of the whole list.
pub fn answers(query: &Query, whole: &[EntryView], answer: &[EntryView]) -> Result<(), Broken> {
    let (since, until) = (query.since_ms.unwrap_or(i64::MIN), query.until_ms.unwrap_or(i64::MAX));
    let wanted = whole.iter().filter(|view| (since..until).contains(&view.at_ms));
    let wanted: Vec<&EntryView> = wanted.take(query.limit.unwrap_or(usize::MAX)).collect();
    claim(Law::Shown, wanted.iter().copied().eq(answer), || {
        format!("a query for {:?} gave {} entries and not {}", (since, until, query.limit), answer.len(), wanted.len())
    })
}

/// A disk holds these bundles, and nothing that was on it before is missing.
pub fn holds(
    model: &Model,
    name: &str,
    remembered: &Set,
    there: &[ingle_core::bundle::BundleKey],
) -> Result<(), Broken> {
    let mut held = Set::default();
    for key in there {
        let number = model.number(key).ok_or_else(|| {
            Broken::new(Law::Durable, format!("{name} holds a bundle at place {} that nobody made", key.seq))
        })?;
        held.insert(number);
    }
    let lost: BTreeSet<u64> =
        remembered.iter().filter(|number| !held.holds(*number)).map(|number| model.key(number).seq).collect();
    claim(Law::Durable, lost.is_empty(), || {
        format!("{name} has lost what it had said to be saved, at places {lost:?}")
    })?;
    claim(Law::Durable, held == *remembered, || format!("{name} holds what it did not commit"))
}

const WENT_ON_ELSEWHERE: &str = "This journal was found to have gone on elsewhere";

/// A device that met, in its own log, what it does not hold says so. One that was never copied or put back has nothing to say.
pub fn says(name: &str, notices: &[String], must_say: bool, may_say: bool) -> Result<(), Broken> {
    let says = notices.iter().any(|line| line.starts_with(WENT_ON_ELSEWHERE));
    claim(Law::Told, says || !must_say, || format!("{name} went on elsewhere, and does not say so"))?;
    claim(Law::Told, !says || may_say, || format!("{name} says that it went on elsewhere, and did not"))?;
    claim(Law::Told, notices.len() == usize::from(says), || format!("{name} says {notices:?}"))
}
