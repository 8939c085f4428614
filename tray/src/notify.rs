//! Notifications: what [`Notice`]s look like, and what becomes of them.
//!
//! notify-rust shows and closes them. It begins to listen only after the notification is on the screen, and then for ever; so
//! besides it this listens from the start on the bus that is held anyway, and watches who shows notifications. Each shown one keeps
//! a connection of its own, which is part of it: where the connection goes, some desktops take the notification away.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use notify_rust::{Hint, Notification, NotificationHandle, NotificationResponse, Urgency};
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinSet},
    time::timeout,
};
use zbus::{Connection, MatchRule, Message, MessageStream, fdo::DBusProxy, message};

use crate::{
    menu::{MOMENT, SETTLED},
    reminding::{Fate, Notice},
    tray::Input,
};

/// The name of what shows notifications, and its interface.
const SERVER: &str = "org.freedesktop.Notifications";
/// A server that was asked to show something, or to close it, and does not answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// A notification that is left alone is let go of; what is due then the daemon says.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// What is heard of notifications whose number is not known yet.
const MOST_EARLY: usize = 64;
/// Connections of notifications that are closed, which go together when none is open.
const MOST_KEPT: usize = 8;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Show(Notice),
    Withdraw(Notice),
}

/// Does what it is ordered until nobody orders any more, or the bus is gone.
pub async fn serve(bus: Connection, mut orders: mpsc::Receiver<Order>, inputs: mpsc::Sender<Input>) {
    let Ok(mut signals) = listen(&bus).await else { return };
    let Ok(watcher) = DBusProxy::new(&bus).await else { return };
    let Ok(mut owners) = watcher.receive_name_owner_changed_with_args(&[(0, SERVER)]).await else { return };
    let mut board = Board {
        bus,
        inputs,
        pending: Vec::new(),
        shown: Vec::new(),
        early: Vec::new(),
        kept: Vec::new(),
        is_told: false,
    };
    let (mut showing, mut waiting) = (JoinSet::new(), JoinSet::new());
    loop {
        tokio::select! {
            // What the bus said first counts first.
            biased;
            signal = signals.next() => match signal {
                Some(Ok(message)) => board.signalled(&message).await,
                Some(Err(_)) => {}
                None => return,
            },
            Some(Ok((id, word))) = waiting.join_next() => board.heard(id, word).await,
            Some(shown) = showing.join_next() => {
                // A task that panicked has said so; what it was to show is not there.
                if let Ok((notice, result)) = shown {
                    board.shown(notice, result, &mut waiting).await;
                }
            }
            change = owners.next() => match change {
                Some(change) => {
                    let is_there = change.args().is_ok_and(|args| args.new_owner().is_some());
                    board.server_changed(is_there).await;
                }
                None => return,
            },
            order = orders.recv() => match order {
                Some(Order::Show(notice)) => {
                    board.pending.push(Pending { notice, is_withdrawn: false });
                    showing.spawn(async move { (notice, show(notice).await) });
                }
                Some(Order::Withdraw(notice)) => board.withdraw(notice),
                None => return,
            },
        }
    }
}

/// What was heard of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    /// Comes before an action: what lets a window come to the front.
    Token(String),
    Action(String),
    Closed,
}

struct Pending {
    notice: Notice,
    is_withdrawn: bool,
}

struct Shown {
    notice: Notice,
    id: u32,
    handle: Arc<NotificationHandle>,
    token: Option<String>,
    waiting: AbortHandle,
}

struct Board {
    bus: Connection,
    inputs: mpsc::Sender<Input>,
    /// On their way to the server.
    pending: Vec<Pending>,
    shown: Vec<Shown>,
    early: Vec<(u32, Word)>,
    /// Where the connection of an earlier notification goes, GNOME may drop the later ones of the same program too.
    kept: Vec<Arc<NotificationHandle>>,
    /// That nothing shows notifications is said once.
    is_told: bool,
}

impl Board {
    async fn tell(&self, notice: Notice, fate: Fate) {
        // Nobody listens any more when this program is ending.
        self.inputs.send(Input::Noticed(notice, fate)).await.ok();
    }

    async fn shown(
        &mut self,
        notice: Notice,
        result: Result<NotificationHandle, String>,
        waiting: &mut JoinSet<(u32, Word)>,
    ) {
        let Some(at) = self.pending.iter().position(|pending| pending.notice == notice) else { return };
        let pending = self.pending.remove(at);
        let handle = match result {
            Ok(handle) => Arc::new(handle),
            Err(why) => {
                if !self.is_told {
                    eprintln!(
                        "note: nothing on this desktop shows notifications: {why}\nhint: reminders are the first line of the icon's menu"
                    );
                    self.is_told = true;
                }
                self.forget_early();
                self.tell(notice, Fate::NotShown).await;
                return;
            }
        };
        self.is_told = false;
        if pending.is_withdrawn {
            close(Arc::clone(&handle));
            self.kept.push(handle);
            self.forget_early();
            return;
        }
        let id = handle.id();
        let waiting = waiting.spawn(wait(Arc::clone(&handle), self.bus.clone()));
        self.shown.push(Shown { notice, id, handle, token: None, waiting });
        self.tell(notice, Fate::Shown).await;
        for (_, word) in self.early.extract_if(.., |(of, _)| *of == id).collect::<Vec<_>>() {
            self.heard(id, word).await;
        }
        self.forget_early();
    }

    fn forget_early(&mut self) {
        if self.pending.is_empty() {
            self.early.clear();
        }
    }

    async fn signalled(&mut self, message: &Message) {
        let Some((id, word)) = read(message) else { return };
        if self.shown.iter().any(|shown| shown.id == id) {
            self.heard(id, word).await;
        } else if !self.pending.is_empty() && self.early.len() < MOST_EARLY {
            self.early.push((id, word));
        }
    }

    /// The first word that ends it counts; the same one comes again by the other way.
    async fn heard(&mut self, id: u32, word: Word) {
        let Some(at) = self.shown.iter().position(|shown| shown.id == id) else { return };
        let fate = match word {
            Word::Token(token) => {
                self.shown[at].token = Some(token);
                return;
            }
            Word::Action(action) => match action.as_str() {
                "default" => Fate::Opened(self.shown[at].token.take()),
                "later" => Fate::Later,
                "nottoday" => Fate::NotToday,
                _ => return,
            },
            Word::Closed => Fate::Gone,
        };
        let has_acted = fate != Fate::Gone;
        let shown = self.shown.remove(at);
        shown.waiting.abort();
        if has_acted {
            // Some leave it on the screen.
            close(Arc::clone(&shown.handle));
        }
        self.keep(shown.handle);
        self.tell(shown.notice, fate).await;
    }

    fn withdraw(&mut self, notice: Notice) {
        for pending in self.pending.iter_mut().filter(|pending| pending.notice == notice) {
            pending.is_withdrawn = true;
        }
        for shown in self.shown.extract_if(.., |shown| shown.notice == notice).collect::<Vec<_>>() {
            shown.waiting.abort();
            close(Arc::clone(&shown.handle));
            self.keep(shown.handle);
        }
    }

    fn keep(&mut self, handle: Arc<NotificationHandle>) {
        self.kept.push(handle);
        if self.kept.len() > MOST_KEPT && self.shown.is_empty() && self.pending.is_empty() {
            self.kept.clear();
        }
    }

    /// What an earlier server showed went with it, and its numbers mean others now.
    async fn server_changed(&mut self, is_there: bool) {
        for shown in std::mem::take(&mut self.shown) {
            shown.waiting.abort();
            self.tell(shown.notice, Fate::Gone).await;
        }
        self.kept.clear();
        self.early.clear();
        if is_there {
            self.inputs.send(Input::ServerCame).await.ok();
        }
    }
}

fn notification(notice: Notice) -> Notification {
    let mut notification = Notification::new();
    notification
        .appname("Ingle")
        .summary("Ingle")
        .hint(Hint::SuppressSound(true))
        .hint(Hint::DesktopEntry("ingle".to_owned()))
        // GNOME shows nothing of what is less urgent; more would get past "do not disturb".
        .urgency(Urgency::Normal)
        .action("default", "Open");
    match notice {
        Notice::Moment { .. } => {
            notification.body(&format!("{MOMENT}.")).action("later", "Later").action("nottoday", "Not today")
        }
        Notice::Settled { .. } => notification.body(SETTLED),
    };
    notification
}

async fn show(notice: Notice) -> Result<NotificationHandle, String> {
    match timeout(ANSWER_LIMIT, notification(notice).show_async()).await {
        Ok(shown) => shown.map_err(|error| error.to_string()),
        Err(_) => Err(format!("it didn't answer in {} s", ANSWER_LIMIT.as_secs())),
    }
}

/// What is said to the notification's own connection alone, as some servers do; and an end in any case.
async fn wait(handle: Arc<NotificationHandle>, bus: Connection) -> (u32, Word) {
    let mut word = Word::Closed;
    let heard = handle.wait_for_action_async(|response| {
        word = match response {
            NotificationResponse::Default => Word::Action("default".to_owned()),
            NotificationResponse::Action(action) => Word::Action(action.clone()),
            NotificationResponse::Reply(_) | NotificationResponse::Closed(_) => Word::Closed,
        };
    });
    if timeout(LONGEST, heard).await.is_err() {
        close(Arc::clone(&handle));
    }
    // Our connection may have heard more: a token before the action, an action too early for this one. After a way to the bus and
    // back, what the bus had for ours is there, and counts first.
    if let Ok(daemon) = DBusProxy::new(&bus).await {
        daemon.get_id().await.ok();
    }
    (handle.id(), word)
}

fn close(handle: Arc<NotificationHandle>) {
    tokio::spawn(async move {
        // One that is gone already is closed well enough.
        drop(timeout(ANSWER_LIMIT, handle.close_async()).await);
    });
}

async fn listen(bus: &Connection) -> zbus::Result<MessageStream> {
    let rule = MatchRule::builder().msg_type(message::Type::Signal).interface(SERVER)?.build();
    MessageStream::for_match_rule(rule, bus, None).await
}

fn read(message: &Message) -> Option<(u32, Word)> {
    let body = message.body();
    match message.header().member()?.as_str() {
        "ActivationToken" => body.deserialize().ok().map(|(id, token)| (id, Word::Token(token))),
        "ActionInvoked" => body.deserialize().ok().map(|(id, action)| (id, Word::Action(action))),
        "NotificationClosed" => body.deserialize::<(u32, u32)>().ok().map(|(id, _)| (id, Word::Closed)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ingle_model::{RuleId, RuleKind, Slot};

    use super::*;

    #[test]
    fn all_reminders_look_alike_and_are_silent() {
        let slot = Slot { rule: RuleId::from_bytes([7; 16]), date: jiff::civil::date(2026, 3, 9) };
        let [daily, letters] =
            [RuleKind::Daily, RuleKind::LettersWeek].map(|kind| notification(Notice::Moment { slot, kind }));
        assert_eq!((&daily.body, &daily.hints, &daily.actions), (&letters.body, &letters.hints, &letters.actions));
        assert_eq!((daily.appname.as_str(), daily.summary.as_str()), ("Ingle", "Ingle"));
        assert_eq!(daily.actions, ["default", "Open", "later", "Later", "nottoday", "Not today"]);
        assert!(daily.hints.contains(&Hint::SuppressSound(true)));
        assert!(daily.hints.contains(&Hint::Urgency(Urgency::Normal)));
    }
}
