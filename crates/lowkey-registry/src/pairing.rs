//! The rows of a registry that pairings make (protocol §6): a claim is the row itself.
//!
//! A code belongs to the row that bears its name, pending or final, whoever reads or writes the file: there is no other
//! list of codes. Each change is made under the file's lock and replaces the file at once, or is taken only if nothing
//! has changed meanwhile, so of two devices that show
//! the same code at the same moment one has the row, and the other learns whose it is. Taking the row out
//! ([`revoke`](crate::rotation::revoke)) frees the code on this side; the device remembers by itself that it is spent.

use crate::code_name::show_code_name;
use crate::edit::{Change, Edit, EditError, Written, again};
use crate::error::RegistryError;
use crate::file::quote;
use crate::keys;
use crate::table::{Described, Entry};
use crate::target::Target;
use crate::text_file::shown;
use lowkey_host::text::mask;
use lowkey_host::{Bearer, Device, Id, Paired, PublicKey};
use std::fmt;
use std::path::PathBuf;

/// A device that a pairing enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enrolment<'a> {
    /// What the server calls it.
    pub name: &'a str,
    /// The key that it has proven.
    pub key: PublicKey,
    /// The name of the code that it was proven with.
    pub code: Id,
}

/// A code that is the device's now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claimed {
    /// What was written to the registry, or stands there.
    pub written: Written,
    /// Whether the row was there before: the same key has come again.
    pub was_there: bool,
}

/// Why the registry was left as it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum PairingError {
    /// The registry cannot be read or written, or a server would not load it as it is.
    Registry(RegistryError),
    /// The device does not fit in; why.
    Device(PathBuf, String),
    /// The code is another device's, or another key's: that one was faster.
    Claimed(Bearer),
}

impl fmt::Display for PairingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(error) => write!(f, "{error}"),
            Self::Device(path, why) => write!(f, "{}: {}", shown(path), mask(why)),
            Self::Claimed(bearer) => write!(f, "{bearer}; its key is {}", keys::encode_public(&bearer.key)),
        }
    }
}

impl std::error::Error for PairingError {}

/// Whether a pairing of this name with this code can come to anything, asked before anybody connects. The registry need
/// not be there yet.
///
/// # Errors
/// [`PairingError`]; among others the name is another row's, or the code is another name's.
pub fn may_claim<'t>(
    registry: impl Into<Target<'t>>,
    server: &PublicKey,
    name: &str,
    code: &Id,
) -> Result<(), PairingError> {
    let target = registry.into();
    let registry = target.named();
    let edit = Edit::begin(target).map_err(PairingError::Registry)?;
    let entries = edit.entries(server).map_err(|error| refused(target, error))?;
    Device::new(name).map_err(|error| PairingError::Device(registry.to_owned(), error.to_string()))?;
    if let Some((entry, pinning)) = bearer(&entries, code) {
        if entry.device.name() != name {
            return Err(claimed(entry, pinning));
        }
        return Ok(()); // of the key that has it, once more
    }
    if entries.iter().any(|entry| entry.device.name() == name) {
        let why = format!("the name {name:?} is in use already; choose another, or revoke that device first");
        return Err(PairingError::Device(registry.to_owned(), why));
    }
    Ok(())
}

/// Claims the code for the device's key: adds its row, pending. The same key again changes nothing, and gives what
/// stands there. A registry that is made on the way names the server that it is for.
///
/// # Errors
/// [`PairingError`]; the registry is as it was.
pub fn claim<'t>(
    registry: impl Into<Target<'t>>,
    server: &PublicKey,
    enrolment: Enrolment<'_>,
) -> Result<Claimed, PairingError> {
    let registry = registry.into();
    let Enrolment { name, key, code } = enrolment;
    let key = key.canonical();
    let row = format!(
        "[[device]]\nname = {}\nkey = {}\ncode = {}\npending = true\n",
        quote(name),
        quote(&keys::encode_public(&key)),
        quote(&show_code_name(&code)),
    );
    let added = || Change::Added(key);
    let claimed = again(|| {
        let edit = Edit::begin(registry)?;
        let there = edit.entries(server)?;
        if let Some((entry, pinning)) = bearer(&there, &code) {
            if pinning.key != key || entry.device.name() != name {
                return Ok(Err(claimed(entry, pinning)));
            }
            return Ok(Ok(Claimed { written: edit.standing(server, added()), was_there: true }));
        }
        let written = edit.add(&[&row], server, added())?;
        Ok(Ok(Claimed { written, was_there: false }))
    });
    claimed.map_err(|error| refused(registry, error))?
}

/// What was written; `None` if there was nothing to change.
pub type Settled = Result<Option<Written>, PairingError>;

/// Makes the pairing of this key and code final. `None`: it is already, or there is no such row (any more).
///
/// # Errors
/// [`PairingError`]; the registry is as it was.
pub fn finalise<'t, T>(registry: T, server: &PublicKey, key: &PublicKey, code: &Id) -> Settled
where
    T: Into<Target<'t>>,
{
    change(registry.into(), server, key, code, |edit, entries, n, at| {
        let new = edit.finalised(server, n, at)?;
        let key = entries[n].pinnings[at].key;
        Ok((new, Change::Added(key)))
    })
}

/// Takes the row of this key and code out, if it is pending: the device has said no. `None`: there is none.
///
/// # Errors
/// [`PairingError`]; the registry is as it was.
pub fn remove<'t, T>(registry: T, server: &PublicKey, key: &PublicKey, code: &Id) -> Settled
where
    T: Into<Target<'t>>,
{
    change(registry.into(), server, key, code, |edit, entries, n, at| {
        let entry = &entries[n];
        let removal = edit.without(server, entry.device.name(), |other, _| other == at)?;
        Ok((removal.text, Change::Removed(vec![entry.pinnings[at].key])))
    })
}

/// Changes the pending row of this key and code, whose numbers `to` is given, if there is one.
fn change(
    registry: Target<'_>,
    server: &PublicKey,
    key: &PublicKey,
    code: &Id,
    to: impl Fn(&Edit<'_>, &[Entry], usize, usize) -> Result<(String, Change), EditError>,
) -> Settled {
    let key = key.canonical();
    let is_it = |pinning: &Described| pinning.paired == Some(Paired::Pending(*code)) && pinning.key == key;
    let changed = again(|| {
        let edit = Edit::begin_there(registry)?;
        let entries = edit.entries(server)?;
        let mut numbers = entries.iter().enumerate();
        let numbers = numbers.find_map(|(n, entry)| Some((n, entry.pinnings.iter().position(is_it)?)));
        let Some((n, at)) = numbers else { return Ok(None) };
        let (new, change) = to(&edit, &entries, n, at)?;
        edit.check(&new, server)?;
        edit.put(&new, server, change).map(Some)
    });
    changed.map_err(|error| refused(registry, error))
}

/// Who has the code.
fn bearer<'e>(entries: &'e [Entry], code: &Id) -> Option<(&'e Entry, &'e Described)> {
    let bears = |pinning: &&Described| pinning.paired.is_some_and(|paired| paired.code() == *code);
    entries.iter().find_map(|entry| Some((entry, entry.pinnings.iter().find(bears)?)))
}

fn claimed(entry: &Entry, pinning: &Described) -> PairingError {
    PairingError::Claimed(Bearer { name: entry.device.name().to_owned(), key: pinning.key })
}

fn refused(registry: Target<'_>, error: EditError) -> PairingError {
    match error.told(registry) {
        Ok(error) => PairingError::Registry(error),
        Err(why) => PairingError::Device(registry.named().to_owned(), why),
    }
}
