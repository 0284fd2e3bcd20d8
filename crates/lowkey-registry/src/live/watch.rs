//! Looks at the registry file, and has it read again when it has changed.

use super::current::{Asked, Current, Outcome, Reading};
use super::troubles::Said;
use crate::error::RegistryError;
use crate::psks::PskLooks;
use crate::stamp::Stamp;
use std::sync::Weak;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// What earlier looks have seen, and when the next reading is due whatever they see.
#[derive(Default)]
struct Looks {
    last: Option<Stamp>,
    /// Since when it has not been read although it changed.
    restless: Option<Instant>,
    psks: PskLooks,
    again: Option<Again>,
}

/// Why the file is read although it looks the same.
#[derive(Clone, Copy)]
enum Again {
    /// It could not be taken, and the cause may lie elsewhere: in a folder above it, for example.
    Failed(Instant),
    /// It was taken, on a file system whose clock may be too coarse to show one more change.
    Coarse(Instant),
    /// It was held back, and is taken if it has not changed by then.
    Held(Instant),
}

/// Looks until nobody has the registry any more.
pub(super) async fn watch(registry: Weak<Current>) {
    let mut looks = Looks::default();
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(current) = registry.upgrade() else { return };
        // Reading takes its time, and a look may do so as well where files come over a network.
        let looking = spawn_blocking(move || {
            looks.look(&current);
            looks
        });
        looks = match looking.await {
            Ok(looks) => looks,
            Err(error) if error.is_panic() => {
                tracing::error!(name: "lowkey.registry_panicked", target: "lowkey", %error, "reading the registry panicked");
                Looks::default() // a revocation must not wait for a restart
            }
            Err(_) => return, // the runtime ends
        };
    }
}

impl Looks {
    fn look(&mut self, current: &Current) {
        let mut reading = current.reading();
        let stamp = Stamp::at(current.path());
        let now = Instant::now();
        if let Some(stamp) = &stamp {
            current.troubles().seen(stamp, Said::Once);
        }
        let due = self.due(current, &reading, stamp.as_ref(), now);
        self.last.clone_from(&stamp);
        let Some(asked) = due else { return };
        let outcome = current.reload(&mut reading, asked);
        let (after, took) = (Instant::now(), now.elapsed());
        self.again = match outcome {
            Ok(Outcome::Taken(_)) => Some(Again::Coarse(after + COARSE)),
            Ok(Outcome::Held) => Some(Again::Held(after + HOLD)),
            Err(RegistryError::Unfinished(_)) => return self.again = None,
            Err(_) => {
                reading.stamp = stamp;
                Some(Again::Failed(after + took * SHARE))
            }
        };
        self.restless = None;
    }

    /// Whether it is to be read now, and on whose behalf.
    fn due(
        &mut self,
        current: &Current,
        reading: &Reading,
        stamp: Option<&Stamp>,
        now: Instant,
    ) -> Option<Asked> {
        if stamp != reading.stamp.as_ref() {
            if now.duration_since(*self.restless.get_or_insert(now)) >= RESTLESS {
                current.troubles().restless();
            }
            return (stamp == self.last.as_ref()).then_some(Asked::ByLook);
        }
        if self.restless.take().is_some() {
            current.troubles().rested();
        }
        let changed = match self.again {
            Some(Again::Failed(at)) => now >= at,
            Some(Again::Held(at)) if now >= at => return Some(Asked::AfterWaiting),
            Some(Again::Coarse(at)) if now >= at => {
                self.again = None;
                current.differs(reading)
            }
            _ => self.psks.look(&reading.psk_files),
        };
        changed.then_some(Asked::ByLook)
    }
}

/// How often the file is looked at: twice this, a reading and a sweep of sessions are well under a second.
const LOOK: Duration = Duration::from_millis(100);
/// The coarsest clock of a file system in use: FAT's.
const COARSE: Duration = Duration::from_secs(2);
/// How long what may be half a copy has to rest: longer than copies pause.
const HOLD: Duration = Duration::from_secs(30);
/// After how long a file that never rests is said to be so.
const RESTLESS: Duration = Duration::from_secs(5);
/// Reading again after an error takes at most one in so many of the time.
const SHARE: u32 = 20;
