//! `lowkey registry`: a registry that several servers share, from and to the file that people review.

use crate::config::nearest;
use crate::failure::{Exit, Failure};
use crate::forget_runs;
use crate::in_force::{NOT_ASKED, waiting};
use crate::nats::{address, arguments, came_to_nothing, obeyed, registrar, wait};
use crate::shared_arguments;
use crate::terminal::{path, print, print_on, say, server_key, text};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use lowkey_host::PublicKey;
use lowkey_host::text::{clean, mask};
use lowkey_nats::{Forgotten, NatsError, OnStale, Stored};
use lowkey_registry::keys;
use lowkey_registry::rows::{Sheet, server_of};
use lowkey_registry::text_file::{Trust, read};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::Runtime;

pub(crate) fn command() -> Command {
    let file = || Arg::new("file").value_name("FILE").value_parser(value_parser!(PathBuf));
    let server =
        || shared_arguments::server_key().help("The servers' public key, if the file does not name it");
    let flag = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let replicas = |help: &'static str| {
        let replicas = Arg::new("replicas").long("replicas").value_name("N").default_value("1");
        replicas.value_parser(value_parser!(u8).range(1..=5)).help(help)
    };
    Command::new("registry")
        .about("Share a registry between several servers, over NATS")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("push")
                .about("Put what a registry file says in the place of what the servers share")
                .long_about(
                    "Put what a registry file says in the place of what the servers share, row by row: what is the same is \
                     not touched. Ends with `in force` when every server has said that it obeys; exit code 7 names those \
                     that have not.",
                )
                .arg(file().required(true).help("The registry file"))
                .arg(address())
                .args(arguments())
                .arg(server())
                .arg(replicas("By how many servers of NATS a registry is kept that is made now"))
                .arg(flag("take-out").help("Take out however many devices the file does not have"))
                .arg(flag("anew").help(
                    "Take what NATS has for another registry than before, as after a backup was restored: servers that \
                     have read a later one take this",
                ))
                .args(waiting("How long the servers may take until they obey", "Ask no server whether it obeys")),
        )
        .subcommand(
            Command::new("pull")
                .about("Write what the servers share as a registry file")
                .arg(address())
                .arg(file().help("The new file; without it, standard output"))
                .args(arguments()),
        )
        .subcommand(
            Command::new("diff")
                .about("Say by which devices a registry file and what the servers share differ")
                .long_about(
                    "Say by which devices a registry file and what the servers share differ: + only in the file, - only \
                     shared, ~ otherwise. Exit code 7 if any do.",
                )
                .arg(file().required(true).help("The registry file"))
                .arg(address())
                .args(arguments())
                .arg(server()),
        )
        .subcommand(
            Command::new("forget")
                .about("Have nobody wait for a server any more that is gone for good")
                .arg(address())
                .arg(Arg::new("gateway").required(true).value_name("NAME").help("The server's name"))
                .args(arguments()),
        )
        .subcommand(
            Command::new("streams")
                .about("Make the streams of JetStream that `forward` stores devices' messages in")
                .long_about(
                    "Make the streams of JetStream that `forward` of this address stores devices' numbered messages in, and \
                     takes messages for devices out of, and the bucket of what is acknowledged beside them, if they are not \
                     there. What is there stays as it is, and must be of use. No registry is needed for them.\n\n\
                     With --queue a message is forgotten that a service has taken. A stream that is there and keeps its \
                     messages is not turned into such a one.",
                )
                .arg(address().help("What `forward` names: tls://HOST:PORT/PREFIX, or nats:// for this machine"))
                .args(arguments())
                .arg(replicas("By how many servers of NATS each is kept that is made now"))
                .arg(flag("queue").help(
                    "Make what devices number a queue, out of which one service takes it, and beside it what keeps which \
                     message was each device's last",
                ))
                .arg(
                    Arg::new("service").long("service").value_name("NAME").action(ArgAction::Append).help(
                        "Have a service of this name take devices' messages, by a consumer that is called as the name \
                         in hex; again for another",
                    ),
                ),
        )
        .subcommand(forget_runs::command())
        .subcommand(
            Command::new("watch")
                .about("Print changes of what the servers share as they happen, and how the servers stand to it")
                .arg(address())
                .args(arguments()),
        )
}

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    let runtime = Runtime::new().map_err(Failure::file)?;
    runtime.block_on(async {
        match of.subcommand() {
            Some(("push", of)) => push(of).await,
            Some(("pull", of)) => pull(of).await,
            Some(("diff", of)) => diff(of).await,
            Some(("forget", of)) => forget(of).await,
            Some(("streams", of)) => streams(of).await,
            Some(("forget-runs", of)) => forget_runs::run(of).await,
            Some(("watch", of)) => watch(of).await,
            _ => Ok(()), // clap has refused it
        }
    })
}

async fn push(of: &ArgMatches) -> Result<(), Failure> {
    let new = sheet(of)?;
    let registrar = registrar(of).await?;
    registrar.create(replicas(of)).await.map_err(|error| came_to_nothing(&error))?;
    let mut old = registrar.read().await.map_err(|error| came_to_nothing(&error))?;
    let differs = Differs::of(&old, &new);
    let most = A_FEW.max(old.sheet.rows.len() / 10);
    if differs.out.len() > most && !of.get_flag("take-out") {
        let what = format!(
            "nothing was written: it would take out {} of {} devices; if that is meant, say --take-out",
            differs.out.len(),
            old.sheet.rows.len()
        );
        return Err(Failure::new(Exit::Arguments, what));
    }
    if of.get_flag("anew") {
        registrar.begin_anew(&old).await.map_err(|error| came_to_nothing(&error))?;
        old = registrar.read().await.map_err(|error| came_to_nothing(&error))?;
    }
    let mut written = 0;
    let last = match registrar.write(&old, &new, &mut written).await {
        Ok(last) => last,
        Err(error) if written > 0 => {
            return Err(Failure::new(
                Exit::NotInForce,
                format!("{error}; {written} rows were written before that"),
            ));
        }
        Err(error) => return Err(came_to_nothing(&error)),
    };
    say(differs.summary());
    if of.get_flag("no-wait") {
        say(NOT_ASKED);
        return Ok(());
    }
    let time = of.get_one::<Duration>("wait").copied().unwrap_or_default();
    say(obeyed(wait(&registrar, last.unwrap_or(old.revision), time, "written, but").await?));
    Ok(())
}

async fn pull(of: &ArgMatches) -> Result<(), Failure> {
    let stored = registrar(of).await?.read().await.map_err(|error| came_to_nothing(&error))?;
    if let Some((name, why)) = stored.faulty.first() {
        return Err(Failure::file(format_args!("nothing was written: the row of {name:?}: {why}")));
    }
    let text = stored.sheet.text();
    let Some(file) = path(of, "file") else { return print(&text) };
    let written = OpenOptions::new().write(true).create_new(true).open(file);
    let written = written.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|error| Failure::file(format_args!("{}: {error}", file.display())))?;
    say(format_args!("{} written to {}", devices(stored.sheet.rows.len()), file.display()));
    Ok(())
}

async fn diff(of: &ArgMatches) -> Result<(), Failure> {
    let new = sheet(of)?;
    let stored = match registrar(of).await?.read().await {
        Ok(stored) => stored,
        Err(error @ NatsError::NoRegistry) => return Err(Failure::new(Exit::NotInForce, error)),
        Err(error) => return Err(came_to_nothing(&error)),
    };
    let differs = Differs::of(&stored, &new);
    let mut text = String::new();
    for (sign, names) in [("+", &differs.new), ("-", &differs.out), ("~", &differs.changed)] {
        names.iter().for_each(|name| text += &format!("{sign} {}\n", clean(name)));
    }
    print(&text)?;
    if differs.any() { Err(Failure::new(Exit::NotInForce, differs.summary())) } else { Ok(()) }
}

async fn forget(of: &ArgMatches) -> Result<(), Failure> {
    let name = text(of, "gateway").unwrap_or_default();
    let registrar = registrar(of).await?;
    let shown = mask(name);
    match registrar.forget(name).await.map_err(|error| came_to_nothing(&error))? {
        Forgotten::Done => {
            say(format_args!("forgotten: {shown:?}; if it runs after all, it is there again"));
            Ok(())
        }
        Forgotten::IsThere(silent) => {
            let why = format!("{shown:?} is there: it was heard {} s ago; stop it first", silent.as_secs());
            Err(Failure::new(Exit::NotInForce, why))
        }
        _ => {
            let stored = registrar.read().await.map_err(|error| came_to_nothing(&error))?;
            let near = nearest(name, stored.beats.keys().map(String::as_str));
            let near = near.map(|near| format!("; {near:?} is one")).unwrap_or_default();
            Err(Failure::new(Exit::Arguments, format!("no server is called {shown:?}{near}")))
        }
    }
}

async fn streams(of: &ArgMatches) -> Result<(), Failure> {
    let (is_queue, services) = (of.get_flag("queue"), of.get_many::<String>("service").unwrap_or_default());
    if is_queue && services.len() > 1 {
        return Err(Failure::new(Exit::Arguments, "a queue gives each message to one service: name one"));
    }
    let registrar = registrar(of).await?;
    let replicas = replicas(of);
    let made = async {
        let beside = match is_queue {
            true => Some(registrar.create_queue(replicas).await?),
            false => registrar.create_up(replicas).await?,
        };
        registrar.create_numbers(replicas).await?;
        registrar.create_down(replicas).await?;
        for service in services {
            registrar.create_consumer(service).await?;
        }
        Ok(beside)
    };
    let beside = made.await.map_err(|error| came_to_nothing(&error))?;
    let prefix = registrar.prefix();
    say(format_args!("the stream {prefix}-up takes what devices number, {prefix}-dn what they are sent"));
    if let Some(last) = beside {
        say(format_args!(
            "{prefix}-up forgets what is taken out of it; {last} keeps which message was each device's last"
        ));
    }
    Ok(())
}

fn replicas(of: &ArgMatches) -> usize {
    of.get_one::<u8>("replicas").copied().unwrap_or(1).into()
}

async fn watch(of: &ArgMatches) -> Result<(), Failure> {
    let registrar = registrar(of).await?;
    let mut ended = Ok(());
    let mut known: BTreeMap<String, (u64, bool)> = BTreeMap::new();
    let watched = registrar.watch(|stored, name| {
        let mut text = String::new();
        match name {
            None if known.is_empty() => {
                text += &format!("{}, revision {}\n", devices(stored.sheet.rows.len()), stored.revision);
            }
            None => (),
            Some(name) => {
                let what = if stored.sheet.rows.contains_key(name) { "written" } else { "taken out" };
                text += &format!("{}: {what}, revision {}\n", clean(name), stored.revision);
            }
        }
        for (name, (beat, _)) in &stored.beats {
            let now = (beat.revision, beat.over);
            if known.insert(name.clone(), now) != Some(now) {
                let stale = match beat.on_stale {
                    OnStale::Refuse => "refuses",
                    OnStale::Serve => "serves on",
                };
                let name = clean(name);
                text += &match beat.over {
                    true => format!("gateway {name}: has stopped\n"),
                    false => format!(
                        "gateway {name}: obeys revision {}; {} connected; {stale} after {} s without NATS\n",
                        beat.revision,
                        devices(usize::try_from(beat.sessions).unwrap_or(usize::MAX)),
                        beat.max_stale.as_secs()
                    ),
                };
            }
        }
        match print_on(&text) {
            Ok(ControlFlow::Continue(())) => true,
            Ok(ControlFlow::Break(())) => false,
            Err(failure) => {
                ended = Err(failure);
                false
            }
        }
    });
    watched.await.map_err(|error| came_to_nothing(&error))?;
    ended
}

/// The file that is named, in rows.
fn sheet(of: &ArgMatches) -> Result<Sheet, Failure> {
    let file = path(of, "file").unwrap_or(Path::new(""));
    let text = read(file, Trust::AnyOwner, LONGEST).map_err(|error| Failure::file(error.to_string()))?;
    let server = match server_of(&text) {
        Some(server) => server,
        None if of.contains_id("server") && of.get_one::<String>("server").is_some() => server_key(of)?,
        None => {
            let why = "the file does not say whose registry it is; name the servers' key with --server";
            return Err(Failure::new(Exit::Arguments, why));
        }
    };
    with_server(Sheet::of(&text, file, &server).map_err(Failure::file)?, &server)
}

/// A registry that is shared says for whom it is.
fn with_server(mut sheet: Sheet, server: &PublicKey) -> Result<Sheet, Failure> {
    if server_of(&sheet.head).is_none() {
        sheet.head = format!("server = \"{}\"\n{}", keys::encode_public(server), sheet.head);
    }
    Ok(sheet)
}

/// By which devices a file and what is shared differ.
struct Differs {
    /// How many there are in the file, as people say it.
    devices: String,
    new: Vec<String>,
    out: Vec<String>,
    changed: Vec<String>,
}

impl Differs {
    fn of(stored: &Stored, new: &Sheet) -> Self {
        let old = &stored.sheet.rows;
        let names = |of: &BTreeMap<String, _>, not: &dyn Fn(&str) -> bool| {
            of.keys().filter(|name| not(name)).cloned().collect::<Vec<String>>()
        };
        let differs = |name: &str| {
            old.get(name).zip(new.rows.get(name)).is_some_and(|(old, new)| old.text.trim() != new.text.trim())
        };
        Self {
            devices: devices(new.rows.len()),
            new: names(&new.rows, &|name| !old.contains_key(name)),
            out: names(old, &|name| !new.rows.contains_key(name)),
            changed: names(old, &differs),
        }
    }

    fn any(&self) -> bool {
        !(self.new.is_empty() && self.out.is_empty() && self.changed.is_empty())
    }

    fn summary(&self) -> String {
        let [new, out, changed] = [&self.new, &self.out, &self.changed].map(Vec::len);
        format!("{}: {new} new, {out} taken out, {changed} changed", self.devices)
    }
}

fn devices(n: usize) -> String {
    format!("{n} device{}", if n == 1 { "" } else { "s" })
}

/// So many devices may go without being asked for.
const A_FEW: usize = 5;
/// Two million devices.
const LONGEST: u64 = 256 << 20;
