//! Events as they happen: `text/event-stream`, as the HTML standard has it ("Server-sent events").

use super::elsewhere::Elsewhere;
use super::others::Others;
use super::query;
use crate::events::{Event, EventId, Events, Next, Reader};
use crate::http::{Answer, Deadline, Turn, stream, text};
use hyper::StatusCode;
use hyper::body::{Body, Bytes, Frame};
use hyper::header::{HeaderMap, HeaderValue};
use std::convert::Infallible;
use std::fmt::Write;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};

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
    pub(super) fn answer(
        &self,
        query: Option<&str>,
        headers: &HeaderMap,
        others: Option<&Arc<dyn Others>>,
        turn: &Turn,
    ) -> Answer {
        let Some(asked) = Asked::of(query, headers.get(LAST_EVENT_ID)) else {
            return text(StatusCode::BAD_REQUEST, ASK);
        };
        let Ok(permit) = Arc::clone(&self.at_once).try_acquire_owned() else {
            return text(StatusCode::SERVICE_UNAVAILABLE, "too many read along already\n");
        };
        let last = if let From::Last(events) = asked.from { events } else { 0 };
        let others =
            others.map(|others| Elsewhere::of(Arc::clone(others), last, &asked.only, asked.ends_now));
        let told = asked.told(&self.events, others);
        let deadline = turn.reads_along(permit);
        stream("text/event-stream", Stream { next: Box::pin(told.next()), deadline })
    }
}

/// What has happened by now, for another gateway; `None`: that is no question.
pub(super) fn by_now(events: &Events, query: Option<&str>) -> Option<String> {
    let mut told = Asked::of(query, None)?.told(events, None);
    let mut text = String::new();
    while text.len() < MOST {
        let Some(next) = told.reader.up_to(told.end?) else { break };
        told.write(&next, &mut text);
    }
    // Where it is by now: the next question begins there.
    let _ = writeln!(text, "id: {}", told.reader.id()); // a String takes all
    Some(text)
}

struct Asked {
    from: From,
    only: Vec<String>,
    ends_now: bool,
}

enum From {
    Now,
    Last(usize),
    Since(EventId),
}

impl Asked {
    /// A browser that comes back names the last event that it has in a header, whatever the address says.
    fn of(query: Option<&str>, last_event: Option<&HeaderValue>) -> Option<Self> {
        let mut asked = Self { from: From::Now, only: Vec::new(), ends_now: false };
        for (name, value) in query::fields(query)? {
            match name {
                "last" => asked.from = From::Last(value.parse().ok()?),
                "since" => asked.from = From::Since(value.parse().ok()?),
                "only" => asked.only = value.split(',').map(str::to_owned).collect(),
                "end" if value == "now" => asked.ends_now = true,
                _ => return None,
            }
        }
        if let Some(id) = last_event {
            asked.from = From::Since(id.to_str().ok()?.parse().ok()?);
        }
        Some(asked)
    }
}

impl Asked {
    fn told(self, events: &Events, others: Option<Elsewhere>) -> Told {
        let reader = match self.from {
            From::Now => events.from_now_on(),
            From::Last(last) => events.last(last),
            From::Since(id) => events.since(id),
        };
        let end = self.ends_now.then(|| events.count());
        Told { reader, others, only: self.only, end, is_begun: false }
    }
}

/// What one reader is told.
struct Told {
    reader: Reader,
    others: Option<Elsewhere>,
    /// Names of events; none: all.
    only: Vec<String>,
    /// With so many the answer is over; `None`: never.
    end: Option<u64>,
    is_begun: bool,
}

impl Told {
    /// What has come by now, or that nothing has for a while; `None`: that was all.
    async fn next(mut self) -> Option<(Self, String)> {
        let mut text = String::new();
        if !std::mem::replace(&mut self.is_begun, true) {
            // Where it begins, for one who loses the connection before anything happens.
            let _ = write!(text, "retry: {RETRY_MS}\nid: {}\n\n", self.reader.id()); // a String takes all
            if let Some(others) = &mut self.others {
                others.begin().await;
            }
            return Some((self, text));
        }
        let silent = Instant::now() + SILENCE;
        while text.is_empty() {
            // More may happen here than is taken.
            if let Some(others) = self.others.as_mut().filter(|others| others.is_told()) {
                others.at_once().iter().for_each(|json| data(json, &mut text));
            }
            if !text.is_empty() {
                self.more(&mut text);
                break;
            }
            match self.at_once() {
                Some(next) => self.write(&next, &mut text),
                None if self.write_before(None, &mut text) => (),
                None if self.end.is_some() => return None,
                None => match timeout_at(silent, self.comes()).await {
                    Ok(Came::Here(next)) => self.write(&next, &mut text),
                    Ok(Came::Elsewhere(events)) => events.iter().for_each(|json| data(json, &mut text)),
                    Err(_) => break,
                },
            }
            self.more(&mut text);
            // Of all that happens nothing may concern them: neither they nor others wait for that to end.
            if text.is_empty() && Instant::now() >= silent {
                break;
            }
            yield_now().await;
        }
        if text.is_empty() {
            // Where it is by now, for one who comes back.
            let _ = write!(text, ":\nid: {}\n\n", self.reader.id()); // the same
        }
        Some((self, text))
    }

    /// What comes next of ours, if it is there and is still asked for.
    fn at_once(&mut self) -> Option<Next> {
        self.reader.up_to(self.end.unwrap_or(u64::MAX))
    }

    /// Waits for what comes next, here or elsewhere.
    async fn comes(&mut self) -> Came {
        let Self { reader, others, .. } = self;
        let mut here = pin!(reader.next());
        poll_fn(|context| {
            if let Some(others) = others
                && let Poll::Ready(events) = others.poll(context)
            {
                return Poll::Ready(Came::Elsewhere(events));
            }
            here.as_mut().poll(context).map(Came::Here)
        })
        .await
    }

    /// What is there already, as much as is enough.
    fn more(&mut self, text: &mut String) {
        for _ in 0..AT_A_TIME {
            let next = if text.len() > ENOUGH { None } else { self.at_once() };
            let Some(next) = next else { return };
            self.write(&next, text);
        }
    }

    fn write(&mut self, next: &Next, text: &mut String) {
        if matches!(next, Next::Event(event) if !self.is_chosen(event)) {
            return;
        }
        let json = next.json();
        self.write_before(Some(&json), text);
        let json = self.others.as_ref().map_or(json.clone(), |others| others.ours(&json).into());
        let _ = writeln!(text, "id: {}", self.reader.id()); // a String takes all
        data(&json, text);
    }

    /// What had happened elsewhere before this; whether there was anything.
    fn write_before(&mut self, ours: Option<&str>, text: &mut String) -> bool {
        let Some(others) = &mut self.others else { return false };
        let before = text.len();
        while let Some(json) = others.before(ours) {
            data(&json, text);
        }
        text.len() > before
    }

    fn is_chosen(&self, event: &Event) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == event.name())
    }
}

/// What has happened, and where.
enum Came {
    Here(Next),
    /// At other gateways, each a JSON object.
    Elsewhere(Vec<String>),
}

fn data(json: &str, text: &mut String) {
    let _ = write!(text, "data: {json}\n\n"); // a String takes all
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
/// So many are looked at in one go, at most.
const AT_A_TIME: usize = 1024;
/// So much in bytes is told another gateway at a time, and one event more.
const MOST: usize = 4 << 20;
/// So much in bytes, and one event more, is written in one go.
const ENOUGH: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::others::{Asks, Later};
    use crate::http::{Routes, Server};
    use hyper::Request;
    use hyper::body::Incoming;
    use lowkey_host::{NotSent, Received};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tracing_subscriber::prelude::*;

    /// Nothing but events.
    struct Alone(Readers);

    impl Routes for Alone {
        type Caller = ();

        async fn answer(&self, request: Request<Incoming>, (): (), turn: &Turn) -> Answer {
            self.0.answer(request.uri().query(), request.headers(), None, turn)
        }
    }

    fn happen(events: &Events, times: usize) {
        let subscriber = tracing_subscriber::registry().with(events.layer());
        tracing::subscriber::with_default(subscriber, || {
            for number in 0..times {
                tracing::warn!(name: "lowkey.backend_down", target: "lowkey", number, "something happened");
            }
        });
    }

    /// One who asks over a pipe that holds less than an event, and the status of the answer.
    async fn asks(server: &mut Server<Alone>, request: &str) -> (DuplexStream, String) {
        let (mut near, far) = duplex(64);
        server.take(far, (), None).await;
        near.write_all(request.as_bytes()).await.unwrap();
        let mut status = [0; 12];
        near.read_exact(&mut status).await.unwrap();
        (near, String::from_utf8(status.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn what_has_happened_by_now_ends_however_much_happens_meanwhile() {
        const MANY: usize = 1000;
        let events = Events::new();
        let mut server = Server::new(Alone(Readers::of(events.clone())), AT_ONCE);
        happen(&events, MANY);
        let question = "GET /events?last=1000&end=now HTTP/1.0\r\n\r\n";
        let (mut reader, status) = asks(&mut server, question).await;
        happen(&events, MANY);
        let mut rest = String::new();
        reader.read_to_string(&mut rest).await.unwrap();
        assert_eq!((&*status, rest.matches("data: ").count()), ("HTTP/1.0 200", MANY));
    }

    #[tokio::test]
    async fn one_who_takes_the_last_of_an_answer_slowly_is_a_reader_until_then() {
        let events = Events::new();
        let mut server = Server::new(Alone(Readers::of(events.clone())), AT_ONCE);
        happen(&events, 10);
        let question = "GET /events?last=10&end=now HTTP/1.0\r\n\r\n";
        let mut readers = Vec::new();
        for _ in 0..AT_ONCE {
            let (reader, status) = asks(&mut server, question).await;
            assert_eq!(status, "HTTP/1.0 200");
            readers.push(reader);
        }
        assert_eq!(asks(&mut server, question).await.1, "HTTP/1.0 503");
    }

    /// Another gateway where something has happened when it is asked for the second time.
    #[derive(Debug)]
    struct Other(AtomicUsize);

    impl Others for Other {
        fn name(&self) -> &str {
            "here"
        }

        fn ask(&self, _: Asks) -> Later<Vec<(String, Result<String, String>)>> {
            let is_first = self.0.fetch_add(1, Ordering::Relaxed) == 0;
            let text = if is_first { "id: 1-0\n" } else { "data: {\"name\":\"afar\"}\nid: 1-1\n" };
            Box::pin(async move { vec![("there".to_owned(), Ok(text.to_owned()))] })
        }

        fn send(&self, _: String, _: Vec<u8>, _: Duration) -> Later<Result<Received, NotSent>> {
            Box::pin(async { Err(NotSent::Offline) })
        }
    }

    #[tokio::test]
    async fn what_happens_elsewhere_is_told_although_more_happens_here_than_is_taken() {
        let events = Events::new();
        let others = Elsewhere::of(Arc::new(Other(AtomicUsize::new(0))), 0, &[], false);
        let asked = Asked { from: From::Now, only: Vec::new(), ends_now: false };
        let mut told = asked.told(&events, Some(others));
        for _ in 0..500 {
            happen(&events, 200);
            let (next, text) = told.next().await.unwrap();
            if text.contains("\"afar\"") {
                return;
            }
            told = next;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nothing but what happens here");
    }
}
