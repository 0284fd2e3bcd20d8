//! What `lowkey serve` is told: by a TOML file, the environment and options, in this order, the last one winning.

mod address;
mod build;
mod environment;
mod fields;
mod file;
mod given;
mod itself;
mod level;
mod mistake;
mod options;
mod orchestrator;
mod print;
pub(crate) mod time;

pub(crate) use address::host_and_port;
#[cfg(not(all(feature = "nats", feature = "sinks")))]
pub(crate) use address::lacks;
pub(crate) use fields::{FIELDS, Field, nearest};
pub(crate) use mistake::{Mistake, Origin};
pub(crate) use options::arguments;
pub(crate) use print::default_file;

use crate::failure::{Exit, Failure};
use clap::ArgMatches;
use lowkey_gateway::admin::Endpoint;
use lowkey_gateway::forward::Forwarder;
use lowkey_gateway::proxy::Networks;
use lowkey_host::Limits;
use lowkey_registry::text_file::Trust;
use std::env;
use std::path::PathBuf;
use std::time::Duration;

/// Everything, checked as far as that goes without opening other files.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) key: Named,
    /// The registry: a file, or, with `nats`, what that is called.
    pub(crate) devices: Named,
    pub(crate) nats: Option<Nats>,
    /// The folder of what is remembered over a restart.
    pub(crate) state: Option<PathBuf>,
    pub(crate) listen: String,
    pub(crate) service: Service,
    /// Networks of balancers.
    pub(crate) accept_proxy: Networks,
    pub(crate) limits: Limits,
    /// How much of the registry a change in place may take out, in percent.
    pub(crate) lost_in_place: u8,
    pub(crate) admin: Option<Endpoint>,
    /// Where other machines ask.
    pub(crate) probes: Option<String>,
    pub(crate) readiness: Readiness,
    pub(crate) program: Option<Program>,
    pub(crate) log: Log,
}

/// A registry that several servers share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Nats {
    pub(crate) address: String,
    /// This server's name among them.
    pub(crate) name: String,
    pub(crate) credentials: Option<PathBuf>,
    pub(crate) roots: Option<PathBuf>,
    pub(crate) max_stale: Duration,
    /// Whether it goes on after that.
    pub(crate) serves_on: bool,
}

/// What is run for events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    /// Names of events; none: every warning and error.
    pub(crate) only: Vec<String>,
    /// How long it may take for one.
    pub(crate) time: Duration,
}

/// What devices talk to.
#[derive(Clone, Debug)]
pub(crate) enum Service {
    Echo,
    Forward(Forwarder),
    /// Their numbered messages, to what stores them.
    Store(Store),
}

/// What stores devices' numbered messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Store {
    pub(crate) address: String,
    pub(crate) by: By,
    /// What its operator reads of us.
    pub(crate) name: String,
    pub(crate) credentials: Option<PathBuf>,
    pub(crate) roots: Option<PathBuf>,
    /// The stream of JetStream.
    pub(crate) stream: Option<String>,
}

/// How it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    JetStream,
    Http,
    Mqtt,
}

/// What it takes to be ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    Accepting,
    WithService,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) level: String,
    pub(crate) format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// A file, and where it was named, for errors about what is in it.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) origin: Origin,
    pub(crate) path: PathBuf,
}

/// What was said, right or wrong. The files that it names can be looked at whatever else is wrong.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) config: Result<Config, Vec<Mistake>>,
    pub(crate) key: Option<Named>,
    pub(crate) devices: Option<Named>,
    /// Whether the service is told the names of devices.
    pub(crate) sends_proxy: bool,
}

impl Config {
    /// What the file, the environment and the options say together.
    ///
    /// # Errors
    /// Every mistake in them.
    pub(crate) fn load(of: &ArgMatches) -> Result<Self, Vec<Mistake>> {
        Self::read(of).config
    }

    /// The same, and what of it names files even if not all of it is right.
    pub(crate) fn read(of: &ArgMatches) -> Read {
        let file = of.get_one::<PathBuf>(options::CONFIG).cloned();
        let file = file.or_else(|| env::var_os(environment::CONFIG).map(PathBuf::from));
        let mut mistakes = Vec::new();
        let mut given = match &file {
            // It says whose registry counts.
            Some(path) => match file::read(path, Trust::Ours, &mut mistakes) {
                Ok(given) => given,
                Err(mistake) => return Read::nothing(vec![mistake]),
            },
            None => given::Given::default(),
        };
        given.overlay(environment::read(env::vars_os(), &mut mistakes));
        given.overlay(options::read(of, &mut mistakes));
        build::config(&given, file.as_deref(), mistakes)
    }
}

impl Read {
    fn nothing(mistakes: Vec<Mistake>) -> Self {
        Self { config: Err(mistakes), key: None, devices: None, sends_proxy: false }
    }
}

/// Where the admin listener is, as the file says that `--config` or the environment names, whatever else is in it.
pub(crate) fn admin_listen(named: Option<&PathBuf>) -> Result<Option<String>, Failure> {
    let file = named.cloned().or_else(|| env::var_os(environment::CONFIG).map(PathBuf::from));
    let Some(file) = file else { return Ok(None) };
    // Whoever asks another's server believes it no more than its answer.
    let given = file::read(&file, Trust::AnyOwner, &mut Vec::new()).map_err(|mistake| failure(&[mistake]))?;
    match given.get("admin.listen") {
        Some((_, Some(given::Value::Text(listen)))) => Ok(Some(listen.clone())),
        _ => Ok(None),
    }
}

/// Mistakes as one failure: a line each.
pub(crate) fn failure(mistakes: &[Mistake]) -> Failure {
    Failure::lines(exit(mistakes), mistakes)
}

/// The code of a file if one of the mistakes is in a file.
pub(crate) fn exit(mistakes: &[Mistake]) -> Exit {
    let in_a_file = mistakes.iter().any(|mistake| mistake.origin.is_file());
    if in_a_file { Exit::File } else { Exit::Arguments }
}

#[cfg(test)]
mod tests {
    use super::given::{Given, Value};
    use super::*;
    use std::path::Path;

    fn loaded(text: &str) -> Config {
        let mut mistakes = Vec::new();
        let mut given = file::parse(Path::new("/etc/lowkey/lowkey.toml"), text, &mut mistakes).unwrap();
        let mut needed = Given::default();
        for (path, value) in [
            ("key", Value::Text("server.key".into())),
            ("devices", Value::Text("devices.toml".into())),
            ("echo", Value::Flag(true)),
        ] {
            needed.add(fields::field(path).unwrap(), Origin::Nowhere, Ok(value), &mut mistakes);
        }
        given.overlay(needed);
        build::config(&given, None, mistakes).config.unwrap()
    }

    #[test]
    fn every_default_is_the_library_s() {
        let config = loaded("");
        assert_eq!(format!("{:?}", config.limits), format!("{:?}", Limits::default()));
        assert!(config.accept_proxy.is_empty() && config.admin.is_none() && config.probes.is_none());
        assert_eq!(config.readiness, Readiness::Accepting);
        assert_eq!(config.log, Log { level: "info".into(), format: LogFormat::Text });
    }

    #[test]
    fn the_default_file_says_what_is_so_without_it() {
        assert_eq!(format!("{:?}", loaded(&default_file())), format!("{:?}", loaded("")));
    }

    #[test]
    fn every_setting_in_the_default_file_can_be_taken_as_it_stands() {
        let all: String = default_file()
            .lines()
            .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
            .filter(|line| !line.starts_with("registry =")) // it stands in the place of `devices`
            .flat_map(|line| [line, "\n"])
            .collect();
        let config = loaded(&all);
        assert!(config.limits.lifetime.is_some() && config.admin.is_some() && config.probes.is_some());
    }

    #[test]
    fn every_setting_has_a_place_of_its_own() {
        let mut seen: Vec<_> = FIELDS.iter().map(Field::variable).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), FIELDS.len());
    }
}
