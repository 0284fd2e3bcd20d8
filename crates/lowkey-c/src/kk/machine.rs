//! The initiator's whole channel in one piece: what `lowkey_transport`'s link does for every role, for this one.
//!
//! On the wire, in its statuses and in its events it is that link: a test plays both from the same bytes.

mod pump;
mod receiving;
mod sending;

use super::incoming::Incoming;
use super::outgoing::Outgoing;
use crate::event::lowkey_event::{self, *};
use crate::raw::callbacks::Random;
use crate::raw::{Failure, Kept};
use crate::status::lowkey_status::{self, *};
use core::mem::take;
use lowkey_core::kk::{Device, DeviceEphemerals, Pinned};
use lowkey_core::{Error, wipe_dead_stack};

/// What a device is told once.
pub(super) struct Setup {
    pub(super) pinned: Pinned<'static>,
    pub(super) id: &'static [u8],
    pub(super) random: Random,
    /// Of the boot and of the last attempt, big-endian.
    pub(super) numbers: [[u8; 8]; 2],
    /// The longest frame that the peer may send.
    pub(super) max_frame: u16,
    pub(super) max_message: usize,
}

/// How far the channel is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// There is none: `over` says why.
    Over,
    /// Message 2 is awaited.
    Asking,
    /// Both sides hold keys; the record that says so goes out.
    Confirming,
    /// LOWKEY_EVENT_OPEN has been given.
    Open,
}

/// One device.
pub(crate) struct Machine {
    pub(super) keys: Device,
    setup: Setup,
    pub(super) incoming: Incoming,
    pub(super) outgoing: Outgoing,
    pub(super) phase: Phase,
    /// Why there is no channel.
    over: Option<Failure>,
    /// The stream takes nothing of what is unsent: the next look is at what there is besides.
    pub(super) is_stuck: bool,
}

impl Machine {
    pub(super) fn new(setup: Setup, incoming: Kept, outgoing: Kept) -> Self {
        Self {
            keys: Device::new(),
            setup,
            incoming: Incoming::new(incoming),
            outgoing: Outgoing::new(outgoing),
            phase: Phase::Over,
            over: Some(LOWKEY_OUT_OF_TURN.into()),
            is_stuck: false,
        }
    }

    /// Begins an attempt: hello ‖ message 1 is made at once (protocol §2, §3).
    pub(super) fn begin(&mut self) -> Result<(), Failure> {
        self.incoming.begin();
        self.outgoing.begin();
        self.is_stuck = false;
        (self.phase, self.over) = (Phase::Asking, None);
        let begun = self.ask();
        wipe_handshake_stack();
        begun.or_else(|failure| self.end(failure))
    }

    fn ask(&mut self) -> Result<(), Failure> {
        let Self { keys, setup, outgoing, .. } = self;
        let Setup { pinned, id, random, numbers, max_frame, .. } = setup;
        let (prologue, message) = outgoing.hello(pinned.psk.is_some(), id).ok_or(LOWKEY_BUG)?;
        let ephemerals = DeviceEphemerals { entropy: random, numbers };
        let made = keys.write_message_1(pinned, prologue, ephemerals, &max_frame.to_be_bytes(), message);
        let len = made.map_err(|error| match error {
            Error::Exhausted => LOWKEY_EXHAUSTED,
            _ => LOWKEY_ENTROPY,
        })?;
        outgoing.asked(super::prologue_len(id), len);
        Ok(())
    }

    /// What is next. Only once does it look past what a stuck stream has not taken.
    pub(super) fn poll(&mut self) -> Result<lowkey_event, Failure> {
        let is_stuck = take(&mut self.is_stuck);
        let event = if self.phase == Phase::Open {
            self.receive()?
        } else if self.has_unsent()? {
            LOWKEY_EVENT_WRITE
        } else if self.phase == Phase::Confirming {
            self.phase = Phase::Open;
            return Ok(LOWKEY_EVENT_OPEN);
        } else if self.incoming.is_full() {
            let heard = self.hear();
            wipe_handshake_stack();
            heard.or_else(|failure| self.end(failure))?;
            LOWKEY_EVENT_WRITE
        } else {
            LOWKEY_EVENT_READ
        };
        let is_unsent = self.has_unsent()?; // a PONG may have come to be owed
        Ok(match event {
            _ if is_unsent && !is_stuck => LOWKEY_EVENT_WRITE,
            LOWKEY_EVENT_WRITE => LOWKEY_EVENT_READ,
            event => event,
        })
    }

    /// Message 2: both sides hold keys, and we are sure, since the peer has answered our ephemeral (protocol §3). The
    /// peer is not until it hears from us: an empty PING, at once.
    fn hear(&mut self) -> Result<(), Failure> {
        let Self { keys, setup, incoming, outgoing, .. } = self;
        let frame = incoming.frame().ok_or(LOWKEY_BUG)?;
        if let [code] = frame {
            return Err(refused(*code).into());
        }
        let payload = keys.read_message_2(&setup.pinned, frame).map_err(|_| LOWKEY_HANDSHAKE)?;
        outgoing.seal_up_to(max_frame(payload)?);
        incoming.limit(setup.max_frame);
        self.phase = Phase::Confirming;
        outgoing.stage(keys, super::PING, &[])
    }

    /// Whether the channel goes on.
    pub(super) fn alive(&self) -> Result<(), Failure> {
        match self.over {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    /// Whether both sides hold keys.
    pub(super) fn keyed(&self) -> Result<(), Failure> {
        self.alive()?;
        if self.phase < Phase::Confirming { Err(LOWKEY_NOT_OPEN.into()) } else { Ok(()) }
    }

    /// Whether LOWKEY_EVENT_OPEN has been given.
    pub(super) fn opened(&self) -> Result<(), Failure> {
        self.alive()?;
        if self.phase < Phase::Open { Err(LOWKEY_NOT_OPEN.into()) } else { Ok(()) }
    }

    /// The channel is over: every later call gives this failure.
    #[inline(never)]
    pub(super) fn end<T>(&mut self, failure: Failure) -> Result<T, Failure> {
        self.keys.wipe();
        (self.phase, self.over) = (Phase::Over, Some(failure));
        Err(failure)
    }

    /// Whether the peer's CLOSE has come, and ours has left to its last byte.
    pub(super) fn is_closed(&self) -> bool {
        self.keyed().is_ok() && self.incoming.is_closed && self.outgoing.has_ended()
    }

    pub(super) fn max_message(&self) -> usize {
        self.setup.max_message
    }
}

/// The peer's `max_frame` in its parameters (protocol §3); version 1 skips the items behind it.
fn max_frame(payload: &[u8]) -> Result<u16, Failure> {
    let wrong = Failure::from(LOWKEY_PARAMETERS);
    let (max_frame, mut items) = payload.split_first_chunk().ok_or(wrong)?;
    let max_frame = u16::from_be_bytes(*max_frame);
    if payload.len() > super::MAX_PARAMETERS || max_frame < super::MIN_MAX_FRAME {
        return Err(wrong);
    }
    while let Some((_kind, item)) = items.split_first() {
        let (len, rest) = item.split_first().ok_or(wrong)?;
        items = rest.get(usize::from(*len)..).ok_or(wrong)?;
    }
    Ok(max_frame)
}

/// A frame of one byte in place of message 2 (protocol §5). A code that we do not know is taken as the last.
fn refused(code: u8) -> lowkey_status {
    match code {
        1 => LOWKEY_REFUSED_VERSION,
        2 => LOWKEY_REFUSED_MODE,
        3 => LOWKEY_REFUSED_BUSY,
        _ => LOWKEY_REFUSED,
    }
}

/// Wipes the stack that a message has used.
fn wipe_handshake_stack() {
    wipe_dead_stack::<HANDSHAKE_WORDS>();
}

/// As deep as secrets lie on any core; a multiplication goes deeper.
const HANDSHAKE_WORDS: usize = 232;
