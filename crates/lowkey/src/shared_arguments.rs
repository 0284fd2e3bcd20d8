//! Arguments of several commands: whom we speak to.

use crate::config;
use clap::Arg;
use lowkey_host::{Id, parse_id};

/// The server that we play a device for.
pub(crate) fn address() -> Arg {
    Arg::new("address")
        .required(true)
        .value_name("HOST:PORT")
        .value_parser(|text: &str| match config::host_and_port(text) {
            Some((_, 1..)) => Ok(text.to_owned()),
            _ => Err("write it as HOST:PORT or [IPv6]:PORT"),
        })
        .help("The server")
}

/// Whom devices pin.
pub(crate) fn server_key() -> Arg {
    Arg::new("server")
        .long("server")
        .visible_aliases(["server-key", "server-pub"])
        .value_name("LKPUB1…")
        .help("The server's public key, as `lowkey pubkey` prints it")
}

/// What a pinning is called.
pub(crate) fn id() -> Arg {
    Arg::new("id")
        .long("id")
        .value_name("ID")
        .value_parser(|text: &str| -> Result<Id, _> {
            parse_id(text).ok_or("neither text of 1 to 32 bytes nor 0x and hex of as many")
        })
        .help("The pinning's id, as text or as 0x and hex; without it the default")
}
