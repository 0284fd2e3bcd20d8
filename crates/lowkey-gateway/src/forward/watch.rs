//! Finds out that a service is down, by any connect, and that it is back, by our own.

use super::{Backend, BackendStream, Forwarder, in_time};
use crate::health::{Unreached, Watch};
use crate::proxy::Header;
use lowkey_host::ChannelError;
use lowkey_host::entropy::chance;
use lowkey_transport::Backoff;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};

impl Forwarder {
    /// Connects to the service once, in the background, and goes on until that succeeds. A server that does so when it
    /// begins knows before the first device comes that there is nobody to talk to.
    ///
    /// # Panics
    /// Outside of a runtime of tokio.
    pub fn look(&self) {
        self.watch(Duration::ZERO, Pauses::new());
    }

    /// Connects for a device.
    pub(super) async fn reach(&self) -> io::Result<BackendStream> {
        let trial = self.health.trial();
        let mut waiting = Waiting { forwarder: self, since: Some(Instant::now()) };
        let reached = in_time(self.connect_timeout, self.backend.connect()).await;
        waiting.since = None;
        if let Err(error) = &reached {
            self.health.failed(trial, &self.backend.to_string(), Unreached::of(error), error);
            if !self.health.is_up() {
                let mut pauses = Pauses::new();
                self.watch(pauses.next(), pauses);
            }
        }
        reached
    }

    /// Spawns a task that asks after `first`, and then with these pauses, unless there is one.
    fn watch(&self, first: Duration, pauses: Pauses) {
        let Some(watch) = self.health.watch() else { return };
        let (backend, connect_timeout) = (self.backend.clone(), self.connect_timeout);
        let header = self.send_proxy.then(Header::local);
        let asker = Asker { backend, connect_timeout, header, pauses };
        tokio::spawn(asker.run(watch, first));
    }
}

/// A device that waits for its connection. If it gives up, that may be because the service does not answer: then a task
/// of ours waits on, to the end.
struct Waiting<'f> {
    forwarder: &'f Forwarder,
    /// `None`: it does not wait any more.
    since: Option<Instant>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let for_long = self.since.is_some_and(|since| since.elapsed() >= LONG);
        if for_long && Handle::try_current().is_ok() {
            self.forwarder.look();
        }
    }
}

/// The one who asks a service whether it takes connections.
struct Asker {
    backend: Backend,
    connect_timeout: Duration,
    /// What our connection begins with.
    header: Option<Header>,
    pauses: Pauses,
}

impl Asker {
    async fn run(mut self, mut watch: Watch, first: Duration) {
        let mut next = first;
        loop {
            sleep(next).await;
            let Some(health) = watch.health() else { return };
            let trial = health.trial();
            let reached = in_time(self.connect_timeout, self.backend.connect()).await;
            match &reached {
                Ok(_) => health.answered(),
                Err(error) => health.failed(trial, &self.backend.to_string(), Unreached::of(error), error),
            }
            let over = watch.ends(&health);
            if let Ok(stream) = reached {
                let _ = timeout(PARTING, self.see_off(stream)).await; // it took the connection: more was not asked
            }
            if over {
                return;
            }
            next = self.pauses.next();
        }
    }

    /// Ends our connection as a client does that had nothing to say. What the service says is read, or closing would
    /// look to it like a reset.
    async fn see_off(&self, mut stream: BackendStream) -> io::Result<()> {
        if let Some(header) = &self.header {
            stream.write_all(header.as_bytes()).await?;
        }
        stream.shutdown().await?;
        let mut unheard = [0; 256];
        while stream.read(&mut unheard).await? > 0 {}
        Ok(())
    }
}

/// What is between two questions: longer and longer, and never the same on two servers.
struct Pauses(Backoff);

impl Pauses {
    fn new() -> Self {
        let (first, longest) = PAUSES;
        Self(Backoff::new(first, longest))
    }

    fn next(&mut self) -> Duration {
        Duration::from_millis(self.0.failed(&ChannelError::HungUp, chance()).into())
    }
}

/// The shortest and the longest bound of a pause, in milliseconds; the pause is at least half of it, so the first takes
/// 1 to 2 s.
const PAUSES: (u32, u32) = (2_000, 30_000);
/// Longer than a connect takes where somebody listens.
const LONG: Duration = Duration::from_secs(1);
/// How long our own connection may take to end.
const PARTING: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_come_after_1_to_2_s_and_then_less_and_less_often_down_to_twice_a_minute() {
        let mut pauses = Pauses::new();
        for bound in [2, 4, 8, 16, 30, 30, 30].map(Duration::from_secs) {
            let pause = pauses.next();
            assert!(pause >= bound / 2 && pause <= bound, "{bound:?}: {pause:?}");
        }
    }
}
