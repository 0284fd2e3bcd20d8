//! What a gateway knows of the registry that it follows.

use crate::beat::Beat;
use crate::bucket::{Entry, Key};
use crate::fresh::Fresh;
use crate::head::Head;
use async_nats::Client;
use lowkey_registry::rows::Row;

pub(super) struct State {
    /// Which registry it is.
    pub(super) born: String,
    pub(super) fresh: Fresh,
    /// The last revision that is in force, its sessions looked through.
    pub(super) revision: u64,
    /// The last revision of all, beats among them, that was read.
    pub(super) seen: u64,
    /// How many beats were sent.
    pub(super) n: u64,
    /// Why it is not followed now.
    pub(super) error: Option<String>,
    pub(super) said_stale: bool,
    pub(super) snapshot_failed: bool,
    pub(super) client: Option<Client>,
}

/// What entries come to.
#[derive(Default)]
pub(super) struct News {
    pub(super) head: Option<Head>,
    pub(super) rows: Vec<Row>,
    /// What gateways have said of themselves, and when by NATS's clock, in milliseconds since 1970.
    pub(super) beats: Vec<(Beat, i64)>,
    /// Gateways that are gone for good.
    pub(super) forgotten: Vec<String>,
    pub(super) last: u64,
}

impl State {
    pub(super) fn new(born: String) -> Self {
        Self {
            born,
            fresh: Fresh::default(),
            revision: 0,
            seen: 0,
            n: 0,
            error: None,
            said_stale: false,
            snapshot_failed: false,
            client: None,
        }
    }
}

impl News {
    /// Of these entries.
    pub(super) fn of(entries: Vec<Entry>) -> Self {
        let mut news = Self::default();
        for Entry { key, revision, value, at_ms, .. } in entries {
            news.last = news.last.max(revision);
            match (key, value) {
                (Key::Head, value) => news.head = value.as_deref().and_then(Head::of_kept),
                (Key::Device(name), kept) => news.rows.push(Row { name, revision, kept }),
                (Key::Beat(name), Some(value)) => {
                    news.beats.extend(Beat::of_kept(name, &value).map(|beat| (beat, at_ms)));
                }
                (Key::Beat(name), None) => news.forgotten.push(name),
            }
        }
        news
    }
}
