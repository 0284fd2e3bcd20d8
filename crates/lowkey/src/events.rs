//! `lowkey events`: what happens at a server, as it happens.

mod shown;

use crate::admin_client::{Admin, Followed, Unanswered, arguments, encode};
use crate::failure::{Exit, Failure};
use crate::show::{matches, style};
use crate::terminal::{print_on, say};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use lowkey_gateway::events::EventId;
use lowkey_host::text::steers;
use serde_json::Value;
use std::io;
use std::ops::ControlFlow;
use std::thread::sleep;
use std::time::Duration;

pub(crate) fn command() -> Command {
    Command::new("events")
        .about("Show what happens at the server: who comes, who goes, what is refused")
        .long_about(
            "Show what happens at the server on this machine, by its admin listener: the last of what it has kept, and \
             then what happens, until this is interrupted. Names and fields are those of the log. A server that is \
             started again is waited for; what was missed is said.",
        )
        .args(arguments())
        .args([
            Arg::new("json").long("json").action(ArgAction::SetTrue).help(
                "A JSON object a line, as `log.format = \"json\"` writes it, with its id for --since in front",
            ),
            Arg::new("only")
                .long("only")
                .value_name("EVENT")
                .value_delimiter(',')
                .action(ArgAction::Append)
                .help("Only events of this name, like lowkey.ended or ended"),
            Arg::new("last")
                .long("last")
                .value_name("N")
                .value_parser(value_parser!(u32))
                .default_value("10")
                .conflicts_with("since")
                .help("Begin with so many that have happened; the server keeps 16,384"),
            Arg::new("since")
                .long("since")
                .value_name("ID")
                .value_parser(|text: &str| text.parse::<EventId>())
                .help("Begin behind the event with this id"),
            Arg::new("no-follow")
                .long("no-follow")
                .action(ArgAction::SetTrue)
                .help("End with what has happened by now"),
            Arg::new("device")
                .value_name("DEVICE")
                .num_args(0..)
                .help("Only of these, by name; * stands for any characters, ? for one"),
        ])
}

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    let admin = Admin::of(of)?;
    let mut shown = Shown::of(of);
    let mut from = match of.get_one::<EventId>("since") {
        Some(id) => format!("since={id}"),
        None => format!("last={}", of.get_one::<u32>("last").unwrap_or(&0)),
    };
    let mut lost = false;
    loop {
        match admin.follow(&format!("/events?{from}{}", shown.query)) {
            Ok(mut followed) => {
                if std::mem::take(&mut lost) {
                    say("lowkey: the server is there again");
                }
                let ControlFlow::Continue(ended) = shown.all_of(&mut followed)? else { return Ok(()) };
                if of.get_flag("no-follow") && ended.is_ok() {
                    return Ok(());
                }
            }
            // It was there, and comes back.
            Err(Unanswered::Gone(_) | Unanswered::Late(_)) if shown.last.is_some() => (),
            Err(unanswered) => return Err(unanswered.into()),
        }
        if !std::mem::replace(&mut lost, true) {
            say("lowkey: the server is gone; waiting for it");
        }
        if let Some(id) = &shown.last {
            from = format!("since={id}");
        }
        sleep(AGAIN);
    }
}

/// What is shown, and how.
struct Shown {
    query: String,
    json: bool,
    devices: Vec<String>,
    /// The id of what came last.
    last: Option<EventId>,
}

impl Shown {
    fn of(of: &ArgMatches) -> Self {
        let only: Vec<String> =
            of.get_many::<String>("only").into_iter().flatten().map(|name| full(name)).collect();
        let mut query =
            if only.is_empty() { String::new() } else { format!("&only={}", encode(&only.join(","))) };
        if of.get_flag("no-follow") {
            query += "&end=now";
        }
        let devices = of.get_many("device").into_iter().flatten().cloned().collect();
        Self { query, json: of.get_flag("json"), devices, last: None }
    }

    /// Shows what comes until it ends, or breaks, or nobody reads it any more.
    fn all_of(&mut self, followed: &mut Followed) -> Result<ControlFlow<(), io::Result<()>>, Failure> {
        let mut data = None;
        loop {
            let line = match followed.next() {
                Ok(Some(line)) => line,
                Ok(None) => return Ok(ControlFlow::Continue(Ok(()))),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(strange()),
                Err(error) => return Ok(ControlFlow::Continue(Err(error))),
            };
            if let Some(id) = line.strip_prefix("id: ") {
                self.last = id.parse().ok();
            } else if let Some(json) = line.strip_prefix("data: ") {
                data = Some(json.to_owned());
            } else if line.is_empty()
                && let Some(json) = data.take()
                && self.show(&json)?.is_break()
            {
                return Ok(ControlFlow::Break(()));
            }
        }
    }

    fn show(&self, json: &str) -> Result<ControlFlow<()>, Failure> {
        let event: Value = serde_json::from_str(json).map_err(|_| strange())?;
        let of = event["device"].as_str();
        let chosen = |device| self.devices.iter().any(|pattern| matches(pattern, device));
        let is_missed = event["event"] == "lowkey.missed";
        if !self.devices.is_empty() && !is_missed && !of.is_some_and(chosen) {
            return Ok(ControlFlow::Continue(()));
        }
        if !self.json {
            return print_on(&(shown::text(&event, style()) + "\n"));
        }
        // Our server escapes what could steer a terminal; another program's may not.
        let rest = json.strip_prefix('{').filter(|json| !json.chars().any(steers)).ok_or_else(strange)?;
        let id = self.last.map(|id| id.to_string()).unwrap_or_default();
        print_on(&format!("{{\"event_id\":\"{id}\",{rest}\n"))
    }
}

fn strange() -> Failure {
    Failure::new(Exit::Network, "that is no event of a Lowkey server")
}

/// A name of an event as the log has it.
fn full(name: &str) -> String {
    if name.starts_with("lowkey.") { name.to_owned() } else { format!("lowkey.{name}") }
}

/// After which time a server that was lost is asked again.
const AGAIN: Duration = Duration::from_secs(2);
