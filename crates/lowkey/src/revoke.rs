//! `lowkey revoke`.

use crate::chosen::Chosen;
use crate::failure::{Exit, Failure};
use crate::in_force::Asked;
use crate::terminal::{say, server_key, text};
use clap::ArgMatches;
use lowkey_host::Id;
use lowkey_registry::keys;
use lowkey_registry::rotation::{RotationError, Which, finish, revoke};

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    let Some(name) = text(of, "name") else { return Ok(()) };
    let server = server_key(of)?;
    let which = match (of.get_one::<Id>("id"), text(of, "key")) {
        (Some(id), _) => Which::Id(*id),
        (None, Some(key)) => Which::Key(
            keys::parse_public(key)
                .map_err(|error| Failure::new(Exit::Arguments, format_args!("--key: {error}")))?,
        ),
        (None, None) => Which::All,
    };
    let Some(registry) = Chosen::of(of)? else { return Ok(()) };
    let asked = Asked::of(of, &registry)?;
    asked.before_removing(&server)?;
    let removed = match of.get_flag("old") {
        true => finish(registry.target(), &server, name),
        false => revoke(registry.target(), &server, name, which),
    };
    let removed = match removed {
        // Perhaps it is the second time, because the first was not in force.
        Err(error @ RotationError::Device(..)) => {
            return asked.unchanged(&server, &error.to_string());
        }
        Err(error) => return Err(asked.unwritten(&error.to_string())),
        Ok(removed) => removed,
    };
    for (_, key) in &removed.pinnings {
        say(format_args!("revoked: {}", keys::encode_public(key)));
    }
    match removed.left {
        0 => say(format_args!("{name:?} is no longer in {}", registry.shown())),
        left => say(format_args!("{name:?} has {left} key left")),
    }
    for file in &removed.psk_files {
        let whose = if registry.file().is_some() { "" } else { ", on each gateway" };
        say(format_args!("no device uses {} any more; delete it{whose}", file.display()));
    }
    asked.wait_for(&removed.written)
}
