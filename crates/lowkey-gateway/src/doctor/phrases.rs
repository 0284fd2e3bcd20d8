//! How the doctor says times, addresses and ids.

use lowkey_host::Id;
use lowkey_host::text::Hex;
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

/// An id as registries write it.
pub(crate) fn id_text(id: Id) -> String {
    match std::str::from_utf8(id.as_bytes()) {
        Ok(text) if !text.starts_with("0x") && text.chars().all(|c| c.is_ascii_graphic()) => text.to_owned(),
        _ => format!("0x{}", Hex(id.as_bytes())),
    }
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

    #[test]
    fn ids_are_text_where_they_are_plain() {
        assert_eq!(id_text(Id::new(b"pump-7").unwrap()), "pump-7");
        assert_eq!(id_text(Id::new(b"0x7").unwrap()), "0x307837");
        assert_eq!(id_text(Id::new(b"a b\x1b").unwrap()), "0x6120621b");
    }
}
