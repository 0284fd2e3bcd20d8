//! What stands on the command line, and what goes to standard output.

use crate::failure::{Exit, Failure};
use clap::ArgMatches;
use lowkey_host::{PublicKey, keys};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A file that was named.
pub(crate) fn path<'m>(of: &'m ArgMatches, name: &str) -> Option<&'m Path> {
    of.get_one::<PathBuf>(name).map(PathBuf::as_path)
}

/// A text that was given.
pub(crate) fn text<'m>(of: &'m ArgMatches, name: &str) -> Option<&'m str> {
    of.get_one::<String>(name).map(String::as_str)
}

/// `--server`. Not read by clap, whose error would repeat a secret that stands there by mistake.
pub(crate) fn server_key(of: &ArgMatches) -> Result<PublicKey, Failure> {
    keys::parse_public(text(of, "server").unwrap_or_default())
        .map_err(|error| Failure::new(Exit::Arguments, format_args!("--server: {error}")))
}

/// To standard output; a reader that has gone is an error like another.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::file(format_args!("standard output: {error}")))
}
