//! What stores devices' numbered messages and has some for them, as it is configured.

#[cfg(feature = "sinks")]
pub(crate) mod kept;
#[cfg(feature = "sinks")]
mod sent_on;

#[cfg(not(all(feature = "nats", feature = "sinks")))]
use crate::config::lacks;
use crate::config::{By, Config, Store as To};
use crate::failure::Failure;
#[cfg(feature = "nats")]
use crate::nats;
#[cfg(feature = "nats")]
use lowkey_gateway::store::Says;
use lowkey_gateway::store::Store;
use lowkey_host::numbered::Source;
#[cfg(feature = "nats")]
use lowkey_host::numbered::Trouble;
use std::sync::Arc;

/// What devices' messages go to, and what has messages for them.
#[derive(Clone)]
pub(crate) struct Behind {
    pub(crate) store: Store,
    pub(crate) source: Option<Arc<dyn Source>>,
}

/// Whether what `forward` names for devices' messages can store them, as far as that shows before any comes: why not.
pub(crate) fn check(to: &To) -> Result<(), Failure> {
    match to.by {
        #[cfg(feature = "nats")]
        By::JetStream => nats::check(to),
        #[cfg(feature = "sinks")]
        By::Http | By::Mqtt => {
            sent_on::check(to).map_err(|why| Failure::file(format_args!("{}: {why}", to.address)))
        }
        // The configuration takes no such address.
        #[cfg(not(all(feature = "nats", feature = "sinks")))]
        _ => Ok(()),
    }
}

impl Config {
    /// What stores, as `forward` names it; it connects by itself, and again.
    pub(crate) async fn behind(&self, to: &To) -> Result<Behind, String> {
        match to.by {
            #[cfg(feature = "nats")]
            By::JetStream => {
                let (sink, source) = nats::streams(to).await.map_err(|error| error.to_string())?;
                let says = Arc::new(JetStream { name: to.address.clone(), sink: sink.clone() });
                Ok(Behind { store: Store::new(Arc::new(sink), says), source: Some(Arc::new(source)) })
            }
            #[cfg(feature = "sinks")]
            By::Http | By::Mqtt => Ok(Behind { store: sent_on::open(self, to).await?, source: None }),
            // In the words of the configuration, which takes no such address.
            #[cfg(not(feature = "nats"))]
            By::JetStream => Err(lacks("nats")),
            #[cfg(not(feature = "sinks"))]
            By::Http | By::Mqtt => Err(lacks("sinks")),
        }
    }
}

#[cfg(feature = "nats")]
#[derive(Debug)]
struct JetStream {
    name: String,
    sink: lowkey_nats::JetStreamSink,
}

#[cfg(feature = "nats")]
impl Says for JetStream {
    fn name(&self) -> String {
        lowkey_host::text::clean(&self.name)
    }

    fn runs(&self) -> Option<String> {
        Some(self.name())
    }

    fn trouble(&self) -> Option<Trouble> {
        self.sink.trouble()
    }
}
