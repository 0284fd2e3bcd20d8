//! Since when what takes messages takes none, and that the log hears of it once.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Why nothing is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// For how long.
    pub lasts: Duration,
    /// What was said last, in a line without anything that steers terminals.
    pub why: String,
}

/// The trouble of a sink, if it has any.
#[derive(Debug)]
pub struct Outage {
    sink: String,
    now: Mutex<Option<Now>>,
}

#[derive(Debug)]
struct Now {
    began: Instant,
    why: String,
    is_said: bool,
}

impl Outage {
    /// Of a sink whose address, without anything secret, is this.
    pub fn of(sink: String) -> Self {
        Self { sink, now: Mutex::default() }
    }

    /// Where the sink is.
    pub fn sink(&self) -> &str {
        &self.sink
    }

    /// Nothing is taken. Whether that has been so for ten seconds, which the log has heard then.
    pub fn lasts(&self, why: &str) -> bool {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let now =
            now.get_or_insert_with(|| Now { began: Instant::now(), why: String::new(), is_said: false });
        why.clone_into(&mut now.why);
        if !now.is_said && now.began.elapsed() >= LONG {
            now.is_said = true;
            tracing::warn!(
                name: "lowkey.sink_lost", target: "lowkey", sink = %self.sink, error = %why,
                "no message is taken; devices keep theirs"
            );
        }
        now.is_said
    }

    /// Something is taken again. Whether the log hears of that, as it has heard of the trouble.
    pub fn ends(&self) -> bool {
        let before = self.now.lock().unwrap_or_else(PoisonError::into_inner).take();
        let was_said = before.is_some_and(|before| before.is_said);
        if was_said {
            tracing::info!(
                name: "lowkey.sink_back", target: "lowkey", sink = %self.sink,
                "the sink is there again"
            );
        }
        was_said
    }

    /// What there is of it now.
    pub fn trouble(&self) -> Option<Trouble> {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.as_ref().map(|now| Trouble { lasts: now.began.elapsed(), why: now.why.clone() })
    }
}

/// What does not last that long is no news.
const LONG: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    async fn seconds(seconds: u64) {
        advance(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_lasts_is_said_once_and_its_end_only_if_it_was() {
        let outage = Outage::of("nats://127.0.0.1:4222/x".to_owned());
        assert!(!outage.lasts("a"));
        seconds(9).await;
        assert!(!outage.lasts("a"));
        seconds(1).await;
        assert!(!outage.ends());
        seconds(1).await;
        assert!(!outage.lasts("a"));
        seconds(9).await;
        assert!(!outage.lasts("b"));
        seconds(1).await;
        assert!(outage.lasts("b"));
        seconds(77).await;
        assert!(outage.lasts("b"));
        assert!(outage.ends());
        assert!(!outage.ends());
    }

    #[tokio::test(start_paused = true)]
    async fn how_long_nothing_is_taken_is_counted_from_the_first_time_that_nothing_was() {
        let outage = Outage::of("a".to_owned());
        assert_eq!(outage.trouble(), None);
        outage.lasts("no connection");
        seconds(300).await;
        outage.lasts("full");
        assert_eq!(
            outage.trouble(),
            Some(Trouble { lasts: Duration::from_secs(300), why: "full".to_owned() })
        );
        outage.ends();
        assert_eq!(outage.trouble(), None);
        seconds(2).await;
        outage.lasts("no connection");
        assert_eq!(outage.trouble().unwrap().lasts, Duration::ZERO, "it has stored in between");
    }
}
