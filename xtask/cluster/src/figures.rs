//! Times that were measured, as people read them.

use std::{fmt, time::Duration};

#[derive(Default)]
pub(crate) struct Figures(Vec<Duration>);

impl Figures {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(crate) fn longest(&self) -> Duration {
        self.0.iter().max().copied().unwrap_or_default()
    }

    /// The time that half of them, and 99 of 100, do not exceed, and the longest, in seconds.
    pub(crate) fn in_seconds(&self) -> [f64; 3] {
        [50, 99, 100].map(|of| self.percentile(of).as_secs_f64())
    }

    /// The one that so many of a hundred do not exceed.
    fn percentile(&self, of_a_hundred: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let nth = (sorted.len() * of_a_hundred).div_ceil(100).saturating_sub(1);
        sorted.get(nth).copied().unwrap_or_default()
    }
}

impl Extend<Duration> for Figures {
    fn extend<T: IntoIterator<Item = Duration>>(&mut self, times: T) {
        self.0.extend(times);
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [half, most, all] = self.in_seconds().map(|time| time * 1e3);
        write!(f, "p50 {half:.1} ms, p99 {most:.1} ms, longest {all:.1} ms, of {}", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_time_that_was_measured() {
        let mut figures = Figures::default();
        figures.extend((1..=200).rev().map(Duration::from_millis));
        assert_eq!(figures.percentile(50), Duration::from_millis(100));
        assert_eq!(figures.percentile(99), Duration::from_millis(198));
        assert_eq!(figures.to_string(), "p50 100.0 ms, p99 198.0 ms, longest 200.0 ms, of 200");
        assert_eq!(Figures::default().longest(), Duration::ZERO);
    }
}
