//! One initiator, made with one of the two headers.

use super::calls::{CHANNEL, Calls, DEVICE};
use super::keys::KEYS;
use super::wire::{Moving, Wire};
use crate::Random;
use lowkey_c::lowkey_status::{self, LOWKEY_OK};
use lowkey_c::*;
use std::ffi::c_void;
use std::{mem, ptr, slice};

/// How an initiator is made.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    pub(super) has_psk: bool,
    pub(super) id_len: usize,
    pub(super) incoming_len: usize,
    pub(super) outgoing_len: usize,
    pub(super) max_frame: u16,
    pub(super) max_message: usize,
    pub(super) boot: u64,
    /// The random source fails at this attempt.
    pub(super) fails_at: usize,
}

/// One call, or several that belong together.
#[derive(Debug)]
pub(super) enum Call<'c> {
    Poll,
    Feed(&'c [u8]),
    FeedEnd,
    /// Asks for the space, puts into it what fits, and says so, or that it were more by so many.
    Fill(&'c [u8], usize),
    Unsent,
    Sent(usize),
    Take,
    Send(&'c [u8]),
    /// Sends what was taken last, from where it lies.
    Echo,
    SendPart(&'c [u8], bool),
    Ping(&'c [u8]),
    Close,
    /// A buffer of its own, at the wrong place.
    Overlap(Wrong),
    /// NULL in the place of an argument.
    Null(u8),
    Run(&'c [u8]),
    Flush(&'c [u8]),
    Finish(&'c [u8]),
    SendMessage(&'c [u8], usize, &'c [u8]),
    RecvMessage(usize, &'c [u8]),
}

/// A call that gives a buffer of the initiator's own to it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wrong {
    FeedIncoming,
    SendOutgoing,
    PingOutgoing,
    SendMessageOutgoing,
    RecvMessageIncoming,
    RecvMessageOutgoing,
}

/// What came of a call, and what can be asked afterwards.
#[derive(PartialEq, Debug)]
pub(super) struct Said {
    pub(super) status: lowkey_status,
    pub(super) event: Option<lowkey_event>,
    pub(super) n: usize,
    pub(super) bytes: Vec<u8>,
    pub(super) flag: bool,
    /// What the object said to a call from inside a callback.
    within: Vec<lowkey_status>,
    is: [bool; 3],
    pub(super) max_data: (lowkey_status, usize),
    handshake_hash: (lowkey_status, [u8; 32]),
}

/// One initiator.
pub(super) struct Side<O: 'static> {
    calls: &'static Calls<O>,
    object: Box<O>,
    begin: Box<dyn FnMut(*mut O) -> lowkey_status>,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    /// What was taken last.
    taken: (*const u8, usize),
    /// Where messages are received.
    message: Vec<u8>,
    pub(super) wire: Wire,
}

/// A random source that fails once.
struct Source {
    random: Random,
    left: usize,
}

impl Side<lowkey_kk> {
    /// A device that has not begun.
    pub(super) fn device(setup: &Setup) -> Result<Self, lowkey_status> {
        let (page, mut source) = (KEYS.page(setup.has_psk, setup.id_len), Source::new(setup));
        let mut side = Self::new(&DEVICE, setup);
        let buffers = side.buffers(setup);
        // SAFETY: the buffers and the source live as long as the device, and the keys for ever.
        let status = unsafe {
            lowkey_kk_init(&mut *side.object, &page, &buffers, setup.boot, Some(random), source.context())
        };
        side.begin = Box::new(move |device| {
            let _used = &mut source;
            // SAFETY: it was made.
            unsafe { lowkey_kk_begin(device) }
        });
        if status == LOWKEY_OK { Ok(side) } else { Err(status) }
    }
}

impl Side<lowkey_channel> {
    /// A channel that has not begun.
    pub(super) fn channel(setup: &Setup) -> Result<Self, lowkey_status> {
        let (page, mut source) = (KEYS.page(setup.has_psk, setup.id_len), Source::new(setup));
        let mut side = Self::new(&CHANNEL, setup);
        let buffers = side.buffers(setup);
        // SAFETY: zeros are storage that was never initialised.
        let mut keys: Box<lowkey_keys> = Box::new(unsafe { mem::zeroed() });
        // SAFETY: as above.
        let mut ephemerals: Box<lowkey_ephemerals> = Box::new(unsafe { mem::zeroed() });
        // SAFETY: all of them are on the heap, and live as long as the channel.
        let status = unsafe {
            match lowkey_keys_init(&mut *keys, &page) {
                LOWKEY_OK => {
                    let (source, boot) = (source.context(), setup.boot);
                    lowkey_ephemerals_init(&mut *ephemerals, page.hedge, boot, Some(random), source)
                }
                failed => failed,
            }
        };
        side.begin = Box::new(move |channel| {
            let _used = &mut source;
            // SAFETY: as above.
            unsafe { lowkey_kk_initiator(channel, &buffers, &keys.pinning, &mut *ephemerals) }
        });
        if status == LOWKEY_OK { Ok(side) } else { Err(status) }
    }
}

impl<O: 'static> Side<O> {
    fn new(calls: &'static Calls<O>, setup: &Setup) -> Self {
        Self {
            calls,
            // SAFETY: zeros are storage that was never initialised.
            object: Box::new(unsafe { mem::zeroed() }),
            begin: Box::new(|_| lowkey_status::LOWKEY_OUT_OF_TURN),
            incoming: vec![0; setup.incoming_len],
            outgoing: vec![0; setup.outgoing_len],
            taken: (ptr::null(), 0),
            message: vec![0; LONGEST],
            wire: Wire::default(),
        }
    }

    fn buffers(&mut self, setup: &Setup) -> lowkey_buffers {
        lowkey_buffers {
            incoming: self.incoming.as_mut_ptr(),
            incoming_len: self.incoming.len(),
            outgoing: self.outgoing.as_mut_ptr(),
            outgoing_len: self.outgoing.len(),
            max_frame: setup.max_frame,
            max_message: setup.max_message,
        }
    }

    /// Begins, whatever was before.
    pub(super) fn begin(&mut self) -> lowkey_status {
        (self.wire, self.taken) = (Wire::default(), (ptr::null(), 0));
        (self.begin)(&mut *self.object)
    }

    /// Makes a call, and gives all that came of it.
    pub(super) fn call(&mut self, call: &Call<'_>) -> Said {
        let mut said = Said {
            status: LOWKEY_OK,
            event: None,
            n: UNTOUCHED,
            bytes: vec![],
            flag: false,
            within: vec![],
            is: [false; 3],
            max_data: (LOWKEY_OK, UNTOUCHED),
            handshake_hash: (LOWKEY_OK, [0; 32]),
        };
        self.play(call, &mut said);
        // SAFETY: the object lives, whatever it is; outputs are local.
        unsafe {
            let (calls, object) = (self.calls, &raw const *self.object);
            said.is = [calls.is_open, calls.awaits_pong, calls.is_closed].map(|is| is(object));
            said.max_data.0 = (calls.max_data)(object, &mut said.max_data.1);
            said.handshake_hash.0 = (calls.handshake_hash)(object, said.handshake_hash.1.as_mut_ptr());
        }
        said
    }

    fn play(&mut self, call: &Call<'_>, said: &mut Said) {
        let (calls, object) = (self.calls, &raw mut *self.object);
        let (mut event, mut at, n) = (lowkey_event::LOWKEY_EVENT_HELLO, ptr::null(), &mut said.n);
        // SAFETY: the object and its buffers live, messages and outputs are local, and what the object gives is copied
        // before the next call.
        said.status = unsafe {
            match *call {
                Call::Poll => (calls.poll)(object, &mut event),
                Call::Feed(bytes) => (calls.feed)(object, bytes.as_ptr(), bytes.len(), n),
                Call::FeedEnd => (calls.feed_end)(object),
                Call::Fill(bytes, more) => {
                    let mut space = ptr::null_mut();
                    match (calls.space)(object, &mut space, n) {
                        LOWKEY_OK => {
                            *n = (*n).min(bytes.len());
                            ptr::copy_nonoverlapping(bytes.as_ptr(), space, *n);
                            (calls.filled)(object, *n + more)
                        }
                        failed => failed,
                    }
                }
                Call::Unsent => {
                    let status = (calls.unsent)(object, &mut at, n);
                    if status == LOWKEY_OK {
                        said.bytes = slice::from_raw_parts(at, *n).to_vec();
                    }
                    status
                }
                Call::Sent(len) => (calls.sent)(object, len),
                Call::Take => {
                    let status = (calls.take)(object, &mut at, n, &mut said.flag);
                    if status == LOWKEY_OK {
                        said.bytes = slice::from_raw_parts(at, *n).to_vec();
                        self.taken = (at, *n);
                    }
                    status
                }
                Call::Send(bytes) => (calls.send)(object, bytes.as_ptr(), bytes.len()),
                Call::Echo => (calls.send)(object, self.taken.0, self.taken.1),
                Call::SendPart(bytes, is_last) => {
                    (calls.send_part)(object, bytes.as_ptr(), bytes.len(), is_last, n)
                }
                Call::Ping(body) => (calls.ping)(object, body.as_ptr(), body.len()),
                Call::Close => (calls.close)(object),
                Call::Overlap(wrong) => return said.status = self.overlap(wrong),
                Call::Null(which) => return said.status = self.null(which),
                Call::Run(_)
                | Call::Flush(_)
                | Call::Finish(_)
                | Call::SendMessage(..)
                | Call::RecvMessage(..) => return self.move_bytes(call, said),
            }
        };
        said.event = Some(event);
    }

    fn move_bytes(&mut self, call: &Call<'_>, said: &mut Said) {
        let (calls, object) = (self.calls, &raw mut *self.object);
        let (Call::Run(plan)
        | Call::Flush(plan)
        | Call::Finish(plan)
        | Call::SendMessage(_, _, plan)
        | Call::RecvMessage(_, plan)) = *call
        else {
            return;
        };
        let mut moving = Moving { wire: &mut self.wire, plan, object, calls, within: vec![] };
        let (io, mut event, n) = (moving.io(), lowkey_event::LOWKEY_EVENT_HELLO, &mut said.n);
        // SAFETY: the object, its buffers and the stream live, and messages and outputs are local.
        said.status = unsafe {
            match *call {
                Call::Flush(_) => (calls.flush)(object, &io),
                Call::Finish(_) => (calls.finish)(object, &io),
                Call::SendMessage(message, done, _) => {
                    *n = done;
                    (calls.send_message)(object, &io, message.as_ptr(), message.len(), n)
                }
                Call::RecvMessage(capacity, _) => {
                    let (message, is_end) = (self.message.as_mut_ptr(), &mut said.flag);
                    (calls.recv_message)(object, &io, message, capacity, n, is_end)
                }
                _ => (calls.run)(object, &io, &mut event),
            }
        };
        said.within = moving.within;
        said.event = Some(event);
        said.bytes.clone_from(&self.message);
    }

    fn overlap(&mut self, wrong: Wrong) -> lowkey_status {
        let (calls, object) = (self.calls, &raw mut *self.object);
        let (incoming, outgoing) = (self.incoming.as_mut_ptr(), self.outgoing.as_mut_ptr());
        let mut moving = Moving { wire: &mut self.wire, plan: &[0; 9], object, calls, within: vec![] };
        let (io, mut n, mut is_end) = (moving.io(), 0, false);
        // SAFETY: as above; the buffers are what it has to find.
        unsafe {
            match wrong {
                Wrong::FeedIncoming => (calls.feed)(object, incoming.add(3), 5, &mut n),
                Wrong::SendOutgoing => (calls.send)(object, outgoing.add(3), 5),
                Wrong::PingOutgoing => (calls.ping)(object, outgoing.add(3), 5),
                Wrong::SendMessageOutgoing => (calls.send_message)(object, &io, outgoing, 5, &mut n),
                Wrong::RecvMessageIncoming => {
                    (calls.recv_message)(object, &io, incoming, 5, &mut n, &mut is_end)
                }
                Wrong::RecvMessageOutgoing => {
                    (calls.recv_message)(object, &io, outgoing, 5, &mut n, &mut is_end)
                }
            }
        }
    }

    fn null(&mut self, which: u8) -> lowkey_status {
        let (calls, object) = (self.calls, &raw mut *self.object);
        let (mut at, mut n) = (ptr::null(), 0);
        let blind = lowkey_io { context: ptr::null_mut(), read: None, write: None };
        // SAFETY: NULL is what it has to find; the others are as above.
        unsafe {
            match which % 14 {
                0 => (calls.poll)(object, ptr::null_mut()),
                1 => (calls.feed)(object, ptr::null(), 1, &mut n),
                2 => (calls.feed)(object, ptr::null(), 0, &mut n),
                3 => (calls.space)(object, ptr::null_mut(), &mut n),
                4 => (calls.unsent)(object, &mut at, ptr::null_mut()),
                5 => (calls.take)(object, &mut at, &mut n, ptr::null_mut()),
                6 => (calls.send)(object, ptr::null(), 1),
                7 => (calls.send)(object, ptr::null(), 0),
                8 => (calls.send_part)(object, ptr::null(), 0, false, &mut n),
                9 => (calls.ping)(object, ptr::null(), 0),
                10 => (calls.run)(object, ptr::null(), &mut lowkey_event::LOWKEY_EVENT_READ),
                11 => (calls.flush)(object, &blind),
                12 => (calls.poll)(ptr::null_mut(), &mut lowkey_event::LOWKEY_EVENT_READ),
                _ => (calls.handshake_hash)(object, ptr::null_mut()),
            }
        }
    }
}

impl Source {
    fn new(setup: &Setup) -> Box<Self> {
        Box::new(Self { random: Random::from_seed(setup.boot), left: setup.fails_at })
    }

    fn context(&mut self) -> *mut c_void {
        (&raw mut *self).cast()
    }
}

unsafe extern "C" fn random(context: *mut c_void, out: *mut u8, len: usize) -> i32 {
    // SAFETY: the context is a source that lives, and the header's promise of what a callback gets.
    let (source, out) = unsafe { (&mut *context.cast::<Source>(), slice::from_raw_parts_mut(out, len)) };
    source.random.fill(out);
    source.left = source.left.wrapping_sub(1);
    i32::from(source.left == 0)
}

/// What an output holds before a call.
const UNTOUCHED: usize = 9_999_999;
/// The longest message that is received.
pub(super) const LONGEST: usize = 700;
