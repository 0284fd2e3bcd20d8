//! The signals that a server obeys: SIGINT and SIGTERM end it, a second one at once; SIGHUP has it read its
//! registry again.

use std::io;
use std::task::{Context, Poll};

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Stop,
    Reload,
}

/// From when this is made, no signal goes unheard.
#[cfg(unix)]
pub(crate) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Asked> {
        if self.interrupt.poll_recv(context).is_ready() || self.terminate.poll_recv(context).is_ready() {
            return Poll::Ready(Asked::Stop);
        }
        self.hangup.poll_recv(context).map(|_| Asked::Reload)
    }
}

/// Ctrl-C, where there are no signals.
#[cfg(not(unix))]
pub(crate) struct Signals(tokio::signal::windows::CtrlC);

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(tokio::signal::windows::ctrl_c()?))
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Asked> {
        self.0.poll_recv(context).map(|_| Asked::Stop)
    }
}
