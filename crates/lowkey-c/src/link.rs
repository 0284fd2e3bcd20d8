//! A channel on transport's `Link`: the one place that knows how it is driven.

use crate::event::lowkey_event::{self, *};
use crate::raw::callbacks::Random;
use crate::raw::{Failure, Kept};
use crate::status::lowkey_status::*;
use crate::stream::Stream;
use core::mem::take;
use core::task::Poll;
use embedded_io::ErrorKind;
use lowkey_core::{Ephemerals, Id, Identity, Psk, PublicKey};
use lowkey_transport::{Buffers, Error, Fragment, Hello, Link, Part, Pinning, Refusal, Step};

/// What a call on a channel gives.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// One channel.
pub(crate) struct Channel {
    link: Link<'static, Kept>,
    /// LOWKEY_EVENT_OPEN has been reported.
    is_open: bool,
    /// The stream takes nothing of what is unsent: the next look is at what there is besides.
    is_stuck: bool,
}

/// Beginning. A channel is begun where it lies: what is moved lies twice on the stack.
impl Channel {
    pub(crate) fn new(buffers: Buffers<Kept>) -> Self {
        Self { link: Link::new(buffers), is_open: false, is_stuck: false }
    }

    pub(crate) fn initiate_kk(
        &mut self,
        pinning: Pinning<'static>,
        ephemerals: &mut Ephemerals<Random>,
    ) -> Outcome<()> {
        Ok(self.link.initiate_kk(pinning, ephemerals)?)
    }

    pub(crate) fn initiate_xx(
        &mut self,
        identity: &'static Identity,
        id: Option<Id>,
        ephemerals: &mut Ephemerals<Random>,
    ) -> Outcome<()> {
        Ok(self.link.initiate_xx(identity, id, ephemerals)?)
    }

    pub(crate) fn initiate_xx_psk0(
        &mut self,
        identity: &'static Identity,
        id: Id,
        psk: &'static Psk,
        ephemerals: &mut Ephemerals<Random>,
    ) -> Outcome<()> {
        Ok(self.link.initiate_xx_psk0(identity, id, psk, ephemerals)?)
    }

    pub(crate) fn respond(&mut self) -> Outcome<()> {
        Ok(self.link.respond()?)
    }
}

/// Answering.
impl Channel {
    pub(crate) fn hello(&self) -> Outcome<Hello> {
        self.link.alive()?;
        self.link.hello().ok_or(LOWKEY_OUT_OF_TURN.into())
    }

    pub(crate) fn answer_kk(
        &mut self,
        pinning: Pinning<'_>,
        ephemerals: &mut Ephemerals<Random>,
    ) -> Outcome<()> {
        Ok(self.link.answer_kk(pinning, ephemerals)?)
    }

    pub(crate) fn answer_xx(
        &mut self,
        identity: &'static Identity,
        psk: Option<&'static Psk>,
        ephemerals: &mut Ephemerals<Random>,
    ) -> Outcome<()> {
        Ok(self.link.answer_xx(identity, psk, ephemerals)?)
    }

    pub(crate) fn turn_away(&mut self, decoy: Pinning<'_>) -> Outcome<()> {
        Ok(self.link.turn_away(decoy)?)
    }

    pub(crate) fn refuse(&mut self, refusal: Refusal) -> Outcome<()> {
        Ok(self.link.refuse(refusal)?)
    }

    pub(crate) fn accept(&mut self) -> Outcome<()> {
        Ok(self.link.accept()?)
    }
}

/// What can be asked.
impl Channel {
    pub(crate) fn peer_key(&self) -> Outcome<PublicKey> {
        self.link.alive()?;
        self.link.proven_key().ok_or(LOWKEY_NOT_OPEN.into())
    }

    pub(crate) fn handshake_hash(&self) -> Outcome<[u8; 32]> {
        self.link.alive()?;
        self.link.handshake_hash().ok_or(LOWKEY_NOT_OPEN.into())
    }

    pub(crate) fn max_data(&self) -> Outcome<usize> {
        self.link.alive()?;
        if self.is_open { Ok(self.link.max_data()) } else { Err(LOWKEY_NOT_OPEN.into()) }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.is_open && self.link.is_open()
    }

    pub(crate) fn awaits_pong(&self) -> bool {
        self.link.awaits_pong()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.link.is_closed()
    }
}

/// Moving bytes.
impl Channel {
    pub(crate) fn poll(&mut self) -> Outcome<lowkey_event> {
        let is_stuck = take(&mut self.is_stuck); // once: then the stream may take something again
        if !self.is_open {
            return Ok(match self.link.step()? {
                Step::Write if is_stuck => LOWKEY_EVENT_READ,
                Step::Write => LOWKEY_EVENT_WRITE,
                Step::Read => LOWKEY_EVENT_READ,
                Step::Hello => LOWKEY_EVENT_HELLO,
                Step::Claim => LOWKEY_EVENT_CLAIM,
                Step::Done => {
                    self.is_open = true;
                    LOWKEY_EVENT_OPEN
                }
            });
        }
        let received = self.link.receive()?; // a PONG may come to be owed here
        Ok(match received {
            _ if !is_stuck && !self.link.unsent()?.is_empty() => LOWKEY_EVENT_WRITE,
            Poll::Pending => LOWKEY_EVENT_READ,
            Poll::Ready(Some(_)) => LOWKEY_EVENT_DATA,
            Poll::Ready(None) => LOWKEY_EVENT_END,
        })
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Outcome<usize> {
        if self.link.is_incoming(bytes) {
            return Err(LOWKEY_LENGTH.into());
        }
        let mut taken = 0_usize;
        loop {
            let space = self.space()?;
            let rest = bytes.get(taken..).unwrap_or_default();
            space.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            let n = space.len().min(rest.len());
            if n == 0 {
                return Ok(taken);
            }
            self.link.on_read(Ok::<_, ErrorKind>(n))?;
            taken = taken.saturating_add(n);
        }
    }

    pub(crate) fn feed_end(&mut self) -> Outcome<()> {
        Ok(self.link.on_read(Ok::<_, ErrorKind>(0))?)
    }

    pub(crate) fn space(&mut self) -> Outcome<&mut [u8]> {
        self.link.alive()?;
        Ok(self.link.space())
    }

    pub(crate) fn filled(&mut self, n: usize) -> Outcome<()> {
        match n {
            0 => self.space().map(|_| ()),
            n if n > self.space()?.len() => Err(LOWKEY_LENGTH.into()),
            n => Ok(self.link.on_read(Ok::<_, ErrorKind>(n))?),
        }
    }

    pub(crate) fn unsent(&mut self) -> Outcome<&[u8]> {
        Ok(self.link.unsent()?)
    }

    pub(crate) fn sent(&mut self, n: usize) -> Outcome<()> {
        let unsent = self.link.unsent()?.len();
        if n > unsent {
            return Err(LOWKEY_LENGTH.into());
        }
        self.is_stuck = n == 0 && unsent > 0;
        if n == 0 {
            return Ok(());
        }
        Ok(self.link.on_write(Ok::<_, ErrorKind>(n))?)
    }
}

/// Records.
impl Channel {
    pub(crate) fn take(&mut self) -> Outcome<Fragment<'_>> {
        if !self.is_open {
            return Err(self.not_open());
        }
        self.link.receive().map(drop)?;
        self.link.take().ok_or(LOWKEY_OUT_OF_TURN.into())
    }

    pub(crate) fn send(&mut self, message: &[u8]) -> Outcome<()> {
        self.is_elsewhere(message)?;
        done(self.link.send(message)?)
    }

    pub(crate) fn send_part(&mut self, bytes: &[u8], part: Part) -> Outcome<usize> {
        self.is_elsewhere(bytes)?;
        done(self.link.send_part(bytes, part)?)
    }

    pub(crate) fn ping(&mut self, body: &[u8]) -> Outcome<()> {
        self.is_elsewhere(body)?;
        done(self.link.ping(body)?)
    }

    pub(crate) fn close(&mut self) -> Outcome<()> {
        Ok(self.link.close()?)
    }

    /// What is sent, or received, is not in the buffer that is sent from.
    fn is_elsewhere(&self, bytes: &[u8]) -> Outcome<()> {
        if self.link.is_outgoing(bytes) { Err(LOWKEY_LENGTH.into()) } else { Ok(()) }
    }

    /// What ended the channel, if something has.
    fn not_open(&mut self) -> Failure {
        self.link.alive().map_or_else(Failure::from, |()| LOWKEY_NOT_OPEN.into())
    }
}

/// With a stream.
impl Channel {
    /// Until something comes that the application has to see.
    pub(crate) fn run(&mut self, io: &mut impl Stream) -> Outcome<lowkey_event> {
        loop {
            // What cannot be written now does not keep us from reading: the peer may be in the same place.
            let writing = self.flush(io);
            self.is_stuck = writing.is_err(); // another failure ends the channel, and the next line says so
            match self.poll()? {
                LOWKEY_EVENT_READ => self.read(io)?,
                LOWKEY_EVENT_WRITE => {} // a PONG has come to be owed
                event => return Ok(event),
            }
        }
    }

    pub(crate) fn flush(&mut self, io: &mut impl Stream) -> Outcome<()> {
        loop {
            let unsent = self.link.unsent()?;
            if unsent.is_empty() {
                return Ok(());
            }
            let write = io.write(unsent);
            self.link.on_write(write)?;
        }
    }

    /// Ends our direction, then reads to the end of the peer's.
    pub(crate) fn finish(&mut self, io: &mut impl Stream) -> Outcome<()> {
        self.close()?;
        while self.run(io)? != LOWKEY_EVENT_END {
            let _thrown_away = self.link.take();
        }
        self.flush(io)
    }

    /// Sends the rest of a message, of which `done` bytes have gone, and says how much has gone now.
    pub(crate) fn send_message(
        &mut self,
        io: &mut impl Stream,
        message: &[u8],
        done: &mut usize,
    ) -> Outcome<()> {
        self.link.alive()?;
        self.is_elsewhere(message)?;
        if *done == 0 {
            self.link.may_begin()?;
        }
        if *done != self.link.sent_of_rest() {
            return Err(LOWKEY_LENGTH.into());
        }
        while self.send_rest(message)?.is_pending() {
            *done = self.link.sent_of_rest();
            self.flush(io)?;
        }
        *done = message.len();
        match self.flush(io) {
            // It is accepted; the rest goes with the next call.
            Err(failure) if failure == LOWKEY_WOULD_BLOCK.into() => Ok(()),
            flushed => flushed,
        }
    }

    fn send_rest(&mut self, message: &[u8]) -> Outcome<Poll<()>> {
        self.link.send_rest(message).map_err(|error| match error {
            Error::OutOfTurn => LOWKEY_LENGTH.into(), // another message than before
            error => error.into(),
        })
    }

    /// The length of the message at the front of `message`, once it is whole; none after the peer's CLOSE.
    pub(crate) fn recv_message(
        &mut self,
        io: &mut impl Stream,
        message: &mut [u8],
    ) -> Outcome<Option<usize>> {
        if !self.is_open {
            return Err(self.not_open());
        }
        if self.link.is_incoming(message) {
            return Err(LOWKEY_LENGTH.into());
        }
        self.is_elsewhere(message)?;
        loop {
            match self.run(io)? {
                LOWKEY_EVENT_DATA => {
                    if let Poll::Ready(received) = self.link.recv_message(message)? {
                        return Ok(received);
                    }
                }
                _ => return Ok(None),
            }
        }
    }

    fn read(&mut self, io: &mut impl Stream) -> Outcome<()> {
        let space = self.link.space();
        if space.is_empty() {
            return Err(LOWKEY_WOULD_BLOCK.into()); // the frame there has its turn when our message has left
        }
        let read = io.read(space);
        Ok(self.link.on_read(read)?)
    }
}

/// What could not be sent because something is unsent can be later.
fn done<T>(sent: Poll<T>) -> Outcome<T> {
    match sent {
        Poll::Ready(done) => Ok(done),
        Poll::Pending => Err(LOWKEY_WOULD_BLOCK.into()),
    }
}
