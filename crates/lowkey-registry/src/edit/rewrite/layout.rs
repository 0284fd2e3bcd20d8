//! Where devices and their pinnings stand in the text of a registry: below `[[device]]` and `[[device.pinning]]`, each
//! field on a line of its own, or in brackets and braces.

use super::commas::Listed;
use super::lines::{Splice, comment_above, line_end, line_start, newline, spliced};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A registry's text, whose last line ends as all others, and where in it things stand.
///
/// Every change gives a new text; `None` if there is no such device or pinning. What is put in comes as the lines of
/// its fields.
pub(super) struct Layout<'t> {
    text: &'t str,
    newline: &'static str,
    document: Value<'t>,
}

type Value<'t> = Spanned<DeValue<'t>>;

/// One `key = value` of a device.
struct Field {
    range: Range<usize>,
    of: Of,
}

/// What a field says something about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Device,
    /// What moves when the device gets a second one.
    Pinning,
}

impl<'t> Layout<'t> {
    /// `None` if it is not TOML.
    pub(super) fn of(text: &'t str) -> Option<Self> {
        let document = DeValue::Table(DeTable::parse(text).ok()?.into_inner());
        Some(Self { text, newline: newline(text), document: Spanned::new(0..0, document) })
    }

    /// With more devices, behind all others.
    pub(super) fn with_devices(&self, fields: &[&str]) -> Option<String> {
        let end = self.text.len();
        let splices = match self.devices() {
            Some(devices) if !self.has_header(devices) => {
                let tables: Vec<String> = fields.iter().map(|fields| braced(fields)).collect();
                self.listed(devices)?.with(&tables.join(", "))
            }
            _ => {
                let tables = fields.iter().map(|fields| self.headed("[[device]]", &self.lines(fields)));
                vec![(end..end, tables.collect())]
            }
        };
        Some(spliced(self.text, splices))
    }

    /// Without the `n`th device.
    pub(super) fn without_device(&self, n: usize) -> Option<String> {
        self.without(self.devices()?, n)
    }

    /// With a second pinning of the `n`th device, behind the one that it has, which ends at `until`.
    pub(super) fn with_pinning(&self, n: usize, fields: &str, until: Option<&str>) -> Option<String> {
        let device = self.devices()?.get_ref().as_array()?.get(n)?;
        let fields = &self.lines(fields);
        let splices = match field(device, "pinning") {
            Some(pinnings) => self.pinning_added(device, pinnings, fields, until)?,
            None if self.has_header(device) => self.lines_moved(device, fields, until),
            None => self.fields_moved(device, fields, until)?,
        };
        Some(spliced(self.text, splices))
    }

    /// Without one of the two pinnings of the `n`th device.
    pub(super) fn without_pinning(&self, n: usize, pinning: usize) -> Option<String> {
        let device = self.devices()?.get_ref().as_array()?.get(n)?;
        self.without(field(device, "pinning")?, pinning)
    }

    /// Without this field of a pinning of the `n`th device, which has it in its own lines or in a table of that one.
    pub(super) fn without_field(&self, n: usize, pinning: usize, name: &str) -> Option<String> {
        let device = self.devices()?.get_ref().as_array()?.get(n)?;
        let table = match field(device, "pinning") {
            Some(pinnings) => pinnings.get_ref().as_array()?.get(pinning)?,
            None => device,
        };
        let range = key_of(table, name)?.start..field(table, name)?.span().end;
        if self.has_header(table) {
            let line = line_start(self.text, range.start)..line_end(self.text, range.end);
            return Some(spliced(self.text, vec![(line, String::new())]));
        }
        let own = self.fields(table);
        let at = own.iter().position(|field| field.range == range)?;
        let listed =
            Listed::new(self.text, &table.span(), own.into_iter().map(|field| field.range).collect());
        Some(spliced(self.text, vec![listed.without(at..at + 1)?]))
    }

    fn devices(&self) -> Option<&Value<'t>> {
        field(&self.document, "device")
    }

    /// Written as `[[…]]`, not as `{ … }`; or, of all tables of an array, not as `[{ … }]`.
    fn has_header(&self, value: &Value<'_>) -> bool {
        self.text[value.span().start..].starts_with("[[")
    }

    /// What is in the brackets of an array of tables.
    fn listed(&self, array: &Value<'_>) -> Option<Listed<'t>> {
        let tables = array.get_ref().as_array()?.iter().map(Spanned::span);
        Some(Listed::new(self.text, &array.span(), tables.collect()))
    }

    /// The fields of a device in their order; of `labels.site = "north"` all from `site` on.
    fn fields(&self, table: &Value<'_>) -> Vec<Field> {
        let mut fields = Vec::new();
        for (key, value) in table.get_ref().as_table().into_iter().flatten() {
            let is_dotted = value.get_ref().is_table() && !self.text[value.span().start..].starts_with('{');
            if is_dotted {
                fields.extend(self.fields(value).into_iter().map(|inner| Field { of: Of::Device, ..inner }));
            } else {
                let is_of_pinning = OF_A_PINNING.contains(&&**key.get_ref());
                let of = if is_of_pinning { Of::Pinning } else { Of::Device };
                fields.push(Field { range: key.span().start..value.span().end, of });
            }
        }
        fields.sort_by_key(|field| field.range.start);
        fields
    }

    fn pinning_added(
        &self,
        device: &Value<'_>,
        pinnings: &Value<'_>,
        fields: &str,
        until: Option<&str>,
    ) -> Option<Vec<Splice>> {
        let first = pinnings.get_ref().as_array()?.first()?;
        let mut splices = if self.has_header(first) {
            let end = self.end_of(device);
            vec![(end..end, self.headed("[[device.pinning]]", fields))]
        } else {
            self.listed(pinnings)?.with(&braced(fields))
        };
        if let Some(until) = until {
            splices.insert(0, self.expiry(first, until)?);
        }
        Some(splices)
    }

    /// Puts an end to a pinning that has a table of its own.
    fn expiry(&self, pinning: &Value<'_>, until: &str) -> Option<Splice> {
        if let Some(expires) = field(pinning, "expires") {
            return Some((expires.span(), until.to_owned()));
        }
        let key = field(pinning, "key")?.span().end;
        let end = line_end(self.text, key);
        Some(if self.has_header(pinning) {
            (end..end, format!("expires = {until}{}", self.newline))
        } else {
            (key..key, format!(", expires = {until}"))
        })
    }

    /// The fields of a device's only pinning go from the device's lines to a table of their own.
    fn lines_moved(&self, device: &Value<'_>, fields: &str, until: Option<&str>) -> Vec<Splice> {
        let own = self.fields(device);
        let ends = until.map(|until| (field(device, "expires").map(Spanned::span), until));
        let (mut splices, mut moved) = (Vec::new(), String::new());
        for field in own.iter().filter(|field| field.of == Of::Pinning) {
            let line = line_start(self.text, field.range.start);
            let start = comment_above(self.text, line, end_before(device, line));
            let lines = start..line_end(self.text, field.range.end);
            moved += &self.ending(lines.clone(), ends.as_ref());
            splices.push((lines, String::new()));
        }
        if let Some((None, until)) = ends {
            moved += &format!("expires = {until}{}", self.newline);
        }
        let end = self.end_of(device);
        let [old, new] = [&*moved, fields].map(|fields| self.headed("[[device.pinning]]", fields));
        splices.push((end..end, old + &new));
        splices
    }

    /// The same of a device in braces: the first of them become an array of pinnings, the others move into it.
    fn fields_moved(&self, device: &Value<'_>, fields: &str, until: Option<&str>) -> Option<Vec<Splice>> {
        let own = self.fields(device);
        let ranges = own.iter().map(|field| field.range.clone()).collect();
        let listed = Listed::new(self.text, &device.span(), ranges);
        let ends = until.map(|until| (field(device, "expires").map(Spanned::span), until));
        let (mut splices, mut moved, mut n) = (Vec::new(), Vec::new(), 0);
        for run in own.chunk_by(|a, b| a.of == b.of) {
            let numbers = n..n + run.len();
            n = numbers.end;
            let ([first, ..], [.., last]) = (run, run) else { continue };
            if first.of == Of::Device {
                continue;
            }
            let range = first.range.start..last.range.end;
            let first = (range.clone(), String::new());
            splices.push(if moved.is_empty() { first } else { listed.without(numbers)? });
            moved.push(self.ending(range, ends.as_ref()));
        }
        if let Some((None, until)) = ends {
            moved.push(format!("expires = {until}"));
        }
        let pinnings = format!("pinning = [{{ {} }}, {}]", moved.join(", "), braced(fields));
        splices.first_mut()?.1 = pinnings;
        Some(splices)
    }

    /// What stands there, with another end of the pinning if it names one.
    fn ending(&self, range: Range<usize>, ends: Option<&(Option<Range<usize>>, &str)>) -> String {
        match ends {
            Some((Some(old), until)) if range.start <= old.start && old.end <= range.end => {
                format!("{}{until}{}", &self.text[range.start..old.start], &self.text[old.end..range.end])
            }
            _ => self.text[range].to_owned(),
        }
    }

    fn without(&self, tables: &Value<'_>, n: usize) -> Option<String> {
        let table = tables.get_ref().as_array()?.get(n)?;
        if self.has_header(table) {
            return Some(self.without_lines(table));
        }
        Some(spliced(self.text, vec![self.listed(tables)?.without(n..n + 1)?]))
    }

    /// The text without the lines of a table, the comment right above it, and the blank lines below it.
    fn without_lines(&self, table: &Value<'_>) -> String {
        let text = self.text;
        let header = line_start(text, table.span().start);
        let start = comment_above(text, header, end_before(&self.document, header));
        let start = if start == 0 { header } else { start }; // what stands at the very top is about the file
        let mut end = self.end_of(table);
        while end < text.len() && text[end..line_end(text, end)].trim().is_empty() {
            end = line_end(text, end);
        }
        let (before, after) = (&text[..start], &text[end..]);
        if !after.is_empty() {
            return format!("{before}{after}");
        }
        before[..line_end(before, before.trim_end().len())].to_owned()
    }

    /// Behind the last line of a table.
    fn end_of(&self, table: &Value<'_>) -> usize {
        line_end(self.text, end_before(table, usize::MAX))
    }

    /// Lines of ours, ending as the others do.
    fn lines(&self, fields: &str) -> String {
        fields.replace('\n', self.newline)
    }

    /// These fields below this header, and an empty line above.
    fn headed(&self, header: &str, fields: &str) -> String {
        let newline = self.newline;
        format!("{newline}{header}{newline}{fields}")
    }
}

fn field<'v, 't>(table: &'v Value<'t>, name: &str) -> Option<&'v Value<'t>> {
    table.get_ref().as_table()?.get(name)
}

/// Where the name of a field stands.
fn key_of(table: &Value<'_>, name: &str) -> Option<Range<usize>> {
    table.get_ref().as_table()?.get_key_value(name).map(|(key, _)| key.span())
}

/// Where the last thing ends that is in `value` and stands before `limit`.
fn end_before(value: &Value<'_>, limit: usize) -> usize {
    let inner = match value.get_ref() {
        DeValue::Table(table) => table.iter().map(|(_, value)| end_before(value, limit)).max(),
        DeValue::Array(array) => array.iter().map(|value| end_before(value, limit)).max(),
        _ => None,
    };
    let own = Some(value.span().end).filter(|end| *end <= limit);
    own.max(inner).unwrap_or(0)
}

/// The lines of fields as a table in braces.
fn braced(fields: &str) -> String {
    let fields: Vec<&str> = fields.lines().collect();
    format!("{{ {} }}", fields.join(", "))
}

const OF_A_PINNING: [&str; 6] = ["key", "id", "psk_file", "expires", "code", "pending"];
