//! What a responder does with a hello, and what either side does with a key that it has not pinned.

use crate::call::{attempt, give};
use crate::channel::{lowkey_channel, lowkey_pinning, pinned, psk_or_none};
use crate::ephemerals::lowkey_ephemerals;
use crate::keys::{lowkey_identity, lowkey_psk};
use crate::raw;
use crate::sizes::LOWKEY_MAX_ID;
use crate::status::lowkey_status::{self, LOWKEY_LENGTH, LOWKEY_NOT_OPEN, LOWKEY_OUT_OF_TURN};
use lowkey_transport::{Mode, Refusal};

/// Which Noise pattern a connection uses.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lowkey_mode {
    /// KK: both static keys pinned.
    LOWKEY_KK = 1,
    /// KKpsk0: both static keys pinned, and a PSK.
    LOWKEY_KKPSK0 = 2,
    /// XX: pairing, judged by the application.
    LOWKEY_XX = 3,
    /// XXpsk0: pairing with a code.
    LOWKEY_XXPSK0 = 4,
}

/// Why a responder turns an initiator away.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lowkey_refusal {
    /// This mode is not offered now.
    LOWKEY_REFUSAL_MODE = 2,
    /// Too much to do now; never because of the id.
    LOWKEY_REFUSAL_BUSY = 3,
    /// Not this initiator.
    LOWKEY_REFUSAL_REFUSED = 4,
}

/// A refusal as C gives it: any number. In the header it is a lowkey_refusal.
pub type lowkey_any_refusal = i32;

/// What an initiator says before the handshake. Nobody has proven anything yet.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lowkey_hello {
    /// The mode asked for.
    pub mode: lowkey_mode,
    /// The id of the pinning or the name of the pairing code, then zeros.
    pub id: [u8; LOWKEY_MAX_ID],
    /// Its length in bytes; 0 only with LOWKEY_XX.
    pub id_len: usize,
}

/// Gives the hello that waits for an answer, after LOWKEY_EVENT_HELLO.
///
/// LOWKEY_OUT_OF_TURN: there is none, or it has been answered. LOWKEY_NULL, LOWKEY_NOT_INITIALISED; or what ended the
/// channel. `hello` is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_hello_read(
    channel: *const lowkey_channel,
    hello: *mut lowkey_hello,
) -> lowkey_status {
    give(|| {
        let (out, link) = (raw::out(hello)?, &raw::shared(channel)?.link);
        link.alive()?;
        let hello = link.hello().ok_or(LOWKEY_OUT_OF_TURN)?;
        let mode = match hello.mode {
            Mode::Kk => lowkey_mode::LOWKEY_KK,
            Mode::KkPsk0 => lowkey_mode::LOWKEY_KKPSK0,
            Mode::Xx => lowkey_mode::LOWKEY_XX,
            Mode::XxPsk0 => lowkey_mode::LOWKEY_XXPSK0,
        };
        let (mut id, named) = ([0; LOWKEY_MAX_ID], hello.id);
        let named = named.as_ref().map_or(&[][..], |id| id.as_bytes());
        id.iter_mut().zip(named).for_each(|(to, from)| *to = *from);
        Ok((out, lowkey_hello { mode, id, id_len: named.len() }))
    })
}

/// Answers a KK or KKpsk0 hello as this pinning says; takes three multiplications. The pinning is used by this call
/// only. Its id is not compared with the hello's: with several pinnings, choose by lowkey_hello_read, and refuse an id
/// that none of them has.
///
/// A hello of another mode than the pinning's, and a first message that does not open, are refused: this gives
/// LOWKEY_OK, lowkey_poll sends the refusal and then gives LOWKEY_HANDSHAKE.
///
/// LOWKEY_PARAMETERS, LOWKEY_ENTROPY, LOWKEY_EXHAUSTED: the channel is over. LOWKEY_OUT_OF_TURN: there is no hello to
/// answer. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_LENGTH: the hello still waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_answer_kk(
    channel: *mut lowkey_channel,
    pinning: *const lowkey_pinning,
    ephemerals: *mut lowkey_ephemerals,
) -> lowkey_status {
    attempt(|| {
        let mut channel = raw::enter(channel)?;
        let pinning = pinned(pinning)?;
        let mut ephemerals = raw::enter(ephemerals)?;
        Ok(channel.link.answer_kk(pinning, &mut ephemerals)?)
    })
}

/// Answers an XX hello, or with a PSK an XXpsk0 hello. `identity` and `pairing_psk` (or NULL) must stay, unchanged,
/// until LOWKEY_EVENT_CLAIM or a status that is not recoverable.
///
/// A hello of another mode, and a first message that does not open, are refused: this gives LOWKEY_OK, lowkey_poll
/// sends the refusal and then gives LOWKEY_HANDSHAKE.
///
/// Statuses as lowkey_answer_kk.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_answer_xx(
    channel: *mut lowkey_channel,
    identity: *const lowkey_identity,
    pairing_psk: *const lowkey_psk,
    ephemerals: *mut lowkey_ephemerals,
) -> lowkey_status {
    attempt(|| {
        let mut channel = raw::enter(channel)?;
        let (identity, psk) = (raw::shared(identity)?, psk_or_none(pairing_psk)?);
        let mut ephemerals = raw::enter(ephemerals)?;
        Ok(channel.link.answer_xx(identity, psk, &mut ephemerals)?)
    })
}

/// Turns a KK or KKpsk0 hello away after the same work as for one that is known: neither the answer nor its time
/// tells an unknown id from a wrong key. `decoy` holds a peer's key (and a PSK) drawn at random whose private half
/// nobody keeps; it is used by this call only. lowkey_poll sends the refusal and then gives LOWKEY_HANDSHAKE.
///
/// LOWKEY_OUT_OF_TURN: there is no hello to answer. LOWKEY_NULL, LOWKEY_NOT_INITIALISED, LOWKEY_LENGTH: the hello still
/// waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_turn_away(
    channel: *mut lowkey_channel,
    decoy: *const lowkey_pinning,
) -> lowkey_status {
    attempt(|| Ok(raw::exclusive(channel)?.link.turn_away(pinned(decoy)?)?))
}

/// Refuses the initiator: lowkey_poll sends that and then gives LOWKEY_DECLINED.
///
/// LOWKEY_OUT_OF_TURN: there is no hello to refuse. LOWKEY_LENGTH: there is no such refusal. LOWKEY_NULL,
/// LOWKEY_NOT_INITIALISED. The hello still waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_refuse(
    channel: *mut lowkey_channel,
    refusal: lowkey_any_refusal,
) -> lowkey_status {
    attempt(|| {
        let channel = raw::exclusive(channel)?;
        let known = [Refusal::MODE, Refusal::BUSY, Refusal::REFUSED];
        let refusal = known.into_iter().find(|known| i32::from(known.code()) == refusal);
        Ok(channel.link.refuse(refusal.ok_or(LOWKEY_LENGTH)?)?)
    })
}

/// Gives the peer's public key: in XX the one that it has proven, from LOWKEY_EVENT_CLAIM on, before anybody has
/// judged it; in KK the pinned one, once the peer has proven it.
///
/// LOWKEY_NOT_OPEN: it has proven none yet, or the initiator's confirmation is awaited. LOWKEY_NULL,
/// LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN; or what ended the channel. `key` is as it was.
/// cbindgen:ptrs-as-arrays=[[key;32]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_peer_key(channel: *const lowkey_channel, key: *mut u8) -> lowkey_status {
    give(|| {
        let (key, link) = (raw::out_array(key)?, &raw::shared(channel)?.link);
        link.alive()?;
        Ok((key, *link.proven_key().ok_or(LOWKEY_NOT_OPEN)?.as_bytes()))
    })
}

/// Says that the peer's key is welcome, after LOWKEY_EVENT_CLAIM; you have stored it. Who does not want it calls
/// lowkey_close instead.
///
/// LOWKEY_OUT_OF_TURN: there is no claim to accept now. LOWKEY_NULL, LOWKEY_NOT_INITIALISED; or what ended the channel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_accept(channel: *mut lowkey_channel) -> lowkey_status {
    attempt(|| Ok(raw::exclusive(channel)?.link.accept()?))
}
