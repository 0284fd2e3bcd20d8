//! Where a connection comes from, as far as limits are concerned.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// An IPv4 address, or the first 64 bits of an IPv6 address: whoever has one of those has them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Source(IpAddr);

/// A network by its first address; `None` stands for those of whom no address is known.
pub(crate) type Network = Option<IpAddr>;

/// The networks that an attempt comes from, each within the one before it.
pub(crate) type Networks = [Network; WIDTHS];

/// How many networks an address is looked for in.
pub(crate) const WIDTHS: usize = 3;

impl Source {
    /// The networks it is in, the widest first: of 16, 24 and 32 bits, for IPv6 of 48, 56 and 64. A provider
    /// gives a customer one IPv4 address or a network of 56 bits or more, and anybody can have one of 48.
    pub(crate) fn networks(self) -> Networks {
        match self.0 {
            IpAddr::V4(v4) => {
                [16, 8, 0].map(|host| Some(Ipv4Addr::from_bits(v4.to_bits() >> host << host).into()))
            }
            IpAddr::V6(v6) => {
                [80, 72, 64].map(|host| Some(Ipv6Addr::from_bits(v6.to_bits() >> host << host).into()))
            }
        }
    }
}

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                Self(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
            }
            v4 => Self(v4),
        }
    }
}

impl From<SocketAddr> for Source {
    fn from(address: SocketAddr) -> Self {
        address.ip().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_an_ipv4_address_or_an_ipv6_network_of_64_bits() {
        let source = |text: &str| Source::from(text.parse::<IpAddr>().unwrap());
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
        assert_eq!(source("192.0.2.1"), source("::ffff:192.0.2.1"));
        assert_eq!(source("2001:db8:0:1::1"), source("2001:db8:0:1:ffff::2"));
        assert_ne!(source("2001:db8:0:1::1"), source("2001:db8:0:2::1"));
    }

    #[test]
    fn a_source_lies_in_wider_networks() {
        let networks = |text: &str| {
            let networks = Source::from(text.parse::<IpAddr>().unwrap()).networks();
            networks.map(|network| network.unwrap().to_string())
        };
        assert_eq!(networks("192.0.2.1"), ["192.0.0.0", "192.0.2.0", "192.0.2.1"]);
        let v6 = ["2001:db8:1::", "2001:db8:1:ab00::", "2001:db8:1:abcd::"];
        assert_eq!(networks("2001:db8:1:abcd::1"), v6);
    }
}
