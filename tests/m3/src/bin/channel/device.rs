//! A device of `lowkey_kk.h`, as firmware in C has it; each call that keys are in is a region of the model.

use core::ptr;

use lowkey_c::lowkey_event::*;
use lowkey_c::lowkey_status::{self, *};
use lowkey_c::*;
use lowkey_core::wipe_dead_stack;
use lowkey_transport::{MIN_INCOMING, MIN_OUTGOING};
use m3_tests::script::{ID, MESSAGE, Script, Sent};

use super::KKPSK0;
use super::in_place::region;

/// The handshake, a message each way and the end of both directions.
pub(crate) fn run(script: &Script, sent: &mut Sent) -> Result<(), lowkey_status> {
    let page = lowkey_page {
        id: ID.as_ptr(),
        id_len: ID.len(),
        address: ptr::null(),
        address_len: 0,
        private_key: script.private.as_ptr(),
        public_key: script.ours.as_ptr(),
        peer_key: script.theirs.as_ptr(),
        shared: script.shared.as_ptr(),
        hedge: script.hedge.as_ptr(),
        seed: script.seed.as_ptr(),
        psk: if script.mode == KKPSK0 { script.psk.as_ptr() } else { ptr::null() },
    };
    let (mut incoming, mut outgoing) = ([0; MIN_INCOMING], [0; MIN_OUTGOING]);
    let buffers = lowkey_buffers {
        incoming: incoming.as_mut_ptr(),
        incoming_len: MIN_INCOMING,
        outgoing: outgoing.as_mut_ptr(),
        outgoing_len: MIN_OUTGOING,
        max_frame: 0,
        max_message: 0,
    };
    let mut seed = lowkey_seed { opaque: [0; LOWKEY_SEED_WORDS] };
    let mut device = lowkey_kk { opaque: [0; LOWKEY_KK_WORDS] };
    let (seed, device) = (&raw mut seed, &raw mut device);
    // SAFETY: seed, device, buffers and the script that has the keys live to the end of this function.
    unsafe {
        done(lowkey_seed_init(seed, page.seed))?;
        wipe_dead_stack::<512>(); // of what came before
        done(region(|| lowkey_kk_init(device, &page, &buffers, 1, Some(lowkey_seed_random), seed.cast())))?;
        done(region(|| lowkey_kk_begin(device)))?;
    }
    let mut stream = Stream { device, received: script.received.get(..script.received_len as usize), sent };
    let mut len = 0;
    loop {
        match stream.poll()? {
            LOWKEY_EVENT_WRITE => stream.write()?,
            LOWKEY_EVENT_READ => stream.read()?,
            LOWKEY_EVENT_OPEN => {
                // SAFETY: as above.
                done(region(|| unsafe { lowkey_kk_send(device, script.message.as_ptr(), MESSAGE) }))?;
                stream.write()?;
                // SAFETY: as above.
                done(region(|| unsafe { lowkey_kk_close(device) }))?;
            }
            LOWKEY_EVENT_DATA => len += stream.take()?,
            LOWKEY_EVENT_END if len == MESSAGE => return Ok(()),
            _ => return Err(LOWKEY_TRUNCATED),
        }
    }
}

/// A device that lives, and the recorded peer.
struct Stream<'s> {
    device: *mut lowkey_kk,
    received: Option<&'s [u8]>,
    sent: &'s mut Sent,
}

impl Stream<'_> {
    fn poll(&mut self) -> Result<lowkey_event, lowkey_status> {
        let mut event = LOWKEY_EVENT_READ;
        // SAFETY: the device lives.
        done(region(|| unsafe { lowkey_kk_poll(self.device, &mut event) }))?;
        Ok(event)
    }

    fn write(&mut self) -> Result<(), lowkey_status> {
        let (mut bytes, mut n) = (ptr::null(), 0);
        // SAFETY: as above.
        done(region(|| unsafe { lowkey_kk_unsent(self.device, &mut bytes, &mut n) }))?;
        let room = self.sent.bytes.get_mut(self.sent.len as usize..).unwrap_or_default();
        let n = n.min(room.len());
        // SAFETY: so many bytes lie there, and have room here.
        unsafe { ptr::copy_nonoverlapping(bytes, room.as_mut_ptr(), n) };
        self.sent.len += n as u32;
        // SAFETY: as above.
        done(unsafe { lowkey_kk_sent(self.device, n) })
    }

    fn read(&mut self) -> Result<(), lowkey_status> {
        let rest = self.received.unwrap_or_default();
        let mut taken = 0;
        // SAFETY: as above.
        done(unsafe { lowkey_kk_feed(self.device, rest.as_ptr(), rest.len(), &mut taken) })?;
        self.received = rest.get(taken..);
        if taken == 0 { Err(LOWKEY_HUNG_UP) } else { Ok(()) }
    }

    fn take(&mut self) -> Result<usize, lowkey_status> {
        let (mut bytes, mut n, mut is_last) = (ptr::null(), 0, false);
        // SAFETY: as above.
        done(region(|| unsafe { lowkey_kk_take(self.device, &mut bytes, &mut n, &mut is_last) }))?;
        Ok(n)
    }
}

fn done(status: lowkey_status) -> Result<(), lowkey_status> {
    if status == LOWKEY_OK { Ok(()) } else { Err(status) }
}
