//! Pairing, from both sides: the ticket, the question, the end.

use ingle_api::{Client, Event, Failure, FailureKind, Request, request::Ticket, status::JournalState};
use serde_json::json;

use crate::{
    Context,
    args::LockFlags,
    ask::{Keyboard, has_terminal},
    home::with_lock,
    outcome::{Outcome, Stop},
    print::aside,
    reach,
};

pub async fn pair(context: &Context, yes: bool, readdress: bool) -> Outcome {
    let mut client = context.reach.journal().await?;
    let Ticket { ticket, expires_in_s } = client.call(Request::Pair { readdress }).await?;
    context.print.answer(&json!({"ticket": ticket}), || {
        let minutes = expires_in_s.div_ceil(60);
        format!("On the other device, within {minutes} minutes:\n\n  ingle join {ticket}\n\nWaiting for it. Ctrl-C takes the ticket back.")
    })?;
    conclude(context, &mut client, yes, |name| format!("\"{name}\" wants to be paired with this device. Let it in?"))
        .await
}

pub async fn join(context: &Context, ticket: &str, yes: bool, name: Option<String>, lock: LockFlags) -> Outcome {
    let (mut client, snapshot) = context.reach.connect().await?;
    if snapshot.journal == JournalState::Locked {
        reach::unlock(&mut client).await?;
    }
    // With a journal whose own keychain is away, a refusal is about that one.
    let falls_back = snapshot.journal != JournalState::Unavailable;
    let join = async |lock| {
        let request = Request::Join { ticket: ticket.to_owned(), name: name.clone(), lock };
        client.tell(request).await
    };
    with_lock(lock, falls_back, join).await?;
    conclude(context, &mut client, yes, |name| format!("This device would be paired with \"{name}\". Go on?")).await
}

/// Waits for the pair, or for what came instead. Ctrl-C drops the connection, and with it the ticket.
async fn conclude(context: &Context, client: &mut Client, yes: bool, question: impl Fn(&str) -> String) -> Outcome {
    let mut declined = None;
    loop {
        match client.next_event().await? {
            Event::Asks { name } => {
                let is_welcome = if yes {
                    true
                } else if has_terminal() {
                    agrees(client, &question(&name)).await?
                } else {
                    false
                };
                if !is_welcome {
                    declined = Some(if has_terminal() { declined_here() } else { nobody_to_ask() });
                }
                match client.tell(Request::Answer { accept: is_welcome }).await {
                    // Meanwhile the other side has gone; how it ended follows.
                    Err(failure) if failure.kind != FailureKind::Usage => return Err(failure.into()),
                    _ => {}
                }
            }
            Event::Paired { paired } => {
                return context.print.answer(&json!({"paired": paired}), || format!("Paired with \"{paired}\"."));
            }
            Event::PairingEnded { kind, message, hint } => {
                return Err(declined.unwrap_or(Failure { kind, message, hint }).into());
            }
            Event::Entry { .. }
            | Event::Link { .. }
            | Event::Journal { .. }
            | Event::Reminders { .. }
            | Event::Missed {} => {}
        }
    }
}

/// The person's answer, unless pairing comes to an end before it.
async fn agrees(client: &mut Client, question: &str) -> Outcome<bool> {
    let mut keyboard = Keyboard::new()?;
    tokio::select! {
        answer = keyboard.agrees(question, false) => answer,
        why = ending(client) => {
            aside("\n");
            Err(why)
        }
    }
}

async fn ending(client: &mut Client) -> Stop {
    loop {
        match client.next_event().await {
            Ok(Event::PairingEnded { kind, message, hint }) => return Failure { kind, message, hint }.into(),
            Ok(_) => {}
            Err(failure) => return failure.into(),
        }
    }
}

fn declined_here() -> Failure {
    Failure::new(FailureKind::Declined, "you declined; nothing was shared", "to try again, run \"ingle pair\"")
}

fn nobody_to_ask() -> Failure {
    Failure::new(
        FailureKind::Declined,
        "there is no terminal to ask in, so it was declined; nothing was shared",
        "use --yes if you are sure that the other device is yours",
    )
}
