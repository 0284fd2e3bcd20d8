//! A registry that people write: TOML, one `[[device]]` table each.

use crate::error::RegistryError;
use crate::snapshot::Snapshot;
use crate::stamp::Stamp;
use crate::text_file::{self, Trust};
use lowkey_host::text::steers;
use lowkey_host::{Devices, Digest, Fed, Id, Identity, LeftOut, Pinned, Registry};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The devices of a registry file, read once: all or none, but for those whose PSK cannot be had.
///
/// ```toml
/// # server = "lkpub1…"             # whose registry this is: another server does not load it
///
/// [[device]]
/// name = "pump-7"
/// key = "lkpub1…"
/// # id = "pump-7"                  # text, or 0x and hex; without it the pinning's default
/// # psk_file = "pump-7.psk"        # relative to this file; makes the mode KKpsk0
/// # expires = 2026-12-31T00:00:00Z # from then on it is answered as an unknown one
/// # code = "43dd204498165944"     # the name of the code that it was paired with
/// # pending = true                 # and that pairing is not confirmed yet
/// # labels = { site = "north" }    # for you; the protocol knows nothing of them
///
/// [[device]]
/// name = "pump-8" # with two keys, while they rotate
/// [[device.pinning]]
/// key = "lkpub1…"
/// expires = 2026-12-31T00:00:00Z
/// [[device.pinning]]
/// key = "lkpub1…"
/// psk_file = "pump-8-next.psk"
/// ```
///
/// Names, ids, keys, PSKs and codes are unique. A pinning whose PSK file cannot be read, or holds the PSK of another,
/// is [left out](Registry::left_out); all others are in force. A [`LiveRegistry`](crate::LiveRegistry) is the same
/// file, read again when it changes.
#[derive(Debug)]
pub struct FileRegistry {
    path: PathBuf,
    devices: Devices,
    digest: Digest,
    left_out: Vec<LeftOut>,
}

impl FileRegistry {
    /// Reads `path` and the PSK files it names, and pins every device for `identity`: one scalar
    /// multiplication each, before this returns.
    ///
    /// # Errors
    /// [`RegistryError`], with the file and the line; nothing was taken from the file then.
    pub fn load(path: impl Into<PathBuf>, identity: &Identity) -> Result<Self, RegistryError> {
        let path = path.into();
        let (text, _) = read_text(&path, Trust::Ours)?;
        let (snapshot, _) = Snapshot::read(&text, &path, identity, None)
            .map_err(|flaw| RegistryError::at(&path, &text, &flaw))?;
        let Fed { pinnings, left_out, .. } = snapshot.fed;
        pinnings.iter().for_each(|pinned| pinned.warm(identity));
        Ok(Self { path, devices: pinnings.into_iter().collect(), digest: Digest::of(&text), left_out })
    }

    /// Where it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The devices.
    pub fn devices(&self) -> &Devices {
        &self.devices
    }
}

impl Registry for FileRegistry {
    fn lookup(&self, id: &Id) -> Option<Arc<Pinned>> {
        self.devices.lookup(id)
    }

    fn each(&self, see: &mut dyn FnMut(&Arc<Pinned>)) {
        self.devices.each(see);
    }

    fn digest(&self) -> Option<Digest> {
        Some(self.digest)
    }

    fn left_out(&self) -> Vec<LeftOut> {
        self.left_out.clone()
    }
}

/// The digest of the registry file that stands there now.
///
/// # Errors
/// [`RegistryError`]: it cannot be read.
pub fn digest_of(registry: &Path) -> Result<Digest, RegistryError> {
    read_text(registry, Trust::AnyOwner).map(|(text, _)| Digest::of(&text))
}

/// The text of a registry that may be believed, and what it looked like when it was read.
pub(crate) fn read_text(path: &Path, trust: Trust) -> Result<(String, Stamp), RegistryError> {
    read_kept(path, trust).map(|(text, stamp, _)| (text, stamp))
}

/// The same, and the file: as long as it is open no other one gets its number.
pub(crate) fn read_kept(path: &Path, trust: Trust) -> Result<(String, Stamp, File), RegistryError> {
    let (file, metadata) = text_file::open(path, trust, LONGEST)?;
    let stamp = Stamp::of(&metadata);
    let text = text_file::read_open(&file, path, trust, LONGEST);
    if stamp != Stamp::of(&file.metadata().map_err(|error| RegistryError::file(path, error))?) {
        return Err(RegistryError::Unfinished(path.to_owned()));
    }
    Ok((text?, stamp, file))
}

/// Two million devices.
pub(crate) const LONGEST: u64 = 256 << 20;

/// `text` as a TOML string.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if steers(c) => quoted.push_str(&format!("\\U{:08X}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
