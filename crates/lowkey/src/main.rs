//! The `lowkey` command: arguments and printing; what it does is in `lowkey-host`.

mod arguments;
mod commands;
mod connect;
mod failure;
mod serve;

use std::process::ExitCode;

fn main() -> ExitCode {
    let matches = arguments::command().get_matches();
    match commands::run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("lowkey: {failure}");
            failure.exit.into()
        }
    }
}
