//! Who reads a device's flash later: which of its recorded sessions that opens.

use super::{Change, after, flash, mac, open, servers};
use crate::NATURES;
use lowkey_core::boot_log::{Bank, ERASED};
use lowkey_core::key_store::{KeyStore, Standing, StoreError};
use lowkey_core::page::Keys;
use lowkey_core::{
    Counter, CounterFailed, Entropy, EntropyFailed, Ephemerals, Identity, Peer, Secret, SeedEntropy, kk,
};
use test_support::Random;
use test_support::flash::{Misread, Model};

const STARTS: u64 = 6;

#[test]
fn who_reads_the_flash_later_opens_no_session_of_an_earlier_start() {
    for clears in [true, false] {
        let mut flash = new(clears);
        let [mut seed] = seeds(&flash)[..] else { panic!("one seed") };
        let sessions: Vec<_> = (1..=STARTS).map(|_| start(&mut flash)).collect();
        let opened = open_all(&flash, &mut flash.clone(), &sessions);
        assert_eq!(opened, 0, "clears: {clears}");
        // And in no other place either, nor what the starts drew from.
        let banks = [Bank::First, Bank::Second].map(|bank| flash.bytes(bank)).concat();
        let lies_there = |secret: &[u8; 32]| banks.windows(32).any(|bytes| bytes == secret);
        for _ in 1..=STARTS {
            assert!(!lies_there(&seed) && !lies_there(&mac(&seed, b"lowkey run")));
            seed = mac(&seed, b"lowkey next");
        }
        assert!(lies_there(&seed), "the next start's is there");
        println!("ratchet, units are cleared: {clears}: {opened} of {STARTS} recorded sessions opened");
    }
}

/// That the attacker above is able: with a copy of the flash from before the starts, everything opens.
#[test]
fn who_has_a_copy_of_the_old_flash_opens_every_session_since() {
    for clears in [true, false] {
        let mut flash = new(clears);
        let old = flash.clone();
        let sessions: Vec<_> = (1..=STARTS).map(|_| start(&mut flash)).collect();
        assert_eq!(open_all(&old, &mut flash, &sessions), STARTS as usize);
    }
}

/// The keys are still there when a worn flash takes no entry without them: they go on with the seed that they had.
#[test]
fn a_forget_that_fails_puts_no_seed_there_that_everybody_knows() {
    let mut flash = new(true);
    let unused =
        [Bank::First, Bank::Second].into_iter().find(|bank| !flash.bytes(*bank)[6 * 8..].starts_with(b"LKS"));
    flash.misread = Some((unused.expect("one of two"), 6, Misread::All(ERASED)));
    let mut store = open(&mut flash).expect("a store");
    assert_eq!(store.forget(), Err(StoreError::Flash));
    assert!(store.has_keys());
    store.ephemerals().expect("a start");
    let next = mac(&[0; 32], b"lowkey next");
    assert!(!seeds(&flash).contains(&next));
}

/// What was read back of it is no seed, and everybody may know it.
#[test]
fn a_slot_that_does_not_take_its_seed_costs_an_entry_and_the_seed_is_the_next_one() {
    let mut flash = new(true);
    let [seed] = seeds(&flash)[..] else { panic!("one seed") };
    let used =
        [Bank::First, Bank::Second].into_iter().find(|bank| flash.bytes(*bank)[6 * 8..].starts_with(b"LKS"));
    flash.misread = Some((used.expect("one of two"), (SLOTS + 48) / 8 + 1, Misread::All(ERASED)));
    let mut store = open(&mut flash).expect("a store");
    store.ephemerals().expect("a start");
    assert_eq!(seeds(&flash), [mac(&seed, b"lowkey next")]);
}

/// What the ratchet is measured by: a seed that stays where it is.
#[test]
fn who_reads_a_seed_that_stays_opens_every_session_there_was() {
    let mut flash = new(true);
    let store = open(&mut flash).expect("a store");
    let (keys, hedge) = (pinning(&store), store.hedge().expect("keys"));
    let entropy = || SeedEntropy::new(Secret::new([7; 32])).expect("a seed");
    let sessions = (1..=STARTS).map(|boot| {
        session(
            &keys,
            &mut Ephemerals::new(entropy(), hedge.duplicate(), &mut Number(boot)).expect("a hedge"),
        )
    });
    let opened =
        (1..).zip(sessions).filter(|(boot, one)| opens(one, &keys, &hedge, entropy(), *boot)).count();
    assert_eq!(opened, STARTS as usize);
    println!("a seed that stays: {opened} of {STARTS} recorded sessions opened");
}

/// Within a start: what has been drawn does not follow from what is in RAM.
#[test]
fn a_run_moves_on_with_each_draw_and_takes_noise() {
    let mut flash = new(true);
    let mut store = open(&mut flash).expect("a store");
    let mut draw = |noise: &[u8]| {
        let mut ephemerals = store.ephemerals().expect("a start");
        if !noise.is_empty() {
            ephemerals.entropy().stir(noise);
        }
        let mut drawn = [[0; 32]; 3];
        ephemerals.entropy().fill(drawn.as_flattened_mut()).expect("it never fails");
        drawn
    };
    let all = [draw(b""), draw(b""), draw(b"noise")].concat();
    assert!((0..all.len()).all(|i| !all[..i].contains(&all[i])), "a draw came twice");
    // The chain itself: BLAKE2s(r, "lowkey draw"), then r = BLAKE2s(r, "lowkey next").
    let seed = seeds(&flash).into_iter().next_back().expect("the seed of the next start");
    let (r, drawn) = (mac(&seed, b"lowkey run"), {
        let mut store = open(&mut flash).expect("a store");
        let mut drawn = [[0; 32]; 2];
        let mut ephemerals = store.ephemerals().expect("a start");
        ephemerals.entropy().fill(drawn.as_flattened_mut()).expect("it never fails");
        drawn
    });
    assert_eq!(drawn, [mac(&r, b"lowkey draw"), mac(&mac(&r, b"lowkey next"), b"lowkey draw")]);
    assert_eq!(seeds(&flash), [mac(&seed, b"lowkey next")], "and nothing else is left there");
}

/// What somebody on the line has kept of a session: both messages of the handshake, and the first record.
struct Recorded {
    messages: [Vec<u8>; 2],
    record: Vec<u8>,
}

const SAID: &[u8] = b"21.5 C";

struct Number(u64);

impl Counter for Number {
    fn next(&mut self) -> Result<u64, CounterFailed> {
        Ok(self.0)
    }
}

/// A device that is paired.
fn new(clears: bool) -> Model {
    let mut flash = flash(8, clears, NATURES[0], 1);
    after(&mut flash, &[Change::MakeKeys(1), Change::Store(0, 0), Change::Finalise(0, 0)]);
    flash
}

fn pinning(store: &KeyStore<&mut Model>) -> Keys {
    store.keys(Standing::Final).expect("it is paired")
}

/// A start, and a session in it.
fn start(flash: &mut Model) -> Recorded {
    let mut store = open(flash).expect("a store");
    let mut ephemerals = store.ephemerals().expect("a start");
    session(&pinning(&store), &mut ephemerals)
}

/// A whole session in KK, seen from the line.
fn session<E: Entropy>(keys: &Keys, ephemerals: &mut Ephemerals<E>) -> Recorded {
    let server = Identity::new(Secret::new([1; 32])).expect("a key");
    assert_eq!(server.public_key(), servers()[0]);
    let device = Peer::pin(&server, keys.identity().public_key()).expect("a key that can be pinned");
    let mut servers =
        Ephemerals::new(Random::new(), Random::new().secret(), &mut Number(1)).expect("a hedge");
    let (mut wire, mut second) = ([0; 96], [0; 96]);
    let (device_side, n) = kk::Initiator::new(keys.identity(), keys.peer(), None, b"")
        .write_message_1(ephemerals, b"", &mut wire)
        .expect("room");
    let first = wire[..n].to_vec();
    let (server_side, _) =
        kk::Responder::new(&server, &device, None, b"").read_message_1(&mut wire[..n]).expect("it opens");
    let (mut at_server, n) = server_side.write_message_2(&mut servers, b"", &mut second).expect("room");
    drop(device_side);
    let mut record = [SAID, &[0; 16]].concat();
    at_server.sealer.seal(&mut record).expect("room");
    Recorded { messages: [first, second[..n].to_vec()], record }
}

/// Whether somebody who has the device's keys reads the session of a start that drew from `entropy`.
fn opens<E: Entropy>(recorded: &Recorded, keys: &Keys, hedge: &Secret<32>, entropy: E, boot: u64) -> bool {
    let mut ephemerals = Ephemerals::new(entropy, hedge.duplicate(), &mut Number(boot)).expect("a hedge");
    let (mut wire, [first, mut second]) = ([0; 96], recorded.messages.clone());
    let (initiator, n) = kk::Initiator::new(keys.identity(), keys.peer(), None, b"")
        .write_message_1(&mut ephemerals, b"", &mut wire)
        .expect("room");
    if wire[..n] != first {
        return false;
    }
    let (mut session, _) = initiator.read_message_2(&mut second).expect("it has the ephemeral");
    session.opener.open(&mut recorded.record.clone()).is_ok_and(|text| text == SAID)
}

/// How many sessions open for whoever has `read` this flash, and knows the keys, which do not change.
fn open_all(read: &Model, keys: &mut Model, sessions: &[Recorded]) -> usize {
    let store = open(keys).expect("a store");
    let (keys, hedge) = (pinning(&store), store.hedge().expect("keys"));
    let seeds = seeds(read);
    (1..)
        .zip(sessions)
        .filter(|(boot, one)| {
            seeds.iter().any(|lies_there| {
                // It is what the start drew from, or the seed of one before it.
                let as_seeds = (0..STARTS).scan(*lies_there, |seed, _| {
                    let r = mac(seed, b"lowkey run");
                    *seed = mac(seed, b"lowkey next");
                    Some(r)
                });
                as_seeds.chain([*lies_there]).any(|r| opens(one, &keys, &hedge, Guess(r), *boot))
            })
        })
        .count()
}

/// 32 bytes wherever seeds lie, and wherever they may have lain before.
fn seeds(flash: &Model) -> Vec<[u8; 32]> {
    let banks = [Bank::First, Bank::Second].map(|bank| flash.bytes(bank));
    let windows = banks.iter().flat_map(|bank| bank[SLOTS..].chunks_exact(48).map(|slot| &slot[4..36]));
    let seeds = windows.filter(|seed| seed.iter().any(|byte| *byte != seed[0]));
    seeds.map(|seed| seed.try_into().expect("32 bytes")).collect()
}

struct Guess([u8; 32]);

impl Entropy for Guess {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        out.copy_from_slice(&mac(&self.0, b"lowkey draw"));
        Ok(())
    }
}

/// Where slots begin with units of 8 bytes: behind six units and the entry.
const SLOTS: usize = 6 * 8 + 360;
