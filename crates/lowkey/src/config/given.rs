//! What was said, by file, environment and options, before it is looked at as a whole.

use super::fields::{Field, Takes};
use super::mistake::{Mistake, Origin};
use super::time;
use std::collections::BTreeMap;
use std::time::Duration;

/// A value as its field takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Flag(bool),
    Number(u64),
    Time(Duration),
    Texts(Vec<String>),
}

impl Value {
    /// A value that was written as text: in the environment or behind an option.
    pub(crate) fn from_text(field: &Field, text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not right; write {}", field.form().replace(" in quotes", ""));
        Ok(match &field.takes {
            Takes::Path | Takes::Endpoint | Takes::Text => Self::Text(text.to_owned()),
            Takes::Flag => Self::Flag(text.parse().map_err(|_| wrong())?),
            Takes::Number(_) => {
                let number = text.replace('_', "").parse().map_err(|_| wrong())?;
                return Self::number(field, number);
            }
            Takes::Time(_) => return Self::time(field, text),
            Takes::Texts => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                Self::Texts(parts.map(str::to_owned).collect())
            }
        })
    }

    /// A number within the field's range.
    pub(crate) fn number(field: &Field, number: u64) -> Result<Self, String> {
        match &field.takes {
            Takes::Number(range) if range.contains(&number) => Ok(Self::Number(number)),
            _ => Err(format!("{number} is out of range; write {}", field.form())),
        }
    }

    /// A time within the field's range.
    pub(crate) fn time(field: &Field, text: &str) -> Result<Self, String> {
        let Some(time) = time::parse(text) else {
            return Err(format!("{text:?} is no time; write {}", field.form()));
        };
        match &field.takes {
            Takes::Time(range) if range.contains(&time) => Ok(Self::Time(time)),
            _ => Err(format!("{text:?} is out of range; write {}", field.form())),
        }
    }
}

/// What one source says, or all of them together; a later one wins.
///
/// A value of `None` was given and is wrong; the mistake has been noted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given(BTreeMap<&'static str, (Origin, Option<Value>)>);

impl Given {
    /// Notes what was given for a field, or the mistake.
    pub(crate) fn add(
        &mut self,
        field: &'static Field,
        origin: Origin,
        value: Result<Value, String>,
        mistakes: &mut Vec<Mistake>,
    ) {
        let value = value.map_err(|why| mistakes.push(Mistake::new(&origin, why))).ok();
        self.0.insert(field.path, (origin, value));
    }

    pub(crate) fn get(&self, path: &str) -> Option<(&Origin, Option<&Value>)> {
        self.0.get(path).map(|(origin, value)| (origin, value.as_ref()))
    }

    /// What `later` says on top of this.
    ///
    /// Echoing and forwarding shut each other out, so the choice of a later source takes an earlier one's away.
    pub(crate) fn overlay(&mut self, later: Self) {
        if later.get("forward").is_some() && !later.echoes() {
            self.0.remove("echo");
        }
        if later.echoes() && later.get("forward").is_none() {
            self.0.remove("forward");
            self.0.remove("send_proxy");
        }
        self.0.extend(later.0);
    }

    fn echoes(&self) -> bool {
        matches!(self.get("echo"), Some((_, Some(Value::Flag(true)))))
    }
}
