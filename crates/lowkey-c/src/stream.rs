//! What moves a channel's bytes, if the library asks for that.

use embedded_io::ErrorKind;

/// What the bytes of a channel go through; gives `TimedOut` for "not now".
pub(crate) trait Stream {
    /// 0 is the stream's end.
    fn read(&mut self, space: &mut [u8]) -> Result<usize, ErrorKind>;
    /// Never 0.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind>;
}
