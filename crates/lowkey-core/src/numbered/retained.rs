//! A queue's memory that keeps what is in it over a reset: RAM that the start-up code leaves alone.
//!
//! ```text
//! head (32) ‖ head (32) ‖ messages, each with its digest (8) behind it
//! head = layout (4) ‖ sequence (4) ‖ start (4) ‖ used (4) ‖ moved (4) ‖ zeros (4) ‖ check (8)
//! ```
//! Integers are little-endian. A change writes the messages first, and then the head that is not in force, with a
//! higher sequence and a check that covers it and the run; so wherever a reset cuts it, the change was made or was not.
//! Where there is no room behind the messages they move to the front in pieces that do not lie over where they come
//! from, and `moved` says how far that is. What was never written, or is of another run or layout, has no head that its
//! check fits: then the queue is empty. Of messages that have lost a bit, and those behind them, none is left.

use super::queue::{Memory, Waiting, first, write};
use super::{DIGEST_LEN, RunId, digest};
use crate::cursor::fill;
use core::ops::{DerefMut, Range};
use core::sync::atomic::{Ordering, compiler_fence};

/// Bytes in RAM that is not cleared at a reset, for an outbox that goes on with what was in it.
///
/// Any bytes will do, also those that nobody has written: what is there is looked at. Each message takes 18 bytes
/// beside its own, and all of them 64.
pub struct Retained<B> {
    bytes: B,
    run: RunId,
    span: Span,
}

/// Where in the bytes messages lie.
#[derive(Clone, Copy, Default)]
pub struct Span {
    sequence: u32,
    start: u32,
    used: u32,
    /// Bytes that have moved from `start` to the front.
    moved: u32,
}

impl Span {
    /// Bytes in front of all messages.
    pub const HEADS: usize = HEADS;

    /// Those of the messages.
    pub fn range(&self) -> Range<usize> {
        let start = HEADS.saturating_add(size(self.start));
        start..start.saturating_add(size(self.used))
    }
}

impl<B: DerefMut<Target = [u8]>> Retained<B> {
    /// What the bytes hold of this run, if they hold something.
    pub fn new(bytes: B, run: RunId) -> Self {
        let mut made = Self { bytes, run, span: Span::default() };
        let heads = [made.read(0), made.read(1)];
        let newest = heads.into_iter().flatten().max_by_key(|span| span.sequence);
        made.span = newest.unwrap_or_default();
        made.compact_further();
        made.span.used = made.sound();
        made.commit();
        made
    }

    /// The same bytes and run again, and where the messages lie, from [`Self::span`].
    pub fn again(bytes: B, run: RunId, span: Span) -> Self {
        Self { bytes, run, span }
    }

    /// Where the messages lie.
    pub fn span(&self) -> Span {
        self.span
    }

    /// All of the bytes.
    pub fn bytes(&self) -> &B {
        &self.bytes
    }

    /// The number of the last message that waits; 0 if none does.
    pub fn last(&self) -> u64 {
        let (mut last, mut left) = (0, self.messages());
        while let Some((waiting, _, behind)) = split(left) {
            (last, left) = (waiting.number(), behind);
        }
        last
    }

    /// How many bytes there are for messages.
    fn room(&self) -> usize {
        self.bytes.len().saturating_sub(HEADS)
    }

    fn messages(&self) -> &[u8] {
        self.bytes.get(self.span.range()).unwrap_or_default()
    }

    /// How many bytes of the messages are whole, with numbers that rise.
    fn sound(&self) -> u32 {
        let (mut last, mut left) = (0, self.messages());
        while let Some((waiting, check, behind)) = split(left) {
            if waiting.number() <= last || digest(&[CHECK, waiting.as_bytes()]) != *check {
                break;
            }
            (last, left) = (waiting.number(), behind);
        }
        number(self.messages().len().saturating_sub(left.len()))
    }

    /// Moves the messages to the front, from where it stands.
    fn compact_further(&mut self) {
        if self.span.moved > 0 {
            self.compact();
        }
    }

    fn compact(&mut self) {
        while self.span.start > 0 && self.span.moved < self.span.used {
            let Span { start, used, moved, .. } = self.span;
            let mut piece = [0; 32];
            let len = size(start.min(used.saturating_sub(moved))).min(piece.len());
            let from = HEADS.saturating_add(size(start.saturating_add(moved)));
            fill(&mut piece, self.bytes.get(from..from.saturating_add(len)).unwrap_or_default());
            self.put(HEADS.saturating_add(size(moved)), piece.get(..len).unwrap_or_default());
            self.span.moved = moved.saturating_add(number(len));
            self.commit();
        }
        (self.span.start, self.span.moved) = (0, 0);
        self.commit();
    }

    /// One write.
    fn put(&mut self, at: usize, bytes: &[u8]) {
        fill(self.bytes.get_mut(at..).unwrap_or_default(), bytes);
        compiler_fence(Ordering::SeqCst); // the next one behind it
    }

    /// Puts what is known of the messages in force.
    fn commit(&mut self) {
        self.span.sequence = self.span.sequence.wrapping_add(1);
        let head = self.head();
        let at = HEAD.wrapping_mul(size(self.span.sequence & 1));
        self.put(at, &head);
        self.put(at.wrapping_add(HEAD - DIGEST_LEN), &self.check(&head));
    }

    fn head(&self) -> [u8; HEAD - DIGEST_LEN] {
        let Span { sequence, start, used, moved } = self.span;
        let mut head = [0; HEAD - DIGEST_LEN];
        let words =
            [LAYOUT, sequence.to_le_bytes(), start.to_le_bytes(), used.to_le_bytes(), moved.to_le_bytes()];
        fill(&mut head, words.as_flattened());
        head
    }

    fn check(&self, head: &[u8; HEAD - DIGEST_LEN]) -> [u8; DIGEST_LEN] {
        digest(&[CHECK, self.run.as_bytes(), head])
    }

    /// What a head says, if its check is right and there is room for it.
    fn read(&self, which: usize) -> Option<Span> {
        let head = self.bytes.get(which.wrapping_mul(HEAD)..)?;
        let (head, rest) = head.split_first_chunk()?;
        if self.check(head) != *rest.first_chunk()? {
            return None;
        }
        let ([layout, sequence, start, used, moved, _], []) = head.as_chunks() else { return None };
        let [sequence, start, used, moved] =
            [sequence, start, used, moved].map(|word| u32::from_le_bytes(*word));
        let fits = size(start).saturating_add(size(used)) <= self.room() && moved <= used;
        (*layout == LAYOUT && fits).then_some(Span { sequence, start, used, moved })
    }
}

impl<B: DerefMut<Target = [u8]>> Memory for Retained<B> {
    type State = ();

    fn own(&self) -> usize {
        DIGEST_LEN
    }

    fn capacity(&self) -> usize {
        self.room()
    }

    fn used(&self, (): &()) -> usize {
        size(self.span.used)
    }

    fn waiting(&self, (): &(), behind: usize) -> &[u8] {
        self.messages().get(behind..).unwrap_or_default()
    }

    fn add(&mut self, (): &mut (), number_of_it: u64, message: &[u8]) {
        let needed = message.len().saturating_add(super::FRONT + DIGEST_LEN);
        let end = |span: Span| size(span.start).saturating_add(size(span.used));
        if end(self.span).saturating_add(needed) > self.room() {
            self.compact();
        }
        let at = HEADS.saturating_add(end(self.span));
        let Some(free) = self.bytes.get_mut(at..) else { return };
        let Some(written) = write(free, number_of_it, message) else { return };
        let check = digest(&[CHECK, free.get(2..written).unwrap_or_default()]);
        self.put(at.saturating_add(written), &check);
        self.span.used = self.span.used.saturating_add(number(needed));
        self.commit();
    }

    fn remove(&mut self, (): &mut (), len: usize) {
        if len == 0 {
            return;
        }
        let Span { start, used, .. } = self.span;
        let (len, left) = (number(len), used.saturating_sub(number(len)));
        (self.span.start, self.span.used) = if left > 0 { (start.saturating_add(len), left) } else { (0, 0) };
        self.commit();
    }
}

/// The first message, its digest, and what is behind them.
fn split(messages: &[u8]) -> Option<(Waiting<'_>, &[u8; DIGEST_LEN], &[u8])> {
    let waiting = first(messages)?;
    let (check, behind) = messages.get(waiting.taken()..)?.split_first_chunk()?;
    Some((waiting, check, behind))
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn number(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// The layout above; another one has another word.
const LAYOUT: [u8; 4] = *b"LKr1";
const CHECK: &[u8] = b"lowkey retained";
/// Bytes of a head, and of both.
const HEAD: usize = 32;
const HEADS: usize = 2 * HEAD;
