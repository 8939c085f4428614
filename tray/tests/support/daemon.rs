//! A daemon that knows how a journal stands, and nothing else.

use std::fs;

use ingle_api::{
    API_VERSION, Event, Places, Request, Snapshot,
    framing::{Call, Message},
    status::JournalState,
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::watch,
    task::JoinSet,
};

use super::Desk;

/// Gone with all its connections when dropped; the socket stays behind, as after a crash.
pub struct Daemon {
    journal: watch::Sender<JournalState>,
    _tasks: JoinSet<()>,
}

impl Daemon {
    pub fn start(desk: &Desk, journal: JournalState) -> Self {
        let places = Places::under(&desk.home());
        fs::create_dir_all(places.runtime_dir()).expect("a folder");
        fs::remove_file(places.socket_path()).ok();
        let listener = UnixListener::bind(places.socket_path()).expect("a socket");
        let (journal, stands) = watch::channel(journal);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut callers = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.expect("a caller");
                callers.spawn(serve(stream, stands.clone()));
            }
        });
        Self { journal, _tasks: tasks }
    }

    pub fn tell(&self, journal: JournalState) {
        self.journal.send(journal).expect("somebody listens");
    }
}

async fn serve(stream: UnixStream, mut journal: watch::Receiver<JournalState>) {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut is_watched = false;
    loop {
        let message = tokio::select! {
            line = lines.next_line() => {
                let Ok(Some(line)) = line else { return };
                let call = Call::parse(&line).expect("a request");
                match call.request {
                    Request::Hello { .. } => Message::reply(call.id, &snapshot(*journal.borrow())),
                    Request::Watch {} => {
                        is_watched = true;
                        journal.mark_unchanged();
                        Message::reply(call.id, &Value::Null)
                    }
                    other => panic!("the tray asked for {other:?}"),
                }
            }
            Ok(()) = journal.changed(), if is_watched => Message::event(Event::Journal { state: *journal.borrow_and_update() }),
        };
        if writer.write_all(format!("{}\n", message.to_line()).as_bytes()).await.is_err() {
            return;
        }
    }
}

fn snapshot(journal: JournalState) -> Snapshot {
    Snapshot {
        api: API_VERSION,
        version: "0.1.0".to_owned(),
        journal,
        device: String::new(),
        entries: 0,
        due: None,
        paused: None,
    }
}
