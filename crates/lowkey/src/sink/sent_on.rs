//! What stores over HTTP and MQTT, and what is kept beside it.

use crate::config::{By, Config, Store};
#[cfg(feature = "nats")]
use crate::nats;
use lowkey_host::numbered::{Rows, Sink};
use lowkey_sinks::{Aside, Bounds, FileRows, HttpSettings, HttpSink, MqttSettings, MqttSink, SinkError, Tls};
use std::sync::Arc;

pub(super) async fn open(config: &Config, store: &Store) -> Result<Arc<dyn Sink>, String> {
    let folder = config.state.as_deref().ok_or("`state` is missing")?;
    let rows = rows(config).await?;
    let said = |error: SinkError| error.to_string();
    let aside = Aside::open(folder, Bounds::default()).map_err(said)?;
    let tls = Tls { roots: store.roots.clone(), ..Tls::default() };
    let (url, credentials) = (&store.address, store.credentials.clone());
    Ok(match store.by {
        By::Mqtt => {
            let settings = MqttSettings { login: credentials, tls, ..MqttSettings::default() };
            Arc::new(MqttSink::new(url, rows, aside, &settings).map_err(said)?)
        }
        _ => {
            let settings = HttpSettings { token: credentials, tls, ..HttpSettings::default() };
            Arc::new(HttpSink::new(url, rows, aside, &settings).map_err(said)?)
        }
    })
}

/// Beside the registry that several servers share, or in a file.
async fn rows(config: &Config) -> Result<Arc<dyn Rows>, String> {
    #[cfg(feature = "nats")]
    if let Some(shared) = &config.nats {
        return Ok(Arc::new(nats::rows(shared).await.map_err(|error| error.to_string())?));
    }
    let folder = config.state.as_deref().ok_or("`state` is missing")?;
    Ok(Arc::new(FileRows::open(folder).map_err(|error| error.to_string())?))
}
