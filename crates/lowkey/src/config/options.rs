//! Settings as options of the command line, made from the table of fields.

use super::fields::{FIELDS, Field, Takes};
use super::given::{Given, Value};
use super::mistake::{Mistake, Origin};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use std::path::PathBuf;

/// `--config` and the options of the settings that have one.
pub(crate) fn arguments() -> impl Iterator<Item = Arg> {
    let config = Arg::new(CONFIG)
        .long(CONFIG)
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("The configuration file [default: $LOWKEY_CONFIG, or none]");
    [config].into_iter().chain(FIELDS.iter().filter_map(argument))
}

fn argument(field: &'static Field) -> Option<Arg> {
    let option = field.option.as_ref()?;
    let argument = Arg::new(field.path).long(option.long);
    let argument = match field.takes {
        Takes::Flag => argument.action(ArgAction::SetTrue),
        Takes::Texts => argument.action(ArgAction::Append).value_name(option.value),
        Takes::Path => argument.value_name(option.value).value_parser(value_parser!(PathBuf)),
        _ => argument.value_name(option.value),
    };
    let default = field.default.filter(|default| !matches!(*default, "false" | "[]"));
    let default = default.map_or(String::new(), |text| format!(" [default: {}]", text.trim_matches('"')));
    Some(argument.help(format!("{}{default}", field.help.trim_end_matches('.'))))
}

/// What the options say.
pub(crate) fn read(of: &ArgMatches, mistakes: &mut Vec<Mistake>) -> Given {
    let mut given = Given::default();
    for field in FIELDS {
        let Some(option) = &field.option else { continue };
        if of.value_source(field.path) != Some(ValueSource::CommandLine) {
            continue;
        }
        let origin = Origin::Option(option.long);
        let value = match field.takes {
            Takes::Flag => Ok(Value::Flag(of.get_flag(field.path))),
            Takes::Texts => {
                let texts = of.get_many::<String>(field.path).unwrap_or_default();
                Ok(Value::Texts(texts.cloned().collect()))
            }
            Takes::Path => {
                let path = of.get_one::<PathBuf>(field.path).and_then(|path| path.to_str());
                path.map(|path| Value::Text(path.to_owned())).ok_or("this is not UTF-8".to_owned())
            }
            _ => Value::from_text(field, of.get_one::<String>(field.path).map_or("", String::as_str)),
        };
        given.add(field, origin, value, mistakes);
    }
    given
}

/// The option that names the file.
pub(crate) const CONFIG: &str = "config";
