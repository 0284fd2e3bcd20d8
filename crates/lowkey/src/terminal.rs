//! What stands on the command line, and what goes to standard output and standard error.

use crate::failure::{Exit, Failure};
use clap::{Arg, ArgMatches, value_parser};
use lowkey_host::{Code, PublicKey};
use lowkey_registry::{codes, keys};
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// A file that was named.
pub(crate) fn path<'m>(of: &'m ArgMatches, name: &str) -> Option<&'m Path> {
    of.get_one::<PathBuf>(name).map(PathBuf::as_path)
}

/// `-o`, for what [`secret_file`] gives.
pub(crate) fn new_file(help: &'static str) -> Arg {
    let file = Arg::new("output").long("output").short('o').value_name("FILE");
    file.value_parser(value_parser!(PathBuf)).help(help)
}

/// A new file for a secret. `-` is none: elsewhere it stands for standard output, where no key belongs.
pub(crate) fn secret_file<'m>(of: &'m ArgMatches, name: &str) -> Result<Option<&'m Path>, Failure> {
    match path(of, name) {
        Some(file) if file == Path::new("-") => {
            let why = "a secret goes to a file; \"-\" is not taken for one";
            Err(Failure::new(Exit::Arguments, format_args!("--{name}: {why}, nor for standard output")))
        }
        file => Ok(file),
    }
}

/// A text that was given.
pub(crate) fn text<'m>(of: &'m ArgMatches, name: &str) -> Option<&'m str> {
    of.get_one::<String>(name).map(String::as_str)
}

/// The codes of a file, or of standard input, which `-` stands for.
pub(crate) fn codes_in(file: &Path) -> Result<Vec<Code>, Failure> {
    let read = match file == Path::new("-") {
        true => codes::read_from(io::stdin(), Path::new("standard input")),
        false => codes::read(file),
    };
    read.map_err(Failure::file)
}

/// `--server`. Not read by clap, whose error would repeat a secret that stands there by mistake.
pub(crate) fn server_key(of: &ArgMatches) -> Result<PublicKey, Failure> {
    keys::parse_public(text(of, "server").unwrap_or_default())
        .map_err(|error| Failure::new(Exit::Arguments, format_args!("--server: {error}")))
}

/// A line on standard error.
pub(crate) fn say(line: impl fmt::Display) {
    let _ = writeln!(StandardError, "{line}"); // it gives no error
}

/// Standard error, for what is said and no more: where it cannot be written, a full disk or a reader that has gone, we
/// go on, and the exit code is that of what we do.
pub(crate) struct StandardError;

impl Write for StandardError {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What clap has to say, in colours where somebody looks.
pub(crate) fn rendered(said: &clap::Error, to: &impl IsTerminal) -> String {
    let text = said.render();
    if to.is_terminal() { text.ansi().to_string() } else { text.to_string() }
}

/// To standard output, as far as anybody reads: one who has seen enough, such as `head`, has had what he wanted.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    print_on(text).map(drop)
}

/// The same again and again: whether anybody still reads.
pub(crate) fn print_on(text: &str) -> Result<ControlFlow<()>, Failure> {
    match write(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        written => written.map(ControlFlow::Continue).map_err(|error| unprinted(&error)),
    }
}

fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

fn unprinted(error: &io::Error) -> Failure {
    Failure::file(format_args!("standard output: {error}"))
}

/// How many columns the terminal has that standard output is; 80 if nobody says.
pub(crate) fn width() -> usize {
    size().map_or(80, |(columns, _)| columns)
}

/// How many lines it has, if anybody says.
pub(crate) fn height() -> Option<usize> {
    size().map(|(_, lines)| lines).filter(|lines| *lines > 0)
}

/// Columns and lines.
fn size() -> Option<(usize, usize)> {
    #[cfg(unix)]
    return rustix::termios::tcgetwinsize(io::stdout())
        .ok()
        .filter(|size| size.ws_col > 0)
        .map(|size| (size.ws_col.into(), size.ws_row.into()));
    #[cfg(not(unix))]
    None
}

/// The same for what exists nowhere else: it is an error if nobody reads it, or standard output is closed.
pub(crate) fn print_for_keeps(text: &str) -> Result<(), Failure> {
    print_bytes_for_keeps(text.as_bytes())
}

/// The same of what is no text.
pub(crate) fn print_bytes_for_keeps(bytes: &[u8]) -> Result<(), Failure> {
    #[cfg(unix)]
    if is_stand_in(&io::stdout()).unwrap_or(false) {
        return Err(Failure::file("standard output: is closed"));
    }
    write(bytes).map_err(|error| unprinted(&error))
}

/// Whether this is what the standard library puts in the place of a descriptor that is closed: the null device, open
/// for reading as well, which a shell that is told to throw output away does not do.
#[cfg(unix)]
fn is_stand_in(output: &io::Stdout) -> io::Result<bool> {
    use rustix::fs::{OFlags, fcntl_getfl, fstat, stat};
    let (ours, null) = (fstat(output)?, stat("/dev/null")?);
    let to_be_read = fcntl_getfl(output)?.contains(OFlags::RDWR);
    Ok(to_be_read && (ours.st_mode, ours.st_rdev) == (null.st_mode, null.st_rdev))
}
