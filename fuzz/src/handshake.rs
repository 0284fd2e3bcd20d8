//! Every step of every mode and role of the engine, with any of its messages changed on the way.
//!
//! Held to: whoever reads a message that was changed, or that follows a changed one, gets no session;
//! messages left alone make one, with the same hash and payloads on both sides.

use crate::keys::{KEYS, MODES, ephemerals, is_kk};
use crate::mutation::mutate;
use lowkey_core::{Claim, Error, Session, kk, xx};
use lowkey_transport::Mode;
use test_support::Input;

/// The two ephemerals of a run differ, and those of no two targets are the same.
const SEEDS: [u64; 2] = [101, 102];

/// Plays a handshake: `mode`, then for each message its payload, its room, and what becomes of it.
pub fn handshake(data: &[u8]) {
    let mut input = Input::new(data);
    let mode = input.choose(&MODES);
    let mut wire = Wire { input, tampered: false, before: vec![] };
    let (prologue, other) = (b"lowkey/1 fuzz", b"lowkey/1 Fuzz");
    // A prologue that was changed is a message that was changed.
    let theirs = if wire.input.byte() == 0xff { other } else { prologue };
    wire.tampered = theirs != prologue;
    let _ended = if is_kk(mode) { wire.kk(mode, prologue, theirs) } else { wire.xx(mode, prologue, theirs) };
}

struct Wire<'d> {
    input: Input<'d>,
    tampered: bool,
    before: Vec<u8>,
}

impl<'d> Wire<'d> {
    fn payload(&mut self) -> &'d [u8] {
        self.input.chunk()
    }

    /// Room for a message; sometimes too little.
    fn room(&mut self) -> Vec<u8> {
        let room = self.input.byte();
        vec![0; if room >= 0xf0 { self.input.u16().into() } else { 96 + 256 }]
    }

    /// What arrives of `message`.
    fn carry(&mut self, message: &[u8]) -> Vec<u8> {
        let arrives = match self.input.byte() % 4 {
            0 => mutate(&mut self.input, message),
            1 if self.input.byte() == 0xff => self.before.clone(), // one that was sent before
            _ => message.to_vec(),
        };
        self.tampered |= arrives != message;
        self.before = message.to_vec();
        arrives
    }

    fn kk(&mut self, mode: Mode, ours: &[u8], theirs: &[u8]) -> Result<(), Error> {
        let psk = KEYS.psk(mode);
        let [mut first, mut second] = SEEDS.map(ephemerals);

        let a = kk::Initiator::new(&KEYS.initiator.identity, &KEYS.initiator.peer, psk, ours);
        let (sent, mut out) = (self.payload(), self.room());
        let (a, n) = written(a.write_message_1(&mut first, sent, &mut out), 48, sent)?;
        let mut message = self.carry(&out[..n]);
        let b = kk::Responder::new(&KEYS.responder.identity, &KEYS.responder.peer, psk, theirs);
        let (b, payload) = self.read(b.read_message_1(&mut message))?;
        assert_eq!(payload, sent);

        let (sent, mut out) = (self.payload(), self.room());
        let (b, n) = written(b.write_message_2(&mut second, sent, &mut out), 48, sent)?;
        let mut message = self.carry(&out[..n]);
        let (a, payload) = self.read(a.read_message_2(&mut message))?;
        assert_eq!(payload, sent);
        meet(a, b);
        Ok(())
    }

    fn xx(&mut self, mode: Mode, ours: &[u8], theirs: &[u8]) -> Result<(), Error> {
        let psk = KEYS.psk(mode);
        let [mut first, mut second] = SEEDS.map(ephemerals);

        let a = xx::Initiator::new(&KEYS.initiator.identity, psk, ours);
        let (sent, mut out) = (self.payload(), self.room());
        let sealed = if psk.is_some() { 48 } else { 32 };
        let (a, n) = written(a.write_message_1(&mut first, sent, &mut out), sealed, sent)?;
        let mut message = self.carry(&out[..n]);
        let b = xx::Responder::new(&KEYS.responder.identity, psk, theirs);
        // Without a PSK nothing in message 1 is sealed: a changed one is found in message 2.
        let read = b.read_message_1(&mut message);
        let (b, payload) = if psk.is_some() { self.read(read)? } else { read? };
        assert!(self.tampered || payload == sent);

        let (sent, mut out) = (self.payload(), self.room());
        let (b, n) = written(b.write_message_2(&mut second, sent, &mut out), 96, sent)?;
        let mut message = self.carry(&out[..n]);
        let (a, payload) = self.read(a.read_message_2(&mut message))?;
        assert_eq!(payload, sent);

        let (sent, mut out) = (self.payload(), self.room());
        let (a, n): (Claim, usize) = written(a.write_message_3(sent, &mut out), 64, sent)?;
        let mut message = self.carry(&out[..n]);
        let (b, payload) = self.read(b.read_message_3(&mut message))?;
        assert_eq!(payload, sent);
        assert_eq!(a.public_key(), KEYS.responder.identity.public_key());
        assert_eq!(b.public_key(), KEYS.initiator.identity.public_key());
        meet(a.accept(), b.accept());
        Ok(())
    }

    /// A message opens exactly if nothing was changed so far.
    fn read<T>(&self, read: Result<T, Error>) -> Result<T, Error> {
        match &read {
            Ok(_) => assert!(!self.tampered, "a changed message opened"),
            Err(Error::Decrypt | Error::Truncated | Error::OwnKey) if self.tampered => {}
            Err(error) => panic!("tampered: {}; {error:?}", self.tampered),
        }
        read
    }
}

/// A message has its length, or its room was too small.
fn written<T>(
    result: Result<(T, usize), Error>,
    overhead: usize,
    payload: &[u8],
) -> Result<(T, usize), Error> {
    match &result {
        Ok((_, n)) => assert_eq!(*n, overhead + payload.len()),
        Err(error) => assert_eq!(*error, Error::BufferTooSmall),
    }
    result
}

fn meet(mut a: Session, mut b: Session) {
    assert_eq!(a.handshake_hash(), b.handshake_hash());
    let mut record = *b"from a to b................";
    a.sealer.seal(&mut record).expect("a first record");
    assert_eq!(b.opener.open(&mut record).as_deref(), Ok(&b"from a to b"[..]));
    let mut record = *b"from b to a................";
    b.sealer.seal(&mut record).expect("a first record");
    assert_eq!(a.opener.open(&mut record).as_deref(), Ok(&b"from b to a"[..]));
}
