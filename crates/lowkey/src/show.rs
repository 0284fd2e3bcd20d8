//! `lowkey show`: who is connected and who is not, as a table, and all that is known of one device.

mod choice;
mod device;
mod screen;
mod table;
mod units;

pub(crate) use choice::{Choice, matches};
pub(crate) use device::{labels, with_facts};
pub(crate) use table::{Cell, Column, Side, Style};
use table::{for_people, for_programs};
pub(crate) use units::{amount, short_time, time};

use crate::admin_client::{arguments, ask, encode, number, said};
use crate::config::nearest;
use crate::failure::{Exit, Failure};
use crate::terminal::{self, print, print_on, say, text};
use choice::{ORDERS, is_name, sort};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use lowkey_host::text::clean;
use serde_json::Value;
use std::io::{IsTerminal, stdout};
use std::thread::sleep;
use std::time::Duration;

pub(crate) fn command() -> Command {
    Command::new("show")
        .about("Show which devices are connected, or which are not, or all that is known of one")
        .long_about(
            "Show which devices are connected to the server on this machine, by its admin listener; with --absent, \
             which of the registry are not, since when and why. One name alone shows all that the server knows and \
             remembers of that device. On a terminal it is a table as wide as that; elsewhere a line for each device \
             with tabs, without headings, times in seconds and amounts in bytes.",
        )
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
            label(),
            Arg::new("watch")
                .long("watch")
                .value_name("SECONDS")
                .num_args(0..=1)
                .default_missing_value("2")
                .value_parser(value_parser!(u64).range(1..=3600))
                .help("Again and again, until it is interrupted [default: every 2 s]"),
            devices(),
        ])
}

/// `--label`.
pub(crate) fn label() -> Arg {
    Arg::new("label")
        .long("label")
        .value_name("LABEL=VALUE")
        .action(ArgAction::Append)
        .value_parser(|text: &str| match text.split_once('=') {
            Some((label, value)) => Ok((label.to_owned(), value.to_owned())),
            None => Err("write it as LABEL=VALUE"),
        })
        .help("Only those with this label; all of them, if several are given")
}

/// Names and patterns.
pub(crate) fn devices() -> Arg {
    Arg::new("device")
        .value_name("DEVICE")
        .num_args(0..)
        .value_parser(a_name)
        .help("Only these, by name; * stands for any characters, ? for one")
}

pub(crate) fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

/// No name is empty.
pub(crate) fn a_name(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("write a name, and not nothing".to_owned()) } else { Ok(text.to_owned()) }
}

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    let Some(seconds) = of.get_one::<u64>("watch") else {
        let Shown { text, failure } = look(of)?;
        print(&text)?;
        return failure.map_or(Ok(()), Err);
    };
    loop {
        let text = match look(of) {
            Ok(Shown { text, failure: None }) => text,
            Ok(Shown { text, failure: Some(failure) }) => format!("{text}lowkey: {failure}\n"),
            Err(failure) if failure.exit == Exit::UnknownDevice => format!("lowkey: {failure}\n"),
            Err(failure) => return Err(failure),
        };
        let text = match stdout().is_terminal() {
            true => format!("{CLEAR}{}", screen::fit(&text, terminal::width(), terminal::height())),
            false => text,
        };
        if print_on(&text)?.is_break() {
            return Ok(());
        }
        sleep(Duration::from_secs(*seconds));
    }
}

/// What is printed, and what the command comes to after it.
struct Shown {
    text: String,
    failure: Option<Failure>,
}

impl From<String> for Shown {
    fn from(text: String) -> Self {
        Self { text, failure: None }
    }
}

/// What is so now.
fn look(of: &ArgMatches) -> Result<Shown, Failure> {
    let patterns: Vec<String> = of.get_many("device").into_iter().flatten().cloned().collect();
    let chooses = of.get_flag("absent") || of.contains_id("label");
    match &patterns[..] {
        [name] if is_name(name) && !chooses => one(of, name),
        _ => many(of, patterns, chooses),
    }
}

fn one(of: &ArgMatches, name: &str) -> Result<Shown, Failure> {
    let (_, value) = ask(of, &format!("/devices?name={}", encode(name)))?;
    let Some(device) = value["devices"].get(0) else {
        return Err(unknown(name, &ask(of, "/devices")?.1));
    };
    let text = match of.get_flag("json") {
        true => format!("{device}\n"),
        false => stale(&value["server"], style()) + &device::block(device),
    };
    let failure = (!device["session"].is_object()).then(|| {
        let why =
            format!("{:?} is not connected; `lowkey doctor` says what is known of its attempts", clean(name));
        Failure::new(Exit::Absent, why)
    });
    Ok(Shown { text, failure })
}

/// Nobody of these devices is called that; who is called nearly that.
pub(crate) fn unknown(name: &str, value: &Value) -> Failure {
    let names =
        value["devices"].as_array().into_iter().flatten().filter_map(|device| device["device"].as_str());
    let near = nearest(name, names).map(|near| format!("; {near:?} is one")).unwrap_or_default();
    let why = format!("no device is called {:?}, and none was{near}", clean(name));
    Failure::new(Exit::UnknownDevice, why)
}

fn many(of: &ArgMatches, patterns: Vec<String>, chooses: bool) -> Result<Shown, Failure> {
    let is_absent = of.get_flag("absent");
    let labels: Vec<(String, String)> = of.get_many("label").into_iter().flatten().cloned().collect();
    // Of many the server leaves out the others; where some are chosen here, how many there are is counted here too.
    let path = match (patterns.is_empty() && labels.is_empty(), is_absent) {
        (true, true) => "/devices?state=absent",
        (true, false) => "/devices?state=connected",
        (false, _) => "/devices",
    };
    let (_, mut value) = ask(of, path)?;
    let registered = number(&value["server"], "registered");
    let Some(devices) = value["devices"].as_array_mut() else { return Ok(String::new().into()) };
    if let [name] = &patterns[..] {
        match devices.iter().any(|device| device["device"] == **name) {
            true if !chooses => return one(of, name),
            false if is_name(name) => return Err(unknown(name, &value)),
            _ => (),
        }
    }
    let is_all = patterns.is_empty() && labels.is_empty();
    let choice = Choice::new(patterns, labels, devices);
    devices.retain(|device| choice.takes(device));
    let is_registered = |device: &Value| device["registered"] == Value::Bool(true);
    let all = devices.iter().filter(|device| is_registered(device)).count();
    let all = if is_all { registered } else { all as u64 };
    devices.retain(|device| match is_absent {
        true => is_registered(device) && !device["session"].is_object(),
        false => device["session"].is_object(),
    });
    sort(devices, text(of, "sort").unwrap_or_default());
    if of.get_flag("json") {
        return Ok(format!("{value}\n").into());
    }
    let devices = value["devices"].as_array().map_or(&[][..], Vec::as_slice);
    let row = if is_absent { absent_row } else { connected_row };
    let columns: &[Column] = if is_absent { &ABSENT } else { &CONNECTED };
    let table = match table_of(&value, columns, devices.iter().map(row).collect()) {
        Table::ForPrograms(lines) => return Ok(lines.into()),
        Table::ForPeople(table) => table,
    };
    let what = if is_absent { "not connected" } else { "connected" };
    let stale = stale(&value["server"], style());
    Ok(format!("{stale}{table}{} of {all} devices {what}\n", devices.len()).into())
}

/// A line for each device.
pub(crate) enum Table {
    ForPrograms(String),
    ForPeople(String),
}

/// The rows of all devices of an answer, and of each at which gateway it is, if there are several.
pub(crate) fn table_of(value: &Value, columns: &[Column], mut rows: Vec<Vec<Cell>>) -> Table {
    let mut columns = columns.to_vec();
    if value["server"]["gateways"].is_array() {
        columns.push(GATEWAY);
        let devices = value["devices"].as_array().into_iter().flatten();
        rows.iter_mut().zip(devices).for_each(|(row, device)| row.push(gateway(device)));
    }
    if stdout().is_terminal() {
        return Table::ForPeople(for_people(&columns, &rows, terminal::width(), style()));
    }
    silent(&value["server"]).for_each(|line| say(format_args!("lowkey: {line}")));
    Table::ForPrograms(for_programs(&rows))
}

/// Which gateways have not said what they know: their devices may be connected all the same.
fn silent(server: &Value) -> impl Iterator<Item = String> {
    let gateways = server["gateways"].as_array().into_iter().flatten();
    gateways.filter_map(|of| {
        let (name, error) = (said(of, "name")?, said(of, "error")?);
        Some(format!("the gateway {name:?} does not say what it knows: {error}"))
    })
}

/// That the registry's file says something else by now, if it does, that nobody is let in by one that is too old, and
/// which gateways are silent.
pub(crate) fn stale(server: &Value, style: Style) -> String {
    let stale = said(server, "stale").map(|why| format!("the registry in force is not the file's: {why}"));
    let nobody = (server["lets_nobody_in"] == Value::Bool(true))
        .then(|| "the registry may be out of date for so long that nobody is let in".to_owned());
    nobody.into_iter().chain(stale).chain(silent(server)).map(|line| style.warning(&line) + "\n").collect()
}

pub(crate) fn style() -> Style {
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
        from(session),
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
        from(device),
        Cell::plain(said(&device["ended"], "why").unwrap_or_default()),
        Cell::plain(why),
    ]
}

/// Where it is connected, or was last.
fn gateway(device: &Value) -> Cell {
    Cell::plain(said(device, "gateway").unwrap_or_default())
}

fn name(device: &Value) -> Cell {
    Cell::plain(said(device, "device").unwrap_or_default())
}

/// The port is the device's own choice, and for programs.
pub(crate) fn from(of: &Value) -> Cell {
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
/// The last one, where there are several.
const GATEWAY: Column = Column { heading: "GATEWAY", side: Side::Left, least: Some(7) };
/// Clears a terminal and begins at its top.
const CLEAR: &str = "\x1b[H\x1b[2J";
