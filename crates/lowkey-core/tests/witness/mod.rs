//! Our engine against an independent one: the same play for every witness.
//!
//! The witness draws its own ephemerals and rekeys by itself before every non-zero multiple of 1,024,
//! as a foreign peer would that was written from the protocol's page.

use super::common::{Mode, Pair, Rng, Side, Step, seal};
use lowkey_core::REKEY_INTERVAL;
use lowkey_core::kk::{Device, MESSAGE_1_LEN, Numbers, Pinned};

/// One side of a handshake, played by somebody else's library.
pub(crate) trait Witness {
    fn write(&mut self, payload: &[u8]) -> Vec<u8>;
    fn read(&mut self, message: &[u8]) -> Vec<u8>;
    fn hash(&self) -> Vec<u8>;
    fn remote_static(&self) -> Vec<u8>;
    fn into_records(self: Box<Self>) -> Box<dyn Records>;
}

/// The witness after its handshake.
pub(crate) trait Records {
    fn send(&mut self, text: &[u8]) -> Vec<u8>;
    fn recv(&mut self, record: &[u8]) -> Vec<u8>;
    fn rekey_sender(&mut self);
    fn rekey_receiver(&mut self);
}

/// What a witness is told: its own private key, the other's public key, the PSK.
pub(crate) struct Told<'t> {
    pub(crate) mode: Mode,
    pub(crate) initiator: bool,
    pub(crate) prologue: &'t [u8],
    pub(crate) private: &'t [u8; 32],
    pub(crate) remote: [u8; 32],
    pub(crate) psk: &'t [u8; 32],
}

/// Several handshakes in every mode, the witness in either role.
pub(crate) fn handshakes_agree(witness: impl Fn(&Told<'_>) -> Box<dyn Witness>) {
    let mut rng = Rng(0x5eed);
    for mode in Mode::ALL {
        for round in 0..6 {
            for we_initiate in [true, false] {
                let keys = Pair::new(&mut rng);
                let prologue_len = [0, 1, 32, 63, 64, 200][round];
                let prologue = rng.vec(prologue_len);
                let (ours, theirs) = play(mode, we_initiate, &keys, &prologue, &mut rng, &witness);
                records_agree(ours.session(), theirs, 3, &mut rng);
            }
        }
    }
}

/// Records over three changes of the key in both directions, in every mode and either role.
pub(crate) fn records_agree_over_three_rekeyings(witness: impl Fn(&Told<'_>) -> Box<dyn Witness>) {
    let mut rng = Rng(0x4e4e);
    for mode in Mode::ALL {
        for we_initiate in [true, false] {
            let keys = Pair::new(&mut rng);
            let (ours, theirs) = play(mode, we_initiate, &keys, b"lowkey/1", &mut rng, &witness);
            records_agree(ours.session(), theirs, 3 * REKEY_INTERVAL + 30, &mut rng);
        }
    }
}

/// The initiator that is one object, in both modes, over three changes of the key in both directions.
pub(crate) fn devices_agree_over_three_rekeyings(witness: impl Fn(&Told<'_>) -> Box<dyn Witness>) {
    let mut rng = Rng(0xdede);
    for (mode, prologue) in [(Mode::Kk, &b""[..]), (Mode::KkPsk0, b"lowkey/1")] {
        let Pair { initiator: Side { identity, peer, .. }, responder, secrets, psk } = &Pair::new(&mut rng);
        let pinned = Pinned {
            private: &secrets[0],
            public: &identity.public_key(),
            peer: &peer.public_key(),
            shared: peer.shared_secret(),
            psk: mode.has_psk().then_some(psk),
            hedge: &rng.secret(),
        };
        let mut theirs = witness(&Told {
            mode,
            initiator: false,
            prologue,
            private: secrets[1].expose(),
            remote: *responder.peer.public_key().as_bytes(),
            psk: psk.expose(),
        });
        let (mut device, mut message, payload) = (Device::new(), [0; MESSAGE_1_LEN], rng.bytes());
        let draw = (&mut rng, &mut Numbers::of(1));
        device
            .write_message_1(&pinned, prologue, draw, payload, message.split_first_chunk_mut().unwrap())
            .unwrap();
        assert_eq!(theirs.read(&message), payload);
        let answer = rng.vec(33);
        assert_eq!(device.read_message_2(&pinned, &mut theirs.write(&answer)).unwrap(), answer);
        assert_eq!(device.handshake_hash()[..], theirs.hash());
        let mut theirs = theirs.into_records();
        for n in 0..3 * REKEY_INTERVAL + 30 {
            if n > 0 && n % REKEY_INTERVAL == 0 {
                theirs.rekey_sender();
                theirs.rekey_receiver();
            }
            let text = rng.vec(n as usize % 40);
            let mut record = [&text[..], &[0; 16]].concat();
            device.seal(&mut record).unwrap();
            assert_eq!(theirs.recv(&record), text);
            assert_eq!(device.open(&mut theirs.send(&text)).unwrap(), text);
        }
    }
}

fn play<'k>(
    mode: Mode,
    we_initiate: bool,
    keys: &'k Pair,
    prologue: &[u8],
    rng: &mut Rng,
    witness: impl Fn(&Told<'_>) -> Box<dyn Witness>,
) -> (Step<'k>, Box<dyn Records>) {
    let (side, private) =
        if we_initiate { (&keys.initiator, &keys.secrets[1]) } else { (&keys.responder, &keys.secrets[0]) };
    let mut ours = if we_initiate { side.initiate(mode, prologue) } else { side.respond(mode, prologue) };
    let mut theirs = witness(&Told {
        mode,
        initiator: !we_initiate,
        prologue,
        private: private.expose(),
        remote: *side.identity.public_key().as_bytes(),
        psk: keys.psk.expose(),
    });
    let mut ephemerals = rng.ephemerals();
    for (index, overhead) in mode.overheads().iter().enumerate() {
        let len = [0, 1, 15, 16, 17, 64, 333][rng.below(7)];
        let payload = rng.vec(len);
        if we_initiate == (index % 2 == 0) {
            let mut message = vec![0; overhead + len];
            let (next, written) = ours.write(&mut ephemerals, &payload, &mut message).unwrap();
            assert_eq!(written, message.len());
            assert_eq!(theirs.read(&message), payload, "{mode:?}: message {index}");
            ours = next;
        } else {
            let mut message = theirs.write(&payload);
            assert_eq!(message.len(), overhead + len, "{mode:?}: message {index}");
            let (next, read) = ours.read(&mut message).unwrap();
            assert_eq!(read, payload, "{mode:?}: message {index}");
            ours = next;
        }
    }
    let hash = match &ours {
        Step::Session(session) => session.handshake_hash(),
        Step::Claim(claim) => {
            assert_eq!(claim.public_key(), side.peer.public_key());
            claim.handshake_hash()
        }
        _ => panic!("the handshake is not over"),
    };
    assert_eq!(hash[..], theirs.hash());
    assert_eq!(theirs.remote_static(), side.identity.public_key().as_bytes());
    (ours, theirs.into_records())
}

fn records_agree(mut ours: lowkey_core::Session, mut theirs: Box<dyn Records>, records: u64, rng: &mut Rng) {
    for n in 0..records {
        if n > 0 && n % REKEY_INTERVAL == 0 {
            theirs.rekey_sender();
            theirs.rekey_receiver();
        }
        let len = rng.below(40);
        let text = rng.vec(len);
        let record = seal(&mut ours, &text);
        assert_eq!(theirs.recv(&record), text, "record {n} from us");
        let mut record = theirs.send(&text);
        assert_eq!(ours.opener.open(&mut record).unwrap(), text, "record {n} to us");
    }
}
