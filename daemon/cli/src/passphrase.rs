//! A passphrase from `INGLE_PASSPHRASE`, else from the person at the terminal.

use ingle_api::{Failure, FailureKind};
use zeroize::Zeroizing;

use crate::{
    ask::has_terminal,
    outcome::{Outcome, Stop},
    print::aside,
};

const VARIABLE: &str = "INGLE_PASSPHRASE";
/// Of a new passphrase.
const MIN_CHARS: usize = 8;
/// How often one is asked for before giving up.
pub const TRIES: usize = 3;

/// `INGLE_PASSPHRASE`, unless it is unset or empty.
pub fn from_environment() -> Result<Option<Zeroizing<String>>, Failure> {
    match std::env::var(VARIABLE) {
        Ok(passphrase) => Ok(Some(Zeroizing::new(passphrase)).filter(|passphrase| !passphrase.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(Failure::new(
            FailureKind::Usage,
            "the passphrase in INGLE_PASSPHRASE is not UTF-8",
            "set it again as UTF-8",
        )),
    }
}

/// Asks once, hidden.
pub fn ask(prompt: &str) -> Outcome<Zeroizing<String>> {
    match rpassword::prompt_password(prompt) {
        Ok(passphrase) => Ok(Zeroizing::new(passphrase)),
        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Err(Stop::Interrupted),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(Failure::new(
            FailureKind::Declined,
            "no passphrase was given; nothing was changed",
            "try again when you like",
        )
        .into()),
        Err(error) => Err(Failure::new(
            FailureKind::Unavailable,
            format!("the terminal can't be asked for a passphrase: {}", error.kind()),
            "set INGLE_PASSPHRASE for this one command",
        )
        .into()),
    }
}

/// A passphrase for a journal that is being made.
pub fn new() -> Outcome<Zeroizing<String>> {
    if let Some(passphrase) = from_environment()? {
        return match refused(&passphrase) {
            None => Ok(passphrase),
            Some(why) => Err(why.into()),
        };
    }
    if !has_terminal() {
        return Err(Failure::new(
            FailureKind::Usage,
            "there is no passphrase, and no terminal to ask for one; no journal was made",
            "set INGLE_PASSPHRASE for this one command",
        )
        .into());
    }
    aside(
        "Without this passphrase nobody can open the journal, you included. A few words that you can remember are good.\n",
    );
    for _ in 0..TRIES {
        let passphrase = ask("New passphrase: ")?;
        if !is_long_enough(&passphrase) {
            aside(format_args!("That is short. At least {MIN_CHARS} characters, please.\n"));
        } else if *ask("The same again: ")? == *passphrase {
            return Ok(passphrase);
        } else {
            aside("Those two differ. Once more, please.\n");
        }
    }
    Err(Failure::new(
        FailureKind::Usage,
        "no passphrase was settled on; no journal was made",
        "try again when you like",
    )
    .into())
}

/// For someone whose computer has no keychain: says so, and goes on with a passphrase if there is a way to get one.
pub fn instead_of_keychain(why: Failure) -> Outcome<Zeroizing<String>> {
    if from_environment()?.is_none() {
        if !has_terminal() {
            let hint = "set INGLE_PASSPHRASE, or run this in a terminal; --key-file keeps the key in the clear";
            return Err(Failure { hint: hint.into(), ..why }.into());
        }
        aside(format_args!("No keychain could be used ({}). A passphrase does as well.\n", why.message));
    }
    new()
}

fn is_long_enough(passphrase: &str) -> bool {
    passphrase.chars().count() >= MIN_CHARS
}

/// Why the passphrase in the environment can't lock a journal.
fn refused(passphrase: &str) -> Option<Failure> {
    let (what, hint) = if !is_long_enough(passphrase) {
        (format!("is shorter than {MIN_CHARS} characters"), "choose a longer one; a few words are good")
    } else if passphrase.contains(['\n', '\r']) {
        // Nobody could type it, and what is handed on as a line would end at the first one.
        ("has more than one line".to_owned(), "choose one of a single line; a few words are good")
    } else {
        return None;
    };
    let message = format!("the passphrase in INGLE_PASSPHRASE {what}; no journal was made");
    Some(Failure::new(FailureKind::Usage, message, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_passphrase_has_eight_characters_and_one_line() {
        let check = |passphrase: &str, told: Option<&str>| {
            let told = told.map(|what| format!("the passphrase in INGLE_PASSPHRASE {what}; no journal was made"));
            assert_eq!(refused(passphrase).map(|failure| failure.message), told);
        };
        check("a warm cabin", None);
        check("wärmende", None);
        check("canarie", Some("is shorter than 8 characters"));
        check("a warm\ncabin", Some("has more than one line"));
        check("a warm cabin\r", Some("has more than one line"));
    }
}
