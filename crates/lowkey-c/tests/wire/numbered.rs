//! §7, rule by rule: what a device says that numbers and acknowledges, and what it makes of what comes.

mod agreed;
mod arguments;
mod as_a_link;
mod callbacks;
mod receives;
mod retained;
mod sends;

use crate::initiator::{HEDGE, ID, INCOMING, INITIATOR, OUTGOING, Outcome, RESPONDER, outcome, public_key};
use crate::peer::responder;
use lowkey_c::lowkey_event::*;
use lowkey_c::lowkey_status::{self, *};
use lowkey_c::*;
use lowkey_core::{Identity, PublicKey, Secret};
use std::{ptr, slice};
use test_support::page_peer::{BOOT, PING, PageRecords, RUN, parameters_with, unframe};

/// A device, an outbox, and all that they point to.
struct Sender {
    device: Box<lowkey_kk>,
    outbox: Box<lowkey_outbox>,
    memory: Vec<u8>,
    _buffers: [Vec<u8>; 2],
    _keys: Box<[[u8; 32]; 3]>,
}

/// What it hears.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Open,
    Piece(Vec<u8>, bool, Outcome<u64>),
    End,
}

// SAFETY of all blocks: what the objects point to lies in boxes and vectors of the same sender, and outputs are local.
impl Sender {
    fn new(room: usize, boot: u64) -> Self {
        let identity = Identity::new(Secret::new(INITIATOR)).unwrap();
        let theirs = public_key(&RESPONDER);
        let pinned = lowkey_core::Peer::pin(&identity, PublicKey::new(theirs)).unwrap();
        let keys = Box::new([public_key(&INITIATOR), theirs, *pinned.shared_secret().expose()]);
        let page = lowkey_page {
            id: ID.as_ptr(),
            id_len: ID.len(),
            address: ptr::null(),
            address_len: 0,
            private_key: INITIATOR.as_ptr(),
            public_key: keys[0].as_ptr(),
            peer_key: keys[1].as_ptr(),
            shared: keys[2].as_ptr(),
            hedge: HEDGE.as_ptr(),
            seed: ptr::null(),
            psk: ptr::null(),
        };
        let (mut incoming, mut outgoing) = (vec![0; INCOMING], vec![0; OUTGOING]);
        let buffers = lowkey_buffers {
            incoming: incoming.as_mut_ptr(),
            incoming_len: incoming.len(),
            outgoing: outgoing.as_mut_ptr(),
            outgoing_len: outgoing.len(),
            max_frame: 0,
            max_message: 2_000,
        };
        let device = Box::new(lowkey_kk { opaque: [0; LOWKEY_KK_WORDS] });
        let outbox = Box::new(lowkey_outbox { opaque: [0; LOWKEY_OUTBOX_WORDS] });
        let mut made =
            Self { device, outbox, memory: vec![0; room], _buffers: [incoming, outgoing], _keys: keys };
        // SAFETY: see above.
        unsafe {
            outcome(lowkey_kk_init(&mut *made.device, &page, &buffers, boot, Some(random), ptr::null_mut()))
                .unwrap();
        }
        made.restart(boot);
        made
    }

    /// An outbox of this start, which has forgotten what was in it.
    fn restart(&mut self, boot: u64) {
        let (memory, len) = (self.memory.as_mut_ptr(), self.memory.len());
        // SAFETY: see above.
        unsafe {
            outcome(lowkey_outbox_init(&mut *self.outbox, memory, len, RUN.as_ptr(), boot)).unwrap();
            outcome(lowkey_kk_set_outbox(&mut *self.device, &mut *self.outbox)).unwrap();
        }
    }

    /// A start after a reset that has left these bytes in the memory.
    fn resume(&mut self, left: &[u8], run: [u8; 8], boot: u64) {
        self.memory = left.to_vec();
        let (memory, len) = (self.memory.as_mut_ptr(), self.memory.len());
        // SAFETY: see above.
        unsafe {
            outcome(lowkey_outbox_resume(&mut *self.outbox, memory, len, run.as_ptr(), boot)).unwrap();
            outcome(lowkey_kk_set_outbox(&mut *self.device, &mut *self.outbox)).unwrap();
        }
    }

    /// What lies in the memory.
    fn memory(&self) -> &[u8] {
        // SAFETY: see above; no call is inside the outbox.
        unsafe { slice::from_raw_parts(self.memory.as_ptr(), self.memory.len()) }
    }

    fn acknowledges(&mut self) {
        // SAFETY: see above.
        outcome(unsafe { lowkey_outbox_acknowledge(&mut *self.outbox) }).unwrap();
    }

    fn push(&mut self, message: &[u8]) -> Outcome<()> {
        // SAFETY: see above.
        outcome(unsafe { lowkey_outbox_push(&mut *self.outbox, message.as_ptr(), message.len()) })
    }

    fn room(&self) -> Outcome<usize> {
        let mut len = 0;
        // SAFETY: see above.
        outcome(unsafe { lowkey_outbox_room(&*self.outbox, &mut len) }).map(|()| len)
    }

    fn last(&self) -> u64 {
        let mut number = 0;
        // SAFETY: see above.
        outcome(unsafe { lowkey_outbox_last(&*self.outbox, &mut number) }).unwrap();
        number
    }

    fn is_empty(&self) -> bool {
        // SAFETY: see above.
        unsafe { lowkey_outbox_is_empty(&*self.outbox) }
    }

    fn begin(&mut self) {
        // SAFETY: see above.
        outcome(unsafe { lowkey_kk_begin(&mut *self.device) }).unwrap();
    }

    fn send_outbox(&mut self) -> Outcome<()> {
        // SAFETY: see above.
        outcome(unsafe { lowkey_kk_send_outbox(&mut *self.device) })
    }

    /// All that waits, as long as it goes.
    fn sends_all(&mut self) -> Outcome<Vec<u8>> {
        let mut wire = vec![];
        loop {
            match self.send_outbox() {
                Err(LOWKEY_WOULD_BLOCK) => wire.extend(self.unsent()?),
                done => return done.map(|()| wire),
            }
        }
    }

    fn unsent(&mut self) -> Outcome<Vec<u8>> {
        let (mut bytes, mut len, mut all) = (ptr::null(), 0, vec![]);
        // SAFETY: see above; so many bytes are unsent there.
        unsafe {
            loop {
                outcome(lowkey_kk_unsent(&mut *self.device, &mut bytes, &mut len))?;
                if len == 0 {
                    return Ok(all);
                }
                all.extend_from_slice(slice::from_raw_parts(bytes, len));
                outcome(lowkey_kk_sent(&mut *self.device, len))?;
            }
        }
    }

    fn send(&mut self, message: &[u8]) -> Outcome<()> {
        // SAFETY: see above.
        outcome(unsafe { lowkey_kk_send(&mut *self.device, message.as_ptr(), message.len()) })
    }

    fn close(&mut self) -> Outcome<()> {
        // SAFETY: see above.
        outcome(unsafe { lowkey_kk_close(&mut *self.device) })
    }

    fn number(&self) -> Outcome<u64> {
        let mut number = 0;
        // SAFETY: see above.
        outcome(unsafe { lowkey_kk_number(&*self.device, &mut number) }).map(|()| number)
    }

    fn peer_run(&self) -> Outcome<[u8; 8]> {
        let mut run = [0; 8];
        // SAFETY: see above.
        outcome(unsafe { lowkey_kk_peer_run(&*self.device, run.as_mut_ptr()) }).map(|()| run)
    }

    fn open_acks(&mut self, number: u64, digest: [u8; 8]) -> Outcome<()> {
        // SAFETY: see above.
        outcome(unsafe { lowkey_kk_open_acks(&mut *self.device, number, digest.as_ptr()) })
    }

    fn acknowledge(&mut self, number: u64) -> Outcome<()> {
        // SAFETY: see above.
        outcome(unsafe { lowkey_kk_acknowledge(&mut *self.device, number) })
    }

    /// What it hears of these bytes; nothing is written.
    fn hears(&mut self, mut bytes: &[u8]) -> (Vec<Heard>, Outcome<()>) {
        let mut heard = vec![];
        let ended = loop {
            let (mut taken, mut event) = (0, LOWKEY_EVENT_HELLO);
            // SAFETY: see above.
            let status =
                unsafe { lowkey_kk_feed(&mut *self.device, bytes.as_ptr(), bytes.len(), &mut taken) };
            if status != LOWKEY_OK {
                break Err(status);
            }
            bytes = &bytes[taken..];
            // SAFETY: see above.
            let status = unsafe { lowkey_kk_poll(&mut *self.device, &mut event) };
            match event {
                _ if status != LOWKEY_OK => break Err(status),
                LOWKEY_EVENT_READ if bytes.is_empty() => break Ok(()),
                LOWKEY_EVENT_READ => {}
                // SAFETY: see above.
                LOWKEY_EVENT_WRITE => outcome(unsafe { lowkey_kk_sent(&mut *self.device, 0) }).unwrap(),
                LOWKEY_EVENT_DATA => {
                    let number = self.number();
                    let (mut data, mut len, mut is_last) = (ptr::null(), 0, false);
                    // SAFETY: see above; so many bytes were given.
                    let piece = unsafe {
                        outcome(lowkey_kk_take(&mut *self.device, &mut data, &mut len, &mut is_last))
                            .unwrap();
                        slice::from_raw_parts(data, len).to_vec()
                    };
                    assert_eq!(self.number(), number, "it stays until more has come");
                    heard.push(Heard::Piece(piece, is_last, number));
                }
                LOWKEY_EVENT_OPEN => heard.push(Heard::Open),
                LOWKEY_EVENT_END => {
                    heard.push(Heard::End);
                    break Ok(());
                }
                event => panic!("{event:?}"),
            }
        };
        (heard, ended)
    }

    /// Begins a channel to a peer of the page that shows this.
    fn open(&mut self, theirs: &[u8], shown: &[u8]) -> PageRecords {
        self.begin();
        let mut peer = responder(1);
        assert_eq!(self.send_outbox(), Err(LOWKEY_NOT_OPEN));
        let mut first = self.unsent().unwrap();
        assert_eq!(peer.read_first(&unframe(&mut first)), shown);
        assert_eq!(self.hears(&peer.next_frame(theirs)), (vec![], Ok(())));
        let mut ping = self.unsent().unwrap();
        let mut records = peer.into_records();
        assert_eq!(records.open(&mut ping), (PING, vec![]));
        assert_eq!(self.hears(b""), (vec![Heard::Open], Ok(())));
        records
    }

    /// To one that acknowledges.
    fn opened(&mut self) -> PageRecords {
        self.open(&parameters_with(300, None, true), &parameters_with(300, Some(RUN), false))
    }

    fn is_over(&mut self, status: lowkey_status) {
        assert_eq!(self.send(b"x"), Err(status));
        assert_eq!(self.hears(b""), (vec![], Err(status)));
    }
}

unsafe extern "C" fn random(_context: *mut std::ffi::c_void, out: *mut u8, len: usize) -> i32 {
    // SAFETY: the header's promise of what the callback gets.
    unsafe { slice::from_raw_parts_mut(out, len) }.fill(0x5a);
    0
}

fn plain(text: &[u8], is_last: bool) -> Heard {
    Heard::Piece(text.to_vec(), is_last, Err(LOWKEY_OUT_OF_TURN))
}

fn sender() -> Sender {
    Sender::new(4_000, BOOT.into())
}
