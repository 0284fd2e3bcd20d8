//! A message on its way, and what can be said to it.

use lowkey_host::numbered::{DIGEST_LEN, Last, Later, RunId, message_digest};
use lowkey_host::text::{Hex, clean, mask};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// What takes one message after the other.
pub(crate) trait Deliver: Send + Sync {
    /// Tries once. Dropped, it may have been taken or not.
    fn offer<'a>(&'a self, message: &'a Arc<Offered>) -> Later<'a, Answer>;
}

/// What has come of a try.
#[derive(Debug)]
pub(crate) enum Answer {
    Taken,
    /// For good: something is wrong with this message.
    Refused {
        status: u16,
        why: String,
    },
    /// For now. No sooner than `after`.
    Later {
        why: String,
        after: Duration,
    },
}

impl Answer {
    pub(crate) fn later(why: impl std::fmt::Display) -> Self {
        Self::Later { why: shown(&why.to_string()), after: Duration::ZERO }
    }
}

/// Whose messages these are.
#[derive(Debug)]
pub(crate) struct Whose {
    pub(crate) device: Arc<str>,
    /// Its name, of letters that mean nothing anywhere.
    pub(crate) plain: String,
    pub(crate) run: RunId,
}

impl Whose {
    /// # Errors
    /// Why it has no name that can be sent.
    pub(crate) fn new(device: &str, run: RunId) -> Result<Self, String> {
        if device.len() > LONGEST_NAME {
            return Err(format!("its name is longer than {LONGEST_NAME} bytes"));
        }
        Ok(Self { device: device.into(), plain: plain(device), run })
    }
}

/// A message on its way.
#[derive(Debug)]
pub(crate) struct Offered {
    pub(crate) whose: Arc<Whose>,
    pub(crate) number: u64,
    pub(crate) bytes: Vec<u8>,
}

impl Offered {
    pub(crate) fn new(whose: Arc<Whose>, number: u64, bytes: Vec<u8>) -> Self {
        Self { whose, number, bytes }
    }

    /// Of nobody, to see whether one can be written.
    #[cfg(feature = "http")]
    pub(crate) fn sample() -> Self {
        let whose = Whose { device: "".into(), plain: String::new(), run: RunId::new([0; RunId::LEN]) };
        Self::new(Arc::new(whose), 1, Vec::new())
    }

    pub(crate) fn digest(&self) -> [u8; DIGEST_LEN] {
        message_digest(self.number, [&self.bytes, &[]])
    }

    pub(crate) fn last(&self) -> Last {
        Last { number: self.number, digest: self.digest() }
    }

    /// What is the same whenever this message comes, and of no other.
    #[cfg(any(feature = "http", test))]
    pub(crate) fn key(&self) -> String {
        let Whose { device, run, .. } = &*self.whose;
        format!("{}:{}:{}", Hex(device.as_bytes()), Hex(run.as_bytes()), self.number)
    }

    pub(crate) fn run(&self) -> String {
        Hex(self.whose.run.as_bytes()).to_string()
    }
}

/// A name of letters a to z, digits, `-`, `.`, `_`, `~`, and for each other byte of its UTF-8 `%` and two digits
/// (RFC 3986, 2.1).
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            plain.push(char::from(byte));
        } else {
            let _ = write!(plain, "%{byte:02X}"); // into a String
        }
    }
    plain
}

/// A line of what others have said, that can be printed.
pub(crate) fn shown(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let cut: String = line.chars().take(LONGEST_LINE).collect();
    clean(&mask(&cut))
}

/// Its hex and its escapes stay within what servers take of headers.
const LONGEST_NAME: usize = 1_000;
const LONGEST_LINE: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_nothing_anywhere() {
        for (name, expected) in [
            ("pump-7", "pump-7"),
            ("a/b+c#d", "a%2Fb%2Bc%23d"),
            ("$SYS", "%24SYS"),
            ("x\r\nAuthorization: y\0", "x%0D%0AAuthorization%3A%20y%00"),
            ("ü%2F\"", "%C3%BC%252F%22"),
            ("\u{202e}泵", "%E2%80%AE%E6%B3%B5"),
        ] {
            assert_eq!(plain(name), expected);
        }
        assert!(Whose::new(&"x".repeat(LONGEST_NAME + 1), RunId::new([0; 8])).is_err());
    }

    #[test]
    fn a_key_is_of_one_message_whatever_a_device_is_called() {
        let key = |device, run, number| {
            Offered::new(Whose::new(device, RunId::new([run; 8])).unwrap().into(), number, vec![]).key()
        };
        assert_eq!(key("a:1", 2, 3), "613a31:0202020202020202:3");
        assert_eq!(key("\"\r\n", 255, u64::MAX), "220d0a:ffffffffffffffff:18446744073709551615");
    }

    #[test]
    fn what_others_say_is_one_line_that_steers_nothing() {
        assert_eq!(shown("\n  no such\u{1b}[2J thing \nmore"), r"no such\u{1b}[2J thing");
        assert_eq!(shown(&"x".repeat(1_000)).len(), LONGEST_LINE);
        assert_eq!(shown("\r\n"), "");
    }
}
