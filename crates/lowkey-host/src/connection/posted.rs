//! Messages from outside of whoever holds a connection, and whether the peer has them.
//!
//! One at a time goes out as one record between two messages of the connection, with a PING behind it. A PONG says that
//! everything before its PING was read (protocol §4), so the PONG to that very PING says that the peer has the message.

use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::sync::PoisonError;
use tokio::sync::oneshot;

/// Those that wait, and the one that is under way.
#[derive(Debug, Default)]
pub(crate) struct Posted {
    inner: Mutex<Inner>,
    /// Whether there are any: what is asked with every write.
    any: AtomicBool,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: VecDeque<Letter>,
    under_way: Option<UnderWay>,
    next: u64,
    /// None is taken any more: our CLOSE or the peer's is said, or the connection is over.
    closed: bool,
}

#[derive(Debug)]
struct Letter {
    number: u64,
    message: Vec<u8>,
    tell: oneshot::Sender<Fate>,
}

#[derive(Debug)]
struct UnderWay {
    number: u64,
    tell: oneshot::Sender<Fate>,
    is_asked: bool,
}

/// What became of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The peer's channel has it.
    Received,
    /// It has not left, and will not.
    Unsent,
    /// It has left; nobody knows whether it has arrived.
    Unknown,
}

/// Why one is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    Closed,
    Full,
}

/// What is next to be done on the stream.
pub(super) enum Next<'p> {
    /// This is to be sent as a message.
    Message(&'p [u8]),
    /// A PING with this in it, which no other PING of the connection has.
    Ping([u8; ASKED]),
}

impl Posted {
    /// Takes one more; its number, and what tells what becomes of it. Whoever drives the connection has to be woken.
    pub(super) fn post(&self, message: &[u8]) -> Result<(u64, oneshot::Receiver<Fate>), NotTaken> {
        let mut inner = self.lock();
        if inner.closed {
            return Err(NotTaken::Closed);
        }
        if inner.waiting.len() >= MOST_WAITING {
            return Err(NotTaken::Full);
        }
        let (tell, told) = oneshot::channel();
        let number = inner.next;
        inner.next += 1;
        inner.waiting.push_back(Letter { number, message: message.to_vec(), tell });
        self.any.store(true, Ordering::Release);
        Ok((number, told))
    }

    /// Nobody waits for this one any more: if it has not left, it does not; says what is known of it then.
    pub(crate) fn withdraw(&self, number: u64) -> Fate {
        let mut inner = self.lock();
        let before = inner.waiting.len();
        inner.waiting.retain(|letter| letter.number != number);
        if inner.waiting.len() < before {
            return Fate::Unsent;
        }
        inner.under_way.take_if(|under_way| under_way.number == number);
        Fate::Unknown
    }

    /// Whether there may be something to do.
    pub(crate) fn is_any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// Does what is next, if anything is; `work` says whether it was done, and otherwise has it again later.
    pub(super) fn proceed(&self, work: impl FnOnce(Next<'_>) -> bool) {
        let mut inner = self.lock();
        let Inner { waiting, under_way, closed, .. } = &mut *inner;
        match under_way {
            Some(under_way) if under_way.is_asked => (),
            Some(under_way) => under_way.is_asked = work(Next::Ping(asked(under_way.number))),
            None if *closed => (),
            None => {
                if let Some(letter) = waiting.front()
                    && work(Next::Message(&letter.message))
                    && let Some(Letter { number, tell, .. }) = waiting.pop_front()
                {
                    *under_way = Some(UnderWay { number, tell, is_asked: false });
                }
            }
        }
        self.any.store(!waiting.is_empty() || under_way.is_some(), Ordering::Release);
    }

    /// The peer owes us no PONG: the one that was asked for last has come.
    pub(super) fn answered(&self) {
        let answered = self.lock().under_way.take_if(|under_way| under_way.is_asked);
        if let Some(UnderWay { tell, .. }) = answered {
            let _nobody_waits = tell.send(Fate::Received);
        }
    }

    /// Our CLOSE is staged: nothing more leaves. The answer to what has left may still come.
    pub(super) fn close(&self) {
        let waiting = {
            let mut inner = self.lock();
            inner.closed = true;
            // Without a PING none comes.
            let unasked = inner.under_way.take_if(|under_way| !under_way.is_asked);
            (std::mem::take(&mut inner.waiting), unasked)
        };
        tell_all(waiting);
    }

    /// The connection is over, or the peer says nothing any more.
    pub(super) fn end(&self) {
        let all = {
            let mut inner = self.lock();
            inner.closed = true;
            (std::mem::take(&mut inner.waiting), inner.under_way.take())
        };
        tell_all(all);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Not under the lock: whoever is told may run anything.
fn tell_all((waiting, under_way): (VecDeque<Letter>, Option<UnderWay>)) {
    for Letter { tell, .. } in waiting {
        let _nobody_waits = tell.send(Fate::Unsent);
    }
    if let Some(UnderWay { tell, .. }) = under_way {
        let _nobody_waits = tell.send(Fate::Unknown);
    }
}

/// What the PING behind the message of this number asks: no silence, no application asks that.
fn asked(number: u64) -> [u8; ASKED] {
    let mut asked = *b"has it? \0\0\0\0\0\0\0\0";
    asked[8..].copy_from_slice(&number.to_be_bytes());
    asked
}

const ASKED: usize = 16;
/// How many may wait for one session.
const MOST_WAITING: usize = 8;
