//! The keys of one key page, which belong together, and what a handshake begins with.

use crate::call::{attempt, wiped};
use crate::channel::lowkey_pinning;
use crate::keys::{init_identity, init_peer, init_psk, lowkey_identity, lowkey_peer, lowkey_psk};
use crate::page::lowkey_page;
use crate::raw::{self, Failure};
use crate::sizes::LOWKEY_MAX_ID;
use crate::status::lowkey_status::{self, LOWKEY_LENGTH};
use core::ptr;

/// The keys of one key page, which belong together. Make them with lowkey_keys_init.
#[repr(C)]
pub struct lowkey_keys {
    /// Who we are.
    pub identity: lowkey_identity,
    /// Whom we expect.
    pub peer: lowkey_peer,
    /// What we share; not initialised if the page has no PSK.
    pub psk: lowkey_psk,
    /// What lowkey_kk_initiator and lowkey_answer_kk want. It points into these keys.
    pub pinning: lowkey_pinning,
    /// The pinning's public name.
    pub id: [u8; LOWKEY_MAX_ID],
}

/// Makes the keys of a key page, and their pinning: keys of two pages cannot be mixed up. Everything is copied.
///
/// In a page that you have filled in by yourself `public_key` and `shared` may be NULL: each that is takes a
/// multiplication.
///
/// LOWKEY_LENGTH: the id has not 1 to 32 bytes. LOWKEY_PEER_KEY: the peer's key is our own, or protects nothing.
/// LOWKEY_BLANK, LOWKEY_NULL. After each of them no key is left.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_keys_init(keys: *mut lowkey_keys, page: *const lowkey_page) -> lowkey_status {
    wiped(init_keys(keys, page))
}

#[inline(never)]
unsafe fn init_keys(keys: *mut lowkey_keys, page: *const lowkey_page) -> lowkey_status {
    attempt(|| {
        wipe(keys)?; // the PSK too, which this page may not have
        let made = fill(keys, page);
        if made.is_err() {
            wipe(keys)?;
        }
        made
    })
}

/// Makes zeros of keys, whatever their storage holds.
///
/// LOWKEY_NULL: nothing was wiped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_keys_wipe(keys: *mut lowkey_keys) -> lowkey_status {
    attempt(|| wipe(keys))
}

/// Keys that are there are aligned as the first of them is.
#[inline(never)]
unsafe fn wipe(keys: *mut lowkey_keys) -> Result<(), Failure> {
    raw::wipe(keys.cast::<lowkey_identity>())?;
    raw::wipe(&raw mut (*keys).peer)?;
    raw::wipe(&raw mut (*keys).psk)
}

/// Fills keys that were wiped.
unsafe fn fill(keys: *mut lowkey_keys, page: *const lowkey_page) -> Result<(), Failure> {
    let page = raw::plain(page)?;
    let (identity, peer) = (&raw mut (*keys).identity, &raw mut (*keys).peer);
    init_identity(identity, page.private_key, page.public_key)?;
    init_peer(peer, identity, page.peer_key, page.shared)?;
    let mut psk = ptr::null_mut();
    if !page.psk.is_null() {
        psk = &raw mut (*keys).psk;
        init_psk(psk, page.psk)?;
    }
    let (given, id) = (raw::bytes(page.id, page.id_len)?, (&raw mut (*keys).id).cast());
    if given.is_empty() || given.len() > LOWKEY_MAX_ID {
        return Err(LOWKEY_LENGTH.into());
    }
    raw::bytes_mut(id, given.len())?.iter_mut().zip(given).for_each(|(to, from)| *to = *from);
    let pinning = lowkey_pinning { identity, peer, psk, id, id_len: given.len() };
    raw::out(&raw mut (*keys).pinning)?.set(pinning);
    Ok(())
}
