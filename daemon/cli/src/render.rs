//! Values as a person reads them. Pure: no output, no clock.

pub mod reminders;

use ingle_api::{
    DeviceView, Event, KeySlot, Snapshot, Status,
    checkup::{Checkup, Condition},
    event::Change,
    status::{JournalState, LinkState},
};
use ingle_model::{EntryView, Moment, Motion};
use jiff::tz::TimeZone;

/// An entry on one line, its id last.
pub fn line(entry: &EntryView) -> String {
    let flag = if entry.deleted_then_changed { " (deleted on one device, changed on another)" } else { "" };
    let title = plain(&entry.title());
    let told = match &entry.letter {
        None => title,
        Some(letter) => {
            let voice = letter.voice.as_ref().map_or_else(String::new, |voice| format!(", {}", plain(&voice.label)));
            let title = if title.is_empty() { title } else { format!(": {title}") };
            format!("letter{voice}{title}")
        }
    };
    format!("{}  {told}{flag}  {}", minute(&entry.at), entry.id)
}

/// An entry with all that is in it; the text of a letter comes last.
pub fn whole(entry: &EntryView) -> String {
    let mut rows = vec![("When", format!("{} ({})", minute(&entry.at), zone(&entry.at)))];
    for feeling in &entry.feelings {
        rows.push(("Feeling", with_number(&feeling.label, feeling.intensity)));
    }
    for note in &entry.body {
        let motion = note.motion.map(|motion| match motion {
            Motion::Still => "still",
            Motion::Moving => "moving",
        });
        let strongest = note.strongest.then_some("strongest");
        let parts = [Some(note.place.as_str()), note.quality.as_deref(), motion, strongest];
        rows.push(("Body", parts.into_iter().flatten().collect::<Vec<_>>().join(", ")));
    }
    let distress = |number: Option<u8>| number.map(|number| number.to_string());
    let letter = entry.letter.as_ref();
    let fields = [
        ("Voice", letter.and_then(|letter| Some(letter.voice.as_ref()?.label.clone()))),
        ("Answers", letter.and_then(|letter| Some(letter.check_in?.to_string()))),
        ("Cause", entry.cause.clone()),
        ("Thought", entry.thought.clone()),
        ("Urge", entry.urge.clone()),
        ("Distress before", distress(entry.distress_before)),
        ("Distress after", distress(entry.distress_after)),
        ("Tags", Some(entry.tags.join(", ")).filter(|tags| !tags.is_empty())),
        ("Enough on", letter.and_then(|letter| Some(minute(letter.enough.as_ref()?)))),
    ];
    rows.extend(fields.into_iter().filter_map(|(name, value)| Some((name, value?))));
    for version in &entry.versions {
        rows.push(("Other version", format!("{}: {}", version.field, version.value)));
    }
    if entry.deleted_then_changed {
        rows.push(("Note", "deleted on one device while it was changed on another".to_owned()));
    }
    rows.push(("Written on", entry.device.clone()));
    rows.push(("Id", entry.id.to_string()));
    match letter {
        None => table(&rows),
        Some(letter) => format!("{}\n\n{}", table(&rows), text(&letter.text)),
    }
}

/// A person's text line by line, as it was written.
pub fn text(text: &str) -> String {
    let shown = |letter: char| if letter.is_control() && letter != '\t' { ' ' } else { letter };
    let lines: Vec<String> = text.lines().map(|line| line.chars().map(shown).collect()).collect();
    lines.join("\n")
}

pub fn devices(devices: &[DeviceView]) -> String {
    let lines: Vec<String> = devices.iter().map(device).collect();
    lines.join("\n")
}

/// `snapshot` is what a running daemon told besides.
pub fn status(status: &Status, snapshot: Option<&Snapshot>, zone: &TimeZone) -> String {
    let journal = match status.journal {
        JournalState::Absent => "none here yet",
        JournalState::Locked => "locked",
        JournalState::Unavailable => "can't be opened",
        JournalState::Open => "open",
        JournalState::Joining => "another device's is being joined",
    };
    let locks: Vec<&str> = status
        .key_slots
        .iter()
        .map(|slot| match slot {
            KeySlot::Keychain => "keychain",
            KeySlot::Passphrase => "passphrase",
            KeySlot::KeyFile => "open key file",
        })
        .collect();
    let mut rows = vec![("Ingle", status.version.clone()), ("Journal", journal.to_owned())];
    let given = [
        ("Device", status.device.clone()),
        ("Entries", status.entries.map(|entries| entries.to_string())),
        ("Waiting", (status.waiting > 0).then(|| waiting(status.waiting))),
        ("Locked by", Some(locks.join(", ")).filter(|locks| !locks.is_empty())),
        ("Daemon", Some(status.pid.map_or_else(|| "not running".to_owned(), |pid| format!("running (pid {pid})")))),
    ];
    rows.extend(given.into_iter().filter_map(|(name, value)| Some((name, value?))));
    if let Some(snapshot) = snapshot {
        rows.extend(snapshot.due.as_ref().map(|due| ("Reminder", reminders::due(due))));
        rows.extend(snapshot.paused.map(|paused| ("Reminders", reminders::paused(paused, zone))));
    }
    rows.extend(status.sync.iter().filter(|other| !other.this).map(|other| ("Paired with", device(other))));
    rows.extend(status.notices.iter().map(|notice| ("Good to know", notice.clone())));
    table(&rows)
}

/// A line for a person who watches; no word of an entry is in it.
pub fn event(event: &Event) -> String {
    match event {
        Event::Entry { id, kind, change, from } => {
            let change = match change {
                Change::Added => "added",
                Change::Edited => "changed",
                Change::Deleted => "deleted",
                Change::Restored => "brought back",
            };
            format!("{} {change} on {}  {id}", kind.name(), plain(from))
        }
        Event::Link { device, state: LinkState::Up } => format!("{} is here", plain(device)),
        Event::Link { device, state: LinkState::Down } => format!("{} is away", plain(device)),
        Event::Journal { state } => format!(
            "the journal {}",
            match state {
                JournalState::Absent => "is gone",
                JournalState::Locked => "is locked",
                JournalState::Unavailable => "can't be opened",
                JournalState::Open => "is open",
                JournalState::Joining => "is joining another one",
            }
        ),
        Event::Reminders { due: Some(_), .. } => "a reminder is due".to_owned(),
        Event::Reminders { due: None, .. } => "no reminder is due".to_owned(),
        Event::Asks { name } => format!("{} asks to be paired", plain(name)),
        Event::Paired { paired } => format!("paired with {}", plain(paired)),
        Event::PairingEnded { message, .. } => plain(message),
        Event::Missed {} => "some of what happened was missed; \"ingle list\" shows how things are".to_owned(),
    }
}

/// A line for each part, and below it what can be done.
pub fn checkup(checkup: &Checkup) -> String {
    let mut lines = Vec::new();
    for finding in &checkup.items {
        let mark = match finding.state {
            Condition::Ok => "there  ",
            Condition::Missing => "missing",
            Condition::Attention => "look   ",
        };
        lines.push(format!("{mark}  {}", plain(&finding.what)));
        lines.extend(finding.hint.as_ref().map(|hint| format!("         {}", plain(hint))));
    }
    let has = |state| checkup.items.iter().any(|finding| finding.state == state);
    let end = match (has(Condition::Attention), has(Condition::Missing)) {
        (true, _) => "What was saved is safe. What is marked \"look\" wants something done.",
        (false, true) => "What was saved is safe, and Ingle goes on without what is missing.",
        (false, false) => "Everything is there.",
    };
    lines.push(format!("\n{end}"));
    lines.join("\n")
}

fn waiting(entries: u64) -> String {
    let entries = if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") };
    format!("{entries}, to be seen after unlocking")
}

fn device(device: &DeviceView) -> String {
    let mut parts = vec![plain(&device.name)];
    if device.this {
        parts.push("this device".to_owned());
    } else {
        parts.push(if device.linked { "here".to_owned() } else { "away".to_owned() });
        parts.push(match &device.last_exchange {
            Some(at) => format!("last heard {}", minute(at)),
            None => "not heard yet".to_owned(),
        });
        parts.push(if device.up_to_date { "up to date".to_owned() } else { "not up to date".to_owned() });
    }
    parts.push(if device.entries == 1 { "1 entry".to_owned() } else { format!("{} entries", device.entries) });
    parts.join(", ")
}

/// To the minute, by the clock that it is told in.
fn minute(at: &str) -> String {
    match at.parse::<Moment>() {
        Ok(moment) => moment.zoned().strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => plain(at),
    }
}

fn zone(at: &str) -> String {
    at.parse::<Moment>().map(|moment| moment.zone().to_owned()).unwrap_or_default()
}

fn with_number(label: &str, number: Option<u8>) -> String {
    number.map_or_else(|| label.to_owned(), |number| format!("{label} {number}"))
}

/// Names in a column, values beside them, further lines of a value under its first.
fn table(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + 2;
    let mut text = String::new();
    for (name, value) in rows {
        for (index, line) in value.lines().enumerate() {
            let name = if index == 0 { *name } else { "" };
            text.push_str(format!("{name:width$}{}", plain(line)).trim_end());
            text.push('\n');
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// Text that can't move the terminal's cursor or change its colours, whoever wrote it.
pub fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests;
