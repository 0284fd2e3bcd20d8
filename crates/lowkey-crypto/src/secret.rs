//! Bytes that nobody can print, compare or copy by accident.

use core::fmt;
use core::hint::black_box;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// `N` secret bytes.
///
/// Holding one tells you that these bytes are wiped when it is dropped, that `{:?}` prints none of them, and
/// that every copy was asked for by name. It does not tell you that they are random, or that moving the
/// value left nothing behind: a move is a copy of bytes that Rust does not wipe.
#[repr(transparent)] // assembly reads it
pub struct Secret<const N: usize>([u8; N]);

impl<const N: usize> Secret<N> {
    /// Wraps `bytes`. The caller's own copy, if one remains, stays as it is; see [`take`](Self::take).
    #[must_use]
    pub const fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// Moves the bytes out of `from`, which is all zeros afterwards.
    #[must_use]
    pub fn take(from: &mut [u8; N]) -> Self {
        let secret = Self(*from);
        from.zeroize();
        secret
    }

    /// Secret bytes where they lie: in flash, for example. Nothing is copied, and nothing is wiped.
    #[must_use]
    #[allow(unsafe_code)]
    pub const fn of(bytes: &[u8; N]) -> &Self {
        // SAFETY: `Secret` is `repr(transparent)` over its bytes, and a reference drops nothing.
        unsafe { &*(&raw const *bytes).cast() }
    }

    /// `N` zero bytes, to be written through [`expose_mut`](Self::expose_mut).
    #[must_use]
    pub fn zeroed() -> Self {
        Self([0; N])
    }

    /// The bytes, to be read.
    #[must_use]
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }

    /// The bytes, to be written.
    pub fn expose_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }

    /// Makes zeros of the bytes, as dropping it does.
    #[inline(never)] // a call is smaller than the loop
    pub fn wipe(&mut self) {
        self.0.zeroize();
    }

    /// A second `Secret` of the same bytes: the one deliberate way to copy.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0)
    }

    /// Whether all bytes are zero, in a time that depends on `N` only.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.iter().fold(0, |any, byte| any | byte).ct_eq(&0).into()
    }

    /// Whether both hold the same bytes, in a time that depends on `N` only.
    #[must_use]
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Secret<32> {
    /// Whether nobody has written a secret here: all bits are zero, as in cleared memory, or all are one, as in erased
    /// flash. Only the answer can be told from the time that this takes.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        is_blank(&self.0)
    }
}

/// [`Secret::is_blank`] of bytes where they lie, which may be in flash.
#[must_use]
#[inline(never)] // once in the flash
pub fn is_blank(bytes: &[u8; 32]) -> bool {
    let signed = |byte: u8| i32::from(byte.cast_signed());
    let first = signed(bytes[0]) >> 7; // its first bit, 32 times: what all bits have to be like
    black_box(bytes.iter().fold(0, |differing, byte| differing | (signed(*byte) ^ first))) == 0
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
