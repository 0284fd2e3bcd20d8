//! The configuration file: TOML, with the position of every mistake in it.

use super::fields::{FIELDS, Field, Takes, field, nearest};
use super::given::{Given, Value};
use super::mistake::{Mistake, Origin};
use lowkey_registry::text_file::{self, TextError, Trust, position};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What the file at `path` says. Its mistakes are added to `mistakes`; what is right in it counts.
///
/// # Errors
/// It cannot be read, or is no TOML: nothing of it counts.
pub(crate) fn read(path: &Path, trust: Trust, mistakes: &mut Vec<Mistake>) -> Result<Given, Mistake> {
    let text = text_file::read(path, trust, LONGEST).map_err(|error| not_read(path, &error))?;
    parse(path, &text, mistakes)
}

/// What `text` says, the content of `path`.
pub(crate) fn parse(path: &Path, text: &str, mistakes: &mut Vec<Mistake>) -> Result<Given, Mistake> {
    let mut reader = Reader { path: Arc::new(path.to_owned()), text, given: Given::default(), mistakes };
    let (document, errors) = DeTable::parse_recoverable(text);
    let start = |error: &toml::de::Error| error.span().map_or(0, |span| span.start);
    // Of a string that does not end, the next line suffers as well: the first is the cause.
    if let Some(error) = errors.iter().min_by_key(|error| start(error)) {
        let what = format!("{}; mend the TOML there first", error.message().trim_end());
        return Err(Mistake::new(&reader.origin(start(error)), what));
    }
    reader.table(document.get_ref(), None);
    Ok(reader.given)
}

struct Reader<'r> {
    path: Arc<PathBuf>,
    text: &'r str,
    given: Given,
    mistakes: &'r mut Vec<Mistake>,
}

impl Reader<'_> {
    /// The settings of the document, or of the table `within` it.
    fn table(&mut self, table: &DeTable<'_>, within: Option<&'static str>) {
        for (name, value) in table {
            let (at, name) = (name.span().start, &**name.get_ref());
            let path = within.map_or(name.to_owned(), |table| format!("{table}.{name}"));
            if let Some(field) = field(&path) {
                let origin = self.origin(value.span().start);
                let found = self.value(field, value.get_ref()).map_err(|why| format!("`{path}`: {why}"));
                self.given.add(field, origin, found, self.mistakes);
                continue;
            }
            let Some(table) = tables().find(|table| within.is_none() && *table == name) else {
                self.unknown(at, name, within);
                continue;
            };
            match value.get_ref().as_table() {
                Some(inner) => self.table(inner, Some(table)),
                None => {
                    self.wrong(at, format!("`{name}` is a table; write [{name}] and its settings below it"));
                }
            }
        }
    }

    fn value(&self, field: &Field, value: &DeValue<'_>) -> Result<Value, String> {
        let wrong = || format!("this is {}; write {}", type_of(value), field.form());
        let text = || value.as_str().ok_or_else(wrong);
        Ok(match &field.takes {
            Takes::Text => Value::Text(text()?.to_owned()),
            Takes::Path => Value::Text(self.beside(text()?)),
            Takes::Endpoint => Value::Text(match text()?.strip_prefix("unix:") {
                Some(socket) => format!("unix:{}", self.beside(socket)),
                None => text()?.to_owned(),
            }),
            Takes::Flag => Value::Flag(value.as_bool().ok_or_else(wrong)?),
            Takes::Number(_) => {
                let number = value.as_integer().ok_or_else(wrong)?;
                let number = u64::from_str_radix(number.as_str(), number.radix());
                return Value::number(
                    field,
                    number.map_err(|_| format!("out of range; write {}", field.form()))?,
                );
            }
            Takes::Time(_) => return Value::time(field, text()?),
            Takes::Texts => {
                let texts = value.as_array().ok_or_else(wrong)?.iter();
                let texts =
                    texts.map(|text: &Spanned<DeValue<'_>>| text.get_ref().as_str().map(str::to_owned));
                Value::Texts(texts.collect::<Option<_>>().ok_or_else(wrong)?)
            }
        })
    }

    fn unknown(&mut self, at: usize, name: &str, within: Option<&'static str>) {
        let here = || {
            let names = FIELDS.iter().filter_map(move |field| match (within, field.path.split_once('.')) {
                (None, None) => Some(field.path),
                (Some(table), Some((of, name))) if of == table => Some(name),
                _ => None,
            });
            names.chain(tables().filter(move |_| within.is_none()))
        };
        // A setting in the wrong table is likelier than a slip of the finger.
        let elsewhere = FIELDS.iter().find(|field| field.path.rsplit('.').next() == Some(name));
        let hint = match (elsewhere, nearest(name, here())) {
            (Some(field), _) => match field.path.split_once('.') {
                Some((table, _)) => format!("it belongs under [{table}]"),
                None => "it belongs above the first [table]".into(),
            },
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => format!("here can stand: {}", here().collect::<Vec<_>>().join(", ")),
        };
        let table = within.map_or(String::new(), |table| format!(" in [{table}]"));
        self.wrong(at, format!("unknown setting `{name}`{table}; {hint}"));
    }

    fn wrong(&mut self, at: usize, what: String) {
        let mistake = Mistake::new(&self.origin(at), what);
        self.mistakes.push(mistake);
    }

    fn origin(&self, at: usize) -> Origin {
        let (line, column) = position(self.text, at);
        Origin::File { path: Arc::clone(&self.path), line, column }
    }

    /// A file that is named in this one.
    fn beside(&self, file: &str) -> String {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        folder.join(file).to_string_lossy().into_owned()
    }
}

/// The tables there are.
fn tables() -> impl Iterator<Item = &'static str> {
    let mut last = None;
    let tables = FIELDS.iter().filter_map(|field| field.path.split_once('.').map(|(table, _)| table));
    tables.filter(move |table| last.replace(*table) != Some(*table))
}

fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn not_read(path: &Path, error: &TextError) -> Mistake {
    let path = Arc::new(path.to_owned());
    let origin = match error.position() {
        Some((line, column)) => Origin::File { path, line, column },
        None => Origin::Missing { path },
    };
    let hint = if error.is_missing() { "; begin one with: lowkey check --print-default-config" } else { "" };
    Mistake::new(&origin, format!("{}{hint}", error.what()))
}

/// In bytes; all settings with their help are a hundredth of it.
const LONGEST: u64 = 1 << 20;
