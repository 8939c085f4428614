//! People who write while their daemon is killed: what each of them sent, when, and what came back.
//!
//! They speak the local contract over a plain socket, because a client library hides when a request is out and whether the
//! connection ended before an answer or within one.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Instant,
};

use ingle_api::{
    API_VERSION, Failure, Places, Request, Snapshot,
    framing::{Call, Message, read_reply},
    request::Saved,
};
use ingle_model::{
    CheckInDraft, EntryView,
    check_in::{BodyDraft, FeelingDraft},
};
use serde_json::Value;

use crate::programs::{Home, until};

/// A connection with the daemon of a home.
#[derive(Debug)]
pub struct Caller {
    stream: BufReader<UnixStream>,
    calls: u64,
}

/// What came after a request.
#[derive(Debug)]
pub enum Heard {
    Answer(Value),
    Refused(Failure),
    /// The connection ended before the first byte of an answer.
    Nothing,
    /// The connection ended within an answer.
    Half(Vec<u8>),
}

impl Caller {
    /// Connects and says hello. Fails while nobody is there, and when the daemon ends meanwhile.
    pub fn of(home: &Home) -> io::Result<(Self, Snapshot)> {
        let stream = UnixStream::connect(Places::under(home.path()).socket_path())?;
        let mut caller = Self { stream: BufReader::new(stream), calls: 0 };
        caller.send(Request::Hello { api: API_VERSION, client: "ingle-tests".into() })?;
        match caller.hear() {
            Heard::Answer(snapshot) => Ok((caller, read_reply(snapshot).expect("a snapshot"))),
            Heard::Nothing => Err(io::ErrorKind::UnexpectedEof.into()),
            other => panic!("hello was answered with {other:?}"),
        }
    }

    /// Returns when the whole request is in the socket.
    pub fn send(&mut self, request: Request) -> io::Result<()> {
        self.calls += 1;
        let mut line = serde_json::to_vec(&Call::new(self.calls, request)).expect("requests can be written as JSON");
        line.push(b'\n');
        self.stream.get_mut().write_all(&line)
    }

    /// Waits for what comes after a request.
    pub fn hear(&mut self) -> Heard {
        let mut line = Vec::new();
        let end = self.stream.read_until(b'\n', &mut line);
        if line.pop_if(|last| *last == b'\n').is_none() {
            // A reset is how a socket ends that the other side hadn't read to its end.
            assert!(end.is_ok() || is_reset(&end), "{end:?}");
            return if line.is_empty() { Heard::Nothing } else { Heard::Half(line) };
        }
        match serde_json::from_slice(&line).expect("an answer is a message") {
            Message::Reply { id, result, .. } => {
                assert_eq!(id, self.calls);
                Heard::Answer(result)
            }
            Message::Error { error, .. } => Heard::Refused(error.into()),
            Message::Event { .. } => panic!("an event came to someone who doesn't watch"),
        }
    }
}

fn is_reset(end: &io::Result<usize>) -> bool {
    end.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset)
}

/// One save that was asked for.
#[derive(Debug)]
pub struct Attempt {
    draft: CheckInDraft,
    /// When the whole request was out; none when the connection took only a part of it, or nothing.
    sent: Option<Instant>,
    ended: Instant,
    heard: Heard,
}

impl Attempt {
    /// Sent before, and nothing had been heard yet.
    pub fn was_in_flight_at(&self, moment: Instant) -> bool {
        self.sent.is_some_and(|sent| sent < moment) && moment < self.ended
    }

    pub fn was_answered(&self) -> bool {
        matches!(self.heard, Heard::Answer(_))
    }

    pub fn ended_within_an_answer(&self) -> bool {
        matches!(self.heard, Heard::Half(_))
    }
}

/// What writers and whoever kills their daemon know of each other.
#[derive(Debug, Default)]
pub struct Writers {
    is_over: AtomicBool,
    answers: AtomicUsize,
}

impl Writers {
    /// Saves that were acknowledged so far.
    pub fn answers(&self) -> usize {
        self.answers.load(Ordering::SeqCst)
    }

    /// Every writer comes to its end after the save that it waits for.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Writes one check-in after the other, and comes back whenever the daemon has gone. `writer` tells this one's check-ins from
    /// the others'.
    pub fn write(&self, home: &Home, writer: usize) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        while let Some(mut caller) = self.connect(home) {
            while !self.is_over() {
                let attempt = attempt(&mut caller, draft(writer, attempts.len()));
                let goes_on = attempt.was_answered();
                self.answers.fetch_add(usize::from(goes_on), Ordering::SeqCst);
                attempts.push(attempt);
                if !goes_on {
                    break;
                }
            }
        }
        attempts
    }

    /// None when it is over.
    fn connect(&self, home: &Home) -> Option<Caller> {
        let mut caller = None;
        until("the daemon is back", || {
            if !self.is_over() {
                caller = Caller::of(home).ok().map(|(caller, _)| caller);
            }
            caller.is_some() || self.is_over()
        });
        caller
    }
}

fn attempt(caller: &mut Caller, draft: CheckInDraft) -> Attempt {
    let sent = caller.send(Request::CheckIn { draft: draft.clone() }).ok().map(|()| Instant::now());
    let heard = caller.hear();
    Attempt { draft, sent, ended: Instant::now(), heard }
}

/// A check-in that no other is like, with something in every field.
fn draft(writer: usize, number: usize) -> CheckInDraft {
    let mark = format!("{writer}/{number}");
    let text = |what: &str, words: usize| Some(format!("{what} {mark}\n{}", format!("é{number} ").repeat(words)));
    let rating = i64::try_from(number % 101).expect("it is small");
    CheckInDraft {
        feelings: Some(vec![
            FeelingDraft { word: "hurt".into(), intensity: Some(rating) },
            FeelingDraft { word: format!("~left out {mark}"), intensity: None },
        ]),
        body: Some(vec![BodyDraft {
            place: "chest".into(),
            quality: Some("tight".into()),
            strongest: true,
            ..BodyDraft::default()
        }]),
        cause: text("cause", 20 + number % 60),
        thought: text("thought", 40),
        urge: text("urge", 3),
        distress_before: Some(100 - rating),
        distress_after: Some(rating),
        tags: Some(vec![mark, "tag".into()]),
        at: None,
    }
}

/// Holds a journal against what its writers were told: everything acknowledged is in it, whatever was not is whole or absent,
/// what was refused is absent, nothing is in it twice, and nothing else is in it. The number of unacknowledged ones that are in it.
pub fn check(attempts: &[Attempt], list: &[EntryView]) -> usize {
    let cause = |draft: &CheckInDraft| draft.cause.clone().expect("every draft has one");
    let mut kept = BTreeMap::new();
    for entry in list {
        assert!(entry.versions.is_empty() && !entry.deleted_then_changed, "{entry:?}");
        let twin = kept.insert(cause(&entry.to_draft()), entry);
        assert!(twin.is_none(), "it is there twice: {entry:?} and {twin:?}");
    }
    let mut unacknowledged = 0;
    for attempt in attempts {
        let entry = kept.remove(&cause(&attempt.draft));
        match (&attempt.heard, entry) {
            (Heard::Answer(answer), Some(entry)) => {
                let saved: Saved = read_reply(answer.clone()).expect("the answer to a check-in");
                assert_eq!((saved.id, &saved.at), (entry.id, &entry.at));
            }
            (Heard::Answer(answer), None) => panic!("it was acknowledged and is lost: {answer}"),
            (Heard::Refused(failure), Some(_)) => panic!("it was refused and is there all the same: {failure:?}"),
            (Heard::Nothing | Heard::Half(_), Some(_)) => unacknowledged += 1,
            (Heard::Refused(_) | Heard::Nothing | Heard::Half(_), None) => {}
        }
        if let Some(entry) = entry {
            let found = CheckInDraft { at: None, ..entry.to_draft() };
            assert!(found == attempt.draft, "it is not what was written: {entry:?}");
        }
    }
    // The debug form of an entry is its id.
    assert!(kept.is_empty(), "nobody wrote these as they are: {:?}", kept.values());
    unacknowledged
}

/// The list that `ingle list --json` gave, read as entries.
pub fn entries(list: &[Value]) -> Vec<EntryView> {
    list.iter().map(|entry| serde_json::from_value(entry.clone()).expect("an entry")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(draft: &CheckInDraft) -> EntryView {
        let mut value = serde_json::json!({
            "id": "aaaaaaaaaaaaaaaaaaaaaaaaaa", "kind": "check-in", "at": "now", "at_ms": 0, "feelings": [], "body": [],
            "device": "laptop", "device_id": "aaaaaaaaaaaaaaaaaaaaaaaaaa",
        });
        for (name, field) in serde_json::to_value(draft).unwrap().as_object().unwrap() {
            if !["feelings", "body"].contains(&name.as_str()) {
                value[name] = field.clone();
            }
        }
        serde_json::from_value(value).unwrap()
    }

    /// What is said of a journal that holds `list` after this was heard of the only save.
    fn said(heard: Heard, change: impl FnOnce(&mut Vec<EntryView>)) -> Result<usize, String> {
        let draft = CheckInDraft { feelings: Some(Vec::new()), body: Some(Vec::new()), ..draft(0, 0) };
        let mut list = vec![view(&draft)];
        change(&mut list);
        let attempt = Attempt { draft, sent: None, ended: Instant::now(), heard };
        std::panic::catch_unwind(|| check(&[attempt], &list))
            .map_err(|told| told.downcast_ref::<String>().expect("a text").clone())
    }

    #[test]
    fn what_was_lost_changed_doubled_or_made_up_is_found() {
        let acknowledged = || Heard::Answer(serde_json::json!({ "id": "aaaaaaaaaaaaaaaaaaaaaaaaaa", "at": "now" }));
        let refused = || Heard::Refused(Failure::new(ingle_api::FailureKind::Unavailable, "closing", "again"));
        let whole = |_: &mut Vec<EntryView>| {};
        let absent = Vec::clear;
        let torn = |list: &mut Vec<EntryView>| list[0].thought = None;
        let twice = |list: &mut Vec<EntryView>| list.push(list[0].clone());
        let foreign = |list: &mut Vec<EntryView>| list[0].cause = Some("else".into());
        let check = |said: Result<usize, String>, told: &str| {
            assert!(said.as_ref().is_err_and(|said| said.contains(told)), "{said:?} {told}");
        };
        assert_eq!(said(acknowledged(), whole), Ok(0));
        assert_eq!(said(Heard::Nothing, whole), Ok(1));
        assert_eq!(said(Heard::Nothing, absent), Ok(0));
        assert_eq!(said(refused(), absent), Ok(0));
        check(said(acknowledged(), absent), "acknowledged and is lost");
        check(said(refused(), whole), "refused and is there");
        check(said(acknowledged(), torn), "not what was written");
        check(said(Heard::Nothing, torn), "not what was written");
        check(said(Heard::Nothing, twice), "there twice");
        check(said(Heard::Nothing, foreign), "nobody wrote these");
    }
}
