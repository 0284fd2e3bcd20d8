//! From arguments to calls, and from results to lines.

use crate::failure::Failure;
use crate::terminal::{path, print, print_for_keeps, say, secret_file};
use crate::{
    check, code, connect, doctor, events, generate, label, list, page, pair, ping, provision, revoke, send,
    serve, show,
};
use clap::ArgMatches;
use lowkey_registry::keys;
use std::io::Read;
use std::path::Path;

pub(crate) fn run(matches: &ArgMatches) -> Result<(), Failure> {
    match matches.subcommand() {
        Some(("keygen", of)) => make_key(of),
        Some(("pubkey", of)) => print_public_key(of),
        Some(("provision", of)) => provision::run(of),
        Some(("revoke", of)) => revoke::run(of),
        Some(("serve", of)) => serve::run(of),
        Some(("check", of)) => check::run(of),
        Some(("generate", of)) => generate::run(of),
        Some(("connect", of)) => connect::run(of),
        Some(("ping", of)) => ping::run(of),
        Some(("page", of)) => page::run(of),
        Some(("code", of)) => code::run(of),
        Some(("label", of)) => label::run(of),
        Some(("show", of)) => show::run(of),
        Some(("events", of)) => events::run(of),
        Some(("list", of)) => list::run(of),
        #[cfg(feature = "nats")]
        Some(("registry", of)) => crate::registry::run(of),
        #[cfg(all(feature = "sinks", not(feature = "nats")))]
        Some(("registry", of)) => of.subcommand_matches("forget-runs").map_or(Ok(()), forget_runs),
        #[cfg(feature = "sinks")]
        Some(("aside", of)) => crate::aside::run(of),
        Some(("doctor", of)) => doctor::run(of),
        Some(("pair", of)) => pair::run(of),
        Some(("send", of)) => send::run(of),
        _ => Ok(()), // clap has refused it
    }
}

/// The one command of registries that needs no NATS.
#[cfg(all(feature = "sinks", not(feature = "nats")))]
fn forget_runs(of: &ArgMatches) -> Result<(), Failure> {
    tokio::runtime::Runtime::new().map_err(Failure::file)?.block_on(crate::forget_runs::run(of))
}

fn make_key(of: &ArgMatches) -> Result<(), Failure> {
    let output = secret_file(of, "output")?;
    let secret = keys::generate().map_err(Failure::file)?;
    match (output, of.get_flag("psk")) {
        (Some(file), true) => keys::write_psk(file, &secret).map_err(Failure::file),
        (Some(file), false) => {
            let public = keys::write_identity(file, &secret).map_err(Failure::file)?;
            say(format_args!("public key: {}", keys::encode_public(&public)));
            Ok(())
        }
        (None, true) => print_for_keeps(keys::psk_text(&secret).map_err(Failure::file)?.expose()),
        (None, false) => {
            let text = keys::identity_text(&secret).map_err(Failure::file)?;
            let public = lowkey_host::Identity::new(secret).map_err(Failure::file)?.public_key();
            say(format_args!("public key: {}", keys::encode_public(&public)));
            print_for_keeps(text.expose())
        }
    }
}

fn print_public_key(of: &ArgMatches) -> Result<(), Failure> {
    let identity = match path(of, "file") {
        Some(file) if file != Path::new("-") => keys::read_identity(file),
        _ => keys::read_identity_from(standard_input()?, Path::new("standard input")),
    };
    let identity = identity.map_err(Failure::file)?;
    print(&format!("{}\n", keys::encode_public(&identity.public_key())))
}

/// Without the buffer of the standard library, which would not be wiped.
#[cfg(unix)]
fn standard_input() -> Result<impl Read, Failure> {
    use std::os::fd::AsFd;
    let file = std::io::stdin().as_fd().try_clone_to_owned();
    file.map(std::fs::File::from).map_err(|error| Failure::file(format_args!("standard input: {error}")))
}

#[cfg(not(unix))]
fn standard_input() -> Result<impl Read, Failure> {
    Ok(std::io::stdin())
}
