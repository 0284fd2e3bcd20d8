//! One key in two spellings is one key (RFC 7748 §5): its highest bit counts for nothing.

use lowkey_host::{Device, DeviceError, Devices, Id, Pinned, PublicKey, Registry};
use lowkey_registry::rotation::{Which, revoke};
use lowkey_registry::{FileRegistry, keys};
use std::fs;
use test_support::folder::{Bench, folder, public, registry};

/// The same key with the bit that counts for nothing.
fn respelt(key: PublicKey) -> PublicKey {
    let mut bytes = *key.as_bytes();
    bytes[31] |= 0x80;
    PublicKey::new(bytes)
}

fn device(name: &str, key: PublicKey) -> String {
    format!("[[device]]\nname = \"{name}\"\nkey = \"{}\"\n", keys::encode_public(&key))
}

#[test]
fn rfc7748_5_the_server_s_own_key_is_its_own_in_every_spelling() {
    let folder = folder();
    for key in [public(1), respelt(public(1))] {
        let (path, loaded) = registry(&folder, &device("a", key));
        let why = "the key is this server's own, not a device's";
        assert_eq!(loaded.unwrap_err(), format!("{}:3:1: {why}", path.display()));
        let pinned = Pinned::new(Device::new("a").unwrap(), &Bench::new().server, key);
        assert_eq!(pinned.unwrap_err(), DeviceError::OwnKey);
    }
}

#[test]
fn rfc7748_5_two_devices_cannot_share_a_key_in_two_spellings() {
    let folder = folder();
    let (path, loaded) = registry(&folder, &(device("a", public(2)) + &device("b", respelt(public(2)))));
    let why = "the key is the one of \"a\"; a key belongs to one device";
    assert_eq!(loaded.unwrap_err(), format!("{}:6:1: {why}", path.display()));
    let server = Bench::new().server;
    let pin = |name: &str, key| Pinned::new(Device::new(name).unwrap(), &server, key).unwrap();
    let both =
        Devices::new([pin("a", public(2)), pin("b", respelt(public(2))).with_id(Id::new(b"b").unwrap())]);
    assert_eq!(both.unwrap_err(), DeviceError::SameKey("a".into()));
}

#[test]
fn rfc7748_5_a_key_is_pinned_as_its_owner_hashes_it_however_it_is_written() {
    let folder = folder();
    let loaded = registry(&folder, &device("a", respelt(public(2)))).1.unwrap();
    let pinned = loaded.lookup(&Id::of_pinning(&public(2), &public(1))).unwrap();
    assert_eq!(pinned.key(), public(2));
    let server = keys::encode_public(&respelt(public(1)));
    let named = format!("server = \"{server}\"\n{}", device("a", public(2)));
    assert_eq!(registry(&folder, &named).1.unwrap().devices().len(), 1);
}

#[test]
fn rfc7748_5_a_device_is_revoked_and_made_by_keys_in_any_spelling() {
    let bench = Bench::new();
    fs::write(&bench.registry, device("a", public(2)) + &device("b", respelt(public(3)))).unwrap();
    let server = respelt(public(1));
    for (name, key) in [("a", respelt(public(2))), ("b", public(3))] {
        revoke(&bench.registry, &server, name, Which::Key(key)).unwrap();
    }
    let made = bench.provision(|order| order.server = server).unwrap();
    assert_eq!(made.id, Id::of_pinning(&made.key, &public(1)));
    let page = fs::read(&bench.page).unwrap();
    let find = |key: PublicKey| page.windows(32).any(|bytes| bytes == key.as_bytes());
    assert!(find(public(1)) && !find(server));
    assert_eq!(FileRegistry::load(&bench.registry, &bench.server).unwrap().devices().len(), 1);
}
