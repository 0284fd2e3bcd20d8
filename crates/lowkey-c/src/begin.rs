//! Beginning a channel.

use crate::apart::lies_apart;
use crate::buffers::{kept, lowkey_buffers};
use crate::call::attempt;
use crate::channel::{found_pinning, id, is_pinned, lowkey_channel, lowkey_pinning, psk_or_none};
use crate::ephemerals::lowkey_ephemerals;
use crate::errors::told;
use crate::keys::{lowkey_identity, lowkey_peer, lowkey_psk};
use crate::link::Channel;
use crate::raw::{self, Entered, Failure, Vacant};
use crate::status::lowkey_status::{self, LOWKEY_LENGTH};
use core::ptr;

/// Begins KK, or KKpsk0 if the pinning has a PSK, and makes the first message at once: this needs no network and
/// takes two multiplications. Then ask lowkey_poll.
///
/// What the pinning points to must stay until the handshake is over (see lowkey_pinning), the buffers as long as
/// the channel; `ephemerals` is used by this call only.
///
/// LOWKEY_ENTROPY, LOWKEY_EXHAUSTED: no ephemeral key could be made; the channel is wiped. LOWKEY_NULL,
/// LOWKEY_NOT_INITIALISED (the identity, the peer, the PSK or the ephemerals), LOWKEY_LENGTH (of the id; of a buffer,
/// or where it lies), LOWKEY_BUFFER_TOO_SMALL, LOWKEY_OUT_OF_TURN: the channel is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_kk_initiator(
    channel: *mut lowkey_channel,
    buffers: *const lowkey_buffers,
    pinning: *const lowkey_pinning,
    ephemerals: *mut lowkey_ephemerals,
) -> lowkey_status {
    attempt(|| {
        let storage = raw::vacant(channel)?;
        is_pinned(pinning)?;
        let at = ephemerals;
        let mut ephemerals = raw::enter(ephemerals)?;
        // No `?` from here on: the ephemerals are left in one place.
        create(storage, buffers, pinning, at).and_then(|mut channel| {
            let begun = match found_pinning(pinning) {
                Some(pinning) => told(channel.link.initiate_kk(pinning, &mut ephemerals)),
                None => Err(LOWKEY_LENGTH.into()),
            };
            channel.keep(begun)
        })
    })
}

/// Begins a pairing: XX, or XXpsk0 with a PSK made from a pairing code. It makes the first message at once: this
/// needs no network and takes one multiplication. Then ask lowkey_poll.
///
/// `pairing_id` is the code's name, which everybody sees, 1 to 32 bytes; without a PSK it may have 0 bytes. It is
/// copied. `identity` and `pairing_psk` (or NULL) must stay, unchanged, until LOWKEY_EVENT_CLAIM or a status that is
/// not recoverable. Without a PSK whoever judges the key compares the whole lowkey_handshake_hash of both sides.
///
/// Statuses as lowkey_kk_initiator; LOWKEY_LENGTH also for a PSK without an id.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_xx_initiator(
    channel: *mut lowkey_channel,
    buffers: *const lowkey_buffers,
    identity: *const lowkey_identity,
    pairing_psk: *const lowkey_psk,
    pairing_id: *const u8,
    id_len: usize,
    ephemerals: *mut lowkey_ephemerals,
) -> lowkey_status {
    attempt(|| {
        let storage = raw::vacant(channel)?;
        let (ours, at) = (raw::shared(identity)?, ephemerals);
        let (id, psk) = (id(pairing_id, id_len)?, psk_or_none(pairing_psk)?);
        let pairing = lowkey_pinning { identity, psk: pairing_psk, ..NOBODY };
        let mut ephemerals = raw::enter(ephemerals)?;
        if psk.is_some() && id.is_none() {
            return Err(LOWKEY_LENGTH.into());
        }
        let mut channel = create(storage, buffers, &pairing, at)?;
        let begun = match psk.zip(id) {
            Some((psk, id)) => channel.link.initiate_xx_psk0(ours, id, psk, &mut ephemerals),
            None => channel.link.initiate_xx(ours, id, &mut ephemerals),
        };
        channel.keep(told(begun))
    })
}

/// Waits for an initiator. Then ask lowkey_poll: LOWKEY_EVENT_HELLO says that one has come.
///
/// LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_BUFFER_TOO_SMALL, LOWKEY_OUT_OF_TURN: the channel is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_responder(
    channel: *mut lowkey_channel,
    buffers: *const lowkey_buffers,
) -> lowkey_status {
    attempt(|| {
        let storage = raw::vacant(channel)?;
        let mut channel = create(storage, buffers, &NOBODY, ptr::null())?;
        let begun = channel.link.respond();
        channel.keep(told(begun))
    })
}

/// Makes a channel that has not begun, where it will stay. What is moved there lies in no frame beneath the
/// multiplications of a handshake.
///
/// # Safety
/// [`pinned`] has seen the pinning, unless it is ours.
#[inline(never)]
pub(crate) unsafe fn create(
    storage: Vacant<lowkey_channel>,
    buffers: *const lowkey_buffers,
    pinning: *const lowkey_pinning,
    ephemerals: *const lowkey_ephemerals,
) -> Result<Entered<lowkey_channel>, Failure> {
    let (buffers, pinning) = (raw::plain(buffers)?, raw::checked(pinning));
    let others: [(*const u8, usize); 6] = [
        (storage.start(), size_of::<lowkey_channel>()),
        (pinning.identity.cast(), size_of::<lowkey_identity>()),
        (pinning.peer.cast(), size_of::<lowkey_peer>()),
        (pinning.psk.cast(), size_of::<lowkey_psk>()),
        (ephemerals.cast(), size_of::<lowkey_ephemerals>()),
        (buffers.incoming.cast_const(), buffers.incoming_len),
    ];
    let [objects @ .., _incoming] = &others;
    lies_apart(buffers.incoming, buffers.incoming_len, objects)?;
    lies_apart(buffers.outgoing, buffers.outgoing_len, &others)?;
    let kept = kept(buffers)?;
    Ok(storage.fill_inside(|| Channel::new(kept)))
}

/// For [`create`], when a channel is begun without a pinning.
pub(crate) const NOBODY: lowkey_pinning =
    lowkey_pinning { identity: ptr::null(), peer: ptr::null(), psk: ptr::null(), id: ptr::null(), id_len: 0 };
