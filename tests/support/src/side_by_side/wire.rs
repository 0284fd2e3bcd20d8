//! What lies between an initiator and its peer, and callbacks that move as much of it as a plan says.

use super::calls::Calls;
use lowkey_c::*;
use std::collections::VecDeque;
use std::ffi::c_void;

/// The bytes on their way, in both directions.
#[derive(Default, PartialEq, Debug)]
pub(super) struct Wire {
    pub(super) to_initiator: VecDeque<u8>,
    /// Nothing comes behind that.
    pub(super) has_ended: bool,
    pub(super) from_initiator: Vec<u8>,
}

/// What two callbacks get: a wire, and how much of it each call of them moves.
pub(super) struct Moving<'w, O: 'static> {
    pub(super) wire: &'w mut Wire,
    /// A byte for each call; behind its end they move everything.
    pub(super) plan: &'w [u8],
    pub(super) object: *mut O,
    pub(super) calls: &'static Calls<O>,
    /// What the object said when it was called from inside.
    pub(super) within: Vec<lowkey_status>,
}

/// What one call of a callback does.
enum Move {
    Blocks,
    Fails,
    /// Says that it moved more than it was given.
    Lies,
    /// At most so many bytes.
    Bytes(usize),
}

impl<O: 'static> Moving<'_, O> {
    pub(super) fn io(&mut self) -> lowkey_io {
        lowkey_io { context: (&raw mut *self).cast(), read: Some(read::<O>), write: Some(write::<O>) }
    }

    fn next(&mut self) -> Move {
        let Some((first, rest)) = self.plan.split_first() else { return Move::Bytes(usize::MAX) };
        self.plan = rest;
        match first {
            0..40 => Move::Blocks,
            40 => Move::Fails,
            41 => Move::Lies,
            42 => {
                let mut event = lowkey_event::LOWKEY_EVENT_READ;
                // SAFETY: the object lives, and says that it is busy.
                self.within.push(unsafe { (self.calls.poll)(self.object, &mut event) });
                Move::Blocks
            }
            more => Move::Bytes(usize::from(*more) - 42),
        }
    }

    fn read(&mut self, out: &mut [u8]) -> i32 {
        let most = match self.next() {
            Move::Blocks => return LOWKEY_IO_WOULD_BLOCK,
            Move::Fails => return -2,
            Move::Lies => return number(out.len() + 1),
            Move::Bytes(_) if self.wire.to_initiator.is_empty() && !self.wire.has_ended => {
                return LOWKEY_IO_WOULD_BLOCK;
            }
            Move::Bytes(n) => n.min(out.len()),
        };
        let n = most.min(self.wire.to_initiator.len());
        out.iter_mut().zip(self.wire.to_initiator.drain(..n)).for_each(|(to, from)| *to = from);
        number(n)
    }

    fn write(&mut self, bytes: &[u8]) -> i32 {
        let n = match self.next() {
            Move::Blocks => return LOWKEY_IO_WOULD_BLOCK,
            Move::Fails => return 0,
            Move::Lies => return number(bytes.len() + 1),
            Move::Bytes(n) => n.min(bytes.len()),
        };
        self.wire.from_initiator.extend(&bytes[..n]);
        number(n)
    }
}

fn number(n: usize) -> i32 {
    i32::try_from(n).expect("buffers are small")
}

unsafe extern "C" fn read<O: 'static>(context: *mut c_void, out: *mut u8, len: usize) -> i32 {
    // SAFETY: the context is from `Moving::io`, and the header's promise of what a callback gets.
    unsafe { (*context.cast::<Moving<'_, O>>()).read(std::slice::from_raw_parts_mut(out, len)) }
}

unsafe extern "C" fn write<O: 'static>(context: *mut c_void, bytes: *const u8, len: usize) -> i32 {
    // SAFETY: as above.
    unsafe { (*context.cast::<Moving<'_, O>>()).write(std::slice::from_raw_parts(bytes, len)) }
}
