//! What a server remembers when it is killed.

use crate::common::{Folder, Server};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use test_support::Random;

const FILES: &str =
    "--key server.key --devices devices.toml --listen 127.0.0.1:0 --echo --admin unix:admin.sock";

fn serve(folder: &Folder) -> Server {
    folder.serve_logging(&format!("{FILES} --state state"))
}

/// What the server knows of a device.
fn known(folder: &Folder, name: &str) -> Value {
    let shown = folder.run(&format!("show --json {name} --admin unix:admin.sock"));
    serde_json::from_slice(&shown.get_output().stdout).unwrap()
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Killed at any moment: the file opens, and has all that had happened before it was last written. When that was, the
/// end of the session says that was open then.
#[test]
fn a_server_that_is_killed_remembers_what_was_written() {
    let folder = Folder::new();
    folder.run("keygen -o pump.key").success();
    let (desk, pump) = (folder.public("device.key"), folder.public("pump.key"));
    folder.write(
        "devices.toml",
        &format!(
            "[[device]]\nname = \"desk\"\nkey = \"{desk}\"\n[[device]]\nname = \"pump\"\nkey = \"{pump}\"\n"
        ),
    );
    let mut random = Random::new();
    let mut checked = 0;
    while checked < 3 {
        let server = serve(&folder);
        let before = known(&folder, "pump")["sessions"].as_u64().unwrap();
        let _there = folder.device(&server.address, &server.key);
        let connect = format!("connect {} --key pump.key --server {}", server.address, server.key);
        let alive = Duration::from_millis(500 + random.below(5_000) as u64);
        let is_over = AtomicBool::new(false);
        // When each session of the pump had begun for sure.
        let sessions = thread::scope(|scope| {
            let sessions = scope.spawn(|| {
                let mut sessions = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    let ended = folder.command(&connect).write_stdin("x").output().unwrap();
                    if ended.status.success() {
                        sessions.push(seconds());
                    }
                }
                sessions
            });
            thread::sleep(alive);
            server.killed_by("-KILL");
            is_over.store(true, Ordering::Relaxed);
            sessions.join().unwrap()
        });

        let again = serve(&folder);
        assert!(!folder.read("log").contains("state_"), "{}", folder.read("log"));
        let remembered = known(&folder, "pump")["sessions"].as_u64().unwrap();
        let most = before + sessions.len() as u64 + 1;
        assert!((before..=most).contains(&remembered), "{remembered} of {before} to {most}");
        let desk = known(&folder, "desk");
        let written = (desk["ended"]["why"] == "server gone").then(|| {
            // A second less, for each that is a part of one.
            seconds() - desk["ended"]["seconds_ago"].as_u64().unwrap() - 2
        });
        let least = sessions.iter().filter(|begun| written.is_some_and(|written| **begun < written)).count();
        assert!(
            remembered >= before + least as u64,
            "{remembered} of {before} and {least}: {sessions:?} {written:?}"
        );
        println!("{alive:?}: {} sessions, {least} of them before it was last written", sessions.len());
        // A server that was killed before it had written anything shows nothing.
        checked += usize::from(written.is_some());
        assert_eq!(again.end("-TERM").0, Some(0));
    }
}
