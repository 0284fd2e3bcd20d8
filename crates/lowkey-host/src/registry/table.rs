//! What a registry file says, before any key is pinned: well formed, and nothing in it twice.

use super::devices::{PINNINGS, Taken, Unique};
use super::error::Flaw;
use super::pinned::check;
use super::time::moment;
use super::{Device, DeviceError, Pinned, parse_id};
use crate::keys;
use lowkey_core::{Id, PublicKey};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One `[[device]]` table.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    at: usize, // its name, or its beginning
    pub(super) device: Device,
    pub(super) pinnings: Vec<Described>,
}

/// One pinning of a device, as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    pub(crate) id: Id,
    pub(crate) key: PublicKey,
    pub(crate) psk_file: Option<(usize, String)>,
    pub(super) expires: Option<SystemTime>,
    id_at: usize,
    key_at: usize,
}

impl Entry {
    /// The same but for where it stands.
    pub(super) fn says_as(&self, other: &Self) -> bool {
        let says = |pinning: &Described| {
            let psk_file = pinning.psk_file.as_ref().map(|(_, file)| file.clone());
            (pinning.id, pinning.key, psk_file, pinning.expires)
        };
        self.device == other.device && self.pinnings.iter().map(says).eq(other.pinnings.iter().map(says))
    }
}

/// A part of a file: read now, or the same text as of a device that is in force.
pub(super) enum Part<'k> {
    Read(Entry),
    Kept { at: usize, pinnings: &'k [Arc<Pinned>] },
}

impl Part<'_> {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Read(entry) => entry.device.name(),
            Self::Kept { pinnings, .. } => pinnings.first().map_or("", |pinned| pinned.device().name()),
        }
    }
}

/// What `text` says to the server of this key, which default ids depend on.
pub(super) fn read(text: &str, server: &PublicKey) -> Result<Vec<Entry>, Flaw> {
    let parts = read_but(text, server, |_| None)?;
    let entries = parts.into_iter().filter_map(|(_, part)| match part {
        Part::Read(entry) => Some(entry),
        Part::Kept { .. } => None,
    });
    Ok(entries.collect())
}

/// The same, but for the parts that `kept` knows.
///
/// The text is read from one `[[device]]` line to the next, which is a third quicker than all at once and lets
/// what did not change be passed over. If each part is right as a file of its own, then so is all of it, and it says the
/// same: a part leaves no string, array or table open, and every header but `[[device]]` is either below that or an error.
/// What stands before the first of those lines may name the server and nothing else. If a part is not right, the whole is
/// read, which finds the cause, or finds that there was none: a line that looks like a header can stand in a text of
/// several lines.
pub(super) fn read_but<'t, 'k>(
    text: &'t str,
    server: &PublicKey,
    kept: impl Fn(&str) -> Option<&'k [Arc<Pinned>]>,
) -> Result<Vec<(&'t str, Part<'k>)>, Flaw> {
    let server = &server.canonical();
    in_parts(text, server, kept).or_else(|_| whole(text, server))
}

fn whole<'t, 'k>(text: &'t str, server: &PublicKey) -> Result<Vec<(&'t str, Part<'k>)>, Flaw> {
    let mut parts = Vec::new();
    read_part(text, 0, server, &mut parts)?;
    unique(&parts)?;
    Ok(parts)
}

fn in_parts<'t, 'k>(
    text: &'t str,
    server: &PublicKey,
    kept: impl Fn(&str) -> Option<&'k [Arc<Pinned>]>,
) -> Result<Vec<(&'t str, Part<'k>)>, Flaw> {
    let mut headers = text.match_indices(HEADER).map(|(end_before, _)| end_before + 1);
    let mut at = 0;
    if !text.starts_with(&HEADER[1..]) {
        at = headers.next().unwrap_or(text.len());
        let head = DeTable::parse(&text[..at]).map_err(|error| Flaw::new(0, error.message()))?;
        for (key, value) in head.get_ref() {
            match &**key.get_ref() {
                "server" => Reader { begin: 0, server }.is_for_server(key, value)?,
                _ => return Err(Flaw::new(0, "that is not below a header, and decides what may follow")),
            }
        }
    }
    let mut parts = Vec::new();
    for next in headers.chain([text.len()]) {
        let part = &text[at..next];
        match kept(part) {
            Some(pinnings) => parts.push((part, Part::Kept { at, pinnings })),
            None => read_part(part, at, server, &mut parts)?,
        }
        at = next;
    }
    unique(&parts)?;
    Ok(parts)
}

/// The line that begins a device, and the end of the one before.
const HEADER: &str = "\n[[device]]";

/// The devices of `text`, which stands at `begin` in its file.
fn read_part<'t>(
    text: &'t str,
    begin: usize,
    server: &PublicKey,
    parts: &mut Vec<(&'t str, Part<'_>)>,
) -> Result<(), Flaw> {
    let (document, errors) = DeTable::parse_recoverable(text);
    // Of a string that does not end, the next line suffers as well: the first is the cause.
    let start = |error: &toml::de::Error| error.span().map_or(0, |span| span.start);
    if let Some(error) = errors.iter().min_by_key(|error| start(error)) {
        return Err(Flaw::new(begin + start(error), error.message()));
    }
    let reader = Reader { begin, server };
    if let Some((key, value)) = document.get_ref().get_key_value("server") {
        reader.is_for_server(key, value)?;
    }
    for (key, value) in document.get_ref() {
        let at = begin + key.span().start;
        match &**key.get_ref() {
            "server" => continue,
            "device" => (),
            other => {
                let why = format!("unknown field `{other}`; only `server` and [[device]] tables stand here");
                return Err(Flaw::new(at, why));
            }
        }
        let Some(tables) = value.get_ref().as_array() else {
            return Err(Flaw::new(at, "devices are written as [[device]], with two brackets"));
        };
        for table in tables {
            parts.push((text, Part::Read(reader.device(table)?)));
        }
    }
    Ok(())
}

/// No two devices may have the same name, id, key or PSK file.
fn unique(parts: &[(&str, Part<'_>)]) -> Result<(), Flaw> {
    let mut names: HashMap<&str, ()> = HashMap::with_capacity(parts.len());
    let mut psk_files: HashMap<&str, &str> = HashMap::new();
    let mut unique = Unique::with_capacity(parts.len());
    for (_, part) in parts {
        let name = part.name();
        let at = match part {
            Part::Read(Entry { at, .. }) | Part::Kept { at, .. } => *at,
        };
        if names.insert(name, ()).is_some() {
            return Err(Flaw::new(at, DeviceError::SameName(name.to_owned()).to_string()));
        }
        match part {
            Part::Kept { pinnings, .. } => {
                for pinned in *pinnings {
                    let added = unique.add(name, pinned.id(), pinned.key());
                    added.map_err(|taken| Flaw::new(at, taken.into_error().to_string()))?;
                }
            }
            Part::Read(entry) => {
                for pinning in &entry.pinnings {
                    unique.add(name, pinning.id, pinning.key).map_err(|taken| match taken {
                        Taken::Own(_) => {
                            Flaw::new(pinning.key_at, "its two pinnings have the same id or the same key")
                        }
                        Taken::Key(_) => Flaw::new(pinning.key_at, taken.into_error().to_string()),
                        Taken::Id(_) => Flaw::new(pinning.id_at, taken.into_error().to_string()),
                    })?;
                    if let Some((at, file)) = &pinning.psk_file
                        && let Some(other) = psk_files.insert(file, name)
                    {
                        // Whoever opens one must not have another's.
                        let why = format!("psk_file {file:?} is the one of {other:?}; make one for each");
                        return Err(Flaw::new(*at, why));
                    }
                }
            }
        }
    }
    Ok(())
}

/// Reads tables of a part.
struct Reader<'s> {
    begin: usize,
    server: &'s PublicKey,
}

/// The fields of a pinning, in the device's table or in one of its own.
#[derive(Clone, Copy, Default)]
struct Fields<'v> {
    key: Option<(usize, &'v str)>,
    id: Option<(usize, &'v str)>,
    psk_file: Option<(usize, &'v str)>,
    expires: Option<(usize, &'v DeValue<'v>)>,
    first: Option<(usize, &'v str)>,
}

impl Reader<'_> {
    fn at<T>(&self, spanned: &Spanned<T>) -> usize {
        self.begin + spanned.span().start
    }

    /// Whether the server that the registry names is the one that reads it.
    fn is_for_server(
        &self,
        field: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), Flaw> {
        let wrong = |why: String| Err(Flaw::new(self.at(field), why));
        match keys::parse_public(self.text(field, value)?) {
            Err(error) => wrong(format!("`server`: {error}")),
            Ok(named) if named == *self.server => Ok(()),
            Ok(named) => {
                let [named, read_by] = [&named, self.server].map(keys::encode_public);
                wrong(format!(
                    "this registry is for the server {named}, and not for {read_by}; give each server a registry \
                     of its own, made for its key"
                ))
            }
        }
    }

    fn device(&self, table: &Spanned<DeValue<'_>>) -> Result<Entry, Flaw> {
        let begin = self.at(table);
        let Some(fields) = table.get_ref().as_table() else {
            return Err(Flaw::new(begin, "a device is a table: write [[device]] and its fields below"));
        };
        let (mut name, mut labels, mut tables, mut own) = (None, None, None, Fields::default());
        for (field, value) in fields {
            match &**field.get_ref() {
                "name" => name = Some((self.at(field), self.text(field, value)?)),
                "labels" => labels = Some(value),
                "pinning" => tables = Some((self.at(field), value)),
                _ => own.take(self, field, value, "name, labels, key, id, psk_file, expires and pinning")?,
            }
        }
        let (at, name) = name.ok_or_else(|| Flaw::new(begin, "this device has no `name`"))?;
        let mut device = Device::new(name).map_err(|error| Flaw::new(at, error.to_string()))?;
        if let Some(labels) = labels {
            device = self.labels(device, labels)?;
        }
        let pinnings = match (tables, own.first) {
            (None, _) => {
                let no_key = || Flaw::new(begin, format!("the device {name:?} has no `key`"));
                vec![self.pinning(own, no_key)?]
            }
            (Some((at, tables)), None) => self.pinnings(name, at, tables)?,
            (Some(_), Some((at, field))) => {
                let why =
                    format!("`{field}` belongs into one of the [[device.pinning]] tables that {name:?} has");
                return Err(Flaw::new(at, why));
            }
        };
        Ok(Entry { at, device, pinnings })
    }

    fn labels(&self, mut device: Device, labels: &Spanned<DeValue<'_>>) -> Result<Device, Flaw> {
        let at = self.at(labels);
        let Some(labels) = labels.get_ref().as_table() else {
            return Err(Flaw::new(at, "labels are a table of texts: labels = { site = \"north\" }"));
        };
        for (label, value) in labels {
            let at = self.at(label);
            device = device
                .with_label(&**label.get_ref(), self.text(label, value)?)
                .map_err(|error| Flaw::new(at, error.to_string()))?;
        }
        Ok(device)
    }

    fn pinnings(&self, name: &str, at: usize, tables: &Spanned<DeValue<'_>>) -> Result<Vec<Described>, Flaw> {
        let Some(tables) = tables.get_ref().as_array() else {
            return Err(Flaw::new(at, "pinnings are written as [[device.pinning]], with two brackets"));
        };
        if !(1..=PINNINGS).contains(&tables.len()) {
            let why = format!(
                "the device {name:?} has {} pinnings; one, or two while its key rotates",
                tables.len()
            );
            return Err(Flaw::new(tables.iter().last().map_or(at, |table| self.at(table)), why));
        }
        let read = |table: &Spanned<DeValue<'_>>| {
            let begin = self.at(table);
            let Some(fields) = table.get_ref().as_table() else {
                let why = "a pinning is a table: write [[device.pinning]] and its fields below";
                return Err(Flaw::new(begin, why));
            };
            let mut own = Fields::default();
            for (field, value) in fields {
                own.take(
                    self,
                    field,
                    value,
                    "key, id, psk_file and expires; the others stand in [[device]]",
                )?;
            }
            self.pinning(own, || Flaw::new(begin, format!("this pinning of {name:?} has no `key`")))
        };
        tables.iter().map(read).collect()
    }

    fn pinning(&self, fields: Fields<'_>, no_key: impl FnOnce() -> Flaw) -> Result<Described, Flaw> {
        let (key_at, key) = fields.key.ok_or_else(no_key)?;
        let key = keys::parse_public(key).map_err(|error| Flaw::new(key_at, format!("`key`: {error}")))?;
        check(self.server, &key).map_err(|error| Flaw::new(key_at, error.to_string()))?;
        let (id_at, id) = match fields.id {
            None => (key_at, Id::of_pinning(&key, self.server)),
            Some((at, text)) => {
                let id = parse_id(text).ok_or_else(|| {
                    let why =
                        format!("`id` {text:?} is neither text of 1 to 32 bytes nor 0x and hex of as many");
                    Flaw::new(at, why)
                })?;
                (at, id)
            }
        };
        let psk_file = fields.psk_file.map(|(at, file)| (at, file.to_owned()));
        let expires = fields.expires.map(|(at, value)| expires(at, value)).transpose()?;
        Ok(Described { id, key, psk_file, expires, id_at, key_at })
    }

    fn text<'v>(
        &self,
        field: &Spanned<std::borrow::Cow<'_, str>>,
        value: &'v Spanned<DeValue<'_>>,
    ) -> Result<&'v str, Flaw> {
        let text = value.get_ref().as_str();
        text.ok_or_else(|| {
            Flaw::new(self.at(field), format!("`{}` has to be text in quotes", field.get_ref()))
        })
    }
}

impl<'v> Fields<'v> {
    fn take(
        &mut self,
        reader: &Reader<'_>,
        field: &'v Spanned<std::borrow::Cow<'_, str>>,
        value: &'v Spanned<DeValue<'v>>,
        known: &str,
    ) -> Result<(), Flaw> {
        let at = reader.at(field);
        let name = &**field.get_ref();
        match name {
            "key" => self.key = Some((at, reader.text(field, value)?)),
            "id" => self.id = Some((at, reader.text(field, value)?)),
            "psk_file" => self.psk_file = Some((at, reader.text(field, value)?)),
            "expires" => self.expires = Some((at, value.get_ref())),
            "server" => {
                let above = "`server` stands above the first [[device]]";
                return Err(Flaw::new(at, format!("unknown field `server`; here stand {known}; {above}")));
            }
            other => return Err(Flaw::new(at, format!("unknown field `{other}`; here stand {known}"))),
        }
        self.first = self.first.or(Some((at, name)));
        Ok(())
    }
}

fn expires(at: usize, value: &DeValue<'_>) -> Result<SystemTime, Flaw> {
    const WRITE: &str = "write it as 2026-12-31T00:00:00Z, which is UTC, or with an offset such as +02:00";
    match value {
        DeValue::Datetime(written) => {
            moment(*written).map_err(|why| Flaw::new(at, format!("`expires` {why}; {WRITE}")))
        }
        DeValue::String(_) => Err(Flaw::new(at, format!("`expires` stands without quotes; {WRITE}"))),
        _ => Err(Flaw::new(at, format!("`expires` has to be a moment; {WRITE}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every text that is right part by part is right as a whole, and says the same.
    #[test]
    fn parts_say_what_the_whole_says_whichever_byte_is_another() {
        let [a, b, c, ours] = [2, 3, 4, 9].map(|byte| keys::encode_public(&PublicKey::new([byte; 32])));
        let text = |note: &str| {
            format!(
                "# ours\nserver = '{ours}'\n[[device]]\nname='a'\nkey='{a}'\nlabels={{x={note}}}\n\n\
                 [[device]]#\nname='b'\n[device.labels]\nx='y'\n[[device.pinning]]\nkey='{b}'\n\
                 expires=2026-01-01T00:00:00Z\n[[device]]\nname='c'\nkey='{c}'\n"
            )
        };
        let texts = [text("'z'"), text("\"\"\"\\\n[[device]]\\\nname='z'\"\"\"")];
        let server = PublicKey::new([9; 32]);
        let entries = |parts: Vec<(&str, Part<'_>)>| -> Vec<Entry> {
            let entry = |(_, part)| match part {
                Part::Read(entry) => entry,
                Part::Kept { .. } => unreachable!(),
            };
            parts.into_iter().map(entry).collect()
        };
        let (mut right, mut wrong) = (0, 0);
        const OTHERS: [&str; 11] =
            ["", "\n", "\"", "'", "#", "[", "]", "\n[[device]]\n", "\n[device]\n", "\n[x]\n", "."];
        let changed = texts.iter().flat_map(|text| {
            let at = 0..text.len();
            at.flat_map(move |at| OTHERS.map(|other| format!("{}{other}{}", &text[..at], &text[at + 1..])))
        });
        for text in changed {
            let Ok(parts) = in_parts(&text, &server, |_| None).map(entries) else {
                wrong += 1;
                continue;
            };
            let whole = whole(&text, &server).map(entries).unwrap_or_default();
            let same = parts.len() == whole.len() && parts.iter().zip(&whole).all(|(a, b)| a.says_as(b));
            assert!(same, "{text}");
            right += 1;
        }
        assert!(right > 100 && wrong > 100, "{right} {wrong}");
    }
}
