//! `lowkey pair`: what is asked, what is said, and what the server then obeys.

mod shared;
#[cfg(target_os = "linux")]
mod terminal;
mod windows;

use crate::common::{Folder, Server};
use lowkey_core::{Fingerprint, PinStore};
use lowkey_host::entropy::host_ephemerals;
use lowkey_host::{Id, Identity, Peer, PublicKey, Refusal};
use lowkey_registry::keys;
use lowkey_transport::{Error, Link, Pairing, StdStream, Window, blocking};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use std::convert::Infallible;
use std::future::Future;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};
use test_support::folder::secret;
use test_support::world::board::{Board, Stop, buffers, code, settle, until_claim};
use tokio::net::{TcpListener, TcpStream};

const FILES: &str =
    "--key server.key --devices devices.toml --listen 127.0.0.1:0 --echo --admin unix:admin.sock";
/// That of boards.
const CODE: &str = "A4DQOBYHA4DQOBYHA4DQOBYHA4";
const PAIR: &str = "pair --open --name pump-7 --code code.txt --admin unix:admin.sock";

fn folder() -> Folder {
    let folder = Folder::new();
    private(&folder, "code.txt", &format!(" {}\n", CODE.to_lowercase()));
    folder
}

fn private(folder: &Folder, name: &str, text: &str) {
    folder.write(name, text);
    std::fs::set_permissions(folder.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// One with this private key, which `board.key` holds as well.
fn board(folder: &Folder, byte: u8) -> Board {
    let file = folder.path("board.key");
    let _ = std::fs::remove_file(&file); // of an earlier one
    keys::write_identity(&file, &secret(byte)).unwrap();
    Board { identity: Identity::new(secret(byte)).unwrap(), code: code() }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn pair(board: &Board, address: &str, stop: Stop) -> Result<(), Error> {
    run(async { board.pair(TcpStream::connect(address).await.unwrap(), stop).await.map(drop) })
}

/// `lowkey pair` at work.
struct Command {
    child: Child,
    said: BufReader<std::process::ChildStderr>,
    text: String,
}

impl Command {
    /// Until its window is open.
    fn begin(folder: &Folder, arguments: &str) -> Self {
        folder.waits_for("a window that is open");
        let mut command = folder.program(env!("CARGO_BIN_EXE_lowkey"));
        let mut child = command.args(arguments.split_whitespace()).stderr(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        let mut pairing = Self { child, said, text: String::new() };
        pairing.until("the window is open for ");
        pairing
    }

    fn until(&mut self, what: &str) {
        while !self.text.contains(what) {
            assert_ne!(self.said.read_line(&mut self.text).unwrap(), 0, "{what} in {}", self.text);
        }
    }

    /// Its exit code, and all that it said.
    fn end(mut self) -> (Option<i32>, String) {
        self.said.read_to_string(&mut self.text).unwrap();
        let code = self.child.wait().unwrap().code();
        (code, std::mem::take(&mut self.text))
    }
}

impl Drop for Command {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

/// As `board.key`'s device, by KK.
fn connects(folder: &Folder, server: &Server) -> bool {
    let connect = format!("connect {} --key board.key --server {}", server.address, server.key);
    folder.command(&connect).write_stdin("x").output().unwrap().status.success()
}

#[test]
fn pairing_a_device_that_calls_is_in_force_when_the_command_says_so_and_its_fingerprint_is_shown() {
    let folder = folder();
    let server = folder.serve_with(FILES, &[]);
    let pairing = Command::begin(&folder, PAIR);
    let board = board(&folder, 77);
    pair(&board, &server.address, Stop::Never).unwrap();
    let fingerprint = Fingerprint::of(&board.key()).to_string();
    let (exit, said) = pairing.end();
    assert_eq!(exit, Some(0), "{said}");
    assert!(said.starts_with("code b684a459eb674716\nthe window is open for 5m; "), "{said}");
    let last = format!(
        "paired: \"pump-7\", key {}, fingerprint {fingerprint}\nin force\n",
        keys::encode_public(&board.key())
    );
    assert!(said.ends_with(&last), "{said}");
    assert!(connects(&folder, &server));
    assert!(!folder.read("devices.toml").contains("pending"));
    // Who comes second is told whose the code is, with an exit code of its own; and so is who takes its name.
    folder
        .run(&PAIR.replace("pump-7", "pump-8"))
        .code(9)
        .stderr(contains("\"pump-7\"'s already").and(contains(&fingerprint)));
    // A factory reset has given it other keys: that is no stranger, and what to do is said.
    let pairing = Command::begin(&folder, PAIR);
    pair(&Board::new(), &server.address, Stop::Never).unwrap_err();
    let (exit, said) = pairing.end();
    let whose = format!(
        "\"pump-7\" has this code already, fingerprint {fingerprint}: it calls only if somebody asks it"
    );
    assert!(said.contains(&whose), "{said}");
    assert!(exit == Some(9) && said.contains("was reset") && said.contains("pair again"), "{said}");
    private(&folder, "other.txt", "BAEAQCAIBAEAQCAIBAEAQCAIBA");
    folder.run(&PAIR.replace("code.txt", "other.txt")).code(1).stderr(contains("is in use already"));
    // Taken out, the code is free.
    let revoke =
        format!("revoke pump-7 --registry devices.toml --server {} --admin unix:admin.sock", server.key);
    folder.run(&revoke).success();
    assert!(!connects(&folder, &server));
    let pairing = Command::begin(&folder, PAIR);
    pair(&board, &server.address, Stop::Never).unwrap();
    assert_eq!(pairing.end().0, Some(0));
    let (_, log) = server.end("-TERM");
    assert!(log.contains("device paired") && !log.to_uppercase().contains(CODE), "{log}");
}

/// A photographed label: whoever is first is paired, and the operator learns that there was another.
#[test]
fn pairing_two_devices_that_show_one_code_the_one_that_lost_is_said_with_its_fingerprint() {
    let folder = folder();
    let server = folder.serve_with(FILES, &[]);
    let pairing = Command::begin(&folder, PAIR);
    let (winner, loser) = (Board::new(), board(&folder, 77));
    run(async {
        let psk = winner.code.psk();
        let mut link = winner.link(&psk);
        let mut io = TcpStream::connect(&server.address).await.unwrap();
        until_claim(&mut io, &mut link).await.unwrap();
        let other = TcpStream::connect(&server.address).await.unwrap();
        assert_eq!(loser.pair(other, Stop::Never).await, Err(Error::NotWelcome));
        link.accept().unwrap();
        settle(&mut io, &mut link, Stop::Never).await.unwrap();
    });
    let (exit, said) = pairing.end();
    let [won, lost] = [winner, loser].map(|board| Fingerprint::of(&board.key()).to_string());
    // It is in force, and no script may take that for the whole truth.
    let paired = format!(
        "fingerprint {won}\nin force\nlowkey: two devices have this code; the other one was told no, fingerprint {lost}: "
    );
    assert!(exit == Some(10) && said.contains(&paired), "{exit:?} {said}");
    assert!(said.ends_with("`lowkey revoke` takes \"pump-7\" out\n"), "{said}");
    let listed = folder.run("pair --list --admin unix:admin.sock").success();
    listed
        .stdout(contains(format!("  state        paired, fingerprint {won}\n  told no      another device")));
    let (_, log) = server.end("-TERM");
    let lost = log.lines().find(|line| line.contains("pairing came to nothing")).unwrap().contains(&lost);
    let won = log.lines().find(|line| line.contains("device paired")).unwrap().contains(&won);
    assert!(won && lost, "{log}");
}

#[test]
fn pairing_a_device_that_waits_is_called_by_the_server_and_not_by_the_command() {
    let folder = folder();
    let server = folder.serve_with(FILES, &[]);
    let board = board(&folder, 77);
    let listener = run(TcpListener::bind("127.0.0.1:0")).unwrap().into_std().unwrap();
    let address = listener.local_addr().unwrap();
    let command = PAIR.replace("--open", &address.to_string());
    let answering = std::thread::spawn(move || {
        run(async {
            let listener = TcpListener::from_std(listener).unwrap();
            board.answer(listener.accept().await.unwrap().0, Stop::Never).await.map(drop)
        })
    });
    folder.run(&command).success().stderr(contains("paired: \"pump-7\"").and(contains("in force")));
    answering.join().unwrap().unwrap();

    private(&folder, "other.txt", "BAEAQCAIBAEAQCAIBAEAQCAIBA");
    let nobody = command.replace("code.txt", "other.txt").replace("pump-7", "pump-8");
    folder.run(&nobody).code(4).stderr(contains("not paired: "));
    let (_, log) = server.end("-TERM");
    let (called, over) =
        ("calling a device that waits, to pair code=", "call of a device that waits over code=");
    assert!(log.contains(called) && log.contains(over) && !log.contains("pairing window"), "{log}");
}

/// What a device stores: who was stored, and whether that is final.
#[derive(Default)]
struct Pins(Vec<(PublicKey, &'static str)>);

impl PinStore for Pins {
    type Error = Infallible;

    fn store(&mut self, peer: &Peer, _: &Id) -> Result<(), Infallible> {
        self.0.push((peer.public_key(), "pending"));
        Ok(())
    }

    fn finalise(&mut self, peer: &PublicKey, _: &Id) -> Result<(), Infallible> {
        self.0.push((*peer, "final"));
        Ok(())
    }

    fn remove(&mut self, peer: &PublicKey, _: &Id) -> Result<(), Infallible> {
        self.0.push((*peer, "removed"));
        Ok(())
    }
}

#[test]
fn pairing_the_channel_of_devices_pairs_with_the_server_in_both_roles_and_then_connects() {
    let folder = folder();
    let server = folder.serve_with(FILES, &[]);
    let key = keys::parse_public(&server.key).unwrap();
    for role in ["calls", "waits"] {
        let board = board(&folder, 77);
        let psk = board.code.psk();
        let ours = Pairing { code: board.code.name(), psk: &psk, identity: &board.identity };
        let mut link = Link::new(buffers());
        let (mut pins, mut ephemerals) = (Pins::default(), host_ephemerals().unwrap());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let called = PAIR.replace("--open", &listener.local_addr().unwrap().to_string());
        let paired = if role == "calls" {
            let command = Command::begin(&folder, PAIR);
            let io = StdStream(std::net::TcpStream::connect(&server.address).unwrap());
            let paired = blocking::Channel::pair(io, &mut link, ours, &mut ephemerals, &mut pins);
            assert_eq!(command.end().0, Some(0));
            paired
        } else {
            let mut command = folder.program(env!("CARGO_BIN_EXE_lowkey"));
            let mut command = command.args(called.split_whitespace()).stderr(Stdio::null()).spawn().unwrap();
            let io = StdStream(listener.accept().unwrap().0);
            let mut window = Window::new(ours);
            let paired =
                blocking::Channel::accept_pairing(io, &mut link, &mut window, &mut ephemerals, &mut pins);
            assert!(command.wait().unwrap().success());
            paired
        };
        assert_eq!(paired.unwrap().public_key(), key, "{role}");
        assert_eq!(pins.0, [(key, "pending"), (key, "final")], "{role}");
        assert!(connects(&folder, &server), "{role}");
        let revoke =
            format!("revoke pump-7 --registry devices.toml --server {} --admin unix:admin.sock", server.key);
        folder.run(&revoke).success();
    }
}

#[test]
fn pairing_survives_a_server_that_is_killed_between_the_two_stores() {
    let folder = folder();
    let server = folder.serve_with(FILES, &[]);
    private(&folder, "other.txt", "BAEAQCAIBAEAQCAIBAEAQCAIBA");
    let mut pairing = Command::begin(&folder, PAIR);
    let board = board(&folder, 77);
    assert_eq!(pair(&board, &server.address, Stop::Cut(2)), Err(Error::HungUp));
    pairing.until("its row stays, pending");
    pairing.until("the window stays open");
    drop(server); // by SIGKILL
    let (exit, said) = pairing.end();
    let gone = "the server has gone, and its window with it; a device came";
    assert!(exit == Some(3) && said.contains(gone), "{said}");
    assert!(folder.read("devices.toml").contains("pending = true\n"));
    folder
        .run("check --key server.key --devices devices.toml --echo")
        .success()
        .stderr(contains("is pending"));
    let server = folder.serve_with(FILES, &[]);
    // The device had stored the server's key: it connects, and that is its word.
    assert!(connects(&folder, &server));
    folder.waits_for("the row to be final");
    while folder.read("devices.toml").contains("pending") {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    folder.run("show --admin unix:admin.sock").success();

    let pairing = Command::begin(&folder, &PAIR.replace("pump-7", "pump-8").replace("code.txt", "other.txt"));
    server.end("-TERM");
    let (exit, said) = pairing.end();
    let gone = "the server has gone, and its window with it; up to its last answer nobody was paired";
    assert!(exit == Some(3) && said.contains(gone), "{said}");
}

/// What an admin listener is asked that answers each look with `look`, after it has interrupted who asks, and what the
/// command came to.
fn interrupted(look: &'static str) -> (Vec<String>, Option<i32>, String) {
    let folder = folder();
    folder.waits_for("a command that is interrupted");
    let admin = std::os::unix::net::UnixListener::bind(folder.path("admin.sock")).unwrap();
    let mut command = folder.program(env!("CARGO_BIN_EXE_lowkey"));
    let child = command.args(PAIR.split_whitespace()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = child.id().to_string();
    let asked = std::thread::spawn(move || {
        let mut all = Vec::new();
        while !all.iter().any(|asked: &String| asked.contains("/pair/close")) {
            let mut stream = admin.accept().unwrap().0;
            let mut asked = [0; 1024];
            let n = stream.read(&mut asked).unwrap();
            let asked = String::from_utf8_lossy(&asked[..n]).lines().next().unwrap().to_owned();
            assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
            std::thread::sleep(std::time::Duration::from_millis(20)); // most signals find it waiting
            let open = "200 OK\r\n\r\n{\"windows\":[{\"window\":1,\"state\":\"waiting\"}]}";
            let answer = if asked.starts_with("GET") { look } else { open };
            stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).unwrap();
            all.push(asked);
        }
        all
    });
    let ended = child.wait_with_output().unwrap();
    (asked.join().unwrap(), ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

#[test]
fn pairing_the_window_is_closed_however_often_it_is_interrupted_and_whatever_error_ends_the_waiting() {
    let open = "200 OK\r\n\r\n{\"windows\":[{\"window\":1,\"state\":\"waiting\"}]}";
    let (_, exit, said) = interrupted(open);
    assert!(exit == Some(4) && said.contains("the window is closed, and no device came"), "{said}");
    let (asked, exit, said) = interrupted("500 No\r\n\r\nno");
    assert!(exit == Some(3) && asked.last().unwrap().starts_with("POST /pair/close "), "{said} {asked:?}");
}

#[test]
fn pairing_an_interrupt_closes_the_window_and_a_server_opens_one_from_its_beginning() {
    let folder = folder();
    let server = folder.serve_with(FILES, &[]);
    let pairing = Command::begin(&folder, PAIR);
    let pid = pairing.child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let (exit, said) = pairing.end();
    assert!(exit == Some(4) && said.contains("no device came"), "{said}");

    // A device has its row, and will be let in: whoever saw a wrong fingerprint has to know it.
    let mut pairing = Command::begin(&folder, PAIR);
    pair(&Board::new(), &server.address, Stop::Cut(2)).unwrap_err();
    pairing.until("its row stays, pending");
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &pairing.child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    let (exit, said) = pairing.end();
    assert!(exit == Some(4) && said.contains("`lowkey revoke` takes \"pump-7\" out"), "{said}");
    folder.write("devices.toml", "");
    let refused = Err(Error::Refused(Refusal::MODE));
    assert_eq!(pair(&Board::new(), &server.address, Stop::Never), refused);
    assert_eq!(server.end("-TERM").0, Some(0));

    let window = "--pair-window 5m --pair-name pump-7 --pair-code code.txt";
    let server = folder.serve_with(&format!("{FILES} {window}"), &[]);
    pair(&Board::new(), &server.address, Stop::Never).unwrap();
    let (exit, log) = server.end("-TERM");
    assert!(exit == Some(0) && log.contains("device paired"), "{log}");
    assert!(
        log.contains("no devices; `lowkey pair` enters one") && log.contains("`lowkey provision`"),
        "{log}"
    );
    assert!(folder.read("devices.toml").contains("name = \"pump-7\"\n"));
}

#[test]
fn pairing_what_is_typed_wrongly_is_said_before_anybody_is_asked_and_never_repeated() {
    let folder = folder();
    for (code, why) in [
        ("A4DQOBYHA4DQOBYHA4DQOBYHA1", "a typing error"),
        ("A4DQOBYHA4DQOBYHA4DQOBYHA", "a typing error"),
        ("LOWKEY:1/A4DQOBYHA4DQOBYHA4DQOBYHA4", "a typing error"),
        ("LOWKEY:2/A4DQOBYHA4DQOBYHA4DQOBYHA4", "later version"),
        ("", "there is no pairing code in it"),
    ] {
        private(&folder, "wrong.txt", code);
        let wrong = folder.run(&PAIR.replace("code.txt", "wrong.txt")).code(1);
        let said = String::from_utf8_lossy(&wrong.get_output().stderr).into_owned();
        assert!(said.contains(why) && !said.contains("A4DQOBY"), "{code}: {said}");
    }
    let hostile = folder.command(&PAIR.replace("pump-7", "pump\u{1b}[2J")).output().unwrap();
    assert_eq!(hostile.status.code(), Some(2));
    assert!(!hostile.stderr.contains(&0x1b), "{hostile:?}");
    // A code, scanned or typed where the name is asked: a name is shown everywhere.
    let label = lowkey_registry::label_text(&code()).unwrap();
    let (lower, key) = (CODE.to_lowercase(), keys::encode_public(&Board::new().key()));
    for name in [CODE, &lower, "BAEAQCAIBAEAQCAIBAEAQCAIBA", label.expose()] {
        let provision = format!("provision --server {key} --registry r.toml --name {name}");
        for command in [
            PAIR.replace("pump-7", name),
            PAIR.replace("pump-7", name).replace("code.txt", "none.txt"), // before a code is asked
            format!("serve {FILES} --pair-window 5m --pair-code code.txt --pair-name {name}"),
            format!("{provision} --output x.page --no-wait"),
            format!("{provision} --public-key {key} --no-wait"),
            format!("{provision} --batch 2 --out pages --manifest m.csv --no-wait"),
        ] {
            let wrong = folder.command(&command).output().unwrap();
            let said = String::from_utf8_lossy(&wrong.stderr).to_uppercase();
            assert!(!wrong.status.success() && said.contains("NAME"), "{command}: {said}");
            assert!(!said.contains("A4DQOBY") && !said.contains("BAEAQCA"), "{command}: {said}");
        }
        folder.run(&PAIR.replace("pump-7", name)).code(2).stderr(contains("the name: reads as a code"));
    }
    folder.run(&PAIR.replace("code.txt", "none.txt")).code(1);
    folder.run(PAIR).code(3).stderr(contains("is a server running"));
    folder.run(&PAIR.replace("--open", "127.0.0.1:1 --open")).code(2);
    folder.run("pair --admin unix:admin.sock").code(2);
}

/// Where the server is down, another user of the machine can listen on its port.
#[test]
fn pairing_no_code_goes_to_whoever_listens_on_a_port() {
    let folder = folder();
    let stranger = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    stranger.set_nonblocking(true).unwrap();
    let port = stranger.local_addr().unwrap().to_string();
    folder.run(&PAIR.replace("unix:admin.sock", &port)).code(2).stderr(contains("--admin unix:PATH"));
    assert_eq!(stranger.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}
