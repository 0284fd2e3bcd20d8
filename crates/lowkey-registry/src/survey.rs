//! Looks a registry file over: every mistake in it at once, for whoever mends it before a server reads it.

use crate::error::{Flaw, RegistryError};
use crate::file::read_text;
use crate::psks::{self, Psks};
use crate::table::{self, Described, Entry};
use crate::text_file::{Positions, Trust};
use lowkey_core::PublicKey;
use lowkey_host::Paired;
use std::path::Path;
use std::time::SystemTime;

/// What is in a registry file, and what is wrong with it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Survey {
    /// Every mistake, in the order of lines; those of PSK files stand where the file is named.
    pub mistakes: Vec<RegistryError>,
    /// The devices that can be read, in their order.
    pub devices: Vec<Surveyed>,
}

/// A device, and where it stands.
#[derive(Debug)]
#[non_exhaustive]
pub struct Surveyed {
    /// Its name.
    pub name: String,
    /// The line of its name, from 1.
    pub line: usize,
    /// The character in that line, from 1.
    pub column: usize,
    /// The pinnings of it that expire: line and column of the key, and the moment.
    pub expiring: Vec<(usize, usize, SystemTime)>,
    /// The pinnings of it whose pairing is pending: line and column of the key.
    pub pending: Vec<(usize, usize)>,
}

/// Reads `path` and the PSK files it names as a server of the key `server` would, and pins nothing. Without that key,
/// what depends on it is not looked at.
pub fn survey(path: &Path, server: Option<&PublicKey>) -> Survey {
    let text = match read_text(path, Trust::Ours) {
        Ok((text, _)) => text,
        Err(error) => return Survey { mistakes: vec![error], devices: Vec::new() },
    };
    let (entries, mut flaws) = table::survey(&text, server.copied());
    match psks::read(entries.iter(), path) {
        Ok(Psks { found, .. }) => {
            flaws.extend(found.into_iter().flatten().filter_map(|psk| Some(psk.err()?.flaw)));
        }
        Err(flaw) => flaws.push(flaw),
    }
    flaws.sort_by_key(|flaw| flaw.at);
    let mut positions = Positions::of(&text);
    let mistakes = flaws.iter().map(|flaw| mistake(path, flaw, &mut positions)).collect();
    let devices = entries.iter().map(|entry| surveyed(entry, &mut positions)).collect();
    Survey { mistakes, devices }
}

fn mistake(path: &Path, flaw: &Flaw, positions: &mut Positions<'_>) -> RegistryError {
    RegistryError::at_position(path, positions.position(flaw.at), flaw)
}

fn surveyed(entry: &Entry, positions: &mut Positions<'_>) -> Surveyed {
    let (line, column) = positions.position(entry.at);
    let expiring = entry.pinnings.iter().filter_map(|pinning| {
        let expires = pinning.expires?;
        let (line, column) = positions.position(pinning.key_at);
        Some((line, column, expires))
    });
    let expiring = expiring.collect();
    let is_pending = |pinning: &&Described| matches!(pinning.paired, Some(Paired::Pending(_)));
    let pending = entry.pinnings.iter().filter(is_pending);
    let pending = pending.map(|pinning| positions.position(pinning.key_at)).collect();
    Surveyed { expiring, pending, name: entry.device.name().to_owned(), line, column }
}
