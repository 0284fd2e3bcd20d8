//! What the log says of registries that are read, whatever they are read from.

use crate::snapshot::Changes;
use crate::text_file::shown;
use lowkey_host::LeftOut;
use std::collections::HashSet;
use std::path::Path;

/// Logs that a registry is in force, and what of it is new.
pub(crate) fn loaded(path: &Path, changes: Changes) {
    let Changes { devices, added, removed, changed, left_out } = changes;
    let left_out = (left_out > 0).then_some(left_out);
    let path = shown(path);
    tracing::info!(name: "lowkey.registry_loaded", target: "lowkey", path, devices, added, removed, changed, left_out, "registry loaded");
}

/// Logs those that are left out now and were not `known` to be.
pub(crate) fn left_out(now: &[LeftOut], known: &[LeftOut]) {
    let known: HashSet<_> = known.iter().map(|out| (&out.device, &out.key, &out.why)).collect();
    let mut new = now.iter().filter(|out| !known.contains(&(&out.device, &out.key, &out.why)));
    for LeftOut { device, why: error, .. } in new.by_ref().take(LINES) {
        tracing::warn!(name: "lowkey.registry_left_out", target: "lowkey", device, error, "pinning left out; its device is as one that nobody knows");
    }
    let pinnings = new.count();
    if pinnings > 0 {
        tracing::warn!(name: "lowkey.registry_left_out_more", target: "lowkey", pinnings, "pinnings left out without a line");
    }
}

/// How many of them are logged: a folder of PSKs that is missing must not flood the log.
const LINES: usize = 100;
