//! What shows notifications, made of a few lines.

use std::{collections::HashMap, time::Duration};

use tokio::{sync::mpsc, time::timeout};
use zbus::{Connection, message::Header, names::UniqueName, zvariant::OwnedValue};

use super::{Desk, within};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// How it behaves; the specification allows all of it.
#[derive(Clone, Copy, Default)]
pub struct Manners {
    /// What happens to a notification goes to the program that sent it and to nobody else.
    pub is_discreet: bool,
    /// This action is chosen before the program knows the notification's number.
    pub acts_at_once: Option<&'static str>,
}

/// Gone from the bus when dropped.
pub struct Server {
    connection: Connection,
    manners: Manners,
    shown: mpsc::UnboundedReceiver<Shown>,
    closed: mpsc::UnboundedReceiver<u32>,
}

/// A notification as it came.
#[derive(Debug, Clone)]
pub struct Shown {
    pub id: u32,
    pub sender: String,
    pub title: String,
    pub body: String,
    /// Id and label in turn.
    pub actions: Vec<String>,
    pub is_silent: bool,
    pub urgency: u8,
}

struct Notifications {
    manners: Manners,
    count: u32,
    shows: mpsc::UnboundedSender<Shown>,
    closes: mpsc::UnboundedSender<u32>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Notifications {
    #[expect(clippy::too_many_arguments, reason = "the specification has them")]
    async fn notify(
        &mut self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        _program: String,
        _replaces: u32,
        _icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        _expires: i32,
    ) -> u32 {
        self.count += 1;
        let id = self.count;
        let sender = header.sender().expect("the bus says who").to_string();
        let is_silent = hints.get("suppress-sound").is_some_and(|hint| hint.downcast_ref() == Ok(true));
        let urgency = hints.get("urgency").map_or(1, |hint| hint.downcast_ref().expect("a byte"));
        let shown = Shown { id, sender, title, body, actions, is_silent, urgency };
        if let Some(action) = self.manners.acts_at_once {
            let to = self.manners.is_discreet.then_some(shown.sender.as_str());
            signal(connection, to, "ActionInvoked", &(id, action)).await;
            signal(connection, to, "NotificationClosed", &(id, 2_u32)).await;
        }
        self.shows.send(shown).expect("the test listens");
        id
    }

    fn close_notification(&self, id: u32) {
        self.closes.send(id).expect("the test listens");
    }
}

async fn signal<B: serde::Serialize + zbus::zvariant::DynamicType>(
    connection: &Connection,
    to: Option<&str>,
    name: &str,
    body: &B,
) {
    let to = to.map(|to| UniqueName::try_from(to).expect("a name of the bus"));
    connection.emit_signal(to, PATH, NAME, name, body).await.expect("a bus");
}

impl Server {
    pub async fn start(desk: &Desk, manners: Manners) -> Self {
        let ((shows, shown), (closes, closed)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        let notifications = Notifications { manners, count: 0, shows, closes };
        let connection = zbus::connection::Builder::address(desk.address.as_str())
            .and_then(|builder| builder.serve_at(PATH, notifications))
            .and_then(|builder| builder.name(NAME))
            .expect("the names are right")
            .build();
        Self { connection: within("the bus", connection).await.expect("a bus"), manners, shown, closed }
    }

    /// What is shown next.
    pub async fn shown(&mut self) -> Shown {
        within("a notification", self.shown.recv()).await.expect("the server runs")
    }

    pub fn has_another(&mut self) -> bool {
        self.shown.try_recv().is_ok()
    }

    /// The notification that the program closes next.
    pub async fn closed(&mut self) -> u32 {
        within("the end of a notification", self.closed.recv()).await.expect("the server runs")
    }

    /// The person chooses an action, and with that the notification goes.
    pub async fn choose(&self, shown: &Shown, action: &str) {
        self.say(shown, "ActivationToken", &(shown.id, "token-9")).await;
        self.say(shown, "ActionInvoked", &(shown.id, action)).await;
        self.swipe(shown).await;
    }

    /// The person chooses an action, again if nothing comes of it, until the notification is closed for it. What is said to the
    /// program alone can't be heard before it listens there.
    pub async fn choose_until_heard(&mut self, shown: &Shown, action: &str) {
        let again = Duration::from_millis(50);
        let heard = async {
            loop {
                self.say(shown, "ActionInvoked", &(shown.id, action)).await;
                if let Ok(closed) = timeout(again, self.closed.recv()).await {
                    break assert_eq!(closed, Some(shown.id));
                }
            }
        };
        within(action, heard).await;
    }

    pub async fn swipe(&self, shown: &Shown) {
        self.say(shown, "NotificationClosed", &(shown.id, 2_u32)).await;
    }

    async fn say<B: serde::Serialize + zbus::zvariant::DynamicType>(&self, shown: &Shown, name: &str, body: &B) {
        let to = self.manners.is_discreet.then_some(shown.sender.as_str());
        signal(&self.connection, to, name, body).await;
    }

    pub async fn stop(self) {
        self.connection.close().await.expect("closes");
    }
}
