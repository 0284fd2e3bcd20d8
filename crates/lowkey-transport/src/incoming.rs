//! The receiving direction: frames in, fragments out.

use crate::Error;
use crate::bytes::fill;
use crate::control::{Control, Echo, Stage};
use crate::inbox::Inbox;
use crate::limits::{Buffer, MAX_HANDSHAKE_FRAME, RECORD_OVERHEAD};
use crate::record::{Fragment, Kind, Part};
use lowkey_core::Opener;

/// What receiving comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receive {
    /// Nothing yet: the stream has to be read.
    Read,
    /// A fragment is there; `take` it.
    Fragment(Part),
    /// The peer has sent its CLOSE.
    End,
}

/// A fragment in the inbox: where what is left of it lies.
#[derive(Clone, Copy)]
struct Waiting {
    start: usize,
    end: usize,
    part: Part,
}

pub(crate) struct Incoming<B> {
    pub(crate) inbox: Inbox<B>,
    opener: Option<Opener>,
    waiting: Option<Waiting>,
    in_message: bool,
    message_len: usize,
    max_message: usize,
    assembled: usize,
}

impl<B: Buffer> Incoming<B> {
    pub(crate) fn new(buffers: B, max_message: usize) -> Self {
        Self {
            inbox: Inbox::new(buffers, MAX_HANDSHAKE_FRAME),
            opener: None,
            waiting: None,
            in_message: false,
            message_len: 0,
            max_message,
            assembled: 0,
        }
    }

    /// From now on frames are records, of at most `max_frame` bytes.
    pub(crate) fn open_with(&mut self, opener: Opener, max_frame: u16) {
        self.opener = Some(opener);
        self.inbox.set_limit(usize::from(max_frame));
    }

    /// How many records have been opened, while there is a key.
    pub(crate) fn opened(&self) -> Option<u64> {
        self.opener.as_ref().map(Opener::count)
    }

    /// Says that the stream put `n` bytes into the inbox's space; 0 is the stream's end.
    pub(crate) fn filled(&mut self, n: usize, control: &Control) -> Result<(), Error> {
        control.check()?;
        match (n, control.is_peer_closed()) {
            (0, true) => Ok(()),
            (0, false) if matches!(control.stage(), Stage::Open | Stage::Paired) => Err(Error::Truncated),
            (0, false) => Err(Error::HungUp),
            (_, true) => Err(Error::AfterClose),
            (n, false) => self.inbox.filled(n),
        }
    }

    /// Says what came of reading into the inbox's space.
    pub(crate) fn given<E: embedded_io::Error>(
        &mut self,
        read: Result<usize, E>,
        control: &Control,
    ) -> Result<(), Error> {
        match read {
            Ok(n) => self.filled(n, control),
            Err(error) => Err(Error::of_stream(&error)),
        }
    }

    /// Opens what has come until a fragment waits, the peer's CLOSE was seen, or the stream is needed.
    pub(crate) fn receive(&mut self, control: &Control) -> Result<Receive, Error> {
        loop {
            control.check()?;
            if let Some(waiting) = self.waiting {
                return Ok(Receive::Fragment(waiting.part));
            }
            if control.is_peer_closed() {
                return Ok(Receive::End);
            }
            if !self.inbox.is_full() {
                return Ok(Receive::Read);
            }
            self.open(control)?;
        }
    }

    /// The fragment that waits, or what is left of it; afterwards it does not wait any more.
    pub(crate) fn take(&mut self) -> Option<Fragment<'_>> {
        let waiting = self.waiting.take()?;
        self.assembled = 0;
        self.inbox.release(); // the bytes stay where they are until the next read
        Some(Fragment { bytes: self.inbox.slice(waiting.start..waiting.end), part: waiting.part })
    }

    /// Copies from the fragment that waits, and forgets what was copied; returns how many bytes.
    pub(crate) fn take_bytes(&mut self, out: &mut [u8]) -> usize {
        let Some(waiting) = &mut self.waiting else { return 0 };
        let n = out.len().min(waiting.end.saturating_sub(waiting.start));
        let end = waiting.start.saturating_add(n);
        let from = self.inbox.slice(waiting.start..end);
        fill(out, from);
        waiting.start = end;
        let is_over = waiting.start == waiting.end;
        if is_over {
            self.waiting = None;
            self.inbox.release();
        }
        if n > 0 || is_over {
            self.assembled = 0; // the message that was being put together lacks these bytes
        }
        n
    }

    /// Adds the fragment that waits to the message at the front of `message`; the message's length
    /// once it is whole. What was added before must still be there; a fragment taken otherwise ends
    /// that, and what comes behind it is added to the front again.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]: the fragment has no room and goes on waiting.
    pub(crate) fn assemble(&mut self, message: &mut [u8]) -> Result<Option<usize>, Error> {
        let Some(waiting) = self.waiting else { return Ok(None) };
        let end = self.assembled.saturating_add(waiting.end.saturating_sub(waiting.start));
        let room = message.get_mut(self.assembled..end).ok_or(Error::BufferTooSmall)?;
        self.take_bytes(room);
        self.waiting = None;
        self.inbox.release();
        self.assembled = if waiting.part == Part::Last { 0 } else { end };
        Ok((waiting.part == Part::Last).then_some(end))
    }

    /// Opens the record that waits and does what its kind says.
    fn open(&mut self, control: &Control) -> Result<(), Error> {
        let opener = self.opener.as_mut().ok_or(Error::OutOfTurn)?;
        let frame = self.inbox.frame().ok_or(Error::OutOfTurn)?;
        if frame.len() < RECORD_OVERHEAD {
            return Err(Error::FrameTooShort);
        }
        let text = opener.open(frame).map_err(Error::in_records)?;
        let (kind, body) = text.split_first().ok_or(Error::FrameTooShort)?;
        let kind = Kind::new(*kind)?;
        admit(kind, body, control)?;
        match kind {
            Kind::Data | Kind::More => {
                let end = text.len();
                return self.deliver(if kind == Kind::Data { Part::Last } else { Part::More }, end);
            }
            Kind::Close if self.in_message => return Err(Error::Truncated),
            Kind::Close => control.peer_close(),
            Kind::Ping => {
                let ping = Echo::new(body).ok_or(Error::Kind)?;
                if !body.is_empty() {
                    control.owe(ping);
                }
            }
            Kind::Pong => control.answered(body),
            Kind::Later => (),
        }
        self.inbox.release();
        Ok(())
    }

    /// A fragment is at `1..end` of the frame.
    fn deliver(&mut self, part: Part, end: usize) -> Result<(), Error> {
        let so_far = if self.in_message { self.message_len } else { 0 };
        self.message_len = so_far.saturating_add(end.saturating_sub(1));
        if self.message_len > self.max_message {
            return Err(Error::MessageTooLong);
        }
        self.in_message = part == Part::More;
        self.waiting = Some(Waiting { start: 1, end, part });
        Ok(())
    }

    /// Wipes this direction's key; nothing waits any more.
    pub(crate) fn wipe(&mut self) {
        self.opener = None;
        self.waiting = None;
    }
}

/// Whether a record that opened may come now, and what its coming means.
fn admit(kind: Kind, body: &[u8], control: &Control) -> Result<(), Error> {
    let stage = match (control.stage(), kind) {
        (Stage::Unconfirmed, _) => Stage::Open,
        (Stage::Open, _) => return Ok(()),
        (_, Kind::Close) => return Ok(()),
        (Stage::Paired, Kind::Later) => return Ok(()),
        (Stage::AwaitWelcome, Kind::Ping) if body.is_empty() => Stage::Welcomed,
        (Stage::AwaitBack, Kind::Ping) if body.is_empty() => Stage::Paired,
        _ => return Err(Error::Kind),
    };
    control.set_stage(stage);
    Ok(())
}

#[cfg(test)]
impl<B> Incoming<B> {
    pub(crate) fn has_key(&self) -> bool {
        self.opener.is_some()
    }
}
