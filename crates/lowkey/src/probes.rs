//! The probes of `lowkey serve`.

use crate::config::{Config, Readiness, Service};
use crate::failure::Failure;
use lowkey_gateway::probes::Probes;
use lowkey_gateway::store::Store;
use lowkey_host::Acceptor;

/// Begins to answer other machines, if the configuration says where; goes on for as long as the runtime.
pub(crate) async fn begin(
    config: &Config,
    acceptor: &Acceptor,
    store: Option<&Store>,
) -> Result<(), Failure> {
    let Some(address) = &config.probes else { return Ok(()) };
    let probes = Probes::bind(address, acceptor.clone()).await;
    let probes = probes.map_err(|error| Failure::listening(address, ", for probes", "--probes", &error))?;
    let bound = probes.local_addr().map_err(Failure::file)?;
    let probes = match &config.service {
        Service::Forward(forwarder) => probes.with_service(forwarder.health().clone()),
        Service::Echo | Service::Store(_) => probes,
    };
    let probes = match store {
        Some(store) => probes.with_store(store.clone()),
        None => probes,
    };
    let probes = match config.readiness {
        Readiness::Accepting => probes,
        Readiness::WithService => probes.ready_with_service(),
    };
    tokio::spawn(probes.run());
    tracing::info!(name: "lowkey.probes", target: "lowkey", address = %bound, "probes are answered");
    Ok(())
}
