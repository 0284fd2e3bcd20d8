//! Why a command failed, and its exit code.

use lowkey_host::text::clean;
use lowkey_host::text::mask;
use lowkey_host::{ChannelError, Error, Refusal};
use std::fmt;
use std::io;
use std::process::ExitCode;

/// The exit codes, as `--help` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// A file, or the machine.
    File = 1,
    /// The arguments; clap's code as well.
    Arguments = 2,
    /// A name without an address, nobody there, or no socket.
    Network = 3,
    /// The handshake came to nothing.
    Handshake = 4,
    /// The channel broke: something is missing.
    Broken = 5,
    /// The server stopped before every session had taken its CLOSE.
    Cut = 6,
    /// A change was written, and a server does not obey it, as far as is known.
    NotInForce = 7,
    /// The server has closed, in order, and has not taken what was sent; or a device is not known to have.
    Untaken = 8,
    /// A pairing: the code is another device's already.
    Claimed = 9,
    /// A pairing that is done and in force, with a code that a second device has shown as well.
    Contested = 10,
    /// The device that was asked about is not connected.
    Absent = 11,
    /// No device has the name that was asked about, and none had; or nothing is kept or open that was asked for.
    UnknownDevice = 12,
    /// The doctor has found something to mend.
    ToMend = 13,
    /// The server does not acknowledge messages that are numbered.
    NotAcknowledged = 14,
    /// The server has other numbers of ours than we.
    WentBack = 15,
}

/// The exit codes, for people.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  a file or the machine: missing, unreadable, exists already, badly written
  2  the arguments, or the environment
  3  the network: a name without an address, nobody there or nobody who may be asked, port in use
  4  the handshake: refused, other keys, or not over in time
  5  the channel broke: what came may be cut off
  6  the server stopped and cut sessions: at the deadline, or at a second signal
  7  not in force: the server does not obey what was written or stands there, or could not be asked
  8  the server closed and had not taken what was sent, or had nothing to say at all; or a device is not known to have
     received a message
  9  a pairing: the code is another device's already, and nobody was paired
  10 a pairing: done and in force, but another device has shown the same code
  11 the device that was asked about is not connected
  12 no device has the name that was asked about, and none had it lately; or nothing of it is kept or open that was
     asked for, or this server has nothing of the kind
  13 the doctor has found something to mend: at the server, or at a device that it knows
  14 the server does not acknowledge messages that are numbered
  15 numbers of messages went back: the server has what was not sent from here";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// One line for people, without the secrets that somebody typed where others belong, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    message: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        let lines: Vec<String> = mask(&message.to_string()).lines().map(clean).collect();
        Self { exit, message: lines.join("\n") }
    }

    /// A line each.
    pub(crate) fn lines<M: fmt::Display>(exit: Exit, messages: &[M]) -> Self {
        let lines: Vec<String> = messages.iter().map(M::to_string).collect();
        Self::new(exit, lines.join("\nlowkey: "))
    }

    /// What is wrong has been said already.
    pub(crate) fn said(exit: Exit) -> Self {
        Self { exit, message: String::new() }
    }

    pub(crate) fn file(message: impl fmt::Display) -> Self {
        Self::new(Exit::File, message)
    }

    /// Listening on `address` came to nothing; `purpose` follows it, `option` says another.
    pub(crate) fn listening(address: &str, purpose: &str, option: &str, error: &io::Error) -> Self {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => format!("; another program listens there, choose another {option}"),
            io::ErrorKind::PermissionDenied => {
                format!("; ports below 1024 need privileges, choose another {option}")
            }
            io::ErrorKind::AddrNotAvailable => "; that address is not this machine's".into(),
            io::ErrorKind::InvalidInput => "; write it as ADDRESS:PORT".into(),
            _ => String::new(),
        };
        Self::new(Exit::Network, format_args!("cannot listen on {address}{purpose}: {error}{advice}"))
    }

    /// Connecting to `address` came to nothing.
    pub(crate) fn connecting(address: &str, error: &Error) -> Self {
        let (exit, advice) = match error {
            Error::Unresolved(_) => (Exit::Network, "is the name right, and does a name server answer?"),
            Error::Unreachable(_) => (Exit::Network, "is a server listening there?"),
            Error::Io(_) | Error::TimedOut => (Exit::Handshake, "is that a Lowkey server?"),
            Error::Channel(ChannelError::Refused(Refusal::REFUSED)) => {
                (Exit::Handshake, "check --key, --server, --id and --psk-file against the server's registry")
            }
            Error::Channel(ChannelError::Refused(Refusal::BUSY)) => (Exit::Handshake, "try again later"),
            Error::Channel(ChannelError::HungUp) => (Exit::Handshake, "is that a Lowkey server?"),
            Error::Channel(ChannelError::Handshake) => {
                (Exit::Handshake, "--server is not that server's key; `lowkey pubkey` prints it there")
            }
            Error::Channel(_) => (Exit::Handshake, "is that a Lowkey server of this version?"),
            _ => return Self::new(Exit::File, format_args!("{address}: {error}")),
        };
        Self::new(exit, format_args!("{address}: {error}; {advice}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
