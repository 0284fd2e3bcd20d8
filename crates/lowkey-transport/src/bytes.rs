//! Copying without a panic: `copy_from_slice` would link one for lengths that differ.

/// Copies as much of `from` to the front of `to` as fits; returns how many bytes.
pub(crate) fn fill(to: &mut [u8], from: &[u8]) -> usize {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    to.len().min(from.len())
}
