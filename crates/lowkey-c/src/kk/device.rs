//! The device object.

use super::machine::{Machine, Setup};
use super::size::LOWKEY_KK_WORDS;
use crate::begin::is_over;
use crate::buffers::lowkey_buffers;
use crate::call::attempt;
use crate::page::lowkey_page;
use crate::random::lowkey_random;
use crate::raw::callbacks::Random;
use crate::raw::{self, Failure, Object};
use crate::sizes::{LOWKEY_MAX_ID, LOWKEY_MIN_INCOMING, LOWKEY_MIN_OUTGOING};
use crate::status::lowkey_status::{
    self, LOWKEY_BLANK, LOWKEY_BUFFER_TOO_SMALL, LOWKEY_LENGTH, LOWKEY_NULL, LOWKEY_PEER_KEY,
};
use core::ffi::c_void;
use lowkey_core::kk::Pinned;
use lowkey_core::{PublicKey, Secret};

/// One device, and its channel. Make it with lowkey_kk_init.
#[repr(C)]
pub struct lowkey_kk {
    /// Not for you.
    pub opaque: [u64; LOWKEY_KK_WORDS],
}

impl Object for lowkey_kk {
    type Inner = Machine;
    const MAGIC: u32 = u32::from_le_bytes(*b"LKkk");
}

/// Makes a device of a key page and two buffers. No multiplication, and no network: lowkey_kk_begin connects.
///
/// The structures `page` and `buffers` are copied. The fields that `page` points to (all but the address and the
/// seed) must stay readable where they are, unchanged, as long as the device is used, and so must the buffers.
/// `boot` is a number that no boot of this device has had before, from lowkey_boot_log_next for example. `random` is
/// called for every attempt, with `context`, which must stay valid as long as the device is used; it may be NULL.
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
        let pinned = pinned(page)?;
        let id = raw::bytes(page.id, page.id_len)?;
        let random = Random { fill: random.ok_or(LOWKEY_NULL)?, context };
        let incoming = raw::kept(given.incoming, given.incoming_len)?;
        let outgoing = raw::kept(given.outgoing, given.outgoing_len)?;
        if id.is_empty() || id.len() > LOWKEY_MAX_ID {
            return Err(LOWKEY_LENGTH.into());
        }
        if given.incoming_len < LOWKEY_MIN_INCOMING || given.outgoing_len < LOWKEY_MIN_OUTGOING {
            return Err(LOWKEY_BUFFER_TOO_SMALL.into());
        }
        lie_apart(device, page, given)?;
        let room = u16::try_from(given.incoming_len).unwrap_or(u16::MAX);
        let max_frame =
            if given.max_frame == 0 { room } else { room.min(given.max_frame.max(super::MIN_MAX_FRAME)) };
        let max_message = if given.max_message == 0 { usize::MAX } else { given.max_message };
        let numbers = [boot.to_be_bytes(), [0; 8]];
        let setup = Setup { pinned, id, random, numbers, max_frame, max_message };
        storage.fill(Machine::new(setup, incoming, outgoing));
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
    attempt(|| raw::enter(device)?.begin())
}

/// Makes zeros of a device, whatever its storage holds; its buffers are yours again. Without a lowkey_kk_close that has
/// left, the peer sees a truncation.
///
/// LOWKEY_NULL, LOWKEY_OUT_OF_TURN: nothing was wiped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_wipe(device: *mut lowkey_kk) -> lowkey_status {
    attempt(|| raw::wipe(device))
}

/// The keys of a page, if they can be used.
unsafe fn pinned(page: &lowkey_page) -> Result<Pinned<'static>, Failure> {
    let secret = |bytes| Ok::<_, Failure>(Secret::of(raw::array(bytes)?));
    let pinned = Pinned {
        private: secret(page.private_key)?,
        public: PublicKey::of(raw::array(page.public_key)?),
        peer: PublicKey::of(raw::array(page.peer_key)?),
        shared: secret(page.shared)?,
        psk: raw::optional_array(page.psk).map(Secret::of),
        hedge: secret(page.hedge)?,
    };
    if pinned.private.is_blank() || pinned.hedge.is_blank() || pinned.psk.is_some_and(Secret::is_blank) {
        return Err(LOWKEY_BLANK.into());
    }
    if pinned.shared.is_blank() || pinned.is_ours() {
        return Err(LOWKEY_PEER_KEY.into());
    }
    Ok(pinned)
}

/// Refuses buffers that lie over each other, over the device, or over what stays in its place.
unsafe fn lie_apart(
    device: *const lowkey_kk,
    page: &lowkey_page,
    buffers: &lowkey_buffers,
) -> Result<(), Failure> {
    let keys = [page.private_key, page.public_key, page.peer_key, page.shared, page.hedge, page.psk];
    let others = [
        (device.addr(), size_of::<lowkey_kk>()),
        (page.id.addr(), page.id_len),
        (buffers.incoming.addr(), buffers.incoming_len),
    ];
    let [objects @ .., _incoming] = &others;
    let lies_over = |buffer: *const u8, len| keys.iter().any(|key| is_over(buffer, len, &[(key.addr(), 32)]));
    if is_over(buffers.incoming, buffers.incoming_len, objects)
        || is_over(buffers.outgoing, buffers.outgoing_len, &others)
        || lies_over(buffers.incoming, buffers.incoming_len)
        || lies_over(buffers.outgoing, buffers.outgoing_len)
    {
        return Err(LOWKEY_LENGTH.into());
    }
    Ok(())
}
