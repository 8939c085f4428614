//! Quiet: everybody is on and connected, nothing waits to happen, no deadline is left. Then all devices must be the same.

use ingle_core::engine::{Engine, Input, Query};
use ingle_model::EntryView;

use super::{Order, Place, World, unreadable};
use crate::simulator::laws::{self, Broken, Law, claim};

/// More turns than a world ever needs to come to rest.
const MAX_TURNS: usize = 20_000;
/// How often devices that don't know each other yet try again.
const MAX_REFUSALS: usize = 6;
const DAY: i64 = 24 * 3600 * 1000;

impl World {
    /// A meeting, after which all devices are held to the laws. The pairs reach everybody.
    pub fn rest(&mut self, pairs: &[(Place, Place)]) -> Result<(), Broken> {
        self.meet(pairs)?;
        self.check_all(pairs)?;
        self.check_quiet()
    }

    /// Turns everybody on and lets everything happen that waits to, with these connected.
    pub fn meet(&mut self, pairs: &[(Place, Place)]) -> Result<(), Broken> {
        self.story.tell(format!("meeting, with {pairs:?} connected"));
        self.calm()?;
        self.story.is_aside = true;
        self.come_to_rest(pairs)?;
        self.story.is_aside = false;
        Ok(())
    }

    /// Every two that can be connected.
    pub fn mesh(&self) -> Vec<(Place, Place)> {
        let all = 0..self.slots.len();
        let pairs = all.clone().flat_map(|a| all.clone().map(move |b| (a, b)));
        pairs.filter(|(a, b)| a < b && self.device(*a) != self.device(*b)).collect()
    }

    /// Whether the two know each other, so that one connection is enough for them to meet.
    pub fn are_acquainted(&self, a: Place, b: Place) -> bool {
        let knows = |a: Place, b: Place| {
            let engine = self.slots[a].engine.as_ref();
            engine.is_some_and(|engine| engine.name_of(self.device(b)).is_some())
        };
        knows(a, b) && knows(b, a)
    }

    fn come_to_rest(&mut self, pairs: &[(Place, Place)]) -> Result<(), Broken> {
        let mut refusals = 0;
        for _ in 0..MAX_TURNS {
            let places = self.waiting();
            if let Some(place) = self.dice.pick(&places).copied() {
                let count = 1 + self.dice.below(6);
                let inputs = self.pull(place, count);
                self.turn(place, inputs, &[], Order::WishesLast)?;
                continue;
            }
            let apart: Vec<_> = pairs.iter().filter(|(a, b)| !self.is_connected(*a, *b)).copied().collect();
            if !apart.is_empty() {
                claim(Law::Same, refusals < MAX_REFUSALS, || format!("{apart:?} do not come together"))?;
                refusals += 1;
                apart.into_iter().for_each(|(a, b)| self.connect(a, b));
                continue;
            }
            let dues = (0..self.slots.len()).filter_map(|place| Some((self.deadline(place)?, place)));
            let Some((due, place)) = dues.min() else { return Ok(()) };
            self.now = self.now.max(due);
            self.tick(place)?;
        }
        Err(Broken::new(Law::Quiet, "the devices do not come to rest"))
    }

    fn check_all(&mut self, pairs: &[(Place, Place)]) -> Result<(), Broken> {
        let kept = self.kept();
        let places = 0..self.slots.len();
        let mut lists = Vec::new();
        for place in places.clone() {
            let slot = &self.slots[place];
            laws::holds(&self.model, &slot.name, &slot.held, &slot.disk.bundles())?;
            claim(Law::Kept, slot.held == kept, || format!("{} lacks what is on another disk", slot.name))?;
            lists.push(self.check(place)?);
        }
        let Some(list) = lists.first() else { return Ok(()) };
        for place in places.clone() {
            let name = &self.slots[place].name;
            claim(Law::Same, lists[place] == *list, || format!("{name} shows its entries otherwise than the first"))?;
            let is_same = self.heads(place) == self.heads(0);
            claim(Law::Same, is_same, || format!("{name} has other heads than the first"))?;
            self.check_query(place, list)?;
        }
        for &(a, b) in pairs {
            self.check_peer(a, b, list)?;
            self.check_peer(b, a, list)?;
        }
        Ok(())
    }

    /// A device knows of one that it is connected with what there is to know.
    fn check_peer(&mut self, place: Place, peer: Place, list: &[EntryView]) -> Result<(), Broken> {
        let (id, peer_name) = (self.device(peer), self.slots[peer].name.clone());
        let entries = list.iter().filter(|view| view.device_id == id).count();
        let slot = &mut self.slots[place];
        let devices = slot.engine.as_mut().map(Engine::devices).unwrap_or_default();
        let device = devices.into_iter().find(|device| device.id == id);
        let device =
            device.ok_or_else(|| Broken::new(Law::Same, format!("{} does not know {peer_name}", slot.name)))?;
        claim(Law::Same, device.up_to_date, || format!("{} does not know {peer_name} to be up to date", slot.name))?;
        let is_known = device.name == peer_name
            && device.last_exchange.is_some()
            && usize::try_from(device.entries).is_ok_and(|count| count == entries);
        claim(Law::Same, is_known, || format!("{} says of {peer_name}: {device:?}", slot.name))
    }

    fn check_query(&mut self, place: Place, whole: &[EntryView]) -> Result<(), Broken> {
        let times: Vec<i64> = whole.iter().map(|view| view.at_ms).collect();
        let mut bound = || self.dice.is_one_in(2).then(|| self.dice.pick(&times).copied()).flatten();
        let (since_ms, until_ms) = (bound(), bound());
        let limit = self.dice.is_one_in(2).then(|| self.dice.below(whole.len() + 2));
        let query = Query { since_ms, until_ms, limit, ..Query::default() };
        let engine = self.slots[place].engine.as_mut().expect("everybody was turned on for the rest");
        let answer = engine.list(&query).map_err(unreadable)?;
        laws::answers(&query, whole, &answer)
    }

    /// A day later still nothing is written and nothing is said.
    fn check_quiet(&mut self) -> Result<(), Broken> {
        let before = self.fingerprint();
        self.now += DAY;
        for place in 0..self.slots.len() {
            let at = self.next_moment();
            claim(Law::Quiet, self.deadline(place).is_none(), || format!("{place} has a deadline"))?;
            let Some((outputs, commit)) = self.handle(place, vec![Input::Tick], &at)? else { continue };
            claim(Law::Quiet, outputs.is_empty(), || format!("{place} has something to say: {outputs:?}"))?;
            claim(Law::Quiet, commit.is_none(), || format!("{place} has something to write"))?;
            claim(Law::Quiet, self.deadline(place).is_none(), || format!("{place} has a deadline again"))?;
        }
        claim(Law::Quiet, self.network.is_quiet(), || "something is on the wires".to_owned())?;
        claim(Law::Quiet, before == self.fingerprint(), || "the disks have changed".to_owned())
    }
}
