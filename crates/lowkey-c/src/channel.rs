//! The channel object, and what it is made of.

use crate::call::attempt;
use crate::keys::{lowkey_identity, lowkey_peer, lowkey_psk};
use crate::link::Channel;
use crate::object_sizes::LOWKEY_CHANNEL_WORDS;
use crate::raw::{self, Failure, Object};
use crate::sizes::LOWKEY_MAX_ID;
use crate::status::lowkey_status::{self, LOWKEY_LENGTH};
use lowkey_core::{Id, Psk};
use lowkey_transport::Pinning;

/// One channel. Make it with lowkey_kk_initiator, lowkey_xx_initiator or lowkey_responder.
#[repr(C)]
pub struct lowkey_channel {
    /// Not for you.
    pub opaque: [u64; LOWKEY_CHANNEL_WORDS],
}

impl Object for lowkey_channel {
    type Inner = Channel;
    const LETTER: u8 = b'c';
}

/// What two sides have pinned of each other. The structure is copied; what it points to must stay where it is,
/// unchanged, until the handshake is over: until LOWKEY_EVENT_OPEN, or a status that is not recoverable.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lowkey_pinning {
    /// Who we are.
    pub identity: *const lowkey_identity,
    /// Whom we expect.
    pub peer: *const lowkey_peer,
    /// What we share: with one the mode is KKpsk0, with NULL it is KK, never the other.
    pub psk: *const lowkey_psk,
    /// The pinning's public name; it is copied.
    pub id: *const u8,
    /// Its length in bytes, 1 to 32.
    pub id_len: usize,
}

/// Makes zeros of a channel, whatever its storage holds; its buffers are yours again. Without a lowkey_close that
/// has left, the peer sees a truncation.
///
/// LOWKEY_NULL, LOWKEY_OUT_OF_TURN: nothing was wiped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_channel_wipe(channel: *mut lowkey_channel) -> lowkey_status {
    attempt(|| raw::wipe(channel))
}

/// The pinning that C has described.
pub(crate) unsafe fn pinned(given: *const lowkey_pinning) -> Result<Pinning<'static>, Failure> {
    is_pinned(given)?;
    found_pinning(given).ok_or(LOWKEY_LENGTH.into())
}

/// Whether there is what a pinning points to.
#[inline(never)]
pub(crate) unsafe fn is_pinned(given: *const lowkey_pinning) -> Result<(), Failure> {
    let given = raw::plain(given)?;
    raw::shared(given.identity)?;
    raw::shared(given.peer)?;
    if !given.psk.is_null() {
        raw::shared(given.psk)?;
    }
    raw::is_span(given.id, given.id_len)?;
    if (1..=LOWKEY_MAX_ID).contains(&given.id_len) { Ok(()) } else { Err(LOWKEY_LENGTH.into()) }
}

/// The pinning that [`is_pinned`] has seen in this call.
///
/// # Safety
/// It has; the header's rules, as long as the result exists.
#[inline(always)] // it is not moved
pub(crate) unsafe fn found_pinning(given: *const lowkey_pinning) -> Option<Pinning<'static>> {
    let given = raw::checked(given);
    Some(Pinning {
        id: Id::new(raw::found(given.id, given.id_len))?,
        identity: raw::found_object(given.identity),
        peer: raw::found_object(given.peer),
        psk: if given.psk.is_null() { None } else { Some(raw::found_object(given.psk)) },
    })
}

/// An id; none if its length is 0.
pub(crate) unsafe fn id(id: *const u8, len: usize) -> Result<Option<Id>, Failure> {
    match raw::bytes(id, len)? {
        [] => Ok(None),
        id => Id::new(id).map(Some).ok_or(LOWKEY_LENGTH.into()),
    }
}

/// A PSK; none if it is NULL.
pub(crate) unsafe fn psk_or_none(psk: *const lowkey_psk) -> Result<Option<&'static Psk>, Failure> {
    if psk.is_null() { Ok(None) } else { raw::shared(psk).map(Some) }
}
