//! Why nothing can be stored, until something is.

use super::Inner;
use std::sync::{Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::time::sleep;

/// What the last tries came to.
#[derive(Debug, Default)]
pub(crate) struct Trouble(Mutex<Option<(Until, String)>>);

/// What ends it; each ends those before it as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Until {
    /// JetStream answers.
    Answered,
    /// A session has begun.
    Begun,
    /// A message is stored, and the row says so: one that was refused shows nothing for those that are answered.
    Stored,
}

impl Trouble {
    /// A try came to nothing.
    pub(crate) fn begins(&self, until: Until, why: &str) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = said.take().map(|(before, _)| before);
        *said = Some((before.map_or(until, |before| before.max(until)), why.to_owned()));
    }

    /// One came to this.
    pub(crate) fn ends(&self, by: Until) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.take_if(|(until, _)| *until <= by);
    }

    pub(crate) fn why(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(_, why)| why.clone())
    }
}

/// Looks at a sink every second, so that it is known since when nothing can be stored, and the log hears of it; ends
/// when the sink is gone.
pub(super) async fn watch(of: Weak<Inner>) {
    while let Some(inner) = of.upgrade() {
        inner.trouble();
        drop(inner);
        sleep(BEAT).await;
    }
}

/// How often it is looked at.
const BEAT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_over_when_something_is_stored_and_not_when_something_is_answered() {
        let trouble = Trouble::default();
        trouble.begins(Until::Answered, "timed out");
        trouble.ends(Until::Answered);
        assert_eq!(trouble.why(), None);
        trouble.begins(Until::Begun, "stream not found");
        trouble.ends(Until::Answered);
        assert_eq!(trouble.why().as_deref(), Some("stream not found"));
        trouble.ends(Until::Begun);
        assert_eq!(trouble.why(), None);
        trouble.begins(Until::Stored, "full");
        trouble.begins(Until::Answered, "timed out");
        for by in [Until::Answered, Until::Begun] {
            trouble.ends(by);
            assert_eq!(trouble.why().as_deref(), Some("timed out"), "the last that was said");
        }
        trouble.ends(Until::Stored);
        assert_eq!(trouble.why(), None);
    }
}
