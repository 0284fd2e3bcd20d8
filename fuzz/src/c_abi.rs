//! The functions of `lowkey.h`: every one, on any object, in any order, with any lengths.
//!
//! Two channels of C's are connected to each other, a third to a peer that holds the right keys, and a script makes and
//! wipes what they need, drives them both ways, and changes what is on its way. What the header says is up to its user
//! is kept: pointers that are not NULL point to enough bytes, and keys that a handshake has borrowed stay. Held to:
//! - no call writes beside its objects, its buffers or its outputs; what failed leaves its outputs as they were;
//! - a call gives a status that the header names for it; one that ends a channel is given by every later call;
//! - what is delivered is what the other side of this handshake sent, up to the first bit that was changed;
//! - LOWKEY_EVENT_OPEN comes once, and an end only where the other side closed;
//! - callbacks that lie, fail or call back do no harm: a call from inside is out of turn.
#![allow(unsafe_code)]

mod callbacks;
mod calls;
mod channel;
mod flash;
mod keys;
mod memory;
pub(crate) mod op;
mod stream;

use crate::peer::{CLOSE, DATA, MORE, PING, Peer};
use channel::{Channel, Ledger};
use keys::{IDENTITY, Keys, PEER, PSK};
use lowkey_c::*;
use lowkey_transport::{Mode, Part};
use memory::Storage;
use test_support::Input;

const MAX_OPS: usize = 200;

/// Plays a script: an operation a byte, each on the channel that its two highest bits name.
pub fn c_abi(data: &[u8]) {
    let mut input = Input::new(data);
    let mut world = World {
        keys: Keys::new(),
        channels: [0; 3].map(|_| Channel::new()),
        ledger: Ledger::new(),
        peer: None,
    };
    for _ in 0..MAX_OPS {
        let Some(op) = input.op() else { break };
        world.play(usize::from(op >> 6) % 3, (op & 0x3f) % op::COUNT, &mut input);
        world.keys.check();
    }
}

struct World {
    keys: Keys,
    channels: [Channel; 3],
    ledger: Ledger,
    /// The other side of the third channel.
    peer: Option<Peer>,
}

/// The channel that has a peer in Rust.
const THIRD: usize = 2;

impl World {
    fn play(&mut self, at: usize, op: u8, input: &mut Input<'_>) {
        match op {
            op::BEGIN => self.begin(at, input),
            op::TURN => self.turn(at),
            op::POLL => drop(self.poll(at, input.byte() == 0xf0)),
            op::FEED => self.feed(at, input.below(400), input.byte() == 0xf0),
            op::SPACE => self.space(at, input),
            op::WRITE => self.write(at, input.below(400), input),
            op::ANSWER => self.answer(at, input),
            op::ACCEPT => self.accept(at),
            op::TAKE => self.take(at, input),
            op::SEND => self.send(at, input),
            op::SEND_PART => self.send_part(at, input),
            op::PING => self.ping(at, input),
            op::CLOSE => self.close(at),
            op::ASK => self.ask(at, input),
            op::RUN => self.run(at, input),
            op::FLUSH => self.flush(at, input),
            op::SEND_MESSAGE => self.send_message(at, input),
            op::RECV_MESSAGE => self.recv_message(at, input),
            op::FEED_END => self.feed_end(at),
            op::FLIP => self.flip(at, input),
            op::DROP => {
                let n = input.below(100).min(self.channels[at].wire.len());
                self.channels[at].wire.drain(..n);
            }
            op::INSERT => self.channels[at].wire.extend(input.chunk()),
            op::MAKE => {
                let (kind, which) = (input.byte() % 5, input.below(3));
                let (key, how) = (input.byte(), if input.flag() { input.byte() % 16 } else { 0 });
                if !self.is_lent(kind, which) {
                    self.keys.make(kind, which, key, how);
                }
            }
            op::WIPE => {
                let (kind, which) = (input.byte() % 6, input.below(3));
                if kind == 5 {
                    self.wipe(at);
                } else if !self.is_lent(kind, which) {
                    self.keys.wipe(kind, which);
                }
            }
            op::STRANGE => self.strange(at, input),
            op::PAGE => flash::page(input),
            op::FLASH => flash::boot_log(input),
            op::PEER => self.peer(input),
            _ => self.keys.draw(input),
        }
    }

    fn is_lent(&self, kind: u8, at: usize) -> bool {
        self.channels.iter().any(|channel| channel.lent.contains(&(kind, at)))
    }

    /// `flags`: 1 the third channel initiates, 2 and 4 the mode, 8 sizes are given, 16 the source fails, 32 the source
    /// calls back, 64 the buffers are not as they must be, 128 no id or one that is too long.
    fn begin(&mut self, at: usize, input: &mut Input<'_>) {
        let flags = input.byte();
        let initiates = at == 0 || at == THIRD && flags & 1 != 0;
        let mode = crate::keys::MODES[usize::from(flags >> 1 & 3)];
        let side = usize::from(!initiates);
        let sizes =
            if flags & 8 == 0 { [300, 302] } else { [140 + input.below(900), 150 + input.below(900)] };
        let (max_frame, max_message) =
            if flags & 8 == 0 { (0, 0) } else { (input.u16(), input.below(3_000)) };
        let buffers = sizes.map(Storage::new);
        let mut memory = lowkey_buffers {
            incoming: buffers[0].at(),
            incoming_len: sizes[0],
            outgoing: buffers[1].at(),
            outgoing_len: sizes[1],
            max_frame,
            max_message,
        };
        let (mut null, mut overlap) = (false, false);
        if flags & 64 != 0 {
            match input.byte() % 7 {
                0 => memory.incoming = std::ptr::null_mut(),
                1 => memory.outgoing = std::ptr::null_mut(),
                2 => memory.incoming_len = usize::MAX,
                3 => memory.outgoing_len = usize::MAX / 2 + 1,
                4 => null = true,
                how => {
                    overlap = true;
                    let channel = self.channels[at].at().cast();
                    let (object, size) =
                        if how == 5 { (memory.incoming, sizes[0]) } else { (channel, LOWKEY_CHANNEL_SIZE) };
                    // From one byte over its first to its last.
                    memory.outgoing =
                        object.wrapping_add(input.below(sizes[1] + size - 1)).wrapping_sub(sizes[1] - 1);
                }
            }
        }
        let given = if null { std::ptr::null() } else { &raw const memory };
        let channel = self.channels[at].at();
        if !initiates {
            // SAFETY: everything is there; the buffers stay as long as the channel.
            let status = unsafe { lowkey_responder(channel, given) };
            assert!(!overlap || status != lowkey_status::LOWKEY_OK, "buffers that overlap");
            return self.begun(at, status, false, buffers, vec![], (mode, true));
        }
        let identity = self.keys.choose::<lowkey_identity>(IDENTITY, side, input);
        let has_psk = matches!(mode, Mode::KkPsk0 | Mode::XxPsk0);
        let mut psk = self.keys.choose::<lowkey_psk>(PSK, 0, input);
        if !has_psk {
            (psk.pointer, psk.key) = (std::ptr::null_mut(), None);
        }
        let ephemerals = self.ephemerals(at, side, flags & 16 != 0, flags & 32 != 0, input);
        let (id, mut id_len) = self.keys.id();
        if flags & 128 != 0 {
            id_len = [0, id_len, usize::MAX][input.below(3)];
        }
        let mut lent = vec![(IDENTITY, identity.at)];
        if !psk.pointer.is_null() {
            lent.push((PSK, psk.at));
        }
        let (status, right) = if matches!(mode, Mode::Kk | Mode::KkPsk0) {
            let peer = self.keys.choose::<lowkey_peer>(PEER, side, input);
            lent.push((PEER, peer.at));
            let pinning = lowkey_pinning {
                identity: identity.pointer,
                peer: peer.pointer,
                psk: psk.pointer,
                id,
                id_len,
            };
            // SAFETY: everything is there; buffers and keys stay as long as the header says.
            let status = unsafe { lowkey_kk_initiator(channel, given, &pinning, ephemerals) };
            (status, identity.key == Some(0) && peer.key == Some(1))
        } else {
            // SAFETY: as above.
            let status = unsafe {
                lowkey_xx_initiator(channel, given, identity.pointer, psk.pointer, id, id_len, ephemerals)
            };
            (status, identity.key == Some(0))
        };
        assert!(!overlap || status != lowkey_status::LOWKEY_OK, "buffers that overlap");
        let right = right && (!has_psk || psk.key == Some(0)) && psk.key.is_some() == has_psk;
        self.begun(at, status, true, buffers, lent, (mode, right));
    }

    fn begun(
        &mut self,
        at: usize,
        status: lowkey_status,
        initiates: bool,
        buffers: [Storage; 2],
        lent: Vec<(u8, usize)>,
        (mode, right): (Mode, bool),
    ) {
        let channel = &mut self.channels[at];
        channel.object.check();
        buffers.iter().for_each(Storage::check);
        match status {
            lowkey_status::LOWKEY_OK => {
                channel.begin(true, initiates, Some(buffers));
                channel.lent = lent;
            }
            lowkey_status::LOWKEY_ENTROPY | lowkey_status::LOWKEY_EXHAUSTED => {
                channel.begin(false, initiates, None);
                let left = channel.object.read(channel.object.len());
                assert!(left.iter().all(|byte| *byte == 0), "a channel that could not begin is wiped");
            }
            lowkey_status::LOWKEY_NULL
            | lowkey_status::LOWKEY_NOT_INITIALISED
            | lowkey_status::LOWKEY_LENGTH
            | lowkey_status::LOWKEY_BUFFER_TOO_SMALL => return, // it is as it was
            _ => panic!("{status:?} of a beginning"),
        }
        if at == THIRD {
            channel.wire.clear(); // what an older peer has said
            self.peer = (channel.begun && right).then(|| Peer::new(mode, initiates, &[1, 44], &[]));
        }
    }

    /// Ephemerals for a call on this channel, whose source does what the script says.
    fn ephemerals(
        &mut self,
        at: usize,
        side: usize,
        fails: bool,
        calls: bool,
        input: &mut Input<'_>,
    ) -> *mut lowkey_ephemerals {
        let chosen = self.keys.choose::<lowkey_ephemerals>(keys::EPHEMERALS, side, input);
        let channel = self.channels[at].at();
        // The channel is not there yet if it is begun.
        let source = self.keys.source(chosen.at);
        source.fails = fails;
        source.channel = if calls { channel } else { std::ptr::null_mut() };
        source.ephemerals = chosen.pointer;
        chosen.pointer
    }

    fn wipe(&mut self, at: usize) {
        let channel = &mut self.channels[at];
        // SAFETY: the object is there.
        assert_eq!(unsafe { lowkey_channel_wipe(channel.at()) }, lowkey_status::LOWKEY_OK);
        channel.begin(false, false, None);
        assert!(channel.object.read(channel.object.len()).iter().all(|byte| *byte == 0), "something is left");
    }

    fn flip(&mut self, at: usize, input: &mut Input<'_>) {
        let channel = &mut self.channels[at];
        let bit = input.below(channel.wire.len() * 8);
        if let Some(byte) = channel.wire.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
            // The same bit twice is no change; that one cannot be told from a change is no matter.
            channel.flipped = channel.flipped.min(channel.fed + bit / 8);
        }
    }

    /// The Rust peer says something, or lets its next frame go.
    fn peer(&mut self, input: &mut Input<'_>) {
        let Some(peer) = &mut self.peer else { return };
        match input.byte() % 8 {
            0 | 1 => {
                let kind = input.choose(&[DATA, MORE]);
                let mut text = vec![peer.made.len() as u8; input.below(280) + 1];
                text[0] = kind;
                peer.seal(&text);
            }
            2 => peer.seal(&[PING]),
            3 => peer.seal(b"\x03ping"),
            4 => peer.seal(&[CLOSE]),
            5 => peer.seal(input.chunk()),
            6 => drop(peer.out.pop_front()),
            _ => {}
        }
        self.carry();
    }

    /// Moves frames of the Rust peer to the third channel's wire, and what it has sent into the ledger.
    fn carry(&mut self) {
        let Some(peer) = &mut self.peer else { return };
        let channel = &mut self.channels[THIRD];
        channel.wire.extend(peer.out.drain(..).flatten());
        if let Some(hash) = peer.hash {
            let sent = self.ledger.entry((hash, !channel.initiates)).or_default();
            *sent = channel::Sent { closed: peer.closed_after.is_some(), ..Default::default() };
            // What it says behind its CLOSE is never delivered.
            for (bytes, part) in &peer.made[..peer.closed_after.unwrap_or(peer.made.len())] {
                sent.add(bytes, *part == Part::Last);
            }
        }
    }

    /// Gives bytes that a channel has sent to its other side.
    fn pass(&mut self, at: usize, bytes: &[u8]) {
        if at != THIRD {
            return self.channels[1 - at].wire.extend(bytes);
        }
        if let Some(peer) = &mut self.peer {
            peer.read(bytes);
            self.carry();
        }
    }

    /// Whether the third channel's peer judges what the channel has sent.
    fn expect(&mut self, at: usize, kind: u8, body: &[u8]) {
        if let Some(peer) = self.peer.as_mut().filter(|_| at == THIRD) {
            peer.expected.push_back((kind, body.to_vec()));
        }
    }
}
