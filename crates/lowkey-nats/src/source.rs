//! JetStream as what has numbered messages for devices (protocol §7): each in its order, whichever gateway gives it.
//!
//! A device's messages are at `PREFIX.dn.DEVICE`, and the number of one is its sequence in the stream. The run is made
//! of the stream's name and of when it was made. What a device has acknowledged is in its row `DEVICE-down` of the
//! bucket of numbers.
//!
//! No consumer is made: 100,000 durable ones are a state each in every server of NATS, and one for all devices of a
//! gateway would say what each device has only by what it holds back. A gateway reads the next message of a device by
//! what that has acknowledged, which it says itself, and hears by a plain subscription that there may be one.

mod outlet;

use crate::access::Access;
use crate::error::NatsError;
use crate::inspected::{self, Inspected, info};
use crate::message_stream::MessageStream;
use crate::numbers::{Held, NatsNumbers, PATIENCE};
use crate::put::{Patience, Unread, next};
use async_nats::jetstream::message::StreamMessage;
use lowkey_crypto::Blake2s;
use lowkey_host::numbered::{Last, Later, NotGiven, Outlet, RunId, Source, Unstored, message_digest};
use outlet::JetStreamOutlet;
use serde_json::Value;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

/// A stream of JetStream that has numbered messages for devices. Whoever publishes at `PREFIX.dn.DEVICE`, the name in
/// hex, sends one.
#[derive(Clone)]
pub struct JetStreamSource {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    down: MessageStream,
    numbers: NatsNumbers,
    known: Mutex<Option<Known>>,
    begins: Semaphore,
    /// How often we have been connected, or the stream was another than before.
    stirred: Arc<watch::Sender<u64>>,
}

/// A stream, as it was when it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    run: RunId,
    last: u64,
    at: Instant,
}

impl JetStreamSource {
    /// The stream of this name: that of a registry is `PREFIX-dn`. It connects, and connects again, by itself: this
    /// does not wait for it.
    ///
    /// # Errors
    /// [`NatsError::File`].
    pub async fn open(access: &Access, stream: Option<&str>) -> Result<Self, NatsError> {
        let stirred = Arc::new(watch::Sender::new(0));
        let stirs = Arc::clone(&stirred);
        let down = MessageStream::open(access, stream, "dn", move || stir(&stirs)).await?;
        let inner = Arc::new(Inner {
            numbers: NatsNumbers::down(down.client.clone(), &down.prefix),
            down,
            known: Mutex::new(None),
            begins: Semaphore::new(BEGINS),
            stirred,
        });
        tokio::spawn(keep_known(Arc::downgrade(&inner)));
        Ok(Self { inner })
    }

    /// As [`JetStreamSink::inspect`](crate::JetStreamSink::inspect).
    ///
    /// # Errors
    /// The same.
    pub async fn inspect(&self) -> Result<Inspected, NatsError> {
        let MessageStream { client, prefix, name, .. } = &self.inner.down;
        Ok(inspected::down(prefix, &info(client, name).await?).named(name))
    }

    /// Waits until the stream was seen, for as long as that takes.
    pub async fn seen(&self) {
        while self.run().is_none() && self.inner.look().await.is_err() {
            sleep(SOON).await;
        }
    }
}

impl Source for JetStreamSource {
    fn run(&self) -> Option<RunId> {
        self.inner.known().map(|known| known.run)
    }

    fn begin<'a>(
        &'a self,
        device: &'a str,
        run: RunId,
        last: Option<Last>,
    ) -> Later<'a, Result<Box<dyn Outlet>, NotGiven>> {
        Box::pin(async move {
            let few = timeout(PATIENCE, self.inner.begins.acquire()).await;
            let _one_of_few = few.map_err(|_| failed("NATS answers to none of those who come"))?;
            let outlet = JetStreamOutlet::begin(&self.inner, device, run, last).await?;
            Ok(Box::new(outlet) as Box<dyn Outlet>)
        })
    }
}

impl Inner {
    fn known(&self) -> Option<Known> {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What stream it is, as of a moment ago if it had this message then: many sessions may begin at once.
    async fn knows(&self, number: u64) -> Result<Known, NotGiven> {
        match self.known().filter(|known| known.at.elapsed() < RECENT && known.last >= number) {
            Some(known) => Ok(known),
            None => self.look().await.map_err(|error| failed(&error.to_string())),
        }
    }

    /// Asks what stream it is.
    async fn look(&self) -> Result<Known, NatsError> {
        let at = Instant::now();
        let info = info(&self.down.client, &self.down.name).await?;
        let known = Known::of(&self.down.name, &info, at);
        let known = known.ok_or_else(|| NatsError::Foreign(format!("{} is no stream", self.down.name)))?;
        let before = self.known.lock().unwrap_or_else(PoisonError::into_inner).replace(known);
        if before.is_some_and(|before| before.run != known.run) {
            stir(&self.stirred);
        }
        Ok(known)
    }

    /// The first message at `subject` whose number is at least this.
    async fn next(
        &self,
        subject: &str,
        number: u64,
        patience: &mut Patience,
    ) -> Result<Option<Given>, NotGiven> {
        loop {
            match next(&self.down.context, &self.down.name, subject, number).await {
                Ok(message) => return Ok(message.as_ref().map(Given::of)),
                Err(unread) => outlive(patience, unread).await?,
            }
        }
    }
}

impl Known {
    /// The first 8 bytes of BLAKE2s-256(`"lowkey stream"` ‖ name ‖ `" "` ‖ when it was made, as NATS writes that).
    fn of(stream: &str, info: &Value, at: Instant) -> Option<Self> {
        let (made, last) = (info["created"].as_str()?, info["state"]["last_seq"].as_u64()?);
        let mut hash = [0; 32];
        Blake2s::hash(&[b"lowkey stream", stream.as_bytes(), b" ", made.as_bytes()], &mut hash);
        Some(Self { run: RunId::new(*hash.first_chunk()?), last, at })
    }
}

/// A message for a device.
struct Given {
    last: Last,
    message: Vec<u8>,
}

impl Given {
    fn of(message: &StreamMessage) -> Self {
        let (number, message) = (message.sequence, message.payload.to_vec());
        Self { last: Last { number, digest: message_digest(number, [&message, &[]]) }, message }
    }
}

/// Looks which stream it is, for the next session to show its run.
async fn keep_known(inner: Weak<Inner>) {
    while let Some(inner) = inner.upgrade() {
        let looked = inner.look().await;
        let is_known = looked.is_ok() || inner.known().is_some();
        drop(inner);
        sleep(if is_known { LOOK } else { SOON }).await;
    }
}

fn stir(stirred: &watch::Sender<u64>) {
    stirred.send_modify(|often| *often += 1);
}

async fn outlive(patience: &mut Patience, unread: Unread) -> Result<(), NotGiven> {
    patience.outlive(unread).await.map_err(|error| failed(&error.to_string()))
}

fn failed(why: &str) -> NotGiven {
    NotGiven::Failed(why.to_owned())
}

impl fmt::Debug for JetStreamSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JetStreamSource").field("stream", &self.inner.down.name).finish_non_exhaustive()
    }
}

/// How often it is looked whether it is still the same stream.
const LOOK: Duration = Duration::from_secs(10);
/// For how long sessions that begin take what one of them has seen.
const RECENT: Duration = Duration::from_secs(1);
/// How often it is looked for a stream that has never been seen.
const SOON: Duration = Duration::from_secs(1);
/// Sessions of a gateway that begin at a time.
const BEGINS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_stream_that_was_made_anew_is_another_run() {
        let info = |made: &str| json!({"created": made, "state": {"last_seq": 7}});
        let now = Instant::now();
        let of = |stream, made| Known::of(stream, &info(made), now).unwrap();
        let known = of("x-dn", "2026-11-29T12:00:00.000000001Z");
        assert_eq!(known.last, 7);
        assert_eq!(known, of("x-dn", "2026-11-29T12:00:00.000000001Z"));
        assert_ne!(known.run, of("x-dn", "2026-11-29T12:00:00.000000002Z").run);
        assert_ne!(known.run, of("y-dn", "2026-11-29T12:00:00.000000001Z").run);
        assert_eq!(Known::of("x-dn", &json!({}), now), None);
    }
}
