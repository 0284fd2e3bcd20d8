//! Every device as JSON, whether it is connected or not.

use super::json::{rows, session};
use crate::memory::{Memory, Past, Remembered};
use lowkey_host::text::mask;
use lowkey_host::{Acceptor, Device, SessionInfo};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// What is known of one device.
#[derive(Default)]
struct Known {
    registered: Option<Arc<Device>>,
    session: Option<SessionInfo>,
    remembered: Option<Remembered>,
}

/// The devices by name, or the one of this name with what happened to it last.
pub(super) fn text(acceptor: &Acceptor, memory: &Memory, name: Option<&str>) -> String {
    let devices = known(acceptor, memory, name);
    let now = SystemTime::now();
    let head = json!({
        "asked": name.map(mask),
        "registered": devices.values().filter(|known| known.registered.is_some()).count(),
        "stale": acceptor.registry().trouble().map(|trouble| trouble.what),
    });
    let mut text = format!("{{\"server\":{head},\n\"devices\":");
    let all = devices.iter().map(|(device, known)| {
        let mut shown = shown(device, known, now);
        if name.is_some() {
            let history = known.remembered.iter().flat_map(|of| &of.history);
            shown["history"] = history.map(|past| self::past(past, now)).collect();
        }
        shown
    });
    rows(&mut text, all);
    text.push_str("}\n");
    text
}

fn known(acceptor: &Acceptor, memory: &Memory, name: Option<&str>) -> BTreeMap<String, Known> {
    let is_asked = |device: &str| name.is_none_or(|name| name == device);
    let mut devices: BTreeMap<String, Known> = BTreeMap::new();
    acceptor.registry().each(&mut |pinned| {
        let device = pinned.device();
        if is_asked(device.name()) {
            devices.entry(device.name().to_owned()).or_default().registered = Some(Arc::clone(device));
        }
    });
    for info in acceptor.sessions() {
        let device = info.pinned.device().name().to_owned();
        if is_asked(&device) {
            devices.entry(device).or_default().session = Some(info);
        }
    }
    match name {
        Some(name) => {
            if let Some(remembered) = memory.of(name) {
                devices.entry(name.to_owned()).or_default().remembered = Some(remembered);
            }
        }
        None => memory.each(|device, remembered| {
            devices.entry(device.to_owned()).or_default().remembered = Some(remembered);
        }),
    }
    devices
}

fn shown(name: &str, known: &Known, now: SystemTime) -> Value {
    let ago = |moment: Option<SystemTime>| moment.map(|moment| seconds_ago(moment, now));
    let of = known.remembered.as_ref();
    let labels = known.registered.iter().flat_map(|device| device.labels());
    let labels: Map<String, Value> = labels.map(|(label, value)| (label.to_owned(), value.into())).collect();
    let from = of.and_then(|of| of.from).map(|from| from.to_string());
    let ended = of.and_then(|of| of.ended.as_ref()).map(|past| self::past(past, now));
    let displaced = of.and_then(|of| of.displaced).map(|displaced| {
        json!({
            "by": displaced.by.map(|by| by.to_string()),
            "from": displaced.from.map(|from| from.to_string()),
            "last_seconds_ago": seconds_ago(displaced.tally.last, now),
            "times": displaced.tally.times,
        })
    });
    let backend = of
        .and_then(|of| of.backend)
        .map(|tally| json!({ "last_seconds_ago": seconds_ago(tally.last, now), "times": tally.times }));
    let refused = of.and_then(|of| of.refused).map(|refused| {
        json!({
            "from": refused.from.map(|from| from.to_string()),
            "last_seconds_ago": seconds_ago(refused.tally.last, now),
            "times": refused.tally.times,
            "why": refused.why,
        })
    });
    json!({
        "backend_failed": backend,
        "device": name,
        "displaced": displaced,
        "ended": ended,
        "first_seen_seconds_ago": ago(of.and_then(|of| of.first_seen)),
        "from": from,
        "labels": labels,
        "last_seen_seconds_ago": match &known.session {
            Some(info) => Some(info.last_heard.as_secs()),
            None => ago(of.and_then(|of| of.last_seen)),
        },
        "paired_seconds_ago": ago(of.and_then(|of| of.paired)),
        "refused": refused,
        "registered": known.registered.is_some(),
        // The memory may not have seen yet that it is back.
        "removed_seconds_ago": ago(of.and_then(|of| of.removed).filter(|_| known.registered.is_none())),
        "session": known.session.as_ref().map(session),
        "sessions": of.map_or(0, |of| of.sessions),
    })
}

fn past(of: &Past, now: SystemTime) -> Value {
    json!({
        "lasted_seconds": of.lasted.as_secs(),
        "seconds_ago": seconds_ago(of.at, now),
        "what": of.what,
        "why": of.why,
    })
}

fn seconds_ago(moment: SystemTime, now: SystemTime) -> u64 {
    now.duration_since(moment).unwrap_or(Duration::ZERO).as_secs()
}
