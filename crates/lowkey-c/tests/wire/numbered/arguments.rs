//! What the functions of an outbox make of wrong arguments.

use super::sender;
use crate::peer::responder;
use lowkey_c::lowkey_event::*;
use lowkey_c::lowkey_status::*;
use lowkey_c::*;
use std::ptr;
use test_support::page_peer::{ACK, NONE, RUN, parameters, unframe};

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
