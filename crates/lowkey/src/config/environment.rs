//! Settings in variables of the environment: `LOWKEY_LISTEN`, `LOWKEY_LIMITS_SESSIONS`.

use super::fields::{FIELDS, PREFIX, field, nearest};
use super::given::{Given, Value};
use super::mistake::{Mistake, Origin};
use super::orchestrator::made_by_one;
use std::ffi::OsString;

/// Names the file instead of `--config`.
pub(crate) const CONFIG: &str = "LOWKEY_CONFIG";
/// The subscriber's own variable; `LOWKEY_LOG_LEVEL` goes before it.
const RUST_LOG: &str = "RUST_LOG";

/// What `variables` say. One that begins with `LOWKEY_` and is none of ours is a mistake, but for those that an
/// orchestrator makes.
pub(crate) fn read(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    mistakes: &mut Vec<Mistake>,
) -> Given {
    let mut given = Given::default();
    let mut variables: Vec<_> = variables.into_iter().collect();
    variables.sort_by(|a, b| (a.0 != RUST_LOG, &a.0).cmp(&(b.0 != RUST_LOG, &b.0)));
    for (name, text) in variables {
        let name = name.to_string_lossy().into_owned();
        let found = match name.as_str() {
            CONFIG => continue,
            RUST_LOG => field("log.level"),
            other if other.starts_with(PREFIX) => FIELDS.iter().find(|field| field.variable() == other),
            _ => continue,
        };
        let origin = Origin::Variable(name.clone());
        let Some(field) = found else {
            if made_by_one(&name[PREFIX.len()..], &text.to_string_lossy()) {
                continue;
            }
            mistakes.push(Mistake::new(&origin, unknown(&name)));
            continue;
        };
        let value = text.to_str().ok_or("this is not UTF-8".to_owned());
        let value = value.and_then(|text| Value::from_text(field, text));
        given.add(field, origin, value, mistakes);
    }
    given
}

fn unknown(name: &str) -> String {
    let names: Vec<String> = FIELDS.iter().map(|field| field.variable()).chain([CONFIG.into()]).collect();
    match nearest(&name[PREFIX.len()..], names.iter().map(|name| &name[PREFIX.len()..])) {
        Some(near) => format!("no setting has this variable; did you mean {PREFIX}{near}?"),
        None => "no setting has this variable; lowkey.toml(5) lists them".into(),
    }
}
