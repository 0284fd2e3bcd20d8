//! Whether an address that we connect to is one that we listen on: devices would be forwarded to ourselves, for ever.

use super::address::host_and_port;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// Whether who connects to `forward` reaches who listens on `listen`, as far as that can be told without a name server.
pub(super) fn reaches(forward: &str, listen: &str) -> bool {
    let (Some((to, to_port)), Some((on, on_port))) = (host_and_port(forward), host_and_port(listen)) else {
        return forward == listen; // a Unix socket
    };
    if to_port != on_port || on_port == 0 {
        return false;
    }
    let (to, on) = (addresses(to), addresses(on));
    match (&*to, &*on) {
        ([], _) | (_, []) => host(forward).eq_ignore_ascii_case(host(listen)),
        (to, on) => to.iter().any(|to| on.iter().any(|on| meets(*to, *on))),
    }
}

fn meets(to: IpAddr, on: IpAddr) -> bool {
    // Who connects to "every address" reaches loopback.
    let to = match to.to_canonical() {
        IpAddr::V4(to) if to.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(to) if to.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        to => to,
    };
    match on.to_canonical() {
        IpAddr::V4(on) if on.is_unspecified() => to.is_ipv4() && is_ours(to),
        IpAddr::V6(on) if on.is_unspecified() => is_ours(to),
        on => on == to,
    }
}

/// Whether it is an address of this machine: only those can be bound to.
fn is_ours(address: IpAddr) -> bool {
    address.is_loopback() || UdpSocket::bind((address, 0)).is_ok()
}

/// The addresses that a host stands for; none of a name that is not `localhost`.
fn addresses(host: &str) -> Vec<IpAddr> {
    if host.eq_ignore_ascii_case("localhost") {
        return vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    }
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.parse().into_iter().collect()
}

fn host(address: &str) -> &str {
    address.rsplit_once(':').map_or(address, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::reaches;

    #[test]
    fn who_listens_on_every_address_is_reached_by_loopback_too() {
        for (forward, listen) in [
            ("127.0.0.1:7000", "127.0.0.1:7000"),
            ("127.0.0.1:7000", "0.0.0.0:7000"),
            ("127.0.0.2:7000", "0.0.0.0:7000"),
            ("127.0.0.1:7000", "[::]:7000"),
            ("[::1]:7000", "[::]:7000"),
            ("[::ffff:127.0.0.1]:7000", "127.0.0.1:7000"),
            ("0.0.0.0:7000", "127.0.0.1:7000"),
            ("0.0.0.0:7000", "[::]:7000"),
            ("localhost:7000", "127.0.0.1:7000"),
            ("LocalHost:7000", "[::1]:7000"),
            ("localhost:7000", "[::]:7000"),
            ("gate.example:7000", "Gate.example:7000"),
            ("unix:/run/a.sock", "unix:/run/a.sock"),
        ] {
            assert!(reaches(forward, listen), "{forward} {listen}");
        }
        for (forward, listen) in [
            ("127.0.0.1:1883", "127.0.0.1:7000"),
            ("127.0.0.2:7000", "127.0.0.1:7000"),
            ("[::1]:7000", "0.0.0.0:7000"),
            ("[::1]:7000", "127.0.0.1:7000"),
            ("192.0.2.1:7000", "[::]:7000"), // of nobody's machine, RFC 5737
            ("gate.example:7000", "[::]:7000"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("unix:/run/a.sock", "unix:/run/b.sock"),
            ("unix:/run/a.sock", "127.0.0.1:7000"),
        ] {
            assert!(!reaches(forward, listen), "{forward} {listen}");
        }
    }
}
