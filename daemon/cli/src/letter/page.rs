//! A letter written in the terminal, line by line.
//!
//! What is typed goes to the daemon as it comes, sealed on the disk, so that neither a closed terminal nor a crash takes more
//! than the last moment with it. When the daemon doesn't take it, it stays here until it does, or until the person says what
//! is to become of it. Nothing readable is written to a disk, unless the person names a file.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::Path,
    time::Duration,
};

use ingle_api::{
    Client, Failure, FailureKind, Request,
    request::{LetterPage, Saved},
    status::JournalState,
};
use ingle_model::{EntryId, LetterDraft};
use tokio::time::{Instant, sleep_until, timeout};

use super::LetterFields;
use crate::{
    Context,
    ask::{Interrupts, Keyboard, Typed},
    check_in::{self, kept},
    fields::Purpose,
    outcome::{Outcome, Stop},
    print::aside,
    reach::{self, CLIENT, capitalised},
    render,
};

/// From a line to its being kept, while more lines come.
const KEEP_EVERY: Duration = Duration::from_millis(500);
/// How long a line may take to be kept before the next one is read nevertheless.
const PATIENCE: Duration = Duration::from_secs(2);
/// A terminal hands on no longer line, and drops its end without a word.
const LONGEST_LINE: usize = 4095;
const END: &str = if cfg!(windows) { "Ctrl-Z and Enter on an empty line" } else { "Ctrl-D on an empty line" };

/// A new letter, or more of an old one.
pub async fn write(
    context: &Context,
    id: Option<EntryId>,
    fields: &LetterFields,
    interrupts: &mut Interrupts,
) -> Outcome {
    // What can be seen to be wrong, or is in the way, is told before anything is written, not after.
    fields.read(Purpose::New).await?;
    let (client, page) = tokio::select! {
        biased;
        () = interrupts.next() => return Err(Stop::Interrupted),
        opened = open(context, id) => opened?,
    };
    let mut keyboard = Keyboard::new()?;
    if let Some(text) = page.draft.text.as_deref().filter(|text| !text.is_empty()) {
        aside(format_args!("{}\n\n", render::text(text)));
        aside(format_args!("Go on from here. {END} ends it; what you write is kept as you go.\n"));
    } else {
        aside(format_args!(
            "Write as someone who is on your side would. {END} ends it; what you write is kept as you go.\n"
        ));
    }
    let draft = fields.over(page.draft, Purpose::New)?;
    let mut writing =
        Writing { context, client: Some(client), id: page.id, base: page.base, is_new: page.is_new, draft };
    if !writing.read(&mut keyboard).await {
        let told = if writing.is_new { "Nothing was kept, and that's fine." } else { "Nothing was added." };
        return context.print.answer(&None::<Saved>, || told.to_owned());
    }
    match writing.finish(&mut keyboard).await? {
        Some(saved) if id.is_none() => context.print.answer(&saved, || kept(&saved)),
        Some(saved) => context.print.answer(&saved, || "Kept.".to_owned()),
        None => context.print.answer(&None::<Saved>, || {
            "It's in that file, in the clear. \"ingle letter --text-file\" takes it from there.".to_owned()
        }),
    }
}

async fn open(context: &Context, id: Option<EntryId>) -> Outcome<(Client, LetterPage)> {
    let mut client = check_in::journal(context).await?;
    let page = client.call(Request::OpenLetter { id }).await?;
    Ok((client, page))
}

struct Writing<'a> {
    context: &'a Context,
    /// None when the daemon didn't answer last.
    client: Option<Client>,
    id: EntryId,
    base: String,
    is_new: bool,
    draft: LetterDraft,
}

impl Writing<'_> {
    /// Lines until the end; whether there were any with something in them.
    async fn read(&mut self, keyboard: &mut Keyboard) -> bool {
        let (mut has_words, mut keep_at) = (false, None);
        loop {
            let line = {
                let mut line = std::pin::pin!(keyboard.line(""));
                loop {
                    tokio::select! {
                        line = &mut line => break line,
                        () = sleep_until(keep_at.unwrap_or_else(Instant::now)), if keep_at.is_some() => {
                            keep_at = None;
                            self.keep().await;
                        }
                    }
                }
            };
            match line {
                Typed::Line(line) => {
                    if line.len() >= LONGEST_LINE {
                        aside(
                            "\n(That line was longer than the terminal takes at once, so its end is missing. --text-file takes any length.)\n",
                        );
                    }
                    has_words |= !line.trim().is_empty();
                    append(self.draft.text.get_or_insert_default(), &line);
                    if has_words && keep_at.is_none() {
                        keep_at = Some(Instant::now() + KEEP_EVERY);
                    }
                }
                Typed::End | Typed::Interrupted => {
                    // Ctrl-C and Ctrl-D leave the cursor in the line.
                    aside("\n");
                    return has_words;
                }
            }
        }
    }

    /// Hands on what there is by now. If nobody takes it, the next time or the end will.
    async fn keep(&mut self) {
        let is_first_silence = self.client.is_some();
        let request = Request::KeepLetter { id: self.id, base: self.base.clone(), draft: self.draft.clone() };
        let told = timeout(PATIENCE, async {
            let mut client = match self.client.take() {
                Some(client) => client,
                None => back(self.context).await?,
            };
            client.tell(request).await.ok()?;
            Some(client)
        });
        self.client = told.await.ok().flatten();
        if self.client.is_none() && is_first_silence {
            aside("(That isn't on the disk yet. Go on: it's kept here until it is.)\n");
        }
    }

    /// Asks the person about a letter that nobody takes, until it is kept or in a file of theirs.
    async fn finish(mut self, keyboard: &mut Keyboard) -> Outcome<Option<Saved>> {
        // A daemon that has ended meanwhile starts again.
        let mut attempt = match self.put().await {
            Err(Stop::Failed(why)) if why.kind == FailureKind::Unavailable => self.put().await,
            other => other,
        };
        loop {
            let why = match attempt {
                Ok(saved) => return Ok(Some(saved)),
                Err(Stop::Failed(why)) => why,
                // At the question for the passphrase.
                Err(_) => reach::locked(),
            };
            match ask(keyboard, &why).await {
                Wish::Again if why.kind == FailureKind::Locked => {
                    attempt = match self.unlock().await {
                        Ok(()) => self.put().await,
                        Err(stop) => Err(stop),
                    }
                }
                Wish::Again => attempt = self.put().await,
                Wish::Drop => return Err(why.unsaved().into()),
                Wish::File(name) => match to_file(Path::new(&name), self.draft.text.as_deref().unwrap_or_default()) {
                    Ok(()) => return Ok(None),
                    Err(failure) => attempt = Err(failure.into()),
                },
            }
        }
    }

    /// By hand, since the person said so.
    async fn unlock(&mut self) -> Outcome {
        let (mut client, snapshot) = self.context.reach.connect().await?;
        reach::open(&mut client, snapshot.journal).await
    }

    async fn put(&mut self) -> Outcome<Saved> {
        let mut client = match self.client.take() {
            Some(client) => client,
            None => self.context.reach.journal().await?,
        };
        let request = Request::FinishLetter { id: self.id, base: self.base.clone(), draft: self.draft.clone() };
        match client.call::<LetterPage>(request).await {
            Ok(page) => Ok(Saved { id: page.id, at: page.draft.at.unwrap_or_default(), waiting: false }),
            // A page that was opened by a daemon that is gone, and of which nothing was kept.
            Err(why) if why.kind == FailureKind::NotFound && self.is_new => {
                Ok(client.call(Request::Letter { draft: self.draft.clone() }).await?)
            }
            Err(why) => Err(why.into()),
        }
    }
}

/// A daemon with an open journal, if there is one; none is started and nothing is asked while somebody writes.
async fn back(context: &Context) -> Option<Client> {
    let (client, snapshot) = Client::connect(&context.reach.places, CLIENT).await.ok()?;
    (snapshot.journal == JournalState::Open).then_some(client)
}

/// What is to become of a letter that isn't saved.
#[derive(Debug, PartialEq, Eq)]
enum Wish {
    Again,
    Drop,
    File(String),
}

async fn ask(keyboard: &mut Keyboard, why: &Failure) -> Wish {
    aside(question(why));
    let first = keyboard.line("\"drop\" lets it go. > ").await;
    if let Typed::Line(line) = first {
        return wish(&line);
    }
    match keyboard.line("\nThe same once more lets the letter go; Enter tries again. > ").await {
        Typed::Line(line) => wish(&line),
        Typed::End | Typed::Interrupted => Wish::Drop,
    }
}

fn question(why: &Failure) -> String {
    let told = why.message.strip_prefix("that was not saved: ").unwrap_or(&why.message);
    let again = if why.kind == FailureKind::Locked {
        "Enter opens the journal and tries again.".to_owned()
    } else {
        format!("{}; Enter tries again.", capitalised(&why.hint))
    };
    format!(
        "That isn't saved: {told}.\nYour letter is still here. {again}\n\
         The name of a new file puts it there, readable for everything that reads your files.\n"
    )
}

fn wish(line: &str) -> Wish {
    match line.trim() {
        "" => Wish::Again,
        "drop" => Wish::Drop,
        name => Wish::File(name.to_owned()),
    }
}

/// Into a file that wasn't there before, for this user only.
fn to_file(path: &Path, text: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written =
        options.open(path).and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|error| {
        let (message, hint) = match error.kind() {
            io::ErrorKind::AlreadyExists => ("there is a file of that name already".into(), "choose another name"),
            io::ErrorKind::NotFound => ("that folder isn't there".into(), "choose another place"),
            other => (format!("that file can't be written: {other}"), "choose another place"),
        };
        Failure::new(FailureKind::Storage, message, hint)
    })
}

/// Each line on one of its own, also after a text that ends without one.
fn append(text: &mut String, line: &str) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(line);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_below_what_is_there() {
        let check = |old: &str, line: &str, new: &str| {
            let mut text = old.to_owned();
            append(&mut text, line);
            assert_eq!(text, new);
        };
        check("", "Dear me", "Dear me\n");
        check("Dear me", "you", "Dear me\nyou\n");
        check("Dear me\n", "", "Dear me\n\n");
        check("Dear me\n\n", "you", "Dear me\n\nyou\n");
    }

    #[test]
    fn what_is_in_the_way_is_told_once_with_what_enter_does() {
        let full = Failure::new(FailureKind::Storage, "the disk is full; that was not saved", "make room");
        let told = question(&full);
        assert!(told.starts_with("That isn't saved: the disk is full; that was not saved.\n"), "{told}");
        assert!(told.contains("Your letter is still here. Make room; Enter tries again.\n"), "{told}");
        let told = question(&reach::locked().unsaved());
        assert!(told.starts_with("That isn't saved: the journal is locked; what is in it is safe.\n"), "{told}");
        assert!(told.contains("Enter opens the journal and tries again."), "{told}");
    }

    #[test]
    fn a_letter_that_can_not_be_saved_is_tried_again_put_away_or_let_go() {
        assert_eq!(wish("  "), Wish::Again);
        assert_eq!(wish("drop"), Wish::Drop);
        assert_eq!(wish(" letter.txt "), Wish::File("letter.txt".into()));
    }

    #[test]
    fn a_file_that_is_there_is_not_written_over() {
        let path = std::env::temp_dir().join(format!("ingle-page-{}", std::process::id()));
        to_file(&path, "Dear me\n").expect("a new file");
        let failure = to_file(&path, "canary").expect_err("there is one");
        assert_eq!(failure.message, "there is a file of that name already");
        assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "Dear me\n");
        std::fs::remove_file(path).expect("it is ours");
    }
}
