//! The initiator's whole channel in one piece: what `lowkey_transport`'s link does for every role, for this one.
//!
//! On the wire, in its statuses and in its events it is that link: a test plays both from the same bytes. Whatever is
//! called, [`Machine::settle`] comes last: it is the one place where a failure ends the channel.

mod held;
mod numbered;
mod pump;
mod receiving;
mod sending;

pub(crate) use numbered::Numbered;
pub(in crate::kk) use numbered::attach;
pub use numbered::lowkey_outbox;

use super::hello;
use super::page::Page;
use crate::event::lowkey_event::{self, *};
use crate::raw::callbacks::{Io, Random};
use crate::raw::{Attached, Failure, Kept};
use crate::status::lowkey_status::{self, *};
use core::mem::take;
use lowkey_core::kk::{Device, MESSAGE_1_LEN, Numbers};
use lowkey_core::{Error, wipe_dead_stack};
use lowkey_transport::Progress;

/// What a device is told once.
#[repr(C)] // in the order of the structures that it is copied of
pub(super) struct Setup {
    /// Where frames come in, and where they are made.
    pub(super) incoming: Kept,
    pub(super) outgoing: Kept,
    pub(super) page: Page,
    pub(super) random: Random,
    pub(super) numbers: Numbers,
    /// The longest message that the peer may send.
    pub(super) max_message: usize,
    /// The longest frame that the peer may send.
    pub(super) max_frame: u16,
}

/// What is done by who brings it along.
type Hook = fn(&mut Machine) -> Result<(), Failure>;

/// How far the channel is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Message 2 is awaited, if there is a channel.
    Asking,
    /// Both sides hold keys; the record that says so goes out.
    Confirming,
    /// LOWKEY_EVENT_OPEN has been given.
    Open,
}

/// How far our direction is from its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ours {
    Goes,
    /// Our CLOSE goes out behind what is unsent.
    Closes,
    /// Our CLOSE is sealed.
    Closed,
}

/// Where we are in a message of more than one record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Message {
    /// In none: one may begin.
    None,
    /// Some of it has been sent, and how it goes on is the caller's.
    Begun,
    /// The rest of it is being sent: `progress` says how far it is.
    Ending,
    /// It is the outbox's, which says how far it is.
    Numbered,
}

/// What waits of the peer's message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    None,
    Last,
    More,
}

/// Where a channel stands; all of it begins anew with each.
#[repr(C)] // as it stands here, the single bytes are in reach of the shortest instructions
struct Now {
    /// The length of the frame on its way in.
    header: [u8; HEADER],
    phase: Phase,
    ours: Ours,
    message: Message,
    /// A piece of a message waits in the incoming buffer, from its second byte up to `piece_end`.
    piece: Piece,
    /// The peer is amid a message.
    in_message: bool,
    /// The peer's CLOSE has come.
    is_peer_closed: bool,
    /// The stream takes nothing of what is unsent: the next look is at what there is besides.
    is_stuck: bool,
    /// Bytes of items behind `max_frame` in our parameters.
    items: u8,
    /// The longest frame that may come.
    limit: u16,
    /// Why there is no channel.
    over: Option<Failure>,
    /// Bytes of header and body that have come.
    have: usize,
    piece_end: usize,
    /// Bytes of the PONG that we owe, and of the PING that we wait for; 0 if there is none.
    owed_len: usize,
    asked_len: usize,
    /// Bytes of the peer's message so far; and how many of them `recv_message` has put together.
    message_len: usize,
    assembled: usize,
    /// The frame on its way out: how much of it has left, and where it ends.
    sent: usize,
    end: usize,
    /// The most data that a record carries.
    max_data: usize,
    progress: Progress,
}

impl Now {
    const NOTHING: Self = Self {
        phase: Phase::Asking,
        ours: Ours::Goes,
        message: Message::None,
        piece: Piece::None,
        in_message: false,
        is_peer_closed: false,
        is_stuck: false,
        items: 0,
        owed_len: 0,
        asked_len: 0,
        header: [0; HEADER],
        limit: 0,
        over: None,
        have: 0,
        piece_end: 0,
        message_len: 0,
        assembled: 0,
        sent: 0,
        end: 0,
        max_data: 0,
        progress: Progress::NONE,
    };
}

/// One device. Zeros are one that has not been set up.
#[repr(C)]
pub(crate) struct Machine {
    now: Now,
    pub(super) setup: Setup,
    /// What moves the bytes, in a call that was given it.
    io: Option<Io>,
    /// What is done about numbered messages (protocol §7). It is behind a pointer, so that firmware without them has
    /// nothing of it in its flash.
    numbered: Option<Hook>,
    keys: Device,
    owed: [u8; MAX_PING],
    asked: [u8; MAX_PING],
    /// Where they are kept.
    outbox: Attached<lowkey_outbox>,
}

impl Machine {
    /// Tells it all that it is told once.
    pub(super) fn set_up(&mut self, setup: Setup) {
        self.setup = setup;
        self.now.over = Some(Failure::OUT_OF_TURN);
    }

    /// What moves the bytes in this call.
    pub(super) fn with(&mut self, io: Io) {
        self.io = Some(io);
    }

    /// Begins an attempt: hello ‖ message 1 is made at once (protocol §2, §3).
    pub(super) fn begin(&mut self) -> Result<(), Failure> {
        self.now = Now::NOTHING;
        self.now.limit = MAX_HANDSHAKE_FRAME; // apart: all of them zeros are no table in the flash
        if let Some(numbered) = self.numbered {
            let _ = numbered(self); // an outbox that was wiped has nothing to say
        }
        let asked = self.ask();
        wipe_handshake_stack();
        asked
    }

    fn ask(&mut self) -> Result<(), Failure> {
        let Self { now, setup, keys, .. } = self;
        let Setup { outgoing, page, random, numbers, max_frame, .. } = setup;
        let pinned = page.pinned();
        let front = outgoing.first_chunk_mut().ok_or(LOWKEY_BUG)?;
        let len = hello::write(front, pinned.psk.is_some(), &page.id);
        let (prologue, rest) = front.split_at_mut_checked(len).ok_or(LOWKEY_BUG)?;
        let message_len = usize::from(now.items).wrapping_add(MESSAGE_1_LEN); // both are short
        let message =
            rest.get_mut(..message_len).and_then(<[u8]>::split_first_chunk_mut).ok_or(LOWKEY_BUG)?;
        let made =
            keys.write_message_1(&pinned, prologue, (random, numbers), max_frame.to_be_bytes(), message);
        made.map_err(of_message_1)?;
        (now.sent, now.end) = (hello::START, len.saturating_add(message_len));
        hello::frame(front, now.end);
        Ok(())
    }

    /// What is next. Only once does it look past what a stuck stream has not taken.
    pub(super) fn poll(&mut self) -> Result<lowkey_event, Failure> {
        let is_stuck = take(&mut self.now.is_stuck);
        if self.now.phase == Phase::Open {
            self.receive()?;
        }
        self.prepare()?; // a PONG may have come to be owed
        if self.now.phase < Phase::Open && !self.is_unsent() {
            if self.now.phase == Phase::Confirming {
                self.now.phase = Phase::Open;
                return Ok(LOWKEY_EVENT_OPEN);
            }
            if self.is_full() {
                let heard = self.hear();
                wipe_handshake_stack();
                heard?;
            }
        }
        Ok(if self.is_unsent() && !is_stuck { LOWKEY_EVENT_WRITE } else { self.received() })
    }

    /// Message 2: both sides hold keys, and we are sure, since the peer has answered our ephemeral (protocol §3). The
    /// peer is not until it hears from us: an empty PING, at once.
    #[inline(never)] // so that what it leaves is wiped
    fn hear(&mut self) -> Result<(), Failure> {
        let len = self.frame_len();
        let Self { now, setup, keys, .. } = self;
        let frame = setup.incoming.get_mut(..len).ok_or(LOWKEY_HANDSHAKE)?; // it has room: `now.limit`
        if let [code] = frame {
            return Err(refused(*code).into());
        }
        let payload = keys.read_message_2(&setup.page.pinned(), frame).map_err(|_| LOWKEY_HANDSHAKE)?;
        let theirs = max_frame(payload)?;
        let room = setup.outgoing.len().wrapping_sub(HEADER); // more than a record adds, as theirs is
        now.max_data = usize::from(theirs).min(room).wrapping_sub(RECORD_OVERHEAD);
        (now.limit, now.have) = (setup.max_frame, 0);
        now.phase = Phase::Confirming;
        if let Some(numbered) = self.numbered {
            numbered(self)?;
        }
        self.seal(PING, 0)
    }

    /// Whether the channel goes on.
    pub(super) fn alive(&self) -> Result<(), Failure> {
        self.now.over.map_or(Ok(()), Err)
    }

    /// What came of a call: a failure that is not recoverable ends the channel, and every later call gives it.
    pub(super) fn settle(&mut self, done: Result<(), Failure>) -> Result<(), Failure> {
        if let Err(failure) = done
            && !failure.is_recoverable()
        {
            self.keys.wipe();
            (self.now.phase, self.now.over) = (Phase::Asking, Some(failure));
        }
        done
    }

    /// Whether both sides hold keys.
    pub(super) fn keyed(&self) -> Result<(), Failure> {
        if self.now.phase < Phase::Confirming { Err(LOWKEY_NOT_OPEN.into()) } else { Ok(()) }
    }

    /// Whether LOWKEY_EVENT_OPEN has been given.
    pub(super) fn opened(&self) -> Result<(), Failure> {
        if self.now.phase < Phase::Open { Err(LOWKEY_NOT_OPEN.into()) } else { Ok(()) }
    }
}

/// What can be asked, of a channel that goes on.
impl Machine {
    pub(super) fn max_data(&self) -> usize {
        self.now.max_data
    }

    pub(super) fn handshake_hash(&self) -> &[u8; 32] {
        self.keys.handshake_hash()
    }

    /// Whether messages can be sent.
    pub(super) fn is_open(&self) -> bool {
        self.now.phase == Phase::Open && self.now.ours == Ours::Goes
    }

    pub(super) fn awaits_pong(&self) -> bool {
        self.now.asked_len > 0
    }

    /// Whether the peer's CLOSE has come, and ours has left to its last byte.
    pub(super) fn is_closed(&self) -> bool {
        self.now.is_peer_closed && self.now.ours == Ours::Closed && !self.is_unsent()
    }
}

/// The peer's `max_frame` in its parameters (protocol §3); version 1 skips the items behind it.
fn max_frame(payload: &[u8]) -> Result<u16, Failure> {
    let wrong = Failure::from(LOWKEY_PARAMETERS);
    let (max_frame, mut items) = payload.split_first_chunk().ok_or(wrong)?;
    let max_frame = u16::from_be_bytes(*max_frame);
    if payload.len() > MAX_PARAMETERS || max_frame < super::MIN_MAX_FRAME {
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

/// Why message 1 could not be made.
fn of_message_1(error: Error) -> lowkey_status {
    if error == Error::Exhausted { LOWKEY_EXHAUSTED } else { LOWKEY_ENTROPY }
}

/// What an error of the engine means for a record.
fn of_record(error: Error) -> lowkey_status {
    if error == Error::Exhausted { LOWKEY_EXHAUSTED } else { LOWKEY_RECORD }
}

/// Wipes the stack that a message has used.
fn wipe_handshake_stack() {
    wipe_dead_stack::<HANDSHAKE_WORDS>();
}

/// As deep as secrets lie on any core; a multiplication goes deeper.
const HANDSHAKE_WORDS: usize = 160;
/// Bytes of a frame's length (protocol §1).
const HEADER: usize = 2;
/// The longest body of a handshake frame (protocol §1).
const MAX_HANDSHAKE_FRAME: u16 = 160;
/// The longest parameters (protocol §3).
const MAX_PARAMETERS: usize = 64;
const RECORD_OVERHEAD: usize = lowkey_transport::RECORD_OVERHEAD;
const MAX_PING: usize = lowkey_transport::MAX_PING;
/// Kinds of records (protocol §4).
const DATA: u8 = 0;
const MORE: u8 = 1;
const CLOSE: u8 = 2;
const PING: u8 = 3;
const PONG: u8 = 4;
