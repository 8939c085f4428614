//! A person's months with reminders, drawn from a seed: one or two devices with the real engine, whose clocks are set and whose
//! zones change, that sleep, are apart and together. What may be shown is known here by other means than the engine's.

use std::{collections::BTreeMap, fmt};

use ingle_core::{
    engine::{Done, Engine, Input, LinkId, Output, Remind, Write, WriteError},
    keys::DeviceKeys,
    reminders::{Presence, Reminders},
    roster::Roster,
};
use ingle_model::{
    CheckInDraft, Handling, Label, Moment, Pause, QuietHours, RuleDraft, RuleId, RuleKind, Slot, TimeOfDay,
};
use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

use super::{
    disk::SimDisk,
    randomness::{Dice, Stream},
    wrap::Counted,
};

mod evening;
mod laws;

pub use evening::{pass, run};
use laws::Watched;

const LINK: LinkId = LinkId(1);
/// Nothing reminds for so long after a return.
const SETTLING_IN: SignedDuration = SignedDuration::from_secs(30);

/// What was broken, in which world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub seed: u64,
    pub law: String,
    /// What happened last.
    pub story: Vec<String>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the months of seed {} broke a law: {}", self.seed, self.law)?;
        writeln!(
            f,
            "to see it again: INGLE_SIM_SEED={} cargo test -p ingle-tests --test reminders asked_for",
            self.seed
        )?;
        self.story.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// One device, and what it would have to know.
struct Device {
    engine: Engine<SimDisk>,
    disk: SimDisk,
    keys: DeviceKeys,
    random: Stream,
    zone: TimeZone,
    /// Its clock less the true time.
    offset: SignedDuration,
    presence: Presence,
    watched: Watched,
}

/// The devices of one person, at one time.
pub struct Months {
    seed: u64,
    devices: Vec<Device>,
    wrap: Counted,
    true_time: Timestamp,
    /// With the time from which each reminds, on the clock of the device on which it was accepted.
    rules: BTreeMap<RuleId, (RuleKind, TimeOfDay, Timestamp)>,
    quiet: Option<QuietHours>,
    /// How often somebody said "later" to a slot, anywhere.
    laters: BTreeMap<Slot, usize>,
    shows: usize,
    story: Vec<String>,
    /// Whether clocks are set and zones change: then what must come isn't known here.
    is_steady: bool,
}

impl fmt::Debug for Months {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Months({}, {} devices)", self.seed, self.devices.len())
    }
}

fn label(text: &str) -> Label {
    Label::new(text).expect("a short word")
}

impl Months {
    /// One device or two that begin at that time on the clock of a zone.
    pub fn new(seed: u64, devices: usize, begin: &str, zone: &str, is_steady: bool) -> Self {
        let zone = TimeZone::get(zone).expect("a zone");
        let begin: civil::DateTime = begin.parse().expect("a date and time");
        let true_time = zone.to_timestamp(begin).expect("in range");
        let at = Moment::new(true_time, zone.clone()).expect("in range");
        let wrap = Counted::default();
        let device = |engine, disk, keys, random| Device {
            engine,
            disk,
            keys,
            random,
            zone: zone.clone(),
            offset: SignedDuration::ZERO,
            presence: Presence::Here { since: Timestamp::UNIX_EPOCH },
            watched: Watched::default(),
        };
        let (disk, mut random) = (SimDisk::default(), Stream::new(seed, "first"));
        let keys = DeviceKeys::generate_first(&mut random, &wrap);
        let own = (disk.clone(), keys.clone(), label("laptop"), Box::new(wrap.clone()));
        let engine = Engine::create(own.0, own.1, &own.2, own.3, &at, &mut random).expect("an empty disk");
        let mut all = vec![device(engine, disk, keys, random)];
        if devices == 2 {
            let (disk, mut random) = (SimDisk::default(), Stream::new(seed, "second"));
            let keys = DeviceKeys::generate(&mut random, &wrap);
            let Device { engine, random: inviter, .. } = &mut all[0];
            let outputs = engine.handle(vec![Input::Invite { ticket: 1, member: keys.member().clone() }], &at, inviter);
            let chain = outputs.into_iter().find_map(|output| match output {
                Output::Done { result: Ok(Done::Invited { chain }), .. } => Some(chain),
                _ => None,
            });
            let roster = Roster::adopt(&chain.expect("an invited device"), keys.member(), all[0].engine.own().link());
            let (name, wrap) = (label("desktop"), Box::new(wrap.clone()));
            let roster = roster.expect("a chain that was just made");
            let engine = Engine::join(disk.clone(), keys.clone(), &name, roster, wrap, &at, &mut random);
            all.push(device(engine.expect("an empty disk"), disk, keys, random));
        }
        Self {
            seed,
            devices: all,
            wrap,
            true_time,
            rules: BTreeMap::new(),
            quiet: None,
            laters: BTreeMap::new(),
            shows: 0,
            story: Vec::new(),
            is_steady,
        }
    }

    pub fn shows(&self) -> usize {
        self.shows
    }

    pub fn now(&self, place: usize) -> Moment {
        let device = &self.devices[place];
        Moment::new(self.true_time + device.offset, device.zone.clone()).expect("in range")
    }

    fn tell(&mut self, place: usize, what: &str) {
        let line = format!("{place} {}: {what}", self.now(place));
        if self.story.len() == 60 {
            self.story.remove(0);
        }
        self.story.push(line);
    }

    fn broken(&self, law: impl Into<String>) -> Broken {
        Broken { seed: self.seed, law: law.into(), story: self.story.clone() }
    }

    fn write(&mut self, place: usize, write: Write) -> Result<Done, WriteError> {
        let now = self.now(place);
        let Device { engine, random, .. } = &mut self.devices[place];
        let outputs = engine.handle(vec![Input::Write { ticket: 1, write }], &now, random);
        let done = outputs.into_iter().find_map(|output| match output {
            Output::Done { result, .. } => Some(result),
            _ => None,
        });
        done.expect("a write is answered")
    }

    pub fn add(&mut self, place: usize, kind: RuleKind, time: &str) -> Option<RuleId> {
        let time: TimeOfDay = time.parse().expect("a time");
        let done = self.write(place, Write::Remind(Remind::Add(RuleDraft { kind, time })));
        let Ok(Done::Rule { rule }) = done else { return None };
        let since = self.now(place).instant();
        self.rules.entry(rule).or_insert((kind, time, since));
        self.tell(place, &format!("{kind:?} at {time}"));
        Some(rule)
    }

    pub fn set_quiet(&mut self, place: usize, hours: &str) {
        let hours: QuietHours = hours.parse().expect("quiet hours");
        self.write(place, Write::Remind(Remind::Quiet(Some(hours)))).expect("before there are rules");
        self.quiet = Some(hours);
        self.tell(place, &format!("quiet {hours}"));
    }

    fn reminders(&mut self, place: usize) -> Reminders {
        let now = self.now(place);
        self.devices[place].engine.reminders(&now).expect("the disk is whole")
    }

    /// What the daemon does when it wakes up: shows what is due and wasn't shown. Gives when it has to wake up again, in true time.
    pub fn wake(&mut self, place: usize) -> Result<Option<Timestamp>, Broken> {
        for _ in 0..8 {
            let (now, presence) = (self.now(place), self.devices[place].presence);
            let decision = self.reminders(place).decide(&now, presence);
            let Some(due) = decision.due.filter(|due| !due.is_shown) else {
                self.check_nothing_is_missed(place)?;
                return Ok(decision.next.map(|next| next - self.devices[place].offset));
            };
            self.tell(place, &format!("shows {:?} of {}", due.kind, due.slot.date));
            self.check_show(place, due.slot)?;
            self.shows += 1;
            let shown = Remind::Shown { slot: due.slot, at: now };
            self.write(place, Write::Remind(shown)).expect("the disk is whole");
        }
        Err(self.broken("what was shown is shown again at once"))
    }

    /// The person does something about the slot.
    pub fn handle(&mut self, place: usize, slot: Slot, how: Handling) {
        let at = self.now(place);
        let done = self.write(place, Write::Remind(Remind::Handle { slot, how, at: at.clone() }));
        let Ok(Done::Handled(handled)) = done else { return };
        self.tell(place, &format!("{how:?} to that of {}, before: {:?}", slot.date, handled.before));
        if handled.before.is_none() {
            self.devices[place].watched.handled(slot, how, at.instant());
            if how == Handling::Later {
                *self.laters.entry(slot).or_default() += 1;
            }
        }
    }

    pub fn pause(&mut self, place: usize, pause: Pause) {
        let at = self.now(place);
        self.devices[place].watched.paused(pause, at.instant());
        self.write(place, Write::Remind(Remind::Pause { pause, at })).expect("the disk is whole");
        self.tell(place, &format!("pauses: {pause:?}"));
    }

    pub fn check_in(&mut self, place: usize) {
        let draft = CheckInDraft { cause: Some("rain".to_owned()), ..CheckInDraft::default() };
        self.write(place, Write::CheckIn(draft)).expect("the disk is whole");
        self.tell(place, "checks in");
        let now = self.now(place).zoned();
        let is_answered =
            |(kind, time, _): &(RuleKind, TimeOfDay, Timestamp)| *kind == RuleKind::Daily && time.time() <= now.time();
        let daily = self.rules.iter().filter(|(_, rule)| is_answered(rule));
        let slots: Vec<Slot> = daily.map(|(rule, _)| Slot { rule: *rule, date: now.date() }).collect();
        // Whether its time was before it was accepted, or skipped, isn't looked at here: what is known too much is only missed.
        slots.into_iter().for_each(|slot| self.devices[place].watched.perhaps_handled(slot));
    }

    /// Goes to sleep, or locks the screen; or comes back.
    pub fn set_away(&mut self, place: usize, is_away: bool) {
        let since = self.now(place).instant();
        self.devices[place].presence = if is_away { Presence::Away } else { Presence::Here { since } };
        self.tell(place, if is_away { "nobody is there" } else { "somebody is back" });
        self.devices[place].watched.comes_back((!is_away).then_some(since));
    }

    pub fn set_clock(&mut self, place: usize, by: SignedDuration) {
        self.devices[place].offset += by;
        self.tell(place, &format!("the clock was set by {by:#}"));
        self.devices[place].watched.comes_back(None);
    }

    pub fn travel(&mut self, zone: &str) {
        let zone = TimeZone::get(zone).expect("a zone");
        for place in 0..self.devices.len() {
            self.devices[place].zone = zone.clone();
            self.devices[place].watched.comes_back(None);
            self.tell(place, "another zone");
        }
    }

    pub fn restart(&mut self, place: usize, is_clean: bool) {
        let wrap = Box::new(self.wrap.clone());
        let Device { engine, disk, keys, random, .. } = &mut self.devices[place];
        if is_clean {
            engine.settle(random).expect("the disk is whole");
        }
        *engine = Engine::open(disk.clone(), keys.clone(), wrap, random).expect("the disk is whole");
        self.tell(place, "was restarted");
    }

    /// The devices meet, until nothing is left to say.
    pub fn meet(&mut self) {
        if self.devices.len() < 2 {
            return;
        }
        let ids = [0, 1].map(|place: usize| self.devices[place].engine.own().device());
        let mut wire = Vec::new();
        for place in [0, 1] {
            self.give(place, vec![Input::LinkUp { link: LINK, device: ids[1 - place] }], &mut wire);
        }
        while !wire.is_empty() {
            for (to, frame) in std::mem::take(&mut wire) {
                self.give(1 - to, vec![Input::Sent { link: LINK }], &mut wire);
                self.give(to, vec![Input::Frame { link: LINK, frame }], &mut wire);
            }
        }
        (0..2).for_each(|place| self.give(place, vec![Input::LinkDown { link: LINK }], &mut wire));
        assert_eq!(self.devices[0].engine.heads(), self.devices[1].engine.heads(), "they have met");
        let known = [0, 1].map(|place: usize| self.devices[place].watched.clone());
        self.devices[0].watched.learn(&known[1]);
        self.devices[1].watched.learn(&known[0]);
        self.tell(0, "the devices have met");
    }

    fn give(&mut self, place: usize, inputs: Vec<Input>, wire: &mut Vec<(usize, Vec<u8>)>) {
        let now = self.now(place);
        let Device { engine, random, .. } = &mut self.devices[place];
        for output in engine.handle(inputs, &now, random) {
            match output {
                Output::Send { frame, .. } => wire.push((1 - place, frame)),
                Output::Close { .. } => panic!("honest devices don't hang up"),
                Output::Done { .. } | Output::RosterChanged | Output::Event(_) => {}
            }
        }
    }
}
