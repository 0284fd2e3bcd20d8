//! What is stored, as whoever reads the stream sees it: the other side of the trial's account.

use super::ledger::Name;
use crate::stage::PREFIX;
use async_nats::jetstream::{
    self, Message,
    consumer::{
        DeliverPolicy,
        pull::{self, OrderedConfig},
    },
    stream::{Config, DirectGetErrorKind, DiscardPolicy, RetentionPolicy, State},
};
use futures_util::StreamExt;
use lowkey_host::{numbered::RunId, text::unhex};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};
use xtask::command::Result;

pub(crate) struct Stream {
    url: String,
    /// Where messages are consumed, those that were.
    taken: Option<Arc<Mutex<BTreeMap<u64, Stored>>>>,
    _service: JoinSet<()>,
}

/// What becomes of messages that are stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// They stay.
    All,
    /// A service behind takes each out of the stream as it comes, so that its subject remembers nothing.
    UntilTaken,
}

/// A message that is stored.
pub(crate) struct Stored {
    /// What the device is called, its run and the number.
    pub(crate) device: String,
    pub(crate) run: RunId,
    pub(crate) number: u64,
    pub(crate) message: Vec<u8>,
}

impl Kept {
    const fn retention(self) -> RetentionPolicy {
        match self {
            Self::All => RetentionPolicy::Limits,
            Self::UntilTaken => RetentionPolicy::WorkQueue,
        }
    }

    /// For how long the stream knows a message by its id. Where messages stay, for a moment only: what comes again
    /// comes later, and is known by what stands there. Where they are taken out, it is what is left when NATS itself is
    /// killed between a message and its copy.
    const fn duplicate_window(self) -> Duration {
        match self {
            Self::All => MOMENT,
            Self::UntilTaken => Duration::from_secs(120),
        }
    }
}

impl Stream {
    /// Makes it as the book says.
    ///
    /// # Errors
    /// NATS does not want it.
    pub(crate) async fn make(url: &str, kept: Kept) -> Result<Self> {
        let context = jetstream::new(async_nats::connect(url).await?);
        let config = Config {
            name: format!("{PREFIX}-up"),
            subjects: vec![format!("{PREFIX}.up.*"), format!("{PREFIX}.mark.*")],
            discard: DiscardPolicy::New,
            allow_direct: true,
            allow_message_ttl: true,
            duplicate_window: kept.duplicate_window(),
            retention: kept.retention(),
            ..Config::default()
        };
        context.create_stream(config).await?;
        let (mut service, mut taken) = (JoinSet::new(), None);
        if kept == Kept::UntilTaken {
            let all = taken.insert(Arc::default());
            service.spawn(take_for_ever(url.to_owned(), Arc::clone(all)));
        }
        Ok(Self { url: url.to_owned(), taken, _service: service })
    }

    /// Whether a service takes messages out of it.
    pub(crate) const fn is_queue(&self) -> bool {
        self.taken.is_some()
    }

    /// Of those that were taken out of it the highest number of each device and run.
    pub(crate) fn taken(&self) -> BTreeMap<(String, RunId), u64> {
        let mut highest = BTreeMap::new();
        if let Some(taken) = &self.taken {
            for of in taken.lock().unwrap_or_else(PoisonError::into_inner).values() {
                let number: &mut u64 = highest.entry((of.device.clone(), of.run)).or_default();
                *number = of.number.max(*number);
            }
        }
        highest
    }

    /// Has nobody take a row of what is stored, so that whoever writes one waits, and the stream know a message by its
    /// id for a moment only.
    ///
    /// # Errors
    /// NATS is away.
    pub(crate) async fn forgets(&self) -> Result<()> {
        self.is_set("away", MOMENT).await
    }

    /// Has rows be taken again, and the stream know ids for as long as before.
    ///
    /// # Errors
    /// NATS is away.
    pub(crate) async fn remembers(&self) -> Result<()> {
        self.is_set("numbers", Kept::UntilTaken.duplicate_window()).await
    }

    async fn is_set(&self, rows_at: &str, window: Duration) -> Result<()> {
        let context = jetstream::new(async_nats::connect(&self.url).await?);
        let config =
            |stream| async { Result::Ok(context.get_stream(stream).await?.cached_info().config.clone()) };
        let rows = config(format!("KV_{PREFIX}-numbers")).await?;
        let messages = config(format!("{PREFIX}-up")).await?;
        let subjects = vec![format!("$KV.{PREFIX}-{rows_at}.>")];
        context.update_stream(Config { subjects, ..rows }).await?;
        // A server looks at what it knows by the window that it had until then: so it is told twice.
        for duplicate_window in [window * 2, window] {
            context.update_stream(Config { duplicate_window, ..messages.clone() }).await?;
        }
        Ok(())
    }

    /// All that there is, in the order in which it was stored.
    ///
    /// # Errors
    /// NATS is away, or somebody else writes there.
    pub(crate) async fn all(&self) -> Result<Vec<Stored>> {
        match &self.taken {
            None => self.read().await,
            Some(taken) => {
                let mut left = Vec::new();
                let empty = async {
                    loop {
                        left = self.left(taken).await?;
                        if left.is_empty() {
                            return Result::Ok(());
                        }
                        sleep(LOOK).await;
                    }
                };
                let done = timeout(PATIENCE, empty).await;
                done.map_err(|_| format!("the service behind does not take the messages {left:?}"))??;
                let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(std::mem::take(&mut *taken).into_values().collect())
            }
        }
    }

    /// The messages that are there, and that the service has not taken. One that it has may stay: a NATS that is killed
    /// can know that it was taken, and have it still.
    async fn left(&self, taken: &Mutex<BTreeMap<u64, Stored>>) -> Result<Vec<u64>> {
        let context = jetstream::new(async_nats::connect(&self.url).await?);
        let mut stream = context.get_stream(format!("{PREFIX}-up")).await?;
        let State { first_sequence, last_sequence, .. } = stream.info().await?.state;
        let mut left = Vec::new();
        for sequence in first_sequence..=last_sequence {
            if taken.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&sequence) {
                continue;
            }
            match stream.direct_get(sequence).await {
                Ok(message) if message.subject.starts_with(&format!("{PREFIX}.up.")) => left.push(sequence),
                Ok(_) => (),
                Err(error) if error.kind() == DirectGetErrorKind::NotFound => (),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(left)
    }

    async fn read(&self) -> Result<Vec<Stored>> {
        let context = jetstream::new(async_nats::connect(&self.url).await?);
        let mut stream = context.get_stream(format!("{PREFIX}-up")).await?;
        let last = stream.info().await?.state.last_sequence;
        let deliver_policy = DeliverPolicy::All;
        let consumer =
            stream.create_consumer(OrderedConfig { deliver_policy, ..OrderedConfig::default() }).await?;
        let (mut messages, mut all) = (consumer.messages().await?, Vec::new());
        let mut at = 0;
        while at < last {
            let message = timeout(PATIENCE, messages.next()).await?.ok_or("the stream ends")??;
            at = message.info()?.stream_sequence;
            all.extend(Stored::of(&message)?);
        }
        Ok(all)
    }
}

/// Takes what comes, whatever becomes of NATS meanwhile.
async fn take_for_ever(url: String, all: Arc<Mutex<BTreeMap<u64, Stored>>>) {
    loop {
        let _until_nats_is_back = take(&url, &all).await;
        sleep(LOOK).await;
    }
}

async fn take(url: &str, all: &Mutex<BTreeMap<u64, Stored>>) -> Result<()> {
    let context = jetstream::new(async_nats::connect(url).await?);
    let stream = context.get_stream(format!("{PREFIX}-up")).await?;
    let config = pull::Config {
        durable_name: Some("service".to_owned()),
        filter_subject: format!("{PREFIX}.up.*"),
        // What was under way when NATS was killed comes again after that.
        ack_wait: Duration::from_secs(2),
        ..pull::Config::default()
    };
    let mut messages = stream.get_or_create_consumer("service", config).await?.messages().await?;
    while let Some(message) = messages.next().await {
        let message = message?;
        if let Some(stored) = Stored::of(&message)? {
            let sequence = message.info()?.stream_sequence;
            // What was not heard to be taken comes again.
            all.lock().unwrap_or_else(PoisonError::into_inner).insert(sequence, stored);
        }
        message.ack().await?;
    }
    Ok(())
}

impl Stored {
    /// `None`: it is none of a device's.
    fn of(message: &Message) -> Result<Option<Self>> {
        let Some(device) = message.subject.strip_prefix(&format!("{PREFIX}.up.")) else { return Ok(None) };
        let device = unhex(device).and_then(|name| String::from_utf8(name).ok()).ok_or("no name")?;
        let header = |name: &str| -> Result<&str> {
            let headers = message.headers.as_ref().ok_or("no headers")?;
            Ok(headers.get(name).ok_or_else(|| format!("no {name}"))?.as_str())
        };
        let run = unhex(header("Lowkey-Run")?).and_then(|run| run.try_into().ok()).ok_or("no run")?;
        let number = header("Lowkey-Number")?.parse()?;
        Ok(Some(Self { device, run: RunId::new(run), number, message: message.payload.to_vec() }))
    }

    /// Of the device of this number.
    pub(crate) fn name(&self, device: usize) -> Name {
        Name { device, run: self.run, number: self.number }
    }
}

const MOMENT: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(120);
