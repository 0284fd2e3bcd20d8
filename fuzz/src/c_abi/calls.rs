//! The other calls on a channel.

use super::keys::{IDENTITY, PEER, PSK};
use super::memory::{Out, Storage};
use super::{THIRD, World};
use crate::peer::{CLOSE, DATA, MORE, PING};
use lowkey_c::*;
use std::ptr;
use test_support::Input;

use lowkey_status::*;

impl World {
    /// Answers the hello that waits: nearly always as it asks, on an empty script always.
    pub(super) fn answer(&mut self, at: usize, input: &mut Input<'_>) {
        let (how, flags) = (input.byte(), input.byte());
        let out = Out::new(size_of::<lowkey_hello>());
        let channel = self.channels[at].at();
        // SAFETY: the object and the output are there.
        let status = unsafe { lowkey_hello_read(channel, out.at()) };
        out.check(status);
        let waits = status == LOWKEY_OK;
        let dead = self.channels[at].dead;
        let expected = dead.unwrap_or(LOWKEY_OUT_OF_TURN);
        assert!(waits && dead.is_none() || !self.channels[at].begun || status == expected, "{status:?}");
        // The mode lies at the front.
        let asked = if waits { i32::from_ne_bytes(out.get::<4>()) } else { 1 };
        assert!((1..=4).contains(&asked));
        let mode = if how & 0x70 == 0x70 { i32::from(how % 4) + 1 } else { asked };
        let side = 1;
        let identity = self.keys.choose::<lowkey_identity>(IDENTITY, side, input);
        let mut psk = self.keys.choose::<lowkey_psk>(PSK, 0, input);
        if mode == 1 || mode == 3 {
            (psk.pointer, psk.key) = (ptr::null_mut(), None);
        }
        let peer = self.keys.choose::<lowkey_peer>(PEER, side, input);
        let (id, id_len) = self.keys.id();
        let id_len = if flags & 64 == 0 { id_len } else { 0 };
        let pinning =
            lowkey_pinning { identity: identity.pointer, peer: peer.pointer, psk: psk.pointer, id, id_len };
        let with = if flags & 128 == 0 { &raw const pinning } else { ptr::null() };
        let ephemerals = self.ephemerals(at, side, flags & 16 != 0, flags & 32 != 0, input);
        let mut lent = vec![];
        // SAFETY: everything is there, and what is lent stays.
        let status = unsafe {
            match how % 16 {
                13 => lowkey_turn_away(channel, with),
                14 => lowkey_refuse(channel, i32::from(flags % 8) - 1),
                _ if mode <= 2 => lowkey_answer_kk(channel, with, ephemerals),
                _ => {
                    lent.push((IDENTITY, identity.at));
                    if !psk.pointer.is_null() {
                        lent.push((PSK, psk.at));
                    }
                    lowkey_answer_xx(channel, identity.pointer, psk.pointer, ephemerals)
                }
            }
        };
        self.keys.check();
        let channel = &mut self.channels[at];
        let may = [LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN];
        // What is wrong is said first, of a channel that is over as well.
        if channel.dead.is_some() && may.contains(&status) {
            return;
        }
        if channel.note(status, &may) {
            assert!(waits, "answered what nobody asked");
            channel.lent = lent;
        }
    }

    pub(super) fn accept(&mut self, at: usize) {
        let channel = &mut self.channels[at];
        // SAFETY: the object is there.
        let status = unsafe { lowkey_accept(channel.at()) };
        channel.note(status, &[LOWKEY_OUT_OF_TURN]);
    }

    pub(super) fn take(&mut self, at: usize, input: &mut Input<'_>) {
        let channel = &mut self.channels[at];
        let [data, len] = [8; 2].map(|size| Out::or_null(size, input.byte() == 0xf0));
        let last = Out::or_null(1, input.byte() == 0xf0);
        // SAFETY: the object and the outputs are there.
        let status = unsafe { lowkey_take(channel.at(), data.at(), len.at(), last.at()) };
        [&data, &len, &last].iter().for_each(|out| out.check(status));
        if !channel.note(status, &[LOWKEY_NULL, LOWKEY_OUT_OF_TURN, LOWKEY_NOT_OPEN]) {
            return;
        }
        let [is_last] = last.get::<1>();
        assert!(is_last <= 1);
        let (pointer, len) = (data.pointer().cast_const(), len.usize());
        // SAFETY: the channel has said so, and nothing was called since.
        let bytes = unsafe { std::slice::from_raw_parts(pointer, len) }.to_vec();
        channel.taken(&bytes, is_last == 1, &self.ledger);
        if input.byte() % 4 == 1 {
            self.send_bytes(at, pointer, &bytes);
        }
    }

    pub(super) fn send(&mut self, at: usize, input: &mut Input<'_>) {
        let bytes = vec![self.channels[at].fed as u8; input.below(400)];
        let message = Storage::new(bytes.len());
        message.write(&bytes);
        let null = input.byte() == 0xf0 || bytes.is_empty();
        self.send_bytes(at, if null { ptr::null() } else { message.at() }, &bytes);
    }

    fn send_bytes(&mut self, at: usize, pointer: *const u8, bytes: &[u8]) {
        let channel = &mut self.channels[at];
        // SAFETY: the object and the bytes are there.
        let status = unsafe { lowkey_send(channel.at(), pointer, bytes.len()) };
        let may = [
            LOWKEY_WOULD_BLOCK,
            LOWKEY_TOO_LONG,
            LOWKEY_NOT_OPEN,
            LOWKEY_CLOSED,
            LOWKEY_UNFINISHED,
            LOWKEY_NULL,
        ];
        if channel.note(status, &may) {
            channel.sent(&mut self.ledger).add(bytes, true);
            self.expect(at, DATA, bytes);
        }
    }

    pub(super) fn send_part(&mut self, at: usize, input: &mut Input<'_>) {
        let (bytes, is_last) = (vec![self.channels[at].fed as u8 ^ 1; input.below(700)], input.flag());
        let (part, out) = (Storage::new(bytes.len()), Out::or_null(8, input.byte() == 0xf0));
        part.write(&bytes);
        let len = if input.byte() == 0xf0 { usize::MAX } else { bytes.len() };
        let channel = &mut self.channels[at];
        // SAFETY: the object, the bytes and the output are there; a length that is not is refused.
        let status = unsafe { lowkey_send_part(channel.at(), part.at(), len, is_last, out.at()) };
        out.check(status);
        let may = [LOWKEY_WOULD_BLOCK, LOWKEY_NOT_OPEN, LOWKEY_CLOSED, LOWKEY_NULL, LOWKEY_LENGTH];
        if !channel.note(status, &may) {
            return;
        }
        let taken = out.usize();
        assert!(taken <= bytes.len());
        if bytes.is_empty() && !is_last {
            return;
        }
        let ends = is_last && taken == bytes.len();
        channel.sent(&mut self.ledger).add(&bytes[..taken], ends);
        self.expect(at, if ends { DATA } else { MORE }, &bytes[..taken]);
    }

    pub(super) fn ping(&mut self, at: usize, input: &mut Input<'_>) {
        let n = input.below(40);
        let body = Storage::new(n);
        let channel = &mut self.channels[at];
        // SAFETY: the object and the bytes are there.
        let status = unsafe { lowkey_ping(channel.at(), body.at(), n) };
        let may = [LOWKEY_WOULD_BLOCK, LOWKEY_TOO_LONG, LOWKEY_PING_PENDING, LOWKEY_NOT_OPEN, LOWKEY_CLOSED];
        if channel.note(status, &may) && n > 0 {
            // SAFETY: the object is there.
            assert!(unsafe { lowkey_awaits_pong(channel.at()) });
            self.expect(at, PING, &vec![0; n]);
        }
    }

    pub(super) fn close(&mut self, at: usize) {
        let channel = &mut self.channels[at];
        // SAFETY: the object is there.
        let status = unsafe { lowkey_close(channel.at()) };
        if channel.note(status, &[LOWKEY_WOULD_BLOCK, LOWKEY_NOT_OPEN]) {
            let sent = channel.sent(&mut self.ledger);
            if !std::mem::replace(&mut sent.closed, true) {
                self.expect(at, CLOSE, &[]);
            }
        }
    }

    pub(super) fn ask(&mut self, at: usize, input: &mut Input<'_>) {
        let null = input.byte() == 0xf0;
        let channel = &mut self.channels[at];
        let (key, hash, len) = (Out::or_null(32, null), Out::or_null(32, null), Out::or_null(8, null));
        // SAFETY: the object and the outputs are there.
        let (statuses, answers) = unsafe {
            let channel = channel.at();
            let statuses = [
                lowkey_peer_key(channel, key.at()),
                lowkey_handshake_hash(channel, hash.at()),
                lowkey_max_data(channel, len.at()),
            ];
            let is_open = lowkey_is_open(channel);
            (statuses, [is_open, lowkey_awaits_pong(channel), lowkey_is_closed(channel)])
        };
        for (out, status) in [&key, &hash, &len].into_iter().zip(statuses) {
            out.check(status);
            let may = match channel.dead {
                _ if null => [LOWKEY_NULL; 2],
                Some(dead) => [dead; 2],
                None => [LOWKEY_OK, LOWKEY_NOT_OPEN],
            };
            assert!(
                may.contains(&status) || !channel.begun && status == LOWKEY_NOT_INITIALISED,
                "{status:?}"
            );
        }
        assert!(channel.begun || answers == [false; 3]);
        assert!(!answers[0] || channel.opened && channel.dead.is_none());
        if statuses[0] == LOWKEY_OK && at == THIRD {
            let theirs =
                if channel.initiates { &crate::keys::KEYS.responder } else { &crate::keys::KEYS.initiator };
            assert_eq!(key.get::<32>(), *theirs.identity.public_key().as_bytes());
        }
        for status in -1..80 {
            // SAFETY: a status's text ends with a zero.
            let text = unsafe { std::ffi::CStr::from_ptr(lowkey_status_text(status)) };
            assert!(!text.is_empty());
        }
    }

    /// A call on what is no channel.
    pub(super) fn strange(&mut self, at: usize, input: &mut Input<'_>) {
        let (garbage, out) = (Storage::new(LOWKEY_CHANNEL_SIZE), Out::new(8));
        let (pointer, status): (*mut lowkey_channel, _) = match input.byte() % 6 {
            0 => (ptr::null_mut(), LOWKEY_NULL),
            1 => (self.channels[at].at().wrapping_byte_add(usize::from(input.byte() % 7) + 1), LOWKEY_NULL),
            2 => (garbage.at().cast(), LOWKEY_NOT_INITIALISED),
            3 => {
                garbage.write(&[input.byte(); LOWKEY_CHANNEL_SIZE]);
                (garbage.at().cast(), LOWKEY_NOT_INITIALISED)
            }
            4 => (self.keys.at(IDENTITY, 0), LOWKEY_NOT_INITIALISED),
            _ => {
                garbage.write(&self.channels[at].object.read(LOWKEY_CHANNEL_SIZE)); // a copy
                (garbage.at().cast(), LOWKEY_NOT_INITIALISED)
            }
        };
        // SAFETY: no call comes further than to what is not there.
        let statuses = unsafe {
            [
                lowkey_poll(pointer, out.at()),
                lowkey_feed(pointer, ptr::null(), 0, out.at()),
                lowkey_space(pointer, out.at(), out.at()),
                lowkey_filled(pointer, 1),
                lowkey_unsent(pointer, out.at(), out.at()),
                lowkey_sent(pointer, 1),
                lowkey_send(pointer, ptr::null(), 0),
                lowkey_ping(pointer, ptr::null(), 0),
                lowkey_close(pointer),
                lowkey_accept(pointer),
                lowkey_refuse(pointer, 3),
                lowkey_max_data(pointer, out.at()),
            ]
        };
        assert_eq!(statuses, [status; 12]);
        out.check(status);
        // SAFETY: as above.
        assert!(!unsafe {
            lowkey_is_open(pointer) || lowkey_is_closed(pointer) || lowkey_awaits_pong(pointer)
        });
    }
}
