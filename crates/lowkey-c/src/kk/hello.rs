//! The hello (protocol §2), written where it goes out, with the prologue's word before it.

use super::fill;
use crate::sizes::LOWKEY_MIN_OUTGOING;

/// The front of the outgoing buffer: it has room for the longest.
pub(super) type Front = [u8; LOWKEY_MIN_OUTGOING];

/// Writes the prologue; its length in bytes. The hello in it is where the frame's body begins.
pub(super) fn write(front: &mut Front, has_psk: bool, id: &[u8]) -> usize {
    let [l, o, w, k, e, y, slash, one, version, mode, id_len, rest @ ..] = front;
    let len = fill(rest, id);
    [*l, *o, *w, *k, *e, *y, *slash, *one] = *b"lowkey/1";
    (*version, *mode) = (VERSION, if has_psk { KKPSK0 } else { KK });
    [.., *id_len] = len.to_be_bytes(); // at most 32
    len.wrapping_add(HEAD)
}

/// Writes the length of a frame that ends at `end`, over the word's end: it has been hashed.
pub(super) fn frame(front: &mut Front, end: usize) {
    let [_, _, _, _, _, _, high, low, ..] = front;
    [.., *high, *low] = end.wrapping_sub(START + 2).to_be_bytes();
}

/// Where message 1 begins.
pub(super) fn len(id: &[u8]) -> usize {
    id.len().wrapping_add(HEAD) // as `write` gives it
}

/// Where the frame begins.
pub(super) const START: usize = 6;
/// Bytes of the prologue's word, and of a hello without its id.
const HEAD: usize = 8 + 3;
const VERSION: u8 = 1;
const KK: u8 = 1;
const KKPSK0: u8 = 2;
