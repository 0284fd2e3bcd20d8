//! An emulated LM3S6965 evaluation board.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use crate::{command::Result, setup};

/// How to start a [`Board`].
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The firmware.
    pub elf: &'a Path,
    /// The file that lies at the key page, if any.
    pub key_page: Option<&'a Path>,
    /// Where each Ethernet frame is written to (pcap), if anywhere.
    pub capture: Option<&'a Path>,
    /// Where its Ethernet leads.
    pub network: Network,
    /// The board's time to live: each wait ends by then.
    pub deadline: Duration,
}

impl<'a> Options<'a> {
    /// On a network that QEMU makes up, which nobody writes down.
    pub fn new(elf: &'a Path, key_page: &'a Path, deadline: Duration) -> Self {
        Self { elf, key_page: Some(key_page), capture: None, network: Network::MadeUp, deadline }
    }
}

/// Where a board's Ethernet leads.
#[derive(Clone, Copy)]
pub enum Network {
    /// To a network that QEMU makes up.
    MadeUp,
    /// The same, and `from` on this machine's loopback leads to the board's port `to`.
    Forwarded {
        /// A port of this machine.
        from: u16,
        /// A port of the board.
        to: u16,
    },
    /// To this port of this machine's loopback, where somebody takes the frames, each behind its length of four bytes.
    Segment(u16),
}

/// A running board: its network reaches this machine's loopback as 10.0.2.2 or is a segment of one's own, its serial
/// line is read line by line. Dropping it pulls the plug.
pub struct Board {
    qemu: Child,
    lines: mpsc::Receiver<String>,
    deadline: Instant,
    /// The last lines, to say with an error what came before.
    tail: VecDeque<String>,
    complaints: Arc<Mutex<String>>,
}

impl Board {
    /// Switches a board on.
    ///
    /// # Errors
    /// QEMU is missing and cannot be installed, or does not start.
    pub fn start(options: Options<'_>) -> Result<Self> {
        setup::ensure([&setup::QEMU])?;
        let network = match options.network {
            Network::MadeUp => "user,id=n0,model=stellaris".to_owned(),
            Network::Forwarded { from, to } => {
                format!("user,id=n0,model=stellaris,hostfwd=tcp:127.0.0.1:{from}-10.0.2.15:{to}")
            }
            Network::Segment(port) => format!("socket,id=n0,model=stellaris,connect=127.0.0.1:{port}"),
        };
        let mut command = Command::new("qemu-system-arm");
        command
            .args(["-M", "lm3s6965evb", "-display", "none", "-monitor", "none", "-serial", "stdio"])
            .args(["-nic", &network, "-kernel"])
            .arg(options.elf);
        if let Some(file) = options.key_page {
            command.args(["-device", &format!("loader,file={},addr={KEY_PAGE},force-raw=on", comma(file))]);
        }
        if let Some(file) = options.capture {
            command.args(["-object", &format!("filter-dump,id=f0,netdev=n0,file={}", comma(file))]);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut qemu =
            command.spawn().map_err(|error| format!("qemu-system-arm cannot be started: {error}"))?;
        let (sender, lines) = mpsc::channel();
        if let Some(serial) = qemu.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(serial).split(b'\n').map_while(std::result::Result::ok) {
                    let line = String::from_utf8_lossy(&line);
                    if sender.send(line.trim_end_matches('\r').to_owned()).is_err() {
                        break;
                    }
                }
            });
        }
        let complaints = Arc::new(Mutex::new(String::new()));
        if let Some(stderr) = qemu.stderr.take() {
            let complaints = Arc::clone(&complaints);
            thread::spawn(move || listen(stderr, &complaints));
        }
        let deadline = Instant::now() + options.deadline;
        Ok(Self { qemu, lines, deadline, tail: VecDeque::new(), complaints })
    }

    /// The next line the board says.
    ///
    /// # Errors
    /// The deadline has passed, QEMU has ended, or the firmware said that it stopped.
    pub fn line(&mut self) -> Result<String> {
        self.line_within(Duration::MAX)?.ok_or_else(|| self.report("the board ran out of time"))
    }

    /// The next line the board says, `None` if it says none within `patience`.
    ///
    /// # Errors
    /// As [`Board::line`].
    pub fn line_within(&mut self, patience: Duration) -> Result<Option<String>> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(left.min(patience)) {
            Ok(line) if STOPPED.iter().any(|words| line.starts_with(words)) => Err(self.report(&line)),
            Ok(line) => {
                if self.tail.len() == TAIL {
                    self.tail.pop_front();
                }
                self.tail.push_back(line.clone());
                Ok(Some(line))
            }
            Err(mpsc::RecvTimeoutError::Timeout) if patience < left => Ok(None),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(self.report("the board ran out of time")),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(self.report("QEMU ended")),
        }
    }

    /// Says a line to the board.
    ///
    /// # Errors
    /// QEMU has ended.
    pub fn say(&mut self, line: &str) -> Result<()> {
        let stdin = self.qemu.stdin.as_mut().ok_or("the board cannot be spoken to")?;
        Ok(stdin.write_all(format!("{line}\n").as_bytes())?)
    }

    /// Skips lines up to the next that begins with `start`, and returns what follows it there.
    ///
    /// # Errors
    /// As [`Board::line`].
    pub fn wait_for(&mut self, start: &str) -> Result<String> {
        loop {
            if let Some(rest) = self.line()?.strip_prefix(start) {
                return Ok(rest.to_owned());
            }
        }
    }

    fn report(&self, what: &str) -> Box<dyn std::error::Error + Send + Sync> {
        let mut message = what.to_owned();
        if !self.tail.is_empty() {
            message += "; before that the board said:";
        }
        for line in &self.tail {
            message += "\n  ";
            message += line;
        }
        // What a thread that died left behind is as good as the rest.
        for line in self.complaints.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).lines() {
            message += "\n  ";
            message += line;
        }
        message.into()
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// Keeps what QEMU complains about, but for what it says of every firmware that uses SysTick.
fn listen(stderr: impl Read, complaints: &Mutex<String>) {
    for line in BufReader::new(stderr).lines().map_while(std::result::Result::ok) {
        if line == "Timer with period zero, disabling" {
            continue;
        }
        if let Ok(mut text) = complaints.lock() {
            text.push_str(&line);
            text.push('\n');
        }
    }
}

/// `file` inside a QEMU option, where a comma is written twice.
fn comma(file: &Path) -> String {
    file.display().to_string().replace(',', ",,")
}

const KEY_PAGE: &str = "0x3F000";
const TAIL: usize = 20;
/// What the firmware says when it stops (its `halt` module).
const STOPPED: [&str; 3] = ["panicked", "hard fault", "unexpected interrupt"];
