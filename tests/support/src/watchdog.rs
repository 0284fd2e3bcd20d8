//! Ends a test that hangs, and says which one and what it waits for.

use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{process, thread};

/// Watches the test that made it until it is dropped.
#[derive(Debug)]
pub struct Watchdog {
    waits_for: Arc<Mutex<String>>,
    _until_dropped: Sender<()>,
}

impl Watchdog {
    /// Watches the test on this thread.
    #[expect(clippy::new_without_default, reason = "it starts a thread")]
    pub fn new() -> Self {
        let test = thread::current().name().unwrap_or("a test without a name").to_owned();
        let waits_for = Arc::new(Mutex::new("something that was given no name".to_owned()));
        let (until_dropped, dropped) = channel::<()>();
        let what = Arc::clone(&waits_for);
        thread::spawn(move || {
            if dropped.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
                let what = what.lock().unwrap_or_else(PoisonError::into_inner);
                // Past the runner, which would keep it for a failure that never comes.
                let _nobody_may_listen = writeln!(
                    std::io::stderr(),
                    "\n{test}: not over after {} s; it waits for {what}",
                    LIMIT.as_secs()
                );
                process::abort();
            }
        });
        Self { waits_for, _until_dropped: until_dropped }
    }

    /// What it waits for from here on.
    pub fn waits_for(&self, what: impl Into<String>) {
        *self.waits_for.lock().unwrap_or_else(PoisonError::into_inner) = what.into();
    }
}

/// Nothing that passes takes nearly as long, on busy cores either.
const LIMIT: Duration = Duration::from_secs(1_200);
