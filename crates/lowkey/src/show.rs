//! `lowkey show`: who is connected, as `wg show` says it.

use crate::admin_client::{arguments, ask, number, said};
use crate::failure::{EXIT_CODES, Exit, Failure};
use crate::terminal::{print, text};
use clap::{Arg, ArgAction, ArgMatches, Command};
use lowkey_host::text::clean;
use serde_json::Value;

pub(crate) fn command() -> Command {
    Command::new("show")
        .about("Show which devices are connected")
        .long_about("Show which devices are connected to the server on this machine, by its admin listener.")
        .after_help(EXIT_CODES)
        .args(arguments())
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("As JSON: times in seconds, amounts in bytes"),
        )
        .arg(Arg::new("device").value_name("DEVICE").help("Only this device, by its name"))
}

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    let (answer, mut value) = ask(of, "/sessions")?;
    let Some(name) = text(of, "device") else {
        return print(&if of.get_flag("json") { answer } else { all(&value) });
    };
    if let Some(sessions) = value["sessions"].as_array_mut() {
        sessions.retain(|session| session["device"].as_str() == Some(name));
    }
    match value["sessions"].get(0) {
        None => Err(Failure::new(
            Exit::Network,
            format_args!("{:?} is not connected; `lowkey doctor` says why, if it tried", clean(name)),
        )),
        Some(_) if of.get_flag("json") => print(&format!("{value}\n")),
        Some(session) => print(&block(session)),
    }
}

fn all(value: &Value) -> String {
    let sessions = value["sessions"].as_array().map_or(&[][..], Vec::as_slice);
    let mut shown = String::new();
    for session in sessions {
        shown += &block(session);
        shown.push('\n');
    }
    let totals = &value["totals"];
    let devices = if sessions.len() == 1 { "device" } else { "devices" };
    shown
        + &format!(
            "{} {devices} connected; since the server began {} received, {} sent\n",
            sessions.len(),
            amount(number(totals, "received_bytes")),
            amount(number(totals, "sent_bytes")),
        )
}

fn block(session: &Value) -> String {
    let labels = session["labels"].as_object().into_iter().flatten();
    let labels: Vec<String> = labels
        .map(|(label, value)| clean(&format!("{label}={}", value.as_str().unwrap_or_default())))
        .collect();
    let mut lines = vec![
        ("mode", said(session, "mode").unwrap_or_default()),
        ("id", said(session, "id").unwrap_or_default()),
        ("key", said(session, "key").unwrap_or_default()),
        ("from", said(session, "from").unwrap_or_else(|| "unknown".to_owned())),
        ("connected", format!("for {}", time(number(session, "connected_seconds")))),
        ("last record", format!("{} ago", time(number(session, "last_record_seconds")))),
        ("received", amount(number(session, "received_bytes"))),
        ("sent", amount(number(session, "sent_bytes"))),
        ("rekeys", number(session, "rekeys").to_string()),
    ];
    if let Some(code) = said(session, "paired_with") {
        lines.push(("paired with", format!("the code {code}")));
    }
    if !labels.is_empty() {
        lines.push(("labels", labels.join(", ")));
    }
    with_facts(&said(session, "device").unwrap_or_default(), &lines)
}

/// A name, and what is said of it.
pub(crate) fn with_facts(name: &str, facts: &[(&str, String)]) -> String {
    let mut block = format!("{name}\n");
    for (what, value) in facts {
        block += &format!("  {what:<12} {value}\n");
    }
    block
}

/// The two largest units.
pub(crate) fn time(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min {} s", seconds % 60),
        3600..86_400 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

fn amount(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1024 => return format!("{bytes} B"),
        1024..0x10_0000 => (1 << 10, "KiB"),
        0x10_0000..0x4000_0000 => (1 << 20, "MiB"),
        _ => (1 << 30, "GiB"),
    };
    let hundredths = u128::from(bytes) * 100 / unit;
    format!("{}.{:02} {name}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_times_are_short() {
        for (bytes, shown) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (1_600_000, "1.52 MiB"),
            (u64::MAX, "17179869183.99 GiB"),
        ] {
            assert_eq!(amount(bytes), shown);
        }
        for (seconds, shown) in [(59, "59 s"), (61, "1 min 1 s"), (7265, "2 h 1 min"), (90_000, "1 d 1 h")] {
            assert_eq!(time(seconds), shown);
        }
    }
}
