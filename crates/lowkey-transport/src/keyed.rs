//! What both directions of a connection share once there are keys: the keys, and the little that one has to know of the
//! other (protocol §4).

mod lent;

pub(crate) use lent::Lent;

use crate::error::Error;
use crate::limits::MAX_PING;
use crate::numbers::Numbers;
#[cfg(feature = "numbered")]
use crate::numbers::Opening;
use crate::record::Kind;
use lowkey_core::fill;
#[cfg(feature = "numbered")]
use lowkey_core::numbered::DIGEST_LEN;
use lowkey_core::{PublicKey, Session};

/// The body of a PING or PONG that somebody waits for; without one it is empty, for an empty one nobody waits (§4).
#[repr(C)] // as of `Keyed`
struct Echo {
    len: u8,
    bytes: [u8; MAX_PING],
}

impl Echo {
    const NONE: Self = Self { bytes: [0; MAX_PING], len: 0 };

    /// Takes a body of at most 32 bytes.
    fn set(&mut self, body: &[u8]) {
        let len = fill(&mut self.bytes, body);
        self.len = u8::try_from(len).unwrap_or(0);
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// How far our direction is from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ours {
    /// It goes on.
    Goes,
    /// Our CLOSE goes out behind what is unsent.
    Closes,
    /// Our CLOSE is sealed, and the key wiped.
    Closed,
}

/// Wiped when it is dropped: with its state, whichever direction the error came up in.
#[repr(C)] // single bytes first: short instructions reach them
pub(crate) struct Keyed {
    pub(crate) ours: Ours,
    /// The peer's CLOSE has come.
    pub(crate) is_peer_closed: bool,
    owed: Echo,
    asked: Echo,
    /// Of the messages that have them (§7).
    pub(crate) numbers: Numbers,
    /// After our CLOSE without what seals.
    session: Session,
    /// What the peer has proven. Public: not wiped.
    pub(crate) proven: PublicKey,
}

impl Keyed {
    #[inline(always)] // made where it lies
    pub(crate) fn new(session: Session, proven: PublicKey, numbers: Numbers) -> Self {
        let (owed, asked) = (Echo::NONE, Echo::NONE);
        Self { session, proven, ours: Ours::Goes, is_peer_closed: false, owed, asked, numbers }
    }

    /// One without keys: what changes places with it leaves nothing of a key where it was.
    pub(crate) fn spent() -> Self {
        Self::new(Session::spent(), PublicKey::new([0; 32]), Numbers::default())
    }

    /// Seals a record of this kind in place; its data is there already.
    pub(crate) fn seal(&mut self, kind: Kind, record: &mut [u8]) -> Result<(), Error> {
        *record.first_mut().ok_or(Error::Bug)? = kind.byte();
        self.session.sealer.seal(record).map_err(Error::in_records)
    }

    /// Opens a record in place.
    pub(crate) fn open<'r>(&mut self, record: &'r mut [u8]) -> Result<&'r mut [u8], Error> {
        self.session.opener.open(record).map_err(Error::in_records)
    }

    /// How many records have been sealed, while there is a key.
    pub(crate) fn sealed(&self) -> Option<u64> {
        (self.ours != Ours::Closed).then(|| self.session.sealer.count())
    }

    /// How many records have been opened.
    pub(crate) fn opened(&self) -> u64 {
        self.session.opener.count()
    }

    /// The final handshake hash.
    pub(crate) fn handshake_hash(&self) -> [u8; 32] {
        *self.session.handshake_hash()
    }

    /// A PING came: its PONG is owed. A newer one replaces an unanswered one, and after our CLOSE none is answered
    /// (§4).
    pub(crate) fn owe(&mut self, ping: &[u8]) {
        if self.ours == Ours::Goes && !ping.is_empty() {
            self.owed.set(ping);
        }
    }

    /// Whether a PONG is owed.
    pub(crate) fn is_owing(&self) -> bool {
        self.owed.len > 0
    }

    /// Its body; empty if none is.
    pub(crate) fn owed(&self) -> &[u8] {
        self.owed.as_bytes()
    }

    /// Whether there is something to be said before anything else: a PONG, or an ACK (§7).
    pub(crate) fn has_word(&self) -> bool {
        self.is_owing() || self.numbers.is_owing()
    }

    /// Our first ACK is to be sent (§7).
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::OutOfTurn`].
    #[cfg(feature = "numbered")]
    pub(crate) fn open_acks(&mut self, last: Option<(u64, [u8; DIGEST_LEN])>) -> Result<(), Error> {
        self.goes()?;
        let (number, digest) = last.unwrap_or_default();
        self.numbers.received.open(Opening { number, digest })
    }

    /// All up to this number is stored: it is to be acknowledged (§7).
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::OutOfTurn`].
    #[cfg(feature = "numbered")]
    pub(crate) fn acknowledge(&mut self, number: u64) -> Result<(), Error> {
        self.goes()?;
        self.numbers.received.store(number)
    }

    /// Whether our direction goes on.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub(crate) fn goes(&self) -> Result<(), Error> {
        if self.ours == Ours::Goes { Ok(()) } else { Err(Error::Closed) }
    }

    /// Whether an ACK is owed (§7): what goes next is that, if no PONG is owed.
    #[cfg(feature = "numbered")]
    pub(crate) fn tells(&mut self) -> bool {
        let Some(tell) = self.numbers.received.take_tell() else { return false };
        self.owed.len = tell(&mut self.numbers.received, &mut self.owed.bytes);
        true
    }

    /// The PONG that was owed is sealed, or our CLOSE: our direction has no key any more.
    pub(crate) fn said(&mut self, kind: Kind) {
        self.owed.len = 0;
        if kind == Kind::Close {
            self.session.sealer.wipe();
            self.ours = Ours::Closed;
        }
    }

    /// A PING of ours goes out; an empty one asks for nothing (§4).
    pub(crate) fn ask(&mut self, ping: &[u8]) {
        if !ping.is_empty() {
            self.asked.set(ping);
        }
    }

    /// Whether the PONG for our last PING has not come yet.
    pub(crate) fn is_asking(&self) -> bool {
        self.asked.len > 0
    }

    /// A PONG came; one that was not asked for is ignored, and so is another than that (§4).
    pub(crate) fn answered(&mut self, pong: &[u8]) {
        // Byte by byte: nothing else in a device's channel needs `memcmp`.
        if self.asked.as_bytes().iter().eq(pong) {
            self.asked.len = 0;
        }
    }
}
