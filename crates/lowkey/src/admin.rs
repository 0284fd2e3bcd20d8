//! The admin listener of `lowkey serve`.

use crate::config::{Config, Readiness, Service};
use crate::failure::{Exit, Failure};
use crate::source::Source;
use lowkey_gateway::admin::Admin;
use lowkey_gateway::events::Events;
use lowkey_gateway::memory::Memory;
use lowkey_gateway::store::Store;
use lowkey_host::Acceptor;
use std::path::absolute;
#[cfg(feature = "nats")]
use {crate::fleet::OtherGateways, std::sync::Arc};

/// Begins to answer, if the configuration says where; goes on for as long as the runtime.
pub(crate) async fn begin(
    config: &Config,
    acceptor: &Acceptor,
    memory: &Memory,
    events: &Events,
    registry: &Source,
    store: Option<&Store>,
) -> Result<(), Failure> {
    let Some(address) = &config.admin else { return Ok(()) };
    let admin = Admin::bind(address, acceptor.clone()).await.map_err(|error| {
        Failure::new(Exit::Network, format_args!("cannot listen on {address}, for admin: {error}"))
    })?;
    // What is shared has an address, which is the same wherever we stand.
    let file = match config.nats.is_some() {
        true => config.devices.path.clone(),
        false => absolute(&config.devices.path).unwrap_or_else(|_| config.devices.path.clone()),
    };
    let admin = admin.with_registry_file(file).with_memory(memory.clone()).with_events(events.clone());
    let admin = match &config.service {
        Service::Forward(forwarder) => admin.with_service(forwarder.health().clone()),
        Service::Echo | Service::Store(_) => admin,
    };
    let admin = match store {
        Some(store) => admin.with_store(store.clone()),
        None => admin,
    };
    let admin = match config.readiness {
        Readiness::Accepting => admin,
        Readiness::WithService => admin.ready_with_service(),
    };
    tokio::spawn(with_others(admin, registry).run());
    Ok(())
}

/// That of one gateway among several speaks for all of them.
#[cfg(feature = "nats")]
fn with_others(admin: Admin, registry: &Source) -> Admin {
    let Some(fleet) = registry.fleet() else { return admin };
    let here = admin.here();
    fleet.answer_by(move |question| here.answer(&question));
    admin.with_others(Arc::new(OtherGateways(fleet.clone())))
}

#[cfg(not(feature = "nats"))]
fn with_others(admin: Admin, _registry: &Source) -> Admin {
    admin
}
