//! Ephemerals stay apart and stay hidden, whatever the entropy source and the counter do.

use super::common::{Boots, Rng, hex};
use crate::{
    Counter, CounterFailed, Entropy, EntropyFailed, Ephemerals, Error, PublicKey, Secret, SeedEntropy, kk,
};
use lowkey_crypto::PrivateKey;
use std::collections::BTreeSet;
use std::prelude::v1::*;

/// A source that always says the same.
struct Stuck(u8);

impl Entropy for Stuck {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        out.fill(self.0);
        Ok(())
    }
}

/// A source that fails, after it has written half of what was asked, until it has been asked `0` times.
struct Failing(usize);

impl Entropy for Failing {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        out.iter_mut().take(16).for_each(|byte| *byte = 0x55);
        match self.0.checked_sub(1) {
            Some(left) => {
                self.0 = left;
                Err(EntropyFailed)
            }
            None => Ok(()),
        }
    }
}

fn ephemerals<E: Entropy>(source: E, hedge: u8, boots_before: u64) -> Ephemerals<E> {
    Ephemerals::new(source, Secret::new([hedge; 32]), &mut Boots(boots_before)).unwrap()
}

fn next<E: Entropy>(ephemerals: &mut Ephemerals<E>, h: u8) -> PublicKey {
    let mut secret = Secret::zeroed();
    ephemerals.next(&[h; 32], &mut secret).unwrap();
    PrivateKey::new(&secret).public_key()
}

/// `hashlib.blake2s(b"lowkey ephemeral" + entropy + h + boot + attempt, key=hedge)`, of Python.
#[test]
fn an_ephemeral_is_keyed_blake2s_over_label_entropy_h_boot_and_attempt() {
    let mut ephemerals = ephemerals(Stuck(0x11), 0x33, 0x0102_0304_0506_0707);
    for expected in [FIRST_OF_BOOT, SECOND_OF_BOOT] {
        let private = Secret::new(hex(expected).try_into().unwrap());
        assert_eq!(next(&mut ephemerals, 0x22), PrivateKey::new(&private).public_key());
    }
    assert_eq!(ephemerals.boot(), 0x0102_0304_0506_0708);
}

#[test]
fn with_a_stuck_source_all_ephemerals_differ() {
    let mut seen = BTreeSet::new();
    for boot in [0, 1, 2, 256, u64::MAX - 1] {
        for hedge in [3, 4] {
            let mut ephemerals = ephemerals(Stuck(7), hedge, boot);
            for _attempt in 0..3 {
                // As after two resets at the same place: the handshake hash is the same as well.
                assert!(seen.insert(next(&mut ephemerals, 1)), "boot {boot}, hedge {hedge}");
            }
        }
    }
    assert!(seen.insert(next(&mut ephemerals(Stuck(7), 3, 0), 2)), "another handshake hash");
    assert!(seen.insert(next(&mut ephemerals(Stuck(8), 3, 0), 1)), "other entropy");
    assert!(!seen.insert(next(&mut ephemerals(Stuck(7), 3, 0), 1)), "all five the same: the same");
}

#[test]
fn a_failing_source_gives_an_error_and_no_ephemeral() {
    let mut ephemerals = ephemerals(Failing(2), 3, 0);
    assert_eq!(ephemerals.next(&[0; 32], &mut Secret::zeroed()).err(), Some(Error::Entropy));
    assert_eq!(ephemerals.next(&[0; 32], &mut Secret::zeroed()).err(), Some(Error::Entropy));
    assert!(ephemerals.next(&[0; 32], &mut Secret::zeroed()).is_ok());
}

#[test]
fn a_failing_source_ends_the_step_that_needs_an_ephemeral() {
    let mut rng = Rng(1);
    let keys = super::common::Pair::new(&mut rng);
    let mut failing = ephemerals(Failing(usize::MAX), 3, 0);
    for mode in super::common::Mode::ALL {
        let mut message = [0; 96];
        let step = keys.initiator.initiate(mode, b"");
        assert_eq!(step.write(&mut failing, b"", &mut message).err(), Some(Error::Entropy));
        assert_eq!(message, [0; 96], "nothing is sent");
        let (_, n) =
            keys.initiator.initiate(mode, b"").write(&mut rng.ephemerals(), b"", &mut message).unwrap();
        let (step, _) = keys.responder.respond(mode, b"").read(&mut message[..n]).unwrap();
        assert_eq!(step.write(&mut failing, b"", &mut message).err(), Some(Error::Entropy));
    }
}

#[test]
fn a_failing_counter_gives_no_ephemerals() {
    struct Broken;
    impl Counter for Broken {
        fn next(&mut self) -> Result<u64, CounterFailed> {
            Err(CounterFailed)
        }
    }
    let made = Ephemerals::new(Stuck(1), Secret::new([1; 32]), &mut Broken);
    assert_eq!(made.err(), Some(Error::Counter));
}

#[test]
fn one_number_of_the_counter_serves_all_ephemerals_of_a_boot() {
    let mut boots = Boots(41);
    let mut ephemerals =
        Ephemerals::new(Stuck(1), Secret::new([1; 32]), &mut boots as &mut dyn Counter).unwrap();
    (0..10).for_each(|_| ephemerals.next(&[0; 32], &mut Secret::zeroed()).unwrap());
    assert_eq!((ephemerals.boot(), boots.0), (42, 42));
}

/// The attack that the counter is there for: a recorded message 2, played to a device that has lost
/// power and whose entropy source is stuck, must not bring old record keys back.
#[test]
fn with_a_stuck_source_a_replayed_message_2_does_not_open_after_a_reset() {
    let mut rng = Rng(2);
    let keys = super::common::Pair::new(&mut rng);
    let (device, server) = (&keys.initiator, &keys.responder);
    let mut wire = [0; 48];
    let mut attempt = |boot| {
        let initiator = kk::Initiator::new(&device.identity, &device.peer, None, b"");
        let (waiting, n) =
            initiator.write_message_1(&mut ephemerals(Stuck(7), 3, boot), b"", &mut wire).unwrap();
        (waiting, wire[..n].to_vec())
    };
    let (waiting, mut message_1) = attempt(0);
    let responder = kk::Responder::new(&server.identity, &server.peer, None, b"");
    let (responder, _) = responder.read_message_1(&mut message_1).unwrap();
    let mut message_2 = [0; 48];
    responder.write_message_2(&mut rng.ephemerals(), b"", &mut message_2).unwrap();
    waiting.read_message_2(&mut message_2.clone()).unwrap();

    let (after_reset, _) = attempt(1);
    assert_eq!(after_reset.read_message_2(&mut message_2.clone()).err(), Some(Error::Decrypt));
    let (without_counter, _) = attempt(0);
    assert!(without_counter.read_message_2(&mut message_2).is_ok(), "what would happen without it");
}

const FIRST_OF_BOOT: &str = "a2d4f43b9ce5a016d810072a166909dfc32fdc330c6cbf3c8226c6c6427a8645";
const SECOND_OF_BOOT: &str = "bfc3b1dec558cbd21e588169535ebc9ef2f8d32b82ffce22833bdb1e5162bf04";

/// Independent: Python's hashlib.blake2s(b"lowkey seed" + n, key=pool), stirred with key=seed.
#[test]
fn a_stretched_seed_is_blake2s_of_pool_and_count_and_stirring_changes_it() {
    let mut stretched = SeedEntropy::new(Secret::new([7; 32])).unwrap();
    let mut out = [0; 40];
    stretched.fill(&mut out).unwrap();
    assert_eq!(out[..8], [0x2e, 0x22, 0x25, 0xb2, 0x75, 0x36, 0x00, 0xce]);
    assert_eq!(out[32..40], [0x7b, 0xf7, 0xcf, 0xf4, 0x23, 0x98, 0x61, 0x24]);
    stretched.stir(b"noise");
    stretched.fill(&mut out[..8]).unwrap();
    assert_eq!(out[..8], [0xf5, 0xa7, 0x18, 0xd7, 0x62, 0xb6, 0x2d, 0x70]);
}
