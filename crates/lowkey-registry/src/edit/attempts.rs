//! Changes that others get in the way of are made again, for as long as one would wait for the lock of a file.

use super::EditError;
use std::thread::sleep;
use std::time::Duration;

/// How often a change was tried. Whenever one of many at once is in the way of the others, that one is done.
#[derive(Debug, Default)]
pub(crate) struct Attempts(u32);

impl Attempts {
    /// Whether it is tried again, after a pause.
    pub(crate) fn go_on(&mut self) -> bool {
        self.0 += 1;
        let goes_on = self.0 < MOST;
        if goes_on {
            sleep(PAUSE.saturating_mul(self.0).min(LONGEST_PAUSE));
        }
        goes_on
    }
}

/// What `attempt` gives, once nobody is in its way.
pub(crate) fn again<T>(mut attempt: impl FnMut() -> Result<T, EditError>) -> Result<T, EditError> {
    let mut attempts = Attempts::default();
    loop {
        match attempt() {
            Err(EditError::Raced) if attempts.go_on() => (),
            done => return done,
        }
    }
}

const MOST: u32 = 100;
const PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
