//! The arguments of `lowkey provision`: of one device, of a batch, of a look at a batch.

use super::{file, flag};
use crate::shared_arguments::{id, server_key};
use crate::{chosen, in_force};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgGroup, Command, value_parser};
use lowkey_registry::parse_time;
use std::path::PathBuf;
use std::time::SystemTime;

pub(super) fn command() -> Command {
    Command::new("provision")
        .about("Make a device, or many: keys, key pages, rows in the registry")
        .long_about(
            "Make a device. Its secrets are drawn here and written to its key page, and kept nowhere else: \
             put the page into the device's flash, then delete the file. The registry's lines are printed, \
             or added to a registry, a file or what several servers share; then the running server is asked by its \
             admin listener until it lets the device in, or all that share the registry are. A device that was added and \
             that no server lets in yet is exit code 7.\n\n\
             Or make a batch: --batch or --csv, with --out, --manifest and --registry. It can be killed at any moment: \
             the same command goes on from there, and makes no device twice. --check says whether pages, manifest and \
             registry agree.",
        )
        .args(of_one())
        .args(of_a_batch())
        .group(ArgGroup::new("many").args(["batch", "csv", "check"]))
        .arg(server_key().required(true))
        .arg(
            Arg::new("address")
                .long("address")
                .default_value("")
                .hide_default_value(true)
                .value_name("HOST:PORT")
                .help("Where the device finds the server"),
        )
        .args(chosen::arguments(
            "Add the device to this registry: a file, or tls://HOST:PORT/PREFIX that several servers share",
        ))
        .args(psk_folder())
        .args(in_force::arguments().map(|argument| argument.requires("registry")))
}

/// Of a registry that is no file.
#[cfg(feature = "nats")]
fn psk_folder() -> [Arg; 1] {
    [file("psk-folder").value_name("FOLDER").requires("registry").conflicts_with("many").help(
        "With a registry that servers share: the folder here whose PSK files each of them has in the folder of its key",
    )]
}

#[cfg(not(feature = "nats"))]
fn psk_folder() -> [Arg; 0] {
    []
}

fn of_one() -> [Arg; 9] {
    [
        file("output")
            .short('o')
            .required_unless_present_any(["many", "public-key"])
            .conflicts_with("many")
            .value_name("FILE")
            .help("The new file for the key page"),
        Arg::new("public-key")
            .long("public-key")
            .requires("registry")
            .conflicts_with_all(["many", "output", "address", "id", "psk", "psk-file", "rotate"])
            .value_name("LKPUB1…|FILE")
            .help("Register a device that has made its own keys: this public key, or the first one in what this file, port or `-` says"),
        Arg::new("format")
            .long("format")
            .default_value("bin")
            .value_parser(PossibleValuesParser::new(["bin", "c", "rust"]))
            .help("Write the page as bytes, as a C array or as a Rust array"),
        Arg::new("name")
            .long("name")
            .required_unless_present_any(["csv", "check"])
            .conflicts_with_all(["csv", "check"])
            .value_name("NAME")
            .help("What the server calls it; of a batch with {} where the number goes, or {:05} for five digits"),
        id().conflicts_with("many"),
        flag("psk").conflicts_with("many").help(
            "Make a PSK as well; the server's copy goes to --psk-file, or to NAME.psk beside the registry file (or the page)",
        ),
        file("psk-file")
            .conflicts_with("many")
            .value_name("FILE")
            .help("The server's copy of the PSK; without --psk it is there already, made for this device"),
        flag("rotate").requires("registry").conflicts_with("many").help(
            "Make new keys for a device that the registry has: both are good until `lowkey revoke --old`",
        ),
        Arg::new("old-expires")
            .long("old-expires")
            .requires("rotate")
            .value_name("TIME")
            .value_parser(|text: &str| -> Result<SystemTime, _> {
                parse_time(text).ok_or("no moment such as 2026-12-31T00:00:00Z")
            })
            .help("When the old keys end by themselves, as in 2026-12-31T00:00:00Z"),
    ]
}

fn of_a_batch() -> [Arg; 7] {
    [
        Arg::new("batch")
            .long("batch")
            .value_name("N")
            .value_parser(value_parser!(u32).range(1..))
            .requires_all(["out", "manifest", "registry"])
            .help("Make so many devices"),
        Arg::new("first")
            .long("first")
            .requires("batch")
            .value_name("N")
            .default_value("1")
            .value_parser(value_parser!(u32))
            .help("The number of the first one"),
        file("csv")
            .requires_all(["out", "manifest", "registry"])
            .value_name("FILE")
            .help("Make the devices of this list: a line `name` or `name,serial`, and one for each device"),
        Arg::new("out")
            .long("out")
            .requires("many")
            .conflicts_with("check")
            .value_name("FOLDER")
            .value_parser(value_parser!(PathBuf))
            .help("The folder for the pages of a batch: new, empty, or that of this batch"),
        file("manifest")
            .requires("many")
            .value_name("FILE")
            .help("The list of what was made, as CSV, without secrets: name, serial, id, public key, fingerprint, page's SHA-256, code's name"),
        flag("codes")
            .requires("out")
            .help("Make a pairing code for each device as well, as NAME.code beside its page: for `lowkey label`"),
        Arg::new("check")
            .long("check")
            .requires_all(["manifest", "registry"])
            .conflicts_with_all(["admin", "config", "wait", "no-wait"])
            .value_name("FOLDER")
            .value_parser(value_parser!(PathBuf))
            .help("Make nothing: say whether the pages in this folder, --manifest and --registry agree, and where not"),
    ]
}
