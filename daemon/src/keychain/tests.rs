use std::sync::LazyLock;

use keyring_core::mock;

use super::*;

const DEVICE: DeviceId = DeviceId::from_bytes([7; 16]);

/// Of a computer that has none.
#[derive(Debug)]
pub(crate) struct NoKeychain;

impl Keychain for NoKeychain {
    fn key(&self, _: DeviceId) -> Result<LockKey, KeychainFault> {
        Err(KeychainFault::NoKeychain)
    }

    fn keep(&self, _: DeviceId, _: &LockKey) -> Result<(), KeychainFault> {
        Err(KeychainFault::NoKeychain)
    }

    fn forget(&self, _: DeviceId) -> Result<(), KeychainFault> {
        Ok(())
    }
}

/// A keychain over a mock store of its own; `$before` is called with the item before the store is handed out.
macro_rules! keychain {
    ($before:expr) => {{
        static STORE: LazyLock<Arc<mock::Store>> = LazyLock::new(|| mock::Store::new().expect("in memory"));
        fn open() -> keyring::Result<Arc<CredentialStore>> {
            let store: Arc<CredentialStore> = STORE.clone();
            let item = store.build(SERVICE, &DEVICE.to_string(), None)?;
            let before: fn(&keyring_core::Entry) -> keyring::Result<()> = $before;
            before(&item)?;
            Ok(store)
        }
        SystemKeychain {
            open_store: open,
            is_locked: || false,
            label: None,
            limit: Duration::from_secs(5),
            is_busy: Arc::default(),
        }
    }};
}

fn fails_with(item: &keyring_core::Entry, error: Error) -> keyring::Result<()> {
    item.as_any().downcast_ref::<mock::Cred>().expect("a mock").set_error(error);
    Ok(())
}

#[test]
fn a_key_that_was_kept_is_read_back_under_its_device() {
    let keychain = keychain!(|_| Ok(()));
    let key = LockKey::generate();
    assert_eq!(keychain.key(DEVICE), Err(KeychainFault::NoKey));
    keychain.keep(DEVICE, &key).expect("kept");
    assert_eq!(keychain.key(DEVICE), Ok(key));
    assert_eq!(keychain.key(DeviceId::from_bytes([8; 16])), Err(KeychainFault::NoKey));
    keychain.forget(DEVICE).expect("gone");
    keychain.forget(DEVICE).expect("gone is gone");
    assert_eq!(keychain.key(DEVICE), Err(KeychainFault::NoKey));
}

#[test]
fn an_item_that_exists_is_never_replaced() {
    let keychain = keychain!(|_| Ok(()));
    let first = LockKey::generate();
    keychain.keep(DEVICE, &first).expect("kept");
    assert_eq!(keychain.keep(DEVICE, &LockKey::generate()), Err(KeychainFault::Exists));
    assert_eq!(keychain.key(DEVICE), Ok(first));
}

#[test]
fn an_item_that_is_no_key_is_named_and_left_alone() {
    let keychain = keychain!(|item| item.set_secret(b"hunter2"));
    assert_eq!(keychain.key(DEVICE), Err(KeychainFault::NotAKey));
    assert_eq!(keychain.keep(DEVICE, &LockKey::generate()), Err(KeychainFault::Exists));
}

#[test]
fn each_way_of_being_away_has_its_name() {
    let locked = keychain!(|item| fails_with(item, Error::NoStorageAccess("closed".into())));
    assert_eq!(locked.key(DEVICE), Err(KeychainFault::Locked));
    let broken = keychain!(|item| fails_with(item, Error::PlatformFailure("no bus".into())));
    assert_eq!(broken.key(DEVICE), Err(KeychainFault::NoKeychain));
    let doubled = keychain!(|item| fails_with(item, Error::Ambiguous(vec![])));
    assert_eq!(doubled.key(DEVICE), Err(KeychainFault::Ambiguous));
    let absent = keychain!(|_| Err(Error::NoDefaultStore));
    assert_eq!(absent.key(DEVICE), Err(KeychainFault::NoKeychain));
    assert_eq!(absent.keep(DEVICE, &LockKey::generate()), Err(KeychainFault::NoKeychain));
}

#[test]
fn an_item_that_is_not_found_behind_a_lock_is_not_said_to_be_gone() {
    let mut keychain = keychain!(|_| Ok(()));
    keychain.is_locked = || true;
    assert_eq!(keychain.key(DEVICE), Err(KeychainFault::Locked));
    let key = LockKey::generate();
    keychain.keep(DEVICE, &key).expect("kept");
    assert_eq!(keychain.key(DEVICE), Ok(key));
}

#[test]
fn a_keychain_that_was_away_is_found_again() {
    static IS_THERE: AtomicBool = AtomicBool::new(false);
    let keychain = keychain!(|_| if IS_THERE.load(Ordering::Acquire) { Ok(()) } else { Err(Error::NoDefaultStore) });
    let key = LockKey::generate();
    assert_eq!(keychain.keep(DEVICE, &key), Err(KeychainFault::NoKeychain));
    IS_THERE.store(true, Ordering::Release);
    keychain.keep(DEVICE, &key).expect("kept");
    assert_eq!(keychain.key(DEVICE), Ok(key));
}

#[test]
fn a_keychain_that_does_not_answer_is_left_after_the_limit_and_not_asked_twice_at_once() {
    static GATE: LazyLock<std::sync::Mutex<()>> = LazyLock::new(Default::default);
    let held = GATE.lock().expect("free");
    let mut keychain = keychain!(|_| {
        drop(GATE.lock().expect("whole"));
        Ok(())
    });
    keychain.limit = Duration::from_millis(1);
    assert_eq!(keychain.key(DEVICE), Err(KeychainFault::Silent));
    assert_eq!(keychain.key(DEVICE), Err(KeychainFault::Silent));
    assert!(keychain.is_busy.load(Ordering::Acquire));
    drop(held);
}
