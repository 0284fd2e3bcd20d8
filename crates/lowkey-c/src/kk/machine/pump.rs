//! What moves the bytes, if callbacks do.

use super::{Machine, Message, Now};
use crate::event::lowkey_event::{self, *};
use crate::raw::Failure;
use crate::status::lowkey_status::*;
use crate::stream::Stream;
use embedded_io::ErrorKind;
use lowkey_transport::Progress;

impl Machine {
    /// Moves bytes until something comes that C has to see. That something cannot be written now keeps nobody from
    /// reading: the peer may be in the same place.
    pub(in crate::kk) fn run(&mut self) -> Result<lowkey_event, Failure> {
        loop {
            self.write()?;
            match self.poll()? {
                LOWKEY_EVENT_READ => self.read()?,
                LOWKEY_EVENT_WRITE => {} // a PONG has come to be owed
                event => return Ok(event),
            }
        }
    }

    /// The same, and what waits in the outbox; until something is acknowledged as well.
    pub(in crate::kk) fn run_outbox(&mut self) -> Result<lowkey_event, Failure> {
        let waited = self.waits();
        loop {
            let Ok(outbox) = self.may_number() else {
                return Ok(LOWKEY_EVENT_READ); // the first ACK was not of what was sent from here
            };
            let has_more = match self.send_outbox(outbox) {
                Ok(()) => false,
                Err(failure) if failure == LOWKEY_WOULD_BLOCK.into() => true,
                Err(failure) => return Err(failure),
            };
            if self.write()? && has_more {
                continue;
            }
            match self.poll()? {
                LOWKEY_EVENT_WRITE => {}
                LOWKEY_EVENT_READ if self.has_more() => {} // the first ACK has come
                LOWKEY_EVENT_READ if self.waits() == waited => self.read()?,
                event => return Ok(event), // LOWKEY_EVENT_READ: some of it waits no more
            }
        }
    }

    /// Writes what the stream takes; whether it has taken all.
    fn write(&mut self) -> Result<bool, Failure> {
        match self.flush() {
            Err(failure) if failure.is_recoverable() => self.now.is_stuck = true,
            flushed => return flushed.map(|()| true),
        }
        Ok(false)
    }

    /// Reads what there is now.
    fn read(&mut self) -> Result<(), Failure> {
        let mut io = self.io.ok_or(LOWKEY_BUG)?;
        let space = self.space();
        if space.is_empty() {
            return Err(LOWKEY_WOULD_BLOCK.into()); // the frame there has its turn when our message has left
        }
        match io.read(space).map_err(of_stream)? {
            0 => self.hung_up(),
            n => self.filled(n),
        }
    }

    /// Writes until nothing is unsent.
    pub(in crate::kk) fn flush(&mut self) -> Result<(), Failure> {
        let mut io = self.io.ok_or(LOWKEY_BUG)?;
        loop {
            self.prepare()?;
            let unsent = self.unsent();
            if unsent.is_empty() {
                return Ok(());
            }
            let n = io.write(unsent).map_err(of_stream)?;
            self.sent(n)?;
        }
    }

    /// Ends our direction, then reads to the end of the peer's.
    pub(in crate::kk) fn finish(&mut self) -> Result<(), Failure> {
        self.close()?;
        while self.run()? != LOWKEY_EVENT_END {
            let _ = self.take(); // nobody wants it any more
        }
        self.flush()
    }

    /// Sends what is left of a message; `done` says how much of it has gone.
    pub(in crate::kk) fn send_message(&mut self, message: &[u8], done: &mut usize) -> Result<(), Failure> {
        if *done == 0 {
            self.may_begin()?;
        } else {
            self.goes()?;
            let Now { message: Message::Ending, progress, .. } = &self.now else {
                return Err(LOWKEY_LENGTH.into());
            };
            if *done != progress.done() || !progress.is_of(message) {
                return Err(LOWKEY_LENGTH.into());
            }
        }
        loop {
            let rest = message.get(*done..).unwrap_or_default();
            match self.fragment(rest, true) {
                Ok(n) if n == rest.len() => break,
                Ok(n) => {
                    *done = done.wrapping_add(n); // of the message
                    self.now.progress = Progress::new(message, *done, n);
                    self.now.message = Message::Ending;
                }
                Err(failure) if failure == LOWKEY_WOULD_BLOCK.into() => {}
                Err(failure) => return Err(failure),
            }
            self.flush()?;
        }
        *done = message.len();
        match self.flush() {
            Err(failure) if failure == LOWKEY_WOULD_BLOCK.into() => Ok(()), // it leaves with the next call
            flushed => flushed,
        }
    }

    /// The length of the message at the front of `message`, once it is whole; none after the peer's CLOSE.
    pub(in crate::kk) fn recv_message(&mut self, message: &mut [u8]) -> Result<Option<usize>, Failure> {
        self.opened()?;
        while self.run()? == LOWKEY_EVENT_DATA {
            if let Some(len) = self.assemble(message)? {
                return Ok(Some(len));
            }
        }
        Ok(None)
    }
}

/// A callback did not move anything.
fn of_stream(kind: ErrorKind) -> Failure {
    match kind {
        ErrorKind::TimedOut => LOWKEY_WOULD_BLOCK.into(),
        _ => LOWKEY_IO.into(),
    }
}
