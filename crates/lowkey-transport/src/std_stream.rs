//! Streams of the standard library, a `TcpStream` for example, as a channel takes them.

use embedded_io::{ErrorKind, ErrorType, Read, Write};
use std::io;

/// A stream of `std::io`, for the blocking channel.
///
/// A call that gave up may be repeated: on Linux a read or a write that came to its time-out, and a socket that does
/// not block, say `WouldBlock`. The adapters of `embedded-io` make that `Other`, which ends a channel; here it is
/// `TimedOut`. So on a socket that does not block [`recv`](crate::blocking::Channel::recv) is `try_recv`. A handshake
/// is over after any error: play it on a socket that blocks, with time-outs of some seconds.
#[derive(Debug)]
pub struct StdStream<S>(pub S);

impl<S> ErrorType for StdStream<S> {
    type Error = ErrorKind;
}

impl<S: io::Read> Read for StdStream<S> {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        self.0.read(buf).map_err(|error| kind(&error))
    }
}

impl<S: io::Write> Write for StdStream<S> {
    fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        self.0.write(buf).map_err(|error| kind(&error))
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.0.flush().map_err(|error| kind(&error))
    }
}

fn kind(error: &io::Error) -> ErrorKind {
    match error.kind() {
        io::ErrorKind::WouldBlock => ErrorKind::TimedOut,
        kind => kind.into(),
    }
}
