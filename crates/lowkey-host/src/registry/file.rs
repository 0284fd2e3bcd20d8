//! A registry that people write: TOML, one `[[device]]` table each.
//!
//! ```toml
//! [[device]]
//! name = "pump-7"
//! key = "lkpub1…"
//! # id = "pump-7"           # text, or 0x and hex; without it the pinning's default
//! # psk_file = "pump-7.psk" # relative to this file; makes the mode KKpsk0
//! ```

use super::{Device, DeviceError, Devices, Pinned, Registry, Unique, parse_id};
use crate::entropy::random;
use crate::keys::{self, mask, shell_quote, shown};
use lowkey_core::{Id, Identity, Psk, PublicKey, Secret};
use lowkey_crypto::Blake2s;
use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The devices of a registry file, read once, all or none.
///
/// ```toml
/// [[device]]
/// name = "pump-7"
/// key = "lkpub1…"
/// # id = "pump-7"           # text, or 0x and hex; without it the pinning's default
/// # psk_file = "pump-7.psk" # relative to this file; makes the mode KKpsk0
/// ```
#[derive(Debug)]
pub struct FileRegistry {
    path: PathBuf,
    devices: Devices,
}

impl FileRegistry {
    /// Reads `path` and the PSK files it names, and pins every device for `identity`: one scalar
    /// multiplication each.
    ///
    /// # Errors
    /// [`RegistryError`], with the file and the line; nothing was taken from the file then.
    pub fn load(path: impl Into<PathBuf>, identity: &Identity) -> Result<Self, RegistryError> {
        let path = path.into();
        let text = read_text(&path)?;
        let at = |(line, why): Flaw| RegistryError::at(&path, line, why);
        let described = Described::parse(&text, &identity.public_key()).map_err(at)?;
        let psks = described.read_psks(&path).map_err(at)?;
        let mut devices = Devices::default();
        for (entry, psk) in described.entries.into_iter().zip(psks) {
            let line = entry.line;
            let device = entry.pin(psk, identity).map_err(|why| at((line, why.to_string())))?;
            devices.by_id.insert(device.id(), Arc::new(device));
        }
        Ok(Self { path, devices })
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
}

/// Why a registry file was not taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum RegistryError {
    /// It cannot be read.
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Others than its owner may change it, and so say who may connect.
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A line in it is wrong.
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
}

impl RegistryError {
    pub(super) fn file(path: &Path, error: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), error }
    }

    pub(super) fn at(path: &Path, line: usize, why: impl AsRef<str>) -> Self {
        Self::Line { path: path.to_owned(), line, why: mask(why.as_ref()) }
    }

    /// The same, of the file as the user names it.
    pub(super) fn named(mut self, by_user: &Path) -> Self {
        match &mut self {
            Self::File { path, .. } | Self::Exposed { path, .. } | Self::Line { path, .. } => {
                *path = by_user.to_owned();
            }
        }
        self
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, error } => write!(f, "{}: {error}", shown(path)),
            Self::Exposed { path, mode } => write!(
                f,
                "{}: others than its owner may change it (mode {mode:04o}); mend that with: chmod go-w {}",
                shown(path),
                shell_quote(path),
            ),
            Self::Line { path, line, why } => write!(f, "{}:{line}: {why}", shown(path)),
        }
    }
}

impl std::error::Error for RegistryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { error, .. } => Some(error),
            Self::Exposed { .. } | Self::Line { .. } => None,
        }
    }
}

/// What a registry file says, before any key is pinned: well formed, and nothing in it twice.
pub(crate) struct Described {
    entries: Vec<Entry>,
}

struct Entry {
    line: usize,
    name: String,
    id: Id,
    key: PublicKey,
    psk_file: Option<(usize, String)>,
}

impl Described {
    /// The PSKs of the devices, read from the files that `registry` names: no two alike.
    pub(super) fn read_psks(&self, registry: &Path) -> Result<Vec<Option<Secret<32>>>, Flaw> {
        // Found by a hash under a key that nobody knows, so that comparing takes no time by content.
        let key = random().map_err(|error| (1, error.to_string()))?;
        let mut owners: HashMap<[u8; 32], &str> = HashMap::new();
        let directory = registry.parent().unwrap_or(Path::new(""));
        let mut psks = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            let Some((line, file)) = &entry.psk_file else {
                psks.push(None);
                continue;
            };
            let flaw = |why: String| (entry.line, format!("psk_file (line {line}): {why}"));
            let psk =
                keys::read_psk_secret(&directory.join(file)).map_err(|error| flaw(error.to_string()))?;
            let mut hash = Blake2s::keyed(&key);
            hash.update(psk.expose());
            if let Some(other) = owners.insert(hash.finalize(), &entry.name) {
                return Err(flaw(format!("holds the PSK of {other:?}; make one for each")));
            }
            psks.push(Some(psk));
        }
        Ok(psks)
    }

    /// What `text` says to the server of this key, which default ids depend on.
    pub(super) fn parse(text: &str, server: &PublicKey) -> Result<Self, Flaw> {
        let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        let line_of = |span: Range<usize>| 1 + ends.partition_point(|end| *end < span.start);
        let (document, errors) = DeTable::parse_recoverable(text);
        // Of a string that does not end, the next line suffers as well: the first is the cause.
        let start = |error: &toml::de::Error| error.span().map_or(0, |span| span.start);
        if let Some(error) = errors.iter().min_by_key(|error| start(error)) {
            return Err((error.span().map_or(1, line_of), error.message().to_owned()));
        }
        let mut described = Self { entries: Vec::new() };
        let mut unique = Unique::default();
        let (mut names, mut psk_files) = (HashMap::new(), HashMap::new());
        for (key, value) in document.get_ref() {
            let line = line_of(key.span());
            if &**key.get_ref() != "device" {
                return Err((
                    line,
                    format!("unknown field `{}`; only [[device]] tables stand here", key.get_ref()),
                ));
            }
            let Some(tables) = value.get_ref().as_array() else {
                return Err((line, "devices are written as [[device]], with two brackets".into()));
            };
            for table in tables {
                let entry = Entry::read(table, server, &line_of)?;
                if names.insert(entry.name.clone(), ()).is_some() {
                    return Err((entry.line, DeviceError::SameName(entry.name).to_string()));
                }
                let admitted = unique.add(&entry.name, entry.id, entry.key);
                admitted.map_err(|error| (entry.line, error.to_string()))?;
                if let Some((line, file)) = &entry.psk_file {
                    // A PSK belongs to one device: whoever opens one must not have another's.
                    if let Some(other) = psk_files.insert(file.clone(), entry.name.clone()) {
                        return Err((
                            *line,
                            format!("psk_file {file:?} is the one of {other:?}; make one for each"),
                        ));
                    }
                }
                described.entries.push(entry);
            }
        }
        Ok(described)
    }
}

/// A line and what is wrong with it.
pub(super) type Flaw = (usize, String);

impl Entry {
    fn read(
        table: &Spanned<DeValue<'_>>,
        server: &PublicKey,
        line_of: &impl Fn(Range<usize>) -> usize,
    ) -> Result<Self, Flaw> {
        let line = line_of(table.span());
        let Some(fields) = table.get_ref().as_table() else {
            return Err((line, "a device is a table: write [[device]] and its fields below".into()));
        };
        let (mut name, mut key, mut id, mut psk_file) = (None, None, None, None);
        for (field, value) in fields {
            let at = line_of(field.span());
            let slot = match &**field.get_ref() {
                "name" => &mut name,
                "key" => &mut key,
                "id" => &mut id,
                "psk_file" => &mut psk_file,
                other => {
                    return Err((
                        at,
                        format!("unknown field `{other}`; a device has name, key, id and psk_file"),
                    ));
                }
            };
            let Some(text) = value.get_ref().as_str() else {
                return Err((at, format!("`{}` has to be text in quotes", field.get_ref())));
            };
            *slot = Some((at, text.to_owned()));
        }
        let (at, name) = name.ok_or((line, "this device has no `name`".to_owned()))?;
        if name.is_empty() {
            return Err((at, "the name is empty".into()));
        }
        if name.chars().any(char::is_control) {
            return Err((at, DeviceError::Name.to_string()));
        }
        let (at, key) = key.ok_or((line, format!("the device {name:?} has no `key`")))?;
        let key = keys::parse_public(&key).map_err(|error| (at, format!("`key`: {error}")))?;
        if key == *server {
            return Err((at, DeviceError::OwnKey.to_string()));
        }
        let id = match id {
            None => Id::of_pinning(&key, server),
            Some((at, text)) => parse_id(&text).ok_or((
                at,
                format!("`id` {text:?} is neither text of 1 to 32 bytes nor 0x and hex of as many"),
            ))?,
        };
        Ok(Self { line, name, id, key, psk_file })
    }

    fn pin(self, psk: Option<Secret<32>>, identity: &Identity) -> Result<Pinned, DeviceError> {
        let pinned = Pinned::new(Device::new(self.name)?, identity, self.key)?.with_id(self.id);
        Ok(match psk {
            Some(psk) => pinned.with_psk(Psk::new(psk)),
            None => pinned,
        })
    }
}

/// The text of a registry that only its owner may change.
pub(super) fn read_text(path: &Path) -> Result<String, RegistryError> {
    let mut file = File::open(path).map_err(|error| RegistryError::file(path, error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let metadata = file.metadata().map_err(|error| RegistryError::file(path, error))?;
        let mode = metadata.mode() & 0o7777;
        if metadata.is_file() && mode & 0o022 != 0 {
            return Err(RegistryError::Exposed { path: path.to_owned(), mode });
        }
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(|error| RegistryError::file(path, error))?;
    Ok(text)
}

/// `text` as a TOML string.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
