//! Commands that read: list, show, search.

use ingle_api::{Failure, FailureKind, Request, request::ListQuery};
use ingle_model::{EntryKind, EntryView};
use jiff::ZonedDateTime;

use crate::{
    Context,
    args::Span,
    check_in::entry_id,
    outcome::Outcome,
    print, render,
    when::{End, bound},
};

/// How many entries a person is shown who didn't say how many.
const PAGE: usize = 20;

pub async fn list(context: &Context, span: &Span, kind: Option<&str>, limit: Option<usize>) -> Outcome {
    let now = ZonedDateTime::now();
    let bound = |text: &Option<String>, end| text.as_deref().map(|text| bound(text, end, &now)).transpose();
    let query = ListQuery {
        since_ms: bound(&span.since, End::Since)?,
        until_ms: bound(&span.until, End::Until)?,
        kind: kind.map(entry_kind).transpose()?,
        ..ListQuery::default()
    };
    entries(context, query, limit).await
}

pub async fn search(context: &Context, words: Vec<String>, limit: Option<usize>) -> Outcome {
    let words: Vec<String> = words.iter().map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Err(Failure::new(FailureKind::Usage, "there is no word to look for", "give one or more").into());
    }
    entries(context, ListQuery { words, ..ListQuery::default() }, limit).await
}

pub async fn show(context: &Context, id: &str) -> Outcome {
    let id = entry_id(id)?;
    let mut client = context.reach.journal().await?;
    let entry: EntryView = client.call(Request::Show { id }).await?;
    context.print.answer(&entry, || render::whole(&entry))
}

async fn entries(context: &Context, mut query: ListQuery, limit: Option<usize>) -> Outcome {
    let page = limit.is_none() && !context.print.is_json();
    // One more than is shown tells whether there are more.
    query.limit = if page { Some(PAGE + 1) } else { limit };
    let mut client = context.reach.journal().await?;
    let entries: Vec<EntryView> = client.call(Request::List { query }).await?;
    if context.print.is_json() {
        return print::json(&entries);
    }
    if entries.is_empty() {
        return print::line("Nothing here.");
    }
    let shown = if page { PAGE } else { entries.len() };
    let lines: Vec<String> = entries.iter().take(shown).map(render::line).collect();
    print::line(&lines.join("\n"))?;
    if entries.len() > shown { print::line(&format!("The newest {PAGE}; --limit shows more.")) } else { Ok(()) }
}

fn entry_kind(text: &str) -> Result<EntryKind, Failure> {
    [EntryKind::CheckIn, EntryKind::Letter].into_iter().find(|kind| kind.name() == text).ok_or_else(|| {
        Failure::new(FailureKind::Usage, "there is no such kind of entry", "the kinds are: check-in, letter")
    })
}
