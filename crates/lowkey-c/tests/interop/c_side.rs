//! A side that calls the functions of lowkey.h.

use crate::side::{ID, INCOMING, PSK, Side, has_psk, is_kk};
use lowkey_c::*;
use std::ffi::CStr;
use std::ptr;

use lowkey_status::LOWKEY_OK;

pub(crate) struct CSide {
    keys: Box<Keys>,
    channel: Box<lowkey_channel>,
    _incoming: Vec<u8>,
    _outgoing: Vec<u8>,
}

struct Keys {
    identity: lowkey_identity,
    peer: lowkey_peer,
    psk: lowkey_psk,
    seed: lowkey_seed,
    ephemerals: lowkey_ephemerals,
    public: [u8; 32],
}

pub(crate) fn check(status: lowkey_status) -> Result<(), String> {
    // SAFETY: every status has a text that ends with a zero.
    let text = unsafe { CStr::from_ptr(lowkey_status_text(status as i32)) };
    if status == LOWKEY_OK { Ok(()) } else { Err(text.to_str().unwrap().to_owned()) }
}

pub(crate) fn ok(status: lowkey_status) {
    check(status).unwrap();
}

impl CSide {
    /// A side with the keys of `number` that has pinned those of `peer`; the channel has not begun.
    fn new(number: u8, peer: u8) -> Self {
        // SAFETY: zeros are storage that was never initialised.
        let mut keys: Box<Keys> = Box::new(unsafe { std::mem::zeroed() });
        // SAFETY: as above.
        let channel = Box::new(unsafe { std::mem::zeroed() });
        // SAFETY: everything lives in the box.
        unsafe {
            let mut other: lowkey_identity = std::mem::zeroed();
            let mut theirs = [0; 32];
            ok(lowkey_identity_init(&mut other, [peer; 32].as_ptr(), ptr::null()));
            ok(lowkey_identity_public_key(&other, theirs.as_mut_ptr()));
            ok(lowkey_identity_init(&mut keys.identity, [number; 32].as_ptr(), ptr::null()));
            ok(lowkey_identity_public_key(&keys.identity, keys.public.as_mut_ptr()));
            ok(lowkey_peer_init(&mut keys.peer, &keys.identity, theirs.as_ptr(), ptr::null()));
            ok(lowkey_psk_init(&mut keys.psk, PSK.as_ptr()));
            ok(lowkey_seed_init(&mut keys.seed, [number + 1; 32].as_ptr()));
            let (seed, hedge) = ((&raw mut keys.seed).cast(), [number + 2; 32]);
            let random: lowkey_random = Some(lowkey_seed_random);
            ok(lowkey_ephemerals_init(&mut keys.ephemerals, hedge.as_ptr(), 1, random, seed));
        }
        Self { keys, channel, _incoming: vec![0; INCOMING], _outgoing: vec![0; INCOMING + 2] }
    }

    pub(crate) fn initiator(mode: lowkey_mode, number: u8, peer: u8) -> Self {
        let mut side = Self::new(number, peer);
        let (buffers, pinning, psk) = (side.buffers(), side.pinning(mode), side.psk(mode));
        let keys = &mut *side.keys;
        // SAFETY: everything lives in boxes that the side holds.
        ok(unsafe {
            if is_kk(mode) {
                lowkey_kk_initiator(&mut *side.channel, &buffers, &pinning, &mut keys.ephemerals)
            } else {
                let id_len = if psk.is_null() { 0 } else { ID.len() };
                let (identity, ephemerals) = (&raw const keys.identity, &mut keys.ephemerals);
                lowkey_xx_initiator(
                    &mut *side.channel,
                    &buffers,
                    identity,
                    psk,
                    ID.as_ptr(),
                    id_len,
                    ephemerals,
                )
            }
        });
        side
    }

    pub(crate) fn responder(number: u8, peer: u8) -> Self {
        let mut side = Self::new(number, peer);
        let buffers = side.buffers();
        // SAFETY: as above.
        ok(unsafe { lowkey_responder(&mut *side.channel, &buffers) });
        side
    }

    /// Answers a hello that says `said` as in `mode`.
    pub(crate) fn answer_as(&mut self, mode: lowkey_mode, said: lowkey_mode) {
        let mut hello = lowkey_hello { mode: lowkey_mode::LOWKEY_KK, id: [0; LOWKEY_MAX_ID], id_len: 0 };
        let (pinning, psk) = (self.pinning(mode), self.psk(mode));
        let keys = &mut *self.keys;
        // SAFETY: everything lives in boxes that the side holds.
        unsafe {
            ok(lowkey_hello_read(&*self.channel, &mut hello));
            assert_eq!(hello.mode, said);
            let id: &[u8] = if mode == lowkey_mode::LOWKEY_XX { b"" } else { ID };
            assert_eq!(&hello.id[..hello.id_len], id);
            ok(if is_kk(mode) {
                lowkey_answer_kk(&mut *self.channel, &pinning, &mut keys.ephemerals)
            } else {
                lowkey_answer_xx(&mut *self.channel, &keys.identity, psk, &mut keys.ephemerals)
            });
        }
    }

    fn buffers(&mut self) -> lowkey_buffers {
        lowkey_buffers {
            incoming: self._incoming.as_mut_ptr(),
            incoming_len: self._incoming.len(),
            outgoing: self._outgoing.as_mut_ptr(),
            outgoing_len: self._outgoing.len(),
            max_frame: 0,
            max_message: 0,
        }
    }

    fn psk(&self, mode: lowkey_mode) -> *const lowkey_psk {
        if has_psk(mode) { &raw const self.keys.psk } else { ptr::null() }
    }

    fn pinning(&self, mode: lowkey_mode) -> lowkey_pinning {
        lowkey_pinning {
            identity: &self.keys.identity,
            peer: &self.keys.peer,
            psk: self.psk(mode),
            id: ID.as_ptr(),
            id_len: ID.len(),
        }
    }
}

// SAFETY of all blocks: the channel, its buffers and its keys live as long as the side, and outputs are local.
impl Side for CSide {
    fn poll(&mut self) -> Result<lowkey_event, String> {
        let mut event = lowkey_event::LOWKEY_EVENT_READ;
        // SAFETY: see above.
        check(unsafe { lowkey_poll(&mut *self.channel, &mut event) }).map(|()| event)
    }

    fn answer(&mut self, mode: lowkey_mode) {
        self.answer_as(mode, mode);
    }

    fn accept(&mut self) {
        // SAFETY: see above.
        ok(unsafe { lowkey_accept(&mut *self.channel) });
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<usize, String> {
        let mut taken = 0;
        // SAFETY: see above.
        let status = unsafe { lowkey_feed(&mut *self.channel, bytes.as_ptr(), bytes.len(), &mut taken) };
        check(status).map(|()| taken)
    }

    fn feed_end(&mut self) -> Result<(), String> {
        // SAFETY: see above.
        check(unsafe { lowkey_feed_end(&mut *self.channel) })
    }

    fn unsent(&mut self) -> Vec<u8> {
        let (mut bytes, mut len) = (ptr::null(), 0);
        // SAFETY: see above; the bytes are copied at once.
        unsafe {
            match lowkey_unsent(&mut *self.channel, &mut bytes, &mut len) {
                LOWKEY_OK => std::slice::from_raw_parts(bytes, len).to_vec(),
                _ => vec![],
            }
        }
    }

    fn sent(&mut self, n: usize) {
        // SAFETY: see above.
        ok(unsafe { lowkey_sent(&mut *self.channel, n) });
    }

    fn take(&mut self) -> (Vec<u8>, bool) {
        let (mut bytes, mut len, mut is_last) = (ptr::null(), 0, false);
        // SAFETY: see above; the bytes are copied at once.
        unsafe {
            ok(lowkey_take(&mut *self.channel, &mut bytes, &mut len, &mut is_last));
            (std::slice::from_raw_parts(bytes, len).to_vec(), is_last)
        }
    }

    fn send(&mut self, bytes: &[u8], is_last: bool) -> usize {
        let mut taken = 0;
        // SAFETY: see above.
        ok(unsafe { lowkey_send_part(&mut *self.channel, bytes.as_ptr(), bytes.len(), is_last, &mut taken) });
        taken
    }

    fn ping(&mut self, body: &[u8]) {
        // SAFETY: see above.
        ok(unsafe { lowkey_ping(&mut *self.channel, body.as_ptr(), body.len()) });
    }

    fn awaits_pong(&self) -> bool {
        // SAFETY: see above.
        unsafe { lowkey_awaits_pong(&*self.channel) }
    }

    fn close(&mut self) {
        // SAFETY: see above.
        ok(unsafe { lowkey_close(&mut *self.channel) });
    }

    fn is_closed(&self) -> bool {
        // SAFETY: see above.
        unsafe { lowkey_is_closed(&*self.channel) }
    }

    fn handshake_hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        // SAFETY: see above.
        ok(unsafe { lowkey_handshake_hash(&*self.channel, hash.as_mut_ptr()) });
        hash
    }

    fn peer_key(&self) -> [u8; 32] {
        let mut key = [0; 32];
        // SAFETY: see above.
        ok(unsafe { lowkey_peer_key(&*self.channel, key.as_mut_ptr()) });
        key
    }

    fn our_key(&self) -> [u8; 32] {
        self.keys.public
    }
}
