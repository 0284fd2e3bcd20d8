//! Networks of balancers, which may say for whom they connect.

use super::accept;
use ipnet::{IpNet, Ipv4Net};
use lowkey_host::{Balancers, ReadSource};
use std::fmt;
use std::net::IpAddr;
use tokio::io::AsyncRead;

/// A list of networks, IPv4 and IPv6: those of a [`Listener`](lowkey_host::Listener)'s balancers, which speak the PROXY
/// protocol, version 2.
///
/// ```
/// use lowkey_gateway::proxy::Networks;
/// let balancers = Networks::parse(["10.0.0.0/8", "fd00::/8", "192.0.2.7"]).unwrap();
/// assert!(balancers.contains("10.1.2.3".parse().unwrap()));
/// assert!(balancers.contains("::ffff:10.1.2.3".parse().unwrap()), "the same host on a socket for both");
/// assert!(!balancers.contains("192.0.2.8".parse().unwrap()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// From texts like `10.0.0.0/8` or `fd00::/8`; an address without a length is that one host.
    ///
    /// # Errors
    /// The first text that is none.
    pub fn parse<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Result<Self, NetworkError> {
        texts.into_iter().map(|text| network(text.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// Whether `address` is in one of them. An IPv4 address that is written as one of IPv6 is one of IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Balancers for Networks {
    fn contains(&self, address: IpAddr) -> bool {
        Self::contains(self, address)
    }

    fn source<'s>(&'s self, mut stream: &'s mut (dyn AsyncRead + Send + Unpin)) -> ReadSource<'s> {
        Box::pin(async move { Ok(accept(&mut stream).await?.map(|addresses| addresses.source)) })
    }
}

fn network(text: &str) -> Result<IpNet, NetworkError> {
    let wrong = |why| NetworkError { text: text.to_owned(), why };
    let network = match text.parse::<IpAddr>() {
        Ok(host) => IpNet::from(host),
        Err(_) => text.parse().map_err(|_| wrong(Why::Syntax))?,
    };
    if network.addr() != network.network() {
        return Err(wrong(Why::Host(network.trunc())));
    }
    match (network.addr().to_canonical(), network.prefix_len().checked_sub(MAPPED)) {
        (IpAddr::V4(address), Some(len)) if network.addr().is_ipv6() => {
            Ipv4Net::new(address, len).map(IpNet::from).map_err(|_| wrong(Why::Syntax))
        }
        _ => Ok(network),
    }
}

/// A text that is no network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkError {
    text: String,
    why: Why,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    Syntax,
    Host(IpNet),
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        match &self.why {
            Why::Syntax => write!(f, "{text:?} is no network; write it like 10.0.0.0/8 or fd00::/8"),
            Why::Host(network) => write!(f, "{text:?} names a host within a network; write {network}"),
        }
    }
}

impl std::error::Error for NetworkError {}

/// The bits before an IPv4 address that is written as one of IPv6.
const MAPPED: u8 = 96;

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        Networks::parse([network]).unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_ends_where_its_prefix_says() {
        for (network, first, last, below, above) in [
            ("10.0.0.0/8", "10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"),
            ("192.0.2.8/30", "192.0.2.8", "192.0.2.11", "192.0.2.7", "192.0.2.12"),
            ("192.0.2.8", "192.0.2.8", "192.0.2.8", "192.0.2.7", "192.0.2.9"),
            ("2001:db8::/33", "2001:db8::", "2001:db8:7fff::ffff", "2001:db7:ffff::", "2001:db8:8000::"),
            ("::1", "::1", "::1", "::", "::2"),
        ] {
            assert!(contains(network, first) && contains(network, last), "{network}");
            assert!(!contains(network, below) && !contains(network, above), "{network}");
        }
        assert!(contains("0.0.0.0/0", "255.255.255.255") && !contains("0.0.0.0/0", "2001:db8::1"));
        assert!(contains("::/0", "2001:db8::1") && !contains("::/0", "192.0.2.1"));
    }

    #[test]
    fn an_ipv4_address_in_ipv6_is_one_of_ipv4_on_both_sides() {
        assert!(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(contains("::ffff:10.0.0.0/104", "10.1.2.3"));
        assert!(contains("::ffff:10.0.0.0/104", "::ffff:10.1.2.3"));
        assert!(!contains("::ffff:10.0.0.0/104", "11.1.2.3"));
        assert!(contains("::ffff:192.0.2.1", "192.0.2.1"));
    }

    #[test]
    fn no_network_is_no_guess() {
        assert!(!Networks::default().contains("127.0.0.1".parse().unwrap()));
        for text in
            ["", "10", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "::/129", "localhost", "10.0.0.0/8 "]
        {
            let error = Networks::parse(["10.0.0.0/8", text]).unwrap_err();
            assert!(error.to_string().starts_with(&format!("{text:?} is no network")), "{error}");
        }
        let error = Networks::parse(["10.1.2.3/8"]).unwrap_err();
        assert_eq!(error.to_string(), "\"10.1.2.3/8\" names a host within a network; write 10.0.0.0/8");
    }
}
