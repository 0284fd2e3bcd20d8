//! The second trial: devices number their messages, gateways store them in JetStream, and nothing that was acknowledged
//! may be missing, come twice, or stand out of its order.

mod boards;
mod faults;
mod judge;
mod ledger;
mod rates;
mod sender;
mod stream;

use crate::{
    balancer::Balancer,
    gateway::{self, Gateway, tail},
    roster::Roster,
    stage::Stage,
    timeline::Timeline,
};
use boards::Boards;
use ledger::Ledger;
pub(crate) use rates::run as rates;
use sender::{Order, Senders};
use std::{error::Error, path::PathBuf, sync::Arc, time::Duration};
use stream::{Kept, Stream};
use test_support::nats::NatsServer;
use tokio::time::{Instant, sleep, timeout};
use xtask::command::Result;

/// How much is played.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// At least 100,000 messages.
    Whole,
    /// Every fault once, on a machine that may be busy.
    Small,
}

impl Extent {
    const fn devices(self) -> usize {
        match self {
            Self::Whole => 200,
            Self::Small => 24,
        }
    }

    /// Messages that are to be acknowledged.
    const fn messages(self) -> usize {
        match self {
            Self::Whole => 100_000,
            Self::Small => 3_000,
        }
    }

    /// From one message of a device to its next: with 200 of them, boards that are emulated have to go on beside.
    const fn pace(self) -> Duration {
        match self {
            Self::Whole => Duration::from_millis(300),
            Self::Small => Duration::ZERO,
        }
    }

    /// Until when each device has heard an ACK again after its gateway's death.
    const fn takeover(self) -> Duration {
        match self {
            Self::Whole => Duration::from_secs(2),
            Self::Small => Duration::from_secs(40),
        }
    }

    const fn silence(self) -> Duration {
        match self {
            Self::Whole => Duration::from_millis(500),
            Self::Small => Duration::from_secs(3),
        }
    }
}

/// All of it, running.
pub(crate) struct Trial {
    extent: Extent,
    timeline: Timeline,
    stage: Stage,
    roster: Roster,
    gateways: Vec<Gateway>,
    balancer: Balancer,
    nats: NatsServer,
    stream: Stream,
    ledger: Arc<Ledger>,
    senders: Senders,
    boards: Boards,
}

/// Plays it, and says whether all was as promised.
///
/// # Errors
/// The first promise that was not kept.
pub(crate) async fn play(lowkey: PathBuf, extent: Extent, firmware: &[PathBuf]) -> Result<()> {
    for kept in [Kept::All, Kept::UntilTaken] {
        let mut trial = Trial::begin(lowkey.clone(), extent, kept, firmware).await?;
        let done = faults::play(&mut trial).await;
        done.map_err(|error| trial.logs(&*error))?;
    }
    Ok(())
}

impl Trial {
    async fn begin(lowkey: PathBuf, extent: Extent, kept: Kept, firmware: &[PathBuf]) -> Result<Self> {
        let timeline = Timeline::new();
        let nats = NatsServer::start().await.ok_or("no nats-server")?;
        let stage = Stage::new(lowkey, &nats)?;
        let roster = Roster::new(extent.devices(), stage.server_key())?;
        stage.enrol(&roster)?;
        stage.push().await?;
        let stream = Stream::make(&nats.url(), kept).await?;
        if kept == Kept::UntilTaken {
            stage.streams().await?;
        }
        let mut gateways = Vec::new();
        for name in ["east", "west"] {
            let mut gateway = Gateway::new(name, &stage, &nats, MAX_STALE).await?;
            gateway.store();
            gateway.configure(gateway::Devices::Shared)?;
            gateway.begin().await?;
            gateways.push(gateway);
        }
        let balancer = Balancer::begin(stage.folder(), &gateways, extent.silence()).await?;
        timeline.say(&format!(
            "{} devices number their messages; {} gateways store them in JetStream, which syncs each, and {}",
            extent.devices(),
            gateways.len(),
            if kept == Kept::All { "keeps them" } else { "a service behind takes them out" }
        ));
        let ledger = Arc::new(Ledger::new(extent.devices()));
        let senders = Senders::begin(roster.members(), balancer.address(), &ledger, 1, extent.pace());
        let boards = Boards::begin(&stage, balancer.address(), firmware).await?;
        Ok(Self {
            extent,
            timeline,
            stage,
            roster,
            gateways,
            balancer,
            nats,
            stream,
            ledger,
            senders,
            boards,
        })
    }

    /// Until so many more messages were acknowledged.
    async fn goes_on(&self, messages: usize) -> Result<()> {
        let from = self.ledger.acknowledged();
        self.until("more messages are acknowledged", || self.ledger.acknowledged() >= from + messages).await
    }

    /// Tells these devices something, and waits until each has done it: what one hears since then it hears of what it
    /// has sent since.
    async fn tell(&self, devices: &[usize], order: &Order) -> Result<Instant> {
        let obeyed = || devices.iter().map(|device| self.ledger.obeyed(*device));
        let before: Vec<usize> = obeyed().collect();
        devices.iter().for_each(|device| self.senders.tell(*device, order.clone()));
        self.until("the devices do what they are told", || {
            obeyed().zip(&before).all(|(now, before)| now > *before)
        })
        .await?;
        Ok(Instant::now())
    }

    /// Until each of these devices has heard an ACK that it had not when this began; how long the last of them took.
    async fn all_hear(&self, devices: &[usize], since: Instant) -> Result<Duration> {
        self.until("every device is acknowledged again", || {
            devices.iter().all(|device| self.ledger.heard(*device) >= Some(since))
        })
        .await?;
        Ok(devices
            .iter()
            .filter_map(|device| self.ledger.first_heard_since(*device, since))
            .max()
            .unwrap_or_default())
    }

    async fn until(&self, what: &str, is_so: impl Fn() -> bool) -> Result<()> {
        let waits = async {
            while !is_so() {
                sleep(LOOK).await;
            }
        };
        timeout(PATIENCE, waits)
            .await
            .map_err(|_| format!("it never comes: {what}; {}", self.ledger.state()).into())
    }

    fn logs(&self, error: &(dyn Error + Send + Sync)) -> Box<dyn Error + Send + Sync> {
        let logs = self.gateways.iter().map(|of| format!("\n{}:\n  {}", of.name, tail(&of.log())));
        format!("{error}\n{}", logs.collect::<String>()).into()
    }
}

const MAX_STALE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(120);
