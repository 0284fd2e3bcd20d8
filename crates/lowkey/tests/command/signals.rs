//! How `lowkey serve` ends.

use crate::common::{Device, Folder, Server};
use crate::systemd::Manager;
use std::io::{Read, Write};

/// A device that has heard its own words.
fn connected(folder: &Folder, server: &Server) -> Device {
    let mut device = folder.device(&server.address, &server.key);
    device.input.as_mut().unwrap().write_all(b"x").unwrap();
    device.child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    device
}

const SERVE: &str = "--key server.key --devices devices.toml --listen 127.0.0.1:0 --echo";

#[test]
fn a_signal_ends_the_server_and_devices_hear_of_it() {
    let folder = Folder::new();
    for signal in ["-TERM", "-INT"] {
        let server = folder.serve();
        let mut device = connected(&folder, &server);
        server.signal(signal);
        drop(device.input.take());
        // An end, not a truncation.
        assert_eq!(device.child.wait().unwrap().code(), Some(0));
        let (code, log) = server.wait();
        assert_eq!(code, Some(0), "{log}");
    }
}

#[test]
fn sessions_that_do_not_end_are_cut_at_the_deadline_and_that_is_exit_code_6() {
    let folder = Folder::new();
    let server = folder.serve_with(SERVE, &[("LOWKEY_SESSIONS_LINGER", "100ms")]);
    let _device = connected(&folder, &server);
    let (code, log) = server.end("-TERM");
    assert_eq!(code, Some(6), "{log}");
    assert!(log.contains("sessions cut off: 1; they had not ended within `linger`"), "{log}");
}

#[test]
fn a_second_signal_ends_at_once_and_that_is_exit_code_6() {
    let folder = Folder::new();
    let manager = Manager::new(&folder);
    let server =
        folder.serve_with(SERVE, &[("LOWKEY_SESSIONS_LINGER", "1h"), ("NOTIFY_SOCKET", manager.socket())]);
    let _device = connected(&folder, &server);
    server.signal("-TERM");
    manager.wait_for("STOPPING=1");
    let (code, log) = server.end("-INT");
    assert_eq!(code, Some(6), "{log}");
    assert!(log.contains("sessions cut off: 1; a second signal came"), "{log}");
}

#[test]
fn a_hangup_has_the_registry_read_again_all_or_nothing() {
    let folder = Folder::new();
    let manager = Manager::new(&folder);
    let right = folder.read("devices.toml");
    folder.write("devices.toml", "# nobody\n");
    let server = folder.serve_with(SERVE, &[("NOTIFY_SOCKET", manager.socket())]);
    manager.wait_for("READY=1");
    folder.connect(&server).assert().code(4);
    let reloaded = |text: &str| {
        folder.write("devices.toml", text);
        server.signal("-HUP");
        manager.wait_for("READY=1")
    };
    let said = reloaded(&format!("{right}colour = \"red\"\n"));
    assert!(said.contains("; registry not read again: devices.toml:4:"), "{said}");
    folder.connect(&server).assert().code(4);
    let said = reloaded(&right);
    assert!(!said.contains("not read again"), "{said}");
    folder.connect(&server).write_stdin("x").assert().success().stdout("x");
    let (code, log) = server.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("registry not read again"), "{log}");
}
