//! `lowkey aside`: messages that what stores has refused for good, until a person has decided about them.
//!
//! A server that runs has them open and is asked, so that what it sets aside at the same moment is neither lost nor in
//! the way. With `--state` no server runs, and the file is opened here.

use crate::admin_client::{Admin, arguments, ask, encode, number, said};
use crate::failure::{Exit, Failure};
use crate::show::{Cell, Column, Side, Table, a_name, amount, flag, short_time, table_of};
use crate::sink::kept::Kept;
use crate::state_folder;
use crate::terminal::{new_file, path, print, print_bytes_for_keeps, say, text};
use clap::{Arg, ArgMatches, Command, value_parser};
use lowkey_gateway::admin::set_aside_as_json;
use lowkey_gateway::store::{Aside as _, Which};
use lowkey_host::numbered::RunId;
use lowkey_host::text::{Hex, clean, mask, unhex};
use lowkey_registry::codes::write_private;
use lowkey_sinks::{Aside, Bounds};
use serde_json::{Value, json};
use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::Runtime;

pub(crate) fn command() -> Command {
    let device = || Arg::new("device").value_name("DEVICE").value_parser(a_name);
    let run = || Arg::new("run").value_name("RUN").value_parser(run_id).help("Its run: 16 hex digits");
    let number =
        || Arg::new("number").value_name("NUMBER").value_parser(value_parser!(u64)).help("Its number");
    Command::new("aside")
        .about("See what messages were refused for good, and let go of them")
        .long_about(
            "See what messages were refused for good by what stores over HTTP or MQTT, and let go of them. The device \
             was told that such a message is acknowledged; it is kept in the server's `state` folder, until a person has \
             decided. While the server runs it is asked; what it sets aside at the same moment is listed then or the next \
             time, and is let go of only if it was there. Where it is stopped, --state names its folder.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("list")
                .about("List what is set aside: of one device, or of all")
                .long_about(
                    "List what is set aside, by device, run and number: when, how many bytes, with which status of HTTP or \
                     reason code of MQTT it was refused, and what was said. On a terminal it is a table as wide as that; \
                     elsewhere a line for each message with tabs, without headings, times in seconds and amounts in bytes. \
                     Exit code 12: nothing of that device is set aside, or this server sets nothing aside, as one that forwards \
                     to JetStream.",
                )
                .args(arguments())
                .args([state(), flag("json", "As JSON: times in seconds, amounts in bytes, numbers as texts")])
                .arg(device().help("Only those of this device")),
        )
        .subcommand(
            Command::new("show")
                .about("Write the bytes of a message that is set aside")
                .long_about(
                    "Write the bytes of a message that is set aside, as the device sent it: to a new file, which its owner \
                     alone may read, or to standard output, unless that is a terminal, which they could steer. The message \
                     stays where it is. The server is asked over the Unix socket of its admin listener, by its user, group, \
                     or root.",
                )
                .args(arguments())
                .args([state(), new_file("The new file; without it, standard output")])
                .args([device().required(true).help("The device"), run().required(true), number().required(true)]),
        )
        .subcommand(
            Command::new("free")
                .about("Let go of messages that are set aside: they are gone then")
                .long_about(
                    "Let go of one message that is set aside, or of all of a device: they are gone then, and there is room \
                     for others. A device that waited for room goes on by itself, within 30 s. The server is asked over the \
                     Unix socket of its admin listener, by its user, group, or root.",
                )
                .args(arguments())
                .args([state(), flag("all", "All of the device").conflicts_with_all(["run", "number"])])
                .args([
                    device().required(true).help("The device"),
                    run().required_unless_present("all"),
                    number().required_unless_present("all"),
                ]),
        )
}

fn state() -> Arg {
    Arg::new("state")
        .long("state")
        .value_name("FOLDER")
        .value_parser(value_parser!(PathBuf))
        .conflicts_with_all(["admin", "config"])
        .help("Ask no server, and open the file in this folder, the `state` of a server that is stopped")
}

fn run_id(text: &str) -> Result<RunId, &'static str> {
    let bytes = unhex(text).and_then(|bytes| bytes.try_into().ok());
    bytes.map(RunId::new).ok_or("a run is 16 hex digits, as `lowkey aside list` has it")
}

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    match of.subcommand() {
        Some(("list", of)) => list(of),
        Some(("show", of)) => show(of),
        Some(("free", of)) => free(of),
        _ => Ok(()), // clap has refused it
    }
}

fn list(of: &ArgMatches) -> Result<(), Failure> {
    let device = text(of, "device");
    let (json, value) = match opened(of)? {
        Some(Opened { kept, runtime }) => {
            let json = set_aside_as_json(&kept.held(), &runtime.block_on(kept.list(device)));
            let value = serde_json::from_str(&json).map_err(Failure::file)?;
            (json, value)
        }
        None => {
            let query = device.map(|device| format!("?device={}", encode(device))).unwrap_or_default();
            ask(of, &format!("/aside{query}"))?
        }
    };
    unless_it_failed(&value)?;
    let messages = value["messages"].as_array().map_or(&[][..], Vec::as_slice);
    match of.get_flag("json") {
        true => print(&json)?,
        false => match table_of(&value, &COLUMNS, messages.iter().map(row).collect()) {
            Table::ForPrograms(lines) => print(&lines)?,
            Table::ForPeople(table) => print(&(table + &sum(&value["held"])))?,
        },
    }
    match device {
        Some(device) if messages.is_empty() => Err(nothing(device, None)),
        _ => Ok(()),
    }
}

fn row(message: &Value) -> Vec<Cell> {
    let text = |field| Cell::plain(said(message, field).unwrap_or_default());
    let (ago, bytes) = (number(message, "seconds_ago"), number(message, "bytes"));
    vec![
        text("device"),
        text("run"),
        text("number"),
        Cell { said: short_time(ago), raw: ago.to_string() },
        Cell { said: amount(bytes), raw: bytes.to_string() },
        Cell::plain(number(message, "status").to_string()),
        text("why"),
    ]
}

/// How much it is of how much may be, and which devices wait for room.
fn sum(held: &Value) -> String {
    let is = format!("{} of at most {} messages", number(held, "messages"), number(held, "messages_limit"));
    let bytes = |field| amount(number(held, field));
    let mut sum = format!("{is}, {} of at most {}\n", bytes("bytes"), bytes("bytes_limit"));
    for device in held["full"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        sum += &format!("no room for more of {}\n", clean(device));
    }
    sum
}

fn show(of: &ArgMatches) -> Result<(), Failure> {
    let Some((device, run, number)) = named(of) else { return Ok(()) };
    let file = path(of, "output").filter(|file| *file != Path::new("-"));
    if file.is_none() && stdout().is_terminal() {
        let why = "what a device has said could steer this terminal; write it to a file with -o FILE, or into something \
                   that reads it";
        return Err(Failure::new(Exit::Arguments, why));
    }
    let bytes = match opened(of)? {
        Some(Opened { kept, runtime }) => {
            runtime.block_on(kept.message(device, run, number)).map_err(Failure::file)?
        }
        None => {
            let (run, device) = (Hex(run.as_bytes()), encode(device));
            let question = format!("/aside/message?device={device}&run={run}&number={number}");
            let (_, value) = Admin::behind_socket(of)?.ask(&question, PATIENCE)?;
            unless_it_failed(&value)?;
            value["hex"].as_str().and_then(unhex)
        }
    };
    let bytes = bytes.ok_or_else(|| nothing(device, Some((run, number))))?;
    match file {
        Some(file) => {
            write_private(file, &bytes).map_err(Failure::file)?;
            say(format_args!("{} bytes written to {}", bytes.len(), mask(&file.display().to_string())));
            Ok(())
        }
        None => print_bytes_for_keeps(&bytes),
    }
}

fn free(of: &ArgMatches) -> Result<(), Failure> {
    let device = text(of, "device").unwrap_or_default();
    let one = named(of).map(|(_, run, number)| (run, number));
    let freed = match opened(of)? {
        Some(Opened { kept, runtime }) => {
            let which = one.map_or(Which::All, |(run, number)| Which::One(run, number));
            runtime.block_on(kept.free(device, which)).map_err(Failure::file)?
        }
        None => {
            let asked = match one {
                Some((run, number)) => {
                    let run = Hex(run.as_bytes()).to_string();
                    json!({ "device": device, "run": run, "number": number.to_string() })
                }
                None => json!({ "all": true, "device": device }),
            };
            let admin = Admin::behind_socket(of)?;
            let value = admin.tell("/aside/free", &asked.to_string(), PATIENCE)?;
            unless_it_failed(&value)?;
            number(&value, "freed")
        }
    };
    if freed == 0 {
        return Err(nothing(device, one));
    }
    let plural = if freed == 1 { "" } else { "s" };
    say(format_args!("let go of: {freed} message{plural} of {:?}", mask(device)));
    Ok(())
}

/// The message that the arguments name, if they do.
fn named(of: &ArgMatches) -> Option<(&str, RunId, u64)> {
    let (run, number) = (of.get_one::<RunId>("run")?, of.get_one::<u64>("number")?);
    Some((text(of, "device")?, *run, *number))
}

/// What is set aside, opened here.
struct Opened {
    kept: Kept,
    runtime: Runtime,
}

/// The file in the folder that `--state` names, if it does.
fn opened(of: &ArgMatches) -> Result<Option<Opened>, Failure> {
    let Some(folder) = path(of, "state") else { return Ok(None) };
    state_folder::is_ours(folder, Aside::in_folder(folder), "what is set aside")?;
    let runs = "; leave --state away, and it is asked";
    let aside =
        Aside::open(folder, Bounds::default()).map_err(|error| state_folder::not_opened(&error, runs))?;
    Ok(Some(Opened { kept: Kept(aside), runtime: Runtime::new().map_err(Failure::file)? }))
}

fn unless_it_failed(answer: &Value) -> Result<(), Failure> {
    said(answer, "error").map_or(Ok(()), |why| Err(Failure::file(why)))
}

fn nothing(device: &str, one: Option<(RunId, u64)>) -> Failure {
    let device = mask(device);
    let why = match one {
        Some((run, number)) => {
            format!("no message {number} of the run {} of {device:?} is set aside", Hex(run.as_bytes()))
        }
        None => format!("nothing of {device:?} is set aside"),
    };
    Failure::new(Exit::UnknownDevice, why)
}

const COLUMNS: [Column; 7] = [
    Column { heading: "NAME", side: Side::Left, least: Some(10) },
    Column { heading: "RUN", side: Side::Left, least: None },
    Column { heading: "NUMBER", side: Side::Left, least: None },
    Column { heading: "AGO", side: Side::Right, least: None },
    Column { heading: "BYTES", side: Side::Right, least: None },
    Column { heading: "STATUS", side: Side::Right, least: None },
    Column { heading: "WHY", side: Side::Left, least: Some(10) },
];
const PATIENCE: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_have_called_or_said_steers_no_terminal() {
        let message = json!({
            "device": "a\u{202e}b\u{1b}[2J", "run": "abababababababab", "number": u64::MAX.to_string(),
            "seconds_ago": 90, "bytes": 2048, "status": 422, "why": "x\u{9b}\ny",
        });
        let cells = row(&message);
        let said: Vec<&str> = cells.iter().map(|cell| &*cell.said).collect();
        let [name, run, number] = ["a\\u{202e}b\\u{1b}[2J", "abababababababab", "18446744073709551615"];
        assert_eq!(said, [name, run, number, "1m 30s", "2.00 KiB", "422", "x\\u{9b}\\u{a}y"]);
        let held = json!({
            "messages": 2, "messages_limit": 10, "bytes": 0, "bytes_limit": 1024, "full": ["a\u{1b}b"],
        });
        let sum = sum(&held);
        assert_eq!(sum, "2 of at most 10 messages, 0 B of at most 1.00 KiB\nno room for more of a\\u{1b}b\n");
    }
}
