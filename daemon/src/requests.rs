//! What each request does.

use ingle_api::{
    Change, Failure, FailureKind, Request, Status,
    request::{Saved, Undone},
    status::JournalState,
};
use ingle_core::{
    captured::Captured,
    engine::{self, Done, Write},
};
use ingle_model::Moment;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::{failures, home, journal::Journal, letters, questions, reminding, settings};

/// The time that an entry is about may lie this far ahead: clocks and zones differ.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// The reply's value. [`Request::Watch`] and pairing belong to the connection.
pub async fn answer(journal: &Journal, request: Request) -> Result<Value, Failure> {
    match request {
        Request::CheckIn { draft } => {
            draft.check()?;
            check_time(draft.at.as_deref())?;
            save(journal, Write::CheckIn(draft)).await
        }
        Request::Edit { id, draft } => {
            check_time(draft.at.as_deref())?;
            save(journal, Write::Edit { id, draft }).await
        }
        Request::Delete { id } => save(journal, Write::Delete { id }).await,
        Request::Undo {} => save(journal, Write::Undo).await,
        Request::List { query } => {
            value(journal.engine().await?.query(|engine| questions::list(engine, query)).await??)
        }
        Request::Show { id } => value(journal.engine().await?.query(move |engine| questions::show(engine, id)).await??),
        Request::Devices {} => {
            let open = journal.opened().await?;
            let linked = open.links.linked().borrow().clone();
            value(open.engine().query(move |engine| questions::devices(engine, &linked)).await?)
        }
        Request::Status {} => value(status(journal).await),
        Request::Unlock { passphrase } => {
            journal.unlock(passphrase).await?;
            Ok(Value::Null)
        }
        Request::Lock {} => {
            journal.lock().await?;
            Ok(Value::Null)
        }
        Request::LockSettings {} => value(settings::lock_settings(journal.places())?),
        Request::SetLockSettings { settings } => {
            settings::set_lock_settings(journal.places(), settings)?;
            Ok(Value::Null)
        }
        Request::Stop {} => {
            journal.end().await;
            Ok(Value::Null)
        }
        Request::Letter { draft } => {
            draft.check()?;
            check_time(draft.at.as_deref())?;
            save(journal, Write::Letter(draft)).await
        }
        request @ (Request::EditLetter { .. }
        | Request::OpenLetter { .. }
        | Request::KeepLetter { .. }
        | Request::FinishLetter { .. }) => letters::answer(journal, request).await,
        request @ (Request::Reminders {}
        | Request::AddReminder { .. }
        | Request::RemoveReminder { .. }
        | Request::SetQuietHours { .. }
        | Request::PauseReminders { .. }
        | Request::HandleReminder { .. }
        | Request::ReminderShown { .. }) => reminding::answer(journal, request).await,
        Request::Hello { .. } => Err(Failure::new(FailureKind::Usage, "hello is said once", "see docs/api.md")),
        Request::Watch {} | Request::Pair { .. } | Request::Join { .. } | Request::Answer { .. } => {
            Err(failures::fault())
        }
    }
}

/// A write that is answered when it is on the disk. What is new is kept for later while the journal is locked; else, while it is
/// shut, whoever handed in words hears that they were not saved.
async fn save(journal: &Journal, write: Write) -> Result<Value, Failure> {
    let has_words = matches!(write, Write::CheckIn(_) | Write::Letter(_) | Write::Edit { .. });
    let whole = match &write {
        Write::CheckIn(draft) => Some(Captured::CheckIn(draft.clone())),
        Write::Letter(draft) => Some(Captured::Letter(draft.clone())),
        _ => None,
    };
    if let Some(whole) = whole.clone()
        && let Some(saved) = journal.capture(whole).await?
    {
        return value(saved);
    }
    let engine = journal.engine().await.map_err(|why| if has_words { why.unsaved() } else { why })?;
    let done = match engine.write(write).await {
        // It was locked in between, and the engine had not heard of it.
        Err(gone) if gone.kind == FailureKind::Unavailable => match whole {
            Some(whole) => return value(journal.capture(whole).await?.ok_or(gone)?),
            None => return Err(gone),
        },
        done => done?,
    };
    match done {
        Done::Saved { id, at } => value(Saved { id, at: at.to_string(), waiting: false }),
        Done::Undone { id, what } => {
            let what = match what {
                engine::Change::Added => Change::Added,
                engine::Change::Edited => Change::Edited,
                engine::Change::Deleted => Change::Deleted,
                engine::Change::Restored => Change::Restored,
            };
            value(Undone { id, what })
        }
        _ => Err(failures::fault()),
    }
}

/// A time more than a day ahead is a slip of the keyboard. One that can't be read is refused by the draft's own check.
pub(crate) fn check_time(at: Option<&str>) -> Result<(), Failure> {
    let about = at.and_then(|at| at.parse::<Moment>().ok());
    match about {
        Some(about) if about.instant() > Timestamp::now() + AHEAD => Err(Failure::new(
            FailureKind::Usage,
            "that time lies more than a day ahead; nothing was saved",
            "give the time that it is about, or leave it out for now",
        )),
        _ => Ok(()),
    }
}

async fn status(journal: &Journal) -> Status {
    let (state, key_slots, why) = journal.state().await;
    let mut status = Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        journal: state,
        device: None,
        entries: None,
        locked: state == JournalState::Locked,
        waiting: 0,
        notices: home::notices(&key_slots),
        key_slots,
        sync: Vec::new(),
        heads: Vec::new(),
        pid: Some(std::process::id()),
    };
    status.notices.extend(why.map(|failure| failures::sentence(&failure)));
    status.waiting = journal.waiting().await;
    if let Ok(open) = journal.opened().await {
        let linked = open.links.linked().borrow().clone();
        if let Ok(told) = open.engine().query(move |engine| questions::status(engine, &linked)).await {
            status.device = Some(told.device);
            status.entries = Some(told.entries);
            status.sync = told.sync;
            status.heads = told.heads;
            status.waiting = told.waiting;
            status.notices.extend(told.notices);
        }
    }
    status
}

pub(crate) fn value<T: Serialize>(answer: T) -> Result<Value, Failure> {
    serde_json::to_value(answer).map_err(|_| failures::fault())
}
