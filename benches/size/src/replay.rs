//! The peer, recorded: blobs in the page that xtask loads, and a stream that plays one of them.

use embedded_io::{ErrorKind, ErrorType, Read, Write};

/// Blobs one behind the other, each with its length before it (two bytes, big-endian).
pub struct Script<'s>(&'s [u8]);

impl<'s> Script<'s> {
    /// The script in this page.
    pub fn new(page: &'s [u8]) -> Self {
        Self(page)
    }

    /// The next blob; empty when there is none.
    pub fn blob(&mut self) -> &'s [u8] {
        let Some((len, rest)) = self.0.split_first_chunk() else { return &[] };
        let Some((blob, rest)) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len))) else {
            return &[];
        };
        self.0 = rest;
        blob
    }

    /// The next blob, which is a key.
    pub fn key(&mut self) -> [u8; 32] {
        self.blob().first_chunk().copied().unwrap_or_default()
    }
}

/// A stream that takes everything and gives what was recorded.
pub struct Replay<'s>(pub &'s [u8]);

impl ErrorType for Replay<'_> {
    type Error = ErrorKind;
}

impl Read for Replay<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, ErrorKind> {
        let n = out.len().min(self.0.len());
        let (front, rest) = self.0.split_at_checked(n).unwrap_or_default();
        out.iter_mut().zip(front).for_each(|(to, from)| *to = *from);
        self.0 = rest;
        Ok(n)
    }
}

impl Write for Replay<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}
