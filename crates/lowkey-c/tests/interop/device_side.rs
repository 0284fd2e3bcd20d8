//! A side that calls the functions of lowkey_kk.h.

use crate::c_side::check;
use crate::side::{ID, INCOMING, PSK, Side, has_psk};
use lowkey_c::lowkey_status::LOWKEY_OK;
use lowkey_c::*;
use lowkey_core::{Identity, Peer, Secret};
use std::ffi::c_void;
use std::{ptr, slice};

/// An initiator, with all that its device points to.
pub(crate) struct DeviceSide {
    device: Box<lowkey_kk>,
    keys: Box<Keys>,
    _incoming: Vec<u8>,
    _outgoing: Vec<u8>,
}

/// The fields of a key page.
struct Keys {
    private: [u8; 32],
    public: [u8; 32],
    peer: [u8; 32],
    shared: [u8; 32],
    hedge: [u8; 32],
}

fn ok(status: lowkey_status) {
    check(status).unwrap();
}

unsafe extern "C" fn random(_context: *mut c_void, out: *mut u8, len: usize) -> i32 {
    // SAFETY: the header's promise of what the callback gets.
    unsafe { slice::from_raw_parts_mut(out, len) }.fill(0x5a);
    0
}

impl DeviceSide {
    /// A device with the keys of `number` that has pinned those of `peer`; its channel has begun.
    pub(crate) fn initiator(mode: lowkey_mode, number: u8, peer: u8) -> Self {
        let identity = Identity::new(Secret::new([number; 32])).unwrap();
        let theirs = Identity::new(Secret::new([peer; 32])).unwrap().public_key();
        let pinned = Peer::pin(&identity, theirs).unwrap();
        let keys = Box::new(Keys {
            private: [number; 32],
            public: *identity.public_key().as_bytes(),
            peer: *theirs.as_bytes(),
            shared: *pinned.shared_secret().expose(),
            hedge: [number + 2; 32],
        });
        let page = lowkey_page {
            id: ID.as_ptr(),
            id_len: ID.len(),
            address: ptr::null(),
            address_len: 0,
            private_key: keys.private.as_ptr(),
            public_key: keys.public.as_ptr(),
            peer_key: keys.peer.as_ptr(),
            shared: keys.shared.as_ptr(),
            hedge: keys.hedge.as_ptr(),
            seed: ptr::null(),
            psk: if has_psk(mode) { PSK_IN_FLASH.as_ptr() } else { ptr::null() },
        };
        let (mut incoming, mut outgoing) = (vec![0; INCOMING], vec![0; INCOMING + 2]);
        let buffers = lowkey_buffers {
            incoming: incoming.as_mut_ptr(),
            incoming_len: incoming.len(),
            outgoing: outgoing.as_mut_ptr(),
            outgoing_len: outgoing.len(),
            max_frame: 0,
            max_message: 0,
        };
        let mut device = Box::new(lowkey_kk { opaque: [0; LOWKEY_KK_WORDS] });
        // SAFETY: what the device points to lives in boxes that the side holds, or for ever.
        unsafe {
            ok(lowkey_kk_init(&mut *device, &page, &buffers, 1, Some(random), ptr::null_mut()));
            ok(lowkey_kk_begin(&mut *device));
        }
        Self { device, keys, _incoming: incoming, _outgoing: outgoing }
    }
}

static PSK_IN_FLASH: [u8; 32] = PSK;

// SAFETY of all blocks: the device, its buffers and its keys live as long as the side, and outputs are local.
impl Side for DeviceSide {
    fn poll(&mut self) -> Result<lowkey_event, String> {
        let mut event = lowkey_event::LOWKEY_EVENT_READ;
        // SAFETY: see above.
        check(unsafe { lowkey_kk_poll(&mut *self.device, &mut event) }).map(|()| event)
    }

    fn answer(&mut self, _mode: lowkey_mode) {
        panic!("an initiator hears no hello");
    }

    fn accept(&mut self) {
        panic!("the peer is pinned");
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<usize, String> {
        let mut taken = 0;
        // SAFETY: see above.
        let status = unsafe { lowkey_kk_feed(&mut *self.device, bytes.as_ptr(), bytes.len(), &mut taken) };
        check(status).map(|()| taken)
    }

    fn feed_end(&mut self) -> Result<(), String> {
        // SAFETY: see above.
        check(unsafe { lowkey_kk_feed_end(&mut *self.device) })
    }

    fn unsent(&mut self) -> Vec<u8> {
        let (mut bytes, mut len) = (ptr::null(), 0);
        // SAFETY: see above; the bytes are copied at once.
        unsafe {
            match lowkey_kk_unsent(&mut *self.device, &mut bytes, &mut len) {
                LOWKEY_OK => slice::from_raw_parts(bytes, len).to_vec(),
                _ => vec![],
            }
        }
    }

    fn sent(&mut self, n: usize) {
        // SAFETY: see above.
        ok(unsafe { lowkey_kk_sent(&mut *self.device, n) });
    }

    fn take(&mut self) -> (Vec<u8>, bool) {
        let (mut bytes, mut len, mut is_last) = (ptr::null(), 0, false);
        // SAFETY: see above; the bytes are copied at once.
        unsafe {
            ok(lowkey_kk_take(&mut *self.device, &mut bytes, &mut len, &mut is_last));
            (slice::from_raw_parts(bytes, len).to_vec(), is_last)
        }
    }

    fn send(&mut self, bytes: &[u8], is_last: bool) -> usize {
        let mut taken = 0;
        let (device, len) = (&raw mut *self.device, bytes.len());
        // SAFETY: see above.
        ok(unsafe { lowkey_kk_send_part(device, bytes.as_ptr(), len, is_last, &mut taken) });
        taken
    }

    fn ping(&mut self, body: &[u8]) {
        // SAFETY: see above.
        ok(unsafe { lowkey_kk_ping(&mut *self.device, body.as_ptr(), body.len()) });
    }

    fn awaits_pong(&self) -> bool {
        // SAFETY: see above.
        unsafe { lowkey_kk_awaits_pong(&*self.device) }
    }

    fn close(&mut self) {
        // SAFETY: see above.
        ok(unsafe { lowkey_kk_close(&mut *self.device) });
    }

    fn is_closed(&self) -> bool {
        // SAFETY: see above.
        unsafe { lowkey_kk_is_closed(&*self.device) }
    }

    fn handshake_hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        // SAFETY: see above.
        ok(unsafe { lowkey_kk_handshake_hash(&*self.device, hash.as_mut_ptr()) });
        hash
    }

    fn peer_key(&self) -> [u8; 32] {
        self.keys.peer
    }

    fn our_key(&self) -> [u8; 32] {
        self.keys.public
    }
}
