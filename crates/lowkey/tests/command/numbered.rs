//! `lowkey connect --numbered`, with a server that stores in memory, with servers that do not store, and with JetStream
//! behind `lowkey serve`.

use crate::common::Folder;
use lowkey_core::page::Page;
use lowkey_host::numbered::{
    Begun, Intake, Last, Later, NotGiven, Outlet, Row, RunId, Sink, Source, Unstored, message_digest,
};
use lowkey_host::{Acceptor, Device, Devices, Limits, Pinned, store};
use lowkey_registry::keys::read_identity;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use test_support::nats::NatsServer;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// What a server in memory has, and what it is to do.
#[derive(Debug, Default)]
struct Inner {
    row: Option<Row>,
    stored: Vec<(u64, Vec<u8>)>,
    /// So many messages are stored before a session ends.
    most: Option<usize>,
    /// What the device has said that it has of the source's, session by session.
    has: Vec<Option<Last>>,
}

#[derive(Clone, Debug, Default)]
struct Shelf(Arc<Mutex<Inner>>);

impl Shelf {
    fn texts(&self) -> Vec<String> {
        let stored = &self.0.lock().unwrap().stored;
        stored.iter().map(|(_, message)| String::from_utf8_lossy(message).into_owned()).collect()
    }

    fn numbers(&self) -> Vec<u64> {
        self.0.lock().unwrap().stored.iter().map(|(number, _)| *number).collect()
    }
}

impl Sink for Shelf {
    fn begin<'a>(&'a self, _device: &'a str, run: RunId) -> Later<'a, Result<Begun, Unstored>> {
        Box::pin(async move {
            let mut inner = self.0.lock().unwrap();
            let row = inner.row.get_or_insert_with(|| Row::new(run));
            row.enter(run)?;
            let last = row.last();
            Ok(Begun {
                last,
                intake: Box::new(Pile { shelf: self.clone(), queue: VecDeque::new(), stored: 0 }),
            })
        })
    }
}

struct Pile {
    shelf: Shelf,
    queue: VecDeque<(u64, Vec<u8>)>,
    stored: usize,
}

impl Intake for Pile {
    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Unstored>> {
        Poll::Ready(Ok(()))
    }

    fn take(&mut self, number: u64, message: Vec<u8>) {
        self.queue.push_back((number, message));
    }

    fn poll_stored(&mut self, _context: &mut Context<'_>) -> Poll<Result<u64, Unstored>> {
        let mut inner = self.shelf.0.lock().unwrap();
        let Some((number, message)) = self.queue.pop_front() else { return Poll::Pending };
        if inner.most.is_some_and(|most| self.stored == most) {
            return Poll::Ready(Err(Unstored::Failed("the shelf is full for today".to_owned())));
        }
        self.stored += 1;
        let digest = message_digest(number, [&message, b""]);
        inner.row.as_mut().unwrap().store(Last { number, digest });
        inner.stored.push((number, message));
        Poll::Ready(Ok(number))
    }
}

const DOWN: RunId = RunId::new(*b"downward");

/// Gives messages 5 and 9, those that the device does not have.
impl Source for Shelf {
    fn run(&self) -> Option<RunId> {
        Some(DOWN)
    }

    fn begin<'a>(
        &'a self,
        _device: &'a str,
        _run: RunId,
        last: Option<Last>,
    ) -> Later<'a, Result<Box<dyn Outlet>, NotGiven>> {
        Box::pin(async move {
            self.0.lock().unwrap().has.push(last);
            let after = last.map_or(0, |last| last.number);
            let left = [(5, "set 21.5"), (9, "a\nb")].into_iter().filter(|(number, _)| *number > after);
            let left = left.map(|(number, text)| (number, text.as_bytes().to_vec())).collect();
            Ok(Box::new(Given(left)) as Box<dyn Outlet>)
        })
    }
}

struct Given(VecDeque<(u64, Vec<u8>)>);

impl Outlet for Given {
    fn poll_next(&mut self, _context: &mut Context<'_>) -> Poll<Result<(u64, Vec<u8>), NotGiven>> {
        self.0.pop_front().map_or(Poll::Pending, |next| Poll::Ready(Ok(next)))
    }

    fn acknowledge(&mut self, _number: u64) {}
}

/// A folder with the page of `pump`, and a server in memory that knows it.
struct Site {
    folder: Folder,
    shelf: Shelf,
    address: SocketAddr,
    _runtime: Runtime,
}

impl Site {
    /// One that gives messages too, if `gives`.
    fn new(gives: bool) -> Self {
        let folder = Folder::new();
        provision(&folder);
        let bytes: [u8; 344] = std::fs::read(folder.path("pump.page")).unwrap().try_into().unwrap();
        let device = Page::read(&bytes).unwrap().load().unwrap().identity().public_key();
        let server = Arc::new(read_identity(&folder.path("server.key")).unwrap());
        let pinned = Pinned::new(Device::new("pump").unwrap(), &server, device).unwrap();
        let mut limits = Limits::default();
        limits.acks = true;
        let acceptor = Acceptor::new(server, Devices::new([pinned]).unwrap(), limits).unwrap();
        let shelf = Shelf::default();
        let source: Option<Arc<dyn Source>> = gives.then(|| Arc::new(shelf.clone()) as Arc<dyn Source>);
        if gives {
            acceptor.number_by(|| Some(DOWN));
        }
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let to = shelf.clone();
        runtime.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, shelf, source) = (acceptor.clone(), to.clone(), source.clone());
                tokio::spawn(async move {
                    let Ok(mut session) = acceptor.accept(stream).await else { return };
                    let _said_elsewhere = store(&mut session, &shelf, source, LINGER).await;
                    let _it_may_have_gone = session.finish(LINGER).await;
                });
            }
        });
        Self { folder, shelf, address, _runtime: runtime }
    }

    fn connect(&self) -> assert_cmd::Command {
        self.folder.command(&format!("connect {} --page pump.page --numbered", self.address))
    }

    /// One whose input stays open, and what it prints.
    fn open(&self) -> (Child, BufReader<std::process::ChildStdout>) {
        let mut command = self.folder.program(env!("CARGO_BIN_EXE_lowkey"));
        command.args(["connect", &self.address.to_string(), "--page", "pump.page", "--numbered"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        (child, output)
    }
}

const LINGER: Duration = Duration::from_secs(5);

pub(crate) fn provision(folder: &Folder) {
    let server = folder.public("server.key");
    folder
        .run(&format!(
            "provision --name pump --server {server} --registry devices.toml --no-wait -o pump.page --format bin"
        ))
        .success();
}

/// Every line that was printed, which are acknowledgements: the last number and the last line.
fn acknowledged(output: &[u8]) -> (u64, usize) {
    let text = std::str::from_utf8(output).unwrap();
    let mut last = (0, 0);
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!((words[0], words.len()), ("acknowledged", 3), "{line}");
        let (number, count): (u64, usize) = (words[1].parse().unwrap(), words[2].parse().unwrap());
        assert!(number > last.0 && count > last.1, "{text}");
        last = (number, count);
    }
    last
}

#[test]
fn each_line_is_stored_as_a_message_and_said_to_be() {
    let site = Site::new(false);
    let done = site.connect().write_stdin("one\n\nthree").assert().success().stderr(is_empty());
    assert_eq!(site.shelf.texts(), ["one", "", "three"]);
    let (number, line) = acknowledged(&done.get_output().stdout);
    assert_eq!((number, line), (*site.shelf.numbers().last().unwrap(), 3));
    // Another start of the same run goes on above, with the same lines too.
    site.connect().write_stdin("one\n").assert().success().stderr(is_empty());
    assert_eq!(site.shelf.texts(), ["one", "", "three", "one"]);
    site.connect().write_stdin("").assert().success().stdout("");
}

#[test]
fn what_a_session_leaves_the_next_one_sends_and_nothing_comes_twice() {
    let site = Site::new(false);
    site.shelf.0.lock().unwrap().most = Some(2);
    let lines = "1\n2\n3\n4\n5\n";
    let done = site.connect().write_stdin(lines).assert().success();
    assert_eq!(site.shelf.texts(), ["1", "2", "3", "4", "5"]);
    assert_eq!(acknowledged(&done.get_output().stdout).1, 5);
    done.stderr(contains("; not acknowledged: 3; connecting again in "));
}

#[test]
fn more_lines_than_have_room_all_arrive() {
    let site = Site::new(false);
    let line = "x".repeat(60_000);
    let lines: String = (0..40).map(|n| format!("{n} {line}\n")).collect();
    site.connect().write_stdin(lines.clone()).assert().success();
    assert!(
        site.shelf
            .texts()
            .iter()
            .map(|text| format!("{text}\n"))
            .eq(lines.split_inclusive('\n').map(str::to_owned))
    );
}

#[test]
fn a_line_that_no_message_can_be_ends_the_input_and_what_was_before_is_stored() {
    let site = Site::new(false);
    let lines = format!("short\n{}\nnever\n", "x".repeat(65_536));
    site.connect()
        .write_stdin(lines)
        .assert()
        .code(1)
        .stderr(contains("is longer than 65535 bytes: it was not sent, and nothing that follows it"));
    assert_eq!(site.shelf.texts(), ["short"]);
}

#[test]
fn what_the_server_gives_is_printed_and_acknowledged_and_not_asked_for_again() {
    let site = Site::new(true);
    site.shelf.0.lock().unwrap().most = Some(1);
    let (mut child, mut output) = site.open();
    let mut input = child.stdin.take().unwrap();
    for expected in ["received 5 set 21.5\n", "received 9 a\\u{a}b\n"] {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, expected);
    }
    // Its session ends with the second line, and the next one says what it has.
    input.write_all(b"one\ntwo\n").unwrap();
    drop(input);
    let rest: Vec<String> = output.lines().map(Result::unwrap).collect();
    assert!(rest.iter().all(|line| line.starts_with("acknowledged ")), "{rest:?}");
    assert!(rest.last().unwrap().ends_with(" 2"), "{rest:?}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let has: Vec<u64> =
        site.shelf.0.lock().unwrap().has.iter().map(|last| last.map_or(0, |last| last.number)).collect();
    assert_eq!(has, [0, 9]);
}

#[test]
fn a_server_that_does_not_acknowledge_is_exit_code_14_with_and_without_something_to_say() {
    let folder = Folder::new();
    provision(&folder);
    let server = folder.serve();
    for input in ["one\n", ""] {
        folder
            .command(&format!("connect {} --page pump.page --numbered", server.address))
            .write_stdin(input)
            .assert()
            .code(14)
            .stdout("")
            .stderr(contains("messages are not acknowledged here"));
    }
}

#[test]
fn protocol_7_numbers_that_went_back_are_exit_code_15_and_nothing_is_sent() {
    let site = Site::new(false);
    site.connect().write_stdin("one\n").assert().success();
    let last = Last { number: u64::MAX, digest: [7; 8] };
    site.shelf.0.lock().unwrap().row.as_mut().unwrap().store(last);
    site.connect().write_stdin("two\n").assert().code(15).stdout("").stderr(contains("numbers went back"));
    assert_eq!(site.shelf.texts(), ["one"]);
}

#[test]
fn the_first_connection_fails_as_without_numbers_and_files_of_keys_have_none() {
    let site = Site::new(false);
    site.folder.run("keygen -o other.key").success();
    let other = site.folder.public("other.key");
    let provisioned = format!(
        "provision --name other --server {other} --registry other.toml --no-wait -o other.page --format bin"
    );
    site.folder.run(&provisioned).success();
    site.folder.run(&format!("connect {} --page other.page --numbered", site.address)).code(4);
    let keys = format!("connect {} --key device.key --server {other} --numbered", site.address);
    site.folder.run(&keys).code(2).stderr(contains("--key <FILE>"));
}

/// With a nats-server, where there is one.
#[test]
fn lines_are_in_jetstream_when_they_are_said_to_be() {
    let runtime = Runtime::new().unwrap();
    let Some(nats) = runtime.block_on(NatsServer::start()) else { return };
    let folder = Folder::new();
    provision(&folder);
    let to = format!("{}/fleet", nats.url());
    let check = format!("check --key server.key --devices devices.toml --listen 127.0.0.1:0 --forward {to}");
    let missing = contains("NATS has no stream fleet-up; `lowkey registry streams` makes");
    folder.run(&check).code(1).stderr(missing);
    let made = folder.run(&format!("registry streams {to}")).success();
    made.stderr(contains("the stream fleet-up takes what devices number"));
    folder.run(&format!("registry streams {to}")).success(); // what is there stays
    folder.run(&check).success().stderr(contains(format!("warning: {to}: the stream fleet-up: ")));
    let serve = format!("--key server.key --devices devices.toml --listen 127.0.0.1:0 --forward {to}");
    let server = folder.serve_with(&serve, &[]);
    let connect = format!("connect {} --page pump.page --numbered", server.address);
    let done = folder.command(&connect).write_stdin("one\ntwo\n").assert().success();
    let (number, line) = acknowledged(&done.get_output().stdout);
    assert_eq!((number as u32, line), (2, 2));
    assert_eq!(server.end("-TERM").0, Some(0));
    folder.run(&format!("registry streams {to} --service backend")).success();
    let forget = |name: &str| folder.run(&format!("registry forget-runs {to} {name}"));
    forget("pump").success().stderr(contains("forgotten: 0 runs before the present one of \"pump\""));
    forget("nobody").code(12).stderr(contains("\"nobody\" has never numbered a message here"));
    drop(runtime);
}

/// With a nats-server, where there is one.
#[test]
fn a_queue_is_made_by_one_command_and_never_of_a_stream_that_keeps_its_messages() {
    let runtime = Runtime::new().unwrap();
    let Some(nats) = runtime.block_on(NatsServer::start()) else { return };
    let folder = Folder::new();
    provision(&folder);
    let (keeps, queue) = (format!("{}/keeps", nats.url()), format!("{}/queue", nats.url()));
    folder.run(&format!("registry streams {keeps}")).success();
    let refused = folder.run(&format!("registry streams {keeps} --queue --service backend")).failure();
    refused.stderr(contains("the stream keeps-up is no queue").and(contains("it is as it was")));
    let both = format!("registry streams {queue} --queue --service one --service two");
    folder.run(&both).code(2).stderr(contains("one service"));
    for _ in 0..2 {
        let made = folder.run(&format!("registry streams {queue} --queue --service backend")).success();
        made.stderr(contains("queue-up forgets what is taken out of it; queue-last keeps which message"));
    }
    let serve = format!("--key server.key --devices devices.toml --listen 127.0.0.1:0 --forward {queue}");
    let told = folder.run(&format!("check {serve}")).success();
    told.stdout(contains("store in")).stderr(contains("registry streams").not());
    let server = folder.serve_with(&serve, &[]);
    let connect = format!("connect {} --page pump.page --numbered", server.address);
    folder.command(&connect).write_stdin("one\n").assert().success();
    assert_eq!(server.end("-TERM").0, Some(0));
    drop(runtime);
}

#[test]
fn that_nobody_answers_where_jetstream_should_be_is_said_as_such() {
    let folder = Folder::new();
    let to = "nats://127.0.0.1:1/fleet";
    let serve = format!("--key server.key --devices devices.toml --listen 127.0.0.1:0 --forward {to}");
    let nobody = || contains(format!("{to}: no connection to NATS: "));
    folder.run(&format!("check {serve}")).code(3).stderr(nobody());
}

/// Also where no session ends by it: the log says what `lowkey_store_up` does.
#[test]
fn that_jetstream_is_away_is_in_the_log_and_that_it_is_back() {
    let runtime = Runtime::new().unwrap();
    let Some(mut nats) = runtime.block_on(NatsServer::start()) else { return };
    let folder = Folder::new();
    provision(&folder);
    let to = format!("{}/fleet", nats.url());
    folder.run(&format!("registry streams {to}")).success();
    let of = format!("--key server.key --devices devices.toml --listen 127.0.0.1:0 --forward {to}");
    let server = folder.serve_logging(&of);
    let connect = format!("connect {} --page pump.page --numbered", server.address);
    folder.command(&connect).write_stdin("one\n").assert().success();
    let until = |what: &str| {
        folder.waits_for(what);
        while !folder.read("log").contains(what) {
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    runtime.block_on(nats.stop());
    until("no message is taken; devices keep theirs");
    runtime.block_on(nats.resume());
    until("the sink is there again");
    assert!(folder.read("log").contains(&to));
    assert_eq!(server.end("-TERM").0, Some(0));
}
