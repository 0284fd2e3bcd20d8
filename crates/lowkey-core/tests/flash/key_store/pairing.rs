//! What a pairing leaves in the store: the protocol, §6, and the moments that `PinStore` names.

use super::{Change, NEW, PAIRED, after, change, code, flash, open, pinnings, said, servers};
use crate::NATURES;
use lowkey_core::key_store::{KeyStore, Standing, StoreError};
use lowkey_core::{Id, Identity, Peer, PinStore, Secret};
use test_support::flash::Model;

fn new() -> Model {
    flash(8, false, NATURES[0], 1)
}

#[test]
fn pairing_6_a_stored_key_is_pending_and_an_earlier_pinning_stays_until_it_is_final() {
    let (mut flash, [first, second, _]) = (new(), servers());
    after(&mut flash, PAIRED);
    let mut store = open(&mut flash).expect("a store");
    let keys = |store: &KeyStore<&mut Model>| -> Vec<_> {
        pinnings(store).iter().map(|keys| keys.peer().public_key()).collect()
    };
    assert_eq!(keys(&store), [second, first], "the pending one is dialled first");
    // A third in place of the second, which said no; then the third says so too.
    change(&mut store, Change::Store(2, 2)).expect("another one");
    assert_eq!(keys(&store), [servers()[2], first]);
    change(&mut store, Change::Remove(2, 2)).expect("no");
    assert_eq!(keys(&store), [first]);
    change(&mut store, Change::Store(1, 1)).expect("once more");
    change(&mut store, Change::Finalise(1, 1)).expect("both PINGs");
    assert_eq!(keys(&store), [second], "the earlier one is gone");
}

#[test]
fn pairing_6_another_key_under_a_claimed_code_is_refused_until_what_is_pending_is_gone() {
    let mut flash = new();
    let was = after(&mut flash, PAIRED);
    let mut store = open(&mut flash).expect("a store");
    assert_eq!(change(&mut store, Change::Store(2, 1)), Err(StoreError::Claimed));
    assert_eq!(said(&store), was);
    change(&mut store, Change::Remove(1, 1)).expect("no");
    change(&mut store, Change::Store(2, 1)).expect("the code is free");
    // What is final claims nothing here: somebody has asked for the window.
    change(&mut store, Change::Finalise(2, 1)).expect("both PINGs");
    change(&mut store, Change::Store(1, 1)).expect("another server");
}

/// Or a device told no to a server that it has paired with, which then took it out.
#[test]
fn pairing_6_a_key_that_is_final_by_this_code_is_stored_already_whatever_is_pending() {
    let mut flash = new();
    after(&mut flash, NEW);
    let is = after(&mut flash, &[Change::Store(0, 0), Change::Finalise(0, 0)]);
    assert_eq!(after(&mut flash, &[Change::Store(0, 0)]), is, "nothing is pending");
    let two = after(&mut flash, &[Change::Store(1, 0)]);
    assert_eq!(after(&mut flash, &[Change::Store(0, 0), Change::Finalise(0, 0), Change::Remove(0, 0)]), two);
    // By another code it is one that pairs anew.
    assert_eq!(
        after(&mut flash, &[Change::Store(0, 1)]).pinnings,
        [servers()[0], servers()[0]].map(|key| *key.as_bytes())
    );
}

#[test]
fn pairing_6_the_id_has_the_devices_key_first_and_kk_takes_the_pinning() {
    let mut flash = new();
    after(&mut flash, PAIRED);
    let store = open(&mut flash).expect("a store");
    let device = store.identity().expect("keys").public_key();
    for (keys, n) in pinnings(&store).iter().zip([2, 1]) {
        let server = Identity::new(Secret::new([n; 32])).expect("a key");
        assert_eq!(keys.id(), &Id::of_pinning(&device, &server.public_key()));
        let at_server = Peer::pin(&server, device).expect("a key that can be pinned");
        assert!(keys.peer().shared_secret().ct_eq(at_server.shared_secret()));
        assert!(keys.psk().is_none());
        assert_eq!(keys.identity().public_key(), device);
    }
}

/// For C, which has no [`Peer`].
#[test]
fn pairing_6_a_key_with_its_diffie_hellman_is_stored_as_a_peer_is_and_lies_where_a_port_reads_it() {
    let (mut flash, mut other) = (new(), new());
    after(&mut flash, NEW);
    after(&mut other, NEW);
    let mut store = open(&mut flash).expect("a store");
    let (device, [server, ..]) = (store.identity().expect("keys"), servers());
    let peer = Peer::pin(&device, server).expect("a key that can be pinned");
    let shared = peer.shared_secret();

    // Our own key is nobody's peer, and no key has a Diffie-Hellman of zeros with ours.
    assert_eq!(store.pin(&device.public_key(), shared, &code(0)), Err(StoreError::PeerKey));
    assert_eq!(store.pin(&server, &Secret::new([0; 32]), &code(0)), Err(StoreError::PeerKey));
    assert_eq!(store.pinning(Standing::Pending), None);

    store.pin(&server, shared, &code(0)).expect("stored");
    let (key, stored) = store.pinning(Standing::Pending).expect("a pinning");
    assert!(key == server.as_bytes() && Secret::new(*stored).ct_eq(shared));
    assert_eq!(store.pinning(Standing::Final), None);
    let is = said(&store);
    assert_eq!(is, after(&mut other, &[Change::Store(0, 0)]));
    assert_eq!(said(&open(&mut flash).expect("a store")), is, "it was written");
}

#[test]
fn pairing_6_a_confirmed_session_makes_final_what_was_pending_and_leaves_the_rest() {
    for (server, left, spent) in
        [(1, vec![1], vec![0, 1]), (0, vec![1, 0], vec![0]), (2, vec![1, 0], vec![0])]
    {
        let mut flash = new();
        after(&mut flash, PAIRED);
        let is = after(&mut flash, &[Change::Confirmed(server)]);
        let keys: Vec<_> = left.into_iter().map(|n: usize| *servers()[n].as_bytes()).collect();
        assert_eq!((is.pinnings, is.spent), (keys, spent), "confirmed by {server}");
    }
}

#[test]
fn pairing_6_only_what_is_pending_of_this_key_and_code_is_removed_or_final() {
    let mut flash = new();
    let was = after(&mut flash, PAIRED);
    for (n, c) in [(0, 0), (1, 0), (0, 1), (2, 1)] {
        assert_eq!(after(&mut flash, &[Change::Remove(n, c)]), was, "{n} {c}");
    }
    let mut store = open(&mut flash).expect("a store");
    for (n, c) in [(1, 0), (0, 1), (2, 1)] {
        assert_eq!(change(&mut store, Change::Finalise(n, c)), Err(StoreError::NotPending), "{n} {c}");
    }
    assert_eq!(said(&store), was);
}

#[test]
fn pairing_6_each_call_may_be_repeated_and_costs_the_flash_nothing_then() {
    for (before, step) in [
        (NEW, Change::Store(0, 0)),
        (PAIRED, Change::Finalise(1, 1)),
        (PAIRED, Change::Remove(1, 1)),
        (PAIRED, Change::Confirmed(1)),
        (PAIRED, Change::Address("b:2")),
    ] {
        let mut flash = new();
        after(&mut flash, before);
        let once = after(&mut flash, &[step]);
        let (erases, bytes) = (flash.erases, flash.bytes(lowkey_core::boot_log::Bank::First));
        assert_eq!(after(&mut flash, &[step, step]), once, "{step:?}");
        assert_eq!(flash.erases, erases, "{step:?}");
        assert_eq!(flash.bytes(lowkey_core::boot_log::Bank::First), bytes, "{step:?}");
    }
}

#[test]
fn pairing_6_a_window_opens_unasked_until_something_is_final_or_spent() {
    let mut flash = new();
    assert!(open(&mut flash).expect("a new store").may_pair_unasked());
    let pending = [Change::Store(0, 0), Change::Start, Change::Remove(0, 0), Change::Store(1, 0)];
    assert!(after(&mut flash, NEW).may_pair_unasked);
    assert!(after(&mut flash, &pending).may_pair_unasked, "pending is not final");
    // Forget after a lost PING: nothing was final, and the label still works without a button.
    let forgotten = after(&mut flash, &[Change::Forget]);
    assert!(forgotten.may_pair_unasked && forgotten.pinnings.is_empty() && forgotten.public_key.is_none());
    let ready = [Change::MakeKeys(2), Change::Store(0, 0), Change::Finalise(0, 0)];
    assert!(!after(&mut flash, &ready).may_pair_unasked);
}

#[test]
fn pairing_6_spent_codes_survive_forget_and_keys_do_not() {
    let mut flash = new();
    let was = after(&mut flash, PAIRED);
    let is = after(&mut flash, &[Change::Forget, Change::Forget]);
    assert_eq!((is.spent, is.may_pair_unasked), (vec![0], false));
    assert_eq!((is.public_key, is.pinnings.len(), &*is.address), (None, 0, ""));
    let new_keys = after(&mut flash, &[Change::MakeKeys(2), Change::Start]);
    assert!(new_keys.public_key.is_some() && new_keys.public_key != was.public_key);
    // The last four are told from each other, and none is a mark that goes away.
    for n in 1..6 {
        after(&mut flash, &[Change::Store(0, n), Change::Finalise(0, n)]);
        after(&mut flash, &[Change::Store(0, n), Change::Finalise(0, n)]);
    }
    let is = after(&mut flash, &[Change::Forget]);
    assert_eq!((is.spent, is.may_pair_unasked), (vec![2, 3, 4, 5], false));
}

#[test]
fn without_keys_there_is_no_pairing_and_no_start() {
    let mut flash = new();
    let mut store = open(&mut flash).expect("a new store");
    let us = Identity::new(Secret::new([9; 32])).expect("a key");
    let peer = Peer::pin(&us, servers()[0]).expect("a key that can be pinned");
    assert_eq!(store.store(&peer, &code(0)), Err(StoreError::NoKeys));
    assert_eq!(change(&mut store, Change::Start), Err(StoreError::NoKeys));
    assert_eq!(store.identity().err(), Some(StoreError::NoKeys));
    assert_eq!(store.hedge().err(), Some(StoreError::NoKeys));
    store.set_address("a:1").expect("an address needs no keys");
    change(&mut store, Change::MakeKeys(1)).expect("keys");
    assert_eq!(change(&mut store, Change::MakeKeys(1)), Err(StoreError::HasKeys));
    assert_eq!(store.address(), "a:1");
    assert_eq!(store.set_address(&"a".repeat(65)), Err(StoreError::Address));
    store.set_address(&"a".repeat(64)).expect("64 bytes");
    assert_eq!(store.address().len(), 64);
}

/// A flash that was copied while it was blank, and one that was copied with keys in it.
#[test]
fn two_devices_of_one_blank_image_share_no_key() {
    let blank = new();
    let said: Vec<_> = [1, 2]
        .map(|noise| {
            let mut device = blank.clone();
            let said = after(&mut device, &[Change::MakeKeys(noise), Change::Start]);
            let store = open(&mut device).expect("a store");
            (said.public_key, *store.hedge().expect("keys").expose())
        })
        .into();
    assert!(said[0].0 != said[1].0 && said[0].1 != said[1].1);
}

#[test]
fn debug_output_of_a_store_and_of_a_run_shows_no_key() {
    let mut flash = new();
    after(&mut flash, PAIRED);
    let mut store = open(&mut flash).expect("a store");
    let mut ephemerals = store.ephemerals().expect("a start");
    assert_eq!(format!("{:?}", ephemerals.entropy()), "Run(..)");
    assert_eq!(format!("{store:?}"), "KeyStore { has_keys: true, .. }");
}
