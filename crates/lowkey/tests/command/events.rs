//! `lowkey events`, and the program that is run for events.

use crate::common::{Folder, Server};
use predicates::str::contains;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

const CONFIG: &str = "\
key = \"server.key\"
devices = \"devices.toml\"
listen = \"127.0.0.1:0\"
echo = true
[admin]
listen = \"unix:admin.sock\"
";

fn serve(folder: &Folder) -> Server {
    folder.write("lowkey.toml", CONFIG);
    folder.serve_with("--config lowkey.toml", &[])
}

fn one_session(folder: &Folder, server: &Server) {
    folder.connect(server).write_stdin("hello").assert().success().stdout("hello");
}

/// `lowkey events`, which goes on.
struct Follower {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Follower {
    fn of(folder: &Folder, arguments: &str) -> Self {
        let mut command: Command = folder.program(env!("CARGO_BIN_EXE_lowkey"));
        command.args(["events", "--admin", "unix:admin.sock"]).args(arguments.split_whitespace());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        folder.waits_for("what `lowkey events` prints");
        Self { child, lines }
    }

    fn until(&mut self, part: &str) -> String {
        loop {
            let mut line = String::new();
            self.lines.read_line(&mut line).unwrap();
            assert_ne!(line, "", "it has ended before {part:?}");
            if line.contains(part) {
                return line;
            }
        }
    }

    /// What it has said on standard error, once it was ended.
    fn end(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        said
    }
}

/// Waits for what `is` says of the text of a file.
fn until(folder: &Folder, file: &str, is: impl Fn(&str) -> bool) -> String {
    folder.waits_for(&format!("{file}, as it should be"));
    loop {
        let text = fs::read_to_string(folder.path(file)).unwrap_or_default();
        if is(&text) {
            return text;
        }
        sleep(Duration::from_millis(20));
    }
}

/// The events that a command printed.
fn printed(folder: &Folder, arguments: &str) -> Vec<Value> {
    let printed = folder.run(arguments).success();
    let printed = String::from_utf8(printed.get_output().stdout.clone()).unwrap();
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_happens_is_shown_as_it_happens_and_afterwards() {
    let folder = Folder::new();
    let server = serve(&folder);
    let mut follower = Follower::of(&folder, "desk");
    one_session(&folder, &server);
    let confirmed = follower.until("session confirmed device=desk from=127.0.0.1:");
    assert!(confirmed.ends_with(" mode=KK\n") && !confirmed.contains('\u{1b}'), "{confirmed:?}");
    follower.until("session ended device=desk from=127.0.0.1:");
    follower.end();

    let events = "events --admin unix:admin.sock --no-follow --json";
    let all = printed(&folder, events);
    let names: Vec<&str> = all.iter().map(|event| event["event"].as_str().unwrap()).collect();
    let expected = ["lowkey.registry_loaded", "lowkey.listening", "lowkey.confirmed", "lowkey.ended"];
    assert_eq!(names, expected);
    let id = all[2]["event_id"].as_str().unwrap();
    assert_eq!(printed(&folder, &format!("{events} --since {id}")), &all[3..]);
    assert_eq!(printed(&folder, &format!("{events} --last 99 --only ended")), &all[3..]);
    assert_eq!(printed(&folder, &format!("{events} d?sk")), &all[2..]);
    assert_eq!(printed(&folder, &format!("{events} other-*")), &[][..] as &[Value]);
    folder.run(&format!("{events} --since 1")).code(2).stderr(contains("not the id of an event"));
    server.end("-TERM");
    folder.run(events).code(3).stderr(contains("is a server running"));
}

#[test]
fn a_server_that_is_started_again_is_waited_for_and_what_was_missed_is_said() {
    let folder = Folder::new();
    let server = serve(&folder);
    let mut follower = Follower::of(&folder, "");
    follower.until("listening");
    server.end("-TERM");
    let server = serve(&folder);
    follower.until("the server was started again events=null");
    follower.until("listening");
    one_session(&folder, &server);
    follower.until("session ended device=desk");
    let said = follower.end();
    assert!(
        said.contains("the server is gone; waiting for it\nlowkey: the server is there again\n"),
        "{said}"
    );
}

/// A program that does `what`, and the configuration that has it run.
fn program(folder: &Folder, what: &str, more: &str) {
    folder.write("hook", &format!("#!/bin/sh\n{what}\n"));
    fs::set_permissions(folder.path("hook"), fs::Permissions::from_mode(0o755)).unwrap();
    let run = folder.path("hook");
    let events = format!("[events]\nrun = [\"{}\", \"an argument\"]\n{more}", run.display());
    folder.write("lowkey.toml", &format!("{CONFIG}{events}"));
}

#[test]
fn a_program_is_run_for_events_that_were_chosen_with_nothing_of_the_servers_environment() {
    let folder = Folder::new();
    let out = folder.path("out");
    let what = format!("{{ echo \"$@\"; cat; env; echo end; }} >> {}", out.display());
    program(&folder, &what, "only = [\"lowkey.ended\"]\n");
    let variables = [("LOWKEY_LISTEN", "127.0.0.1:0"), ("SECRET", "x")];
    let server = folder.serve_with("--config lowkey.toml", &variables);
    one_session(&folder, &server);
    let text = until(&folder, "out", |text| text.ends_with("end\n"));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "an argument lowkey.ended");
    let event: Value = serde_json::from_str(lines[1]).unwrap();
    assert_eq!((&event["event"], &event["device"]), (&"lowkey.ended".into(), &"desk".into()));
    assert!(!text.contains("LOWKEY_") && !text.contains("SECRET"), "{text}");
    assert_eq!(text.matches("end\n").count(), 1, "nothing else was chosen: {text}");
    server.end("-TERM");
}

#[test]
fn a_program_that_takes_too_long_is_killed_and_said_once_and_keeps_no_device_waiting() {
    let folder = Folder::new();
    let flag = folder.path("works");
    // Its child would hold on for longer than it does itself.
    let what = format!("test -e {} && exit 0; sleep 1000 & wait", flag.display());
    program(&folder, &what, "only = [\"lowkey.ended\"]\ntime = \"3s\"\n");
    let server = folder.serve_logging("--config lowkey.toml");
    for _ in 0..3 {
        one_session(&folder, &server);
    }
    until(&folder, "log", |log| log.contains("the program for events failed"));
    folder.write("works", "");
    one_session(&folder, &server);
    let log = until(&folder, "log", |log| log.contains("the program for events works again"));
    let (before, _) = log.split_once("works again").unwrap();
    assert_eq!(before.matches("the program for events failed").count(), 1, "{log}");
    assert!(before.contains("killed: not over within 3s"), "{log}");
    server.end("-TERM");
}

#[test]
fn a_server_that_stops_leaves_nothing_behind_of_a_program_that_hangs() {
    let folder = Folder::new();
    // The pipe's other end is closed once all who have it are gone: the program, and what it has begun.
    let (mut reader, writer) = std::io::pipe().unwrap();
    let what = format!("echo begun > {}; sleep 1000 & wait", folder.path("out").display());
    program(&folder, &what, "only = [\"lowkey.listening\"]\n");
    let mut command: Command = folder.program(env!("CARGO_BIN_EXE_lowkey"));
    command.args(["serve", "--config", "lowkey.toml"]).stdout(Stdio::null()).stderr(writer);
    let mut server = command.spawn().unwrap();
    drop(command);
    until(&folder, "out", |text| text == "begun\n");
    folder.waits_for("a server that stops, and what it has begun");
    let asked = Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap();
    assert!(asked.success() && server.wait().unwrap().success());
    let mut said = String::new();
    reader.read_to_string(&mut said).unwrap();
    assert!(said.contains("listening"), "{said}");
}

#[test]
fn a_program_that_is_not_there_is_no_reason_not_to_serve() {
    let folder = Folder::new();
    let more = "[events]\nrun = [\"/nowhere/at/all\"]\nonly = [\"lowkey.ended\"]\n";
    folder.write("lowkey.toml", &format!("{CONFIG}{more}"));
    let server = folder.serve_logging("--config lowkey.toml");
    one_session(&folder, &server);
    let log = until(&folder, "log", |log| log.contains("program for events failed"));
    assert!(log.contains("No such file") && log.contains("/nowhere/at/all"), "{log}");
    server.end("-TERM");
}

#[test]
fn what_is_run_and_for_what_is_looked_at_before() {
    let folder = Folder::new();
    let more = "[events]\nrun = [\"notify\"]\nonly = [\"ended\"]\ntime = \"11m\"\n";
    folder.write("lowkey.toml", &format!("{CONFIG}{more}"));
    let checked = folder.run("check --config lowkey.toml").code(1);
    let said = String::from_utf8(checked.get_output().stderr.clone()).unwrap();
    for part in [
        "lowkey.toml:8:7: a program is named by its whole path",
        "lowkey.toml:9:8: \"ended\" is no event",
        "lowkey.toml:10:8: `events.time`: \"11m\" is out of range",
    ] {
        assert!(said.contains(part), "{said}");
    }
}

/// Somebody else listens at the address.
#[test]
fn another_program_that_answers_is_not_taken_for_a_server_and_steers_no_terminal() {
    const EVENTS: &str = "HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    let folder = Folder::new();
    let stranger = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = stranger.local_addr().unwrap();
    for (head, rest, said) in [
        ("HTTP/1.0 200 OK\r\ncontent-type: text/html\r\n\r\n<h1>hello</h1>\n", "", "no admin listener"),
        ("HTTP/1.0 200 OK\r\n", "x: y\r\n", "no admin listener"),
        ("HTTP/1.0 200 OK\r\n", "x", "no admin listener"),
        (EVENTS, "x", "no event"),
        (&(EVENTS.to_owned() + "data: {\"event\":\"\u{202e}\"}\n\n"), "", "no event"),
    ] {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = stranger.accept().unwrap();
                let _ = stream.read(&mut [0; 1000]).unwrap();
                let mut more = stream.write_all(head.as_bytes());
                while more.is_ok() && !rest.is_empty() {
                    more = stream.write_all(rest.repeat(1000).as_bytes());
                }
            });
            let events = format!("events --admin {address} --no-follow --json");
            folder.run(&events).code(3).stdout("").stderr(contains(said));
        });
    }
}

/// As `lowkey events | head -1` has it.
#[test]
fn events_end_when_nobody_reads_them_any_more() {
    let folder = Folder::new();
    let server = serve(&folder);
    one_session(&folder, &server);
    for json in [&[][..], &["--json"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command: Command = folder.program(env!("CARGO_BIN_EXE_lowkey"));
        command.args(["events", "--admin", "unix:admin.sock"]).args(json).stdout(writer);
        folder.waits_for("`lowkey events` without a reader");
        let ended = command.output().unwrap();
        assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), &b""[..]));
    }
}
