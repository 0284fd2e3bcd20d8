//! Looks at the registry file, and has it read again when it has changed.

use super::current::{Current, Said};
use super::error::RegistryError;
use super::psks::{Changed, PskFiles};
use super::stamp::Stamp;
use std::sync::Weak;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// What earlier looks have seen, and when the next reading is due whatever they see.
#[derive(Default)]
struct Looks {
    last: Option<Stamp>,
    psks: PskLooks,
    again: Option<Again>,
}

/// The same of PSK files, which take turns.
#[derive(Default)]
struct PskLooks {
    next: usize,
    changed: Option<Changed>,
}

/// Why the file is read although it looks the same.
#[derive(Clone, Copy)]
enum Again {
    /// It could not be taken, and the cause may lie elsewhere: in a folder above it, for example.
    Failed(Instant),
    /// It was taken, on a file system whose clock may be too coarse to show one more change.
    Coarse(Instant),
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
        let (now, still) = (Instant::now(), stamp == self.last);
        self.last.clone_from(&stamp);
        let due = match self.again {
            _ if stamp != reading.stamp => still,
            Some(Again::Failed(at)) => now >= at,
            Some(Again::Coarse(at)) if now >= at => {
                self.again = None;
                current.differs(&reading)
            }
            _ => self.psks.look(&reading.psk_files),
        };
        if !due {
            return;
        }
        let outcome = current.reload(&mut reading, Said::Once);
        let (after, took) = (Instant::now(), now.elapsed());
        self.again = match outcome {
            Ok(_) => Some(Again::Coarse(after + COARSE)),
            Err(RegistryError::Unfinished(_)) => None,
            Err(_) => {
                reading.stamp = stamp;
                Some(Again::Failed(after + took * SHARE))
            }
        };
    }
}

impl PskLooks {
    /// Whether one has changed, and two looks in a row see the same.
    fn look(&mut self, files: &PskFiles) -> bool {
        let Some(before) = self.changed.take() else {
            self.changed = files.look_on(&mut self.next);
            return false;
        };
        self.changed = files.look_again(&before);
        self.changed.as_ref() == Some(&before)
    }
}

/// How often the file is looked at: twice this, a reading and a sweep of sessions are well under a second.
const LOOK: Duration = Duration::from_millis(100);
/// The coarsest clock of a file system in use: FAT's.
const COARSE: Duration = Duration::from_secs(2);
/// An error is tried again in at most one part in so many of the time.
const SHARE: u32 = 20;
