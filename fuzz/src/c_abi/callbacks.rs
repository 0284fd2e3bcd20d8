//! The callbacks that a script gives to the library: honest ones, ones that lie, and ones that call back.

use super::memory::Out;
use lowkey_c::*;
use std::collections::VecDeque;
use std::ffi::c_void;
use std::ptr;

use lowkey_status::{LOWKEY_NULL, LOWKEY_OUT_OF_TURN};

/// Everything that can be called on a channel that a call is inside of.
pub(super) fn reenter(channel: *mut lowkey_channel) {
    let (one, two, three) = (Out::new(64), Out::new(8), Out::new(1));
    let none = lowkey_buffers {
        incoming: ptr::null_mut(),
        incoming_len: 0,
        outgoing: ptr::null_mut(),
        outgoing_len: 0,
        max_frame: 0,
        max_message: 0,
    };
    let byte = [7_u8];
    // SAFETY: everything is there; the channel is busy, so nothing is done.
    let statuses = unsafe {
        [
            lowkey_poll(channel, one.at()),
            lowkey_feed(channel, byte.as_ptr(), 1, one.at()),
            lowkey_feed_end(channel),
            lowkey_space(channel, one.at(), two.at()),
            lowkey_filled(channel, 0),
            lowkey_unsent(channel, one.at(), two.at()),
            lowkey_sent(channel, 0),
            lowkey_take(channel, one.at(), two.at(), three.at()),
            lowkey_send(channel, byte.as_ptr(), 1),
            lowkey_send_part(channel, byte.as_ptr(), 1, true, one.at()),
            lowkey_ping(channel, byte.as_ptr(), 1),
            lowkey_close(channel),
            lowkey_accept(channel),
            lowkey_refuse(channel, 3),
            lowkey_hello_read(channel, one.at()),
            lowkey_peer_key(channel, one.at()),
            lowkey_handshake_hash(channel, one.at()),
            lowkey_max_data(channel, one.at()),
            lowkey_responder(channel, &none),
            lowkey_channel_wipe(channel),
        ]
    };
    assert_eq!(statuses, [LOWKEY_OUT_OF_TURN; 20]);
    // SAFETY: as above.
    let answers =
        unsafe { [lowkey_is_open(channel), lowkey_is_closed(channel), lowkey_awaits_pong(channel)] };
    assert_eq!(answers, [false; 3]);
    [one, two, three].iter().for_each(|out| out.check(LOWKEY_OUT_OF_TURN));
}

/// A stream of one call.
pub(super) struct Wire {
    pub(super) channel: *mut lowkey_channel,
    pub(super) incoming: VecDeque<u8>,
    pub(super) outgoing: Vec<u8>,
    /// Bytes read so far.
    pub(super) read: usize,
    /// What the callbacks do: the low three bits say how, the rest when.
    pub(super) manner: u8,
    pub(super) calls: usize,
}

impl Wire {
    /// What a callback returns instead of moving bytes, and how many it moves at most.
    fn misbehave(&mut self, len: usize) -> Result<usize, i32> {
        self.calls += 1;
        let now = self.calls % 4 == usize::from(self.manner >> 3) % 4;
        match self.manner % 8 {
            1 => Ok(usize::from(self.manner >> 3) + 1),
            2 if now => Err(LOWKEY_IO_WOULD_BLOCK),
            3 if now => Err(len as i32 + 1),
            4 if now => Err([-2, i32::MIN, i32::MAX, 0][usize::from(self.manner >> 5) % 4]),
            5 => {
                reenter(self.channel);
                Ok(len)
            }
            _ => Ok(len),
        }
    }
}

pub(super) unsafe extern "C" fn read(context: *mut c_void, out: *mut u8, len: usize) -> i32 {
    // SAFETY: the context is a wire that nobody else uses meanwhile.
    let wire = unsafe { &mut *context.cast::<Wire>() };
    assert!(len > 0, "room for no byte");
    match wire.misbehave(len) {
        Err(said) => said,
        Ok(_) if wire.incoming.is_empty() => LOWKEY_IO_WOULD_BLOCK,
        Ok(most) => {
            let n = most.min(len).min(wire.incoming.len());
            let bytes: Vec<u8> = wire.incoming.drain(..n).collect();
            // SAFETY: the library gives `len` bytes.
            unsafe { out.copy_from_nonoverlapping(bytes.as_ptr(), n) };
            wire.read += n;
            n as i32
        }
    }
}

pub(super) unsafe extern "C" fn write(context: *mut c_void, bytes: *const u8, len: usize) -> i32 {
    // SAFETY: as in `read`.
    let wire = unsafe { &mut *context.cast::<Wire>() };
    assert!(len > 0, "nothing to write");
    match wire.misbehave(len) {
        Err(said) => said,
        Ok(most) => {
            let n = most.min(len);
            // SAFETY: the library gives `len` bytes.
            wire.outgoing.extend_from_slice(unsafe { std::slice::from_raw_parts(bytes, n) });
            n as i32
        }
    }
}

/// A random source.
pub(super) struct Random {
    pub(super) rng: test_support::Random,
    pub(super) fails: bool,
    /// Objects of the call that it is called from, which it tries.
    pub(super) channel: *mut lowkey_channel,
    pub(super) ephemerals: *mut lowkey_ephemerals,
}

pub(super) unsafe extern "C" fn random(context: *mut c_void, out: *mut u8, len: usize) -> i32 {
    // SAFETY: the context is a random source that nobody else uses meanwhile.
    let random = unsafe { &mut *context.cast::<Random>() };
    if !random.channel.is_null() {
        reenter(random.channel);
        // SAFETY: the objects are there, and busy.
        let statuses = unsafe {
            [
                lowkey_ephemerals_wipe(random.ephemerals),
                lowkey_ephemerals_init(random.ephemerals, [1; 32].as_ptr(), 1, None, ptr::null_mut()),
                lowkey_ephemerals_wipe(ptr::null_mut()),
            ]
        };
        assert_eq!(statuses, [LOWKEY_OUT_OF_TURN, LOWKEY_OUT_OF_TURN, LOWKEY_NULL]);
    }
    if random.fails {
        return -1;
    }
    let bytes = random.rng.bytes(len);
    // SAFETY: the library gives `len` bytes.
    unsafe { out.copy_from_nonoverlapping(bytes.as_ptr(), len) };
    0
}

/// Two banks of words that hold anything, and fail now and then.
pub(super) struct Banks {
    pub(super) bytes: [Vec<u8>; 2],
    pub(super) calls: usize,
    pub(super) fails_at: usize,
}

impl Banks {
    fn fails(&mut self) -> bool {
        self.calls += 1;
        self.calls == self.fails_at
    }
}

pub(super) unsafe extern "C" fn flash_read(
    context: *mut c_void,
    bank: u32,
    offset: usize,
    bytes: *mut u8,
    len: usize,
) -> i32 {
    // SAFETY: the context is the banks, which nobody else uses meanwhile; the library's bytes are there.
    let (banks, bytes) =
        unsafe { (&mut *context.cast::<Banks>(), std::slice::from_raw_parts_mut(bytes, len)) };
    if banks.fails() {
        return 3;
    }
    bytes.copy_from_slice(&banks.bytes[bank as usize][offset..offset + len]);
    0
}

pub(super) unsafe extern "C" fn flash_program(
    context: *mut c_void,
    bank: u32,
    offset: usize,
    unit: *const u8,
    len: usize,
) -> i32 {
    // SAFETY: as in `flash_read`.
    let (banks, unit) = unsafe { (&mut *context.cast::<Banks>(), std::slice::from_raw_parts(unit, len)) };
    if banks.fails() {
        return 5;
    }
    let cells = &mut banks.bytes[bank as usize][offset..offset + len];
    cells.iter_mut().zip(unit).for_each(|(bits, byte)| *bits &= byte);
    0
}

pub(super) unsafe extern "C" fn flash_erase(context: *mut c_void, bank: u32) -> i32 {
    // SAFETY: as in `flash_read`.
    let banks = unsafe { &mut *context.cast::<Banks>() };
    if banks.fails() {
        return -1;
    }
    banks.bytes[bank as usize].fill(u8::MAX);
    0
}
