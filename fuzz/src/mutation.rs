//! What an attacker without keys can do to bytes on their way.

use test_support::Input;

/// `bytes` changed as the script says; sometimes it says not at all.
pub(crate) fn mutate(input: &mut Input<'_>, bytes: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    match input.byte() % 9 {
        0 => {}
        1 => {
            let at = input.below(changed.len().saturating_mul(8));
            if let Some(byte) = changed.get_mut(at / 8) {
                *byte ^= 1 << (at % 8);
            }
        }
        2 => changed.truncate(input.below(bytes.len().saturating_add(1))),
        3 => changed.extend_from_slice(input.chunk()),
        4 => changed = input.chunk().to_vec(),
        5 => {
            let at = input.below(bytes.len());
            changed.iter_mut().skip(at).zip(input.chunk()).for_each(|(to, from)| *to = *from);
        }
        6 => changed.extend_from_slice(bytes),
        7 => {
            let at = input.below(bytes.len().saturating_add(1));
            changed.splice(at..at, input.chunk().iter().copied());
        }
        _ => {
            let at = input.below(bytes.len().saturating_add(1));
            changed.drain(..at);
        }
    }
    changed
}
