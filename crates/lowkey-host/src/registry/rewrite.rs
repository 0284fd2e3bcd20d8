//! Changes a registry's text and leaves every line that a change does not need as it is.

use super::DeviceError;
use super::edit::{Edit, EditError};
use super::table::{self, Described, Entry};
use super::time::parse_time;
use crate::keys::timestamp;
use lowkey_core::{Id, PublicKey};
use std::ops::Range;
use std::time::SystemTime;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A registry without some pinnings.
pub(crate) struct Removal {
    /// The new text.
    pub(crate) text: String,
    /// What was removed: ids, keys, PSK files.
    pub(crate) removed: Vec<Described>,
    /// How many pinnings the device has left; with none it is gone.
    pub(crate) left: usize,
}

impl Edit {
    /// The text with a second pinning, of this id, of the device of this name, behind the one it has, which may get an
    /// end.
    pub(crate) fn with_pinning(
        &self,
        server: &PublicKey,
        (name, id): (&str, Id),
        fields: &str,
        until: Option<SystemTime>,
    ) -> Result<String, EditError> {
        let before = self.entries(server)?;
        let place = place_of(&before, name)?;
        // Said here, because of two that are alike a reader names the one that stands first.
        let mut others = before.iter().filter(|entry| entry.device.name() != name);
        if let Some(other) = others.find(|entry| entry.pinnings.iter().any(|pinning| pinning.id == id)) {
            let other = other.device.name().to_owned();
            return Err(EditError::Device(DeviceError::SameId(other).to_string()));
        }
        if before[place].pinnings.len() > 1 {
            let why = format!(
                "the device {name:?} has two pinnings already; finish that rotation, or revoke one of them"
            );
            return Err(EditError::Device(why));
        }
        let until = until.map(timestamp);
        let text = Layout::of(self.text(), place);
        let text = text.and_then(|layout| layout.with_pinning(fields, until.as_deref()));
        let text = text.ok_or_else(|| by_hand(name))?;
        let after = table::read(&text, server).map_err(|flaw| EditError::Device(flaw.why))?;
        let mut expected = before;
        if let (Some(old), Some(until)) = (expected[place].pinnings.first_mut(), until) {
            old.expires = parse_time(&until);
        }
        let new = after.get(place).and_then(|entry| entry.pinnings.get(1));
        let has_psk = |pinning: Option<&Described>| pinning.is_some_and(|pinning| pinning.psk_file.is_some());
        if has_psk(expected[place].pinnings.first()) && !has_psk(new) {
            let why =
                format!("the keys of {name:?} have a PSK, and new ones would have none; make one with --psk");
            return Err(EditError::Device(why));
        }
        expected[place].pinnings.extend(new.cloned());
        same(name, &expected, &after).map(|()| text)
    }

    /// The text without those pinnings of the device of this name that `leaves` says.
    pub(crate) fn without(
        &self,
        server: &PublicKey,
        name: &str,
        leaves: impl Fn(usize, &Described) -> bool,
    ) -> Result<Removal, EditError> {
        let mut expected = self.entries(server)?;
        let place = place_of(&expected, name)?;
        let pinnings = std::mem::take(&mut expected[place].pinnings);
        let (mut removed, mut kept, mut index) = (Vec::new(), Vec::new(), 0);
        for (at, pinning) in pinnings.into_iter().enumerate() {
            if leaves(at, &pinning) {
                index = at;
                removed.push(pinning);
            } else {
                kept.push(pinning);
            }
        }
        let left = kept.len();
        let layout = Layout::of(self.text(), place);
        let text = match (removed.len(), left) {
            (0, _) => Some(self.text().to_owned()),
            (_, 0) => layout.and_then(|layout| layout.without_device()),
            _ => layout.and_then(|layout| layout.without_pinning(index)),
        };
        let mut text = text.ok_or_else(|| by_hand(name))?;
        if text.trim().is_empty() {
            "# no devices\n".clone_into(&mut text); // an empty file looks like one that is being written
        }
        expected[place].pinnings = kept;
        if left == 0 {
            expected.remove(place);
        }
        let after = table::read(&text, server).map_err(|_| by_hand(name))?;
        same(name, &expected, &after)?;
        Ok(Removal { text, removed, left })
    }
}

fn place_of(entries: &[Entry], name: &str) -> Result<usize, EditError> {
    let place = entries.iter().position(|entry| entry.device.name() == name);
    place.ok_or_else(|| EditError::Device(format!("there is no device {name:?}")))
}

/// Lines were cut by their numbers: the text has to say what was meant, or is not taken.
fn same(name: &str, expected: &[Entry], after: &[Entry]) -> Result<(), EditError> {
    let same = expected.len() == after.len() && expected.iter().zip(after).all(|(a, b)| a.says_as(b));
    if same { Ok(()) } else { Err(by_hand(name)) }
}

fn by_hand(name: &str) -> EditError {
    let how = "each field on a line of its own below [[device]] or [[device.pinning]]";
    EditError::Device(format!(
        "the device {name:?} is written in a way that only people can change; write it with {how}, or change it by hand"
    ))
}

/// Where the lines of one device are.
struct Layout<'t> {
    text: &'t str,
    table: Spanned<DeValue<'t>>,
}

impl<'t> Layout<'t> {
    fn of(text: &'t str, place: usize) -> Option<Self> {
        let document = DeTable::parse(text).ok()?.into_inner();
        let devices = document.into_iter().find(|(key, _)| &**key.get_ref() == "device")?.1.into_inner();
        let DeValue::Array(devices) = devices else { return None };
        let table = devices.into_iter().nth(place)?;
        is_header(text, &table).then_some(Self { text, table })
    }

    fn with_pinning(&self, fields: &str, until: Option<&str>) -> Option<String> {
        let newline = if self.text.contains("\r\n") { "\r\n" } else { "\n" };
        let device = self.table.get_ref().as_table()?;
        let end = line_end(self.text, last(&self.table));
        let mut edits = Vec::new();
        let mut tail = String::new();
        match device.get("pinning") {
            Some(pinnings) => {
                let old = pinnings.get_ref().as_array()?.first()?;
                if !is_header(self.text, old) {
                    return None;
                }
                if let Some(until) = until {
                    edits.push(self.expiry(old.get_ref().as_table()?, until, newline)?);
                }
            }
            None => {
                tail.push_str(&format!("{newline}[[device.pinning]]{newline}"));
                let mut lines: Vec<_> = device
                    .iter()
                    .filter(|(key, _)| OF_A_PINNING.contains(&&**key.get_ref()))
                    .map(|(key, value)| (key.span().start, value.span()))
                    .collect();
                lines.sort_by_key(|(start, _)| *start);
                let expires = device.get("expires").map(Spanned::span);
                for (start, value) in lines {
                    let line = line_start(self.text, start)..line_end(self.text, value.end);
                    match until {
                        Some(until) if expires.as_ref() == Some(&value) => {
                            let (front, back) = (line.start..value.start, value.end..line.end);
                            tail.push_str(&format!("{}{until}{}", &self.text[front], &self.text[back]));
                        }
                        _ => tail.push_str(&self.text[line.clone()]),
                    }
                    if !tail.ends_with('\n') {
                        tail.push_str(newline);
                    }
                    edits.push((line, String::new()));
                }
                if let (Some(until), None) = (until, expires) {
                    tail.push_str(&format!("expires = {until}{newline}"));
                }
            }
        }
        let fields = fields.replace('\n', newline);
        tail.push_str(&format!("{newline}[[device.pinning]]{newline}{fields}"));
        if !self.text[..end].ends_with('\n') {
            tail.insert_str(0, newline);
        }
        edits.push((end..end, tail));
        Some(apply(self.text, edits))
    }

    /// Puts an end to a pinning.
    fn expiry(&self, pinning: &DeTable<'_>, until: &str, newline: &str) -> Option<(Range<usize>, String)> {
        if let Some(value) = pinning.get("expires") {
            return Some((value.span(), until.to_owned()));
        }
        let end = line_end(self.text, pinning.get("key")?.span().end);
        let before = if self.text[..end].ends_with('\n') { "" } else { newline };
        Some((end..end, format!("{before}expires = {until}{newline}")))
    }

    fn without_device(&self) -> Option<String> {
        Some(without(self.text, self.table.span().start, last(&self.table)))
    }

    fn without_pinning(&self, index: usize) -> Option<String> {
        let pinnings = self.table.get_ref().as_table()?.get("pinning")?.get_ref().as_array()?;
        let pinning = pinnings.get(index).filter(|pinning| is_header(self.text, pinning))?;
        Some(without(self.text, pinning.span().start, last(pinning)))
    }
}

/// What moves with a pinning when its device gets a second one.
const OF_A_PINNING: [&str; 4] = ["key", "id", "psk_file", "expires"];

/// Written as `[[…]]`, not as `{ … }`.
fn is_header(text: &str, table: &Spanned<DeValue<'_>>) -> bool {
    text[table.span().start..].starts_with("[[")
}

/// Where the last of a table ends.
fn last(value: &Spanned<DeValue<'_>>) -> usize {
    let inner = match value.get_ref() {
        DeValue::Table(table) => table.iter().map(|(key, value)| key.span().end.max(last(value))).max(),
        DeValue::Array(array) => array.iter().map(last).max(),
        _ => None,
    };
    value.span().end.max(inner.unwrap_or(0))
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Behind the newline.
fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// The text without the lines of a table, the comment right above it, and the blank lines below it.
fn without(text: &str, header: usize, last: usize) -> String {
    let mut start = line_start(text, header);
    let header = start;
    while start > 0 && text[line_start(text, start - 1)..start].trim_start().starts_with('#') {
        start = line_start(text, start - 1);
    }
    if start == 0 {
        start = header; // what stands at the very top is about the file
    }
    let mut end = line_end(text, last);
    while end < text.len() && text[end..line_end(text, end)].trim().is_empty() {
        end = line_end(text, end);
    }
    let (before, after) = (&text[..start], &text[end..]);
    if !after.is_empty() {
        return format!("{before}{after}");
    }
    let blank = before.len() - before.trim_end().len();
    let whole_lines =
        before.trim_end().len() + before[before.len() - blank..].find('\n').map_or(0, |at| at + 1);
    before[..whole_lines].to_owned()
}

fn apply(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| range.start);
    let (mut new, mut at) = (String::with_capacity(text.len() + 1024), 0);
    for (range, replacement) in edits {
        new.push_str(text.get(at..range.start).unwrap_or_default());
        new.push_str(&replacement);
        at = range.end;
    }
    new.push_str(&text[at..]);
    new
}
