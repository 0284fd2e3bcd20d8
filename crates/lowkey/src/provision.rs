//! `lowkey provision`.

use crate::batch;
use crate::failure::{Exit, Failure};
use crate::in_force::Asked;
use crate::terminal::{path, print_for_keeps, say, secret_file, server_key, text};
use clap::ArgMatches;
use lowkey_host::Id;
use lowkey_host::text::mask;
use lowkey_registry::keys;
use lowkey_registry::provision::{Format, Order, ProvisionError, PskFile, Rotation, provision_and};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    match (path(of, "check"), path(of, "out")) {
        (Some(_), _) => batch::look(of),
        (None, Some(_)) => batch::run(of),
        (None, None) => one(of),
    }
}

fn one(of: &ArgMatches) -> Result<(), Failure> {
    let (Some(name), Some(page)) = (text(of, "name"), secret_file(of, "output")?) else { return Ok(()) };
    let server = server_key(of)?;
    let registry = path(of, "registry");
    let asked = registry.map(|_| Asked::of(of)).transpose()?;
    if registry == Some(Path::new("-")) {
        let why = "--registry: \"-\" is no registry; without --registry the lines go to standard output";
        return Err(Failure::new(Exit::Arguments, why));
    }
    let psk_file = match secret_file(of, "psk-file")? {
        Some(file) => Some(file.to_owned()),
        None if of.get_flag("psk") => Some(psk_file_beside(registry.unwrap_or(page), name)?),
        None => None,
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
        registry,
        rotation: match of.get_flag("rotate") {
            true => Rotation::Beside { until: of.get_one::<SystemTime>("old-expires").copied() },
            false => Rotation::None,
        },
    };
    if let (Some(before), Some(registry)) = (asked.as_ref().and_then(Asked::before), registry) {
        before.spare(registry)?;
        before.compare(registry, &server)?;
    }
    // Lines that nobody has would be a device that nobody registers: its page goes as well.
    let made = provision_and(&order, |made| match registry {
        None => print_for_keeps(&made.lines),
        Some(_) => Ok(()),
    })?;
    say(format_args!("device public key: {}", keys::encode_public(&made.key)));
    if let Some(registry) = registry {
        let what = if of.get_flag("rotate") { "added new keys of" } else { "added" };
        say(format_args!("{what} {name:?} to {}", mask(&registry.display().to_string())));
    }
    if let PskFile::New(file) = psk {
        say(format_args!("PSK, the server's copy: {}", file.display()));
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
