//! Names in NATS. Those of devices and gateways are in hex: they may hold what means something in a subject.

use async_nats::jetstream::message::Message;
use lowkey_host::text;

/// The bucket of a registry, and the keys in it.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    /// Its name.
    pub(crate) name: String,
}

/// What a key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// What stands before the rows, and which registry it is.
    Head,
    /// The row of the device of this name.
    Device(String),
    /// What the gateway of this name says of itself.
    Beat(String),
}

/// A key's value, or its end.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) revision: u64,
    /// `None`: it is gone.
    pub(crate) value: Option<String>,
    /// By NATS's clock, in seconds since 1970.
    pub(crate) at: i64,
    /// The same in milliseconds.
    pub(crate) at_ms: i64,
}

impl Bucket {
    pub(crate) fn of(prefix: &str) -> Self {
        Self { name: format!("{prefix}-registry") }
    }

    pub(crate) fn stream(&self) -> String {
        format!("KV_{}", self.name)
    }

    pub(crate) fn subject(&self, key: &Key) -> String {
        format!("{}{}", self.subjects(), key.text())
    }

    /// The subjects of all its keys.
    pub(crate) fn all(&self) -> String {
        format!("{}>", self.subjects())
    }

    /// The subjects of the rows of all devices.
    pub(crate) fn rows(&self) -> String {
        format!("{}device.*", self.subjects())
    }

    /// The device whose row has this subject.
    pub(crate) fn device(&self, subject: &str) -> Option<String> {
        match Key::of(subject.strip_prefix(&self.subjects())?)? {
            Key::Device(name) => Some(name),
            Key::Head | Key::Beat(_) => None,
        }
    }

    fn subjects(&self) -> String {
        format!("$KV.{}.", self.name)
    }

    /// What a message says; `None` if its key is none of ours, or its value no text.
    pub(crate) fn read(&self, message: &Message) -> Option<Entry> {
        let key = Key::of(message.subject.strip_prefix(&self.subjects())?)?;
        let info = message.info().ok()?;
        let is_marker = |name| message.headers.as_ref().is_some_and(|headers| headers.get(name).is_some());
        let gone = is_marker("KV-Operation") || is_marker("Nats-Marker-Reason");
        let value =
            if gone { None } else { Some(std::str::from_utf8(&message.payload).unwrap_or("\0").to_owned()) };
        let (at, at_ms) =
            (info.published.unix_timestamp(), milliseconds(info.published.unix_timestamp_nanos()));
        Some(Entry { key, revision: info.stream_sequence, value, at, at_ms })
    }
}

fn milliseconds(nanoseconds: i128) -> i64 {
    i64::try_from(nanoseconds / 1_000_000).unwrap_or(i64::MAX)
}

impl Key {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Head => "head".to_owned(),
            Self::Device(name) => format!("device.{}", hex(name)),
            Self::Beat(name) => format!("beat.{}", hex(name)),
        }
    }

    fn of(text: &str) -> Option<Self> {
        if text == "head" {
            return Some(Self::Head);
        }
        let (kind, name) = text.split_once('.')?;
        let name = unhex(name)?;
        match kind {
            "device" => Some(Self::Device(name)),
            "beat" => Some(Self::Beat(name)),
            _ => None,
        }
    }
}

pub(crate) fn hex(name: &str) -> String {
    text::Hex(name.as_bytes()).to_string()
}

pub(crate) fn unhex(text: &str) -> Option<String> {
    // One name has one key: small letters alone.
    let is_small = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    let bytes = text::unhex(text).filter(|bytes| !bytes.is_empty() && is_small)?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_means_something_in_a_subject_does_not_in_a_key() {
        for name in ["pump-7", "a.b", "*", ">", "ü \u{1b}", "$KV.x", "head"] {
            for key in [Key::Device(name.to_owned()), Key::Beat(name.to_owned())] {
                let text = key.text();
                assert!(
                    text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.'),
                    "{text}"
                );
                assert_eq!(Key::of(&text), Some(key));
            }
        }
        for text in [
            "",
            "device",
            "device.",
            "device.7",
            "device.7G",
            "device.7A",
            "device.ff",
            "other.61",
            "device.61.61",
        ] {
            assert_eq!(Key::of(text), None, "{text}");
        }
    }
}
