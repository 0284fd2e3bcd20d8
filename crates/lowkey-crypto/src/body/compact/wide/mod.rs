//! X25519 for cores that multiply 32×32→64 bits, and add two words to that, in one cycle whatever the operands: UMAAL
//! of the DSP extension, on a Cortex-M4, and on a Cortex-M33 that has it.
//!
//! An element is any 256-bit number, as in [`super::field`], but *reduced* means another thing: below 2^255 + 2^11.
//! Products and squares are reduced exactly, at bit 255, so that two of them have a sum that is over 2^256 by less than
//! 2^12, if at all: what is left of it takes 38 more in its lowest word.
//!
//! `dsp` is in assembly, and `plain` the same in Rust, for tests: the results are equal word for word.

#[cfg(lowkey_dsp)]
pub(crate) mod dsp;
#[cfg(any(test, lowkey_testing))]
pub(crate) mod plain;
