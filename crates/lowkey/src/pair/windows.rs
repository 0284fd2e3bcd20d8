//! `lowkey pair --list` and `--close`: the pairing windows of the server that runs, and its calls. Their codes are
//! never said, for the server does not tell them.

use super::{PATIENCE, fingerprint};
use crate::admin_client::{Admin, number, said};
use crate::failure::{Exit, Failure};
use crate::show::{time, with_facts};
use crate::terminal::{print, say};
use clap::{Arg, ArgAction, ArgMatches};
use serde_json::{Value, json};

/// `--list`, `--json` and `--close`.
pub(super) fn arguments() -> [Arg; 3] {
    [
        Arg::new("list").long("list").action(ArgAction::SetTrue).help(
            "Show the windows that are open, the calls that wait for an answer, and what came of the last ones",
        ),
        Arg::new("json")
            .long("json")
            .action(ArgAction::SetTrue)
            .requires("list")
            .conflicts_with("close")
            .help("With --list, as JSON: times in seconds"),
        Arg::new("close").long("close").value_name("NAME").help(
            "Close the window or end the call that is of this device, or of the code of this name; a pairing in it is cut \
             off",
        ),
    ]
}

pub(super) fn list(admin: &Admin, of: &ArgMatches) -> Result<(), Failure> {
    let (answer, value) = admin.ask("/pair", PATIENCE)?;
    if of.get_flag("json") {
        return print(&answer);
    }
    let (open, over): (Vec<&Value>, Vec<&Value>) = all(&value).iter().partition(|window| is_open(window));
    let mut shown = String::new();
    for window in open.iter().chain(&over) {
        shown += &block(window, open.iter().filter(|other| other["device"] == window["device"]).count());
        shown.push('\n');
    }
    let calls = open.iter().filter(|window| is_call(window)).count();
    print(&format!("{shown}windows open: {}; calls: {calls}; over: {}\n", open.len() - calls, over.len()))
}

/// Closes what is open of this device, or of the code of this name.
///
/// # Errors
/// [`Exit::UnknownDevice`]: there is none. [`Exit::Network`]: there is no server.
pub(super) fn close(admin: &Admin, name: &str) -> Result<(), Failure> {
    let (_, value) = admin.ask("/pair", PATIENCE)?;
    let open: Vec<&Value> = all(&value).iter().filter(|window| is_open(window)).collect();
    let of = |field: &str, name: &str| -> Vec<&Value> {
        open.iter().filter(|window| window[field] == *name).copied().collect()
    };
    let mut found = of("code", &name.to_lowercase());
    if found.is_empty() {
        found = of("device", name);
    }
    if found.is_empty() {
        let none = "no window and no call is open with this name; `lowkey pair --list` shows those that are";
        return Err(Failure::new(Exit::UnknownDevice, none)); // the name may be a code, typed by mistake
    }
    for window in found {
        close_one(admin, window)?;
    }
    Ok(())
}

fn close_one(admin: &Admin, window: &Value) -> Result<(), Failure> {
    let question = json!({ "window": number(window, "window") }).to_string();
    let answer = admin.tell("/pair/close", &question, PATIENCE)?;
    let (device, code) =
        (said(window, "device").unwrap_or_default(), said(window, "code").unwrap_or_default());
    let Some(closed) = all(&answer).first() else {
        let why = "was over before it could be closed; `lowkey pair --list` says what came of it";
        return Err(Failure::new(Exit::UnknownDevice, format_args!("{device:?} (code {code}) {why}")));
    };
    say(format_args!("closed: {device:?}, code {code}"));
    if let Some(key) = said(closed, "key") {
        say(format_args!(
            "a device was being paired and was cut off, fingerprint {}; if it is entered it may connect: `lowkey revoke` \
             takes {device:?} out",
            fingerprint(&key)
        ));
    } else if let Some(what) = said(&closed["trouble"], "what") {
        say(format_args!("a device came before, and was not paired: {what}"));
    }
    Ok(())
}

fn all(answer: &Value) -> &[Value] {
    answer["windows"].as_array().map_or(&[], Vec::as_slice)
}

fn is_open(window: &Value) -> bool {
    matches!(window["state"].as_str(), Some("waiting" | "met" | "pending"))
}

fn is_call(window: &Value) -> bool {
    window["caller"] == "server"
}

/// `namesakes` are open for the same device.
fn block(window: &Value, namesakes: usize) -> String {
    let caller = if is_call(window) { "the server" } else { "the device" };
    let mut facts = vec![
        ("code", said(window, "code").unwrap_or_default()),
        ("who calls", caller.to_owned()),
        ("state", state(window)),
    ];
    if is_open(window) {
        facts.push(("time left", time(number(window, "seconds_left"))));
        if namesakes > 1 {
            let what = format!("{namesakes} are open for this name; the first that pairs has it");
            facts.push(("beside it", what));
        }
    }
    if let Some(loser) = said(window, "loser") {
        facts
            .push(("told no", format!("another device with this code, fingerprint {}", fingerprint(&loser))));
    }
    if !is_open(window) {
        facts.push(("ended", format!("{} ago", time(number(window, "seconds_over")))));
    }
    with_facts(&said(window, "device").unwrap_or_default(), &facts)
}

fn state(window: &Value) -> String {
    let shown = said(window, "key").map(|key| fingerprint(&key)).unwrap_or_default();
    let trouble =
        said(&window["trouble"], "what").map(|what| format!("a device came, and was not paired: {what}"));
    let nobody = || "no device has come".to_owned();
    match window["state"].as_str().unwrap_or_default() {
        "waiting" if is_call(window) => "calling".to_owned(),
        "waiting" => format!("open; {}", trouble.unwrap_or_else(nobody)),
        "met" | "pending" => format!("a device is being paired, fingerprint {shown}"),
        "paired" => format!("paired, fingerprint {shown}"),
        "closed" if !shown.is_empty() => {
            format!("closed while a device was being paired, fingerprint {shown}")
        }
        "closed" => format!("closed; {}", trouble.unwrap_or_else(nobody)),
        _ => format!("over; {}", trouble.unwrap_or_else(nobody)),
    }
}
