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
use ingle_model::{CheckInDraft, EntryId, EntryView, check_in::FeelingDraft};
use serde_json::Value;

use crate::programs::{Home, LIMIT, until};

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
        stream.set_read_timeout(Some(LIMIT))?;
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
    is_resting: AtomicBool,
    is_over: AtomicBool,
    answers: AtomicUsize,
}

impl Writers {
    /// Waits until so many more saves are acknowledged.
    pub fn wait_for(&self, more: usize) {
        let goal = self.answers() + more;
        until("the saves go on", || self.answers() >= goal);
    }

    fn answers(&self) -> usize {
        self.answers.load(Ordering::SeqCst)
    }

    /// Nobody begins another save.
    pub fn rest(&self) {
        self.is_resting.store(true, Ordering::SeqCst);
    }

    pub fn go_on(&self) {
        self.is_resting.store(false, Ordering::SeqCst);
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
            while self.has_more() {
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

    /// Waits while they rest. False when it is over.
    fn has_more(&self) -> bool {
        until("the writers go on", || self.is_over() || !self.is_resting.load(Ordering::SeqCst));
        !self.is_over()
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

/// A check-in that no other is like.
fn draft(writer: usize, number: usize) -> CheckInDraft {
    let mark = format!("{writer}/{number}");
    let text = |what: &str, words: usize| Some(format!("{what} {mark}\n{}", format!("é{number} ").repeat(words)));
    let rating = i64::try_from(number % 101).expect("it is small");
    CheckInDraft {
        feelings: Some(vec![FeelingDraft { word: "hurt".into(), intensity: Some(rating) }]),
        body: Some(Vec::new()),
        cause: text("cause", 20 + number % 60),
        thought: text("thought", 40),
        urge: text("urge", 3),
        distress_before: Some(100 - rating),
        distress_after: None,
        tags: Some(vec![mark]),
        at: Some(format!("2001-02-03T04:{:02}:{:02}+00:00[UTC]", number / 60 % 60, number % 60)),
    }
}

/// What a journal did to a save.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// It was acknowledged, with this answer, and isn't there, or under another id or time.
    Lost(String),
    /// It was refused and is there all the same.
    KeptAllTheSame(EntryId),
    NotWhatWasWritten(EntryId),
    ThereTwice(EntryId),
    /// Nobody wrote it.
    MadeUp(EntryId),
}

/// Holds a journal against what its writers were told: everything acknowledged is in it, whatever was not is whole or absent,
/// what was refused is absent, nothing is in it twice, and nothing else is in it. The number of unacknowledged ones that are in it.
pub fn check(attempts: &[Attempt], list: &[EntryView]) -> Result<usize, Broken> {
    let mut kept = BTreeMap::new();
    for entry in list {
        if kept.insert(entry.cause.clone(), entry).is_some() {
            return Err(Broken::ThereTwice(entry.id));
        }
    }
    let mut unacknowledged = 0;
    for attempt in attempts {
        let entry = kept.remove(&attempt.draft.cause);
        match (&attempt.heard, entry) {
            (Heard::Answer(answer), entry) => {
                let saved: Saved = read_reply(answer.clone()).expect("the answer to a check-in");
                if entry.is_none_or(|entry| saved.id != entry.id || saved.at != entry.at) {
                    return Err(Broken::Lost(answer.to_string()));
                }
            }
            (Heard::Refused(_), Some(entry)) => return Err(Broken::KeptAllTheSame(entry.id)),
            (Heard::Nothing | Heard::Half(_), Some(_)) => unacknowledged += 1,
            (Heard::Refused(_) | Heard::Nothing | Heard::Half(_), None) => {}
        }
        if let Some(entry) = entry
            && (entry.to_draft() != attempt.draft || !entry.versions.is_empty() || entry.deleted_then_changed)
        {
            return Err(Broken::NotWhatWasWritten(entry.id));
        }
    }
    kept.first_key_value().map_or(Ok(unacknowledged), |(_, entry)| Err(Broken::MadeUp(entry.id)))
}

/// The list that `ingle list --json` gave, read as entries.
pub fn entries(list: &[Value]) -> Vec<EntryView> {
    list.iter().map(|entry| serde_json::from_value(entry.clone()).expect("an entry")).collect()
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use ingle_api::FailureKind;

    use super::*;

    const ID: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";

    /// The entry that a draft becomes, its feelings left out.
    fn view(draft: &CheckInDraft) -> EntryView {
        let mut value = serde_json::to_value(draft).unwrap();
        let rest = serde_json::json!({
            "id": ID, "kind": "check-in", "at_ms": 0, "feelings": [], "device": "laptop", "device_id": ID,
        });
        value.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_was_lost_changed_doubled_or_made_up_is_found() {
        let check = |heard: Heard, list: &[EntryView], expected: Result<usize, Broken>| {
            let draft = CheckInDraft { feelings: Some(Vec::new()), ..draft(0, 0) };
            let attempt = Attempt { draft, sent: None, ended: Instant::now(), heard };
            assert_eq!(check(&[attempt], list), expected);
        };
        let answer = serde_json::json!({ "id": ID, "at": draft(0, 0).at });
        let acknowledged = || Heard::Answer(answer.clone());
        let refused = || Heard::Refused(Failure::new(FailureKind::Unavailable, "closing", "again"));
        let whole = view(&draft(0, 0));
        let torn = EntryView { thought: None, ..whole.clone() };
        let id = whole.id;
        check(acknowledged(), from_ref(&whole), Ok(0));
        check(Heard::Nothing, from_ref(&whole), Ok(1));
        check(Heard::Nothing, &[], Ok(0));
        check(refused(), &[], Ok(0));
        check(acknowledged(), &[], Err(Broken::Lost(answer.to_string())));
        check(acknowledged(), &[view(&draft(0, 60))], Err(Broken::Lost(answer.to_string())));
        check(acknowledged(), from_ref(&torn), Err(Broken::NotWhatWasWritten(id)));
        check(Heard::Nothing, &[torn], Err(Broken::NotWhatWasWritten(id)));
        check(refused(), from_ref(&whole), Err(Broken::KeptAllTheSame(id)));
        check(Heard::Nothing, &[whole.clone(), whole], Err(Broken::ThereTwice(id)));
        check(Heard::Nothing, &[view(&draft(0, 1))], Err(Broken::MadeUp(id)));
    }
}
