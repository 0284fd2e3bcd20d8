//! The address in a key page or a label area, `host:port`: only in words that every firmware understands alike.
//!
//! A number has more than one reading. To C's `inet_aton`, and so to `getaddrinfo`, `010.0.2.2` is 8.0.2.2, and
//! `10.514` or `0xa000202` is 10.0.2.2; to Rust, and to the boards of the examples, none of them is an address. A
//! device that was given one would call somebody else, or nobody, and there is no way to tell it so afterwards.

use lowkey_core::page::MAX_ADDRESS;
use lowkey_host::text::steers;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether a key page or a label area may hold this address, `host:port`, which may be empty.
///
/// # Errors
/// What is wrong with it, for people.
pub fn check(address: &str) -> Result<(), String> {
    if address.is_empty() {
        return Ok(());
    }
    let Some((host, port)) = address.rsplit_once(':').filter(|(host, _)| !host.is_empty()) else {
        return Err(no_address(address));
    };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match bracketed {
        _ if !is_port(port) => Err(no_address(address)),
        Some(host) if host.parse::<Ipv6Addr>().is_err() => Err(no_address(address)),
        None if host.contains([':', '[', ']']) || host.contains(|c: char| c.is_whitespace() || steers(c)) => {
            Err(no_address(address))
        }
        None if is_numeric(host) && host.parse::<Ipv4Addr>().is_err() => Err(format!(
            "{host:?} is no address: write four numbers from 0 to 255 without leading zeros, for example 192.168.1.10"
        )),
        _ if address.len() > MAX_ADDRESS => Err(format!("the address is longer than {MAX_ADDRESS} bytes")),
        _ => Ok(()),
    }
}

fn no_address(address: &str) -> String {
    format!("{address:?} is no address; write it as host:port, for example 192.168.1.10:7000")
}

/// 1 to 65,535, as a number is written: no sign, no leading zero.
fn is_port(text: &str) -> bool {
    text.starts_with(|first| matches!(first, '1'..='9'))
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<u16>().is_ok()
}

/// Whether somebody would read the host as a number: no name of the DNS has a last label like that.
fn is_numeric(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or(host);
    let is_hexadecimal = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_hexdigit());
    last.bytes().all(|byte| byte.is_ascii_digit())
        || last.strip_prefix("0x").or(last.strip_prefix("0X")).is_some_and(is_hexadecimal)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn an_address_that_is_read_in_one_way_only_is_taken() {
        for address in [
            "",
            "192.168.1.10:7000",
            "0.0.0.0:1",
            "255.255.255.255:65535",
            "server.example:7000",
            "3com.example:7000",
            "10-0-2-2:7000",
            "0xcafe.example:7000",
            "server.example.:7000",
            "[::1]:7000",
            "[fe80::1]:7000",
        ] {
            assert_eq!(check(address), Ok(()), "{address:?}");
        }
    }

    #[test]
    fn an_address_that_some_firmware_reads_as_another_one_is_refused() {
        for host in [
            "010.0.2.2",
            "10.0.2.02",
            "10.00.2.2",
            "10.0.2.256",
            "10.0.2",
            "10.514",
            "167772674",
            "0xa000202",
            "0x0A.0.2.2",
            "10.0.2.0x2",
            "10.0.2.2.",
            "10.0.2.2.2",
            "010",
            "1.",
            ".",
        ] {
            let error = check(&format!("{host}:7000")).unwrap_err();
            assert!(error.contains("without leading zeros"), "{host:?}: {error}");
        }
    }

    #[test]
    fn what_is_no_host_and_port_is_refused() {
        for address in [
            "nowhere",
            ":7000",
            "host:",
            "host:0",
            "host:70000",
            "host:07000",
            "host:+7000",
            "host:7000 ",
            "ho st:7000",
            " 10.0.2.2:7000",
            "10.0.2.2\n:7000",
            "::1:7000",
            "[::1:7000",
            "::1]:7000",
            "[10.0.2.2]:7000",
            "[]:7000",
            "a:b:7000",
            "a\u{200b}b:7000",
            "\u{feff}host:7000",
            "a\u{1c}b:7000",
        ] {
            let error = check(address).unwrap_err();
            assert!(error.contains("write it as host:port"), "{address:?}: {error}");
        }
    }

    #[test]
    fn an_address_longer_than_its_place_in_the_page_is_refused() {
        assert_eq!(check(&format!("{}:7000", "h".repeat(59))), Ok(()));
        assert!(check(&format!("{}:7000", "h".repeat(60))).unwrap_err().contains("longer than 64 bytes"));
    }
}
