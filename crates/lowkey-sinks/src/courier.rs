//! Carries the messages of a session, one after the other, until each is taken or set aside.

use crate::aside::{Aside, Refused};
use crate::offered::{Answer, Deliver, Offered, Whose};
use crate::standing::Tally;
use lowkey_host::ChannelError;
use lowkey_host::entropy::chance;
use lowkey_host::numbered::{Begun, HeldRow, Intake, Last, Later, Rows, RunId, Unstored};
use lowkey_transport::Backoff;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tracing::warn;

/// How much of one session may be under way: what is more stays with the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Messages; at least one is.
    pub messages: usize,
    /// Their bytes; one that is longer goes alone.
    pub bytes: usize,
}

impl Default for Window {
    /// 16 messages and 64 KiB.
    fn default() -> Self {
        Self { messages: 16, bytes: 64 * 1024 }
    }
}

/// What a sink has of its own, for all sessions.
pub(crate) struct Courier {
    pub(crate) to: Box<dyn Deliver>,
    pub(crate) rows: Arc<dyn Rows>,
    pub(crate) aside: Aside,
    pub(crate) tally: Arc<Tally>,
    pub(crate) window: Window,
}

impl Courier {
    pub(crate) async fn begin(self: &Arc<Self>, device: &str, run: RunId) -> Result<Begun, Unstored> {
        let whose = Whose::new(device, run).map_err(Unstored::Failed)?;
        let held = self.rows.begin(device, run).await?;
        let last = held.last();
        Ok(Begun { last, intake: Box::new(Carried::new(Arc::clone(self), whose, held)) })
    }

    /// Returns when the message is taken, or set aside.
    async fn carry(&self, message: &Arc<Offered>) {
        let (first, longest) = PAUSES;
        let mut backoff = Backoff::new(first, longest);
        let (begun, mut tries, mut is_said) = (Instant::now(), 0, false);
        loop {
            let (why, after) = match self.to.offer(message).await {
                Answer::Taken => return self.tally.taken(),
                Answer::Refused { status, why } => match self.set_aside(message, status, why).await {
                    Ok(()) => return self.tally.set_aside(),
                    Err(why) => (why, Duration::ZERO),
                },
                Answer::Later { why, after } => (why, after),
            };
            tries += 1;
            let is_known = self.tally.again(&why);
            if !is_said && !is_known && tries >= MANY && begun.elapsed() >= LONG {
                is_said = true;
                warn!(
                    name: "lowkey.message_stuck", target: "lowkey", device = %message.whose.device,
                    number = message.number, error = %why,
                    "a message is not taken, and all that follow it wait"
                );
            }
            let pause = Duration::from_millis(backoff.failed(&ChannelError::HungUp, chance()).into());
            sleep(pause.max(after.min(LONGEST_AFTER))).await;
        }
    }

    async fn set_aside(&self, message: &Offered, status: u16, why: String) -> Result<(), String> {
        let refused = Refused {
            device: Arc::clone(&message.whose.device),
            run: message.whose.run,
            number: message.number,
            digest: message.digest(),
            status,
            why: why.clone(),
            bytes: message.bytes.clone(),
        };
        // Both are reasons to try it again: it may be taken now, and must not be lost.
        self.aside.keep(refused).await?.map_err(|full| format!("{full}; it is refused: {status} {why}"))?;
        warn!(
            name: "lowkey.message_aside", target: "lowkey", device = %message.whose.device,
            run = %message.run(), number = message.number, status, error = %why,
            "a message is refused for good, and set aside"
        );
        Ok(())
    }
}

/// The messages of one session. Whoever polls it has them carried.
struct Carried {
    courier: Arc<Courier>,
    whose: Arc<Whose>,
    /// The first is under way if `going` is there. Then what is to be offered.
    waiting: VecDeque<Arc<Offered>>,
    going: Option<Later<'static, ()>>,
    /// What was taken and is not in the row.
    taken: Option<Last>,
    /// The row, while it is not written.
    held: Option<Box<dyn HeldRow>>,
    writing: Option<Later<'static, Written>>,
    /// Numbers and lengths of what is not acknowledged.
    owed: VecDeque<(u64, usize)>,
    owed_bytes: usize,
    /// What the row says that was not told.
    stored: Option<u64>,
    over: Option<Unstored>,
    /// Who polled last, and whether it heard that the window is full.
    waker: Option<Waker>,
    was_full: bool,
}

type Written = (Box<dyn HeldRow>, u64, Result<(), Unstored>);

impl Carried {
    fn new(courier: Arc<Courier>, whose: Whose, held: Box<dyn HeldRow>) -> Self {
        Self {
            courier,
            whose: Arc::new(whose),
            waiting: VecDeque::new(),
            going: None,
            taken: None,
            held: Some(held),
            writing: None,
            owed: VecDeque::new(),
            owed_bytes: 0,
            stored: None,
            over: None,
            waker: None,
            was_full: false,
        }
    }

    /// Goes as far as it goes now.
    fn drive(&mut self, context: &mut Context<'_>) {
        self.waker = Some(context.waker().clone());
        while self.over.is_none() && (self.write(context) | self.carry(context)) {}
    }

    /// Whether something has happened to the row.
    fn write(&mut self, context: &mut Context<'_>) -> bool {
        if let Some(writing) = &mut self.writing {
            let Poll::Ready((held, number, written)) = writing.as_mut().poll(context) else { return false };
            (self.writing, self.held) = (None, Some(held));
            match written {
                Ok(()) => self.acknowledge(number),
                // Nothing more is offered: another session does that now, or nobody may.
                Err(unstored) => (self.over, self.going) = (Some(unstored), None),
            }
            return true;
        }
        let Some(last) = self.taken.take() else { return false };
        // It is there whenever it is not being written.
        let Some(mut held) = self.held.take() else { return false };
        self.writing = Some(Box::pin(async move {
            let written = held.write(last).await;
            (held, last.number, written)
        }));
        true
    }

    /// Whether something has happened to the first message.
    fn carry(&mut self, context: &mut Context<'_>) -> bool {
        if let Some(going) = &mut self.going {
            if going.as_mut().poll(context).is_pending() {
                return false;
            }
            self.going = None;
            self.taken = self.waiting.pop_front().map(|message| message.last());
            return true;
        }
        // No further ahead of the row than one: a session that has moved, or a crash, has no more come twice than that.
        if self.taken.is_some() {
            return false;
        }
        let Some(message) = self.waiting.front().cloned() else { return false };
        let courier = Arc::clone(&self.courier);
        self.going = Some(Box::pin(async move { courier.carry(&message).await }));
        true
    }

    fn acknowledge(&mut self, number: u64) {
        while let Some((_, len)) = self.owed.front().copied().filter(|(owed, _)| *owed <= number) {
            self.owed.pop_front();
            self.owed_bytes -= len;
        }
        self.stored = Some(number);
        // Also if that was seen while something else was asked.
        if self.was_full && !self.is_full() {
            self.was_full = false;
            self.waker.iter().for_each(Waker::wake_by_ref);
        }
    }

    fn is_full(&self) -> bool {
        let Window { messages, bytes } = self.courier.window;
        !self.owed.is_empty() && (self.owed.len() >= messages || self.owed_bytes >= bytes)
    }
}

impl Intake for Carried {
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Unstored>> {
        self.drive(context);
        match &self.over {
            Some(over) => Poll::Ready(Err(over.clone())),
            None => {
                self.was_full = self.is_full();
                if self.was_full { Poll::Pending } else { Poll::Ready(Ok(())) }
            }
        }
    }

    fn take(&mut self, number: u64, message: Vec<u8>) {
        self.owed.push_back((number, message.len()));
        self.owed_bytes += message.len();
        self.waiting.push_back(Arc::new(Offered::new(Arc::clone(&self.whose), number, message)));
        self.waker.iter().for_each(Waker::wake_by_ref);
    }

    fn poll_stored(&mut self, context: &mut Context<'_>) -> Poll<Result<u64, Unstored>> {
        self.drive(context);
        match (self.stored.take(), &self.over) {
            (Some(stored), _) => Poll::Ready(Ok(stored)),
            (None, Some(over)) => Poll::Ready(Err(over.clone())),
            (None, None) => Poll::Pending,
        }
    }
}

/// The shortest and the longest bound of a pause, in milliseconds; the pause is at least half of it.
const PAUSES: (u32, u32) = (500, 30_000);
/// No server has a device wait for longer at a time.
const LONGEST_AFTER: Duration = Duration::from_secs(300);
/// A message that was tried so often, and for so long, is said to be stuck.
const MANY: u32 = 5;
const LONG: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aside::Bounds;
    use crate::rows::FileRows;
    use std::future::poll_fn;
    use std::sync::Mutex;
    use tempfile::TempDir;
    use test_support::world::log::Log;

    /// Says this, one after the other, and then yes.
    struct Says(Mutex<VecDeque<Answer>>);

    impl Deliver for Says {
        fn offer<'a>(&'a self, _: &'a Arc<Offered>) -> Later<'a, Answer> {
            let answer = self.0.lock().unwrap().pop_front().unwrap_or(Answer::Taken);
            Box::pin(std::future::ready(answer))
        }
    }

    fn courier(says: impl IntoIterator<Item = Answer>) -> (Arc<Courier>, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let rows = Arc::new(FileRows::open(folder.path()).unwrap());
        let aside = Aside::open(folder.path(), Bounds::default()).unwrap();
        let says = Says(Mutex::new(says.into_iter().collect()));
        let tally = Arc::new(Tally::new("https://a.example/".to_owned()));
        let window = Window::default();
        (Arc::new(Courier { to: Box::new(says), rows, aside, tally, window }), folder)
    }

    fn busy() -> Answer {
        Answer::later("503 Service Unavailable")
    }

    /// How long it takes to have a message acknowledged.
    async fn send(courier: &Arc<Courier>) -> Duration {
        let begun = Instant::now();
        let mut intake = courier.begin("a", RunId::new([1; 8])).await.unwrap().intake;
        poll_fn(|context| intake.poll_ready(context)).await.unwrap();
        intake.take(1, b"21.5 C".to_vec());
        assert_eq!(poll_fn(|context| intake.poll_stored(context)).await, Ok(1));
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn tries_come_less_and_less_often_down_to_twice_a_minute() {
        let (courier, _folder) = courier((0..9).map(|_| busy()));
        // Bounds of 0.5, 1, 2, 4, 8, 16, 30, 30 and 30 s, of which each is at least half.
        let most = Duration::from_millis(121_500);
        let took = send(&courier).await;
        assert!(took >= most / 2 && took <= most + Duration::from_secs(1), "{took:?}");
        assert_eq!(courier.tally.standing().again, 9);
    }

    #[tokio::test(start_paused = true)]
    async fn no_server_has_a_device_wait_for_longer_than_five_minutes() {
        let after = Duration::from_secs(86_400);
        let (courier, _folder) = courier([Answer::Later { why: "429".to_owned(), after }]);
        let took = send(&courier).await;
        assert!(took >= LONGEST_AFTER && took < LONGEST_AFTER + Duration::from_secs(60), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_sink_that_takes_nothing_is_said_once_and_so_is_its_return() {
        Log::begin();
        let (courier, _folder) = courier((0..30).map(|_| busy()));
        send(&courier).await;
        let log = Log::take();
        let said = |name: &str| log.matches(name).count();
        assert_eq!((said("lost"), said("there again"), said("stuck")), (0, 1, 0), "{log}");
        assert_eq!(log.matches("no message is taken; devices keep theirs").count(), 1, "{log}");
        assert!(log.contains(r#"sink=https://a.example/ error=503 Service Unavailable"#), "{log}");
        assert_eq!(courier.tally.standing().trouble, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_that_alone_is_not_taken_is_said_once() {
        Log::begin();
        let (courier, _folder) = courier((0..30).map(|_| busy()));
        let another = Arc::clone(&courier.tally);
        let others = tokio::spawn(async move {
            loop {
                another.taken();
                sleep(Duration::from_millis(100)).await;
            }
        });
        send(&courier).await;
        others.abort();
        let log = Log::take();
        assert_eq!(log.matches("a message is not taken, and all that follow it wait").count(), 1, "{log}");
        assert!(log.contains("device=a number=1 error=503 Service Unavailable"), "{log}");
        assert!(!log.contains("devices keep theirs"), "{log}");
    }

    #[test]
    fn whoever_waits_is_woken_by_what_is_given_meanwhile() {
        use std::sync::atomic::{AtomicBool, Ordering};
        #[derive(Default)]
        struct Woken(AtomicBool);
        impl std::task::Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let (courier, _folder) = courier([]);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut intake = runtime.block_on(courier.begin("a", RunId::new([1; 8]))).unwrap().intake;
        let woken = Arc::new(Woken::default());
        let waker = Arc::clone(&woken).into();
        let mut context = Context::from_waker(&waker);
        assert!(intake.poll_stored(&mut context).is_pending());
        assert!(!woken.0.load(Ordering::Relaxed));
        intake.take(1, vec![]);
        assert!(woken.0.load(Ordering::Relaxed));
    }
}
