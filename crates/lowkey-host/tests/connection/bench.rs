//! A server whose sessions store what a device numbers, and give it what is for it, all of it in memory.

use lowkey_host::numbered::{
    Begun, Intake, Last, Later, NotGiven, Outbox, Outlet, Row, RunId, Sink, Source, Unstored, message_digest,
};
use lowkey_host::{Acceptor, ChannelError, Connection, Error, Limits, NotStored, connect, store};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use test_support::world::World;
use tokio::io::{DuplexStream, duplex};
use tokio::task::JoinHandle;

/// The server, and its one device.
pub(crate) struct Bench {
    world: World,
    pub(crate) acceptor: Acceptor,
    pub(crate) shelf: Shelf,
    /// What is for the device, if there is anything.
    post: Option<Arc<Post>>,
}

/// A session: the device's end of it, and what comes of the server's.
pub(crate) struct Session {
    pub(crate) device: Connection<DuplexStream>,
    server: JoinHandle<Result<(), NotStored>>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let mut world = World::new();
        world.limits.acks = true;
        Self { acceptor: world.acceptor(), world, shelf: Shelf::default(), post: None }
    }

    /// One that has something for the device.
    pub(crate) fn with_post() -> (Self, Post) {
        let (mut bench, post) = (Self::new(), Post::default());
        bench.acceptor.number_by(|| Some(RUN));
        bench.post = Some(Arc::new(post.clone()));
        (bench, post)
    }

    /// A session over a stream that holds so many bytes, of a device that numbers and, if there is something for it,
    /// acknowledges.
    pub(crate) async fn begin(&self, room: usize) -> Session {
        let mut limits = Limits::default();
        (limits.run, limits.acks) = (Some(RUN), self.post.is_some());
        self.begin_with(room, &limits).await
    }

    /// The same of a device that shows this.
    pub(crate) async fn begin_with(&self, room: usize, limits: &Limits) -> Session {
        let (near, far) = duplex(room);
        let (acceptor, shelf, post) = (self.acceptor.clone(), self.shelf.clone(), self.post.clone());
        let server = tokio::spawn(async move {
            let mut session = acceptor.accept(far).await.unwrap();
            let source = post.map(|post| post as Arc<dyn Source>);
            let stored = store(&mut session, &shelf, source, LINGER).await;
            let _the_device_may_have_gone = session.finish(LINGER).await;
            stored
        });
        let device = connect(near, self.world.device().pinning(), limits).await.unwrap();
        Session { device, server }
    }

    /// The same, which has heard the first ACK; and an outbox.
    pub(crate) async fn opened(&self, room: usize) -> (Session, Outbox<Vec<u8>>) {
        let (mut session, mut outbox) = (self.begin(room).await, outbox(4_000));
        while session.device.acks().up_to.is_none() {
            session.device.recv_acks(&mut outbox).await.unwrap();
        }
        (session, outbox)
    }
}

impl Session {
    /// The device is gone, without another word. What came of its session.
    pub(crate) async fn cut(self) -> Result<(), NotStored> {
        drop(self.device);
        self.server.await.unwrap()
    }

    /// Sends until everything is acknowledged.
    pub(crate) async fn settle(&mut self, outbox: &mut Outbox<Vec<u8>>) -> Result<(), Error> {
        while !outbox.is_empty() {
            self.device.send_outbox(outbox).await?;
            if !outbox.is_empty() && !self.device.recv_acks(outbox).await? {
                return Err(Error::Channel(ChannelError::HungUp)); // a CLOSE
            }
        }
        Ok(())
    }
}

/// Of the start whose messages have each [`number`].
pub(crate) fn outbox(room: usize) -> Outbox<Vec<u8>> {
    Outbox::new(vec![0; room], RUN, BOOT)
}

pub(crate) fn number(count: u64) -> u64 {
    (u64::from(BOOT) << 32) | count
}

/// A sink in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shelf(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
pub(crate) struct Inner {
    rows: HashMap<String, Row>,
    pub(crate) stored: Vec<(u64, Vec<u8>)>,
    /// Stores nothing for now.
    pub(crate) holds: bool,
    /// Why it stores nothing more.
    pub(crate) fails: Option<Unstored>,
    wakers: Vec<Waker>,
}

impl Shelf {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Inner)) {
        let mut inner = self.lock();
        change(&mut inner);
        inner.wakers.drain(..).for_each(Waker::wake);
    }

    pub(crate) fn numbers(&self) -> Vec<u64> {
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

/// Messages for one device.
#[derive(Clone, Debug, Default)]
pub(crate) struct Post(Arc<Mutex<PostInner>>);

#[derive(Debug, Default)]
struct PostInner {
    messages: Vec<(u64, Vec<u8>)>,
    acknowledged: u64,
    wakers: Vec<Waker>,
}

impl Post {
    pub(crate) fn add(&self, number: u64, message: &[u8]) {
        let mut inner = self.0.lock().unwrap();
        inner.messages.push((number, message.to_vec()));
        inner.wakers.drain(..).for_each(Waker::wake);
    }

    /// Until the device's word has come that it has all up to this one.
    pub(crate) async fn until_acknowledged(&self, number: u64) {
        while self.0.lock().unwrap().acknowledged < number {
            tokio::task::yield_now().await;
        }
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

pub(crate) const RUN: RunId = RunId::new(*b"a run...");
const BOOT: u32 = 7;
pub(crate) const LINGER: Duration = Duration::from_secs(5);
/// Messages that a sink has room for.
const WINDOW: usize = 8;
