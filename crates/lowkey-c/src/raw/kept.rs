//! Bytes of C's that an object goes on using after the call that gave them: its buffers, and what it points to.

use super::{Failure, Object, exclusive};
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

/// Another object of C's that one goes on using, or NULL.
pub(crate) struct Attached<O>(*mut O);

/// # Safety
/// It is NULL, or [`exclusive`] has found it in this call; the header's rules, for as long as the result exists.
pub(crate) unsafe fn attached<O: Object>(object: *mut O) -> Attached<O> {
    Attached(object)
}

impl<O: Object> Attached<O> {
    pub(crate) fn is_none(&self) -> bool {
        self.0.is_null()
    }

    /// What lies in it, unless it has been wiped. For one at a time: what is asked for again is used no more.
    pub(crate) fn get<'a>(&self) -> Result<&'a mut O::Inner, Failure> {
        // SAFETY: `attached`; its front is looked at. While a call is inside of its user, nothing else uses it.
        unsafe { exclusive(self.0) }
    }
}
