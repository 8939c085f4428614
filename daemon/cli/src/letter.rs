//! `ingle letter`: a letter whole, from a file, a pipe or JSON; on a terminal with none of them a page ([`page`]).

mod fields;
mod page;

use std::io::IsTerminal;

use clap::{Args, Subcommand};
use ingle_api::{Failure, FailureKind, Request, request::Saved};
use ingle_model::{LetterDraft, LetterText, Refused};

pub use self::fields::LetterFields;
use crate::{
    Context,
    ask::Interrupts,
    check_in::{self, entry_id},
    fields::Purpose,
    input::{self, Source},
    outcome::{Outcome, Stop},
};

// (A doc comment here would become the command's own help.)
#[derive(Args)]
pub struct LetterArguments {
    #[command(subcommand)]
    command: Option<LetterCommand>,
    #[command(flatten)]
    fields: LetterFields,
}

#[derive(Subcommand)]
enum LetterCommand {
    /// Change a letter: a text replaces the old one, flags change their fields; in a terminal with neither, go on writing
    Edit {
        /// As "list" tells it
        id: String,
        #[command(flatten)]
        fields: LetterFields,
    },
}

/// On a terminal with no text at hand a page, which hears Ctrl-C by itself.
pub async fn letter(context: &Context, arguments: &LetterArguments, interrupts: &mut Interrupts) -> Outcome {
    let (id, fields) = match &arguments.command {
        None => (None, &arguments.fields),
        Some(LetterCommand::Edit { id, fields }) => (Some(id), fields),
    };
    let has_text = fields.source().is_some() || fields.is_json() || !std::io::stdin().is_terminal();
    // An edit that names a field is about that field.
    let is_page = !has_text && (id.is_none() || fields.is_empty()) && (id.is_none() || arguments.fields.is_empty());
    if is_page {
        let id = id.map(|id| entry_id(id)).transpose()?;
        return page::write(context, id, fields, interrupts).await;
    }
    tokio::select! {
        biased;
        () = interrupts.next() => Err(Stop::Interrupted),
        outcome = whole(context, arguments) => outcome,
    }
}

/// A letter, or a change to one, that is handed in as it is to be.
pub async fn whole(context: &Context, arguments: &LetterArguments) -> Outcome {
    match &arguments.command {
        None => new(context, &arguments.fields).await,
        Some(LetterCommand::Edit { .. }) if !arguments.fields.is_empty() => Err(Failure::new(
            FailureKind::Usage,
            "there is something between \"letter\" and \"edit\"; nothing was changed",
            "write it behind the id: ingle letter edit ID --voice kind",
        )
        .into()),
        Some(LetterCommand::Edit { id, fields }) => edit(context, id, fields).await,
    }
}

async fn new(context: &Context, fields: &LetterFields) -> Outcome {
    let mut draft = fields.read(Purpose::New).await?;
    if !fields.is_json() {
        let source = fields.source().unwrap_or(Source::Stdin);
        draft.text = Some(input::text(source, LetterText::MAX_BYTES).await?);
    }
    draft.check().map_err(Failure::from)?;
    let saved = check_in::keep(context, Request::Letter { draft }).await?;
    context.print.answer(&saved, || check_in::kept(&saved))
}

async fn edit(context: &Context, id: &str, fields: &LetterFields) -> Outcome {
    let id = entry_id(id)?;
    let mut draft = fields.read(Purpose::Edit).await?;
    let source = fields.source().or_else(|| fields.is_empty().then_some(Source::Stdin));
    if let Some(source) = source {
        draft.text = Some(input::text(source, LetterText::MAX_BYTES).await?);
        draft.check().map_err(Failure::from)?;
    } else if draft == LetterDraft::default() {
        let why = Failure::new(FailureKind::Usage, "there is nothing to change", "hand in a text, or name a field");
        return Err(why.into());
    } else if draft.text.as_deref().is_some_and(|text| text.trim().is_empty()) {
        return Err(Failure::from(Refused::NothingLeft).into());
    }
    let mut client = check_in::journal(context).await?;
    let saved: Saved = client.call(Request::EditLetter { id, draft }).await?;
    context.print.answer(&saved, || "Changed. \"ingle undo\" takes it back.".to_owned())
}
