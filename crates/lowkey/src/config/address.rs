//! Addresses as people write them: `ADDRESS:PORT`.

/// The address and the port of `ADDRESS:PORT`.
pub(crate) fn host_and_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let bare_v6 = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
    (!host.is_empty() && !bare_v6).then_some((host, port.parse().ok()?))
}

/// Whether this can be the address of a registry over NATS; why not.
#[cfg(feature = "nats")]
pub(super) fn of_nats(text: &str) -> Result<(), String> {
    text.parse::<lowkey_nats::Address>().map(drop).map_err(|error| error.to_string())
}

#[cfg(not(feature = "nats"))]
pub(super) fn of_nats(_text: &str) -> Result<(), String> {
    Err("this lowkey was built without the feature `nats`".to_owned())
}
