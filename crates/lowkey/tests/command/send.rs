//! `lowkey send`: a message to a device that is connected.

use crate::common::Folder;
use predicates::str::{contains, is_empty, is_match};
use std::io::Read;

const SERVE: &str =
    "--key server.key --devices devices.toml --listen 127.0.0.1:0 --echo --admin unix:admin.sock";

#[test]
fn a_message_is_received_by_a_device_that_is_connected_and_by_no_other() {
    let folder = Folder::new();
    let server = folder.serve_with(SERVE, &[]);
    let offline = folder.run("send desk --text x --admin unix:admin.sock").code(11);
    offline.stdout(is_empty()).stderr(contains("desk: the device is offline: nothing was sent"));
    let mut device = folder.device(&server.address, &server.key);
    let mut heard = [0; 8];
    let received = is_match(r"\Areceived by desk's channel after \d+ ms\n\z").unwrap();
    let send = || folder.command("send desk --admin unix:admin.sock").write_stdin("to \0desk").assert();
    // Until it is connected.
    let sent = loop {
        let sent = send();
        if sent.get_output().status.code() != Some(11) {
            break sent;
        }
    };
    sent.success().stdout(received);
    device.child.stdout.as_mut().unwrap().read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"to \0desk");
    folder
        .command("send desk --admin unix:admin.sock")
        .write_stdin(vec![7; 70_000])
        .assert()
        .code(2)
        .stderr(contains("65,535"));
    drop(device);
    assert_eq!(server.end("-TERM").0, Some(0));
}

#[test]
fn a_message_is_sent_over_a_unix_socket_alone() {
    let folder = Folder::new();
    folder.run("send desk --text x --admin 127.0.0.1:9").code(2).stderr(contains("--admin unix:PATH"));
}
