//! Arithmetic modulo p = 2^255 − 19 for X25519 (RFC 7748 §5), on 256-bit numbers.

pub(crate) mod plain;
#[cfg(lowkey_thumb2)]
pub(crate) mod thumb2;

/// An element of the field: any 256-bit number stands for its residue modulo p. Little-endian words.
///
/// *Reduced* means below 2^255 + 2^242, which what multiplies gives and what adds wants.
pub(crate) type Element = [u32; 8];
