//! A stream of tokio's, as rust-mqtt takes one: small reads and writes are gathered.

use crate::dial::Wire;
use embedded_io_async::{ErrorType, Read, Write};
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufStream};

pub(super) struct Stream(BufStream<Box<dyn Wire>>);

impl Stream {
    pub(super) fn new(wire: Box<dyn Wire>) -> Self {
        Self(BufStream::new(wire))
    }
}

impl ErrorType for Stream {
    type Error = io::Error;
}

impl Read for Stream {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, io::Error> {
        self.0.read(buf).await
    }
}

impl Write for Stream {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, io::Error> {
        self.0.write(buf).await
    }

    async fn flush(&mut self) -> Result<(), io::Error> {
        self.0.flush().await
    }
}
