//! A session whose numbered messages go to a sink: each is acknowledged once it is stored, and not before.

use crate::connection::{Connection, Fault, Untaken};
use crate::error::Error;
use crate::giving::Giving;
use crate::numbered::{Begun, Intake, Sink, Source, Unstored};
use lowkey_transport::Error as ChannelError;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Sleep, sleep};

/// Has `sink` store what a device sends, and acknowledges what is stored, until the device has closed or the server
/// wants to stop; then what was taken is waited for, for at most `linger`, and acknowledged before our CLOSE. A device
/// that acknowledges is given what `source` has for it; [`Acceptor::number_by`](crate::Acceptor::number_by) has to
/// know its run.
///
/// The server's [`Limits::acks`](crate::Limits::acks) has to be set. A device that numbers nothing, or sends something
/// without a number, is let go of with a CLOSE: nobody could tell it whether that is stored.
///
/// While the sink takes nothing, the device is not read, and its outbox fills.
///
/// # Cancel safety
/// Dropped, what is under way may still be stored. It is not acknowledged, so it comes again, and is known then.
///
/// # Errors
/// [`NotStored`]; the connection is told what to say in the log, and has sent what could be acknowledged. It is open
/// unless it was the connection that failed: close it.
pub async fn store<Io>(
    connection: &mut Connection<Io>,
    sink: &dyn Sink,
    source: Option<Arc<dyn Source>>,
    linger: Duration,
) -> Result<(), NotStored>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    connection.hold_close();
    let stored = try_store(connection, sink, source, linger).await;
    if let Err(error) = &stored {
        connection.broke(error);
        if let Some(fault) = error.fault() {
            connection.blame(fault);
        }
        if matches!(error, NotStored::Unstored(Unstored::Moved)) {
            connection.end_as_moved();
        }
    }
    stored
}

async fn try_store<Io: AsyncRead + AsyncWrite + Unpin>(
    connection: &mut Connection<Io>,
    sink: &dyn Sink,
    source: Option<Arc<dyn Source>>,
    linger: Duration,
) -> Result<(), NotStored> {
    let giving = source.filter(|_| connection.acks().are_given).map(Giving::of);
    let run = connection.acks().peer_run.ok_or(NotStored::NotNumbered)?;
    let device = connection.device().map_or("", |device| device.name()).to_owned();
    let mut begin = sink.begin(&device, run);
    let Begun { last, intake } = poll_fn(|context| {
        connection.mind(context)?;
        begin.as_mut().poll(context).map_err(NotStored::Unstored)
    })
    .await?;
    connection.open_acks(last)?;
    let under_way = VecDeque::new();
    let mut storing = Storing { intake, giving, under_way, has_ended: false, linger, clock: None };
    poll_fn(|context| storing.poll(context, connection)).await
}

/// One session.
struct Storing {
    intake: Box<dyn Intake>,
    giving: Option<Giving>,
    /// The numbers of what was taken and is not stored yet, which rise: so many messages are acknowledged at once, and
    /// are waited for in the end.
    under_way: VecDeque<u64>,
    /// The device has closed.
    has_ended: bool,
    linger: Duration,
    /// How long what is under way is waited for, once nothing more is taken.
    clock: Option<Pin<Box<Sleep>>>,
}

impl Storing {
    fn poll<Io: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        connection: &mut Connection<Io>,
    ) -> Poll<Result<(), NotStored>> {
        loop {
            let mut has_moved = self.acknowledge(context, connection)?;
            let is_over = self.has_ended || connection.is_stopping();
            if let Some(giving) = self.giving.as_mut().filter(|_| !is_over) {
                has_moved |= giving.poll(context, connection)?;
            }
            connection.mind(context)?;
            if !is_over {
                let heard = connection.acks().up_to;
                has_moved |= self.take(context, connection)?;
                has_moved |= connection.acks().up_to != heard;
            }
            if has_moved {
                continue;
            }
            if !is_over {
                return Poll::Pending;
            }
            let linger = self.linger;
            let clock = self.clock.get_or_insert_with(|| Box::pin(sleep(linger)));
            let is_late = clock.as_mut().poll(context).is_ready();
            return if self.under_way.is_empty() || is_late { Poll::Ready(Ok(())) } else { Poll::Pending };
        }
    }

    /// Acknowledges what is stored; whether that was something.
    fn acknowledge<Io: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        connection: &mut Connection<Io>,
    ) -> Result<bool, NotStored> {
        match self.intake.poll_stored(context) {
            Poll::Pending => Ok(false),
            Poll::Ready(Ok(number)) => {
                connection.acknowledge(number)?;
                let stored = self.under_way.partition_point(|taken| *taken <= number);
                self.under_way.drain(..stored);
                connection.count_acknowledged(stored);
                Ok(true)
            }
            Poll::Ready(Err(error)) => {
                connection.mind(context)?; // what is stored is said, as far as it goes
                Err(NotStored::Unstored(error))
            }
        }
    }

    /// Takes a message, if the sink has room for one; whether there was one, or the device's end.
    fn take<Io: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        connection: &mut Connection<Io>,
    ) -> Result<bool, NotStored> {
        match self.intake.poll_ready(context) {
            Poll::Pending => return Ok(false),
            Poll::Ready(Err(error)) => return Err(NotStored::Unstored(error)),
            Poll::Ready(Ok(())) => {}
        }
        match connection.poll_recv(context)? {
            Poll::Pending => return Ok(false),
            Poll::Ready(None) => self.has_ended = true,
            Poll::Ready(Some(message)) => {
                let number = connection.number().ok_or(NotStored::NotNumbered)?;
                self.under_way.push_back(number);
                self.intake.take(number, message);
                connection.count_taken();
            }
        }
        Ok(true)
    }
}

/// Why no more of a session is stored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum NotStored {
    /// The device numbers nothing, or sent something without a number.
    NotNumbered,
    /// The sink does not store it.
    Unstored(Unstored),
    /// The device broke off, or its session was ended.
    Device(Error),
}

impl NotStored {
    /// Whose fault the end is, if it is not the line's or somebody's from outside.
    fn fault(&self) -> Option<Fault> {
        match self {
            Self::NotNumbered => Some(Fault::Numbers(Untaken::Missing)),
            Self::Unstored(Unstored::Replaced) => Some(Fault::Numbers(Untaken::Replaced)),
            Self::Unstored(Unstored::TooManyRuns) => Some(Fault::Numbers(Untaken::TooManyRuns)),
            Self::Device(Error::Channel(ChannelError::Number)) => Some(Fault::Numbers(Untaken::NotRising)),
            Self::Unstored(Unstored::Failed(_)) => Some(Fault::NotStored),
            Self::Unstored(Unstored::Moved) => Some(Fault::Moved),
            Self::Device(_) => None,
        }
    }
}

impl From<Error> for NotStored {
    fn from(error: Error) -> Self {
        Self::Device(error)
    }
}

impl fmt::Display for NotStored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNumbered => {
                f.write_str("the device does not number its messages, and only those that it does are stored")
            }
            Self::Unstored(error) => write!(f, "{error}"),
            Self::Device(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for NotStored {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotNumbered => None,
            Self::Unstored(error) => Some(error),
            Self::Device(error) => Some(error),
        }
    }
}
