//! §7, rule by rule: what a device says that numbers and acknowledges, and what it makes of what comes.

use crate::initiator::{HEDGE, ID, INCOMING, INITIATOR, OUTGOING, Outcome, RESPONDER, outcome, public_key};
use crate::peer::responder;
use lowkey_c::lowkey_event::*;
use lowkey_c::lowkey_status::{self, *};
use lowkey_c::*;
use lowkey_core::numbered::{RunId, message_digest};
use lowkey_core::{Identity, PublicKey, Secret};
use std::{ptr, slice};
use test_support::page_peer::{
    ACK, CLOSE, DATA, MORE, NUMBERED, PING, PONG, PageRecords, numbered, parameters, parameters_with, unframe,
};

/// A device, an outbox, and all that they point to.
pub(crate) struct Sender {
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
    pub(crate) fn new(room: usize, boot: u64) -> Self {
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
    pub(crate) fn restart(&mut self, boot: u64) {
        let (memory, len) = (self.memory.as_mut_ptr(), self.memory.len());
        // SAFETY: see above.
        unsafe {
            outcome(lowkey_outbox_init(&mut *self.outbox, memory, len, RUN.as_ptr(), boot)).unwrap();
            outcome(lowkey_kk_set_outbox(&mut *self.device, &mut *self.outbox)).unwrap();
        }
    }

    fn acknowledges(&mut self) {
        // SAFETY: see above.
        outcome(unsafe { lowkey_outbox_acknowledge(&mut *self.outbox) }).unwrap();
    }

    pub(crate) fn push(&mut self, message: &[u8]) -> Outcome<()> {
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

    pub(crate) fn is_empty(&self) -> bool {
        // SAFETY: see above.
        unsafe { lowkey_outbox_is_empty(&*self.outbox) }
    }

    pub(crate) fn begin(&mut self) {
        // SAFETY: see above.
        outcome(unsafe { lowkey_kk_begin(&mut *self.device) }).unwrap();
    }

    pub(crate) fn send_outbox(&mut self) -> Outcome<()> {
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

    pub(crate) fn unsent(&mut self) -> Outcome<Vec<u8>> {
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
    pub(crate) fn open(&mut self, theirs: &[u8], shown: &[u8]) -> PageRecords {
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
    pub(crate) fn opened(&mut self) -> PageRecords {
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

pub(crate) const RUN: [u8; 8] = *b"a run...";
const OTHER: [u8; 8] = *b"another.";
const NONE: [u8; 16] = [0; 16];

fn sender() -> Sender {
    Sender::new(4_000, 7)
}

/// The count of this start.
fn number(count: u64) -> u64 {
    (7 << 32) | count
}

fn ack(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

fn first_ack(number: u64, message: &[u8]) -> Vec<u8> {
    [ack(number), message_digest(number, [message, b""])].concat()
}

fn records(peer: &mut PageRecords, mut wire: Vec<u8>) -> Vec<(u8, Vec<u8>)> {
    let mut records = vec![];
    while !wire.is_empty() {
        records.push(peer.open(&mut wire));
    }
    records
}

fn piece(text: &[u8], number: u64) -> Heard {
    Heard::Piece(text.to_vec(), true, Ok(number))
}

fn plain(text: &[u8], is_last: bool) -> Heard {
    Heard::Piece(text.to_vec(), is_last, Err(LOWKEY_OUT_OF_TURN))
}

/// One that acknowledges, and its peer, which numbers.
fn receiver() -> (Sender, PageRecords) {
    let mut a = sender();
    a.acknowledges();
    let peer = a.open(&parameters_with(300, Some(OTHER), false), &parameters_with(300, Some(RUN), true));
    (a, peer)
}

#[test]
fn numbered_s3_items_are_shown_by_who_has_them_and_one_of_another_length_ends_the_handshake() {
    for (theirs, acknowledges) in [(&[2, 1, 0][..], false), (&[1, 7, 1, 2, 3, 4, 5, 6, 7], true)] {
        let mut a = sender();
        if acknowledges {
            a.acknowledges();
        }
        a.begin();
        let mut peer = responder(1);
        peer.read_first(&unframe(&mut a.unsent().unwrap()));
        let second = peer.next_frame(&[&300_u16.to_be_bytes(), theirs].concat());
        assert_eq!(a.hears(&second), (vec![], Err(LOWKEY_PARAMETERS)), "{theirs:?}");
        a.is_over(LOWKEY_PARAMETERS);
    }
    // Without an outbox, and with another one afterwards.
    let mut a = sender();
    // SAFETY: the device is its own; NULL is none.
    outcome(unsafe { lowkey_kk_set_outbox(&mut *a.device, ptr::null_mut()) }).unwrap();
    a.begin();
    assert_eq!(a.send_outbox(), Err(LOWKEY_NULL));
    assert_eq!(responder(1).read_first(&unframe(&mut a.unsent().unwrap())), parameters(300));
    a.restart(8);
    // Of an item that comes twice the last counts.
    let twice = [&parameters_with(300, Some(RUN), true)[..], &parameters_with(0, Some(OTHER), true)[2..]];
    a.acknowledges();
    a.open(&twice.concat(), &parameters_with(300, Some(RUN), true));
    assert_eq!(a.peer_run(), Ok(OTHER));
}

#[test]
fn numbered_s7_without_both_items_nothing_is_numbered_and_what_comes_is_ignored() {
    for theirs in [parameters_with(300, None, false), parameters_with(300, Some(OTHER), false)] {
        let mut a = sender();
        let mut peer = a.open(&theirs, &parameters_with(300, Some(RUN), false));
        a.push(b"stays").unwrap();
        for _ in 0..2 {
            assert_eq!(a.send_outbox(), Err(LOWKEY_NOT_ACKNOWLEDGED));
        }
        assert_eq!(a.peer_run(), Err(LOWKEY_NOT_ACKNOWLEDGED));
        assert_eq!(
            (a.open_acks(0, [0; 8]), a.acknowledge(1)),
            (Err(LOWKEY_OUT_OF_TURN), Err(LOWKEY_OUT_OF_TURN))
        );
        for (kind, body) in
            [(ACK, &b"?"[..]), (ACK, &NONE), (NUMBERED, b"short"), (NUMBERED, &numbered(1, b"x"))]
        {
            assert_eq!(a.hears(&peer.record(kind, body)), (vec![], Ok(())), "{kind:#x} {body:?}");
        }
        assert_eq!(a.hears(&peer.record(DATA, b"goes on")), (vec![plain(b"goes on", true)], Ok(())));
        a.send(b"goes on").unwrap();
        assert_eq!(records(&mut peer, a.unsent().unwrap()), [(DATA, b"goes on".to_vec())]);
        assert!(!a.is_empty());
    }
    // One that acknowledges, of a peer that numbers nothing.
    let mut a = sender();
    a.acknowledges();
    let mut peer = a.open(&parameters_with(300, None, true), &parameters_with(300, Some(RUN), true));
    assert_eq!(a.peer_run(), Err(LOWKEY_NOT_ACKNOWLEDGED));
    assert_eq!(a.open_acks(0, [0; 8]), Err(LOWKEY_OUT_OF_TURN));
    assert_eq!(a.hears(&peer.record(NUMBERED, &numbered(1, b"x"))), (vec![], Ok(())));
}

#[test]
fn numbered_s7_nothing_goes_out_before_the_first_ack_and_then_all_in_order() {
    let mut a = sender();
    for text in [&b"one"[..], b"", b"three"] {
        a.push(text).unwrap();
    }
    let mut peer = a.opened();
    assert_eq!(a.sends_all(), Ok(vec![]));
    assert_eq!(a.hears(&peer.record(ACK, &NONE)), (vec![], Ok(())));
    let wire = a.sends_all().unwrap();
    let expected = [(1, &b"one"[..]), (2, b""), (3, b"three")];
    let expected = expected.map(|(count, text)| (NUMBERED, numbered(number(count), text)));
    assert_eq!(records(&mut peer, wire), expected);
    assert_eq!(a.sends_all(), Ok(vec![]), "each once on a connection");
    assert_eq!((a.is_empty(), a.last()), (false, number(3)));
}

#[test]
fn numbered_s7_the_first_ack_releases_and_what_is_above_goes_out_again() {
    let mut a = sender();
    let texts: Vec<Vec<u8>> = (1..=5).map(|n| vec![n; usize::from(n) * 90]).collect();
    for text in &texts {
        a.push(text).unwrap();
    }
    for stored in [0, 2, 2, 4, 5] {
        let mut peer = a.opened();
        let body = match stored {
            0 => NONE.to_vec(),
            n => first_ack(number(n), &texts[n as usize - 1]),
        };
        a.hears(&peer.record(ACK, &body)).1.unwrap();
        let wire = a.sends_all().unwrap();
        let numbers: Vec<u64> = records(&mut peer, wire)
            .iter()
            .filter(|(kind, _)| *kind == NUMBERED)
            .map(|(_, body)| u64::from_be_bytes(*body.first_chunk().unwrap()))
            .collect();
        assert_eq!(numbers, (stored + 1..=5).map(number).collect::<Vec<_>>());
    }
    assert!(a.is_empty());
}

#[test]
fn numbered_s7_numbers_that_went_back_release_nothing_and_send_nothing() {
    for (body, why) in [
        (first_ack(number(2), b"the next one"), "a number that we would give next"),
        (first_ack(u64::MAX, b"?"), "a number far above"),
        (first_ack(number(1), b"another text"), "another message of this number"),
    ] {
        let mut a = sender();
        a.push(b"kept").unwrap();
        let mut peer = a.opened();
        a.hears(&peer.record(ACK, &body)).1.unwrap();
        for _ in 0..2 {
            assert_eq!(a.sends_all(), Err(LOWKEY_WENT_BACK), "{why}");
        }
        assert!(!a.is_empty());
        assert!(lowkey_is_recoverable(LOWKEY_WENT_BACK as i32));
        a.send(b"not numbered").unwrap();
        assert_eq!(records(&mut peer, a.unsent().unwrap()), [(DATA, b"not numbered".to_vec())]);
    }
    // Of its own it has the message no more, or it was of an earlier start: both are as it should be.
    for stored in [number(0), (6 << 32) | 9, 1] {
        let mut a = sender();
        a.push(b"kept").unwrap();
        let mut peer = a.opened();
        a.hears(&peer.record(ACK, &first_ack(stored, b"whatever it was"))).1.unwrap();
        assert_eq!(records(&mut peer, a.sends_all().unwrap()), [(NUMBERED, numbered(number(1), b"kept"))]);
    }
}

#[test]
fn numbered_s7_an_ack_that_cannot_be_ends_the_connection() {
    let long = [0; 17];
    for (acks, why) in [
        (vec![&ack(0)[..]], "a first one of 8 bytes"),
        (vec![&b""[..]], "without a number"),
        (vec![&long[..]], "too long"),
        (vec![&NONE[..], &NONE[..]], "a second one of 16 bytes"),
        (vec![&NONE[..], &[0; 7]], "a later one of 7 bytes"),
        (vec![&NONE[..], &[0; 9]], "a later one of 9 bytes"),
        (vec![&NONE[..], &[0, 0, 0, 7, 0, 0, 0, 3]], "above the highest that was sent"),
    ] {
        let mut a = sender();
        a.push(b"1").unwrap();
        a.push(b"2").unwrap();
        let mut peer = a.opened();
        let (bad, good) = acks.split_last().unwrap();
        for body in good {
            a.hears(&peer.record(ACK, body)).1.unwrap();
            a.sends_all().unwrap();
        }
        assert_eq!(a.hears(&peer.record(ACK, bad)), (vec![], Err(LOWKEY_NUMBER)), "{why}");
        a.is_over(LOWKEY_NUMBER);
        assert_eq!(a.send_outbox(), Err(LOWKEY_NUMBER));
        assert!(!a.is_empty());
        // And the next channel is as any.
        let mut peer = a.opened();
        a.hears(&peer.record(ACK, &NONE)).1.unwrap();
        assert_eq!(records(&mut peer, a.sends_all().unwrap()).len(), 2);
    }
}

#[test]
fn numbered_s7_a_later_ack_is_cumulative_and_a_lower_one_says_nothing() {
    let mut a = sender();
    for n in 1..=4 {
        a.push(&[n]).unwrap();
    }
    let mut peer = a.opened();
    a.hears(&peer.record(ACK, &NONE)).1.unwrap();
    records(&mut peer, a.sends_all().unwrap());
    let full = a.room().unwrap();
    for (acked, free) in [(3, 33), (1, 33), (4, 44)] {
        a.hears(&peer.record(ACK, &ack(number(acked)))).1.unwrap();
        assert_eq!(a.room(), Ok(full + free));
    }
    assert!(a.is_empty());
    // What is pushed amid all of that goes on behind it.
    a.push(b"5").unwrap();
    let records = records(&mut peer, a.sends_all().unwrap());
    assert_eq!(records, [(NUMBERED, numbered(number(5), b"5"))]);
}

#[test]
fn numbered_s7_a_numbered_message_that_cannot_be_ends_the_connection() {
    for (stored, sent, bad, why) in [
        (None, vec![], numbered(1, b"x"), "before our first ACK"),
        (Some(0), vec![], b"7 bytes".to_vec(), "shorter than its number"),
        (Some(0), vec![], numbered(0, b"x"), "number 0"),
        (Some(5), vec![], numbered(5, b"x"), "not above the first ACK"),
        (Some(5), vec![6, 9], numbered(9, b"x"), "the same again"),
        (Some(0), vec![u64::MAX], numbered(1, b"x"), "behind the highest there is"),
    ] {
        let (mut a, mut peer) = receiver();
        if let Some(last) = stored {
            a.open_acks(last, [1; 8]).unwrap();
            a.unsent().unwrap();
        }
        for number in sent {
            let heard = a.hears(&peer.record(NUMBERED, &numbered(number, b"x")));
            assert_eq!(heard, (vec![piece(b"x", number)], Ok(())));
        }
        assert_eq!(a.hears(&peer.record(NUMBERED, &bad)), (vec![], Err(LOWKEY_NUMBER)), "{why}");
        a.is_over(LOWKEY_NUMBER);
    }
}

#[test]
fn numbered_s7_a_message_is_given_without_its_number_and_its_pieces_as_ever() {
    let (mut a, mut peer) = receiver();
    assert_eq!(a.peer_run(), Ok(OTHER));
    a.open_acks(0, [0; 8]).unwrap();
    a.unsent().unwrap();
    let all = [
        peer.record(MORE, b"a"),
        peer.record(PING, b""),
        peer.record(NUMBERED, &numbered(3, b"b")),
        peer.record(NUMBERED, &numbered(4, b"")),
        peer.record(MORE, b"c"),
        peer.record(DATA, b"d"),
        peer.record(NUMBERED, &numbered(9, &[7; 250])),
    ];
    let expected = vec![
        plain(b"a", false),
        piece(b"b", 3),
        piece(b"", 4),
        plain(b"c", false),
        plain(b"d", true),
        piece(&[7; 250], 9),
    ];
    assert_eq!(a.hears(&all.concat()), (expected, Ok(())));
    // §4: longer than our limit, in pieces of which the last has a number; and a CLOSE amid a message.
    for _ in 0..8 {
        a.hears(&peer.record(MORE, &[1; 240])).1.unwrap();
    }
    assert_eq!(
        a.hears(&peer.record(NUMBERED, &numbered(10, &[1; 81]))),
        (vec![], Err(LOWKEY_MESSAGE_TOO_LONG))
    );
}

#[test]
fn numbered_s7_an_ack_goes_behind_an_owed_pong_and_before_anything_else() {
    let (mut a, mut peer) = receiver();
    a.hears(&peer.record(PING, b"there?")).1.unwrap();
    // The PONG is sealed, and is unsent.
    assert_eq!(a.open_acks(4, [8; 8]), Err(LOWKEY_WOULD_BLOCK));
    let mut wire = a.unsent().unwrap();
    a.open_acks(4, [8; 8]).unwrap();
    assert_eq!(a.open_acks(0, [0; 8]), Err(LOWKEY_OUT_OF_TURN), "once");
    assert_eq!(a.acknowledge(5), Err(LOWKEY_OUT_OF_TURN), "none of that number has come");
    assert_eq!(a.send(b"data"), Err(LOWKEY_WOULD_BLOCK));
    wire.extend(a.unsent().unwrap());
    a.send(b"data").unwrap();
    wire.extend(a.unsent().unwrap());
    let expected = [(PONG, b"there?".to_vec()), (ACK, [ack(4), [8; 8]].concat()), (DATA, b"data".to_vec())];
    assert_eq!(records(&mut peer, wire), expected);
    for number in 5..=7 {
        a.hears(&peer.record(NUMBERED, &numbered(number, b""))).1.unwrap();
    }
    a.acknowledge(6).unwrap();
    let mut wire = a.unsent().unwrap();
    a.acknowledge(6).unwrap(); // nothing new
    a.acknowledge(4).unwrap();
    a.acknowledge(7).unwrap();
    a.close().unwrap();
    wire.extend(a.unsent().unwrap());
    let expected = [(ACK, ack(6).to_vec()), (ACK, ack(7).to_vec()), (CLOSE, vec![])];
    assert_eq!(records(&mut peer, wire), expected);
    assert_eq!(a.acknowledge(7), Err(LOWKEY_CLOSED));
}

/// §4, §7: what does not fit into one record goes out as MORE, and the number behind it.
#[test]
fn numbered_s7_a_long_message_is_more_and_then_numbered() {
    let most = OUTGOING - 2 - 17;
    for len in [0, 1, most - 9, most - 8, most - 7, most, most + 1, 2 * most - 8, 2 * most, 3_000] {
        let text: Vec<u8> = (0..len).map(|n| n as u8).collect();
        let mut a = sender();
        a.push(&text).unwrap();
        a.push(b"behind").unwrap();
        let mut peer = a.opened();
        a.hears(&peer.record(ACK, &NONE)).1.unwrap();
        let records = records(&mut peer, a.sends_all().unwrap());
        let (end, pieces) = records[..records.len() - 1].split_last().unwrap();
        let mut got: Vec<u8> = vec![];
        for (kind, piece) in pieces {
            assert_eq!((*kind, piece.is_empty()), (MORE, false));
            got.extend(piece);
        }
        assert_eq!((end.0, &end.1[..8]), (NUMBERED, &ack(number(1))[..]));
        got.extend(&end.1[8..]);
        assert_eq!(got, text, "{len}");
        assert_eq!(records.last().unwrap(), &(NUMBERED, numbered(number(2), b"behind")));
    }
}

#[test]
fn numbered_s7_amid_a_numbered_message_no_other_begins() {
    let mut a = sender();
    a.push(&[7; 900]).unwrap();
    let mut peer = a.opened();
    a.hears(&peer.record(ACK, &NONE)).1.unwrap();
    assert_eq!(a.send_outbox(), Err(LOWKEY_WOULD_BLOCK));
    let mut wire = a.unsent().unwrap();
    assert_eq!(a.send(b"x"), Err(LOWKEY_UNFINISHED));
    let (mut taken, device) = (0, &raw mut *a.device);
    // SAFETY: outputs are local.
    let part = unsafe { lowkey_kk_send_part(device, b"x".as_ptr(), 1, true, &mut taken) };
    assert_eq!(part, LOWKEY_UNFINISHED);
    wire.extend(a.sends_all().unwrap());
    let kinds: Vec<u8> = records(&mut peer, wire).iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [MORE, MORE, MORE, MORE, NUMBERED]);
    // The other way round, and behind our CLOSE.
    // SAFETY: as above.
    let begun = unsafe { lowkey_kk_send_part(device, b"x".as_ptr(), 1, false, &mut taken) };
    assert_eq!(begun, LOWKEY_OK);
    a.unsent().unwrap();
    a.push(b"y").unwrap();
    assert_eq!(a.send_outbox(), Err(LOWKEY_UNFINISHED));
    // SAFETY: as above.
    let ended = unsafe { lowkey_kk_send_part(device, b"x".as_ptr(), 1, true, &mut taken) };
    assert_eq!(ended, LOWKEY_OK);
    a.unsent().unwrap();
    a.close().unwrap();
    a.unsent().unwrap();
    assert_eq!(a.send_outbox(), Err(LOWKEY_CLOSED));
    a.hears(&peer.record(ACK, &ack(number(1)))).1.unwrap();
    assert!(!a.is_empty(), "what was not sent stays");
    assert_eq!(a.hears(&peer.record(CLOSE, b"")), (vec![Heard::End], Ok(())));
}

#[test]
fn numbered_a_full_outbox_says_so_and_keeps_what_it_has() {
    let mut a = Sender::new(30, 7);
    assert_eq!(a.push(&[0; 21]), Err(LOWKEY_TOO_LONG));
    assert_eq!(a.push(&[1; 20]), Ok(()));
    assert_eq!((a.push(b""), a.room()), (Err(LOWKEY_FULL), Err(LOWKEY_FULL)));
    assert!(lowkey_is_recoverable(LOWKEY_FULL as i32));
    let mut peer = a.opened();
    a.hears(&peer.record(ACK, &first_ack(number(1), &[1; 20]))).1.unwrap();
    assert_eq!((a.push(b"12345"), a.room()), (Ok(()), Ok(5)));
    assert_eq!(a.push(b"123456"), Err(LOWKEY_FULL));
    assert_eq!(a.push(b"12345"), Ok(()));
    assert_eq!(a.last(), number(3));
    for len in 0..10 {
        assert_eq!(Sender::new(len.max(1), 7).push(b""), Err(LOWKEY_TOO_LONG));
    }
}

#[test]
fn numbered_wrong_arguments_of_an_outbox_are_a_status() {
    let mut a = sender();
    let before = a.outbox.opaque;
    let memory = a.memory.as_mut_ptr();
    let outbox = &raw mut *a.outbox;
    // SAFETY: what is wrong is checked, and the rest lies in the sender.
    unsafe {
        for (status, memory, len, run, boot) in [
            (LOWKEY_NULL, ptr::null_mut(), 9, RUN.as_ptr(), 1),
            (LOWKEY_NULL, memory, 9, ptr::null(), 1),
            (LOWKEY_LENGTH, memory, 9, RUN.as_ptr(), 1 << 32),
            (LOWKEY_LENGTH, memory, usize::MAX, RUN.as_ptr(), 1),
            (LOWKEY_LENGTH, outbox.cast::<u8>().add(20), 9, RUN.as_ptr(), 1),
        ] {
            assert_eq!(lowkey_outbox_init(outbox, memory, len, run, boot), status);
        }
        assert_eq!(a.outbox.opaque, before);
        assert_eq!(lowkey_outbox_init(ptr::null_mut(), memory, 9, RUN.as_ptr(), 1), LOWKEY_NULL);
        assert_eq!(lowkey_outbox_push(outbox, ptr::null(), 1), LOWKEY_NULL);
        assert_eq!(lowkey_outbox_push(outbox, ptr::null(), 0), LOWKEY_OK);
        assert_eq!(lowkey_outbox_push(outbox, memory, 1), LOWKEY_LENGTH);
        assert_eq!(lowkey_outbox_push(ptr::null_mut(), ptr::null(), 0), LOWKEY_NULL);
        assert_eq!(lowkey_outbox_room(outbox, ptr::null_mut()), LOWKEY_NULL);
        assert_eq!(lowkey_outbox_last(outbox, ptr::null_mut()), LOWKEY_NULL);
        assert_eq!(lowkey_outbox_acknowledge(ptr::null_mut()), LOWKEY_NULL);
        assert_eq!(lowkey_page_run(ptr::null(), [0; 8].as_mut_ptr()), LOWKEY_NULL);
        assert_eq!(lowkey_message_digest(1, ptr::null(), 1, [0; 8].as_mut_ptr()), LOWKEY_NULL);
        // Memory over a buffer of the device, or over the device.
        let mut other = lowkey_outbox { opaque: [0; LOWKEY_OUTBOX_WORDS] };
        let device = &raw mut *a.device;
        for memory in [a._buffers[0].as_mut_ptr(), a._buffers[1].as_mut_ptr(), device.cast()] {
            assert_eq!(lowkey_outbox_init(&mut other, memory, 9, RUN.as_ptr(), 1), LOWKEY_OK);
            assert_eq!(lowkey_kk_set_outbox(device, &mut other), LOWKEY_LENGTH);
        }
        assert_eq!(lowkey_kk_set_outbox(ptr::null_mut(), outbox), LOWKEY_NULL);
        // What is no outbox: never made, wiped, another object, a copy.
        assert_eq!(lowkey_outbox_wipe(&mut other), LOWKEY_OK);
        let mut copy = lowkey_outbox { opaque: a.outbox.opaque };
        for none in [&raw mut other, device.cast(), &raw mut copy] {
            assert_eq!(lowkey_outbox_push(none, ptr::null(), 0), LOWKEY_NOT_INITIALISED);
            assert_eq!(lowkey_kk_set_outbox(device, none), LOWKEY_NOT_INITIALISED);
            assert!(!lowkey_outbox_is_empty(none));
        }
        let mut event = LOWKEY_EVENT_READ;
        assert_eq!(lowkey_kk_run_outbox(device, ptr::null(), &mut event), LOWKEY_OUT_OF_TURN);
    }
    // One that is wiped under a device: a status, and nothing numbered.
    let mut peer = a.opened();
    // SAFETY: as above.
    assert_eq!(unsafe { lowkey_outbox_wipe(outbox) }, LOWKEY_OK);
    assert_eq!(a.send_outbox(), Err(LOWKEY_NOT_INITIALISED));
    assert_eq!(a.hears(&peer.record(ACK, &NONE)), (vec![], Err(LOWKEY_NOT_INITIALISED)));
    a.begin();
    assert_eq!(responder(1).read_first(&unframe(&mut a.unsent().unwrap())), parameters(300));
}

/// The same names as in Rust.
#[test]
fn numbered_s7_runs_and_digests_are_those_of_the_page() {
    let public = public_key(&INITIATOR);
    // SAFETY: zeros are a page without fields.
    let mut page: lowkey_page = unsafe { std::mem::zeroed() };
    (page.hedge, page.public_key) = (HEDGE.as_ptr(), public.as_ptr());
    let (mut run, mut digest) = ([0; 8], [0; 8]);
    // SAFETY: all of it is local, or static.
    unsafe {
        assert_eq!(lowkey_page_run(&page, run.as_mut_ptr()), LOWKEY_OK);
        assert_eq!(lowkey_message_digest(9, b"text".as_ptr(), 4, digest.as_mut_ptr()), LOWKEY_OK);
    }
    assert_eq!(&run, RunId::of_hedge(&Secret::new(HEDGE), &PublicKey::new(public)).as_bytes());
    assert_eq!(digest, message_digest(9, [b"te", b"xt"]));
}

/// What a stream of callbacks has: bytes to be read, a few at a time, and what was written.
#[derive(Default)]
struct Wire {
    to_device: Vec<u8>,
    from_device: Vec<u8>,
    /// How many bytes it takes before it takes none.
    takes: usize,
}

unsafe extern "C" fn read(context: *mut std::ffi::c_void, out: *mut u8, len: usize) -> i32 {
    // SAFETY: the context is a wire, and the header's promise of what the callback gets.
    let (wire, out) = unsafe { (&mut *context.cast::<Wire>(), slice::from_raw_parts_mut(out, len)) };
    let n = wire.to_device.len().min(len).min(7);
    if n == 0 {
        return LOWKEY_IO_WOULD_BLOCK;
    }
    out[..n].copy_from_slice(&wire.to_device[..n]);
    wire.to_device.drain(..n);
    n as i32
}

unsafe extern "C" fn write(context: *mut std::ffi::c_void, bytes: *const u8, len: usize) -> i32 {
    // SAFETY: as in `read`.
    let (wire, bytes) = unsafe { (&mut *context.cast::<Wire>(), slice::from_raw_parts(bytes, len)) };
    let n = len.min(wire.takes);
    wire.takes -= n;
    wire.from_device.extend(&bytes[..n]);
    if n == 0 { LOWKEY_IO_WOULD_BLOCK } else { n as i32 }
}

impl Sender {
    fn run_outbox(&mut self, wire: &mut Wire) -> Outcome<lowkey_event> {
        let io = lowkey_io { context: (&raw mut *wire).cast(), read: Some(read), write: Some(write) };
        let mut event = LOWKEY_EVENT_HELLO;
        // SAFETY: see the other blocks of a sender; the wire lives as long as the call.
        outcome(unsafe { lowkey_kk_run_outbox(&mut *self.device, &io, &mut event) }).map(|()| event)
    }
}

#[test]
fn numbered_s7_over_callbacks_what_waits_is_sent_and_what_is_acknowledged_is_said() {
    let mut a = sender();
    for text in [&b"one"[..], &[7; 600], b"three"] {
        a.push(text).unwrap();
    }
    let mut peer = a.opened();
    let mut wire = Wire { takes: usize::MAX, ..Wire::default() };
    assert_eq!(a.run_outbox(&mut wire), Err(LOWKEY_WOULD_BLOCK), "nothing before the first ACK");
    assert_eq!(wire.from_device, []);
    wire.to_device = peer.record(ACK, &NONE);
    assert_eq!(a.run_outbox(&mut wire), Err(LOWKEY_WOULD_BLOCK));
    let kinds: Vec<u8> =
        records(&mut peer, std::mem::take(&mut wire.from_device)).iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [NUMBERED, MORE, MORE, MORE, NUMBERED, NUMBERED]);
    // Something is acknowledged, and behind it a message has come: each is said by itself.
    wire.to_device = [peer.record(ACK, &ack(number(2))), peer.record(DATA, b"down")].concat();
    assert_eq!(a.run_outbox(&mut wire), Ok(LOWKEY_EVENT_READ));
    assert!(!a.is_empty());
    assert_eq!(a.run_outbox(&mut wire), Ok(LOWKEY_EVENT_DATA));
    assert_eq!(a.hears(b"").0, [plain(b"down", true)]);
    // A stream that takes nothing keeps nobody from reading.
    a.push(b"four").unwrap();
    wire.takes = 5;
    wire.to_device = peer.record(ACK, &ack(number(3)));
    assert_eq!(a.run_outbox(&mut wire), Ok(LOWKEY_EVENT_READ));
    wire.takes = usize::MAX;
    assert_eq!(a.run_outbox(&mut wire), Err(LOWKEY_WOULD_BLOCK));
    let last = records(&mut peer, std::mem::take(&mut wire.from_device));
    assert_eq!(last, [(NUMBERED, numbered(number(4), b"four"))]);
    wire.to_device = [peer.record(ACK, &ack(number(4))), peer.record(CLOSE, b"")].concat();
    assert_eq!(a.run_outbox(&mut wire), Ok(LOWKEY_EVENT_READ));
    assert!(a.is_empty());
    assert_eq!(a.run_outbox(&mut wire), Ok(LOWKEY_EVENT_END));
}

#[test]
fn numbered_s7_over_callbacks_numbers_that_went_back_leave_the_channel_open() {
    let mut a = sender();
    a.push(b"kept").unwrap();
    let mut peer = a.opened();
    let mut wire = Wire {
        takes: usize::MAX,
        to_device: peer.record(ACK, &first_ack(u64::MAX, b"?")),
        ..Wire::default()
    };
    assert!(matches!(a.run_outbox(&mut wire), Ok(LOWKEY_EVENT_READ) | Err(LOWKEY_WOULD_BLOCK)));
    assert_eq!((a.run_outbox(&mut wire), wire.from_device.len()), (Err(LOWKEY_WENT_BACK), 0));
    a.send(b"not numbered").unwrap();
    assert_eq!(records(&mut peer, a.unsent().unwrap()), [(DATA, b"not numbered".to_vec())]);
}

struct Stuck;

impl lowkey_core::Entropy for Stuck {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), lowkey_core::EntropyFailed> {
        out.fill(0x5a);
        Ok(())
    }
}

impl lowkey_core::Counter for Stuck {
    fn next(&mut self) -> Result<u64, lowkey_core::CounterFailed> {
        Ok(7)
    }
}

/// The device and a link, with the same keys, hear the same and are asked the same.
#[test]
fn numbered_s7_a_device_says_byte_for_byte_what_a_link_says() {
    use lowkey_transport::{Buffers, Link, Outbox, Pinning};
    let mut random = test_support::Random::new();
    for _ in 0..30 {
        let mut a = Sender::new(400, 7);
        let mut outbox = Outbox::new(vec![0; 400], RunId::new(RUN), 7);
        let identity = Identity::new(Secret::new(INITIATOR)).unwrap();
        let pinned = lowkey_core::Peer::pin(&identity, PublicKey::new(public_key(&RESPONDER))).unwrap();
        let id = lowkey_core::Id::new(ID).unwrap();
        let pinning = Pinning { id, identity: &identity, peer: &pinned, psk: None };
        let mut ephemerals = lowkey_core::Ephemerals::new(Stuck, Secret::new(HEDGE), &mut Stuck).unwrap();
        let buffers = Buffers::new(vec![0; INCOMING], vec![0; OUTGOING]).unwrap().with_run(RunId::new(RUN));
        let mut link = Link::kk_initiator(pinning, &mut ephemerals, buffers).unwrap();
        a.begin();
        let mut peer = responder(1);
        let mut first = a.unsent().unwrap();
        assert_eq!(first, drain(&mut link));
        peer.read_first(&unframe(&mut first));
        let second = peer.next_frame(&parameters_with(300, None, true));
        a.hears(&second).1.unwrap();
        tell(&mut link, &second);
        link.step().unwrap();
        assert_eq!(a.unsent().unwrap(), drain(&mut link));
        link.step().unwrap();
        a.hears(b"").1.unwrap();
        let mut peer = peer.into_records();
        let (mut pushed, mut said) = (0, false);
        for _ in 0..60 {
            let record = match random.below(6) {
                0 | 1 => {
                    let len = random.below(330);
                    let text = random.bytes(len);
                    assert_eq!(a.push(&text).is_ok(), outbox.push(&text).is_ok());
                    pushed = outbox.last() & 0xffff_ffff;
                    continue;
                }
                2 | 3 => {
                    let sent = a.sends_all().unwrap();
                    let mut all = vec![];
                    while link.send_outbox(&mut outbox).unwrap().is_pending() {
                        all.extend(drain(&mut link));
                    }
                    assert_eq!(sent, all);
                    continue;
                }
                4 if !said => {
                    said = true;
                    peer.record(ACK, &NONE)
                }
                // What has not gone out, it cannot acknowledge.
                4 => {
                    a.sends_all().unwrap();
                    while link.send_outbox(&mut outbox).unwrap().is_pending() {
                        drain(&mut link);
                    }
                    let count = random.below(pushed as usize + 1) as u64;
                    peer.record(ACK, &ack(if count > 0 { number(count) } else { 0 }))
                }
                _ => peer.record(PING, b"there?"),
            };
            a.hears(&record).1.unwrap();
            tell(&mut link, &record);
            let _heard = link.recv_acks(&mut outbox).unwrap();
            assert_eq!(a.unsent().unwrap(), drain(&mut link));
            assert_eq!((a.is_empty(), a.room().ok()), (outbox.is_empty(), outbox.room()));
        }
    }
}

fn drain(link: &mut lowkey_transport::Link<'_, Vec<u8>>) -> Vec<u8> {
    let mut all = vec![];
    loop {
        let unsent = link.unsent().unwrap().to_vec();
        link.on_flush(Ok::<_, embedded_io::ErrorKind>(())).unwrap();
        if unsent.is_empty() {
            return all;
        }
        link.on_write(Ok::<_, embedded_io::ErrorKind>(unsent.len())).unwrap();
        all.extend(unsent);
    }
}

fn tell(link: &mut lowkey_transport::Link<'_, Vec<u8>>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let taken = link.feed(bytes).unwrap();
        bytes = &bytes[taken..];
    }
}
