//! The other side of a [`Link`](lowkey_transport::Link), by hand: it holds the right keys, says whatever
//! the script wants under them, and judges what the link sends.

use crate::keys::{KEYS, Side, ephemerals};
use lowkey_core::{Session, TAG_LEN, kk, xx};
use lowkey_transport::{MAX_HANDSHAKE_FRAME, Mode, Part};
use std::collections::VecDeque;
use std::mem;

pub(crate) const DATA: u8 = 0;
pub(crate) const MORE: u8 = 1;
pub(crate) const CLOSE: u8 = 2;
pub(crate) const PING: u8 = 3;
pub(crate) const PONG: u8 = 4;

const SEED: u64 = 302;

enum State {
    Responder,
    KkInitiator(kk::AwaitMessage2<kk::Owned<'static>>),
    XxInitiator(xx::AwaitMessage2<xx::Owned<'static>>),
    XxResponder(xx::AwaitMessage3<xx::Owned<'static>>),
    Open(Session),
    Over,
}

/// A peer without a link.
pub(crate) struct Peer {
    pub(crate) mode: Mode,
    state: State,
    /// What it says about itself, inside the handshake.
    parameters: Vec<u8>,
    /// Bytes that do not make a frame yet.
    bytes: Vec<u8>,
    /// Frames for the link.
    pub(crate) out: VecDeque<Vec<u8>>,
    /// The fragments sealed so far.
    pub(crate) made: Vec<(Vec<u8>, Part)>,
    /// How many of them stand before the first CLOSE.
    pub(crate) closed_after: Option<usize>,
    /// The PINGs that ask for an answer, and how many of them cannot be answered any more.
    pings: Vec<Vec<u8>>,
    answered: usize,
    pub(crate) pongs: Vec<Vec<u8>>,
    /// Records sealed, and empty PINGs among them.
    sealed: usize,
    welcomes: usize,
    /// What the link has staged and not sent yet: kinds and bodies.
    pub(crate) expected: VecDeque<(u8, Vec<u8>)>,
    link_welcomes: usize,
    link_closed: bool,
    pub(crate) hash: Option<[u8; 32]>,
}

impl Peer {
    /// The peer of an initiator (then it waits for a hello) or of a responder.
    pub(crate) fn new(mode: Mode, link_initiates: bool, parameters: &[u8], xx_payload: &[u8]) -> Self {
        let mut peer = Self {
            mode,
            state: State::Responder,
            parameters: parameters.to_vec(),
            bytes: vec![],
            out: VecDeque::new(),
            made: vec![],
            closed_after: None,
            pings: vec![],
            answered: 0,
            pongs: vec![],
            sealed: 0,
            welcomes: 0,
            expected: VecDeque::new(),
            link_welcomes: 0,
            link_closed: false,
            hash: None,
        };
        if !link_initiates {
            peer.initiate(xx_payload);
        }
        peer
    }

    fn initiate(&mut self, xx_payload: &[u8]) {
        let Side { identity, peer } = &KEYS.initiator;
        let psk = KEYS.psk(self.mode);
        let mut frame = vec![1, self.mode as u8, KEYS.id.as_bytes().len() as u8];
        frame.extend(KEYS.id.as_bytes());
        let prologue = [b"lowkey/1", &frame[..]].concat();
        let mut out = [0; 512];
        let n = match self.mode {
            Mode::Kk | Mode::KkPsk0 => {
                let begin = kk::Initiator::new(identity, peer, psk, &prologue);
                let written = begin.write_message_1(&mut ephemerals(SEED), &self.parameters, &mut out);
                let (next, n) = written.expect("room");
                self.state = State::KkInitiator(next);
                n
            }
            Mode::Xx | Mode::XxPsk0 => {
                let begin = xx::Initiator::new(identity, psk, &prologue);
                let written = begin.write_message_1(&mut ephemerals(SEED), xx_payload, &mut out);
                let (next, n) = written.expect("room");
                self.state = State::XxInitiator(next);
                n
            }
        };
        frame.extend_from_slice(&out[..n]);
        self.send(&frame);
    }

    fn send(&mut self, body: &[u8]) {
        self.out.push_back(framed(body));
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// Neither reads nor seals any more.
    pub(crate) fn go(&mut self) {
        self.state = State::Over;
    }

    /// Seals a record of any plaintext, once there are keys.
    pub(crate) fn seal(&mut self, text: &[u8]) {
        let State::Open(session) = &mut self.state else { return };
        let mut record = text.to_vec();
        record.resize(text.len() + TAG_LEN, 0);
        session.sealer.seal(&mut record).expect("room for a tag");
        self.send(&record);
        self.sealed += 1;
        match text.split_first() {
            Some((&DATA, body)) => self.made.push((body.to_vec(), Part::Last)),
            Some((&MORE, body)) => self.made.push((body.to_vec(), Part::More)),
            Some((&CLOSE, _)) if self.closed_after.is_none() => self.closed_after = Some(self.made.len()),
            Some((&PING, [])) => self.welcomes += 1,
            Some((&PING, body)) => self.pings.push(body.to_vec()),
            Some((&PONG, body)) => self.pongs.push(body.to_vec()),
            _ => {}
        }
    }

    /// Takes what the link has written.
    pub(crate) fn read(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        while let Some((header, rest)) = self.bytes.split_first_chunk::<2>() {
            let len = usize::from(u16::from_be_bytes(*header));
            let Some(body) = rest.get(..len) else { return };
            let body = body.to_vec();
            self.bytes.drain(..2 + len);
            assert!(!body.is_empty(), "the link sent an empty frame");
            self.frame(body);
        }
    }

    fn frame(&mut self, mut body: Vec<u8>) {
        let is_record = matches!(self.state, State::Open(_));
        assert!(is_record || body.len() <= MAX_HANDSHAKE_FRAME || matches!(self.state, State::Over));
        self.state = match mem::replace(&mut self.state, State::Over) {
            State::Over => State::Over,
            State::Responder => self.respond(&mut body),
            // A refusal.
            State::KkInitiator(_) | State::XxInitiator(_) if body.len() == 1 => State::Over,
            State::KkInitiator(next) => {
                let read = next.read_message_2(&mut body);
                let (session, _payload) = read.expect("it answers only what it could open");
                State::Open(session)
            }
            State::XxInitiator(next) => match next.read_message_2(&mut body) {
                Ok((next, _payload)) => {
                    let mut out = [0; 512];
                    let (claim, n) = next.write_message_3(&self.parameters, &mut out).expect("room");
                    self.send(&out[..n]);
                    State::Open(claim.accept())
                }
                Err(_) => State::Over, // message 1 was changed where nothing is sealed
            },
            State::XxResponder(next) => {
                let read = next.read_message_3(&mut body);
                let (claim, _payload) = read.expect("it answers only what it could open");
                State::Open(claim.accept())
            }
            State::Open(mut session) => {
                let text = session.opener.open(&mut body).expect("the link's records open in order");
                self.judge(text);
                State::Open(session)
            }
        };
        if let State::Open(session) = &self.state {
            self.hash = Some(*session.handshake_hash());
        }
    }

    fn respond(&mut self, body: &mut [u8]) -> State {
        let Side { identity, peer } = &KEYS.responder;
        let psk = KEYS.psk(self.mode);
        assert_eq!(body[..2], [1, self.mode as u8], "version and mode");
        let hello_len = 3 + usize::from(body[2]);
        let (hello, message) = body.split_at_mut(hello_len);
        let prologue = [b"lowkey/1", &hello[..]].concat();
        let mut out = [0; 512];
        let (state, n) = match self.mode {
            Mode::Kk | Mode::KkPsk0 => {
                let begin = kk::Responder::new(identity, peer, psk, &prologue);
                let (next, _payload) = begin.read_message_1(message).expect("the link's own message");
                let written = next.write_message_2(&mut ephemerals(SEED), &self.parameters, &mut out);
                let (session, n) = written.expect("room");
                (State::Open(session), n)
            }
            Mode::Xx | Mode::XxPsk0 => {
                let begin = xx::Responder::new(identity, psk, &prologue);
                let (next, payload) = begin.read_message_1(message).expect("the link's own message");
                assert!(payload.is_empty());
                let written = next.write_message_2(&mut ephemerals(SEED), &self.parameters, &mut out);
                let (next, n) = written.expect("room");
                (State::XxResponder(next), n)
            }
        };
        self.send(&out[..n]);
        state
    }

    /// Whether the link may send this record, now.
    fn judge(&mut self, text: &[u8]) {
        let max_frame = self.parameters.first_chunk().map_or(0, |bytes| u16::from_be_bytes(*bytes));
        assert!(text.len() + TAG_LEN <= max_frame.into(), "a record longer than we take");
        assert!(!self.link_closed, "a record after its CLOSE");
        let (&kind, body) = text.split_first().expect("a record has a kind");
        let pairing = matches!(self.mode, Mode::Xx | Mode::XxPsk0);
        match kind {
            PING if body.is_empty() => {
                self.link_welcomes += 1;
                assert!(!pairing || self.link_welcomes == 1, "a second welcome");
                return;
            }
            PONG => {
                assert!(!pairing, "a PONG in a pairing");
                let left = &self.pings[self.answered..];
                let answered = left.iter().position(|ping| ping == body).expect("a PONG for a PING");
                self.answered += answered + 1;
                return;
            }
            CLOSE => self.link_closed = true,
            _ => assert!(!pairing, "kind {kind} in a pairing"),
        }
        assert!(self.sealed > 0 || self.link_welcomes > 0 || pairing, "a record before we were confirmed");
        let (expected, staged) = self.expected.pop_front().expect("a record that nobody staged");
        assert_eq!((kind, body), (expected, &staged[..]), "another record than was staged");
    }
}

/// `length ‖ body`.
pub(crate) fn framed(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u16).to_be_bytes(), body].concat()
}
