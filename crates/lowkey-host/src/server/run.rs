//! A server as a whole: it accepts until it is told to stop, and then lets go of everybody in an orderly way.

use super::acceptor::Acceptor;
use super::allowance::Event;
use super::listener::Listener;
use crate::connection::Connection;
use crate::connection::{Shared, Side};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// A listener and what is done with its connections.
///
/// ```no_run
/// # use lowkey_host::{Listener, Server, echo};
/// # async fn f(listener: Listener, stop: impl Future<Output = ()>) {
/// let handler = |mut connection| async move {
///     let _ = echo(&mut connection).await; // why it ended
/// };
/// let stopped = Server::new(listener).run(handler, stop).await;
/// assert_eq!(stopped.cut, 0, "devices that did not take the CLOSE in time");
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    listener: Listener,
}

/// How a server stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stopped {
    /// Sessions that ended by themselves after the CLOSE.
    pub ended: usize,
    /// Sessions that were still there at the deadline, and were cut off: a truncation to their devices.
    pub cut: usize,
}

impl Server {
    /// A server of this listener's devices.
    pub fn new(listener: Listener) -> Self {
        Self { listener }
    }

    /// Hands every connection to `handler`, in a task of its own, until `stop` is ready.
    ///
    /// Then nobody is accepted any more. Every session sends its CLOSE as soon as no message is half sent and its
    /// handler sends, flushes or receives, and goes on receiving; a device that was in the middle of its handshake
    /// hears the CLOSE right behind it. The handlers have [`Limits::linger`](crate::Limits::linger) to come to
    /// their end. What is left is cut off.
    ///
    /// A session that is ended from outside (displaced, revoked, silent, too old) has its handler dropped if that
    /// has not returned a fifth of a second later. A handler that panics ends its own session and no other; one
    /// that panics before it returns its future takes this one with it.
    ///
    /// # Cancel safety
    /// Dropped, everything ends at once: sessions are cut off.
    pub async fn run<H, F>(self, mut handler: H, stop: impl Future<Output = ()>) -> Stopped
    where
        H: FnMut(Connection<TcpStream>) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let Self { mut listener } = self;
        let acceptor = listener.acceptor().clone();
        let mut sessions = Handlers { tasks: JoinSet::new(), acceptor: acceptor.clone() };
        let mut stop = pin!(stop);
        loop {
            let next = poll_fn(|context| match stop.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(None),
                Poll::Pending => {
                    while let Poll::Ready(Some(())) = sessions.poll_over(context) {}
                    listener.poll_accept(context).map(Some)
                }
            });
            let Some(connection) = next.await else { break };
            sessions.begin(connection, &mut handler);
        }
        let mut begun = listener.into_begun();
        acceptor.stop();
        let mut ended = 0;
        let all = poll_fn(|context| {
            while let Poll::Ready(connection) = begun.poll_confirmed(context) {
                sessions.begin(connection, &mut handler);
            }
            loop {
                match sessions.poll_over(context) {
                    Poll::Ready(Some(())) => ended += 1,
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        });
        let _ = timeout(acceptor.limits().linger, all).await; // those that are left are cut
        Stopped { ended, cut: sessions.tasks.len() }
    }
}

/// The tasks of sessions.
struct Handlers {
    tasks: JoinSet<()>,
    acceptor: Acceptor,
}

impl Handlers {
    fn begin<F>(
        &mut self,
        connection: Connection<TcpStream>,
        handler: &mut impl FnMut(Connection<TcpStream>) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let shared = Arc::clone(connection.shared());
        self.tasks.spawn(unless_ended(handler(connection), shared));
    }

    /// The next one that is over; `None` if there is none left.
    fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<Option<()>> {
        self.tasks.poll_join_next(context).map(|over| {
            if let Err(error) = over?
                && self.acceptor.counters().log.may(Event::HandlerPanicked)
            {
                tracing::error!(name: "lowkey.handler_panicked", target: "lowkey", %error, "handler of a session panicked");
            }
            Some(())
        })
    }
}

/// Drops `session` some time after it was ended from outside.
async fn unless_ended(session: impl Future<Output = ()>, shared: Arc<Shared>) {
    let mut session = pin!(session);
    let mut over = pin!(async {
        poll_fn(|context| {
            shared.register(Side::Ending, context.waker());
            if shared.ended().is_some() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        sleep(GRACE).await;
    });
    poll_fn(|context| match session.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(()),
        Poll::Pending => over.as_mut().poll(context),
    })
    .await;
}

/// How long the handler of a session that was ended from outside has to return.
const GRACE: Duration = Duration::from_millis(200);
