//! Commands that read: list, show, search.

use ingle_api::{Failure, FailureKind, Request, request::ListQuery};
use ingle_model::{EntryKind, EntryView};
use jiff::ZonedDateTime;

use crate::{
    Context,
    args::Filter,
    check_in::entry_id,
    outcome::Outcome,
    print, render,
    when::{End, bound},
};

/// How many entries a person is shown who didn't say how many.
const PAGE: usize = 20;

pub async fn list(context: &Context, filter: &Filter) -> Outcome {
    let query = query(filter, &ZonedDateTime::now())?;
    entries(context, query, filter.limit).await
}

pub async fn search(context: &Context, words: &[String], filter: &Filter) -> Outcome {
    let words: Vec<String> = words.iter().map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect();
    let query = ListQuery { words, ..query(filter, &ZonedDateTime::now())? };
    if query == ListQuery::default() {
        return Err(Failure::new(FailureKind::Usage, "there is no word to look for", "give one or more").into());
    }
    entries(context, query, filter.limit).await
}

/// Without words and limit.
fn query(filter: &Filter, now: &ZonedDateTime) -> Result<ListQuery, Failure> {
    let bound = |text: &Option<String>, end| text.as_deref().map(|text| bound(text, end, now)).transpose();
    Ok(ListQuery {
        since_ms: bound(&filter.since, End::Since)?,
        until_ms: bound(&filter.until, End::Until)?,
        kind: filter.kind.as_deref().map(entry_kind).transpose()?,
        feelings: labels(&filter.feeling, "the feeling to look for is empty")?,
        tags: labels(&filter.tag, "the tag to look for is empty")?,
        ..ListQuery::default()
    })
}

fn labels(given: &[String], empty: &str) -> Result<Vec<String>, Failure> {
    let labels: Vec<String> = given.iter().map(|label| label.trim().to_owned()).collect();
    if labels.iter().any(String::is_empty) {
        return Err(Failure::new(FailureKind::Usage, empty, "write a word or leave it out"));
    }
    Ok(labels)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_is_asked_of_the_daemon_as_it_was_written() {
        let now: ZonedDateTime = "2026-11-25T19:40:00+01:00[Europe/Berlin]".parse().expect("a time");
        let filter = Filter {
            since: Some("today".into()),
            kind: Some("letter".into()),
            feeling: vec![" hurt ".into()],
            tag: vec!["Work".into()],
            ..Filter::default()
        };
        let expected = ListQuery {
            since_ms: Some(1_795_561_200_000),
            kind: Some(EntryKind::Letter),
            feelings: vec!["hurt".into()],
            tags: vec!["Work".into()],
            ..ListQuery::default()
        };
        assert_eq!(query(&filter, &now), Ok(expected));
    }

    #[test]
    fn an_empty_word_is_not_looked_for() {
        let check = |filter: Filter, told: &str| {
            assert_eq!(query(&filter, &ZonedDateTime::now()).expect_err("refused").message, told);
        };
        check(Filter { feeling: vec![" ".into()], ..Filter::default() }, "the feeling to look for is empty");
        check(Filter { tag: vec![String::new()], ..Filter::default() }, "the tag to look for is empty");
    }
}
