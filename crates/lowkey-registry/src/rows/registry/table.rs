//! The rows that there are, and which of them are in force.

use super::claims::{Claim, Claims};
use super::{Row, RowFault};
use crate::error::Flaw;
use crate::psks::{self, Fault, Lack, PskFiles, PskLooks, Psks};
use crate::rows::LONGEST_NAME;
use crate::rows::sheet::Ranked;
use crate::snapshot::{Changes, is_but_for_psk};
use crate::table::{self, Described, Entry};
use crate::text_file::position;
use lowkey_host::text::{clean, mask};
use lowkey_host::{Device, FedChange, Feed, Identity, LeftOut, Paired, Pinned, Psk, Registry};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::Arc;

/// What makes pinnings of rows.
pub(super) struct Compiler {
    pub(super) identity: Arc<Identity>,
    /// What PSK files are relative to.
    pub(super) folder: PathBuf,
}

#[derive(Default)]
pub(super) struct Table {
    hashers: [RandomState; 2], // nobody can make two rows of one hash of 128 bits under unknown keys
    rows: HashMap<Arc<str>, Standing>,
    claims: Claims,
    /// Rows that are wrong.
    wrong: BTreeMap<Arc<str>, String>,
    /// Rows that claim what one of a lower revision has.
    refused: BTreeMap<Arc<str>, String>,
    with_psks: BTreeSet<Arc<str>>,
    psk_files: Option<PskFiles>,
    looks: PskLooks,
    left_out: Vec<LeftOut>,
    revision: u64,
    devices: usize,
}

/// A row, as it is kept.
struct Standing {
    revision: u64,
    hash: [u64; 2],
    says: Says,
}

/// What was said of rows that are not in force, or not wholly.
pub(super) struct Said {
    pub(super) faults: Vec<RowFault>,
    pub(super) left_out: Vec<LeftOut>,
}

enum Says {
    /// Nothing that can be read.
    Nothing,
    /// A device whose pinnings are without PSKs.
    Plain(Box<[Arc<Pinned>]>),
    /// One of which a pinning has one, and what comes of its files now.
    WithPsk(Arc<Device>, Box<Entry>, Vec<Arc<Pinned>>),
}

impl Standing {
    fn claims(&self) -> Vec<Claim> {
        let code = |paired: Option<Paired>| paired.map(|paired| paired.code());
        match &self.says {
            Says::Nothing => Vec::new(),
            Says::Plain(pinnings) => pinnings
                .iter()
                .map(|pinned| Claim { id: pinned.id(), key: pinned.key(), code: code(pinned.paired()) })
                .collect(),
            Says::WithPsk(_, entry, _) => entry
                .pinnings
                .iter()
                .map(|pinning| Claim { id: pinning.id, key: pinning.key, code: code(pinning.paired) })
                .collect(),
        }
    }

    fn device(&self) -> Option<&Arc<Device>> {
        match &self.says {
            Says::Nothing => None,
            Says::Plain(pinnings) => pinnings.first().map(|pinned| pinned.device()),
            Says::WithPsk(device, ..) => Some(device),
        }
    }

    fn pinnings(&self) -> &[Arc<Pinned>] {
        match &self.says {
            Says::Nothing => &[],
            Says::Plain(pinnings) => pinnings,
            Says::WithPsk(_, _, pinnings) => pinnings,
        }
    }
}

/// What was in force of the rows that a change touches.
type Before = BTreeMap<Arc<str>, Vec<Arc<Pinned>>>;

impl Table {
    /// These rows in the place of all; those whose revision has not changed are taken as they are.
    pub(super) fn replaced(
        &mut self,
        mut rows: Vec<Row>,
        compiler: &Compiler,
        feed: &Feed,
    ) -> (Self, Changes) {
        rows.sort_by_key(|row| row.revision);
        let was: Before =
            self.rows.keys().map(|name| (Arc::clone(name), self.in_force(name).to_vec())).collect();
        let mut new = Self { hashers: self.hashers.clone(), ..Self::default() };
        for Row { name, revision, kept } in rows {
            new.revision = new.revision.max(revision);
            let (name, Some(kept)) = (Arc::from(name), kept) else { continue };
            let hash = self.hash(&kept);
            match self.rows.remove(&name).filter(|known| known.hash == hash) {
                Some(Standing { says, .. }) => {
                    if let Some(why) = self.wrong.remove(&name) {
                        new.wrong.insert(Arc::clone(&name), why);
                    }
                    new.stand(&name, Standing { revision, hash, says });
                }
                None => new.enter(&name, revision, &kept, compiler, feed),
            }
        }
        new.read_psks(compiler, feed);
        let touched = was.keys().chain(new.rows.keys()).map(Arc::clone).collect::<BTreeSet<_>>();
        let none = Vec::new();
        let mut changes = Changes::default();
        for name in touched {
            count(&mut changes, was.get(&name).unwrap_or(&none), new.in_force(&name));
        }
        new.devices = new.rows.keys().filter(|name| !new.in_force(name).is_empty()).count();
        (changes.devices, changes.left_out) = (new.devices, new.left_out.len());
        (new, changes)
    }

    /// Takes changes that are news.
    pub(super) fn change(
        &mut self,
        mut rows: Vec<Row>,
        compiler: &Compiler,
        feed: &Feed,
    ) -> (FedChange, Changes) {
        rows.sort_by_key(|row| row.revision);
        let mut before = Before::new();
        let mut psks = false;
        for Row { name, revision, kept } in rows {
            if revision <= self.revision {
                continue;
            }
            self.revision = revision;
            let name: Arc<str> = name.into();
            self.touch(&mut before, &name);
            psks |= self.with_psks.contains(&name);
            self.leave(&name);
            if let Some(kept) = kept {
                self.enter(&name, revision, &kept, compiler, feed);
            }
            psks |= self.with_psks.contains(&name);
        }
        if !self.refused.is_empty() {
            let contended: Vec<_> = self.rows.keys().cloned().collect();
            contended.iter().for_each(|name| self.touch(&mut before, name));
            self.settle();
            psks |= !self.with_psks.is_empty();
        }
        if psks {
            self.touch_psks(&mut before);
            self.read_psks(compiler, feed);
        }
        self.changed(before)
    }

    /// Whether a PSK file is not as it was.
    pub(super) fn psks_changed(&mut self) -> bool {
        let Self { psk_files, looks, .. } = self;
        psk_files.as_ref().is_some_and(|files| looks.look(files))
    }

    pub(super) fn read_psks_again(&mut self, compiler: &Compiler, feed: &Feed) -> (FedChange, Changes) {
        let mut before = Before::new();
        self.touch_psks(&mut before);
        self.read_psks(compiler, feed);
        self.changed(before)
    }

    fn touch(&self, before: &mut Before, name: &Arc<str>) {
        if !before.contains_key(name) {
            before.insert(Arc::clone(name), self.in_force(name).to_vec());
        }
    }

    fn touch_psks(&self, before: &mut Before) {
        self.with_psks.iter().for_each(|name| self.touch(before, name));
    }

    /// What has become of those that were touched.
    fn changed(&mut self, before: Before) -> (FedChange, Changes) {
        let (mut change, mut changes) = (FedChange::default(), Changes::default());
        for (name, was) in before {
            let now = self.in_force(&name);
            if !count(&mut changes, &was, now) {
                continue;
            }
            self.devices = self.devices + usize::from(!now.is_empty()) - usize::from(!was.is_empty());
            change.out.extend(was.iter().map(|pinned| pinned.id()));
            change.pinnings.extend(self.in_force(&name).iter().cloned());
        }
        (changes.devices, changes.left_out) = (self.devices, self.left_out.len());
        (change, changes)
    }

    /// A new row, of a name that none is there of.
    fn enter(&mut self, name: &Arc<str>, revision: u64, kept: &str, compiler: &Compiler, feed: &Feed) {
        let says = read(name, kept, compiler, feed).unwrap_or_else(|why| {
            self.wrong.insert(Arc::clone(name), clean(&mask(&why)));
            Says::Nothing
        });
        let hash = self.hash(kept);
        self.stand(name, Standing { revision, hash, says });
    }

    fn stand(&mut self, name: &Arc<str>, row: Standing) {
        if let Some(device) = row.device()
            && let Err(error) = self.claims.take(device, &row.claims())
        {
            self.refused.insert(Arc::clone(name), error.to_string());
        }
        if matches!(row.says, Says::WithPsk(..)) {
            self.with_psks.insert(Arc::clone(name));
        }
        self.rows.insert(Arc::clone(name), row);
    }

    fn hash(&self, kept: &str) -> [u64; 2] {
        self.hashers.each_ref().map(|hasher| hasher.hash_one(kept))
    }

    fn leave(&mut self, name: &Arc<str>) {
        self.with_psks.remove(name);
        self.wrong.remove(name);
        let refused = self.refused.remove(name).is_some();
        if let Some(row) = self.rows.remove(name)
            && !refused
        {
            self.claims.give_up(&row.claims());
        }
        // Somebody who was refused may have it now; `settle` finds out.
    }

    /// Says anew who has what, from the lowest revision up: rows are few that claim what another has, and this is for
    /// when there are any.
    fn settle(&mut self) {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by_key(|(_, row)| row.revision);
        (self.claims, self.refused) = (Claims::default(), BTreeMap::new());
        for (name, row) in rows {
            if let Some(device) = row.device()
                && let Err(error) = self.claims.take(device, &row.claims())
            {
                self.refused.insert(Arc::clone(name), error.to_string());
            }
        }
    }

    /// Reads the PSK files of all rows that have any and are not refused.
    fn read_psks(&mut self, compiler: &Compiler, feed: &Feed) {
        (self.left_out, self.psk_files) = (Vec::new(), None);
        if self.with_psks.is_empty() {
            return;
        }
        let names: Vec<_> =
            self.with_psks.iter().filter(|name| !self.refused.contains_key(*name)).cloned().collect();
        let entry = |name: &Arc<str>| match &self.rows.get(name)?.says {
            Says::WithPsk(_, entry, _) => Some(Entry::clone(entry)),
            _ => None,
        };
        let entries: Vec<Entry> = names.iter().filter_map(entry).collect();
        let beside = compiler.folder.join("devices.toml");
        let mut found = match psks::read(entries.iter(), &beside) {
            Ok(Psks { found, files }) => {
                self.psk_files = Some(files);
                found.into_iter()
            }
            // No randomness: nobody's can be had.
            Err(_) => Vec::new().into_iter(),
        };
        for (name, entry) in names.iter().zip(&entries) {
            let mut pinnings = Vec::with_capacity(entry.pinnings.len());
            let says = self.rows.get_mut(name).map(|row| &mut row.says);
            let Some(Says::WithPsk(device, _, now)) = says else { continue };
            for described in &entry.pinnings {
                match compiler.pinned(device, described, found.next().flatten(), feed) {
                    Ok(pinned) => pinnings.push(pinned),
                    Err(flaw) => self.left_out.push(LeftOut::new(
                        name.to_string(),
                        (described.id, described.key),
                        (1, 1),
                        clean(&mask(&flaw.why)),
                    )),
                }
            }
            *now = pinnings;
        }
    }

    /// What look-ups find of a row.
    fn in_force(&self, name: &str) -> &[Arc<Pinned>] {
        if self.refused.contains_key(name) {
            return &[];
        }
        self.rows.get(name).map_or(&[], Standing::pinnings)
    }

    /// All that look-ups find.
    pub(super) fn pinnings(&self) -> Vec<Arc<Pinned>> {
        self.rows.keys().flat_map(|name| self.in_force(name)).cloned().collect()
    }

    pub(super) fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    pub(super) fn said(&self) -> Said {
        Said { faults: self.faults(), left_out: self.left_out.clone() }
    }

    /// Whether a row has been here and was changed or taken out since.
    pub(super) fn has_passed(&self, row: &Row) -> bool {
        let here = self.rows.get(&*row.name).map(|row| row.revision);
        row.revision <= self.revision && here != Some(row.revision)
    }

    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    pub(super) fn devices(&self) -> usize {
        self.devices
    }

    pub(super) fn faults(&self) -> Vec<RowFault> {
        let all = self.wrong.iter().chain(&self.refused);
        let all: BTreeMap<_, _> = all.collect();
        all.into_iter().map(|(name, why)| RowFault { name: name.to_string(), why: why.clone() }).collect()
    }
}

impl Compiler {
    /// It as a pinning: the one that is in force, if that says the same.
    fn pinned(
        &self,
        device: &Arc<Device>,
        described: &Described,
        psk: Option<Result<Psk, Lack>>,
        feed: &Feed,
    ) -> Result<Arc<Pinned>, Flaw> {
        let old = feed.lookup(&described.id);
        let psk = match psk {
            None if described.psk_file.is_some() => {
                return Err(Flaw::new(0, "psk_file: no randomness to read it"));
            }
            None => None,
            Some(Ok(psk)) => Some(psk),
            // What was read before is as good, as long as nobody has seen the file say something else.
            Some(Err(Lack { flaw, whose: Fault::Ours })) => {
                let same = |old: &Arc<Pinned>| is_but_for_psk(old, device, described);
                return old.filter(same).ok_or(flaw);
            }
            // Never in another mode instead.
            Some(Err(Lack { flaw, .. })) => return Err(flaw),
        };
        let pinned = described.pinned(device, &self.identity.public_key(), psk)?;
        Ok(match old {
            Some(old) if pinned.is_same(&old) => old,
            Some(old) => Arc::new(pinned.warmed_by(&old, &self.identity)),
            None => Arc::new(pinned),
        })
    }
}

/// What a row says, by itself.
fn read(name: &str, kept: &str, compiler: &Compiler, feed: &Feed) -> Result<Says, String> {
    if name.len() > LONGEST_NAME {
        return Err(format!("its name is longer than {LONGEST_NAME} bytes"));
    }
    let Ranked { text, .. } = Ranked::of_kept(kept)?;
    let server = compiler.identity.public_key();
    let at = |flaw: Flaw| {
        let (line, column) = position(&text, flaw.at);
        format!("line {line}, column {column}: {}", flaw.why)
    };
    let mut entries = table::read(&text, &server).map_err(at)?;
    let (Some(entry), true) = (entries.pop(), entries.is_empty()) else {
        return Err("it is not one device".to_owned());
    };
    if entry.device.name() != name {
        return Err(format!("it is kept under this name and says {:?}", entry.device.name()));
    }
    // The device that is there already, if it says the same: its pinnings may then stay the same as well.
    let known = entry.pinnings.iter().find_map(|described| feed.lookup(&described.id));
    let known = known.filter(|known| **known.device() == entry.device);
    let device = known.map_or_else(|| Arc::new(entry.device.clone()), |known| Arc::clone(known.device()));
    if entry.pinnings.iter().any(|described| described.psk_file.is_some()) {
        return Ok(Says::WithPsk(device, Box::new(entry), Vec::new()));
    }
    let pinnings = entry.pinnings.iter().map(|described| compiler.pinned(&device, described, None, feed));
    let pinnings: Result<Box<[_]>, Flaw> = pinnings.collect();
    pinnings.map(Says::Plain).map_err(at)
}

/// Counts a device whose pinnings were these and are those; whether they differ.
fn count(changes: &mut Changes, was: &[Arc<Pinned>], now: &[Arc<Pinned>]) -> bool {
    match (was, now) {
        ([], []) => return false,
        ([], _) => changes.added += 1,
        (_, []) => changes.removed += 1,
        _ if was.len() == now.len() && was.iter().zip(now).all(|(was, now)| Arc::ptr_eq(was, now)) => {
            return false;
        }
        _ => changes.changed += 1,
    }
    true
}
