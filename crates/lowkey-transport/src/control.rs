//! What both directions of a channel have to know of each other.
//!
//! Cells, so that the two halves of a split channel share it without a lock: they run on one thread.

use crate::Error;
use crate::bytes::fill;
use crate::limits::MAX_PING;
use core::cell::Cell;
use core::task::Waker;

/// How far the two sides have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// No keys yet.
    Handshake,
    /// KK responder: no record of the initiator's has opened yet. Nothing is sent or delivered.
    Unconfirmed,
    /// Records of every kind, both ways.
    Open,
    /// XX initiator: the responder has not said that our key is welcome.
    AwaitWelcome,
    /// XX initiator: it has; our application has to judge the responder's key.
    Welcomed,
    /// XX responder: our application has to judge the initiator's key.
    Judging,
    /// XX responder: it did; the initiator has not said that it stored ours.
    AwaitBack,
    /// XX: both keys are stored. Nothing is left but to close.
    Paired,
}

/// The body of a PING or PONG.
#[derive(Clone, Copy)]
pub(crate) struct Echo {
    bytes: [u8; MAX_PING],
    len: u8,
}

impl Echo {
    /// `None` if it is longer than 32 bytes.
    pub(crate) fn new(body: &[u8]) -> Option<Self> {
        let mut bytes = [0; MAX_PING];
        fill(bytes.get_mut(..body.len())?, body);
        Some(Self { bytes, len: u8::try_from(body.len()).ok()? })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

pub(crate) struct Control {
    failed: Cell<Option<Error>>,
    stage: Cell<Stage>,
    owed: Cell<Option<Echo>>,
    asked: Cell<Option<Echo>>,
    closed: Cell<bool>,
    peer_closed: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

impl Control {
    pub(crate) fn new() -> Self {
        Self {
            failed: Cell::new(None),
            stage: Cell::new(Stage::Handshake),
            owed: Cell::new(None),
            asked: Cell::new(None),
            closed: Cell::new(false),
            peer_closed: Cell::new(false),
            waker: Cell::new(None),
        }
    }

    /// The error that ended the channel, if one has.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.failed.get().map_or(Ok(()), Err)
    }

    /// Ends the channel, unless the error leaves it usable; the first error stays.
    pub(crate) fn fail(&self, error: Error) -> Error {
        if error.is_recoverable() {
            return error;
        }
        let first = self.failed.get().unwrap_or(error);
        self.failed.set(Some(first));
        self.wake();
        first
    }

    pub(crate) fn stage(&self) -> Stage {
        self.stage.get()
    }

    pub(crate) fn set_stage(&self, stage: Stage) {
        self.stage.set(stage);
    }

    /// A PING came: its PONG is owed; a newer one replaces an unanswered one.
    pub(crate) fn owe(&self, pong: Echo) {
        if !self.closed.get() {
            self.owed.set(Some(pong));
            self.wake();
        }
    }

    /// The PONG that is owed; one that comes to be owed after our CLOSE is not.
    pub(crate) fn owed(&self) -> Option<Echo> {
        self.owed.get()
    }

    /// The PONG that is owed is on its way.
    pub(crate) fn pay(&self) {
        self.owed.set(None);
    }

    pub(crate) fn owes(&self) -> bool {
        self.owed.get().is_some()
    }

    /// A PING of ours went out.
    pub(crate) fn ask(&self, ping: Echo) {
        self.asked.set(Some(ping));
    }

    /// Whether the PONG for our last PING has not come yet.
    pub(crate) fn is_asking(&self) -> bool {
        self.asked.get().is_some()
    }

    /// A PONG came; one that was not asked for is ignored, and so is another than that.
    pub(crate) fn answered(&self, pong: &[u8]) {
        // Byte by byte: nothing else in a device's channel needs `memcmp`.
        if self.asked.get().is_some_and(|ping| ping.as_bytes().iter().eq(pong)) {
            self.asked.set(None);
        }
    }

    pub(crate) fn close(&self) {
        self.closed.set(true);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    pub(crate) fn peer_close(&self) {
        self.peer_closed.set(true);
        self.wake();
    }

    pub(crate) fn is_peer_closed(&self) -> bool {
        self.peer_closed.get()
    }

    /// Lets the sending half of a split channel hear of an owed PONG, of the peer's CLOSE or of a failure.
    pub(crate) fn listen(&self, waker: &Waker) {
        self.waker.set(Some(waker.clone()));
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}
