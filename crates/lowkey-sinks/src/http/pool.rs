//! Connections that stay open, for whoever has a request.

use crate::dial::Dialer;
use crate::offered::shown;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// Connections to one host.
pub(super) struct Pool {
    dialer: Dialer,
    /// The one that was used last is last.
    idle: Mutex<Vec<(Instant, Sender)>>,
    turns: Arc<Semaphore>,
}

/// A connection, for one request at a time. Dropped, it ends at once, whatever of a request is still unsent: by itself
/// hyper ends it only when all of that has gone out, which a server that reads no more has wait for ever.
pub(super) struct Sender {
    requests: SendRequest<Full<Bytes>>,
    connection: AbortHandle,
    permit: Shared,
}

/// Of the request that is under way. The task of the connection has it too, so that nobody else connects before the
/// socket and what waits in it are gone.
type Shared = Arc<Mutex<Permit>>;
/// Back with the last of these.
type Permit = Option<Arc<OwnedSemaphorePermit>>;

impl Sender {
    /// Which request it is of.
    fn set_permit(&self, permit: Permit) {
        *self.permit.lock().unwrap_or_else(PoisonError::into_inner) = permit;
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Pool {
    pub(super) fn new(dialer: Dialer, most: usize) -> Self {
        let turns = Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS)));
        Self { dialer, idle: Mutex::new(Vec::new()), turns }
    }

    /// Waits until there may be one more request.
    pub(super) async fn turn(&self) -> Turn<'_> {
        // It is never closed.
        let permit = Arc::clone(&self.turns).acquire_owned().await.ok();
        Turn { pool: self, permit: permit.map(Arc::new) }
    }

    async fn connect(&self) -> Result<Sender, String> {
        let stream = self.dialer.dial().await.map_err(|error| format!("no connection: {error}"))?;
        let made = Builder::new().max_buf_size(MOST_OF_HEAD).handshake(TokioIo::new(stream)).await;
        let (requests, connection) = made.map_err(|error| chain(&error))?;
        let permit = Shared::default();
        let held = Arc::clone(&permit);
        let connection = tokio::spawn(async move {
            let _held = held;
            // What goes wrong with it is said to whoever has asked.
            drop(connection.await);
        });
        Ok(Sender { requests, connection: connection.abort_handle(), permit })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Instant, Sender)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leave to send one request. Dropped, somebody else has it, once the connection is kept or gone.
pub(super) struct Turn<'p> {
    pool: &'p Pool,
    permit: Permit,
}

impl Turn<'_> {
    /// Sends it, over a connection that is open if there is one; what is answered, and the connection.
    pub(super) async fn send(
        &self,
        request: impl Fn() -> Result<Request<Full<Bytes>>, String>,
    ) -> Result<(Response<Incoming>, Sender), String> {
        while let Some(mut sender) = self.take() {
            if sender.requests.ready().await.is_err() {
                continue;
            }
            match sender.requests.send_request(request()?).await {
                Ok(response) => return Ok((response, sender)),
                // The server may have ended it just then, which is nobody's fault.
                Err(_) => break,
            }
        }
        let mut sender = self.pool.connect().await?;
        sender.set_permit(self.permit.clone());
        let response = sender.requests.send_request(request()?).await.map_err(|error| chain(&error))?;
        Ok((response, sender))
    }

    /// Has the connection serve others.
    pub(super) fn keep(&self, sender: Sender) {
        if !sender.requests.is_closed() {
            sender.set_permit(None);
            self.pool.idle().push((Instant::now(), sender));
        }
    }

    fn take(&self) -> Option<Sender> {
        let mut idle = self.pool.idle();
        idle.retain(|(since, sender)| since.elapsed() < LONGEST_IDLE && !sender.requests.is_closed());
        let (_, sender) = idle.pop()?;
        sender.set_permit(self.permit.clone());
        Some(sender)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dial::Tls;
    use crate::target::{Cleartext, Target};
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_turn_is_over_when_its_connection_is_gone_and_not_before() {
        let _watchdog = test_support::Watchdog::new();
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", server.local_addr().unwrap());
        let target = Target::parse(&url, [("http", 80), ("https", 443)], Cleartext::default()).unwrap();
        let pool = Pool::new(Dialer::new(&target, &Tls::default()).unwrap(), 1);
        let turn = pool.turn().await;
        let request = || Ok(Request::new(Full::new(Bytes::from_static(&[7; 100]))));
        let mut frozen = tokio::select! {
            _ = turn.send(request) => panic!("nobody answers"),
            accepted = async {
                let mut stream = server.accept().await.unwrap().0;
                stream.read_u8().await.unwrap();
                stream
            } => accepted,
        };
        // What was dropped is a connection under way; its task has not run since, as there is one thread.
        drop(turn);
        assert_eq!(pool.turns.available_permits(), 0);
        drop(pool.turn().await);
        // So it had gone before.
        let _ = frozen.read_to_end(&mut Vec::new()).await;
    }
}
