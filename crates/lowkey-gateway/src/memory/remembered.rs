//! What is remembered of a device, as it is told.

use super::memo::{self, Memo, What};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

/// What is remembered of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remembered {
    /// When its first session began.
    pub first_seen: Option<SystemTime>,
    /// When it was last heard: when a session of it began or, of one that has ended, a record opened.
    pub last_seen: Option<SystemTime>,
    /// Where its last session came from.
    pub from: Option<SocketAddr>,
    /// How many sessions of it have begun.
    pub sessions: u32,
    /// How its last session ended that did.
    pub ended: Option<Past>,
    /// Sessions that a newer one of the same device took over from, here or at another server of the fleet.
    pub displaced: Option<Displaced>,
    /// Sessions that ended because the service behind could not be reached, or broke off.
    pub backend: Option<Tally>,
    /// Attempts that came to nothing and were its own: it has shown its key.
    pub refused: Option<Refused>,
    /// When it was paired.
    pub paired: Option<SystemTime>,
    /// When it was taken out of the registry, if it is not in it.
    pub removed: Option<SystemTime>,
    /// What happened last, the newest first; a few things.
    pub history: Vec<Past>,
}

/// Something that happened to a device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Past {
    /// When.
    pub at: SystemTime,
    /// What: `connected`, `ended`, `refused`, `paired` or `removed`.
    pub what: &'static str,
    /// Why a session ended or an attempt came to nothing, in a word or a few, which stay the same from version to
    /// version; of others empty.
    pub why: &'static str,
    /// For how long a session had been open that ended; of others nothing.
    pub lasted: Duration,
}

/// How often something happened, and when last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// How often.
    pub times: u32,
    /// When last.
    pub last: SystemTime,
}

/// Sessions that a newer one took over from: displaced, or moved to another server of the fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Displaced {
    /// How often, and when last.
    pub tally: Tally,
    /// Where it had come from itself, the last time.
    pub from: Option<SocketAddr>,
    /// Where the newer one came from, the last time.
    pub by: Option<SocketAddr>,
}

/// Attempts of its own that came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// How often, and when last.
    pub tally: Tally,
    /// Why, the last time, as [`Past::why`] has it.
    pub why: &'static str,
    /// Where it came from, the last time.
    pub from: Option<SocketAddr>,
}

impl From<&Memo> for Remembered {
    fn from(memo: &Memo) -> Self {
        let mishaps = memo.mishaps.as_deref().copied().unwrap_or_default();
        let (displaced, refused) = (tally(mishaps.displaced), tally(mishaps.refused));
        Self {
            first_seen: memo.first.map(Into::into),
            last_seen: memo.last.map(Into::into),
            from: memo.from.known(),
            sessions: memo.sessions,
            ended: memo.ended.map(Into::into),
            displaced: displaced.map(|tally| Displaced {
                tally,
                from: mishaps.displaced_from.known(),
                by: mishaps.displaced_by.known(),
            }),
            backend: tally(mishaps.backend),
            refused: refused.map(|tally| Refused {
                tally,
                why: mishaps.refused_for.map_or("", |why| why.word()),
                from: mishaps.refused_from.known(),
            }),
            paired: memo.paired.map(Into::into),
            removed: memo.removed.map(Into::into),
            history: memo.history.iter().flatten().map(|past| Past::from(*past)).collect(),
        }
    }
}

impl From<memo::Past> for Past {
    fn from(past: memo::Past) -> Self {
        let (what, why) = match past.what {
            What::Connected => ("connected", ""),
            What::Ended(why) => ("ended", why.word()),
            What::Refused(why) => ("refused", why.word()),
            What::Paired => ("paired", ""),
            What::Removed => ("removed", ""),
        };
        Self { at: past.at.into(), what, why, lasted: Duration::from_secs(past.seconds.into()) }
    }
}

fn tally(of: memo::Tally) -> Option<Tally> {
    Some(Tally { times: of.times, last: of.last?.into() })
}
