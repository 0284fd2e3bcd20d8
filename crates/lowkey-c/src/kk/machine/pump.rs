//! What moves the bytes, if callbacks do.

use super::Machine;
use crate::event::lowkey_event::{self, *};
use crate::kk::message::Message;
use crate::raw::Failure;
use crate::status::lowkey_status::*;
use crate::stream::Stream;
use embedded_io::ErrorKind;
use lowkey_transport::Progress;

impl Machine {
    /// Moves bytes until something comes that C has to see. That something cannot be written now keeps nobody from
    /// reading: the peer may be in the same place.
    pub(in crate::kk) fn run(&mut self, io: &mut impl Stream) -> Result<lowkey_event, Failure> {
        loop {
            self.is_stuck = self.flush(io).is_err(); // what ended the connection comes up again in `poll`
            match self.poll()? {
                LOWKEY_EVENT_READ => {
                    let space = self.incoming.space();
                    if space.is_empty() {
                        return Err(LOWKEY_WOULD_BLOCK.into()); // the frame there has its turn when our message has left
                    }
                    match io.read(space) {
                        Ok(0) => self.hung_up()?,
                        Ok(n) => self.filled(n)?,
                        Err(kind) => return self.failed(kind),
                    }
                }
                LOWKEY_EVENT_WRITE => {} // a PONG has come to be owed
                event => return Ok(event),
            }
        }
    }

    /// Writes until nothing is unsent.
    pub(in crate::kk) fn flush(&mut self, io: &mut impl Stream) -> Result<(), Failure> {
        loop {
            let unsent = self.unsent()?;
            if unsent.is_empty() {
                return Ok(());
            }
            match io.write(unsent) {
                Ok(n) => self.sent(n)?,
                Err(kind) => return self.failed(kind),
            }
        }
    }

    /// Ends our direction, then reads to the end of the peer's.
    pub(in crate::kk) fn finish(&mut self, io: &mut impl Stream) -> Result<(), Failure> {
        self.close()?;
        while self.run(io)? != LOWKEY_EVENT_END {
            let _ = self.incoming.take(); // nobody wants it any more
        }
        self.flush(io)
    }

    /// Sends what is left of a message; `done` says how much of it has gone.
    pub(in crate::kk) fn send_message(
        &mut self,
        io: &mut impl Stream,
        message: &[u8],
        done: &mut usize,
    ) -> Result<(), Failure> {
        self.goes()?;
        if *done == 0 && self.outgoing.message.has_begun() {
            return Err(LOWKEY_UNFINISHED.into());
        }
        if *done != self.outgoing.message.done() {
            return Err(LOWKEY_LENGTH.into());
        }
        loop {
            let rest = match &self.outgoing.message {
                Message::Ending(progress) => progress.rest_of(message).map_err(|_| LOWKEY_LENGTH)?,
                _ => message,
            };
            match self.fragment(rest, true) {
                Ok(n) if n == rest.len() => break,
                Ok(n) => {
                    *done = message.len().saturating_sub(rest.len()).saturating_add(n);
                    self.outgoing.message = Message::Ending(Progress::new(message, *done, n));
                }
                Err(failure) if failure == LOWKEY_WOULD_BLOCK.into() => {}
                Err(failure) => return Err(failure),
            }
            self.flush(io)?;
        }
        *done = message.len();
        match self.flush(io) {
            Err(failure) if failure == LOWKEY_WOULD_BLOCK.into() => Ok(()), // it leaves with the next call
            flushed => flushed,
        }
    }

    /// The length of the message at the front of `message`, once it is whole; none after the peer's CLOSE.
    pub(in crate::kk) fn recv_message(
        &mut self,
        io: &mut impl Stream,
        message: &mut [u8],
    ) -> Result<Option<usize>, Failure> {
        while self.run(io)? == LOWKEY_EVENT_DATA {
            if let Some(len) = self.incoming.assemble(message)? {
                return Ok(Some(len));
            }
        }
        Ok(None)
    }

    /// A callback did not move anything.
    fn failed<T>(&mut self, kind: ErrorKind) -> Result<T, Failure> {
        match kind {
            ErrorKind::TimedOut => Err(LOWKEY_WOULD_BLOCK.into()),
            _ => self.end(LOWKEY_IO.into()),
        }
    }
}
