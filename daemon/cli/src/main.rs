//! `ingle`, the command line: asks the daemon, prints the answer.
//!
//! | room | |
//! |---|---|
//! | [`args`], [`fields`], [`input`], [`when`] | what was typed or handed in, made into values |
//! | [`reach`], [`passphrase`], [`ask`] | the daemon, the lock, the person at the terminal |
//! | [`check_in`], [`letter`], [`read`], [`remind`], [`home`], [`around`], [`pairing`], [`watch`], [`help_now`] | the commands |
//! | [`conversation`] | a check-in by question and answer: `ingle` alone |
//! | [`print`], [`render`], [`outcome`] | what comes out |
//!
//! What may not live here: the core, automerge, crypto, decisions about entries.

mod args;
mod around;
mod ask;
mod check_in;
mod conversation;
mod fields;
mod help_now;
mod home;
mod input;
mod letter;
mod outcome;
mod pairing;
mod passphrase;
mod print;
mod reach;
mod read;
mod remind;
mod render;
mod watch;
mod when;

use std::process::ExitCode;

use ingle_api::{Failure, FailureKind, Places};

use crate::{
    args::{Arguments, Command},
    ask::Interrupts,
    outcome::{Outcome, Stop},
    print::Print,
    reach::Reach,
};

/// What every command has at hand.
struct Context {
    reach: Reach,
    print: Print,
}

fn main() -> ExitCode {
    let arguments = match args::read(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(stop) => return outcome::exit(Err(stop)),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => {
            let outcome = runtime.block_on(run(arguments));
            runtime.shutdown_background();
            outcome
        }
        Err(_) => Err(Failure::new(
            FailureKind::Unavailable,
            "the system gives Ingle nothing to run on",
            "close other programs and try again",
        )
        .into()),
    };
    outcome::exit(outcome)
}

async fn run(arguments: Arguments) -> Outcome {
    let mut interrupts = Interrupts::listen()?;
    let Arguments { globals, command } = arguments;
    let context = Context {
        reach: Reach::new(Places::find(globals.home.as_deref())?, !globals.no_start),
        print: Print::new(globals.json),
    };
    let command = match command {
        // Where somebody writes, Ctrl-C is an end like any other, and what was written is kept.
        None => return conversation::run(&context).await,
        Some(Command::Letter(arguments)) => return letter::letter(&context, &arguments, &mut interrupts).await,
        Some(command) => command,
    };
    tokio::select! {
        biased;
        () = interrupts.next() => Err(Stop::Interrupted),
        outcome = perform(&context, command) => outcome,
    }
}

async fn perform(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Init { name, lock } => home::init(context, name.as_deref(), lock).await,
        Command::CheckIn { fields } => check_in::check_in(context, &fields).await,
        Command::List { filter } => read::list(context, &filter).await,
        Command::Show { id } => read::show(context, &id).await,
        Command::Edit { id, fields } => check_in::edit(context, &id, &fields).await,
        Command::Delete { id } => check_in::delete(context, &id).await,
        Command::Undo => check_in::undo(context).await,
        Command::Search { words, filter } => read::search(context, &words, &filter).await,
        Command::Letter(arguments) => letter::whole(context, &arguments).await,
        Command::Remind(arguments) => remind::remind(context, &arguments).await,
        Command::Pair { yes, readdress } => pairing::pair(context, yes, readdress).await,
        Command::Join { ticket, yes, name, lock } => pairing::join(context, &ticket, yes, name, lock).await,
        Command::Watch => watch::watch(context).await,
        Command::Devices => home::devices(context).await,
        Command::Status => home::status(context).await,
        Command::Unlock => home::unlock(context).await,
        Command::Lock => home::lock(context).await,
        Command::Doctor => around::doctor(context).await,
        Command::Autostart { command } => around::autostart(context, command).await,
        Command::Stop => home::stop(context).await,
        Command::HelpNow { country } => help_now::print(context, country.as_deref()),
    }
}
