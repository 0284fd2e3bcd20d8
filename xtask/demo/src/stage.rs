//! Keys, files and the server: everything but the board, made with the real `lowkey` command.

use demo::timeline::{Line, Voice, Who};
use std::{
    fs::{self, OpenOptions},
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    thread,
};
use xtask::command::Result;

/// A folder with a server's key, a registry and a board's key page.
pub(crate) struct Stage {
    lowkey: PathBuf,
    pub(crate) folder: PathBuf,
    /// The port that the board was told.
    pub(crate) port: u16,
}

impl Stage {
    /// Makes everything anew in `folder`, for a board that connects to `port`.
    ///
    /// # Errors
    /// What `lowkey` said.
    pub(crate) fn set(lowkey: &Path, folder: &Path, port: u16) -> Result<Self> {
        let stage = Self::empty(lowkey, folder, port)?;
        stage.lowkey(&["keygen", "-o", "server.key"])?;
        stage.lowkey(&["keygen", "--psk", "-o", "board.psk"])?;
        let server = stage.lowkey(&["pubkey", "server.key"])?;
        let address = format!("10.0.2.2:{port}");
        stage.lowkey(&[
            "provision",
            "--name",
            "board-1",
            "--server-key",
            server.trim(),
            "--address",
            &address,
            "--psk-file",
            "board.psk",
            "--registry",
            "devices.toml",
            "--no-wait",
            "--format",
            "bin",
            "-o",
            "board.page",
        ])?;
        stage.lowkey(&["keygen", "-o", "desk.key"])?;
        let desk = stage.lowkey(&["pubkey", "desk.key"])?;
        let mut registry = OpenOptions::new().append(true).open(stage.folder.join("devices.toml"))?;
        write!(registry, "\n[[device]]\nname = \"desk\"\nkey = \"{}\"\n", desk.trim())?;
        Ok(stage)
    }

    /// An empty folder, for a server on `port`.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub(crate) fn empty(lowkey: &Path, folder: &Path, port: u16) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        Ok(Self { lowkey: lowkey.to_owned(), folder: folder.to_owned(), port })
    }

    /// The board's key page.
    pub(crate) fn page(&self) -> PathBuf {
        self.folder.join("board.page")
    }

    /// Starts `lowkey serve --echo` on `port` of the loopback (0: on any, and it says on which); what it says goes to
    /// `voice`.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn serve(&self, port: u16, voice: &Voice) -> Result<Server> {
        let address = format!("127.0.0.1:{port}");
        let files = ["--key", "server.key", "--devices", "devices.toml"];
        let mut command = self.command(&["serve", "--echo", "--listen", &address]);
        command.args(files).env("RUST_LOG", "lowkey=debug").env("NO_COLOR", "1");
        Server::start(command, voice)
    }

    /// Starts the backend example, with the same key and registry, on the board's port.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn backend(&self, program: &Path, voice: &Voice) -> Result<Server> {
        let address = format!("127.0.0.1:{}", self.port);
        let mut command = Command::new(program);
        command.args(["server.key", "devices.toml", &address]).current_dir(&self.folder).stdin(Stdio::null());
        Server::start(command, voice)
    }

    /// Starts `lowkey connect` as the device `desk`, to the board's port, with `input` to send.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn client(&self, input: &str) -> Result<Child> {
        let server = self.lowkey(&["pubkey", "server.key"])?;
        let address = format!("127.0.0.1:{}", self.port);
        let mut child = self
            .command(&["connect", &address, "--key", "desk.key", "--server", server.trim()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        Ok(child)
    }

    /// Starts `lowkey serve --echo` with this key and registry and an admin listener, on the stage's port.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn serve_as(&self, key: &str, registry: &str, voice: &Voice) -> Result<Server> {
        let address = format!("127.0.0.1:{}", self.port);
        let mut command = self.command(&["serve", "--echo", "--listen", &address, "--admin", ADMIN]);
        command.args(["--key", key, "--devices", registry]);
        command.env("RUST_LOG", "lowkey=debug").env("NO_COLOR", "1");
        Server::start(command, voice)
    }

    /// Starts `lowkey pair` with these arguments, as an operator would beside the server.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn pair(&self, arguments: &[&str], voice: &Voice) -> Result<Server> {
        let mut command = self.command(&["pair", "--admin", ADMIN]);
        command.args(arguments);
        Server::start_as(Who::Operator, command, voice)
    }

    /// Takes a device out of a registry; ends when the server has it in force.
    ///
    /// # Errors
    /// What `lowkey` said.
    pub(crate) fn revoke(&self, device: &str, key: &str, registry: &str) -> Result<()> {
        let server = self.lowkey(&["pubkey", key])?;
        let what =
            ["revoke", device, "--registry", registry, "--server-key", server.trim(), "--admin", ADMIN];
        self.lowkey(&what).map(drop)
    }

    /// Runs `lowkey` to its end and returns what it printed.
    ///
    /// # Errors
    /// What it said.
    pub(crate) fn lowkey(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command(arguments).output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(format!("lowkey {} failed: {said}", arguments.join(" ")).into())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.lowkey);
        // The seed is the attacker's.
        command.args(arguments).env_remove("LOWKEY_TEST_SEED").current_dir(&self.folder).stdin(Stdio::null());
        command
    }
}

/// A running server, or another `lowkey` that takes its time.
pub(crate) struct Server {
    child: Child,
}

impl Server {
    fn start(command: Command, voice: &Voice) -> Result<Self> {
        Self::start_as(Who::Server, command, voice)
    }

    fn start_as(who: Who, mut command: Command, voice: &Voice) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        if let Some(pipe) = child.stdout.take() {
            speak(who, pipe, voice.clone());
        }
        if let Some(pipe) = child.stderr.take() {
            speak(who, pipe, voice.clone());
        }
        Ok(Self { child })
    }
}

impl Drop for Server {
    /// Ends it at once, as a power cut would.
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port for servers that come and go: nobody listens there, and the system gives it to nobody by itself, as it might
/// do with one of its own choice as soon as that is free.
///
/// # Errors
/// There is none.
pub(crate) fn quiet_port() -> Result<u16> {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let first_given: u16 =
        range.split_whitespace().next().and_then(|port| port.parse().ok()).unwrap_or(32_768);
    let quiet = FIRST_PORT..first_given.max(FIRST_PORT);
    // Two demos at once do not begin at the same one.
    let begin = quiet.len() * (process::id() as usize % 1_000) / 1_000;
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let found = quiet.clone().skip(begin).chain(quiet).find(is_free);
    Ok(found.ok_or("no port below those that the system gives away is free")?)
}

/// Says each line of a pipe, without the time stamp that the timeline has as well.
fn speak(who: Who, pipe: impl Read + Send + 'static, voice: Voice) {
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(std::result::Result::ok) {
            let text = match line.split_once("Z ") {
                Some((stamp, rest)) if stamp.starts_with("20") => rest.trim_start().to_owned(),
                _ => line,
            };
            if voice.send(Line { who, text }).is_err() {
                return;
            }
        }
    });
}

/// Where the server is asked.
const ADMIN: &str = "unix:admin.sock";
/// Below it are the ports of well-known services.
const FIRST_PORT: u16 = 10_000;
