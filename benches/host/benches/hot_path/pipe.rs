//! A pipe in memory that allocates nothing once it has grown, for two sides on one thread.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// One end: what the other one wrote, and where what we write goes.
pub(crate) struct Pipe {
    from: Rc<RefCell<Way>>,
    to: Rc<RefCell<Way>>,
}

#[derive(Default)]
struct Way {
    bytes: VecDeque<u8>,
    reader: Option<Waker>,
}

pub(crate) fn pipe() -> (Pipe, Pipe) {
    let [here, there] = [(); 2].map(|()| Rc::new(RefCell::new(Way::default())));
    (Pipe { from: Rc::clone(&here), to: Rc::clone(&there) }, Pipe { from: there, to: here })
}

impl AsyncRead for Pipe {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut way = self.from.borrow_mut();
        if way.bytes.is_empty() {
            way.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let (front, _) = way.bytes.as_slices();
        let n = front.len().min(buf.remaining());
        buf.put_slice(&front[..n]);
        way.bytes.drain(..n);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let mut way = self.to.borrow_mut();
        way.bytes.extend(buf);
        if let Some(reader) = way.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
