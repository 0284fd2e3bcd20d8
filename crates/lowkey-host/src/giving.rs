//! A session that is given the numbered messages of a source, and says what of them the device has acknowledged.

use crate::connection::Connection;
use crate::error::Error;
use crate::numbered::{Last, Later, NotGiven, Outbox, Outlet, PushError, RunId, Source};
use lowkey_core::numbered::FRONT;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};

/// One session.
pub(crate) struct Giving {
    source: Arc<dyn Source>,
    stands: Stands,
}

enum Stands {
    /// The device has not said what it has.
    Waits,
    Begins(RunId, Later<'static, Result<Box<dyn Outlet>, NotGiven>>),
    Gives(Gives),
    /// Nothing more comes.
    Over,
}

struct Gives {
    outlet: Box<dyn Outlet>,
    outbox: Outbox<Vec<u8>>,
    /// One that has had no room yet.
    next: Option<(u64, Vec<u8>)>,
    acknowledged: u64,
}

impl Giving {
    pub(crate) fn of(source: Arc<dyn Source>) -> Self {
        Self { source, stands: Stands::Waits }
    }

    /// Does what can be done now; whether that was something.
    ///
    /// # Errors
    /// What ended the connection.
    pub(crate) fn poll<Io: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        context: &mut Context<'_>,
        connection: &mut Connection<Io>,
    ) -> Result<bool, Error> {
        let given = match &mut self.stands {
            Stands::Over => return Ok(false),
            Stands::Waits => {
                let acks = connection.acks();
                let (Some(run), Some((number, digest))) = (acks.run, acks.first) else { return Ok(false) };
                let last = (number > 0).then_some(Last { number, digest });
                let (source, device) = (Arc::clone(&self.source), name(connection));
                let begin = Box::pin(async move { source.begin(&device, run, last).await });
                self.stands = Stands::Begins(run, begin);
                return Ok(true);
            }
            Stands::Begins(run, begin) => match begin.as_mut().poll(context) {
                Poll::Pending => return Ok(false),
                Poll::Ready(Ok(outlet)) => {
                    let acknowledged = connection.acks().up_to.unwrap_or(0);
                    let outbox = Outbox::of_stream(vec![0; ROOM], *run, acknowledged);
                    self.stands = Stands::Gives(Gives { outlet, outbox, next: None, acknowledged });
                    return Ok(true);
                }
                Poll::Ready(Err(error)) => Err(error),
            },
            Stands::Gives(gives) => {
                gives.acknowledge(connection);
                let next = gives.next(context);
                if let Poll::Ready(Err(error)) = connection.poll_send_outbox(context, &mut gives.outbox) {
                    return Err(error);
                }
                next
            }
        };
        given.or_else(|error| {
            let device = name(connection);
            tracing::warn!(name: "lowkey.not_given", target: "lowkey", device, %error, "messages for a device are not given");
            self.stands = Stands::Over;
            Ok(false)
        })
    }
}

impl Gives {
    /// What the device has acknowledged since.
    fn acknowledge<Io: AsyncRead + AsyncWrite + Unpin>(&mut self, connection: &Connection<Io>) {
        let up_to = connection.acks().up_to.unwrap_or(0);
        if up_to > self.acknowledged {
            self.acknowledged = up_to;
            self.outlet.acknowledge(up_to);
        }
    }

    /// Takes one more, if it has room; whether there was one.
    fn next(&mut self, context: &mut Context<'_>) -> Result<bool, NotGiven> {
        let next = match self.next.take() {
            Some(next) => next,
            None => match self.outlet.poll_next(context) {
                Poll::Pending => return Ok(false),
                Poll::Ready(next) => next?,
            },
        };
        let (number, message) = &next;
        match self.outbox.put(*number, message) {
            Ok(()) => Ok(true),
            Err(PushError::Exhausted) => Err(NotGiven::WentBack),
            Err(PushError::TooLong) if message.len() > usize::from(u16::MAX) => {
                Err(NotGiven::Failed(format!("message {number} is longer than 65,535 bytes")))
            }
            // More room, once nothing is left in what there is.
            Err(PushError::TooLong) if self.outbox.is_empty() => {
                let room = vec![0; message.len() + FRONT];
                self.outbox = Outbox::of_stream(room, self.outbox.run(), self.acknowledged);
                self.next = Some(next);
                Ok(true)
            }
            Err(_) => {
                self.next = Some(next);
                Ok(false)
            }
        }
    }
}

fn name<Io>(connection: &Connection<Io>) -> String {
    connection.device().map_or("", |device| device.name()).to_owned()
}

/// Bytes of messages that are under way to a device, unless one is longer.
const ROOM: usize = 2_048;
