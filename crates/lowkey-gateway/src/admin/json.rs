//! Sessions and diagnoses as JSON. Fields are stable: there may be more of them, none changes its meaning. Times are
//! whole seconds, amounts are bytes.

use crate::doctor::{Diagnosis, Finding, Mend};
use crate::store::Held;
use lowkey_host::text::{ShownId, mask};
use lowkey_host::{Acceptor, Caller, InForce, NotPaired, Progress, Registry, SessionInfo, WindowInfo};
use lowkey_registry::keys::encode_public;
use lowkey_registry::show_code_name;
use lowkey_registry::text_file::shown;
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::path::Path;

/// The live sessions, by name.
pub(super) fn sessions(acceptor: &Acceptor) -> String {
    let mut sessions = acceptor.sessions();
    sessions.sort_by(|a, b| a.pinned.device().name().cmp(b.pinned.device().name()));
    let stats = acceptor.stats();
    let totals = json!({
        "attempts_waiting": stats.attempts,
        "records_received": stats.records_received,
        "records_sent": stats.records_sent,
        "received_bytes": stats.bytes_received,
        "sent_bytes": stats.bytes_sent,
        "sessions": stats.sessions,
        "sessions_begun": stats.confirmed,
    });
    let server = json!({
        "accepting": acceptor.is_accepting(),
        "key": encode_public(&acceptor.public_key()),
        "version": env!("CARGO_PKG_VERSION"),
    });
    let mut text = format!("{{\"server\":{server},\n\"sessions\":");
    rows(&mut text, sessions.iter().map(session));
    text.push_str(&format!(",\n\"totals\":{totals}}}\n"));
    text
}

/// An array, a line for each value, so that a hundred thousand are not held twice.
pub(super) fn rows(text: &mut String, values: impl Iterator<Item = Value>) {
    text.push('[');
    for (n, value) in values.enumerate() {
        text.push_str(if n == 0 { "\n" } else { ",\n" });
        text.push_str(&value.to_string());
    }
    text.push_str("\n]");
}

pub(super) fn session(info: &SessionInfo) -> Value {
    let (pinned, device) = (&info.pinned, info.pinned.device());
    let labels: Map<String, Value> =
        device.labels().map(|(label, value)| (label.to_owned(), Value::from(value))).collect();
    json!({
        "connected_seconds": info.age.as_secs(),
        "device": device.name(),
        "from": info.from.map(|from| from.to_string()),
        "id": ShownId(pinned.id()).to_string(),
        "key": encode_public(&pinned.key()),
        "labels": labels,
        "last_record_seconds": info.last_heard.as_secs(),
        "mode": pinned.mode().as_str(),
        "number": info.number,
        "paired_with": pinned.paired().map(|paired| show_code_name(&paired.code())),
        "received_bytes": info.bytes_received,
        "records_received": info.records_received,
        "records_sent": info.records_sent,
        "rekeys": info.rekeys,
        "sent_bytes": info.bytes_sent,
    })
}

/// Which registry is obeyed, read from the file `path`.
pub(super) fn registry(acceptor: &Acceptor, path: &Path) -> String {
    let registry = acceptor.registry();
    let in_force = acceptor.in_force();
    let ended = in_force.and_then(|InForce { sessions_ended, .. }| sessions_ended);
    let trouble = registry.trouble();
    let left_out: Vec<Value> = registry
        .left_out()
        .into_iter()
        .map(|of| json!({ "device": of.device, "id": ShownId(of.id).to_string(), "key": encode_public(&of.key), "why": of.why }))
        .collect();
    let value = json!({
        "devices": devices(registry),
        "digest": in_force.map(|InForce { digest, .. }| digest.to_string()),
        "in_force": ended.is_some(),
        "left_out": left_out,
        "lets_nobody_in": registry.is_stale(),
        "mend": trouble.as_ref().map(|trouble| &trouble.mend),
        "path": shown(path),
        "server": encode_public(&acceptor.public_key()),
        "sessions_ended": ended,
        "stale": trouble.as_ref().map(|trouble| &trouble.what),
    });
    format!("{value}\n")
}

/// How many devices a registry has, each once.
pub(super) fn devices(registry: &dyn Registry) -> usize {
    let mut names = HashSet::new();
    registry.each(&mut |pinned| {
        names.insert(pinned.device().name().to_owned());
    });
    names.len()
}

/// A pairing window.
pub(super) fn window(of: &WindowInfo) -> Value {
    let (state, key) = match of.progress {
        Progress::Waiting => ("waiting", None),
        Progress::Met(key) => ("met", Some(key)),
        Progress::Pending(key) => ("pending", Some(key)),
        Progress::Paired(key) => ("paired", Some(key)),
        Progress::Closed(cut) => ("closed", cut),
        _ => ("over", None),
    };
    let caller = match of.caller {
        Caller::Device => "device",
        Caller::Server => "server",
    };
    json!({
        "caller": caller,
        "code": show_code_name(&of.code),
        "device": of.device,
        "key": key.map(|key| encode_public(&key)),
        "loser": of.loser.map(|key| encode_public(&key)),
        "seconds_left": of.left.as_secs(),
        "seconds_over": of.over.map(|over| over.as_secs()),
        "state": state,
        "trouble": of.trouble.as_ref().map(trouble),
        "window": of.number,
    })
}

/// Why a pairing came to nothing; of a code that is another's, whose, and of one that another was first with, the key
/// that lost.
pub(super) fn trouble(why: &NotPaired) -> Value {
    let (kind, key) = match why {
        NotPaired::Claimed(bearer) => ("claimed", Some(bearer.key)),
        NotPaired::NotStored(_) => ("not_stored", None),
        NotPaired::Key => ("key", None),
        NotPaired::Busy(key) => ("busy", Some(*key)),
        NotPaired::Over => ("over", None),
        NotPaired::Declined => ("declined", None),
        _ => ("failed", None),
    };
    let device = if let NotPaired::Claimed(bearer) = why { Some(&bearer.name) } else { None };
    json!({
        "device": device,
        "key": key.map(|key| encode_public(&key)),
        "kind": kind,
        "what": why.to_string(),
    })
}

/// How much is set aside, and how much may be.
pub(super) fn held(of: &Held) -> Value {
    json!({
        "bytes": of.bytes,
        "bytes_limit": of.most_bytes,
        "devices": of.devices,
        "full": of.full,
        "messages": of.messages,
        "messages_limit": of.most_messages,
    })
}

/// What the doctor says about `asked`.
pub(super) fn diagnosis(asked: Option<&str>, diagnosis: &Diagnosis) -> String {
    let head = json!(asked.map(mask));
    let mut text = format!("{{\"asked\":{head},\n\"complete\":{},\n\"findings\":", diagnosis.complete);
    rows(&mut text, diagnosis.findings.iter().map(finding));
    text.push_str("}\n");
    text
}

fn finding(of: &Finding) -> Value {
    let (run, advice) = match &of.mend {
        None => (None, None),
        Some(Mend::Run(command)) => (Some(command), None),
        Some(Mend::Do(advice)) => (None, Some(advice)),
        Some(Mend::Either(command, advice)) => (Some(command), Some(advice)),
    };
    json!({
        "advice": advice,
        "device": of.device,
        "first_seconds_ago": of.since.as_secs(),
        "from": of.from.map(|from| from.to_string()),
        "id": of.id.map(|id| ShownId(id).to_string()),
        "kind": of.kind,
        "last_seconds_ago": of.last.as_secs(),
        "mode": of.mode.map(|mode| mode.as_str()),
        "run": run,
        "times": of.times,
        "what": of.what,
        "who": of.who,
        "why": of.why,
    })
}
