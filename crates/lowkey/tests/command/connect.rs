//! `lowkey connect`, with a server and with what is none.

use crate::common::Folder;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use tokio::net::TcpSocket;

#[test]
fn what_is_sent_comes_back_and_the_end_of_input_ends_one_direction_only() {
    let folder = Folder::new();
    let server = folder.serve();
    folder.connect(&server).write_stdin("hello\n").assert().success().stdout("hello\n").stderr(is_empty());
    folder.connect(&server).write_stdin("").assert().success().stdout("");
    let long: Vec<u8> = (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let echoed = folder.connect(&server).write_stdin(long.clone()).assert().success();
    assert!(echoed.get_output().stdout == long);
    let (code, log) = server.end("-INT");
    assert_eq!(code, Some(0));
    assert!(log.contains("session confirmed") && log.contains("device=\"desk\""), "{log}");
}

#[test]
fn a_psk_and_an_id_of_its_own_connect_too() {
    let folder = Folder::new();
    folder.run("keygen --psk -o desk.psk").success();
    let device = folder.public("device.key");
    folder.write(
        "devices.toml",
        &format!("[[device]]\nname = \"desk\"\nkey = \"{device}\"\nid = \"desk\"\npsk_file = \"desk.psk\"\n"),
    );
    let server = folder.serve();
    let mut connect = folder.connect(&server);
    connect
        .args(["--id", "desk", "--psk-file", "desk.psk"])
        .write_stdin("hi")
        .assert()
        .success()
        .stdout("hi");
    for (arguments, why) in [(&["--id", "desk"][..], "refused"), (&["--psk-file", "desk.psk"], "refused")] {
        folder
            .connect(&server)
            .args(arguments)
            .write_stdin("hi")
            .assert()
            .code(4)
            .stdout("")
            .stderr(contains(why));
    }
}

#[test]
fn a_stranger_is_refused_with_exit_code_4() {
    let folder = Folder::new();
    folder.write("devices.toml", "# nobody\n");
    let server = folder.serve();
    folder
        .connect(&server)
        .assert()
        .code(4)
        .stderr(contains("refused: the peer does not know us").and(contains("check --key, --server, --id")));
}

#[test]
fn nobody_there_is_exit_code_3() {
    let folder = Folder::new();
    // Bound, so that nobody else gets it, and not listening.
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = nobody.local_addr().unwrap();
    let server = folder.public("server.key");
    let connect =
        |address: &str| folder.run(&format!("connect {address} --key device.key --server {server}"));
    connect(&address.to_string())
        .code(3)
        .stderr(contains("Connection refused").and(contains("is a server listening there?")));
}

#[test]
fn a_server_that_is_none_is_exit_code_4() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let other = thread::spawn(move || {
        let (mut stream, _) = socket.accept().unwrap();
        let mut hello = [0; 60];
        stream.read_exact(&mut hello).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        // Dropped with something unread it would be a reset, which may overtake what was written.
        let _ = stream.read_to_end(&mut Vec::new()); // it may have gone
    });
    folder.run(&format!("connect {address} --key device.key --server {server}")).code(4);
    other.join().unwrap();
}

#[test]
fn a_channel_that_is_cut_is_exit_code_5() {
    let folder = Folder::new();
    let server = folder.serve();
    // Between them somebody who cuts the line after the first answer.
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let between = socket.local_addr().unwrap();
    let real = server.address.clone();
    let cutter = thread::spawn(move || {
        let (device, _) = socket.accept().unwrap();
        let real = TcpStream::connect(real).unwrap();
        let (mut from, mut to) = (device.try_clone().unwrap(), real.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut from, &mut to));
        let (mut from, mut to) = (real, device);
        let mut answers = [0; 4096];
        let mut passed = 0;
        while passed < 60 {
            let n = from.read(&mut answers).unwrap();
            assert_ne!(n, 0, "the server hung up first");
            to.write_all(&answers[..n]).unwrap();
            passed += n;
        }
        to.shutdown(std::net::Shutdown::Both).unwrap();
    });
    let mut device = folder.device(&between.to_string(), &server.key);
    device.input.as_mut().unwrap().write_all(b"hello").unwrap();
    let mut output = [0; 5];
    device.child.stdout.as_mut().unwrap().read_exact(&mut output).unwrap();
    assert_eq!(&output, b"hello");
    assert_eq!(device.child.wait().unwrap().code(), Some(5));
    let mut said = String::new();
    device.child.stderr.as_mut().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("the channel broke"), "{said}");
    cutter.join().unwrap();
}

#[test]
fn an_address_without_a_port_is_exit_code_2() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    for address in ["server.example", "server.example:", ":7000", "::1:7000", "server.example:0", "a:65536"] {
        folder
            .run(&format!("connect {address} --key device.key --server {server}"))
            .code(2)
            .stderr(contains("write it as HOST:PORT"));
    }
}

#[test]
fn a_name_without_an_address_is_exit_code_3_and_told_from_nobody_there() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    folder
        .run(&format!("connect nowhere.invalid:7000 --key device.key --server {server}"))
        .code(3)
        .stderr(contains("the name has no address").and(contains("is the name right")));
}

#[test]
fn the_server_s_end_ends_it_although_the_input_is_open() {
    let folder = Folder::new();
    let server = folder.serve();
    let mut device = folder.device(&server.address, &server.key);
    device.input.as_mut().unwrap().write_all(b"hello").unwrap();
    device.child.stdout.as_mut().unwrap().read_exact(&mut [0; 5]).unwrap();
    server.signal("-TERM");
    // Its input is open all the while.
    assert_eq!(device.child.wait().unwrap().code(), Some(0));
    assert_eq!(server.wait().0, Some(0));
}

/// One seat, and it is taken. The server takes what comes and throws it away.
#[test]
fn no_seat_is_exit_code_8_with_and_without_something_to_say() {
    let folder = Folder::new();
    folder.run("keygen -o other.key").success();
    let (desk, other) = (folder.public("device.key"), folder.public("other.key"));
    folder.write(
        "devices.toml",
        &format!("[[device]]\nname = \"desk\"\nkey = \"{desk}\"\n\n[[device]]\nname = \"other\"\nkey = \"{other}\"\n"),
    );
    let server = folder.serve_with(
        "--key server.key --devices devices.toml --listen 127.0.0.1:0 --echo",
        &[("LOWKEY_LIMITS_SESSIONS", "1")],
    );
    let mut seated = folder.device(&server.address, &server.key);
    seated.input.as_mut().unwrap().write_all(b"x").unwrap();
    seated.child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let connect = format!("connect {} --key other.key --server {}", server.address, server.key);
    folder
        .command(&connect)
        .write_stdin("report")
        .assert()
        .code(8)
        .stdout("")
        .stderr(contains("6 of 6 bytes"));
    folder.command(&connect).write_stdin("").assert().code(8).stderr(contains("said nothing"));
}

/// The first device to find it out hears a CLOSE, the next one *busy*.
#[test]
fn a_service_that_is_dead_is_no_success() {
    let folder = Folder::new();
    // Nobody listens at this end of a connection, and nobody else can as long as it is there.
    let there = TcpListener::bind("127.0.0.1:0").unwrap();
    let held = TcpStream::connect(there.local_addr().unwrap()).unwrap();
    let dead = held.local_addr().unwrap();
    let server = folder.serve_with(
        &format!("--key server.key --devices devices.toml --listen 127.0.0.1:0 --forward {dead}"),
        &[],
    );
    let mut device = folder.device(&server.address, &server.key);
    let code = device.child.wait().unwrap().code();
    assert!(matches!(code, Some(4 | 8)), "{code:?}");
}

#[test]
fn a_message_longer_than_the_limit_names_the_option() {
    let folder = Folder::new();
    let server = folder.serve();
    let mut device = folder.connect(&server);
    device
        .args(["--max-message", "3"])
        .write_stdin("four")
        .assert()
        .code(5)
        .stderr(contains("--max-message"));
    let mut device = folder.connect(&server);
    device.args(["--max-message", "4"]).write_stdin("four").assert().success().stdout("four");
    let mut device = folder.connect(&server);
    device.args(["--max-message", "0"]).write_stdin("").assert().code(2);
}
