//! `lowkey doctor`: why a device is refused, and what mends it.

use crate::admin_client::{arguments, ask, encode, said};
use crate::failure::{EXIT_CODES, Failure};
use crate::show::a_name;
use crate::terminal::{print, text};
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::Value;

pub(crate) fn command() -> Command {
    Command::new("doctor")
        .about("Say why a device is refused, and what mends it")
        .long_about(
            "Say why a device is refused, from the records and the keys of the server on this machine, and with \
             which command that is mended. Nothing of it is told to whoever is refused.",
        )
        .after_help(EXIT_CODES)
        .args(arguments())
        .arg(
            Arg::new("json").long("json").action(ArgAction::SetTrue).help("As JSON: times in seconds"),
        )
        .arg(
            Arg::new("about")
                .value_name("NAME|ID|ADDRESS")
                .value_parser(a_name)
                .help("A device's name, an id (text, or 0x and hex) or an IP address; without it, everybody"),
        )
}

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    let about = text(of, "about");
    let path = about.map_or_else(|| "/doctor".to_owned(), |about| format!("/doctor?about={}", encode(about)));
    let (answer, value) = ask(of, &path)?;
    print(&if of.get_flag("json") { answer } else { for_people(&value) })
}

fn for_people(value: &Value) -> String {
    let findings = value["findings"].as_array().map_or(&[][..], Vec::as_slice);
    let mut shown: Vec<String> = findings.iter().map(finding).collect();
    if shown.is_empty() {
        shown.push("no attempt that came to nothing is on record\n".to_owned());
    }
    if value["complete"] == Value::Bool(false) {
        shown.push(
            "There was no time to try every key on every attempt; ask about one device, id or address.\n"
                .to_owned(),
        );
    }
    shown.join("\n")
}

fn finding(of: &Value) -> String {
    let who = said(of, "who").unwrap_or_default();
    let mut lines = format!("{who}  {}\n", said(of, "what").unwrap_or_default());
    for (what, field) in [("why", "why"), ("run", "run"), ("do", "advice")] {
        if let Some(text) = said(of, field) {
            lines += &format!("  {what:<4} {text}\n");
        }
    }
    lines
}
