//! An event as a JSON object of one line.

use super::moment;
use lowkey_host::text::steers;
use std::fmt::{self, Display, Write};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

/// An object that is being written.
pub(super) struct Object {
    line: String,
}

impl Object {
    /// `time`, which is now, `level`, `target` and, unless it is empty, `event`.
    pub(super) fn new(level: Level, target: &str, name: &str) -> Self {
        let mut object = Self { line: String::with_capacity(256) };
        object.text("time", &moment::now());
        object.text("level", level.as_str());
        object.text("target", target);
        if !name.is_empty() {
            object.text("event", name);
        }
        object
    }

    /// The event with its fields.
    pub(super) fn of(event: &Event<'_>) -> Self {
        let metadata = event.metadata();
        // An event without a name of its own is called after its line of source.
        let name = if metadata.name().starts_with("event ") { "" } else { metadata.name() };
        let mut object = Self::new(*metadata.level(), metadata.target(), name);
        event.record(&mut object);
        object
    }

    pub(super) fn done(mut self) -> String {
        self.line.push('}');
        self.line
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        self.string(value);
    }

    pub(super) fn some(&mut self, key: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.text(key, &value.to_string());
        }
    }

    pub(super) fn bare(&mut self, key: &str, value: impl Display) {
        self.key(key);
        let _ = write!(self.line, "{value}"); // a String takes all
    }

    fn key(&mut self, key: &str) {
        self.line.push(if self.line.is_empty() { '{' } else { ',' });
        self.string(key);
        self.line.push(':');
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
