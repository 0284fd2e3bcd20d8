//! A server at a glance, as JSON.

use super::json::{devices, held, window};
use crate::health::Health;
use crate::store::Store;
use lowkey_host::Acceptor;
use lowkey_registry::keys::encode_public;
use lowkey_registry::text_file::shown;
use serde_json::{Value, json};
use std::path::Path;
use std::time::SystemTime;

/// How many devices are there, what was counted, the registry read from the file `path`, the service behind, what
/// stores, and the pairing windows that are open.
pub(super) fn text(
    acceptor: &Acceptor,
    service: Option<&Health>,
    store: Option<&Store>,
    path: &Path,
) -> String {
    let stats = acceptor.stats();
    let registry = acceptor.registry();
    let in_force = registry.since().map(|since| SystemTime::now().duration_since(since).unwrap_or_default());
    let windows = acceptor.windows();
    let open: Vec<Value> = windows.iter().filter(|of| of.over.is_none()).map(window).collect();
    let refused = stats.refused
        + stats.refused_busy
        + stats.refused_mode
        + stats.refused_registry_stale
        + stats.refused_service_down
        + stats.refused_version;
    let value = json!({
        "devices": devices(registry),
        "registry": {
            "in_force_seconds": in_force.map(|since| since.as_secs()),
            "left_out": registry.left_out().len(),
            "lets_nobody_in": registry.is_stale(),
            "path": shown(path),
            "stale": registry.trouble().map(|trouble| trouble.what),
        },
        "server": {
            "accepting": acceptor.is_accepting(),
            "clock_wrong": acceptor.wrong_clock().is_some(),
            "key": encode_public(&acceptor.public_key()),
            "version": env!("CARGO_PKG_VERSION"),
        },
        "service": service.map(self::service),
        "store": store.map(self::store),
        "totals": {
            "attempts_waiting": stats.attempts,
            "backend_ended": stats.sessions_backend,
            "displaced": stats.sessions_displaced,
            "received_bytes": stats.bytes_received,
            "refused": refused,
            "sent_bytes": stats.bytes_sent,
            "sessions": stats.sessions,
            "sessions_begun": stats.confirmed,
            "unconfirmed": stats.unconfirmed,
        },
        "windows": open,
    });
    format!("{value}\n")
}

fn service(of: &Health) -> Value {
    let down = of.down();
    json!({
        "down_seconds": down.as_ref().map(|down| down.lasts.as_secs()),
        "error": down.as_ref().map(|down| &down.error),
        "name": down.as_ref().map(|down| &down.service),
        "reason": down.as_ref().map(|down| down.reason.as_str()),
        "up": down.is_none(),
    })
}

fn store(of: &Store) -> Value {
    let standing = of.standing();
    json!({
        "aside": standing.aside.as_ref().map(held),
        "devices_waiting": standing.waiting,
        "down_seconds": standing.down.as_ref().map(|down| down.lasts.as_secs()),
        "error": standing.down.as_ref().map(|down| &down.why),
        "name": standing.name,
        "up": standing.down.is_none(),
    })
}
