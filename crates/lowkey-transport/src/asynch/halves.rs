//! The two directions of a channel, each with its half of the stream.

use super::{Channel, MessageWriter};
use crate::Error;
use crate::incoming::Incoming;
use crate::keyed::{Keyed, Ours};
use crate::limits::Buffer;
use crate::link::{Link, State};
use crate::mailbox::Mailbox;
use crate::outgoing::Outgoing;
use crate::record::Fragment;
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::{Poll, Waker};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};

impl<R: Read, W: Write, B: Buffer> Channel<Duplex<R, W>, B> {
    /// The two directions, to be used side by side on one thread.
    ///
    /// A PONG that the receiving half owes goes out with the sending half's next call; where that
    /// may be long, let [`Sender::answer_pings`] run beside.
    pub fn split(&mut self) -> (Receiver<'_, R, B>, Sender<'_, W, B>) {
        let Self { link: Link { incoming, outgoing, state, .. }, io, listener } = self;
        let shared = Shared { state, listener };
        (Receiver { incoming, shared, io: &mut io.reader }, Sender { outgoing, shared, io: &mut io.writer })
    }
}

/// Two halves of one stream, used as one.
#[derive(Debug)]
pub struct Duplex<R, W> {
    /// The half that is read.
    pub reader: R,
    /// The half that is written.
    pub writer: W,
}

impl<R: ErrorType, W: ErrorType> ErrorType for Duplex<R, W> {
    type Error = ErrorKind;
}

impl<R: Read, W: ErrorType> Read for Duplex<R, W> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        self.reader.read(buf).await.map_err(|error| embedded_io::Error::kind(&error))
    }
}

impl<R: ErrorType, W: Write> Write for Duplex<R, W> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        self.writer.write(buf).await.map_err(|error| embedded_io::Error::kind(&error))
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.writer.flush().await.map_err(|error| embedded_io::Error::kind(&error))
    }
}

/// The sending half of a channel.
pub struct Sender<'c, W, B> {
    outgoing: &'c mut Outgoing<B>,
    shared: Shared<'c, B>,
    io: &'c mut W,
}

impl<W: Write, B: Buffer> Sender<'_, W, B> {
    /// As [`Channel::send`].
    ///
    /// # Errors
    /// As [`Channel::send`].
    pub async fn send(&mut self, message: &[u8]) -> Result<(), Error> {
        self.sends(|outgoing, keyed| outgoing.send(message, keyed)).await
    }

    /// As [`Channel::message`].
    ///
    /// # Errors
    /// As [`Channel::message`].
    pub fn message(&mut self) -> Result<MessageWriter<'_, Self>, Error> {
        self.in_open(|outgoing, keyed| outgoing.may_begin(keyed))?;
        Ok(MessageWriter::new(self))
    }

    /// As [`Channel::deliver`].
    ///
    /// # Errors
    /// As [`Channel::deliver`].
    pub async fn deliver<const LEN: usize, const N: usize>(
        &mut self,
        mailbox: &Mailbox<LEN, N>,
    ) -> Result<usize, Error> {
        self.sends(|outgoing, keyed| outgoing.deliver(mailbox, keyed)).await
    }

    /// As [`Channel::ping`]; the answer is seen by the receiving half.
    ///
    /// # Errors
    /// As [`Channel::ping`].
    pub async fn ping(&mut self, body: &[u8]) -> Result<(), Error> {
        self.sends(|outgoing, keyed| outgoing.ping(body, keyed)).await
    }

    /// As [`Channel::awaits_pong`].
    pub fn awaits_pong(&self) -> bool {
        self.shared.asks(Keyed::is_asking).unwrap_or(false)
    }

    /// As [`Channel::max_data`].
    pub fn max_data(&self) -> usize {
        self.outgoing.max_data()
    }

    /// As [`Channel::flush`].
    ///
    /// # Errors
    /// As [`Channel::flush`].
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.sends(Outgoing::flush).await
    }

    /// As [`Channel::close`].
    ///
    /// # Errors
    /// As [`Channel::close`].
    pub async fn close(&mut self) -> Result<(), Error> {
        self.in_open(Outgoing::close)?;
        self.flush().await
    }

    /// Answers PINGs until the peer or we have closed; to run beside a receiving half while nothing is sent.
    ///
    /// # Errors
    /// What ended the channel.
    pub async fn answer_pings(&mut self) -> Result<(), Error> {
        loop {
            self.flush().await?; // also what an earlier call, dropped, has left unsent
            let is_closed = poll_fn(|context| {
                self.shared.listen(context.waker());
                self.shared.asks(closed_or_owed).unwrap_or(Poll::Ready(false)) // the next flush says what ended it
            });
            if is_closed.await {
                return Ok(());
            }
        }
    }

    /// Repeats what sends until it is done.
    pub(super) async fn sends<T>(
        &mut self,
        mut call: impl FnMut(&mut Outgoing<B>, &mut Keyed) -> Result<Poll<T>, Error>,
    ) -> Result<T, Error> {
        loop {
            if let Poll::Ready(done) = self.in_open(&mut call)? {
                return Ok(done);
            }
            self.write_once().await?;
        }
    }

    /// One write; a flush, if nothing is unsent.
    async fn write_once(&mut self) -> Result<(), Error> {
        self.in_open(Outgoing::make_room).map(drop)?;
        let unsent = self.outgoing.outbox.unsent();
        if unsent.is_empty() {
            let flush = self.io.flush().await;
            return self.in_open(|outgoing, _| outgoing.on_flush(flush));
        }
        let write = self.io.write(unsent).await;
        self.in_open(|outgoing, _| outgoing.on_write(write))
    }

    fn in_open<T>(
        &mut self,
        call: impl FnOnce(&mut Outgoing<B>, &mut Keyed) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let result = self.shared.in_open(|keyed| call(self.outgoing, keyed));
        if result.as_ref().is_err_and(|error| !error.is_recoverable()) {
            self.outgoing.end();
        }
        result
    }
}

/// The receiving half of a channel.
pub struct Receiver<'c, R, B> {
    incoming: &'c mut Incoming<B>,
    shared: Shared<'c, B>,
    io: &'c mut R,
}

impl<R: Read, B: Buffer> Receiver<'_, R, B> {
    /// As [`Channel::recv`].
    ///
    /// # Errors
    /// As [`Channel::recv`].
    pub async fn recv(&mut self) -> Result<Option<Fragment<'_>>, Error> {
        self.receives(Incoming::receive).await?;
        Ok(self.incoming.take())
    }

    /// As [`Channel::recv_message`].
    ///
    /// # Errors
    /// As [`Channel::recv_message`].
    pub async fn recv_message(&mut self, message: &mut [u8]) -> Result<Option<usize>, Error> {
        self.receives(|incoming, keyed| incoming.recv_message(message, keyed)).await
    }

    /// Repeats what receives until it is done.
    async fn receives<T>(
        &mut self,
        mut call: impl FnMut(&mut Incoming<B>, &mut Keyed) -> Result<Poll<T>, Error>,
    ) -> Result<T, Error> {
        loop {
            if let Poll::Ready(done) = self.in_open(&mut call)? {
                return Ok(done);
            }
            let read = self.io.read(self.incoming.inbox.space()).await;
            let end = self.shared.stream_end();
            self.in_open(|incoming, _| incoming.on_read(read, end))?;
        }
    }

    fn in_open<T>(
        &mut self,
        call: impl FnOnce(&mut Incoming<B>, &mut Keyed) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let result = self.shared.in_open(|keyed| call(self.incoming, keyed));
        if result.as_ref().is_err_and(|error| !error.is_recoverable()) {
            self.incoming.end();
        }
        if self.shared.asks(closed_or_owed).is_none_or(|news| news.is_ready()) {
            self.shared.listener.take().into_iter().for_each(Waker::wake);
        }
        result
    }
}

impl<W: ErrorType, B> ErrorType for Sender<'_, W, B> {
    type Error = Error;
}

impl<W: Write, B: Buffer> Write for Sender<'_, W, B> {
    /// As for [`Channel`]; the receiving half sends nothing, so flush before you wait there.
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Error> {
        self.sends(|outgoing, keyed| outgoing.write(buf, keyed)).await
    }

    async fn flush(&mut self) -> Result<(), Error> {
        Self::flush(self).await
    }
}

impl<R: ErrorType, B> ErrorType for Receiver<'_, R, B> {
    type Error = Error;
}

impl<R: Read, B: Buffer> Read for Receiver<'_, R, B> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Error> {
        self.receives(|incoming, keyed| incoming.read(buf, keyed)).await
    }
}

/// What both halves of a channel share, on one thread.
struct Shared<'c, B> {
    state: &'c RefCell<State<'static, B>>,
    listener: &'c Cell<Option<Waker>>,
}

impl<B> Clone for Shared<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for Shared<'_, B> {}

impl<B> Shared<'_, B> {
    /// Does what only an open channel can. An error ends both directions, unless it is recoverable.
    fn in_open<T>(&self, call: impl FnOnce(&mut Keyed) -> Result<T, Error>) -> Result<T, Error> {
        let mut state = self.state.try_borrow_mut().map_err(|_| Error::Bug)?;
        let result = state.open().and_then(call);
        result.map_err(|error| state.end(error))
    }

    /// Asks an open channel.
    fn asks<T>(&self, ask: impl FnOnce(&Keyed) -> T) -> Option<T> {
        self.state.try_borrow().ok()?.look().map(ask)
    }

    /// As [`State::stream_end`].
    fn stream_end(&self) -> Result<(), Error> {
        self.state.try_borrow().map_err(|_| Error::Bug)?.stream_end()
    }

    /// Wakes the sending half at the next news.
    fn listen(&self, waker: &Waker) {
        self.listener.set(Some(waker.clone()));
    }
}

/// What the sending half sleeps for: a PONG has come to be owed (`false`), or the peer or we have closed (`true`).
fn closed_or_owed(keyed: &Keyed) -> Poll<bool> {
    let is_closed = keyed.is_peer_closed || keyed.ours != Ours::Goes;
    match keyed.owed() {
        [] if is_closed => Poll::Ready(true),
        [] => Poll::Pending,
        _ => Poll::Ready(false),
    }
}
