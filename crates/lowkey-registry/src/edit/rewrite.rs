//! Changes a registry's text, and leaves every byte that a change does not need as it is: comments, order, line ends.
//!
//! `toml` says where things stand ([`layout`]), and the bytes between are cut and put together again. `toml_edit`,
//! which is made for this, takes the whole text apart and writes it anew, and by that changes lines that nobody has
//! asked it to change (version 0.25.20): CRLF becomes LF, a byte order mark goes, the dotted keys of a device are
//! gathered in one place, `[device . labels]` gets quotes; and when a pinning leaves an array, the comment of the one
//! that has gone stands beside the one that stays. It would be a second hashbrown as well, beside that of governor.
//!
//! What was put together is read as a server would read it, and has to say what was meant, or it is not taken.

mod commas;
mod layout;
mod lines;

use super::{Edit, EditError};
use crate::file::quote;
use crate::keys;
use crate::table::{self, Described, Entry};
use crate::time::parse_time;
use layout::Layout;
use lowkey_host::{DeviceError, Id, Paired, PublicKey, show_time};
use std::time::SystemTime;

/// A registry without some pinnings.
pub(crate) struct Removal {
    /// The new text.
    pub(crate) text: String,
    /// What was removed: ids, keys, PSK files.
    pub(crate) removed: Vec<Described>,
    /// How many pinnings the device has left; with none it is gone.
    pub(crate) left: usize,
}

impl Edit<'_> {
    /// The text with more devices, which are written as these tables or as those that are there; where there was none,
    /// with the server's key above them.
    pub(crate) fn with<T: AsRef<str>>(&self, tables: &[T], server: &PublicKey) -> String {
        let old = self.text();
        let tables: Vec<&str> = tables.iter().map(AsRef::as_ref).collect();
        if old.trim().is_empty() {
            let server = quote(&keys::encode_public(server));
            return format!("server = {server}\n\n{}", tables.join("\n"));
        }
        let fields = tables.iter().map(|table| table.strip_prefix("[[device]]\n").unwrap_or(table));
        let new = changed(old, |layout| layout.with_devices(&fields.collect::<Vec<_>>()));
        // No TOML before and after, which `check` refuses.
        new.unwrap_or_else(|| format!("{old}\n{}", tables.join("\n")))
    }

    /// The text with a second pinning, of this id, of the device of this name, behind the one it has, which may get an
    /// end.
    pub(crate) fn with_pinning(
        &self,
        server: &PublicKey,
        device: (&str, Id),
        fields: &str,
        until: Option<SystemTime>,
    ) -> Result<String, EditError> {
        let before = self.entries(server)?;
        with_pinning(self.text(), before, server, device, fields, until)
    }

    /// The text without those pinnings of the device of this name that `leaves` says.
    pub(crate) fn without(
        &self,
        server: &PublicKey,
        name: &str,
        leaves: impl Fn(usize, &Described) -> bool,
    ) -> Result<Removal, EditError> {
        let before = self.entries(server)?;
        without(self.text(), before, server, name, leaves)
    }

    /// The text in which the pairing of the `n`th device's pinning of this number is final. It is pending now.
    pub(crate) fn finalised(
        &self,
        server: &PublicKey,
        n: usize,
        pinning: usize,
    ) -> Result<String, EditError> {
        let before = self.entries(server)?;
        finalised(self.text(), before, server, n, pinning)
    }
}

fn finalised(
    text: &str,
    before: Vec<Entry>,
    server: &PublicKey,
    n: usize,
    pinning: usize,
) -> Result<String, EditError> {
    let name = before.get(n).map_or("", |entry| entry.device.name()).to_owned();
    let new = changed(text, |layout| layout.without_field(n, pinning, "pending"));
    let new = new.ok_or_else(|| by_hand(&name))?;
    let mut expected = before;
    if let Some(described) = expected.get_mut(n).and_then(|entry| entry.pinnings.get_mut(pinning)) {
        described.paired = described.paired.map(|paired| Paired::Final(paired.code()));
    }
    let after = table::read(&new, server).map_err(|_| by_hand(&name))?;
    same(&name, &expected, &after).map(|()| new)
}

fn with_pinning(
    text: &str,
    before: Vec<Entry>,
    server: &PublicKey,
    (name, id): (&str, Id),
    fields: &str,
    until: Option<SystemTime>,
) -> Result<String, EditError> {
    let n = number(&before, name)?;
    // Said here, because of two that are alike a reader names the one that stands first.
    let mut others = before.iter().filter(|entry| entry.device.name() != name);
    if let Some(other) = others.find(|entry| entry.pinnings.iter().any(|pinning| pinning.id == id)) {
        let other = other.device.name().to_owned();
        return Err(EditError::Device(DeviceError::SameId(other).to_string()));
    }
    if before[n].pinnings.len() > 1 {
        let why = format!(
            "the device {name:?} has two pinnings already; finish that rotation, or revoke one of them"
        );
        return Err(EditError::Device(why));
    }
    let until = until.map(show_time);
    let new = changed(text, |layout| layout.with_pinning(n, fields, until.as_deref()));
    let new = new.ok_or_else(|| by_hand(name))?;
    let after = table::read(&new, server).map_err(|flaw| EditError::Device(flaw.why))?;
    let mut expected = before;
    if let (Some(old), Some(until)) = (expected[n].pinnings.first_mut(), until) {
        old.expires = parse_time(&until);
    }
    let added = after.get(n).and_then(|entry| entry.pinnings.get(1));
    let has_psk = |pinning: Option<&Described>| pinning.is_some_and(|pinning| pinning.psk_file.is_some());
    if has_psk(expected[n].pinnings.first()) && !has_psk(added) {
        let why =
            format!("the keys of {name:?} have a PSK, and new ones would have none; make one with --psk");
        return Err(EditError::Device(why));
    }
    expected[n].pinnings.extend(added.cloned());
    same(name, &expected, &after).map(|()| new)
}

fn without(
    text: &str,
    before: Vec<Entry>,
    server: &PublicKey,
    name: &str,
    leaves: impl Fn(usize, &Described) -> bool,
) -> Result<Removal, EditError> {
    let n = number(&before, name)?;
    let mut expected = before;
    let pinnings = std::mem::take(&mut expected[n].pinnings);
    let (mut removed, mut kept, mut gone) = (Vec::new(), Vec::new(), 0);
    for (at, pinning) in pinnings.into_iter().enumerate() {
        if leaves(at, &pinning) {
            gone = at;
            removed.push(pinning);
        } else {
            kept.push(pinning);
        }
    }
    let left = kept.len();
    let new = match (removed.len(), left) {
        (0, _) => Some(text.to_owned()),
        (_, 0) => changed(text, |layout| layout.without_device(n)),
        _ => changed(text, |layout| layout.without_pinning(n, gone)),
    };
    let mut new = new.ok_or_else(|| by_hand(name))?;
    if new.trim().is_empty() {
        "# no devices\n".clone_into(&mut new); // an empty file looks like one that is being written
    }
    expected[n].pinnings = kept;
    if left == 0 {
        expected.remove(n);
    }
    let after = table::read(&new, server).map_err(|_| by_hand(name))?;
    same(name, &expected, &after).map(|()| Removal { text: new, removed, left })
}

/// `text` after `change`. A last line that has no end gets one.
fn changed(text: &str, change: impl FnOnce(&Layout<'_>) -> Option<String>) -> Option<String> {
    if text.ends_with('\n') {
        return change(&Layout::of(text)?);
    }
    change(&Layout::of(&format!("{text}{}", lines::newline(text)))?)
}

fn number(entries: &[Entry], name: &str) -> Result<usize, EditError> {
    let number = entries.iter().position(|entry| entry.device.name() == name);
    number.ok_or_else(|| EditError::Device(format!("there is no device {name:?}")))
}

/// Bytes were cut by their numbers: the text has to say what was meant.
fn same(name: &str, expected: &[Entry], after: &[Entry]) -> Result<(), EditError> {
    let same = expected.len() == after.len() && expected.iter().zip(after).all(|(a, b)| a.says_as(b));
    if same { Ok(()) } else { Err(by_hand(name)) }
}

/// For a layout that nobody has thought of; the tests look for one.
fn by_hand(name: &str) -> EditError {
    EditError::Device(format!(
        "the device {name:?} is written in a way that only people can change; change it by hand"
    ))
}

#[cfg(test)]
mod tests;
