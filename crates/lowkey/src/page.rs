//! `lowkey page`: what stands in a key page, without its secrets.

use crate::credentials::read_page;
use crate::failure::Failure;
use crate::show::with_facts;
use crate::terminal::{path, print};
use clap::{Arg, ArgMatches, Command, value_parser};
use lowkey_core::Fingerprint;
use lowkey_core::page::Page;
use lowkey_host::text::{ShownId, clean};
use lowkey_registry::keys::encode_public;
use lowkey_registry::text_file::shown;
use std::path::PathBuf;

pub(crate) fn command() -> Command {
    let file = Arg::new("file").value_name("FILE").required(true).value_parser(value_parser!(PathBuf));
    let show = Command::new("show")
        .about("Show what stands in a key page, without its secrets")
        .arg(file.help("The key page"));
    let page = Command::new("page").about("Look at key pages");
    page.subcommand_required(true).subcommand(show)
}

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    let Some(file) = of.subcommand_matches("show").and_then(|of| path(of, "file")) else { return Ok(()) };
    let bytes = read_page(file)?;
    let wrong = |error: &str| Failure::file(format_args!("{}: {error}", shown(file)));
    let page = Page::read(&*bytes).map_err(|error| wrong(error.as_str()))?;
    let keys = page.load().map_err(|error| wrong(&error.to_string()))?;
    let device = keys.identity().public_key();
    let address = if page.address().is_empty() { "none".to_owned() } else { clean(page.address()) };
    let mut facts = vec![
        ("id", ShownId(*page.id()).to_string()),
        ("address", address),
        ("device key", encode_public(&device)),
        ("fingerprint", Fingerprint::of(&device).to_string()),
        ("server key", encode_public(&keys.peer().public_key())),
        ("psk", if keys.psk().is_some() { "yes" } else { "no" }.to_owned()),
    ];
    if page.is_published() {
        facts.push(("warning", "its keys are printed in the documentation: anybody has them".to_owned()));
    }
    print(&with_facts(&shown(file), &facts))
}
