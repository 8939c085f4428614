//! One turn of an engine in a world: what goes in, what the model makes of the commit, and what comes out.

use ingle_core::engine::{Done, Input, LinkId, Output, WriteError};
use ingle_model::{EntryView, Moment};

use super::{Order, Place, World, unreadable};
use crate::simulator::{
    disk::{Commit, Outcome},
    laws::{Broken, Law, claim},
    model::{Expected, Set, Turn, Wish},
    network::Misuse,
};

type Answers = Vec<(u64, Result<Done, WriteError>)>;
/// What came of a turn, and what it put on the disk.
type Turned = (Vec<Output>, Option<Commit>);

impl World {
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
    pub(super) fn handle(&mut self, place: Place, inputs: Vec<Input>, at: &Moment) -> Result<Option<Turned>, Broken> {
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

    pub(super) fn begin(&self, place: Place, seen: Set, at: &Moment) -> Turn {
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
    pub(super) fn absorb(
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
    pub(super) fn carry_out(&mut self, place: Place, outputs: Vec<Output>) -> Result<Option<Answers>, Broken> {
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
        Input::Closing => "the end of a run".to_owned(),
        Input::Write { .. } | Input::Invite { .. } | Input::Import { .. } => "a request".to_owned(),
    }
}
