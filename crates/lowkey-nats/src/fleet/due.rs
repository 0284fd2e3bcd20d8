//! The devices whose leases have to be looked at, each once and one at a time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Names that are due.
#[derive(Debug, Default)]
pub(super) struct Due {
    state: Mutex<State>,
    more: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<String>,
    marks: HashMap<String, Mark>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Waiting,
    Looked,
    /// It has become due again while it is looked at.
    LookedAndDue,
}

impl Due {
    /// This one is due.
    pub(super) fn mark(&self, name: &str) {
        {
            let mut state = self.lock();
            match state.marks.get_mut(name) {
                Some(mark) => {
                    if *mark == Mark::Looked {
                        *mark = Mark::LookedAndDue;
                    }
                    return;
                }
                None => {
                    state.marks.insert(name.to_owned(), Mark::Waiting);
                    state.waiting.push_back(name.to_owned());
                }
            }
        }
        self.more.notify_one();
    }

    /// One that is due, and is looked at from now on.
    pub(super) fn next(&self) -> Option<String> {
        let mut state = self.lock();
        let name = state.waiting.pop_front()?;
        state.marks.insert(name.clone(), Mark::Looked);
        Some(name)
    }

    /// It was looked at.
    pub(super) fn done(&self, name: &str) {
        let mut state = self.lock();
        if state.marks.remove(name) == Some(Mark::LookedAndDue) {
            state.marks.insert(name.to_owned(), Mark::Waiting);
            state.waiting.push_back(name.to_owned());
        }
    }

    /// Nobody looks at any more: what was looked at is due.
    pub(super) fn begin_anew(&self) {
        let mut state = self.lock();
        let names: Vec<String> = state.marks.keys().cloned().collect();
        state.waiting = names.iter().cloned().collect();
        state.marks = names.into_iter().map(|name| (name, Mark::Waiting)).collect();
    }

    /// Waits until one has become due, or has by now.
    pub(super) async fn more(&self) {
        self.more.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_looked_at_once_and_again_if_it_was_due_meanwhile() {
        let due = Due::default();
        due.mark("a");
        due.mark("a");
        due.mark("b");
        assert_eq!(due.next().as_deref(), Some("a"));
        due.mark("a");
        due.mark("a");
        assert_eq!(due.next().as_deref(), Some("b"));
        assert_eq!(due.next(), None, "a is looked at");
        due.done("b");
        due.done("a");
        assert_eq!(due.next().as_deref(), Some("a"));
        due.begin_anew();
        assert_eq!(due.next().as_deref(), Some("a"), "nobody looked to the end");
        due.done("a");
        assert_eq!(due.next(), None);
        assert!(due.lock().marks.is_empty());
    }
}
