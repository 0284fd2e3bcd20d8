//! Moving bytes, both ways.

use super::callbacks::{self, Wire};
use super::memory::{Out, Storage};
use super::{THIRD, World};
use lowkey_c::*;
use std::ptr;
use test_support::Input;

use lowkey_event::*;
use lowkey_status::*;

impl World {
    pub(super) fn poll(&mut self, at: usize, null: bool) -> Option<i32> {
        let channel = &mut self.channels[at];
        let out = Out::or_null(4, null);
        // SAFETY: the object and the output are there.
        let status = unsafe { lowkey_poll(channel.at(), out.at()) };
        out.check(status);
        if !channel.note(status, &[LOWKEY_NULL]) {
            return None;
        }
        let event = i32::from_ne_bytes(out.get());
        self.event(at, event);
        Some(event)
    }

    fn event(&mut self, at: usize, event: i32) {
        let channel = &mut self.channels[at];
        channel.event(event);
        if event == LOWKEY_EVENT_END as i32 {
            channel.ended(&self.ledger);
        }
    }

    pub(super) fn feed(&mut self, at: usize, n: usize, null: bool) {
        let channel = &mut self.channels[at];
        let bytes: Vec<u8> = channel.wire.iter().take(n).copied().collect();
        let (from, out) = (Storage::new(bytes.len()), Out::or_null(8, null));
        from.write(&bytes);
        let pointer = if bytes.is_empty() { ptr::null() } else { from.at().cast_const() };
        // SAFETY: the object, the bytes and the output are there.
        let status = unsafe { lowkey_feed(channel.at(), pointer, bytes.len(), out.at()) };
        out.check(status);
        if channel.note(status, &[LOWKEY_NULL]) {
            let taken = out.usize();
            assert!(taken <= bytes.len());
            channel.wire.drain(..taken);
            channel.fed += taken;
        }
    }

    pub(super) fn feed_end(&mut self, at: usize) {
        let channel = &mut self.channels[at];
        // SAFETY: the object is there.
        let status = unsafe { lowkey_feed_end(channel.at()) };
        if channel.note(status, &[]) {
            channel.ended(&self.ledger);
        }
    }

    pub(super) fn space(&mut self, at: usize, input: &mut Input<'_>) {
        let channel = &mut self.channels[at];
        let (space, len) = (Out::or_null(8, input.byte() == 0xf0), Out::or_null(8, input.byte() == 0xf0));
        // SAFETY: the object and the outputs are there.
        let status = unsafe { lowkey_space(channel.at(), space.at(), len.at()) };
        space.check(status);
        len.check(status);
        if !channel.note(status, &[LOWKEY_NULL]) {
            return;
        }
        let room = len.usize();
        if input.byte() == 0xf0 {
            // SAFETY: the object is there.
            let status = unsafe {
                lowkey_filled(channel.at(), room.saturating_add(input.choose(&[1, 300, usize::MAX])))
            };
            assert_eq!(status, LOWKEY_LENGTH);
        }
        let n = room.min(channel.wire.len()).min(input.below(400));
        let bytes: Vec<u8> = channel.wire.drain(..n).collect();
        channel.fed += n;
        // SAFETY: there is room for so many, and nothing was called since.
        let status = unsafe {
            space.pointer().copy_from_nonoverlapping(bytes.as_ptr(), n);
            lowkey_filled(channel.at(), n)
        };
        channel.note(status, &[]);
    }

    pub(super) fn write(&mut self, at: usize, n: usize, input: &mut Input<'_>) {
        let channel = &mut self.channels[at];
        let (bytes, len) = (Out::or_null(8, input.byte() == 0xf0), Out::or_null(8, input.byte() == 0xf0));
        // SAFETY: the object and the outputs are there.
        let status = unsafe { lowkey_unsent(channel.at(), bytes.at(), len.at()) };
        bytes.check(status);
        len.check(status);
        if !channel.note(status, &[LOWKEY_NULL]) {
            return;
        }
        let (unsent, n) = (len.usize(), n.min(len.usize()));
        // SAFETY: the channel has said so, and nothing was called since.
        let bytes = unsafe { std::slice::from_raw_parts(bytes.pointer(), n) }.to_vec();
        // SAFETY: the object is there.
        let (more, status) = unsafe {
            let more = lowkey_sent(channel.at(), unsent.saturating_add(input.choose(&[1, 300, usize::MAX])));
            (more, lowkey_sent(channel.at(), n))
        };
        assert_eq!(more, LOWKEY_LENGTH);
        let went_well = channel.note(status, &[]);
        self.pass(at, &bytes);
        if went_well && n == 0 && unsent > 0 {
            let event = self.poll(at, false);
            assert_ne!(event, Some(LOWKEY_EVENT_WRITE as i32), "it takes nothing, and has said so");
        }
    }

    /// Does what an honest application does, until nothing is left to do.
    pub(super) fn turn(&mut self, at: usize) {
        for _ in 0..24 {
            self.carry();
            let Some(event) = self.poll(at, false) else { return };
            let before = self.channels[at].wire.len();
            match event {
                _ if event == LOWKEY_EVENT_READ as i32 => {
                    self.feed(at, usize::MAX, false);
                    if self.channels[at].wire.len() == before {
                        return;
                    }
                }
                _ if event == LOWKEY_EVENT_WRITE as i32 => self.write(at, usize::MAX, &mut Input::new(&[])),
                _ if event == LOWKEY_EVENT_HELLO as i32 => self.answer(at, &mut Input::new(&[])),
                _ if event == LOWKEY_EVENT_CLAIM as i32 => self.accept(at),
                _ if event == LOWKEY_EVENT_DATA as i32 => self.take(at, &mut Input::new(&[])),
                _ if event == LOWKEY_EVENT_OPEN as i32 => {}
                _ => return,
            }
        }
    }

    /// Makes a call with callbacks that do what the script says.
    fn with_wire(
        &mut self,
        at: usize,
        input: &mut Input<'_>,
        call: impl FnOnce(*mut lowkey_channel, *const lowkey_io) -> lowkey_status,
    ) -> (lowkey_status, bool) {
        let (manner, wrong) = (input.byte(), input.byte());
        let channel = &mut self.channels[at];
        let wire = Box::into_raw(Box::new(Wire {
            channel: channel.at(),
            incoming: std::mem::take(&mut channel.wire),
            outgoing: vec![],
            read: 0,
            manner,
            calls: 0,
        }));
        let mut io =
            lowkey_io { context: wire.cast(), read: Some(callbacks::read), write: Some(callbacks::write) };
        let mut null = 0;
        match wrong {
            0xf0 => io.read = None,
            0xf1 => io.write = None,
            0xf2 => null = 1,
            0xf3 => null = 2,
            _ => {}
        }
        let given = [&raw const io, ptr::null(), (&raw const io).wrapping_byte_add(1)][null];
        let status = call(channel.at(), given);
        // SAFETY: made above; nothing calls back any more.
        let wire = unsafe { Box::from_raw(wire) };
        channel.wire = wire.incoming;
        channel.fed += wire.read;
        let is_wrong = (0xf0..=0xf3).contains(&wrong);
        if is_wrong {
            assert!(status != LOWKEY_OK && wire.calls == 0, "went well without its callbacks");
        }
        self.pass(at, &wire.outgoing);
        (status, is_wrong)
    }

    pub(super) fn run(&mut self, at: usize, input: &mut Input<'_>) {
        let out = Out::or_null(4, input.byte() == 0xf0);
        // SAFETY: everything is there.
        let (status, _) =
            self.with_wire(at, input, |channel, io| unsafe { lowkey_run(channel, io, out.at()) });
        out.check(status);
        if self.channels[at].note(status, &[LOWKEY_WOULD_BLOCK, LOWKEY_NULL]) {
            let event = i32::from_ne_bytes(out.get());
            assert!(event > LOWKEY_EVENT_WRITE as i32, "an event that is not for the application");
            self.event(at, event);
        }
    }

    pub(super) fn flush(&mut self, at: usize, input: &mut Input<'_>) {
        // SAFETY: everything is there.
        let (status, _) = self.with_wire(at, input, |channel, io| unsafe { lowkey_flush(channel, io) });
        self.channels[at].note(status, &[LOWKEY_WOULD_BLOCK, LOWKEY_NULL]);
    }

    pub(super) fn send_message(&mut self, at: usize, input: &mut Input<'_>) {
        let channel = &mut self.channels[at];
        if channel.done == 0 {
            channel.message = vec![channel.fed as u8 ^ 0x3c; input.below(1_500)];
        }
        let done_before = channel.done;
        let (message, done) = (Storage::new(channel.message.len()), Storage::new(8));
        message.write(&channel.message);
        let wrong = input.byte();
        let claimed = if wrong == 0xf0 { channel.message.len() + 1 } else { done_before };
        done.write(&claimed.to_ne_bytes());
        let len = message.len();
        let bytes = if wrong == 0xf1 || len == 0 { ptr::null() } else { message.at().cast_const() };
        let count: *mut usize = if wrong == 0xf2 { ptr::null_mut() } else { done.at().cast() };
        if at == THIRD {
            self.peer = None; // it is told what to expect before it comes
        }
        // SAFETY: everything is there.
        let (status, _) = self.with_wire(at, input, |channel, io| unsafe {
            lowkey_send_message(channel, io, bytes, len, count)
        });
        let channel = &mut self.channels[at];
        done.check();
        let now = usize::from_ne_bytes(done.read(8).try_into().expect("8 bytes"));
        let may = [
            LOWKEY_WOULD_BLOCK,
            LOWKEY_LENGTH,
            LOWKEY_NULL,
            LOWKEY_NOT_OPEN,
            LOWKEY_CLOSED,
            LOWKEY_UNFINISHED,
        ];
        let was_dead = channel.dead.is_some();
        channel.note(status, &may);
        if claimed != done_before {
            return assert!(status != LOWKEY_OK && now == claimed);
        }
        assert!(now >= done_before && now <= len);
        let is_whole = status == LOWKEY_OK;
        assert!(!is_whole || now == len);
        if now > done_before || is_whole {
            assert!(!was_dead && channel.opened);
            if let Some(hash) = channel.hash() {
                let sent = self.ledger.entry((hash, channel.initiates)).or_default();
                sent.add(&channel.message[done_before..now], is_whole);
            }
        }
        channel.done = if is_whole { 0 } else { now };
    }

    pub(super) fn recv_message(&mut self, at: usize, input: &mut Input<'_>) {
        let capacity = input.choose(&[2_000, 2_000, 2_000, 0, 1, 40, 300, usize::MAX]);
        let (len, end) = (Out::or_null(8, input.byte() == 0xf0), Out::or_null(1, input.byte() == 0xf0));
        let room = self.channels[at].room.at();
        let given = if capacity == 0 || input.byte() == 0xf0 { ptr::null_mut() } else { room };
        // SAFETY: everything is there; a capacity that is not is refused.
        let (status, _) = self.with_wire(at, input, |channel, io| unsafe {
            lowkey_recv_message(channel, io, given, capacity, len.at(), end.at())
        });
        len.check(status);
        end.check(status);
        let channel = &mut self.channels[at];
        channel.room.check();
        let may = [LOWKEY_WOULD_BLOCK, LOWKEY_BUFFER_TOO_SMALL, LOWKEY_NOT_OPEN, LOWKEY_NULL, LOWKEY_LENGTH];
        if !channel.note(status, &may) {
            return channel.tried();
        }
        let (len, [end]) = (len.usize(), end.get::<1>());
        if end == 1 {
            assert_eq!(len, 0);
            return channel.ended(&self.ledger);
        }
        assert!(end == 0 && len <= capacity);
        let message = channel.room.read(len);
        channel.received(&message, &self.ledger);
    }
}
