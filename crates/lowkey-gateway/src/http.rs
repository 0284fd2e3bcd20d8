//! HTTP/1.1 as the server's listeners for operators speak it: one request a connection, few connections at once, each
//! in a limited time and with a limited header, so that who reaches one cannot hurt the server. A connection that says
//! nothing makes room for the next one.

mod accept;
mod answers;
mod deadline;
mod seats;
mod vitals;

pub(crate) use answers::{JSON, asset, done, stream, text};
pub(crate) use deadline::Deadline;
pub(crate) use vitals::Vitals;

use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use seats::{Asked, Seats};
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep;

pub(crate) type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// From a request to its answer.
pub(crate) trait Routes: Send + Sync + 'static {
    /// What is known of who asks.
    type Caller: Copy + Send + Sync + 'static;

    fn answer(
        &self,
        request: Request<Incoming>,
        caller: Self::Caller,
        turn: &Turn,
    ) -> impl Future<Output = Answer> + Send;
}

/// What a connection has of a listener.
#[derive(Debug)]
pub(crate) struct Turn {
    asked: Asked,
    deadline: Deadline,
    counted: OnceLock<OwnedSemaphorePermit>,
}

impl Turn {
    /// It is counted by this permit from now on, until the connection is over, and has as long as is said of its
    /// deadline.
    pub(crate) fn reads_along(&self, permit: OwnedSemaphorePermit) -> Deadline {
        if self.counted.set(permit).is_ok() {
            self.asked.reads_along();
        }
        self.deadline.clone()
    }
}

/// The connections of one listener.
#[derive(Debug)]
pub(crate) struct Server<R> {
    routes: Arc<R>,
    seats: Seats,
}

impl<R: Routes> Server<R> {
    /// With as many connections at once.
    pub(crate) fn new(routes: R, at_once: usize) -> Self {
        Self { routes: Arc::new(routes), seats: Seats::new(at_once) }
    }

    /// Has a connection answered once there is room for it. Where it comes `from` counts among strangers, who share
    /// the room by address.
    ///
    /// # Cancel safety
    /// Dropped, the connection is as well.
    pub(crate) async fn take(
        &mut self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        caller: R::Caller,
        from: Option<IpAddr>,
    ) {
        self.seats.room(from).await;
        let routes = Arc::clone(&self.routes);
        self.seats.take(from, async move |asked| answer(stream, caller, &*routes, asked).await);
    }

    /// After an accept that failed.
    pub(crate) async fn rest(&self) {
        sleep(PAUSE).await;
    }
}

/// One request.
async fn answer<R: Routes>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    caller: R::Caller,
    routes: &R,
    asked: Asked,
) {
    let turn = Turn { asked, deadline: Deadline::after(WHOLE_TIME), counted: OnceLock::new() };
    let service = service_fn(async |request| {
        turn.asked.now();
        Ok::<_, Infallible>(routes.answer(request, caller, &turn).await)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(HEADER_ROOM)
        .max_headers(HEADERS)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // A client that is gone or slow has had its chance.
    let (mut connection, mut late) = (pin!(connection), pin!(turn.deadline.passed()));
    poll_fn(|context| match connection.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(()),
        Poll::Pending => late.as_mut().poll(context),
    })
    .await;
}

/// How long a request may take to come.
const HEADER_TIME: Duration = Duration::from_secs(2);
/// How long all of it may take.
const WHOLE_TIME: Duration = Duration::from_secs(10);
/// The longest request, in bytes; hyper's least.
const HEADER_ROOM: usize = 8192;
const HEADERS: usize = 32;
/// How long accepting rests after an error.
const PAUSE: Duration = Duration::from_millis(100);
