//! The arguments. No secret is ever one of them: other users see a command line.

mod provision;

use crate::failure::EXIT_CODES;
use crate::invitation::window_time;
use crate::shared_arguments::{address, id, server_key};
use crate::{chosen, code, config, credentials, in_force, label};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgGroup, Command, value_parser};
use std::path::PathBuf;

pub(crate) fn command() -> Command {
    Command::new("lowkey")
        .version(env!("CARGO_PKG_VERSION"))
        .about(
            "Noise-protocol secure channels for microcontrollers: keys, provisioning, a server and a client",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([
            keygen(),
            pubkey(),
            provision::command(),
            revoke(),
            serve(),
            check(),
            connect(),
            generate(),
        ])
        .subcommands([crate::show::command(), crate::list::command(), crate::doctor::command()])
        .subcommands([code::command(), label::command()])
        .subcommands([crate::events::command(), crate::send::command()])
        .subcommands(shared())
        .subcommands(set_aside())
        .subcommands([crate::pair::command(), crate::ping::command(), crate::page::command()])
        .mut_subcommands(with_exit_codes_elsewhere)
        .after_help(EXIT_CODES)
}

/// They stand once, and not behind every command.
fn with_exit_codes_elsewhere(command: Command) -> Command {
    command.mut_subcommands(with_exit_codes_elsewhere).after_help("`lowkey --help` lists the exit codes.")
}

#[cfg(feature = "nats")]
fn shared() -> [Command; 1] {
    [crate::registry::command()]
}

#[cfg(all(feature = "sinks", not(feature = "nats")))]
fn shared() -> [Command; 1] {
    let registry = Command::new("registry").about("Change what a server keeps of its devices");
    let registry = registry.subcommand_required(true).arg_required_else_help(true);
    [registry.subcommand(crate::forget_runs::command())]
}

#[cfg(not(any(feature = "nats", feature = "sinks")))]
fn shared() -> [Command; 0] {
    []
}

#[cfg(feature = "sinks")]
fn set_aside() -> [Command; 1] {
    [crate::aside::command()]
}

#[cfg(not(feature = "sinks"))]
fn set_aside() -> [Command; 0] {
    []
}

fn keygen() -> Command {
    Command::new("keygen")
        .about("Make a static key pair, or a PSK")
        .long_about(
            "Make a static key pair, or a PSK. The file is readable by its owner only and never \
             overwritten; the public key is printed on standard error.",
        )
        .arg(
            file("output")
                .short('o')
                .value_name("FILE")
                .help("The new key file; without it, standard output"),
        )
        .arg(flag("psk").help("Make a PSK instead of a key pair"))
}

fn pubkey() -> Command {
    Command::new("pubkey").about("Print the public key of a key file").arg(
        Arg::new("file")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("A key file of `lowkey keygen`; without it, or as `-`, standard input"),
    )
}

fn revoke() -> Command {
    Command::new("revoke")
        .about("Take a device, or one of its keys, out of the registry")
        .long_about(
            "Take a device, or one of its keys, out of the registry, a file or what several servers share. Nothing else in \
             it changes. The running server sees it by itself; this command asks it by its admin listener, and ends with \
             `in force` when the device's session has ended and it is refused from then on; of servers that share the \
             registry, when each has said so. What was written and is not in force is exit code 7.",
        )
        .arg(Arg::new("name").required(true).value_name("NAME").help("The device"))
        .args(chosen::arguments("The registry: a file, or tls://HOST:PORT/PREFIX that several servers share"))
        .mut_arg("registry", |registry| registry.required(true))
        .arg(server_key().required(true))
        .arg(id().help("Only the key that has this id"))
        .arg(
            Arg::new("key")
                .long("key")
                .value_name("LKPUB1…")
                .help("Only this key, as `lowkey provision` printed it"),
        )
        .arg(flag("old").help("Only the older of two keys: the end of a rotation"))
        .group(ArgGroup::new("which").args(["id", "key", "old"]))
        .args(in_force::arguments())
}

fn serve() -> Command {
    Command::new("serve")
        .about("Listen for devices")
        .long_about(
            "Listen for the devices of a registry. What it is told comes from a file, the environment and \
             options, the last one winning: lowkey.toml(5). Prints `listening on ADDRESS` on standard output \
             when it is ready, and events on standard error. SIGHUP reads the registry again. SIGINT and \
             SIGTERM end it: no more devices are taken, those that are there hear a CLOSE and have `linger` \
             to go; a second signal ends it at once.",
        )
        .args(config::arguments())
        .arg(
            // No setting: a window that stood in a file would open at every start.
            Arg::new("pair-window").long("pair-window").value_name("TIME").value_parser(window_time).help(
                "Open a pairing window at once, for so long: a device calls with the code that is asked for",
            ),
        )
        .arg(
            Arg::new("pair-name")
                .long("pair-name")
                .requires("pair-window")
                .value_name("NAME")
                .help("What that device will be called [default: asked on the terminal]"),
        )
        .arg(file("pair-code").requires("pair-window").value_name("FILE").help(
            "The file that its code stands in, or - for standard input [default: asked on the terminal]",
        ))
}

fn check() -> Command {
    Command::new("check")
        .about("Say what is wrong with a configuration, its key and its registry")
        .long_about(
            "Read all that `lowkey serve` with the same options would read, and say that it is right, or every \
             mistake on a line of its own: FILE:LINE:COLUMN, what is wrong, and what to do.",
        )
        .args(config::arguments())
        .arg(
            Arg::new("as")
                .long("as")
                .value_name("USER")
                .help("Read everything as this user, a name or UID[:GID], with that user's groups; for root only"),
        )
        .arg(flag("credential").requires("as").help(
            "Read the key as whoever runs this: systemd hands the service a copy of it (LoadCredential=)",
        ))
        .arg(flag("print-default-config").help("Print a configuration file with every default, and end"))
}

fn generate() -> Command {
    Command::new("generate")
        .about("Write man pages or shell completions, for packages")
        .arg(
            Arg::new("what")
                .required(true)
                .value_name("WHAT")
                .value_parser(PossibleValuesParser::new(["man", "completions"]))
                .help("What to write"),
        )
        .arg(
            Arg::new("folder")
                .required(true)
                .value_name("FOLDER")
                .value_parser(value_parser!(PathBuf))
                .help("The folder it goes to"),
        )
}

fn connect() -> Command {
    Command::new("connect")
        .about("Connect to a server, as a device does: standard input and output through the channel")
        .long_about(
            "Connect to a server, as a device does. Standard input is sent, what comes is written to standard \
             output. The end of standard input ends that direction only; the command ends when the server \
             has closed the other, whether there is more input or not. Exit code 0 says that the server closed \
             in order and had read all that was sent; what it did with it, only an answer can say.\n\n\
             With --numbered each line of standard input, without its end, is a message that is numbered and kept until \
             the server says that it is stored; `forward` of such a server names what stores. A session that ends with \
             something left is followed by another, after a pause. Exit code 0 says then that all lines are \
             acknowledged. A line of more than 65535 bytes ends the input there: those before it are acknowledged first, \
             and the error names it; neither it nor what follows is sent. Standard output has a line each of these forms, and no others:\n\n  \
             acknowledged NUMBER LINE\n  \
             received NUMBER TEXT\n\n\
             The first: every message up to NUMBER is stored, that is every line up to the one that is LINE, counted from \
             1. The second: the server has sent TEXT, with a number of its own or, without one, `-`; in TEXT a backslash \
             is two, what steers a terminal (an end of a line too) is \\u{HEX}, and a byte that is not UTF-8 \\xHEX. What \
             came with a number is acknowledged once standard output has taken it. Which was the last is known until this \
             command ends; another start says that it has none, and may be given that again by a server that has not \
             recorded it yet.",
        )
        .arg(address())
        .args(credentials::arguments())
        .arg(
            flag("numbered")
                .conflicts_with("key")
                .help("Number each line, and keep it until it is acknowledged")
                .long_help(
                    "Number each line, and keep it until it is acknowledged. The run of the numbers follows from the page, \
                     so --page is needed; the number of a start is the time, in seconds since 1970, where a device counts \
                     its starts. So play no device that is to be used: afterwards its own numbers are lower than what the \
                     server has (numbers went back), until it gets a new page. So are ours if the clock is set back.",
                ),
        )
        .arg(
            Arg::new("max-message")
                .long("max-message")
                .value_name("BYTES")
                .default_value("1048576")
                .value_parser(value_parser!(u32).range(1..))
                .help("The longest message that is taken from the server; a longer one ends the channel"),
        )
}

fn file(name: &'static str) -> Arg {
    Arg::new(name).long(name).value_parser(value_parser!(PathBuf))
}

fn flag(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue)
}
