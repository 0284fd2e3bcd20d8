//! `lowkey serve`: how it begins, and what it is told.

use crate::common::Folder;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::thread;
use tokio::net::TcpSocket;

#[test]
fn a_port_in_use_is_exit_code_3_and_says_what_to_do() {
    let folder = Folder::new();
    let server = folder.serve();
    folder
        .run(&format!("serve --key server.key --devices devices.toml --listen {} --echo", server.address))
        .code(3)
        .stdout(is_empty())
        .stderr(contains("cannot listen on").and(contains("choose another --listen")));
}

#[test]
fn a_server_with_files_that_are_wrong_does_not_begin() {
    let folder = Folder::new();
    let serve = "serve --key server.key --devices devices.toml --listen 127.0.0.1:0 --echo";
    let device = folder.public("device.key");
    folder
        .write("devices.toml", &format!("[[device]]\nname = \"a\"\nkey = \"{device}\"\ncolour = \"red\"\n"));
    folder.run(serve).code(1).stderr(contains("lowkey: devices.toml:4:1: unknown field `colour`"));
    fs::remove_file(folder.path("devices.toml")).unwrap();
    folder.run(serve).code(1).stderr(contains("devices.toml: No such file"));
    folder.write("devices.toml", "");
    fs::set_permissions(folder.path("server.key"), fs::Permissions::from_mode(0o644)).unwrap();
    folder.run(serve).code(1).stderr(contains("chmod 600 server.key"));
    folder
        .run(&format!("{serve} --log lowkey=loud"))
        .code(2)
        .stderr(contains("--log: \"lowkey=loud\" is no level"));
}

#[test]
fn a_file_says_everything_that_a_server_needs() {
    let folder = Folder::new();
    folder.write(
        "lowkey.toml",
        "key = \"server.key\"\ndevices = \"devices.toml\"\nlisten = \"127.0.0.1:0\"\necho = true\n[log]\nlevel = \"off\"\n",
    );
    let server = folder.serve_with("--config lowkey.toml", &[]);
    folder.connect(&server).write_stdin("hello").assert().success().stdout("hello");
    assert_eq!(server.end("-TERM"), (Some(0), String::new()));
}

#[test]
fn the_admin_listener_of_a_configuration_is_found_by_it_and_gone_at_the_end() {
    let folder = Folder::new();
    folder.write(
        "lowkey.toml",
        "key = \"server.key\"\ndevices = \"devices.toml\"\nlisten = \"127.0.0.1:0\"\necho = true\n\
         [log]\nlevel = \"off\"\n[admin]\nlisten = \"unix:admin.sock\"\n",
    );
    let server = folder.serve_with("--config lowkey.toml", &[]);
    for admin in ["--config lowkey.toml", "--admin unix:admin.sock"] {
        folder.run(&format!("show {admin}")).success().stdout("");
        folder.run(&format!("show --absent {admin}")).success().stdout("desk\t\t\t\t\n");
    }
    folder
        .run("doctor desk --config lowkey.toml")
        .code(11)
        .stdout(contains("is registered, is not connected"));
    folder.run("show").code(3).stderr(contains("unix:/run/lowkey/admin.sock: "));
    let serve = "serve --config lowkey.toml";
    folder.run(serve).code(3).stderr(contains("admin.sock, for admin: another server listens there"));
    assert_eq!(server.end("-TERM"), (Some(0), String::new()));
    assert!(!folder.path("admin.sock").exists());
}

#[test]
fn probes_are_answered_where_the_configuration_says_and_name_nobody() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let serve = "--key server.key --devices devices.toml --listen 127.0.0.1:0 --echo --probes";
    let address = taken.local_addr().unwrap();
    folder.run(&format!("serve {serve} {address}")).code(3).stderr(
        contains(format!("cannot listen on {address}, for probes: "))
            .and(contains("choose another --probes")),
    );
    let server = folder.serve_logging(&format!("{serve} 127.0.0.1:0"));
    let log = folder.read("log");
    let at = "probes are answered address=";
    let address = log.lines().find_map(|line| Some(line.split_once(at)?.1)).expect(&log);
    let ask = |request: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .write_all(format!("{request} HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n").as_bytes())
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(
        ask("GET /readyz").starts_with("HTTP/1.1 200 ") && ask("HEAD /livez").starts_with("HTTP/1.1 200 ")
    );
    let metrics = ask("GET /metrics");
    assert!(metrics.contains("\nlowkey_registry_pinnings 1\n") && !metrics.contains("desk"), "{metrics}");
    for (request, status) in [("GET /devices", 404), ("GET /doctor", 404), ("POST /livez", 405)] {
        assert!(ask(request).starts_with(&format!("HTTP/1.1 {status} ")), "{request}");
    }
    assert_eq!(server.end("-TERM").0, Some(0));
}

#[test]
fn events_in_json_are_objects_with_their_stable_names() {
    let folder = Folder::new();
    let serve = "--key server.key --devices devices.toml --listen 127.0.0.1:0 --echo --log-format json";
    let server = folder.serve_with(serve, &[]);
    folder.connect(&server).write_stdin("x").assert().success();
    let (_, log) = server.end("-TERM");
    let confirmed = log.lines().find(|line| line.contains("\"event\":\"lowkey.confirmed\"")).expect(&log);
    assert!(confirmed.starts_with("{\"time\":\"2") && confirmed.ends_with('}'), "{confirmed}");
    for part in [
        "\"level\":\"INFO\"",
        "\"target\":\"lowkey\"",
        "\"device\":\"desk\"",
        "\"message\":\"session confirmed\"",
    ] {
        assert!(confirmed.contains(part), "{confirmed}");
    }
}

#[test]
fn a_device_s_bytes_go_to_the_service_behind_and_the_service_s_back() {
    let folder = Folder::new();
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = service.local_addr().unwrap();
    let behind = thread::spawn(move || {
        let (mut stream, _) = service.accept().unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        stream.write_all(b"bye\n").unwrap();
        heard
    });
    let serve = "--key server.key --devices devices.toml --listen 127.0.0.1:0";
    let server = folder.serve_with(&format!("{serve} --forward {to} --send-proxy"), &[]);
    folder.connect(&server).write_stdin("hello").assert().success().stdout("bye\n");
    let heard = behind.join().unwrap();
    assert!(heard.starts_with(b"\r\n\r\n\0\r\nQUIT\n") && heard.ends_with(b"hello"), "{heard:?}");
    assert!(heard.windows(4).any(|name| name == b"desk"), "{heard:?}");
    assert_eq!(server.end("-TERM").0, Some(0));
    // A service that is not there: the device hears an end and not that it was heard, the operator why. The port is
    // bound, so that nobody else listens there in the meantime.
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let to = nobody.local_addr().unwrap();
    let server = folder.serve_with(&format!("{serve} --forward {to}"), &[]);
    folder.connect(&server).write_stdin("hello").assert().code(8).stdout("");
    let (code, log) = server.end("-TERM");
    assert_eq!(code, Some(0));
    let ended = log.lines().find(|line| line.contains("session ended device=\"desk\" reason=\"backend\" "));
    assert!(ended.unwrap().contains(" error=the service behind cannot be reached"), "{log}");
}
