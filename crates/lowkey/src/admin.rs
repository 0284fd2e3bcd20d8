//! The admin listener of `lowkey serve`.

use crate::config::{Config, Readiness, Service};
use crate::failure::{Exit, Failure};
use lowkey_gateway::admin::Admin;
use lowkey_gateway::events::Events;
use lowkey_gateway::memory::Memory;
use lowkey_host::Acceptor;
use std::path::absolute;

/// Begins to answer, if the configuration says where; goes on for as long as the runtime.
pub(crate) async fn begin(
    config: &Config,
    acceptor: &Acceptor,
    memory: &Memory,
    events: &Events,
) -> Result<(), Failure> {
    let Some(address) = &config.admin else { return Ok(()) };
    let admin = Admin::bind(address, acceptor.clone()).await.map_err(|error| {
        Failure::new(Exit::Network, format_args!("cannot listen on {address}, for admin: {error}"))
    })?;
    let registry = absolute(&config.devices.path).unwrap_or_else(|_| config.devices.path.clone());
    let admin = admin.with_registry_file(registry).with_memory(memory.clone()).with_events(events.clone());
    let admin = match &config.service {
        Service::Forward(forwarder) => admin.with_service(forwarder.health().clone()),
        Service::Echo => admin,
    };
    let admin = match config.readiness {
        Readiness::Accepting => admin,
        Readiness::WithService => admin.ready_with_service(),
    };
    tokio::spawn(admin.run());
    Ok(())
}
