//! The ephemeral keys of one boot, for all channels.

use crate::call::attempt;
use crate::keys::written;
use crate::object_sizes::LOWKEY_EPHEMERALS_WORDS;
use crate::random::lowkey_random;
use crate::raw::callbacks::Random;
use crate::raw::{self, Object, Zeros};
use crate::status::lowkey_status::{self, LOWKEY_NULL};
use core::ffi::c_void;
use lowkey_core::Ephemerals;

/// Makes the ephemeral keys of one boot, for all channels. Make it with lowkey_ephemerals_init.
#[repr(C)]
pub struct lowkey_ephemerals {
    /// Not for you.
    pub opaque: [u64; LOWKEY_EPHEMERALS_WORDS],
}

// SAFETY: made of bytes, of a pointer, and of a function's that may be none.
unsafe impl Zeros for lowkey_ephemerals {}

impl Object for lowkey_ephemerals {
    type Inner = Ephemerals<Random>;
    const LETTER: u8 = b'e';
}

/// Begins a boot: every ephemeral key made from now on is new, even if the random source is stuck.
///
/// `hedge` is 32 random bytes made and stored with the private key, and used for nothing else; they are copied.
/// `boot` is a number that no call of this function on the device has had before, from lowkey_boot_log_next for
/// example: attempts are counted within it, so an object made again in the same boot needs another.
/// `random` is called for every handshake, with `context`, which must stay valid as long as `ephemerals` is used.
///
/// LOWKEY_BLANK: the hedge secret is all zeros or all ones. LOWKEY_LENGTH: it lies in `ephemerals`. LOWKEY_NULL (also a
/// NULL `random`), LOWKEY_OUT_OF_TURN. After each of them the object is as it was. `context` may be NULL.
/// cbindgen:ptrs-as-arrays=[[hedge;32]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_ephemerals_init(
    ephemerals: *mut lowkey_ephemerals,
    hedge: *const u8,
    boot: u64,
    random: lowkey_random,
    context: *mut c_void,
) -> lowkey_status {
    attempt(|| {
        let storage = raw::vacant(ephemerals)?;
        let hedge = written(&storage, hedge)?;
        if random.is_none() {
            return Err(LOWKEY_NULL.into());
        }
        storage.fill_zeros(|ephemerals| ephemerals.copy_from(Random { fill: random, context }, hedge, boot));
        Ok(())
    })
}

/// Makes zeros of the object, whatever its storage holds.
///
/// LOWKEY_NULL, LOWKEY_OUT_OF_TURN: nothing was wiped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_ephemerals_wipe(ephemerals: *mut lowkey_ephemerals) -> lowkey_status {
    attempt(|| raw::wipe(ephemerals))
}
