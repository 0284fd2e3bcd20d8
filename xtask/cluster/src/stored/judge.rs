//! Holds what devices were told against what is stored.

use super::{
    boards::Boards,
    ledger::{Account, Ledger, Name},
    stream::Stored,
};
use crate::roster;
use lowkey_host::numbered::RunId;
use std::collections::{BTreeMap, BTreeSet};
use xtask::command::Result;

/// Acknowledged ⊆ stored ⊆ given; nothing twice by device, run and number; each run of a device in its order, and no
/// run behind one that took its place.
///
/// # Errors
/// All that is not so.
pub(crate) fn judge(ledger: &Ledger, stored: &[Stored], devices: usize) -> Result<usize> {
    let names: BTreeMap<String, usize> = (0..devices).map(|device| (roster::name(device), device)).collect();
    let Account { given, acknowledged } = ledger.account();
    let (mut wrong, mut seen) = (Vec::new(), BTreeMap::new());
    let mut last: BTreeMap<usize, (RunId, u64)> = BTreeMap::new();
    let mut over: BTreeSet<(usize, RunId)> = BTreeSet::new();
    for of in stored {
        let Some(device) = names.get(&of.device) else {
            if Boards::is_one(&of.device) {
                continue;
            }
            wrong.push(format!("{}: stored, and no device that may", of.device));
            continue;
        };
        let name = of.name(*device);
        if seen.insert(name, &of.message).is_some() {
            wrong.push(format!("{}: stored twice", show(&name)));
        }
        match given.get(&name) {
            None => wrong.push(format!("{}: stored, and never sent", show(&name))),
            Some(messages) if !messages.contains(&of.message) => {
                wrong.push(format!("{}: another message than was sent", show(&name)));
            }
            Some(_) => (),
        }
        if let Some((run, number)) = last.insert(*device, (of.run, of.number)) {
            if run != of.run {
                over.insert((*device, run));
            } else if number >= of.number {
                wrong.push(format!("{}: behind {number:#x}", show(&name)));
            }
        }
        if over.contains(&(*device, of.run)) {
            wrong.push(format!("{}: of a run that another has taken the place of", show(&name)));
        }
    }
    for (name, message) in &acknowledged {
        match seen.get(name) {
            None => wrong.push(format!("{}: acknowledged, and not stored", show(name))),
            Some(stored) if *stored != message => {
                wrong.push(format!("{}: acknowledged, and another is stored", show(name)));
            }
            Some(_) => (),
        }
    }
    wrong.truncate(MOST);
    if wrong.is_empty() { Ok(acknowledged.len()) } else { Err(wrong.join("\n  ").into()) }
}

fn show(Name { device, run, number }: &Name) -> String {
    format!("{} run {run:?} number {number:#x}", roster::name(*device))
}

const MOST: usize = 20;
