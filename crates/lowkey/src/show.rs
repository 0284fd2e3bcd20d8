//! `lowkey show`: who is connected and who is not, as a table, and all that is known of one device.

mod choice;
mod device;
mod table;
mod units;

pub(crate) use device::with_facts;
pub(crate) use units::time;

use crate::admin_client::{arguments, ask, encode, number, said};
use crate::config::nearest;
use crate::failure::{EXIT_CODES, Exit, Failure};
use crate::terminal::{self, print, text};
use choice::{Choice, ORDERS, is_name, sort};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use lowkey_host::text::clean;
use serde_json::Value;
use std::io::{IsTerminal, stdout};
use std::thread::sleep;
use std::time::Duration;
use table::{Cell, Column, Side, Style};
use units::{amount, short_time};

pub(crate) fn command() -> Command {
    Command::new("show")
        .about("Show which devices are connected, or which are not, or all that is known of one")
        .long_about(
            "Show which devices are connected to the server on this machine, by its admin listener; with --absent, \
             which of the registry are not, since when and why. One name alone shows all that the server knows and \
             remembers of that device. On a terminal it is a table as wide as that; elsewhere a line for each device \
             with tabs, without headings, times in seconds and amounts in bytes.",
        )
        .after_help(EXIT_CODES)
        .args(arguments())
        .args([
            flag("json", "As JSON: times in seconds, amounts in bytes"),
            flag("absent", "Those of the registry that are not connected"),
            Arg::new("sort")
                .long("sort")
                .value_name("COLUMN")
                .value_parser(PossibleValuesParser::new(ORDERS))
                .default_value("name")
                .help("In which order; the longest, the most or the latest first"),
            Arg::new("label")
                .long("label")
                .value_name("LABEL=VALUE")
                .action(ArgAction::Append)
                .value_parser(|text: &str| match text.split_once('=') {
                    Some((label, value)) => Ok((label.to_owned(), value.to_owned())),
                    None => Err("write it as LABEL=VALUE"),
                })
                .help("Only those with this label; all of them, if several are given"),
            Arg::new("watch")
                .long("watch")
                .value_name("SECONDS")
                .num_args(0..=1)
                .default_missing_value("2")
                .value_parser(value_parser!(u64).range(1..=3600))
                .help("Again and again, until it is interrupted [default: every 2 s]"),
            Arg::new("device")
                .value_name("DEVICE")
                .num_args(0..)
                .help("Only these, by name; * stands for any characters, ? for one"),
        ])
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    let Some(seconds) = of.get_one::<u64>("watch") else { return once(of, "") };
    let before = if stdout().is_terminal() { CLEAR } else { "" };
    loop {
        match once(of, before) {
            Err(failure) if !matches!(failure.exit, Exit::Absent | Exit::UnknownDevice) => {
                return Err(failure);
            }
            Err(failure) => print(&format!("{before}lowkey: {failure}\n"))?,
            Ok(()) => (),
        }
        sleep(Duration::from_secs(*seconds));
    }
}

/// Shows what is so now, behind `before`.
fn once(of: &ArgMatches, before: &str) -> Result<(), Failure> {
    let patterns: Vec<String> = of.get_many("device").into_iter().flatten().cloned().collect();
    match &patterns[..] {
        [name] if is_name(name) => one(of, name, before),
        _ => many(of, patterns, before),
    }
}

fn one(of: &ArgMatches, name: &str, before: &str) -> Result<(), Failure> {
    let (_, value) = ask(of, &format!("/devices?name={}", encode(name)))?;
    let Some(device) = value["devices"].get(0) else { return Err(unknown(of, name)?) };
    let shown = match of.get_flag("json") {
        true => format!("{device}\n"),
        false => stale(&value["server"], style()) + &device::block(device),
    };
    print(&format!("{before}{shown}"))?;
    if device["session"].is_object() {
        return Ok(());
    }
    let why =
        format!("{:?} is not connected; `lowkey doctor` says what is known of its attempts", clean(name));
    Err(Failure::new(Exit::Absent, why))
}

/// Nobody is called that; who is called nearly that.
fn unknown(of: &ArgMatches, name: &str) -> Result<Failure, Failure> {
    let (_, value) = ask(of, "/devices")?;
    let names =
        value["devices"].as_array().into_iter().flatten().filter_map(|device| device["device"].as_str());
    let near = nearest(name, names).map(|near| format!("; {near:?} is one")).unwrap_or_default();
    let why = format!("no device is called {:?}, and none was{near}", clean(name));
    Ok(Failure::new(Exit::UnknownDevice, why))
}

fn many(of: &ArgMatches, patterns: Vec<String>, before: &str) -> Result<(), Failure> {
    let (_, mut value) = ask(of, "/devices")?;
    let labels = of.get_many("label").into_iter().flatten().cloned().collect();
    let choice = Choice { patterns, labels };
    let is_absent = of.get_flag("absent");
    let Some(devices) = value["devices"].as_array_mut() else { return Ok(()) };
    devices.retain(|device| choice.takes(device));
    let registered = |device: &Value| device["registered"] == Value::Bool(true);
    let all = devices.iter().filter(|device| registered(device)).count();
    devices.retain(|device| match is_absent {
        true => registered(device) && !device["session"].is_object(),
        false => device["session"].is_object(),
    });
    sort(devices, text(of, "sort").unwrap_or_default());
    if of.get_flag("json") {
        return print(&format!("{before}{value}\n"));
    }
    let devices = value["devices"].as_array().map_or(&[][..], Vec::as_slice);
    let rows: Vec<Vec<Cell>> =
        devices.iter().map(if is_absent { absent_row } else { connected_row }).collect();
    if !stdout().is_terminal() {
        return print(&format!("{before}{}", table::for_programs(&rows)));
    }
    let columns: &[Column] = if is_absent { &ABSENT } else { &CONNECTED };
    let table = table::for_people(columns, &rows, terminal::width(), style());
    let what = if is_absent { "not connected" } else { "connected" };
    let stale = stale(&value["server"], style());
    print(&format!("{before}{stale}{table}{} of {all} devices {what}\n", devices.len()))
}

/// That the registry's file says something else by now, if it does.
fn stale(server: &Value, style: Style) -> String {
    let stale = said(server, "stale").map(|why| format!("the registry in force is not the file's: {why}"));
    stale.map(|stale| style.warning(&stale) + "\n").unwrap_or_default()
}

fn style() -> Style {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if stdout().is_terminal() && wanted { Style::Coloured } else { Style::Plain }
}

fn connected_row(device: &Value) -> Vec<Cell> {
    let session = &device["session"];
    let [age, last] =
        ["connected_seconds", "last_record_seconds"].map(|field| seconds(session[field].as_u64()));
    let bytes = |field| {
        let bytes = number(session, field);
        Cell { said: amount(bytes), raw: bytes.to_string() }
    };
    vec![
        name(device),
        age,
        address(session),
        Cell::plain(said(session, "mode").unwrap_or_default()),
        bytes("received_bytes"),
        bytes("sent_bytes"),
        last,
    ]
}

fn absent_row(device: &Value) -> Vec<Cell> {
    let refused = &device["refused"];
    let why = said(refused, "why");
    let why = why.map(|why| format!("{why} ({})", number(refused, "times"))).unwrap_or_default();
    vec![
        name(device),
        seconds(device["last_seen_seconds_ago"].as_u64()),
        address(device),
        Cell::plain(said(&device["ended"], "why").unwrap_or_default()),
        Cell::plain(why),
    ]
}

fn name(device: &Value) -> Cell {
    Cell::plain(said(device, "device").unwrap_or_default())
}

/// The port is the device's own choice, and for programs.
fn address(of: &Value) -> Cell {
    let raw = said(of, "from").unwrap_or_default();
    let ip = raw.parse().map(|address: std::net::SocketAddr| address.ip().to_string());
    Cell { said: ip.unwrap_or_else(|_| raw.clone()), raw }
}

/// A time, or that there was none.
fn seconds(seconds: Option<u64>) -> Cell {
    let raw = seconds.map(|seconds| seconds.to_string()).unwrap_or_default();
    Cell { said: seconds.map_or_else(|| "never".to_owned(), short_time), raw }
}

const CONNECTED: [Column; 7] = [
    Column { heading: "NAME", side: Side::Left, least: Some(10) },
    Column { heading: "FOR", side: Side::Right, least: None },
    Column { heading: "FROM", side: Side::Left, least: Some(9) },
    Column { heading: "MODE", side: Side::Left, least: None },
    Column { heading: "IN", side: Side::Right, least: None },
    Column { heading: "OUT", side: Side::Right, least: None },
    Column { heading: "LAST", side: Side::Right, least: None },
];
const ABSENT: [Column; 5] = [
    Column { heading: "NAME", side: Side::Left, least: Some(10) },
    Column { heading: "ABSENT", side: Side::Right, least: None },
    Column { heading: "LAST FROM", side: Side::Left, least: Some(9) },
    Column { heading: "LAST END", side: Side::Left, least: Some(8) },
    Column { heading: "REFUSED", side: Side::Left, least: Some(8) },
];
/// Clears a terminal and begins at its top.
const CLEAR: &str = "\x1b[H\x1b[2J";
