//! `lowkey ping`, `lowkey page show` and `lowkey connect --page`: what a key page says, and what its server says to it.

use crate::common::{Folder, Server};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_match};
use std::net::TcpListener;
use std::thread;

/// A folder with `desk` and a server, and `pump-7` with a page, which the server knows before it begins.
fn site() -> (Folder, Server) {
    let folder = Folder::new();
    let server = folder.public("server.key");
    folder
        .run(&format!(
            "provision --name pump-7 --psk --address server.example:7000 --server {server} --registry devices.toml --no-wait -o p.page"
        ))
        .success();
    let server = folder.serve();
    (folder, server)
}

#[test]
fn a_server_that_is_there_and_knows_the_pinning_is_said_to_and_nobody_s_session_ends() {
    let (folder, server) = site();
    let device = folder.device(&server.address, &server.key);
    let known = r"\A127\.0\.0\.1:\d+: reached in \d+\.\d ms; it has the pinned key and knows this pinning \(MODE\), answered in \d+\.\d ms\n\z";
    let page = folder.run(&format!("ping {} --page p.page", server.address)).success();
    page.stdout(is_match(known.replace("MODE", "KKpsk0")).unwrap());
    // While it is connected.
    let parts = format!("ping {} --key device.key --server {}", server.address, server.key);
    for _ in 0..3 {
        folder.run(&parts).success().stdout(is_match(known.replace("MODE", "KK")).unwrap());
    }
    drop(device);
    let (_, log) = server.end("-TERM");
    assert_eq!(log.matches("session confirmed").count(), 1, "{log}");
    assert!(!log.contains("reason=\"displaced\""), "{log}");
    assert_eq!(log.matches("attempt not confirmed").count(), 4, "{log}");
}

#[test]
fn which_phase_failed_is_said_by_exit_code() {
    let (folder, server) = site();
    folder.run("keygen -o stranger.key").success();
    let ping = |address: &str, rest: &str| folder.run(&format!("ping {address} {rest}"));
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    ping(&nobody, "--page p.page").code(3).stderr(contains("is a server listening there?"));
    let refused = ping(&server.address, &format!("--key stranger.key --server {}", server.key)).code(4);
    refused.stderr(contains("does not know us by this id, mode and key"));
    let other = folder.public("stranger.key");
    ping(&server.address, &format!("--key device.key --server {other}")).code(4);
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = mute.local_addr().unwrap().to_string();
    let hangs_up = thread::spawn(move || drop(mute.accept()));
    ping(&address, "--page p.page").code(4).stderr(contains("is that a Lowkey server?"));
    hangs_up.join().unwrap();
    ping(&server.address, "").code(2);
    ping(&server.address, "--page p.page --key device.key").code(2);
    ping(&server.address, "--key device.key").code(2);
    ping("server.example", "--page p.page").code(2).stderr(contains("HOST:PORT"));
}

#[test]
fn a_page_connects_as_the_device_that_it_is_for() {
    let (folder, server) = site();
    let mut connect = folder.command(&format!("connect {} --page p.page", server.address));
    connect.write_stdin("hi").assert().success().stdout("hi");
    let (_, log) = server.end("-TERM");
    assert!(log.contains("device=\"pump-7\" mode=\"KKpsk0\""), "{log}");
}

#[test]
fn a_page_is_shown_without_its_secrets() {
    let (folder, server) = site();
    let shown = folder.run("page show p.page").success();
    let page = std::fs::read(folder.path("p.page")).unwrap();
    let output = shown.get_output().stdout.clone();
    for secret in [&page[104..136], &page[232..264], &page[264..296], &page[296..328]] {
        assert!(!output.windows(8).any(|seen| seen == &secret[..8]));
        let hex: String = secret[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!String::from_utf8_lossy(&output).contains(&hex));
    }
    let said = concat!(
        r"\Ap.page\n",
        r"  id           0x[0-9a-f]{16}\n",
        r"  address      server.example:7000\n",
        r"  device key   lkpub1[0-9a-z]{58}\n",
        r"  fingerprint  ([A-Z2-7]{4}-){4}[A-Z2-7]{4}\n",
        r"  server key   KEY\n",
        r"  psk          yes\n\z"
    );
    shown.stdout(is_match(said.replace("KEY", &server.key)).unwrap());
    for (name, bytes, why) in [
        ("short", &page[..343], "shorter than a key page"),
        ("long", &[&page[..], &[0]].concat(), "longer than a key page"),
        ("damaged", &[&page[..343], &[page[343] ^ 1]].concat(), "damaged"),
    ] {
        std::fs::write(folder.path(name), bytes).unwrap();
        for command in [format!("page show {name}"), format!("ping 127.0.0.1:1 --page {name}")] {
            folder.run(&command).code(1).stderr(contains(why).and(contains(name)));
        }
    }
    for (name, why) in [
        (".", "a folder, and no key page"),
        ("device.key", "a key file, and no key page"),
        ("devices.toml", "text, and no key page"),
    ] {
        folder.run(&format!("page show {name}")).code(1).stderr(contains(format!("lowkey: {name}: {why}")));
    }
    folder.run("page show nowhere.page").code(1).stderr(contains("nowhere.page: No such file"));
}
