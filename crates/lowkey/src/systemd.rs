//! What systemd and we tell each other: ready, reloading, stopping, alive; and a socket it has opened.
//!
//! Without systemd (no `NOTIFY_SOCKET`, no `LISTEN_FDS`) all of this is nothing.

use crate::failure::Failure;
use listenfd::ListenFd;
use sd_notify::{NotifyState, notify};
use std::net::TcpListener;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// The socket that systemd has opened for us. To be called while there is one thread: it reads and clears
/// variables of the environment.
pub(crate) fn passed_socket() -> Result<Option<TcpListener>, Failure> {
    let mut passed = ListenFd::from_env();
    if passed.len() > 1 {
        return Err(Failure::file("systemd passed several sockets; one ListenStream= is what we take"));
    }
    let socket = passed.take_tcp_listener(0).map_err(|error| {
        Failure::file(format_args!("the socket that systemd passed: {error}; ListenStream= has to be TCP"))
    })?;
    if let Some(socket) = &socket {
        socket.set_nonblocking(true).map_err(Failure::file)?;
    }
    Ok(socket)
}

/// The socket listens and the registry is loaded.
pub(crate) fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The registry is read again; [`ready`] follows.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// No more devices are taken.
pub(crate) fn stopping(status: &str) {
    tell(&[NotifyState::Stopping, NotifyState::Status(status)]);
}

/// Says that we live, twice as often as systemd asks for; for ever.
pub(crate) async fn watchdog() {
    let Some(every) = sd_notify::watchdog_enabled() else { return };
    let mut ticks = interval((every / 2).max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

/// Whether standard error is systemd's journal, which says by device and inode which stream it reads (`JOURNAL_STREAM`,
/// systemd.exec(5)). A shell may have led ours elsewhere since.
pub(crate) fn hears_standard_error() -> bool {
    let said = std::env::var("JOURNAL_STREAM").ok();
    said.is_some_and(|said| {
        rustix::fs::fstat(std::io::stderr())
            .is_ok_and(|ours| said == format!("{}:{}", ours.st_dev, ours.st_ino))
    })
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = notify(state) {
        tracing::warn!(name: "lowkey.notify_failed", target: "lowkey", %error, "could not tell systemd");
    }
}
