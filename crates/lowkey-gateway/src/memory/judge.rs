//! Whose attempts that came to nothing were: judged afterwards, by keys, and never while an attempt goes on.

use super::memo::Why;
use lowkey_host::{Acceptor, Cause, Failure, Id, Removed};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// What has been judged already.
#[derive(Debug, Default)]
pub(super) struct Judge {
    /// The number of the last failure that was looked at.
    last: u64,
    /// How often each had happened then, of those that are on memo.
    seen: HashMap<Alike, u64>,
}

/// What makes failures alike.
type Alike = (Option<IpAddr>, Option<Id>, Cause);

/// Attempts that were this device's own.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) device: String,
    pub(super) times: u32,
    pub(super) why: Why,
    pub(super) from: Option<SocketAddr>,
    /// How long ago the last was.
    pub(super) ago: Duration,
}

impl Judge {
    /// Looks at what has come to nothing since the last time, for `time` at most: what is left has its turn the next
    /// time, if it is still on memo then.
    pub(super) fn judge(&mut self, acceptor: &Acceptor, time: Duration) -> Vec<Judgement> {
        let until = Instant::now() + time;
        let failures = acceptor.failures();
        let removed = acceptor.registry().removed();
        let mut judgements = Vec::new();
        // The oldest first, so that none is passed over when there is no time for all.
        let last = self.last;
        for failure in failures.iter().rev().filter(|failure| failure.number > last) {
            if Instant::now() > until {
                break;
            }
            self.last = failure.number;
            let before =
                self.seen.insert(alike(failure), failure.times).filter(|before| *before < failure.times);
            let times = failure.times - before.unwrap_or(0);
            if let Some(device) = own(acceptor, &removed, failure) {
                let times = u32::try_from(times).unwrap_or(u32::MAX);
                let (why, from, ago) = (Why::from(failure.cause), failure.from, failure.last);
                judgements.push(Judgement { device, times, why, from, ago });
            }
        }
        if self.seen.len() > 2 * failures.len() {
            let known: Vec<Alike> = failures.iter().map(alike).collect();
            self.seen.retain(|alike, _| known.contains(alike));
        }
        judgements
    }
}

fn alike(failure: &Failure) -> Alike {
    (failure.from.map(|from| from.ip()), failure.hello.and_then(|hello| hello.id), failure.cause)
}

/// Whose attempt it was, if it has shown that: its message 1 opens with the key of the pinning that it claimed. That
/// somebody claims an id shows nothing.
fn own(acceptor: &Acceptor, removed: &[Removed], failure: &Failure) -> Option<String> {
    let id = failure.hello?.id?;
    match failure.cause {
        // Confirmed, so its key is known to be right; the session's end has been told.
        Cause::Unreached | Cause::BrokenOff | Cause::NotStored | Cause::Numbers(_) => return None,
        // Whoever plays a recording again has not the key.
        Cause::Unconfirmed => return None,
        Cause::NotOpened | Cause::NoWindow | Cause::NotPaired => return None,
        _ => (),
    }
    let known = acceptor.registry().lookup(&id);
    let gone = || removed.iter().find(|removed| removed.pinned.id() == id).map(|removed| &removed.pinned);
    let pinned = known.as_ref().or_else(gone)?;
    acceptor.opens(failure, pinned, Some(pinned)).then(|| pinned.device().name().to_owned())
}
