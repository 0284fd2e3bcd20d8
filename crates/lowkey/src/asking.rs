//! What somebody types on the terminal, whatever standard input and output are.
//!
//! A thread waits for the keys, and we for it or for a signal, whichever comes first: so no signal ends us while the
//! terminal shows nothing. The thread stays behind then, and the caller does not wait for it.

use crate::failure::{Exit, Failure};
use crate::signals::Signals;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::future::{Future, poll_fn};
use std::io::{self, Read, Write};
use std::pin::pin;
use std::task::Poll;
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

/// Asks for a line; `instead` is how to say it without a terminal. A signal ends the question.
pub(crate) async fn ask(
    prompt: &'static str,
    instead: &str,
    signals: &mut Signals,
) -> Result<Zeroizing<String>, Failure> {
    let terminal = terminal(instead)?;
    typed(signals, move || line(&terminal, prompt)).await
}

/// The same, for what is not to be shown while it is typed. An interrupt from the keyboard ends the question as well,
/// and whatever ends it leaves the terminal as it was.
pub(crate) async fn ask_hidden(
    prompt: &'static str,
    instead: &str,
    signals: &mut Signals,
) -> Result<Zeroizing<String>, Failure> {
    let terminal = terminal(instead)?;
    let keys = terminal.try_clone().map_err(|error| failed(&error))?;
    let hidden = Hidden::begin(&terminal).map_err(|error| failed(&error))?;
    let line = typed(signals, move || hidden_line(&keys, prompt)).await;
    drop(hidden);
    let _ = (&terminal).write_all(b"\n"); // the end of the line was not shown either
    line
}

/// What comes of `line`, which waits for somebody, or of a signal.
async fn typed(
    signals: &mut Signals,
    line: impl FnOnce() -> Result<Zeroizing<String>, Failure> + Send + 'static,
) -> Result<Zeroizing<String>, Failure> {
    let mut line = pin!(spawn_blocking(line));
    poll_fn(|context| match signals.poll(context) {
        Poll::Ready(_) => Poll::Ready(Err(interrupted())),
        Poll::Pending => line.as_mut().poll(context).map(|line| line.map_err(Failure::file)?),
    })
    .await
}

fn interrupted() -> Failure {
    Failure::new(Exit::Arguments, "interrupted; nobody was asked to pair")
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
            Some(INTERRUPT) => return Err(interrupted()),
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
        // The keys of signals too: they are keys here, so that what was typed before them is thrown away first.
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
