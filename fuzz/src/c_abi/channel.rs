//! A channel of C's, and what the script knows of it.

use super::memory::{Out, Storage};
use lowkey_c::*;
use std::collections::{HashMap, VecDeque};

use lowkey_status::*;

/// What one side of a handshake has sent.
#[derive(Default)]
pub(super) struct Sent {
    pub(super) messages: Vec<Vec<u8>>,
    /// The last message goes on.
    pub(super) goes_on: bool,
    pub(super) closed: bool,
}

impl Sent {
    pub(super) fn add(&mut self, piece: &[u8], is_last: bool) {
        if !self.goes_on {
            self.messages.push(vec![]);
        }
        self.messages.last_mut().expect("one was begun").extend_from_slice(piece);
        self.goes_on = !is_last;
    }
}

/// By handshake hash, and whether it was the initiator's.
pub(super) type Ledger = HashMap<([u8; 32], bool), Sent>;

pub(super) struct Channel {
    pub(super) object: Storage,
    pub(super) buffers: Option<[Storage; 2]>,
    pub(super) begun: bool,
    pub(super) opened: bool,
    pub(super) initiates: bool,
    pub(super) dead: Option<lowkey_status>,
    /// What is on its way to it; how much has come, and from where on it is not what was sent.
    pub(super) wire: VecDeque<u8>,
    pub(super) fed: usize,
    pub(super) flipped: usize,
    /// Messages delivered, what has been taken of the next, and whether another call may have had some of that.
    delivered: usize,
    partial: Vec<u8>,
    tried: bool,
    mixed: bool,
    /// Where lowkey_recv_message puts messages.
    pub(super) room: Storage,
    /// A message that lowkey_send_message has to go on with.
    pub(super) message: Vec<u8>,
    pub(super) done: usize,
    /// Keys that are lent to its handshake: kind and number.
    pub(super) lent: Vec<(u8, usize)>,
}

impl Channel {
    pub(super) fn new() -> Self {
        Self {
            object: Storage::new(LOWKEY_CHANNEL_SIZE),
            buffers: None,
            begun: false,
            opened: false,
            initiates: false,
            dead: None,
            wire: VecDeque::new(),
            fed: 0,
            flipped: usize::MAX,
            delivered: 0,
            partial: vec![],
            tried: false,
            mixed: false,
            room: Storage::new(2_000),
            message: vec![],
            done: 0,
            lent: vec![],
        }
    }

    pub(super) fn at(&self) -> *mut lowkey_channel {
        self.object.at().cast()
    }

    /// It has begun anew, or not at all.
    pub(super) fn begin(&mut self, begun: bool, initiates: bool, buffers: Option<[Storage; 2]>) {
        let (object, room) = (Storage::new(0), Storage::new(2_000));
        let (object, wire) = (std::mem::replace(&mut self.object, object), std::mem::take(&mut self.wire));
        *self = Self { object, room, wire, buffers, begun, initiates, ..Self::new() };
    }

    /// What came of a call that may give these statuses besides LOWKEY_OK and those that end a channel. Says whether
    /// it went well.
    pub(super) fn note(&mut self, status: lowkey_status, may: &[lowkey_status]) -> bool {
        self.object.check();
        self.buffers.iter().flatten().for_each(Storage::check);
        let wrong = [LOWKEY_NULL, LOWKEY_LENGTH].contains(&status) && may.contains(&status);
        if !self.begun {
            assert!(wrong || status == LOWKEY_NOT_INITIALISED, "{status:?} of no channel");
        } else if let Some(dead) = self.dead {
            assert!(wrong || status == dead, "{status:?} after {dead:?}");
        } else if lowkey_is_recoverable(status as i32) {
            assert!(status == LOWKEY_OK || may.contains(&status), "{status:?} is none of {may:?}");
        } else {
            self.dead = Some(status);
            self.lent.clear();
            let out = Out::new(16);
            // SAFETY: the object and the output are there.
            let statuses = unsafe {
                [
                    lowkey_poll(self.at(), out.at()),
                    lowkey_feed_end(self.at()),
                    lowkey_filled(self.at(), 1),
                    lowkey_sent(self.at(), 0),
                    lowkey_close(self.at()),
                    lowkey_accept(self.at()),
                    lowkey_send(self.at(), std::ptr::null(), 0),
                ]
            };
            assert_eq!(statuses, [status; 7], "after the end");
            out.check(status);
            // SAFETY: the object is there.
            assert!(!unsafe { lowkey_is_open(self.at()) });
        }
        status == LOWKEY_OK
    }

    pub(super) fn event(&mut self, event: i32) {
        if event == lowkey_event::LOWKEY_EVENT_OPEN as i32 {
            assert!(!self.opened, "open twice");
            self.opened = true;
        }
        let kept = [lowkey_event::LOWKEY_EVENT_OPEN as i32, lowkey_event::LOWKEY_EVENT_CLAIM as i32];
        if kept.contains(&event) {
            self.lent.clear();
        }
    }

    pub(super) fn hash(&self) -> Option<[u8; 32]> {
        let out = Out::new(32);
        // SAFETY: the object and the output are there.
        let status = unsafe { lowkey_handshake_hash(self.at(), out.at()) };
        out.check(status);
        (status == LOWKEY_OK).then(|| out.get())
    }

    /// Has sent a piece of a message.
    pub(super) fn sent<'l>(&self, ledger: &'l mut Ledger) -> &'l mut Sent {
        let hash = self.hash().expect("a channel that sends has one");
        ledger.entry((hash, self.initiates)).or_default()
    }

    /// What the other side of its handshake has sent.
    fn theirs<'l>(&self, ledger: &'l Ledger) -> &'l Sent {
        let hash = self.hash().expect("a channel that delivers has one");
        ledger.get(&(hash, !self.initiates)).expect("delivered what nobody sent")
    }

    /// A piece of a message has been taken.
    pub(super) fn taken(&mut self, piece: &[u8], is_last: bool, ledger: &Ledger) {
        self.mixed |= self.tried;
        self.partial.extend_from_slice(piece);
        let sent = self.theirs(ledger);
        let message = sent.messages.get(self.delivered).expect("delivered more than was sent");
        let is_whole = self.delivered + 1 < sent.messages.len() || !sent.goes_on;
        assert!(!is_last || is_whole, "an end where none was sent");
        match (self.mixed, is_last) {
            (false, false) => assert!(message.starts_with(&self.partial), "not what is being sent"),
            (false, true) => assert_eq!(*message, self.partial, "not what was sent"),
            (true, true) => assert!(message.ends_with(piece), "not what was sent"),
            (true, false) => assert!(piece.len() <= message.len(), "more than was sent"),
        }
        self.delivered_at_once(is_last);
    }

    /// What is left of a message has been received.
    pub(super) fn received(&mut self, rest: &[u8], ledger: &Ledger) {
        let sent = self.theirs(ledger);
        let message = sent.messages.get(self.delivered).expect("delivered more than was sent");
        assert!(self.delivered + 1 < sent.messages.len() || !sent.goes_on, "an end where none was sent");
        match self.mixed {
            false => assert_eq!(message[self.partial.len()..], *rest, "not what was sent"),
            true => assert!(message.ends_with(rest), "not what was sent"),
        }
        self.delivered_at_once(true);
    }

    fn delivered_at_once(&mut self, is_last: bool) {
        assert!(self.opened, "delivered before it was open");
        assert!(self.fed <= self.flipped, "delivered behind a flipped bit");
        if is_last {
            self.delivered += 1;
            self.partial.clear();
            (self.tried, self.mixed) = (false, false);
        }
    }

    /// A call may have put a part of the next message into the room.
    pub(super) fn tried(&mut self) {
        self.tried = true;
    }

    /// The peer has closed.
    pub(super) fn ended(&self, ledger: &Ledger) {
        // A peer that closes in a pairing may have sent nothing else.
        let sent = self.theirs(ledger);
        assert!(sent.closed, "an end that nobody sent");
        assert!(self.delivered == sent.messages.len() && self.partial.is_empty(), "an end too early");
        assert!(self.fed <= self.flipped, "an end behind a flipped bit");
    }
}
