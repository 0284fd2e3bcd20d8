//! Registers a device that has made its own keys: its public key is all that anybody has to have.

use super::error::ProvisionError;
use crate::edit::{Change, Edit, Written, again};
use crate::file::quote;
use crate::keys;
use crate::target::Target;
use lowkey_host::text::holds_a_secret;
use lowkey_host::{Device, Id, PublicKey};
use std::io::{BufRead, BufReader, Read};

/// A device with keys of its own.
#[derive(Clone, Debug)]
pub struct KnownKey<'a> {
    /// What the server calls it.
    pub name: &'a str,
    /// Its public key.
    pub key: PublicKey,
    /// The server's static key.
    pub server: PublicKey,
    /// The registry that it is added to.
    pub registry: Target<'a>,
}

/// A device that the registry has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Registered {
    /// What was written to the registry, or stands there.
    pub written: Written,
    /// Whether this very name was there before with this very key, as when a line tries again.
    pub was_there: bool,
}

/// Adds it to the registry, if that does not have it.
///
/// # Errors
/// [`ProvisionError`]; the registry is as it was.
pub fn register(device: &KnownKey<'_>) -> Result<Registered, ProvisionError> {
    let KnownKey { name, registry, .. } = *device;
    let (key, server) = (device.key.canonical(), device.server.canonical());
    if holds_a_secret(name) {
        return Err(ProvisionError::Order("a secret stands where the name belongs".into()));
    }
    Device::new(name).map_err(|error| ProvisionError::Order(error.to_string()))?;
    let table = format!("[[device]]\nname = {}\nkey = {}\n", quote(name), quote(&keys::encode_public(&key)));
    let registered = again(|| {
        let edit = Edit::begin(registry)?;
        let entries = edit.entries(&server)?;
        let mut keys =
            entries.iter().filter(|entry| entry.device.name() == name).flat_map(|entry| &entry.pinnings);
        let was_there = keys.any(|pinning| pinning.key == key && pinning.id == Id::of_pinning(&key, &server));
        let change = Change::Added(key);
        let written = match was_there {
            true => edit.standing(&server, change),
            false => edit.add(&[&table], &server, change)?,
        };
        Ok(Registered { written, was_there })
    });
    registered.map_err(|error| ProvisionError::refused(registry, error))
}

/// The first public key in what a device prints. It is read no further than that: a serial port has no end.
///
/// # Errors
/// What is wrong, for people: there is none in the first mebibyte, or one that is mistyped or cut off.
pub fn find_public_key(source: impl Read) -> Result<PublicKey, String> {
    let mut source = BufReader::new(source.take(LONGEST));
    let mut line = Vec::new();
    loop {
        line.clear();
        if source.read_until(b'\n', &mut line).map_err(|error| error.to_string())? == 0 {
            return Err("there is no public key (lkpub1…) in it".into());
        }
        let line = String::from_utf8_lossy(&line); // what a port says while it starts is whatever it is
        let begin = line.char_indices().find(|(at, _)| {
            line.get(*at..at + BEGIN.len()).is_some_and(|here| here.eq_ignore_ascii_case(BEGIN))
        });
        if let Some((begin, _)) = begin {
            let rest = &line[begin..];
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            return keys::parse_public(&rest[..end]).map_err(|error| error.to_string());
        }
    }
}

const BEGIN: &str = "lkpub1";
/// In bytes.
const LONGEST: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives what a port gives, and then nothing for ever: whoever reads on, hangs.
    struct Port<'p>(&'p [u8]);

    impl Read for Port<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            assert!(!self.0.is_empty(), "read on");
            let n = self.0.len().min(out.len()).min(7);
            let (now, later) = self.0.split_at(n);
            out[..n].copy_from_slice(now);
            self.0 = later;
            Ok(n)
        }
    }

    #[test]
    fn a_key_is_found_in_what_a_device_prints_and_nothing_behind_its_line_is_waited_for() {
        let key = PublicKey::new([7; 32]).canonical();
        let text = keys::encode_public(&key);
        for printed in [
            format!("{text}\n"),
            format!("\u{fffd}\r\nboot 1\r\npublic key: {text}\r\n"),
            format!("[00:00:01] key=\"{}\", ok\n", text.to_uppercase()),
        ] {
            assert_eq!(find_public_key(Port(printed.as_bytes())), Ok(key), "{printed}");
        }
        let mut noise = b"\xff\xfe\x00lkpub\n".to_vec();
        noise.extend_from_slice(format!("{text}\n").as_bytes());
        assert_eq!(find_public_key(Port(&noise)), Ok(key));
        assert!(find_public_key(&b"nothing\n"[..]).unwrap_err().contains("there is no public key"));
        assert!(
            find_public_key(Port(format!("{}\n", &text[..40]).as_bytes())).unwrap_err().contains("cut off")
        );
        assert!(
            find_public_key(Port(format!("{text}{text}\n").as_bytes())).unwrap_err().contains("mistyped")
        );
    }
}
