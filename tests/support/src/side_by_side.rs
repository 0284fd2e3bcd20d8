//! The initiators of `lowkey_kk.h` and of `lowkey.h`, side by side: a script makes the same calls of both.
//!
//! They have the same keys and random bytes, and the network and a peer that holds the right keys do the same to both.
//!
//! Each call has to give the same status, event and outputs, leave the same on the wire, and the same to be asked.
#![allow(unsafe_code)]

mod calls;
mod keys;
mod peer;
mod side;
mod wire;

use crate::Input;
use lowkey_c::lowkey_event::*;
use lowkey_c::lowkey_status::*;
use lowkey_c::{LOWKEY_MIN_INCOMING, LOWKEY_MIN_OUTGOING, lowkey_channel, lowkey_kk};
use peer::Peer;
use side::{Call, LONGEST, Said, Setup, Side, Wrong};

/// How far a script got.
#[derive(Clone, Copy, Default, Debug)]
pub struct Reached {
    /// Handshakes that were completed.
    pub opened: usize,
    /// Pieces of messages that were given.
    pub pieces: usize,
    /// Channels that were ended by both sides.
    pub closed: usize,
    /// Calls that had to fail.
    pub refusals: usize,
}

/// Plays a script: how the initiators are made, then an operation a byte.
pub fn side_by_side(script: &[u8]) -> Reached {
    let mut input = Input::new(script);
    let setup = setup(&mut input);
    let mut reached = Reached::default();
    match (Side::device(&setup), Side::channel(&setup)) {
        (Ok(device), Ok(channel)) => {
            let (peer, parameters) = (Peer::new(setup.has_psk), USUAL.to_vec());
            let mut both =
                Both { device, channel, setup, peer, parameters, sending: None, is_over: false, reached };
            both.begin();
            while let Some(op) = input.op() {
                both.step(op, &mut input);
            }
            reached = both.reached;
        }
        // `lowkey.h` looks at its buffers when it begins.
        (Err(LOWKEY_BUFFER_TOO_SMALL), Ok(mut channel)) => {
            assert_eq!(channel.begin(), LOWKEY_BUFFER_TOO_SMALL, "{setup:?}");
        }
        (device, channel) => assert_eq!(device.err(), channel.err(), "{setup:?}"),
    }
    reached
}

fn setup(input: &mut Input<'_>) -> Setup {
    let kinds = input.byte();
    let odd = |bit: u8| kinds >> bit & 3 == 3;
    let mut len = |least: usize, is_odd: bool| least + if is_odd { input.below(300) } else { 140 };
    let (incoming_len, outgoing_len) = (len(LOWKEY_MIN_INCOMING, odd(1)), len(LOWKEY_MIN_OUTGOING, odd(2)));
    let is_too_small = kinds == 0xfe;
    Setup {
        has_psk: kinds & 1 == 1,
        // One mistake at a time.
        id_len: if is_too_small { 1 } else { input.below(34) },
        incoming_len: if is_too_small { LOWKEY_MIN_INCOMING - 1 } else { incoming_len },
        outgoing_len,
        max_frame: if odd(3) { input.choose(&[1, 63, 64, 65, 150, 160, 170, 250, u16::MAX]) } else { 0 },
        max_message: if odd(4) { input.below(700) } else { 0 },
        boot: u64::from(input.byte()),
        fails_at: if odd(5) { 1 + input.below(3) } else { usize::MAX },
    }
}

struct Both {
    device: Side<lowkey_kk>,
    channel: Side<lowkey_channel>,
    setup: Setup,
    peer: Peer,
    /// What the peer says of itself in the handshake.
    parameters: Vec<u8>,
    /// A long message that has begun to be sent, and how much of it has gone.
    sending: Option<(Vec<u8>, usize)>,
    /// Something has ended the channel.
    is_over: bool,
    reached: Reached,
}

impl Both {
    /// Begins a channel; again and again if there is no random number.
    fn begin(&mut self) {
        self.peer = Peer::new(self.setup.has_psk);
        (self.parameters, self.sending, self.is_over) = (USUAL.to_vec(), None, false);
        loop {
            let (device, channel) = (self.device.begin(), self.channel.begin());
            assert_eq!(device, channel, "{:?}", self.setup);
            if device == LOWKEY_OK {
                return;
            }
            assert_eq!(device, LOWKEY_ENTROPY);
            assert_eq!(self.device.call(&Call::Poll).status, LOWKEY_ENTROPY, "that stays");
        }
    }

    /// The same call of both.
    fn call(&mut self, call: &Call<'_>) -> Said {
        let (device, channel) = (self.device.call(call), self.channel.call(call));
        assert_eq!(device, channel, "{call:?}, {:?}", self.setup);
        assert_eq!(self.device.wire, self.channel.wire, "{call:?}, {:?}", self.setup);
        self.is_over = !matches!(device.max_data.0, LOWKEY_OK | LOWKEY_NOT_OPEN);
        let is_piece = matches!(call, Call::Take) && device.status == LOWKEY_OK;
        self.reached.pieces += usize::from(is_piece);
        self.reached.refusals += usize::from(device.status != LOWKEY_OK);
        device
    }

    /// Puts bytes on the way to both.
    fn carry(&mut self, bytes: &[u8]) {
        self.device.wire.to_initiator.extend(bytes);
        self.channel.wire.to_initiator.extend(bytes);
    }

    /// The first of what is on its way; it stays there.
    fn waiting(&self, most: usize) -> Vec<u8> {
        self.device.wire.to_initiator.iter().copied().take(most).collect()
    }

    fn arrived(&mut self, n: usize) {
        let n = n.min(self.device.wire.to_initiator.len());
        self.device.wire.to_initiator.drain(..n);
        self.channel.wire.to_initiator.drain(..n);
    }

    fn step(&mut self, op: u8, input: &mut Input<'_>) {
        match op % 32 {
            20.. if self.is_over => {
                self.begin();
                (0..8).for_each(|_| self.drive());
            }
            // What mostly ends a channel is rare.
            op @ (8 | 9 | 18 | 21 | 28 | 31) if input.byte() > 40 => (0..op / 8).for_each(|_| self.drive()),
            0..6 => (0..=op / 32).for_each(|_| self.drive()),
            6 => drop(self.call(&Call::Poll)),
            7 => self.feed(input.below(300)),
            8 => drop(self.call(&Call::Feed(input.chunk()))),
            9 => self.end(input),
            10 => self.fill(input),
            11 => self.write(input.below(300)),
            12 => drop(self.call(&Call::Sent(if input.byte() == 0xf0 { 400 } else { 0 }))),
            13 => drop(self.call(&Call::Take)),
            14 => {
                let taken = self.call(&Call::Take).status;
                if taken == LOWKEY_OK {
                    self.call(&Call::Echo);
                }
            }
            15 => drop(self.call(&Call::Send(&text(input.below(330))))),
            16 => drop(self.call(&Call::SendPart(&text(input.below(330)), input.flag()))),
            17 => drop(self.call(&Call::Ping(&text(input.below(36))))),
            18 => self.close(input),
            19 => drop(self.call(&Call::Run(input.chunk_of(9)))),
            20 => drop(self.call(&Call::Flush(input.chunk_of(5)))),
            21 => drop(self.call(&Call::Finish(input.chunk_of(9)))),
            22 => self.send_message(input),
            23 => drop(self.call(&Call::RecvMessage(input.below(LONGEST), input.chunk_of(9)))),
            24..27 => self.say(input),
            27 => self.answer(input),
            28 => self.damage(input),
            29 => self.overlap(input.choose(&WRONG)),
            30 => drop(self.call(&Call::Null(input.byte()))),
            _ => self.begin(),
        }
    }

    /// A mistake. If it is not the only one, each header names the one that it sees first.
    fn overlap(&mut self, wrong: Wrong) {
        let call = Call::Overlap(wrong);
        for status in [self.device.call(&call).status, self.channel.call(&call).status] {
            assert_ne!(status, LOWKEY_OK, "{wrong:?}");
        }
        self.call(&Call::Null(NOTHING));
    }

    /// The peer reads what has arrived there, and answers a hello.
    fn peer_reads(&mut self) {
        let written = std::mem::take(&mut self.device.wire.from_initiator);
        self.channel.wire.from_initiator.clear();
        let answer = self.peer.read(&written, &self.parameters);
        self.carry(&answer);
    }

    /// What an application does that moves the bytes.
    fn drive(&mut self) {
        self.peer_reads();
        let polled = self.call(&Call::Poll);
        match polled.event {
            _ if polled.status != LOWKEY_OK => {}
            Some(LOWKEY_EVENT_WRITE) => self.write(usize::MAX),
            Some(LOWKEY_EVENT_READ) => self.feed(usize::MAX),
            Some(LOWKEY_EVENT_DATA) => drop(self.call(&Call::Take)),
            Some(LOWKEY_EVENT_OPEN) => self.reached.opened += 1,
            _ => {
                self.call(&Call::Close);
                self.write(usize::MAX);
                self.reached.closed += 1;
            }
        }
    }

    fn feed(&mut self, most: usize) {
        let fed = self.call(&Call::Feed(&self.waiting(most)));
        if fed.status == LOWKEY_OK {
            self.arrived(fed.n);
        }
    }

    fn fill(&mut self, input: &mut Input<'_>) {
        let more = if input.byte() == 0xf0 { 400 } else { 0 };
        let filled = self.call(&Call::Fill(&self.waiting(input.below(300)), more));
        if filled.status == LOWKEY_OK {
            self.arrived(filled.n);
        }
    }

    fn write(&mut self, most: usize) {
        let unsent = self.call(&Call::Unsent);
        if unsent.status == LOWKEY_OK {
            let n = most.min(unsent.n);
            self.call(&Call::Sent(n));
            self.device.wire.from_initiator.extend(&unsent.bytes[..n]);
            self.channel.wire.from_initiator.extend(&unsent.bytes[..n]);
        }
    }

    /// The stream's end, as one header or the other way to drive it sees it.
    fn end(&mut self, input: &mut Input<'_>) {
        if input.flag() {
            self.call(&Call::FeedEnd);
        } else {
            (self.device.wire.has_ended, self.channel.wire.has_ended) = (true, true);
        }
    }

    /// A CLOSE, perhaps behind something that is unsent, and a PING that meets it.
    fn close(&mut self, input: &mut Input<'_>) {
        self.call(&Call::Send(&text(input.below(9))));
        self.call(&Call::Close);
        let ping = self.peer.seal(&[PING, input.byte()]);
        self.carry(&ping);
        self.feed(usize::MAX);
    }

    fn send_message(&mut self, input: &mut Input<'_>) {
        let how = input.byte();
        let (mut message, mut done) = match self.sending.take() {
            Some(sending) if how & 0x80 == 0 => sending,
            _ => (text(input.below(1_200)), 0),
        };
        // Another message than before, of the same length; another length.
        if how & 7 == 7 {
            message.iter_mut().for_each(|byte| *byte ^= 1);
        }
        if how & 0x38 == 0x38 {
            done += 1;
        }
        let sent = self.call(&Call::SendMessage(&message, done, input.chunk_of(9)));
        self.sending = (sent.status == LOWKEY_WOULD_BLOCK).then_some((message, sent.n));
    }

    /// The peer seals a record, of a kind that the protocol has or has not.
    fn say(&mut self, input: &mut Input<'_>) {
        self.peer_reads();
        let kind = input.byte();
        let record = match kind {
            0..0x40 => self.peer.seal(&[&[kind & 1], &text(input.below(284))[..]].concat()),
            0x40..0x60 => {
                self.peer.seal(&[&[PING], &text(input.below(32 + usize::from(kind == 0x40)))[..]].concat())
            }
            0x60..0x80 => self.peer.pong(),
            0xf0..0xf3 => self.peer.seal(&[CLOSE]),
            0xfd | 0xfe => self.peer.seal(&[kind & 0x7f]),
            0xff => self.peer.seal(&[]),
            kind => self.peer.seal(&[&[kind & 0x8f], &text(input.below(50))[..]].concat()),
        };
        self.carry(&record);
    }

    /// In place of message 2 something else, or one with other parameters.
    fn answer(&mut self, input: &mut Input<'_>) {
        let how = input.byte();
        if how < 0xe0 {
            let mut parameters = input.choose(&[64, 63, 80, 200, u16::MAX]).to_be_bytes().to_vec();
            // Not `run` and `acks`: a peer that knows them looks at their lengths.
            parameters.extend(input.chunk_of(66).iter().map(|byte| byte.max(&3)));
            self.parameters = parameters;
            return;
        }
        let frame = if how < 0xf0 { vec![0, 1, how % 6] } else { [&[0, 52], input.bytes(52)].concat() };
        self.carry(&frame);
    }

    /// What an attacker does to what is on its way.
    fn damage(&mut self, input: &mut Input<'_>) {
        let mut bytes = self.waiting(usize::MAX);
        let at = input.below(bytes.len());
        match input.byte() % 4 {
            0 if at < bytes.len() => bytes[at] ^= 1 << (input.byte() % 8),
            1 => bytes.truncate(at),
            2 => drop(bytes.splice(at..at, input.chunk_of(9).iter().copied())),
            _ => bytes.extend_from_within(..at),
        }
        self.arrived(usize::MAX);
        self.carry(&bytes);
    }
}

/// So many bytes, all of them other than their neighbours.
fn text(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 % 251) as u8).collect()
}

/// A peer's `max_frame` of 300 bytes.
const USUAL: [u8; 2] = [1, 44];
const CLOSE: u8 = 2;
const PING: u8 = 3;
/// A call that does nothing: 0 bytes at NULL are fed.
const NOTHING: u8 = 2;
const WRONG: [Wrong; 6] = [
    Wrong::FeedIncoming,
    Wrong::SendOutgoing,
    Wrong::PingOutgoing,
    Wrong::SendMessageOutgoing,
    Wrong::RecvMessageIncoming,
    Wrong::RecvMessageOutgoing,
];
