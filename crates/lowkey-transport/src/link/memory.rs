//! Whether bytes that a driver is given lie in the link's own memory.
//!
//! In Rust they cannot, unless a driver has made its memory and those bytes of pointers, as the C library does.

use super::Link;
use crate::limits::Buffer;

impl<B: Buffer> Link<'_, B> {
    /// Where frames come in.
    pub fn incoming_memory(&self) -> &[u8] {
        self.incoming.inlet.memory()
    }

    /// Where records are sealed.
    pub fn outgoing_memory(&self) -> &[u8] {
        self.outgoing.outlet.memory()
    }

    /// Whether some of these bytes lie where frames come in.
    pub fn is_incoming(&self, bytes: &[u8]) -> bool {
        overlap(self.incoming.inlet.memory(), bytes)
    }

    /// Whether some of these bytes lie where records are sealed.
    pub fn is_outgoing(&self, bytes: &[u8]) -> bool {
        overlap(self.outgoing.outlet.memory(), bytes)
    }
}

fn overlap(one: &[u8], other: &[u8]) -> bool {
    let (one, other) = (one.as_ptr_range(), other.as_ptr_range());
    one.start < other.end && other.start < one.end
}
