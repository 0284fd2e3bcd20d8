//! Asks a server's admin listener: one request over a Unix socket or a loopback address.

use crate::config;
use crate::failure::{Exit, Failure};
use crate::terminal::text;
use clap::{Arg, ArgMatches, value_parser};
use lowkey_gateway::admin::Endpoint;
use lowkey_host::text::clean;
use serde_json::Value;
#[cfg(unix)]
use socket2::SockAddr;
use socket2::{Domain, Socket, Type};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// `--admin` and `--config`.
pub(crate) fn arguments() -> [Arg; 2] {
    [
        Arg::new("admin").long("admin").value_name("HOST:PORT|unix:PATH").help(
            "The server's admin listener [default: $LOWKEY_ADMIN_LISTEN, the configuration's, or \
             unix:/run/lowkey/admin.sock]",
        ),
        Arg::new("config").long("config").value_name("FILE").value_parser(value_parser!(PathBuf)).help(
            "The server's configuration, for the admin listener in it [default: $LOWKEY_CONFIG, or none]",
        ),
    ]
}

/// What the server answers to `GET path`, and the JSON in it.
pub(crate) fn ask(of: &ArgMatches, path: &str) -> Result<(String, Value), Failure> {
    Ok(Admin::of(of)?.ask(path, PATIENCE)?)
}

/// Where a server can be asked.
pub(crate) struct Admin {
    address: Endpoint,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// No server is there.
    Gone(Failure),
    /// Nobody is there who could, or we may not ask.
    Nobody(Failure),
    /// It may come the next time.
    Late(Failure),
}

impl From<Unanswered> for Failure {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Gone(failure) | Unanswered::Nobody(failure) | Unanswered::Late(failure) => failure,
        }
    }
}

impl Admin {
    /// As the arguments, the environment or a configuration say.
    pub(crate) fn of(of: &ArgMatches) -> Result<Self, Failure> {
        let (from, address) = address(of)?;
        let address = address.parse();
        let address =
            address.map_err(|error| Failure::new(Exit::Arguments, format_args!("{from}: {error}")))?;
        Ok(Self { address })
    }

    /// The same for what changes state. A port is anybody's who takes it first, and would be told the code.
    pub(crate) fn behind_socket(of: &ArgMatches) -> Result<Self, Failure> {
        let admin = Self::of(of)?;
        if admin.address.path().is_some() {
            return Ok(admin);
        }
        let address = &admin.address;
        let why = "this is asked for over the Unix socket of an admin listener alone: --admin unix:PATH";
        Err(Failure::new(Exit::Arguments, format_args!("{address}: {why}")))
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.address
    }

    /// What it answers to `GET path`, and the JSON in it; `patience` is for all of it.
    pub(crate) fn ask(&self, path: &str, patience: Duration) -> Result<(String, Value), Unanswered> {
        let question = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        self.exchange(&question, patience)
    }

    /// What it answers to `POST path` with this JSON: what changes state, which only its Unix socket takes.
    pub(crate) fn tell(&self, path: &str, json: &str, patience: Duration) -> Result<Value, Unanswered> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            json.len()
        );
        let mut question = Zeroizing::new(String::with_capacity(head.len() + json.len()));
        question.push_str(&head);
        question.push_str(json);
        self.exchange(&question, patience).map(|(_, value)| value)
    }

    /// Begins to read what `GET path` goes on to say: its status has been read, and says that it is there.
    pub(crate) fn follow(&self, path: &str) -> Result<Followed, Unanswered> {
        // HTTP/1.0: the answer comes as it is, and ends with the connection.
        let question = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        let begun = connected(&self.address, Instant::now() + PATIENCE).and_then(|mut stream| {
            stream.write_all(question.as_bytes())?;
            stream.set_read_timeout(Some(SILENCE))?;
            let mut lines = BufReader::new(stream);
            let status = line(&mut lines)?;
            let mut is_of_events = false;
            for _ in 0..HEADERS {
                let header = line(&mut lines)?;
                if header.is_empty() {
                    return Ok((status, is_of_events, lines));
                }
                is_of_events |= header.eq_ignore_ascii_case("content-type: text/event-stream");
            }
            Err(io::ErrorKind::InvalidData.into())
        });
        let address = &self.address;
        let (status, is_of_events, mut lines) = begun.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => Unanswered::Nobody(strange(address)),
            _ => unreachable(address, &error),
        })?;
        match status.split(' ').nth(1) {
            Some("200") if is_of_events => Ok(Followed(lines)),
            Some("200") => Err(Unanswered::Nobody(strange(address))),
            Some(_) if status.starts_with("HTTP/1.") => {
                Err(refused(address, &status, &clean(&line(&mut lines).unwrap_or_default())))
            }
            _ => Err(Unanswered::Nobody(strange(address))),
        }
    }

    fn exchange(&self, question: &str, patience: Duration) -> Result<(String, Value), Unanswered> {
        let address = &self.address;
        let answer = exchange(address, question, patience).map_err(|error| unreachable(address, &error))?;
        let strange = || Unanswered::Nobody(strange(address));
        let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(strange)?;
        // Our server escapes or refuses them; another program's could steer a terminal.
        if body.chars().any(|c| c.is_control() && c != '\n') || !head.starts_with("HTTP/1.1 ") {
            return Err(strange());
        }
        if !head.starts_with("HTTP/1.1 200 ") {
            return Err(refused(address, head, body.trim_end()));
        }
        let value = serde_json::from_str(body).map_err(|_| strange())?;
        Ok((body.to_owned(), value))
    }
}

/// What is said by an answer that is not 200; with 501 a server of ours says that it has nothing of the kind.
fn refused(address: &Endpoint, head: &str, why: &str) -> Unanswered {
    let exit = if head.split(' ').nth(1) == Some("501") { Exit::UnknownDevice } else { Exit::Network };
    Unanswered::Nobody(Failure::new(exit, format_args!("{address}: {why}")))
}

fn strange(address: &Endpoint) -> Failure {
    Failure::new(Exit::Network, format_args!("{address}: that is no admin listener of a Lowkey server"))
}

/// An answer that goes on, line by line.
pub(crate) struct Followed(BufReader<Socket>);

impl Followed {
    /// The next line; `None`: the server has ended it.
    ///
    /// # Errors
    /// The connection broke, or nothing came for longer than a server is silent. `InvalidData`: that is no line of a
    /// server, but longer, or no text.
    pub(crate) fn next(&mut self) -> io::Result<Option<String>> {
        match line(&mut self.0) {
            Ok(line) => Ok(Some(line)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A line without its end.
fn line(from: &mut BufReader<Socket>) -> io::Result<String> {
    let mut line = String::new();
    from.by_ref().take(LONGEST_LINE).read_line(&mut line)?;
    match line.strip_suffix('\n') {
        Some(line) => Ok(line.strip_suffix('\r').unwrap_or(line).to_owned()),
        None if line.len() as u64 == LONGEST_LINE => Err(io::ErrorKind::InvalidData.into()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Where the address was given, and it.
fn address(of: &ArgMatches) -> Result<(&'static str, String), Failure> {
    if let Some(address) = text(of, "admin") {
        return Ok(("--admin", address.to_owned()));
    }
    if let Ok(address) = std::env::var(VARIABLE) {
        return Ok((VARIABLE, address));
    }
    let configured = config::admin_listen(of.get_one("config"))?;
    Ok(configured.map_or(("the default", DEFAULT.to_owned()), |address| ("admin.listen", address)))
}

fn exchange(address: &Endpoint, question: &str, patience: Duration) -> io::Result<String> {
    let until = Instant::now() + patience;
    talk(&connected(address, until)?, question, until)
}

fn connected(address: &Endpoint, until: Instant) -> io::Result<Socket> {
    let left = || until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    match (address.path(), address.socket_addr()) {
        #[cfg(unix)]
        (Some(socket), _) => {
            let socket = SockAddr::unix(socket)?;
            loop {
                let stream = Socket::new(Domain::UNIX, Type::STREAM, None)?;
                // Before it connects: on Linux that waits for as long where the server's queue is full.
                stream.set_write_timeout(Some(left()))?;
                match stream.connect(&socket) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => (), // by a signal that is not for us
                    connected => return connected.map(|()| stream),
                }
            }
        }
        (_, Some(socket)) => {
            let stream = Socket::new(Domain::for_address(socket), Type::STREAM, None)?;
            stream.connect_timeout(&socket.into(), left())?;
            stream.set_write_timeout(Some(left()))?;
            Ok(stream)
        }
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// All of the answer has until then: one that trickles in is none.
fn talk(mut stream: &Socket, question: &str, until: Instant) -> io::Result<String> {
    stream.write_all(question.as_bytes())?;
    let (mut answer, mut some) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || answer.len() as u64 > LONGEST {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut some) {
            // What waits with a timeout is not begun again by itself after a signal.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(error) => return Err(error),
            Ok(0) => return String::from_utf8(answer).map_err(|_| io::ErrorKind::InvalidData.into()),
            Ok(n) => answer.extend_from_slice(&some[..n]),
        }
    }
}

fn unreachable(address: &Endpoint, error: &io::Error) -> Unanswered {
    let advice = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            "; is a server running, with `listen` under [admin] in its configuration? Another address: --admin"
        }
        io::ErrorKind::PermissionDenied => "; it is for the server's user and group",
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "; it does not answer",
        _ => "",
    };
    let failure = Failure::new(Exit::Network, format_args!("{address}: {error}{advice}"));
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Unanswered::Gone(failure),
        io::ErrorKind::PermissionDenied => Unanswered::Nobody(failure),
        _ => Unanswered::Late(failure),
    }
}

/// For a query.
pub(crate) fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") })
        .collect()
}

/// A text in an answer.
pub(crate) fn said(of: &Value, field: &str) -> Option<String> {
    of[field].as_str().map(clean)
}

/// A number in an answer.
pub(crate) fn number(of: &Value, field: &str) -> u64 {
    of[field].as_u64().unwrap_or_default()
}

const VARIABLE: &str = "LOWKEY_ADMIN_LISTEN";
const DEFAULT: &str = "unix:/run/lowkey/admin.sock";
const PATIENCE: Duration = Duration::from_secs(15);
/// A server says something every 15 s.
const SILENCE: Duration = Duration::from_secs(45);
const LONGEST_LINE: u64 = 64 << 10;
/// A server says fewer.
const HEADERS: usize = 64;
/// A hundred thousand sessions take less.
const LONGEST: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn questions_are_percent_encoded() {
        assert_eq!(encode("pump 7/ü?"), "pump%207%2f%c3%bc%3f");
    }
}
