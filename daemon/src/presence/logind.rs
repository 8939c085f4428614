//! logind, over the system's bus: the screen's lock, sleep, idleness. Decides nothing.
//!
//! Everything is told by signals; nothing is asked twice. zbus runs on a thread of its own here.

use futures_util::StreamExt;
use zbus::{
    Connection, MatchRule, MessageStream, connection,
    fdo::DBusProxy,
    message::Type,
    zvariant::{OwnedFd, OwnedObjectPath, OwnedValue},
};

use super::Keeper;

const LOGIND: &str = "org.freedesktop.login1";
const MANAGER_PATH: &str = "/org/freedesktop/login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const USER: &str = "org.freedesktop.login1.User";
const SESSION: &str = "org.freedesktop.login1.Session";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// Holds up sleep for as long as it is held.
type Inhibitor = Option<OwnedFd>;

/// Until the bus goes away.
pub async fn follow(keeper: &Keeper) -> zbus::Result<()> {
    let bus = connection::Builder::system()?.build().await?;
    let rule = MatchRule::builder().msg_type(Type::Signal).sender(LOGIND)?.build();
    let mut signals = MessageStream::for_match_rule(rule, &bus, None).await?;
    let names = DBusProxy::new(&bus).await?;
    let mut owners = names.receive_name_owner_changed_with_args(&[(0, LOGIND)]).await?;
    let mut session = look(&bus, keeper).await;
    let mut inhibitor = inhibit(&bus).await;
    tracing::debug!(is_there = session.is_some(), holds_sleep = inhibitor.is_some(), "logind was asked");
    loop {
        let message = tokio::select! {
            message = signals.next() => message,
            owner = owners.next() => match owner {
                Some(_) => {
                    session = look(&bus, keeper).await;
                    inhibitor = inhibit(&bus).await;
                    continue;
                }
                None => return Ok(()),
            },
        };
        let Some(message) = message else { return Ok(()) };
        let message = message?;
        let header = message.header();
        let path = header.path().map(|path| path.as_str());
        let is_own = path.is_some() && path == session.as_ref().map(|path| path.as_str());
        match header.member().map(|member| member.as_str()) {
            Some("PrepareForSleep") if path == Some(MANAGER_PATH) => {
                let is_asleep: bool = message.body().deserialize()?;
                keeper.enter(|room| room.is_asleep = is_asleep).await;
                // Sleep goes on now; it is held up again before the next one.
                inhibitor = if is_asleep { None } else { inhibit(&bus).await };
            }
            Some("Lock") if is_own => keeper.enter(|room| room.has_locked_screen = true).await,
            Some("Unlock") if is_own => keeper.enter(|room| room.has_locked_screen = false).await,
            Some("PropertiesChanged") if is_own => hints(&bus, keeper, session.as_ref()).await,
            Some("SessionNew" | "SessionRemoved") => session = look(&bus, keeper).await,
            // Another person's session, mostly.
            _ => {}
        }
        drop((header, &inhibitor));
    }
}

/// The person's graphical session, and how it stands now.
async fn look(bus: &Connection, keeper: &Keeper) -> Option<OwnedObjectPath> {
    let session = display(bus).await.ok().flatten();
    hints(bus, keeper, session.as_ref()).await;
    session
}

async fn display(bus: &Connection) -> zbus::Result<Option<OwnedObjectPath>> {
    let own = rustix::process::getuid().as_raw();
    let reply = bus.call_method(Some(LOGIND), MANAGER_PATH, Some(MANAGER), "GetUser", &own).await?;
    let user: OwnedObjectPath = reply.body().deserialize()?;
    let (_, session): (String, OwnedObjectPath) = property(bus, &user, USER, "Display").await?.try_into()?;
    Ok((session.as_str() != "/").then_some(session))
}

/// Without a session there is no screen that could be locked.
async fn hints(bus: &Connection, keeper: &Keeper, session: Option<&OwnedObjectPath>) {
    let hint =
        async |name: &str| -> Option<bool> { property(bus, session?, SESSION, name).await.ok()?.try_into().ok() };
    let is_locked = hint("LockedHint").await.unwrap_or(false);
    let is_idle = hint("IdleHint").await.unwrap_or(false);
    keeper
        .enter(|room| {
            room.has_locked_screen = is_locked;
            room.is_idle = is_idle;
        })
        .await;
}

async fn property(bus: &Connection, path: &OwnedObjectPath, interface: &str, name: &str) -> zbus::Result<OwnedValue> {
    let reply = bus.call_method(Some(LOGIND), path, Some(PROPERTIES), "Get", &(interface, name)).await?;
    reply.body().deserialize()
}

/// None where the system holds up no sleep for this program.
async fn inhibit(bus: &Connection) -> Inhibitor {
    let why = ("sleep", "Ingle", "Locking the journal", "delay");
    let reply = bus.call_method(Some(LOGIND), MANAGER_PATH, Some(MANAGER), "Inhibit", &why).await.ok()?;
    reply.body().deserialize().ok()
}
