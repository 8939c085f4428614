//! The same writes on different ways: people write while nobody is connected, and then what they wrote travels as the dice want.
//! What is there after each meeting must not depend on how it came about.

use ingle_core::seal::Hash;
use ingle_model::EntryView;

use super::{
    laws::{Broken, Law, claim},
    model::Wish,
    randomness::Dice,
    world::{Order, Place, World},
};

const MEETINGS: usize = 4;
const DEVICES: usize = 3;
/// A meeting has come to its end by then.
const MEETING: i64 = 1_000_000_000;

/// What is there after a meeting: the entries, and the heads of all documents.
type Told = (Vec<EntryView>, Vec<Hash>);

/// Lets the people of a seed write the same again and again, each time carried about in another way.
pub fn same_by_any_way(seed: u64, ways: u64) -> Result<(), Broken> {
    let mut first = None;
    for way in 0..ways {
        let told = retold(seed, way)?;
        let first = first.get_or_insert_with(|| told.clone());
        claim(Law::Path, *first == told, || format!("seed {seed} comes out otherwise by way {way}"))?;
    }
    Ok(())
}

/// What is there after each meeting.
fn retold(seed: u64, way: u64) -> Result<Vec<Told>, Broken> {
    let mut world = World::paired(seed, DEVICES)?;
    let told = tell(&mut world, seed, way);
    told.map_err(|Broken { law, what }| {
        Broken::new(law, format!("seed {seed} by way {way}: {what}\n{}", world.story.last().join("\n")))
    })
}

fn tell(world: &mut World, seed: u64, way: u64) -> Result<Vec<Told>, Broken> {
    // All know each other before the ways part.
    let mesh = world.mesh();
    world.rest(&mesh)?;
    let began = world.now();
    let mut told = Vec::new();
    for meeting in 0..MEETINGS {
        world.cut_all();
        while world.step()? {}
        let number = i64::try_from(meeting).expect("a small number");
        world.wait(began + (number + 1) * MEETING - world.now());
        world.begin_again(seed, &format!("writing {meeting}"));
        write(world, &mut Dice::new(seed, &format!("writing {meeting}")))?;
        world.dice = Dice::new(way, &format!("meeting {meeting}"));
        meet(world)?;
        told.push((world.list(0)?, world.heads(0)));
    }
    Ok(told)
}

fn write(world: &mut World, dice: &mut Dice) -> Result<(), Broken> {
    for _ in 0..12 {
        let place = dice.below(DEVICES);
        let words = world.new_words(dice, false);
        let shown: Vec<usize> = world.model().shown(&world.seen(place)).into_keys().collect();
        let wish = match (dice.below(5), dice.pick(&shown).copied()) {
            (0 | 1, Some(entry)) => Wish::Edit { entry, words },
            (2, Some(entry)) => Wish::Delete { entry },
            (3, _) if world.can_undo(place) => Wish::Undo,
            _ => world.new_check_in(words),
        };
        world.turn(place, Vec::new(), &[wish], Order::WishesFirst)?;
    }
    Ok(())
}

/// Connections come and go, twice between the same two if it happens, before all are left to meet.
fn meet(world: &mut World) -> Result<(), Broken> {
    let pairs = world.mesh();
    for _ in 0..world.dice.below(60) {
        let (a, b): (Place, Place) = world.dice.pick(&pairs).copied().unwrap_or_default();
        match world.dice.below(8) {
            0 | 1 => world.connect(a, b),
            2 => world.cut(a, b),
            3 => world.tick(a)?,
            _ => {
                let count = 1 + world.dice.below(8);
                let inputs = world.pull(b, count);
                world.turn(b, inputs, &[], Order::WishesLast)?;
            }
        }
        let millis = world.dice.millis(5000);
        world.wait(millis);
    }
    world.rest(&pairs)
}
