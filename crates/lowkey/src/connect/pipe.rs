//! Standard input to the peer and the peer to standard output, with both ends.
//!
//! A PING goes behind what was sent, and its PONG says that the peer has read it. So it is known what a peer that
//! closes first, as a server without a seat does, has not taken.

use crate::failure::{Exit, Failure};
use lowkey_host::{ChannelError, Connection, Error};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Carries both directions until the peer has closed and so have we. `longest` is the longest message, in bytes.
///
/// # Errors
/// The input or the output, the channel, or what the peer had not taken when it closed.
pub(super) async fn pipe<Io, I, O>(
    connection: Connection<Io>,
    longest: usize,
    input: I,
    output: O,
) -> Result<(), Failure>
where
    Io: AsyncRead + AsyncWrite + Unpin,
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    let mut pipe = Pipe {
        connection,
        longest,
        input,
        output,
        outgoing: Chunk::new(),
        incoming: Chunk::new(),
        sending: Sending::Reading,
        receipt: Receipt::default(),
        peer: Peer::Open,
        unsendable: None,
    };
    let mut patience = pin!(sleep(LINGER));
    poll_fn(|context| pipe.poll(context, patience.as_mut())).await
}

struct Pipe<Io, I, O> {
    connection: Connection<Io>,
    longest: usize,
    input: I,
    output: O,
    outgoing: Chunk,
    incoming: Chunk,
    sending: Sending,
    receipt: Receipt,
    peer: Peer,
    /// Why nothing more goes to the peer. What it said before may still come, and say why.
    unsendable: Option<io::Error>,
}

/// What our direction is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sending {
    /// Waits for input.
    Reading,
    Writing,
    /// The input has ended; the peer has not said yet that it has read all of it.
    Confirming,
    Closing,
    Over,
}

/// What the peer's direction has come to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Peer {
    Open,
    /// It has closed.
    Closed,
    /// It has closed, before us, and had said nothing.
    Mute,
}

impl<Io, I, O> Pipe<Io, I, O>
where
    Io: AsyncRead + AsyncWrite + Unpin,
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        mut patience: Pin<&mut Sleep>,
    ) -> Poll<Result<(), Failure>> {
        // First what the peer says: it may have said why it takes nothing.
        if self.peer == Peer::Open
            && let Poll::Ready(()) = self.poll_receive(context)?
        {
            let is_mute = !self.receipt.is_answered && self.sending != Sending::Over;
            self.peer = if is_mute { Peer::Mute } else { Peer::Closed };
            patience.set(sleep(self.patience()));
        }
        loop {
            let before = self.receipt.sent;
            if self.unsendable.is_none() && self.sending != Sending::Over {
                match self.poll_send(context)? {
                    Poll::Ready(Ok(())) => self.sending = Sending::Over,
                    Poll::Ready(Err(error)) => {
                        self.unsendable = Some(error);
                        patience.set(sleep(LINGER));
                    }
                    Poll::Pending => (),
                }
            }
            if self.peer != Peer::Open {
                if self.sending == Sending::Over || self.unsendable.is_some() {
                    return Poll::Ready(self.outcome());
                }
                if self.receipt.sent > before {
                    patience.set(sleep(self.patience())); // it still takes something
                }
            } else if self.unsendable.is_none() {
                return Poll::Pending;
            }
            ready!(patience.as_mut().poll(context));
            match self.unsendable.take() {
                Some(error) => return Poll::Ready(Err(self.broken(&error))),
                // The peer has closed, and nobody has more for it.
                None if self.sending == Sending::Reading => self.sending = Sending::Closing,
                None => return Poll::Ready(self.outcome()),
            }
            patience.set(sleep(LINGER));
        }
    }

    /// How long to wait for something to happen, once the peer has closed.
    fn patience(&self) -> Duration {
        if self.sending == Sending::Reading { IDLE } else { LINGER }
    }

    /// Ready once the peer has closed and the output has all of it.
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        loop {
            while !self.incoming.is_empty() {
                let taken = ready!(Pin::new(&mut self.output).poll_write(context, self.incoming.rest()));
                self.incoming.take(taken.and_then(at_least_one).map_err(|error| output(&error))?);
            }
            let flushed = Pin::new(&mut self.output).poll_flush(context);
            if flushed.map_err(|error| output(&error))?.is_pending() {
                return Poll::Pending;
            }
            let read = self.incoming.poll_fill(context, &mut self.connection);
            // A PONG is nothing to be read, and comes with a read all the same.
            self.receipt.look(self.connection.awaits_pong());
            match ready!(read) {
                Ok(0) => return Poll::Ready(Ok(())),
                Ok(_) => {
                    let is_idle = matches!(self.sending, Sending::Reading | Sending::Confirming);
                    self.receipt.answer(is_idle);
                }
                Err(error) => return Poll::Ready(Err(self.broken(&error))),
            }
        }
    }

    /// Ready once our CLOSE has gone, or nothing goes any more; an error of the input ends all.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Result<Poll<io::Result<()>>, Failure> {
        loop {
            match self.sending {
                Sending::Reading => {
                    if let Poll::Ready(Err(error)) = self.poll_ask(context) {
                        return Ok(Poll::Ready(Err(error)));
                    }
                    let Poll::Ready(read) = self.outgoing.poll_fill(context, &mut self.input) else {
                        return Ok(Poll::Pending);
                    };
                    let input = |error| Failure::file(format_args!("standard input: {error}"));
                    self.sending =
                        if read.map_err(input)? == 0 { Sending::Confirming } else { Sending::Writing };
                }
                Sending::Writing => match self.poll_write(context) {
                    Poll::Ready(Ok(())) => self.sending = Sending::Reading,
                    other => return Ok(other),
                },
                Sending::Confirming if self.receipt.is_whole() || self.peer != Peer::Open => {
                    self.sending = Sending::Closing;
                }
                Sending::Confirming => return Ok(self.poll_ask(context)),
                Sending::Closing => return Ok(Pin::new(&mut self.connection).poll_shutdown(context)),
                Sending::Over => return Ok(Poll::Ready(Ok(()))),
            }
        }
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            let written = ready!(Pin::new(&mut self.connection).poll_write(context, self.outgoing.rest()));
            let n = at_least_one(written?)?;
            self.outgoing.take(n);
            self.receipt.sent += n as u64;
            self.receipt.is_asked = false;
        }
        Pin::new(&mut self.connection).poll_flush(context)
    }

    /// Sends a PING behind what was sent. Pending, also once it has gone: the answer is awaited.
    fn poll_ask(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let needed = self.receipt.sent > 0 || self.sending == Sending::Confirming;
        if needed && !self.receipt.is_asked && !self.connection.awaits_pong() && self.peer == Peer::Open {
            ready!(self.connection.poll_ping(context))?;
            self.receipt.ask();
        }
        ready!(Pin::new(&mut self.connection).poll_flush(context))?;
        Poll::Pending
    }

    /// Both sides have closed, or ours finds nobody any more.
    fn outcome(&self) -> Result<(), Failure> {
        let Receipt { sent, confirmed, .. } = self.receipt;
        let untaken = sent - confirmed + self.outgoing.rest().len() as u64;
        if untaken > 0 {
            let all = sent + self.outgoing.rest().len() as u64;
            let said = format!(
                "the server has closed, and has not said that it took the last {untaken} of {all} bytes"
            );
            return Err(Failure::new(Exit::Untaken, said));
        }
        if self.peer == Peer::Mute || !self.receipt.is_whole() {
            let said = "the server has closed and said nothing: it is full, it stops, or there is no service behind it";
            return Err(Failure::new(Exit::Untaken, said));
        }
        Ok(())
    }

    fn broken(&self, error: &io::Error) -> Failure {
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
        let advice = match cause {
            Some(Error::Channel(ChannelError::MessageTooLong)) => {
                format!(", {} bytes; --max-message takes longer ones", self.longest)
            }
            _ => String::new(),
        };
        Failure::new(Exit::Broken, format_args!("the channel broke: {error}{advice}"))
    }
}

/// What is known of what the peer has read.
#[derive(Default)]
struct Receipt {
    /// Bytes that the channel took.
    sent: u64,
    /// As many of them the peer has read.
    confirmed: u64,
    /// Which `confirmed` will be once the answer to the PING is there.
    asked: u64,
    /// A PING has gone behind all that was sent.
    is_asked: bool,
    is_awaiting: bool,
    /// At least one PONG has come, or something else that can only be an answer.
    is_confirmed: bool,
    /// Something has come that is not a PONG.
    is_answered: bool,
}

impl Receipt {
    fn ask(&mut self) {
        self.asked = self.sent;
        (self.is_asked, self.is_awaiting) = (true, true);
    }

    /// Looks whether a PONG has come.
    fn look(&mut self, awaits_pong: bool) {
        if self.is_awaiting && !awaits_pong {
            self.is_awaiting = false;
            self.is_confirmed = true;
            self.confirmed = self.confirmed.max(self.asked);
        }
    }

    /// Something has come. With nothing on its way from us, it is an answer to the last that was.
    fn answer(&mut self, is_idle: bool) {
        self.is_answered = true;
        if is_idle {
            self.is_confirmed = true;
            self.confirmed = self.sent;
        }
    }

    fn is_whole(&self) -> bool {
        self.is_confirmed && self.confirmed == self.sent
    }
}

/// Bytes between a reader and a writer.
struct Chunk {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Chunk {
    fn new() -> Self {
        Self { bytes: vec![0; BUFFER], start: 0, end: 0 }
    }

    fn is_empty(&self) -> bool {
        self.start == self.end
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    fn take(&mut self, n: usize) {
        self.start += n;
    }

    /// How many bytes came, into an empty chunk; 0 at the reader's end.
    fn poll_fill(
        &mut self,
        context: &mut Context<'_>,
        reader: &mut (impl AsyncRead + Unpin),
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(&mut self.bytes);
        ready!(Pin::new(reader).poll_read(context, &mut buffer))?;
        (self.start, self.end) = (0, buffer.filled().len());
        Poll::Ready(Ok(self.end))
    }
}

fn at_least_one(written: usize) -> io::Result<usize> {
    if written == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(written) }
}

fn output(error: &io::Error) -> Failure {
    Failure::file(format_args!("standard output: {error}"))
}

const BUFFER: usize = 16 * 1024;
/// An input that gives nothing for so long after the server's CLOSE has nothing to give.
const IDLE: Duration = Duration::from_millis(250);
/// For how long the peer may take nothing that we have, or say nothing after it took no more.
const LINGER: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
