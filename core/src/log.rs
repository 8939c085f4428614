//! The logs of all devices: which bundles are held, which are applied, and which wait for others.
//!
//! A log is a tree by previous-hash. Its tips are what nothing builds on; a bundle is covered by its hash alone. *Held* is what
//! was verified and kept, for sync; *applied* is what is in the documents, for deltas. What lies in a bundle is not read here.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    bundle::{BundleKey, LogId, Verified},
    seal::EpochId,
    staged::Staged,
    store::{Store, StoreError, Table},
};

/// Tips, ascending by log.
pub type Tips = BTreeSet<BundleKey>;

/// How far a bundle has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Kept, and waiting for what it was written on top of.
    Held,
    /// In the documents, but for what of it lies on the shelf.
    Applied,
}

/// What a bundle waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    Bundle(BundleKey),
    Epoch(EpochId),
}

const HELD: u8 = 1;
const APPLIED: u8 = 2;
const OWN_LOG: &[u8] = b"log";

#[derive(Debug)]
pub struct Logs {
    own: LogId,
    held: Tips,
    applied: Tips,
    /// Logs with tips that the own log has not named yet.
    unnamed: BTreeSet<LogId>,
    waiting: BTreeMap<Missing, Vec<BundleKey>>,
}

impl Logs {
    /// Of a new journal.
    pub fn new(own: LogId, staged: &mut Staged) -> Self {
        staged.put(Table::Meta, OWN_LOG, own.name);
        let (held, applied, unnamed) = (Tips::new(), Tips::new(), BTreeSet::new());
        Self { own, held, applied, unnamed, waiting: BTreeMap::new() }
    }

    /// None when there is no journal in the store. What waits is found again by [`Self::unapplied`].
    pub fn load(store: &impl Store, device: ingle_model::DeviceId) -> Result<Option<Self>, StoreError> {
        let Some(name) = store.get(Table::Meta, OWN_LOG)? else { return Ok(None) };
        let own = LogId { device, name: name.try_into().map_err(|_| StoreError::Damaged)? };
        let held = load_tips(store, HELD)?;
        let applied = load_tips(store, APPLIED)?;
        // What the last run has named is not looked up: to name a tip twice costs 72 bytes.
        let unnamed = applied.iter().map(|tip| tip.log).collect();
        Ok(Some(Self { own, held, applied, unnamed, waiting: BTreeMap::new() }))
    }

    pub fn own(&self) -> LogId {
        self.own
    }

    pub fn held(&self) -> &Tips {
        &self.held
    }

    /// The newest bundle of the own log.
    pub fn own_tip(&self) -> Option<BundleKey> {
        self.held.iter().find(|tip| tip.log == self.own).copied()
    }

    /// From now on this device writes another log: its old one was found to go on elsewhere.
    pub fn begin_another(&mut self, name: [u8; 16], staged: &mut Staged) {
        self.unnamed.insert(self.own);
        self.own = LogId { device: self.own.device, name };
        staged.put(Table::Meta, OWN_LOG, name);
    }

    /// What the next own bundle names: the applied tips of the other logs that changed since the last one.
    pub fn delta(&self) -> Vec<BundleKey> {
        let is_news = |tip: &&BundleKey| tip.log != self.own && self.unnamed.contains(&tip.log);
        self.applied.iter().filter(is_news).copied().collect()
    }

    /// Takes in a bundle of this device's own that is applied already.
    pub fn append(&mut self, bundle: &Verified, staged: &mut Staged) {
        self.hold(bundle, staged);
        self.apply(bundle, staged);
        self.unnamed.clear();
    }

    pub fn hold(&mut self, bundle: &Verified, staged: &mut Staged) {
        put(bundle, HELD, staged);
        advance(&mut self.held, HELD, bundle, staged);
    }

    /// The bundle was held, and is now in the documents.
    pub fn apply(&mut self, bundle: &Verified, staged: &mut Staged) {
        put(bundle, APPLIED, staged);
        advance(&mut self.applied, APPLIED, bundle, staged);
        self.unnamed.insert(bundle.key().log);
    }

    pub fn wait(&mut self, bundle: BundleKey, missing: Missing) {
        self.waiting.entry(missing).or_default().push(bundle);
    }

    /// What has waited for this.
    pub fn wake(&mut self, came: Missing) -> Vec<BundleKey> {
        self.waiting.remove(&came).unwrap_or_default()
    }

    /// What waits for an epoch's key, whichever.
    pub fn wake_for_epochs(&mut self) -> Vec<BundleKey> {
        let epochs: Vec<Missing> =
            self.waiting.keys().filter(|key| matches!(key, Missing::Epoch(_))).copied().collect();
        epochs.into_iter().flat_map(|epoch| self.wake(epoch)).collect()
    }

    /// What is held and not applied, the oldest of each log first.
    pub fn unapplied(&self, store: &impl Store) -> Result<Vec<BundleKey>, StoreError> {
        let staged = Staged::default();
        let is_waiting = |key: &BundleKey| Ok(state(store, &staged, key)? == Some(State::Held));
        missing_below(&self.held, store, is_waiting)
    }

    /// What a peer lacks that holds `known`, the oldest of each log first.
    pub fn missing_from(&self, known: &Tips, store: &impl Store) -> Result<Vec<BundleKey>, StoreError> {
        missing_below(&self.held, store, |key| Ok(!known.contains(key)))
    }

    /// Bundles below the tips, further and further apart: where a peer's tip may be found again. About 2 log2(n) rows each.
    pub fn ladder(&self, store: &impl Store) -> Result<Vec<BundleKey>, StoreError> {
        let mut ladder = BTreeSet::new();
        for tip in &self.held {
            let below = std::iter::successors(Some(1_u64), |step| step.checked_mul(2))
                .map_while(|step| tip.seq.checked_sub(step));
            for seq in below.take_while(|seq| *seq > 0) {
                let place = [&tip.log.to_bytes()[..], &seq.to_be_bytes()].concat();
                let there = store.scan(Table::Bundles, &place, &place, MAX_FORKS)?;
                ladder.extend(there.iter().filter_map(|(key, _)| BundleKey::from_bytes(key)));
            }
        }
        Ok(ladder.into_iter().collect())
    }
}

/// Bundles at one place that a ladder names.
const MAX_FORKS: usize = 8;

/// How far the bundle has come; none when it isn't held.
pub fn state(store: &impl Store, staged: &Staged, key: &BundleKey) -> Result<Option<State>, StoreError> {
    let row = staged.get(store, Table::Bundles, &key.to_bytes())?;
    row.map(|row| match row.first() {
        Some(&HELD) => Ok(State::Held),
        Some(&APPLIED) => Ok(State::Applied),
        _ => Err(StoreError::Damaged),
    })
    .transpose()
}

/// A bundle of the store. None when it isn't there, or is no longer what it was.
pub fn bundle(store: &impl Store, staged: &Staged, key: &BundleKey) -> Result<Option<Verified>, StoreError> {
    let row = staged.get(store, Table::Bundles, &key.to_bytes())?;
    let bundle = row.and_then(|row| {
        let (_state, bytes) = row.split_first()?;
        Verified::from_store(bytes.to_vec()).ok()
    });
    Ok(bundle.filter(|bundle| bundle.key() == *key))
}

fn put(bundle: &Verified, state: u8, staged: &mut Staged) {
    staged.put(Table::Bundles, bundle.key().to_bytes(), [&[state], bundle.bytes()].concat());
}

fn advance(tips: &mut Tips, set: u8, bundle: &Verified, staged: &mut Staged) {
    let row = |key: BundleKey| [&[set][..], &key.log.to_bytes(), key.hash.as_bytes()].concat();
    if let Some(previous) = bundle.previous().filter(|previous| tips.remove(previous)) {
        staged.delete(Table::Tips, row(previous));
    }
    tips.insert(bundle.key());
    staged.put(Table::Tips, row(bundle.key()), bundle.key().seq.to_be_bytes());
}

fn load_tips(store: &impl Store, set: u8) -> Result<Tips, StoreError> {
    let rows = store.scan(Table::Tips, &[set], &[set], usize::MAX)?;
    let read = |(key, seq): (Vec<u8>, Vec<u8>)| {
        let (log, hash) = key.get(1..)?.split_at_checked(LogId::BYTES)?;
        BundleKey::from_bytes(&[log, &seq, hash].concat())
    };
    rows.into_iter().map(|row| read(row).ok_or(StoreError::Damaged)).collect()
}

/// Walks down from the tips for as long as `is_wanted`; what was found, the oldest of each log first.
fn missing_below(
    tips: &Tips,
    store: &impl Store,
    is_wanted: impl Fn(&BundleKey) -> Result<bool, StoreError>,
) -> Result<Vec<BundleKey>, StoreError> {
    let mut found = BTreeSet::new();
    let nothing = Staged::default();
    for tip in tips {
        let mut next = Some(*tip);
        while let Some(key) = next {
            if found.contains(&key) || !is_wanted(&key)? {
                break;
            }
            found.insert(key);
            // A damaged one ends the walk: what lies below it can't be found through it.
            next = bundle(store, &nothing, &key)?.and_then(|bundle| bundle.previous());
        }
    }
    Ok(found.into_iter().collect())
}
