//! The `lowkey` command: arguments and printing; what it does is in `lowkey-host`.

mod admin;
mod admin_client;
mod arguments;
mod check;
mod commands;
mod config;
mod connect;
mod doctor;
mod failure;
mod generate;
mod load;
mod log;
mod revoke;
mod serve;
mod show;
mod signals;
#[cfg(unix)]
mod systemd;
mod terminal;

use failure::Exit;
use lowkey_host::keys::mask;
use std::io::IsTerminal;
use std::process::ExitCode;

fn main() -> ExitCode {
    let matches = match arguments::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) if error.use_stderr() => return refuse(&error),
        Err(help_or_version) => help_or_version.exit(),
    };
    match commands::run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("lowkey: {failure}");
            failure.exit.into()
        }
    }
}

/// What clap says, which repeats arguments: not the secrets among them.
fn refuse(error: &clap::Error) -> ExitCode {
    let said = error.render();
    if std::io::stderr().is_terminal() {
        eprint!("{}", mask(&said.ansi().to_string()));
    } else {
        eprint!("{}", mask(&said.to_string()));
    }
    u8::try_from(error.exit_code()).map_or(Exit::Arguments.into(), ExitCode::from)
}
