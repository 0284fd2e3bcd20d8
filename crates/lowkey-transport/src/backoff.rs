//! How long to wait before the next attempt (protocol §3, "Load").

use crate::error::Error;

/// The pauses between one attempt and the next: longer after each that came to nothing, never the same on two devices.
///
/// A server that restarts has all of its devices waiting for it, and one whose service is dead opens channels that come
/// to nothing. So the pauses become short again only when a channel was *good for something*, not when one opened:
/// something was received on it, or it lasted as long as the longest pause. No clock and no randomness of its own: it
/// takes and gives milliseconds, and `chance` is 32 bits that differ between devices and attempts, from the source that
/// the ephemerals have. They need not be secret.
///
/// Each pause lies between half of a bound and the bound, as `chance` says. The bound is `first_ms` at first, doubles
/// with every pause and ends at `longest_ms`. A refusal, *busy* for example, takes eight times the bound.
///
/// ```
/// use lowkey_transport::{Backoff, Error, Refusal};
///
/// let mut backoff = Backoff::new(500, 30_000);
/// # let random = || u32::MAX;
/// assert!((250..=500).contains(&backoff.failed(&Error::HungUp, random())));
/// assert!((500..=1_000).contains(&backoff.ended(40, 0, random()))); // it opened, and said nothing
/// assert!((8_000..=16_000).contains(&backoff.failed(&Error::Refused(Refusal::BUSY), random())));
/// assert!((250..=500).contains(&backoff.ended(40, 1, random()))); // one message was received
/// ```
#[derive(Clone, Debug)]
pub struct Backoff {
    first: u32,
    longest: u32,
    /// No shorter than `first`, no longer than `longest`.
    bound: u32,
}

impl Backoff {
    /// Pauses of at most `first_ms` at first and of at most `longest_ms` in the end. If that is shorter, `first_ms` is
    /// both. No pause is 0.
    pub const fn new(first_ms: u32, longest_ms: u32) -> Self {
        let first = if first_ms == 0 { 1 } else { first_ms };
        let longest = if longest_ms < first { first } else { longest_ms };
        Self { first, longest, bound: first }
    }

    /// No channel came of the attempt. How long to wait, in milliseconds.
    pub fn failed(&mut self, why: &Error, chance: u32) -> u32 {
        if let Error::Refused(_) = why {
            self.lengthen(REFUSED);
        }
        self.pause(chance)
    }

    /// A channel was open for `lasted_ms` and is over, whatever the reason. How long to wait, in milliseconds.
    ///
    /// `received` counts what the peer has sent: messages, or their bytes. What a stream took of ours says nothing: it
    /// may lie in a buffer on the way.
    pub fn ended(&mut self, lasted_ms: u32, received: usize, chance: u32) -> u32 {
        if received > 0 || lasted_ms >= self.longest {
            self.bound = self.first;
        }
        self.pause(chance)
    }

    fn pause(&mut self, chance: u32) -> u32 {
        let bound = self.bound;
        self.lengthen(2);
        // At most `bound`: a share is less than all, so what is added is at most bound / 2.
        bound - bound / 2 + share(bound / 2 + 1, (chance >> 16) as u16)
    }

    fn lengthen(&mut self, times: u32) {
        self.bound = self.bound.saturating_mul(times).min(self.longest);
    }
}

/// `part` of `whole`, in steps of 2^-16 and rounded down: `whole * part / 2^16`, without the longer multiply that a
/// Cortex-M0 lacks and would link.
const fn share(whole: u32, part: u16) -> u32 {
    let ([high, low], part) = ([whole >> 16, whole & 0xffff], part as u32);
    // Each product is at most (2^16 - 1)^2, and the sum at most `whole`.
    high * part + ((low * part) >> 16)
}

/// What a refusal does to the next pause: protocol §5, "wait longer".
const REFUSED: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Refusal;
    use std::vec::Vec;

    const CHANCES: [u32; 5] = [0, 1, 0x8000_0000, 0x1234_5678, u32::MAX];

    /// The shortest and the longest that the next pause can be.
    fn range(of: &Backoff, next: impl Fn(&mut Backoff, u32) -> u32) -> (u32, u32) {
        let pauses = CHANCES.map(|chance| next(&mut of.clone(), chance));
        let (shortest, longest) = (pauses[0], pauses[4]);
        assert!(pauses.iter().all(|pause| (shortest..=longest).contains(pause)), "{pauses:?}");
        (shortest, longest)
    }

    fn failed(backoff: &mut Backoff, chance: u32) -> u32 {
        backoff.failed(&Error::HungUp, chance)
    }

    #[test]
    fn a_share_is_that_of_a_longer_multiply() {
        for whole in [0, 1, 0xffff, 0x1_0000, 0x1234_5678, 0x8000_0000, u32::MAX] {
            for part in [0, 1, 0x1234, 0x8000, u16::MAX] {
                let longer = (u64::from(whole) * u64::from(part)) >> 16;
                assert_eq!(u64::from(share(whole, part)), longer, "{whole} {part}");
            }
        }
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_chance_takes_up_to_half_of_each() {
        let mut backoff = Backoff::new(500, 30_000);
        let mut seen = Vec::new();
        for _ in 0..8 {
            seen.push(range(&backoff, failed));
            failed(&mut backoff, 7);
        }
        let bounds = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
        assert_eq!(seen, bounds.map(|bound| (bound / 2, bound)));
    }

    /// A dead service behind a server: every attempt succeeds, and nothing comes of it.
    #[test]
    fn a_channel_that_opens_and_carries_nothing_makes_no_pause_shorter() {
        let mut backoff = Backoff::new(500, 30_000);
        let mut waited = 0_u64;
        let mut attempts = 0;
        while waited < 12_000 {
            waited += 5 + u64::from(backoff.ended(5, 0, u32::MAX));
            attempts += 1;
        }
        assert_eq!(attempts, 5); // 96, where a channel that opened was enough
    }

    #[test]
    fn what_was_received_makes_the_next_pause_the_first_again() {
        let mut backoff = Backoff::new(500, 30_000);
        for _ in 0..5 {
            failed(&mut backoff, 7);
        }
        assert_eq!(range(&backoff, |backoff, chance| backoff.ended(0, 0, chance)), (8_000, 16_000));
        assert_eq!(range(&backoff, |backoff, chance| backoff.ended(0, 1, chance)), (250, 500));
    }

    #[test]
    fn a_channel_that_lasted_as_long_as_the_longest_pause_makes_the_next_one_the_first_again() {
        let mut backoff = Backoff::new(500, 30_000);
        failed(&mut backoff, 7);
        assert_eq!(range(&backoff, |backoff, chance| backoff.ended(29_999, 0, chance)), (500, 1_000));
        assert_eq!(range(&backoff, |backoff, chance| backoff.ended(30_000, 0, chance)), (250, 500));
    }

    #[test]
    fn protocol_5_whoever_is_refused_waits_longer() {
        let mut backoff = Backoff::new(500, 30_000);
        for refusal in [Refusal::BUSY, Refusal::REFUSED, Refusal::VERSION, Refusal::new(77)] {
            let refused = |backoff: &mut Backoff, chance| backoff.failed(&Error::Refused(refusal), chance);
            assert_eq!(range(&backoff, refused), (2_000, 4_000), "{refusal:?}");
        }
        backoff.failed(&Error::Refused(Refusal::BUSY), 7);
        assert_eq!(range(&backoff, failed), (4_000, 8_000));
        backoff.failed(&Error::Refused(Refusal::BUSY), 7);
        assert_eq!(range(&backoff, failed), (15_000, 30_000));
    }

    #[test]
    fn no_bounds_overflow_and_none_gives_more_than_the_longest() {
        for (first, longest, given) in [
            (u32::MAX, u32::MAX, u32::MAX),
            (0, u32::MAX, 1),
            (1, 1, 1),
            (7, 0, 7),
            (u32::MAX / 2 + 1, u32::MAX, u32::MAX / 2 + 1),
        ] {
            let mut backoff = Backoff::new(first, longest);
            let (shortest, most) = range(&backoff, failed);
            assert_eq!(shortest, given - given / 2, "{first} to {longest}");
            assert!((given - given / 65_536..=given).contains(&most), "{first} to {longest}: {most}");
            for _ in 0..40 {
                assert!(backoff.failed(&Error::Refused(Refusal::BUSY), u32::MAX) <= longest.max(first));
            }
        }
    }
}
