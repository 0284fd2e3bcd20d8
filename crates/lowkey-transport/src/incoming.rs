//! The receiving half without I/O: frames in, fragments of messages out (protocol §4).
//!
//! What both halves share is given to each call. An error that a call gives ends the connection, unless it is
//! recoverable: the state that called sees to that, for both directions.

use crate::error::Error;
use crate::inlet::Inlet;
use crate::keyed::Keyed;
use crate::limits::{Buffer, MAX_HANDSHAKE_FRAME, MAX_PING, RECORD_OVERHEAD};
use crate::record::{Fragment, Kind, Part};
use core::task::Poll;
use lowkey_core::fill;

/// A fragment in the inlet: where what is left of it lies.
#[derive(Clone, Copy)]
struct Waiting {
    start: usize,
    end: usize,
    part: Part,
}

/// A record that has been opened in the inlet.
pub(crate) struct Opened {
    pub(crate) kind: Kind,
    /// Where it ends in the inlet; what it carries begins behind its kind.
    end: usize,
}

impl Opened {
    /// Whether it carries nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.end == BODY
    }
}

pub(crate) struct Incoming<B> {
    pub(crate) inlet: Inlet<B>,
    waiting: Option<Waiting>,
    in_message: bool,
    message_len: usize,
    max_message: usize,
    assembled: usize,
}

impl<B: Buffer> Incoming<B> {
    pub(crate) fn new(buffer: B, max_message: usize) -> Self {
        Self {
            inlet: Inlet::new(buffer, MAX_HANDSHAKE_FRAME),
            waiting: None,
            in_message: false,
            message_len: 0,
            max_message,
            assembled: 0,
        }
    }

    /// Opens what has come until a fragment waits (`Some`) or the peer's CLOSE was seen (`None`); otherwise the stream
    /// has to be read.
    pub(crate) fn receive(&mut self, keyed: &mut Keyed) -> Result<Poll<Option<Part>>, Error> {
        loop {
            if let Some(waiting) = self.waiting {
                return Ok(Poll::Ready(Some(waiting.part)));
            }
            if keyed.is_peer_closed {
                return Ok(Poll::Ready(None));
            }
            let Some(opened) = self.open(keyed)? else { return Ok(Poll::Pending) };
            self.act(&opened, keyed)?;
        }
    }

    /// Copies to the front of `out`; returns how many bytes. 0 is the peer's CLOSE, or an empty `out`.
    pub(crate) fn read(&mut self, out: &mut [u8], keyed: &mut Keyed) -> Result<Poll<usize>, Error> {
        while !out.is_empty() {
            match self.receive(keyed)? {
                Poll::Pending => return Ok(Poll::Pending),
                Poll::Ready(None) => break,
                Poll::Ready(Some(_)) => match self.take_bytes(out) {
                    0 => (), // an empty message
                    n => return Ok(Poll::Ready(n)),
                },
            }
        }
        Ok(Poll::Ready(0))
    }

    /// Adds what has come to the message at the front of `message`; the message's length once it is whole, `None` after
    /// the peer's CLOSE. What was added before must still be there; a fragment taken otherwise ends that, and what
    /// comes behind it is added to the front again.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]: the fragment has no room and goes on waiting.
    pub(crate) fn recv_message(
        &mut self,
        message: &mut [u8],
        keyed: &mut Keyed,
    ) -> Result<Poll<Option<usize>>, Error> {
        loop {
            match self.receive(keyed)? {
                Poll::Pending => return Ok(Poll::Pending),
                Poll::Ready(None) => return Ok(Poll::Ready(None)),
                Poll::Ready(Some(_)) => {
                    if let Some(len) = self.assemble(message)? {
                        return Ok(Poll::Ready(Some(len)));
                    }
                }
            }
        }
    }

    /// The fragment that waits, or what is left of it; afterwards it does not wait any more.
    pub(crate) fn take(&mut self) -> Option<Fragment<'_>> {
        let waiting = self.waiting.take()?;
        self.assembled = 0;
        self.inlet.release(); // the bytes stay where they are until the next read
        Some(Fragment { bytes: self.inlet.slice(waiting.start..waiting.end), part: waiting.part })
    }

    /// Copies from the fragment that waits, and forgets what was copied; returns how many bytes.
    pub(crate) fn take_bytes(&mut self, out: &mut [u8]) -> usize {
        let Some(waiting) = &mut self.waiting else { return 0 };
        let n = out.len().min(waiting.end.saturating_sub(waiting.start));
        let end = waiting.start.saturating_add(n);
        fill(out, self.inlet.slice(waiting.start..end));
        waiting.start = end;
        let is_over = waiting.start == waiting.end;
        if is_over {
            self.waiting = None;
            self.inlet.release();
        }
        if n > 0 || is_over {
            self.assembled = 0; // the message that was being put together lacks these bytes
        }
        n
    }

    /// Takes a fragment of 0 bytes that waits, unless `recv_message` is amid its message.
    pub(crate) fn pass_over(&mut self) {
        if self.assembled == 0 {
            self.take_bytes(&mut []);
        }
    }

    /// Says what came of reading into the inlet's space; 0 bytes are the stream's end, which `end` judges: an error,
    /// unless the peer's CLOSE has come.
    pub(crate) fn on_read<E: embedded_io::Error>(
        &mut self,
        read: Result<usize, E>,
        end: Result<(), Error>,
    ) -> Result<(), Error> {
        match (read, end) {
            (Err(error), _) => Err(Error::of_stream(&error)),
            (Ok(0), end) => end,
            (Ok(_), Ok(())) => Err(Error::AfterClose),
            (Ok(n), Err(_)) => self.inlet.on_read(n),
        }
    }

    /// Opens the record that waits, if one has come.
    #[inline(never)] // once, for what settles and what is open
    pub(crate) fn open(&mut self, keyed: &mut Keyed) -> Result<Option<Opened>, Error> {
        let Some(frame) = self.inlet.frame() else { return Ok(None) };
        if frame.len() < RECORD_OVERHEAD {
            return Err(Error::FrameTooShort);
        }
        let text = keyed.open(frame)?;
        let kind = Kind::new(*text.first().ok_or(Error::FrameTooShort)?)?;
        Ok(Some(Opened { kind, end: text.len() }))
    }

    /// Does what a record's kind says.
    pub(crate) fn act(&mut self, opened: &Opened, keyed: &mut Keyed) -> Result<(), Error> {
        let body = &*self.inlet.slice(BODY..opened.end);
        match opened.kind {
            Kind::Data => {
                keyed.numbers.none_came();
                return self.deliver(Part::Last, BODY, opened.end);
            }
            Kind::More => return self.deliver(Part::More, BODY, opened.end),
            Kind::Close if self.in_message => return Err(Error::Truncated),
            Kind::Close => keyed.is_peer_closed = true,
            Kind::Ping if body.len() > MAX_PING => return Err(Error::Kind),
            Kind::Ping => keyed.owe(body),
            Kind::Pong => keyed.answered(body),
            #[cfg(feature = "numbered")]
            Kind::Numbered => {
                if let Some(come) = keyed.numbers.received.come() {
                    come(&mut keyed.numbers.received, body)?;
                    return self.deliver(Part::Last, BODY + size_of::<u64>(), opened.end);
                }
            }
            #[cfg(feature = "numbered")]
            Kind::Ack => keyed.numbers.hear(body)?,
            Kind::Later => (),
        }
        self.inlet.release();
        Ok(())
    }

    /// Where frames came in, and how long a message could be.
    pub(crate) fn into_buffer(self) -> (B, usize) {
        (self.inlet.into_buffer(), self.max_message)
    }

    /// Nothing waits any more: the connection is over.
    pub(crate) fn end(&mut self) {
        self.waiting = None;
    }

    /// Adds the fragment that waits to the message at the front of `message`; the message's length once it is whole.
    fn assemble(&mut self, message: &mut [u8]) -> Result<Option<usize>, Error> {
        let Some(waiting) = self.waiting else { return Ok(None) };
        let end = self.assembled.saturating_add(waiting.end.saturating_sub(waiting.start));
        let room = message.get_mut(self.assembled..end).ok_or(Error::BufferTooSmall)?;
        fill(room, self.inlet.slice(waiting.start..waiting.end));
        self.waiting = None;
        self.inlet.release();
        self.assembled = if waiting.part == Part::Last { 0 } else { end };
        Ok((waiting.part == Part::Last).then_some(end))
    }

    /// A fragment begins at `start` of the frame and ends at `end`.
    fn deliver(&mut self, part: Part, start: usize, end: usize) -> Result<(), Error> {
        let so_far = if self.in_message { self.message_len } else { 0 };
        self.message_len = so_far.saturating_add(end.saturating_sub(start));
        if self.message_len > self.max_message {
            return Err(Error::MessageTooLong);
        }
        self.in_message = part == Part::More;
        self.waiting = Some(Waiting { start, end, part });
        Ok(())
    }
}

/// Where in a record's text what it carries begins: behind its kind.
const BODY: usize = 1;
