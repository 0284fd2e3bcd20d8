//! Sessions as a gateway has them, and rows that fail.

use lowkey_host::numbered::{Begun, HeldRow, Intake, Last, Later, Rows, RunId, Sink, Unstored};
use lowkey_sinks::{Aside, Bounds, FileRows};
use std::collections::VecDeque;
use std::fs;
use std::future::poll_fn;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::Poll;
use tempfile::TempDir;
use test_support::Watchdog;

pub(crate) const RUN: RunId = RunId::new([0xab; 8]);

/// What a gateway keeps, and how its sink does its work.
pub(crate) struct Bench<S> {
    pub(crate) folder: TempDir,
    pub(crate) rows: FileRows,
    pub(crate) aside: Aside,
    pub(crate) settings: S,
    _watchdog: Watchdog,
}

impl<S: Default> Bench<S> {
    pub(crate) fn new() -> Self {
        Self::bounded(Bounds::default())
    }

    pub(crate) fn bounded(bounds: Bounds) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rows = FileRows::open(folder.path()).unwrap();
        let aside = Aside::open(folder.path(), bounds).unwrap();
        Self { folder, rows, aside, settings: S::default(), _watchdog: Watchdog::new() }
    }

    pub(crate) fn rows(&self) -> Arc<dyn Rows> {
        Arc::new(self.rows.clone())
    }

    /// A file for our eyes only.
    pub(crate) fn secret(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }
}

/// A session that has begun.
pub(crate) struct Session {
    pub(crate) last: Option<Last>,
    intake: Box<dyn Intake>,
    /// What the device still has.
    outbox: VecDeque<(u64, Vec<u8>)>,
    /// The last that it was given.
    until: u64,
    /// What was acknowledged.
    pub(crate) acknowledged: u64,
}

impl Session {
    pub(crate) async fn begin(sink: &dyn Sink, device: &str) -> Result<Self, Unstored> {
        let Begun { last, intake, .. } = sink.begin(device, RUN).await?;
        let acknowledged = last.map_or(0, |last| last.number);
        Ok(Self { last, intake, outbox: VecDeque::new(), until: 0, acknowledged })
    }

    /// Sends these as far as may be, and returns when all are acknowledged, those before them too.
    pub(crate) async fn send(
        &mut self,
        messages: impl IntoIterator<Item = (u64, Vec<u8>)>,
    ) -> Result<(), Unstored> {
        self.outbox.extend(messages);
        self.until = self.outbox.back().map_or(self.until, |(number, _)| *number);
        poll_fn(|context| {
            while !self.outbox.is_empty() {
                match self.intake.poll_ready(context) {
                    Poll::Ready(Ok(())) => {
                        let (number, message) = self.outbox.pop_front().unwrap();
                        self.intake.take(number, message);
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => break,
                }
            }
            while let Poll::Ready(stored) = self.intake.poll_stored(context) {
                let stored = stored?;
                assert!(stored > self.acknowledged, "{stored} after {}", self.acknowledged);
                self.acknowledged = stored;
            }
            if self.acknowledged >= self.until { Poll::Ready(Ok(())) } else { Poll::Pending }
        })
        .await
    }

    /// How much waits in the device.
    pub(crate) fn waiting(&self) -> usize {
        self.outbox.len()
    }
}

/// A message for each of these numbers.
pub(crate) fn messages(numbers: impl IntoIterator<Item = u64>) -> Vec<(u64, Vec<u8>)> {
    numbers.into_iter().map(|number| (number, format!("message {number}").into_bytes())).collect()
}

/// Rows that are never written: the power is cut before.
#[derive(Debug)]
pub(crate) struct Cut<R>(pub(crate) R);

impl<R: Rows> Rows for Cut<R> {
    fn begin<'a>(&'a self, device: &'a str, run: RunId) -> Later<'a, Result<Box<dyn HeldRow>, Unstored>> {
        Box::pin(async move {
            let held = self.0.begin(device, run).await?;
            Ok(Box::new(CutRow(held)) as Box<dyn HeldRow>)
        })
    }
}

struct CutRow(Box<dyn HeldRow>);

impl HeldRow for CutRow {
    fn last(&self) -> Option<Last> {
        self.0.last()
    }

    fn write(&mut self, _: Last) -> Later<'_, Result<(), Unstored>> {
        Box::pin(std::future::pending())
    }
}
