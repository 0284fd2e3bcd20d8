//! Numbered messages (protocol §7): what a device with an outbox says, and what it hears.
//!
//! Nothing of the machine calls this file: an outbox brings it along, and who acknowledges `Received`.

use super::held::Held;
use super::{HEADER, Hook, MORE, Machine, Message, Now, Phase, Piece};
use crate::kk::size::LOWKEY_OUTBOX_WORDS;
use crate::kk::{fill, hello};
use crate::raw::{self, Attached, Failure, Kept, Object};
use crate::status::lowkey_status::*;
use lowkey_core::TAG_LEN;
use lowkey_core::kk::MESSAGE_1_LEN;
use lowkey_core::numbered::{DIGEST_LEN, Queue, RunId};

/// Messages in your memory, each numbered when it is pushed, which stay until the peer says that they are stored. Make
/// it with lowkey_outbox_init.
#[repr(C)]
pub struct lowkey_outbox {
    /// Not for you.
    pub opaque: [u64; LOWKEY_OUTBOX_WORDS],
}

// SAFETY: made of numbers, of a buffer that nobody looks into before it is set up, and of pointers that may be missing.
unsafe impl raw::Zeros for lowkey_outbox {}

impl Object for lowkey_outbox {
    type Inner = Numbered;
    const LETTER: u8 = b'o';
}

/// What lies in an outbox.
pub(crate) struct Numbered {
    pub(in crate::kk) queue: Queue<Held>,
    /// The number of the last message that was pushed.
    pub(in crate::kk) last: u64,
    /// Why nothing goes out on this channel; nothing, once it may.
    pub(in crate::kk) refusal: Option<Failure>,
    /// The peer's first ACK has come.
    has_heard: bool,
    /// The last number that went out, or what the first ACK has said.
    given: u64,
    /// Bytes that have gone of the next message.
    sent: usize,
    /// What is done besides, of a device that acknowledges.
    receives: Option<Hook>,
    received: Received,
}

impl Numbered {
    /// Tells one of zeros all that it is told once.
    pub(in crate::kk) fn set_up(&mut self, memory: Kept, run: [u8; RunId::LEN], boot: u32) {
        self.queue.memory_mut().set_up(memory, run);
        self.begin(boot, 0);
    }

    /// The same, with what is in the memory.
    pub(in crate::kk) fn resume(&mut self, memory: Kept, run: [u8; RunId::LEN], boot: u32) {
        let last = self.queue.memory_mut().resume(memory, run);
        self.begin(boot, last);
    }

    fn begin(&mut self, boot: u32, last: u64) {
        self.last = last.max(u64::from(boot) << 32);
        self.rest();
    }

    /// Has a device acknowledge as well.
    pub(in crate::kk) fn receive(&mut self) {
        self.receives = Some(receives);
        self.received.numbers = false; // an open channel has not said so
    }

    /// Reads in message 2 what the peer does; of an item that comes twice the last counts.
    #[inline(never)]
    fn agree(&mut self, mut items: &[u8]) -> Result<(), Failure> {
        self.rest();
        self.received.numbers = false;
        while let Some(([kind, len], rest)) = items.split_first_chunk() {
            let value;
            (value, items) = rest.split_at_checked(usize::from(*len)).ok_or(LOWKEY_PARAMETERS)?;
            match *kind {
                RUN => {
                    self.received.run =
                        *<&[u8; RunId::LEN]>::try_from(value).map_err(|_| LOWKEY_PARAMETERS)?;
                    self.received.numbers = true;
                }
                ACKS if value.is_empty() => self.refusal = None,
                ACKS => return Err(LOWKEY_PARAMETERS.into()),
                _ => (),
            }
        }
        Ok(())
    }

    /// An ACK has come.
    #[inline(never)]
    fn hear(&mut self, body: &[u8]) -> Result<(), Failure> {
        let (number, rest) = body.split_first_chunk().ok_or(LOWKEY_NUMBER)?;
        let number = u64::from_be_bytes(*number);
        let (highest, len) = if self.has_heard { (self.given, 0) } else { (self.last, DIGEST_LEN) };
        if rest.len() != len {
            return Err(LOWKEY_NUMBER.into());
        }
        let can_be = number <= highest && self.queue.release(number, rest.first_chunk());
        if !self.has_heard {
            self.has_heard = true;
            (self.refusal, self.given) =
                if can_be { (None, number) } else { (Some(LOWKEY_WENT_BACK.into()), 0) };
            return Ok(());
        }
        if can_be { Ok(()) } else { Err(LOWKEY_NUMBER.into()) }
    }

    /// An open channel goes on without numbers.
    pub(in crate::kk) fn rest(&mut self) {
        self.refusal = Some(LOWKEY_NOT_ACKNOWLEDGED.into());
    }
}

/// Attaches an outbox to a device, from its next channel on; or none.
pub(in crate::kk) fn attach(machine: &mut Machine, outbox: Attached<lowkey_outbox>) {
    machine.numbered = if outbox.is_none() { None } else { Some(numbered) };
    machine.outbox = outbox;
}

/// At the three places where numbers are more than nothing: before message 1 is made, when message 2 is read, and where
/// a record has come that others ignore.
fn numbered(machine: &mut Machine) -> Result<(), Failure> {
    let (outbox, text) = (machine.outbox.get()?, machine.opened_text());
    if machine.now.phase == Phase::Open {
        let (kind, body) = text.split_first().ok_or(LOWKEY_BUG)?;
        if *kind == ACK && outbox.refusal != Some(LOWKEY_NOT_ACKNOWLEDGED.into()) {
            outbox.hear(body)?;
        }
        machine.now.have = 0;
    } else if machine.now.phase == Phase::Asking {
        (outbox.refusal, outbox.has_heard, outbox.sent) = (Some(LOWKEY_NOT_OPEN.into()), false, 0);
        show(machine, RUN, &outbox.queue.memory().run);
    } else {
        outbox.agree(text.get(MESSAGE_1_LEN - TAG_LEN..).unwrap_or_default())?;
    }
    outbox.receives.map_or(Ok(()), |receives| receives(machine))
}

/// Adds an item to what message 1 says of us.
#[inline(never)]
fn show(machine: &mut Machine, kind: u8, value: &[u8]) {
    let Machine { now, setup, .. } = machine;
    let at = hello::len(&setup.page.id).wrapping_add(MESSAGE_1_LEN - TAG_LEN).wrapping_add(now.items.into());
    if let Some([to_kind, to_len, room @ ..]) = setup.outgoing.get_mut(at..) {
        let n = fill(room, value) as u8; // at most 8
        (*to_kind, *to_len, now.items) = (kind, n, now.items.wrapping_add(n).wrapping_add(2));
    }
}

impl Machine {
    /// The frame that has come, without its tag.
    fn opened_text(&self) -> &[u8] {
        self.setup.incoming.get(..self.frame_len().wrapping_sub(TAG_LEN)).unwrap_or_default()
    }

    /// The outbox, if messages may be numbered.
    #[inline(never)] // once, for all that send
    pub(in crate::kk) fn may_number<'o>(&self) -> Result<&'o mut Numbered, Failure> {
        let outbox = self.outbox.get()?;
        outbox.refusal.map_or(Ok(outbox), Err)
    }

    /// Seals the next piece of what waits; if nothing does, all is well.
    pub(in crate::kk) fn send_outbox(&mut self, outbox: &mut Numbered) -> Result<(), Failure> {
        let Numbered { queue, has_heard, given, sent, .. } = outbox;
        let Some(waiting) = queue.above(*given).filter(|_| *has_heard) else { return Ok(()) };
        self.goes()?;
        if !matches!(self.now.message, Message::None | Message::Numbered) {
            return Err(LOWKEY_UNFINISHED.into());
        }
        let (all, left) = (waiting.as_bytes(), waiting.message().get(*sent..).unwrap_or_default());
        let is_whole = *sent == 0 && all.len() <= self.now.max_data;
        let (kind, piece) = match (is_whole, left) {
            (true, _) => (NUMBERED, all),
            (false, []) => (NUMBERED, all.get(..NUMBER_LEN).unwrap_or_default()),
            (false, left) => (MORE, left.get(..self.now.max_data).unwrap_or(left)),
        };
        self.put(kind, piece)?;
        self.now.message = Message::Numbered;
        *sent = sent.wrapping_add(piece.len());
        if kind == NUMBERED {
            self.now.message = Message::None;
            (*sent, *given) = (0, waiting.number());
        }
        Err(LOWKEY_WOULD_BLOCK.into())
    }

    /// Whether something can be sent that waits.
    pub(super) fn has_more(&self) -> bool {
        let waits = |outbox: &mut Numbered| outbox.has_heard && outbox.queue.above(outbox.given).is_some();
        !self.is_unsent() && self.may_number().is_ok() && self.outbox.get().is_ok_and(waits)
    }

    /// How many bytes wait to be acknowledged.
    pub(super) fn waits(&self) -> usize {
        self.outbox.get().map_or(0, |outbox| outbox.queue.len())
    }
}

/// Of a device that acknowledges: where a channel stands with what comes in.
pub(in crate::kk) struct Received {
    /// The peer numbers, and of which run.
    numbers: bool,
    run: [u8; RunId::LEN],
    /// Our first ACK is sealed.
    has_opened: bool,
    /// The last number that came, or what our first ACK says; and the last that came.
    last: u64,
    came: u64,
    /// Up to which number the peer has been told.
    told: u64,
}

impl Received {
    const NOTHING: Self =
        Self { numbers: false, run: [0; RunId::LEN], has_opened: false, last: 0, came: 0, told: 0 };
}

/// At the same three places.
fn receives(machine: &mut Machine) -> Result<(), Failure> {
    let received = machine.down()?;
    if machine.now.phase == Phase::Open {
        if received.numbers && machine.setup.incoming.first() == Some(&NUMBERED) {
            return machine.come(received);
        }
    } else if machine.now.phase == Phase::Asking {
        *received = Received::NOTHING;
        show(machine, ACKS, &[]);
    }
    Ok(())
}

impl Machine {
    fn down<'a>(&self) -> Result<&'a mut Received, Failure> {
        Ok(&mut self.outbox.get()?.received)
    }

    /// The end of a numbered message has come: in place of its number its body, as if it had none.
    fn come(&mut self, received: &mut Received) -> Result<(), Failure> {
        let len = self.frame_len().wrapping_sub(TAG_LEN);
        let Self { now: Now { message_len, in_message, piece, piece_end, have, .. }, setup, .. } = self;
        let text = setup.incoming.get_mut(1..len).ok_or(LOWKEY_BUG)?;
        let (number, body) = text.split_first_chunk().ok_or(LOWKEY_NUMBER)?;
        let number = u64::from_be_bytes(*number);
        if !received.has_opened || number <= received.last {
            return Err(LOWKEY_NUMBER.into());
        }
        *message_len = body.len().saturating_add(if *in_message { *message_len } else { 0 });
        if *message_len > setup.max_message {
            return Err(LOWKEY_MESSAGE_TOO_LONG.into());
        }
        (received.last, received.came) = (number, number);
        (*in_message, *piece, *piece_end) = (false, Piece::Last, body.len().wrapping_add(1));
        *have = len.wrapping_add(HEADER + TAG_LEN); // it waits
        text.copy_within(NUMBER_LEN.., 0);
        Ok(())
    }

    /// Of which run the peer numbers its messages.
    pub(in crate::kk) fn peer_run(&self) -> Result<[u8; RunId::LEN], Failure> {
        self.opened()?;
        let outbox = self.outbox.get()?;
        let Received { numbers, run, .. } = outbox.received;
        if numbers && outbox.receives.is_some() { Ok(run) } else { Err(LOWKEY_NOT_ACKNOWLEDGED.into()) }
    }

    /// The number of the message that waits, or was taken last.
    pub(in crate::kk) fn number(&self) -> Result<u64, Failure> {
        self.opened()?;
        let number = self.down()?.came;
        let lies_there = self.setup.incoming.first() == Some(&NUMBERED);
        let is_whole = self.now.piece == Piece::Last || self.now.have == 0;
        if number > 0 && lies_there && is_whole { Ok(number) } else { Err(LOWKEY_OUT_OF_TURN.into()) }
    }

    /// Seals our first ACK.
    pub(in crate::kk) fn open_acks(&mut self, number: u64, digest: [u8; DIGEST_LEN]) -> Result<(), Failure> {
        self.goes()?;
        let received = self.down()?;
        if self.peer_run().is_err() || received.has_opened {
            return Err(LOWKEY_OUT_OF_TURN.into());
        }
        self.put(ACK, [number.to_be_bytes(), digest].as_flattened())?;
        received.has_opened = true;
        (received.last, received.told) = (number, number);
        Ok(())
    }

    /// Seals an ACK, if it says something new.
    pub(in crate::kk) fn acknowledge(&mut self, number: u64) -> Result<(), Failure> {
        self.goes()?;
        let received = self.down()?;
        if !received.has_opened || number > received.last {
            return Err(LOWKEY_OUT_OF_TURN.into());
        }
        if number > received.told {
            self.put(ACK, &number.to_be_bytes())?;
            received.told = number;
        }
        Ok(())
    }
}

/// Kinds of records (protocol §4).
const NUMBERED: u8 = 0x80;
const ACK: u8 = 0x81;
/// Items of parameters (protocol §3).
const RUN: u8 = 1;
const ACKS: u8 = 2;
/// Bytes of a number.
const NUMBER_LEN: usize = size_of::<u64>();
