//! Numbered messages: what a device sends until it is acknowledged, and what it acknowledges.

use super::device::{channel, enter, leave, look, lowkey_kk, settle};
use super::machine::{Machine, Numbered, attach, lowkey_outbox};
use crate::apart::lies_apart;
use crate::call::{attempt, give};
use crate::event::lowkey_event;
use crate::io::lowkey_io;
use crate::page::lowkey_page;
use crate::raw::{self, Kept};
use crate::status::lowkey_status::{self, LOWKEY_EXHAUSTED, LOWKEY_FULL, LOWKEY_LENGTH, LOWKEY_TOO_LONG};
use lowkey_core::numbered::{DIGEST_LEN, NoRoom, RunId, message_digest};
use lowkey_core::{PublicKey, Secret};

/// Bytes of a run.
pub const LOWKEY_RUN_LEN: usize = 8;
/// Bytes of what lowkey_message_digest gives.
pub const LOWKEY_DIGEST_LEN: usize = 8;

/// Makes an empty outbox in `memory`, which belongs to it as long as it is used. Each message takes 10 bytes beside its
/// own.
///
/// `run` names what its numbers are of: it begins anew with the log that counts the starts, and with other keys
/// (lowkey_page_run). `boot` is the number of this start, from lowkey_boot_log_next: numbers are made of it and of a
/// count, so that none comes twice.
///
/// LOWKEY_LENGTH: `boot` has more than 32 bits, or the memory lies over the outbox. LOWKEY_NULL, LOWKEY_OUT_OF_TURN.
/// After each of them the outbox is as it was.
/// cbindgen:ptrs-as-arrays=[[run;8]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_outbox_init(
    outbox: *mut lowkey_outbox,
    memory: *mut u8,
    len: usize,
    run: *const u8,
    boot: u64,
) -> lowkey_status {
    make(outbox, (memory, len), run, boot, Numbered::set_up)
}

/// An outbox, set up in one of the ways.
#[inline(always)]
unsafe fn make(
    outbox: *mut lowkey_outbox,
    (memory, len): (*mut u8, usize),
    run: *const u8,
    boot: u64,
    set_up: impl FnOnce(&mut Numbered, Kept, [u8; LOWKEY_RUN_LEN], u32),
) -> lowkey_status {
    attempt(|| {
        let storage = raw::vacant(outbox)?;
        let (run, boot) = (*raw::array(run)?, u32::try_from(boot).map_err(|_| LOWKEY_LENGTH)?);
        lies_apart(memory, len, &[(storage.start(), size_of::<lowkey_outbox>())])?;
        storage.fill_zeros(|numbered| set_up(numbered, raw::kept(memory, len), run, boot));
        Ok(())
    })
}

/// Makes an outbox of what is in `kept` of this run: RAM that a reset leaves as it is. What waits there is sent
/// under the numbers that it has got in earlier starts, and what is pushed from now on behind it. `boot` is the
/// number of this start, as of lowkey_outbox_init. Wherever a reset cuts a call that changes the memory, the change
/// was made or was not. After a power cut, and with another run, the outbox is empty.
///
/// The memory may hold any bytes, also such as nobody has written. It lies in a section that neither the start-up
/// code nor a boot loader clears, and not behind a data cache that writes back. Each message takes 18 bytes beside
/// its own, and all of them 64.
///
/// Statuses as lowkey_outbox_init.
/// cbindgen:ptrs-as-arrays=[[run;8]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_outbox_resume(
    outbox: *mut lowkey_outbox,
    kept: *mut u8,
    len: usize,
    run: *const u8,
    boot: u64,
) -> lowkey_status {
    make(outbox, (kept, len), run, boot, Numbered::resume)
}

/// Makes zeros of an outbox, whatever its storage holds; its memory is yours again. What waits in it is given up.
///
/// LOWKEY_NULL: nothing was wiped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_outbox_wipe(outbox: *mut lowkey_outbox) -> lowkey_status {
    attempt(|| raw::wipe(outbox))
}

/// Takes a message and numbers it; it is copied. At no time does it wait: while the outbox is full it says so, and the
/// channel has to be read, which is where acknowledgements come in. `message` may be NULL if `len` is 0.
///
/// LOWKEY_FULL: there is no room until something is acknowledged. LOWKEY_TOO_LONG: it does not fit into the memory, or
/// is longer than 65,535 bytes. LOWKEY_EXHAUSTED: 2^32 - 1 messages have been numbered since this start. LOWKEY_LENGTH:
/// it lies in the memory. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN. Nothing was taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_outbox_push(
    outbox: *mut lowkey_outbox,
    message: *const u8,
    len: usize,
) -> lowkey_status {
    attempt(|| {
        let Numbered { queue, last, .. } = raw::exclusive(outbox)?;
        raw::lie_outside(queue.memory().bytes(), message, len)?;
        let number = last.wrapping_add(1);
        if number as u32 == 0 {
            return Err(LOWKEY_EXHAUSTED.into());
        }
        queue.push(number, raw::found(message, len)).map_err(|no_room| match no_room {
            NoRoom::Now => LOWKEY_FULL,
            NoRoom::Ever => LOWKEY_TOO_LONG,
        })?;
        *last = number;
        Ok(())
    })
}

/// Gives how many bytes a message may have now.
///
/// LOWKEY_FULL: not even an empty one has room. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: `len` is as it
/// was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_outbox_room(outbox: *const lowkey_outbox, len: *mut usize) -> lowkey_status {
    give(|| {
        let (len, Numbered { queue, .. }) = (raw::out(len)?, raw::shared(outbox)?);
        Ok((len, queue.room().ok_or(LOWKEY_FULL)?))
    })
}

/// Gives the number of the message that was pushed last; its lower 32 bits are 0 if none was since this start.
///
/// LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: `number` is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_outbox_last(outbox: *const lowkey_outbox, number: *mut u64) -> lowkey_status {
    give(|| Ok((raw::out(number)?, raw::shared(outbox)?.last)))
}

/// Whether everything that was pushed has been acknowledged. False for what is not an outbox.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_outbox_is_empty(outbox: *const lowkey_outbox) -> bool {
    raw::shared(outbox).is_ok_and(|numbered| numbered.queue.is_empty())
}

/// Has a device acknowledge what its peer numbers, from the next lowkey_kk_begin on: for an application that stores
/// what comes, with its number. See lowkey_kk_open_acks.
///
/// LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: nothing was done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_outbox_acknowledge(outbox: *mut lowkey_outbox) -> lowkey_status {
    attempt(|| {
        raw::exclusive(outbox)?.receive();
        Ok(())
    })
}

/// Gives the run of a device whose hedge secret was made with its boot log, as on a key page: who erases the log makes
/// a new page as well.
///
/// LOWKEY_NULL: `run` is as it was.
/// cbindgen:ptrs-as-arrays=[[run;8]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_page_run(page: *const lowkey_page, run: *mut u8) -> lowkey_status {
    give(|| {
        let (run, page) = (raw::out_array::<LOWKEY_RUN_LEN>(run)?, raw::plain(page)?);
        let (hedge, public_key) = (raw::array(page.hedge)?, raw::array(page.public_key)?);
        let made = RunId::of_hedge(Secret::of(hedge), PublicKey::of(public_key));
        Ok((run, *made.as_bytes()))
    })
}

/// Gives what a numbered message was, in 8 bytes: to be stored with the last number that came, for lowkey_kk_open_acks.
///
/// LOWKEY_NULL, LOWKEY_LENGTH: `digest` is as it was.
/// cbindgen:ptrs-as-arrays=[[digest;8]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_message_digest(
    number: u64,
    message: *const u8,
    len: usize,
    digest: *mut u8,
) -> lowkey_status {
    give(|| {
        let (digest, message) = (raw::out_array::<DIGEST_LEN>(digest)?, raw::bytes(message, len)?);
        Ok((digest, message_digest(number, [message, &[]])))
    })
}

/// Has a device send what is pushed to an outbox, from the next lowkey_kk_begin on; an open channel goes on without
/// numbers. The outbox stays where it is, and is used by no other device, until another takes its place, NULL for none,
/// or the device is wiped.
///
/// LOWKEY_LENGTH: its memory lies over the device or over one of its buffers. LOWKEY_NULL,
/// LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: nothing was done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_set_outbox(
    device: *mut lowkey_kk,
    outbox: *mut lowkey_outbox,
) -> lowkey_status {
    attempt(|| {
        let machine = raw::exclusive(device)?;
        if !outbox.is_null() {
            let numbered = raw::exclusive(outbox)?;
            numbered.rest();
            let memory = numbered.queue.memory().bytes();
            let (incoming, outgoing) = (&machine.setup.incoming, &machine.setup.outgoing);
            let others = [
                (device.cast_const().cast(), size_of::<lowkey_kk>()),
                (incoming.as_ptr(), incoming.len()),
                (outgoing.as_ptr(), outgoing.len()),
            ];
            lies_apart(memory.as_ptr(), memory.len(), &others)?;
        }
        attach(machine, raw::attached(outbox));
        Ok(())
    })
}

/// Seals the next of what waits in the outbox, once the peer's first acknowledgement has come: LOWKEY_WOULD_BLOCK, as
/// something is unsent then. Write that, and repeat the call; LOWKEY_OK: there is nothing to send now. Call it whenever
/// bytes have come or could be sent. What is acknowledged leaves the outbox where it comes in, in lowkey_kk_poll and
/// all that reads.
///
/// LOWKEY_NOT_ACKNOWLEDGED: this peer does not acknowledge; lowkey_kk_send is what is left. LOWKEY_WENT_BACK.
/// LOWKEY_UNFINISHED, LOWKEY_CLOSED, LOWKEY_NOT_OPEN, LOWKEY_NULL (also without an outbox), LOWKEY_NOT_INITIALISED,
/// LOWKEY_OUT_OF_TURN: nothing was sent. A status that is not recoverable: the channel is over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_send_outbox(device: *mut lowkey_kk) -> lowkey_status {
    attempt(|| {
        look(device)?;
        let machine = raw::as_checked(device);
        let outbox = machine.may_number()?; // the channel goes on
        let done = machine.send_outbox(outbox);
        settle(machine, done)
    })
}

/// As lowkey_kk_run, and sends what waits in the outbox. LOWKEY_EVENT_READ says that something was acknowledged.
///
/// Statuses as lowkey_kk_run and lowkey_kk_send_outbox; after LOWKEY_NOT_ACKNOWLEDGED and LOWKEY_WENT_BACK
/// lowkey_kk_run goes on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_run_outbox(
    device: *mut lowkey_kk,
    io: *const lowkey_io,
    event: *mut lowkey_event,
) -> lowkey_status {
    attempt(|| {
        let event = raw::out(event)?;
        look(device)?.may_number()?; // the channel goes on
        enter(device, io)?;
        let ran = raw::as_checked(device).run_outbox();
        leave(raw::leaving(device), ran.map(|said| event.set(said)))
    })
}

/// Gives the run of which the peer numbers its messages.
///
/// LOWKEY_NOT_ACKNOWLEDGED: it numbers none, or lowkey_outbox_acknowledge was not called. LOWKEY_NOT_OPEN, LOWKEY_NULL,
/// LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the channel. `run` is as it was.
/// cbindgen:ptrs-as-arrays=[[run;8]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_peer_run(device: *const lowkey_kk, run: *mut u8) -> lowkey_status {
    give(|| {
        let (run, machine) = (raw::out_array::<LOWKEY_RUN_LEN>(run)?, look(device)?);
        Ok((run, machine.peer_run()?))
    })
}

/// Says what we have of the peer's run, lowkey_kk_peer_run: the number of the last message that is stored, and its
/// lowkey_message_digest; 0 and zeros if there is none. Once for each channel, after LOWKEY_EVENT_OPEN: before it the
/// peer sends nothing numbered.
///
/// LOWKEY_WOULD_BLOCK: something is unsent, write that first. LOWKEY_OUT_OF_TURN: it was said, or the peer numbers
/// nothing. LOWKEY_CLOSED, LOWKEY_NOT_OPEN, LOWKEY_NULL, LOWKEY_NOT_INITIALISED: nothing was said. LOWKEY_EXHAUSTED, or
/// what ended the channel: it is over.
/// cbindgen:ptrs-as-arrays=[[digest;8]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_open_acks(
    device: *mut lowkey_kk,
    number: u64,
    digest: *const u8,
) -> lowkey_status {
    channel(device, |machine| machine.open_acks(number, *raw::array(digest)?))
}

/// Gives the number of the message whose end waits, or was received last and nothing after it.
///
/// LOWKEY_OUT_OF_TURN: it has none. LOWKEY_NOT_OPEN, LOWKEY_NULL, LOWKEY_NOT_INITIALISED; or what ended the channel.
/// `number` is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_number(device: *const lowkey_kk, number: *mut u64) -> lowkey_status {
    give(|| Ok((raw::out(number)?, look(device)?.number()?)))
}

/// Acknowledges every message up to this number: they are stored, and the peer forgets them. Call it before anything
/// else is sent, lowkey_kk_close too.
///
/// LOWKEY_WOULD_BLOCK: something is unsent, write that first. LOWKEY_OUT_OF_TURN: no message of this number has come,
/// or lowkey_kk_open_acks has not said its. LOWKEY_CLOSED, LOWKEY_NOT_OPEN, LOWKEY_NULL, LOWKEY_NOT_INITIALISED:
/// nothing was said. LOWKEY_EXHAUSTED, or what ended the channel: it is over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_acknowledge(device: *mut lowkey_kk, number: u64) -> lowkey_status {
    channel(device, |machine: &mut Machine| machine.acknowledge(number))
}
