//! `lowkey registry forget-runs`: a device may begin runs of numbers again, as a person has decided.
//!
//! What is kept of a device is beside the registry that servers share, or in the `state` folder of a server that is the
//! only one. That server has the file open for as long as it runs, and nobody else can: the file is locked.

use crate::failure::{Exit, Failure};
#[cfg(feature = "nats")]
use crate::nats::{arguments, came_to_nothing, connected};
#[cfg(feature = "sinks")]
use crate::state_folder;
use crate::terminal::{say, text};
use clap::{Arg, ArgMatches, Command};
use lowkey_host::text::mask;
#[cfg(feature = "nats")]
use lowkey_nats::Address;
#[cfg(feature = "sinks")]
use {lowkey_sinks::FileRows, std::path::PathBuf};

/// Where it is kept.
#[derive(Clone, Debug)]
enum Kept {
    #[cfg(feature = "nats")]
    Shared(Address),
    #[cfg(feature = "sinks")]
    Folder(PathBuf),
}

pub(crate) fn command() -> Command {
    let command = Command::new("forget-runs")
        .about("Let a device begin new runs of numbers that has had as many as are remembered")
        .long_about(
            "Let a device begin new runs of numbers that has had as many as are remembered, which says that one \
             board after another had its name. What belongs to a run before the present one is taken again from \
             then on, so look first whose boards they were. A server that keeps this in its own folder has to be \
             stopped for it: while it runs, this is refused.",
        )
        .arg(
            Arg::new("address").required(true).value_name("ADDRESS|FOLDER").value_parser(kept).help(
                "What `forward` names, if that is tls://HOST:PORT/PREFIX, or nats:// for this machine; of servers \
                 that share a registry and store elsewhere, its address; of a single one, its `state` folder",
            ),
        )
        .arg(Arg::new("device").required(true).value_name("DEVICE").help("The device's name"));
    #[cfg(feature = "nats")]
    return command.args(arguments());
    #[cfg(not(feature = "nats"))]
    command
}

fn kept(text: &str) -> Result<Kept, String> {
    if text.contains("://") {
        #[cfg(feature = "nats")]
        return text.parse().map(Kept::Shared).map_err(|error: lowkey_nats::AddressError| error.to_string());
        #[cfg(not(feature = "nats"))]
        return Err(crate::config::lacks("nats"));
    }
    #[cfg(feature = "sinks")]
    return Ok(Kept::Folder(text.into()));
    #[cfg(not(feature = "sinks"))]
    Err(crate::config::lacks("sinks"))
}

pub(crate) async fn run(of: &ArgMatches) -> Result<(), Failure> {
    let device = text(of, "device").unwrap_or_default();
    let Some(kept) = of.get_one::<Kept>("address") else { return Ok(()) };
    let forgotten = match kept {
        #[cfg(feature = "nats")]
        Kept::Shared(address) => {
            let registrar = connected(of, address.clone()).await?;
            registrar.forget_old_runs(device).await.map_err(|error| came_to_nothing(&error))?
        }
        #[cfg(feature = "sinks")]
        Kept::Folder(folder) => {
            #[cfg(feature = "nats")]
            if let Some(name) =
                ["credentials", "roots", "as"].into_iter().find(|name| crate::chosen::is_given(of, name))
            {
                let why = format!("--{name}: is for what is kept in NATS, tls://HOST:PORT/PREFIX");
                return Err(Failure::new(Exit::Arguments, why));
            }
            state_folder::is_ours(folder, FileRows::in_folder(folder), "what devices have numbered")?;
            let stopped = "; stop it, and then this can be written";
            let rows = FileRows::open(folder).map_err(|error| state_folder::not_opened(&error, stopped))?;
            rows.forget_old_runs(device).await.map_err(Failure::file)?
        }
    };
    let shown = mask(device);
    let Some(runs) = forgotten else {
        return Err(Failure::new(
            Exit::UnknownDevice,
            format!("{shown:?} has never numbered a message here"),
        ));
    };
    let plural = if runs == 1 { "" } else { "s" };
    say(format_args!("forgotten: {runs} run{plural} before the present one of {shown:?}"));
    Ok(())
}
