//! Commands that write: check-in, edit, delete, undo.

use ingle_api::{
    Client, Failure, FailureKind, Request,
    request::{Saved, Undone},
};
use ingle_model::{CheckInDraft, EntryId, EntryKind, EntryView};

use crate::{
    Context,
    fields::{self, Fields, Purpose},
    outcome::{Outcome, Stop},
    reach,
};

pub async fn check_in(context: &Context, fields: &Fields) -> Outcome {
    let draft = fields.read(Purpose::New).await?;
    // What can be seen to be wrong here starts no daemon and asks for no passphrase.
    draft.check().map_err(Failure::from)?;
    let saved = keep(context, Request::CheckIn { draft }).await?;
    context.print.answer(&saved, || kept(&saved))
}

/// What became of a new entry, its id last.
pub fn kept(saved: &Saved) -> String {
    let more = if saved.waiting { "You'll see it after unlocking." } else { "\"ingle undo\" takes it back." };
    format!("Kept. {more}\n{}", saved.id)
}

pub async fn edit(context: &Context, id: &str, fields: &Fields) -> Outcome {
    let id = entry_id(id)?;
    let mut draft = fields.read(Purpose::Edit).await?;
    let strongest = fields.strongest_of_old(&draft);
    if strongest.is_none() && draft == CheckInDraft::default() {
        return Err(Failure::new(
            FailureKind::Usage,
            "there is nothing to change",
            "name a field, for example --cause \"...\"",
        )
        .into());
    }
    let mut client = journal(context).await?;
    if let Some(place) = strongest {
        let entry: EntryView = client.call(Request::Show { id }).await?;
        fields::mark_strongest(draft.body.insert(entry.to_draft().body.unwrap_or_default()), place);
    }
    let saved: Saved = match client.call(Request::Edit { id, draft }).await {
        Err(why) if why.kind == FailureKind::NotFound => return Err(not_changed(&mut client, id, why).await.into()),
        saved => saved?,
    };
    context.print.answer(&saved, || "Changed. \"ingle undo\" takes it back.".to_owned())
}

/// There is no such check-in; perhaps it is a letter.
async fn not_changed(client: &mut Client, id: EntryId, why: Failure) -> Failure {
    match client.call::<EntryView>(Request::Show { id }).await {
        Ok(entry) if entry.kind == EntryKind::Letter => Failure::new(
            FailureKind::Usage,
            "that is a letter; nothing was changed",
            "change it with \"ingle letter edit\"",
        ),
        _ => why,
    }
}

pub async fn delete(context: &Context, id: &str) -> Outcome {
    let id = entry_id(id)?;
    let mut client = context.reach.journal().await?;
    let saved: Saved = client.call(Request::Delete { id }).await?;
    context.print.answer(&saved, || "It's in the trash. \"ingle undo\" brings it back.".to_owned())
}

pub async fn undo(context: &Context) -> Outcome {
    let mut client = context.reach.journal().await?;
    let undone: Undone = client.call(Request::Undo {}).await?;
    context.print.answer(&undone, || format!("Taken back.\n{}", undone.id))
}

/// Hands in a new entry. A locked journal keeps it beside itself if it can; if it can't, it has to be unlocked first.
pub async fn keep(context: &Context, request: Request) -> Outcome<Saved> {
    let (mut client, is_locked) = context.reach.for_words().await.map_err(unsaved)?;
    match client.call(request.clone()).await {
        Err(why) if is_locked && why.kind == FailureKind::Locked => {
            reach::unlock(&mut client).await.map_err(unsaved)?;
            Ok(client.call(request).await?)
        }
        other => Ok(other?),
    }
}

/// The journal, for words that are to be saved in it.
pub async fn journal(context: &Context) -> Outcome<Client> {
    context.reach.journal().await.map_err(unsaved)
}

fn unsaved(stop: Stop) -> Stop {
    match stop {
        Stop::Failed(why) => Stop::Failed(why.unsaved()),
        other => other,
    }
}

/// An id as it was typed. A text that can be nobody's id names no entry.
pub fn entry_id(text: &str) -> Result<EntryId, Failure> {
    text.parse().map_err(|_| {
        Failure::new(FailureKind::NotFound, "there is no such entry here", "look for its id with \"ingle list\"")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_the_unlocking_says_so() {
        let id = EntryId::from_bytes([0; 16]);
        let saved = Saved { id, at: "2026-11-25T19:40:00+01:00[Europe/Berlin]".into(), waiting: false };
        assert_eq!(kept(&saved), format!("Kept. \"ingle undo\" takes it back.\n{id}"));
        let waiting = Saved { waiting: true, ..saved };
        assert_eq!(kept(&waiting), format!("Kept. You'll see it after unlocking.\n{id}"));
    }
}
