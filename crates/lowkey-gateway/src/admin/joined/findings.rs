//! What the doctors of all gateways find. Of a device that is not connected here another one may know better.

use super::{Joined, tagged};
use crate::admin::json::rows;
use crate::doctor::{is_absence, is_ignorance};
use lowkey_host::text::mask;
use serde_json::{Value, json};
use std::collections::HashSet;

impl Joined {
    /// `is_one`: somebody or something was asked about, and not all.
    pub(super) fn findings(mut self, is_one: bool) -> String {
        let mut complete = self.own["complete"] == true;
        let mut findings = tagged(&mut self.own, "findings", &self.name);
        for (gateway, said) in &mut self.others {
            match said {
                Ok(said) => {
                    complete &= said["complete"] == true;
                    findings
                        .extend(tagged(said, "findings", gateway).into_iter().map(|of| named(of, gateway)));
                }
                Err(error) => findings.insert(0, silent(gateway, error)),
            }
        }
        if is_one {
            choose(&mut findings);
        }
        // What is so of all of them is said once.
        let mut said = HashSet::new();
        findings.retain(|of| {
            let of_all = ["device", "kind", "what", "who", "why"].map(|field| of[field].to_string());
            of["times"].as_u64().unwrap_or(0) > 0 || said.insert(of_all)
        });
        let mut text = format!("{{\"asked\":{},\n\"complete\":{complete},\n\"findings\":", self.own["asked"]);
        rows(&mut text, findings.into_iter());
        text + "}\n"
    }
}

fn kind(of: &Value) -> &str {
    of["kind"].as_str().unwrap_or_default()
}

/// What was found of one device, an id or an address: where it is connected if it is, and where it was last if not.
fn choose(findings: &mut Vec<Value>) {
    let connected = findings.iter().filter(|of| kind(of) == "connected");
    let since = connected.filter_map(|of| of["first_seconds_ago"].as_u64()).min();
    if let Some(since) = since {
        findings.retain(|of| {
            let is_past = of["times"].as_u64() > Some(0) && of["last_seconds_ago"].as_u64() > Some(since);
            !is_absence(kind(of)) && !is_ignorance(kind(of)) && !is_past
        });
        findings.sort_by_key(|of| kind(of) != "connected");
        return;
    }
    if findings.iter().any(|of| kind(of) == SILENT) {
        let elsewhere = findings.iter_mut().filter(|of| is_absence(kind(of)) || kind(of) == "not_seen");
        elsewhere.for_each(|of| of["advice"] = SILENT_FIRST.into());
    }
    let ago = |of: &Value| of["last_seconds_ago"].as_u64().unwrap_or(u64::MAX);
    let absences = findings.iter().enumerate().filter(|(_, of)| is_absence(kind(of)));
    let last = absences.min_by_key(|(_, of)| ago(of)).map(|(n, _)| n);
    let is_known = findings.iter().any(|of| !is_ignorance(kind(of)) && kind(of) != SILENT);
    let mut n = 0;
    findings.retain(|of| {
        let (is_last, is_absence) = (Some(n) == last, is_absence(kind(of)));
        n += 1;
        if is_ignorance(kind(of)) { !is_known } else { !is_absence || is_last }
    });
    // Of those who know nothing one is enough.
    let mut is_said = false;
    findings.retain(|of| !is_ignorance(kind(of)) || !std::mem::replace(&mut is_said, true));
}

/// `this server` is another one for whoever reads it.
fn named(mut of: Value, gateway: &str) -> Value {
    if of["who"] == crate::doctor::SERVER {
        of["who"] = format!("the gateway {:?}", mask(gateway)).into();
    }
    of
}

fn silent(gateway: &str, error: &str) -> Value {
    json!({
        "advice": "see to that gateway; if it was taken away for good, it is forgotten after ten minutes",
        "device": null,
        "first_seconds_ago": 0,
        "from": null,
        "gateway": gateway,
        "id": null,
        "kind": SILENT,
        "last_seconds_ago": 0,
        "mode": null,
        "run": null,
        "times": 0,
        "what": "does not say what it knows",
        "who": format!("the gateway {:?}", mask(gateway)),
        "why": mask(error),
    })
}

const SILENT_FIRST: &str = "see to the gateway that does not answer first: the device may be connected to it";
/// What is found where a gateway does not answer.
const SILENT: &str = "gateway_silent";
