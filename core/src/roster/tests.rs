use super::*;
use crate::{
    random::Counting,
    wrap::{Age, SealRecipient, deterministic::Plain},
};

struct World {
    wrap: Plain,
    random: Counting,
}

impl World {
    fn new() -> Self {
        Self { wrap: Plain::default(), random: Counting::default() }
    }

    fn device(&mut self) -> DeviceKeys {
        DeviceKeys::generate(&mut self.random, &self.wrap)
    }

    fn journal(&mut self) -> (DeviceKeys, Roster, Vec<u8>) {
        let keys = DeviceKeys::generate_first(&mut self.random, &self.wrap);
        let (epoch, space) = (EpochKey::random(&mut self.random), SpaceKey::random(&mut self.random));
        let (roster, bytes) = Roster::first(&keys, &epoch, &space, &self.wrap, &mut self.random).unwrap();
        (keys, roster, bytes)
    }

    /// Laptop, which made the journal, and desktop, which it added.
    fn pair(&mut self) -> (DeviceKeys, DeviceKeys, Roster) {
        let (laptop, mut roster, _) = self.journal();
        let desktop = self.device();
        roster.add(&laptop, desktop.member().clone(), &self.wrap).unwrap();
        (laptop, desktop, roster)
    }
}

fn chain(roster: &Roster) -> Vec<Vec<u8>> {
    roster.records().map(|(_, bytes)| bytes.to_vec()).collect()
}

fn parsed(bytes: &[u8]) -> Record {
    record_v1::read(bytes).unwrap().0
}

/// What someone with these keys could sign, whatever the rules say.
fn forge(keys: &DeviceKeys, bytes: &[u8], change: impl FnOnce(&mut Record)) -> Vec<u8> {
    let mut record = parsed(bytes);
    record.author = keys.device();
    change(&mut record);
    sign(keys, &record).unwrap()
}

#[test]
fn every_member_opens_the_same_keys_and_a_stranger_none() {
    let mut world = World::new();
    let (laptop, desktop, mut roster) = world.pair();
    let tablet = world.device();
    roster.add(&desktop, tablet.member().clone(), &world.wrap).unwrap();
    let [first, second, third] = [&laptop, &desktop, &tablet].map(|keys| roster.secrets(keys, &world.wrap).unwrap());
    assert_eq!(first.space(), third.space());
    assert_eq!(first.writing(), second.writing());
    assert_eq!(third.epoch(&first.writing().id()), Some(first.writing()));
    assert_eq!(third.epochs().len(), 1);
    let stranger = world.device();
    assert_eq!(roster.secrets(&stranger, &world.wrap).unwrap_err(), SecretsClosed);
}

#[test]
fn it_works_with_age_itself_and_the_paper_opens_what_is_its_own() {
    let mut random = Counting::default();
    let laptop = DeviceKeys::generate_first(&mut random, &Age);
    let (epoch, space) = (EpochKey::random(&mut random), SpaceKey::random(&mut random));
    let (mut roster, _) = Roster::first(&laptop, &epoch, &space, &Age, &mut random).unwrap();
    let desktop = DeviceKeys::generate(&mut random, &Age);
    let add = parsed(&roster.add(&laptop, desktop.member().clone(), &Age).unwrap());
    assert_eq!(roster.secrets(&desktop, &Age).unwrap().writing(), &epoch);

    let paper = laptop.paper().unwrap();
    let for_paper = &roster.founding.space_for_paper;
    assert_eq!(Age.unwrap(paper, for_paper).unwrap().as_slice(), space.as_bytes());
    let recovery: [u8; 32] = Age.unwrap(paper, &add.recovery_key).unwrap().as_slice().try_into().unwrap();
    let public = ed25519_dalek::SigningKey::from_bytes(&recovery).verifying_key().to_bytes();
    assert_eq!(public, roster.founding.recovery_sign);
    assert_eq!(Age.unwrap(desktop.seal(), &add.recovery_key), Err(WrapError::NotForUs));
}

#[test]
fn the_bytes_are_the_ones_of_the_golden_vectors() {
    let mut world = World::new();
    let (laptop, mut roster, first) = world.journal();
    let desktop = world.device();
    let add = roster.add(&laptop, desktop.member().clone(), &world.wrap).unwrap();
    assert_eq!(data_encoding::HEXLOWER.encode(&first), GOLDEN_FIRST);
    assert_eq!(data_encoding::HEXLOWER.encode(&add), GOLDEN_ADD);
    let hashes: Vec<String> = roster.records().map(|(hash, _)| hash.to_string()).collect();
    assert_eq!(hashes, GOLDEN_HASHES);
    assert_eq!(chain(&Roster::load([add, first]).unwrap()), chain(&roster));
}

#[test]
fn a_record_with_any_bit_flipped_is_refused_and_changes_nothing() {
    let mut world = World::new();
    let (laptop, roster, first) = world.journal();
    let desktop = world.device();
    let mut with_add = roster.clone();
    let add = with_add.add(&laptop, desktop.member().clone(), &world.wrap).unwrap();
    for bit in 0..add.len() * 8 {
        let flipped = flip(&add, bit);
        for mut roster in [roster.clone(), with_add.clone()] {
            let before = chain(&roster);
            assert!(roster.insert(&flipped).is_err(), "bit {bit}");
            assert_eq!(chain(&roster), before, "bit {bit}");
        }
    }
    for bit in 0..first.len() * 8 {
        let flipped = flip(&first, bit);
        assert!(Roster::load([flipped.clone()]).is_err(), "bit {bit}");
        assert!(roster.clone().insert(&flipped).is_err(), "bit {bit}");
    }
}

fn flip(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    flipped[bit / 8] ^= 1 << (bit % 8);
    flipped
}

#[test]
fn a_record_cut_short_or_with_more_behind_is_refused() {
    let mut world = World::new();
    let (laptop, mut roster, first) = world.journal();
    let desktop = world.device();
    let add = roster.clone().add(&laptop, desktop.member().clone(), &world.wrap).unwrap();
    for bytes in [&first, &add] {
        for length in 0..bytes.len() {
            assert_eq!(roster.insert(&bytes[..length]), Err(RecordRefused::Damaged), "{length}");
        }
        assert_eq!(roster.insert(&[&bytes[..], &[0]].concat()), Err(RecordRefused::Damaged));
    }
    assert_eq!(roster.insert(&vec![1; record_v1::MAX_BYTES + 1]), Err(RecordRefused::Damaged));
}

#[test]
fn a_record_of_a_newer_version_or_kind_is_named_as_such() {
    let mut world = World::new();
    let (_, mut roster, first) = world.journal();
    for (at, value) in [(0, 2), (1, 3)] {
        let mut newer = first.clone();
        newer[at] = value;
        assert_eq!(roster.insert(&newer), Err(RecordRefused::Newer));
        assert_eq!(Roster::load([newer]).unwrap_err(), ChainRefused::Record(RecordRefused::Newer));
    }
}

#[test]
fn a_record_that_comes_again_changes_nothing() {
    let mut world = World::new();
    let (_, _, mut roster) = world.pair();
    let before = chain(&roster);
    for bytes in &before {
        assert_eq!(roster.insert(bytes), Ok(Inserted::Known));
    }
    assert_eq!(chain(&roster), before);
}

#[test]
fn a_record_before_its_parents_names_them_and_changes_nothing() {
    let mut world = World::new();
    let (_, desktop, mut roster) = world.pair();
    let parent = roster.heads();
    let tablet = world.device();
    let late = roster.add(&desktop, tablet.member().clone(), &world.wrap).unwrap();
    let all = chain(&roster);

    let mut behind = Roster::load([all[0].clone()]).unwrap();
    assert_eq!(behind.insert(&late), Err(RecordRefused::Missing(parent)));
    assert_eq!(chain(&behind), all[..1]);
    assert_eq!(behind.insert(&all[1]), Ok(Inserted::New));
    assert_eq!(behind.insert(&late), Ok(Inserted::New));
    assert_eq!(chain(&behind), all);
}

#[test]
fn records_in_any_order_make_the_same_roster() {
    let mut world = World::new();
    let (laptop, desktop, roster) = world.pair();
    let [mut here, mut there] = [roster.clone(), roster];
    let [tablet, phone] = [(); 2].map(|()| world.device());
    here.add(&laptop, tablet.member().clone(), &world.wrap).unwrap();
    let apart = there.add(&desktop, phone.member().clone(), &world.wrap).unwrap();
    here.insert(&apart).unwrap();
    assert_eq!(here.heads().len(), 2);
    let last = world.device();
    here.add(&phone, last.member().clone(), &world.wrap).unwrap();
    assert_eq!(here.heads().len(), 1);

    let records = chain(&here);
    for order in permutations(records.len()) {
        let mixed = Roster::load(order.iter().map(|at| records[*at].clone())).unwrap();
        assert_eq!(chain(&mixed), records, "{order:?}");
        assert_eq!(mixed.heads(), here.heads());
        assert_eq!(mixed.first_hash(), here.first_hash());
        assert!(mixed.members().eq(here.members()));
    }
    for keys in [&laptop, &desktop, &tablet, &phone, &last] {
        assert!(here.secrets(keys, &world.wrap).is_ok());
        assert_eq!(here.member_by_link(keys.member().link()), Some(keys.member()));
    }
}

fn permutations(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(n - 1);
    let longer = |order: &Vec<usize>, at: usize| {
        let mut order = order.clone();
        order.insert(at, n - 1);
        order
    };
    shorter.iter().flat_map(|order| (0..n).map(move |at| longer(order, at))).collect()
}

#[test]
fn a_peer_is_sent_what_it_lacks_and_no_more() {
    let mut world = World::new();
    let (_, desktop, mut roster) = world.pair();
    let old_heads = roster.heads();
    let tablet = world.device();
    let new = roster.add(&desktop, tablet.member().clone(), &world.wrap).unwrap();
    assert_eq!(roster.records_missing_from(&old_heads), vec![new]);
    assert_eq!(roster.records_missing_from(&roster.heads()), Vec::<Vec<u8>>::new());
    assert_eq!(roster.records_missing_from(&[Hash::NONE]), chain(&roster));
}

#[test]
fn only_a_member_by_what_the_record_builds_on_may_add() {
    let mut world = World::new();
    let (laptop, desktop, roster) = world.pair();
    let [stranger, tablet] = [(); 2].map(|()| world.device());
    let add = roster.clone().add(&laptop, tablet.member().clone(), &world.wrap).unwrap();
    let refused = |bytes: Vec<u8>| roster.clone().insert(&bytes).unwrap_err();

    assert_eq!(refused(forge(&stranger, &add, |_| {})), RecordRefused::NotByAMember);
    assert_eq!(refused(forge(&tablet, &add, |_| {})), RecordRefused::NotByAMember);
    // A stranger in a member's name.
    let in_the_name = forge(&stranger, &add, |record| record.author = laptop.device());
    assert_eq!(refused(in_the_name), RecordRefused::Signature);
    // The desktop is a member by now, but was none by the first record alone.
    let too_early = forge(&desktop, &add, |record| record.parents = vec![roster.first_hash()]);
    assert_eq!(refused(too_early), RecordRefused::NotByAMember);

    assert_eq!(roster.clone().add(&stranger, tablet.member().clone(), &world.wrap), Err(AddRefused::NotAMember));
}

#[test]
fn nobody_is_added_twice_or_with_a_key_of_another() {
    let mut world = World::new();
    let (laptop, desktop, roster) = world.pair();
    let tablet = world.device();
    let add = roster.clone().add(&laptop, tablet.member().clone(), &world.wrap).unwrap();
    let (other, new) = (desktop.member(), tablet.member());
    for member in [
        other.clone(),
        Member::new(*other.sign(), *new.link(), new.seal().clone()),
        Member::new(*new.sign(), *other.link(), new.seal().clone()),
        Member::new(*new.sign(), *new.link(), other.seal().clone()),
    ] {
        let forged = forge(&laptop, &add, |record| record.member = member.clone());
        assert_eq!(roster.clone().insert(&forged), Err(RecordRefused::AlreadyMember));
        assert_eq!(roster.clone().add(&laptop, member, &world.wrap), Err(AddRefused::AlreadyMember));
    }
}

#[test]
fn a_device_s_id_says_which_keys_are_its_own() {
    let mut world = World::new();
    let (one, other) = (world.device().member().clone(), world.device().member().clone());
    let seal = one.seal().clone();
    assert_eq!(Member::new(*one.sign(), *one.link(), seal.clone()).device(), one.device());
    assert_ne!(Member::new(*other.sign(), *one.link(), seal.clone()).device(), one.device());
    assert_ne!(Member::new(*one.sign(), *other.link(), seal).device(), one.device());
    assert_ne!(Member::new(*one.sign(), *one.link(), other.seal().clone()).device(), one.device());
}

#[test]
fn a_second_first_record_is_of_another_journal() {
    let mut world = World::new();
    let (_, _, mut roster) = world.pair();
    let (_, _, other_first) = world.journal();
    assert_eq!(roster.insert(&other_first), Err(RecordRefused::OtherJournal));
    let mut both = chain(&roster);
    both.push(other_first);
    assert_eq!(Roster::load(both).unwrap_err(), ChainRefused::Record(RecordRefused::OtherJournal));
}

#[test]
fn nobody_makes_a_first_record_for_another_device() {
    let mut world = World::new();
    let (laptop, _, first) = world.journal();
    let desktop = world.device();
    let forged = forge(&laptop, &first, |record| record.author = desktop.device());
    assert_eq!(Roster::load([forged]).unwrap_err(), ChainRefused::Record(RecordRefused::NotByAMember));
}

#[test]
fn no_record_may_change_the_paper_s_key() {
    let mut world = World::new();
    let (laptop, desktop, roster) = world.pair();
    let tablet = world.device();
    let add = roster.clone().add(&laptop, tablet.member().clone(), &world.wrap).unwrap();
    let forged = forge(&desktop, &add, |record| record.recovery_key = b"mine".to_vec());
    assert_eq!(roster.clone().insert(&forged), Err(RecordRefused::OtherPaper));
}

#[test]
fn keys_that_the_records_do_not_commit_to_are_dropped() {
    let mut world = World::new();
    let (laptop, desktop, mut roster) = world.pair();
    let honest = roster.secrets(&desktop, &world.wrap).unwrap();
    let tablet = world.device();
    let add = roster.clone().add(&laptop, tablet.member().clone(), &world.wrap).unwrap();
    let false_epoch = EpochKey::from_bytes([1; 32]);
    let rubbish = record_v1::write_secrets(&SpaceKey::from_bytes([2; 32]), std::iter::once(&false_epoch)).unwrap();
    let to = [laptop.member().seal().clone(), desktop.member().seal().clone()];
    let sealed = world.wrap.wrap(&to, &rubbish).unwrap();
    roster.insert(&forge(&laptop, &add, |record| record.secrets = sealed)).unwrap();
    let after = roster.secrets(&desktop, &world.wrap).unwrap();
    assert_eq!(after.space(), honest.space());
    assert!(after.epochs().eq(honest.epochs()));
    assert_eq!(roster.secrets(&tablet, &world.wrap).unwrap_err(), SecretsClosed);
}

#[test]
fn a_joiner_adopts_a_chain_that_adds_exactly_its_keys_by_its_inviter() {
    let mut world = World::new();
    let (laptop, desktop, roster) = world.pair();
    let adopted = Roster::adopt(&chain(&roster), desktop.member(), laptop.member().link()).unwrap();
    assert_eq!(adopted.first_hash(), roster.first_hash());
}

#[test]
fn a_joiner_refuses_a_chain_with_other_keys_another_inviter_or_a_second_first() {
    let mut world = World::new();
    let (laptop, desktop, roster) = world.pair();
    let link = *laptop.member().link();
    let refused = |records: &[Vec<u8>], own: &Member, link: &[u8; 32]| Roster::adopt(records, own, link).unwrap_err();
    let records = chain(&roster);

    let other_seal = Member::new(
        *desktop.member().sign(),
        *desktop.member().link(),
        SealRecipient::new("age1somebodyelse").unwrap(),
    );
    assert_eq!(refused(&records, &other_seal, &link), ChainRefused::NotAdded);
    assert_eq!(refused(&records[..1], desktop.member(), &link), ChainRefused::NotAdded);
    assert_eq!(refused(&records[..1], laptop.member(), &link), ChainRefused::NotAdded);
    assert_eq!(refused(&records, desktop.member(), desktop.member().link()), ChainRefused::OtherInviter);
    assert_eq!(refused(&records[1..], desktop.member(), &link), ChainRefused::NoFirst);
    assert_eq!(refused(&[], desktop.member(), &link), ChainRefused::NoFirst);

    let (_, _, other_first) = world.journal();
    let second_first = [&records[..], &[other_first]].concat();
    assert_eq!(refused(&second_first, desktop.member(), &link), ChainRefused::Record(RecordRefused::OtherJournal));

    let mut longer = roster.clone();
    let tablet = world.device();
    let last = longer.add(&desktop, tablet.member().clone(), &world.wrap).unwrap();
    assert_eq!(refused(&chain(&longer), tablet.member(), &link), ChainRefused::OtherInviter);
    let gap = [records[0].clone(), last];
    let missing = ChainRefused::Record(RecordRefused::Missing(roster.heads()));
    assert_eq!(refused(&gap, tablet.member(), desktop.member().link()), missing);
}

#[test]
fn sixty_four_devices_fit_and_no_more() {
    let mut random = Counting::default();
    let wrap = Age;
    let first = DeviceKeys::generate_first(&mut random, &wrap);
    let (epoch, space) = (EpochKey::random(&mut random), SpaceKey::random(&mut random));
    let (mut roster, _) = Roster::first(&first, &epoch, &space, &wrap, &mut random).unwrap();
    for seed in 1..64 {
        // Counting repeats itself after 256 bytes, so that its keys would.
        let next = Member::new([seed; 32], [seed; 32], wrap.new_identity().recipient().clone());
        roster.add(&first, next, &wrap).unwrap();
    }
    let size: usize = chain(&roster).iter().map(|record| record.len() + 4).sum();
    assert!(size < crate::pairing::MAX_CHAIN_BYTES, "{size}");
    let one_more = Member::new([0; 32], [0; 32], wrap.new_identity().recipient().clone());
    assert_eq!(roster.add(&first, one_more, &wrap), Err(AddRefused::Full));
}

const GOLDEN_HASHES: [&str; 2] = [
    "113771d7a7210239f7dfbe5e0fe18a4c7cae9b860ded45ac8cdda4a7221fdd67",
    "3b9386b40e329edfcf949b1c55500beb23b5813398bc782ef695d28f79edb4a7",
];
const GOLDEN_FIRST: &str = "\
    01010003caf68369df388f08d4e0415d49170c03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b829acbae141\
    bccaf0b22e1a94d34d0bc7361e526d0bfe12c89794bc9322966dd70009616765317465737431004c6167653174657374310a018081828384\
    85868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f01606162636465666768696a6b6c6d6e6f707172737475767778797a7b\
    7c7d7e7f002a6167653174657374300aa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf45a81a9f89f9f9fa\
    b5f840a4eda2fab5e285ea786ad7744b1e2697499c805558d418bce9447dc3c08e87b63ea4553d68d9f3e15ff1ff4034ffa2530fa52826fb\
    4fd099ccd47d7893dfe9ec24414ecb0d9b5420232aad30d91c465be33cbe65c40009616765317465737430002a6167653174657374300a80\
    8182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f1e836a1c64d97cd835af250553c3bed3c181950b6151c35e91\
    ec0c57ef998d312f24d947952c6bb05a87ed3c56443768068974ae8b4fe007b17dc31544072906\
";
const GOLDEN_ADD: &str = "\
    010201113771d7a7210239f7dfbe5e0fe18a4c7cae9b860ded45ac8cdda4a7221fdd6703caf68369df388f08d4e0415d49170cdde3bccec7\
    f3a66a1115f45d720f4dc135c3ae7c4e22dca38fdb1efd6a495ff813d9908a70925992ed546007d27f50da68ba7217ef62ac3cca784529ff\
    10471c00096167653174657374320056616765317465737431206167653174657374320a01808182838485868788898a8b8c8d8e8f909192\
    939495969798999a9b9c9d9e9f01606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f002a6167653174657374\
    300aa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf8267c6b4afaf89c1e51c571d657fa97431666f3a332d\
    d4e9ca8ae4568383dc32a52738054c5f88d52ea964d432d570401c49bcd4c0e4ec202262223a5d8e8c0c\
";
