//! A device, a gateway and what is behind it: the whole way of a message, over cuts and restarts.

use lowkey_host::numbered::{Outbox, Rows, RunId, Sink, Unstored};
use lowkey_host::{Acceptor, Connection, Error, Limits, NotStored, connect, store};
use lowkey_sinks::{Aside, Bounds, FileRows, HttpSettings, HttpSink, MqttSettings, MqttSink};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use test_support::stores::broker::{Broker, Say};
use test_support::stores::web::{Reply, Web};
use test_support::world::World;
use test_support::{Random, Watchdog};
use tokio::io::{DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::timeout;

const RUN: RunId = RunId::new(*b"a run...");
const LINGER: Duration = Duration::from_secs(5);

/// A server that takes what its sink takes.
fn serve(acceptor: &Acceptor, sink: &Arc<dyn Sink>, io: DuplexStream) -> JoinHandle<Result<(), NotStored>> {
    let (acceptor, sink) = (acceptor.clone(), Arc::clone(sink));
    tokio::spawn(async move {
        let mut session = acceptor.accept(io).await.unwrap();
        let stored = store(&mut session, &*sink, None, LINGER).await;
        let _the_device_may_have_gone = session.finish(LINGER).await;
        stored
    })
}

async fn numbering(world: &World, io: DuplexStream, run: RunId) -> Connection<DuplexStream> {
    let mut limits = Limits::default();
    limits.run = Some(run);
    connect(io, world.device().pinning(), &limits).await.unwrap()
}

/// Sends, until everything is acknowledged or the line is cut.
async fn settle(device: &mut Connection<DuplexStream>, outbox: &mut Outbox<Vec<u8>>) -> Result<(), Error> {
    while !outbox.is_empty() {
        device.send_outbox(outbox).await?;
        if !outbox.is_empty() && !device.recv_acks(outbox).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// Has a device say a hundred things by way of gateways that come and go, and returns what it said. `sink` is made of
/// what a gateway keeps.
async fn play(folder: &Path, sink: impl Fn(Arc<dyn Rows>, Aside) -> Arc<dyn Sink>) -> Vec<(u64, Vec<u8>)> {
    let mut random = Random::new();
    let mut world = World::new();
    world.limits.acks = true;
    let mut outbox = Outbox::new(vec![0; 600], RUN, 7);
    let mut said = vec![];
    while said.len() < 100 || !outbox.is_empty() {
        // A gateway that begins with what the one before it has left on the disk.
        let rows = FileRows::open(folder).unwrap();
        let aside = Aside::open(folder, Bounds::default()).unwrap();
        let sink = sink(Arc::new(rows), aside.clone());
        let acceptor = world.acceptor();
        for _ in 0..3 {
            while said.len() < 100 {
                let message = format!("message {}", said.len());
                let Ok(number) = outbox.push(message.as_bytes()) else { break };
                said.push((number, message.into_bytes()));
            }
            let (near, far) = duplex(300);
            let session = serve(&acceptor, &sink, far);
            let mut device = numbering(&world, near, RUN).await;
            let cut = Duration::from_millis(20 + random.below(400) as u64);
            let _ = timeout(cut, settle(&mut device, &mut outbox)).await;
            drop(device);
            let _ = session.await.unwrap();
        }
        assert_eq!(aside.amount().messages, 0);
    }
    // Flash of before: its run was replaced by a new one, and is never taken again.
    let rows = Arc::new(FileRows::open(folder).unwrap());
    let sink = sink(rows, Aside::open(folder, Bounds::default()).unwrap());
    let acceptor = world.acceptor();
    for (run, expected) in [(RunId::new([9; 8]), None), (RUN, Some(Unstored::Replaced))] {
        let (near, far) = duplex(300);
        let session = serve(&acceptor, &sink, far);
        let mut device = numbering(&world, near, run).await;
        let mut outbox = Outbox::new(vec![0; 600], run, 1);
        let _ = timeout(Duration::from_secs(600), async {
            while device.acks().up_to.is_none() && device.recv_acks(&mut outbox).await? {}
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
        drop(device);
        let over = session.await.unwrap().unwrap_err();
        let NotStored::Unstored(unstored) = over else {
            assert_eq!(expected, None, "{over}");
            continue;
        };
        assert_eq!(Some(unstored), expected);
    }
    said
}

/// Where each first came.
fn firsts(came: impl IntoIterator<Item = (u64, Vec<u8>)>) -> Vec<(u64, Vec<u8>)> {
    let mut firsts: Vec<(u64, Vec<u8>)> = vec![];
    for one in came {
        if !firsts.contains(&one) {
            firsts.push(one);
        }
    }
    firsts
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_a_device_says_arrives_in_order_over_http() {
    let _watchdog = Watchdog::new();
    let random = Mutex::new(Random::new());
    let web = Web::start(move |_| match random.lock().unwrap().below(12) {
        0 => Reply::status(503),
        1 => Reply::Break,
        _ => Reply::status(200),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let said = play(folder.path(), |rows, aside| {
        Arc::new(HttpSink::new(&web.url(), rows, aside, &HttpSettings::default()).unwrap())
    })
    .await;
    let posts = web.posts().into_iter().filter(|post| post.status == 200);
    assert_eq!(firsts(posts.map(|post| (post.number(), post.body))), said);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_a_device_says_arrives_in_order_over_mqtt() {
    let _watchdog = Watchdog::new();
    let random = Mutex::new(Random::new());
    let broker = Broker::start(move |_| match random.lock().unwrap().below(12) {
        0 => Say::Ack(0x97, ""),
        1 => Say::Close,
        _ => Say::Ack(0, ""),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let said = play(folder.path(), |rows, aside| {
        Arc::new(MqttSink::new(&broker.url(), rows, aside, &MqttSettings::default()).unwrap())
    })
    .await;
    let published = broker.published().into_iter().filter(|published| published.code == Some(0));
    assert_eq!(firsts(published.map(|published| (published.number(), published.payload))), said);
}
