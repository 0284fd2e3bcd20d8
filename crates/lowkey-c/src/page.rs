//! The key page, read where it lies.

use crate::call::give;
use crate::raw;
use crate::status::lowkey_status;
use core::ffi::c_char;
use core::ptr;
use lowkey_core::page::Fields;

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
