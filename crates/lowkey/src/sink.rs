//! What stores devices' numbered messages and has some for them, as it is configured.

use crate::config::Store;
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
#[cfg(feature = "nats")]
pub(crate) async fn open(store: &Store) -> Result<Behind, String> {
    let (sink, source) = nats::streams(store).await.map_err(|error| error.to_string())?;
    Ok(Behind { sink: Arc::new(sink), source: Some(Arc::new(source)) })
}

/// There is nothing: the configuration takes no address of it.
#[cfg(not(feature = "nats"))]
pub(crate) async fn open(_store: &Store) -> Result<Behind, String> {
    Err("this lowkey was built without the feature `nats`".to_owned())
}
