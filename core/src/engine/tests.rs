use std::{cell::Cell, collections::VecDeque, rc::Rc};

use ingle_model::{EntryView, check_in::FeelingDraft};

mod letters;
mod reminding;

use super::*;
use crate::{
    random::Seeded,
    store::{Memory, Table},
    wrap::{SealIdentity, SealRecipient, WrapError, deterministic::Plain},
};
use zeroize::Zeroizing;

/// One counter of identities for all devices of a test.
#[derive(Clone, Default)]
struct Shared(Rc<Plain>);

impl Wrap for Shared {
    fn new_identity(&self) -> SealIdentity {
        self.0.new_identity()
    }

    fn wrap(&self, to: &[SealRecipient], plain: &[u8]) -> Result<Vec<u8>, WrapError> {
        self.0.wrap(to, plain)
    }

    fn unwrap(&self, with: &SealIdentity, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, WrapError> {
        self.0.unwrap(with, file)
    }
}

struct Device {
    engine: Engine<Memory>,
    random: Seeded,
    now: Rc<Cell<i64>>,
    failing: Rc<Cell<u32>>,
    events: Vec<Event>,
}

/// Two devices and what lies on the wire between them.
struct World {
    devices: [Device; 2],
    wire: VecDeque<(usize, Vec<u8>)>,
    is_up: bool,
    wrap: Shared,
}

const LINK: LinkId = LinkId(1);
/// 2026-05-01T10:00:00Z
const MAY: i64 = 1_777_629_600_000;

fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

fn moment(millis: i64) -> Moment {
    Moment::from_parts(millis, "Europe/Berlin").unwrap()
}

impl Device {
    fn handle(&mut self, inputs: Vec<Input>) -> Vec<Output> {
        self.now.set(self.now.get() + 1);
        self.engine.handle(inputs, &moment(self.now.get()), &mut self.random)
    }

    fn restart(&mut self, wrap: &Shared) {
        let store = self.engine.store.clone();
        let keys = self.engine.keys.clone();
        self.engine = Engine::open(store, keys, Box::new(wrap.clone()), &mut self.random).unwrap();
    }

    fn list(&mut self) -> Vec<EntryView> {
        self.engine.list(&Query::default()).unwrap()
    }
}

impl World {
    fn paired() -> Self {
        let (wrap, now) = (Shared::default(), Rc::new(Cell::new(1_795_000_000_000)));
        let device = |engine, random, failing| Device { engine, random, now: now.clone(), failing, events: Vec::new() };
        let (store, mut random) = (Memory::default(), Seeded::new(1));
        let failing = store.failing.clone();
        let keys = DeviceKeys::generate_first(&mut random, &wrap);
        let at = moment(now.get());
        let engine = Engine::create(store, keys, &label("laptop"), Box::new(wrap.clone()), &at, &mut random).unwrap();
        let mut laptop = device(engine, random, failing);
        let mut random = Seeded::new(2);
        let keys = DeviceKeys::generate(&mut random, &wrap);
        let outputs = laptop.handle(vec![Input::Invite { ticket: 1, member: keys.member().clone() }]);
        let Some(Output::Done { result: Ok(Done::Invited { chain }), .. }) = outputs.into_iter().next() else {
            panic!()
        };
        let roster = Roster::adopt(&chain, keys.member(), laptop.engine.own().link()).unwrap();
        let store = Memory::default();
        let failing = store.failing.clone();
        let engine =
            Engine::join(store, keys, &label("desktop"), roster, Box::new(wrap.clone()), &at, &mut random).unwrap();
        let desktop = device(engine, random, failing);
        Self { devices: [laptop, desktop], wire: VecDeque::new(), is_up: false, wrap }
    }

    fn give(&mut self, device: usize, inputs: Vec<Input>) -> Vec<(u64, Result<Done, WriteError>)> {
        let mut done = Vec::new();
        for output in self.devices[device].handle(inputs) {
            match output {
                Output::Done { ticket, result } => done.push((ticket, result)),
                Output::Send { frame, .. } if self.is_up => self.wire.push_back((1 - device, frame)),
                Output::Close { .. } => {
                    self.is_up = false;
                    self.wire.clear();
                }
                Output::Event(event) => self.devices[device].events.push(event),
                Output::Send { .. } | Output::RosterChanged => {}
            }
        }
        done
    }

    fn write(&mut self, device: usize, write: Write) -> Result<Done, WriteError> {
        self.give(device, vec![Input::Write { ticket: 7, write }]).remove(0).1
    }

    fn check_in(&mut self, device: usize, cause: &str) -> EntryId {
        let Ok(Done::Saved { id, .. }) = self.write(device, Write::CheckIn(draft(cause))) else { panic!("not saved") };
        id
    }

    fn link(&mut self) {
        self.is_up = true;
        let ids = [0, 1].map(|device: usize| self.devices[device].engine.own().device());
        for device in [0, 1] {
            self.give(device, vec![Input::LinkUp { link: LINK, device: ids[1 - device] }]);
        }
        self.run();
    }

    fn cut(&mut self) {
        self.is_up = false;
        self.wire.clear();
        (0..2).for_each(|device| drop(self.give(device, vec![Input::LinkDown { link: LINK }])));
    }

    fn run(&mut self) {
        while let Some((to, frame)) = self.wire.pop_front() {
            self.give(1 - to, vec![Input::Sent { link: LINK }]);
            self.give(to, vec![Input::Frame { link: LINK, frame }]);
        }
    }

    fn assert_same(&mut self) {
        let [laptop, desktop] = &mut self.devices;
        assert_eq!(laptop.list(), desktop.list());
        assert_eq!(laptop.engine.heads(), desktop.engine.heads());
        assert!(laptop.engine.devices().iter().all(|device| device.up_to_date), "{:?}", laptop.engine.devices());
    }
}

fn draft(cause: &str) -> CheckInDraft {
    let feelings = Some(vec![FeelingDraft { word: "hurt".into(), intensity: Some(70) }]);
    CheckInDraft { feelings, cause: Some(cause.to_owned()), ..CheckInDraft::default() }
}

fn causes(views: &[EntryView]) -> Vec<String> {
    views.iter().filter_map(|view| view.cause.clone()).collect()
}

#[test]
fn what_is_written_here_is_there_at_once_and_what_was_missed_comes_on_reconnect() {
    let mut world = World::paired();
    world.check_in(0, "before");
    world.link();
    world.check_in(1, "together");
    world.run();
    world.assert_same();
    world.cut();
    for n in 0..50 {
        world.check_in(n % 2, "apart");
    }
    world.link();
    world.assert_same();
    assert_eq!(world.devices[0].list().len(), 52);
    assert_eq!(
        world.devices[0].engine.devices().iter().map(|d| d.name.as_str()).collect::<Vec<_>>(),
        ["laptop", "desktop"]
    );
    assert_eq!(world.devices[0].list()[0].device, "desktop");
    let added =
        world.devices[1].events.iter().filter(|e| matches!(e, Event::Entry { change: Change::Added, .. })).count();
    assert_eq!(added, 52);
}

#[test]
fn edits_deletions_and_undo_reach_the_other_device() {
    let mut world = World::paired();
    world.link();
    let id = world.check_in(0, "rain");
    world.run();
    world
        .write(1, Write::Edit { id, draft: CheckInDraft { cause: Some("hail".into()), ..Default::default() } })
        .unwrap();
    world.run();
    assert_eq!(causes(&world.devices[0].list()), ["hail"]);
    world.write(0, Write::Delete { id }).unwrap();
    world.run();
    assert!(world.devices[1].list().is_empty());
    assert_eq!(world.write(1, Write::Delete { id }).unwrap_err(), WriteError::NoEntry);
    assert!(matches!(world.write(0, Write::Undo), Ok(Done::Undone { what: Change::Restored, .. })));
    world.run();
    assert!(matches!(world.write(1, Write::Undo), Ok(Done::Undone { what: Change::Edited, .. })));
    world.run();
    assert_eq!(causes(&world.devices[0].list()), ["rain"]);
    assert!(matches!(world.write(0, Write::Undo), Ok(Done::Undone { what: Change::Deleted, .. })));
    assert_eq!(world.write(0, Write::Undo).unwrap_err(), WriteError::NothingToUndo);
    world.run();
    world.assert_same();
    let change = |event: &Event| match event {
        Event::Entry { change, .. } => Some(*change),
        Event::RemindersChanged => None,
    };
    let told: Vec<Change> = world.devices[1].events.iter().filter_map(change).collect();
    assert_eq!(
        told,
        [Change::Added, Change::Edited, Change::Deleted, Change::Restored, Change::Edited, Change::Deleted]
    );
}

#[test]
fn edits_apart_are_shown_beside_each_other_and_a_change_outlives_a_deletion() {
    let mut world = World::paired();
    world.link();
    let (id, other) = (world.check_in(0, "rain"), world.check_in(0, "wind"));
    world.run();
    world.cut();
    let edit = |text: &str| CheckInDraft { cause: Some(text.into()), ..Default::default() };
    world.write(0, Write::Edit { id, draft: edit("hail") }).unwrap();
    world.write(1, Write::Edit { id, draft: edit("snow") }).unwrap();
    world.write(0, Write::Delete { id: other }).unwrap();
    world.write(1, Write::Edit { id: other, draft: edit("storm") }).unwrap();
    world.link();
    world.assert_same();
    let view = world.devices[0].engine.show(id).unwrap().unwrap();
    let mut both = vec![view.cause.unwrap(), view.versions[0].value.clone()];
    both.sort();
    assert_eq!(both, ["hail", "snow"]);
    let view = world.devices[0].engine.show(other).unwrap().unwrap();
    assert_eq!((view.cause.as_deref(), view.deleted_then_changed), (Some("storm"), true));
}

#[test]
fn everything_is_there_after_a_restart_settled_or_not() {
    let mut world = World::paired();
    world.link();
    for n in 0..200 {
        world.check_in(n % 2, &format!("entry {n}"));
    }
    world.run();
    let before = (world.devices[0].list(), world.devices[0].engine.heads());
    for is_settled in [false, true] {
        let World { devices: [laptop, _], wrap, .. } = &mut world;
        if is_settled {
            laptop.engine.settle(&mut laptop.random).unwrap();
        }
        laptop.restart(wrap);
        assert_eq!((laptop.list(), laptop.engine.heads()), before, "settled: {is_settled}");
        assert_eq!(laptop.engine.entries(), 200);
    }
    // Digests alone serve a list.
    let World { devices: [laptop, _], wrap, .. } = &mut world;
    laptop.restart(wrap);
    let rows = laptop.engine.store.rows.len();
    assert_eq!(laptop.list(), before.0);
    assert_eq!(laptop.engine.store.rows.len(), rows);
}

#[test]
fn digests_snapshots_and_cards_that_are_damaged_are_made_anew() {
    let mut world = World::paired();
    for n in 0..20 {
        world.check_in(0, &format!("entry {n}"));
    }
    let World { devices: [laptop, _], wrap, .. } = &mut world;
    laptop.engine.settle(&mut laptop.random).unwrap();
    let before = (laptop.list(), laptop.engine.heads());
    for table in [Table::Documents, Table::Digests] {
        for row in laptop.engine.store.rows.iter_mut().filter(|((at, _), _)| *at == table) {
            row.1[40] ^= 1;
        }
        laptop.restart(wrap);
        assert_eq!((laptop.list(), laptop.engine.heads()), before, "{table:?}");
        laptop.engine.settle(&mut laptop.random).unwrap();
    }
}

#[test]
fn a_bundle_that_is_damaged_on_the_disk_is_a_hole_that_is_named_and_the_rest_is_shown() {
    let mut world = World::paired();
    for n in 0..5 {
        world.check_in(0, &format!("entry {n}"));
    }
    let World { devices: [laptop, _], wrap, .. } = &mut world;
    let last = laptop.engine.store.rows.iter_mut().rfind(|((at, _), _)| *at == Table::Bundles).unwrap();
    last.1[200] ^= 1;
    laptop.restart(wrap);
    assert_eq!(laptop.list().len(), 4);
    assert!(laptop.engine.notices()[0].starts_with("1 piece of the journal can't be read"));
}

#[test]
fn a_journal_that_is_damaged_throughout_is_not_taken_for_an_empty_one_and_stays_as_it_is_on_the_disk() {
    let mut world = World::paired();
    for n in 0..5 {
        world.check_in(0, &format!("entry {n}"));
    }
    let World { devices: [laptop, _], wrap, .. } = &mut world;
    laptop.engine.settle(&mut laptop.random).unwrap();
    let words = [Table::Bundles, Table::Documents, Table::Digests];
    for row in laptop.engine.store.rows.iter_mut().filter(|((at, _), _)| words.contains(at)) {
        let middle = row.1.len() / 2;
        row.1[middle] ^= 1;
    }
    let damaged = laptop.engine.store.rows.clone();
    laptop.restart(wrap);
    assert_eq!(laptop.engine.list(&Query::default()), Err(StoreError::Damaged));
    assert_eq!(laptop.engine.show(EntryId::from_bytes([7; 16])), Err(StoreError::Damaged));
    world.check_in(0, "all the same");
    for _ in 0..2 {
        let World { devices: [laptop, _], wrap, .. } = &mut world;
        assert_eq!(causes(&laptop.list()), ["all the same"]);
        assert!(laptop.engine.notices()[0].contains("can't be read from this disk"));
        laptop.engine.settle(&mut laptop.random).unwrap();
        let kept = |(key, value): (&(Table, Vec<u8>), &Vec<u8>)| {
            !words.contains(&key.0) || laptop.engine.store.rows.get(key) == Some(value)
        };
        assert!(damaged.iter().all(kept));
        laptop.restart(wrap);
    }
}

#[test]
fn after_an_error_of_the_disk_nothing_was_saved_and_the_next_write_goes_through() {
    let mut world = World::paired();
    world.link();
    world.check_in(0, "first");
    world.run();
    world.devices[0].failing.set(1);
    assert_eq!(world.write(0, Write::CheckIn(draft("second"))).unwrap_err(), WriteError::Store(StoreError::Full));
    assert_eq!(causes(&world.devices[0].list()), ["first"]);
    assert!(!world.is_up, "links are closed, to meet anew");
    world.cut();
    world.check_in(0, "third");
    world.link();
    world.assert_same();
    assert_eq!(causes(&world.devices[1].list()), ["third", "first"]);
}

#[test]
fn a_restored_copy_begins_another_log_and_nothing_is_lost() {
    let mut world = World::paired();
    world.check_in(0, "first");
    let backup = world.devices[0].engine.store.rows.clone();
    world.check_in(0, "second");
    world.link();
    world.cut();
    world.devices[0].engine.store.rows = backup;
    let World { devices: [laptop, _], wrap, .. } = &mut world;
    laptop.restart(wrap);
    world.check_in(0, "after the restore");
    world.link();
    world.assert_same();
    assert_eq!(world.devices[0].list().len(), 3);
    assert!(world.devices[0].engine.notices()[0].contains("gone on elsewhere"));
    world.check_in(0, "and on");
    world.run();
    world.assert_same();
    let own: std::collections::BTreeSet<_> =
        world.devices[0].engine.journal.as_ref().unwrap().logs.held().iter().map(|tip| tip.log).collect();
    assert_eq!(own.len(), 3, "two of the laptop, one of the desktop");
}

#[test]
fn frames_that_are_no_frames_close_the_link_and_change_nothing() {
    let mut world = World::paired();
    world.link();
    world.check_in(0, "rain");
    world.run();
    let before = world.devices[0].engine.store.rows.clone();
    for frame in [vec![], vec![3], vec![4, 0, 0, 0, 1, 0, 0, 0, 1, 9], vec![1, 0, 0, 0, 1, 0, 0, 0, 0]] {
        let outputs = world.devices[0].handle(vec![Input::Frame { link: LINK, frame }]);
        assert!(matches!(outputs[..], [Output::Close { link: LINK }]), "{outputs:?}");
        assert_eq!(world.devices[0].engine.store.rows, before);
        world.cut();
        world.link();
    }
}

#[test]
fn quiet_means_that_nothing_more_is_written_or_said() {
    let mut world = World::paired();
    world.link();
    world.check_in(0, "rain");
    world.run();
    for device in [0, 1] {
        let due = world.devices[device].engine.next_deadline().unwrap();
        world.devices[device].now.set(due.as_millisecond());
        world.give(device, vec![Input::Tick]);
        assert_eq!(world.devices[device].engine.next_deadline(), None);
    }
    let before = [0, 1].map(|device: usize| world.devices[device].engine.store.rows.clone());
    for device in [0, 1] {
        assert!(world.devices[device].handle(vec![Input::Tick]).is_empty());
        assert_eq!(world.devices[device].engine.store.rows, before[device]);
    }
    assert!(world.wire.is_empty());
}

#[test]
fn entries_of_another_journal_are_written_anew_once() {
    let mut world = World::paired();
    world.check_in(0, "mine");
    let id = world.check_in(0, "also mine");
    let exported = world.devices[0].engine.export().unwrap();
    for _ in 0..2 {
        let done = world.give(1, vec![Input::Import { ticket: 1, entries: exported.clone() }]);
        assert!(matches!(done[..], [(1, Ok(Done::Imported))]));
        assert_eq!(world.devices[1].list().len(), 2);
    }
    assert_eq!(world.devices[1].engine.show(id).unwrap().unwrap().device, "desktop");
}

#[test]
fn a_list_is_bounded_by_time_words_and_count() {
    let mut world = World::paired();
    for (at, cause) in
        [("2020-01-01T10:00:00Z", "Old Rain"), ("2026-05-01T10:00:00Z", "wind"), ("2026-06-01T10:00:00Z", "rain")]
    {
        let draft = CheckInDraft { at: Some(at.into()), ..draft(cause) };
        world.write(0, Write::CheckIn(draft)).unwrap();
    }
    let mut check = |query: Query, told: &[&str]| {
        let views = world.devices[0].engine.list(&query).unwrap();
        assert_eq!(causes(&views), told, "{query:?}");
    };
    check(Query::default(), &["rain", "wind", "Old Rain"]);
    check(Query { limit: Some(1), ..Query::default() }, &["rain"]);
    check(Query { limit: Some(0), ..Query::default() }, &[]);
    check(Query { words: vec!["RAIN".into()], ..Query::default() }, &["rain", "Old Rain"]);
    check(Query { words: vec!["rain".into(), "old".into(), "hurt".into()], ..Query::default() }, &["Old Rain"]);
    check(Query { since_ms: Some(MAY), ..Query::default() }, &["rain", "wind"]);
    check(Query { until_ms: Some(MAY), ..Query::default() }, &["Old Rain"]);
}

#[test]
fn a_store_of_another_device_or_version_is_not_opened() {
    let mut world = World::paired();
    let (store, keys) = (world.devices[0].engine.store.clone(), world.devices[0].engine.keys.clone());
    let other = world.devices[1].engine.keys.clone();
    let wrap = world.wrap.clone();
    let mut open = |store: Memory, keys: &DeviceKeys| {
        let opened = Engine::open(store, keys.clone(), Box::new(wrap.clone()), &mut world.devices[0].random);
        opened.map(|_| ()).unwrap_err()
    };
    assert_eq!(open(Memory::default(), &keys), OpenError::NoJournal);
    assert_eq!(open(store.clone(), &other), OpenError::WrongKey);
    let mut newer = store.clone();
    newer.rows.insert((Table::Meta, b"version".to_vec()), vec![2]);
    assert_eq!(open(newer, &keys), OpenError::Newer);
    let mut cut = store;
    cut.rows.retain(|(table, _), _| *table != Table::Roster);
    assert_eq!(open(cut, &keys), OpenError::Damaged);
}

#[test]
fn a_change_that_automerge_stops_at_is_shelved_alone_and_what_came_with_it_stays() {
    use crate::{
        bundle::{Content, DocumentName, Item, SealedBundle},
        document::Document,
        session::Frame,
    };
    let mut world = World::paired();
    world.link();
    world.check_in(0, "before");
    world.run();
    // Two first changes by one actor: no honest device makes the second.
    let fields = crate::entry::new_fields(
        &draft("forged").check().unwrap().0,
        &moment(MAY),
        crate::entry::Origin { made_ms: MAY, device: world.devices[1].engine.own().device() },
    );
    let change = |byte: u8| {
        let key = crate::entry::key(EntryKind::CheckIn, EntryId::from_bytes([byte; 16]));
        let change = Document::new(&[9; 16]).write(&key, &fields).unwrap();
        Item::Change { document: DocumentName::month(2026, 11), change }
    };
    let items = [change(1), change(2)];
    let Device { engine, random, .. } = &mut world.devices[1];
    let secrets = &engine.journal.as_ref().unwrap().secrets;
    let content = Content { log: [7; 16], after: None, delta: &[], items: &items };
    let bundle = SealedBundle::make(&content, &engine.keys, secrets, random).unwrap();
    let frame = Frame::Bundles(vec![bundle.bytes().to_vec()]).to_bytes();
    world.give(0, vec![Input::Frame { link: LINK, frame }]);
    world.check_in(1, "after");
    world.run();
    let mut shown = causes(&world.devices[0].list());
    shown.sort();
    assert_eq!(shown, ["after", "before", "forged"]);
    assert!(world.devices[0].engine.notices()[0].starts_with("1 piece that came from another device"));
    let before = world.devices[0].list();
    let World { devices: [laptop, _], wrap, .. } = &mut world;
    laptop.restart(wrap);
    assert_eq!(laptop.list(), before);
}

#[test]
fn a_bundle_on_top_of_one_that_is_not_here_closes_the_link_and_is_not_kept() {
    use crate::{
        bundle::{BundleKey, Content, LogId, SealedBundle},
        seal::Hash,
        session::Frame,
    };
    let mut world = World::paired();
    world.link();
    let before = world.devices[0].engine.store.rows.clone();
    let Device { engine, random, .. } = &mut world.devices[1];
    let log = LogId { device: engine.own().device(), name: [7; 16] };
    let after = Some(BundleKey { log, seq: 1, hash: Hash::of("test", &[]) });
    let secrets = &engine.journal.as_ref().unwrap().secrets;
    let content = Content { log: log.name, after, delta: &[], items: &[] };
    let bundle = SealedBundle::make(&content, &engine.keys, secrets, random).unwrap();
    let frame = Frame::Bundles(vec![bundle.bytes().to_vec()]).to_bytes();
    let outputs = world.devices[0].handle(vec![Input::Frame { link: LINK, frame }]);
    assert!(matches!(outputs[..], [Output::Close { link: LINK }]), "{outputs:?}");
    assert_eq!(world.devices[0].engine.store.rows, before);
}
