//! What stores devices' numbered messages and has some for them, as it is configured.

#[cfg(feature = "sinks")]
mod sent_on;

#[cfg(any(feature = "nats", feature = "sinks"))]
use crate::config::By;
use crate::config::{Config, Store};
#[cfg(feature = "nats")]
use crate::nats;
use lowkey_host::numbered::{Sink, Source};
use std::sync::Arc;

/// What devices' messages go to, and what has messages for them.
#[derive(Clone)]
pub(crate) struct Behind {
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) source: Option<Arc<dyn Source>>,
}

/// What `forward` names; it connects by itself, and again.
pub(crate) async fn open(config: &Config, store: &Store) -> Result<Behind, String> {
    match store.by {
        #[cfg(feature = "nats")]
        By::JetStream => {
            let (sink, source) = nats::streams(store).await.map_err(|error| error.to_string())?;
            Ok(Behind { sink: Arc::new(sink), source: Some(Arc::new(source)) })
        }
        #[cfg(feature = "sinks")]
        By::Http | By::Mqtt => Ok(Behind { sink: sent_on::open(config, store).await?, source: None }),
        // The configuration takes no address of it.
        #[cfg(not(all(feature = "nats", feature = "sinks")))]
        _ => Err(format!("this lowkey, which listens on {}, was built without it", config.listen)),
    }
}
