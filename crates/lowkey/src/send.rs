//! `lowkey send`: a message to a device that is connected.

use crate::admin_client::{Admin, arguments, number, said};
use crate::failure::{Exit, Failure};
use crate::show::a_name;
use crate::terminal::{print, text};
use clap::{Arg, ArgMatches, Command};
use lowkey_host::text::{Hex, clean};
use serde_json::json;
use std::io::{Read, stdin};
use std::time::Duration;

pub(crate) fn command() -> Command {
    Command::new("send")
        .about("Send a message to a device that is connected")
        .long_about(
            "Send a message to a device that is connected, and wait until its channel has received it, for 8 seconds \
             at most. The message is standard input, whole, or --text; it may have as many bytes as one record to the \
             device carries. For devices that speak in messages: in a stream of bytes, such as MQTT, it would stand in \
             the middle of something. The server is asked over the Unix socket of its admin listener, by its user, \
             group, or root. The exit code is 0 if the device has received it; 11, it is offline; 8, it is not known to \
             have received it: the line says whether it was sent at all.",
        )
        .args(arguments())
        .arg(Arg::new("text").long("text").value_name("TEXT").help("The message; without it, standard input"))
        .arg(Arg::new("name").required(true).value_name("NAME").value_parser(a_name).help("The device"))
}

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    let admin = Admin::behind_socket(of)?;
    let name = text(of, "name").unwrap_or_default();
    let message = match text(of, "text") {
        Some(text) => text.as_bytes().to_vec(),
        None => standard_input()?,
    };
    let too_long = "a message has at most 65,535 bytes, and as many as one record to the device carries";
    if message.len() > LONGEST {
        return Err(Failure::new(Exit::Arguments, too_long));
    }
    let asked = json!({ "device": name, "hex": Hex(&message).to_string(), "seconds": SECONDS }).to_string();
    let answer = admin.tell("/send", &asked, Duration::from_secs(2 * SECONDS + 4))?;
    let name = clean(name);
    if answer["received"] == true {
        let after = number(&answer, "after_milliseconds");
        return print(&format!("received by {name}'s channel after {after} ms\n"));
    }
    let exit = match answer["why"].as_str() {
        Some("offline") => Exit::Absent,
        Some("too_long") => Exit::Arguments,
        _ => Exit::Untaken,
    };
    let what = said(&answer, "what").unwrap_or_else(|| "it is not known to have received it".to_owned());
    Err(Failure::new(exit, format_args!("{name}: {what}")))
}

fn standard_input() -> Result<Vec<u8>, Failure> {
    let mut message = Vec::new();
    let read = stdin().take(LONGEST as u64 + 1).read_to_end(&mut message);
    read.map_err(|error| Failure::file(format_args!("standard input: {error}")))?;
    Ok(message)
}

/// In bytes: no record carries more.
const LONGEST: usize = 65_535;
/// How long the server waits for the device.
const SECONDS: u64 = 8;
