//! Moves bytes in both directions: it reads once while the stream takes nothing, if reads of this stream give up.

use super::{Channel, Holds};
use crate::error::Error;
use crate::error::set_aside;
use crate::limits::Buffer;
use crate::link::Link;
use core::task::Poll;
use embedded_io::{ErrorKind, Read, Write};

impl<'k, Io: Read + Write, B: Buffer, L: Holds<'k, B>> Channel<Io, B, L> {
    /// Repeats what sends until it is done. While the stream takes nothing it is read once, unless something waits to
    /// be received or the read might wait for ever: the peer may take nothing because we do not.
    pub(super) fn sends<T>(
        &mut self,
        mut call: impl FnMut(&mut Link<'k, B>) -> Result<Poll<T>, Error>,
    ) -> Result<T, Error> {
        loop {
            if let Poll::Ready(done) = call(self.link_mut())? {
                return Ok(done);
            }
            self.write_or_give_up()?;
        }
    }

    #[inline(never)] // every call that sends has it
    fn write_or_give_up(&mut self) -> Result<(), Error> {
        let written = self.write_once();
        if written == TIMED_OUT && self.read_gives_up && self.link_mut().receive()?.is_pending() {
            set_aside(self.read_once())?;
        }
        written
    }

    /// Repeats what receives until it is done. Before a wait for the peer everything leaves, as far as the stream takes
    /// it. That it takes nothing keeps nobody from reading: the peer may be in the same place.
    pub(super) fn receives<T>(
        &mut self,
        mut call: impl FnMut(&mut Link<'k, B>) -> Result<Poll<T>, Error>,
    ) -> Result<T, Error> {
        loop {
            match call(self.link_mut())? {
                Poll::Ready(done) => {
                    set_aside(self.write_out())?;
                    return Ok(done);
                }
                Poll::Pending => {
                    set_aside(self.hand_on())?; // a PONG may have come to be owed
                    self.read_once()?;
                }
            }
        }
    }

    /// What is unsent goes out, and the stream hands it on.
    pub(super) fn hand_on(&mut self) -> Result<(), Error> {
        self.write_out()?;
        if self.link_mut().is_unflushed() { self.write_once() } else { Ok(()) }
    }

    /// What is unsent goes out.
    #[inline(never)] // every call that receives has it
    pub(super) fn write_out(&mut self) -> Result<(), Error> {
        let mut tries = 2; // an interrupt says nothing of the stream: once more
        while !self.link_mut().unsent()?.is_empty() {
            match self.write_once() {
                Err(Error::Io(ErrorKind::Interrupted)) if tries > 1 => tries -= 1,
                written => written?,
            }
        }
        Ok(())
    }

    /// One write; a flush, if nothing is unsent.
    fn write_once(&mut self) -> Result<(), Error> {
        let Self { link, io, .. } = self;
        let link = link.get_mut();
        let unsent = link.unsent()?;
        if unsent.is_empty() {
            return link.on_flush(io.flush());
        }
        let write = io.write(unsent);
        link.on_write(write)
    }

    pub(super) fn read_once(&mut self) -> Result<(), Error> {
        let link = self.link.get_mut();
        let read = self.io.read(link.space());
        let given = link.on_read(read);
        self.read_gives_up |= given == TIMED_OUT;
        given
    }
}

/// Some of what is unsent, and a flush behind the last of it.
pub(super) fn pass_on<Io: Write, B: Buffer>(io: &mut Io, link: &mut Link<'_, B>) -> Result<(), Error> {
    let write = io.write(link.unsent()?);
    link.on_write(write)?;
    if link.unsent()?.is_empty() { link.on_flush(io.flush()) } else { Ok(()) }
}

pub(super) fn read<Io: Read, B: Buffer>(io: &mut Io, link: &mut Link<'_, B>) -> Result<(), Error> {
    let read = io.read(link.space());
    link.on_read(read)
}

const TIMED_OUT: Result<(), Error> = Err(Error::Io(ErrorKind::TimedOut));
