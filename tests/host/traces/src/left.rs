//! What a call leaves on the stack that nobody uses any more: nothing that depends on a secret.
//!
//! The stack is painted before each call. What lies there afterwards, below the stack pointer, must be the same for all
//! secrets of a class. Bytes that differ have to be public: somewhere in what was sent or received, or in the keys that
//! everybody may know. So it does not matter in what form a secret would lie there: a key, half of one, a field element
//! or a sum on its way.

use m3_model::{Call, Machine};

/// What came of a call.
pub(crate) struct Answer {
    /// What the model saw.
    pub(crate) call: Call,
    /// What whoever listens knows of it.
    pub(crate) public: Public,
}

impl From<Call> for Answer {
    /// One of which nobody knows anything.
    fn from(call: Call) -> Self {
        Self { call, public: Public::default() }
    }
}

/// Bytes that whoever listens knows.
#[derive(Clone, Default)]
pub(crate) struct Public(Vec<u8>);

impl Public {
    /// These pieces. A last block that is filled up with zeros is as public as what is in it.
    pub(crate) fn of(pieces: &[&[u8]]) -> Self {
        Self(pieces.iter().flat_map(|piece| [piece, &[0; 16][..]]).flatten().copied().collect())
    }

    fn has(&self, word: &[u8]) -> bool {
        self.0.windows(word.len()).any(|window| window == word)
    }
}

/// What a call left: below its own frame, and below that of the program at the end of each region it marked.
#[derive(Clone, Default)]
pub(crate) struct Left {
    stacks: Vec<Vec<u8>>,
    public: Public,
}

impl Left {
    pub(crate) fn of(answer: &Answer) -> Self {
        let Answer { call, public } = answer;
        // With regions the frame of the function that marks them is the program's own, not the library's.
        let stacks = if call.regions.is_empty() {
            vec![call.left.clone()]
        } else {
            call.regions.iter().map(|region| region.left.clone()).collect()
        };
        Self { stacks, public: public.clone() }
    }

    fn word(&self, stack: usize, at: usize) -> Option<Word> {
        self.stacks.get(stack)?.get(at..at + WORD)?.try_into().ok()
    }
}

/// Paints the stack, as deep as none is.
pub(crate) fn paint(machine: &mut Machine) {
    let painted = machine.load_at(machine.ram_end() - DEEPEST as u32, &[PAINT; DEEPEST]);
    assert!(painted, "the stack is at the end of RAM");
}

/// Where calls that differ in secrets only left different words that are not public: the number of the region, from 0,
/// and how far below the stack pointer.
pub(crate) fn secrets(calls: &[&Left]) -> Vec<(usize, usize)> {
    let Some((first, _)) = calls.split_first() else { return Vec::new() };
    let mut found = Vec::new();
    for (number, stack) in first.stacks.iter().enumerate() {
        for at in (0..stack.len()).step_by(WORD) {
            let words: Vec<Option<Word>> = calls.iter().map(|left| left.word(number, at)).collect();
            let Some((from, to)) = differing(&words) else { continue };
            let is_public = |(left, word): (&&Left, &Option<Word>)| {
                word.is_some_and(|word| left.public.has(&word[from..=to]))
            };
            if !calls.iter().zip(&words).all(is_public) {
                found.push((number, stack.len() - at));
            }
        }
    }
    found
}

/// The first and the last byte in which words differ. Others are beside them where bytes are on their way to an odd
/// address.
fn differing(words: &[Option<Word>]) -> Option<(usize, usize)> {
    let differs =
        |byte: &usize| words.iter().any(|word| word.map(|w| w[*byte]) != words[0].map(|w| w[*byte]));
    (0..WORD).find(differs).zip((0..WORD).rfind(differs))
}

type Word = [u8; WORD];
const WORD: usize = 4;
const PAINT: u8 = 0xA5;
const DEEPEST: usize = 16 * 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    fn left(stack: &[u8], public: &[u8]) -> Left {
        Left { stacks: vec![stack.to_vec()], public: Public::of(&[public]) }
    }

    #[test]
    fn a_word_that_differs_is_found_unless_it_is_public_in_every_call() {
        let (one, other) = (left(b"same1234same", b"x1234x"), left(b"same5678same", b"x5678x"));
        assert_eq!(secrets(&[&one, &other]), []);
        let other = left(b"same5678same", b"x567");
        assert_eq!(secrets(&[&one, &other]), [(0, 8)]);
        assert_eq!(secrets(&[&one, &one]), []);
    }

    #[test]
    fn what_one_call_did_not_leave_is_found() {
        assert_eq!(secrets(&[&left(b"12345678", b""), &left(b"1234", b"")]), [(0, 4)]);
    }
}
