//! `ingle` alone: a check-in by question and answer, in plain lines that a screen reader can follow.
//!
//! What was chosen is kept however the person leaves. What may not live here: what a line means ([`words`]).

mod words;

use std::io::IsTerminal;

use ingle_api::{
    Failure, FailureKind, Request,
    request::{Saved, Undone},
};
use ingle_model::{CheckInDraft, EntryId};
use serde::de::DeserializeOwned;

use crate::{
    Context,
    args::LockFlags,
    ask::{Keyboard, Typed, has_terminal},
    check_in,
    conversation::words::{Chosen, Said},
    help_now, home,
    outcome::{Outcome, Stop},
    print::{self, aside},
};

/// Asked after the words, for whoever wants to go on.
const QUESTIONS: [(&str, Field); 3] = [
    ("What brought it?", Field::Cause),
    ("What does it seem to say?", Field::Thought),
    ("What does it make you want to do?", Field::Urge),
];

#[derive(Debug, Clone, Copy)]
enum Field {
    Cause,
    Thought,
    Urge,
}

impl Field {
    fn draft(self, text: String) -> CheckInDraft {
        let mut draft = CheckInDraft::default();
        let field = match self {
            Self::Cause => &mut draft.cause,
            Self::Thought => &mut draft.thought,
            Self::Urge => &mut draft.urge,
        };
        *field = Some(text);
        draft
    }
}

pub async fn run(context: &Context) -> Outcome {
    if !has_terminal() || !std::io::stdout().is_terminal() {
        return Err(Failure::new(
            FailureKind::Usage,
            "a check-in by question and answer needs a terminal",
            "say it in one line instead, for example: ingle check-in --feel sad",
        )
        .into());
    }
    let mut keyboard = Keyboard::new()?;
    if context.reach.is_empty() {
        let offer = "There is no journal here yet; one can be made now, sealed and only on this computer. Make it?";
        if !keyboard.agrees(offer, true).await? {
            return print::line("Nothing was made. \"ingle help-now\" works without one.");
        }
        let made = home::make(context, None, LockFlags { passphrase: false, key_file: false }).await?;
        print::line(&home::describe(&made))?;
    }
    // What is in the way is told before anything is written, not after.
    let (client, _) = context.reach.for_words().await?;
    drop(client);

    print::line(&words::greeting())?;
    let (chosen, stays) = choose(&mut keyboard).await?;
    if !stays {
        // Ctrl-C and Ctrl-D leave the cursor in the line.
        aside("\n");
    }
    if chosen.is_empty() {
        return print::line("Nothing was kept, and that's fine.");
    }
    let draft = CheckInDraft { feelings: Some(chosen.into_drafts()), ..CheckInDraft::default() };
    let saved = check_in::keep(context, Request::CheckIn { draft }).await.inspect_err(told_unsaved)?;
    if saved.waiting {
        return print::line("Kept. You'll see it after unlocking.");
    }
    if stays { go_on(context, &mut keyboard, saved.id).await } else { print::line("Kept what you chose.") }
}

/// Words, until an empty line; `false` when the person left before it.
async fn choose(keyboard: &mut Keyboard) -> Outcome<(Chosen, bool)> {
    let mut chosen = Chosen::default();
    loop {
        let line = match keyboard.line("> ").await {
            Typed::Line(line) => line,
            Typed::End | Typed::Interrupted => return Ok((chosen, false)),
        };
        match words::read(&line) {
            Said::Nothing => return Ok((chosen, true)),
            Said::Leave => return Ok((chosen, false)),
            Said::Words(drafts) => {
                let remark = chosen.add(drafts);
                print::line(&format!("{remark}{}", chosen.summary()))?;
            }
            Said::TakeBack => {
                chosen.take_back();
                print::line(&chosen.summary())?;
            }
            Said::Explain(word) => print::line(&words::explain(&word))?,
            Said::Help => print::line(&help_now::text(None))?,
            Said::Unclear(told) => print::line(&told)?,
        }
    }
}

/// The folded part. Every answer is kept as soon as it is there.
async fn go_on(context: &Context, keyboard: &mut Keyboard, id: EntryId) -> Outcome {
    let Typed::Line(wish) = keyboard.line("Kept. More about it? (y/N, u takes it back) ").await else {
        return print::line("");
    };
    match wish.trim().to_lowercase().as_str() {
        "y" | "yes" => {}
        "u" | "undo" => {
            let _undone: Undone = keep(context, Request::Undo {}).await?;
            return print::line("Taken back.");
        }
        _ => return Ok(()),
    }
    print::line("None of this has to be argued with. Enter skips a question.")?;
    for (question, field) in QUESTIONS {
        let Typed::Line(answer) = keyboard.line(&format!("{question}\n> ")).await else {
            return print::line("\nWhat you wrote until here is kept.");
        };
        if !answer.trim().is_empty() {
            let _saved: Saved = keep(context, Request::Edit { id, draft: field.draft(answer) }).await?;
        }
    }
    print::line("That's kept. \"ingle list\" shows it.")
}

/// On a connection of its own: the daemon may have been restarted while the person was thinking.
async fn keep<T: DeserializeOwned>(context: &Context, request: Request) -> Outcome<T> {
    let kept = async { Ok(context.reach.journal().await?.call(request).await?) };
    kept.await.inspect_err(told_unsaved)
}

fn told_unsaved(stop: &Stop) {
    if !matches!(stop, Stop::Interrupted) {
        aside("That didn't save. Your words are still on this screen.\n");
    }
}
