//! What stores devices' numbered messages, as it is configured.

use crate::config::Store;
#[cfg(feature = "nats")]
use crate::nats;
use lowkey_host::numbered::Sink;
use std::sync::Arc;

/// The one that `forward` names; it connects by itself, and again.
#[cfg(feature = "nats")]
pub(crate) async fn open(store: &Store) -> Result<Arc<dyn Sink>, String> {
    let sink = nats::sink(store).await.map_err(|error| error.to_string())?;
    Ok(Arc::new(sink))
}

/// There is none: the configuration takes no address of one.
#[cfg(not(feature = "nats"))]
pub(crate) async fn open(_store: &Store) -> Result<Arc<dyn Sink>, String> {
    Err("this lowkey was built without the feature `nats`".to_owned())
}
