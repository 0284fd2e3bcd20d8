//! The sending half of a channel.

#[cfg(doc)]
use super::Channel;
use super::message::{MessageWriter, Sends, sealed::Sealed};
use super::share::{OneTask, Shares};
use crate::error::Error;
use crate::keyed::Keyed;
use crate::limits::Buffer;
use crate::mailbox::Mailbox;
use crate::outgoing::Outgoing;
use crate::record::Part;
use core::future::poll_fn;
use core::task::Poll;
use embedded_io_async::{ErrorType, Write};

/// The sending half of a channel; `S` is how it shares with the receiving half.
pub struct Sender<'c, W, B, S = OneTask<'c, B>> {
    pub(super) outgoing: &'c mut Outgoing<B>,
    pub(super) io: &'c mut W,
    pub(super) shared: S,
}

impl<W: Write, B: Buffer, S: Shares> Sender<'_, W, B, S> {
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
                self.shared.news() // the next flush says what ended it, if it was no CLOSE
            });
            if is_closed.await {
                return Ok(());
            }
        }
    }

    /// As [`Channel::awaits_pong`].
    pub fn awaits_pong(&self) -> bool {
        self.shared.ask(Keyed::is_asking).unwrap_or(false)
    }

    /// As [`Channel::max_data`].
    pub fn max_data(&self) -> usize {
        self.outgoing.max_data()
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
        let unsent = self.outgoing.outlet.unsent();
        if unsent.is_empty() {
            let flush = self.io.flush().await;
            let flushed = self.outgoing.on_flush(flush);
            return self.in_open(|_, _| flushed);
        }
        let write = self.io.write(unsent).await;
        let written = self.outgoing.on_write(write); // before what the other half may have met: the stream has these bytes
        self.in_open(|_, _| written)
    }

    fn in_open<T>(
        &mut self,
        call: impl FnOnce(&mut Outgoing<B>, &mut Keyed) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let result = self.shared.sends(|keyed| call(self.outgoing, keyed));
        if result.as_ref().is_err_and(|error| !error.is_recoverable()) {
            self.outgoing.end();
        }
        result
    }
}

impl<W: Write, B: Buffer, S: Shares> Sends for Sender<'_, W, B, S> {
    async fn send_part(&mut self, bytes: &[u8], part: Part) -> Result<usize, Error> {
        self.sends(|outgoing, keyed| outgoing.send_part(bytes, part, keyed)).await
    }

    async fn send_rest(&mut self, rest: &[u8]) -> Result<(), Error> {
        self.sends(|outgoing, keyed| outgoing.send_rest(rest, keyed)).await
    }
}

impl<W, B, S> Sealed for Sender<'_, W, B, S> {}

impl<W: ErrorType, B, S> ErrorType for Sender<'_, W, B, S> {
    type Error = Error;
}

impl<W: Write, B: Buffer, S: Shares> Write for Sender<'_, W, B, S> {
    /// As for [`Channel`]; the receiving half sends nothing, so flush before you wait there.
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Error> {
        self.sends(|outgoing, keyed| outgoing.write(buf, keyed)).await
    }

    async fn flush(&mut self) -> Result<(), Error> {
        Self::flush(self).await
    }
}
