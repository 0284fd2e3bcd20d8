//! What somebody types on the terminal, whatever standard input and output are.

use crate::failure::{Exit, Failure};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

/// Asks for a line; `instead` is how to say it without a terminal.
pub(crate) fn ask(prompt: &str, instead: &str) -> Result<Zeroizing<String>, Failure> {
    line(&terminal(instead)?, prompt)
}

/// The same, for what is not to be shown while it is typed. An interrupt ends the question and leaves the terminal as
/// it was.
pub(crate) fn ask_hidden(prompt: &str, instead: &str) -> Result<Zeroizing<String>, Failure> {
    let terminal = terminal(instead)?;
    let hidden = Hidden::begin(&terminal).map_err(|error| failed(&error))?;
    let line = hidden_line(&terminal, prompt);
    drop(hidden);
    let _ = (&terminal).write_all(b"\n"); // the end of the line was not shown either
    line
}

fn terminal(instead: &str) -> Result<File, Failure> {
    let none =
        |error| Failure::file(format_args!("there is no terminal to ask on: {error}; say it with {instead}"));
    OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(none)
}

/// What the terminal gives of a line, which it lets be corrected.
fn line(mut terminal: &File, prompt: &str) -> Result<Zeroizing<String>, Failure> {
    terminal.write_all(prompt.as_bytes()).map_err(|error| failed(&error))?;
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    while let Some(byte) = key(terminal)?.filter(|byte| *byte != b'\n' && line.len() < LONGEST) {
        line.push(byte);
    }
    text(&line)
}

/// The same of a terminal that gives each key at once.
fn hidden_line(mut terminal: &File, prompt: &str) -> Result<Zeroizing<String>, Failure> {
    terminal.write_all(prompt.as_bytes()).map_err(|error| failed(&error))?;
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    loop {
        match key(terminal)? {
            None | Some(b'\r' | b'\n' | END) => return text(&line),
            Some(INTERRUPT) => {
                return Err(Failure::new(Exit::Arguments, "interrupted; nobody was asked to pair"));
            }
            Some(BACKSPACE | DELETE) => drop(line.pop()),
            Some(KILL) => line.clear(),
            Some(byte) if line.len() < LONGEST => line.push(byte),
            Some(_) => (),
        }
    }
}

/// The next byte, alone, so that nothing is read ahead and left unwiped; `None` at the end.
fn key(mut terminal: &File) -> Result<Option<u8>, Failure> {
    let mut byte = [0];
    let read = terminal.read(&mut byte).map_err(|error| failed(&error))?;
    Ok((read == 1).then_some(byte[0]))
}

fn text(line: &[u8]) -> Result<Zeroizing<String>, Failure> {
    let text = std::str::from_utf8(line).map_err(|_| Failure::new(Exit::Arguments, "that was no text"))?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

fn failed(error: &io::Error) -> Failure {
    Failure::file(format_args!("terminal: {error}"))
}

/// A terminal that shows nothing of what is typed and gives each key at once, until this is dropped.
struct Hidden<'t>(&'t File, Termios);

impl<'t> Hidden<'t> {
    fn begin(terminal: &'t File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut hidden = before.clone();
        // A signal would end us here, and leave a terminal that shows nothing.
        hidden.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
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
/// What keys give that are no letters: Ctrl-C, Ctrl-D, Ctrl-U, and both that are called backspace.
const INTERRUPT: u8 = 3;
const END: u8 = 4;
const KILL: u8 = 21;
const BACKSPACE: u8 = 8;
const DELETE: u8 = 127;
