//! What a host takes from its peers.

use crate::error::Error;
use lowkey_transport::{Buffers, MIN_INCOMING, RunId};
use std::time::Duration;
use tokio::time::Instant;

/// What one connection, and what all of them together may use. Every field has a default.
///
/// ```
/// let mut limits = lowkey_host::Limits::default();
/// limits.sessions = 200;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// The longest frame of a record, in bytes, 160 to 65,535; announced to the peer. A connection takes
    /// about three times as much memory. 4,096: a microcontroller's frames are shorter.
    pub max_frame: u16,
    /// The longest message, in bytes: 1 MiB. A peer that sends a longer one is cut off.
    pub max_message: usize,
    /// From the stream's beginning to the first record that opens: 10 s. More than a day is taken as a day.
    pub handshake: Duration,
    /// Attempts that wait for message 1 or for their confirmation: 1,024; 0 is taken as 1. Each is an open file until
    /// then. When there are more, the network that has most of them gives one up: its oldest if that has waited for two
    /// seconds, otherwise its newest but those that have just come.
    pub attempts: usize,
    /// Those that wait for message 1 from one address (IPv6: one network of 64 bits), and those from there that wait
    /// for their confirmation: 256 of each. The networks of 24 and 16 bits around it (IPv6: 56 and 48) have two and
    /// four times as many.
    pub attempts_per_address: usize,
    /// Devices connected at once: 10,000. When all seats are taken, one more device is closed as soon as it
    /// is confirmed; a device that has a seat displaces its own session.
    pub sessions: usize,
    /// The same, from one address (IPv6: one network of 64 bits): 10,000, since many devices may share one.
    pub sessions_per_address: usize,
    /// Messages 1 worked on in a second, all devices together: 5,000. Beyond that an attempt hears that
    /// we are busy. A stranger's costs the processor one scalar multiplication, one that opens (a
    /// recording too) four. Addresses that no device was confirmed from within a day have half of it.
    pub messages_1_per_second: u32,
    /// The same, from one address (IPv6: one network of 64 bits): 1,000, or a quarter of it if no device was confirmed
    /// from there within a day. The networks around it have two and four times as many.
    pub messages_1_per_second_per_address: u32,
    /// After how much silence a device is asked with a PING: 60 s. Only the time in which somebody waits for
    /// it to say something counts, and none after our own CLOSE, which lets us ask nothing. What ends a silence
    /// is a record that opens, and nothing else: bytes and acknowledgements can be anybody's.
    pub silence: Duration,
    /// How long it then has to answer: 20 s from when its PING has left. Afterwards the session ends with
    /// [`Error::Silent`]. While bytes still move, whichever way, the PING may take longer to leave and the answer to
    /// come, each at most for `silence` and `answer` together: a slow network is not silence. So a dead device is found
    /// after `silence` and `answer`, and after `3 * silence + 2 * answer` if somebody in the path plays its TCP.
    pub answer: Duration,
    /// How long a session may go on: for ever. Then it is closed: the device hears our CLOSE, and connects
    /// again if it likes.
    pub lifetime: Option<Duration>,
    /// Whether we say that we acknowledge messages that a device numbers (protocol §7): no. Only what stores them and
    /// says so may, as [`store`](crate::store) does.
    pub acks: bool,
    /// The run of which we number our own messages, if we do (protocol §7): of a device that of its
    /// [`Outbox`](crate::numbered::Outbox). A server has [`Acceptor::number_by`](crate::Acceptor::number_by).
    pub run: Option<RunId>,
    /// How long a session may go on after our CLOSE at the end of its lifetime, or when the server stops: 5 s.
    pub linger: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_frame: 4096,
            max_message: 1 << 20,
            handshake: Duration::from_secs(10),
            attempts: 1024,
            attempts_per_address: 256,
            sessions: 10_000,
            sessions_per_address: 10_000,
            messages_1_per_second: 5_000,
            messages_1_per_second_per_address: 1_000,
            silence: Duration::from_secs(60),
            answer: Duration::from_secs(20),
            lifetime: None,
            acks: false,
            run: None,
            linger: Duration::from_secs(5),
        }
    }
}

impl Limits {
    /// The memory of one link.
    pub(crate) fn buffers(&self) -> Result<Buffers<Vec<u8>>, Error> {
        let frame = usize::from(self.max_frame);
        if frame < MIN_INCOMING {
            return Err(Error::Limits("max_frame is less than 160"));
        }
        let mut buffers = Buffers::new(vec![0; frame], vec![0; frame + FRAME_HEADER])?;
        if self.acks {
            buffers = buffers.with_acks();
        }
        if let Some(run) = self.run {
            buffers = buffers.with_run(run);
        }
        Ok(buffers.with_max_message(self.max_message))
    }

    /// When a handshake that begins now has to be over.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.handshake.min(LONGEST_HANDSHAKE)
    }

    /// How much is read from a stream at once, in bytes.
    pub(crate) fn read_ahead(&self) -> usize {
        (usize::from(self.max_frame) + FRAME_HEADER).min(MAX_READ_AHEAD)
    }
}

/// No clock overflows within it.
const LONGEST_HANDSHAKE: Duration = Duration::from_secs(24 * 60 * 60);
const FRAME_HEADER: usize = 2;
/// Longer frames are read where they are opened, without a copy.
const MAX_READ_AHEAD: usize = 8 * 1024;
