//! How many messages a second are acknowledged through a gateway, and how many NATS alone stores for as many clients,
//! in turn on the same machine; with a NATS that writes to its disk before it says so, and with one that does not.

use super::{
    ledger::Ledger,
    sender::Senders,
    stream::{Kept, Stream},
};
use crate::{
    gateway::{self, Gateway},
    roster::Roster,
    stage::Stage,
};
use async_nats::{
    HeaderMap,
    jetstream::{self, stream::Config},
};
use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use test_support::nats::{CONFIG, NatsServer};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};
use xtask::command::Result;

/// Measures, and prints.
///
/// # Errors
/// There is no nats-server, or a gateway does not begin.
pub(crate) async fn run(lowkey: PathBuf) -> Result<()> {
    println!(
        "messages of some 50 bytes from {DEVICES} devices, each one after the other; in turn, {TURNS} times"
    );
    for (sync, what) in [("always", "sync_interval: always"), ("2m", "sync_interval: 2m, the default")] {
        let nats = nats(sync).await?;
        let stage = Stage::new(lowkey.clone(), &nats)?;
        let roster = Roster::new(DEVICES, stage.server_key())?;
        stage.enrol(&roster)?;
        stage.push().await?;
        let _stream = Stream::make(&nats.url(), Kept::All).await?;
        let mut gateway = Gateway::new("east", &stage, &nats, Duration::from_secs(60)).await?;
        gateway.store();
        gateway.configure(gateway::Devices::Shared)?;
        // Devices come to it by themselves.
        let told = stage.folder().join("east/lowkey.toml");
        fs::write(&told, fs::read_to_string(&told)?.replace("\naccept_proxy = ", "\n# accept_proxy = "))?;
        gateway.begin().await?;
        let (mut through, mut alone) = (Vec::new(), Vec::new());
        for turn in 0..TURNS {
            alone.push(plain(&nats.url(), turn).await?);
            through.push(through_it(&roster, &gateway, turn).await?);
        }
        let [through, alone] = [through, alone].map(median);
        println!(
            "{what}: {through:.0} a second through a gateway, {alone:.0} to NATS alone: {:.2} of it",
            through / alone
        );
    }
    Ok(())
}

async fn nats(sync: &str) -> Result<NatsServer> {
    let folder = tempfile::tempdir()?;
    let store = folder.path().join("store");
    let config = format!("jetstream {{ store_dir: {store:?}, sync_interval: {sync} }}\n");
    fs::write(folder.path().join(CONFIG), config)?;
    NatsServer::start_in(folder).await.ok_or_else(|| "no nats-server".into())
}

/// Devices that have an outbox, at a gateway.
async fn through_it(roster: &Roster, gateway: &Gateway, turn: u32) -> Result<f64> {
    let ledger = Arc::new(Ledger::new(DEVICES));
    let address = gateway.address();
    let _senders = Senders::begin(roster.members(), address, &ledger, turn + 1, Duration::ZERO);
    while (0..DEVICES).any(|device| ledger.heard(device).is_none()) {
        sleep(Duration::from_millis(10)).await;
    }
    let (begun, before) = (Instant::now(), ledger.acknowledged());
    sleep(TIME).await;
    Ok((ledger.acknowledged() - before) as f64 / begun.elapsed().as_secs_f64())
}

/// As many clients that publish the same, and wait for the answer, over one connection as a gateway's.
async fn plain(url: &str, turn: u32) -> Result<f64> {
    let context = jetstream::new(async_nats::connect(url).await?);
    let config = Config {
        name: format!("plain-{turn}"),
        subjects: vec![format!("plain-{turn}.*")],
        ..Config::default()
    };
    context.create_stream(config).await?;
    let (count, mut clients) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
    for client in 0..DEVICES {
        let (context, count) = (context.clone(), Arc::clone(&count));
        clients.spawn(async move {
            let mut number = 0_u64;
            loop {
                number += 1;
                let mut headers = HeaderMap::new();
                headers.insert("Nats-Msg-Id", format!("{client}:{number}"));
                let subject = format!("plain-{turn}.{client}");
                let sent = context.publish_with_headers(subject, headers, vec![7; 50].into()).await;
                let Ok(answer) = sent else { return };
                if answer.await.is_err() {
                    return;
                }
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    sleep(Duration::from_millis(500)).await;
    let (begun, before) = (Instant::now(), count.load(Ordering::Relaxed));
    sleep(TIME).await;
    let rate = (count.load(Ordering::Relaxed) - before) as f64 / begun.elapsed().as_secs_f64();
    clients.shutdown().await;
    context.delete_stream(format!("plain-{turn}")).await?;
    Ok(rate)
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

const DEVICES: usize = 100;
const TURNS: u32 = 3;
const TIME: Duration = Duration::from_secs(5);
