//! `lowkey list`: the registry in force, and what is remembered of each device in it; or what stands in a registry.

use crate::admin_client::{arguments, ask, said};
use crate::chosen::{self, Chosen};
use crate::config::time::{parse, show as show_span};
use crate::failure::Failure;
use crate::show::{
    Cell, Choice, Column, Side, Table, devices, flag, from, label, labels, short_time, stale, style, table_of,
};
use crate::terminal::{print, text};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};
use lowkey_host::show_time;
use lowkey_registry::{Listed, ListedPinning, Listing, keys};
use serde_json::{Map, Value, json};
use std::cmp::Reverse;
use std::collections::HashSet;
use std::time::{Duration, SystemTime};

pub(crate) fn command() -> Command {
    Command::new("list")
        .about("List the devices of the registry: when each was last there, and when its key ends")
        .long_about(
            "List the devices of the registry in force, by the admin listener of the server on this machine: whether \
             each is connected, when it was last there and from where, its mode, when its key ends, its labels. On a \
             terminal it is a table as wide as that; elsewhere a line for each device with tabs, without headings. With \
             --registry no server is asked: what stands in that registry is listed, whoever obeys it.",
        )
        .args(arguments())
        .args(chosen::arguments(
            "List what stands in this registry: a file, or tls://HOST:PORT/PREFIX that several servers share",
        ))
        .args([
            flag("json", "As JSON: what the server says of each"),
            Arg::new("expiring")
                .long("expiring")
                .value_name("TIME")
                .value_parser(|text: &str| parse(text).ok_or("write a time with its unit, as 30d or 12h"))
                .help("Only those with a key that ends within this time, or has ended; those that end first come first"),
            Arg::new("sort")
                .long("sort")
                .value_name("COLUMN")
                .value_parser(PossibleValuesParser::new(["name", "seen", "expires"]))
                .help("In which order: by name, the longest gone first, or what ends first [default: name]"),
            label(),
            devices(),
        ])
}

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    let mut value = match Chosen::of(of)? {
        Some(registry) => standing(&registry)?,
        None => in_force(of)?,
    };
    let Some(devices) = value["devices"].as_array_mut() else { return Ok(()) };
    let patterns: Vec<String> = of.get_many("device").into_iter().flatten().cloned().collect();
    let labels = of.get_many("label").into_iter().flatten().cloned().collect();
    let choice = Choice::new(patterns, labels, devices);
    devices.retain(|device| choice.takes(device));
    let all = devices.len();
    let within = of.get_one::<Duration>("expiring");
    if let Some(within) = within {
        devices.retain(|device| ends(device).is_some_and(|left| left <= within.as_secs()));
    }
    let order = text(of, "sort").unwrap_or(if within.is_some() { "expires" } else { "name" });
    match order {
        "seen" => {
            let is_there = |device: &Value| device["session"].is_object();
            devices.sort_by_key(|device| (is_there(device), Reverse(seen(device).unwrap_or(u64::MAX))));
        }
        "expires" => devices.sort_by_key(|device| ends(device).unwrap_or(u64::MAX)),
        _ => (),
    }
    if of.get_flag("json") {
        return print(&format!("{value}\n"));
    }
    let devices = value["devices"].as_array().map_or(&[][..], Vec::as_slice);
    let count = devices.len();
    let table = match table_of(&value, &COLUMNS, devices.iter().map(row).collect()) {
        Table::ForPrograms(lines) => return print(&lines),
        Table::ForPeople(table) => table,
    };
    let sum = match within {
        Some(within) => {
            format!("{count} of {all} devices have a key that ends within {}", show_span(*within))
        }
        None => format!("{all} devices"),
    };
    print(&format!("{}{table}{sum}\n", stale(&value["server"], style())))
}

/// What the server says of the registry that it has in force.
fn in_force(of: &ArgMatches) -> Result<Value, Failure> {
    let (_, mut value) = ask(of, "/devices?state=registered&with=pinnings")?;
    let left_out = ask(of, "/registry")?.1["left_out"].take();
    if let Some(devices) = value["devices"].as_array_mut() {
        add(devices, &left_out);
    }
    Ok(value)
}

/// What stands in a registry, in the same form. Nobody knows of it who was there.
fn standing(registry: &Chosen) -> Result<Value, Failure> {
    let Listing { devices, faulty, .. } = lowkey_registry::list(registry.target()).map_err(Failure::file)?;
    let pinning = |of: &ListedPinning| {
        let left =
            of.expires.map(|end| end.duration_since(SystemTime::now()).map_or(0, |left| left.as_secs()));
        json!({
            "expires": of.expires.map(show_time),
            "expires_seconds_left": left,
            "key": keys::encode_public(&of.key),
            "mode": if of.has_psk { "KKpsk0" } else { "KK" },
            "pending": of.is_pending,
        })
    };
    let listed = devices.iter().map(|Listed { device, pinnings, .. }| {
        let labels: Map<String, Value> =
            device.labels().map(|(label, value)| (label.to_owned(), value.into())).collect();
        let pinnings: Vec<Value> = pinnings.iter().map(pinning).collect();
        json!({ "device": device.name(), "labels": labels, "pinnings": pinnings, "standing": true })
    });
    let faulty = faulty.iter().map(|(name, why)| json!({ "device": name, "fault": why, "standing": true }));
    let mut devices: Vec<Value> = listed.chain(faulty).collect();
    devices.sort_by(|a, b| a["device"].as_str().cmp(&b["device"].as_str()));
    Ok(json!({ "devices": devices, "registry": registry.shown() }))
}

/// Those that stand in the registry and are not in force with any key.
fn add(devices: &mut Vec<Value>, left_out: &Value) {
    let name = |device: &Value| device["device"].as_str().map(str::to_owned);
    let mut known: HashSet<Option<String>> = devices.iter().map(name).collect();
    for out in left_out.as_array().into_iter().flatten() {
        if known.insert(name(out)) {
            devices.push(json!({ "device": out["device"], "left_out": out["why"], "registered": true }));
        }
    }
    devices.sort_by(|a, b| a["device"].as_str().cmp(&b["device"].as_str()));
}

fn row(device: &Value) -> Vec<Cell> {
    let is_connected = device["session"].is_object();
    let from = if is_connected { from(&device["session"]) } else { from(device) };
    vec![
        Cell::plain(said(device, "device").unwrap_or_default()),
        Cell::plain(state(device)),
        last(device),
        from,
        Cell::plain(modes(device)),
        end(device),
        Cell::plain(labels(device).join(",")),
    ]
}

fn state(device: &Value) -> &'static str {
    let is_pending = |pinning: &Value| pinning["pending"] == true;
    match seen(device) {
        _ if device["session"].is_object() => "connected",
        _ if device["left_out"].is_string() => "left out",
        _ if device["fault"].is_string() => "faulty",
        _ if pinnings(device).iter().any(is_pending) => "pending",
        _ if is_standing(device) => "",
        Some(_) => "absent",
        None => "never",
    }
}

/// Whether all that is known of it is that it stands in a registry.
fn is_standing(device: &Value) -> bool {
    device["standing"] == true
}

fn pinnings(device: &Value) -> &[Value] {
    device["pinnings"].as_array().map_or(&[], Vec::as_slice)
}

/// How many seconds ago it was last there.
fn seen(device: &Value) -> Option<u64> {
    if device["session"].is_object() { Some(0) } else { device["last_seen_seconds_ago"].as_u64() }
}

fn last(device: &Value) -> Cell {
    let said = match seen(device) {
        Some(_) if device["session"].is_object() => "now".to_owned(),
        Some(seconds) => short_time(seconds),
        None if is_standing(device) => String::new(),
        None => "never".to_owned(),
    };
    Cell { said, raw: seen(device).map(|seconds| seconds.to_string()).unwrap_or_default() }
}

fn modes(device: &Value) -> String {
    let modes: Vec<String> = pinnings(device).iter().filter_map(|pinning| said(pinning, "mode")).collect();
    modes.join(", ")
}

/// In how many seconds the first of its keys ends.
fn ends(device: &Value) -> Option<u64> {
    first_to_end(device)?["expires_seconds_left"].as_u64()
}

fn first_to_end(device: &Value) -> Option<&Value> {
    let ending = pinnings(device).iter().filter(|pinning| pinning["expires_seconds_left"].is_u64());
    ending.min_by_key(|pinning| pinning["expires_seconds_left"].as_u64())
}

fn end(device: &Value) -> Cell {
    let raw = first_to_end(device).and_then(|pinning| said(pinning, "expires")).unwrap_or_default();
    let said = match ends(device) {
        None => String::new(),
        Some(0) => "ended".to_owned(),
        Some(left) => format!("in {}", short_time(left)),
    };
    Cell { said, raw }
}

const COLUMNS: [Column; 7] = [
    Column { heading: "NAME", side: Side::Left, least: Some(10) },
    Column { heading: "STATE", side: Side::Left, least: None },
    Column { heading: "SEEN", side: Side::Right, least: None },
    Column { heading: "FROM", side: Side::Left, least: Some(9) },
    Column { heading: "MODE", side: Side::Left, least: Some(6) },
    Column { heading: "EXPIRES", side: Side::Left, least: None },
    Column { heading: "LABELS", side: Side::Left, least: Some(6) },
];
