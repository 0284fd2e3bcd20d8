//! What somebody types on the terminal, whatever standard input and output are.

use crate::failure::{Exit, Failure};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

/// Asks for a line; `instead` is how to say it without a terminal.
pub(crate) fn ask(prompt: &str, instead: &str) -> Result<Zeroizing<String>, Failure> {
    line(&terminal(instead)?, prompt)
}

/// The same, for what is not to be shown while it is typed.
pub(crate) fn ask_hidden(prompt: &str, instead: &str) -> Result<Zeroizing<String>, Failure> {
    let terminal = terminal(instead)?;
    let hidden = Hidden::begin(&terminal).map_err(|error| failed(&error))?;
    let line = line(&terminal, prompt);
    drop(hidden);
    let _ = (&terminal).write_all(b"\n"); // the end of the line was not shown either
    line
}

fn terminal(instead: &str) -> Result<File, Failure> {
    let none =
        |error| Failure::file(format_args!("there is no terminal to ask on: {error}; say it with {instead}"));
    OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(none)
}

/// One byte after another, so that nothing is read ahead and left unwiped.
fn line(mut terminal: &File, prompt: &str) -> Result<Zeroizing<String>, Failure> {
    terminal.write_all(prompt.as_bytes()).map_err(|error| failed(&error))?;
    let (mut line, mut byte) = (Zeroizing::new(Vec::with_capacity(LONGEST)), Zeroizing::new([0]));
    while line.len() < LONGEST
        && terminal.read(&mut *byte).map_err(|error| failed(&error))? == 1
        && *byte != *b"\n"
    {
        line.push(byte[0]);
    }
    let text = std::str::from_utf8(&line).map_err(|_| Failure::new(Exit::Arguments, "that was no text"))?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

fn failed(error: &io::Error) -> Failure {
    Failure::file(format_args!("terminal: {error}"))
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Hidden<'t>(&'t File, Termios);

impl<'t> Hidden<'t> {
    fn begin(terminal: &'t File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut hidden = before.clone();
        hidden.local_modes -= LocalModes::ECHO;
        tcsetattr(terminal, OptionalActions::Flush, &hidden)?;
        Ok(Self(terminal, before))
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.0, OptionalActions::Flush, &self.1); // a terminal that is gone shows nothing
    }
}

/// In bytes.
const LONGEST: usize = 1024;
