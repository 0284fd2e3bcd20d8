//! Walking a message from its front: what was taken is gone, and too little is an error.

/// Copies as much of `from` to the front of `to` as fits; returns how many bytes. For device code: `copy_from_slice`
/// would link a panic.
pub fn fill(to: &mut [u8], from: &[u8]) -> usize {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    to.len().min(from.len())
}

/// The part of a message that is still to be written or read.
pub(crate) struct Cursor<'m>(&'m mut [u8]);

impl<'m> Cursor<'m> {
    pub(crate) fn new(message: &'m mut [u8]) -> Self {
        Self(message)
    }

    /// The next `n` bytes; `None` if there are fewer, and then the message is over.
    pub(crate) fn take(&mut self, n: usize) -> Option<&'m mut [u8]> {
        let (front, rest) = core::mem::take(&mut self.0).split_at_mut_checked(n)?;
        self.0 = rest;
        Some(front)
    }

    /// The next `N` bytes as an array.
    pub(crate) fn take_array<const N: usize>(&mut self) -> Option<&'m mut [u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// How many bytes are left.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// All that is left.
    pub(crate) fn rest(self) -> &'m mut [u8] {
        self.0
    }
}
