//! What systemd hears and passes, without systemd.

use crate::common::{Folder, Server};
use predicates::str::contains;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The other end of `NOTIFY_SOCKET`.
pub(crate) struct Manager {
    socket: UnixDatagram,
    path: String,
}

impl Manager {
    pub(crate) fn new(folder: &Folder) -> Self {
        let path = folder.path("notify.sock").to_str().unwrap().to_owned();
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(300))).unwrap();
        Self { socket, path }
    }

    pub(crate) fn socket(&self) -> &str {
        &self.path
    }

    fn next(&self) -> String {
        let mut buffer = [0; 1024];
        let n = self.socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..n].to_vec()).unwrap()
    }

    /// The first notification from here on with this line in it.
    pub(crate) fn wait_for(&self, line: &str) -> String {
        loop {
            let said = self.next();
            if said.lines().any(|said| said == line) {
                return said;
            }
        }
    }
}

const SERVE: &str = "--key server.key --devices devices.toml --listen 127.0.0.1:0 --echo";

#[test]
fn systemd_hears_ready_reloading_and_stopping() {
    let folder = Folder::new();
    let manager = Manager::new(&folder);
    let server = folder.serve_with(SERVE, &[("NOTIFY_SOCKET", manager.socket())]);
    let ready = manager.next();
    assert!(ready.starts_with("READY=1\n"), "{ready}");
    assert!(ready.contains(&format!("STATUS=Listening on {}", server.address)), "{ready}");
    server.signal("-HUP");
    let reloading = manager.next();
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert!(manager.next().starts_with("READY=1\n"));
    server.signal("-TERM");
    assert!(manager.next().starts_with("STOPPING=1\n"));
    assert_eq!(server.wait().0, Some(0));
}

#[test]
fn systemd_s_watchdog_is_fed_and_only_if_it_asks() {
    let folder = Folder::new();
    let manager = Manager::new(&folder);
    let variables = [("NOTIFY_SOCKET", manager.socket()), ("WATCHDOG_USEC", "20000")];
    let server = folder.serve_with(SERVE, &variables);
    for _ in 0..3 {
        manager.wait_for("WATCHDOG=1");
    }
    drop(server);
}

/// A file as standard error, and how systemd names it if that is its journal.
fn journal(folder: &Folder) -> (std::fs::File, String) {
    let file = std::fs::File::create(folder.path("journal")).unwrap();
    let meta = file.metadata().unwrap();
    (file, format!("{}:{}", meta.dev(), meta.ino()))
}

/// sd-daemon(3): a line begins with its priority. So `journalctl -p warning` finds warnings.
#[test]
fn the_journal_has_the_priority_of_each_line_and_nobody_else() {
    let folder = Folder::new();
    std::fs::write(folder.path("devices.toml"), "").unwrap();
    let (file, stream) = journal(&folder);
    for (stream, format, prefixes) in [
        (&*stream, "text", ["<6>", "<4>", "<3>"]),
        (&*stream, "json", ["<6>{", "<4>{", "<3>"]),
        ("1:1", "text", ["", "", ""]),
    ] {
        file.set_len(0).unwrap();
        let serve = |listen: &str| {
            let arguments = format!(
                "serve --key server.key --devices devices.toml --listen {listen} --echo --log-format {format}"
            );
            let mut command = folder.program(env!("CARGO_BIN_EXE_lowkey"));
            command.args(arguments.split_whitespace()).env("JOURNAL_STREAM", stream);
            command.stderr(file.try_clone().unwrap());
            command
        };
        let server = Server::start_logging(serve("127.0.0.1:0"), folder.public("server.key"));
        // In use, so this one fails.
        assert_eq!(serve(&server.address).status().unwrap().code(), Some(3));
        std::fs::write(folder.path("devices.toml"), "no registry").unwrap();
        server.signal("-HUP");
        let read = || std::fs::read_to_string(folder.path("journal")).unwrap();
        while !read().contains("not read again") {
            std::thread::sleep(Duration::from_millis(10));
        }
        drop(server);
        std::fs::write(folder.path("devices.toml"), "").unwrap();
        let log = read();
        for (line, prefix) in ["listening", "not read again", "cannot listen"].into_iter().zip(prefixes) {
            let found =
                log.lines().find(|found| found.contains(line)).unwrap_or_else(|| panic!("{line}: {log}"));
            assert!(found.starts_with(prefix) && (found.starts_with('<') != prefix.is_empty()), "{found}");
        }
    }
}

/// `lowkey serve` with `socket` as systemd passes one.
fn activated(folder: &Folder, socket: impl Into<OwnedFd>) -> Command {
    let mut shell = folder.program("sh");
    let run = format!(
        "exec 3<&0 0</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec {} serve --key server.key --devices devices.toml --echo",
        env!("CARGO_BIN_EXE_lowkey")
    );
    shell.args(["-c", &run]).stdin(Stdio::from(socket.into()));
    shell
}

#[test]
fn a_socket_that_systemd_passes_is_served() {
    let folder = Folder::new();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let server = Server::start(activated(&folder, socket), folder.public("server.key"));
    assert_eq!(server.address, address);
    folder.connect(&server).write_stdin("hello").assert().success().stdout("hello");
    assert_eq!(server.end("-TERM").0, Some(0));
}

#[test]
fn what_systemd_passes_has_to_be_a_tcp_socket() {
    let folder = Folder::new();
    let wrong = UnixDatagram::unbound().unwrap();
    let mut command = assert_cmd::Command::from_std(activated(&folder, wrong));
    command.timeout(Duration::from_secs(300));
    command.assert().code(1).stderr(contains("ListenStream= has to be TCP"));
}
