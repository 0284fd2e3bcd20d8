//! Where NATS is, and who we are there.

use crate::error::NatsError;
use async_nats::{Client, ConnectOptions};
use lowkey_registry::text_file::{Trust, read};
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Where a registry is: `nats://HOST:PORT` or `tls://HOST:PORT`, several of them with commas between, and behind `/`
/// the prefix of all its names, `lowkey` if there is none.
///
/// `nats://` is not encrypted, and so for this very machine alone. No password stands in it: other users see a command
/// line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    scheme: &'static str,
    /// With their ports.
    servers: Vec<String>,
    prefix: String,
}

/// Why a text is no address of a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// It begins with neither `nats://` nor `tls://`.
    Scheme,
    /// A server is not HOST or HOST:PORT.
    Server,
    /// A name and a password stand in it.
    Password,
    /// `nats://` and a host that is not this one.
    Plain,
    /// The prefix is not of letters a to z, digits, `-` and `_`.
    Prefix,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "write it as tls://HOST:PORT/PREFIX, or nats:// for this machine",
            Self::Server => "a server is written as HOST:PORT",
            Self::Password => "no password stands in an address; name a file of credentials",
            Self::Plain => "nats:// is not encrypted; write tls:// for another machine",
            Self::Prefix => "the prefix behind the / is of a to z, 0 to 9, - and _",
        })
    }
}

impl std::error::Error for AddressError {}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (scheme, rest) = text.split_once("://").ok_or(AddressError::Scheme)?;
        let scheme =
            ["nats", "tls"].into_iter().find(|known| *known == scheme).ok_or(AddressError::Scheme)?;
        let (servers, prefix) = rest.split_once('/').unwrap_or((rest, PREFIX));
        if servers.contains('@') {
            return Err(AddressError::Password);
        }
        let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if prefix.is_empty() || prefix.len() > LONGEST_PREFIX || !prefix.chars().all(known) {
            return Err(AddressError::Prefix);
        }
        let server = |server: &str| {
            let (host, port) = match server.rsplit_once(':') {
                Some((host, port)) if !host.contains(':') || host.starts_with('[') && host.ends_with(']') => {
                    (host, port)
                }
                _ => (server, "4222"),
            };
            let named = |c: char| c.is_ascii_alphanumeric() || ".-_[]:".contains(c);
            if host.is_empty() || !host.chars().all(named) || !port.parse().is_ok_and(|port: u16| port > 0) {
                return Err(AddressError::Server);
            }
            let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
            let here =
                host == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback());
            if scheme == "nats" && !here { Err(AddressError::Plain) } else { Ok(format!("{host}:{port}")) }
        };
        let servers = servers.split(',').map(server).collect::<Result<_, _>>()?;
        Ok(Self { scheme, servers, prefix: prefix.to_owned() })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/{}", self.scheme, self.servers.join(","), self.prefix)
    }
}

impl Address {
    /// Each server by itself.
    fn urls(&self) -> Vec<String> {
        self.servers.iter().map(|server| format!("{}://{server}", self.scheme)).collect()
    }

    /// What its buckets and subjects begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Whether a text is meant to be one.
    pub fn is_meant(text: &str) -> bool {
        ["nats://", "tls://"].iter().any(|scheme| text.starts_with(scheme))
    }
}

/// Who we are to NATS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Nobody: for a server on this machine that asks nobody.
    #[default]
    None,
    /// The file of an nkey's seed (`SU…`), or of what NATS calls credentials (`.creds`).
    File(PathBuf),
}

/// How NATS is reached.
#[derive(Clone, Debug)]
pub struct Access {
    /// Where it is.
    pub address: Address,
    /// Who we are to it.
    pub credentials: Credentials,
    /// A file of certificates that its own is signed by; without one, those of the operating system.
    pub roots: Option<PathBuf>,
    /// What its operator reads of us, and what the subjects of our answers begin with: the name of our credential.
    pub name: String,
}

impl Access {
    /// Connects once; from then on the client connects again by itself.
    pub(crate) async fn connect(
        &self,
        events: impl Fn(bool) + Send + Sync + Clone + 'static,
    ) -> Result<Client, NatsError> {
        let options = self.options()?.event_callback(move |event| {
            let events = events.clone();
            async move {
                match event {
                    async_nats::Event::Connected => events(true),
                    async_nats::Event::Disconnected | async_nats::Event::Closed => events(false),
                    _ => (),
                }
            }
        });
        let connected = options.connect(self.address.urls()).await;
        connected.map_err(|error| {
            let error = lowkey_host::text::clean(&error.to_string());
            let hint = self.hint(&error).map(|hint| format!("; {hint}")).unwrap_or_default();
            NatsError::Connection(format!("{error}, at {}{hint}", self.address))
        })
    }

    /// A client that connects by itself, as soon as there is somebody to connect to, and says so each time. Whether it
    /// is let in shows in what it asks.
    pub(crate) async fn connect_by_itself(
        &self,
        connected: impl Fn() + Send + Sync + 'static,
    ) -> Result<Client, NatsError> {
        let options = self.options()?.retry_on_initial_connect().event_callback(move |event| {
            if matches!(event, async_nats::Event::Connected) {
                connected();
            }
            std::future::ready(())
        });
        let client = options.connect(self.address.urls()).await;
        client.map_err(|error| NatsError::Connection(lowkey_host::text::clean(&error.to_string())))
    }

    /// What mends an error that is often made.
    fn hint(&self, error: &str) -> Option<&'static str> {
        let error = error.to_lowercase();
        let says = |what: &str| error.contains(what);
        if says("unknownissuer") || says("unknown issuer") {
            return Some(match self.roots {
                None => "`--roots`, or `roots`, names the file of certificates that its own is signed by",
                Some(_) => "its certificate is signed by none of `roots`",
            });
        }
        says("authorization violation").then_some(match self.credentials {
            Credentials::None => "it wants to know who asks: `--credentials`, or `credentials`",
            Credentials::File(_) => "it does not know this credential",
        })
    }

    fn options(&self) -> Result<ConnectOptions, NatsError> {
        let mut options = ConnectOptions::new()
            .name(format!("lowkey {}", self.name))
            .custom_inbox_prefix(inboxes(&self.name))
            .connection_timeout(CONNECTING)
            .request_timeout(Some(ANSWER))
            .ping_interval(PING)
            .reconnect_delay_callback(before_attempt);
        if let Credentials::File(path) = &self.credentials {
            let text = read(path, Trust::Secret, LONGEST_FILE)
                .map_err(|error| NatsError::File(error.to_string()))?;
            let nkey = text.lines().map(str::trim).find(|line| line.starts_with("SU"));
            options = match (text.contains("-----BEGIN NATS USER JWT-----"), nkey) {
                (true, _) => options.credentials(&text).map_err(|_| wrong(path))?,
                (false, Some(seed)) => options.nkey(seed.to_owned()),
                (false, None) => return Err(wrong(path)),
            };
        }
        if let Some(roots) = &self.roots {
            options = options.add_root_certificates(roots.clone());
        }
        Ok(options)
    }
}

/// What the subjects of all answers to the user of this name begin with.
pub(crate) fn inboxes(name: &str) -> String {
    format!("_INBOX.{}", crate::bucket::hex(name))
}

/// How long to wait before an attempt to connect, counted from 1: the first is made at once.
fn before_attempt(attempt: usize) -> Duration {
    match u32::try_from(attempt).unwrap_or(u32::MAX) {
        0 | 1 => Duration::ZERO,
        n => crate::follow::back_off(n - 2),
    }
}

fn wrong(path: &std::path::Path) -> NatsError {
    let path = lowkey_registry::text_file::shown(path);
    NatsError::File(format!("{path}: neither an nkey's seed (SU…) nor NATS's credentials"))
}

const PREFIX: &str = "lowkey";
const LONGEST_PREFIX: usize = 32;
/// A seed or a credential, with comments.
const LONGEST_FILE: u64 = 64 * 1024;
const CONNECTING: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(5);
/// How often the client asks whether NATS is there; two that are not answered end the connection.
const PING: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, AddressError> {
        text.parse::<Address>().map(|address| address.to_string())
    }

    #[test]
    fn an_address_says_servers_and_a_prefix() {
        assert_eq!(parse("nats://127.0.0.1").unwrap(), "nats://127.0.0.1:4222/lowkey");
        assert_eq!(parse("nats://[::1]:7/fleet-2").unwrap(), "nats://[::1]:7/fleet-2");
        assert_eq!(
            parse("tls://a.example,b.example:5000/x").unwrap(),
            "tls://a.example:4222,b.example:5000/x"
        );
        let printed = parse("tls://a.example,b.example:5000/x").unwrap();
        assert_eq!(parse(&printed).unwrap(), printed, "what is printed can be read");
    }

    #[test]
    fn who_asks_for_the_first_time_does_not_wait() {
        assert_eq!(before_attempt(1), Duration::ZERO);
        assert!(
            before_attempt(2) >= Duration::from_millis(500) && before_attempt(2) <= Duration::from_secs(1)
        );
        assert!(before_attempt(usize::MAX) <= Duration::from_secs(30));
    }

    #[test]
    fn what_is_not_encrypted_stays_on_this_machine_and_no_password_is_taken() {
        for (text, error) in [
            ("nats://10.0.0.1:4222", AddressError::Plain),
            ("nats://localhost,a.example", AddressError::Plain),
            ("tls://me:secret@a.example", AddressError::Password),
            ("http://a.example", AddressError::Scheme),
            ("a.example:4222", AddressError::Scheme),
            ("tls://", AddressError::Server),
            ("tls://a:0", AddressError::Server),
            ("tls://a b", AddressError::Server),
            ("tls://a/", AddressError::Prefix),
            ("tls://a/Fleet", AddressError::Prefix),
            ("tls://a/x.y", AddressError::Prefix),
            ("tls://a/*", AddressError::Prefix),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }
}
