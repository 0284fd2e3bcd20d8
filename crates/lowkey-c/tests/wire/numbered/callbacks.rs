//! The same over a stream of callbacks.

use super::{Sender, plain, sender};
use crate::initiator::{Outcome, outcome};
use lowkey_c::lowkey_event::{self, *};
use lowkey_c::lowkey_status::*;
use lowkey_c::*;
use std::slice;
use test_support::page_peer::{ACK, CLOSE, DATA, MORE, NONE, NUMBERED, ack, first_ack, number, numbered};

/// What a stream of callbacks has: bytes to be read, a few at a time, and what was written.
#[derive(Default)]
struct Wire {
    to_device: Vec<u8>,
    from_device: Vec<u8>,
    /// How many bytes it takes before it takes none.
    takes: usize,
}

unsafe extern "C" fn read(context: *mut std::ffi::c_void, out: *mut u8, len: usize) -> i32 {
    // SAFETY: the context is a wire, and the header's promise of what the callback gets.
    let (wire, out) = unsafe { (&mut *context.cast::<Wire>(), slice::from_raw_parts_mut(out, len)) };
    let n = wire.to_device.len().min(len).min(7);
    if n == 0 {
        return LOWKEY_IO_WOULD_BLOCK;
    }
    out[..n].copy_from_slice(&wire.to_device[..n]);
    wire.to_device.drain(..n);
    n as i32
}

unsafe extern "C" fn write(context: *mut std::ffi::c_void, bytes: *const u8, len: usize) -> i32 {
    // SAFETY: as in `read`.
    let (wire, bytes) = unsafe { (&mut *context.cast::<Wire>(), slice::from_raw_parts(bytes, len)) };
    let n = len.min(wire.takes);
    wire.takes -= n;
    wire.from_device.extend(&bytes[..n]);
    if n == 0 { LOWKEY_IO_WOULD_BLOCK } else { n as i32 }
}

impl Sender {
    fn run_outbox(&mut self, wire: &mut Wire) -> Outcome<lowkey_event> {
        let io = lowkey_io { context: (&raw mut *wire).cast(), read: Some(read), write: Some(write) };
        let mut event = LOWKEY_EVENT_HELLO;
        // SAFETY: see the other blocks of a sender; the wire lives as long as the call.
        outcome(unsafe { lowkey_kk_run_outbox(&mut *self.device, &io, &mut event) }).map(|()| event)
    }
}

#[test]
fn numbered_s7_over_callbacks_what_waits_is_sent_and_what_is_acknowledged_is_said() {
    let mut a = sender();
    for text in [&b"one"[..], &[7; 600], b"three"] {
        a.push(text).unwrap();
    }
    let mut peer = a.opened();
    let mut wire = Wire { takes: usize::MAX, ..Wire::default() };
    assert_eq!(a.run_outbox(&mut wire), Err(LOWKEY_WOULD_BLOCK), "nothing before the first ACK");
    assert_eq!(wire.from_device, []);
    wire.to_device = peer.record(ACK, &NONE);
    assert_eq!(a.run_outbox(&mut wire), Err(LOWKEY_WOULD_BLOCK));
    let kinds: Vec<u8> =
        peer.open_all(std::mem::take(&mut wire.from_device)).iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [NUMBERED, MORE, MORE, MORE, NUMBERED, NUMBERED]);
    // Something is acknowledged, and behind it a message has come: each is said by itself.
    wire.to_device = [peer.record(ACK, &ack(number(2))), peer.record(DATA, b"down")].concat();
    assert_eq!(a.run_outbox(&mut wire), Ok(LOWKEY_EVENT_READ));
    assert!(!a.is_empty());
    assert_eq!(a.run_outbox(&mut wire), Ok(LOWKEY_EVENT_DATA));
    assert_eq!(a.hears(b"").0, [plain(b"down", true)]);
    // A stream that takes nothing keeps nobody from reading.
    a.push(b"four").unwrap();
    wire.takes = 5;
    wire.to_device = peer.record(ACK, &ack(number(3)));
    assert_eq!(a.run_outbox(&mut wire), Ok(LOWKEY_EVENT_READ));
    wire.takes = usize::MAX;
    assert_eq!(a.run_outbox(&mut wire), Err(LOWKEY_WOULD_BLOCK));
    let last = peer.open_all(std::mem::take(&mut wire.from_device));
    assert_eq!(last, [(NUMBERED, numbered(number(4), b"four"))]);
    wire.to_device = [peer.record(ACK, &ack(number(4))), peer.record(CLOSE, b"")].concat();
    assert_eq!(a.run_outbox(&mut wire), Ok(LOWKEY_EVENT_READ));
    assert!(a.is_empty());
    assert_eq!(a.run_outbox(&mut wire), Ok(LOWKEY_EVENT_END));
}

#[test]
fn numbered_s7_over_callbacks_numbers_that_went_back_leave_the_channel_open() {
    let mut a = sender();
    a.push(b"kept").unwrap();
    let mut peer = a.opened();
    let mut wire = Wire {
        takes: usize::MAX,
        to_device: peer.record(ACK, &first_ack(u64::MAX, b"?")),
        ..Wire::default()
    };
    assert!(matches!(a.run_outbox(&mut wire), Ok(LOWKEY_EVENT_READ) | Err(LOWKEY_WOULD_BLOCK)));
    assert_eq!((a.run_outbox(&mut wire), wire.from_device.len()), (Err(LOWKEY_WENT_BACK), 0));
    a.send(b"not numbered").unwrap();
    assert_eq!(peer.open_all(a.unsent().unwrap()), [(DATA, b"not numbered".to_vec())]);
}
