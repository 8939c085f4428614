//! `ingle remind`: the rules, quiet hours, a pause, and an answer to the reminder that is due.

use clap::{Args, Subcommand};
use ingle_api::{
    Client, Failure, FailureKind, Request,
    request::{Handled, Reminders, RuleView},
};
use ingle_model::{Handling, Pause, QuietHours, RuleDraft, RuleId, RuleKind, TimeOfDay, reminder::ReminderRefused};
use jiff::tz::TimeZone;
use serde_json::json;

use crate::{Context, outcome::Outcome, render::reminders as render};

// (A doc comment here would become the command's own help.)
#[derive(Args)]
pub struct RemindArguments {
    #[command(subcommand)]
    command: Option<RemindCommand>,
    /// When nothing reminds: 22:00-08:00, or "none"
    #[arg(long, value_name = "HH:MM-HH:MM")]
    quiet: Option<String>,
}

#[derive(Subcommand)]
enum RemindCommand {
    /// Those that there are
    List,
    /// Be reminded, on this device and on those it is paired with
    Add(AddArguments),
    /// Take a reminder away
    Remove {
        /// As "remind list" tells it
        id: String,
    },
    /// No reminders for an hour, or for longer
    Pause(PauseArguments),
    /// Reminders again
    Resume,
    /// The one that is due: once more in an hour
    Later,
    /// The one that is due: it's done
    Done,
    /// The one that is due: not today
    NotToday,
}

#[derive(Args)]
struct AddArguments {
    /// Of a check-in, every day at this time
    #[arg(long, value_name = "HH:MM")]
    daily: Option<String>,
    /// Of a letter at this time, until seven days had one; a day without one just moves on
    #[arg(long, value_name = "HH:MM")]
    letters_week: Option<String>,
    /// When nothing reminds: 22:00-08:00, or "none"
    #[arg(long, value_name = "HH:MM-HH:MM")]
    quiet: Option<String>,
}

// Without a flag, an hour. (A doc comment here would become the command's own help.)
#[derive(Args)]
struct PauseArguments {
    /// For an hour; also without a flag
    #[arg(long, conflicts_with_all = ["tomorrow", "until_resumed"])]
    hour: bool,
    /// Until tomorrow morning
    #[arg(long, conflicts_with = "until_resumed")]
    tomorrow: bool,
    /// Until "ingle remind resume"
    #[arg(long)]
    until_resumed: bool,
}

pub async fn remind(context: &Context, arguments: &RemindArguments) -> Outcome {
    let quiet = arguments.quiet.as_deref();
    match (&arguments.command, quiet) {
        (None, Some(quiet)) => set_quiet(context, quiet).await,
        (Some(RemindCommand::Add(more)), quiet) => add(context, more, more.quiet.as_deref().or(quiet)).await,
        (Some(_), Some(_)) => Err(Failure::new(
            FailureKind::Usage,
            "--quiet goes alone or with \"add\"; nothing was changed",
            "set the quiet hours first: ingle remind --quiet 22:00-08:00",
        )
        .into()),
        (None | Some(RemindCommand::List), None) => list(context).await,
        (Some(RemindCommand::Remove { id }), None) => remove(context, id).await,
        (Some(RemindCommand::Pause(flags)), None) => pause(context, flags.wish()).await,
        (Some(RemindCommand::Resume), None) => pause(context, Pause::Over).await,
        (Some(RemindCommand::Later), None) => handle(context, Handling::Later).await,
        (Some(RemindCommand::Done), None) => handle(context, Handling::Done).await,
        (Some(RemindCommand::NotToday), None) => handle(context, Handling::NotToday).await,
    }
}

async fn list(context: &Context) -> Outcome {
    let mut client = context.reach.journal().await?;
    let reminders: Reminders = client.call(Request::Reminders {}).await?;
    context.print.answer(&reminders, || render::all(&reminders, &TimeZone::system()))
}

/// Everything is looked at before anything is asked for.
async fn add(context: &Context, arguments: &AddArguments, quiet: Option<&str>) -> Outcome {
    let drafts = arguments.drafts()?;
    let quiet = quiet.map(quiet_hours).transpose()?;
    if let Some(Some(hours)) = quiet
        && drafts.iter().any(|draft| hours.holds(draft.time.minutes()))
    {
        return Err(refused(ReminderRefused::InsideQuiet).into());
    }
    let mut client = context.reach.journal().await?;
    if let Some(hours) = quiet {
        client.tell(Request::SetQuietHours { hours }).await?;
    }
    for draft in drafts {
        let view: RuleView = client.call(Request::AddReminder { draft }).await?;
        context.print.answer(&view, || render::rule(&view))?;
    }
    Ok(())
}

async fn remove(context: &Context, id: &str) -> Outcome {
    let id: RuleId = id.parse().map_err(|_| {
        Failure::new(FailureKind::NotFound, "there is no such reminder here", "look for its id with \"ingle remind\"")
    })?;
    let mut client = context.reach.journal().await?;
    client.tell(Request::RemoveReminder { id }).await?;
    context.print.answer(&json!({"removed": id}), || "That reminder is gone.".to_owned())
}

async fn set_quiet(context: &Context, text: &str) -> Outcome {
    let hours = quiet_hours(text)?;
    let mut client = context.reach.journal().await?;
    client.tell(Request::SetQuietHours { hours }).await?;
    context.print.answer(&json!({"quiet": hours}), || match hours {
        Some(hours) => format!("Quiet from {} to {}.", hours.from, hours.until),
        None => "No quiet hours.".to_owned(),
    })
}

async fn pause(context: &Context, pause: Pause) -> Outcome {
    let mut client = context.reach.journal().await?;
    let reminders: Reminders = client.call(Request::PauseReminders { pause }).await?;
    context.print.answer(&reminders, || match reminders.paused {
        Some(until) => format!("Reminders are {}.", render::paused(until, &TimeZone::system())),
        None => "Reminders go on.".to_owned(),
    })
}

async fn handle(context: &Context, how: Handling) -> Outcome {
    let mut client: Client = context.reach.journal().await?;
    let handled: Handled = client.call(Request::HandleReminder { slot: None, how }).await?;
    context.print.answer(&handled, || render::handled(how, handled))
}

impl AddArguments {
    fn drafts(&self) -> Result<Vec<RuleDraft>, Failure> {
        let mut drafts = Vec::new();
        for (kind, text) in [(RuleKind::Daily, &self.daily), (RuleKind::LettersWeek, &self.letters_week)] {
            if let Some(text) = text {
                let time: TimeOfDay = text.parse().map_err(refused)?;
                drafts.push(RuleDraft { kind, time });
            }
        }
        if drafts.is_empty() {
            return Err(Failure::new(
                FailureKind::Usage,
                "it isn't said when to remind, and of what",
                "write --daily 20:30, or --letters-week 20:30",
            ));
        }
        Ok(drafts)
    }
}

impl PauseArguments {
    const fn wish(&self) -> Pause {
        if self.tomorrow {
            Pause::Tomorrow
        } else if self.until_resumed {
            Pause::UntilResumed
        } else {
            Pause::Hour
        }
    }
}

/// `none` clears them.
fn quiet_hours(text: &str) -> Result<Option<QuietHours>, Failure> {
    if text.trim().eq_ignore_ascii_case("none") { Ok(None) } else { text.parse().map(Some).map_err(refused) }
}

fn refused(why: ReminderRefused) -> Failure {
    Failure::new(FailureKind::Usage, format!("{why}; nothing was changed"), why.hint())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(daily: Option<&str>, letters_week: Option<&str>) -> Result<Vec<RuleDraft>, String> {
        let text = |text: Option<&str>| text.map(ToOwned::to_owned);
        let arguments = AddArguments { daily: text(daily), letters_week: text(letters_week), quiet: None };
        arguments.drafts().map_err(|failure| failure.message)
    }

    #[test]
    fn a_time_for_each_kind_is_a_rule() {
        let time = "20:30".parse().expect("a time");
        let week = RuleDraft { kind: RuleKind::LettersWeek, time };
        assert_eq!(add(None, Some("20:30")), Ok(vec![week]));
        assert_eq!(add(Some("20:30"), Some("20:30")), Ok(vec![RuleDraft { kind: RuleKind::Daily, time }, week]));
        assert_eq!(add(None, None), Err("it isn't said when to remind, and of what".into()));
        assert_eq!(add(Some("canary"), None), Err("that isn't a time of day; nothing was changed".into()));
    }

    #[test]
    fn quiet_hours_can_be_none() {
        assert_eq!(quiet_hours("None"), Ok(None));
        assert_eq!(quiet_hours("22:00-08:00"), Ok("22:00-08:00".parse().ok()));
        let told = quiet_hours("canary").map_err(|failure| failure.message);
        assert_eq!(told, Err("those aren't quiet hours; nothing was changed".into()));
    }
}
