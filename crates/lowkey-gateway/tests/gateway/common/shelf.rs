//! A store in memory that stores when a test says so, and sets aside what it says.

use lowkey_gateway::store::{Aside, Held, Says, Store, Which};
use lowkey_host::numbered::{Begun, Intake, Later, RunId, SetAside, Sink, Trouble, Unstored};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, UNIX_EPOCH};

pub(crate) const RUN: RunId = RunId::new([0xab; 8]);

/// What it does.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Why it cannot store, if it cannot.
    pub(crate) why: Option<String>,
    /// For how long.
    pub(crate) lasts: Duration,
    /// Whether sessions that begin wait as well.
    pub(crate) holds_beginnings: bool,
    /// Whether what is tried comes to nothing, and ends the session.
    pub(crate) breaks: bool,
    pub(crate) aside: Vec<(SetAside, Vec<u8>)>,
    pub(crate) full: Vec<String>,
    waiting: Vec<Waker>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Shelf(Arc<Mutex<State>>);

impl Shelf {
    pub(crate) fn store(&self) -> Store {
        Store::new(Arc::new(self.clone()), Arc::new(self.clone()))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn fails(&self, why: &str) {
        self.state().why = Some(why.to_owned());
    }

    pub(crate) fn stores(&self) {
        let mut state = self.state();
        (state.why, state.holds_beginnings) = (None, false);
        state.waiting.drain(..).for_each(Waker::wake);
    }

    pub(crate) fn sets_aside(&self, device: &str, number: u64, bytes: &[u8]) {
        let (device, why) = (device.to_owned(), "no such unit".to_owned());
        let (at, len) = (UNIX_EPOCH + Duration::from_secs(1_000_000_000), bytes.len() as u64);
        let message = SetAside { device, run: RUN, number, status: 422, why, at, bytes: len };
        self.state().aside.push((message, bytes.to_vec()));
    }
}

impl Sink for Shelf {
    fn begin<'a>(&'a self, _device: &'a str, _run: RunId) -> Later<'a, Result<Begun, Unstored>> {
        Box::pin(async move {
            poll_fn(|context| {
                let mut state = self.state();
                if state.breaks {
                    return Poll::Ready(Err(Unstored::Failed("no answer".to_owned())));
                }
                if !state.holds_beginnings {
                    return Poll::Ready(Ok(()));
                }
                state.waiting.push(context.waker().clone());
                Poll::Pending
            })
            .await?;
            Ok(Begun { last: None, intake: Box::new(Pile { shelf: self.clone(), queue: VecDeque::new() }) })
        })
    }
}

struct Pile {
    shelf: Shelf,
    queue: VecDeque<u64>,
}

impl Intake for Pile {
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unstored>> {
        Poll::Ready(Ok(()))
    }

    fn take(&mut self, number: u64, _: Vec<u8>) {
        self.queue.push_back(number);
    }

    fn poll_stored(&mut self, context: &mut Context<'_>) -> Poll<Result<u64, Unstored>> {
        let mut state = self.shelf.state();
        if state.breaks {
            return Poll::Ready(Err(Unstored::Failed("no answer".to_owned())));
        }
        if state.why.is_none()
            && let Some(number) = self.queue.pop_front()
        {
            return Poll::Ready(Ok(number));
        }
        state.waiting.push(context.waker().clone());
        Poll::Pending
    }
}

impl Says for Shelf {
    fn name(&self) -> String {
        "https://in.example/".to_owned()
    }

    fn trouble(&self) -> Option<Trouble> {
        let state = self.state();
        Some(Trouble { lasts: state.lasts, why: state.why.clone()? })
    }

    fn aside(&self) -> Option<Arc<dyn Aside>> {
        Some(Arc::new(self.clone()))
    }
}

impl Aside for Shelf {
    fn held(&self) -> Held {
        let state = self.state();
        let mut devices: Vec<&str> = state.aside.iter().map(|(message, _)| &*message.device).collect();
        devices.dedup();
        Held {
            messages: state.aside.len() as u64,
            bytes: state.aside.iter().map(|(message, _)| message.bytes).sum(),
            devices: devices.len() as u64,
            full: state.full.clone(),
            most_messages: 10_000,
            most_bytes: 64 << 20,
        }
    }

    fn messages_of(&self, device: &str) -> u64 {
        self.state().aside.iter().filter(|(message, _)| message.device == device).count() as u64
    }

    fn list<'a>(&'a self, device: Option<&'a str>) -> Later<'a, Result<Vec<SetAside>, String>> {
        Box::pin(async move {
            let state = self.state();
            let all = state.aside.iter().map(|(message, _)| message);
            Ok(all.filter(|of| device.is_none_or(|device| of.device == device)).cloned().collect())
        })
    }

    fn message<'a>(
        &'a self,
        device: &'a str,
        run: RunId,
        number: u64,
    ) -> Later<'a, Result<Option<Vec<u8>>, String>> {
        Box::pin(async move {
            let is_it = |of: &SetAside| (&*of.device, of.run, of.number) == (device, run, number);
            Ok(self.state().aside.iter().find(|(of, _)| is_it(of)).map(|(_, bytes)| bytes.clone()))
        })
    }

    fn free<'a>(&'a self, device: &'a str, which: Which) -> Later<'a, Result<u64, String>> {
        Box::pin(async move {
            let mut state = self.state();
            let before = state.aside.len();
            state.aside.retain(|(of, _)| {
                let is_it = which == Which::All || which == Which::One(of.run, of.number);
                of.device != device || !is_it
            });
            Ok((before - state.aside.len()) as u64)
        })
    }
}
