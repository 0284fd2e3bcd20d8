//! A registry as it was read, and which gateways obey it.

use crate::beat::{Beat, LOST, OnStale};
use crate::bucket::{Entry, Key};
use crate::error::NatsError;
use crate::head::Head;
use lowkey_host::text::Hex;
use lowkey_registry::rows::{Ranked, Sheet};
use std::collections::BTreeMap;
use std::time::Duration;

/// A registry as it stands in NATS.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stored {
    /// Its rows.
    pub sheet: Sheet,
    /// The rows that cannot be read: the device's name, and why.
    pub faulty: Vec<(String, String)>,
    /// What the gateways say of themselves, by name; when they said it, in seconds since 1970 by NATS's clock.
    pub beats: BTreeMap<String, (Beat, i64)>,
    /// The revision of the last change of the registry that was seen; what gateways say of themselves is none.
    pub revision: u64,
    pub(super) head: Option<Head>,
    /// Of the head, whatever it is.
    pub(super) head_revision: u64,
    pub(super) revisions: BTreeMap<String, u64>,
    /// Of the last change of any row, also of those that are none of ours.
    pub(super) last_of_rows: u64,
    /// Of what the gateways say of themselves.
    pub(super) said: BTreeMap<String, u64>,
}

/// Which gateways obey what was written.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct InForce {
    /// How it stands with each gateway, by name.
    pub gateways: BTreeMap<String, Standing>,
}

/// How a gateway stands to what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// It has said that it obeys it.
    Obeys,
    /// It is there, and has not said so yet.
    Behind,
    /// It has not been heard of for so long, without a goodbye. It may still serve by an older registry.
    Gone(Duration),
    /// It stopped in order, or has not been heard of for so long that it lets nobody in.
    Over,
}

impl InForce {
    /// How many have said that they obey.
    pub fn obey(&self) -> usize {
        self.gateways.values().filter(|standing| **standing == Standing::Obeys).count()
    }

    /// Those of whom that cannot be said.
    pub fn others(&self) -> impl Iterator<Item = (&str, Standing)> {
        let all = self.gateways.iter().map(|(name, standing)| (&**name, *standing));
        all.filter(|(_, standing)| matches!(standing, Standing::Behind | Standing::Gone(_)))
    }

    /// Whether nobody goes on by what was before.
    pub fn is_everywhere(&self) -> bool {
        self.others().next().is_none()
    }
}

impl Stored {
    /// The head that `new` needs, if that is another.
    pub(super) fn new_head(&self, new: &Sheet) -> Result<Option<Head>, NatsError> {
        Ok(match &self.head {
            Some(head) if head.text == new.head => None,
            Some(head) => Some(Head { born: head.born.clone(), text: new.head.clone() }),
            None => Some(Head { born: born()?, text: new.head.clone() }),
        })
    }

    pub(super) fn take(&mut self, entry: Entry) {
        let Entry { key, revision, value, at, .. } = entry;
        if !matches!(key, Key::Beat(_)) {
            self.revision = self.revision.max(revision);
        }
        match (key, value) {
            (Key::Head, value) => {
                let head = value.as_deref().and_then(Head::of_kept);
                self.sheet.head = head.as_ref().map(|head| head.text.clone()).unwrap_or_default();
                (self.head, self.head_revision) = (head, revision);
            }
            (Key::Device(name), value) => {
                self.revisions.insert(name.clone(), revision);
                self.sheet.rows.remove(&name);
                self.faulty.retain(|(faulty, _)| *faulty != name);
                match value.as_deref().map(Ranked::of_kept) {
                    None => (),
                    Some(Ok(row)) => drop(self.sheet.rows.insert(name, row)),
                    Some(Err(why)) => self.faulty.push((name, why)),
                }
            }
            (Key::Beat(name), value) => {
                self.said.insert(name.clone(), revision);
                match value.and_then(|value| Beat::of_kept(name.clone(), &value)) {
                    Some(beat) => drop(self.beats.insert(name, (beat, at))),
                    None => drop(self.beats.remove(&name)),
                }
            }
        }
    }

    /// Which gateways obey the change of this revision, at this moment by NATS's clock.
    pub fn in_force(&self, revision: u64, now: i64) -> InForce {
        let standing = |(beat, at): &(Beat, i64)| {
            let silent = Duration::from_secs(u64::try_from(now.saturating_sub(*at)).unwrap_or(0));
            let stops = beat.on_stale == OnStale::Refuse;
            match beat {
                Beat { over: true, .. } => Standing::Over,
                // A gateway that is behind and alone does not let in anybody for longer.
                _ if silent > beat.max_stale.saturating_add(LOST) && stops => Standing::Over,
                _ if silent > LOST => Standing::Gone(silent),
                Beat { revision: obeys, .. } if *obeys >= revision => Standing::Obeys,
                _ => Standing::Behind,
            }
        };
        InForce { gateways: self.beats.iter().map(|(name, said)| (name.clone(), standing(said))).collect() }
    }
}

pub(super) fn born() -> Result<String, NatsError> {
    let random = lowkey_host::entropy::random();
    let random =
        random.map_err(|error| NatsError::Request("a new registry has no name", error.to_string()))?;
    Ok(Hex(&random.expose()[..16]).to_string())
}
