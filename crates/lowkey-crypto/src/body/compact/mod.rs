//! The compact body: small, and constant-time on cores whose long multiplies and divisions are not.
//!
//! For Cortex-M3 and M0. Secrets meet sums, shifts, logic and the 32×32→32-bit MUL and MLA, which take the same time
//! whatever their operands; every product fits 32 bits, so that no compiler has a reason for a longer one. Where a
//! primitive has a folder, `plain` is the algorithm in Rust for every core and `thumb2` the same one in assembly; the
//! tests hold them to each other, limb for limb. `wide` is X25519 for cores whose long multiplies take one time as
//! well.

/// What the assembler has to hear about the core, and an image says of it. The name of an Armv8-M target does not say
/// that it has the extension; a target feature would, but not where a crate's assembly is looked through before it is
/// linked with the others'.
#[cfg(lowkey_dsp = "armv8-m")]
macro_rules! the_core {
    () => {
        ".cpu cortex-m33\n.eabi_attribute Tag_DSP_extension, 1\n"
    };
}
#[cfg(all(lowkey_dsp, not(lowkey_dsp = "armv8-m")))]
macro_rules! the_core {
    () => {
        ""
    };
}

pub(crate) mod aead;
mod blake2s;
pub(crate) mod chacha20;
pub(crate) mod field;
pub(crate) mod poly1305;
pub(crate) mod wide;
pub(crate) mod x25519;

/// [`crate::wipe_dead_stack`] behind the twins in Rust. Those in assembly wipe their own.
#[inline(always)]
fn wipe_dead_stack<const WORDS: usize>() {
    if !cfg!(lowkey_thumb2) {
        crate::dead::wipe_dead_stack::<WORDS>();
    }
}

pub(crate) use aead::AeadKey;
pub(crate) use blake2s::Blake2s;
pub(crate) use x25519::PrivateKey;
