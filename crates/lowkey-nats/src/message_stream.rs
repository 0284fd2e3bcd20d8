//! A stream of devices' messages, as a gateway reaches it.

use crate::access::Access;
use crate::error::NatsError;
use async_nats::Client;
use async_nats::jetstream::{self, Context};

/// Which stream, and by whom it is asked.
pub(crate) struct MessageStream {
    pub(crate) client: Client,
    pub(crate) context: Context,
    /// What the subjects in it begin with.
    pub(crate) prefix: String,
    pub(crate) name: String,
}

impl MessageStream {
    /// The one of this name; that of a registry is `PREFIX-` and `word`. It does not wait for a connection; each time
    /// that there is one, it says so.
    pub(crate) async fn open(
        access: &Access,
        name: Option<&str>,
        word: &str,
        connected: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, NatsError> {
        let client = access.connect_by_itself(connected).await?;
        let prefix = access.address.prefix().to_owned();
        let name = name.map_or_else(|| format!("{prefix}-{word}"), str::to_owned);
        Ok(Self { context: jetstream::new(client.clone()), client, prefix, name })
    }
}
