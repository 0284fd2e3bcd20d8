//! A channel on transport's `Link`: the pump between it and what moves its bytes, which is C itself or a `Stream`.

use crate::event::lowkey_event::{self, *};
use crate::raw::{Failure, Kept};
use crate::status::lowkey_status::*;
use crate::stream::Stream;
use core::convert::Infallible;
use core::mem::take;
use core::task::Poll;
use lowkey_transport::{Buffers, Error, Link};

/// One channel. What needs no pump is asked of its link.
pub(crate) struct Channel {
    pub(crate) link: Link<'static, Kept>,
    /// LOWKEY_EVENT_OPEN has been given.
    pub(crate) has_opened: bool,
    /// The stream takes nothing of what is unsent: the next look is at what there is besides.
    pub(crate) is_stuck: bool,
}

impl Channel {
    /// A channel that has not begun. It begins where it lies: what is moved lies twice on the stack.
    pub(crate) fn new(buffers: Buffers<Kept>) -> Self {
        Self { link: Link::new(buffers), has_opened: false, is_stuck: false }
    }

    /// The link, once LOWKEY_EVENT_OPEN has been given.
    pub(crate) fn opened(&mut self) -> Result<&mut Link<'static, Kept>, Failure> {
        if self.has_opened {
            return Ok(&mut self.link);
        }
        self.link.unsent()?; // what ended it, if something has
        Err(LOWKEY_NOT_OPEN.into())
    }

    /// What is next. Only once does it look past what a stuck stream has not taken.
    pub(crate) fn poll(&mut self) -> Result<lowkey_event, Failure> {
        let is_stuck = take(&mut self.is_stuck);
        let event = if self.has_opened { self.link.receive()?.into() } else { self.link.step()?.into() };
        self.has_opened |= event == LOWKEY_EVENT_OPEN;
        let is_unsent = !self.link.unsent()?.is_empty(); // a PONG may have come to be owed
        Ok(match event {
            LOWKEY_EVENT_OPEN => event, // once
            _ if is_unsent && !is_stuck => LOWKEY_EVENT_WRITE,
            LOWKEY_EVENT_WRITE => LOWKEY_EVENT_READ,
            event => event,
        })
    }
}

/// With a stream.
impl Channel {
    /// Moves bytes until something comes that C has to see. That something cannot be written now keeps nobody from
    /// reading: the peer may be in the same place.
    pub(crate) fn run(&mut self, io: &mut impl Stream) -> Result<lowkey_event, Failure> {
        loop {
            self.is_stuck = self.flush(io).is_err(); // what ended the channel comes up again in `poll`
            match self.poll()? {
                LOWKEY_EVENT_READ => {
                    let space = self.link.space();
                    if space.is_empty() {
                        return Err(LOWKEY_WOULD_BLOCK.into()); // the frame there has its turn when our message has left
                    }
                    let n = io.read(space).map_err(|kind| self.link.fail(Error::Io(kind)))?;
                    self.link.on_read(Ok::<_, Infallible>(n))?;
                }
                LOWKEY_EVENT_WRITE => {} // a PONG has come to be owed
                event => return Ok(event),
            }
        }
    }

    /// Writes until nothing is unsent.
    pub(crate) fn flush(&mut self, io: &mut impl Stream) -> Result<(), Failure> {
        loop {
            let unsent = self.link.unsent()?;
            if unsent.is_empty() {
                return Ok(());
            }
            let n = io.write(unsent).map_err(|kind| self.link.fail(Error::Io(kind)))?;
            self.link.on_write(Ok::<_, Infallible>(n))?;
            self.is_stuck = false;
        }
    }

    /// Ends our direction, then reads to the end of the peer's.
    pub(crate) fn finish(&mut self, io: &mut impl Stream) -> Result<(), Failure> {
        self.link.close()?;
        while self.run(io)? != LOWKEY_EVENT_END {
            let _ = self.link.take(); // nobody wants it any more
        }
        self.flush(io)
    }

    /// Sends what is left of a message; `done` says how much of it has gone.
    pub(crate) fn send_message(
        &mut self,
        io: &mut impl Stream,
        message: &[u8],
        done: &mut usize,
    ) -> Result<(), Failure> {
        match self.link.may_begin() {
            Err(Error::Unfinished) if *done > 0 => {} // it has begun
            begins => begins?,
        }
        if *done != self.link.sent_of_rest() || self.link.is_outgoing(message) {
            return Err(LOWKEY_LENGTH.into());
        }
        while self.link.send_rest(message).map_err(of_another_message)?.is_pending() {
            *done = self.link.sent_of_rest();
            self.flush(io)?;
        }
        *done = message.len();
        match self.flush(io) {
            Err(failure) if failure == LOWKEY_WOULD_BLOCK.into() => Ok(()), // it leaves with the next call
            flushed => flushed,
        }
    }

    /// The length of the message at the front of `message`, once it is whole; none after the peer's CLOSE.
    pub(crate) fn recv_message(
        &mut self,
        io: &mut impl Stream,
        message: &mut [u8],
    ) -> Result<Option<usize>, Failure> {
        let link = self.opened()?;
        if link.is_incoming(message) || link.is_outgoing(message) {
            return Err(LOWKEY_LENGTH.into());
        }
        while self.run(io)? == LOWKEY_EVENT_DATA {
            if let Poll::Ready(received) = self.link.recv_message(message)? {
                return Ok(received);
            }
        }
        Ok(None)
    }
}

/// Another message than the one that has begun differs in its length, as far as C is concerned.
fn of_another_message(error: Error) -> Failure {
    match error.into() {
        failure if failure == LOWKEY_OUT_OF_TURN.into() => LOWKEY_LENGTH.into(),
        failure => failure,
    }
}
