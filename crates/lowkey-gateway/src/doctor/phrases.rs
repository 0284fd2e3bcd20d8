//! How the doctor says times, addresses and ids.

use std::net::SocketAddr;
use std::time::Duration;

/// How long, in one unit.
pub(super) fn ago(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7200 => format!("{} min", seconds / 60),
        seconds @ ..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// `from ADDRESS `, if it is known.
pub(super) fn from(address: Option<SocketAddr>) -> String {
    address.map_or_else(String::new, |address| format!("from {} ", address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_one_unit() {
        for (seconds, said) in
            [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (200_000, "2 days")]
        {
            assert_eq!(ago(Duration::from_secs(seconds)), said);
        }
    }
}
