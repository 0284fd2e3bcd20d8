//! Random numbers: from a callback, or stretched from a stored seed.

use crate::call::attempt;
use crate::keys::written;
use crate::raw::{self, Object, Zeros};
use crate::sizes::LOWKEY_SEED_WORDS;
use crate::status::lowkey_status::{self, LOWKEY_EXHAUSTED};
use core::ffi::c_void;
use lowkey_core::{Entropy, EntropyFailed, SeedEntropy};

/// A source of random bytes: fills `out` with `len` of them and returns 0, or returns anything else if it cannot.
///
/// It is called with the `context` that was given with it, inside the calls that make an ephemeral key, and must
/// not call a function on the objects of that call: that is LOWKEY_OUT_OF_TURN.
pub type lowkey_random = Option<unsafe extern "C" fn(context: *mut c_void, out: *mut u8, len: usize) -> i32>;

/// A random source for a part that has none: a stored seed, stretched. Make it with lowkey_seed_init.
#[repr(C)]
pub struct lowkey_seed {
    /// Not for you.
    pub opaque: [u64; LOWKEY_SEED_WORDS],
}

// SAFETY: made of bytes and of a number.
unsafe impl Zeros for lowkey_seed {}

impl Object for lowkey_seed {
    type Inner = SeedEntropy;
    const LETTER: u8 = b'r';
}

/// Makes a random source of a seed: 32 random bytes, stored when the device was provisioned, used for nothing
/// else. They are copied.
///
/// Its bytes are as secret as the seed, and the same again after every reset but for what was stirred in;
/// ephemeral keys made of them are new all the same, by their boot number. With nothing stirred in that an
/// attacker could not guess, whoever reads seed and hedge out of the device knows the keys of recorded
/// connections too.
///
/// LOWKEY_BLANK: the seed is all zeros or all ones. LOWKEY_LENGTH: its bytes lie in `seed`. LOWKEY_NULL,
/// LOWKEY_OUT_OF_TURN. After each of them the object is as it was.
/// cbindgen:ptrs-as-arrays=[[bytes;32]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_seed_init(seed: *mut lowkey_seed, bytes: *const u8) -> lowkey_status {
    attempt(|| {
        let storage = raw::vacant(seed)?;
        let bytes = written(&storage, bytes)?;
        storage.fill_zeros(|seed| seed.copy_from(bytes));
        Ok(())
    })
}

/// Adds `len` bytes of noise to a seed: times between interrupts, what an ADC reads. It cannot make it worse.
///
/// LOWKEY_NULL, LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED: the seed is as it was. `noise` may be NULL if `len` is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_seed_stir(
    seed: *mut lowkey_seed,
    noise: *const u8,
    len: usize,
) -> lowkey_status {
    attempt(|| {
        let (seed, noise) = (raw::exclusive(seed)?, raw::bytes(noise, len)?);
        seed.stir(noise);
        Ok(())
    })
}

/// The lowkey_random of a seed: give it to lowkey_ephemerals_init with the lowkey_seed as its context.
///
/// Fills `out` and returns 0, or returns a status and leaves `out` as it was: LOWKEY_NULL, LOWKEY_LENGTH,
/// LOWKEY_NOT_INITIALISED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_seed_random(seed: *mut c_void, out: *mut u8, len: usize) -> i32 {
    attempt(|| {
        let (seed, out) = (raw::exclusive(seed.cast::<lowkey_seed>())?, raw::bytes_mut(out, len)?);
        seed.fill(out).map_err(|EntropyFailed| LOWKEY_EXHAUSTED.into())
    }) as i32
}

/// Makes zeros of a seed, whatever its storage holds.
///
/// LOWKEY_NULL: nothing was wiped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_seed_wipe(seed: *mut lowkey_seed) -> lowkey_status {
    attempt(|| raw::wipe(seed))
}
