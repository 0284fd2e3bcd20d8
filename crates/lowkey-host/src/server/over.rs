//! What is said of a session that is over.

use super::allowance;
use super::ended::{Ended, Reason};
use super::observer::Event;
use super::stats::Counters;
use crate::connection::Fault;

/// Counts it, has it logged and tells who observes.
pub(super) fn say_over(counters: &Counters, ended: &Ended) {
    let count = match ended.reason {
        Reason::Closed | Reason::Broken => &counters.sessions_closed,
        Reason::Backend(Fault::Numbers(_)) => &counters.sessions_numbers,
        Reason::Backend(_) => &counters.sessions_backend,
        Reason::Stopped => &counters.sessions_stopped,
        Reason::Displaced => &counters.sessions_displaced,
        Reason::Revoked => &counters.sessions_revoked,
        Reason::Silent => &counters.sessions_silent,
        Reason::Lifetime => &counters.sessions_lifetime,
        Reason::Moved => &counters.sessions_moved,
        Reason::Stale => &counters.sessions_stale,
    };
    count.one_more();
    if let Reason::Backend(fault) = ended.reason {
        counters.note(fault, &ended.info);
    }
    if counters.log.may(allowance::Event::Ended) {
        log(ended);
    }
    counters.observed.tell(&Event::Ended(ended));
}

fn log(ended: &Ended) {
    let info = &ended.info;
    tracing::info!(
        name: "lowkey.ended",
        target: "lowkey",
        device = info.pinned.device().name(),
        reason = ended.reason.as_str(),
        by = ended.by.map(display),
        from = info.from.map(display),
        seconds = info.age.as_secs(),
        received_bytes = info.bytes_received,
        sent_bytes = info.bytes_sent,
        records_received = info.records_received,
        records_sent = info.records_sent,
        error = ended.error.as_ref().map(display),
        "session ended"
    );
}
