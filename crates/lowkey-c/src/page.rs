//! The key page, read where it lies.

use crate::call::give;
use crate::raw::{self, Failure};
use crate::status::lowkey_status;
use core::ffi::c_char;
use core::ptr;
use lowkey_core::page::Fields;
use lowkey_core::published::{is_published, is_published_psk};
use lowkey_core::{PublicKey, Secret};

/// Where the fields of a key page lie: pointers into the flash that was given to lowkey_page_read. Every key is
/// 32 bytes long, and all but `public_key` and `peer_key` are secret.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lowkey_page {
    /// The pinning's id.
    pub id: *const u8,
    /// Its length in bytes, 1 to 32.
    pub id_len: usize,
    /// The peer's address as text, not zero-terminated.
    pub address: *const c_char,
    /// Its length in bytes, 0 to 64.
    pub address_len: usize,
    /// Our private key, for lowkey_identity_init.
    pub private_key: *const u8,
    /// Our public key, for lowkey_identity_init.
    pub public_key: *const u8,
    /// The peer's public key, for lowkey_peer_init.
    pub peer_key: *const u8,
    /// The Diffie-Hellman of both static keys, for lowkey_peer_init.
    pub shared: *const u8,
    /// For lowkey_ephemerals_init.
    pub hedge: *const u8,
    /// For lowkey_seed_init, on a part without a random number generator.
    pub seed: *const u8,
    /// For lowkey_psk_init; NULL if the pinning has none.
    pub psk: *const u8,
}

/// Checks the key page at the front of `flash`, at least LOWKEY_PAGE_LEN bytes, and says where its fields lie.
/// Nothing is copied: the pointers are valid as long as the flash does not change.
///
/// LOWKEY_PAGE_TOO_SHORT, LOWKEY_PAGE_BLANK, LOWKEY_PAGE_MISSING, LOWKEY_PAGE_VERSION, LOWKEY_PAGE_DAMAGED,
/// LOWKEY_PAGE_MALFORMED, LOWKEY_NULL, LOWKEY_LENGTH: `page` is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_page_read(
    page: *mut lowkey_page,
    flash: *const u8,
    len: usize,
) -> lowkey_status {
    give(|| {
        let (page, fields) = (raw::out(page)?, Fields::read(raw::bytes(flash, len)?)?);
        let found = lowkey_page {
            id: fields.id.as_ptr(),
            id_len: fields.id.len(),
            address: fields.address.as_ptr().cast(),
            address_len: fields.address.len(),
            private_key: fields.private_key.as_ptr(),
            public_key: fields.public_key.as_ptr(),
            peer_key: fields.peer.as_ptr(),
            shared: fields.shared.as_ptr(),
            hedge: fields.hedge.as_ptr(),
            seed: fields.seed.as_ptr(),
            psk: fields.psk.map_or(ptr::null(), |psk| psk.as_ptr()),
        };
        Ok((page, found))
    })
}

/// Whether a key of the page, the device's, the peer's or the PSK, is printed in the documentation of Lowkey, so that
/// everybody has it: a page that somebody has copied from there, for a try. A device that has one should do nothing at
/// all. lowkey_page_read does not ask: the list takes flash. Of NULL, or of a page without public keys, true.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_page_is_published(page: *const lowkey_page) -> bool {
    look(page).unwrap_or(true)
}

unsafe fn look(page: *const lowkey_page) -> Result<bool, Failure> {
    let page = raw::plain(page)?;
    let (public_key, peer) = (raw::array(page.public_key)?, raw::array(page.peer_key)?);
    let is_public = is_published(PublicKey::of(public_key)) || is_published(PublicKey::of(peer));
    let psk = raw::optional_array(page.psk);
    Ok(is_public || psk.is_some_and(|psk| is_published_psk(Secret::of(psk))))
}
