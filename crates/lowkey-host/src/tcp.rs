//! The options of a TCP socket to a peer: what the kernel holds back, and when it gives a peer up.

use crate::limits::Limits;
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;

/// No delay for short messages, little that waits in the kernel, and questions to a peer that is silent for long:
/// one that vanished without a word would otherwise be connected for ever.
///
/// What waits in the kernel is in front of the next PING or PONG. Where it can be said (Linux), no more is taken while
/// more than [`WAITING`] bytes have not been sent. So a stream that takes bytes sends bytes, and a record that it has
/// taken has left, but for what a slow network itself holds.
pub(crate) fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_notsent_lowat(WAITING)?;
    let keepalive = TcpKeepalive::new().with_time(SILENCE);
    #[cfg(any(
        target_os = "linux",
        target_os = "android",
        target_vendor = "apple",
        target_os = "freebsd",
        windows
    ))]
    let keepalive = keepalive.with_interval(Duration::from_secs(15)); // then asked again
    socket.set_tcp_keepalive(&keepalive)
}

/// Has the kernel (Linux's) give up a device that acknowledges nothing, or has no room for anything, for longer than a
/// silent session lasts. That ends also a device that nobody asks, because nobody waits for it.
pub(crate) fn give_up(stream: &TcpStream, limits: &Limits) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        // Later than a PING would find out, so that its end is counted as what it is.
        let patience = limits.silence.saturating_add(limits.answer.saturating_mul(2));
        SockRef::from(stream).set_tcp_user_timeout(Some(patience.min(LONGEST)))?;
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (stream, limits);
    Ok(())
}

/// How many bytes wait in the kernel before it takes more. At 2,500 bytes a second that is three seconds; less would
/// cost fast networks system calls.
#[cfg(any(target_os = "linux", target_os = "android"))]
const WAITING: u32 = 8 * 1024;
/// More milliseconds than an `int` holds are refused.
#[cfg(any(target_os = "linux", target_os = "android"))]
const LONGEST: Duration = Duration::from_secs(24 * 24 * 60 * 60);
/// After how much silence a peer is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(60);
