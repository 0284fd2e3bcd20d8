//! Why nothing can be stored, until something is.

use super::Inner;
use std::sync::{Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

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

/// Says in the log when it lasts and when it has ended, of a sink that is there; ends when the sink is gone.
pub(super) async fn watch(of: Weak<Inner>, sink: String) {
    let mut news = News::default();
    while let Some(inner) = of.upgrade() {
        match news.hear(inner.trouble(), Instant::now()) {
            Some(Heard::Lost(error)) => warn!(
                name: "lowkey.sink_lost", target: "lowkey", %sink, %error,
                "no message is taken; devices keep theirs"
            ),
            Some(Heard::Back) => {
                info!(name: "lowkey.sink_back", target: "lowkey", %sink, "the sink is there again");
            }
            None => (),
        }
        drop(inner);
        sleep(BEAT).await;
    }
}

/// Since when there is trouble, and whether that was said.
#[derive(Debug, Default)]
struct News(Option<(Instant, bool)>);

#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Lost(String),
    Back,
}

impl News {
    fn hear(&mut self, trouble: Option<String>, now: Instant) -> Option<Heard> {
        let Some(why) = trouble else {
            return self.0.take().filter(|(_, is_said)| *is_said).map(|_| Heard::Back);
        };
        let (began, is_said) = self.0.get_or_insert((now, false));
        let is_news = !*is_said && now.duration_since(*began) >= LONG;
        *is_said |= is_news;
        is_news.then_some(Heard::Lost(why))
    }
}

/// How often it is looked at.
const BEAT: Duration = Duration::from_secs(1);
/// What does not last that long is no news.
const LONG: Duration = Duration::from_secs(10);

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

    #[test]
    fn what_lasts_is_said_once_and_its_end_only_if_it_was() {
        let (mut news, start) = (News::default(), Instant::now());
        let mut hear =
            |why: Option<&str>, at: u64| news.hear(why.map(str::to_owned), start + Duration::from_secs(at));
        assert_eq!([hear(Some("a"), 0), hear(Some("a"), 9), hear(None, 10)], [None, None, None]);
        assert_eq!([hear(Some("a"), 11), hear(Some("b"), 20)], [None, None]);
        assert_eq!(hear(Some("b"), 21), Some(Heard::Lost("b".to_owned())));
        assert_eq!([hear(Some("b"), 22), hear(Some("b"), 99)], [None, None]);
        assert_eq!([hear(None, 100), hear(None, 101)], [Some(Heard::Back), None]);
    }
}
