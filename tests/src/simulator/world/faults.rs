//! What goes wrong: power cuts, disks that fail or go back, links that are cut; and what comes back.

use ingle_core::engine::{Engine, Input};

use super::{Backup, Place, Slot, World};
use crate::simulator::{
    disk::Fault,
    laws::{self, Broken, Law, claim},
    model::Set,
    network::Next,
    randomness::Stream,
};

impl World {
    /// The power goes: what was not durable is lost, and so is what was on the wires.
    pub fn crash(&mut self, place: Place) {
        self.tell(place, "lost its power");
        self.turn_off(place);
    }

    pub(super) fn turn_off(&mut self, place: Place) {
        let slot = &mut self.slots[place];
        slot.engine = None;
        slot.undo.clear();
        slot.failing_read = None;
        slot.disk.lose_power();
        self.network.drop_device(place);
    }

    /// Ends a run cleanly, and begins another.
    pub fn restart(&mut self, place: Place) -> Result<(), Broken> {
        let is_settled = self.shut_down(place)?;
        self.start(place)?;
        let is_whole = !self.is_waiting(place);
        claim(Law::Quiet, !(is_settled && is_whole) || self.deadline(place).is_none(), || {
            format!("{} has something to write after a clean end", self.slots[place].name)
        })
    }

    /// A clean end of a run. True when the disk took what the engine had to say at its end.
    pub fn shut_down(&mut self, place: Place) -> Result<bool, Broken> {
        self.tell(place, "shuts down");
        let slot = &mut self.slots[place];
        let Some(engine) = slot.engine.as_mut() else { return Ok(false) };
        let settled = engine.settle(&mut slot.random);
        let commits = slot.disk.take_commits();
        let is_quiet = commits.iter().all(|commit| commit.bundles.is_empty());
        claim(Law::Quiet, is_quiet, || format!("{} put bundles at its end", slot.name))?;
        if !slot.disk.is_off() {
            slot.disk.sync();
        }
        self.turn_off(place);
        Ok(settled.is_ok())
    }

    /// Starts a device that is off, and looks at what is left.
    pub fn start(&mut self, place: Place) -> Result<(), Broken> {
        self.tell(place, "starts");
        let wrap = Box::new(self.wrap.clone());
        let slot = &mut self.slots[place];
        laws::holds(&self.model, &slot.name, &slot.held, &slot.disk.bundles())?;
        let engine = Engine::open(slot.disk.clone(), slot.keys.clone(), wrap, &mut slot.random);
        slot.engine =
            Some(engine.map_err(|error| Broken::new(Law::Durable, format!("{} does not open: {error}", slot.name)))?);
        self.check(place).map(drop)
    }

    pub fn fail_next(&mut self, place: Place, fault: Fault) {
        self.tell(place, &format!("will have {fault:?}"));
        self.slots[place].disk.fail_next(fault);
    }

    /// A read of the next turn will fail.
    pub fn fail_read(&mut self, place: Place, reads: usize) {
        self.tell(place, &format!("will fail to read, after {reads}"));
        self.slots[place].failing_read = Some(reads);
    }

    pub fn fill_disk(&mut self, place: Place) {
        self.tell(place, "has a full disk");
        self.slots[place].disk.set_full(true);
    }

    pub fn make_room(&mut self, place: Place) {
        self.tell(place, "has room again");
        self.slots[place].disk.set_full(false);
    }

    /// Everybody is on, with disks that do what they are told.
    pub(super) fn calm(&mut self) -> Result<(), Broken> {
        for place in 0..self.slots.len() {
            self.slots[place].disk.calm();
            self.slots[place].failing_read = None;
            if !self.is_on(place) {
                self.start(place)?;
            }
        }
        Ok(())
    }

    pub fn is_full(&self, place: Place) -> bool {
        self.slots[place].disk.is_full()
    }

    /// Keeps a copy of the disk as it is now.
    pub fn back_up(&mut self, place: Place) {
        self.tell(place, "is backed up");
        let slot = &mut self.slots[place];
        let (held, own_log, must_say) = (slot.held.clone(), slot.own_log, slot.must_say);
        slot.backups.push(Backup { rows: slot.disk.rows(), held, own_log, must_say });
    }

    pub fn backups(&self, place: Place) -> usize {
        self.slots[place].backups.len()
    }

    /// Puts the disk back to what it was at a backup, and starts anew.
    pub fn restore(&mut self, place: Place, backup: usize) -> Result<(), Broken> {
        self.crash(place);
        self.tell(place, &format!("is put back to backup {backup}"));
        let slot = &mut self.slots[place];
        let Backup { rows, held, own_log, must_say } = slot.backups[backup].clone();
        slot.disk.put_back(rows);
        slot.notes.clear();
        (slot.held, slot.own_log, slot.must_say, slot.is_copy) = (held, own_log, must_say, true);
        self.start(place)
    }

    /// Copies the folder of a device to a place of its own, and starts the copy beside it.
    pub fn clone_device(&mut self, of: Place) -> Result<Place, Broken> {
        self.tell(of, "is cloned");
        let place = self.slots.len();
        let original = &mut self.slots[of];
        original.is_copy = true;
        let clone = Slot {
            name: original.name.clone(),
            keys: original.keys.clone(),
            disk: original.disk.copied(),
            engine: None,
            random: Stream::new(self.seed, &format!("clone {place}")),
            failing_read: None,
            held: original.held.clone(),
            undo: Vec::new(),
            notes: original.notes.clone(),
            own_log: original.own_log,
            is_copy: true,
            must_say: original.must_say,
            backups: Vec::new(),
        };
        self.slots.push(clone);
        self.start(place)?;
        Ok(place)
    }

    /// Whether the two can ever be connected: a device does not talk to itself.
    pub fn can_connect(&self, a: Place, b: Place) -> bool {
        a != b && self.device(a) != self.device(b) && self.is_on(a) && self.is_on(b)
    }

    pub fn is_connected(&self, a: Place, b: Place) -> bool {
        self.network.is_connected(a, b)
    }

    /// Connects the two, once more if they are connected already.
    pub fn connect(&mut self, a: Place, b: Place) {
        self.tell(a, &format!("is connected with {b}"));
        self.network.connect([(a, self.device(a)), (b, self.device(b))]);
    }

    pub fn cut(&mut self, a: Place, b: Place) {
        self.tell(a, &format!("is cut from {b}"));
        self.network.cut(a, b);
    }

    pub fn cut_all(&mut self) {
        for (a, b) in self.network.pairs() {
            self.cut(a, b);
        }
    }

    /// Some of what waits to happen at a device, in an order that the dice choose.
    pub fn pull(&mut self, place: Place, count: usize) -> Vec<Input> {
        let mut inputs = Vec::new();
        while inputs.len() < count {
            let nexts = self.network.nexts(place);
            let Some(next) = self.dice.pick::<Next>(&nexts).copied() else { break };
            inputs.extend(self.network.happen(next));
        }
        inputs
    }

    /// Places at which something waits to happen.
    pub fn waiting(&self) -> Vec<Place> {
        let is_waiting = |place: &Place| self.is_on(*place) && !self.network.nexts(*place).is_empty();
        (0..self.slots.len()).filter(is_waiting).collect()
    }

    /// Whether a tick is due at a device.
    pub fn is_due(&self, place: Place) -> bool {
        self.deadline(place).is_some_and(|due| due <= self.now)
    }

    pub(super) fn deadline(&self, place: Place) -> Option<i64> {
        let engine = self.slots[place].engine.as_ref()?;
        engine.next_deadline().map(|due| due.as_millisecond())
    }

    /// All bundles that are on a disk somewhere.
    pub(super) fn kept(&self) -> Set {
        let mut kept = Set::default();
        self.slots.iter().for_each(|slot| kept.extend(&slot.held));
        kept
    }
}
