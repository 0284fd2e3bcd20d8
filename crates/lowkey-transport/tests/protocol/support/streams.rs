//! Streams in memory that dribble, stumble, buffer, block and break as a script says.

use super::Rng;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use embedded_io::{ErrorKind, ErrorType};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::sync::{Arc, Condvar, Mutex};

#[derive(Default)]
struct Flow {
    bytes: VecDeque<u8>,
    ended: bool,
}

/// One direction.
#[derive(Clone, Default)]
pub(crate) struct Pipe(Arc<(Mutex<Flow>, Condvar)>);

impl Pipe {
    pub(crate) fn put(&self, bytes: &[u8]) {
        self.0.0.lock().unwrap().bytes.extend(bytes);
        self.0.1.notify_all();
    }

    /// Nothing comes behind what is in it.
    pub(crate) fn end(&self) {
        self.0.0.lock().unwrap().ended = true;
        self.0.1.notify_all();
    }

    pub(crate) fn len(&self) -> usize {
        self.0.0.lock().unwrap().bytes.len()
    }

    pub(crate) fn take_all(&self) -> Vec<u8> {
        self.0.0.lock().unwrap().bytes.drain(..).collect()
    }

    /// `None` while it is empty and has not ended.
    pub(crate) fn take(&self, out: &mut [u8]) -> Option<usize> {
        Self::take_from(&mut self.0.0.lock().unwrap(), out)
    }

    fn take_from(flow: &mut Flow, out: &mut [u8]) -> Option<usize> {
        if flow.bytes.is_empty() && !flow.ended {
            return None;
        }
        let n = out.len().min(flow.bytes.len());
        out.iter_mut().zip(flow.bytes.drain(..n)).for_each(|(to, from)| *to = from);
        Some(n)
    }

    fn take_waiting(&self, out: &mut [u8]) -> usize {
        let mut flow = self.0.0.lock().unwrap();
        loop {
            match Self::take_from(&mut flow, out) {
                Some(n) => return n,
                None => flow = self.0.1.wait(flow).unwrap(),
            }
        }
    }

    fn is_ready(&self) -> bool {
        let flow = self.0.0.lock().unwrap();
        flow.ended || !flow.bytes.is_empty()
    }
}

/// How a blocking stream behaves.
#[derive(Clone, Default)]
pub(crate) struct Rules {
    /// Waits for bytes; otherwise an empty stream times out.
    pub(crate) waits: bool,
    /// Moves 1 to 7 bytes at a time.
    pub(crate) dribble: Option<Rng>,
    /// Every other call, on average, fails in this way and moves nothing.
    pub(crate) stumbles: Option<(ErrorKind, Rng)>,
    /// After so many calls one call fails in this way and moves nothing.
    pub(crate) fails_once: Option<(usize, ErrorKind)>,
    /// What is written arrives with the next flush.
    pub(crate) buffers: bool,
    /// Takes so many bytes more, then every write ends like this; `None` is `Ok(0)`.
    pub(crate) breaks: Option<(usize, Option<ErrorKind>)>,
    pub(crate) held: Vec<u8>,
    /// At most so many bytes lie in the pipe; what goes over that times out.
    pub(crate) holds: Option<usize>,
}

impl Rules {
    fn stumble(&mut self) -> Result<(), ErrorKind> {
        if let Some((calls, kind)) = self.fails_once.take() {
            self.fails_once = calls.checked_sub(1).map(|left| (left, kind));
            if calls == 0 {
                return Err(kind);
            }
        }
        let Some((kind, rng)) = &mut self.stumbles else { return Ok(()) };
        if rng.below(2) == 0 { Err(*kind) } else { Ok(()) }
    }

    fn room(&self, pipe: &Pipe) -> usize {
        self.holds.map_or(usize::MAX, |holds| holds.saturating_sub(pipe.len()))
    }

    fn portion(&mut self, wanted: usize) -> usize {
        self.dribble.as_mut().map_or(wanted, |rng| wanted.min(1 + rng.below(7)))
    }
}

/// A blocking stream.
#[derive(Clone)]
pub(crate) struct Stream {
    pub(crate) rx: Pipe,
    pub(crate) tx: Pipe,
    pub(crate) rules: Arc<Mutex<Rules>>,
}

impl Stream {
    pub(crate) fn new(rx: &Pipe, tx: &Pipe, rules: Rules) -> Self {
        Self { rx: rx.clone(), tx: tx.clone(), rules: Arc::new(Mutex::new(rules)) }
    }

    pub(crate) fn pair(rules: &Rules) -> (Self, Self) {
        let (there, back) = (Pipe::default(), Pipe::default());
        (Self::new(&back, &there, rules.clone()), Self::new(&there, &back, rules.clone()))
    }

    /// Behaves otherwise from now on.
    pub(crate) fn set(&self, change: impl FnOnce(&mut Rules)) {
        change(&mut self.rules.lock().unwrap());
    }
}

impl ErrorType for Stream {
    type Error = ErrorKind;
}

impl embedded_io::Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        let mut rules = self.rules.lock().unwrap();
        rules.stumble()?;
        let n = rules.portion(buf.len());
        let waits = rules.waits;
        drop(rules);
        if waits {
            return Ok(self.rx.take_waiting(&mut buf[..n]));
        }
        self.rx.take(&mut buf[..n]).ok_or(ErrorKind::TimedOut)
    }
}

impl embedded_io::ReadReady for Stream {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        self.rules.lock().unwrap().stumble()?;
        Ok(self.rx.is_ready())
    }
}

impl embedded_io::Write for Stream {
    fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        let mut rules = self.rules.lock().unwrap();
        rules.stumble()?;
        let mut n = rules.portion(buf.len());
        if let Some((left, how)) = &mut rules.breaks {
            if *left == 0 {
                return how.map_or(Ok(0), Err);
            }
            n = n.min(*left);
            *left -= n;
        }
        if rules.buffers {
            rules.held.extend_from_slice(&buf[..n]);
            return Ok(n);
        }
        n = n.min(rules.room(&self.tx));
        if n == 0 {
            return Err(ErrorKind::TimedOut);
        }
        self.tx.put(&buf[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        let mut rules = self.rules.lock().unwrap();
        rules.stumble()?;
        let n = rules.held.len().min(rules.room(&self.tx));
        self.tx.put(&rules.held.drain(..n).collect::<Vec<_>>());
        if rules.held.is_empty() { Ok(()) } else { Err(ErrorKind::TimedOut) }
    }
}

/// An async stream, or half of one, that is Pending once at every call before it does anything.
pub(crate) struct Slow {
    pub(crate) rx: Pipe,
    pub(crate) tx: Pipe,
    /// The most bytes it moves at a time.
    pub(crate) portion: usize,
    /// What is written arrives with the next flush.
    pub(crate) buffers: bool,
    pub(crate) held: Vec<u8>,
}

impl Slow {
    pub(crate) fn new(rx: &Pipe, tx: &Pipe, portion: usize) -> Self {
        Self { rx: rx.clone(), tx: tx.clone(), portion, buffers: false, held: vec![] }
    }
}

/// Gives way once.
pub(crate) async fn pause() {
    let mut paused = false;
    poll_fn(|context| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl ErrorType for Slow {
    type Error = ErrorKind;
}

impl embedded_io_async::Read for Slow {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        let n = buf.len().min(self.portion);
        loop {
            pause().await;
            if let Some(n) = self.rx.take(&mut buf[..n]) {
                return Ok(n);
            }
        }
    }
}

impl embedded_io_async::Write for Slow {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        pause().await;
        let n = buf.len().min(self.portion);
        self.held.extend_from_slice(&buf[..n]);
        if !self.buffers {
            self.tx.put(&std::mem::take(&mut self.held));
        }
        Ok(n)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        pause().await;
        self.tx.put(&std::mem::take(&mut self.held));
        Ok(())
    }
}

/// Polls at most `polls` times, then drops the future.
pub(crate) fn poll_at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..polls {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
    }
    None
}
