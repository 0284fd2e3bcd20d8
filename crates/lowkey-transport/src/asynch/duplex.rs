//! A stream of which one half is read and the other one written.

use embedded_io_async::{ErrorKind, ErrorType, Read, Write};

/// Two halves of one stream, used as one.
#[derive(Debug)]
pub struct Duplex<R, W> {
    /// The half that is read.
    pub reader: R,
    /// The half that is written.
    pub writer: W,
}

impl<R: ErrorType, W: ErrorType> ErrorType for Duplex<R, W> {
    type Error = ErrorKind;
}

impl<R: Read, W: ErrorType> Read for Duplex<R, W> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        self.reader.read(buf).await.map_err(|error| embedded_io::Error::kind(&error))
    }
}

impl<R: ErrorType, W: Write> Write for Duplex<R, W> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        self.writer.write(buf).await.map_err(|error| embedded_io::Error::kind(&error))
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.writer.flush().await.map_err(|error| embedded_io::Error::kind(&error))
    }
}
