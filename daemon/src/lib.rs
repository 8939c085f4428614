//! `ingled`, the daemon: owns the journal's engine and acts for it, on the disk, the local socket and the link.
//!
//! The core decides, this acts. [`run`] is the daemon; [`cli::main`] is the program around it, with its one-shots.
//! What may not live here: decisions about entries, keys and sync.
//!
//! | room | |
//! |---|---|
//! | [`store`], [`files`] | rows in SQLite, private files |
//! | [`key_file`], [`keychain`], `passphrase`, [`home`] | keys and locks at rest |
//! | [`engine_task`], `engine_loop`, [`opening`], [`journal`], `locking`, `inbox`, [`presence`], `settings` | the engine's thread and the journal's states |
//! | [`socket`], [`server`], [`connection`], [`requests`], `letters`, `upgrade` | the local contract |
//! | [`doctor`], [`autostart`] | what is around Ingle, and its start at login |
//! | `reminding`, `wall_clock` | reminders, and waiting for their time |
//! | [`link`], [`pairing`], `join`, `joining` | the other devices |

pub mod autostart;
pub mod cli;
pub mod connection;
pub mod doctor;
pub mod engine_task;
pub mod files;
pub mod home;
pub mod instance;
pub mod journal;
pub mod key_file;
pub mod keychain;
mod letters;
pub mod link;
pub mod opening;
pub mod pairing;
pub mod presence;
pub mod requests;
pub mod server;
pub mod socket;
pub mod store;

mod clock;
mod engine_loop;
mod failures;
mod inbox;
mod join;
mod joining;
mod locking;
mod log;
mod pairing_desk;
mod passphrase;
mod peer_notes;
mod platform;
mod questions;
mod random;
mod reminding;
mod settings;
mod upgrade;
mod wall_clock;

use std::{sync::Arc, time::Duration};

use ingle_api::{Failure, FailureKind, Places};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::{instance::Instance, journal::Journal, keychain::Keychain, socket::Socket, store::Pragmas};

/// From the wish to end until the process ends, whatever is under way.
const END_LIMIT: Duration = Duration::from_secs(5);

/// What one daemon is started with.
#[derive(Debug)]
pub struct Options {
    pub places: Places,
    pub pragmas: Pragmas,
    pub keychain: Arc<dyn Keychain>,
    /// Opens the journal at once if a passphrase locks it.
    pub passphrase: Option<Zeroizing<String>>,
}

/// Runs the daemon until it is asked to end. `on_listening` is called once, when the socket takes callers.
pub fn run(options: Options, on_listening: impl FnOnce()) -> Result<(), Failure> {
    let instance = Instance::take(&options.places)?;
    log::start(&options.places.log_path());
    joining::recover(&options.places)?;
    let runtime = runtime()?;
    let result = runtime.block_on(serve(options, instance, on_listening));
    // What is still blocked in the keychain's dialog is left behind.
    runtime.shutdown_timeout(Duration::ZERO);
    result
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|_| {
        Failure::new(
            FailureKind::Unavailable,
            "the system gives Ingle no threads",
            "close other programs and try again",
        )
    })
}

async fn serve(options: Options, instance: Instance, on_listening: impl FnOnce()) -> Result<(), Failure> {
    let Options { places, pragmas, keychain, passphrase } = options;
    let stop = CancellationToken::new();
    let socket = Socket::listen(&places)?;
    let journal = Journal::new(places, pragmas, keychain, stop.clone());
    let opening = tokio::spawn({
        let journal = journal.clone();
        // Why it is not open is kept for whoever asks for it.
        async move { drop(journal.open(passphrase).await) }
    });
    let server = tokio::spawn(server::serve(socket, journal.clone(), stop.clone()));
    let presence = presence::start(journal.clone(), stop.clone());
    let reminding = tokio::spawn(reminding::run(journal.clone(), presence, stop.clone()));
    on_listening();
    platform::notify_ready();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), pid = std::process::id(), "listening");

    tokio::select! {
        () = platform::asked_to_end() => stop.cancel(),
        () = stop.cancelled() => {}
    }
    platform::notify_stopping();
    let ending = async {
        opening.abort();
        drop(reminding.await);
        journal.close().await;
        drop(instance);
        journal.is_gone();
        drop(server.await);
    };
    if tokio::time::timeout(END_LIMIT, ending).await.is_err() {
        tracing::error!("not everything ended in time");
    }
    tracing::info!("ended");
    if journal.has_fault() { Err(failures::fault()) } else { Ok(()) }
}
