//! A daemon that knows how a journal stands and which reminder is due, and what it was asked; nothing else.

use std::fs;

use ingle_api::{
    API_VERSION, Change, Event, Failure, FailureKind, Places, Request, Snapshot,
    framing::{Call, Message},
    request::{Due, Handled, Reminders, Undone},
    status::JournalState,
};
use ingle_model::{EntryId, EntryKind, Handling, Paused, RuleId, RuleKind, Slot};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::{broadcast, mpsc, watch},
    task::JoinSet,
};

use super::{Desk, within};

/// Gone with all its connections when dropped; the socket stays behind, as after a crash.
pub struct Daemon {
    stands: watch::Sender<Stands>,
    events: broadcast::Sender<Event>,
    asked: mpsc::UnboundedReceiver<String>,
    _tasks: JoinSet<()>,
}

#[derive(Clone)]
struct Stands {
    journal: JournalState,
    due: Option<Due>,
    paused: Option<Paused>,
    /// What became of the reminder elsewhere, unknown to the icon.
    before: Option<Handling>,
    refuses: bool,
}

/// A reminder that is due, on a day of March.
pub fn due(day: i8, kind: RuleKind) -> Due {
    let slot = Slot { rule: RuleId::from_bytes([7; 16]), date: format!("2026-03-{day:02}").parse().expect("a date") };
    Due { slot, kind, letter: None, is_shown: false }
}

pub const ENTRY: EntryId = EntryId::from_bytes([9; 16]);

impl Daemon {
    pub fn start(desk: &Desk, journal: JournalState) -> Self {
        Self::start_with(desk, journal, None)
    }

    pub fn start_with(desk: &Desk, journal: JournalState, due: Option<Due>) -> Self {
        let places = Places::under(&desk.home());
        fs::create_dir_all(places.runtime_dir()).expect("a folder");
        fs::remove_file(places.socket_path()).ok();
        let listener = UnixListener::bind(places.socket_path()).expect("a socket");
        let (stands, _) = watch::channel(Stands { journal, due, paused: None, before: None, refuses: false });
        let (events, _) = broadcast::channel(16);
        let (asks, asked) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        let (callers_stands, callers_events) = (stands.clone(), events.clone());
        tasks.spawn(async move {
            let mut callers = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.expect("a caller");
                callers.spawn(serve(stream, callers_stands.clone(), callers_events.clone(), asks.clone()));
            }
        });
        Self { stands, events, asked, _tasks: tasks }
    }

    pub fn tell(&self, journal: JournalState) {
        self.stands.send_modify(|stands| stands.journal = journal);
        self.send(Event::Journal { state: journal });
    }

    pub fn tell_due(&self, due: Option<Due>) {
        self.stands.send_modify(|stands| stands.due = due);
        self.send(reminders(&self.stands.borrow()));
    }

    pub fn tell_paused(&self, paused: Option<Paused>) {
        self.stands.send_modify(|stands| stands.paused = paused);
        self.send(reminders(&self.stands.borrow()));
    }

    /// An entry was kept on this device.
    pub fn tell_saved(&self) {
        let from = "laptop".to_owned();
        self.send(Event::Entry { id: ENTRY, kind: EntryKind::CheckIn, change: Change::Added, from });
    }

    /// From now on every reminder was handled before.
    pub fn settle(&self, before: Handling) {
        self.stands.send_modify(|stands| stands.before = Some(before));
    }

    /// Whether from now on nothing that is asked for is done.
    pub fn refuse(&self, refuses: bool) {
        self.stands.send_modify(|stands| stands.refuses = refuses);
    }

    /// What it is asked for next, as JSON.
    pub async fn asked(&mut self) -> String {
        within("a request", self.asked.recv()).await.expect("the daemon runs")
    }

    pub fn was_asked_more(&mut self) -> bool {
        self.asked.try_recv().is_ok()
    }

    fn send(&self, event: Event) {
        // There may be no icon just now.
        self.events.send(event).ok();
    }
}

fn reminders(stands: &Stands) -> Event {
    Event::Reminders { due: stands.due.clone(), paused: stands.paused }
}

async fn serve(
    stream: UnixStream,
    stands: watch::Sender<Stands>,
    events: broadcast::Sender<Event>,
    asks: mpsc::UnboundedSender<String>,
) {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut watched = None;
    loop {
        let message = tokio::select! {
            line = lines.next_line() => {
                let Ok(Some(line)) = line else { return };
                let call = Call::parse(&line).expect("a request");
                match &call.request {
                    Request::Hello { .. } => Message::reply(call.id, &snapshot(&stands.borrow())),
                    Request::Watch {} => {
                        watched = Some(events.subscribe());
                        Message::reply(call.id, &Value::Null)
                    }
                    request => {
                        asks.send(serde_json::to_string(request).expect("JSON")).expect("the test listens");
                        answer(call.id, request, &stands, &events)
                    }
                }
            }
            Ok(event) = next(&mut watched) => Message::event(event),
        };
        if writer.write_all(format!("{}\n", message.to_line()).as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn next(watched: &mut Option<broadcast::Receiver<Event>>) -> Result<Event, broadcast::error::RecvError> {
    match watched {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}

fn answer(id: u64, request: &Request, stands: &watch::Sender<Stands>, events: &broadcast::Sender<Event>) -> Message {
    if stands.borrow().refuses {
        return Message::failure(Some(id), Failure::new(FailureKind::Unavailable, "not now", "try again"));
    }
    let before = stands.borrow().clone();
    match request {
        Request::ReminderShown { slot } => {
            stands.send_modify(|stands| {
                stands.due.iter_mut().filter(|due| due.slot == *slot).for_each(|due| due.is_shown = true);
            });
        }
        Request::HandleReminder { slot: Some(slot), .. } => {
            if before.before.is_none() {
                stands.send_modify(|stands| {
                    stands.due.take_if(|due| due.slot == *slot);
                });
                events.send(reminders(&stands.borrow())).expect("the icon listens");
            }
            return Message::reply(id, &Handled { slot: *slot, before: before.before });
        }
        Request::PauseReminders { .. } => {
            let reply = Reminders { paused: before.paused, due: before.due, ..Reminders::default() };
            return Message::reply(id, &reply);
        }
        Request::Undo {} => return Message::reply(id, &Undone { id: ENTRY, what: Change::Deleted }),
        Request::Lock {} => {
            stands.send_modify(|stands| stands.journal = JournalState::Locked);
            events.send(Event::Journal { state: JournalState::Locked }).expect("the icon listens");
        }
        other => panic!("the tray asked for {other:?}"),
    }
    Message::reply(id, &Value::Null)
}

fn snapshot(stands: &Stands) -> Snapshot {
    let device = if stands.journal == JournalState::Open { "laptop" } else { "" };
    Snapshot {
        api: API_VERSION,
        version: "0.1.0".to_owned(),
        journal: stands.journal,
        device: device.to_owned(),
        entries: 0,
        due: stands.due.clone(),
        paused: stands.paused,
    }
}
