//! Events on standard error, for people or for programs.

use crate::config::{Log, LogFormat};
use crate::failure::{Exit, Failure};
use crate::terminal::StandardError;
use lowkey_host::text::steers;
use std::fmt::{self, Write};
use std::io::{self, IsTerminal};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, format, layer};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

/// From here on every event goes to standard error.
pub(crate) fn begin(log: &Log) -> Result<(), Failure> {
    let targets: Targets = log
        .level
        .parse()
        .map_err(|error| Failure::new(Exit::Arguments, format_args!("log level {:?}: {error}", log.level)))?;
    let registry = tracing_subscriber::registry();
    let priority = Priority::of_standard_error();
    match log.format {
        LogFormat::Text => {
            let lines = Line { priority, format: format() };
            let lines = layer().with_writer(|| StandardError).event_format(lines);
            registry.with(lines.with_ansi(io::stderr().is_terminal())).with(targets).init();
        }
        LogFormat::Json => {
            let lines = layer().with_writer(|| StandardError).event_format(Line { priority, format: Json });
            registry.with(lines).with(targets).init();
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

/// One object a line: `time`, `level`, `target`, `event` (the stable name), `message`, then the event's fields.
///
/// The subscriber's own JSON leaves the event's name out.
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
        let metadata = event.metadata();
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let mut object = Object { line: String::from("{"), first: true };
        object.text("time", &time);
        object.text("level", metadata.level().as_str());
        object.text("target", metadata.target());
        // An event without a name of its own is called after its line of source.
        if !metadata.name().starts_with("event ") {
            object.text("event", metadata.name());
        }
        event.record(&mut object);
        writeln!(out, "{}}}", object.line)
    }
}

struct Object {
    line: String,
    first: bool,
}

impl Object {
    fn key(&mut self, key: &str) {
        if !std::mem::take(&mut self.first) {
            self.line.push(',');
        }
        self.string(key);
        self.line.push(':');
    }

    fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        self.string(value);
    }

    fn bare(&mut self, key: &str, value: impl fmt::Display) {
        self.key(key);
        self.line.push_str(&value.to_string());
    }

    /// RFC 8259 §7.
    fn string(&mut self, text: &str) {
        self.line.push('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => self.line.extend(['\\', c]),
                c if steers(c) => {
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        let _ = write!(self.line, "\\u{unit:04x}"); // a String takes all
                    }
                }
                c => self.line.push(c),
            }
        }
        self.line.push('"');
    }
}

impl Visit for Object {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field.name(), &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.bare(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.bare(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.bare(field.name(), value);
    }
}
