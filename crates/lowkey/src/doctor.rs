//! `lowkey doctor`: why a device is refused, and what mends it.

use crate::admin_client::{arguments, ask, encode, said};
use crate::failure::{Exit, Failure};
use crate::show::a_name;
use crate::terminal::{self, print, text};
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::Value;
use std::io::{IsTerminal, stdout};
use unicode_width::UnicodeWidthStr;

pub(crate) fn command() -> Command {
    Command::new("doctor")
        .about("Say why a device is refused, and what mends it")
        .long_about(
            "Say why a device is refused, from the records and the keys of the server on this machine, and with \
             which command that is mended. Nothing of it is told to whoever is refused. The exit code is for scripts: \
             0, there is nothing to mend, and the device that was asked about is connected; 11, that is not; 12, \
             nobody is called that; 13, something is to be mended, at the server or at a device that it knows. \
             Strangers, who come and go, are no reason for it.",
        )
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
    let columns = if stdout().is_terminal() { terminal::width() } else { usize::MAX };
    print(&if of.get_flag("json") { answer } else { for_people(&value, columns) })?;
    verdict(about, findings(&value)).map_or(Ok(()), |exit| Err(Failure::said(exit)))
}

fn findings(value: &Value) -> &[Value] {
    value["findings"].as_array().map_or(&[], Vec::as_slice)
}

/// What a script is told; `None`: all is well.
fn verdict(about: Option<&str>, findings: &[Value]) -> Option<Exit> {
    let is = |finding: &Value, field: &str, text: &str| finding[field].as_str() == Some(text);
    if findings.iter().any(|finding| is(finding, "kind", "nobody")) {
        return Some(Exit::UnknownDevice);
    }
    let mut own = findings.iter().filter(|finding| about.is_some_and(|about| is(finding, "device", about)));
    if own.clone().next().is_some() && !own.any(|finding| is(finding, "kind", "connected")) {
        return Some(Exit::Absent);
    }
    let is_to_be_mended = |finding: &Value| {
        let is_stranger = finding["device"].is_null() && !finding["from"].is_null();
        !is_stranger && (finding["run"].is_string() || finding["advice"].is_string())
    };
    findings.iter().any(is_to_be_mended).then_some(Exit::ToMend)
}

fn for_people(value: &Value, columns: usize) -> String {
    let mut shown: Vec<String> = findings(value).iter().map(|of| finding(of, columns)).collect();
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

fn finding(of: &Value, columns: usize) -> String {
    let who = said(of, "who").unwrap_or_default();
    let head = format!("{who}  {}", said(of, "what").unwrap_or_default());
    let mut lines = wrapped(&words(&head), columns, "");
    for (what, field) in [("at", "gateway"), ("why", "why"), ("run", "run"), ("do", "advice")] {
        if let Some(text) = said(of, field) {
            let line = format!("  {what:<4} {text}");
            // A command goes on where the shell is told so.
            lines += &match field {
                "run" => wrapped(&options(&line), columns, " \\"),
                _ => wrapped(&words(&line), columns, ""),
            };
        }
    }
    lines
}

/// Lines of at most so many columns, if its parts are shorter; those behind the first are set in, and each but the last
/// ends with `mark`.
fn wrapped(parts: &[&str], columns: usize, mark: &str) -> String {
    let room = columns.saturating_sub(mark.len());
    let (mut lines, mut line) = (String::new(), String::new());
    for part in parts {
        if !line.is_empty() && line.width() + 1 + part.width() > room {
            lines += &format!("{line}{mark}\n");
            line = format!("{}{part}", " ".repeat(SET_IN));
        } else {
            line += if line.is_empty() { "" } else { " " };
            line += part;
        }
    }
    lines + &line + "\n"
}

/// `line` at its blanks, with those at its beginning and two together where they are.
fn words(line: &str) -> Vec<&str> {
    split(line, |_| true)
}

/// A command at its options: each stays with what it is given.
fn options(line: &str) -> Vec<&str> {
    split(line, |rest| rest.starts_with("--"))
}

/// At blanks between single letters that are not blank and not within quotes, before what `begins` a part.
fn split(line: &str, begins: impl Fn(&str) -> bool) -> Vec<&str> {
    let (mut parts, mut from, mut is_quoted) = (Vec::new(), 0, false);
    let bytes = line.as_bytes();
    let is_command = line.contains(" --");
    for (at, byte) in bytes.iter().enumerate() {
        is_quoted ^= is_command && *byte == b'\'';
        let alone = *byte == b' ' && at > 0 && bytes[at - 1] != b' ' && bytes.get(at + 1) != Some(&b' ');
        if alone && !is_quoted && begins(&line[at + 1..]) && !line[from..at].trim().is_empty() {
            parts.push(&line[from..at]);
            from = at + 1;
        }
    }
    parts.push(&line[from..]);
    parts
}

/// As far as what stands behind `run`.
const SET_IN: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_command_is_wrapped_so_that_a_shell_takes_it_as_one() {
        let run = "lowkey provision --rotate --name 'a --b  c' --server lkpub1 --registry /etc/x --output 'a --b  c.page'";
        let of = json!({ "who": "a", "what": "was refused", "why": "it is one of the many that have no key", "run": run });
        assert_eq!(
            finding(&of, usize::MAX),
            format!("a  was refused\n  why  it is one of the many that have no key\n  run  {run}\n")
        );
        let narrow = finding(&of, 40);
        assert_eq!(
            narrow,
            "a  was refused\n  why  it is one of the many that have\n       no key\n  \
             run  lowkey provision --rotate \\\n       --name 'a --b  c' \\\n       --server lkpub1 \\\n       \
             --registry /etc/x \\\n       --output 'a --b  c.page'\n"
        );
        assert_eq!(narrow.split_once("run  ").unwrap().1.replace("\\\n       ", "").trim_end(), run);
        assert!(narrow.lines().all(|line| line.width() <= 40), "{narrow}");
    }

    #[test]
    fn strangers_are_nothing_to_mend_and_a_device_that_is_gone_is() {
        let stranger = json!({ "kind": "unknown_key", "device": null, "from": "192.0.2.7:1", "run": "x" });
        let service = json!({ "kind": "service_down", "device": null, "from": null, "advice": "x" });
        let there = json!({ "kind": "connected", "device": "pump-7", "from": "192.0.2.7:1" });
        let boards =
            json!({ "kind": "two_boards", "device": "pump-7", "from": "192.0.2.7:1", "advice": "x" });
        let nobody = json!({ "kind": "nobody", "device": null, "run": "x" });
        for (about, findings, exit) in [
            (None, vec![], None),
            (None, vec![stranger.clone()], None),
            (None, vec![stranger, service], Some(Exit::ToMend)),
            (Some("pump-7"), vec![there.clone()], None),
            (Some("pump-7"), vec![there, boards.clone()], Some(Exit::ToMend)),
            (Some("pump-7"), vec![boards.clone()], Some(Exit::Absent)),
            (Some("192.0.2.7"), vec![boards], Some(Exit::ToMend)),
            (Some("pmup"), vec![nobody], Some(Exit::UnknownDevice)),
        ] {
            assert_eq!(verdict(about, &findings), exit, "{about:?} {findings:?}");
        }
    }
}
