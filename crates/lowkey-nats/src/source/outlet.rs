//! What gives the messages of one session.

use super::{Given, Held, Inner, NotGiven, PATIENCE, RunId, Unstored, failed};
use crate::bucket::hex;
use crate::put::Patience;
use async_nats::Subscriber;
use futures_util::{FutureExt, StreamExt};
use lowkey_host::numbered::{Last, Later, Outlet};
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

pub(crate) struct JetStreamOutlet {
    /// What is waited for; it has what it needs, and gives that back.
    next: Later<'static, Result<(Given, Reading), NotGiven>>,
    /// Why no more comes.
    over: Option<NotGiven>,
    /// What was given and is not acknowledged.
    under_way: VecDeque<Last>,
    acknowledged: watch::Sender<Option<Last>>,
}

/// Reads a device's messages one after another.
struct Reading {
    inner: Arc<Inner>,
    run: RunId,
    subject: String,
    /// Says that there may be more, and may say so before the stream has it.
    nudges: Subscriber,
    /// Changes when we are connected again, for nobody nudged meanwhile, and when the stream is another.
    stirred: watch::Receiver<u64>,
    /// How many there may be more.
    told: usize,
    /// How often it was looked for those in vain.
    looked: usize,
    /// The last that was given, or is not to be.
    behind: u64,
}

impl JetStreamOutlet {
    pub(super) async fn begin(
        inner: &Arc<Inner>,
        device: &str,
        run: RunId,
        last: Option<Last>,
    ) -> Result<Self, NotGiven> {
        let mut patience = Patience::of(PATIENCE);
        let known = inner.knows(last.map_or(0, |last| last.number)).await?;
        if known.run != run {
            return Err(NotGiven::AnotherRun);
        }
        let subject = format!("{}.dn.{}", inner.down.prefix, hex(device));
        if let Some(last) = last {
            if last.number > known.last {
                return Err(NotGiven::WentBack);
            }
            // It may have been dropped since; then nobody can say what it was.
            let there = inner.next(&subject, last.number, &mut patience).await?;
            let is_other =
                |given: &Given| given.last.number == last.number && given.last.digest != last.digest;
            if there.as_ref().is_some_and(is_other) {
                return Err(NotGiven::WentBack);
            }
        }
        let unstored = |error: Unstored| failed(&error.to_string());
        let mut held =
            Held::begin_anew(inner.numbers.clone(), device, run, patience).await.map_err(unstored)?;
        if let Some(last) = last {
            held.merge(last, &mut patience).await.map_err(unstored)?;
        }
        // The row may know more than the device, which has forgotten it.
        let behind = held.last().map_or(0, |last| last.number);
        let nudges =
            inner.down.client.subscribe(subject.clone()).await.map_err(|error| failed(&error.to_string()))?;
        let (inner, stirred) = (Arc::clone(inner), inner.stirred.subscribe());
        // One may be on its way that was told before we listened.
        let reading = Reading { inner, run, subject, nudges, stirred, told: 1, looked: 0, behind };
        let (acknowledged, news) = watch::channel(None);
        tokio::spawn(record(held, news));
        Ok(Self { next: Box::pin(reading.next()), over: None, under_way: VecDeque::new(), acknowledged })
    }
}

impl Outlet for JetStreamOutlet {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<(u64, Vec<u8>), NotGiven>> {
        if let Some(over) = &self.over {
            return Poll::Ready(Err(over.clone()));
        }
        match self.next.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok((Given { last, message }, reading))) => {
                self.next = Box::pin(reading.next());
                self.under_way.push_back(last);
                Poll::Ready(Ok((last.number, message)))
            }
            Poll::Ready(Err(over)) => {
                self.over = Some(over.clone());
                Poll::Ready(Err(over))
            }
        }
    }

    fn acknowledge(&mut self, number: u64) {
        let mut last = None;
        while self.under_way.front().is_some_and(|first| first.number <= number) {
            last = self.under_way.pop_front();
        }
        if last.is_some() {
            self.acknowledged.send_replace(last);
        }
    }
}

impl Reading {
    async fn next(mut self) -> Result<(Given, Self), NotGiven> {
        let mut patience = Patience::endless();
        loop {
            if self.inner.known().is_none_or(|known| known.run != self.run) {
                return Err(NotGiven::AnotherRun);
            }
            while let Some(Some(_)) = self.nudges.next().now_or_never() {
                self.is_told();
            }
            if let Some(given) = self.inner.next(&self.subject, self.behind + 1, &mut patience).await? {
                self.behind = given.last.number;
                self.told = self.told.saturating_sub(1);
                return Ok((given, self));
            }
            let most = if self.told > 0 { SOON.get(self.looked).copied() } else { None };
            self.looked += 1;
            if most.is_none() {
                self.told = 0; // what was told is not coming
            }
            tokio::select! {
                // It ends with the client, and that with the gateway.
                Some(_) = self.nudges.next() => self.is_told(),
                Ok(()) = self.stirred.changed() => self.is_told(),
                () = sleep(most.unwrap_or(LATE)) => (),
            }
        }
    }

    fn is_told(&mut self) {
        self.told += 1;
        self.looked = 0;
    }
}

/// Has the row say what was acknowledged, until nobody says so any more.
async fn record(mut held: Held, mut news: watch::Receiver<Option<Last>>) {
    loop {
        let is_over = news.changed().await.is_err();
        let last = *news.borrow_and_update();
        if let Some(last) = last {
            // Another session has another run: then it is of no use any more.
            if held.merge(last, &mut Patience::of(RECORDING)).await == Err(Unstored::Moved) {
                return;
            }
        }
        if is_over {
            return;
        }
        sleep(PACE).await;
    }
}

/// When it is looked again after something was told that is not there yet.
const SOON: [Duration; 6] = [
    Duration::from_millis(2),
    Duration::from_millis(20),
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(5),
];
/// How often it is looked although nothing was told.
const LATE: Duration = Duration::from_secs(60);
/// How long NATS may be away for that.
const RECORDING: Duration = Duration::from_secs(60);
/// How often what was acknowledged is recorded.
const PACE: Duration = Duration::from_millis(50);
