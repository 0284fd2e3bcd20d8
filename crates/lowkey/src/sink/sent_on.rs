//! What stores over HTTP and MQTT, and what is kept beside it.

use super::kept::Kept;
use crate::config::{By, Config, Store as To};
#[cfg(feature = "nats")]
use crate::nats;
use lowkey_gateway::store::{self, Says, Store};
use lowkey_host::numbered::{Rows, Trouble};
use lowkey_host::text::clean;
use lowkey_sinks::{
    Aside, Bounds, FileRows, HttpSettings, HttpSink, MqttSettings, MqttSink, SinkError, Standing, Tls,
};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

pub(super) async fn open(config: &Config, to: &To) -> Result<Store, String> {
    // The configuration asks for it.
    let folder = config.state.as_deref().ok_or("`state` is missing")?;
    let rows = rows(config, folder).await?;
    let runs = runs(config, folder);
    let said = |error: SinkError| error.to_string();
    let aside = Aside::open(folder, Bounds::default()).map_err(said)?;
    let kept = Arc::new(Kept(aside.clone()));
    let url = &to.address;
    Ok(match to.by {
        By::Mqtt => {
            let sink = MqttSink::new(url, rows, aside, &mqtt(to)).map_err(said)?;
            let asked = sink.clone();
            Store::new(Arc::new(sink), SentOn::new(move || asked.standing(), kept, runs))
        }
        _ => {
            let sink = HttpSink::new(url, rows, aside, &http(to)).map_err(said)?;
            let asked = sink.clone();
            Store::new(Arc::new(sink), SentOn::new(move || asked.standing(), kept, runs))
        }
    })
}

/// Whether what stores can be had, as far as that shows without it: why not.
pub(super) fn check(to: &To) -> Result<(), String> {
    let checked = match to.by {
        By::Mqtt => MqttSink::check(&to.address, &mqtt(to)),
        _ => HttpSink::check(&to.address, &http(to)),
    };
    checked.map_err(|error| error.to_string())
}

fn http(to: &To) -> HttpSettings {
    HttpSettings { token: to.credentials.clone(), tls: tls(to), ..HttpSettings::default() }
}

fn mqtt(to: &To) -> MqttSettings {
    MqttSettings { login: to.credentials.clone(), tls: tls(to), ..MqttSettings::default() }
}

fn tls(to: &To) -> Tls {
    Tls { roots: to.roots.clone(), ..Tls::default() }
}

/// Beside the registry that several servers share, or in a file.
async fn rows(config: &Config, folder: &Path) -> Result<Arc<dyn Rows>, String> {
    #[cfg(feature = "nats")]
    if let Some(shared) = &config.nats {
        return Ok(Arc::new(nats::rows(shared).await.map_err(|error| error.to_string())?));
    }
    #[cfg(not(feature = "nats"))]
    let _no_registry_is_shared = config;
    Ok(Arc::new(FileRows::open(folder).map_err(|error| error.to_string())?))
}

/// Where the rows are, for people.
fn runs(config: &Config, folder: &Path) -> String {
    #[cfg(feature = "nats")]
    if let Some(shared) = &config.nats {
        return clean(&shared.address);
    }
    #[cfg(not(feature = "nats"))]
    let _no_registry_is_shared = config;
    clean(&std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()).to_string_lossy())
}

/// What such a sink says of itself.
struct SentOn {
    standing: Box<dyn Fn() -> Standing + Send + Sync>,
    kept: Arc<Kept>,
    runs: String,
}

impl SentOn {
    fn new(
        standing: impl Fn() -> Standing + Send + Sync + 'static,
        kept: Arc<Kept>,
        runs: String,
    ) -> Arc<Self> {
        Arc::new(Self { standing: Box::new(standing), kept, runs })
    }
}

impl Says for SentOn {
    fn name(&self) -> String {
        (self.standing)().sink
    }

    fn trouble(&self) -> Option<Trouble> {
        (self.standing)().trouble
    }

    fn runs(&self) -> Option<String> {
        Some(self.runs.clone())
    }

    fn aside(&self) -> Option<Arc<dyn store::Aside>> {
        Some(self.kept.clone())
    }
}

impl fmt::Debug for SentOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentOn").field("standing", &(self.standing)()).finish_non_exhaustive()
    }
}
