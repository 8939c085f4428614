//! A few devices with their disks, clocks and engines, and what happens to them. What happens when is the caller's to say, or the
//! dice's; whether it was right is the laws'.

use std::collections::BTreeMap;

use ingle_core::{
    bundle::LogId,
    engine::{Done, Engine, Input, LinkId, Output, Query, WriteError},
    keys::DeviceKeys,
    roster::Roster,
    seal::Hash,
    store::StoreError,
};
use ingle_model::{DeviceId, EntryView, Label, Moment};

use super::{
    disk::{Commit, Outcome, Rows, SimDisk},
    laws::{self, Broken, Law, claim},
    model::{Expected, Model, Set, Turn, UndoStep, Wish, Words},
    network::{Misuse, Network},
    randomness::{Dice, Stream},
    story::Story,
    wrap::Counted,
};

mod faults;
mod quiet;

/// A device of a world. A clone is a place of its own with the same device in it.
pub type Place = usize;

/// 2026-11-18T13:20:00Z.
const START: i64 = 1_795_008_000_000;
const ZONES: [&str; 3] = ["Europe/Berlin", "UTC", "America/New_York"];
const NAMES: [&str; 3] = ["laptop", "desktop", "tablet"];

#[derive(Debug)]
pub struct World {
    pub dice: Dice,
    pub story: Story,
    seed: u64,
    now: i64,
    wrap: Counted,
    slots: Vec<Slot>,
    network: Network,
    model: Model,
    tickets: u64,
    tags: u64,
    /// Invited, and not seen to be in yet: by whom, and who.
    guest: Option<(Place, DeviceKeys)>,
    is_lying: bool,
}

#[derive(Debug)]
struct Slot {
    name: String,
    keys: DeviceKeys,
    disk: SimDisk,
    /// None while the device is off.
    engine: Option<Engine<SimDisk>>,
    random: Stream,
    /// Which read of the next turn will fail.
    failing_read: Option<usize>,
    /// The bundles that its disk said to be durable, or was seen to hold.
    held: Set,
    undo: Vec<UndoStep>,
    /// What it has kept about others.
    notes: BTreeMap<DeviceId, [u8; 8]>,
    own_log: Option<LogId>,
    /// Whether its disk was put back or copied.
    is_copy: bool,
    /// Whether it has met, in its own log, what it did not hold.
    must_say: bool,
    backups: Vec<Backup>,
}

/// What a disk once was.
#[derive(Debug, Clone)]
struct Backup {
    rows: Rows,
    held: Set,
    own_log: Option<LogId>,
    must_say: bool,
}

/// Whether what a person writes comes before or behind what else a turn takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    WishesFirst,
    WishesLast,
}

type Answers = Vec<(u64, Result<Done, WriteError>)>;
/// What came of a turn, and what it put on the disk.
type Turned = (Vec<Output>, Option<Commit>);

impl World {
    /// One device with a new journal.
    pub fn new(seed: u64, story: Story, is_lying: bool) -> Result<Self, Broken> {
        let mut world = Self {
            dice: Dice::new(seed, "world"),
            story,
            seed,
            now: START,
            wrap: Counted::default(),
            slots: Vec::new(),
            network: Network::default(),
            model: Model::default(),
            tickets: 0,
            tags: 0,
            guest: None,
            is_lying,
        };
        let (mut random, wrap) = (Stream::new(seed, NAMES[0]), world.wrap.clone());
        let keys = DeviceKeys::generate_first(&mut random, &wrap);
        let (disk, label, at) = (world.new_disk(), label(NAMES[0]), world.next_moment());
        let engine = Engine::create(disk.clone(), keys.clone(), &label, Box::new(wrap), &at, &mut random);
        world.settle_in(NAMES[0], keys, disk, engine, random)?;
        Ok(world)
    }

    /// That many devices, each knowing of all others, none connected.
    pub fn paired(seed: u64, devices: usize) -> Result<Self, Broken> {
        let mut world = Self::new(seed, Story::default(), false)?;
        while world.slots.len() < devices {
            world.take_in(0)?;
        }
        Ok(world)
    }

    fn new_disk(&self) -> SimDisk {
        if self.is_lying { SimDisk::lying() } else { SimDisk::default() }
    }

    /// A device begins with its name.
    fn settle_in(
        &mut self,
        name: &str,
        keys: DeviceKeys,
        disk: SimDisk,
        engine: Result<Engine<SimDisk>, ingle_core::engine::OpenError>,
        random: Stream,
    ) -> Result<(), Broken> {
        let engine = engine.map_err(|error| Broken::new(Law::Durable, format!("{name} can't begin: {error}")))?;
        let place = self.slots.len();
        let commits = disk.take_commits();
        self.slots.push(Slot {
            name: name.to_owned(),
            keys,
            disk,
            engine: Some(engine),
            random,
            failing_read: None,
            held: Set::default(),
            undo: Vec::new(),
            notes: BTreeMap::new(),
            own_log: None,
            is_copy: false,
            must_say: false,
            backups: Vec::new(),
        });
        for commit in commits {
            let names_itself = !commit.bundles.is_empty();
            let turn = self.begin(place, Set::default(), &self.moment());
            self.absorb(place, Some(&commit), turn, Set::default(), names_itself)?;
        }
        self.tell(place, "is in");
        Ok(())
    }

    /// Takes in another device. None when the inviting one could not save that it did; asking again goes on from there.
    pub fn take_in(&mut self, inviter: Place) -> Result<Option<Place>, Broken> {
        let (place, wrap) = (self.slots.len(), self.wrap.clone());
        let new_keys = || DeviceKeys::generate(&mut Stream::new(self.seed, &format!("{} keys", NAMES[place])), &wrap);
        let (inviter, keys) = self.guest.take().unwrap_or_else(|| (inviter, new_keys()));
        self.guest = Some((inviter, keys.clone()));
        self.tell(inviter, "invites another device");
        let ticket = self.next_ticket();
        let at = self.next_moment();
        let invite = Input::Invite { ticket, member: keys.member().clone() };
        let Some((outputs, commit)) = self.handle(inviter, vec![invite], &at)? else { return Ok(None) };
        let turn = self.begin(inviter, self.seen(inviter), &at);
        self.absorb(inviter, commit.as_ref(), turn, Set::default(), false)?;
        let Some(answers) = self.carry_out(inviter, outputs)? else { return Ok(None) };
        let [(_, Ok(Done::Invited { chain }))] = &answers[..] else { return Ok(None) };
        self.guest = None;
        let inviter_link = *self.slots[inviter].keys.member().link();
        let roster = Roster::adopt(chain, keys.member(), &inviter_link)
            .map_err(|error| Broken::new(Law::Seam, format!("a chain can't be adopted: {error}")))?;
        let (disk, name, mut random) = (self.new_disk(), label(NAMES[place]), Stream::new(self.seed, NAMES[place]));
        let engine = Engine::join(disk.clone(), keys.clone(), &name, roster, Box::new(wrap), &at, &mut random);
        self.settle_in(NAMES[place], keys, disk, engine, random)?;
        Ok(Some(place))
    }

    pub fn places(&self) -> usize {
        self.slots.len()
    }

    pub fn is_on(&self, place: Place) -> bool {
        self.slots[place].engine.is_some()
    }

    pub fn model(&self) -> &Model {
        &self.model
    }

    pub fn device(&self, place: Place) -> DeviceId {
        self.slots[place].keys.device()
    }

    /// The bundles whose writes show at this device.
    pub fn seen(&self, place: Place) -> Set {
        self.model.applied(&self.slots[place].held)
    }

    /// Whether a disk holds what was written on top of what it doesn't hold.
    pub fn is_waiting(&self, place: Place) -> bool {
        self.seen(place) != self.slots[place].held
    }

    /// Whether it is known what an undo will do there.
    pub fn can_undo(&self, place: Place) -> bool {
        self.slots[place].undo.last().is_none_or(UndoStep::is_known)
    }

    /// Milliseconds since 1970.
    pub fn now(&self) -> i64 {
        self.now
    }

    pub fn wait(&mut self, millis: i64) {
        self.now += millis;
    }

    /// The same randomness for all devices from here on, whatever was drawn before.
    pub fn begin_again(&mut self, seed: u64, phase: &str) {
        for (place, slot) in self.slots.iter_mut().enumerate() {
            slot.random = Stream::new(seed, &format!("{phase} {place}"));
        }
    }

    /// A check-in with words that nobody else says.
    pub fn new_check_in(&mut self, words: Words) -> Wish {
        self.tags += 1;
        Wish::CheckIn { tag: format!("t{}", self.tags), words }
    }

    /// Words that were not said before, for some fields.
    pub fn new_words(&mut self, dice: &mut Dice, may_empty: bool) -> Words {
        self.tags += 1;
        let number = self.tags;
        let mut text = |name: &str, one_in| {
            let is_said = dice.is_one_in(one_in);
            let is_empty = may_empty && dice.is_one_in(5);
            is_said.then(|| if is_empty { String::new() } else { format!("{name} {number}") })
        };
        let (cause, thought) = (text("cause", 2), text("thought", 3));
        let before = dice.is_one_in(4).then(|| u8::try_from(dice.below(101)).expect("it is at most 100"));
        let at = dice.is_one_in(6).then(|| {
            let zone = dice.pick(&ZONES).copied().unwrap_or("UTC");
            let about = self.now - dice.millis(3_000_000_000);
            Moment::from_parts(about, zone).expect("a time of these years, in a zone that exists").to_string()
        });
        Words { at, cause: cause.or_else(|| at_least(&before, number)), thought, before }
    }

    /// One turn of an engine, as one commit: what came in, and what a person writes.
    pub fn turn(&mut self, place: Place, inputs: Vec<Input>, wishes: &[Wish], order: Order) -> Result<(), Broken> {
        let at = self.next_moment();
        self.tell_turn(place, &inputs, wishes, order);
        let (mut writes, mut views, mut tickets) = (Vec::new(), Vec::new(), Vec::new());
        for wish in wishes {
            let ticket = self.next_ticket();
            let write = wish.to_write(&self.model).expect("a person writes only to what they have seen");
            views.push(if order == Order::WishesFirst { self.look(place, wish)? } else { None });
            tickets.push(ticket);
            writes.push(Input::Write { ticket, write });
        }
        let all: Vec<Input> = match order {
            Order::WishesFirst => writes.into_iter().chain(inputs).collect(),
            Order::WishesLast => inputs.into_iter().chain(writes).collect(),
        };
        let Some((outputs, commit)) = self.handle(place, all, &at)? else { return Ok(()) };
        let below = self.below(place, commit.as_ref());
        let seen = if order == Order::WishesFirst { self.seen(place) } else { below.clone() };
        let mut turn = self.begin(place, seen, &at);
        let expected: Vec<Expected> =
            wishes.iter().zip(&views).map(|(wish, view)| self.model.write(&mut turn, wish, view.as_ref())).collect();
        let is_kept = self.absorb(place, commit.as_ref(), turn, below, false)?;
        let Some(answers) = self.carry_out(place, outputs)? else { return Ok(()) };
        claim(Law::Seam, answers.iter().map(|(ticket, _)| ticket).eq(&tickets), || {
            format!("{} tickets, and {} answers", tickets.len(), answers.len())
        })?;
        for ((_, answer), expected) in answers.into_iter().zip(expected) {
            self.check_answer(place, answer, expected, is_kept)?;
        }
        Ok(())
    }

    /// Lets one thing happen that waits to. False when there is none.
    pub fn step(&mut self) -> Result<bool, Broken> {
        let places = self.waiting();
        let Some(place) = self.dice.pick(&places).copied() else { return Ok(false) };
        let inputs = self.pull(place, 1);
        self.turn(place, inputs, &[], Order::WishesLast)?;
        Ok(true)
    }

    pub fn tick(&mut self, place: Place) -> Result<(), Broken> {
        self.turn(place, vec![Input::Tick], &[], Order::WishesLast)
    }

    fn tell_turn(&mut self, place: Place, inputs: &[Input], wishes: &[Wish], order: Order) {
        let inputs: Vec<String> = inputs.iter().map(told).collect();
        let mut wishes: Vec<String> = wishes.iter().map(|wish| format!("{wish:?}")).collect();
        if wishes.len() > 8 {
            wishes = vec![format!("{} wishes", wishes.len())];
        }
        let all = if order == Order::WishesFirst { [wishes, inputs].concat() } else { [inputs, wishes].concat() };
        self.tell(place, &format!("takes in {}", all.join(", ")));
    }

    fn check_answer(
        &mut self,
        place: Place,
        answer: Result<Done, WriteError>,
        expected: Expected,
        is_kept: bool,
    ) -> Result<(), Broken> {
        let is_right = match (&answer, expected) {
            (Err(WriteError::Store(_)), _) => !is_kept,
            (Ok(Done::Saved { id, .. }), Expected::Saved(entry)) => is_kept && self.model.learn(entry, *id),
            (Ok(Done::Undone { id, what }), Expected::Undone(entry, back)) => {
                is_kept && *what == back && self.model.learn(entry, *id)
            }
            (Err(WriteError::NoEntry), Expected::NoEntry) => is_kept,
            (Err(WriteError::NothingToUndo), Expected::NothingToUndo) => is_kept,
            _ => false,
        };
        let name = &self.slots[place].name;
        claim(Law::Durable, is_right, || format!("{name} answered {answer:?} and not {expected:?}; kept: {is_kept}"))
    }

    /// Gives an engine what happened. None when the power went, and nobody heard what came of it.
    fn handle(&mut self, place: Place, inputs: Vec<Input>, at: &Moment) -> Result<Option<Turned>, Broken> {
        let slot = &mut self.slots[place];
        let Some(engine) = slot.engine.as_mut() else { return Ok(None) };
        slot.disk.take_reopened();
        if let Some(reads) = slot.failing_read.take() {
            slot.disk.fail_read_after(reads);
        }
        let outputs = engine.handle(inputs, at, &mut slot.random);
        slot.disk.let_read();
        let mut commits = slot.disk.take_commits();
        claim(Law::Seam, commits.len() <= 1, || format!("{} made {} commits in a turn", slot.name, commits.len()))?;
        claim(Law::Seam, !slot.disk.is_misused(), || format!("{} used a store that was not opened anew", slot.name))?;
        // An engine that forgot all that was in memory, and had not come to its commit.
        let is_cut_short = slot.disk.take_reopened() && commits.is_empty();
        let cut_short = is_cut_short.then(|| Commit { outcome: Outcome::NotTried, bundles: Vec::new() });
        Ok(Some((outputs, commits.pop().or(cut_short))))
    }

    fn begin(&self, place: Place, seen: Set, at: &Moment) -> Turn {
        let slot = &self.slots[place];
        self.model.begin(slot.keys.device(), at.clone(), seen, slot.undo.clone())
    }

    /// What is applied at a device with what this commit brings it from elsewhere.
    fn below(&self, place: Place, commit: Option<&Commit>) -> Set {
        let mut held = self.slots[place].held.clone();
        let bundles = commit.map(|commit| commit.bundles.as_slice()).unwrap_or_default();
        bundles.iter().filter_map(|key| self.model.number(key)).for_each(|number| held.insert(number));
        self.model.applied(&held)
    }

    /// Takes into the model what a commit has made of a turn. True when the disk said that it is durable.
    fn absorb(
        &mut self,
        place: Place,
        commit: Option<&Commit>,
        turn: Turn,
        below: Set,
        names_itself: bool,
    ) -> Result<bool, Broken> {
        let outcome = commit.map_or(Outcome::Kept, |commit| commit.outcome);
        let bundles = commit.map(|commit| commit.bundles.as_slice()).unwrap_or_default();
        let slot = &mut self.slots[place];
        slot.undo = if outcome == Outcome::Kept { turn.undo_steps().to_vec() } else { Vec::new() };
        let (old, new): (Vec<_>, Vec<_>) = bundles.iter().partition(|key| self.model.number(key).is_some());
        if outcome == Outcome::NotTried {
            return Ok(false);
        }
        let is_change = turn.is_change() || names_itself;
        claim(Law::Durable, new.len() == usize::from(is_change), || {
            format!("{} put {} new bundles into its log for a change: {is_change}", slot.name, new.len())
        })?;
        if outcome == Outcome::Lost {
            return Ok(false);
        }
        for key in old {
            let number = self.model.number(key).expect("it was known above");
            // A new own log begins in the turn that meets this, and may not hold anything yet.
            slot.must_say |= Some(key.log) == slot.own_log && !slot.held.holds(number);
            slot.held.insert(number);
        }
        if let Some(key) = new.first() {
            let (name, device) = (slot.name.clone(), slot.keys.device());
            let may_fork = self.slots.iter().any(|slot| slot.is_copy && slot.keys.device() == device);
            claim(Law::Kept, key.log.device == device, || format!("{name} wrote into the log of another"))?;
            claim(Law::Kept, may_fork || !self.model.has_rival(key), || {
                format!("{name} wrote twice at place {} of its log", key.seq)
            })?;
            let number = self.model.land(turn, **key, below);
            let slot = &mut self.slots[place];
            slot.own_log = Some(key.log);
            slot.held.insert(number);
        }
        Ok(outcome == Outcome::Kept)
    }

    /// Does what an engine wants done. None when its disk is off: it never got to say anything.
    fn carry_out(&mut self, place: Place, outputs: Vec<Output>) -> Result<Option<Answers>, Broken> {
        if self.slots[place].disk.is_off() {
            self.tell(place, "lost its power in a commit");
            self.turn_off(place);
            return Ok(None);
        }
        let mut answers = Vec::new();
        for output in outputs {
            match output {
                Output::Done { ticket, result } => answers.push((ticket, result)),
                Output::Send { link, frame } => self.send(place, link, frame)?,
                Output::Close { link } => {
                    self.tell(place, &format!("closes link {}", link.0));
                    self.network.close(place, link);
                }
                Output::RosterChanged | Output::Event(_) => {}
            }
        }
        Ok(Some(answers))
    }

    fn send(&mut self, place: Place, link: LinkId, frame: Vec<u8>) -> Result<(), Broken> {
        let name = &self.slots[place].name;
        self.network.give(place, link, frame).map_err(|misuse| {
            let what = match misuse {
                Misuse::NoLink => "on a link that it does not have",
                Misuse::TooMany => "more than 64 frames before one was sent",
            };
            Broken::new(Law::Seam, format!("{name} sends {what}, {}", link.0))
        })
    }

    /// What a person sees of an entry before they write into it.
    fn look(&mut self, place: Place, wish: &Wish) -> Result<Option<EntryView>, Broken> {
        let id = wish.entry().and_then(|entry| self.model.entries()[entry].id);
        let engine = self.slots[place].engine.as_mut();
        match id.zip(engine) {
            Some((id, engine)) => engine.show(id).map_err(unreadable),
            None => Ok(None),
        }
    }

    /// All entries that show at a device.
    pub fn list(&mut self, place: Place) -> Result<Vec<EntryView>, Broken> {
        let engine = self.slots[place].engine.as_mut().expect("asked of a device that is on");
        engine.list(&Query::default()).map_err(unreadable)
    }

    pub fn heads(&self, place: Place) -> Vec<Hash> {
        self.slots[place].engine.as_ref().map(Engine::heads).unwrap_or_default()
    }

    /// Lets a device keep a note about another.
    pub fn note(&mut self, place: Place, about: Place) -> Result<(), Broken> {
        let (id, note) = (self.device(about), self.next_ticket().to_be_bytes());
        let slot = &mut self.slots[place];
        let Some(engine) = slot.engine.as_mut() else { return Ok(()) };
        let kept = engine.set_peer_note(id, &note, &mut slot.random);
        let outcomes: Vec<Outcome> = slot.disk.take_commits().iter().map(|commit| commit.outcome).collect();
        claim(Law::Durable, outcomes == [Outcome::Kept] || kept.is_err(), || format!("{} kept no note", slot.name))?;
        if kept.is_err() {
            slot.undo.clear();
            slot.notes.remove(&id);
        } else {
            slot.notes.insert(id, note);
        }
        if slot.disk.is_off() {
            self.turn_off(place);
        }
        Ok(())
    }

    /// What shows at a device is what its disk holds, and it says what it has to say. Gives what shows.
    pub fn check(&mut self, place: Place) -> Result<Vec<EntryView>, Broken> {
        let (views, seen) = (self.list(place)?, self.seen(place));
        laws::shows_what_was_written(&mut self.model, &seen, &views)
            .map_err(|broken| Broken { what: format!("on {}: {}", self.slots[place].name, broken.what), ..broken })?;
        let slot = &mut self.slots[place];
        let engine = slot.engine.as_mut().expect("asked of a device that is on");
        let count = u64::try_from(views.len()).expect("no platform has more than 64 bits");
        claim(Law::Shown, engine.entries() == count, || format!("{} counts its entries wrong", slot.name))?;
        let has_notes = slot.notes.iter().all(|(id, note)| engine.peer_note(*id).as_deref() == Some(note));
        claim(Law::Durable, has_notes, || format!("{} has lost a note", slot.name))?;
        laws::says(&slot.name, &engine.reminders(), slot.must_say, slot.is_copy)?;
        Ok(views)
    }

    /// The same for the same bytes on all disks.
    pub fn fingerprint(&self) -> Hash {
        let disks: Vec<Hash> = self.slots.iter().map(|slot| slot.disk.fingerprint()).collect();
        let parts: Vec<&[u8]> = disks.iter().map(|disk| disk.as_bytes().as_slice()).collect();
        Hash::of("ingle simulator world", &parts)
    }

    pub fn tell(&mut self, place: Place, what: &str) {
        self.story.tell(format!("{:>12} {place} {} {what}", self.now - START, self.slots[place].name));
    }

    fn moment(&self) -> Moment {
        Moment::from_parts(self.now, "Europe/Berlin").expect("a time of these years, in a zone that exists")
    }

    fn next_moment(&mut self) -> Moment {
        self.now += 1;
        self.moment()
    }

    fn next_ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }
}

fn told(input: &Input) -> String {
    match input {
        Input::LinkUp { link, .. } => format!("up {}", link.0),
        Input::LinkDown { link } => format!("down {}", link.0),
        Input::Sent { link } => format!("sent {}", link.0),
        Input::Frame { link, frame } => {
            format!("frame {} of type {} and {} bytes", link.0, frame.first().copied().unwrap_or_default(), frame.len())
        }
        Input::Tick => "a tick".to_owned(),
        Input::Write { .. } | Input::Invite { .. } | Input::Import { .. } => "a request".to_owned(),
    }
}

/// Words for a draft that would have none.
fn at_least(before: &Option<u8>, number: u64) -> Option<String> {
    before.is_none().then(|| format!("cause {number}"))
}

fn label(name: &str) -> Label {
    Label::new(name).expect("a short word")
}

fn unreadable(error: StoreError) -> Broken {
    Broken::new(Law::Shown, format!("the journal can't be read: {error}"))
}
