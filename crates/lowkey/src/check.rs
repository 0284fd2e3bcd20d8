//! `lowkey check`: everything that `lowkey serve` reads, and nothing that it does.

use crate::config::{self, Config, Mistake, Named, Origin, Read, Service};
use crate::failure::{Exit, Failure};
use crate::load;
use crate::sink;
use crate::terminal::{print, say};
#[cfg(target_os = "linux")]
use crate::user::User;
use clap::ArgMatches;
use lowkey_gateway::proxy::MAX_NAME;
use lowkey_host::text::clean;
use lowkey_host::{Identity, PublicKey, show_time};
use lowkey_registry::{RegistryError, Survey, survey};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    if of.get_flag("print-default-config") {
        return print(&config::default_file());
    }
    let credential = credential(of);
    become_another(of)?;
    let read = Config::read(of);
    let identity = credential.or_else(|| read.key.as_ref().map(load::identity));
    let mut in_files = Vec::new();
    let key = match identity {
        Some(Ok(identity)) => Some(identity.public_key()),
        Some(Err(mistake)) => {
            in_files.push(mistake);
            None
        }
        None => None,
    };
    let surveyed = read.devices.as_ref().map(|named| devices(named, key.as_ref(), &read, &mut in_files));
    if of.get_one::<String>("as").is_none() {
        offer_other_eyes(surveyed.as_ref(), &mut in_files);
    }
    let (config, mut mistakes) = match read.config {
        Ok(config) => (Some(config), Vec::new()),
        Err(mistakes) => (None, mistakes),
    };
    let exit = if in_files.is_empty() { config::exit(&mistakes) } else { Exit::File };
    mistakes.append(&mut in_files);
    match (config, surveyed) {
        #[cfg(feature = "nats")]
        (Some(config), None) if mistakes.is_empty() && config.nats.is_some() => shared(&config),
        (Some(config), Some(survey)) if mistakes.is_empty() => {
            warn_of_ends(&config.devices.path, &survey, SystemTime::now());
            warn_of_pending(&config.devices.path, &survey);
            look_at_store(&config)?;
            print(&summary(&config, survey.devices.len()))
        }
        _ => Err(Failure::lines(exit, &mistakes)),
    }
}

/// The registry is elsewhere, and asked for.
#[cfg(feature = "nats")]
fn shared(config: &Config) -> Result<(), Failure> {
    let Some(nats) = &config.nats else { return Ok(()) };
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::file)?;
    let key =
        load::identity(&config.key).map_err(|mistake| Failure::lines(Exit::File, &[mistake]))?.public_key();
    let devices = runtime.block_on(crate::nats::survey(nats, &key)).map_err(|wrong| {
        let origin = &config.devices.origin;
        let mistakes: Vec<_> = wrong.into_iter().map(|why| Mistake::new(origin, why)).collect();
        Failure::lines(Exit::File, &mistakes)
    })?;
    look_at_store(config)?;
    print(&summary(config, devices))
}

/// Whether what stores devices' messages can.
fn look_at_store(config: &Config) -> Result<(), Failure> {
    match &config.service {
        Service::Store(store) => sink::check(store),
        Service::Echo | Service::Forward(_) => Ok(()),
    }
}

/// What the user who reads it now finds in the key file, if another is handed a copy.
fn credential(of: &ArgMatches) -> Option<Result<Identity, Mistake>> {
    if !of.get_flag("credential") {
        return None;
    }
    Config::read(of).key.as_ref().map(load::identity)
}

#[cfg(target_os = "linux")]
fn become_another(of: &ArgMatches) -> Result<(), Failure> {
    match of.get_one::<String>("as") {
        Some(named) => User::find(named)?.become_it(),
        None => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
fn become_another(of: &ArgMatches) -> Result<(), Failure> {
    match of.get_one::<String>("as") {
        Some(_) => Err(Failure::new(Exit::Arguments, "--as: only Linux lets a thread be another user")),
        None => Ok(()),
    }
}

/// Looks the registry over; its mistakes are in the order of lines.
fn devices(named: &Named, key: Option<&PublicKey>, read: &Read, mistakes: &mut Vec<Mistake>) -> Survey {
    let survey = survey(&named.path, key);
    let mut found: Vec<Mistake> = survey.mistakes.iter().map(|error| load::mistake(named, error)).collect();
    if read.sends_proxy {
        let long = survey.devices.iter().filter(|device| device.name.len() > MAX_NAME);
        found.extend(long.map(|device| {
            let what = format!(
                "a name of {} bytes, which `send_proxy` cannot tell the service; write one of at most {MAX_NAME}",
                device.name.len()
            );
            Mistake::new(&origin(&named.path, device.line, device.column), what)
        }));
    }
    found.sort_by_key(|mistake| mistake.origin.position());
    mistakes.append(&mut found);
    survey
}

/// A registry that belongs to the user who serves it is right for that user, and to be given away would be wrong.
fn offer_other_eyes(survey: Option<&Survey>, mistakes: &mut [Mistake]) {
    let first = survey.and_then(|survey| survey.mistakes.first());
    if let (Some(RegistryError::Foreign { owner, .. }), Some(mistake)) = (first, mistakes.last_mut()) {
        mistake.what += &format!("; or, if that is the user who serves, check --as {owner}");
    }
}

/// Says which keys end soon. That is no mistake: they were meant to.
fn warn_of_ends(registry: &Path, survey: &Survey, now: SystemTime) {
    for device in &survey.devices {
        for (line, column, expires) in &device.expiring {
            let what = match expires.duration_since(now) {
                Err(_) => "has ended",
                Ok(left) if left <= SOON => "ends",
                Ok(_) => continue,
            };
            let (origin, name) = (origin(registry, *line, *column), clean(&device.name));
            let hint = "`lowkey provision --rotate` makes the next";
            say(format_args!(
                "lowkey: warning: {origin}this key of {name:?} {what} at {}; {hint}",
                show_time(*expires)
            ));
        }
    }
}

/// Says which pairings are not confirmed. That is no mistake: a device may connect tomorrow.
fn warn_of_pending(registry: &Path, survey: &Survey) {
    for device in &survey.devices {
        for (line, column) in &device.pending {
            let (origin, name) = (origin(registry, *line, *column), clean(&device.name));
            say(format_args!(
                "lowkey: warning: {origin}the pairing of {name:?} is pending: it becomes final when the device connects; if \
                 it never will, `lowkey revoke` takes it out and frees its code"
            ));
        }
    }
}

fn origin(path: &Path, line: usize, column: usize) -> Origin {
    Origin::File { path: Arc::new(path.to_owned()), line, column }
}

fn summary(config: &Config, devices: usize) -> String {
    let plural = if devices == 1 { "" } else { "s" };
    let service = match &config.service {
        Service::Echo => "echo".into(),
        Service::Forward(forwarder) => format!("forward to {}", forwarder.backend),
        Service::Store(store) => format!("store in {}", store.address),
    };
    let admin = config.admin.as_ref().map(|at| format!(", admin at {at}")).unwrap_or_default();
    let probes = config.probes.as_ref().map(|at| format!(", probes at {at}")).unwrap_or_default();
    format!("ok: {devices} device{plural}, listen on {}, {service}{admin}{probes}\n", config.listen)
}

/// Time enough to rotate a fleet's keys.
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);
