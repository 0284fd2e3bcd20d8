//! From arguments to calls, and from results to lines.

use crate::failure::Failure;
use crate::terminal::{path, print, say, server_key, text};
use crate::{check, connect, doctor, generate, revoke, serve, show};
use clap::ArgMatches;
use lowkey_host::provision::{Format, Order, PskFile, Rotation, provision};
use lowkey_host::{Id, keys};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub(crate) fn run(matches: &ArgMatches) -> Result<(), Failure> {
    match matches.subcommand() {
        Some(("keygen", of)) => make_key(of),
        Some(("pubkey", of)) => print_public_key(of),
        Some(("provision", of)) => make_device(of),
        Some(("revoke", of)) => revoke::run(of),
        Some(("serve", of)) => serve::run(of),
        Some(("check", of)) => check::run(of),
        Some(("generate", of)) => generate::run(of),
        Some(("connect", of)) => connect::run(of),
        Some(("show", of)) => show::run(of),
        Some(("doctor", of)) => doctor::run(of),
        _ => Ok(()), // clap has refused it
    }
}

fn make_key(of: &ArgMatches) -> Result<(), Failure> {
    let secret = keys::generate().map_err(Failure::file)?;
    match (path(of, "output"), of.get_flag("psk")) {
        (Some(file), true) => keys::write_psk(file, &secret).map_err(Failure::file),
        (Some(file), false) => {
            let public = keys::write_identity(file, &secret).map_err(Failure::file)?;
            say(format_args!("public key: {}", keys::encode_public(&public)));
            Ok(())
        }
        (None, true) => print(keys::psk_text(&secret).expose()),
        (None, false) => {
            let public = lowkey_host::Identity::new(secret.duplicate()).public_key();
            say(format_args!("public key: {}", keys::encode_public(&public)));
            print(keys::identity_text(&secret).expose())
        }
    }
}

fn print_public_key(of: &ArgMatches) -> Result<(), Failure> {
    let Some(file) = path(of, "file") else { return Ok(()) };
    let identity = keys::read_identity(file).map_err(Failure::file)?;
    print(&format!("{}\n", keys::encode_public(&identity.public_key())))
}

fn make_device(of: &ArgMatches) -> Result<(), Failure> {
    let (Some(name), Some(page)) = (text(of, "name"), path(of, "output")) else { return Ok(()) };
    let server = server_key(of)?;
    let registry = path(of, "registry");
    let psk_file = match path(of, "psk-file") {
        Some(file) => Some(file.to_owned()),
        None if of.get_flag("psk") => Some(psk_file_beside(registry.unwrap_or(page), name)?),
        None => None,
    };
    let psk = match &psk_file {
        None => PskFile::None,
        Some(file) if of.get_flag("psk") => PskFile::New(file),
        Some(file) => PskFile::Existing(file),
    };
    let made = provision(&Order {
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
    });
    let made = made.map_err(Failure::file)?;
    say(format_args!("device public key: {}", keys::encode_public(&made.key)));
    match registry {
        Some(registry) => {
            let what = if of.get_flag("rotate") { "added new keys of" } else { "added" };
            say(format_args!("{what} {name:?} to {}", keys::mask(&registry.display().to_string())));
        }
        None => print(&made.lines)?,
    }
    say(format_args!(
        "key page: {}; write it to one device, once, and delete it: it is the only copy of the private key",
        page.display()
    ));
    Ok(())
}

/// `NAME.psk` in the directory of `file`.
fn psk_file_beside(file: &Path, name: &str) -> Result<PathBuf, Failure> {
    if name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(Failure::file(format_args!("{name:?} makes no file name; add --psk-file FILE")));
    }
    Ok(file.with_file_name(format!("{name}.psk")))
}
