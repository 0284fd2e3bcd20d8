//! The server's address in the key page: `a.b.c.d:port`.

/// Where a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// Its IPv4 address.
    pub ip: [u8; 4],
    /// Its port, never 0.
    pub port: u16,
}

impl Address {
    /// Reads four numbers from 0 to 255 and a port from 1 to 65,535, none with a leading zero, and nothing else. In C
    /// the number 010 is eight and in other languages ten or none: a text that has two readings has none here.
    pub fn read(text: &str) -> Option<Self> {
        let (host, port) = text.split_once(':')?;
        let mut parts = host.split('.');
        let mut ip = [0; 4];
        for byte in &mut ip {
            *byte = u8::try_from(number(parts.next()?)?).ok()?;
        }
        let port = number(port).filter(|port| *port != 0 && parts.next().is_none())?;
        Some(Self { ip, port })
    }
}

/// Digits, without a sign and without a leading zero.
fn number(text: &str) -> Option<u16> {
    let is_plain =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_plain)
}
