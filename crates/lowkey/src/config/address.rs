//! Addresses as people write them: `ADDRESS:PORT`.

/// The address and the port of `ADDRESS:PORT`.
pub(crate) fn host_and_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let bare_v6 = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
    (!host.is_empty() && !bare_v6).then_some((host, port.parse().ok()?))
}
