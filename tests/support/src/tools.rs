//! Programs of others that a test plays with.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpSocket;
use tokio::process::{Child, Command};

/// Where a program is. Where it is not, the test is over, and says so: `cargo xtask test` installs it and sets
/// LOWKEY_REQUIRE_TOOLS, and then it is an error.
///
/// # Panics
/// It is not there and required.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Servers live where an ordinary user's PATH does not lead.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    let found = folders.map(|folder| folder.join(program)).find(|file| file.is_file());
    let found = (program == "nats-server").then(fetched_nats_server).flatten().or(found);
    if found.is_none() {
        assert!(std::env::var_os("LOWKEY_REQUIRE_TOOLS").is_none_or(|value| value != "1"), "no {program}");
        println!("SKIPPED: this machine has no {program}");
    }
    found
}

/// The one that `xtask/src/nats_server.rs` has fetched: the version is the folder's name.
fn fetched_nats_server() -> Option<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"));
    let versions = target.join("nats-server").read_dir().ok()?.flatten();
    // Of several the last that was fetched: it is the one that xtask names now.
    let programs = versions.map(|version| version.path().join("nats-server")).filter(|file| file.is_file());
    programs.max_by_key(|file| file.metadata().and_then(|metadata| metadata.modified()).ok())
}

/// Starts a server and waits until it has written `ready` to standard error. It ends with the value.
///
/// # Panics
/// It cannot be started, or ends before that.
pub async fn start(mut command: Command, ready: &str) -> Child {
    let mut child = command.kill_on_drop(true).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    loop {
        let line = lines.next_line().await.unwrap().expect("it ended; see above");
        repeat(&line);
        if line.contains(ready) {
            break;
        }
    }
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            repeat(&line);
        }
    });
    child
}

/// From now on what servers say is not printed: for a program that says itself what happens.
pub fn hush() {
    HUSHED.store(true, Ordering::Relaxed);
}

fn repeat(line: &str) {
    if !HUSHED.load(Ordering::Relaxed) {
        println!("{line}");
    }
}

/// Stops a child of ours where it is, and returns when all of it stands still: the signal reaches one thread, and until
/// that one has a processor the others go on.
///
/// # Panics
/// It is no child of ours that runs.
pub fn freeze(child: u32) {
    let child = Pid::from_raw(child.cast_signed()).expect("a process");
    kill_process(child, Signal::STOP).expect("it runs");
    let stopped = waitid(WaitId::Pid(child), WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT);
    assert!(stopped.expect("a child of ours").is_some_and(|status| status.stopped()), "it stands still");
}

static HUSHED: AtomicBool = AtomicBool::new(false);

/// An address on this machine for a program that may be gone for a while, and that is nobody else's meanwhile.
///
/// It is bound, and nobody listens on it: a program that listens there binds it once more.
#[derive(Debug)]
pub struct Port {
    address: SocketAddr,
    _held: TcpSocket,
}

impl Port {
    /// One that nobody has, until the value is dropped.
    ///
    /// # Panics
    /// There is none.
    pub fn hold() -> Self {
        let held = TcpSocket::new_v4().expect("a socket");
        held.set_reuseaddr(true).expect("an option");
        held.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a port");
        Self { address: held.local_addr().expect("its address"), _held: held }
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
