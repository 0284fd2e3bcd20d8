//! The server's side of the board's `network-trial`: one connection after another, each played as the trial of that
//! place in the firmware's list expects.

use std::{
    fs,
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    path::Path,
    process,
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::{
    command::Result,
    qemu::{Board, Options},
};
use xtask::pattern::Pattern;

/// Boots `elf`, the board's `network-trial`, and plays the server until it has passed all of its trials.
///
/// # Errors
/// The trial that failed, on either side, or that time ran out.
pub(crate) fn run(elf: &Path) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    // Held but not listening would be better; a port that was just given back is not given out again soon.
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let mut page = Vec::new();
    page.extend(listener.local_addr()?.port().to_be_bytes());
    page.extend(closed.to_be_bytes());
    let file = elf.with_file_name(format!("network-trial-{}.page", process::id()));
    fs::write(&file, page)?;
    let played = play(elf, &file, listener);
    fs::remove_file(&file)?;
    played
}

fn play(elf: &Path, page: &Path, listener: TcpListener) -> Result<()> {
    let mut board = Board::start(Options::new(elf, page, DEADLINE))?;
    let (sender, verdicts) = mpsc::channel();
    // Not joined: if the board never comes, it waits in `accept` until the process ends.
    thread::spawn(move || {
        for (name, serve) in SCRIPT {
            let played = listener.accept().and_then(|(stream, _)| {
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                serve(stream)
            });
            let verdict = played.map_err(|error| format!("{name}, the server's side: {error}"));
            if sender.send(verdict).is_err() {
                return;
            }
        }
    });
    let mut passed = 0;
    loop {
        let line = board.line()?;
        println!("   {line}");
        if line.starts_with("failed:") {
            let servers = verdicts.try_iter().find_map(std::result::Result::err);
            return Err(servers.map_or(line.clone(), |side| format!("{line}; {side}")).into());
        }
        passed += usize::from(line.starts_with("ok:"));
        if line == "the end" {
            break;
        }
    }
    if passed != TRIALS {
        return Err(format!("{passed} of {TRIALS} trials were run").into());
    }
    for _ in SCRIPT {
        verdicts.recv_timeout(PATIENCE)??;
    }
    Ok(())
}

type Serve = fn(TcpStream) -> io::Result<()>;

const SCRIPT: [(&str, Serve); 6] = [
    ("64 KiB each way", echo_64_kib),
    ("no lost wake-up", echo),
    ("reset", reset),
    ("read times out and goes on", answer_when_asked),
    ("slow reader", flood),
    ("close", echo),
];

/// Checks what comes, sends it back and hangs up after 64 KiB.
fn echo_64_kib(mut stream: TcpStream) -> io::Result<()> {
    let mut pattern = Pattern::new();
    let mut buffer = [0; 4_096];
    let mut left = BULK;
    while left > 0 {
        let length = stream.read(&mut buffer)?;
        if length == 0 || length > left {
            return Err(io::Error::other(format!("{left} bytes before the end came {length}")));
        }
        if buffer[..length].iter().any(|byte| *byte != pattern.next()) {
            return Err(io::Error::other(format!("wrong bytes, {left} before the end")));
        }
        stream.write_all(&buffer[..length])?;
        left -= length;
    }
    hang_up(stream)
}

/// Sends everything back until the board ends its direction, then ends ours.
fn echo(mut stream: TcpStream) -> io::Result<()> {
    io::copy(&mut stream.try_clone()?, &mut stream)?;
    stream.shutdown(Shutdown::Write)
}

/// Hangs up with bytes unread, which Linux and the BSDs turn into a reset.
fn reset(mut stream: TcpStream) -> io::Result<()> {
    let mut byte = [0];
    stream.read_exact(&mut byte)
}

fn answer_when_asked(mut stream: TcpStream) -> io::Result<()> {
    let mut byte = [0];
    stream.read_exact(&mut byte)?;
    stream.write_all(b"!")?;
    // Until the board cuts the connection, by a reset or by an end.
    match stream.read(&mut byte) {
        Ok(0) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(()),
        Ok(_) => Err(io::Error::other("more bytes than one")),
        Err(error) => Err(error),
    }
}

/// Sends 64 KiB as fast as they are taken.
fn flood(mut stream: TcpStream) -> io::Result<()> {
    let mut go = [0; 2];
    stream.read_exact(&mut go)?;
    let mut pattern = Pattern::new();
    let bytes: Vec<u8> = (0..BULK).map(|_| pattern.next()).collect();
    stream.write_all(&bytes)?;
    hang_up(stream)
}

/// Ends our direction and waits for the board's end: closing earlier could reset what it has not read yet.
fn hang_up(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    match stream.read(&mut [0])? {
        0 => Ok(()),
        _ => Err(io::Error::other("bytes behind the end")),
    }
}

/// As many as the firmware lists: some need no server.
const TRIALS: usize = 10;
const BULK: usize = 65_536;
const PATIENCE: Duration = Duration::from_secs(30);
const DEADLINE: Duration = Duration::from_secs(60);
