//! `lowkey check`: everything that `lowkey serve` reads, and nothing that it does.

use crate::config::{self, Config, Service};
use crate::failure::{Exit, Failure};
use crate::load;
use crate::terminal::print;
use clap::ArgMatches;
use lowkey_host::{Identity, keys};
use std::sync::Arc;

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    if of.get_flag("print-default-config") {
        return print(&config::default_file());
    }
    let config = Config::load(of).map_err(|mistakes| config::failure(&mistakes))?;
    let mut mistakes = Vec::new();
    let identity = load::identity(&config).map_err(|mistake| mistakes.push(mistake)).ok();
    // Without the key the registry is read for another server, to find its mistakes as well.
    let reader = match identity {
        Some(identity) => identity,
        None => Identity::new(keys::generate().map_err(Failure::file)?),
    };
    match load::registry(&config, &Arc::new(reader)) {
        Ok(registry) => {
            mistakes.extend(load::left_out(&registry));
            match &mistakes[..] {
                [] => print(&summary(&config, registry.len())),
                _ => Err(Failure::lines(Exit::File, &mistakes)),
            }
        }
        Err(mistake) => {
            mistakes.push(mistake);
            Err(Failure::lines(Exit::File, &mistakes))
        }
    }
}

fn summary(config: &Config, devices: usize) -> String {
    let plural = if devices == 1 { "" } else { "s" };
    let service = match &config.service {
        Service::Echo => "echo".into(),
        Service::Forward(forwarder) => format!("forward to {}", forwarder.backend),
    };
    let admin = config.admin.as_ref().map(|at| format!(", admin at {at}")).unwrap_or_default();
    format!("ok: {devices} device{plural}, listen on {}, {service}{admin}\n", config.listen)
}
