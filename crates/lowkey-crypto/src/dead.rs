//! Stack that nobody uses any more.

use core::hint::black_box;

/// Makes zeros of `WORDS` words of the stack below the caller's frame: of what the functions left there that it has
/// called and that have returned.
///
/// A compiler puts what does not fit its registers into the frame of a function, and copies what is moved; neither does
/// it wipe. So whoever has worked on secrets calls this last. It takes as much stack as it wipes: no more than what was
/// called before, if that is what `WORDS` says. The tests on the device say how many there must be, on each core.
#[inline(never)] // it is its frame that is wiped
pub fn wipe_dead_stack<const WORDS: usize>() {
    black_box(&mut [0_u32; WORDS]);
}
