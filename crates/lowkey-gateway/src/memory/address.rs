//! An address in 18 bytes, known or not.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Where something came from; all zeros if that is not known. The scope of a link-local address is not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Address([u8; Self::LEN]);

impl Address {
    /// Its length in bytes.
    pub(super) const LEN: usize = 18;

    pub(super) fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    pub(super) fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    pub(super) fn known(self) -> Option<SocketAddr> {
        let [ip @ .., high, low] = self.0;
        let ip = Ipv6Addr::from(ip);
        (!ip.is_unspecified()).then(|| SocketAddr::new(ip.to_canonical(), u16::from_be_bytes([high, low])))
    }
}

impl From<Option<SocketAddr>> for Address {
    fn from(address: Option<SocketAddr>) -> Self {
        let mut bytes = [0; Self::LEN];
        if let Some(address) = address {
            let ip = match address.ip() {
                IpAddr::V4(ip) => ip.to_ipv6_mapped(),
                IpAddr::V6(ip) => ip,
            };
            bytes[..16].copy_from_slice(&ip.octets());
            bytes[16..].copy_from_slice(&address.port().to_be_bytes());
        }
        Self(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn addresses_are_given_back() {
        for address in ["192.0.2.7:1", "[2001:db8::1]:65535", "0.0.0.0:7"] {
            let address = address.parse().unwrap();
            assert_eq!(Address::from(Some(address)).known(), Some(address));
        }
        assert_eq!(Address::from(None).known(), None);
    }
}
