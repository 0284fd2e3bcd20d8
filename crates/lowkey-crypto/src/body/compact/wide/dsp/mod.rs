//! In assembly, for Thumb-2 with the DSP extension.
//!
//! A multiplication is a few routines that keep everything in registers and hand elements on there; between them those
//! lie in the ladder's frame. UMAAL takes a product and two words to add, of which one is a carry, and leaves the flags
//! alone: a second carry runs through C beside it.
#![allow(unsafe_code)]

#[cfg(lowkey_testing)]
mod calls;
mod field;
mod ladder;

#[cfg(lowkey_testing)]
pub(crate) use calls::{butterfly, mul, square, square_of_one};

use crate::KEY_LEN;

/// `out = X25519(scalar, u)` for a clamped `scalar`, RFC 7748 §5.
pub(crate) fn multiply(out: &mut [u8; KEY_LEN], scalar: &[u8; KEY_LEN], u: &[u8; KEY_LEN]) {
    // SAFETY: three valid pointers to 32 bytes, of any alignment; the routine keeps to the AAPCS.
    unsafe { ladder::ladder(out, scalar, u) }
}
