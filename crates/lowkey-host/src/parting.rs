//! The end of a stream, so that what was written last arrives.
//!
//! A TCP socket that is closed while bytes lie in it unread, and one that gets more after it was closed, answers with
//! RST. The peer's next write fails then, and many stacks drop what it has not read yet: a refusal, or a CLOSE. So who
//! ends a stream shuts it down for writing, and then reads on and throws away until the peer ends too.

use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

/// Says that nothing more comes, and waits for the same from the peer: at most until then, and for `most` bytes.
///
/// # Cancel safety
/// Dropped, the stream may be closed; what was written last may not arrive.
pub(crate) async fn see_off<Io: AsyncRead + AsyncWrite + Unpin>(io: &mut Io, until: Instant, most: usize) {
    let parting = async {
        if io.shutdown().await.is_err() {
            return; // the peer is gone already
        }
        let (mut unheard, mut left) = ([0; 1024], most);
        while let Ok(1..) = io.read(&mut unheard).await.inspect(|n| left = left.saturating_sub(*n)) {
            if left == 0 {
                return;
            }
        }
    };
    let _ = timeout_at(until, parting).await; // who stays for longer is cut off
}

/// For how long, and how much, strangers are listened to after their refusal.
pub(crate) const STRANGERS_TIME: Duration = Duration::from_secs(2);
pub(crate) const STRANGERS_BYTES: usize = 64 * 1024;
/// More than lies in the buffers of one connection.
pub(crate) const DEVICES_BYTES: usize = 16 * 1024 * 1024;
