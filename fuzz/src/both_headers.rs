//! The initiators of `lowkey_kk.h` and of `lowkey.h`: the same calls, with the same keys, randomness and network.
//!
//! Both give the same status, event and outputs at each call, put the same on the wire, and say the same when they are
//! asked; and the peer, which holds the right keys, can open all of it. What plays them is shared with a test of the C
//! library.

use test_support::side_by_side::side_by_side;

/// Plays a script: how the initiators are made, then an operation a byte.
pub fn both_headers(data: &[u8]) {
    side_by_side(data);
}
