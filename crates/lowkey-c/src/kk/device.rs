//! The device object.

use super::MIN_MAX_FRAME;
use super::machine::{Machine, Setup};
use super::page::Page;
use super::size::LOWKEY_KK_WORDS;
use crate::apart::lies_apart;
use crate::buffers::lowkey_buffers;
use crate::call::attempt;
use crate::io::{lowkey_io, stream};
use crate::page::lowkey_page;
use crate::random::lowkey_random;
use crate::raw::callbacks::Random;
use crate::raw::{self, Entered, Failure, Object};
use crate::sizes::{LOWKEY_KEY_LEN, LOWKEY_MAX_ID, LOWKEY_MIN_INCOMING, LOWKEY_MIN_OUTGOING};
use crate::status::lowkey_status::{
    self, LOWKEY_BLANK, LOWKEY_BUFFER_TOO_SMALL, LOWKEY_LENGTH, LOWKEY_NULL, LOWKEY_PEER_KEY,
};
use core::ffi::c_void;
use core::mem;
use core::ops::Range;
use lowkey_core::Secret;
use lowkey_core::kk::Numbers;

/// One device, and its channel. Make it with lowkey_kk_init.
#[repr(C)]
pub struct lowkey_kk {
    /// Not for you.
    pub opaque: [u64; LOWKEY_KK_WORDS],
}

// SAFETY: a machine is made of numbers, of pointers that nobody follows before it is set up, and of enumerations that
// begin at 0.
unsafe impl raw::Zeros for lowkey_kk {}

impl Object for lowkey_kk {
    type Inner = Machine;
    const LETTER: u8 = b'k';
}

/// Makes a device of a key page and two buffers. No multiplication, and no network: lowkey_kk_begin connects.
///
/// The structures `page` and `buffers` are copied. The fields that `page` points to (all but the address and the
/// seed) must stay readable where they are, unchanged, as long as the device is used, and so must the buffers.
/// `boot` is a number that no call of this function on the device has had before, from lowkey_boot_log_next for
/// example: attempts are counted within it, so a second object, and the same one made again, need another. `random`
/// is called for every attempt, with `context`, which must stay valid as long as the device is used; it may be NULL.
///
/// LOWKEY_BLANK: the private key, the PSK or the hedge secret is all zeros or all ones. LOWKEY_PEER_KEY: the peer's key
/// is our own, or the Diffie-Hellman of both is no secret. LOWKEY_NULL (also a NULL `random`, and a NULL field, but for
/// `psk`), LOWKEY_LENGTH (of the id; of a buffer, or a buffer over the other one, the device or a field of the page),
/// LOWKEY_BUFFER_TOO_SMALL, LOWKEY_OUT_OF_TURN. After each of them the device is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_init(
    device: *mut lowkey_kk,
    page: *const lowkey_page,
    buffers: *const lowkey_buffers,
    boot: u64,
    random: lowkey_random,
    context: *mut c_void,
) -> lowkey_status {
    attempt(|| {
        let storage = raw::vacant(device)?;
        let (page, given) = (raw::plain(page)?, raw::plain(buffers)?);
        if random.is_none() {
            return Err(LOWKEY_NULL.into());
        }
        check(device, page, given)?;
        storage.fill_zeros(|machine| {
            machine.set_up(Setup {
                incoming: raw::kept(given.incoming, given.incoming_len),
                outgoing: raw::kept(given.outgoing, given.outgoing_len),
                page: Page::new(page),
                random: Random { fill: random, context },
                numbers: Numbers::of(boot),
                max_message: if given.max_message == 0 { usize::MAX } else { given.max_message },
                max_frame: max_frame(given),
            });
        });
        Ok(())
    })
}

/// Begins a channel: whatever there was before is over, and its keys are wiped. It makes the first message at once,
/// which needs no network and takes two multiplications. Then ask lowkey_kk_poll.
///
/// Before the first time every call on a channel gives LOWKEY_OUT_OF_TURN.
///
/// LOWKEY_ENTROPY, LOWKEY_EXHAUSTED: no ephemeral key could be made; the channel is over. LOWKEY_NULL,
/// LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: nothing was done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_begin(device: *mut lowkey_kk) -> lowkey_status {
    attempt(|| {
        let mut machine = raw::enter(device)?;
        let begun = machine.begin();
        leave(machine, begun)
    })
}

/// Makes zeros of a device, whatever its storage holds; its buffers are yours again. Without a lowkey_kk_close that has
/// left, the peer sees a truncation.
///
/// LOWKEY_NULL, LOWKEY_OUT_OF_TURN: nothing was wiped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_wipe(device: *mut lowkey_kk) -> lowkey_status {
    attempt(|| raw::wipe(device))
}

/// Whether a device can be made of these.
#[inline(never)] // what it has looked at is loaded anew where it is kept: that is smaller
unsafe fn check(device: *const lowkey_kk, page: &lowkey_page, given: &lowkey_buffers) -> Result<(), Failure> {
    let key = |key: *const u8| (key, LOWKEY_KEY_LEN);
    let spans = [
        (device.cast(), size_of::<lowkey_kk>()),
        (given.incoming.cast_const(), given.incoming_len),
        (given.outgoing.cast_const(), given.outgoing_len),
        (page.id, page.id_len),
        key(page.private_key),
        key(page.hedge),
        key(page.psk),
        key(page.shared),
        key(page.public_key),
        key(page.peer_key),
    ];
    for (i, &(start, len)) in spans.iter().enumerate() {
        if start.is_null() && i == PSK {
            continue;
        }
        lies_apart(start, len, spans.get(..i.min(WRITTEN)).unwrap_or_default())?;
        if SECRETS.contains(&i) && Secret::of(raw::array(start)?).is_blank() {
            return Err(if i == SHARED { LOWKEY_PEER_KEY } else { LOWKEY_BLANK }.into());
        }
    }
    if given.incoming_len < LOWKEY_MIN_INCOMING || given.outgoing_len < LOWKEY_MIN_OUTGOING {
        return Err(LOWKEY_BUFFER_TOO_SMALL.into());
    }
    if !(1..=LOWKEY_MAX_ID).contains(&page.id_len) {
        return Err(LOWKEY_LENGTH.into());
    }
    if Page::new(page).pinned().is_ours() { Err(LOWKEY_PEER_KEY.into()) } else { Ok(()) }
}

/// The longest frame that the peer may send.
fn max_frame(given: &lowkey_buffers) -> u16 {
    let room = u16::try_from(given.incoming_len).unwrap_or(u16::MAX);
    match given.max_frame {
        0 => room,
        wanted => room.min(wanted.max(MIN_MAX_FRAME)),
    }
}

/// A call on a channel that goes on; what it gives in the end is what the channel is left with.
#[inline(always)]
pub(super) unsafe fn channel(
    device: *mut lowkey_kk,
    call: impl FnOnce(&mut Machine) -> Result<(), Failure>,
) -> lowkey_status {
    attempt(|| {
        going(device)?;
        let machine = raw::as_checked(device);
        let done = call(machine);
        settle(machine, done)
    })
}

/// The same for a call that calls back.
#[inline(always)]
pub(super) unsafe fn calling_back(
    device: *mut lowkey_kk,
    io: *const lowkey_io,
    call: impl FnOnce(&mut Machine) -> Result<(), Failure>,
) -> lowkey_status {
    attempt(|| {
        enter(device, io)?;
        let done = call(raw::as_checked(device));
        leave(raw::leaving(device), done)
    })
}

/// Goes into a device whose channel goes on, with what moves its bytes.
#[inline(never)]
pub(super) unsafe fn enter(device: *mut lowkey_kk, io: *const lowkey_io) -> Result<(), Failure> {
    going(device)?;
    raw::as_checked(device).with(stream(raw::plain(io)?)?);
    mem::forget(raw::entered(device)); // until `leave`
    Ok(())
}

#[inline(never)]
pub(super) fn settle(machine: &mut Machine, done: Result<(), Failure>) -> Result<(), Failure> {
    machine.settle(done)
}

#[inline(never)]
pub(super) fn leave(mut machine: Entered<lowkey_kk>, done: Result<(), Failure>) -> Result<(), Failure> {
    settle(&mut machine, done)
}

/// A channel that goes on, to look at.
pub(super) unsafe fn look<'a>(device: *const lowkey_kk) -> Result<&'a Machine, Failure> {
    going(device)?;
    Ok(raw::as_checked(device.cast_mut()))
}

/// Whether it is a device whose channel goes on.
#[inline(never)]
unsafe fn going(device: *const lowkey_kk) -> Result<(), Failure> {
    raw::shared(device)?.alive()
}

/// In [`check`]: how many of the spans are written to; which are secrets, which one of them proves a peer key, and
/// which may be missing.
const WRITTEN: usize = 3;
const SECRETS: Range<usize> = 4..8;
const SHARED: usize = 7;
const PSK: usize = 6;
