//! Connections that stay open, for whoever has a request.

use crate::dial::Dialer;
use crate::offered::shown;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Connections to one host.
pub(super) struct Pool {
    dialer: Dialer,
    /// The one that was used last is last.
    idle: Mutex<Vec<(Instant, Sender)>>,
    turns: Semaphore,
}

/// One request at a time.
pub(super) type Sender = SendRequest<Full<Bytes>>;

impl Pool {
    pub(super) fn new(dialer: Dialer, most: usize) -> Self {
        let turns = Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS));
        Self { dialer, idle: Mutex::new(Vec::new()), turns }
    }

    /// Waits until there may be one more request.
    pub(super) async fn turn(&self) -> Turn<'_> {
        // It is never closed.
        Turn { pool: self, _permit: self.turns.acquire().await.ok() }
    }

    async fn connect(&self) -> Result<Sender, String> {
        let stream = self.dialer.dial().await.map_err(|error| format!("no connection: {error}"))?;
        let made = Builder::new().max_buf_size(MOST_OF_HEAD).handshake(TokioIo::new(stream)).await;
        let (sender, connection) = made.map_err(|error| chain(&error))?;
        // What goes wrong with it is said to whoever has asked.
        tokio::spawn(async move { drop(connection.await) });
        Ok(sender)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Instant, Sender)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leave to send one request. Dropped, somebody else has it.
pub(super) struct Turn<'p> {
    pool: &'p Pool,
    _permit: Option<SemaphorePermit<'p>>,
}

impl Turn<'_> {
    /// Sends it, over a connection that is open if there is one; what is answered, and the connection.
    pub(super) async fn send(
        &self,
        request: impl Fn() -> Result<Request<Full<Bytes>>, String>,
    ) -> Result<(Response<Incoming>, Sender), String> {
        while let Some(mut sender) = self.take() {
            if sender.ready().await.is_err() {
                continue;
            }
            match sender.send_request(request()?).await {
                Ok(response) => return Ok((response, sender)),
                // The server may have ended it just then, which is nobody's fault.
                Err(_) => break,
            }
        }
        let mut sender = self.pool.connect().await?;
        let response = sender.send_request(request()?).await.map_err(|error| chain(&error))?;
        Ok((response, sender))
    }

    /// Has the connection serve others.
    pub(super) fn keep(&self, sender: Sender) {
        if !sender.is_closed() {
            self.pool.idle().push((Instant::now(), sender));
        }
    }

    fn take(&self) -> Option<Sender> {
        let mut idle = self.pool.idle();
        idle.retain(|(since, sender)| since.elapsed() < LONGEST_IDLE && !sender.is_closed());
        idle.pop().map(|(_, sender)| sender)
    }
}

/// An error with what is behind it.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text = format!("{text}: {error}");
        next = error.source();
    }
    shown(&text)
}

/// Of the status and the headers of an answer, in bytes.
const MOST_OF_HEAD: usize = 64 * 1024;
/// Firewalls forget connections that are silent for long, and tell nobody.
const LONGEST_IDLE: Duration = Duration::from_secs(60);
