//! Whom a server is to pair with: the code, which is no argument, and what the device will be called.

#[cfg(unix)]
use crate::asking::{ask, ask_hidden};
use crate::config::time;
use crate::failure::{Exit, Failure};
use crate::signals::Signals;
use crate::terminal::{codes_in, path, text};
use clap::{Arg, ArgMatches, value_parser};
use lowkey_host::text::holds_a_secret;
use lowkey_host::{Code, Device, WindowInfo};
use lowkey_registry::{code_text, parse_code};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// `--name` and `--code`.
pub(crate) fn arguments() -> [Arg; 2] {
    [
        Arg::new("name")
            .long("name")
            .value_name("NAME")
            .help("What the server will call the device [default: asked on the terminal]"),
        Arg::new("code").long("code").value_name("FILE").value_parser(value_parser!(PathBuf)).help(
            "The file that the code stands in, of `lowkey code new`, or - for standard input [default: asked on the \
             terminal]",
        ),
    ]
}

/// How long a window is to be open.
pub(crate) fn window_time(text: &str) -> Result<Duration, &'static str> {
    match time::parse(text) {
        Some(time) if time.is_zero() || time > WindowInfo::LONGEST => {
            Err("a window is open for at most 24h, and longer than no time")
        }
        time => time.ok_or("no time such as 5m or 90s"),
    }
}

/// A code, and a name.
pub(crate) struct Invitation {
    pub(crate) device: String,
    pub(crate) code: Code,
}

impl Invitation {
    /// As the arguments say; what they do not say is asked, the name first.
    ///
    /// # Errors
    /// [`Exit::Arguments`]: the name is none, or a signal came. [`Exit::File`]: there is a typing error in the code, typed
    /// or in a file; a file cannot be read, or there is no terminal.
    pub(crate) async fn of(of: &ArgMatches, signals: &mut Signals) -> Result<Self, Failure> {
        Self::asked(text(of, "name"), path(of, "code"), signals).await
    }

    pub(crate) async fn asked(
        name: Option<&str>,
        code: Option<&Path>,
        signals: &mut Signals,
    ) -> Result<Self, Failure> {
        let device = match name {
            Some(name) => name.to_owned(),
            None => ask("what the server will call the device: ", "--name NAME", signals).await?.to_string(),
        };
        let wrong = |what: &str, why: String| Failure::new(Exit::Arguments, format_args!("{what}: {why}"));
        Device::new(&*device).map_err(|error| wrong("the name", error.to_string()))?;
        // A scanner types the label wherever it is asked, and a name stands in logs.
        if holds_a_secret(&device) {
            let why = "reads as a code or a key, and names are shown everywhere; choose another";
            return Err(wrong("the name", why.into()));
        }
        let code = match code {
            Some(file) => in_file(file)?,
            None => {
                let typed = ask_hidden("the code on its label (not shown): ", "--code FILE", signals).await?;
                parse_code(&typed).map_err(|error| Failure::file(format_args!("the code: {error}")))?
            }
        };
        Ok(Self { device, code })
    }

    /// What a server is asked, with one field more. Put together by hand, so that no copy of the code is left unwiped:
    /// in base32 nothing needs an escape.
    pub(crate) fn question(&self, field: &str, value: &Value) -> Zeroizing<String> {
        let (device, value, code) =
            (Value::from(&*self.device).to_string(), value.to_string(), code_text(&self.code));
        let parts =
            ["{\"device\":", &device, ",\"", field, "\":", &value, ",\"code\":\"", code.expose(), "\"}"];
        let mut question = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
        parts.iter().for_each(|part| question.push_str(part));
        question
    }
}

/// The one code of a file.
fn in_file(file: &Path) -> Result<Code, Failure> {
    let mut all = codes_in(file)?;
    match (all.pop(), all.len()) {
        (Some(code), 0) => Ok(code),
        _ => Err(Failure::file(format_args!(
            "{}: holds several codes; one device is paired at a time",
            file.display()
        ))),
    }
}

/// Where there is no such terminal.
#[cfg(not(unix))]
async fn ask(_prompt: &str, instead: &str, _: &mut Signals) -> Result<Zeroizing<String>, Failure> {
    Err(Failure::new(Exit::Arguments, format_args!("say it with {instead}")))
}

#[cfg(not(unix))]
use ask as ask_hidden;
