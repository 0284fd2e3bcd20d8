//! Where a sink is, as it is written.

use crate::error::SinkError;
use std::net::{IpAddr, Ipv6Addr};

/// Whether what is not encrypted may leave this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cleartext {
    /// It may not: `http://` and `mqtt://` are for loopback.
    #[default]
    Loopback,
    /// It may: a network in between is trusted, whoever is in it reads what devices say and can acknowledge it.
    Anywhere,
}

/// What a URL says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) is_encrypted: bool,
    /// Without the brackets of an IPv6 address.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Host and port as they stand in the URL.
    pub(crate) authority: String,
    /// From the `/` behind that on, or empty.
    pub(crate) rest: String,
}

/// The schemes of a protocol, plain and encrypted, with the ports that they mean.
pub(crate) type Schemes = [(&'static str, u16); 2];

impl Target {
    /// # Errors
    /// [`SinkError::Url`].
    pub(crate) fn parse(text: &str, schemes: Schemes, cleartext: Cleartext) -> Result<Self, SinkError> {
        let [(plain, _), (encrypted, _)] = schemes;
        let wrong = |why: String| SinkError::Url(why);
        let (scheme, behind) = text.split_once("://").unwrap_or_default();
        let known = schemes.iter().position(|(known, _)| scheme.eq_ignore_ascii_case(known));
        let Some(known) = known else { return Err(wrong(format!("write it as {encrypted}://HOST/…"))) };
        let (authority, rest) = behind.split_at(behind.find(['/', '?', '#']).unwrap_or(behind.len()));
        if authority.contains('@') {
            return Err(wrong("no password stands in a URL; name a file of credentials".to_owned()));
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.starts_with('[') && host.ends_with(']') => {
                let port = port.parse().ok().filter(|port| *port > 0);
                (host, port.ok_or_else(|| wrong("a port is a number from 1 to 65535".to_owned()))?)
            }
            _ => (authority, schemes[known].1),
        };
        let in_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_named = |host: &str| host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
        let (host, is_host) = match in_brackets {
            Some(host) => (host, host.parse::<Ipv6Addr>().is_ok()),
            None => (host, !host.is_empty() && is_named(host)),
        };
        if !is_host {
            return Err(wrong("its host is a name or an address".to_owned()));
        }
        if !rest.chars().all(|c| c.is_ascii_graphic()) || rest.contains('#') {
            return Err(wrong("what is behind the host is of visible ASCII letters, without #".to_owned()));
        }
        let is_encrypted = known == 1;
        let address = host.parse::<IpAddr>();
        let is_here = host.eq_ignore_ascii_case("localhost")
            || address.is_ok_and(|address| address.to_canonical().is_loopback());
        if !is_encrypted && !is_here && cleartext == Cleartext::Loopback {
            let why = format!("{plain}:// is not encrypted; write {encrypted}:// for another machine");
            return Err(wrong(why));
        }
        let [host, authority, rest] = [host, authority, rest].map(str::to_owned);
        Ok(Self { is_encrypted, host, port, authority, rest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTTP: Schemes = [("http", 80), ("https", 443)];

    fn parse(text: &str) -> Result<(String, u16, String), String> {
        Target::parse(text, HTTP, Cleartext::Loopback)
            .map(|target| (target.host, target.port, target.rest))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_url_says_where_to() {
        for (text, host, port, rest) in [
            ("https://a.example", "a.example", 443, ""),
            ("https://a.example:8443/in?x=1", "a.example", 8_443, "/in?x=1"),
            ("HTTPS://10.0.0.1/", "10.0.0.1", 443, "/"),
            ("https://[2001:db8::1]:1/x", "2001:db8::1", 1, "/x"),
            ("https://[2001:db8::1]", "2001:db8::1", 443, ""),
            ("http://localhost:80?a", "localhost", 80, "?a"),
            ("http://127.9.9.9", "127.9.9.9", 80, ""),
            ("http://[::1]:7", "::1", 7, ""),
            ("http://[::ffff:127.0.0.1]", "::ffff:127.0.0.1", 80, ""),
        ] {
            assert_eq!(parse(text), Ok((host.to_owned(), port, rest.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_not_encrypted_stays_on_this_machine_and_no_password_is_taken() {
        for (text, why) in [
            ("http://10.0.0.1/", "https:// for another machine"),
            ("http://localhost.example/", "https:// for another machine"),
            ("https://me:secret@a.example/", "no password"),
            ("nats://a.example", "https://HOST"),
            ("a.example", "https://HOST"),
            ("https://", "its host"),
            ("https://a b/", "its host"),
            ("https://a:0/", "a port"),
            ("https://a:65536/", "a port"),
            ("https://2001:db8::1/", "its host"),
            ("https://a/b c", "visible"),
            ("https://a/b\r\nHost: c", "visible"),
            ("https://a/#b", "without #"),
            ("https://a/ü", "visible"),
        ] {
            let said = parse(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
        assert!(Target::parse("http://10.0.0.1/", HTTP, Cleartext::Anywhere).is_ok());
    }
}
