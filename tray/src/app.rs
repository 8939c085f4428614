//! The parts put together: what happens goes into one queue, [`Tray`] decides, the edges act.

use std::{collections::VecDeque, io, sync::Arc};

use ingle_api::{Failure, FailureKind, Places};
use tokio::{
    runtime::{Builder, Handle},
    signal::unix::{SignalKind, signal},
    sync::{Notify, mpsc, watch},
    task::JoinSet,
};

use crate::{
    bus,
    desktop::{Desktop, Programs},
    link, menu, notify,
    notify::Order,
    once::{self, Start},
    panel,
    reminding::Fate,
    requests,
    requests::{Ask, Outcome},
    tray::{Effect, Input, Tray},
};

/// Inputs that wait for [`serve`]: it never waits itself, so this is for bursts of clicks.
const WAITING: usize = 32;

/// Shows the icon of this home until the person quits, the session ends or a signal comes. Returns at once where another
/// process shows it already.
///
/// # Errors
/// Where there is no desktop to show an icon on.
pub fn run(places: Places) -> Result<(), Failure> {
    // A folder that takes no files keeps no icon away; there may be two then.
    let _seat = match once::start(&places) {
        Ok(Start::Second) => return Ok(()),
        Ok(Start::First(seat)) => Some(seat),
        Err(_) => None,
    };
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| no_start(&error))?;
    runtime.block_on(show(places))
}

async fn show(places: Places) -> Result<(), Failure> {
    let (inputs, queue) = mpsc::channel(WAITING);
    let bus = bus::open().await?;
    let tray = Tray::default();
    let (faces, shown) = watch::channel(tray.face());
    let desktop = Programs::new(&places, inputs.clone()).map_err(|error| no_start(&error))?;
    panel::start(shown, inputs.clone(), Handle::current()).map_err(|error| no_start(&error))?;
    let reach = Arc::new(Notify::new());
    let (asks, asked) = mpsc::channel(WAITING);
    let (orders, ordered) = mpsc::channel(WAITING);
    // Ended with this function, wherever each one waits.
    let mut tasks = JoinSet::new();
    tasks.spawn(end_on_signals(inputs.clone()));
    tasks.spawn(notify::serve(bus.clone(), ordered, inputs.clone()));
    tasks.spawn(bus::watch(bus, inputs.clone()));
    tasks.spawn(requests::serve(places.clone(), asked, inputs.clone()));
    tasks.spawn(link::keep_up(places, inputs, Arc::clone(&reach)));
    serve(tray, queue, &Edges { desktop, faces, reach, asks, orders }).await;
    Ok(())
}

/// Where effects go.
struct Edges<D> {
    desktop: D,
    faces: watch::Sender<menu::Face>,
    reach: Arc<Notify>,
    asks: mpsc::Sender<Ask>,
    orders: mpsc::Sender<Order>,
}

async fn serve(mut tray: Tray, mut queue: mpsc::Receiver<Input>, edges: &Edges<impl Desktop>) {
    while let Some(input) = queue.recv().await {
        let mut effects = VecDeque::from(tray.handle(input));
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Open(opening) => edges.desktop.open(opening),
                Effect::Reach => edges.reach.notify_one(),
                // Both queues are for bursts of clicks; what finds one full is told as not done.
                Effect::Ask(ask) => {
                    if edges.asks.try_send(ask).is_err() {
                        effects.extend(tray.handle(Input::Asked(ask, Outcome::Not)));
                    }
                }
                Effect::Notify(notice) => {
                    if edges.orders.try_send(Order::Show(notice)).is_err() {
                        effects.extend(tray.handle(Input::Noticed(notice, Fate::NotShown)));
                    }
                }
                Effect::Withdraw(notice) => drop(edges.orders.try_send(Order::Withdraw(notice))),
                Effect::End => return,
            }
        }
        let face = tray.face();
        edges.faces.send_if_modified(|shown| {
            let is_new = *shown != face;
            *shown = face;
            is_new
        });
    }
}

async fn end_on_signals(inputs: mpsc::Sender<Input>) {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        // Then the signals end the process by themselves, which is as good here.
        return;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    inputs.send(Input::Over).await.ok();
}

fn no_start(error: &io::Error) -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        format!("the icon can't be started: {}", error.kind()),
        "try again in a moment; in a terminal, \"ingle\" is a check-in",
    )
}
