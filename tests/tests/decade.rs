//! Three months of everything, on a device that wrote them and on one that joined: both hold the same, and answer as somebody would
//! who has all of it in front of them.

use ingle_api::{Client, Places, Request, request::ListQuery};
use ingle_model::{EntryKind, EntryView};
use ingle_tests::{
    decade::{self, Share, TAGS, reference::Reference, words},
    programs::{Home, meet, pair},
};
use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Runtime;

const SEED: u64 = 3;

/// A question, and whether it would be a poor one if nothing answered it.
struct Question {
    name: String,
    query: ListQuery,
    has_answers: bool,
}

/// Whatever a person might look for, and what isn't there.
fn questions(end: Timestamp) -> Vec<Question> {
    let days = |count: i64| Some((end - SignedDuration::from_hours(24 * count)).as_millisecond());
    let span = |since, until| ListQuery { since_ms: days(since), until_ms: days(until), ..ListQuery::default() };
    let kind = |kind| ListQuery { kind: Some(kind), ..ListQuery::default() };
    let mut some = vec![
        ("everything".to_owned(), ListQuery::default()),
        ("a page".into(), ListQuery { limit: Some(50), ..ListQuery::default() }),
        ("a week".into(), span(37, 30)),
        ("check-ins".into(), kind(EntryKind::CheckIn)),
        ("letters".into(), kind(EntryKind::Letter)),
        ("a few letters".into(), ListQuery { limit: Some(5), since_ms: days(60), ..kind(EntryKind::Letter) }),
        ("two feelings".into(), ListQuery { feelings: vec!["hurt".into(), "sad".into()], ..ListQuery::default() }),
    ];
    let mut none = vec![
        ("no page".to_owned(), ListQuery { limit: Some(0), ..ListQuery::default() }),
        ("a span that is none".into(), span(30, 37)),
        ("nobody's feeling".into(), ListQuery { feelings: vec!["nobody's".into()], ..ListQuery::default() }),
        ("nobody's tag".into(), ListQuery { tags: vec!["nobody's".into()], ..ListQuery::default() }),
        ("nobody's word".into(), ListQuery { words: vec![words::NONE.into()], ..ListQuery::default() }),
    ];
    let searches: [&[&str]; 17] = [
        &[words::RARE],
        &["KINGFISHER", "water"],
        &[words::COMMON],
        &["EVENING", "you"],
        &["cafe"],
        &["Fête"],
        &["grosser"],
        &["mude"],
        &["ΜΟΝΑΞΙΑ"],
        &["одиноко"],
        &["وحيد"],
        &["לבד"],
        &["अकेला"],
        &["孤独"],
        &["괜찮아"],
        &["👩‍👩‍👧"],
        &["grandmother"],
    ];
    for words in searches {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let name = words.join(" ");
        none.push((
            format!("letters, {name}"),
            ListQuery { words: words.clone(), limit: Some(3), ..kind(EntryKind::Letter) },
        ));
        some.push((name, ListQuery { words, ..ListQuery::default() }));
    }
    for feeling in ["hurt", "Lonely", "like glass", "~verloren"] {
        some.push((feeling.into(), ListQuery { feelings: vec![feeling.into()], ..ListQuery::default() }));
    }
    for tag in TAGS.iter().chain(&["ECOLE", "WORK"]) {
        some.push(((*tag).into(), ListQuery { tags: vec![(*tag).into()], ..ListQuery::default() }));
    }
    let together = ListQuery {
        words: vec![words::COMMON.into()],
        tags: vec!["work".into()],
        since_ms: days(90),
        limit: Some(10),
        ..ListQuery::default()
    };
    some.push(("everything together".into(), together));
    let question = |has_answers| move |(name, query)| Question { name, query, has_answers };
    some.into_iter().map(question(true)).chain(none.into_iter().map(question(false))).collect()
}

fn check(runtime: &Runtime, home: &Home, reference: &Reference, questions: &[Question]) {
    let connected = runtime.block_on(Client::connect(&Places::under(home.path()), "tests"));
    let (mut client, snapshot) = connected.unwrap_or_else(|_| panic!("the daemon takes callers"));
    assert_eq!(usize::try_from(snapshot.entries).ok(), Some(reference.shown()));
    let mut otherwise = Vec::new();
    let mut shown = Vec::new();
    for Question { name, query, has_answers } in questions {
        assert!(!has_answers || reference.found(query) > 0, "seed {SEED}: {name} finds nothing");
        let request = Request::List { query: query.clone() };
        let views: Vec<EntryView> = runtime.block_on(client.call(request)).expect("it answers");
        otherwise.extend(reference.differs(query, &views).map(|why| format!("{name}: {why}")));
        if *query == ListQuery::default() {
            shown = views;
        }
    }
    for view in shown {
        let whole: EntryView = runtime.block_on(client.call(Request::Show { id: view.id })).expect("it is there");
        otherwise.extend(reference.differs_whole(&whole));
    }
    assert!(otherwise.is_empty(), "seed {SEED}, {} otherwise:\n{}", otherwise.len(), otherwise.join("\n"));
}

#[test]
fn two_devices_hold_the_same_months_and_answer_as_a_plain_model_does() {
    let (laptop, desktop) = (Home::with_journal("laptop"), Home::new());
    laptop.ingle(&["stop"]).ok();
    let end: Timestamp = "2025-06-01T20:00:00Z".parse().expect("a time");
    let plan = decade::plan(SEED, Share::THREE_MONTHS, end);
    let ids = decade::writing::write(&laptop, &plan, SEED);
    let reference = Reference::of(&plan, &ids);
    let _daemon = laptop.start_daemon();
    pair(&laptop, &desktop, "desktop");
    meet([&laptop, &desktop]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for home in [&laptop, &desktop] {
        check(&runtime, home, &reference, &questions(end));
    }
    // From caches alone, in a process that has seen none of it being written.
    desktop.ingle(&["stop"]).ok();
    let _daemon = desktop.start_daemon();
    check(&runtime, &desktop, &reference, &questions(end));
}
