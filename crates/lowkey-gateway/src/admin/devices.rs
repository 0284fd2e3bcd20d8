//! Every device as JSON, whether it is connected or not.

use super::json::{rows, session};
use super::query;
use crate::memory::{Memory, Past, Remembered};
use lowkey_host::text::{ShownId, mask};
use lowkey_host::{Acceptor, Device, Paired, Pinned, SessionInfo, show_time};
use lowkey_registry::keys::encode_public;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// What is known of one device.
#[derive(Default)]
struct Known {
    registered: Option<Arc<Device>>,
    pinnings: Vec<Arc<Pinned>>,
    session: Option<SessionInfo>,
    remembered: Option<Remembered>,
}

/// Which devices are asked for, and how much of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The one of this name, with what happened to it last.
    name: Option<String>,
    state: Option<State>,
    /// With the pinnings that the registry has of each.
    with_pinnings: bool,
    /// Only those of whom more is known than that they are in the registry: for another gateway, which has that.
    only_known: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the registry.
    Registered,
    Connected,
    /// In the registry, and not connected.
    Absent,
    /// Taken out of the registry.
    Removed,
}

impl Wanted {
    /// `None`: that is no question.
    pub(super) fn read(question: Option<&str>) -> Option<Self> {
        let mut wanted = Self::default();
        for (name, value) in query::fields(question)? {
            match (name, &*value) {
                ("name", _) if wanted.name.is_none() => wanted.name = Some(value),
                ("state", state) if wanted.state.is_none() => wanted.state = Some(State::read(state)?),
                ("with", "pinnings") => wanted.with_pinnings = true,
                ("only", "known") => wanted.only_known = true,
                _ => return None,
            }
        }
        Some(wanted)
    }

    /// What another gateway is asked when we are asked this.
    pub(super) fn of_another(&self) -> String {
        match (&self.name, self.state) {
            (Some(name), _) => format!("/devices?only=known&name={}", query::encoded(name)),
            (None, Some(State::Connected)) => "/devices?state=connected".to_owned(),
            (None, _) => "/devices?only=known".to_owned(),
        }
    }

    /// The same of this gateway alone: whether a device is connected, others know better.
    pub(super) fn of_all(&self) -> Self {
        let state = self.state.filter(|state| *state == State::Connected);
        Self { name: self.name.clone(), state, with_pinnings: self.with_pinnings, only_known: false }
    }

    /// Whether a device is wanted of which this is known.
    pub(super) fn takes(&self, device: &Value) -> bool {
        let (registered, connected) = (device["registered"] == true, device["session"].is_object());
        self.state.is_none_or(|state| state.is_so(registered, connected))
    }
}

impl State {
    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "registered" => Self::Registered,
            "connected" => Self::Connected,
            "absent" => Self::Absent,
            "removed" => Self::Removed,
            _ => return None,
        })
    }

    fn is_of(self, known: &Known) -> bool {
        self.is_so(known.registered.is_some(), known.session.is_some())
    }

    fn is_so(self, registered: bool, connected: bool) -> bool {
        match self {
            Self::Registered => registered,
            Self::Connected => connected,
            Self::Absent => registered && !connected,
            Self::Removed => !registered && !connected,
        }
    }
}

/// The devices that are wanted, by name.
pub(super) fn text(acceptor: &Acceptor, memory: &Memory, wanted: &Wanted) -> String {
    let name = wanted.name.as_deref();
    memory.compare(acceptor.registry());
    let devices = known(acceptor, memory, wanted);
    let now = SystemTime::now();
    let head = json!({
        "asked": name.map(mask),
        "lets_nobody_in": acceptor.registry().is_stale(),
        "registered": devices.values().filter(|known| known.registered.is_some()).count(),
        "stale": acceptor.registry().trouble().map(|trouble| trouble.what),
    });
    let mut text = format!("{{\"server\":{head},\n\"devices\":");
    let is_known = |known: &Known| known.session.is_some() || known.remembered.is_some();
    let devices = devices.iter().filter(|(_, known)| {
        wanted.state.is_none_or(|state| state.is_of(known)) && (!wanted.only_known || is_known(known))
    });
    let all = devices.map(|(device, known)| {
        let mut shown = shown(device, known, now);
        if wanted.with_pinnings {
            shown["pinnings"] = known.pinnings.iter().map(|pinned| pinning(pinned, now)).collect();
        }
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

fn known(acceptor: &Acceptor, memory: &Memory, wanted: &Wanted) -> BTreeMap<String, Known> {
    let name = wanted.name.as_deref();
    let is_asked = |device: &str| name.is_none_or(|name| name == device);
    let mut devices: BTreeMap<String, Known> = BTreeMap::new();
    acceptor.registry().each(&mut |pinned| {
        let device = pinned.device();
        if is_asked(device.name()) {
            let known = devices.entry(device.name().to_owned()).or_default();
            known.registered = Some(Arc::clone(device));
            if wanted.with_pinnings {
                known.pinnings.push(Arc::clone(pinned));
            }
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

fn pinning(pinned: &Pinned, now: SystemTime) -> Value {
    let expires = pinned.expires();
    json!({
        "expires": expires.map(show_time),
        "expires_seconds_left": expires.map(|at| at.duration_since(now).unwrap_or(Duration::ZERO).as_secs()),
        "id": ShownId(pinned.id()).to_string(),
        "key": encode_public(&pinned.key()),
        "mode": pinned.mode().as_str(),
        "pending": matches!(pinned.paired(), Some(Paired::Pending(_))),
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
