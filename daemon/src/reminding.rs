//! Reminders while the daemon runs: one task waits for the clock and for whoever comes back, asks core what is due, and tells it.
//!
//! It outlives the journal's locking: it goes on with what it knew, and what the person does about reminders meanwhile is written
//! when the journal is open again. What may not live here: when something is due.

use ingle_api::{
    Event, Failure, Request,
    request::{Due, Handled, Reminders as RemindersReply, RuleView},
    status::JournalState,
};
use ingle_core::{
    captured::Captured,
    engine::{Done, Remind, Write},
    reminders::{Presence, Reminders, View},
};
use ingle_model::{Handling, Moment, Pause, Paused, Slot};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    failures,
    journal::{Journal, Stage, closing},
    wall_clock::WallTimer,
};

/// Requests that may wait.
const WAITING_ASKS: usize = 16;

/// What is told to everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    pub due: Option<Due>,
    pub paused: Option<Paused>,
}

/// The way to the task.
#[derive(Debug, Clone)]
pub struct Reminding {
    told: watch::Receiver<Told>,
    asks: mpsc::Sender<Ask>,
}

/// The task's end of it.
#[derive(Debug)]
pub struct Seat {
    told: watch::Sender<Told>,
    asks: mpsc::Receiver<Ask>,
}

#[derive(Debug)]
struct Ask {
    what: What,
    reply: oneshot::Sender<Result<Value, Failure>>,
}

#[derive(Debug)]
enum What {
    List,
    Pause(Pause),
    Handle { slot: Option<Slot>, how: Handling },
    Shown(Slot),
}

impl Reminding {
    pub fn new() -> (Self, Seat) {
        let (told_sender, told) = watch::channel(Told::default());
        let (sender, asks) = mpsc::channel(WAITING_ASKS);
        (Self { told, asks: sender }, Seat { told: told_sender, asks })
    }

    /// What was told last.
    pub fn told(&self) -> Told {
        self.told.borrow().clone()
    }

    async fn ask(&self, what: What) -> Result<Value, Failure> {
        let (reply, answer) = oneshot::channel();
        self.asks.send(Ask { what, reply }).await.map_err(|_| closing())?;
        answer.await.map_err(|_| closing())?
    }
}

/// The reply to a request about reminders.
pub async fn answer(journal: &Journal, request: Request) -> Result<Value, Failure> {
    let what = match request {
        Request::AddReminder { draft } => {
            let engine = journal.engine().await?;
            let Done::Rule { rule } = engine.write(Write::Remind(Remind::Add(draft))).await? else {
                return Err(failures::fault());
            };
            let now = Clock::start()?.now();
            let reminders = engine.query(move |engine| engine.reminders(&now).map(|all| all.views(&now))).await?;
            let views = reminders.map_err(failures::reading)?;
            let view = views.into_iter().find(|view| view.rule.id == rule).ok_or_else(failures::fault)?;
            return value(rule_view(view));
        }
        Request::RemoveReminder { id } => return write(journal, Remind::Remove(id)).await,
        Request::SetQuietHours { hours } => return write(journal, Remind::Quiet(hours)).await,
        Request::Reminders {} => What::List,
        Request::PauseReminders { pause } => What::Pause(pause),
        Request::HandleReminder { slot, how } => What::Handle { slot, how },
        Request::ReminderShown { slot } => What::Shown(slot),
        _ => return Err(failures::fault()),
    };
    journal.settled().await;
    journal.reminding().ask(what).await
}

async fn write(journal: &Journal, remind: Remind) -> Result<Value, Failure> {
    journal.engine().await?.write(Write::Remind(remind)).await?;
    Ok(Value::Null)
}

/// Until `stop`.
pub async fn run(journal: Journal, mut presence: watch::Receiver<Presence>, stop: CancellationToken) {
    let Some(mut seat) = journal.take_seat() else { return };
    let Ok(clock) = Clock::start() else {
        return tracing::warn!("the clock tells no year that a journal can hold: nothing reminds");
    };
    let mut desk = Desk { journal: journal.clone(), clock, reminders: None };
    let (mut stages, mut timer) = (journal.stages(), WallTimer::new());
    loop {
        stages.mark_unchanged();
        let mut changes = desk.refresh().await;
        let here = *presence.borrow_and_update();
        let next = desk.tell(here, &seat.told);
        let ask = tokio::select! {
            () = stop.cancelled() => return,
            // The journal outlives this task, and nobody who comes or goes is as good as the last one known.
            Ok(()) = stages.changed() => None,
            Ok(()) = presence.changed() => None,
            Ok(()) = changed(&mut changes) => None,
            Some(ask) = seat.asks.recv() => Some(ask),
            () = timer.wait(next) => None,
        };
        if let Some(Ask { what, reply }) = ask {
            desk.refresh().await;
            let here = *presence.borrow();
            let answer = desk.answer(what, here).await;
            // Told to everybody before it is told to the one who asked, so that what they read next is up to date.
            desk.refresh().await;
            desk.tell(*presence.borrow(), &seat.told);
            // Whoever asked may have gone; what was asked is done all the same.
            drop(reply.send(answer));
        }
    }
}

/// Never, where there is no engine that could tell.
async fn changed(changes: &mut Option<watch::Receiver<u64>>) -> Result<(), watch::error::RecvError> {
    match changes {
        Some(changes) => changes.changed().await,
        None => std::future::pending().await,
    }
}

struct Desk {
    journal: Journal,
    clock: Clock,
    /// None until a journal was open.
    reminders: Option<Reminders>,
}

impl Desk {
    /// Reads what the journal says, if it is open. Gives what tells of changes from then on.
    async fn refresh(&mut self) -> Option<watch::Receiver<u64>> {
        let engine = match self.journal.stage() {
            Stage::Open(open) => open.engine().clone(),
            Stage::Shut(shut) if shut.state == JournalState::Absent => {
                self.reminders = None;
                return None;
            }
            Stage::Shut(_) | Stage::Opening | Stage::Joining | Stage::Closed => return None,
        };
        let mut changes = engine.reminder_changes();
        changes.mark_unchanged();
        let now = self.clock.now();
        match engine.query(move |engine| engine.reminders(&now)).await {
            Ok(Ok(reminders)) => self.reminders = Some(reminders),
            Ok(Err(error)) => tracing::warn!(%error, "the reminders can't be read now"),
            // It is being locked: what was known goes on.
            Err(_) => return None,
        }
        Some(changes)
    }

    /// Tells what is due, and gives when to ask again.
    fn tell(&mut self, presence: Presence, told: &watch::Sender<Told>) -> Option<Timestamp> {
        let now = self.clock.now();
        let decision = self.reminders.as_ref().map(|reminders| reminders.decide(&now, presence));
        let due = decision.and_then(|decision| decision.due).map(due_view);
        let new = Told { due, paused: decision.and_then(|decision| decision.paused) };
        let is_other = told.send_if_modified(|told| {
            let is_other = *told != new;
            *told = new.clone();
            is_other
        });
        if is_other {
            self.journal.announce(Event::Reminders { due: new.due, paused: new.paused });
        }
        decision.and_then(|decision| decision.next)
    }

    async fn answer(&mut self, what: What, presence: Presence) -> Result<Value, Failure> {
        let now = self.clock.now();
        match what {
            What::List => {
                self.journal.engine().await?;
                value(self.list(presence))
            }
            What::Pause(pause) => {
                self.remind(Remind::Pause { pause, at: now }).await?;
                self.refresh().await;
                value(self.list(presence))
            }
            What::Handle { slot, how } => {
                // Whoever asks is there.
                let here = Presence::Here { since: Timestamp::UNIX_EPOCH };
                let due = || self.reminders.as_ref()?.decide(&now, here).due.map(|due| due.slot);
                let slot = match slot.or_else(due) {
                    Some(slot) => slot,
                    None if self.reminders.is_some() => return Err(failures::no_such_reminder()),
                    None => return Err(self.locked().await),
                };
                match self.remind(Remind::Handle { slot, how, at: now }).await? {
                    Done::Handled(handled) => value(Handled { slot: handled.slot, before: handled.before }),
                    _ => Err(failures::fault()),
                }
            }
            What::Shown(slot) => {
                self.remind(Remind::Shown { slot, at: now }).await?;
                Ok(Value::Null)
            }
        }
    }

    /// Writes it, or while the journal is locked puts it into the inbox.
    async fn remind(&mut self, remind: Remind) -> Result<Done, Failure> {
        if let Stage::Open(open) = self.journal.stage() {
            return open.engine().write(Write::Remind(remind)).await;
        }
        let Some(reminders) = &mut self.reminders else { return Err(self.locked().await) };
        let done = reminders.apply(&remind).map_err(|_| failures::no_such_reminder())?;
        let what = match &remind {
            Remind::Handle { slot, how, .. } => Captured::Handle(*slot, *how),
            Remind::Pause { pause, .. } => Captured::Pause(*pause),
            Remind::Shown { slot, .. } => Captured::Shown(*slot),
            Remind::Add(_) | Remind::Remove(_) | Remind::Quiet(_) => return Err(self.locked().await),
        };
        match (self.journal.capture(what).await?, self.journal.stage()) {
            (Some(_), _) => Ok(done.map_or(Done::Reminded, Done::Handled)),
            // It was opened just now.
            (None, Stage::Open(open)) => open.engine().write(Write::Remind(remind)).await,
            (None, _) => Err(self.locked().await),
        }
    }

    /// Why nothing is known of reminders.
    async fn locked(&self) -> Failure {
        self.journal.engine().await.err().unwrap_or_else(failures::fault)
    }

    fn list(&mut self, presence: Presence) -> RemindersReply {
        let now = self.clock.now();
        let Some(reminders) = &self.reminders else { return RemindersReply::default() };
        RemindersReply {
            rules: reminders.views(&now).into_iter().map(rule_view).collect(),
            quiet: reminders.quiet(),
            paused: reminders.paused(now.instant()),
            due: reminders.decide(&now, presence).due.map(due_view),
        }
    }
}

fn due_view(due: ingle_core::reminders::Due) -> Due {
    Due { slot: due.slot, kind: due.kind, letter: due.letter, is_shown: due.is_shown }
}

fn rule_view(View { rule, next, letters }: View) -> RuleView {
    RuleView { id: rule.id, kind: rule.kind, time: rule.time, next: next.as_ref().map(Moment::to_string), letters }
}

fn value<T: Serialize>(answer: T) -> Result<Value, Failure> {
    serde_json::to_value(answer).map_err(|_| failures::fault())
}
