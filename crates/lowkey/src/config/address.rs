//! Addresses as people write them: `ADDRESS:PORT`, and URLs.

use super::By;

/// The address and the port of `ADDRESS:PORT`.
pub(crate) fn host_and_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let bare_v6 = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
    (!host.is_empty() && !bare_v6).then_some((host, port.parse().ok()?))
}

/// How what stores is told whose address this is; why it is none.
pub(super) fn of_store(text: &str) -> Result<By, String> {
    let by = match text.split_once("://").map(|(scheme, _)| scheme) {
        Some("nats" | "tls") => return of_nats(text).map(|()| By::JetStream),
        Some("https" | "http") => By::Http,
        Some("mqtts" | "mqtt") => By::Mqtt,
        _ => return Err("write it as nats://, tls://, https:// or mqtts://HOST".to_owned()),
    };
    if cfg!(feature = "sinks") { Ok(by) } else { Err(lacks("sinks")) }
}

/// Why something cannot be had that a feature brings.
pub(crate) fn lacks(feature: &str) -> String {
    format!("this lowkey was built without the feature `{feature}`")
}

/// Whether this can be the address of a registry over NATS; why not.
#[cfg(feature = "nats")]
pub(super) fn of_nats(text: &str) -> Result<(), String> {
    text.parse::<lowkey_nats::Address>().map(drop).map_err(|error| error.to_string())
}

#[cfg(not(feature = "nats"))]
pub(super) fn of_nats(_text: &str) -> Result<(), String> {
    Err(lacks("nats"))
}
