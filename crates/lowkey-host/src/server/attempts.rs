//! Attempts that wait for message 1 or for their confirmation: so many together, so many from one address.

use super::source::Source;
use crate::sync::{Mutex, MutexGuard};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, PoisonError};
use std::task::Poll;
use tokio::sync::Notify;

/// Who waits. When there are too many, the newest displaces the oldest.
#[derive(Debug)]
pub(crate) struct Attempts {
    waiting: Mutex<Waiting>,
    limit: usize,
    limit_per_source: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    by_age: BTreeMap<u64, (Option<Source>, Arc<Notify>)>,
    by_source: HashMap<Source, BTreeSet<u64>>,
}

/// An attempt's place among those who wait; free again when this is dropped.
pub(crate) struct Place {
    attempts: Arc<Attempts>,
    number: u64,
    displaced: Arc<Notify>,
}

impl Attempts {
    pub(crate) fn new(limit: usize, limit_per_source: usize) -> Self {
        Self { waiting: Mutex::default(), limit: limit.max(1), limit_per_source: limit_per_source.max(1) }
    }

    /// A place for a new one; says how many older ones were displaced for it.
    pub(crate) fn enter(self: &Arc<Self>, from: Option<Source>) -> (Place, u64) {
        let notify = Arc::new(Notify::new());
        let (number, displaced) = {
            let mut waiting = self.lock();
            let displaced = match waiting.oldest_of(from, self.limit_per_source) {
                Some(its_own) => waiting.displace(its_own),
                None if waiting.by_age.len() >= self.limit => waiting.displace_oldest(),
                None => None,
            };
            (waiting.insert(from, &notify), displaced)
        };
        (Place { attempts: Arc::clone(self), number, displaced: notify }, tell(displaced))
    }

    /// Ends the attempt that has waited longest; says how many that were.
    pub(crate) fn displace_oldest(&self) -> u64 {
        let displaced = self.lock().displace_oldest();
        tell(displaced)
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().by_age.len()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes one who was displaced, not under the lock: that may run anything. Says how many that were.
fn tell(displaced: Option<Arc<Notify>>) -> u64 {
    displaced.map_or(0, |displaced| {
        displaced.notify_one();
        1
    })
}

impl Waiting {
    fn insert(&mut self, from: Option<Source>, notify: &Arc<Notify>) -> u64 {
        let number = self.next;
        self.next += 1;
        self.by_age.insert(number, (from, Arc::clone(notify)));
        if let Some(source) = from {
            self.by_source.entry(source).or_default().insert(number);
        }
        number
    }

    /// The oldest of this source, if it has `limit` already.
    fn oldest_of(&self, source: Option<Source>, limit: usize) -> Option<u64> {
        let of_source = self.by_source.get(&source?)?;
        of_source.first().copied().filter(|_| of_source.len() >= limit)
    }

    fn displace_oldest(&mut self) -> Option<Arc<Notify>> {
        let (oldest, _) = self.by_age.first_key_value()?;
        self.displace(*oldest)
    }

    fn displace(&mut self, number: u64) -> Option<Arc<Notify>> {
        let displaced = Arc::clone(&self.by_age.get(&number)?.1);
        self.remove(number);
        Some(displaced)
    }

    fn remove(&mut self, number: u64) {
        let Some((Some(source), _)) = self.by_age.remove(&number) else { return };
        if let Some(of_source) = self.by_source.get_mut(&source) {
            of_source.remove(&number);
            if of_source.is_empty() {
                self.by_source.remove(&source);
            }
        }
    }
}

impl Place {
    /// What comes of `attempt`; `None` if a newer one displaced it.
    pub(crate) async fn hold<T>(&self, attempt: impl Future<Output = T>) -> Option<T> {
        let mut displaced = pin!(self.displaced.notified());
        let mut attempt = pin!(attempt);
        poll_fn(|context| match displaced.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => attempt.as_mut().poll(context).map(Some),
        })
        .await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.attempts.lock().remove(self.number);
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("number", &self.number).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use std::net::IpAddr;

    fn source(last: u8) -> Option<Source> {
        Some(IpAddr::from([192, 0, 2, last]).into())
    }

    #[tokio::test]
    async fn protocol_3_the_newest_displaces_the_oldest() {
        let attempts = Arc::new(Attempts::new(2, 2));
        let (first, _) = attempts.enter(None);
        let (second, none) = attempts.enter(None);
        assert_eq!(none, 0);
        let (_third, one) = attempts.enter(None);
        assert_eq!(one, 1);
        assert_eq!(first.hold(pending::<()>()).await, None);
        assert_eq!(second.hold(async { 7 }).await, Some(7));
        assert_eq!(attempts.len(), 2);
    }

    #[tokio::test]
    async fn an_address_at_its_limit_displaces_only_its_own() {
        let attempts = Arc::new(Attempts::new(100, 2));
        let (other, _) = attempts.enter(source(1));
        let (first, _) = attempts.enter(source(2));
        let (_second, _) = attempts.enter(source(2));
        let (_third, displaced) = attempts.enter(source(2));
        assert_eq!(displaced, 1);
        assert_eq!(first.hold(pending::<()>()).await, None);
        assert_eq!(other.hold(async {}).await, Some(()));
    }

    #[test]
    fn nothing_is_kept_of_those_who_are_gone() {
        let attempts = Arc::new(Attempts::new(100, 2));
        let places: Vec<Place> = (0..50).map(|n| attempts.enter(source(n)).0).collect();
        drop(places);
        assert_eq!(attempts.len(), 0);
        assert!(attempts.lock().by_source.is_empty());
        assert_eq!(attempts.displace_oldest(), 0);
    }
}
