//! The initiator that is one object, against the engine: the same bytes, and the same verdicts.

mod common;

use common::{Boots, Mode, Pair, Rng, Side, seal};
use lowkey_core::kk::{Device, MESSAGE_1_LEN, Numbers, Pinned};
use lowkey_core::{
    Entropy, EntropyFailed, Ephemerals, Error, PublicKey, REKEY_INTERVAL, Secret, Session, kk,
};

const MODES: [Mode; 2] = [Mode::Kk, Mode::KkPsk0];
const BOOT: u64 = 0x0102_0304_0506_0708;

/// A device, and all that it is given.
struct World {
    pair: Pair,
    public: PublicKey,
    peer: PublicKey,
    shared: Secret<32>,
    hedge: Secret<32>,
    mode: Mode,
    rng: Rng,
}

impl World {
    fn new(mode: Mode, seed: u64) -> Self {
        let mut rng = Rng(seed);
        let pair = Pair::new(&mut rng);
        let Side { identity, peer, .. } = &pair.initiator;
        let (public, pinned, shared) =
            (identity.public_key(), peer.public_key(), peer.shared_secret().duplicate());
        Self { public, peer: pinned, shared, hedge: rng.secret(), mode, rng, pair }
    }

    fn pinned(&self) -> Pinned<'_> {
        Pinned {
            private: &self.pair.secrets[0],
            public: &self.public,
            peer: &self.peer,
            shared: &self.shared,
            psk: self.mode.has_psk().then_some(&self.pair.psk),
            hedge: &self.hedge,
        }
    }

    /// The engine's ephemerals, with the same entropy, hedge secret and boot.
    fn ephemerals(&self, entropy: u64) -> Ephemerals<Rng> {
        Ephemerals::new(Rng(entropy), self.hedge.duplicate(), &mut Boots(BOOT - 1)).unwrap()
    }

    /// The responder's session and its message 2, to a message 1 that opens.
    fn answer(&self, message_1: &[u8], payload: &[u8]) -> (Session, Vec<u8>) {
        let Side { identity, peer, psk } = &self.pair.responder;
        let psk = self.mode.has_psk().then_some(psk);
        let responder = kk::Responder::new(identity, peer, psk, PROLOGUE);
        let (responder, _) = responder.read_message_1(&mut message_1.to_vec()).unwrap();
        let mut out = vec![0; 48 + payload.len()];
        let mut ephemerals = self.rng.clone().ephemerals();
        let (session, len) = responder.write_message_2(&mut ephemerals, payload, &mut out).unwrap();
        assert_eq!(len, out.len());
        (session, out)
    }

    /// A device with a session, and the other side's.
    fn open(&self) -> (Device, Session) {
        let (mut device, mut message) = (Device::new(), [0; MESSAGE_1_LEN]);
        let draw = (&mut Rng(7), &mut Numbers::of(BOOT));
        device.write_message_1(&self.pinned(), PROLOGUE, draw, [1, 2], parts(&mut message)).unwrap();
        let (session, mut answer) = self.answer(&message, b"hi");
        assert_eq!(device.read_message_2(&self.pinned(), &mut answer).unwrap(), b"hi");
        (device, session)
    }
}

const PROLOGUE: &[u8] = b"lowkey/1 and a hello";

/// Three attempts of one boot on one device, each with the engine beside it, and records across two new keys.
/// The key of a message 1, and what is sealed behind it.
fn parts(message: &mut [u8; MESSAGE_1_LEN]) -> (&mut [u8; 32], &mut [u8]) {
    message.split_first_chunk_mut().unwrap()
}

#[test]
fn a_device_gives_the_engine_s_bytes_through_both_messages_and_two_new_keys() {
    for mode in MODES {
        let world = World::new(mode, 0xd0);
        let (mut device, mut numbers, mut entropy) = (Device::new(), Numbers::of(BOOT), Rng(7));
        let mut ephemerals = world.ephemerals(7);
        for attempt in 0..3 {
            let (mut message, mut expected) = ([0; MESSAGE_1_LEN], [0; MESSAGE_1_LEN]);
            let draw = (&mut entropy, &mut numbers);
            device.write_message_1(&world.pinned(), PROLOGUE, draw, [1, 2], parts(&mut message)).unwrap();
            let Side { identity, peer, psk } = &world.pair.initiator;
            let psk = mode.has_psk().then_some(psk);
            let engine = kk::Initiator::new(identity, peer, psk, PROLOGUE);
            let (engine, _) = engine.write_message_1(&mut ephemerals, &[1, 2], &mut expected).unwrap();
            assert_eq!(message, expected, "{mode:?}, attempt {attempt}");

            let (mut theirs, answer) = world.answer(&message, &vec![7; 31 * attempt]);
            let (mut here, mut there) = (answer.clone(), answer);
            let payload = device.read_message_2(&world.pinned(), &mut here).unwrap();
            let (mut engine, expected) = engine.read_message_2(&mut there).unwrap();
            assert_eq!(payload, expected);
            assert_eq!(device.handshake_hash(), engine.handshake_hash());
            let records = if attempt == 2 { 2 * REKEY_INTERVAL + 9 } else { 3 };
            for n in 0..records {
                let text = vec![n as u8; n as usize % 50];
                let mut record = [&text[..], &[0; 16]].concat();
                device.seal(&mut record).unwrap();
                assert_eq!(record, seal(&mut engine, &text), "{mode:?}, record {n}");
                assert_eq!(theirs.opener.open(&mut record).unwrap(), text);
                let mut record = seal(&mut theirs, &text);
                assert_eq!(device.open(&mut record).unwrap(), text, "{mode:?}, record {n}");
            }
        }
    }
}

/// Whatever bit is changed, and wherever it is cut.
#[test]
fn a_message_2_that_is_not_the_peer_s_gives_no_session() {
    for mode in MODES {
        let world = World::new(mode, 0xd1);
        let changes = (0..50).map(Some).chain([None]);
        for change in changes {
            let (mut device, mut message) = (Device::new(), [0; MESSAGE_1_LEN]);
            let draw = (&mut Rng(7), &mut Numbers::of(BOOT));
            device.write_message_1(&world.pinned(), PROLOGUE, draw, [1, 2], parts(&mut message)).unwrap();
            let (_, mut answer) = world.answer(&message, b"hi");
            match change {
                Some(at) => answer[at] ^= 0x80, // in a key too: the hash has all of its bits
                None => drop(answer.pop()),
            }
            assert_eq!(device.read_message_2(&world.pinned(), &mut answer).err(), Some(Error::Decrypt));
            has_no_session(&mut device);
        }
        for len in [0, 31, 47] {
            let (mut device, mut message) = (Device::new(), [0; MESSAGE_1_LEN]);
            let draw = (&mut Rng(7), &mut Numbers::of(BOOT));
            device.write_message_1(&world.pinned(), PROLOGUE, draw, [1, 2], parts(&mut message)).unwrap();
            let read = device.read_message_2(&world.pinned(), &mut vec![9; len]).err();
            assert!(matches!(read, Some(Error::Truncated | Error::Decrypt)), "{len} bytes: {read:?}");
            has_no_session(&mut device);
        }
    }
}

fn has_no_session(device: &mut Device) {
    assert_eq!(device.seal(&mut [0; 20]), Err(Error::Exhausted));
    assert_eq!(device.open(&mut [0; 20]), Err(Error::Exhausted));
}

#[test]
fn there_is_no_session_before_message_2_nor_in_a_new_attempt() {
    let world = World::new(Mode::KkPsk0, 0xd2);
    has_no_session(&mut Device::new());
    let (mut device, _) = world.open();
    let draw = (&mut Rng(8), &mut Numbers::of(BOOT + 1));
    device.write_message_1(&world.pinned(), PROLOGUE, draw, [1, 2], parts(&mut [0; MESSAGE_1_LEN])).unwrap();
    has_no_session(&mut device);
}

#[test]
fn without_entropy_an_attempt_is_over_and_so_is_what_was_before() {
    struct Broken;
    impl Entropy for Broken {
        fn fill(&mut self, _out: &mut [u8]) -> Result<(), EntropyFailed> {
            Err(EntropyFailed)
        }
    }
    let world = World::new(Mode::Kk, 0xd3);
    let (mut device, _) = world.open();
    let (draw, mut message) = ((&mut Broken, &mut Numbers::of(BOOT)), [0; MESSAGE_1_LEN]);
    let made = device.write_message_1(&world.pinned(), PROLOGUE, draw, [1, 2], parts(&mut message));
    assert_eq!((made, message), (Err(Error::Entropy), [0; MESSAGE_1_LEN]));
    has_no_session(&mut device);
}

#[test]
fn a_record_that_does_not_open_is_not_counted_and_one_that_comes_twice_does_not_open() {
    for mode in MODES {
        let (mut device, mut theirs) = World::new(mode, 0xd4).open();
        let record = seal(&mut theirs, b"once");
        for at in 0..record.len() {
            let mut damaged = record.clone();
            damaged[at] ^= 1;
            assert_eq!(device.open(&mut damaged), Err(Error::Decrypt), "byte {at}");
        }
        assert_eq!(device.open(&mut [0; 15]), Err(Error::Decrypt));
        assert_eq!(device.open(&mut record.clone()).unwrap(), b"once");
        assert_eq!(device.open(&mut record.clone()), Err(Error::Decrypt));
        assert_eq!(device.open(&mut seal(&mut theirs, b"twice")).unwrap(), b"twice");
    }
}

#[test]
fn what_has_stopped_sealing_still_opens_and_what_is_wiped_does_neither() {
    let (mut device, mut theirs) = World::new(Mode::Kk, 0xd5).open();
    device.stop_sealing();
    assert_eq!(device.seal(&mut [0; 20]), Err(Error::Exhausted));
    assert_eq!(device.open(&mut seal(&mut theirs, b"on")).unwrap(), b"on");
    device.wipe();
    has_no_session(&mut device);
}

/// The same random bytes at every boot and attempt, as of a source that is stuck.
#[test]
fn ephemerals_of_a_stuck_source_differ_by_boot_and_by_attempt() {
    let world = World::new(Mode::Kk, 0xd6);
    let mut seen = vec![];
    for boot in 0..3 {
        let mut numbers = Numbers::of(boot);
        for _attempt in 0..3 {
            let mut message = [0; MESSAGE_1_LEN];
            let draw = (&mut Rng(7), &mut numbers);
            Device::new()
                .write_message_1(&world.pinned(), PROLOGUE, draw, [1, 2], parts(&mut message))
                .unwrap();
            assert!(!seen.contains(&message[..32].to_vec()), "boot {boot}");
            seen.push(message[..32].to_vec());
        }
    }
}

#[test]
fn our_own_key_is_found_however_it_is_spelled() {
    let world = World::new(Mode::Kk, 0xd7);
    let other_spelling = {
        let mut bytes = *world.public.as_bytes();
        bytes[31] |= 0x80;
        PublicKey::new(bytes)
    };
    for (peer, is_ours) in [(&world.public, true), (&other_spelling, true), (&world.peer, false)] {
        assert_eq!(Pinned { peer, ..world.pinned() }.is_ours(), is_ours);
    }
}
