//! The hello (protocol §2), written where it goes out, with the prologue's word before it.

use super::fill;

/// Writes the prologue to the front of the outgoing buffer; its length in bytes. The hello in it is where the frame's
/// body begins.
pub(super) fn write(buffer: &mut [u8], has_psk: bool, id: &[u8]) -> Option<usize> {
    let (word, hello) = buffer.split_first_chunk_mut()?;
    *word = *WORD;
    let (fixed, rest) = hello.split_first_chunk_mut::<FIXED>()?;
    *fixed = [VERSION, if has_psk { KKPSK0 } else { KK }, u8::try_from(id.len()).ok()?];
    Some(fill(rest, id).saturating_add(WORD.len() + FIXED))
}

/// Writes the length of a frame that ends at `end`, over the word's end: it has been hashed.
pub(super) fn frame(buffer: &mut [u8], end: usize) -> Option<()> {
    let len = u16::try_from(end.checked_sub(WORD.len())?).ok()?;
    *buffer.get_mut(START..)?.first_chunk_mut()? = len.to_be_bytes();
    Some(())
}

/// Where the frame begins.
pub(super) const START: usize = WORD.len() - 2;
/// What the prologue begins with.
const WORD: &[u8; 8] = b"lowkey/1";
/// Version, mode and the id's length.
const FIXED: usize = 3;
const VERSION: u8 = 1;
const KK: u8 = 1;
const KKPSK0: u8 = 2;
