//! JetStream as what takes devices' numbered messages (protocol §7): each is stored once, in its order.
//!
//! A device's messages are at `PREFIX.up.DEVICE`, and at `PREFIX.mark.DEVICE` stands who stores them: a session's mark.
//! Both are in one stream, and whatever is put at either names the last message of the two, so what a session stores
//! stands behind its own mark or its own last message. An older session that wakes up, or a connection of it whose
//! bytes come late, finds another's mark there and stores nothing: also where all messages have been consumed, so that
//! the subject itself remembers nothing, and where the stream has forgotten the messages' ids.
//!
//! Out of some streams a service takes messages, and they forget them. Beside such a one NATS keeps what the last
//! message of each device was ([`taken`]), of which it makes a copy. A copy that names what stood before its message in
//! another stream would be refused there; so what is stored in such a stream names instead that nothing stands at
//! `PREFIX.mark.DEVICE.SEQUENCE`, the end of its session's mark. Who takes over puts something there first.
//!
//! One message of a device is under way at a time, as the next has to name it by a sequence that JetStream gives; those
//! of other devices are under way beside it.

mod intake;
mod labels;
mod taken;
mod trouble;
mod window;
mod writer;

use crate::access::Access;
use crate::error::NatsError;
use crate::inspected::{self, Inspected, info};
use crate::layout;
use crate::message_stream::MessageStream;
use crate::numbers::{NatsNumbers, PATIENCE};
use crate::put::Patience;
use async_nats::connection::State;
use intake::JetStreamIntake;
use lowkey_host::numbered::{self, Begun, Later, Outage, RunId, Sink, Unstored};
use lowkey_host::text::clean;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use taken::Right;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use trouble::{Trouble, Until};
use writer::Writer;

/// A stream of JetStream that takes devices' numbered messages.
///
/// It is told by a row of [`NatsNumbers`] what has been acknowledged, before it is: a stream whose messages are
/// consumed forgets it.
#[derive(Clone)]
pub struct JetStreamSink {
    inner: Arc<Inner>,
}

/// What all its sessions share.
pub(crate) struct Inner {
    up: MessageStream,
    numbers: NatsNumbers,
    /// Whether a mark ends by itself: the stream may not know that.
    marks_end: AtomicBool,
    /// As the stream was set when it was looked at.
    right: tokio::sync::Mutex<Option<(Instant, Right)>>,
    trouble: Trouble,
    outage: Outage,
    begins: Semaphore,
    publishes: Semaphore,
    rows: Semaphore,
}

impl JetStreamSink {
    /// The stream of this name: that of a registry is `PREFIX-up`. It connects, and connects again, by itself: this
    /// does not wait for it.
    ///
    /// # Errors
    /// [`NatsError::File`].
    pub async fn open(access: &Access, stream: Option<&str>) -> Result<Self, NatsError> {
        let up = MessageStream::open(access, stream, "up", || ()).await?;
        let inner = Inner {
            numbers: NatsNumbers::by(up.client.clone(), &up.prefix),
            up,
            marks_end: AtomicBool::new(true),
            right: tokio::sync::Mutex::default(),
            trouble: Trouble::default(),
            outage: Outage::of(access.address.to_string()),
            begins: Semaphore::new(BEGINS),
            publishes: Semaphore::new(PUBLISHES),
            rows: Semaphore::new(ROWS),
        };
        let inner = Arc::new(inner);
        tokio::spawn(trouble::watch(Arc::downgrade(&inner)));
        Ok(Self { inner })
    }

    /// What NATS says of the stream, for `check`: why it must not be used as it is, and what to know of it. Each is a
    /// line that begins with the name of the stream.
    ///
    /// # Errors
    /// [`NatsError::NoStream`]: it is not there, or the bucket beside it is not. Others: it may not be seen.
    pub async fn inspect(&self) -> Result<Inspected, NatsError> {
        let stream = info(&self.inner.up.client, &self.inner.up.name).await?;
        let rows = format!("KV_{}-numbers", self.inner.up.prefix);
        info(&self.inner.up.client, &rows).await?;
        let prefix = &self.inner.up.prefix;
        let mut inspected = inspected::up(prefix, &stream);
        if inspected::tells_last(prefix, &stream["config"]) {
            let there = info(&self.inner.up.client, &layout::last_of(prefix)).await;
            let wrong =
                there.map_or_else(|error| Some(error.to_string()), |last| inspected::last(prefix, &last));
            inspected.wrong.extend(wrong.map(|why| format!("what is taken out of it is forgotten: {why}")));
        }
        Ok(inspected.named(&self.inner.up.name))
    }

    /// Why nothing can be stored just now, for a doctor: the last try came to nothing, or there is no connection. What
    /// was refused counts until something is stored.
    pub fn trouble(&self) -> Option<numbered::Trouble> {
        self.inner.trouble()
    }

    /// The rows beside it, for whatever else confirms messages.
    pub fn numbers(&self) -> NatsNumbers {
        self.inner.numbers.clone()
    }
}

impl Sink for JetStreamSink {
    fn begin<'a>(&'a self, device: &'a str, run: RunId) -> Later<'a, Result<Begun, Unstored>> {
        Box::pin(async move {
            let begun = self.inner.begin(device, run).await;
            match &begun {
                Ok(_) => self.inner.trouble.ends(Until::Begun),
                Err(Unstored::Failed(why)) => self.inner.trouble.begins(Until::Begun, why),
                Err(_) => (),
            }
            begun
        })
    }
}

impl fmt::Debug for JetStreamSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JetStreamSink").field("stream", &self.inner.up.name).finish_non_exhaustive()
    }
}

impl Inner {
    async fn begin(self: &Arc<Self>, device: &str, run: RunId) -> Result<Begun, Unstored> {
        let few = timeout(PATIENCE, self.begins.acquire()).await;
        let _one_of_few =
            few.map_err(|_| Unstored::Failed("NATS answers to none of those who come".to_owned()))?;
        let mut patience = Patience::of(PATIENCE);
        let (writer, held) = Writer::begin(self, device, run, &mut patience).await?;
        let last = held.last();
        Ok(Begun { last, intake: Box::new(JetStreamIntake::new(writer, held)) })
    }

    fn trouble(&self) -> Option<numbered::Trouble> {
        let is_away = self.up.client.connection_state() != State::Connected;
        match self.trouble.why().or_else(|| is_away.then(|| "no connection to NATS".to_owned())) {
            Some(why) => self.outage.lasts(&clean(&why)),
            None => self.outage.ends(),
        };
        self.outage.trouble()
    }
}

/// Nobody closes it.
async fn permit(semaphore: &Semaphore) -> Option<tokio::sync::SemaphorePermit<'_>> {
    semaphore.acquire().await.ok()
}

/// Sessions of a gateway that begin at a time.
const BEGINS: usize = 64;
/// Messages of a gateway that are under way to JetStream at a time: it takes some thousands from all.
const PUBLISHES: usize = 512;
/// Rows of a gateway that are written at a time. Those that wait take up what comes meanwhile.
const ROWS: usize = 64;
