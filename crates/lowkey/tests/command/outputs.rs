//! Outputs that cannot be written: a full disk (`/dev/full`), a reader that has gone, a descriptor that is closed.

use crate::common::Folder;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

#[test]
fn a_standard_error_that_cannot_be_written_changes_no_exit_code() {
    let folder = Folder::new();
    folder.write("none.toml", "# nobody\n");
    let server = folder.public("server.key");
    // Nobody listens at this end of a connection, and nobody else can as long as it is there.
    let there = TcpListener::bind("127.0.0.1:0").unwrap();
    let held = TcpStream::connect(there.local_addr().unwrap()).unwrap();
    let address = held.local_addr().unwrap();
    let cases = [
        ("pubkey nosuch".to_owned(), 1),
        ("dance".to_owned(), 2),
        (format!("connect {address} --key device.key --server {server}"), 3),
        ("keygen -o new.key".to_owned(), 0),
        (
            format!("provision --name pump --server {server} --registry devices.toml -o pump.page --no-wait"),
            0,
        ),
        (format!("revoke pump --server {server} --registry devices.toml --no-wait"), 0),
    ];
    for unwritable in UNWRITABLE {
        for name in ["new.key", "pump.page"] {
            let _ = std::fs::remove_file(folder.path(name)); // there is none the first time
        }
        for (arguments, code) in &cases {
            let mut command = unwritable.standard_error(&folder, arguments);
            assert_eq!(command.status().unwrap().code(), Some(*code), "{unwritable:?}: {arguments}");
        }
    }
}

#[test]
fn a_standard_error_that_cannot_be_written_ends_no_server() {
    for format in ["text", "json"] {
        for unwritable in UNWRITABLE {
            let folder = Folder::new();
            folder.write("none.toml", "# nobody\n");
            let arguments = format!(
                "serve --key server.key --devices none.toml --listen 127.0.0.1:0 --echo --log-format {format}"
            );
            let mut command = unwritable.standard_error(&folder, &arguments);
            let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
            let address = line.strip_prefix("listening on ").unwrap().trim();
            let server = folder.public("server.key");
            // Each is a line of the log, if there was a log.
            for _ in 0..2 {
                folder.run(&format!("connect {address} --key device.key --server {server}")).code(4);
            }
            let pid = child.id().to_string();
            assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
            assert_eq!(child.wait().unwrap().code(), Some(0), "{unwritable:?}");
        }
    }
}

/// The line is for whoever waits for it; the server is for devices.
#[test]
fn a_standard_output_that_cannot_be_written_ends_no_server() {
    let folder = Folder::new();
    let arguments = "serve --key server.key --devices devices.toml --listen 127.0.0.1:0 --echo";
    let mut command = folder.program(env!("CARGO_BIN_EXE_lowkey"));
    command.args(arguments.split(' ')).stdout(full()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(log.any(|line| line.unwrap().starts_with("lowkey: standard output: ")));
    assert!(child.try_wait().unwrap().is_none());
    let pid = child.id().to_string();
    // It hears signals before it says that it listens.
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_was_asked_for_and_cannot_be_printed_is_exit_code_1() {
    let folder = Folder::new();
    for arguments in ["--help", "--version", "serve --help", "pubkey server.key", "keygen --psk"] {
        let mut command = folder.program(env!("CARGO_BIN_EXE_lowkey"));
        let mut child =
            command.args(arguments.split(' ')).stdout(full()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(1), "{arguments}: {said}");
        assert!(said.starts_with("lowkey: standard output: "), "{arguments}: {said}");
    }
}

/// Why nothing can be written.
#[derive(Clone, Copy, Debug)]
enum Unwritable {
    Full,
    Closed,
    NobodyReads,
}

const UNWRITABLE: [Unwritable; 3] = [Unwritable::Full, Unwritable::Closed, Unwritable::NobodyReads];

impl Unwritable {
    /// The command with such a standard error.
    fn standard_error(self, folder: &Folder, arguments: &str) -> Command {
        let mut command = match self {
            Self::Closed => {
                let mut shell = folder.program("sh");
                shell.args(["-c", "exec \"$@\" 2>&-", "sh", env!("CARGO_BIN_EXE_lowkey")]);
                shell
            }
            _ => folder.program(env!("CARGO_BIN_EXE_lowkey")),
        };
        match self {
            Self::Full => command.stderr(full()),
            Self::Closed => command.stderr(Stdio::null()),
            Self::NobodyReads => {
                let (reader, writer) = std::io::pipe().unwrap();
                drop(reader);
                command.stderr(writer)
            }
        };
        command.args(arguments.split(' ')).stdin(Stdio::null());
        command
    }
}

fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}
