//! How much is played.

use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// All, and the promises are held by the clock.
    Whole,
    /// Every fault, on a machine that may be busy.
    Small,
}

impl Size {
    pub(crate) const fn gateways(self) -> &'static [&'static str] {
        match self {
            Self::Whole => &["east", "west", "north"],
            Self::Small => &["east", "west"],
        }
    }

    pub(crate) const fn devices(self) -> usize {
        match self {
            Self::Whole => 200,
            Self::Small => 40,
        }
    }

    /// How many times as long as promised everything may take.
    pub(crate) const fn times(self) -> u32 {
        match self {
            Self::Whole => 1,
            Self::Small => 20,
        }
    }

    /// After how long without an answer the balancer takes a gateway for dead.
    pub(crate) const fn silence(self) -> Duration {
        match self {
            Self::Whole => Duration::from_millis(500),
            Self::Small => Duration::from_secs(3),
        }
    }

    /// For how long a gateway goes on that does not see NATS.
    pub(crate) const fn max_stale(self) -> Duration {
        match self {
            Self::Whole => Duration::from_secs(8),
            // It hears every 5 s that it sees NATS, and later where others keep it waiting.
            Self::Small => Duration::from_secs(20),
        }
    }

    /// Revocations that are timed.
    pub(crate) const fn revocations(self) -> usize {
        match self {
            Self::Whole => 36,
            Self::Small => 4,
        }
    }

    /// Times that each gateway is killed.
    pub(crate) const fn kills(self) -> usize {
        match self {
            Self::Whole => 2,
            Self::Small => 1,
        }
    }

    /// How long a gateway is frozen: first for a moment, then for longer than others look for it.
    pub(crate) const fn freezes(self) -> &'static [Duration] {
        match self {
            Self::Whole => &[A_MOMENT, LONGER_THAN_A_LOOK],
            Self::Small => &[A_MOMENT],
        }
    }
}

const A_MOMENT: Duration = Duration::from_secs(4);
/// Each gateway looks through its leases every 15 s, and is looked for as long.
const LONGER_THAN_A_LOOK: Duration = Duration::from_secs(35);
