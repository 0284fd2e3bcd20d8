//! Base32 (RFC 4648 §6) as people type it: spaces and hyphens are skipped, lower case is accepted, nothing is padded.
//!
//! What is typed or shown is a secret. No branch and no index depends on it but the answer whether it is base32 at all,
//! and where its spaces are.

use super::{Code, CodeError};

/// Writes the bytes of `text` to the front of `out`; returns how many.
///
/// # Errors
/// What is wrong with the text; `out` holds a part of it. [`CodeError::Length`] also if `out` is too short.
pub fn decode(text: impl AsRef<[u8]>, out: &mut [u8]) -> Result<usize, CodeError> {
    read(text.as_ref(), out)
}

#[inline(never)] // whatever the text is
fn read(text: &[u8], out: &mut [u8]) -> Result<usize, CodeError> {
    let mut to = out.iter_mut();
    let (mut waiting, mut bits, mut len, mut strange) = (0_u32, 0_u32, 0_usize, 0);
    for letter in text.iter().filter(|byte| !matches!(byte, b' ' | b'-')) {
        let (value, is_strange) = value_of(*letter);
        strange |= is_strange;
        waiting = waiting << 5 | value; // at most 7 + 5 bits
        bits += 5;
        if let Some(rest @ 0..) = bits.checked_sub(8) {
            *to.next().ok_or(CodeError::Length)? = (waiting >> rest) as u8; // 8 bits are left
            (bits, len) = (rest, len.saturating_add(1));
            waiting &= !(u32::MAX << bits);
        }
    }
    match (strange, bits, waiting) {
        (1.., ..) => Err(CodeError::Letter),
        (0, 5.., _) => Err(CodeError::Length), // a letter that belongs to no byte
        (0, _, 1..) if len < Code::MIN => Err(CodeError::Length), // of no code, whatever its last letter is
        (0, _, 1..) => Err(CodeError::LastLetter),
        (0, _, 0) => Ok(len),
    }
}

/// Writes `bytes` as letters, upper case and without padding, to the front of `out`; returns how many.
///
/// # Errors
/// [`CodeError::Length`]: `out` is too short; it holds as much as it has room for.
pub fn encode(bytes: &[u8], out: &mut [u8]) -> Result<usize, CodeError> {
    let mut to = out.iter_mut();
    let (mut waiting, mut bits, mut len) = (0_u32, 0_u32, 0_usize);
    let mut write = |value: u32| {
        *to.next().ok_or(CodeError::Length)? = letter_of(value & 31);
        len = len.saturating_add(1);
        Ok(())
    };
    for byte in bytes {
        waiting = waiting << 8 | u32::from(*byte); // at most 4 + 8 bits that count
        bits += 8;
        while let Some(rest @ 0..) = bits.checked_sub(5) {
            write(waiting >> rest)?;
            bits = rest;
        }
    }
    if bits > 0 {
        write(waiting << (5 - bits))?;
    }
    Ok(len)
}

/// The letter of five bits.
fn letter_of(value: u32) -> u8 {
    let is_digit = value.wrapping_add(6) >> 5; // 1 from 26 on
    let from_a = value + u32::from(b'A');
    let from_2 = value.wrapping_sub(26).wrapping_add(b'2'.into());
    (from_a ^ ((from_a ^ from_2) & is_digit.wrapping_neg())) as u8
}

/// The five bits of a letter, and 1 if it is none.
fn value_of(letter: u8) -> (u32, u32) {
    let letter = u32::from(letter);
    let upper = letter.wrapping_sub(within(letter, b'a', b'z') << 5);
    let (is_letter, is_digit) = (within(upper, b'A', b'Z'), within(upper, b'2', b'7'));
    let letter = upper.wrapping_sub(b'A'.into()) & is_letter.wrapping_neg();
    let digit = upper.wrapping_sub(b'2'.into()).wrapping_add(26) & is_digit.wrapping_neg();
    ((letter | digit) & 31, 1 ^ is_letter ^ is_digit)
}

/// 1 if a byte lies between two others, else 0.
fn within(byte: u32, first: u8, last: u8) -> u32 {
    1 ^ (byte.wrapping_sub(first.into()) | u32::from(last).wrapping_sub(byte)) >> 31
}
