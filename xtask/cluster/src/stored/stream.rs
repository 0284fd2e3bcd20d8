//! What is stored, as whoever reads the stream sees it: the other side of the trial's account.

use super::ledger::Name;
use crate::gateway::PREFIX;
use async_nats::jetstream::{
    self,
    consumer::{DeliverPolicy, pull::OrderedConfig},
    stream::{Config, DiscardPolicy},
};
use futures_util::StreamExt;
use lowkey_host::{numbered::RunId, text::unhex};
use std::time::Duration;
use tokio::time::timeout;
use xtask::command::Result;

pub(crate) struct Stream {
    url: String,
}

/// A message that is stored.
pub(crate) struct Stored {
    /// What the device is called, its run and the number.
    pub(crate) device: String,
    pub(crate) run: RunId,
    pub(crate) number: u64,
    pub(crate) message: Vec<u8>,
}

impl Stream {
    /// Makes it as the book says, but that it knows a message's id for a moment only: what comes again comes later.
    ///
    /// # Errors
    /// NATS does not want it.
    pub(crate) async fn make(url: &str) -> Result<Self> {
        let context = jetstream::new(async_nats::connect(url).await?);
        let config = Config {
            name: format!("{PREFIX}-up"),
            subjects: vec![format!("{PREFIX}.up.*"), format!("{PREFIX}.mark.*")],
            discard: DiscardPolicy::New,
            allow_direct: true,
            allow_message_ttl: true,
            duplicate_window: A_MOMENT,
            ..Config::default()
        };
        context.create_stream(config).await?;
        Ok(Self { url: url.to_owned() })
    }

    /// All that there is, in the order in which it was stored.
    ///
    /// # Errors
    /// NATS is away, or somebody else writes there.
    pub(crate) async fn all(&self) -> Result<Vec<Stored>> {
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
            let Some(device) = message.subject.strip_prefix(&format!("{PREFIX}.up.")) else { continue };
            let device = unhex(device).and_then(|name| String::from_utf8(name).ok()).ok_or("no name")?;
            let header = |name: &str| -> Result<&str> {
                let headers = message.headers.as_ref().ok_or("no headers")?;
                Ok(headers.get(name).ok_or_else(|| format!("no {name}"))?.as_str())
            };
            let run = unhex(header("Lowkey-Run")?).and_then(|run| run.try_into().ok()).ok_or("no run")?;
            let number = header("Lowkey-Number")?.parse()?;
            all.push(Stored { device, run: RunId::new(run), number, message: message.payload.to_vec() });
        }
        Ok(all)
    }
}

impl Stored {
    /// Of the device of this number.
    pub(crate) fn name(&self, device: usize) -> Name {
        Name { device, run: self.run, number: self.number }
    }
}

const A_MOMENT: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(30);
