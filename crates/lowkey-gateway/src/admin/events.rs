//! Events as they happen: `text/event-stream`, as the HTML standard has it ("Server-sent events").

use super::query;
use crate::events::{Event, EventId, Events, Next, Reader};
use crate::http::{Answer, Deadline, Turn, stream, text};
use hyper::StatusCode;
use hyper::body::{Body, Bytes, Frame};
use hyper::header::{HeaderMap, HeaderValue};
use std::convert::Infallible;
use std::fmt::Write;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Who reads along.
#[derive(Debug)]
pub(super) struct Readers {
    events: Events,
    at_once: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn of(events: Events) -> Self {
        Self { events, at_once: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Answers `/events`, for as long as the connection takes what comes.
    pub(super) fn answer(&self, query: Option<&str>, headers: &HeaderMap, turn: &Turn) -> Answer {
        let Some(asked) = Asked::of(query, headers.get(LAST_EVENT_ID)) else {
            return text(StatusCode::BAD_REQUEST, ASK);
        };
        let Ok(permit) = Arc::clone(&self.at_once).try_acquire_owned() else {
            return text(StatusCode::SERVICE_UNAVAILABLE, "too many read along already\n");
        };
        let reader = match asked.from {
            From::Now => self.events.from_now_on(),
            From::Last(events) => self.events.last(events),
            From::Since(id) => self.events.since(id),
        };
        let told = Told { reader, only: asked.only, ends: asked.ends, is_begun: false, _permit: permit };
        stream("text/event-stream", Stream { next: Box::pin(told.next()), deadline: turn.reads_along() })
    }
}

struct Asked {
    from: From,
    only: Vec<String>,
    ends: Ends,
}

/// When the answer is over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    Never,
    Now,
}

enum From {
    Now,
    Last(usize),
    Since(EventId),
}

impl Asked {
    /// A browser that comes back names the last event that it has in a header, whatever the address says.
    fn of(query: Option<&str>, last_event: Option<&HeaderValue>) -> Option<Self> {
        let mut asked = Self { from: From::Now, only: Vec::new(), ends: Ends::Never };
        for (name, value) in query::fields(query)? {
            match name {
                "last" => asked.from = From::Last(value.parse().ok()?),
                "since" => asked.from = From::Since(value.parse().ok()?),
                "only" => asked.only = value.split(',').map(str::to_owned).collect(),
                "end" if value == "now" => asked.ends = Ends::Now,
                _ => return None,
            }
        }
        if let Some(id) = last_event {
            asked.from = From::Since(id.to_str().ok()?.parse().ok()?);
        }
        Some(asked)
    }
}

/// What one reader is told.
struct Told {
    reader: Reader,
    /// Names of events; none: all.
    only: Vec<String>,
    ends: Ends,
    is_begun: bool,
    _permit: OwnedSemaphorePermit,
}

impl Told {
    /// What has come by now, or that nothing has for a while; `None`: that was all.
    async fn next(mut self) -> Option<(Self, String)> {
        let mut text = String::new();
        if !std::mem::replace(&mut self.is_begun, true) {
            // Where it begins, for one who loses the connection before anything happens.
            let _ = write!(text, "retry: {RETRY_MS}\nid: {}\n\n", self.reader.id()); // a String takes all
            return Some((self, text));
        }
        while text.is_empty() {
            let next = match self.ends {
                Ends::Now => Ok(self.reader.at_once()?),
                Ends::Never => timeout(SILENCE, self.reader.next()).await,
            };
            let Ok(mut next) = next else { return Some((self, ":\n\n".to_owned())) };
            loop {
                self.write(&next, &mut text);
                if text.len() > ENOUGH {
                    break;
                }
                match self.reader.at_once() {
                    Some(another) => next = another,
                    None => break,
                }
            }
        }
        Some((self, text))
    }

    fn write(&self, next: &Next, text: &mut String) {
        let id = self.reader.id();
        // A String takes all.
        let _ = match next {
            Next::Event(event) if !self.is_chosen(event) => Ok(()),
            next => write!(text, "id: {id}\ndata: {}\n\n", next.json()),
        };
    }

    fn is_chosen(&self, event: &Event) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == event.name())
    }
}

/// What comes next, with what comes behind it.
type Comes = dyn Future<Output = Option<(Told, String)>> + Send;

/// The body of the answer, which ends with the connection.
pub(super) struct Stream {
    next: Pin<Box<Comes>>,
    deadline: Deadline,
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // Asked for more: it has taken what there was, and something comes within the time of a silence.
        self.deadline.is_in(STALLED);
        self.next.as_mut().poll(context).map(|next| {
            let (told, text) = next?;
            self.next = Box::pin(told.next());
            Some(Ok(Frame::data(text.into())))
        })
    }
}

const LAST_EVENT_ID: &str = "last-event-id";
const ASK: &str = "ask as /events, /events?last=N or /events?since=ID, with &only=NAME,NAME for some names alone, \
     with &end=now for what has happened by now\n";
/// Readers at once. Each holds a few kilobytes.
const AT_ONCE: usize = 16;
/// When who has lost the connection comes back, in milliseconds.
const RETRY_MS: u32 = 2000;
/// After so long without an event something comes all the same: both sides see that the other is there.
const SILENCE: Duration = Duration::from_secs(15);
/// Who takes nothing for so long is cut off.
const STALLED: Duration = Duration::from_secs(60);
/// So much in bytes, and one event more, is written in one go.
const ENOUGH: usize = 16 * 1024;
