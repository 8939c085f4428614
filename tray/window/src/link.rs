//! The real journal: a thread of its own with one connection to the daemon, which it starts if none runs.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use ingle_api::{Client, Failure, FailureKind, Places, Request};
use tokio::sync::mpsc;

use crate::journal::{Answer, Ask, Journal, News};

/// Requests that wait for the connection. A window has two under way at most.
const WAITING: usize = 32;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Called on the link's thread whenever there are news.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

#[derive(Debug)]
pub struct Link {
    asks: mpsc::Sender<Ask>,
    news: SyncSender<News>,
}

struct Outward {
    news: SyncSender<News>,
    wake: Wake,
}

impl Outward {
    /// False once the window is gone.
    fn tell(&self, news: News) -> bool {
        let told = self.news.send(news).is_ok();
        (self.wake)();
        told
    }
}

impl Link {
    /// Starts the thread; it ends when the link or the receiver is dropped.
    pub fn start(places: Places, client: &'static str, wake: Wake) -> std::io::Result<(Self, Receiver<News>)> {
        let (asks, waiting) = mpsc::channel(WAITING);
        // Bounded: a window that hangs holds the link up, not the memory.
        let (news, receiver) = sync_channel(256);
        let outward = Outward { news: news.clone(), wake };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("link".into()).stack_size(512 << 10).spawn(move || {
            runtime.block_on(keep_up(&places, client, waiting, &outward));
        })?;
        Ok((Self { asks, news }, receiver))
    }
}

impl Journal for Link {
    fn ask(&self, ask: Ask) {
        if let Err(refused) = self.asks.try_send(ask) {
            let (mpsc::error::TrySendError::Full(ask) | mpsc::error::TrySendError::Closed(ask)) = refused;
            // The news channel is emptied by the thread that asks, so this can only miss when the window is gone.
            self.news.try_send(News::Answer { number: ask.number, result: Err(away()) }).ok();
        }
    }
}

/// Connects again and again until the window is gone.
async fn keep_up(places: &Places, client: &'static str, mut asks: mpsc::Receiver<Ask>, outward: &Outward) {
    let mut pause = FIRST_PAUSE;
    loop {
        match ingle_api::spawn::connect_or_start(places, client).await {
            Ok((client, snapshot)) => {
                pause = FIRST_PAUSE;
                if !outward.tell(News::Up(snapshot)) || !serve(client, &mut asks, outward).await {
                    return;
                }
            }
            Err(failure) => {
                if !outward.tell(News::Down(failure)) {
                    return;
                }
            }
        }
        // Whoever asks meanwhile hears at once that nobody answers.
        let wait = tokio::time::sleep(pause);
        tokio::pin!(wait);
        loop {
            tokio::select! {
                () = &mut wait => break,
                ask = asks.recv() => match ask {
                    Some(ask) => if !outward.tell(News::Answer { number: ask.number, result: Err(away()) }) {
                        return;
                    },
                    None => return,
                },
            }
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Serves one connection. False when the window is gone, true when the connection is.
async fn serve(mut client: Client, asks: &mut mpsc::Receiver<Ask>, outward: &Outward) -> bool {
    if client.tell(Request::Watch {}).await.is_err() {
        return true;
    }
    loop {
        tokio::select! {
            ask = asks.recv() => {
                let Some(Ask { number, request }) = ask else { return false };
                let result = call(&mut client, request).await;
                let is_gone = matches!(&result, Err(failure) if failure.kind == FailureKind::Unavailable);
                if !outward.tell(News::Answer { number, result }) {
                    return false;
                }
                if is_gone {
                    return outward.tell(News::Down(away()));
                }
            }
            event = client.next_event() => match event {
                Ok(event) => if !outward.tell(News::Happened(event)) {
                    return false;
                },
                Err(failure) => return outward.tell(News::Down(failure)),
            },
        }
    }
}

async fn call(client: &mut Client, request: Request) -> Result<Answer, Failure> {
    match request {
        Request::CheckIn { .. } | Request::Edit { .. } | Request::Delete { .. } => {
            client.call(request).await.map(Answer::Saved)
        }
        Request::List { .. } => client.call(request).await.map(Answer::Entries),
        Request::OpenLetter { .. } | Request::FinishLetter { .. } => client.call(request).await.map(Answer::Page),
        Request::Letter { .. } | Request::EditLetter { .. } => client.call(request).await.map(Answer::Saved),
        Request::Reminders {} => client.call(request).await.map(Answer::Reminders),
        Request::Undo {} => client.call(request).await.map(Answer::Undone),
        other => client.tell(other).await.map(|()| Answer::Done),
    }
}

fn away() -> Failure {
    Failure::new(FailureKind::Unavailable, "Ingle isn't answering", "it is tried again by itself")
}
