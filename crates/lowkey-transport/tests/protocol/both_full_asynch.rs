//! The same as `both_full`, for the async channel that is not split: its stream wakes whoever waits, and nobody else.

use crate::support::streams::pause;
use crate::support::{KEYS, keys::ephemerals, links};
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use futures_util::future::join;
use lowkey_transport::asynch::{Channel, Duplex};
use lowkey_transport::{Error, Link, Mailbox, Mode};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;

/// Bytes that a direction holds.
const HOLDS: [usize; 7] = [1, 19, 100, 218, 250, 600, 2_048];
const MESSAGES: usize = 20;
const MESSAGE: [u8; 200] = [7; 200];

/// One direction, with one place for a waker, as network stacks have it.
#[derive(Default)]
struct Flow {
    bytes: VecDeque<u8>,
    holds: usize,
    ended: bool,
    waits: Option<Waker>,
}

impl Flow {
    fn wake(&mut self) {
        self.waits.take().into_iter().for_each(Waker::wake);
    }
}

type Shared = Rc<RefCell<Flow>>;

/// One end. `yields`: every call gives way once before it does anything.
#[derive(Clone)]
struct Line {
    rx: Shared,
    tx: Shared,
    yields: bool,
}

impl ErrorType for Line {
    type Error = ErrorKind;
}

impl Read for Line {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        if self.yields {
            pause().await;
        }
        poll_fn(|context| {
            let mut flow = self.rx.borrow_mut();
            if flow.bytes.is_empty() && !flow.ended {
                flow.waits = Some(context.waker().clone());
                return Poll::Pending;
            }
            let n = buf.len().min(flow.bytes.len());
            buf.iter_mut().zip(flow.bytes.drain(..n)).for_each(|(to, from)| *to = from);
            flow.wake();
            Poll::Ready(Ok(n))
        })
        .await
    }
}

impl Write for Line {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        if self.yields {
            pause().await;
        }
        poll_fn(|context| {
            let mut flow = self.tx.borrow_mut();
            let n = buf.len().min(flow.holds.saturating_sub(flow.bytes.len()));
            if n == 0 {
                flow.waits = Some(context.waker().clone());
                return Poll::Pending;
            }
            flow.bytes.extend(&buf[..n]);
            flow.wake();
            Poll::Ready(Ok(n))
        })
        .await
    }

    /// Until the peer has taken everything, as some network stacks do.
    async fn flush(&mut self) -> Result<(), ErrorKind> {
        poll_fn(|context| {
            let mut flow = self.tx.borrow_mut();
            if flow.bytes.is_empty() {
                return Poll::Ready(Ok(()));
            }
            flow.waits = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a future to its end; `None` if it waits and nobody will wake it.
fn run<F: Future>(future: F) -> Option<F::Output> {
    let woken = Arc::new(Woken(AtomicBool::new(true)));
    let (mut future, waker) = (pin!(future), woken.clone().into());
    for _ in 0..1_000_000 {
        if !woken.0.swap(false, Ordering::Relaxed) {
            return None;
        }
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
    }
    None
}

type Async = Channel<Line, Vec<u8>>;

fn open(holds: usize, yields: bool) -> (Async, Async, Line) {
    let [up, down] = [0; 2].map(|_| Shared::new(Flow { holds: 4_096, ..Flow::default() }.into()));
    let a = Line { rx: down.clone(), tx: up.clone(), yields };
    let b = Line { rx: up.clone(), tx: down.clone(), yields };
    let mut ephemerals = ephemerals(2);
    let accepting = Channel::accept(b, Link::responder(links::buffers()), &mut ephemerals, |_| {
        Some(KEYS.responder_pinning(Mode::Kk))
    });
    let both = join(Channel::connect(a.clone(), links::initiator(Mode::Kk)), accepting);
    let (a_channel, b_channel) = run(both).expect("a handshake");
    [up, down].into_iter().for_each(|flow| flow.borrow_mut().holds = holds);
    (a_channel.unwrap(), b_channel.unwrap(), a)
}

#[test]
fn both_full_async_neither_side_stops_receiving_while_it_cannot_send() {
    async fn talk(channel: &mut Async) {
        let mut message = [0; 200];
        for n in 0..MESSAGES {
            channel.send(&MESSAGE).await.unwrap();
            if n % 3 == 0 {
                channel.flush().await.unwrap();
            }
            if n % 2 == 0 {
                assert_eq!(channel.recv_message(&mut message).await, Ok(Some(200)));
            } else {
                assert_eq!(channel.recv().await.unwrap().unwrap().bytes, MESSAGE);
            }
        }
    }
    for holds in HOLDS {
        for yields in [false, true] {
            let (mut a, mut b, _) = open(holds, yields);
            run(join(talk(&mut a), talk(&mut b))).unwrap_or_else(|| panic!("stuck at {holds} bytes"));
        }
    }
}

#[test]
fn both_full_async_bytes_go_both_ways() {
    async fn talk(channel: &mut Async) {
        let mut byte = [0; 50];
        for _ in 0..MESSAGES {
            channel.write_all(&MESSAGE).await.unwrap();
            for _ in 0..4 {
                channel.read_exact(&mut byte).await.unwrap();
            }
        }
    }
    for holds in HOLDS {
        let (mut a, mut b, _) = open(holds, false);
        run(join(talk(&mut a), talk(&mut b))).unwrap_or_else(|| panic!("stuck at {holds} bytes"));
    }
}

/// What one side sends in these ways at once with the other, and no more than one record each.
#[test]
fn both_full_async_whatever_call_waits_to_send_reads() {
    async fn talk(channel: &mut Async) {
        let mailbox = Mailbox::<200, 1>::new();
        mailbox.post(&MESSAGE).unwrap();
        assert_eq!(channel.deliver(&mailbox).await, Ok(1));
        assert_eq!(channel.recv().await.unwrap().unwrap().bytes, MESSAGE);
        channel.ping(b"").await.unwrap();
        channel.send(&MESSAGE).await.unwrap();
        channel.flush().await.unwrap();
        assert_eq!(channel.recv().await.unwrap().unwrap().bytes, MESSAGE);
        channel.send(&MESSAGE).await.unwrap();
        channel.finish().await.unwrap();
    }
    for holds in HOLDS {
        for yields in [false, true] {
            let (mut a, mut b, _) = open(holds, yields);
            run(join(talk(&mut a), talk(&mut b))).unwrap_or_else(|| panic!("stuck at {holds} bytes"));
        }
    }
}

#[test]
fn both_full_async_a_command_and_the_end_are_seen_although_nothing_leaves() {
    let (mut a, mut b, io) = open(600, false);
    io.tx.borrow_mut().holds = 0;
    run(a.send(&MESSAGE)).unwrap().unwrap();
    run(b.send(b"stop")).unwrap().unwrap();
    assert!(run(b.flush()).is_none(), "the command is on its way");
    assert_eq!(run(a.recv()).unwrap().unwrap().unwrap().bytes, b"stop");
    io.rx.borrow_mut().ended = true;
    assert_eq!(run(a.send(&MESSAGE)), Some(Err(Error::Truncated)));
}

/// The halves of a split channel hold their futures: side by side they write and read, messages of any length too.
#[test]
fn both_full_async_halves_pass_long_messages() {
    let long = vec![5; 3_000];
    let (a, b, _) = open(100, false);
    let mut sides = [a, b].map(|channel| {
        let line = channel.into_stream();
        (line.clone(), line)
    });
    let mut ephemerals = ephemerals(2);
    let [(reader, writer), (far_reader, far_writer)] = &mut sides;
    let (near, far) = (Duplex { reader, writer }, Duplex { reader: far_reader, writer: far_writer });
    let accepting = Channel::accept(far, Link::responder(links::buffers()), &mut ephemerals, |_| {
        Some(KEYS.responder_pinning(Mode::Kk))
    });
    let (near, far) = run(join(Channel::connect(near, links::initiator(Mode::Kk)), accepting)).unwrap();
    let (mut near, mut far) = (near.unwrap(), far.unwrap());
    let ((mut near_in, mut near_out), (mut far_in, mut far_out)) = (near.split(), far.split());
    let (mut got, mut far_got) = (vec![0; 3_000], vec![0; 3_000]);
    let sending = async {
        let sent = join(async { near_out.message()?.finish(&long).await }, async {
            far_out.message()?.finish(&long).await
        });
        assert_eq!(sent.await, (Ok(()), Ok(())));
        assert_eq!(join(near_out.flush(), far_out.flush()).await, (Ok(()), Ok(())));
    };
    let receiving = join(near_in.recv_message(&mut got), far_in.recv_message(&mut far_got));
    let (_, received) = run(join(sending, receiving)).expect("nobody waits for ever");
    assert_eq!(received, (Ok(Some(3_000)), Ok(Some(3_000))));
    assert!(got == long && far_got == long);
}
