//! Whether we stood still just now: frozen, or on a machine that slept. What has waited for us meanwhile may be so old
//! that nobody waits for its answer any more.

use std::time::{Duration, Instant};

/// Looks at a clock again and again, and finds that it did not for a while.
#[derive(Debug)]
pub(super) struct Pulse {
    looked: Instant,
    unsteady_until: Option<Instant>,
}

impl Pulse {
    pub(super) fn new(now: Instant) -> Self {
        Self { looked: now, unsteady_until: None }
    }

    /// Whether what comes now has come just now.
    pub(super) fn is_steady(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.looked) > STILL {
            self.unsteady_until = Some(now + CATCHING_UP);
        }
        self.looked = now;
        self.unsteady_until.is_none_or(|until| now >= until)
    }
}

/// Nobody who runs is kept from looking for so long.
const STILL: Duration = Duration::from_secs(1);
/// How long what has waited comes in.
const CATCHING_UP: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_waited_while_we_stood_still_is_known_to_have() {
        let begun = Instant::now();
        let at = |milliseconds| begun + Duration::from_millis(milliseconds);
        let mut pulse = Pulse::new(begun);
        assert!([250, 500, 1400].into_iter().all(|moment| pulse.is_steady(at(moment))));
        // Frozen for 25 s.
        let told = [26_400, 26_500, 27_400, 28_300, 28_400, 29_000].map(|moment| pulse.is_steady(at(moment)));
        assert_eq!(told, [false, false, false, false, true, true]);
    }
}
