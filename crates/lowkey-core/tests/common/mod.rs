//! What the tests share: seeded randomness, two sides that know each other, and whole handshakes.
//!
//! The typed steps are folded into one enum, [`Step`], so that every test can walk all four modes.
#![allow(dead_code)] // every test binary uses its part

use lowkey_core::{
    Claim, Counter, CounterFailed, Entropy, EntropyFailed, Ephemerals, Error, Identity, Peer, Psk, PublicKey,
    Secret, Session, kk, xx,
};
use std::{vec, vec::Vec};

/// SplitMix64: reproducible, and random enough for tests.
#[derive(Clone)]
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn u32(&mut self) -> u32 {
        self.u64() as u32
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.u64() % n as u64) as usize
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.u64() as u8)
    }

    pub(crate) fn vec(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.u64() as u8).collect()
    }

    pub(crate) fn secret(&mut self) -> Secret<32> {
        Secret::new(self.bytes())
    }

    pub(crate) fn ephemerals(&mut self) -> Ephemerals<Self> {
        Ephemerals::new(Self(self.u64()), self.secret(), &mut Boots(self.u64() >> 1)).unwrap()
    }
}

impl Entropy for Rng {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        out.fill_with(|| self.u64() as u8);
        Ok(())
    }
}

/// A counter that forgets nothing because it lives as long as the test.
pub(crate) struct Boots(pub(crate) u64);

impl Counter for Boots {
    fn next(&mut self) -> Result<u64, CounterFailed> {
        self.0 += 1;
        Ok(self.0)
    }
}

pub(crate) fn hex(text: &str) -> Vec<u8> {
    assert_eq!(text.len() % 2, 0);
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Kk,
    KkPsk0,
    Xx,
    XxPsk0,
}

use Mode::{Kk, KkPsk0, Xx, XxPsk0};

impl Mode {
    pub(crate) const ALL: [Self; 4] = [Kk, KkPsk0, Xx, XxPsk0];

    pub(crate) fn protocol_name(self) -> &'static str {
        match self {
            Kk => "Noise_KK_25519_ChaChaPoly_BLAKE2s",
            KkPsk0 => "Noise_KKpsk0_25519_ChaChaPoly_BLAKE2s",
            Xx => "Noise_XX_25519_ChaChaPoly_BLAKE2s",
            XxPsk0 => "Noise_XXpsk0_25519_ChaChaPoly_BLAKE2s",
        }
    }

    pub(crate) fn is_kk(self) -> bool {
        matches!(self, Kk | KkPsk0)
    }

    pub(crate) fn has_psk(self) -> bool {
        matches!(self, KkPsk0 | XxPsk0)
    }

    /// What each message adds to its payload, in bytes: the key, the sealed key, the payload's tag.
    pub(crate) fn overheads(self) -> &'static [usize] {
        match self {
            Kk | KkPsk0 => &[48, 48],
            Xx => &[32, 96, 64],
            XxPsk0 => &[48, 96, 64],
        }
    }
}

/// One side's long-lived keys.
pub(crate) struct Side {
    pub(crate) identity: Identity,
    pub(crate) peer: Peer,
    pub(crate) psk: Psk,
}

impl Side {
    fn new(ours: &Secret<32>, theirs: PublicKey, psk: &Secret<32>) -> Self {
        let identity = Identity::new(ours.duplicate()).unwrap();
        let peer = Peer::pin(&identity, theirs).unwrap();
        Self { identity, peer, psk: Psk::new(psk.duplicate()).unwrap() }
    }

    pub(crate) fn initiate(&self, mode: Mode, prologue: &[u8]) -> Step<'_> {
        let psk = mode.has_psk().then_some(&self.psk);
        match mode {
            Kk | KkPsk0 => Step::KkInitiator(kk::Initiator::new(&self.identity, &self.peer, psk, prologue)),
            Xx | XxPsk0 => Step::XxInitiator(xx::Initiator::new(&self.identity, psk, prologue)),
        }
    }

    pub(crate) fn respond(&self, mode: Mode, prologue: &[u8]) -> Step<'_> {
        let psk = mode.has_psk().then_some(&self.psk);
        match mode {
            Kk | KkPsk0 => Step::KkResponder(kk::Responder::new(&self.identity, &self.peer, psk, prologue)),
            Xx | XxPsk0 => Step::XxResponder(xx::Responder::new(&self.identity, psk, prologue)),
        }
    }
}

/// Two sides that have pinned each other.
pub(crate) struct Pair {
    pub(crate) initiator: Side,
    pub(crate) responder: Side,
    pub(crate) secrets: [Secret<32>; 2],
    pub(crate) psk: Secret<32>,
}

impl Pair {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        let secrets = [rng.secret(), rng.secret()];
        let [i, r] = secrets.each_ref().map(|secret| Identity::new(secret.duplicate()).unwrap().public_key());
        let psk = rng.secret();
        Self {
            initiator: Side::new(&secrets[0], r, &psk),
            responder: Side::new(&secrets[1], i, &psk),
            secrets,
            psk,
        }
    }
}

/// Any state of any mode, in either role.
pub(crate) enum Step<'k> {
    KkInitiator(kk::Initiator<kk::Owned<'k>>),
    KkAwaitMessage2(kk::AwaitMessage2<kk::Owned<'k>>),
    KkResponder(kk::Responder<kk::Owned<'k>>),
    KkSendMessage2(kk::SendMessage2<kk::Owned<'k>>),
    XxInitiator(xx::Initiator<xx::Owned<'k>>),
    XxAwaitMessage2(xx::AwaitMessage2<xx::Owned<'k>>),
    XxSendMessage3(xx::SendMessage3<xx::Owned<'k>>),
    XxResponder(xx::Responder<xx::Owned<'k>>),
    XxSendMessage2(xx::SendMessage2<xx::Owned<'k>>),
    XxAwaitMessage3(xx::AwaitMessage3<xx::Owned<'k>>),
    Session(Session),
    Claim(Claim),
}

impl<'k> Step<'k> {
    /// Writes this side's next message to the front of `out`.
    pub(crate) fn write<E: Entropy>(
        self,
        ephemerals: &mut Ephemerals<E>,
        payload: &[u8],
        out: &mut [u8],
    ) -> Result<(Step<'k>, usize), Error> {
        Ok(match self {
            Self::KkInitiator(s) => {
                let (s, n) = s.write_message_1(ephemerals, payload, out)?;
                (Step::KkAwaitMessage2(s), n)
            }
            Self::KkSendMessage2(s) => {
                let (s, n) = s.write_message_2(ephemerals, payload, out)?;
                (Step::Session(s), n)
            }
            Self::XxInitiator(s) => {
                let (s, n) = s.write_message_1(ephemerals, payload, out)?;
                (Step::XxAwaitMessage2(s), n)
            }
            Self::XxSendMessage2(s) => {
                let (s, n) = s.write_message_2(ephemerals, payload, out)?;
                (Step::XxAwaitMessage3(s), n)
            }
            Self::XxSendMessage3(s) => {
                let (s, n) = s.write_message_3(payload, out)?;
                (Step::Claim(s), n)
            }
            _ => panic!("not this side's turn to write"),
        })
    }

    /// Reads the other side's next message; returns its payload as well.
    pub(crate) fn read(self, message: &mut [u8]) -> Result<(Step<'k>, Vec<u8>), Error> {
        let (step, payload) = match self {
            Self::KkAwaitMessage2(s) => s.read_message_2(message).map(|(s, p)| (Step::Session(s), p))?,
            Self::KkResponder(s) => s.read_message_1(message).map(|(s, p)| (Step::KkSendMessage2(s), p))?,
            Self::XxAwaitMessage2(s) => {
                s.read_message_2(message).map(|(s, p)| (Step::XxSendMessage3(s), p))?
            }
            Self::XxResponder(s) => s.read_message_1(message).map(|(s, p)| (Step::XxSendMessage2(s), p))?,
            Self::XxAwaitMessage3(s) => s.read_message_3(message).map(|(s, p)| (Step::Claim(s), p))?,
            _ => panic!("not this side's turn to read"),
        };
        Ok((step, payload.to_vec()))
    }

    pub(crate) fn session(self) -> Session {
        match self {
            Self::Session(session) => session,
            Self::Claim(claim) => claim.accept(),
            _ => panic!("the handshake is not over"),
        }
    }
}

/// Plays a whole handshake and lets `tamper` change each message on its way (numbered from 0).
///
/// Returns both sessions, or the number of the message at which a side gave up, and why.
pub(crate) fn play<'k>(
    initiator: Step<'k>,
    responder: Step<'k>,
    messages: usize,
    rng: &mut Rng,
    mut tamper: impl FnMut(usize, &mut Vec<u8>),
) -> Result<(Session, Session), (usize, Error)> {
    let mut ephemerals = [rng.ephemerals(), rng.ephemerals()];
    let mut turn = [initiator, responder];
    for index in 0..messages {
        let [writer, reader] = turn;
        let payload = rng.vec(index * 7 + 3);
        let mut message = vec![0; 96 + payload.len()];
        let (writer, len) = writer
            .write(&mut ephemerals[index % 2], &payload, &mut message)
            .map_err(|error| (index, error))?;
        message.truncate(len);
        tamper(index, &mut message);
        let (reader, _) = reader.read(&mut message).map_err(|error| (index, error))?;
        turn = [reader, writer];
    }
    let [a, b] = turn.map(Step::session);
    Ok(if messages.is_multiple_of(2) { (a, b) } else { (b, a) })
}

/// An undisturbed handshake in `mode`.
pub(crate) fn sessions(mode: Mode, pair: &Pair, prologue: &[u8], rng: &mut Rng) -> (Session, Session) {
    let (i, r) = (pair.initiator.initiate(mode, prologue), pair.responder.respond(mode, prologue));
    play(i, r, mode.overheads().len(), rng, |_, _| {}).unwrap()
}

/// Seals `text` into a record of its own.
pub(crate) fn seal(session: &mut Session, text: &[u8]) -> Vec<u8> {
    let mut record = text.to_vec();
    record.resize(text.len() + 16, 0);
    session.sealer.seal(&mut record).unwrap();
    record
}
