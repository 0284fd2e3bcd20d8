//! The `lowkey` command: arguments and printing; what it does is in `lowkey-host`.
#![deny(clippy::print_stderr, clippy::print_stdout)] // they panic where nothing can be written: `terminal` does not

mod admin;
mod admin_client;
mod arguments;
#[cfg(feature = "sinks")]
mod aside;
#[cfg(unix)]
mod asking;
mod batch;
mod check;
mod chosen;
mod code;
mod commands;
mod config;
mod connect;
mod credentials;
mod doctor;
mod events;
mod failure;
#[cfg(feature = "nats")]
mod fleet;
#[cfg(any(feature = "nats", feature = "sinks"))]
mod forget_runs;
mod generate;
mod in_force;
mod invitation;
mod label;
mod list;
mod load;
mod log;
#[cfg(feature = "nats")]
mod nats;
mod page;
mod pair;
mod ping;
mod probes;
mod program;
mod provision;
#[cfg(feature = "nats")]
mod registry;
mod revoke;
mod send;
mod serve;
mod shared_arguments;
mod show;
mod signals;
mod sink;
mod source;
#[cfg(feature = "sinks")]
mod state_folder;
#[cfg(unix)]
mod systemd;
mod terminal;
#[cfg(target_os = "linux")]
mod user;

use failure::{Exit, Failure};
use log::Priority;
use lowkey_host::text::mask;
use std::env;
use std::io::{Write, stderr, stdout};
use std::process::ExitCode;
use terminal::{StandardError, print, rendered, say};
use tracing::Level;

fn main() -> ExitCode {
    keep_memory();
    let matches = match arguments::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) if error.use_stderr() => return refuse(&error),
        Err(help_or_version) => return end(print(&rendered(&help_or_version, &stdout()))),
    };
    end(commands::run(&matches))
}

fn end(done: Result<(), Failure>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let priority = Priority::of_standard_error().prefix(Level::ERROR);
            let said = failure.to_string();
            for line in format!("lowkey: {said}").lines().filter(|_| !said.is_empty()) {
                say(format_args!("{priority}{line}"));
            }
            failure.exit.into()
        }
    }
}

/// Keys are in our memory: no core of it is written, and nobody but root looks into it.
fn keep_memory() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // An error: a kernel that does not know it.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// What clap says, which repeats arguments: not the secrets among them, nor a part of one that a shell has taken apart
/// at a blank.
fn refuse(error: &clap::Error) -> ExitCode {
    let mut said = mask(&rendered(error, &stderr()));
    let words: Vec<String> = env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let masked = |words: &[String]| mask(&words.join(" "));
    for n in 1..words.len() {
        // One that changes nothing belongs to the secret before it.
        if !words[n].is_empty() && masked(&words[..n]) == masked(&words[..=n]) {
            said = said.replace(&words[n], "…");
        }
    }
    let _ = StandardError.write_all(said.as_bytes());
    u8::try_from(error.exit_code()).map_or(Exit::Arguments.into(), ExitCode::from)
}
