//! The laws of the journal, in worlds that are drawn from seeds.
//!
//! `INGLE_SIM_SEED=7 cargo test -p ingle-tests --test simulator asked_for -- --nocapture` tells one world step by step;
//! `INGLE_SIM_WORLDS=1000` in front of it all runs as many worlds of each kind as it says.

use ingle_tests::simulator::{Broken, Fault, Law, Order, Place, Plan, Story, Wish, Words, World, run, same_by_any_way};

/// Worlds of each kind.
const WORLDS: u64 = 40;

/// Seeds of worlds that broke a law once.
const ONCE_BROKEN: [u64; 5] = [1003, 1006, 1026, 1131, 1267];

fn check_worlds(kind: u64) {
    let worlds = std::env::var("INGLE_SIM_WORLDS").map_or(WORLDS, |worlds| worlds.parse().expect("a number"));
    (0..worlds).for_each(|world| check_world(4 * world + kind));
}

fn check_world(seed: u64) {
    run(seed, Plan::of(seed)).unwrap_or_else(|failure| panic!("{failure}"));
}

/// A story of devices that have met.
fn check(devices: usize, story: impl FnOnce(&mut World) -> Result<(), Broken>) {
    let mut world = World::paired(1, devices).expect("they pair");
    let mesh = world.mesh();
    world.rest(&mesh).expect("they come to rest");
    world.cut_all();
    let outcome = story(&mut world);
    outcome.unwrap_or_else(|broken| panic!("{broken}\n{}", world.story.last().join("\n")));
}

fn say(world: &mut World, place: Place, cause: &str) -> Result<(), Broken> {
    let wish = world.new_check_in(Words { cause: Some(cause.to_owned()), ..Words::default() });
    world.turn(place, Vec::new(), &[wish], Order::WishesFirst)
}

#[test]
fn worlds_of_two_devices_hold_the_laws() {
    check_worlds(0);
}

#[test]
fn worlds_of_three_devices_hold_the_laws() {
    check_worlds(1);
}

#[test]
fn worlds_of_two_devices_that_are_restored_and_cloned_hold_the_laws() {
    check_worlds(2);
}

#[test]
fn worlds_of_three_devices_that_are_restored_and_cloned_hold_the_laws() {
    check_worlds(3);
}

#[test]
fn worlds_that_broke_a_law_once_hold_it() {
    ONCE_BROKEN.into_iter().for_each(check_world);
}

#[test]
fn a_seed_that_is_asked_for_is_told_step_by_step() {
    let Ok(seed) = std::env::var("INGLE_SIM_SEED") else { return };
    let seed = seed.parse().unwrap();
    run(seed, Plan { is_loud: true, ..Plan::of(seed) }).unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let bytes = |seed| run(seed, Plan::of(seed)).unwrap();
    for seed in 100..108 {
        assert_eq!(bytes(seed), bytes(seed), "seed {seed}");
    }
    assert_ne!(bytes(100), bytes(104));
}

#[test]
fn what_is_written_apart_comes_out_the_same_by_any_way() {
    for seed in 0..6 {
        same_by_any_way(seed, 4).unwrap_or_else(|broken| panic!("{broken}"));
    }
}

#[test]
fn a_clone_costs_no_entry() {
    check(2, |world| {
        say(world, 0, "before")?;
        let clone = world.clone_device(0)?;
        say(world, 0, "on the one")?;
        say(world, clone, "on the other")?;
        let mesh = world.mesh();
        world.rest(&mesh)?;
        for place in [0, 1, clone] {
            assert_eq!(world.list(place)?.len(), 3);
        }
        say(world, clone, "after")?;
        world.rest(&mesh)
    });
}

#[test]
fn a_restored_disk_costs_no_entry_that_was_sent() {
    check(2, |world| {
        say(world, 0, "before")?;
        world.back_up(0);
        say(world, 0, "sent")?;
        let mesh = world.mesh();
        world.rest(&mesh)?;
        say(world, 0, "not sent")?;
        world.restore(0, 0)?;
        say(world, 0, "after")?;
        world.rest(&mesh)?;
        assert_eq!(world.list(0)?.len(), 3);
        Ok(())
    });
}

#[test]
fn one_that_sends_the_other_half_of_a_fork_is_known_to_hold_it() {
    check(3, |world| {
        world.back_up(0);
        say(world, 0, "the one half")?;
        world.meet(&[(0, 1)])?;
        world.restore(0, 0)?;
        say(world, 0, "the other half")?;
        world.meet(&[(0, 2)])?;
        // Now the first half comes by way of the device that had lost it.
        world.rest(&[(0, 1), (0, 2)])
    });
}

#[test]
fn what_waits_for_what_is_not_here_yet_outlives_a_crash() {
    check(3, |world| {
        let [low, high] = if world.device(0) < world.device(1) { [0, 1] } else { [1, 0] };
        say(world, high, "this is sent last, since logs are sent by their names")?;
        world.meet(&[(0, 1)])?;
        for _ in 0..100 {
            say(world, low, "this is written on top, and takes more than one frame")?;
        }
        world.cut_all();
        world.connect(low, 2);
        while !world.is_waiting(2) {
            assert!(world.step()?, "all came at once");
        }
        world.crash(2);
        world.rest(&[(0, 1), (0, 2)])
    });
}

#[test]
fn a_new_device_is_made_known_on_a_link_that_stands() {
    check(2, |world| {
        let mesh = world.mesh();
        world.rest(&mesh)?;
        let new = world.take_in(0)?.unwrap();
        while world.step()? {}
        assert!(world.are_acquainted(1, new));
        let mesh = world.mesh();
        world.rest(&mesh)
    });
}

#[test]
fn to_settle_on_what_is_shown_first_counts_as_a_write() {
    check(2, |world| {
        let edit = |cause: &str| {
            let words = Words { cause: Some(cause.to_owned()), ..Words::default() };
            [Wish::Edit { entry: 0, words }]
        };
        say(world, 0, "rain")?;
        let mesh = world.mesh();
        world.rest(&mesh)?;
        world.cut_all();
        world.turn(0, Vec::new(), &edit("hail"), Order::WishesFirst)?;
        world.turn(1, Vec::new(), &edit("snow"), Order::WishesFirst)?;
        world.rest(&mesh)?;
        world.cut_all();
        let shown = world.list(0)?[0].cause.clone().unwrap();
        world.turn(0, Vec::new(), &edit(&shown), Order::WishesFirst)?;
        world.turn(1, Vec::new(), &edit("storm"), Order::WishesFirst)?;
        world.rest(&mesh)?;
        assert_eq!(world.list(0)?[0].versions.len(), 1);
        Ok(())
    });
}

#[test]
fn a_note_that_was_not_kept_costs_no_knowledge_of_others() {
    check(2, |world| {
        let mesh = world.mesh();
        world.rest(&mesh)?;
        world.fail_next(0, Fault::FailedSync { is_landed: false });
        world.note(0, 1)?;
        world.rest(&mesh)
    });
}

#[test]
fn a_full_disk_is_not_asked_again_at_once() {
    check(2, |world| {
        say(world, 0, "rain")?;
        world.fill_disk(0);
        world.wait(5000);
        world.tick(0)?;
        assert!(!world.is_due(0));
        world.wait(3_600_000);
        assert!(world.is_due(0));
        let mesh = world.mesh();
        world.rest(&mesh)
    });
}

#[test]
fn an_evening_of_three_hundred_entries_outlives_a_crash() {
    check(2, |world| {
        for n in 0..300 {
            say(world, n % 2, "more")?;
        }
        world.crash(0);
        let mesh = world.mesh();
        world.rest(&mesh)?;
        world.crash(1);
        world.rest(&mesh)
    });
}

#[test]
fn a_disk_that_lies_is_caught() {
    let mut world = World::new(1, Story::default(), true).unwrap();
    say(&mut world, 0, "said to be saved").unwrap();
    world.crash(0);
    assert_eq!(world.start(0).unwrap_err().law, Law::Durable);

    let lied = |seed| run(seed, Plan { is_lying: true, ..Plan::of(seed) });
    let is_caught = |seed: &u64| lied(*seed).is_err_and(|failure| failure.broken.law == Law::Durable);
    let caught = (0..40).step_by(4).filter(is_caught).count();
    assert!(caught >= 5, "{caught} of 10");
}

#[test]
fn a_failed_sync_leaves_the_entry_whole_or_not_at_all() {
    for is_landed in [false, true] {
        check(2, |world| {
            world.fail_next(0, Fault::FailedSync { is_landed });
            say(world, 0, "perhaps")?;
            assert_eq!(world.list(0)?.len(), usize::from(is_landed));
            world.crash(0);
            let mesh = world.mesh();
            world.rest(&mesh)
        });
    }
}
