//! A few devices with their disks, clocks and engines, and what happens to them. What happens when is the caller's to say, or the
//! dice's; whether it was right is the laws'.

use std::collections::BTreeMap;

use ingle_core::{
    bundle::LogId,
    engine::{Done, Engine, Input, Query},
    keys::DeviceKeys,
    roster::Roster,
    seal::Hash,
    store::StoreError,
};
use ingle_model::{DeviceId, EntryView, Label, Moment};

use super::{
    disk::{Rows, SimDisk},
    laws::{self, Broken, Law, claim},
    model::{Model, Set, UndoStep, Wish, Words},
    network::Network,
    randomness::{Dice, Stream},
    story::Story,
    wrap::Counted,
};

mod faults;
mod quiet;
mod turns;

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

    /// All entries that show at a device.
    pub fn list(&mut self, place: Place) -> Result<Vec<EntryView>, Broken> {
        let engine = self.slots[place].engine.as_mut().expect("asked of a device that is on");
        engine.list(&Query::default()).map_err(unreadable)
    }

    pub fn heads(&self, place: Place) -> Vec<Hash> {
        self.slots[place].engine.as_ref().map(Engine::heads).unwrap_or_default()
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
        laws::says(&slot.name, &engine.notices(), slot.must_say, slot.is_copy)?;
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
