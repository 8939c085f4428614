//! Draws what happens in a world, step by step. Which kinds of trouble there are at all is drawn first, so that some worlds are
//! calm, and others know one kind of trouble only, and much of it.

use super::{
    Plan,
    disk::Fault,
    laws::Broken,
    model::Wish,
    world::{Order, Place, World},
};

/// More devices than this are never in a world, clones among them.
const MAX_PLACES: usize = 4;
const MAX_BACKUPS: usize = 3;

/// What a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Write,
    /// Many writes while the wires stand still.
    Burst,
    Network,
    Connect,
    ConnectTwice,
    Cut,
    Wait,
    Tick,
    Note,
    Crash,
    CrashInCommit,
    FailedSync,
    FailedRead,
    FullDisk,
    Restart,
    Start,
    BackUp,
    Restore,
    Clone,
    TakeIn,
    Rest,
}

/// How often what happens here.
#[derive(Debug)]
struct Temper(Vec<(Step, usize)>);

impl Temper {
    fn drawn(world: &mut World, plan: Plan) -> Self {
        let mut some = |weight: usize| if world.dice.is_one_in(2) { weight } else { 0 };
        let (crashes, failures, full, cuts, twice) = (some(3), some(4), some(3), some(8), some(3));
        let restores = if plan.has_restores { some(3) } else { 0 };
        let clones = if plan.has_clones { some(2) } else { 0 };
        let (pauses, bursts) = (some(4), some(1));
        Self(vec![
            (Step::Write, 40),
            (Step::Network, 60),
            (Step::Connect, 10),
            (Step::Wait, 4 + 2 * pauses),
            (Step::Tick, 8),
            (Step::Note, 2),
            (Step::Restart, 2),
            (Step::Start, 6),
            (Step::TakeIn, 2),
            (Step::Rest, 1),
            (Step::Burst, bursts),
            (Step::ConnectTwice, twice),
            (Step::Cut, cuts),
            (Step::Crash, crashes),
            (Step::CrashInCommit, crashes),
            (Step::FailedSync, failures),
            (Step::FailedRead, failures),
            (Step::FullDisk, full),
            (Step::BackUp, 3 * restores),
            (Step::Restore, restores),
            (Step::Clone, clones),
        ])
    }

    fn draw(&self, world: &mut World) -> Step {
        let mut left = world.dice.below(self.0.iter().map(|(_, weight)| weight).sum());
        for (step, weight) in &self.0 {
            match left.checked_sub(*weight) {
                Some(less) => left = less,
                None => return *step,
            }
        }
        Step::Network
    }
}

/// Lets things happen, and ends with a rest and a restart of everybody.
pub fn drive(world: &mut World, plan: Plan) -> Result<(), Broken> {
    let temper = Temper::drawn(world, plan);
    // The second device comes at once; the others when it happens.
    while world.take_in(0)?.is_none() {}
    for _ in 0..plan.steps {
        let step = temper.draw(world);
        take(world, step, plan)?;
    }
    while world.places() < plan.devices {
        rest(world)?;
        world.take_in(0)?;
    }
    rest(world)?;
    for place in 0..world.places() {
        let is_clean = world.dice.is_one_in(2);
        if is_clean { world.restart(place)? } else { world.crash(place) }
    }
    rest(world)
}

fn take(world: &mut World, step: Step, plan: Plan) -> Result<(), Broken> {
    let all: Vec<Place> = (0..world.places()).collect();
    let on: Vec<Place> = all.iter().copied().filter(|place| world.is_on(*place)).collect();
    let off: Vec<Place> = all.iter().copied().filter(|place| !world.is_on(*place)).collect();
    if step == Step::Start {
        return world.dice.pick(&off).copied().map_or(Ok(()), |place| world.start(place));
    }
    let Some(place) = world.dice.pick(&on).copied() else { return Ok(()) };
    let other = world.dice.pick(&on).copied().unwrap_or(place);
    let is_complete = world.places() >= plan.devices;
    let is_landed = world.dice.is_one_in(2);
    match step {
        Step::Write => write(world, place)?,
        Step::Burst => burst(world, place)?,
        Step::Network => network(world)?,
        Step::Connect if world.can_connect(place, other) && !world.is_connected(place, other) => {
            world.connect(place, other);
        }
        Step::ConnectTwice if world.can_connect(place, other) => world.connect(place, other),
        Step::Cut => world.cut(place, other),
        Step::Wait => wait(world),
        Step::Tick => tick(world, place)?,
        Step::Note if place != other => world.note(place, other)?,
        Step::Crash => {
            world.crash(place);
            if world.dice.is_one_in(2) {
                world.start(place)?;
            }
        }
        Step::CrashInCommit => world.fail_next(place, Fault::Crash { is_landed }),
        Step::FailedSync => world.fail_next(place, Fault::FailedSync { is_landed }),
        Step::FailedRead => {
            let reads = world.dice.below(12);
            world.fail_read(place, reads);
        }
        Step::FullDisk if world.is_full(place) => world.make_room(place),
        Step::FullDisk => world.fill_disk(place),
        Step::Restart => world.restart(place)?,
        Step::BackUp if is_complete && world.backups(place) < MAX_BACKUPS => world.back_up(place),
        Step::Restore if world.backups(place) > 0 => {
            let backup = world.dice.below(world.backups(place));
            world.restore(place, backup)?;
        }
        Step::Clone if is_complete && world.places() < MAX_PLACES => drop(world.clone_device(place)?),
        Step::TakeIn if !is_complete => drop(world.take_in(place)?),
        Step::Rest => rest(world)?,
        _ => {}
    }
    Ok(())
}

/// A turn in which a person writes, with or without something that came in.
fn write(world: &mut World, place: Place) -> Result<(), Broken> {
    let count = if world.dice.is_one_in(6) { 2 + world.dice.below(3) } else { 1 };
    let mut wishes = Vec::new();
    for _ in 0..count {
        wishes.extend(wish(world, place));
    }
    // An undo in a turn with others takes back what nobody has looked at.
    if wishes.len() > 1 {
        wishes.retain(|wish| *wish != Wish::Undo);
    }
    let order = if world.dice.is_one_in(2) { Order::WishesFirst } else { Order::WishesLast };
    let pulled = if world.dice.is_one_in(3) { world.dice.below(4) } else { 0 };
    let inputs = world.pull(place, pulled);
    world.turn(place, inputs, &wishes, order)?;
    look(world, place, 3)
}

fn wish(world: &mut World, place: Place) -> Option<Wish> {
    let mut dice = world.dice.clone();
    world.dice.roll();
    let kind = dice.below(20);
    if kind < 9 {
        let words = world.new_words(&mut dice, false);
        return Some(world.new_check_in(words));
    }
    if kind < 12 {
        return world.can_undo(place).then_some(Wish::Undo);
    }
    let is_anywhere = dice.is_one_in(8);
    let shown = world.model().shown(&world.seen(place));
    let entries = world.model().entries().iter().enumerate();
    let known = entries.filter(|(entry, known)| known.id.is_some() && (is_anywhere || shown.contains_key(entry)));
    let known: Vec<usize> = known.map(|(entry, _)| entry).collect();
    let entry = *dice.pick(&known)?;
    if kind < 17 {
        let words = world.new_words(&mut dice, true);
        return Some(Wish::Edit { entry, words });
    }
    Some(Wish::Delete { entry })
}

fn burst(world: &mut World, place: Place) -> Result<(), Broken> {
    let is_one_turn = world.dice.is_one_in(3);
    let mut wishes = Vec::new();
    for _ in 0..70 + world.dice.below(20) {
        let mut dice = world.dice.clone();
        world.dice.roll();
        let words = world.new_words(&mut dice, false);
        wishes.push(world.new_check_in(words));
    }
    if is_one_turn {
        return world.turn(place, Vec::new(), &wishes, Order::WishesFirst);
    }
    wishes.chunks(1).try_for_each(|wish| world.turn(place, Vec::new(), wish, Order::WishesFirst))
}

fn network(world: &mut World) -> Result<(), Broken> {
    let places = world.waiting();
    let Some(place) = world.dice.pick(&places).copied() else { return Ok(()) };
    let count = 1 + world.dice.below(8);
    let inputs = world.pull(place, count);
    world.turn(place, inputs, &[], Order::WishesLast)?;
    look(world, place, 10)
}

fn tick(world: &mut World, place: Place) -> Result<(), Broken> {
    // One that is not due changes nothing.
    if world.is_due(place) || world.dice.is_one_in(4) {
        world.tick(place)?;
        look(world, place, 3)?;
    }
    Ok(())
}

fn wait(world: &mut World) {
    let millis = match world.dice.below(10) {
        0 => world.dice.millis(40 * 24 * 3600 * 1000),
        1..4 => world.dice.millis(3 * 3600 * 1000),
        _ => world.dice.millis(4000),
    };
    world.wait(millis);
}

/// Looks now and then whether a device shows what it should.
fn look(world: &mut World, place: Place, one_in: usize) -> Result<(), Broken> {
    if world.is_on(place) && world.dice.is_one_in(one_in) { world.check(place).map(drop) } else { Ok(()) }
}

/// A rest with everybody connected to everybody, or in a row where they know each other.
fn rest(world: &mut World) -> Result<(), Broken> {
    let mesh = world.mesh();
    let row = row(world);
    let is_row = world.dice.is_one_in(3);
    if world.dice.is_one_in(2) {
        world.cut_all();
    }
    match row {
        Some(row) if is_row => {
            world.cut_all();
            world.rest(&row)
        }
        _ => world.rest(&mesh),
    }
}

/// Everybody in a row, each connected to the next.
fn row(world: &mut World) -> Option<Vec<(Place, Place)>> {
    let mut places: Vec<Place> = (0..world.places()).collect();
    for last in (1..places.len()).rev() {
        places.swap(last, world.dice.below(last + 1));
    }
    let row: Vec<(Place, Place)> = places.windows(2).map(|pair| (pair[0], pair[1])).collect();
    let is_possible = |(a, b): &(Place, Place)| world.device(*a) != world.device(*b) && world.are_acquainted(*a, *b);
    row.iter().all(is_possible).then_some(row)
}
