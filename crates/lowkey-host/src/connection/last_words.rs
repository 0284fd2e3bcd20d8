//! What a peer said before a write to it failed.
//!
//! A device may say something, close, and be gone. The next write fails then, and a link that has failed has no key in
//! either direction. So what has come by then is read and opened first, while the call that failed waits, and is kept
//! for whoever receives. Then the link is over.

use super::Connection;
use crate::parting::DEVICES_BYTES;
use lowkey_transport::{Fragment, Part};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::time::{Sleep, sleep};

/// Empty as long as no write has failed.
#[derive(Default)]
pub(super) struct LastWords {
    coming: Option<Grace>,
    fragments: VecDeque<(Vec<u8>, Part, Option<u64>)>, // with the number of the message that ends with it
    memory: usize, // what the fragments have taken, and each read, in bytes
    has_closed: bool,
}

impl LastWords {
    /// Whether there may be more, which is to be heard before anything else is done.
    pub(super) fn are_coming(&self) -> bool {
        self.coming.is_some()
    }

    /// What is next to be received of them: a fragment, or `Some(None)`, the peer's CLOSE.
    pub(super) fn next(&self) -> Option<Option<Part>> {
        match self.fragments.front() {
            Some((_, part, _)) => Some(Some(*part)),
            None => self.has_closed.then_some(None),
        }
    }

    /// The fragment that is next, and its message's number.
    pub(super) fn take(&mut self) -> Option<(Vec<u8>, Option<u64>)> {
        self.fragments.pop_front().map(|(bytes, _, number)| (bytes, number))
    }

    fn keep(&mut self, fragment: &Fragment<'_>, number: Option<u64>) {
        self.memory += fragment.bytes.len() + EACH;
        self.fragments.push_back((fragment.bytes.to_vec(), fragment.part, number));
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin> Connection<Io> {
    /// The stream takes nothing any more.
    pub(super) fn cannot_write(&mut self, cause: Arc<io::Error>) {
        self.cause.get_or_insert(cause);
        self.last_words.coming = Some(Grace::begin());
    }

    /// Hears what came before a write failed, and then ends the link. Ready: there is nothing (more) to be heard.
    pub(super) fn poll_last_words(&mut self) -> Poll<()> {
        let Some(mut grace) = self.last_words.coming.take() else { return Poll::Ready(()) };
        let both = self.both.clone();
        if self.poll_hear(&mut Context::from_waker(&both), &mut grace).is_pending() {
            self.last_words.coming = Some(grace);
            return Poll::Pending;
        }
        if let Some(cause) = self.cause.clone() {
            self.fail(cause);
        }
        self.shared.wake_both();
        Poll::Ready(())
    }

    /// To the end of the stream, or for as long as it has something, and the grace.
    fn poll_hear(&mut self, context: &mut Context<'_>, grace: &mut Grace) -> Poll<()> {
        while self.last_words.memory < DEVICES_BYTES {
            match self.open() {
                // What nobody keeps counts as well: a peer may say nothing that is kept, for ever.
                Ok(Poll::Pending) if self.poll_fill(context).is_ready() => self.last_words.memory += EACH,
                Ok(Poll::Pending) => return grace.poll(context),
                Ok(Poll::Ready(Some(_))) => {
                    let number = self.link.number();
                    if let Some(fragment) = self.link.take() {
                        self.last_words.keep(&fragment, number);
                    }
                }
                Ok(Poll::Ready(None)) => {
                    self.last_words.has_closed = true;
                    break;
                }
                Err(_) => break,
            }
        }
        Poll::Ready(())
    }
}

/// Time for the runtime to notice what has come: it looks at its sockets before it looks at its clocks.
struct Grace(Option<Pin<Box<Sleep>>>);

impl Grace {
    /// None outside of a runtime, where there is no clock.
    fn begin() -> Self {
        Self(Handle::try_current().ok().map(|_| Box::pin(sleep(GRACE))))
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().map_or(Poll::Ready(()), |clock| clock.as_mut().poll(context))
    }
}

/// Not for more to come: on a socket all that ever comes is there when a write fails.
const GRACE: Duration = Duration::from_millis(100);
/// What a fragment takes beside its bytes, at most, and what a read counts for, in bytes.
const EACH: usize = 64;
