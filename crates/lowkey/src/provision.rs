//! `lowkey provision`.

use crate::batch;
use crate::chosen::Chosen;
use crate::failure::{Exit, Failure};
use crate::in_force::Asked;
use crate::terminal::{path, print_for_keeps, say, secret_file, server_key, text};
use clap::ArgMatches;
use lowkey_core::Fingerprint;
use lowkey_host::Id;
use lowkey_host::text::mask;
use lowkey_registry::keys;
use lowkey_registry::provision::{
    Format, KnownKey, Order, ProvisionError, PskFile, Registered, Rotation, find_public_key, provision_and,
    register,
};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    match (path(of, "check"), path(of, "out"), text(of, "public-key")) {
        (Some(_), ..) => batch::look(of),
        (None, Some(_), _) => batch::run(of),
        (None, None, Some(key)) => known(of, key),
        (None, None, None) => one(of),
    }
}

/// A device that has made its own keys.
fn known(of: &ArgMatches, key: &str) -> Result<(), Failure> {
    let Some(name) = text(of, "name") else { return Ok(()) };
    let server = server_key(of)?;
    let Some(registry) = Chosen::of(of)? else { return Ok(()) };
    let asked = Asked::of(of, &registry)?;
    let wrong = |error: String| Failure::file(format_args!("--public-key: {}: {error}", mask(key)));
    let key = match keys::parse_public(key) {
        Ok(key) => key,
        Err(error) if key.get(..6).is_some_and(|begin| begin.eq_ignore_ascii_case("lkpub1")) => {
            return Err(Failure::new(Exit::Arguments, format_args!("--public-key: {error}")));
        }
        Err(_) if key == "-" => find_public_key(std::io::stdin()).map_err(wrong)?,
        Err(_) => {
            let port = std::fs::File::open(key).map_err(|error| wrong(error.to_string()))?;
            find_public_key(port).map_err(wrong)?
        }
    };
    asked.before_adding(&server)?;
    let known = KnownKey { name, key, server, registry: registry.target() };
    let Registered { written, was_there, .. } = register(&known)?;
    say(format_args!("device public key: {}", keys::encode_public(&key)));
    say(format_args!("fingerprint: {}", Fingerprint::of(&key)));
    let shown = registry.shown();
    if was_there {
        say(format_args!("{shown} has {name:?} with this key already"));
        return asked.wait_for_what_stands(&written);
    }
    say(format_args!("added {name:?} to {shown}"));
    asked.wait_for(&written)
}

fn one(of: &ArgMatches) -> Result<(), Failure> {
    let (Some(name), Some(page)) = (text(of, "name"), secret_file(of, "output")?) else { return Ok(()) };
    let server = server_key(of)?;
    let registry = Chosen::of(of)?;
    let asked = registry.as_ref().map(|registry| Asked::of(of, registry)).transpose()?;
    let is_shared = registry.as_ref().is_some_and(|registry| registry.file().is_none());
    let psk_folder = is_shared.then(|| path(of, "psk-folder"));
    let psk_file = match (secret_file(of, "psk-file")?, psk_folder) {
        (given, Some(None)) if given.is_some() || of.get_flag("psk") => {
            let why = "gateways that share a registry have PSK files, each in the folder of its key; name with \
                       --psk-folder the folder here whose files they get";
            return Err(Failure::new(Exit::Arguments, why));
        }
        (Some(file), _) => Some(file.to_owned()),
        (None, folder) if of.get_flag("psk") => {
            let registry = registry.as_ref().and_then(Chosen::file);
            // What stands behind the last / is put for another.
            let folder = folder.flatten().map(|folder| folder.join("any"));
            Some(psk_file_beside(folder.as_deref().or(registry).unwrap_or(page), name)?)
        }
        (None, _) => None,
    };
    let psk = match &psk_file {
        None => PskFile::None,
        Some(file) if of.get_flag("psk") => PskFile::New(file),
        Some(file) => PskFile::Existing(file),
    };
    let order = Order {
        name,
        server,
        id: of.get_one::<Id>("id").copied(),
        address: text(of, "address").unwrap_or_default(),
        page,
        format: match text(of, "format") {
            Some("c") => Format::C,
            Some("rust") => Format::Rust,
            _ => Format::Binary,
        },
        psk,
        registry: registry.as_ref().map(Chosen::target),
        rotation: match of.get_flag("rotate") {
            true => Rotation::Beside { until: of.get_one::<SystemTime>("old-expires").copied() },
            false => Rotation::None,
        },
    };
    if let Some(asked) = &asked {
        asked.before_adding(&server)?;
    }
    // Lines that nobody has would be a device that nobody registers: its page goes as well.
    let made = provision_and(&order, |made| match registry {
        None => print_for_keeps(&made.lines),
        Some(_) => Ok(()),
    })?;
    say(format_args!("device public key: {}", keys::encode_public(&made.key)));
    if let Some(registry) = &registry {
        let what = if of.get_flag("rotate") { "added new keys of" } else { "added" };
        say(format_args!("{what} {name:?} to {}", registry.shown()));
    }
    if let PskFile::New(file) = psk {
        say(format_args!("PSK, the server's copy: {}", file.display()));
    }
    if let (Some(file), true) = (&psk_file, is_shared) {
        say(format_args!(
            "each gateway leaves this key out until {} is in the folder of its own key as well",
            mask(&file.display().to_string())
        ));
    }
    say(format_args!(
        "key page: {}; write it to one device, once, and delete it: it is the only copy of the private key",
        page.display()
    ));
    match (asked, &made.written) {
        (Some(asked), Some(written)) => asked.wait_for(written),
        _ => Ok(()),
    }
}

impl From<ProvisionError> for Failure {
    fn from(error: ProvisionError) -> Self {
        Self::file(error)
    }
}

/// `NAME.psk` in the directory of `file`.
fn psk_file_beside(file: &Path, name: &str) -> Result<PathBuf, Failure> {
    if name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(Failure::file(format_args!("{name:?} makes no file name; add --psk-file FILE")));
    }
    Ok(file.with_file_name(format!("{name}.psk")))
}
