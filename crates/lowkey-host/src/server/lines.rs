//! How many lines of a kind are written to the log in a second; the id plays no part in it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Lets the first lines of every second through and counts the others.
#[derive(Debug)]
pub(crate) struct Lines(Mutex<Second>);

#[derive(Debug)]
struct Second {
    began: Instant,
    written: u32,
    left_out: u64,
}

/// A line that is to be written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// How many before it were not.
    pub(crate) left_out: u64,
}

const WINDOW: Duration = Duration::from_secs(1);
const LINES_PER_SECOND: u32 = 100;

impl Default for Lines {
    fn default() -> Self {
        Self(Mutex::new(Second { began: Instant::now(), written: 0, left_out: 0 }))
    }
}

impl Lines {
    /// One more line: whether it is written.
    pub(crate) fn next(&self) -> Option<Line> {
        let now = Instant::now();
        let mut second = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(second.began) >= WINDOW {
            (second.began, second.written) = (now, 0);
        }
        if second.written == LINES_PER_SECOND {
            second.left_out += 1;
            return None;
        }
        second.written += 1;
        Some(Line { left_out: std::mem::take(&mut second.left_out) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_refusals_is_a_hundred_lines_a_second_and_a_number() {
        let lines = Lines::default();
        assert_eq!((0..1000).filter(|_| lines.next().is_some()).count(), 100);
        tokio::time::advance(WINDOW).await;
        assert_eq!(lines.next(), Some(Line { left_out: 900 }));
        assert_eq!(lines.next(), Some(Line { left_out: 0 }));
    }
}
