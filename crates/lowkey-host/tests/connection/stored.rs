//! §7 on a server: what a device numbers goes to a sink, and is acknowledged once that has stored it.

use lowkey_host::numbered::{
    Begun, Intake, Last, Later, NotGiven, Outbox, Outlet, PushError, Row, RunId, Sink, Source, Unstored,
    message_digest,
};
use lowkey_host::{
    Acceptor, ChannelError, Connection, Error, Event, Fault, Limits, NotStored, Observer, Reason, connect,
    store,
};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use test_support::world::{Party, World};
use tokio::io::{DuplexStream, duplex};
use tokio::task::JoinHandle;

const RUN: RunId = RunId::new(*b"a run...");
const LINGER: Duration = Duration::from_secs(5);

/// A sink in memory.
#[derive(Clone, Debug, Default)]
struct Shelf(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    rows: HashMap<String, Row>,
    stored: Vec<(u64, Vec<u8>)>,
    /// Stores nothing for now.
    holds: bool,
    /// Why it stores nothing more.
    fails: Option<Unstored>,
    wakers: Vec<Waker>,
}

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut Inner)) {
        let mut inner = self.lock();
        change(&mut inner);
        inner.wakers.drain(..).for_each(Waker::wake);
    }

    fn numbers(&self) -> Vec<u64> {
        self.lock().stored.iter().map(|(number, _)| *number).collect()
    }
}

impl Sink for Shelf {
    fn begin<'a>(&'a self, device: &'a str, run: RunId) -> Later<'a, Result<Begun, Unstored>> {
        Box::pin(async move {
            let mut inner = self.lock();
            let row = inner.rows.entry(device.to_owned()).or_insert_with(|| Row::new(run));
            row.enter(run)?;
            let last = row.last();
            let intake = Box::new(Pile { shelf: self.clone(), device: device.to_owned(), queue: Vec::new() });
            Ok(Begun { last, intake })
        })
    }
}

struct Pile {
    shelf: Shelf,
    device: String,
    queue: Vec<(u64, Vec<u8>)>,
}

impl Intake for Pile {
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Unstored>> {
        if self.queue.len() < WINDOW {
            return Poll::Ready(Ok(()));
        }
        self.shelf.lock().wakers.push(context.waker().clone());
        Poll::Pending
    }

    fn take(&mut self, number: u64, message: Vec<u8>) {
        self.queue.push((number, message));
    }

    fn poll_stored(&mut self, context: &mut Context<'_>) -> Poll<Result<u64, Unstored>> {
        let mut inner = self.shelf.lock();
        if let Some(fails) = inner.fails.clone() {
            return Poll::Ready(Err(fails));
        }
        if inner.holds || self.queue.is_empty() {
            inner.wakers.push(context.waker().clone());
            return Poll::Pending;
        }
        let (number, message) = self.queue.remove(0);
        let digest = message_digest(number, [&message, b""]);
        inner.rows.get_mut(&self.device).unwrap().store(Last { number, digest });
        inner.stored.push((number, message));
        Poll::Ready(Ok(number))
    }
}

/// Why sessions ended.
#[derive(Clone, Default)]
struct Ends(Arc<Mutex<Vec<Reason>>>);

impl Observer for Ends {
    fn observe(&self, event: &Event<'_>) {
        if let Event::Ended(ended) = event {
            self.0.lock().unwrap().push(ended.reason);
        }
    }
}

const WINDOW: usize = 8;

fn world() -> World {
    let mut world = World::new();
    world.limits.acks = true;
    world
}

fn outbox(room: usize, boot: u32) -> Outbox<Vec<u8>> {
    Outbox::new(vec![0; room], RUN, boot)
}

fn number(count: u64) -> u64 {
    (7 << 32) | count
}

async fn numbering(device: &Party, io: DuplexStream, run: RunId) -> Connection<DuplexStream> {
    let mut limits = Limits::default();
    limits.run = Some(run);
    connect(io, device.pinning(), &limits).await.unwrap()
}

/// A session whose messages go to the shelf.
fn serve(acceptor: &Acceptor, shelf: &Shelf, io: DuplexStream) -> JoinHandle<Result<(), NotStored>> {
    let (acceptor, shelf) = (acceptor.clone(), shelf.clone());
    tokio::spawn(async move {
        let mut session = acceptor.accept(io).await.unwrap();
        let stored = store(&mut session, &shelf, None, LINGER).await;
        let _the_device_may_have_gone = session.finish(LINGER).await;
        stored
    })
}

/// Sends until everything is acknowledged.
async fn settle(device: &mut Connection<DuplexStream>, outbox: &mut Outbox<Vec<u8>>) -> Result<(), Error> {
    while !outbox.is_empty() {
        device.send_outbox(outbox).await?;
        if !outbox.is_empty() && !device.recv_acks(outbox).await? {
            return Err(Error::Channel(ChannelError::HungUp)); // a CLOSE
        }
    }
    Ok(())
}

#[tokio::test]
async fn numbered_7_what_is_acknowledged_is_stored_once_and_in_order_over_cuts() {
    let world = world();
    let (acceptor, shelf) = (world.acceptor(), Shelf::default());
    let mut outbox = outbox(2_000, 7);
    let mut pushed = 0_u64;
    for round in 0..20 {
        let (near, far) = duplex(300);
        let session = serve(&acceptor, &shelf, far);
        let mut device = numbering(world.device(), near, RUN).await;
        while let Ok(number) = outbox.push(format!("message {}", pushed + 1).as_bytes()) {
            pushed += 1;
            assert_eq!(number, self::number(pushed));
        }
        for _ in 0..round {
            device.send_outbox(&mut outbox).await.unwrap();
            if outbox.is_empty() {
                break;
            }
            device.recv_acks(&mut outbox).await.unwrap();
        }
        drop(device); // a cut: what is under way may be stored or not
        session.await.unwrap().unwrap_err();
    }
    let (near, far) = duplex(300);
    let session = serve(&acceptor, &shelf, far);
    let mut device = numbering(world.device(), near, RUN).await;
    settle(&mut device, &mut outbox).await.unwrap();
    device.close().await.unwrap();
    assert_eq!(device.recv().await.unwrap(), None);
    drop(device);
    session.await.unwrap().unwrap();
    assert_eq!(shelf.numbers(), (1..=pushed).map(number).collect::<Vec<_>>());
    let (stats, inner) = (acceptor.stats(), shelf.lock());
    assert!(inner.stored.iter().all(|(n, text)| *text == format!("message {}", n & 0xffff).into_bytes()));
    assert_eq!(stats.sessions_numbers, 0);
}

#[tokio::test]
async fn numbered_7_a_device_that_closes_is_told_before_our_close_and_so_when_the_server_stops() {
    for stops in [false, true] {
        let world = world();
        let (acceptor, shelf) = (world.acceptor(), Shelf::default());
        let (near, far) = duplex(10_000);
        let session = serve(&acceptor, &shelf, far);
        let mut device = numbering(world.device(), near, RUN).await;
        let mut outbox = outbox(2_000, 7);
        shelf.change(|shelf| shelf.holds = true);
        while device.acks().up_to.is_none() {
            device.recv_acks(&mut outbox).await.unwrap();
        }
        for _ in 0..5 {
            outbox.push(b"last words").unwrap();
        }
        device.send_outbox(&mut outbox).await.unwrap();
        while acceptor.stats().messages_taken < 5 {
            tokio::task::yield_now().await;
        }
        if stops {
            acceptor.stop();
        } else {
            device.close().await.unwrap();
        }
        tokio::task::yield_now().await;
        shelf.change(|shelf| shelf.holds = false);
        while device.recv_acks(&mut outbox).await.unwrap() {}
        assert!(outbox.is_empty(), "every ACK came before the CLOSE");
        assert_eq!(device.recv().await.unwrap(), None);
        drop(device);
        session.await.unwrap().unwrap();
        let stats = acceptor.stats();
        assert_eq!((stats.messages_taken, stats.messages_acknowledged), (5, 5));
    }
}

#[tokio::test(start_paused = true)]
async fn numbered_7_a_close_waits_for_what_is_not_stored_for_a_limited_time() {
    let world = world();
    let (acceptor, shelf) = (world.acceptor(), Shelf::default());
    let (near, far) = duplex(10_000);
    let session = serve(&acceptor, &shelf, far);
    let mut device = numbering(world.device(), near, RUN).await;
    let mut outbox = outbox(2_000, 7);
    while device.acks().up_to.is_none() {
        device.recv_acks(&mut outbox).await.unwrap();
    }
    shelf.change(|shelf| shelf.holds = true);
    outbox.push(b"never stored").unwrap();
    device.send_outbox(&mut outbox).await.unwrap();
    device.close().await.unwrap();
    let began = tokio::time::Instant::now();
    assert!(!device.recv_acks(&mut outbox).await.unwrap());
    assert_eq!(device.recv().await.unwrap(), None);
    assert_eq!(began.elapsed().as_secs(), LINGER.as_secs());
    assert!(!outbox.is_empty());
    drop(device);
    session.await.unwrap().unwrap();
}

#[tokio::test]
async fn numbered_7_what_cannot_be_stored_ends_the_session_without_an_ack() {
    for (fails, reason) in [
        (Unstored::Replaced, Reason::Backend(Fault::Numbers)),
        (Unstored::TooManyRuns, Reason::Backend(Fault::Numbers)),
        (Unstored::Failed("the disk is full".to_owned()), Reason::Backend(Fault::NotStored)),
        (Unstored::Moved, Reason::Moved),
    ] {
        let world = world();
        let (acceptor, shelf) = (world.acceptor(), Shelf::default());
        let ends = Ends::default();
        acceptor.observe(ends.clone());
        let (near, far) = duplex(10_000);
        let session = serve(&acceptor, &shelf, far);
        let mut device = numbering(world.device(), near, RUN).await;
        let mut outbox = outbox(2_000, 7);
        while device.acks().up_to.is_none() {
            device.recv_acks(&mut outbox).await.unwrap();
        }
        outbox.push(b"x").unwrap();
        device.send_outbox(&mut outbox).await.unwrap();
        shelf.change(|shelf| shelf.fails = Some(fails.clone()));
        let heard = device.recv_acks(&mut outbox).await;
        assert!(!matches!(heard, Ok(true)) || device.acks().up_to == Some(number(1)), "{fails}");
        drop(device);
        let ended = session.await.unwrap();
        assert!(matches!(ended, Err(NotStored::Unstored(ref error)) if *error == fails), "{ended:?}");
        assert_eq!(ends.0.lock().unwrap().as_slice(), [reason]);
    }
}

#[tokio::test]
async fn numbered_7_a_run_that_was_replaced_is_not_taken_again() {
    let world = world();
    let (acceptor, shelf) = (world.acceptor(), Shelf::default());
    let other = RunId::new(*b"another.");
    let runs = [(RUN, true), (other, true), (RUN, false), (other, true)];
    for (n, (run, is_taken)) in runs.into_iter().enumerate() {
        let (near, far) = duplex(10_000);
        let session = serve(&acceptor, &shelf, far);
        let mut device = numbering(world.device(), near, run).await;
        let mut outbox = Outbox::new(vec![0; 2_000], run, n as u32 + 1);
        outbox.push(b"x").unwrap();
        assert_eq!(settle(&mut device, &mut outbox).await.is_ok(), is_taken, "{n}");
        assert_eq!(outbox.is_empty(), is_taken);
        drop(device);
        session.await.unwrap().unwrap_err();
    }
    assert_eq!(shelf.lock().stored.len(), 3);
}

#[tokio::test]
async fn numbered_7_a_device_that_numbers_nothing_is_let_go_of_and_nothing_of_it_is_stored() {
    for sends in [false, true] {
        let world = world();
        let (acceptor, shelf) = (world.acceptor(), Shelf::default());
        let (near, far) = duplex(10_000);
        let session = serve(&acceptor, &shelf, far);
        let mut device = if sends {
            let mut device = numbering(world.device(), near, RUN).await;
            device.send(b"without a number").await.unwrap();
            device
        } else {
            world.device().connect(near).await.unwrap()
        };
        assert_eq!(device.recv().await.unwrap(), None, "a CLOSE");
        drop(device);
        assert!(matches!(session.await.unwrap(), Err(NotStored::NotNumbered)));
        assert_eq!((acceptor.stats().sessions_numbers, shelf.lock().stored.len()), (1, 0));
    }
}

#[tokio::test]
async fn numbered_7_a_sink_that_takes_nothing_fills_the_outbox_and_nothing_else() {
    let world = world();
    let (acceptor, shelf) = (world.acceptor(), Shelf::default());
    let (near, far) = duplex(400);
    let session = serve(&acceptor, &shelf, far);
    let mut device = numbering(world.device(), near, RUN).await;
    let mut outbox = outbox(4_000, 7);
    while device.acks().up_to.is_none() {
        device.recv_acks(&mut outbox).await.unwrap();
    }
    shelf.change(|shelf| shelf.holds = true);
    let mut pushed = 0;
    while outbox.push(&[7; 90]).is_ok() {
        pushed += 1;
    }
    assert_eq!(outbox.push(&[7; 90]), Err(PushError::Full));
    let blocked = tokio::time::timeout(Duration::from_millis(50), device.send_outbox(&mut outbox)).await;
    assert!(blocked.is_err(), "{pushed} messages do not fit into what is between");
    shelf.change(|shelf| shelf.holds = false);
    settle(&mut device, &mut outbox).await.unwrap();
    assert_eq!(shelf.numbers(), (1..=pushed).map(number).collect::<Vec<_>>());
    drop(device);
    session.await.unwrap().unwrap_err();
}

#[tokio::test]
async fn numbered_7_a_server_that_acknowledges_nothing_says_so_to_the_device() {
    let world = World::new();
    let acceptor = world.acceptor();
    let (near, far) = duplex(10_000);
    let (device, session) = tokio::join!(numbering(world.device(), near, RUN), acceptor.accept(far));
    let (mut device, mut session) = (device, session.unwrap());
    let mut outbox = outbox(100, 7);
    outbox.push(b"x").unwrap();
    assert!(!device.acks().are_given);
    let sent = device.send_outbox(&mut outbox).await;
    assert!(matches!(sent, Err(Error::Channel(ChannelError::NotAcknowledged))));
    device.send(b"still there").await.unwrap();
    device.flush().await.unwrap();
    assert_eq!(session.recv().await.unwrap().as_deref(), Some(&b"still there"[..]));
    assert_eq!(session.number(), None);
}

/// Messages for one device.
#[derive(Clone, Debug, Default)]
struct Post(Arc<Mutex<PostInner>>);

#[derive(Debug, Default)]
struct PostInner {
    messages: Vec<(u64, Vec<u8>)>,
    acknowledged: u64,
    wakers: Vec<Waker>,
}

impl Post {
    fn add(&self, number: u64, message: &[u8]) {
        let mut inner = self.0.lock().unwrap();
        inner.messages.push((number, message.to_vec()));
        inner.wakers.drain(..).for_each(Waker::wake);
    }
}

impl Source for Post {
    fn run(&self) -> Option<RunId> {
        Some(RUN)
    }

    fn begin<'a>(
        &'a self,
        device: &'a str,
        run: RunId,
        last: Option<Last>,
    ) -> Later<'a, Result<Box<dyn Outlet>, NotGiven>> {
        Box::pin(async move {
            assert_eq!((device, run), ("device-0", RUN));
            let last = last.map_or(0, |last| last.number);
            if last > 1_000 {
                return Err(NotGiven::WentBack);
            }
            Ok(Box::new(Slip { post: self.clone(), last }) as Box<dyn Outlet>)
        })
    }
}

struct Slip {
    post: Post,
    last: u64,
}

impl Outlet for Slip {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<(u64, Vec<u8>), NotGiven>> {
        let mut inner = self.post.0.lock().unwrap();
        let next = inner.messages.iter().find(|(number, _)| *number > self.last).cloned();
        match next {
            Some(next) => {
                self.last = next.0;
                Poll::Ready(Ok(next))
            }
            None => {
                inner.wakers.push(context.waker().clone());
                Poll::Pending
            }
        }
    }

    fn acknowledge(&mut self, number: u64) {
        let mut inner = self.post.0.lock().unwrap();
        inner.acknowledged = inner.acknowledged.max(number);
    }
}

async fn obeying(device: &Party, io: DuplexStream) -> Connection<DuplexStream> {
    let mut limits = Limits::default();
    (limits.run, limits.acks) = (Some(RUN), true);
    connect(io, device.pinning(), &limits).await.unwrap()
}

fn serve_both(
    acceptor: &Acceptor,
    shelf: &Shelf,
    post: &Post,
    io: DuplexStream,
) -> JoinHandle<Result<(), NotStored>> {
    let (acceptor, shelf, post) = (acceptor.clone(), shelf.clone(), Arc::new(post.clone()));
    tokio::spawn(async move {
        let mut session = acceptor.accept(io).await.unwrap();
        let stored = store(&mut session, &shelf, Some(post), LINGER).await;
        let _the_device_may_have_gone = session.finish(LINGER).await;
        stored
    })
}

#[tokio::test]
async fn numbered_7_what_is_for_a_device_comes_until_it_says_that_it_has_it_whatever_its_length() {
    let world = world();
    let (acceptor, shelf, post) = (world.acceptor(), Shelf::default(), Post::default());
    acceptor.number_by(|| Some(RUN));
    let texts: Vec<Vec<u8>> = [3, 0, 5_000, 700, 65_535].map(|len| vec![7; len]).to_vec();
    for (n, text) in texts.iter().enumerate() {
        post.add(10 * (n as u64 + 1), text);
    }
    // What it has, kept where the application chooses.
    let mut last = None;
    for (n, text) in texts.iter().enumerate() {
        let (near, far) = duplex(3_000);
        let session = serve_both(&acceptor, &shelf, &post, far);
        let mut device = obeying(world.device(), near).await;
        assert_eq!(device.acks().peer_run, Some(RUN));
        device.open_acks(last).unwrap();
        let message = device.recv().await.unwrap().unwrap();
        let number = device.number().unwrap();
        assert_eq!((number, &message), (10 * (n as u64 + 1), text));
        if n == 0 {
            // One that was not acknowledged comes again.
            drop(device);
            session.await.unwrap().unwrap_err();
            let (near, far) = duplex(3_000);
            let session = serve_both(&acceptor, &shelf, &post, far);
            let mut device = obeying(world.device(), near).await;
            device.open_acks(last).unwrap();
            device.recv().await.unwrap().unwrap();
            assert_eq!(device.number(), Some(10));
            drop(device);
            session.await.unwrap().unwrap_err();
        } else {
            device.acknowledge(number).unwrap();
            device.flush().await.unwrap();
            while post.0.lock().unwrap().acknowledged < number {
                tokio::task::yield_now().await;
            }
            drop(device);
            session.await.unwrap().unwrap_err();
        }
        last = Some(Last { number, digest: message_digest(number, [&message, b""]) });
    }
}

#[tokio::test]
async fn numbered_7_both_directions_are_full_and_neither_waits_for_the_other() {
    let world = world();
    let (acceptor, shelf, post) = (world.acceptor(), Shelf::default(), Post::default());
    acceptor.number_by(|| Some(RUN));
    for n in 1..=300 {
        post.add(n, &[9; 150]);
    }
    // Smaller than what either side has to say.
    let (near, far) = duplex(200);
    let session = serve_both(&acceptor, &shelf, &post, far);
    let mut device = obeying(world.device(), near).await;
    device.open_acks(None).unwrap();
    let (mut outbox, mut pushed, mut heard) = (outbox(3_000, 7), 0, 0);
    while heard < 300 || !outbox.is_empty() {
        while pushed < 300 && outbox.push(&[8; 150]).is_ok() {
            pushed += 1;
        }
        if !outbox.is_empty() {
            let _what_is_not_taken_now_goes_with_the_next =
                tokio::time::timeout(Duration::from_millis(1), device.send_outbox(&mut outbox)).await;
        }
        if !device.recv_acks(&mut outbox).await.unwrap() {
            device.recv().await.unwrap().unwrap();
            heard = device.number().unwrap();
            device.acknowledge(heard).unwrap();
        }
    }
    device.flush().await.unwrap();
    while post.0.lock().unwrap().acknowledged < 300 {
        tokio::task::yield_now().await;
    }
    assert_eq!(shelf.numbers(), (1..=300).map(number).collect::<Vec<_>>());
    drop(device);
    session.await.unwrap().unwrap_err();
}

/// What is behind and the device do not fit together: that is said, and the other direction goes on.
#[tokio::test]
async fn numbered_7_a_source_that_gives_nothing_leaves_the_session_as_it_is() {
    let world = world();
    let (acceptor, shelf, post) = (world.acceptor(), Shelf::default(), Post::default());
    acceptor.number_by(|| Some(RUN));
    post.add(1, b"not for this one");
    let (near, far) = duplex(3_000);
    let session = serve_both(&acceptor, &shelf, &post, far);
    let mut device = obeying(world.device(), near).await;
    device.open_acks(Some(Last { number: 5_000, digest: [1; 8] })).unwrap();
    let mut outbox = outbox(100, 7);
    outbox.push(b"up").unwrap();
    settle(&mut device, &mut outbox).await.unwrap();
    assert_eq!(shelf.numbers(), [number(1)]);
    drop(device);
    session.await.unwrap().unwrap_err();
}
