//! A channel on transport's `Link`: the one place that knows how it is driven.

use crate::event::lowkey_event::{self, *};
use crate::raw::callbacks::Random;
use crate::raw::{Failure, Kept};
use crate::status::lowkey_status::*;
use crate::stream::Stream;
use core::mem::take;
use lowkey_core::{Ephemerals, Id, Identity, Psk, PublicKey};
use lowkey_transport::{
    Buffers, Error, Fragment, Hello, Link, Part, Pinning, Progress, Receive, Refusal, Step,
};

/// What a call on a channel gives.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// One channel.
pub(crate) struct Channel {
    link: Link<'static, Kept>,
    /// LOWKEY_EVENT_OPEN has been reported.
    is_open: bool,
    /// How far lowkey_send_message has come.
    progress: Progress,
    /// The stream takes nothing of what is unsent: the next look is at what there is besides.
    is_stuck: bool,
}

/// Beginning. A channel is begun where it lies: what is moved lies twice on the stack.
impl Channel {
    pub(crate) fn new(buffers: Buffers<Kept>) -> Self {
        Self { link: Link::new(buffers), is_open: false, progress: Progress::default(), is_stuck: false }
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
        Some(*self.link.handshake_hash()).filter(|hash| *hash != [0; 32]).ok_or(LOWKEY_NOT_OPEN.into())
    }

    pub(crate) fn max_data(&self) -> Outcome<usize> {
        self.link.alive()?;
        if self.is_open { Ok(self.link.max_data()) } else { Err(LOWKEY_NOT_OPEN.into()) }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.is_open && !self.link.has_closed() && self.link.sealed().is_some()
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
            Receive::Read => LOWKEY_EVENT_READ,
            Receive::Fragment(_) => LOWKEY_EVENT_DATA,
            Receive::End => LOWKEY_EVENT_END,
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
            self.link.filled(n)?;
            taken = taken.saturating_add(n);
        }
    }

    pub(crate) fn feed_end(&mut self) -> Outcome<()> {
        Ok(self.link.filled(0)?)
    }

    pub(crate) fn space(&mut self) -> Outcome<&mut [u8]> {
        self.link.has_room()?; // an error that has ended the link
        Ok(self.link.space())
    }

    pub(crate) fn filled(&mut self, n: usize) -> Outcome<()> {
        match n {
            0 => self.space().map(|_| ()),
            n if n > self.space()?.len() => Err(LOWKEY_LENGTH.into()),
            n => Ok(self.link.filled(n)?),
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
        self.link.wrote(n);
        Ok(())
    }
}

/// Records.
impl Channel {
    pub(crate) fn take(&mut self) -> Outcome<Fragment<'_>> {
        if !self.is_open {
            return Err(self.not_open());
        }
        self.link.receive()?;
        self.link.take().ok_or(LOWKEY_OUT_OF_TURN.into())
    }

    pub(crate) fn send(&mut self, message: &[u8]) -> Outcome<()> {
        self.is_elsewhere(message)?;
        self.link.may_begin()?;
        if message.len() > self.link.max_data() {
            return Err(LOWKEY_TOO_LONG.into());
        }
        staged(self.link.stage(message, Part::Last).map(|_all| ()))
    }

    pub(crate) fn send_part(&mut self, bytes: &[u8], part: Part) -> Outcome<usize> {
        match self.link.may_begin() {
            // What lowkey_send_message has begun ends with its own last byte.
            Err(Error::Unfinished) if !self.progress.has_begun() => {}
            begins => begins?,
        }
        self.is_elsewhere(bytes)?;
        if bytes.is_empty() && part == Part::More {
            return Ok(0);
        }
        staged(self.link.stage(bytes, part))
    }

    pub(crate) fn ping(&mut self, body: &[u8]) -> Outcome<()> {
        self.is_elsewhere(body)?;
        staged(self.link.ping(body))
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
        self.link.has_room().map_or_else(Failure::from, |_| LOWKEY_NOT_OPEN.into())
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
            match io.write(unsent) {
                Ok(n) => self.link.wrote(n),
                Err(kind) => return Err(self.link.fail(Error::Io(kind)).into()),
            }
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
        if *done == 0 {
            self.link.may_begin()?;
            self.progress = Progress::default();
        }
        self.is_elsewhere(message)?;
        let mut left = self.progress.rest_of(message).map_err(|_| LOWKEY_LENGTH)?;
        if left.len().checked_add(*done) != Some(message.len()) {
            return Err(LOWKEY_LENGTH.into());
        }
        loop {
            self.flush(io)?;
            let n = self.link.stage(left, Part::Last)?;
            *done = done.saturating_add(n);
            if n == left.len() {
                self.progress = Progress::default();
                break;
            }
            left = self.progress.staged(left, n);
        }
        match self.flush(io) {
            // It is accepted; the rest goes with the next call.
            Err(failure) if failure == LOWKEY_WOULD_BLOCK.into() => Ok(()),
            flushed => flushed,
        }
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
                    if let Some(len) = self.link.assemble(message)? {
                        return Ok(Some(len));
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
        match io.read(space) {
            Ok(n) => Ok(self.link.filled(n)?),
            Err(kind) => Err(self.link.fail(Error::Io(kind)).into()),
        }
    }
}

/// A record that could not be staged because something is unsent, or a PONG is owed, can be later.
fn staged<T>(staged: Result<T, Error>) -> Outcome<T> {
    staged.map_err(|error| match error {
        Error::OutOfTurn => LOWKEY_WOULD_BLOCK.into(),
        error => error.into(),
    })
}
