//! Events on standard error, for people or for programs.

use crate::config::{Log, LogFormat};
use crate::failure::{Exit, Failure};
use crate::terminal::StandardError;
use lowkey_gateway::events::{Events, json};
use std::fmt;
use std::io::{self, IsTerminal};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, format, layer};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

/// The target of NATS's client.
const NATS: &str = "async_nats";

/// From here on every event goes to standard error, and what is of the server to `events` as well.
pub(crate) fn begin(log: &Log, events: &Events) -> Result<(), Failure> {
    let mut targets: Targets = log
        .level
        .parse()
        .map_err(|error| Failure::new(Exit::Arguments, format_args!("log level {:?}: {error}", log.level)))?;
    // Its client says at every attempt that NATS is away, and we say once what that means.
    if !log.level.contains(NATS) {
        targets = targets.with_target(NATS, LevelFilter::OFF);
    }
    let registry = tracing_subscriber::registry().with(events.layer());
    let priority = Priority::of_standard_error();
    match log.format {
        LogFormat::Text => {
            let lines = Line { priority, format: format() };
            let lines = layer().with_writer(|| StandardError).event_format(lines);
            let lines = lines.with_ansi(io::stderr().is_terminal()).with_filter(targets);
            registry.with(lines).init();
        }
        LogFormat::Json => {
            let lines = layer().with_writer(|| StandardError).event_format(Line { priority, format: Json });
            registry.with(lines.with_filter(targets)).init();
        }
    }
    Ok(())
}

/// Whether each line of standard error begins with its priority, which systemd's journal takes off and files it by
/// (sd-daemon(3)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Priority {
    /// No: people or programs read it.
    Unsaid,
    /// Yes: `journalctl -p warning` finds what is one.
    Prefixed,
}

impl Priority {
    /// As whoever reads our standard error wants it.
    pub(crate) fn of_standard_error() -> Self {
        #[cfg(unix)]
        if crate::systemd::hears_standard_error() {
            return Self::Prefixed;
        }
        Self::Unsaid
    }

    /// What a line of this level begins with.
    pub(crate) fn prefix(self, level: Level) -> &'static str {
        match (self, level) {
            (Self::Unsaid, _) => "",
            (Self::Prefixed, Level::ERROR) => "<3>",
            (Self::Prefixed, Level::WARN) => "<4>",
            (Self::Prefixed, Level::INFO) => "<6>",
            (Self::Prefixed, _) => "<7>",
        }
    }
}

/// A line, behind its priority.
struct Line<F> {
    priority: Priority,
    format: F,
}

impl<S, N, F> FormatEvent<S, N> for Line<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        out.write_str(self.priority.prefix(*event.metadata().level()))?;
        self.format.format_event(context, out, event)
    }
}

/// [As readers of events have it](lowkey_gateway::events::json), a line each.
struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        writeln!(out, "{}", json(event))
    }
}
