//! The PROXY protocol, version 2: who is at the other end of a connection that came through somebody.
//!
//! Written in HAProxy's `proxy-protocol.txt`, §2.2. [`accept`] reads the header that a balancer puts in
//! front of a device's bytes; [`Header`] is what the [`Forwarder`](crate::forward::Forwarder) puts in front of
//! them for a service. Version 1, the text, is not spoken.
//!
//! ```text
//! signature (12) ‖ version 2, command (1) ‖ family, transport (1) ‖ length (2) ‖ addresses ‖ TLVs
//! ```

mod crc32c;
mod networks;

pub use networks::{NetworkError, Networks};

use lowkey_host::text::steers;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The two ends of a device's TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The device's.
    pub source: SocketAddr,
    /// The one that the device connected to.
    pub destination: SocketAddr,
}

/// Reads the header that a stream begins with, and not a byte more.
///
/// `None`: the header is genuine and names nobody. The balancer speaks for itself (command LOCAL: a health
/// check), or the family is unspecified or Unix (§2.2: use the addresses of the connection itself).
///
/// Nothing in a header is authenticated: read one only from [`Networks`] that you trust, and from those
/// always. It has no deadline of its own.
///
/// # Cancel safety
/// Dropped, the stream has lost bytes; drop it as well.
///
/// # Errors
/// The stream is of no more use. At most [`MAX_HEADER`] bytes were read.
pub async fn accept<Io: AsyncRead + Unpin>(stream: &mut Io) -> Result<Option<Addresses>, Error> {
    let mut buffer = [0; MAX_HEADER];
    let (fixed, rest) = buffer.split_at_mut(FIXED);
    // In two steps, because a stranger's first 12 bytes may be all that there will be.
    stream.read_exact(&mut fixed[..SIGNATURE.len()]).await?;
    if fixed[..SIGNATURE.len()] != SIGNATURE {
        return Err(if fixed.starts_with(b"PROXY") { Error::Version1 } else { Error::Signature });
    }
    stream.read_exact(&mut fixed[SIGNATURE.len()..]).await?;
    let len = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if len > rest.len() {
        return Err(Error::TooLong);
    }
    stream.read_exact(&mut rest[..len]).await?;
    parse(&buffer[..FIXED + len])
}

/// Takes a whole header apart, signature and all.
fn parse(header: &[u8]) -> Result<Option<Addresses>, Error> {
    let (Some(&[command, family]), Some(rest)) = (header.get(12..14), header.get(FIXED..)) else {
        return Err(Error::Malformed);
    };
    match command {
        LOCAL => return Ok(None), // §2.2: everything behind it is skipped
        PROXY => (),
        _ => return Err(Error::Command),
    }
    let len = match family {
        UNSPECIFIED => return Ok(None), // readers and writers differ about what may follow
        TCP4 => 12,
        TCP6 => 36,
        UNIX_STREAM => 216,
        _ => return Err(Error::Family),
    };
    let (addresses, tlvs) = rest.split_at_checked(len).ok_or(Error::Malformed)?;
    check_tlvs(header, tlvs)?;
    Ok(match family {
        TCP4 => tcp4(addresses),
        TCP6 => tcp6(addresses),
        _ => None,
    })
}

fn tcp4(block: &[u8]) -> Option<Addresses> {
    let (source, rest) = block.split_first_chunk::<4>()?;
    let (destination, ports) = rest.split_first_chunk::<4>()?;
    with_ports(Ipv4Addr::from(*source).into(), Ipv4Addr::from(*destination).into(), ports)
}

fn tcp6(block: &[u8]) -> Option<Addresses> {
    let (source, rest) = block.split_first_chunk::<16>()?;
    let (destination, ports) = rest.split_first_chunk::<16>()?;
    with_ports(Ipv6Addr::from(*source).into(), Ipv6Addr::from(*destination).into(), ports)
}

fn with_ports(source: IpAddr, destination: IpAddr, ports: &[u8]) -> Option<Addresses> {
    let &[s0, s1, d0, d1] = ports else { return None };
    let source = SocketAddr::new(source, u16::from_be_bytes([s0, s1]));
    let destination = SocketAddr::new(destination, u16::from_be_bytes([d0, d1]));
    Some(Addresses { source, destination })
}

/// §2.2.1 to §2.2.3: each is whole, and a checksum that is there is right.
fn check_tlvs(header: &[u8], mut tlvs: &[u8]) -> Result<(), Error> {
    while let &[tag, high, low, ref rest @ ..] = tlvs {
        let len = usize::from(u16::from_be_bytes([high, low]));
        let (value, rest) = rest.split_at_checked(len).ok_or(Error::Malformed)?;
        if tag == TYPE_CRC32C {
            let value = value.try_into().map_err(|_| Error::Malformed)?;
            let at = header.len() - rest.len() - CRC32C_LEN;
            let zeroed = [&header[..at], &[0; CRC32C_LEN], rest];
            if crc32c::of(&zeroed) != u32::from_be_bytes(value) {
                return Err(Error::Checksum);
            }
        }
        tlvs = rest;
    }
    if tlvs.is_empty() { Ok(()) } else { Err(Error::Malformed) }
}

/// What a service reads in front of a device's bytes: where the device is, and its name.
///
/// The name is a TLV of type [`TYPE_DEVICE`], in UTF-8. The addresses are those of the device's
/// connection; where they are not known the family says so (AF_UNSPEC), and the service takes the
/// addresses of its own connection. Some services then look for no TLV either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header(Vec<u8>);

impl Header {
    /// # Errors
    /// [`Error::TooLong`]: the name is longer than [`MAX_NAME`] bytes. It is not cut: a name that is cut is
    /// another device's. [`Error::Name`]: it holds what [steers] terminals or cannot be seen, which a
    /// [`Device`](lowkey_host::Device) never has.
    pub fn new(addresses: Option<Addresses>, device: Option<&str>) -> Result<Self, Error> {
        let mut body = Vec::with_capacity(64);
        let family = addresses.map_or(UNSPECIFIED, |addresses| put_addresses(&mut body, addresses));
        if let Some(name) = device {
            if name.len() > MAX_NAME {
                return Err(Error::TooLong);
            }
            if name.chars().any(steers) {
                return Err(Error::Name);
            }
            put_tlv(&mut body, TYPE_DEVICE, name.as_bytes());
        }
        let mut header = Vec::with_capacity(FIXED + body.len());
        header.extend_from_slice(&SIGNATURE);
        header.extend_from_slice(&[PROXY, family]);
        header.extend_from_slice(&(body.len() as u16).to_be_bytes()); // at most 36 + 3 + MAX_NAME
        header.extend_from_slice(&body);
        Ok(Self(header))
    }

    /// The header of one who connects for itself and for no device: the command LOCAL. §2.2 has it for health checks;
    /// the service answers as it likes and counts no client.
    pub fn local() -> Self {
        let mut header = SIGNATURE.to_vec();
        header.extend_from_slice(&[LOCAL, UNSPECIFIED, 0, 0]);
        Self(header)
    }

    /// As it goes over the wire.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Both in one family, as §2.2 wants them; an IPv4 address that is written as one of IPv6 is one of IPv4.
fn put_addresses(body: &mut Vec<u8>, addresses: Addresses) -> u8 {
    let Addresses { source, destination } = addresses;
    let family = match (source.ip().to_canonical(), destination.ip().to_canonical()) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            body.extend_from_slice(&source.octets());
            body.extend_from_slice(&destination.octets());
            TCP4
        }
        (source, destination) => {
            body.extend_from_slice(&in_ipv6(source).octets());
            body.extend_from_slice(&in_ipv6(destination).octets());
            TCP6
        }
    };
    body.extend_from_slice(&source.port().to_be_bytes());
    body.extend_from_slice(&destination.port().to_be_bytes());
    family
}

fn in_ipv6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

fn put_tlv(body: &mut Vec<u8>, tag: u8, value: &[u8]) {
    body.push(tag);
    body.extend_from_slice(&(value.len() as u16).to_be_bytes()); // at most MAX_NAME
    body.extend_from_slice(value);
}

/// Why a stream does not begin with a header that we take. All but [`Error::Io`] and, when we write one,
/// [`Error::TooLong`] are the other side's fault.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The stream failed, or ended within the header.
    Io(io::Error),
    /// No header: the stream begins with something else.
    Signature,
    /// The header is of version 1, or looks like it.
    Version1,
    /// The version is not 2, or the command neither LOCAL nor PROXY.
    Command,
    /// A family that §2.2 does not know, or datagrams.
    Family,
    /// Longer than [`MAX_HEADER`]; its rest was not read. Or a name longer than [`MAX_NAME`].
    TooLong,
    /// A device's name that holds what steers terminals or cannot be seen.
    Name,
    /// An address or a TLV is cut off.
    Malformed,
    /// The CRC32C TLV is not that of the header.
    Checksum,
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "PROXY header: {error}"),
            Self::Signature => f.write_str("the stream does not begin with a PROXY v2 header"),
            Self::Version1 => f.write_str("PROXY header of version 1; have the balancer send version 2"),
            Self::Command => f.write_str("PROXY header with an unknown version or command"),
            Self::Family => f.write_str("PROXY header with an unknown family, or of datagrams"),
            Self::TooLong => f.write_str("PROXY header or device name too long"),
            Self::Name => f.write_str("device name with characters that steer terminals or cannot be seen"),
            Self::Malformed => f.write_str("PROXY header cut off"),
            Self::Checksum => f.write_str("PROXY header with a wrong checksum"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) => error,
            Error::TooLong | Error::Name => Self::new(io::ErrorKind::InvalidInput, error),
            error => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}

/// The longest header that is read, in bytes: what §2.2 says fits into any first segment.
pub const MAX_HEADER: usize = 536;
/// The type of the TLV with a device's name; the first of those left to applications (§2.2.8).
pub const TYPE_DEVICE: u8 = 0xe0;
/// The longest device name that goes into a header, in bytes.
pub const MAX_NAME: usize = 255;

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family and transport, length.
const FIXED: usize = 16;
const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;
const UNSPECIFIED: u8 = 0x00;
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;
const UNIX_STREAM: u8 = 0x31;
const TYPE_CRC32C: u8 = 0x03;
const CRC32C_LEN: usize = 4;
