//! Bytes of C's that an object goes on using after the call that gave them: its buffers, and what it points to.

use core::ops::{Deref, DerefMut};
use core::slice;

/// A buffer of C's that a channel keeps.
pub(crate) struct Kept {
    bytes: *mut u8,
    len: usize,
}

/// # Safety
/// [`bytes()`](super::bytes) has found it in this call; the header's rules, for as long as the result exists.
pub(crate) unsafe fn kept(bytes: *mut u8, len: usize) -> Kept {
    Kept { bytes, len }
}

impl Deref for Kept {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `kept` has checked it; the header's rules.
        unsafe { slice::from_raw_parts(self.bytes, self.len) }
    }
}

impl DerefMut for Kept {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`; only one channel has it.
        unsafe { slice::from_raw_parts_mut(self.bytes, self.len) }
    }
}

/// Bytes of C's that are only read, for as long as an object is used: an id, for example.
pub(crate) struct Lasting {
    bytes: *const u8,
    len: usize,
}

/// # Safety
/// [`bytes()`](super::bytes) has found them; the header's rules, for as long as the result exists.
pub(crate) unsafe fn lasting(bytes: *const u8, len: usize) -> Lasting {
    Lasting { bytes, len }
}

impl Deref for Lasting {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `bytes` has found them; the header's rules.
        unsafe { slice::from_raw_parts(self.bytes, self.len) }
    }
}

/// The same of 32 bytes: a key.
pub(crate) struct LastingKey(*const [u8; 32]);

/// # Safety
/// [`array()`](super::array) has found it; the header's rules, for as long as the result exists.
pub(crate) unsafe fn lasting_key(bytes: *const u8) -> LastingKey {
    LastingKey(bytes.cast())
}

impl LastingKey {
    /// None if it is NULL.
    pub(crate) fn get(&self) -> Option<&[u8; 32]> {
        // SAFETY: `array` has found it, or it is NULL; an array of bytes is aligned everywhere; the header's rules.
        unsafe { self.0.as_ref() }
    }
}

impl Deref for LastingKey {
    type Target = [u8; 32];

    fn deref(&self) -> &[u8; 32] {
        // SAFETY: `array` has found it; an array of bytes is aligned everywhere; the header's rules.
        unsafe { &*self.0 }
    }
}
