//! The two directions of a channel, each with its half of the stream.

use super::{Channel, MessageWriter};
use crate::Error;
use crate::control::Control;
use crate::incoming::{Incoming, Receive};
use crate::limits::Buffer;
use crate::link::Link;
use crate::mailbox::{Delivery, Mailbox};
use crate::outgoing::{Gathering, Outgoing};
use crate::record::{Fragment, Part};
use core::future::poll_fn;
use core::task::Poll;
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};

impl<R: Read, W: Write, B: Buffer> Channel<Duplex<R, W>, B> {
    /// The two directions, to be used side by side on one thread.
    ///
    /// A PONG that the receiving half owes goes out with the sending half's next call; where that
    /// may be long, let [`Sender::answer_pings`] run beside.
    pub fn split(&mut self) -> (Receiver<'_, R, B>, Sender<'_, W, B>) {
        let Link { incoming, outgoing, control, .. } = &mut self.link;
        (
            Receiver { incoming, control, io: &mut self.io.reader },
            Sender {
                outgoing,
                control,
                gathering: &mut self.gathering,
                delivery: &mut self.delivery,
                io: &mut self.io.writer,
            },
        )
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
    pub(super) outgoing: &'c mut Outgoing<B>,
    pub(super) control: &'c Control,
    pub(super) gathering: &'c mut Gathering<B>,
    pub(super) delivery: &'c mut Delivery<B>,
    pub(super) io: &'c mut W,
}

impl<W: Write, B: Buffer> Sender<'_, W, B> {
    /// As [`Channel::send`].
    ///
    /// # Errors
    /// As [`Channel::send`].
    pub async fn send(&mut self, message: &[u8]) -> Result<(), Error> {
        let may = self.outgoing.may_begin(self.control);
        self.or_end(may)?;
        if message.len() > self.outgoing.max_data() {
            return Err(Error::TooLong);
        }
        self.drain().await?;
        let staged = self.outgoing.fragment(message, Part::Last, self.control);
        self.or_end(staged).map(|_all| ())
    }

    /// As [`Channel::message`].
    ///
    /// # Errors
    /// As [`Channel::message`].
    pub fn message(&mut self) -> Result<MessageWriter<'_, W, B>, Error> {
        let may = self.outgoing.may_begin(self.control);
        self.or_end(may)?;
        let Self { outgoing, control, gathering, delivery, io } = self;
        Ok(MessageWriter::new(Sender { outgoing, control, gathering, delivery, io }))
    }

    /// As [`Channel::deliver`].
    ///
    /// # Errors
    /// As [`Channel::deliver`].
    pub async fn deliver<const LEN: usize, const N: usize>(
        &mut self,
        mailbox: &Mailbox<LEN, N>,
    ) -> Result<usize, Error> {
        loop {
            self.drain().await?;
            let advanced = self.delivery.advance(mailbox, self.outgoing, self.control);
            if !self.or_end(advanced)? {
                self.flush().await?;
                return Ok(self.delivery.left());
            }
        }
    }

    /// As [`Channel::ping`]; the answer is seen by the receiving half.
    ///
    /// # Cancel safety
    /// Dropped, the PING was not accepted.
    ///
    /// # Errors
    /// As [`Channel::ping`].
    pub async fn ping(&mut self, body: &[u8]) -> Result<(), Error> {
        self.drain().await?;
        let staged = self.outgoing.ping(body, self.control);
        self.or_end(staged)
    }

    /// As [`Channel::awaits_pong`].
    pub fn awaits_pong(&self) -> bool {
        self.control.is_asking()
    }

    /// As [`Channel::flush`].
    ///
    /// # Errors
    /// As [`Channel::flush`].
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.drain().await?;
        let flushed = self.outgoing.flushed(self.io.flush().await);
        self.or_end(flushed)
    }

    /// As [`Channel::close`].
    ///
    /// # Errors
    /// As [`Channel::close`].
    pub async fn close(&mut self) -> Result<(), Error> {
        let closed = self.outgoing.close(self.control);
        self.or_end(closed)?;
        self.flush().await
    }

    /// Answers PINGs until the peer or we have closed; to run beside a receiving half while nothing is sent.
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost.
    ///
    /// # Errors
    /// What ended the channel.
    pub async fn answer_pings(&mut self) -> Result<(), Error> {
        loop {
            self.flush().await?; // also what an earlier call, dropped, has left unsent
            let over = poll_fn(|context| {
                self.control.listen(context.waker());
                if self.control.owes() || self.control.check().is_err() {
                    return Poll::Ready(false);
                }
                let closed = self.control.is_closed() || self.control.is_peer_closed();
                if closed { Poll::Ready(true) } else { Poll::Pending }
            });
            if over.await {
                return Ok(());
            }
        }
    }

    pub(super) async fn drain(&mut self) -> Result<(), Error> {
        if let Some(seal) = self.gathering.seal() {
            let sealed = seal(self.outgoing, self.control);
            self.or_end(sealed)?;
        }
        loop {
            let prepared = self.outgoing.prepare(self.control);
            self.or_end(prepared)?;
            let unsent = self.outgoing.outbox.unsent();
            if unsent.is_empty() {
                return Ok(());
            }
            let write = self.io.write(unsent).await;
            let written = self.outgoing.written(write);
            self.or_end(written)?;
        }
    }

    /// Ends both directions with an error that came up in this one: its key is wiped now, the other's at the next call
    /// of the other half. And looks what has become of a mailbox's message: it may have left, or may not leave here any more.
    pub(super) fn or_end<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        let result = result.map_err(|error| {
            if !error.is_recoverable() {
                self.outgoing.wipe();
            }
            self.control.fail(error)
        });
        self.delivery.follow(self.outgoing, self.control);
        result
    }
}

/// The receiving half of a channel.
pub struct Receiver<'c, R, B> {
    incoming: &'c mut Incoming<B>,
    control: &'c Control,
    io: &'c mut R,
}

impl<R: Read, B: Buffer> Receiver<'_, R, B> {
    /// As [`Channel::recv`].
    ///
    /// # Errors
    /// As [`Channel::recv`].
    pub async fn recv(&mut self) -> Result<Option<Fragment<'_>>, Error> {
        self.wait().await?;
        Ok(self.incoming.take())
    }

    /// As [`Channel::recv_message`].
    ///
    /// # Errors
    /// As [`Channel::recv_message`].
    pub async fn recv_message(&mut self, message: &mut [u8]) -> Result<Option<usize>, Error> {
        while let Receive::Fragment(_) = self.wait().await? {
            if let Some(len) = self.incoming.assemble(message)? {
                return Ok(Some(len));
            }
        }
        Ok(None)
    }

    async fn wait(&mut self) -> Result<Receive, Error> {
        loop {
            let received = self.incoming.receive(self.control);
            match self.or_end(received)? {
                Receive::Read => self.read_once().await?,
                received => return Ok(received),
            }
        }
    }

    async fn read_once(&mut self) -> Result<(), Error> {
        let read = self.io.read(self.incoming.inbox.space()).await;
        let given = self.incoming.given(read, self.control);
        self.or_end(given)
    }

    /// As [`Sender::or_end`].
    fn or_end<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|error| {
            if !error.is_recoverable() {
                self.incoming.wipe();
            }
            self.control.fail(error)
        })
    }
}

impl<W: ErrorType, B> ErrorType for Sender<'_, W, B> {
    type Error = Error;
}

impl<W: Write, B: Buffer> Write for Sender<'_, W, B> {
    /// As for [`Channel`]; the receiving half sends nothing, so flush before you wait there.
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Error> {
        while !buf.is_empty() {
            let gathered = self.gathering.gather(buf, self.outgoing, self.control);
            match self.or_end(gathered)? {
                0 => self.drain().await?,
                n => return Ok(n),
            }
        }
        Ok(0)
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
        while !buf.is_empty() && self.wait().await? != Receive::End {
            match self.incoming.take_bytes(buf) {
                0 => (), // an empty message
                n => return Ok(n),
            }
        }
        Ok(0)
    }
}
