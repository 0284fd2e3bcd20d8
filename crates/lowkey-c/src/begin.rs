//! Beginning a channel.

use crate::call::attempt;
use crate::channel::{buffers, id, pinning, psk};
use crate::link::Channel;
use crate::raw::{self, Entered, Memory, Vacant};
use crate::{
    lowkey_buffers, lowkey_channel, lowkey_ephemerals, lowkey_identity, lowkey_pinning, lowkey_psk,
    lowkey_status::{self, LOWKEY_LENGTH},
};
use core::ptr;
use lowkey_transport::Buffers;

/// Begins KK, or KKpsk0 if the pinning has a PSK, and makes the first message at once: this needs no network and
/// takes two multiplications. Ask lowkey_poll then.
///
/// What the pinning points to must stay until the handshake is over (see lowkey_pinning), the buffers as long as
/// the channel; `ephemerals` is used by this call only.
///
/// LOWKEY_ENTROPY, LOWKEY_EXHAUSTED: no ephemeral key could be made; the channel is wiped. LOWKEY_NULL,
/// LOWKEY_NOT_INITIALISED (the identity, the peer, the PSK or the ephemerals), LOWKEY_LENGTH (the id, a buffer or where it lies),
/// LOWKEY_BUFFER_TOO_SMALL, LOWKEY_OUT_OF_TURN: the channel is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_initiator(
    channel: *mut lowkey_channel,
    memory: *const lowkey_buffers,
    with: *const lowkey_pinning,
    ephemerals: *mut lowkey_ephemerals,
) -> lowkey_status {
    attempt(|| {
        let place = raw::vacant(channel)?;
        let (buffers, pinning) = (buffers(memory)?, pinning(with)?);
        raw::apart(channel, memory, with, ephemerals)?;
        let mut ephemerals = raw::enter(ephemerals)?;
        let mut channel = create(place, buffers);
        let begun = channel.initiate_kk(pinning, &mut ephemerals);
        channel.keep(begun)
    })
}

/// Begins a pairing: XX, or XXpsk0 with a PSK made from a pairing code. It makes the first message at once: this
/// needs no network and takes one multiplication. Ask lowkey_poll then.
///
/// `id` is the code's name, which everybody sees, 1 to 32 bytes; without a PSK it may have 0 bytes. `identity` and `pairing_psk` (or NULL)
/// must stay, unchanged, until LOWKEY_EVENT_CLAIM or a status that is not recoverable; `id` is copied. Without a
/// PSK whoever judges the key compares the whole lowkey_handshake_hash of both sides.
///
/// Statuses as lowkey_kk_initiator; LOWKEY_LENGTH also for a PSK without an id.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_xx_initiator(
    channel: *mut lowkey_channel,
    memory: *const lowkey_buffers,
    identity: *const lowkey_identity,
    pairing_psk: *const lowkey_psk,
    pairing_id: *const u8,
    id_len: usize,
    ephemerals: *mut lowkey_ephemerals,
) -> lowkey_status {
    attempt(|| {
        let place = raw::vacant(channel)?;
        let (buffers, ours) = (buffers(memory)?, raw::shared(identity)?);
        let (id, psk) = (id(pairing_id, id_len)?, psk(pairing_psk)?);
        let with = lowkey_pinning { identity, psk: pairing_psk, ..NOBODY };
        raw::apart(channel, memory, &with, ephemerals)?;
        let mut ephemerals = raw::enter(ephemerals)?;
        if psk.is_some() && id.is_none() {
            return Err(LOWKEY_LENGTH.into());
        }
        let mut channel = create(place, buffers);
        let begun = match psk.zip(id) {
            Some((psk, id)) => channel.initiate_xx_psk0(ours, id, psk, &mut ephemerals),
            None => channel.initiate_xx(ours, id, &mut ephemerals),
        };
        channel.keep(begun)
    })
}

/// Waits for an initiator. Ask lowkey_poll then: LOWKEY_EVENT_HELLO says that one has come.
///
/// LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_BUFFER_TOO_SMALL, LOWKEY_OUT_OF_TURN: the channel is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_responder(
    channel: *mut lowkey_channel,
    memory: *const lowkey_buffers,
) -> lowkey_status {
    attempt(|| {
        let place = raw::vacant(channel)?;
        let buffers = buffers(memory)?;
        raw::apart(channel, memory, &NOBODY, ptr::null())?;
        let mut channel = create(place, buffers);
        let begun = channel.respond();
        channel.keep(begun)
    })
}

/// What [`raw::apart`] has nothing to look at in.
const NOBODY: lowkey_pinning =
    lowkey_pinning { identity: ptr::null(), peer: ptr::null(), psk: ptr::null(), id: ptr::null(), id_len: 0 };

/// Makes a channel that has not begun, where it will stay. What is moved there lies in no frame beneath the
/// multiplications of a handshake.
#[inline(never)]
fn create(place: Vacant<lowkey_channel>, buffers: Buffers<Memory>) -> Entered<lowkey_channel> {
    place.fill(Channel::new(buffers))
}
