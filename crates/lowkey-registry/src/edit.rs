//! Changes a registry: one change at a time, looked at as a whole, and taken as a whole or not at all.
//!
//! A file is locked, and replaced at once. One that several servers share is read as the text of such a file, and its
//! rows are written only if nothing has changed meanwhile; if something has, it is read and changed again.

mod attempts;
mod attributes;
mod held_file;
mod lock;
mod rewrite;
mod written;

pub(crate) use attempts::{Attempts, again};
pub(crate) use lock::Lock;
pub(crate) use rewrite::Removal;
pub(crate) use written::Change;
pub use written::Written;

use crate::error::RegistryError;
use crate::file::LONGEST;
use crate::keys;
use crate::rows::{Reading, SharedError, SharedRegistry, Sheet, SheetError};
use crate::table::{self, Entry};
use crate::target::Target;
use held_file::HeldFile;
use lowkey_core::{PublicKey, Secret};
use std::fs::File;
use std::io;
use std::path::Path;

/// A registry as it was read, to be changed once.
pub(crate) struct Edit<'t> {
    target: Target<'t>,
    text: Option<String>,
    kept: Kept<'t>,
}

/// Who keeps others from changing it unseen.
enum Kept<'t> {
    File(HeldFile),
    Shared(&'t dyn SharedRegistry, Box<dyn Reading + 't>),
}

/// Why the registry was left as it was.
pub(crate) enum EditError {
    /// What is in it already cannot be loaded, or it cannot be read or written.
    Registry(RegistryError),
    /// The change does not fit in.
    Device(String),
    /// Others have changed it since it was read.
    Raced,
}

impl From<RegistryError> for EditError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}

impl EditError {
    /// What is wrong with the registry, or else with the change.
    pub(crate) fn told(self, target: Target<'_>) -> Result<RegistryError, String> {
        match self {
            Self::Registry(error) => Ok(error),
            Self::Device(why) => Err(why),
            Self::Raced => Ok(RegistryError::Shared {
                named: target.named().to_owned(),
                why: "others change it all the time, and this was not written; try again".to_owned(),
            }),
        }
    }
}

impl<'t> Edit<'t> {
    /// Reads the registry; of a file, once others who change it are done.
    pub(crate) fn begin(target: Target<'t>) -> Result<Self, RegistryError> {
        match target {
            Target::File(file) => {
                let (held, text) = HeldFile::hold(file)?;
                Ok(Self { target, text, kept: Kept::File(held) })
            }
            Target::Shared(shared) => {
                let reading = shared.read().map_err(|error| not_shared(shared, &error))?;
                let text = Some(reading.sheet().text());
                Ok(Self { target, text, kept: Kept::Shared(shared, reading) })
            }
        }
    }

    /// As [`begin`](Self::begin), of a registry that has to be there.
    pub(crate) fn begin_there(target: Target<'t>) -> Result<Self, RegistryError> {
        let edit = Self::begin(target)?;
        match edit.text {
            Some(_) => Ok(edit),
            None => {
                let error = io::Error::new(io::ErrorKind::NotFound, "there is no such file");
                Err(RegistryError::file(target.named(), error))
            }
        }
    }

    /// What is in it; nothing if there is no such file yet.
    pub(crate) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// Where `psk_file`s are, if that is known.
    pub(crate) fn directory(&self) -> Option<&'t Path> {
        match self.target {
            Target::File(file) => Some(file.parent().unwrap_or(Path::new(""))),
            Target::Shared(shared) => shared.psk_folder(),
        }
    }

    /// Whether there is a row of this name that nobody can read, and that stands nowhere in the text.
    pub(crate) fn is_faulty(&self, name: &str) -> bool {
        let Kept::Shared(_, reading) = &self.kept else { return false };
        reading.faulty().iter().any(|(faulty, _)| faulty == name)
    }

    /// The devices in it, as a server of this key would load them.
    pub(crate) fn entries(&self, server: &PublicKey) -> Result<Vec<Entry>, EditError> {
        let text = self.text();
        table::read(text, server)
            .map_err(|flaw| EditError::Registry(RegistryError::at(self.target.named(), text, &flaw)))
    }

    /// Whether a server of this key would load `new`, and what is there now. PSK files are not read: one that cannot
    /// be takes out its own device, and is no reason to keep another.
    pub(crate) fn check(&self, new: &str, server: &PublicKey) -> Result<(), EditError> {
        self.entries(server)?;
        if new.len() as u64 > LONGEST {
            return Err(EditError::Device(format!("it would be longer than {} MiB", LONGEST >> 20)));
        }
        table::read(new, server).map_err(|flaw| EditError::Device(flaw.why))?;
        if matches!(self.kept, Kept::Shared(..)) {
            self.sheet(new, server)?;
        }
        Ok(())
    }

    /// Whether no device holds `psk` already, as far as their PSK files can be read.
    pub(crate) fn check_psk(&self, psk: &Secret<32>, server: &PublicKey) -> Result<(), EditError> {
        let Some(directory) = self.directory() else { return Ok(()) };
        for entry in self.entries(server)? {
            for (_, file) in entry.pinnings.iter().filter_map(|pinning| pinning.psk_file.as_ref()) {
                let Ok(other) = keys::read_psk_secret(&directory.join(file)) else { continue };
                if other.ct_eq(psk) {
                    let name = entry.device.name();
                    let why = format!("psk_file: holds the PSK of {name:?}; make one for each");
                    return Err(EditError::Device(why));
                }
            }
        }
        Ok(())
    }

    /// Puts the text [with](Self::with) more devices in its place, if a server of this key would load it.
    pub(crate) fn add<T: AsRef<str>>(
        self,
        tables: &[T],
        server: &PublicKey,
        change: Change,
    ) -> Result<Written, EditError> {
        let new = self.with(tables, server);
        self.check(&new, server)?;
        self.put(&new, server, change)
    }

    /// What stands there, as if it had just been written by this change.
    pub(crate) fn standing(&self, server: &PublicKey, change: Change) -> Written {
        let revision = match &self.kept {
            Kept::File(_) => None,
            Kept::Shared(_, reading) => Some(reading.revision()),
        };
        Written::new(self.target.named(), server, self.text(), revision, change)
    }

    /// Puts `new` in its place.
    pub(crate) fn put(self, new: &str, server: &PublicKey, change: Change) -> Result<Written, EditError> {
        self.write(new, server, None, change)
    }

    /// Takes the row of this name out, which nobody can read.
    pub(crate) fn take_out(self, name: &str, server: &PublicKey) -> Result<Written, EditError> {
        self.write(self.text(), server, Some(name), Change::Removed(Vec::new()))
    }

    fn write(
        &self,
        new: &str,
        server: &PublicKey,
        out: Option<&str>,
        change: Change,
    ) -> Result<Written, EditError> {
        let named = self.target.named();
        let revision = match &self.kept {
            Kept::File(held) => {
                held.replace(new).map(|()| None).map_err(|error| RegistryError::file(named, error))?
            }
            Kept::Shared(shared, reading) => {
                let written = reading.write(&self.sheet(new, server)?, out);
                Some(written.map_err(|error| match error {
                    SharedError::Raced => EditError::Raced,
                    error => not_shared(*shared, &error).into(),
                })?)
            }
        };
        Ok(Written::new(named, server, new, revision, change))
    }

    /// `new` in rows.
    fn sheet(&self, new: &str, server: &PublicKey) -> Result<Sheet, EditError> {
        Sheet::of(new, self.target.named(), server).map_err(|error| match error {
            SheetError::Registry(error) => error.into(),
            error => EditError::Device(error.to_string()),
        })
    }

    /// Lets `secret`, which we have made beside a registry file, be read by those who read that: its owner or, if that
    /// is root as we are, its group.
    pub(crate) fn hand_over(&self, secret: &File) -> io::Result<()> {
        match &self.kept {
            Kept::File(held) => held.hand_over(secret),
            Kept::Shared(..) => Ok(()),
        }
    }
}

fn not_shared(shared: &dyn SharedRegistry, error: &SharedError) -> RegistryError {
    RegistryError::Shared { named: shared.named().to_owned(), why: error.to_string() }
}
