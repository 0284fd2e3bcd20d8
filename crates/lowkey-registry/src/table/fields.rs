//! The fields of a registry's tables: what each has to be, and every flaw on the way.

use super::{Described, Entry};
use crate::code_name::parse_code_name;
use crate::error::Flaw;
use crate::keys;
use crate::time::moment;
use lowkey_core::published::is_published;
use lowkey_core::{Id, PublicKey};
use lowkey_host::{Device, Paired, Pinned, parse_id};
use std::borrow::Cow;
use std::time::SystemTime;
use toml::Spanned;
use toml::de::DeValue;

/// Reads tables of a piece, and notes their flaws.
pub(super) struct Reader<'r> {
    begin: usize,
    server: Option<PublicKey>,
    flaws: &'r mut Vec<Flaw>,
}

/// The fields of a pinning, in the device's table or in one of its own.
#[derive(Clone, Copy, Default)]
struct Fields<'v> {
    key: Given<&'v str>,
    id: Given<&'v str>,
    psk_file: Given<&'v str>,
    expires: Given<&'v DeValue<'v>>,
    code: Given<&'v str>,
    pending: Given<bool>,
    first: Option<(usize, &'v str)>,
}

/// What a field was given, and where. The inner `None`: something else, which was noted.
type Given<T> = Option<(usize, Option<T>)>;

type Key<'v> = Spanned<Cow<'v, str>>;

impl<'r> Reader<'r> {
    pub(super) fn new(begin: usize, server: Option<PublicKey>, flaws: &'r mut Vec<Flaw>) -> Self {
        Self { begin, server, flaws }
    }

    pub(super) fn at<T>(&self, spanned: &Spanned<T>) -> usize {
        self.begin + spanned.span().start
    }

    pub(super) fn flaw(&mut self, at: usize, why: impl Into<String>) {
        self.flaws.push(Flaw::new(at, why));
    }

    /// `result`, or a note of its error.
    fn note<T>(&mut self, at: usize, result: Result<T, impl Into<String>>) -> Option<T> {
        result.map_err(|why| self.flaw(at, why)).ok()
    }

    /// Whether the server that the registry names is the one that reads it.
    pub(super) fn is_for_server(&mut self, field: &Key<'_>, value: &Spanned<DeValue<'_>>) {
        let at = self.at(field);
        let Some(text) = self.text(field, value) else { return };
        let named = keys::parse_public(text).map_err(|error| format!("`server`: {error}"));
        if let (Some(named), Some(read_by)) = (self.note(at, named), self.server)
            && named != read_by
        {
            let [named, read_by] = [named, read_by].map(|key| keys::encode_public(&key));
            self.flaw(
                at,
                format!(
                    "this registry is for the server {named}, and not for {read_by}; give each server a registry \
                     of its own, made for its key"
                ),
            );
        }
    }

    /// A device, as far as anything of it is right.
    pub(super) fn device(&mut self, table: &Spanned<DeValue<'_>>) -> Option<Entry> {
        let begin = self.at(table);
        let Some(fields) = table.get_ref().as_table() else {
            self.flaw(begin, "a device is a table: write [[device]] and its fields below");
            return None;
        };
        let (mut name, mut labels, mut tables, mut own) = (None, None, None, Fields::default());
        for (field, value) in fields {
            match &**field.get_ref() {
                "name" => name = Some((self.at(field), self.text(field, value))),
                "labels" => labels = Some(value),
                "pinning" => tables = Some((self.at(field), value)),
                _ => own.take(
                    self,
                    field,
                    value,
                    "name, labels, key, id, psk_file, expires, code, pending and pinning",
                ),
            }
        }
        let device = match name {
            None => {
                self.flaw(begin, "this device has no `name`");
                None
            }
            Some((_, None)) => None,
            Some((at, Some(name))) => {
                let device = Device::new(name).map_err(|error| error.to_string());
                self.note(at, device).map(|device| (at, device))
            }
        };
        let said = name.and_then(|(_, name)| name).unwrap_or_default();
        let pinnings = match (tables, own.first) {
            (None, _) => {
                let no_key = (begin, format!("the device {said:?} has no `key`"));
                let no_key = device.is_some().then_some(no_key);
                self.pinning(own, no_key).into_iter().collect()
            }
            (Some((at, tables)), None) => self.pinnings(said, at, tables),
            (Some(_), Some((at, field))) => {
                let why =
                    format!("`{field}` belongs into one of the [[device.pinning]] tables that {said:?} has");
                self.flaw(at, why);
                Vec::new()
            }
        };
        let (at, mut device) = device?;
        if let Some(labels) = labels {
            device = self.labels(device, labels);
        }
        Some(Entry { at, device, pinnings })
    }

    fn labels(&mut self, mut device: Device, labels: &Spanned<DeValue<'_>>) -> Device {
        let at = self.at(labels);
        let Some(labels) = labels.get_ref().as_table() else {
            self.flaw(at, "labels are a table of texts: labels = { site = \"north\" }");
            return device;
        };
        for (label, value) in labels {
            let at = self.at(label);
            let Some(text) = self.text(label, value) else { continue };
            let labelled = device.clone().with_label(&**label.get_ref(), text);
            if let Some(labelled) = self.note(at, labelled.map_err(|error| error.to_string())) {
                device = labelled;
            }
        }
        device
    }

    fn pinnings(&mut self, name: &str, at: usize, tables: &Spanned<DeValue<'_>>) -> Vec<Described> {
        let Some(tables) = tables.get_ref().as_array() else {
            self.flaw(at, "pinnings are written as [[device.pinning]], with two brackets");
            return Vec::new();
        };
        if !(1..=Device::MOST_PINNINGS).contains(&tables.len()) {
            let why = format!(
                "the device {name:?} has {} pinnings; one, or two while its key rotates",
                tables.len()
            );
            let at = tables.iter().last().map_or(at, |table| self.at(table));
            self.flaw(at, why);
        }
        let mut pinnings = Vec::new();
        for table in tables {
            let begin = self.at(table);
            let Some(fields) = table.get_ref().as_table() else {
                self.flaw(begin, "a pinning is a table: write [[device.pinning]] and its fields below");
                continue;
            };
            let mut own = Fields::default();
            for (field, value) in fields {
                own.take(
                    self,
                    field,
                    value,
                    "key, id, psk_file, expires, code and pending; the others stand in [[device]]",
                );
            }
            let no_key = (begin, format!("this pinning of {name:?} has no `key`"));
            pinnings.extend(self.pinning(own, Some(no_key)));
        }
        pinnings
    }

    /// A pinning, if its key is one. `no_key` is what to say if there is none.
    fn pinning(&mut self, fields: Fields<'_>, no_key: Option<(usize, String)>) -> Option<Described> {
        let key = match fields.key {
            Some((at, key)) => key.and_then(|key| Some((at, self.key(at, key)?))),
            None => {
                if let Some((at, why)) = no_key {
                    self.flaw(at, why);
                }
                None
            }
        };
        let id = match fields.id {
            Some((at, Some(text))) => {
                let why =
                    || format!("`id` {text:?} is neither text of 1 to 32 bytes nor 0x and hex of as many");
                self.note(at, parse_id(text).ok_or_else(why)).map(|id| (at, id))
            }
            _ => None,
        };
        let expires = match fields.expires {
            Some((at, Some(value))) => self.note(at, expires(value)),
            _ => None,
        };
        let psk_file = match fields.psk_file {
            Some((at, Some(file))) => Some((at, file.to_owned())),
            _ => None,
        };
        let (code_at, paired) = self.paired(fields);
        let (key_at, key) = key?;
        let default = || (key_at, Id::of_pinning(&key, &self.server.unwrap_or(NOBODY)));
        let (id_at, id) = id.unwrap_or_else(default);
        Some(Described { id, key, psk_file, expires, paired, code_at, id_at, key_at })
    }

    /// The pairing that made a pinning, and where its code is named.
    fn paired(&mut self, fields: Fields<'_>) -> (usize, Option<Paired>) {
        let code = match fields.code {
            Some((at, Some(text))) => {
                // Not what stands there: it may be the code itself.
                const WRONG: &str = "`code` is the name of a code, in 16 digits of hex as `lowkey pair` writes it; the code \
                                     itself is a secret, and stands nowhere";
                self.note(at, parse_code_name(text).ok_or(WRONG)).map(|code| (at, code))
            }
            _ => None,
        };
        let is_pending = match fields.pending {
            Some((at, Some(true))) if fields.code.is_none() => {
                self.flaw(at, "`pending` is said of a pairing, whose `code` is missing");
                true
            }
            Some((_, Some(pending))) => pending,
            _ => false,
        };
        match code {
            None => (0, None),
            Some((at, code)) => {
                (at, Some(if is_pending { Paired::Pending(code) } else { Paired::Final(code) }))
            }
        }
    }

    fn key(&mut self, at: usize, text: &str) -> Option<PublicKey> {
        let key = keys::parse_public(text).map_err(|error| format!("`key`: {error}"));
        let key = self.note(at, key)?;
        let checked = Pinned::check(&self.server.unwrap_or(NOBODY), &key).map_err(|error| error.to_string());
        self.note(at, checked)?;
        if is_published(&key) {
            self.flaw(
                at,
                "the key is printed in Lowkey's documentation, and is nobody's; make one of your own",
            );
            return None;
        }
        Some(key)
    }

    fn text<'v>(&mut self, field: &Key<'_>, value: &'v Spanned<DeValue<'_>>) -> Option<&'v str> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.flaw(self.at(field), format!("`{}` has to be text in quotes", field.get_ref()));
        }
        text
    }
}

/// Stands for a server whose key is not known: the base point, which is nobody's.
const NOBODY: PublicKey = {
    let mut nine = [0; 32];
    nine[0] = 9;
    PublicKey::new(nine)
};

impl<'v> Fields<'v> {
    fn take(
        &mut self,
        reader: &mut Reader<'_>,
        field: &'v Key<'_>,
        value: &'v Spanned<DeValue<'v>>,
        known: &str,
    ) {
        let at = reader.at(field);
        let name = &**field.get_ref();
        match name {
            "key" => self.key = Some((at, reader.text(field, value))),
            "id" => self.id = Some((at, reader.text(field, value))),
            "psk_file" => self.psk_file = Some((at, reader.text(field, value))),
            "expires" => self.expires = Some((at, Some(value.get_ref()))),
            "code" => self.code = Some((at, reader.text(field, value))),
            "pending" => {
                let pending = value.get_ref().as_bool();
                if pending.is_none() {
                    reader.flaw(at, "`pending` has to be true or false");
                }
                self.pending = Some((at, pending));
            }
            "server" => {
                let above = "`server` stands above the first [[device]]";
                return reader.flaw(at, format!("unknown field `server`; here stand {known}; {above}"));
            }
            other => return reader.flaw(at, format!("unknown field `{other}`; here stand {known}")),
        }
        self.first = self.first.or(Some((at, name)));
    }
}

fn expires(value: &DeValue<'_>) -> Result<SystemTime, String> {
    const WRITE: &str = "write it as 2026-12-31T00:00:00Z, which is UTC, or with an offset such as +02:00";
    match value {
        DeValue::Datetime(written) => moment(*written).map_err(|why| format!("`expires` {why}; {WRITE}")),
        DeValue::String(_) => Err(format!("`expires` stands without quotes; {WRITE}")),
        _ => Err(format!("`expires` has to be a moment; {WRITE}")),
    }
}
