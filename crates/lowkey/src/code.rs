//! `lowkey code`: pairing codes.

use crate::failure::{Exit, Failure};
use crate::terminal::{new_file, print, say, secret_file, text};
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, value_parser};
use lowkey_host::text::mask;
use lowkey_registry::{codes, label_text, provision::check_address, show_code_name};
use std::io::{self, IsTerminal};

pub(crate) fn command() -> Command {
    Command::new("code")
        .about("Make pairing codes")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(new())
}

fn new() -> Command {
    Command::new("new")
        .about("Make pairing codes: 16 random bytes each, for the label of a device")
        .long_about(
            "Make pairing codes: 16 random bytes each, for the label of a device. They go to a new file that only its \
             owner reads, or, if that is asked for, to a terminal. Their names, which are no secret, are printed on \
             standard error.",
        )
        .arg(
            Arg::new("count")
                .short('n')
                .value_name("N")
                .default_value("1")
                .value_parser(value_parser!(u32).range(1..=100_000))
                .help("How many"),
        )
        .arg(
            new_file("The new file, with a line for each"),
        )
        .arg(
            Arg::new("print")
                .long("print")
                .action(ArgAction::SetTrue)
                .help("Print them on this terminal, and keep them nowhere"),
        )
        .arg(
            Arg::new("address")
                .long("address")
                .value_name("HOST:PORT")
                .requires("output")
                .conflicts_with("count")
                .help("Where the device finds the server: the file is then the device's whole label area"),
        )
        .group(ArgGroup::new("where").args(["output", "print"]).required(true))
}

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    match of.subcommand() {
        Some(("new", of)) => make(of),
        _ => Ok(()), // clap has refused it
    }
}

fn make(of: &ArgMatches) -> Result<(), Failure> {
    let file = secret_file(of, "output")?;
    if file.is_none() && !io::stdout().is_terminal() {
        let why = "--print: standard output is no terminal, and a code is a secret; name a file with -o";
        return Err(Failure::new(Exit::Arguments, why));
    }
    let address = text(of, "address").unwrap_or_default();
    check_address(address)
        .map_err(|error| Failure::new(Exit::Arguments, format_args!("--address: {}", mask(&error))))?;
    let count = of.get_one::<u32>("count").copied().unwrap_or(1);
    let made = (0..count).map(|_| codes::generate()).collect::<Result<Vec<_>, _>>().map_err(Failure::file)?;
    match file {
        Some(file) => codes::write(file, &made, address).map_err(Failure::file)?,
        None => made.iter().try_for_each(|code| {
            let text = label_text(code).map_err(Failure::file)?;
            print(&format!("{}\n", text.expose()))
        })?,
    }
    for code in &made {
        say(format_args!("code {}", show_code_name(&code.name())));
    }
    if let Some(file) = file {
        say(format_args!(
            "codes: {}; delete it when the labels are printed",
            mask(&file.display().to_string())
        ));
    }
    Ok(())
}
