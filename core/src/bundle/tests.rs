use super::*;
use crate::{
    random::Counting,
    roster::Roster,
    seal::{EpochKey, SpaceKey},
    wrap::deterministic::Plain,
};

struct Author {
    keys: DeviceKeys,
    secrets: Secrets,
}

impl Author {
    fn new() -> Self {
        let wrap = Plain::default();
        let keys = DeviceKeys::generate_first(&mut Counting::default(), &wrap);
        let (epoch, space) = (EpochKey::from_bytes([1; 32]), SpaceKey::from_bytes([2; 32]));
        let (roster, _) = Roster::first(&keys, &epoch, &space, &wrap, &mut Counting::default()).unwrap();
        let secrets = roster.secrets(&keys, &wrap).unwrap();
        Self { keys, secrets }
    }

    fn bundle(&self, after: Option<BundleKey>, delta: &[BundleKey], items: &[Item]) -> Option<Verified> {
        let content = Content { log: [3; 16], after, delta, items };
        SealedBundle::make(&content, &self.keys, &self.secrets, &mut Counting::default())
    }

    fn take(&self, bytes: &[u8]) -> Result<Opened, String> {
        let sealed = SealedBundle::parse(bytes.to_vec()).map_err(|why| why.to_string())?;
        let verified = sealed.verify(self.keys.member()).map_err(|why| why.to_string())?;
        verified.open(&self.secrets).map_err(|why| why.to_string())
    }
}

fn change(text: &str) -> Item {
    Item::Change { document: DocumentName::month(2026, 11), change: text.as_bytes().to_vec() }
}

/// The bundle of docs/format.md.
const GOLDEN: &str = include_str!("golden_v1.hex");

#[test]
fn the_bytes_of_version_1_are_those_that_were_frozen() {
    let author = Author::new();
    let first = author.bundle(None, &[], &[change("rain")]).unwrap();
    let second = author.bundle(Some(first.key()), &[first.key()], &[change("snow"), change("hail")]).unwrap();
    let golden: Vec<Vec<u8>> =
        GOLDEN.lines().map(|line| data_encoding::HEXLOWER.decode(line.as_bytes()).unwrap()).collect();
    assert_eq!(golden, [first.bytes(), second.bytes()], "{}", {
        [first.bytes(), second.bytes()].map(|bytes| data_encoding::HEXLOWER.encode(bytes)).join("\n")
    });
    let opened = author.take(&golden[1]).unwrap();
    assert_eq!((opened.delta, opened.items), (vec![first.key()], vec![change("snow"), change("hail")]));
    assert_eq!((opened.key.seq, second.previous()), (2, Some(first.key())));
}

#[test]
fn every_flipped_bit_is_refused() {
    let author = Author::new();
    let bundle = author.bundle(None, &[], &[change("nobody came")]).unwrap();
    for bit in 0..bundle.bytes().len() * 8 {
        let mut flipped = bundle.bytes().to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(author.take(&flipped).is_err(), "bit {bit}");
    }
}

#[test]
fn every_shorter_or_longer_one_is_refused() {
    let author = Author::new();
    let bundle = author.bundle(None, &[], &[change("nobody came")]).unwrap();
    for length in 0..bundle.bytes().len() {
        assert!(author.take(&bundle.bytes()[..length]).is_err(), "{length}");
    }
    assert!(author.take(&[bundle.bytes(), &[0]].concat()).is_err());
}

#[test]
fn a_seal_opens_only_under_its_own_header() {
    let author = Author::new();
    let bundle = author.bundle(None, &[], &[change("rain")]).unwrap();
    let (head, sealed) = v1::parts(bundle.bytes());
    let epoch = author.secrets.writing();
    assert!(epoch.open(head, &bundle.0.header.nonce, sealed).is_ok());
    let mut moved = bundle.0.header.clone();
    moved.seq = 2;
    assert!(epoch.open(&moved.to_bytes(), &moved.nonce, sealed).is_err());
}

#[test]
fn a_newer_version_and_another_s_signature_are_told_apart_from_damage() {
    let author = Author::new();
    let bundle = author.bundle(None, &[], &[change("rain")]).unwrap();
    let mut newer = bundle.bytes().to_vec();
    newer[0] = 2;
    assert!(matches!(SealedBundle::parse(newer), Err(BundleRefused::Newer)));
    let other = DeviceKeys::generate(&mut Counting::default(), &Plain::default());
    let sealed = SealedBundle::parse(bundle.bytes().to_vec()).unwrap();
    assert!(matches!(sealed.verify(other.member()), Err(BundleRefused::NotSigned)));
}

#[test]
fn more_than_the_limit_makes_no_bundle_and_a_bomb_opens_none() {
    let author = Author::new();
    assert!(author.bundle(None, &[], &[change(&"x".repeat(MAX_PLAIN_BYTES))]).is_none());
    // A mebibyte of zeroes declared as a hundred bytes.
    let frame = zstd::bulk::compress(&vec![0; 1 << 20], 3).unwrap();
    assert!(v1::read_plain(&[&100_u32.to_be_bytes()[..], &frame].concat()).is_none());
    let declared = u32::try_from((1 << 20) + 1).unwrap();
    assert!(v1::read_plain(&[&declared.to_be_bytes()[..], &frame].concat()).is_none());
}

#[test]
fn an_item_of_a_newer_version_does_not_keep_the_others_from_being_read() {
    let author = Author::new();
    let bundle = author.bundle(None, &[], &[Item::Unknown { kind: 9 }, change("rain")]).unwrap();
    let opened = author.take(bundle.bytes()).unwrap();
    assert_eq!(opened.items, [Item::Unknown { kind: 9 }, change("rain")]);
}
