//! Devices, each once: a device is where it is connected, or where it was last.

use super::{Joined, tagged};
use crate::admin::devices::Wanted;
use crate::admin::json::rows;
use serde_json::Value;
use std::collections::BTreeMap;

impl Joined {
    pub(super) fn devices(mut self, wanted: &Wanted) -> String {
        self.own["server"]["gateway"] = self.name.as_str().into();
        self.own["server"]["gateways"] = self.gateways();
        let mut devices: BTreeMap<String, Value> = BTreeMap::new();
        for device in devices_of(&mut self.own, &self.name) {
            if let Some(name) = device["device"].as_str() {
                devices.insert(name.to_owned(), device);
            }
        }
        for (gateway, said) in &mut self.others {
            let Ok(said) = said else { continue };
            for device in devices_of(said, gateway) {
                let Some(name) = device["device"].as_str().map(str::to_owned) else { continue };
                let device = match devices.remove(&name) {
                    Some(known) => joined(&known, &device),
                    None => device,
                };
                devices.insert(name, device);
            }
        }
        let mut text = format!("{{\"server\":{},\n\"devices\":", self.own["server"]);
        let devices = devices.into_values().filter(|device| wanted.takes(device)).map(|mut device| {
            // Nobody has seen it.
            if !device["session"].is_object() && device["last_seen_seconds_ago"].is_null() {
                device["gateway"] = Value::Null;
            }
            device
        });
        rows(&mut text, devices);
        text + "}\n"
    }
}

/// The devices that a gateway knows: they are its own, and so is what happened to them.
fn devices_of(said: &mut Value, gateway: &str) -> Vec<Value> {
    let mut devices = tagged(said, "devices", gateway);
    for device in &mut devices {
        if device["history"].is_array() {
            device["history"] = tagged(device, "history", gateway).into();
        }
    }
    devices
}

/// What two gateways know of one device; of `ours`, what its registry says.
fn joined(ours: &Value, theirs: &Value) -> Value {
    let is_there = |of: &Value| of["session"].is_object();
    let connected = |of: &Value| of["session"]["connected_seconds"].as_u64().unwrap_or(u64::MAX);
    let seen = |of: &Value| of["last_seen_seconds_ago"].as_u64().unwrap_or(u64::MAX);
    let is_theirs = match (is_there(ours), is_there(theirs)) {
        // For a moment it may have two: the newer one stays.
        (true, true) => connected(theirs) < connected(ours),
        (false, false) => seen(theirs) < seen(ours),
        (_, is_theirs) => is_theirs,
    };
    let (mut last, other) = if is_theirs { (theirs.clone(), ours) } else { (ours.clone(), theirs) };
    for (field, is_better) in [
        ("first_seen_seconds_ago", u64::max as fn(u64, u64) -> u64),
        ("paired_seconds_ago", u64::min),
        ("sessions", u64::saturating_add),
    ] {
        last[field] = match (last[field].as_u64(), other[field].as_u64()) {
            (Some(a), Some(b)) => is_better(a, b).into(),
            (a, b) => a.or(b).into(),
        };
    }
    for field in ["backend_failed", "displaced", "refused"] {
        let ago = |of: &Value| of[field]["last_seconds_ago"].as_u64().unwrap_or(u64::MAX);
        if ago(other) < ago(&last) {
            last[field] = other[field].clone();
        }
    }
    for field in ["labels", "pinnings", "registered", "removed_seconds_ago"] {
        if !ours[field].is_null() || !last[field].is_null() {
            last[field] = ours[field].clone();
        }
    }
    if ours["history"].is_array() || theirs["history"].is_array() {
        last["history"] = history(ours, theirs);
    }
    last
}

/// What happened to it at both, the latest first.
fn history(ours: &Value, theirs: &Value) -> Value {
    let of = |of: &Value| of["history"].as_array().cloned().unwrap_or_default();
    let mut all = [of(ours), of(theirs)].concat();
    all.sort_by_key(|past| past["seconds_ago"].as_u64().unwrap_or(u64::MAX));
    all.into()
}
