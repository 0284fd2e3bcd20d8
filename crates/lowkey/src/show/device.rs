//! All that is known of one device.

use super::units::{amount, time};
use crate::admin_client::{number, said};
use lowkey_host::text::clean;
use serde_json::Value;

/// What is known of it, and what happened to it last.
pub(super) fn block(device: &Value) -> String {
    let mut facts = Vec::new();
    let session = &device["session"];
    if session.is_object() {
        connected(session, &mut facts);
    } else {
        absent(device, &mut facts);
    }
    if let Some(gateway) = said(device, "gateway") {
        facts.push(("gateway", gateway));
    }
    remembered(device, &mut facts);
    let labels = labels(device);
    if !labels.is_empty() {
        facts.push(("labels", labels.join(", ")));
    }
    for past in device["history"].as_array().into_iter().flatten() {
        facts.push(("", happened(past)));
    }
    if let Some(first) = facts.iter_mut().find(|(what, _)| what.is_empty()) {
        first.0 = "history";
    }
    with_facts(&said(device, "device").unwrap_or_default(), &facts)
}

/// Each of its labels, with what it says.
pub(crate) fn labels(device: &Value) -> Vec<String> {
    let labels = device["labels"].as_object().into_iter().flatten();
    labels.map(|(label, value)| clean(&format!("{label}={}", value.as_str().unwrap_or_default()))).collect()
}

type Facts = Vec<(&'static str, String)>;

fn connected(session: &Value, facts: &mut Facts) {
    facts.extend([
        ("connected", format!("for {}", time(number(session, "connected_seconds")))),
        ("from", said(session, "from").unwrap_or_else(|| "unknown".to_owned())),
        ("last record", format!("{} ago", time(number(session, "last_record_seconds")))),
        ("received", amount(number(session, "received_bytes"))),
        ("sent", amount(number(session, "sent_bytes"))),
        ("mode", said(session, "mode").unwrap_or_default()),
        ("id", said(session, "id").unwrap_or_default()),
        ("key", said(session, "key").unwrap_or_default()),
        ("rekeys", number(session, "rekeys").to_string()),
    ]);
    if let Some(code) = said(session, "paired_with") {
        facts.push(("paired with", format!("the code {code}")));
    }
}

fn absent(device: &Value, facts: &mut Facts) {
    if let Some(removed) = device["removed_seconds_ago"].as_u64() {
        facts.push(("removed", format!("from the registry {} ago", time(removed))));
    } else if device["registered"] != Value::Bool(true) {
        facts.push(("removed", "it is not in the registry".to_owned()));
    }
    match device["last_seen_seconds_ago"].as_u64() {
        Some(ago) => facts.push(("absent", format!("for {}", time(ago)))),
        None => facts.push(("absent", "never seen, as far as this server remembers".to_owned())),
    }
    if let Some(from) = said(device, "from") {
        facts.push(("last from", from));
    }
    if let Some(why) = said(&device["ended"], "why") {
        let lasted = time(number(&device["ended"], "lasted_seconds"));
        facts.push(("last end", format!("{why}, after {lasted}")));
    }
}

fn remembered(device: &Value, facts: &mut Facts) {
    if let Some(first) = device["first_seen_seconds_ago"].as_u64() {
        facts.push(("sessions", format!("{}, the first {} ago", number(device, "sessions"), time(first))));
    }
    let times = |of: &Value| {
        let (times, ago) = (number(of, "times"), time(number(of, "last_seconds_ago")));
        if times == 1 { format!("once, {ago} ago") } else { format!("{times} times, the last {ago} ago") }
    };
    let (displaced, refused) = (&device["displaced"], &device["refused"]);
    if displaced.is_object() {
        let by = said(displaced, "by").map(|by| format!(", by a session from {by}")).unwrap_or_default();
        facts.push(("displaced", format!("{}{by}", times(displaced))));
    }
    if device["backend_failed"].is_object() {
        facts.push(("backend", format!("failed {}", times(&device["backend_failed"]))));
    }
    if refused.is_object() {
        let why = said(refused, "why").unwrap_or_default();
        facts.push((
            "refused",
            format!("{}, from {}: {why}", times(refused), said(refused, "from").unwrap_or_default()),
        ));
    }
    if let Some(paired) = device["paired_seconds_ago"].as_u64() {
        facts.push(("paired", format!("{} ago", time(paired))));
    }
}

fn happened(past: &Value) -> String {
    let (what, why) = (said(past, "what").unwrap_or_default(), said(past, "why").unwrap_or_default());
    let ago = time(number(past, "seconds_ago"));
    let what = match (&*what, &*why) {
        ("ended", why) => {
            format!("{ago} ago: ended, {why}, after {}", time(number(past, "lasted_seconds")))
        }
        (what, "") => format!("{ago} ago: {what}"),
        (what, why) => format!("{ago} ago: {what}, {why}"),
    };
    said(past, "gateway").map_or(what.clone(), |gateway| format!("{what}; at {gateway}"))
}

/// A name, and what is said of it.
pub(crate) fn with_facts(name: &str, facts: &[(&str, String)]) -> String {
    let mut block = format!("{name}\n");
    for (what, value) in facts {
        block += &format!("  {what:<12} {value}\n");
    }
    block
}
