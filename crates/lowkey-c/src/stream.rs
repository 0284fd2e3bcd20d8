//! What moves a channel's bytes, if the library asks for that.

use embedded_io::ErrorKind;

/// What a callback of a lowkey_io returns for "not now".
pub const LOWKEY_IO_WOULD_BLOCK: i32 = -1;

/// What the bytes of a channel go through; gives `TimedOut` for "not now".
pub(crate) trait Stream {
    /// 0 is the stream's end.
    fn read(&mut self, space: &mut [u8]) -> Result<usize, ErrorKind>;
    /// Never 0.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind>;
}
