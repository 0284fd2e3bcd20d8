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
    connect("no-port").code(3);
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
        let _it_may_have_gone = stream.read_to_end(&mut Vec::new());
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
