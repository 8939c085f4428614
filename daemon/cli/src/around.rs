//! What is around Ingle: `ingle doctor` and `ingle autostart`, told by one-shots of `ingled`. Needs no daemon and no journal.

use std::ffi::OsStr;

use clap::Subcommand;
use ingle_api::{
    checkup::{Checkup, Condition},
    spawn,
};
use serde::{Deserialize, Serialize};

use crate::{
    Context, home,
    outcome::{Outcome, Stop},
    render,
};

#[derive(Subcommand, Clone, Copy)]
pub enum AutostartCommand {
    /// Start Ingle when you log in
    On,
    /// Don't start it by itself
    Off,
    /// Whether it starts by itself
    Status,
}

/// What starts at login.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Autostart {
    daemon: bool,
    tray: bool,
    broken: Vec<String>,
}

/// Ends with a code of its own when something isn't as it should be, so that scripts can ask.
pub async fn doctor(context: &Context) -> Outcome {
    let told = spawn::one_shot(&context.reach.places, &["doctor", "--json"].map(OsStr::new), None).await?;
    let checkup: Checkup = home::read(&told)?;
    context.print.answer(&checkup, || render::checkup(&checkup))?;
    if checkup.items.iter().all(|finding| finding.state == Condition::Ok) { Ok(()) } else { Err(Stop::Lacking) }
}

pub async fn autostart(context: &Context, command: Option<AutostartCommand>) -> Outcome {
    let wish = match command {
        Some(AutostartCommand::On) => "on",
        Some(AutostartCommand::Off) => "off",
        Some(AutostartCommand::Status) | None => "status",
    };
    let told = spawn::one_shot(&context.reach.places, &["autostart", wish].map(OsStr::new), None).await?;
    let autostart: Autostart = home::read(&told)?;
    context.print.answer(&autostart, || autostart.tell())
}

impl Autostart {
    fn tell(&self) -> String {
        let mut told = match (self.daemon, self.tray) {
            (true, true) => "Ingle starts when you log in: its daemon, and the icon on a desktop.",
            (true, false) => "Ingle's daemon starts when you log in, without the icon.",
            (false, true) => "Ingle's icon starts when you log in to a desktop.",
            (false, false) => "Ingle doesn't start by itself. \"ingle autostart on\" changes that.",
        }
        .to_owned();
        if !self.broken.is_empty() {
            told += &format!(
                "\nOf what is named there, these programs are gone: {}. \"ingle autostart on\" sets it up again.",
                render::plain(&self.broken.join(", "))
            );
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_starts_at_login_is_told_with_what_is_gone() {
        let check = |daemon, tray, broken: &[&str], told: &str| {
            let broken = broken.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(Autostart { daemon, tray, broken }.tell(), told);
        };
        check(false, false, &[], "Ingle doesn't start by itself. \"ingle autostart on\" changes that.");
        check(
            false,
            true,
            &["/old/ingle-tray"],
            "Ingle's icon starts when you log in to a desktop.\nOf what is named there, these programs are gone: \
             /old/ingle-tray. \"ingle autostart on\" sets it up again.",
        );
    }
}
