//! Variables that an orchestrator makes of a service called `lowkey`, and that nobody has written.
//!
//! Kubernetes gives every container variables for every Service of its namespace, in the form of Docker's links:
//! `LOWKEY_SERVICE_HOST`, `LOWKEY_PORT_7000_TCP_ADDR` and so on for `lowkey`, `LOWKEY_ADMIN_SERVICE_PORT_HTTP` for
//! `lowkey-admin`. They are known by the form of their names *and* of their values, and passed over if both are so. So
//! `LOWKEY_PORT=7000`, which a person may write, is a mistake all the same, and no setting of ours has such a name.

use std::net::IpAddr;

/// Whether the variable `name`, with this value, is one of those. `name` is without our `LOWKEY_`.
pub(super) fn made_by_one(name: &str, value: &str) -> bool {
    // Of a service called `lowkey-admin` there is more before the ending that tells.
    let ends: Vec<&str> = name.split('_').collect();
    (0..ends.len()).any(|from| is_link(&ends[from..], value))
}

/// `ending` is the end of a variable's name, at its underscores.
fn is_link(ending: &[&str], value: &str) -> bool {
    let port = || value.parse::<u16>().is_ok();
    let address = || value.parse::<IpAddr>().is_ok();
    let number = |text: &&str| text.parse::<u16>().is_ok();
    let protocol = |text: &&str| PROTOCOLS.contains(&text.to_ascii_lowercase().as_str());
    let endpoint = || {
        let (before, behind) = value.split_once("://").unwrap_or_default();
        protocol(&before)
            && behind.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && number(&port))
    };
    match ending {
        ["SERVICE", "HOST"] => address(),
        ["SERVICE", "PORT", ..] => port(),
        ["PORT"] => endpoint(),
        ["PORT", n, of] if number(n) && protocol(of) => endpoint(),
        ["PORT", n, of, "PROTO"] if number(n) && protocol(of) => protocol(&value),
        ["PORT", n, of, "PORT"] if number(n) && protocol(of) => port(),
        ["PORT", n, of, "ADDR"] if number(n) && protocol(of) => address(),
        _ => false,
    }
}

const PROTOCOLS: [&str; 3] = ["tcp", "udp", "sctp"];

#[cfg(test)]
mod tests {
    use super::made_by_one;
    use crate::config::FIELDS;
    use crate::config::fields::PREFIX;

    /// As the kubelet writes them for Services `lowkey` and `lowkey-admin`.
    const MADE: [(&str, &str); 13] = [
        ("SERVICE_HOST", "10.96.0.17"),
        ("SERVICE_HOST", "fd00:10:96::11"),
        ("SERVICE_PORT", "7000"),
        ("SERVICE_PORT_NOISE", "7000"),
        ("SERVICE_PORT_ADMIN_HTTP", "9100"),
        ("PORT", "tcp://10.96.0.17:7000"),
        ("PORT_7000_TCP", "tcp://10.96.0.17:7000"),
        ("PORT_7000_TCP", "tcp://[fd00:10:96::11]:7000"),
        ("PORT_7000_TCP_PROTO", "tcp"),
        ("PORT_7000_TCP_PORT", "7000"),
        ("PORT_7000_TCP_ADDR", "10.96.0.17"),
        ("ADMIN_SERVICE_HOST", "10.96.0.18"),
        ("ADMIN_PORT_9100_TCP_ADDR", "10.96.0.18"),
    ];

    #[test]
    fn what_kubernetes_makes_of_a_service_is_nobody_s_mistake() {
        for (name, value) in MADE {
            assert!(made_by_one(name, value), "{name}={value}");
        }
    }

    #[test]
    fn what_a_person_may_have_written_is_none_of_those() {
        for (name, value) in [
            ("PORT", "7000"),
            ("PORT", ":7000"),
            ("SERVICE_HOST", "gate.example"),
            ("LISTN", "tcp://10.96.0.17:7000"),
            ("LISTEN_PORT", "7000"),
            ("PORTS", "tcp://10.96.0.17:7000"),
            ("SERVICE", "10.96.0.17"),
            ("PORT_HTTP_TCP", "tcp://10.96.0.17:7000"),
            ("ADMIN_LISTN", "127.0.0.1:9100"),
        ] {
            assert!(!made_by_one(name, value), "{name}={value}");
        }
    }

    #[test]
    fn no_setting_has_a_name_that_would_be_passed_over() {
        for variable in FIELDS.iter().map(|field| field.variable()) {
            let name = variable.strip_prefix(PREFIX).unwrap();
            for (_, value) in MADE {
                assert!(!made_by_one(name, value), "{variable}={value}");
            }
        }
    }
}
