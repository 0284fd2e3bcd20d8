//! What the model keeps in flash and file, against the key store and the registry file: every step is taken from every
//! state in both, and both have to say the same.

use super::rule::{Call, Device, Key, Refused, Registry, Server, Standing};
use lowkey_core::PinStore;
use lowkey_core::key_store::{self, KeyStore, StoreError};
use lowkey_host::{Code, Id, Paired, Peer, PublicKey};
use lowkey_registry::FileRegistry;
use lowkey_registry::pairing::{Enrolment, PairingError, claim, finalise, remove};
use lowkey_registry::rotation::{Which, revoke};
use std::collections::HashSet;
use std::fs;
use std::hash::Hash;
use test_support::Random;
use test_support::flash::{Model, Nature};
use test_support::folder::{Bench, public};
use test_support::world::board::code;

/// Takes every step from every state of the model that can be come to, beside what the code has there; how many states
/// there are. `step` gives what both are then; `None` if it cannot be taken.
pub(super) fn everywhere<M: Clone + Eq + Hash, C: Clone, S>(
    begin: impl IntoIterator<Item = (M, C)>,
    steps: &[S],
    step: impl Fn(&(M, C), &S) -> Option<(M, C)>,
) -> usize {
    let mut all: Vec<(M, C)> = begin.into_iter().collect();
    let mut known: HashSet<M> = all.iter().map(|(model, _)| model.clone()).collect();
    let mut next = 0;
    while let Some(state) = all.get(next).cloned() {
        for after in steps.iter().filter_map(|taken| step(&state, taken)) {
            if known.insert(after.0.clone()) {
                all.push(after);
            }
        }
        next += 1;
    }
    known.len()
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Store(Server),
    Finalise(Server),
    Remove(Server),
    Confirmed(Server),
    Forget,
}

/// The store that lies there.
fn open(flash: &mut Model) -> KeyStore<&mut Model> {
    let mut store = KeyStore::new(flash);
    store.open().unwrap();
    store
}

#[test]
fn pairing_6_the_key_store_does_what_the_model_of_the_pending_rule_does() {
    let mut blank = Model::new(8, 1_024, 1, Nature::default());
    open(&mut blank).make_keys(&mut Random::from_seed(1)).unwrap();
    let mut paired = blank.clone();
    let mut store = open(&mut paired);
    let server = peer(&store, Server::Earlier);
    store.store(&server, &earlier()).unwrap();
    store.finalise(&server.public_key(), &earlier()).unwrap();
    let was = Device { last: Some(Server::Earlier), is_asked_for: true, ..Device::default() };
    let each = [Server::A, Server::B];
    let mut changes = vec![Change::Forget];
    for change in [Change::Store, Change::Finalise, Change::Remove, Change::Confirmed] {
        changes.extend(each.map(change));
    }
    let states =
        everywhere([(Device::default(), blank), (was, paired)], &changes, |(device, flash), change| {
            let device = *device;
            let mut flash = flash.clone();
            let mut store = open(&mut flash);
            let (expected, is) = match change {
                Change::Store(server) => {
                    let peer = peer(&store, *server);
                    (device.store(None, *server), store.store(&peer, &label()))
                }
                Change::Finalise(server) => {
                    (device.finalise(*server), store.finalise(&key(*server), &label()))
                }
                Change::Remove(server) => {
                    (Ok(device.remove(None, *server)), store.remove(&key(*server), &label()))
                }
                Change::Confirmed(server) => {
                    (Ok(device.confirmed(None, *server)), store.confirmed(&key(*server)))
                }
                Change::Forget if device.life > 0 => return None,
                Change::Forget => {
                    store.forget().unwrap();
                    (Ok(device.forget(None)), store.make_keys(&mut Random::from_seed(2)))
                }
            };
            let is = is.map_err(|error| match error {
                StoreError::Claimed => Refused::Claimed,
                StoreError::NotPending => Refused::NotPending,
                error => panic!("{error}"),
            });
            assert_eq!(is.err(), expected.err(), "{change:?} of {device:?}");
            let after = expected.unwrap_or(device);
            let pinnings = [after.pending, after.last].into_iter().flatten().map(key);
            let says: Vec<PublicKey> = [key_store::Standing::Pending, key_store::Standing::Final]
                .into_iter()
                .filter_map(|standing| store.keys(standing).map(|keys| keys.peer().public_key()))
                .collect();
            assert_eq!(says, pinnings.collect::<Vec<_>>(), "{change:?} of {device:?}");
            assert_eq!(
                (store.is_spent(&label()), !store.may_pair_unasked()),
                (after.is_spent, after.is_asked_for)
            );
            Some((after, flash))
        });
    assert!(states > 20, "{states}");
}

#[test]
fn pairing_6_a_registry_file_does_what_the_model_of_the_pending_rule_does() {
    let bench = Bench::new();
    let server = bench.server.public_key();
    let keys = [(0, 0), (0, 1), (1, 0)].map(|(device, life)| Key { device, life });
    let public = |key: Key| public(10 + 2 * key.device as u8 + key.life);
    let steps: Vec<(Option<Call>, Key)> = [Some(Call::Store), Some(Call::Finalise), Some(Call::Remove), None]
        .into_iter()
        .flat_map(|call| keys.map(|key| (call, key)))
        .collect();
    let states =
        everywhere([(Registry::default(), "# ours\n".to_owned())], &steps, |(was, text), (call, key)| {
            fs::write(&bench.registry, text).unwrap();
            let (was, file) = (*was, &bench.registry);
            let (expected, is) = match call {
                Some(Call::Store) => {
                    let enrolment = Enrolment { name: "pump-7", key: public(*key), code: label() };
                    (was.store(None, *key), claim(file, &server, enrolment).map(drop))
                }
                Some(Call::Finalise) => {
                    (Ok(was.finalise(*key)), finalise(file, &server, &public(*key), &label()).map(drop))
                }
                Some(Call::Remove) => {
                    (Ok(was.remove(None, *key)), remove(file, &server, &public(*key), &label()).map(drop))
                }
                None if was == Registry::default() => return None,
                None => (
                    Ok(was.revoke()),
                    revoke(file, &server, "pump-7", Which::All).map(drop).map_err(|_| panic!()),
                ),
            };
            match (is, expected) {
                (Ok(()), Ok(_)) | (Err(PairingError::Claimed(_)), Err(Refused::Claimed)) => (),
                (is, expected) => panic!("{call:?} {key:?} of {was:?}: {is:?}, not {expected:?}"),
            }
            let after = expected.unwrap_or(was);
            let loaded = FileRegistry::load(file, &bench.server).unwrap();
            let rows: Vec<_> =
                loaded.devices().iter().map(|row| (row.key(), row.paired().unwrap())).collect();
            let standing = |(key, standing)| match standing {
                Standing::Pending => (public(key), Paired::Pending(label())),
                Standing::Final => (public(key), Paired::Final(label())),
            };
            assert_eq!(rows, after.rows.into_iter().flatten().map(standing).collect::<Vec<_>>());
            Some((after, fs::read_to_string(file).unwrap()))
        });
    assert_eq!(states, 7, "nothing, and each of three keys, pending and final");
}

/// The name of the code on the label.
fn label() -> Id {
    code().name()
}

/// And of the one by which a device was paired before.
fn earlier() -> Id {
    Code::new(&[9; 16]).unwrap().name()
}

fn key(server: Server) -> PublicKey {
    public(match server {
        Server::A => 21,
        Server::B => 22,
        Server::Earlier => 23,
    })
}

fn peer(store: &KeyStore<&mut Model>, server: Server) -> Peer {
    Peer::pin(&store.identity().unwrap(), key(server)).unwrap()
}
